package edge_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

func TestHitMissExpired(t *testing.T) {
	w := newWorld(t)
	w.answers("200\nCache-Control: max-age=60\n\none", "200\nCache-Control: max-age=60\n\ntwo")
	const get = "GET https://d1.cloudfront.net/a"
	w.xCache(get, 200, "Miss", "max-age")
	w.later(59 * time.Second)
	w.xCache(get, 200, "Hit", "fresh")
	w.xCache("GET http://d1.cloudfront.net/a", 200, "Hit", "fresh") // one copy for both schemes
	w.later(time.Second)
	w.xCache(get, 200, "Miss", "max-age") // nothing to revalidate with
	if got := body(w.get(get)); got != "two" {
		t.Errorf("body %q", got)
	}
	w.xCache("POST https://d1.cloudfront.net/a", 200, "Miss", "method")
	w.xCache("GET https://d1.cloudfront.net/a?x=1", 200, "Hit", "fresh") // the query is not in the key
	if w.lastCall().HasQuery {
		t.Error("a query that no policy takes went to the origin")
	}
}

func TestRevalidation(t *testing.T) {
	w := newWorld(t)
	w.behavior().Cache = useOrigin()
	w.answers("200\nETag: \"v1\"\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\nCache-Control: max-age=10\nX-Old: 1\n\nbody",
		"304\nETag: \"v1\"\nCache-Control: max-age=20\nDate: Sun, 22 Nov 2026 12:00:10 GMT\nX-New: 1\n\n",
		"200\nCache-Control: max-age=10\n\nother")
	const get = "GET https://d1.cloudfront.net/a"
	w.get(get)
	if h := w.lastCall().Header; h.Has("If-None-Match") || h.Has("If-Modified-Since") {
		t.Error("the first request has conditions")
	}
	w.later(10 * time.Second)
	w.expect(get, `
200
Content-Length: 4
Date: Sun, 22 Nov 2026 12:00:10 GMT
ETag: "v1"
Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT
Cache-Control: max-age=20
X-Old: 1
X-New: 1
X-Cache: RefreshHit from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

body`)
	if h := w.lastCall().Header; h.Get("If-None-Match") != `"v1"` || h.Get("If-Modified-Since") == "" {
		t.Errorf("%v", h)
	}
	w.later(19 * time.Second)
	w.xCache(get, 200, "Hit", "fresh")
	w.later(time.Second)
	w.xCache(get, 200, "Miss", "max-age")
}

func TestNoConditionsWhereCookiesAreForwarded(t *testing.T) {
	w := newWorld(t)
	w.behavior().Request = program.OriginRequestPolicy{Cookies: only("s")}
	w.answers("200\nETag: \"v1\"\nCache-Control: max-age=10\nSet-Cookie: s=1\n\nbody")
	if got := w.get("GET https://d1.cloudfront.net/a").Header.Get("Set-Cookie"); got != "s=1" {
		t.Errorf("Set-Cookie %q", got)
	}
	w.later(10 * time.Second)
	w.get("GET https://d1.cloudfront.net/a")
	if w.lastCall().Header.Has("If-None-Match") {
		t.Error("revalidated")
	}
}

func TestNoCacheIsRevalidatedEachTime(t *testing.T) {
	w := newWorld(t)
	w.behavior().Cache = useOrigin()
	w.answers("200\nETag: \"v1\"\nCache-Control: no-cache\n\nbody", "304\nETag: \"v1\"\n\n")
	const get = "GET https://d1.cloudfront.net/a"
	w.xCache(get, 200, "Miss", "no-cache")
	w.xCache(get, 200, "RefreshHit", "refreshed")
	w.xCache(get, 200, "RefreshHit", "refreshed")
	w.answers("500\n\n")
	w.xCache(get, 500, "Error", "error") // no-cache forbids the stale copy
}

func TestStaleObjects(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	t.Run("on error by default, the origin left alone for a while", func(t *testing.T) {
		w := newWorld(t)
		w.answers("200\nCache-Control: max-age=10\n\nold", "500\n\n", "!connect", "404\n\n")
		w.get(get)
		w.later(10 * time.Second)
		w.xCache(get, 200, "Hit", "stale-on-error")
		w.later(9 * time.Second)
		w.xCache(get, 200, "Hit", "stale-retry-later")
		if n := w.numberOfCalls(); n != 2 {
			t.Errorf("%d calls", n)
		}
		w.later(time.Second)
		w.xCache(get, 200, "Hit", "stale-on-error") // unreachable counts too
		w.later(10 * time.Second)
		w.xCache(get, 404, "Error", "error") // a 4xx is the answer
	})
	t.Run("stale-if-error=0", func(t *testing.T) {
		w := newWorld(t)
		w.answers("200\nCache-Control: max-age=10, stale-if-error=0\n\nold", "500\n\nfailed")
		w.get(get)
		w.later(10 * time.Second)
		w.xCache(get, 500, "Error", "error")
	})
	t.Run("while it is revalidated", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.answers("200\nCache-Control: max-age=10, stale-while-revalidate=100\n\nold", "200\nCache-Control: max-age=10\n\nnew")
			w.get(get)
			w.later(50 * time.Second)
			if resp := w.get(get); body(resp) != "old" || resp.Header.Get("Age") != "50" || w.last.Record.Reason != "stale-while-revalidate" {
				t.Errorf("%s", show(resp))
			}
			synctest.Wait()
			if got := body(w.get(get)); got != "new" || w.numberOfCalls() != 2 {
				t.Errorf("%q after %d calls", got, w.numberOfCalls())
			}
		})
	})
}

func TestErrorsAreKept(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	for _, row := range []struct {
		answer string
		status int
		kept   bool
	}{
		{"404\n\n", 404, true},
		{"500\n\n", 500, true},
		{"!connect", 502, true},
		{"!timeout", 504, true},
		{"403\n\n", 403, false},
		{"403\nCache-Control: max-age=30\n\n", 403, true},
		{"401\n\n", 401, false},
		{"416\n\n", 416, false},
	} {
		w := newWorld(t)
		w.behavior().Origin.Attempts = 1
		w.answers(row.answer)
		w.get(get)
		w.later(9 * time.Second)
		resp := w.get(get)
		if kept := w.numberOfCalls() == 1; kept != row.kept || resp.Status != row.status {
			t.Errorf("%q: %d, kept %v", row.answer, resp.Status, kept)
		}
		if resp.Header.Get("X-Cache") != "Error from cloudfront" || row.kept && resp.Header.Get("Age") != "9" {
			t.Errorf("%q: %s", row.answer, show(resp))
		}
		w.later(25 * time.Second)
		w.get(get)
		if row.kept && w.numberOfCalls() != 2 {
			t.Errorf("%q is kept too long", row.answer)
		}
	}
	w := newWorld(t)
	w.behavior().Cache = program.CachePolicy{}
	w.answers("!connect")
	w.get(get)
	w.get(get)
	if w.numberOfCalls() != 2 {
		t.Error("CachingDisabled keeps errors")
	}
}

func TestCustomErrorPages(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a?x=1\nIf-None-Match: \"page\""
	w := newWorld(t)
	pages := *w.behavior()
	pages.Pattern = program.NewPathPattern("/errors/*")
	pages.Origin = &program.Origin{DomainName: "pages.example.com", HTTPSPort: 443}
	w.dist.Behaviors = append([]*program.Behavior{&pages}, w.dist.Behaviors...)
	w.dist.Errors = map[int]program.ErrorResponse{
		404: {PagePath: "/errors/404.html", StatusCode: 200, CachingTTL: 5 * time.Second},
		502: {PagePath: "/errors/502.html"},
		403: {PagePath: "/errors/missing.html", StatusCode: 403},
		500: {CachingTTL: time.Minute},
	}
	next := "404\n\nplain"
	w.origin = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		switch {
		case call.Host != "pages.example.com":
			if next == "!connect" {
				return nil, &upstream.Error{Kind: upstream.ConnectFailed, Err: errors.New("refused")}
			}
			return response(next), nil
		case call.Path == "/errors/missing.html":
			return response("410\n\n"), nil
		case call.Method != "GET" || call.HasQuery || call.Header.Has("If-None-Match"):
			t.Errorf("the page is asked for by %s", showCall(call))
		}
		return response("200\nETag: \"page\"\nContent-Type: text/html\n\npage " + call.Path), nil
	}
	resp := w.get(get)
	if resp.Status != 200 || body(resp) != "page /errors/404.html" || resp.Header.Get("X-Cache") != "Error from cloudfront" {
		t.Errorf("404: %s", show(resp))
	}
	resp = w.get("HEAD https://d1.cloudfront.net/b")
	if resp.Status != 200 || body(resp) != "" || resp.Header.Get("Content-Length") != "21" {
		t.Errorf("HEAD: %s", show(resp))
	}
	next = "!connect"
	if resp = w.get("POST https://d1.cloudfront.net/c\n\nx"); resp.Status != 502 || body(resp) != "page /errors/502.html" {
		t.Errorf("502: %s", show(resp))
	}
	next = "403\n\nforbidden"
	if resp = w.get("GET https://d1.cloudfront.net/d"); resp.Status != 410 {
		t.Errorf("a page that fails: %s", show(resp))
	}
	next = "500\n\nfailed"
	if resp = w.get("GET https://d1.cloudfront.net/e"); resp.Status != 500 || body(resp) != "failed" {
		t.Errorf("no page, only a TTL: %s", show(resp))
	}
	if resp = w.get("TRACE https://d1.cloudfront.net/"); resp.Status != 403 || !strings.Contains(body(resp), "cachable") {
		t.Error("CloudFront's own refusal keeps its page")
	}
}

func TestViewerConditionsAndRanges(t *testing.T) {
	w := newWorld(t)
	w.answers("200\nContent-Type: text/plain\nETag: \"v1\"\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\nCache-Control: max-age=100\n\n0123456789")
	const get = "GET https://d1.cloudfront.net/a"
	// On a miss the conditions stay here; the object is stored and compared.
	w.xCache(get+"\nIf-None-Match: \"v1\"", 304, "Miss", "max-age")
	if w.lastCall().Header.Has("If-None-Match") {
		t.Error("a viewer's condition went to the origin")
	}
	w.later(7 * time.Second)
	w.expect(get+"\nIf-None-Match: W/\"v1\"", `
304
Date: Sun, 22 Nov 2026 12:00:00 GMT
ETag: "v1"
Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT
Cache-Control: max-age=100
X-Cache: Hit from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID
Age: 7

`)
	w.xCache(get+"\nIf-Modified-Since: Sun, 22 Nov 2026 11:00:00 GMT", 304, "Hit", "fresh")
	w.xCache("HEAD https://d1.cloudfront.net/a\nIf-None-Match: *", 304, "Hit", "fresh")
	w.xCache(get+"\nIf-None-Match: \"v2\"", 200, "Hit", "fresh")
	w.expect(get+"\nRange: bytes=2-4", `
206
Content-Type: text/plain
Content-Length: 3
Date: Sun, 22 Nov 2026 12:00:00 GMT
ETag: "v1"
Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT
Cache-Control: max-age=100
Content-Range: bytes 2-4/10
X-Cache: Hit from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID
Age: 7

234`)
	for extra, want := range map[string]string{
		"Range: bytes=-2":                            "206 89",
		"Range: bytes=0-1,4-5":                       "200 0123456789",
		"Range: bytes=x":                             "200 0123456789",
		"Range: bytes=2-4\nIf-Range: \"v1\"":         "206 234",
		"Range: bytes=2-4\nIf-Range: \"v0\"":         "200 0123456789",
		"Range: bytes=2-4\nIf-None-Match: \"v1\"":    "304 ",
		"Range: bytes=2-4\nIf-Range: W/\"v1\"\nX: 1": "200 0123456789",
	} {
		if resp := w.get(get + "\n" + extra); fmt.Sprint(resp.Status, " ", body(resp)) != want {
			t.Errorf("%s: %d %s", extra, resp.Status, body(resp))
		}
	}
	resp := w.get(get + "\nRange: bytes=10-")
	if resp.Status != 416 || resp.Header.Get("Content-Range") != "bytes */10" {
		t.Errorf("%s", show(resp))
	}
	if resp := w.get("HEAD https://d1.cloudfront.net/a\nRange: bytes=2-4"); resp.Status != 200 || resp.Header.Get("Content-Length") != "10" || body(resp) != "" {
		t.Errorf("%s", show(resp))
	}
}

func TestRangeOnMiss(t *testing.T) {
	w := newWorld(t)
	w.answers("206\nContent-Range: bytes 2-4/10\n\n234", "200\n\n0123456789")
	const get = "GET https://d1.cloudfront.net/a\nRange: bytes=2-4\nIf-Range: \"v1\""
	w.xCache(get, 206, "Miss", "partial")
	if h := w.lastCall().Header; h.Get("Range") != "bytes=2-4" || h.Get("If-Range") != `"v1"` {
		t.Errorf("%v", h)
	}
	w.xCache(get, 200, "Miss", "default-ttl") // the whole object is stored, this answer is whole
	w.xCache("GET https://d1.cloudfront.net/a\nRange: bytes=2-4", 206, "Hit", "fresh")
	for i, value := range []string{"bytes=0-0,2-2", "bytes=0-,0-,0-", "lines=1-2", "bytes=5-1"} {
		w.xCache(fmt.Sprintf("GET https://d1.cloudfront.net/%d\nRange: %s", i, value), 200, "Miss", "default-ttl")
		if w.lastCall().Header.Has("Range") {
			t.Errorf("Range %s went to the origin", value)
		}
	}
}

func TestHeadAndGetShareAnObject(t *testing.T) {
	w := newWorld(t)
	w.answers("200\nContent-Length: 5\n\nhello")
	w.origin = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		if call.Method == "HEAD" {
			return response("200\nContent-Length: 5\n\n"), nil
		}
		return response("200\n\nhello"), nil
	}
	const url = "https://d1.cloudfront.net/a"
	if resp := w.get("HEAD " + url); resp.Header.Get("Content-Length") != "5" || w.lastCall().Method != "HEAD" {
		t.Errorf("%s", show(resp))
	}
	w.xCache("HEAD "+url, 200, "Hit", "fresh")
	w.xCache("GET "+url, 200, "Miss", "default-ttl") // of a HEAD only the head is known
	w.xCache("HEAD "+url, 200, "Hit", "fresh")
	w.xCache("GET "+url, 200, "Hit", "fresh")
	if n := w.numberOfCalls(); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// What a slower fetch of less worth brings does not take a good object's place.
func TestGoodObjectStays(t *testing.T) {
	const url = "https://d1.cloudfront.net/a"
	for name, row := range map[string]struct{ request, answer string }{
		"bare head": {"HEAD " + url, "200\n\n"},
		"failure":   {"GET " + url + "\nCookie: a=1", "!connect"},
	} {
		w := newWorld(t)
		w.behavior().Request.Cookies.Mode = program.SelectAll
		w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) {
			w.answers("200\n\ngood")
			w.get("GET " + url) // comes and goes while the first one waits
			w.answers(row.answer)
			return w.origin(t.Context(), nil)
		}
		w.get(row.request)
		if r := w.serve(t.Context(), "GET "+url); r != "200 Hit good" {
			t.Errorf("%s: %q", name, r)
		}
	}
}

func TestUnsoundResponses(t *testing.T) {
	for answer, reason := range map[string]string{
		"101\n\n": "origin-closed",
		"200\nX: " + strings.Repeat("x", 32768) + "\n\n": "origin-header-too-big",
	} {
		w := newWorld(t)
		w.answers(answer)
		w.xCache("GET https://d1.cloudfront.net/a", 502, "Error", reason)
	}
}

func TestOptions(t *testing.T) {
	w := newWorld(t)
	const options = "OPTIONS https://d1.cloudfront.net/a"
	w.xCache(options, 200, "Miss", "method")
	w.behavior().Cached = methods("GET HEAD OPTIONS")
	w.get("GET https://d1.cloudfront.net/a")
	w.xCache(options, 200, "Miss", "default-ttl") // not the GET's object
	w.xCache(options, 200, "Hit", "fresh")
}

func TestCacheKey(t *testing.T) {
	const base = "GET https://d1.cloudfront.net/a?x=1&y=2"
	for _, row := range []struct {
		name   string
		set    func(p *program.CachePolicy)
		other  string
		shares bool
	}{
		{"alias", nil, "GET https://shop.example.com/a?x=1&y=2", true},
		{"path", nil, "GET https://d1.cloudfront.net/A?x=1&y=2", false},
		{"raw path", nil, "GET https://d1.cloudfront.net/%61?x=1&y=2", false},
		{"query ignored", nil, "GET https://d1.cloudfront.net/a", true},
		{"query all", func(p *program.CachePolicy) { p.QueryStrings.Mode = program.SelectAll }, "GET https://d1.cloudfront.net/a?y=2&x=1", false},
		{"query one, other differs", func(p *program.CachePolicy) { p.QueryStrings = only("x") }, "GET https://d1.cloudfront.net/a?y=3&x=1", true},
		{"query one differs", func(p *program.CachePolicy) { p.QueryStrings = only("x") }, "GET https://d1.cloudfront.net/a?x=2&y=2", false},
		{"query except", func(p *program.CachePolicy) {
			p.QueryStrings = program.Selection{Mode: program.SelectExcept, Names: []string{"y"}}
		}, "GET https://d1.cloudfront.net/a?x=1&y=9", true},
		{"header ignored", nil, base + "\nX-Tenant: 1", true},
		{"header", func(p *program.CachePolicy) { p.Headers = only("x-tenant") }, base + "\nX-TENANT: 1", false},
		{"header, value case", func(p *program.CachePolicy) { p.Headers = only("x-tenant") }, base + "\nx-tenant: ", false},
		{"host", func(p *program.CachePolicy) { p.Headers = only("host") }, "GET https://shop.example.com/a?x=1&y=2", false},
		{"cookie ignored", nil, base + "\nCookie: s=1", true},
		{"cookie", func(p *program.CachePolicy) { p.Cookies = only("s") }, base + "\nCookie: s=1", false},
		{"other cookie", func(p *program.CachePolicy) { p.Cookies = only("s") }, base + "\nCookie: t=1", true},
		{"coding", nil, base + "\nAccept-Encoding: gzip", false},
		{"no known coding", nil, base + "\nAccept-Encoding: zstd", true},
		{"coding off", func(p *program.CachePolicy) { p.Gzip, p.Brotli = false, false }, base + "\nAccept-Encoding: gzip", true},
	} {
		w := newWorld(t)
		if row.set != nil {
			row.set(&w.behavior().Cache)
		}
		w.get(base)
		w.get(row.other)
		if shares := w.numberOfCalls() == 1; shares != row.shares {
			t.Errorf("%s: shares %v", row.name, shares)
		}
	}
	w := newWorld(t)
	w.behavior().Cache.Cookies.Mode = program.SelectAll
	w.get(base + "\nCookie: a=1; b=2")
	w.xCache(base+"\nCookie: b=2;a=1", 200, "Hit", "fresh") // sorted by name
}

func TestVaryAndSetCookie(t *testing.T) {
	for _, row := range []struct {
		name, vary string
		set        func(b *program.Behavior)
		want       string
	}{
		{"dropped", "User-Agent, X-Foo", nil, ""},
		{"kept", "accept-encoding, Cookie, User-Agent", nil, "accept-encoding, Cookie"},
		{"forwarded", "X-Foo, Accept-Language", func(b *program.Behavior) { b.Request.Headers = only("x-foo") }, "X-Foo"},
		{"in the key", "X-Foo", func(b *program.Behavior) { b.Cache.Headers = only("x-foo") }, "X-Foo"},
		{"all viewer", "X-Foo, Accept-Language", func(b *program.Behavior) { b.Request = allViewer }, "X-Foo, Accept-Language"},
		{"device", "User-Agent", func(b *program.Behavior) { b.Request.CloudFront = []string{"CloudFront-Is-Mobile-Viewer"} }, "User-Agent"},
		{"star with MinTTL", "*", nil, ""},
		{"compressible", "X-Foo, Origin", func(b *program.Behavior) { b.Compress = true }, "Origin, Accept-Encoding"},
		{"compressible, said already", "Accept-Encoding", func(b *program.Behavior) { b.Compress = true }, "Accept-Encoding"},
	} {
		w := newWorld(t)
		if row.set != nil {
			row.set(w.behavior())
		}
		w.answers("200\nContent-Type: text/html\nVary: " + row.vary + "\nSet-Cookie: a=1\nSet-Cookie: b=2\n\n" + strings.Repeat("x", 1000))
		resp := w.get("GET https://d1.cloudfront.net/a")
		if got := resp.Header.Joined("Vary"); got != row.want {
			t.Errorf("%s: %q", row.name, got)
		}
		if got := resp.Header.Joined("Set-Cookie"); (got != "") != (row.name == "all viewer") {
			t.Errorf("%s: Set-Cookie %q", row.name, got)
		}
	}
	w := newWorld(t)
	w.behavior().Request = allViewer
	w.answers("200\nCache-Control: max-age=10, no-cache=\"Set-Cookie\"\nSet-Cookie: a=1\n\nx")
	if !w.get("GET https://d1.cloudfront.net/a").Header.Has("Set-Cookie") || w.get("GET https://d1.cloudfront.net/a").Header.Has("Set-Cookie") {
		t.Error(`no-cache="Set-Cookie" keeps the cookie out of the object, not out of the first answer`)
	}
}

func TestViaAndAgeOfChains(t *testing.T) {
	w := newWorld(t)
	w.answers("200\nAge: 30\nVia: 1.1 inner.cloudfront.net (CloudFront)\nX-Cache: Hit from cloudfront\nX-Amz-Cf-Id: inner\nX-Amz-Cf-Pop: inner\n\nx")
	for _, age := range []string{"30", "35"} {
		resp := w.get("GET https://d1.cloudfront.net/a")
		h := resp.Header
		if h.Joined("Via") != "1.1 inner.cloudfront.net (CloudFront), "+testVia || h.Joined("Age") != age || strings.Contains(h.Joined("X-Cache"), ",") || h.Joined("X-Amz-Cf-Id") != testID {
			t.Errorf("%s", show(resp))
		}
		w.later(5 * time.Second)
	}
}

func TestCompression(t *testing.T) {
	text := strings.Repeat("compress me ", 200)
	unpack := map[string]func(io.Reader) io.Reader{
		"gzip": func(r io.Reader) io.Reader {
			z, err := gzip.NewReader(r)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
		"br": func(r io.Reader) io.Reader { return brotli.NewReader(r) },
		"":   func(r io.Reader) io.Reader { return r },
	}
	for _, row := range []struct {
		name, accept, head, want string
		set                      func(b *program.Behavior)
	}{
		{"br first", "gzip, br", "Content-Type: text/html; charset=utf-8", "br", nil},
		{"gzip", "gzip", "Content-Type: application/json", "gzip", nil},
		{"not asked for", "deflate", "Content-Type: text/html", "", nil},
		{"type", "gzip", "Content-Type: image/png", "", nil},
		{"encoded already", "gzip", "Content-Type: text/html\nContent-Encoding: identity", "", nil},
		{"Compress=false", "gzip", "Content-Type: text/html", "", func(b *program.Behavior) { b.Compress = false }},
		{"policy without codings", "gzip", "Content-Type: text/html", "", func(b *program.Behavior) { b.Cache.Gzip, b.Cache.Brotli = false, false }},
		{"caching off", "gzip", "Content-Type: text/html", "", func(b *program.Behavior) { b.Cache = program.CachePolicy{Gzip: true} }},
		{"legacy has gzip alone", "br, gzip", "Content-Type: text/html", "gzip", func(b *program.Behavior) {
			b.Cache = program.CachePolicy{Legacy: true, DefaultTTL: time.Hour, MaxTTL: time.Hour}
		}},
	} {
		for _, kind := range []string{"200", "200 stream", "404", "500"} {
			w := newWorld(t)
			w.behavior().Compress = true
			if row.set != nil {
				row.set(w.behavior())
			}
			w.answers(kind + "\n" + row.head + "\nETag: \"v1\"\nContent-Length: " + fmt.Sprint(len(text)) + "\n\n" + text)
			want := row.want
			if kind == "500" {
				want = ""
			}
			for range 2 { // a miss, then a hit
				resp := w.get("GET https://d1.cloudfront.net/a\nAccept-Encoding: " + row.accept)
				got := resp.Header.Joined("Content-Encoding")
				if got != want && row.name != "encoded already" {
					t.Fatalf("%s, %s: Content-Encoding %q", row.name, kind, got)
				}
				data, err := io.ReadAll(unpack[want](strings.NewReader(body(resp))))
				if err != nil || string(data) != text {
					t.Fatalf("%s, %s: %d bytes, %v", row.name, kind, len(data), err)
				}
				tag := map[bool]string{true: `W/"v1"`, false: `"v1"`}[want != ""]
				if resp.Header.Get("ETag") != tag || (want != "") == resp.Header.Has("Content-Length") {
					t.Fatalf("%s, %s: %s", row.name, kind, resp.Header)
				}
			}
		}
	}
	w := newWorld(t)
	w.behavior().Compress = true
	for size, compressed := range map[int]bool{999: false, 1000: true} {
		w.answers("200\nContent-Type: text/html\n\n" + strings.Repeat("x", size))
		if got := w.get(fmt.Sprintf("GET https://d1.cloudfront.net/%d\nAccept-Encoding: gzip", size)).Header.Has("Content-Encoding"); got != compressed {
			t.Errorf("%d bytes: compressed %v", size, got)
		}
	}
	if w.get("GET https://d1.cloudfront.net/h10 HTTP/1.0\nAccept-Encoding: gzip").Header.Has("Content-Encoding") {
		t.Error("compressed for HTTP/1.0")
	}
}

// The origin's own entity tag goes back to it, not the weak one of the
// compressed object.
func TestRevalidationOfCompressed(t *testing.T) {
	w := newWorld(t)
	w.behavior().Compress = true
	w.answers("200\nContent-Type: text/html\nETag: \"v1\"\nCache-Control: max-age=10\n\n"+strings.Repeat("x", 1000), "304\nETag: \"v1\"\nCache-Control: max-age=10\n\n")
	const get = "GET https://d1.cloudfront.net/a\nAccept-Encoding: gzip"
	first := w.get(get)
	w.later(10 * time.Second)
	second := w.get(get)
	if w.lastCall().Header.Get("If-None-Match") != `"v1"` || body(first) != body(second) || second.Header.Get("ETag") != `W/"v1"` ||
		second.Header.Get("Content-Encoding") != "gzip" || second.Header.Joined("Vary") != "Accept-Encoding" {
		t.Errorf("%s", show(second))
	}
	w.xCache(get+"\nIf-None-Match: W/\"v1\"", 304, "Hit", "fresh")
	w.later(10 * time.Second)
	w.get(get)
	if w.lastCall().Header.Get("If-None-Match") != `"v1"` {
		t.Error("the second revalidation has another tag")
	}
}
