package edge_test

import (
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/program"
)

// What a policy does to the origin's fields (reference/cloudfront.md 5.1): the
// fields between Date and X-Cache.
func TestResponseHeadersPolicy(t *testing.T) {
	list := &program.CORS{
		Origins: []program.CORSOrigin{program.NewCORSOrigin("https://*.example.com"), program.NewCORSOrigin("null")},
		Headers: []string{"x-one", "x-amz-*"}, Methods: "GET, PUT", ExposeHeaders: "etag", MaxAge: "60", Credentials: true,
	}
	anyone := &program.CORS{AnyOrigin: true, Headers: []string{"*"}, Methods: "GET", ExposeHeaders: "*"}
	overriding := *anyone
	overriding.Override = true
	preflight := "\nAccess-Control-Request-Method: PUT\nAccess-Control-Request-Headers: X-Amz-Date, authorization, x-amz-"
	for _, row := range []struct {
		name    string
		policy  program.ResponseHeadersPolicy
		request string // method and fields
		origin  string // fields
		want    string
	}{
		{"nothing without Origin", program.ResponseHeadersPolicy{CORS: anyone}, "GET", "", ""},
		{"any origin", program.ResponseHeadersPolicy{CORS: anyone}, "GET\nOrigin: https://a.test", "", "Access-Control-Allow-Origin: *\nAccess-Control-Expose-Headers: *"},
		{"an origin of the list", program.ResponseHeadersPolicy{CORS: list}, "GET\nOrigin: https://a.example.com", "Vary: Accept-Encoding",
			"Vary: Accept-Encoding, Origin\nAccess-Control-Allow-Origin: https://a.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Expose-Headers: etag"},
		{"an origin that is not", program.ResponseHeadersPolicy{CORS: list}, "GET\nOrigin: https://example.com", "", ""},
		{"null", program.ResponseHeadersPolicy{CORS: list}, "GET\nOrigin: null", "",
			"Vary: Origin\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\nAccess-Control-Expose-Headers: etag"},
		{"preflight", program.ResponseHeadersPolicy{CORS: list}, "OPTIONS\nOrigin: https://a.example.com" + preflight, "",
			"Vary: Origin\nAccess-Control-Allow-Origin: https://a.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Headers: x-one, x-amz-date\n" +
				"Access-Control-Allow-Methods: GET, PUT\nAccess-Control-Max-Age: 60"},
		{"preflight for anyone", program.ResponseHeadersPolicy{CORS: anyone}, "OPTIONS\nOrigin: x" + preflight, "",
			"Access-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: *\nAccess-Control-Allow-Methods: GET"},
		{"an origin that answers itself", program.ResponseHeadersPolicy{CORS: anyone}, "GET\nOrigin: x", "Access-Control-Max-Age: 1", "Access-Control-Max-Age: 1"},
		{"and is overridden", program.ResponseHeadersPolicy{CORS: &overriding}, "GET\nOrigin: x", "Access-Control-Max-Age: 1\nAccess-Control-Allow-Origin: y",
			"Access-Control-Max-Age: 1\nAccess-Control-Allow-Origin: *\nAccess-Control-Expose-Headers: *"},
		{"override or not", program.ResponseHeadersPolicy{Headers: []program.PolicyHeader{
			{Name: "X-Kept", Value: "policy"}, {Name: "X-Replaced", Value: "policy", Override: true}, {Name: "X-New", Value: ""},
		}}, "GET", "x-kept: origin\nx-replaced: 1\nx-replaced: 2", "x-kept: origin\nX-Replaced: policy\nX-New: "},
		{"remove, then add", program.ResponseHeadersPolicy{Remove: []string{"x-a", "server", "x-none"}, Headers: []program.PolicyHeader{{Name: "X-A", Value: "policy"}}},
			"GET", "X-A: 1\nServer: apache\nx-a: 2\nX-B: 3", "Server: CloudFront\nX-B: 3\nX-A: policy"},
	} {
		w := newWorld(t)
		w.behavior().Response = &row.policy
		w.answers("200\nDate: D\n" + strings.TrimSuffix(row.origin+"\n", "\n") + "\n\nok")
		method, fields, _ := strings.Cut(row.request, "\n")
		text := show(w.get(method + " https://d1.cloudfront.net/\n" + fields))
		_, text, _ = strings.Cut(text, "Date: D\n")
		got, _, _ := strings.Cut(text, "X-Cache: ")
		if strings.TrimSuffix(got, "\n") != row.want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", row.name, got, row.want)
		}
	}
}

// The policy is for hits, errors, 304s and functions' answers too, not for the
// pages that the edge makes.
func TestResponseHeadersPolicyEverywhere(t *testing.T) {
	w := newWorld(t)
	w.behavior().Response = &program.ResponseHeadersPolicy{Headers: []program.PolicyHeader{{Name: "Content-Security-Policy", Value: "p"}}}
	w.answers("200\nETag: \"1\"\n\nok")
	for _, row := range []struct {
		request string
		status  int
		there   bool
	}{
		{"GET https://d1.cloudfront.net/", 200, true},
		{"GET https://d1.cloudfront.net/", 200, true},
		{"GET https://d1.cloudfront.net/\nIf-None-Match: \"1\"", 304, true},
		{"GET https://d1.cloudfront.net/\nRange: bytes=0-0", 206, true},
		{"GET https://d1.cloudfront.net/?x\n\nbody", 403, false},
	} {
		if resp := w.get(row.request); resp.Status != row.status || resp.Header.Has("Content-Security-Policy") != row.there {
			t.Errorf("%s: %d %v", row.request, resp.Status, resp.Header)
		}
	}
	w.behavior().ViewerRequest = function(t, "return {statusCode: 404};")
	if resp := w.get("GET https://d1.cloudfront.net/"); resp.Header.Get("Content-Security-Policy") != "p" {
		t.Errorf("a function's answer: %v", resp.Header)
	}
	w.behavior().ViewerProtocol, w.behavior().ViewerRequest = program.RedirectToHTTPS, nil
	if resp := w.get("GET http://d1.cloudfront.net/"); resp.Status != 301 || resp.Header.Has("Content-Security-Policy") {
		t.Errorf("a redirect: %v", resp.Header)
	}
}

func TestServerTiming(t *testing.T) {
	w := newWorld(t)
	policy := &program.ResponseHeadersPolicy{ServerTiming: true, Sampling: 100}
	w.behavior().Response = policy
	w.answers("200\nServer-Timing: db;dur=1\nCache-Control: max-age=10\nETag: \"1\"\n\nok", "304\nServer-Timing: db;dur=2\n\n")
	const rest = `cdn-pop;desc="NRT57-P2",cdn-rid;desc="` + testID + `"`
	const upstream = `cdn-upstream-layer;desc="EDGE",cdn-upstream-dns;dur=0,cdn-upstream-connect;dur=0,cdn-upstream-fbl;dur=0,`
	want := func(text string) {
		t.Helper()
		if got := w.get("GET https://d1.cloudfront.net/").Header.Joined("Server-Timing"); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
	want(upstream + "cdn-cache-miss," + rest + ",cdn-downstream-fbl;dur=0,db;dur=1")
	want("cdn-cache-hit," + rest + `,cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=0`)
	w.later(time.Minute)
	want(upstream + "cdn-cache-refresh," + rest + ",cdn-downstream-fbl;dur=0,db;dur=2")
	policy.Sampling = 0
	if w.get("GET https://d1.cloudfront.net/").Header.Get("Server-Timing") != "db;dur=2" {
		t.Error("sent at a rate of 0")
	}
	if !strings.HasPrefix(w.get("GET https://d1.cloudfront.net/\nPragma: Server-Timing").Header.Get("Server-Timing"), "cdn-cache-hit") {
		t.Error("not sent when asked for")
	}
}
