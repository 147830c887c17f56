package vtl

import (
	"errors"
	"os"
	"strings"
	"testing"

	"drawbridge/engine/jsonpath"
)

// env is what a gateway gives: a context with override maps, parameters, a
// body and stage variables.
func env(t testing.TB, body string) Env {
	t.Helper()
	tree := func(text string) *jsonpath.Object {
		v, err := jsonpath.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return v.(*jsonpath.Object)
	}
	return Env{Roots: map[string]Value{
		"context": NewContext(tree(`{"stage":"prod","httpMethod":"GET","identity":{"sourceIp":"1.2.3.4"},
			"requestOverride":{"path":{},"header":{},"querystring":{}},"responseOverride":{"header":{}}}`)),
		"input": NewInput(body, Params{Path: tree(`{"id":"42","both":"p"}`), Query: tree(`{"q":"a b","both":"q"}`), Header: tree(`{"X-Test":"h"}`)}),
		"util":  NewUtil(), "stageVariables": tree(`{"a":"va","b-c":"vb"}`),
	}}
}

const body = `{"s":"text","n":3,"f":1.50,"t":true,"z":null,"l":[1,"a/b",{"k":"v"}],"o":{"a":"b","c":[{"d":1}],"e":{"f":null}},"e":[],"eo":{},"":"empty"}`

func render(t *testing.T, template, body string) string {
	t.Helper()
	parsed, err := Parse(template)
	if err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	out, err := parsed.Render(env(t, body))
	if err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	return out
}

type row struct{ template, want string }

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		if got := render(t, r.template, body); got != r.want {
			t.Errorf("%s\ngot  %q\nwant %q", r.template, got, r.want)
		}
	}
}

// TestPetStore is the root page of AWS's sample API (reference/api-gateway.md
// 0.1): 1330 bytes that render to 1310 for stage prod.
func TestPetStore(t *testing.T) {
	text, err := os.ReadFile("testdata/petstore.vtl")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(string(text), "$context.stage", "prod")
	if got := render(t, string(text), ""); len(text) != 1330 || len(got) != 1310 || got != want {
		t.Fatalf("%d bytes rendered to %d: %s", len(text), len(got), got)
	}
}

// TestRecorded has the templates and answers that AWS gave, from
// vectors/apigateway-invoke-template.json and -mock.json.
func TestRecorded(t *testing.T) {
	const path = `#set($result = $input.path("$.json"))`
	const null = `#set($result = $input.path("$.nonExisting")){"body": $result, "nested": $result.nested, "isNull": #if( $result == $null )"true"#else"false"#end, "isEmptyString": #if( $result == "" )"true"#else"false"#end}`
	list := strings.Replace(null, "$.nonExisting", "$.json.listValue", 1)
	for _, c := range []struct{ template, body, want string }{
		{path + "$result", `{"json":{"foo": "bar"}}`, `{foo=bar}`},
		{path + "$result", `{"json":[{"foo": "bar"}]}`, `[{"foo":"bar"}]`},
		{path + "$result.nested", `{"json":{"nested": {"foo": "bar"}}}`, `{foo=bar}`},
		{path + "$result.nested", `{"json":{"nested": [{"foo": "bar"}]}}`, `[{"foo":"bar"}]`},
		{path + "$result[0]", `{"json":[{"foo": "bar"}]}`, `{foo=bar}`},
		{path + "$result[0]", `{"json":[[{"foo": "bar"}]]}`, `[{"foo":"bar"}]`},
		{path + "$result", `{"json":{"foo": [{"nested": "bar"}]}}`, `{foo=[{"nested":"bar"}]}`},
		{path + "$result", `{"json":{"bigger": "dict", "to": "test", "with": "separators"}}`, `{bigger=dict, to=test, with=separators}`},
		{path + "$result.toString()", `{"json":{"foo": "bar"}}`, `{foo=bar}`},
		{path + "$result.toString()", `{"json":{"list": [{"foo": "bar"}]}}`, `{list=[{"foo":"bar"}]}`},
		{null, ``, `{"body": , "nested": , "isNull": "true", "isEmptyString": "true"}`},
		{list, `{"json":{"listValue": []}}`, `{"body": [], "nested": , "isNull": "false", "isEmptyString": "false"}`},
		{list, `{"json":{"listValue": null}}`, `{"body": , "nested": , "isNull": "true", "isEmptyString": "true"}`},
		{`#set($result = $input.body)$result`, ``, `{}`},
		{`#set($result = $input.body)$result`, `some raw data`, `some raw data`},
		{`Action=SendMessage&MessageBody=$input.body`, `{"some": "value"}`, `Action=SendMessage&MessageBody={"some": "value"}`},
		{`#set($result = $input.body.testAccess)$result`, `{"some": "value"}`, ``},
		{`EncodedBody=$util.urlEncode($input.body)&EncodedBodyAccess=$util.urlEncode($input.body.testAccess)`, ``, `EncodedBody=%7B%7D&EncodedBodyAccess=`},
		{`EncodedBody=$util.urlEncode($input.body)&EncodedBodyAccess=$util.urlEncode($input.body.testAccess)`, `{"some": "value"}`, `EncodedBody=%7B%22some%22%3A+%22value%22%7D&EncodedBodyAccess=`},
		{`EncodedBody=$util.urlEncode($input.body)&EncodedBodyAccess=$util.urlEncode($input.body.testAccess)`, `some raw data`, `EncodedBody=some+raw+data&EncodedBodyAccess=`},
		{`{"statusCode": 200, "id": $input.params().path.id}`, ``, `{"statusCode": 200, "id": 42}`},
		{`{"echo": $input.json('$'), "response": "mocked"}`, `{"a": [1, 2]}`, `{"echo": {"a":[1,2]}, "response": "mocked"}`},
	} {
		if got := render(t, c.template, c.body); got != c.want {
			t.Errorf("%s\nof   %s\ngot  %q\nwant %q", c.template, c.body, got, c.want)
		}
	}
}

// TestOverrides renders a MOCK's request template and then its response
// template with the same context, as recorded.
func TestOverrides(t *testing.T) {
	for _, c := range []struct{ request, response, wantRequest, wantResponse string }{
		{"\n#set($context.responseOverride.status = 444)\n#set($context.responseOverride.header.foo = \"bar\")\n#set($context.responseOverride.custom = \"is also passed around\")\n{\n  \"statusCode\": 200\n}\n",
			"\n#set($statusOverride = $context.responseOverride.status)\n#set($fooHeader = $context.responseOverride.header.foo)\n#set($custom = $context.responseOverride.custom)\n{\n    \"statusOverride\": \"$statusOverride\",\n    \"fooHeader\": \"$fooHeader\",\n    \"custom\": \"$custom\"\n}\n",
			"\n{\n  \"statusCode\": 200\n}\n", "\n{\n    \"statusOverride\": \"444\",\n    \"fooHeader\": \"bar\",\n    \"custom\": \"is also passed around\"\n}\n"},
		{"\n#set($paramName = \"foo\")\n#set($context.requestOverride.querystring[$paramName] = \"bar\")\n#set($paramPutName = \"putfoo\")\n$context.requestOverride.querystring.put($paramPutName, \"putBar\")\n#set($context[\"requestOverride\"].querystring[\"nestedfoo\"] = \"nestedFoo\")\n{\n  \"statusCode\": 200\n}\n",
			"#set($v = $context.requestOverride.querystring[\"foo\"])$v,$context.requestOverride.querystring.putfoo,$context.requestOverride.querystring.get('nestedfoo')",
			"\n\n{\n  \"statusCode\": 200\n}\n", "bar,putBar,nestedFoo"},
		{"#set($body = $util.base64Decode('eyJtZXNzYWdlIjogInBhdGgxIn0='))\n    #set($context.requestOverride.path.body = $body)\n    {\n      \"statusCode\": 200\n    }\n",
			"\n#set($body = $util.parseJson($context.requestOverride.path.body))\n#set($inputBody = $body.message)\n#if($inputBody == \"path1\")\n{\n   \"response\": \"path was path one\"\n}\n#elseif($inputBody == \"path2\")\n{\n   \"response\": \"path was path two\"\n}\n#else\n{\n  \"response\": \"this is the else clause\"\n}\n#end\n",
			"    {\n      \"statusCode\": 200\n    }\n", "\n{\n   \"response\": \"path was path one\"\n}\n"},
	} {
		e := env(t, "")
		for i, text := range []string{c.request, c.response} {
			parsed, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parsed.Render(e)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{c.wantRequest, c.wantResponse}[i]; got != want {
				t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
			}
		}
	}
	e := env(t, "")
	parsed, err := Parse(`#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X = ["a","b"])`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Render(e); err != nil {
		t.Fatal(err)
	}
	override := property(e.Roots["context"], "responseOverride").(*jsonpath.Object)
	if text, _ := jsonpath.AppendJSON(nil, override, jsonpath.WriteOptions{}); string(text) != `{"header":{"X":["a","b"]},"status":404}` {
		t.Errorf("caller reads %s", text)
	}
}

func TestReferences(t *testing.T) {
	check(t, []row{
		{`$context.stage/${context.stage}x$!context.stage $!{context.stage}`, "prod/prodxprod prod"},
		{`$nothing|$!nothing|${nothing}|$nothing.a.b|$context.nothing.a|$context.stage.nothing`, "|||||"},
		{`$context["stage"] $context['stage'] $stageVariables.a $stageVariables['b-c'] ${stageVariables['a']} $stageVariables.b-c`, "prod prod va vb va vb"},
		{`$context.identity.sourceIp "$context.identity"`, `1.2.3.4 ""`},
		{`$context.stage. ${context.stage}. $context.stage.`, "prod. prod. prod."},
		{`$ $5 $.a $$ #333 # #1 ## gone`, "$ $5 $.a $$ #333 # #1 "},
		{`$context.stage[x] $context.stage[`, "prod[x] prod["},
		{`$input.path('$.l')[0] $input.path('$.l')[-2] |$input.path('$.l[2].k')`, "1 a/b |v"},
		{`$input.params('id') $input.params('q') $input.params('X-Test') $input.params('x-test')|$input.params('both')`, "42 a b h |p"},
		{`$input.params().querystring.get('q') $input.params().header['X-Test'] $input.params()`, "a b h {path={id=42, both=p}, querystring={q=a b, both=q}, header={X-Test=h}}"},
		{`$input.nothing $input.nothing() $util.nothing('x') $util.urlEncode() $input.class $input.getClass().getName()`, "     "},
		{`\$context.stage \\$context.stage \\\$context.stage \$nothing \$5 a\b \"$context.stage\"`, `$context.stage \prod \$context.stage \$nothing \$5 a\b \"prod\"`},
		{`\#if \\#if(true)x#end \#foo \#set($x=1)`, `#if \x \#foo #set(=1)`},
		{`$class $context.class $input.path('$').class`, "  "},
		{`$foreach.index $velocityCount`, " "},
		{`$input.path('$[""]')|$input.path('s')`, "empty|text"},
	})
}

func TestLiteralsAndOperators(t *testing.T) {
	check(t, []row{
		{`#set($x = 'no $context.stage')$x`, "no $context.stage"},
		{`#set($x = "yes $context.stage ${context.stage}!#if(true) and#end")$x`, "yes prod prod! and"},
		{`#set($x = "a ""b"" $context.stage")$x #set($y = 'it''s')$y`, `a "b" prodit's`},
		{`#set($x = "\n\'")$x`, `\n\'`},
		{`#set($x = 5)$x #set($x = -5)$x #set($x = 1.5)$x #set($x = 1e3)$x #set($x = true)$x #set($x=null)$x`, "5-51.51000.0truetrue"},
		{`#set($x = [1, 'a', [true]])$x $x[2][0] #set($y = [])$y`, "[1, a, [true]] true[]"},
		{`#set($x = [1..3])$x#set($x = [3..1])$x#set($a=0)#set($b=1)#set($x = [$a..$b])$x`, "[1, 2, 3][3, 2, 1][0, 1]"},
		{`#set($x = {"a": 1, 'b': [2], "c": {"d": null}})$x $x.b $x['c']#set($y={})$y`, "{a=1, b=[2], c={d=null}} [2] {d=null}{}"},
		{`#set($x = 7 / 2)$x #set($x = 7 % 4)$x #set($x = -7 / 2)$x #set($x = 7.0 / 2)$x #set($x = 2 + 3 * 4)$x #set($x = (2 + 3) * 4)$x`, "33-33.51420"},
		{`#set($x = 1 / 0)|$x|#set($x = 1.5 / 0)$x|#set($x = 1 % 0)$x|#set($x = $nothing + 1)$x|#set($x = [1] * 2)$x|`, "||||||"},
		{`#set($x = "a" + 1)$x #set($x = 1 + "a")$x #set($x = 10 - 2 - 3)$x#set($x = -$x)$x`, "a11a5-5"},
		{`#set($x = 9223372036854775807 + 1)$x #set($x = -9223372036854775807 - 2)$x #set($x = 9223372036854775807 * 2)$x`, "9.223372036854776E18-9.223372036854776E181.8446744073709552E19"},
		{`#if(1 == 1.0)a#end#if("1" == 1)b#end#if(1 != 2)c#end#if("a" == 'a')d#end#if($input.path('$.s') == "text")e#end`, "abcde"},
		{`#if(1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3)a#end#if("a" < "b")b#end#if(1 lt 2 and 2 le 2 and 3 gt 2 and 3 ge 3 and 1 eq 1 and 1 ne 2)c#end`, "ac"},
		{`#if(!false)a#end#if(not false)b#end#if(false || true)c#end#if(false or $nothing)d#end#if(true && !$nothing)e#end#if(!(true && false))f#end`, "abcef"},
		{`#if("")a#end#if(0)b#end#if([])c#end#if($nothing)d#end#if($input.path('$.t'))e#end#if($input.path('$.z'))f#end`, "e"},
		{`#if($nothing == $null)a#end#if($nothing == "")b#end#if("" == $nothing)c#end#if($nothing == false)d#end#if($nothing != "x")e#end#if($nothing == 0)f#end`, "abce"},
		{`#if( $orange == 1 )x#{else}y#end`, "y"},
		{`#if($input.path('$.l') == '[1,"a\/b",{"k":"v"}]')same#end`, "same"},
		{`#set($a-b = 1)$a-b`, "1"},
		{`#set( $x =
   "multi
line" )[$x]`, "[multi\nline]"},
	})
}

func TestDirectives(t *testing.T) {
	check(t, []row{
		{"#if(false)a#elseif(true)b#else c#end", "b"},
		{"#{if}(true)a#{else}b#{end}c", "ac"},
		{"#if(true)#if(false)a#else b#end#end", " b"},
		{"#foreach($i in [1,2,3])$i#if($foreach.hasNext),#end#end", "1,2,3"},
		{"#foreach($i in [1..4])$foreach.index$foreach.count$foreach.first$foreach.last$velocityCount #end", "01truefalse1 12falsefalse2 23falsefalse3 34falsetrue4 "},
		{"#foreach($i in [1..4])#if($i == 3)#break#end$i#end.", "12."},
		{"#foreach($i in [1..4])$i$foreach.stop()#end.", "1."},
		{"#foreach($i in [1..2])#foreach($j in [1..2])$foreach.parent.index$foreach.index #end#end", "00 01 10 11 "},
		{"#set($i = 'x')#foreach($i in [1])$i#end$i$!foreach", "1x"},
		{"#foreach($v in $input.path('$.o'))<$v>#end", `<b><[{"d":1}]><{f=null}>`},
		{"#foreach($k in $input.path('$.o').keySet())$k#end #foreach($e in $input.path('$.o').entrySet())$e.key=$e.getValue();#end", `ace a=b;c=[{"d":1}];e={f=null};`},
		{"#foreach($i in $nothing)x#end#foreach($i in 'text')x#end#foreach($i in [])x#end.", "."},
		{"#foreach( $i in [1] )\n  $i\n#end\n.", "  1\n."},
		{"a#stop b", "a"},
		{"#foreach($i in [1,2])$i#stop#end b", "1"},
		{"#define($d)<$x>#end#set($x = 1)$d#set($x = 2)$d $d.length()", "<1><2> 3"},
		{"#macro(m $a $b)[$a,$b]#end#m(1 2)#m('x', \"$context.stage\")#m(3)$a", "[1,2][x,prod][3,]"},
		{"#m(1)#macro( m $a )<$a>#end#{m}(2)#n(3) #m", "<1><2>#n(3) <>"},
		{"## #macro(m)\n#m()", "#m()"},
		{"#macro(m)a#break b#end#foreach($i in [1,2])#m()#end", "aa"},
		{"a #* $context.stage \n #if *# b #[[ $context.stage #if ]]# c ## d\ne", "a  b  $context.stage #if  c e"},
		{"<style>a{color:#fff}#main{b:c}</style>#endless #elsewhere-", "<style>a{color:#fff}#main{b:c}</style>#endless #elsewhere-"},
		{"#foreach($i in [1..2000])#if($foreach.index == 999)$i#end#end", "1000"},
	})
}

func TestGobbling(t *testing.T) {
	check(t, []row{
		{"a\n#set($x = 1)\nb", "a\nb"},
		{"a\n  \t#set($x = 1)  \nb", "a\n  \tb"},
		{"  #set($x = 1)  #set($y = 2)  \n$x  #set($z = 3)$y", "12"},
		{"a\r\n#set($x = 1)\r\nb", "a\r\nb"},
		{"a  #set($x = 1) b", "a   b"},
		{"a\n  #if(true)\n  b\n  #end\nc", "a\n    b\n  c"},
		{"#if(false)\na\n#else\nb\n#end\n\nc", "b\n\nc"},
		{"#if(true) a #end b", " a  b"},
		{"#macro(m)\nx\n#end\n#m()\ny", "x\ny"},
		{"a ## b\nc", "a c"},
		{"$context.stage\n$context.httpMethod", "prod\nGET"},
	})
}

func TestMethods(t *testing.T) {
	check(t, []row{
		{`#set($s = "Hello")$s.length() $s.isEmpty() $s.contains("ell") $s.startsWith("He") $s.startsWith("l", 2) $s.endsWith("lo") $s.indexOf("l") $s.indexOf("l",3) $s.indexOf("z") $s.lastIndexOf("l")`, "5 false true true true true 2 3 -1 3"},
		{`#set($s = "Hello")$s.substring(1) $s.substring(1,3) $s.replace("l","L") $s.toLowerCase() $s.toUpperCase() $s.equals("Hello") $s.equalsIgnoreCase("hELLO") $s.concat("!") $s.charAt(1) $s.toString() $s.hashCode()`, "ello el HeLLo hello HELLO true true Hello! e Hello 69609650"},
		{`#set($s = " a,b,,c,, ")[$s.trim()] $s.trim().split(",") $s.split(",").size() $s.trim().split(",", 2)[1] #set($w = "a1b22")$w.split("[0-9]+") $w.split("")`, "[a,b,,c,,] [a, b, , c] 6 b,,c,,[a, b] [a, 1, b, 2, 2]"},
		{`#set($s = "a1b22c")$s.replaceAll("[0-9]+", "-") $s.replaceFirst("([a-z])([0-9])", "$2$1") $s.matches("[a-c0-9]+") $s.matches("a") $s.replaceAll("b", "\$x")`, "a-b-c 1ab22c true false a1$x22c"},
		{`#set($s = $util.escapeJavaScript("it's"))$s $s.replaceAll("\\'","'")`, `it\'s it's`},
		{`#set($s = "aé😀b")$s.length() $s.substring(2,4) $s.indexOf("b") $s.charAt(1)`, "5 😀 4 é"},
		{`#set($l = $input.path('$.l'))$l.size() $l.get(1) $l.contains("a/b") $l.indexOf(1) $l.indexOf("zz") $l.isEmpty() $l`, `3 a/b true 0 -1 false [1,"a\/b",{"k":"v"}]`},
		{`#set($l = [])$l.add("a") $l.add(0, "b") $l.addAll(["c","d"]) $l.set(1, "A") $l.remove(0) $l.remove("c") $l $l.subList(0,1) $l.count() $l.toString()`, "true  true a b true [A, d] [A] 2 [A, d]"},
		{`#set($l = [1,2])#set($i = $l.iterator())#foreach($x in [1..2])$i.hasNext()$i.next() #end$i.hasNext()`, "true1 true2 false"},
		{`#set($m = {"a":1})$m.put("b",2)|$m.put("b",3) $m.get("b") $m.containsKey("a") $m.containsValue(3) $m.containsKey("z") $m.keySet() $m.values() $m.entrySet() $m.size() $m.isEmpty() $m.remove("a") $m`, "|2 3 true true false [a, b] [1, 3] [a=1, b=3] 2 false 1 {b=3}"},
		{`#set($m = {})#set($m.x = 1)#set($m["y z"] = [1])#set($m["y z"][0] = 9)$m.putAll({"q":0})$m $m.getOrDefault("n", "d") $m.putIfAbsent("x", 5)`, "{x=1, y z=[9], q=0} d 1"},
		{`#set($Integer = 0)$Integer.parseInt("12") #set($n = 3.7)$n.intValue() $n.toString() $n.doubleValue() $Integer.compareTo(1) $Integer.valueOf("5") $Integer.equals(0)`, "123 3.7 3.7 -1 5 true"},
		{`#set($s = "")$s.format("%05d|%s|%.2f|%%", 42, "x", 1.5) $s.join("-", [1,2]) $s.valueOf(3)`, "00042|x|1.50|% 1-2 3"},
		{`#set($b = true)$b.toString() $b.equals(true) $b.booleanValue() $b.nothing()`, "true true true "},
		{`$input.path('$.n') $input.path('$.f') $input.path('$.t') $input.path('$.z') $input.path('$.e').isEmpty() $input.path('$.eo')`, "3 1.5 true  true {}"},
		{`$input.json('$.o') $input.json('$.s') $input.json('$.n') $input.json('$.z') $input.json('$.nothing') $input.json('$.l[1]') $input.json('$.l[*]')`, `{"a":"b","c":[{"d":1}],"e":{"f":null}} "text" 3 null "" "a/b" [1,"a/b",{"k":"v"}]`},
		{`$util.escapeJavaScript('a"b/c\é')|$util.urlEncode('a b&c=é*~')|$util.urlDecode('a+b%20c')|$util.base64Encode('hi')|$util.base64Decode('aGk=')|$util.parseJson('{"a":[1]}').a[0]`, `a\"b\/c\\\u00E9|a+b%26c%3D%C3%A9*%7E|a b c|aGk=|hi|1`},
		{`$util.escapeJavaScript($nothing)|$util.parseJson($nothing)|$util.base64Encode($nothing)|$util.urlEncode($nothing)|`, "||||"},
	})
}

// TestForeachParams is the mapping template of AWS's console ("method request
// passthrough"), as recorded in an import.
func TestForeachParams(t *testing.T) {
	const template = "#set($allParams = $input.params())\n{\n  \"params\" : {\n    #foreach($type in $allParams.keySet())\n      #set($params = $allParams.get($type))\n      \"$type\" : {\n        #foreach($paramName in $params.keySet())\n          \"$paramName\" : \"$util.escapeJavaScript($params.get($paramName))\"\n          #if($foreach.hasNext),#end\n        #end\n      }\n      #if($foreach.hasNext),#end\n    #end\n  }\n}\n"
	v, err := jsonpath.Parse(render(t, template, ""))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := jsonpath.AppendJSON(nil, v, jsonpath.WriteOptions{}); string(text) != `{"params":{"path":{"id":"42","both":"p"},"querystring":{"q":"a b","both":"q"},"header":{"X-Test":"h"}}}` {
		t.Errorf("got %s", text)
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct{ template, body, want string }{
		{`$input.json('$')`, "plain text", `"plain text"`},
		{`$input.path('$').length()`, "plain text", `10`},
		{`$input.json('$')`, "12", `12`},
		{`$input.json('$') $input.path('$.a')|`, "", `{} |`},
		{`$input.json('$')`, ` {"u":"a/b","n":12345678901234567890,"d":1.10} `, `{"u":"a/b","n":12345678901234567890,"d":1.1}`},
	} {
		if got := render(t, c.template, c.body); got != c.want {
			t.Errorf("%s of %q: got %q, want %q", c.template, c.body, got, c.want)
		}
	}
	parsed, err := Parse("\n $input.json('$.a')")
	if err != nil {
		t.Fatal(err)
	}
	_, err = parsed.Render(env(t, `{"a":`))
	var e *Error
	var b *BodyError
	if !errors.As(err, &b) || !errors.As(err, &e) || e.Line != 2 || e.Column != 2 {
		t.Errorf("broken body: %v", err)
	}
}

func TestStaticAndUses(t *testing.T) {
	for text, static := range map[string]bool{"": true, `{"statusCode": 200}`: true, "a ## b\n#[[$x]]#": true, "$x": false, "#set($a = $b.c($d))": false} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := p.Static(); ok != static {
			t.Errorf("%q static: %v", text, ok)
		}
	}
	p, err := Parse(`#set($a = "$b.c($d)")#foreach($e in [$f])#end`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": true, "b": true, "d": true, "f": true, "c": false, "context": false} {
		if p.Uses(name) != want {
			t.Errorf("uses %s: %v", name, !want)
		}
	}
}
