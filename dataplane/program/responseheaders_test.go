package program_test

import (
	"strings"
	"testing"

	"drawbridge/dataplane/program"
)

// The forms of allowed origins (reference/cloudfront.md 5.1).
func TestCORSOrigin(t *testing.T) {
	for _, row := range []struct {
		allowed, origin string
		want            bool
	}{
		{"https://example.org", "https://example.org", true},
		{"https://example.org", "HTTPS://EXAMPLE.org", true},
		{"https://example.org", "http://example.org", false},
		{"http://example.org", "http://example.org:8080", true},
		{"http://example.org:80", "http://example.org:8080", false},
		{"http://example.org:80", "http://example.org", false},
		{"http://example.org:*", "http://example.org:8080", true},
		{"http://example.org:1*3", "http://example.org:1993", true},
		{"http://example.org:1*3", "http://example.org:1994", false},
		{"http://*.example.org", "http://www.example.org", true},
		{"http://*.example.org", "http://a.b.example.org", true},
		{"http://*.example.org", "http://example.org", false},
		{"http://*.example.org", "http://.example.org", false},
		{"http://*.example.org", "http://evilexample.org", false},
		{"http://*.example.org", "http://x.example.org.evil.test", false},
		{"example.org", "example.org", true},
		{"example.org", "https://example.org", false},
		{"http://[::1]", "http://[::1]:80", true},
		{"null", "null", true},
		{"http://example.org", "", false},
	} {
		if got := program.NewCORSOrigin(row.allowed).Match(row.origin); got != row.want {
			t.Errorf("%s for %q: %v", row.allowed, row.origin, got)
		}
	}
}

// FuzzCORSOrigin: an origin that matches one without wildcards and port is that
// one, with any port behind it.
func FuzzCORSOrigin(f *testing.F) {
	f.Add("https://a.example.org:443")
	f.Add("://:")
	f.Add("null")
	o := program.NewCORSOrigin("https://a.example.org")
	f.Fuzz(func(t *testing.T, origin string) {
		if o.Match(origin) && !strings.HasPrefix(strings.ToLower(origin), "https://a.example.org") {
			t.Errorf("%q matches", origin)
		}
	})
}
