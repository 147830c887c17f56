package program

import (
	"strings"
	"testing"
	"time"
)

// schemas are models as they are stored.
var schemas = map[string]string{
	"Pet": `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","required":["name","price"],"properties":{
	  "name":{"type":"string","minLength":2,"maxLength":5,"pattern":"^[a-z]*$"},"price":{"type":"number","minimum":25,"exclusiveMinimum":false,"maximum":500},
	  "kind":{"enum":["cat","dog"]},"tags":{"type":"array","items":{"type":"string"},"maxItems":2,"uniqueItems":true},"mother":{"$ref":"https://apigateway.amazonaws.com/restapis/abcdefghij/models/Pet"}},
	  "additionalProperties":false}`,
	"Pets":    `{"type":"array","items":{"$ref":"https://apigateway.amazonaws.com/restapis/other/models/Pet"}}`,
	"Either":  `{"properties":{"pet":{"oneOf":[{"type":"null"},{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/Pet"}]}},"required":["pet"]}`,
	"Free":    `{"type":"object"}`,
	"Numbers": `{"type":"array","items":{"type":"number","multipleOf":0.5},"uniqueItems":true}`,
	"Away":    `{"$ref":"http://127.0.0.1:1/schema.json"}`,
	"File":    `{"$ref":"file:///etc/passwd"}`,
	"NoModel": `{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/Nobody"}`,
	"Broken":  `{"type":`,
	"Wrong":   `{"type":"nonsense"}`,
	"Circle":  `{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/Circle"}`,
	"Later":   `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"number","minimum":1,"exclusiveMinimum":true}`,
}

func TestModel(t *testing.T) {
	set := NewModelSet(schemas)
	const good = `{"name":"rex","price":30}`
	for _, c := range []struct{ model, body, want string }{
		{"Pet", good, ""},
		{"Pet", `{"name":"rex","price":30,"mother":` + good + `}`, ""},
		{"Pet", ``, `[object has missing required properties (["name","price"])]`},
		{"Pet", ` `, `[object has missing required properties (["name","price"])]`},
		{"Pet", `{"name":"rex"}`, `[object has missing required properties (["price"])]`},
		{"Pet", `{"name":"rex","price":30,"mother":{"name":"rex"}}`, `[object has missing required properties (["price"])]`},
		{"Pet", `{"name":1,"price":30}`, `[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]`},
		{"Pet", `{"name":"rex","price":24.5}`, `[numeric instance is lower than the required minimum (minimum: 25, found: 24.5)]`},
		{"Pet", `{"name":"rex","price":501}`, `[numeric instance is greater than the required maximum (maximum: 500, found: 501)]`},
		{"Pet", `{"name":"x","price":25}`, `[string is too short (length: 1, required minimum: 2)]`},
		{"Pet", `{"name":"REX","price":25}`, `[ECMA 262 regex "^[a-z]*$" does not match input string "REX"]`},
		{"Pet", `{"name":"rex","price":25,"kind":"fish"}`, `[instance value ("fish") not found in enum (possible values: ["cat","dog"])]`},
		{"Pet", `{"name":"rex","price":25,"z":1,"a":1}`, `[object instance has properties which are not allowed by the schema: ["a","z"]]`},
		{"Pet", `{"name":"rex","price":25,"tags":["a","a"]}`, `[array must not contain duplicate elements]`},
		{"Pet", `{"name":"rex","price":25,"tags":["a","b","c"]}`, `[array is too long: must have at most 2 elements but instance has 3 elements]`},
		{"Pets", `[` + good + `]`, ""},
		{"Pets", `[]`, ""},
		{"Pets", ``, `[instance type (object) does not match any allowed primitive type (allowed: ["array"])]`},
		{"Pets", `[{}]`, `[object has missing required properties (["name","price"])]`},
		{"Either", `{"pet":null}`, ""},
		{"Either", `{"pet":` + good + `}`, ""},
		{"Either", `{"pet":1}`, `[instance failed to match exactly one schema (matched 0 out of 2)]`},
		{"Free", `{"anything":[1,2]}`, ""},
		{"Free", `{"anything":`, "body is not valid JSON"},
		{"Free", `{} {}`, "body is not valid JSON"},
		{"Free", `<xml/>`, "body is not valid JSON"},
		{"Numbers", `[1,1.5]`, ""},
		{"Numbers", `[1,1.0]`, `[array must not contain duplicate elements]`},
		{"Numbers", `[1e1000000]`, "body is not valid JSON"},
		{"Numbers", `[0e1000000]`, "body is not valid JSON"},
		{"Numbers", `[1e-1000000]`, "body is not valid JSON"},
		{"Numbers", `[` + strings.Repeat("9", 500) + `]`, "body is not valid JSON"},
		{"Later", `1`, `[numeric instance is not strictly greater than the required minimum 1]`},
	} {
		m := set.Model(c.model)
		if m.Err != nil {
			t.Fatalf("%s: %v", c.model, m.Err)
		}
		got := ""
		if err := m.Validate([]byte(c.body)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %.60s\n got %s\nwant %s", c.model, c.body, got, c.want)
		}
	}
}

// A model that cannot be used says so once and loads nothing from elsewhere.
func TestModelErr(t *testing.T) {
	set := NewModelSet(schemas)
	for _, name := range []string{"Away", "File", "NoModel", "Broken", "Wrong", "Absent"} {
		if m := set.Model(name); m.Err == nil {
			t.Errorf("%s compiled", name)
		} else if set.Model(name) != m {
			t.Errorf("%s compiled twice", name)
		}
	}
	if m := set.Model("Circle"); m.Err == nil && m.Validate([]byte("{}")) == nil {
		t.Error("a model that is only itself holds for a body")
	}
}

func TestModelsFor(t *testing.T) {
	a, b := &Model{Name: "A"}, &Model{Name: "B"}
	models := Models{"application/json": a, "$default": b}
	if models.For("application/json") != a || models.For("text/plain") != b || (Models{"application/json": a}).For("text/plain") != nil {
		t.Error("wrong model for a content type")
	}
}

// Bodies made to be slow are answered in time.
func TestModelHostile(t *testing.T) {
	set := NewModelSet(schemas)
	deep := strings.Repeat(`{"name":"rex","price":30,"mother":`, 4000) + `{}` + strings.Repeat(`}`, 4000)
	many := "[" + strings.Repeat("1e300,", 200000) + "1]"
	for name, body := range map[string]string{"Pet": deep, "Numbers": many} {
		begun := time.Now()
		if set.Model(name).Validate([]byte(body)) == nil {
			t.Errorf("%s: valid", name)
		}
		if took := time.Since(begun); took > time.Minute { // a hang, not a slow machine
			t.Errorf("%s took %v", name, took)
		}
	}
}

func FuzzModel(f *testing.F) {
	for _, seed := range []string{`{"name":"rex","price":30}`, `[1e1000000]`, `{"a":`, ``, `{"pet":null}`} {
		f.Add("Pet", seed)
		f.Add("Either", seed)
		f.Add("Numbers", seed)
	}
	set := NewModelSet(schemas)
	f.Fuzz(func(t *testing.T, name, body string) {
		m := set.Model(name)
		if m.Err != nil {
			return
		}
		if err := m.Validate([]byte(body)); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
