package openapi_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drawbridge/controlplane/apigateway/openapi"
)

func parse(t testing.TB, text string) *openapi.Node {
	t.Helper()
	n, err := openapi.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return n
}

func TestParse(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`{"b":1,"a":[true,null,"x"]}`, `{"b":1,"a":[true,null,"x"]}`},
		{"\xef\xbb\xbf {\"a\": 1.10}", `{"a":1.10}`},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"b: 1\na:\n- true\n- null\n- x\n", `{"b":1,"a":[true,null,"x"]}`},
		{"200: int key\nversion: 1.10\nhex: 0x10\nsep: 1_000\ninf: .inf\n", `{"200":"int key","version":1.10,"hex":16,"sep":1000,"inf":".inf"}`},
		{"when: 2022-04-12T15:36:55Z\nday: 2022-04-12\n", `{"when":"2022-04-12T15:36:55Z","day":"2022-04-12"}`},
		{"a: &x {k: 1}\nb: *x\n", `{"a":{"k":1},"b":{"k":1}}`},
		{"base: &b {k: 1, l: 2}\nc:\n  <<: *b\n  l: 3\n", `{"base":{"k":1,"l":2},"c":{"l":3,"k":1}}`},
		{"one: &a {k: 1}\ntwo: &b {k: 2, l: 2}\nc:\n  <<: [*a, *b]\n", `{"one":{"k":1},"two":{"k":2,"l":2},"c":{"k":1,"l":2}}`},
		{"text: |\n  a\n  b\n", `{"text":"a\nb\n"}`},
		{"{a: 1, b: [c]}", `{"a":1,"b":["c"]}`}, // begins like JSON, is YAML
		{`"only text"`, `"only text"`},
	} {
		if got := string(parse(t, test.in).Compact()); got != test.want {
			t.Errorf("%q is\n%s, want\n%s", test.in, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	for name, in := range map[string]string{
		"nothing":           "",
		"blank":             " \n",
		"bad YAML":          "test:\n    value:\n        - \"value ... \"escaped\": $var, \"dt\": $(var +\"%a\")}\"\n        ",
		"bad JSON and YAML": "{'key:value}",
		"two documents":     `{} {}`,
		"mapping as key":    "? {a: 1}\n: b\n",
		"too many bytes":    strings.Repeat(" ", openapi.MaxBytes) + "{}",
		"too deep JSON":     strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200),
		"too deep YAML":     strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"alias bomb":        bomb,
		"alias of itself":   "a: &a [*a]\n",
		"too many values":   "[" + strings.Repeat("1,", 500_000) + "1]",
		"too many members":  `{"a":[` + strings.Repeat("1,", 500_000) + `1]}`,
	} {
		if n, err := openapi.Parse([]byte(in)); err == nil {
			t.Errorf("%s: got %.80s", name, n.Compact())
		}
	}
}

// tree is a random tree; texts are of all sorts that a writer may trip over.
func tree(depth int) *rapid.Generator[*openapi.Node] {
	text := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "yes", "null", "~", "1", "1.0", "- a", "a: b", "#x", "'q'", `"q"`, "a\nb\n", " lead", "trail ", "<<", "*a", "&a", "%", "\u0085", "\u2028", "\x00", "é", "\U0001F600"}),
	)
	return rapid.Custom(func(t *rapid.T) *openapi.Node {
		kinds := 6
		if depth == 0 {
			kinds = 4
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return &openapi.Node{}
		case 1:
			return openapi.NewBool(rapid.Bool().Draw(t, "bool"))
		case 2:
			return openapi.NewNumber(rapid.SampledFrom([]string{"0", "-1", "200", "1.10", "1e3"}).Draw(t, "number"))
		case 3:
			return openapi.NewText(text.Draw(t, "text"))
		case 4:
			return openapi.NewArray(rapid.SliceOfN(tree(depth-1), 0, 4).Draw(t, "items")...)
		}
		out := openapi.NewObject()
		for range rapid.IntRange(0, 15).Draw(t, "members") {
			out.Set(text.Draw(t, "key"), tree(depth-1).Draw(t, "value"))
		}
		return out
	})
}

// What is written is read back as it was, in both forms.
func TestWriteAndParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := openapi.NewObject().Set("root", tree(3).Draw(t, "tree"))
		want := string(in.Compact())
		for form, text := range map[string][]byte{"JSON": in.JSON(), "YAML": in.YAML()} {
			out, err := openapi.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v\n%s", form, err, text)
			}
			if got := string(out.Compact()); got != want {
				t.Fatalf("%s: %s came back as %s by\n%s", form, want, got, text)
			}
		}
	})
}

func TestWrittenForms(t *testing.T) {
	n := parse(t, `{"swagger":"2.0","schemes":["https"],"paths":{"/":{"get":{"responses":{"200":{"content":{}}},"security":[{"a":[]}]}}},"count":1}`)
	const wantJSON = `{
  "swagger" : "2.0",
  "schemes" : [ "https" ],
  "paths" : {
    "/" : {
      "get" : {
        "responses" : {
          "200" : {
            "content" : { }
          }
        },
        "security" : [ {
          "a" : [ ]
        } ]
      }
    }
  },
  "count" : 1
}`
	const wantYAML = `---
swagger: "2.0"
schemes:
- "https"
paths:
  /:
    get:
      responses:
        "200":
          content: {}
      security:
      - a: []
count: 1
`
	if got := string(n.JSON()); got != wantJSON {
		t.Errorf("JSON:\n%s", got)
	}
	if got := string(n.YAML()); got != wantYAML {
		t.Errorf("YAML:\n%s", got)
	}
}

// The orders are those of recorded exports.
func TestHashOrder(t *testing.T) {
	for _, want := range [][]string{
		{"/pets", "/pets/{petId}", "/"},
		{"Pets", "Empty", "NewPetResponse", "Pet", "NewPet", "PetType"},
		{"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"},
		{"method.response.header.Access-Control-Allow-Methods", "method.response.header.Access-Control-Allow-Headers", "method.response.header.Access-Control-Allow-Origin"},
		{},
	} {
		got := slices.Clone(want)
		slices.Sort(got)
		if openapi.HashOrder(got); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func read(t testing.TB, text string) *openapi.Document {
	t.Helper()
	d, err := openapi.Read(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The same API in both versions is the same in the one shape.
func TestReadBothVersions(t *testing.T) {
	two := read(t, `
swagger: 2.0
info: {title: pets, version: 1.10, description: d}
basePath: /base
consumes: [text/plain]
definitions: {Pet: {type: object}}
securityDefinitions: {key: {type: apiKey}}
security: [{key: []}]
parameters: {page: {name: page, in: query}}
responses: {found: {headers: {H: {type: string}}, schema: {$ref: '#/definitions/Pet'}}}
paths:
  x-ignored: 1
  /pets/{id}:
    parameters: [{name: id, in: path}, {name: q, in: header}]
    get:
      operationId: one
      produces: [application/json]
      parameters: [{$ref: '#/parameters/page'}, {name: q, in: header, required: true}, {name: c, in: formData}, {in: body, schema: {$ref: '#/definitions/Pet'}}]
      responses: {200: {$ref: '#/responses/found'}, default: {description: d}, 2XX: {description: d}}
    x-amazon-apigateway-any-method: {security: []}
    trace: {}
`)
	three := read(t, `
openapi: 3.0.3
info: {title: pets, version: 1.10, description: d}
servers: [{url: "https://{host}/base", variables: {host: {default: h}}}]
components:
  schemas: {Pet: {type: object}}
  securitySchemes: {key: {type: apiKey}}
  parameters: {page: {name: page, in: query}}
  requestBodies: {pet: {content: {text/plain: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  responses: {found: {headers: {H: {schema: {type: string}}}, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
security: [{key: []}]
paths:
  /pets/{id}:
    parameters: [{name: id, in: path}, {name: q, in: header}]
    get:
      operationId: one
      parameters: [{$ref: '#/components/parameters/page'}, {name: q, in: header, required: true}, {name: c, in: cookie}]
      requestBody: {$ref: '#/components/requestBodies/pet'}
      responses: {200: {$ref: '#/components/responses/found'}, default: {description: d}, 2XX: {description: d}}
    x-amazon-apigateway-any-method: {security: []}
    trace: {}
`)
	if two.Three || !three.Three || two.BasePath != "/base" || three.BasePath != "base" {
		t.Errorf("two %v %q, three %v %q", two.Three, two.BasePath, three.Three, three.BasePath)
	}
	wantSecurity := []openapi.Requirement{{Scheme: "key"}}
	want := []openapi.Path{{Path: "/pets/{id}", Operations: []openapi.Operation{{
		Verb: "GET", ID: "one",
		Parameters: []openapi.Parameter{{"id", "path", true}, {"q", "header", true}, {"page", "query", false}},
		Bodies:     []openapi.Content{{"text/plain", "Pet"}},
		Responses:  []openapi.Response{{"200", []string{"H"}, []openapi.Content{{"application/json", "Pet"}}}},
		Security:   wantSecurity,
	}, {
		Verb: "ANY", Parameters: []openapi.Parameter{{"id", "path", true}, {"q", "header", false}},
	}}}}
	for _, d := range []*openapi.Document{two, three} {
		for i := range d.Paths {
			for j := range d.Paths[i].Operations {
				d.Paths[i].Operations[j].Node = nil
			}
		}
		if d.Title != "pets" || d.Version != "1.10" || d.Description != "d" || len(d.Models) != 1 || len(d.Schemes) != 1 {
			t.Errorf("%+v", d)
		}
		if !reflect.DeepEqual(d.Paths, want) {
			t.Errorf("three %v:\ngot  %+v\nwant %+v", d.Three, d.Paths, want)
		}
	}
}

func TestBasePath(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`servers: []`, ""},
		{`servers: [{url: "https://h.example/base-url/part/"}]`, "base-url/part/"},
		{`servers: [{url: "https://h.example"}]`, ""},
		{`servers: [{url: /v1}]`, "/v1"},
		{`servers: [{url: "https://{h}/{v}/x", variables: {h: {default: a}, v: {default: v2}}}]`, "v2/x"},
		{`servers: [{url: "https://h.example/y"}, {url: "https://h.example", variables: {basePath: {default: "/base-var"}}}]`, "/base-var"},
	} {
		if got := read(t, "openapi: 3.0.1\n"+test.in).BasePath; got != test.want {
			t.Errorf("%s: %q, want %q", test.in, got, test.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, in := range []string{`{}`, `[]`, `openapi: 3.1.0`, `openapi: 2.0`, `swagger: 1.2`, `swagger: "3.0"`} {
		if _, err := openapi.Read(parse(t, in)); err == nil {
			t.Errorf("%s is taken", in)
		}
	}
	// Each of many operations refers to one large response.
	var doc strings.Builder
	doc.WriteString("swagger: 2.0\nresponses:\n  big:\n    headers:\n")
	for i := range 3000 {
		fmt.Fprintf(&doc, "      H%d: {}\n", i)
	}
	doc.WriteString("paths:\n")
	for i := range 3000 {
		fmt.Fprintf(&doc, "  /p%d: {get: {responses: {200: {$ref: '#/responses/big'}}}}\n", i)
	}
	if _, err := openapi.Read(parse(t, doc.String())); err == nil {
		t.Error("nine million headers are taken")
	}
}

// A schema that stands in an operation becomes a model, the same one wherever
// the same text stands.
func TestInlineSchemas(t *testing.T) {
	d := read(t, `
swagger: 2.0
paths:
  /a: {get: {responses: {200: {schema: {type: object}}, 201: {schema: {type: string}}}}}
  /b: {get: {responses: {200: {schema: {type: object}}, 201: {schema: {$ref: other.json}}}}}
`)
	a, b := d.Paths[0].Operations[0].Responses, d.Paths[1].Operations[0].Responses
	if len(d.Models) != 2 || a[0].Contents[0] != b[0].Contents[0] || a[0].Contents[0] == a[1].Contents[0] {
		t.Errorf("models %+v, a %+v, b %+v", d.Models, a, b)
	}
	if !strings.HasPrefix(a[0].Contents[0].Model, "MODEL") || b[1].Contents[0].Model != "other.json" {
		t.Errorf("a %+v, b %+v", a, b)
	}
}

func TestReferences(t *testing.T) {
	for ref, want := range map[string]string{
		"#/definitions/Pet":        "Pet",
		"#/components/schemas/Pet": "Pet",
		"https://apigateway.amazonaws.com/restapis/abc/models/Pet": "Pet",
		"#/definitions/Pet/properties/id":                          "",
		"#/definitions/":                                           "",
		"Pet":                                                      "",
		"https://apigateway.amazonaws.com/restapis/abc":            "",
	} {
		if got, ok := openapi.ModelName(ref); ok != (want != "") || ok && got != want {
			t.Errorf("%s names %q (%v), want %q", ref, got, ok, want)
		}
	}
	loop := parse(t, `{"a":{"$ref":"#/b"},"b":{"$ref":"#/a"},"c":{"$ref":"x.json"},"d":{"$ref":"#/e~1f"},"e/f":7}`)
	if n := openapi.Resolve(loop, loop.Get("a")); n != nil {
		t.Errorf("a loop resolves to %s", n.Compact())
	}
	if n := openapi.Resolve(loop, loop.Get("c")); n != nil {
		t.Errorf("another file resolves to %s", n.Compact())
	}
	if n := openapi.Resolve(loop, loop.Get("d")); n.Scalar() != "7" {
		t.Errorf("an escaped pointer resolves to %s", n.Compact())
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"swagger":"2.0","info":{"title":"t"},"paths":{"/a/{b}":{"get":{"responses":{"200":{"schema":{"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{"$ref":"#/definitions/A"}}}`,
		"openapi: 3.0.1\ninfo: {title: t}\npaths:\n  /a: &a\n    post: {requestBody: {content: {text/plain: {schema: {}}}}, responses: {200: {}}}\n  /b: *a\n",
		"a: &a [*a]", "<<: {a: 1}\n<<: [1]", "? [a]\n: b", "{'key:value}", "\xff", "--- !!binary aGk=\n", "a: !!float x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := openapi.Parse(data)
		if err != nil {
			return
		}
		forms := map[string][]byte{"JSON": root.JSON(), "YAML": root.YAML()}
		if len(root.Compact()) > 1<<16 { // aliases; at the bounds, what is written may be too large to read
			forms = nil
		}
		for form, text := range forms {
			again, err := openapi.Parse(text)
			if err != nil {
				t.Fatalf("%s of %q: %v", form, data, err)
			}
			if a, b := string(root.Compact()), string(again.Compact()); a != b {
				t.Fatalf("%s of %q: %s came back as %s", form, data, a, b)
			}
		}
		doc, err := openapi.Read(root)
		if err == nil && doc == nil || errors.Is(err, errors.ErrUnsupported) {
			t.Fatal("neither document nor error")
		}
	})
}
