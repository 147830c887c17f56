package program_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/program"
)

func TestPathPatternMatch(t *testing.T) {
	for _, row := range []struct {
		pattern, path string
		want          bool
	}{
		{"*", "/anything", true},
		{"", "/anything", true},
		{"*product.jpg", "/a/product.jpg", true},
		{"/*product.jpg", "/product.jpg", true},
		{"images/*.jpg", "/images/a/b.jpg", true}, // a leading slash is implied
		{"/images/*.jpg", "/images/a.JPG", false}, // case counts
		{"/a?c", "/abc", true},
		{"/a?c", "/a/c", true}, // "?" is any character
		{"/a?c", "/ac", false},
		{"/a*b*c", "/a-b-b-c", true},
		{"/a*b*c", "/a-c-b", false},
		{"/a*a", "/a", false}, // the two ends do not share a character
		{"/a", "/a/", false},
		{"/*/x/?*", "/p/x/y", true},
	} {
		if got := program.NewPathPattern(row.pattern).Match(row.path); got != row.want {
			t.Errorf("%q on %q: %v", row.pattern, row.path, got)
		}
	}
	if got := program.NewPathPattern("images/*").String(); got != "images/*" {
		t.Errorf("a pattern is shown as configured, got %q", got)
	}
}

// FuzzPathPattern compares the matcher with a regular expression.
func FuzzPathPattern(f *testing.F) {
	f.Add("/a*b?c", "/axxbyc")
	f.Add("*.*", "/.")
	f.Add("???", "/ab")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 64 || len(path) > 256 {
			return
		}
		for _, r := range pattern + path {
			if r < ' ' || r > '~' {
				return // patterns and raw paths are printable ASCII
			}
		}
		full := pattern
		if full == "" {
			full = "*"
		}
		if full[0] != '/' && full[0] != '*' {
			full = "/" + full
		}
		text := regexp.QuoteMeta(full)
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\*`, ".*"), `\?`, ".")
		want := regexp.MustCompile("^(?s:" + text + ")$").MatchString(path)
		if got := program.NewPathPattern(pattern).Match(path); got != want {
			t.Fatalf("%q on %q: %v, want %v", pattern, path, got, want)
		}
	})
}

func TestSelectionTakes(t *testing.T) {
	wild := []program.NamePattern{program.NewNamePattern("sess*"), program.NewNamePattern("a?c")}
	for _, row := range []struct {
		name      string
		selection program.Selection
		in        string
		want      bool
	}{
		{"none", program.Selection{}, "a", false},
		{"all", program.Selection{Mode: program.SelectAll}, "a", true},
		{"only", program.Selection{Mode: program.SelectOnly, Names: []string{"a", "b"}}, "b", true},
		{"only, not listed", program.Selection{Mode: program.SelectOnly, Names: []string{"a", "b"}}, "B", false},
		{"except", program.Selection{Mode: program.SelectExcept, Names: []string{"host"}}, "host", false},
		{"except, not listed", program.Selection{Mode: program.SelectExcept, Names: []string{"host"}}, "accept", true},
		{"a star is literal in a name", program.Selection{Mode: program.SelectOnly, Names: []string{"a*"}}, "ab", false},
		{"wildcard", program.Selection{Mode: program.SelectOnly, Patterns: wild}, "session", true},
		{"wildcard ?", program.Selection{Mode: program.SelectOnly, Patterns: wild}, "abc", true},
		{"wildcard, no match", program.Selection{Mode: program.SelectOnly, Patterns: wild}, "xsess", false},
	} {
		if got := row.selection.Takes(row.in); got != row.want {
			t.Errorf("%s: Takes(%q) = %v", row.name, row.in, got)
		}
	}
}

func distribution(id, domain string, aliases ...string) *program.Distribution {
	return &program.Distribution{ID: id, DomainName: domain, Aliases: aliases, Behaviors: []*program.Behavior{{}}}
}

func TestEdgeHosts(t *testing.T) {
	one := distribution("E1AAAA", "d1.cloudfront.net", "*.example.com")
	two := distribution("E2BBBB", "d2.cloudfront.net", "www.example.com")
	edge := (&program.Edge{}).With(7, program.EdgeChange{Distributions: map[string]*program.Distribution{"E1AAAA": one, "E2BBBB": two}})
	for host, want := range map[string]*program.Distribution{
		"d1.cloudfront.net":           one,
		"d1.cloudfront.localhost":     one,
		"e1aaaa.cloudfront.localhost": one,
		"shop.example.com":            one,
		"www.example.com":             two, // the most specific alias wins
		"a.b.example.com":             nil, // a wildcard is one label
		"example.com":                 nil,
		"d3.cloudfront.net":           nil,
	} {
		if got, ok := edge.Distribution(host); got != want || ok != (want != nil) {
			t.Errorf("%s: %v", host, got)
		}
	}
	// One unit changes and another goes; the old program stays as it was.
	moved := distribution("E2BBBB", "d2.cloudfront.net", "new.example.com")
	next := edge.With(8, program.EdgeChange{Distributions: map[string]*program.Distribution{"E1AAAA": nil, "E2BBBB": moved}})
	if _, ok := next.Distribution("www.example.com"); ok {
		t.Error("a removed alias still has an owner")
	}
	if d, _ := next.Distribution("new.example.com"); d != moved {
		t.Error("a new alias has no owner")
	}
	if next.Len() != 1 || edge.Len() != 2 || next.Revision != 8 {
		t.Errorf("lengths %d, %d, revision %d", next.Len(), edge.Len(), next.Revision)
	}
	if d, ok := edge.DistributionByID("E1AAAA"); !ok || d != one {
		t.Error("the old program lost a distribution")
	}
}

func TestBehaviorOrder(t *testing.T) {
	first := &program.Behavior{Pattern: program.NewPathPattern("/a/*")}
	second := &program.Behavior{Pattern: program.NewPathPattern("/a*")}
	last := &program.Behavior{}
	d := &program.Distribution{Behaviors: []*program.Behavior{first, second, last}}
	for path, want := range map[string]*program.Behavior{"/a/b": first, "/ab": second, "/b": last} {
		if d.Match(path) != want {
			t.Errorf("%s went to another behavior", path)
		}
	}
}

func TestCachePolicy(t *testing.T) {
	disabled := program.CachePolicy{Gzip: true, Brotli: true}
	if gzip, brotli := disabled.Encodings(); gzip || brotli || !disabled.Disabled() {
		t.Error("a disabled policy has encodings")
	}
	legacy := program.CachePolicy{Legacy: true, DefaultTTL: time.Hour}
	if gzip, brotli := legacy.Encodings(); !gzip || brotli {
		t.Error("ForwardedValues means gzip alone")
	}
	star := program.CachePolicy{DefaultTTL: time.Hour, Headers: program.Selection{Mode: program.SelectAll}}
	if !star.Disabled() {
		t.Error("Headers * does not cache")
	}
}

func TestErrorTTL(t *testing.T) {
	d := &program.Distribution{Errors: map[int]program.ErrorResponse{404: {CachingTTL: time.Minute}}}
	if d.ErrorTTL(404) != time.Minute || d.ErrorTTL(500) != program.DefaultErrorTTL {
		t.Error("ErrorCachingMinTTL of the status, else 10 s")
	}
}
