package vtl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"drawbridge/engine/jsonpath"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		template     string
		line, column int
	}{
		{"#if(true)", 1, 10},
		{"a\n#end", 2, 5},
		{"#else", 1, 6},
		{"#if true #end", 1, 5},
		{"#if()x#end", 1, 5},
		{"#if($a = 1)#end", 1, 8},
		{"#foreach($a of $b)#end", 1, 13},
		{"#foreach(a in $b)#end", 1, 10},
		{"#foreach($a.b in $b)#end", 1, 14},
		{"\n #set($a)", 2, 9},
		{"#set(1 = 2)", 1, 6},
		{"#set($a.b() = 2)", 1, 12},
		{"#set($a = )", 1, 11},
		{"#set($a = 1", 1, 12},
		{"#set($a = 'x)", 1, 11},
		{"#set($a = [1, )", 1, 15},
		{"#set($a = {1})", 1, 13},
		{"#set($a = 1 +)", 1, 14},
		{"#set($a = \"#if(\")", 1, 16},
		{"#set($a = \"\"\"$b.c(\")", 1, 12},
		{"$a.b(", 1, 6},
		{"$a.b(1 2)", 1, 8},
		{"${a", 1, 4},
		{"${a b}", 1, 4},
		{"#* x", 1, 1},
		{"#[[ x", 1, 1},
		{"#parse('x')", 1, 1},
		{"#macro()#end", 1, 8},
		{"#macro(m 1)#end", 1, 10},
		{"#macro(m $a)", 1, 13},
		{"#macro(m)#end#m(", 1, 17},
		{"#define(x)#end", 1, 9},
		{"#{if}x", 1, 6},
	} {
		_, err := Parse(c.template)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.template, err)
		} else if e.Line != c.line || e.Column != c.column {
			t.Errorf("%q: %v, want line %d column %d", c.template, err, c.line, c.column)
		}
	}
}

func TestRenderErrors(t *testing.T) {
	for _, c := range []struct {
		template     string
		line, column int
	}{
		{"\n$input.json('$[')", 2, 1},
		{"  $util.parseJson('{')", 1, 3},
		{"$util.base64Decode('?')", 1, 1},
		{"$util.urlDecode('%')", 1, 1},
		{"#set($s = 'abc')$s.substring(4)", 1, 17},
		{"#set($s = 'abc')$s.substring('x')", 1, 17},
		{"#set($s = 'abc')$s.charAt(3)", 1, 17},
		{"#set($s = 'abc')\n$s.replaceAll('(', '')", 2, 1},
		{"#set($s = 'abc')$s.replaceAll('(?=a)', '')", 1, 17},
		{"#set($s = 'abc')$s.replaceAll('a', '$1')", 1, 17},
		{"#set($s = 'abc')$s.format('%d', 'x')", 1, 17},
		{"#set($l = [1])$l.get(1)", 1, 15},
		{"#set($l = [1])$l.subList(1, 0)", 1, 15},
		{"#set($n = 1)\"$n.parseInt('x')\"", 1, 14},
		{"#set($n = 1)#set($x = \"a$n.parseInt('x')\")", 1, 25},
	} {
		p, err := Parse(c.template)
		if err != nil {
			t.Errorf("%q: %v", c.template, err)
			continue
		}
		_, err = p.Render(env(t, ""))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.template, err)
		} else if e.Line != c.line || e.Column != c.column {
			t.Errorf("%q: %v, want line %d column %d", c.template, err, c.line, c.column)
		}
	}
}

// TestLimits has templates that would run or grow without end.
func TestLimits(t *testing.T) {
	big := `{"l":[` + strings.Repeat(`{"a":[1,2,3]},`, 20000) + `0],"s":"` + strings.Repeat("x", 1<<20) + `"}`
	each := "#foreach($i in [1..1000])"
	for _, template := range []string{
		each + each + each + "x#end#end#end",
		each + "#set($s = \"$!s${s}x\")#end",
		"#set($s='xx')" + each + "#set($s = $s + $s)#end",
		"#set($s='xx')" + each + "#set($s = $s.replace('x', 'xx'))#end",
		"#set($s='xx')" + each + "#set($s = $s.replaceAll('x', 'xx'))#end",
		"#set($s='xx')" + each + "#set($s = $s.concat($s))#end",
		"#set($s='xx')$s.repeat(1000000000)",
		"#set($s='xx')$s.format('%1000000000d', 1)",
		"#set($l=[1])" + each + "$l.addAll($l)#end",
		"#set($l=[1])" + each + "#set($l=[$l,$l])#end$l",
		"#set($l=[1])$l.add($l)$l",
		"#set($m={})#set($m.m=$m)$m",
		"#set($m=$input.path('$'))#set($m.l[0].a=$m)$input.json('$')",
		"#macro(m)#m()#end#m()",
		"#macro(a)#b()#b()#end#macro(b)#a()#a()#end#a()",
		"#define($d)$d#end$d",
		"#set($r=[1..1000000000])$r",
		"#set($r=[-9223372036854775807..9223372036854775807])",
		each + each + "$input.json('$')#end#end",
		each + each + "$input.path('$..a').size()#end#end",
		each + each + "#if($input.path('$.s') == $input.path('$.s'))#end#end#end",
		each + each + "#set($x = $input.path('$.s').contains('y'))#end#end",
		each + each + "#set($x = $input.path('$.s').matches('(x{1,100})*y'))#end#end",
		each + each + "#set($x = $input.path('$.l').contains('y'))#end#end",
		each + each + "$!m.put(\"$i$velocityCount\", {})#set($m = $input.path('$'))#end#end",
		each + "$input.body#end",
	} {
		p, err := Parse(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		start := time.Now()
		_, err = p.Render(env(t, big))
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %s", template, took)
		}
		if !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", template, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	for _, template := range []string{
		strings.Repeat("x", maxTemplate+1),
		strings.Repeat("#if(true)", 300),
		"#set($a = " + strings.Repeat("(", 300),
		"#set($a = " + strings.Repeat("[", 300),
		"#set($a = " + strings.Repeat("!", 300) + "$a)",
		"#set($a = 1" + strings.Repeat("+1", 300) + ")",
		strings.Repeat("$a[", 300),
		strings.Repeat("$a.b(", 300),
	} {
		if _, err := Parse(template); !errors.Is(err, ErrLimit) {
			t.Errorf("%.40s: %v", template, err)
		}
	}
	start := time.Now()
	for _, unit := range []string{"$a['", "$a[\"$", "$a[[$a,", "$a[{", "#macro(", "\\\\$a", "$a[$b.c(", "#", "#[[]]#"} {
		_, _ = Parse(strings.Repeat(unit, maxTemplate/len(unit)))
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("parsing took %s", took)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"#set($x = \"a $b.c('d')[0] ${e}\")#if($x == 1 && !$y || 'a' != \"b\")\n#elseif([1..3].size() > 2)#else#end",
		"#foreach($i in $input.path('$.l[*]'))$foreach.index #break#stop#end",
		"#macro(m $a)$a#end#m([1,{\"a\":-1.5e3}])#define($d)x#end$d",
		`\\$context.stage \#if #[[ $x ]]# #* c *# ## d`,
		"$util.escapeJavaScript($input.json('$.o')) $input.params().path.id $context.requestOverride.path.put('a', [1])",
		"#set($s='a1')$s.replaceAll('[a-z]+','$0').split('').toString()",
		"#set($Integer=1)$Integer.parseInt('2')#set($l=[])$l.add(0,$l)$l",
	} {
		f.Add(s, body)
	}
	f.Fuzz(func(t *testing.T, template, body string) {
		start := time.Now()
		p, err := Parse(template)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%q: no place: %v", template, err)
			}
			return
		}
		if out, err := p.Render(env(t, body)); err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: no place: %v", template, err)
		} else if len(out) > maxOutput {
			t.Fatalf("%q: %d bytes", template, len(out))
		}
		if took := time.Since(start); took > time.Minute {
			t.Fatalf("%q: took %s", template, took)
		}
	})
}

// TestConcurrentRenders lets one template be used by many, as a deployment's
// are.
func TestConcurrentRenders(t *testing.T) {
	p, err := Parse("#macro(m $a)$a#end#foreach($i in [1..50])#m($i)#set($x = \"$i-$input.params('id')\")$x.replaceAll('1','2')#end")
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Render(env(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	for range 8 {
		e := env(t, "")
		go func() {
			got, err := p.Render(e)
			if err == nil && got != want {
				err = fmt.Errorf("got %q", got)
			}
			failed <- err
		}()
	}
	for range 8 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	p, err := Parse("{\"id\": \"$input.params('id')\", \"stage\": \"$context.stage\"#if($input.params('q') != \"\"), \"q\": \"$util.escapeJavaScript($input.params('q'))\"#end}")
	if err != nil {
		b.Fatal(err)
	}
	e := env(b, "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Render(e); err != nil {
			b.Fatal(err)
		}
	}
}

// TestUtilAndInputOutsideOfTemplates checks what a caller may do without a
// rendering.
func TestUtilAndInputOutsideOfTemplates(t *testing.T) {
	if v, err := NewUtil().Call("base64Encode", []Value{"hi"}); err != nil || v != "aGk=" {
		t.Errorf("%v %v", v, err)
	}
	in := NewInput(`{"a":1}`, Params{})
	if v, err := in.Call("path", []Value{"$.a"}); err != nil || v != int64(1) {
		t.Errorf("%v %v", v, err)
	}
	if v, err := in.Call("params", []Value{"x"}); err != nil || v != "" {
		t.Errorf("%v %v", v, err)
	}
	o := NewContext(jsonpath.NewObject("a", jsonpath.NewObject()))
	if inner, _ := o.Get("a"); !inner.(*jsonpath.Object).Opaque {
		t.Error("inner object prints")
	}
}
