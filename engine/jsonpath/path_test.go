package jsonpath

import (
	"errors"
	"strings"
	"testing"
)

// store is the document of the JsonPath articles, whose results are known.
const store = `{"store":{"book":[
 {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
 {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
 {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
 {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
 "bicycle":{"color":"red","price":19.95}},"expensive":10,"n":[3,1,2],"odd name":{"a.b":1},"e":null,"t":"text","many":[1,2,3,4,5]}`

func text(t testing.TB, v Value) string {
	t.Helper()
	b, err := AppendJSON(nil, v, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEval(t *testing.T) {
	root, err := Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	const none = "(none)"
	for _, c := range []struct{ path, want string }{
		{"$.expensive", "10"},
		{"expensive", "10"},
		{"$['expensive']", "10"},
		{`$["odd name"]['a.b']`, "1"},
		{"$.e", "null"},
		{"$.missing", none},
		{"$.missing.more", none},
		{"$.t.more", none},
		{"$.n.length", none},
		{"$.store.book[0].title", `"Sayings of the Century"`},
		{"$.store.book[-1].author", `"J. R. R. Tolkien"`},
		{"$.store.book[9]", none},
		{"$.store.book[-9]", none},
		{"$.store.book.title", none},
		{"$.store.book[*].author", `["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]`},
		{"$..author", `["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]`},
		{"$.store..price", `[8.95,12.99,8.99,22.99,19.95]`},
		{"$..book[2].title", `["Moby Dick"]`},
		{"$..book[0,1].title", `["Sayings of the Century","Sword of Honour"]`},
		{"$..['color']", `["red"]`},
		{"$..nothing", `[]`},
		{"$.missing[*]", `[]`},
		{"$.store.bicycle.*", `["red",19.95]`},
		{"$.store.bicycle[*]", `["red",19.95]`},
		{"$.store.bicycle['price','color','x']", `{"price":19.95,"color":"red"}`},
		{"$.many[1:3]", "[2,3]"}, {"$.many[:2]", "[1,2]"}, {"$.many[3:]", "[4,5]"}, {"$.many[-2:]", "[4,5]"},
		{"$.many[:-3]", "[1,2]"}, {"$.many[:]", "[1,2,3,4,5]"}, {"$.many[7:9]", "[]"}, {"$.many[3:1]", "[]"},
		{"$.many[ 0 , -1 ]", "[1,5]"},
		{"$..book[?(@.isbn)].title", `["Moby Dick","The Lord of the Rings"]`},
		{"$.store.book[?(@.price < 10)].title", `["Sayings of the Century","Moby Dick"]`},
		{"$..book[?(@.price <= $['expensive'])].price", `[8.95,8.99]`},
		{"$.store.book[?(@.category == 'fiction' && @.price > 20)].title", `["The Lord of the Rings"]`},
		{"$.store.book[?(@.price > 20 || @.category=='reference')].price", `[8.95,22.99]`},
		{"$.store.book[?(!(@.isbn))].price", `[8.95,12.99]`},
		{"$.store.book[?(!@.isbn && (@.price>10))].price", `[12.99]`},
		{"$.store.book[?(@.isbn != '0-553-21311-3')].price", `[8.95,12.99,22.99]`},
		{"$.store.book[?(@.author =~ /.*REES/i)].price", `[8.95]`},
		{"$.store.book[?(@.author =~ /rees/i)].price", `[]`},
		{"$.store.book[?(@.category in ['reference','x'])].price", `[8.95]`},
		{"$.store.book[?(@.category nin ['fiction'])].price", `[8.95]`},
		{"$.store.book[?(@.title contains 'Lord')].price", `[22.99]`},
		{"$.store.book[?(@.title size 9)].price", `[8.99]`},
		{"$.store[?(@.color)].price", `[]`},
		{"$.store.bicycle[?(@.color)].price", `[19.95]`},
		{"$.n[?(@ > 1)]", `[3,2]`},
		{"$.n[?(@ == '1')]", `[1]`},
		{"$.n[?(@ == null)]", `[]`},
		{"$[?(@.e == null)].t", `["text"]`},
		{"$[?(@.n anyof [1,9])].t", `["text"]`},
		{"$[?(@.n subsetof [1,2,3])].t", `["text"]`},
		{"$[?(@.n noneof [7])].t", `["text"]`},
		{"$[?(@.n empty false)].t", `["text"]`},
		{"$.n.length()", "3"}, {"$.n.size()", "3"}, {"$.store.book.length()", "4"}, {"$.t.length()", "4"}, {"$.store.length()", "2"},
		{"$.expensive.length()", none}, {"$.missing.length()", none},
		{"$.n.min()", "1.0"}, {"$.n.max()", "3.0"}, {"$.n.sum()", "6.0"}, {"$.n.avg()", "2.0"}, {"$..price.max()", "22.99"},
		{"$.many.stddev()", "1.4142135623730951"},
		{"$.store.keys()", `["book","bicycle"]`}, {"$.n.first()", "3"}, {"$.n.last()", "2"}, {"$.n.index(-1)", "2"},
		{"$.n.append(9)", "[3,1,2,9]"}, {"$.concat($.t, '-', $.n[0])", `"text-3"`},
		{"$.store.book[?(@.title.length() > 20)].price", "[8.95,22.99]"},
		{"$", ""},
	} {
		p, err := Compile(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		v, found, err := p.Eval(root)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if c.want == "" {
			if v != root {
				t.Errorf("%s is not the root", c.path)
			}
			continue
		}
		got := none
		if found {
			got = text(t, v)
		}
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.path, got, c.want)
		}
	}
}

func TestDefinite(t *testing.T) {
	for path, want := range map[string]bool{
		"$": true, "$.a.b[0]['c']": true, "$['a','b']": true, "$.a.length()": true, "$..a.length()": true,
		"$..a": false, "$.*": false, "$[*]": false, "$[0,1]": false, "$[1:]": false, "$[?(@.a)].b": false,
	} {
		p, err := Compile(path)
		if err != nil {
			t.Fatal(err)
		}
		if p.Definite() != want {
			t.Errorf("%s: definite %v", path, !want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, path := range []string{"", " ", "$.", "$..", "$[", "$[]", "$['a'", "$['a]", "$[a]", "$[1,]", "$[1:2:3]", "$[1:2,3]", "$[,1]", "$.a b", "$.a]",
		"$[?]", "$[?()]", "$[?(@.a]", "$[?(@.a ==)]", "$[?(1)]", "$[?(@.a =~ 'x')]", "$[?(@.a =~ /[/)]", "$[?(@.a in [@.b])]", "$[?(@.a in [1 2])]", "$[?(@.a = 1)]",
		"$.a.nothing()", "$.length(", "$.length().a", "$..length()", "$.keys(1)", "$.[0]", "$[99999999999]", "$[1.5]",
		strings.Repeat("(", 10), "$[?" + strings.Repeat("(", 100) + "@.a" + strings.Repeat(")", 100) + "]", "$." + strings.Repeat("a", maxPathBytes)} {
		_, err := Compile(path)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) && !errors.Is(err, ErrLimit) {
			t.Errorf("Compile(%.40q) = %v", path, err)
		}
	}
}

// TestLimits lets paths multiply their results.
func TestLimits(t *testing.T) {
	root, err := Parse("[" + strings.Repeat("[[1,2,3,4,5,6,7,8,9]],", 2000) + "0]")
	if err != nil {
		t.Fatal(err)
	}
	deep, err := Parse(strings.Repeat("[", 200) + strings.Repeat("]", 200))
	if err != nil {
		t.Fatal(err)
	}
	for path, doc := range map[string]Value{"$..*..*..*..*": deep, "$..*[?(@ == $..[?(@ == 1)])]": root} {
		p, err := Compile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Eval(doc); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", path, err)
		}
	}
	loop := &List{}
	loop.Items = append(loop.Items, loop)
	p, err := Compile("$..a")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Eval(loop); !errors.Is(err, ErrLimit) {
		t.Errorf("tree that contains itself: %v", err)
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"$.a", "$..book[?(@.price < 10 && @.x =~ /a|b/i)].title", "$['a','b'][0,1][1:-2]..*", "$.n.max(1,@.x)", "$[?(@.a in ['x',1,null])]", "a.b"} {
		f.Add(s)
	}
	root, err := Parse(store)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := Compile(path)
		if err != nil {
			return
		}
		v, found, err := p.Eval(root)
		if err != nil {
			if !errors.Is(err, ErrLimit) {
				t.Fatalf("%q: %v", path, err)
			}
			return
		}
		if _, isList := v.(*List); !p.Definite() && (!found || !isList) {
			t.Fatalf("%q: indefinite, but %T", path, v)
		}
	})
}
