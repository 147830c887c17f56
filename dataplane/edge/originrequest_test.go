package edge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// Origin request policies as AWS manages them.
var (
	allViewer = program.OriginRequestPolicy{
		ID: "allViewer", Headers: program.Selection{Mode: program.SelectAll},
		Cookies: program.Selection{Mode: program.SelectAll}, QueryStrings: program.Selection{Mode: program.SelectAll},
	}
	allViewerExceptHost = program.OriginRequestPolicy{
		ID: "allExcept", Headers: program.Selection{Mode: program.SelectExcept, Names: []string{"host"}},
		Cookies: program.Selection{Mode: program.SelectAll}, QueryStrings: program.Selection{Mode: program.SelectAll},
	}
)

// showCall writes what an origin gets as text.
func showCall(c *upstream.Call) string {
	var b strings.Builder
	query := ""
	if c.HasQuery {
		query = "?" + c.RawQuery
	}
	fmt.Fprintf(&b, "%s %s://%s:%d%s%s\nHost: %s\n", c.Method, c.Scheme, c.Host, c.Port, c.Path, query, c.Authority)
	for _, f := range c.Header {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}

const viewerRequest = `POST https://d1.cloudfront.net/a//../b?z=1&a=%20&z=2
Accept: text/html
accept-encoding: gzip, deflate, br
Authorization: Bearer t
Cache-Control: no-cache
CloudFront-Viewer-Country: XX
Content-Type: application/json
Content-Length: 2
Cookie: b=2; $Version=1; a=1
cookie: broken; c=3
Expect: 100-continue
If-None-Match: "x"
Origin: https://shop.example
Proxy-Authorization: secret
Referer: https://evil.example
TE: trailers
User-Agent: curl/8
Via: 1.1 proxy
X-Amz-Cf-Id: fake
X-Edge-Secret: fake
X-Forwarded-For: 198.51.100.1
X-Forwarded-Proto: http
X-Other: 1
X-Real-IP: 10.0.0.1

{}`

// What the edge itself adds at the end of every request.
const ownFields = "X-Amz-Cf-Id: " + testID + "\n" +
	"Via: 1.1 proxy, 2.0 00000000000000000000000000000000.cloudfront.net (CloudFront)\n" +
	"X-Forwarded-For: 198.51.100.1,192.0.2.7\n" +
	"CDN-Loop: CloudFront;distribution=E1TEST\n"

func TestOriginRequestByPolicy(t *testing.T) {
	disabled := program.CachePolicy{ID: "disabled"}
	const line = "POST https://api.example.com:443/prod/a//../b"
	for _, row := range []struct {
		name  string
		cache program.CachePolicy
		orp   program.OriginRequestPolicy
		want  string
	}{
		{
			"no origin request policy", disabled, program.OriginRequestPolicy{},
			line + "\nHost: api.example.com\nCache-Control: no-cache\nContent-Type: application/json\nContent-Length: 2\n" +
				"Origin: https://shop.example\nUser-Agent: Amazon CloudFront\n" + ownFields,
		},
		{
			"AllViewer", disabled, allViewer,
			line + "?z=1&a=%20&z=2\nHost: d1.cloudfront.net\nAccept: text/html\nAuthorization: Bearer t\nCache-Control: no-cache\n" +
				"Content-Type: application/json\nContent-Length: 2\nIf-None-Match: \"x\"\nOrigin: https://shop.example\n" +
				"Referer: https://evil.example\nX-Other: 1\nAccept-Encoding: gzip, deflate, br\nCookie: a=1; b=2; c=3\nUser-Agent: curl/8\n" + ownFields,
		},
		{
			"AllViewerExceptHostHeader", disabled, allViewerExceptHost,
			line + "?z=1&a=%20&z=2\nHost: api.example.com\nAccept: text/html\nAuthorization: Bearer t\nCache-Control: no-cache\n" +
				"Content-Type: application/json\nContent-Length: 2\nIf-None-Match: \"x\"\nOrigin: https://shop.example\n" +
				"Referer: https://evil.example\nX-Other: 1\nAccept-Encoding: gzip, deflate, br\nCookie: a=1; b=2; c=3\nUser-Agent: curl/8\n" + ownFields,
		},
		{
			"whitelists", disabled,
			program.OriginRequestPolicy{
				ID: "some", Headers: only("referer", "user-agent", "x-other"), Cookies: only("b"),
				QueryStrings: program.Selection{Mode: program.SelectExcept, Names: []string{"a"}},
			},
			line + "?z=1&z=2\nHost: api.example.com\nCache-Control: no-cache\nContent-Type: application/json\nContent-Length: 2\n" +
				"Origin: https://shop.example\nReferer: https://evil.example\nX-Other: 1\nCookie: b=2\nUser-Agent: curl/8\n" + ownFields,
		},
		{
			"codings of the cache policy", optimized(), allViewerExceptHost,
			line + "?z=1&a=%20&z=2\nHost: api.example.com\nAccept: text/html\nAuthorization: Bearer t\nCache-Control: no-cache\n" +
				"Content-Type: application/json\nContent-Length: 2\nIf-None-Match: \"x\"\nOrigin: https://shop.example\n" +
				"Referer: https://evil.example\nX-Other: 1\nAccept-Encoding: br,gzip\nCookie: a=1; b=2; c=3\nUser-Agent: curl/8\n" + ownFields,
		},
		{
			"legacy, nothing forwarded", program.CachePolicy{Legacy: true, DefaultTTL: time.Hour, MaxTTL: time.Hour}, program.OriginRequestPolicy{},
			line + "\nHost: api.example.com\nAuthorization: Bearer t\nCache-Control: no-cache\nContent-Type: application/json\n" +
				"Content-Length: 2\nIf-None-Match: \"x\"\nOrigin: https://shop.example\nX-Other: 1\nAccept-Encoding: gzip\nUser-Agent: Amazon CloudFront\n" + ownFields,
		},
		{
			"legacy whitelists", program.CachePolicy{
				Legacy: true, DefaultTTL: time.Hour, MaxTTL: time.Hour, Headers: only("host", "referer", "user-agent"), LegacyForwardQuery: true,
				Cookies: program.Selection{Mode: program.SelectOnly, Patterns: []program.NamePattern{program.NewNamePattern("?")}},
			}, program.OriginRequestPolicy{},
			line + "?z=1&a=%20&z=2\nHost: d1.cloudfront.net\nAuthorization: Bearer t\nCache-Control: no-cache\nContent-Type: application/json\n" +
				"Content-Length: 2\nIf-None-Match: \"x\"\nOrigin: https://shop.example\nReferer: https://evil.example\nX-Other: 1\n" +
				"Accept-Encoding: gzip\nCookie: a=1; b=2; c=3\nUser-Agent: curl/8\n" + ownFields,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.behavior().Cache, w.behavior().Request = row.cache, row.orp
			w.get(viewerRequest)
			if got := showCall(w.lastCall()); got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
}

// The heart of both locks: whatever a viewer sends under a custom header's
// name, the origin sees the configured value and nothing else.
func TestCustomHeadersOverwrite(t *testing.T) {
	custom := []program.HeaderField{{Name: "X-Api-Key", Value: "right"}, {Name: "Referer", Value: "secret"}, {Name: "User-Agent", Value: "bridge"}, {Name: "X-Forwarded-For", Value: "1.2.3.4"}}
	viewers := []string{
		"",
		"\nx-api-key: wrong\nreferer: wrong",
		"\nX-API-KEY: wrong\nx-Api-kEy: wrong\nREFERER: wrong\nX-Api-Key: wrong, again",
		"\nX-Api-Key: right\nX-Api-Key: wrong\nreferer: secret\nReferer: wrong",
		"\nx-api-key: \nReferer: ",
		"\nUser-Agent: wrong\nX-Forwarded-For: wrong",
	}
	legacy := program.CachePolicy{Legacy: true, Headers: program.Selection{Mode: program.SelectAll}}
	for name, set := range map[string]func(b *program.Behavior){
		"nothing forwarded": func(b *program.Behavior) {},
		"caching disabled":  func(b *program.Behavior) { b.Cache = program.CachePolicy{} },
		"AllViewer":         func(b *program.Behavior) { b.Request = allViewer },
		"AllViewerExcept":   func(b *program.Behavior) { b.Cache = program.CachePolicy{}; b.Request = allViewerExceptHost },
		"whitelist": func(b *program.Behavior) { // the control plane refuses this; it must hold here all the same
			b.Request = program.OriginRequestPolicy{Headers: only("referer", "x-api-key")}
		},
		"in the key":  func(b *program.Behavior) { b.Cache.Headers = only("referer", "x-api-key") },
		"legacy star": func(b *program.Behavior) { b.Cache = legacy },
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			for i, extra := range viewers {
				w := newWorld(t)
				set(w.behavior())
				w.behavior().Origin.CustomHeaders = custom
				w.get(fmt.Sprintf("%s https://d1.cloudfront.net/%d%s", method, i, extra))
				h := w.lastCall().Header
				for _, c := range custom {
					var got []string
					for v := range h.All(c.Name) {
						got = append(got, v)
					}
					if len(got) != 1 || got[0] != c.Value {
						t.Errorf("%s, %s, %q: %s is %q", name, method, extra, c.Name, got)
					}
				}
			}
		}
	}
}

// Custom headers are never part of the cache key.
func TestCustomHeadersNotInKey(t *testing.T) {
	w := newWorld(t)
	w.behavior().Origin.CustomHeaders = []program.HeaderField{{Name: "X-Api-Key", Value: "one"}}
	w.get("GET https://d1.cloudfront.net/")
	w.behavior().Origin.CustomHeaders = []program.HeaderField{{Name: "X-Api-Key", Value: "two"}}
	w.xCache("GET https://d1.cloudfront.net/", 200, "Hit", "fresh")
}

func TestForwardedHost(t *testing.T) {
	w := newWorld(t)
	w.behavior().Request = allViewer
	w.get("GET https://shop.example.com:8443/x")
	c := w.lastCall()
	if c.Host != "api.example.com" || c.Authority != "shop.example.com:8443" || c.ServerName != "shop.example.com" {
		t.Errorf("%+v", c)
	}
	w.behavior().Request = allViewerExceptHost
	w.get("GET https://shop.example.com/y")
	if c := w.lastCall(); c.Authority != "api.example.com" || c.ServerName != "" {
		t.Errorf("%+v", c)
	}
}

func TestOriginProtocol(t *testing.T) {
	for _, row := range []struct {
		protocol program.OriginProtocolPolicy
		viewer   string
		scheme   string
		port     int
	}{
		{program.OriginHTTPSOnly, "http", "https", 8443},
		{program.OriginHTTPOnly, "https", "http", 8080},
		{program.OriginMatchViewer, "http", "http", 8080},
		{program.OriginMatchViewer, "https", "https", 8443},
	} {
		w := newWorld(t)
		o := w.behavior().Origin
		o.Protocol, o.HTTPPort, o.HTTPSPort = row.protocol, 8080, 8443
		w.get("GET " + row.viewer + "://d1.cloudfront.net/")
		if c := w.lastCall(); c.Scheme != row.scheme || c.Port != row.port {
			t.Errorf("%+v: %s %d", row, c.Scheme, c.Port)
		}
	}
}

func TestCloudFrontFields(t *testing.T) {
	w := newWorld(t)
	w.behavior().Cache.Headers = only("cloudfront-is-mobile-viewer")
	w.behavior().Request = program.OriginRequestPolicy{CloudFront: []string{"CloudFront-Viewer-Address", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Http-Version", "CloudFront-Viewer-Country"}}
	const phone = "\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148\nCloudFront-Is-Mobile-Viewer: false\nCloudFront-Viewer-Country: XX"
	w.get("GET https://d1.cloudfront.net/" + phone)
	h := w.lastCall().Header
	for name, want := range map[string]string{
		"CloudFront-Is-Mobile-Viewer": "true", "CloudFront-Viewer-Address": "192.0.2.7:4711", "CloudFront-Forwarded-Proto": "https",
		"CloudFront-Viewer-Http-Version": "2.0", "CloudFront-Viewer-Country": "",
	} {
		if got := h.Joined(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// The edge's own finding makes the key, not what the viewer claims.
	w.xCache("GET https://d1.cloudfront.net/"+strings.Replace(phone, "false", "true", 1), 200, "Hit", "fresh")
	w.xCache("GET https://d1.cloudfront.net/\nUser-Agent: curl/8\nCloudFront-Is-Mobile-Viewer: true", 200, "Miss", "default-ttl")
}

func TestAcceptEncodingToOrigin(t *testing.T) {
	for _, row := range []struct{ sent, want string }{
		{"gzip, deflate, br, zstd", "br,gzip"},
		{"br;q=1.0, gzip;q=0", "br"},
		{"GZIP", "gzip"},
		{"gzip;q=0.000, br;q=0.0", "identity"},
		{"deflate", "identity"},
		{"*", "identity"},
		{"", "identity"},
		{"-", ""}, // none sent
	} {
		w := newWorld(t)
		header := "\nAccept-Encoding: " + row.sent
		if row.sent == "-" {
			header = ""
		}
		w.get("GET https://d1.cloudfront.net/" + header)
		if got := w.lastCall().Header.Joined("Accept-Encoding"); got != row.want {
			t.Errorf("%q became %q, want %q", row.sent, got, row.want)
		}
	}
}

func TestRetries(t *testing.T) {
	for _, row := range []struct {
		method, failure string
		calls           int
	}{
		{"GET", "!timeout", 3},
		{"HEAD", "!timeout", 3},
		{"POST", "!timeout", 1},
		{"DELETE", "!timeout", 1},
		{"OPTIONS", "!timeout", 1},
		{"GET", "!connect", 1}, // connections are tried again by the upstream
		{"GET", "!broken", 1},
	} {
		w := newWorld(t)
		w.answers(row.failure)
		w.get(row.method + " https://d1.cloudfront.net/")
		if n := w.numberOfCalls(); n != row.calls {
			t.Errorf("%s %s: %d calls", row.method, row.failure, n)
		}
	}
	w := newWorld(t)
	w.answers("!timeout", "200\n\nat last")
	w.xCache("GET https://d1.cloudfront.net/", 200, "Miss", "default-ttl")
}

// Origin groups: reference/cloudfront.md section 2.8.
func TestFailover(t *testing.T) {
	second := &program.Origin{ID: "b", DomainName: "b.example.com", HTTPSPort: 443, CustomHeaders: []program.HeaderField{{Name: "X-Origin", Value: "b"}}}
	for _, row := range []struct {
		method, first string
		on            []int
		failsOver     bool
	}{
		{"GET", "503\n\n", []int{503}, true},
		{"GET", "503\n\n", []int{500}, false},
		{"GET", "404\n\n", []int{404}, true},
		{"GET", "301\n\n", []int{404}, false},
		{"GET", "!connect", []int{503}, true},
		{"GET", "!resolve", []int{503}, true},
		{"GET", "!connect", []int{502}, false},
		{"GET", "!timeout", []int{504}, true},
		{"GET", "!timeout", []int{503}, false},
		{"HEAD", "503\n\n", []int{503}, true},
		{"POST", "503\n\n", []int{503}, false},
		{"OPTIONS", "503\n\n", []int{503}, false},
	} {
		w := newWorld(t)
		first := *w.behavior().Origin
		first.Attempts = 1
		first.CustomHeaders = []program.HeaderField{{Name: "X-Origin", Value: "a"}}
		w.behavior().Group = &program.OriginGroup{Members: [2]*program.Origin{&first, second}, FailoverOn: map[int]bool{}}
		for _, status := range row.on {
			w.behavior().Group.FailoverOn[status] = true
		}
		w.answers(row.first, "200\n\nsecond")
		w.get(row.method + " https://d1.cloudfront.net/")
		if got := w.lastCall().Host == "b.example.com"; got != row.failsOver {
			t.Errorf("%s %q on %v: failed over %v", row.method, row.first, row.on, got)
		}
		if h := w.lastCall().Header.Joined("X-Origin"); row.failsOver && h != "b" {
			t.Errorf("the secondary got %q", h)
		}
	}
}

func TestCompletionTimeoutIsSet(t *testing.T) {
	w := newWorld(t)
	w.behavior().Origin.CompletionTimeout = time.Minute
	w.behavior().Cache = program.CachePolicy{}
	bounded := false
	w.origin = nil
	inner := func(call *upstream.Call) *exchange.Response { return response("200 stream\n\nx") }
	w.origin = originFunc(func(deadline bool, call *upstream.Call) *exchange.Response {
		bounded = deadline
		return inner(call)
	})
	if resp := w.get("GET https://d1.cloudfront.net/"); body(resp) != "x" || !bounded {
		t.Errorf("bounded %v, body %q", bounded, body(resp))
	}
}
