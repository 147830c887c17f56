package program

import (
	"fmt"
	"strings"
	"testing"
)

func routesOf(resources ...string) *Routes {
	var methods []*Method
	for _, r := range resources {
		verb, path, _ := strings.Cut(r, " ")
		methods = append(methods, &Method{ResourcePath: path, Verb: verb})
	}
	return NewRoutes(methods)
}

// reference/api-gateway.md 2.2.
func TestMatch(t *testing.T) {
	routes := routesOf(
		"GET /", "GET /part1", "GET /part1/hardcoded-value", "GET /{param+}", "OPTIONS /{param+}", "POST /test",
		"ANY /test/any", "GET /test/any", "GET /pets/{id}", "DELETE /pets/{id}/toys", "ANY /pets/{id}/toys/{toy}", "GET /pets/new",
	)
	rows := []struct{ verb, path, want, vars string }{
		{"GET", "/", "GET /", ""},
		{"GET", "", "GET /", ""},
		{"GET", "//", "GET /", ""},
		{"OPTIONS", "/", "", ""}, // {proxy+} takes at least one segment
		{"GET", "/part1", "GET /part1", ""},
		{"GET", "/part1/", "GET /part1", ""},
		{"GET", "//part1", "GET /part1", ""},
		{"GET", "/part1/hardcoded-value", "GET /part1/hardcoded-value", ""},
		{"GET", "/part1/random-value", "GET /{param+}", "param=part1/random-value"},
		{"GET", "/proxy-value/", "GET /{param+}", "param=proxy-value"},
		{"GET", "/proxy-value//double-slash", "GET /{param+}", "param=proxy-value//double-slash"},
		{"GET", "/part1//", "GET /part1", ""},
		{"OPTIONS", "/test", "OPTIONS /{param+}", "param=test"}, // aware of the method
		{"POST", "/test", "POST /test", ""},
		{"DELETE", "/test", "", ""},
		{"GET", "/test/any", "GET /test/any", ""}, // the exact verb beats ANY
		{"OPTIONS", "/test/any", "ANY /test/any", ""},
		{"PURGE", "/test/any", "", ""}, // ANY is seven verbs
		{"ANY", "/test/any", "", ""},   // and none of them itself
		{"get", "/part1", "", ""},
		{"GET", "/pets/new", "GET /pets/new", ""},
		{"GET", "/pets/test%2Balias@x", "GET /pets/{id}", "id=test%2Balias@x"},
		{"GET", "/pets/1/toys", "GET /{param+}", "param=pets/1/toys"},
		{"DELETE", "/pets/1/toys", "DELETE /pets/{id}/toys", "id=1"},
		{"PUT", "/pets/1/toys/2", "ANY /pets/{id}/toys/{toy}", "id=1 toy=2"},
		{"GET", "/pets//toys/2", "GET /{param+}", "param=pets//toys/2"}, // an empty segment fills no {id}
		{"GET", "/pets", "GET /{param+}", "param=pets"},
	}
	for _, row := range rows {
		m, vars := routes.Match(row.path, row.verb)
		got := ""
		if m != nil {
			got = m.Verb + " " + m.ResourcePath
		}
		var values []string
		for _, v := range vars {
			values = append(values, v.Name+"="+v.Value)
		}
		if got != row.want || strings.Join(values, " ") != row.vars {
			t.Errorf("%s %s: %q %v, want %q %q", row.verb, row.path, got, values, row.want, row.vars)
		}
	}
	if m, _ := new(Routes).Match("/", "GET"); m != nil {
		t.Error("the zero value matches")
	}
}

func FuzzMatch(f *testing.F) {
	routes := routesOf("GET /", "GET /a", "ANY /{p}/b", "GET /{p+}", "POST /a/{q}/{r+}")
	for _, seed := range []string{"/", "/a/b/c", "//a//b//", "", "/%2f/b", strings.Repeat("/a", 5000)} {
		f.Add(seed, "GET")
	}
	f.Fuzz(func(t *testing.T, path, verb string) {
		m, vars := routes.Match(path, verb)
		if m == nil {
			return
		}
		if m.Verb != verb && m.Verb != "ANY" {
			t.Fatalf("%s leads to %s", verb, m.Verb)
		}
		want := strings.Count(m.ResourcePath, "{")
		if len(vars) != want {
			t.Fatalf("%s has %d variables, got %v", m.ResourcePath, want, vars)
		}
		rebuilt := m.ResourcePath
		for _, v := range vars {
			if v.Value == "" || !strings.Contains(path, v.Value) {
				t.Fatalf("variable %q is not of the path %q", v.Value, path)
			}
			rebuilt = strings.NewReplacer("{"+v.Name+"}", v.Value, "{"+v.Name+"+}", v.Value).Replace(rebuilt)
		}
		if strings.Trim(rebuilt, "/") != strings.Trim(path, "/") {
			t.Fatalf("%q matched %s, which rebuilds to %q", path, m.ResourcePath, rebuilt)
		}
	})
}

// Each node is visited at most once, so that no path is slow.
func TestMatchIsBounded(t *testing.T) {
	var resources []string
	prefix := ""
	for range 100 {
		resources = append(resources, "POST "+prefix+"/a", "POST "+prefix+"/{x}")
		prefix += "/a"
	}
	routes := routesOf(resources...)
	if m, _ := routes.Match(strings.Repeat("/a", 100)+"/b", "GET"); m != nil {
		t.Error("matched")
	}
}

func BenchmarkMatch(b *testing.B) {
	routes := routesOf("GET /", "GET /pets", "GET /pets/{id}", "ANY /{proxy+}")
	for _, path := range []string{"/", "/pets", "/pets/1", "/other/path"} {
		b.Run(fmt.Sprintf("%q", path), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				routes.Match(path, "GET")
			}
		})
	}
}
