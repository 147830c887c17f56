package edge

import (
	"bytes"
	"context"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// asked is what a viewer can vary, for the fuzz target.
type asked struct {
	path, query, tenant, cookies, coding string
	hasQuery, hasTenant                  bool
}

func (a asked) request(policy program.CachePolicy) request {
	q := &exchange.Request{Method: "GET", Scheme: "https", Host: "h", Path: "/" + a.path, RawQuery: a.query, HasQuery: a.hasQuery, Protocol: exchange.HTTP2}
	if a.hasTenant {
		q.Header.Add("X-Tenant", a.tenant)
	}
	if a.cookies != "" {
		q.Header.Add("Cookie", a.cookies)
	}
	if a.coding != "" {
		q.Header.Add("Accept-Encoding", a.coding)
	}
	d := &program.Distribution{ID: "E1", Enabled: true, Behaviors: []*program.Behavior{{Cache: policy}}}
	return route(visit{x: &exchange.Exchange{Request: q}, asked: q, distribution: d, now: time.Unix(0, 0)})
}

// meaning is the same without an encoding: lists that are equal only if the
// requests are the same to the cache.
func (a asked) meaning(r request) []string {
	tenant := "absent"
	if a.hasTenant {
		tenant = "present " + a.tenant
	}
	query := "absent"
	if a.hasQuery {
		query = "present " + a.query
	}
	out := []string{r.path, query, tenant, codingOf(r.asked, &r.behavior.Cache).header()}
	if out[3] == "identity" {
		out[3] = ""
	}
	for _, c := range cookiesOf(r.asked.Header, r.behavior.Cache.Cookies.Takes) {
		out = append(out, c.name, c.value)
	}
	return out
}

// FuzzKeyOf: two requests have one key exactly when they mean the same to the
// cache, whatever a viewer writes where.
func FuzzKeyOf(f *testing.F) {
	f.Add("a", "x=1", "t", "c=1", "gzip", byte(3), "a", "x=1", "t", "c=1", "br", byte(3))
	f.Add("a\x01", "", "", "", "", byte(0), "a", "\x01", "", "", "", byte(1))
	f.Add("p", "q", "h", "", "", byte(3), "p", "qh", "", "", "", byte(3))
	f.Add("p", "", "", "a=b; c=d", "", byte(0), "p", "", "", "c=d;a=b", "", byte(0))
	policy := program.CachePolicy{
		DefaultTTL: time.Hour, MaxTTL: time.Hour, Gzip: true, Brotli: true,
		Headers:      program.Selection{Mode: program.SelectOnly, Names: []string{"x-tenant"}},
		Cookies:      program.Selection{Mode: program.SelectAll},
		QueryStrings: program.Selection{Mode: program.SelectAll},
	}
	f.Fuzz(func(t *testing.T, p1, q1, t1, c1, e1 string, b1 byte, p2, q2, t2, c2, e2 string, b2 byte) {
		one := asked{p1, q1, t1, c1, e1, b1&1 != 0, b1&2 != 0}
		two := asked{p2, q2, t2, c2, e2, b2&1 != 0, b2&2 != 0}
		r1, r2 := one.request(policy), two.request(policy)
		k1, k2 := keyOf(r1, nil), keyOf(r2, nil)
		if same := slices.Equal(one.meaning(r1), two.meaning(r2)); same != bytes.Equal(k1.bytes, k2.bytes) {
			t.Fatalf("%+v\n%+v\nsame: %v, keys %x %x", one, two, same, k1.bytes, k2.bytes)
		}
	})
}

// FuzzNormalPath: what comes out is a normal path, whatever goes in, and a
// normal path stays as it is.
func FuzzNormalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b/..", "/a/./b//c", "/%7Ea%2f%zz", "//..//", "/%2e%2e/x", "/a/%", "/..a/b.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if path == "" || path[0] != '/' {
			path = "/" + path
		}
		got := normalPath(path)
		if got == "" || got[0] != '/' || strings.Contains(got, "//") || len(got) > len(path) {
			t.Fatalf("%q became %q", path, got)
		}
		for _, segment := range strings.Split(got, "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q became %q", path, got)
			}
		}
		if strings.HasSuffix(path, "/") && !strings.HasSuffix(got, "/") {
			t.Fatalf("%q became %q: a path of a folder is none any more", path, got)
		}
		if !strings.Contains(got, "%") && normalPath(got) != got {
			t.Fatalf("%q became %q became %q", path, got, normalPath(got))
		}
	})
}

func TestNormalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/a/b/..": "/a/", "/a/b/../": "/a/", "/a/b/../c": "/a/c", "/a/./b": "/a/b", "/a/.": "/a/", "//a///b//": "/a/b/",
		"/../../a": "/a", "/..": "/", "/%7Euser/%2fx%c3": "/~user/%2Fx%C3", "/a/%2E%2e/b": "/b", "/a%": "/a%", "/a%4": "/a%4", "/.hidden": "/.hidden", "/a..b/": "/a..b/",
	} {
		if got := normalPath(path); got != want {
			t.Errorf("%q became %q, want %q", path, got, want)
		}
	}
}

// Every row of the fault table says something.
func TestFaultTable(t *testing.T) {
	seen := map[string]bool{}
	for f := faultNone + 1; f < faultCount; f++ {
		row := f.row()
		if row.status < 400 || row.line == "" || row.reason == "" || seen[row.reason] {
			t.Errorf("fault %d: %+v", f, row)
		}
		seen[f.String()] = true
	}
}

// The lengths that were recorded (reference/cloudfront.md section 4.3), those of
// pages that other parts of CloudFront make included: the frame is the same.
func TestPageLengths(t *testing.T) {
	for line, length := range map[string]int{
		"Request blocked.": 919, lineBadRequest: 915, lineMethod: 1053, lineConnect: 951, lineResolve: 960, lineAttempt: 1033,
		"The Amazon CloudFront distribution is configured to block access from your country.":              986,
		"The CloudFront function associated with the CloudFront distribution is invalid or could not run.": 999,
	} {
		if n := len(page(403, line, strings.Repeat("x", idLength))); n != length {
			t.Errorf("%s: %d bytes, want %d", line, n, length)
		}
	}
	if n := len(shortPage("301 Moved Permanently")); n != 167 {
		t.Errorf("redirect: %d bytes", n)
	}
}

// TestTurnstile: one inside, one waiting; the next is refused, and who waits goes
// in when the first leaves, or gives up.
func TestTurnstile(t *testing.T) {
	gate := turnstile{inside: make(chan struct{}, 1), queue: 1}
	ctx, cancel := context.WithCancel(t.Context())
	if !gate.enter(ctx) {
		t.Fatal("nobody is inside")
	}
	entered := make(chan bool)
	go func() { entered <- gate.enter(ctx) }()
	for gate.waiting.Load() == 0 {
		runtime.Gosched()
	}
	if gate.enter(ctx) {
		t.Error("the line is full")
	}
	gate.leave()
	if !<-entered {
		t.Error("the one who waited")
	}
	cancel()
	if gate.enter(ctx) {
		t.Error("it is full, and the viewer has gone")
	}
}

// benchEdge is an edge whose origin answers 1 KiB.
func benchEdge(tb testing.TB) (*Edge, *exchange.Exchange) {
	tb.Helper()
	data := bytes.Repeat([]byte("x"), 1024)
	e, err := New(Options{Pops: []string{"NRT57-P2"}, Do: func(context.Context, *upstream.Call) (*exchange.Response, error) {
		return &exchange.Response{Status: 200, Body: exchange.Bytes(data), Header: exchange.Header{
			{Name: "Date", Value: "Sun, 06 Mar 2022 05:12:30 GMT"}, {Name: "Content-Type", Value: "text/html"}, {Name: "ETag", Value: `"v1"`}, {Name: "X-A", Value: "1"}}}, nil
	}})
	if err != nil {
		tb.Fatal(err)
	}
	d := &program.Distribution{ID: "E1TEST", Enabled: true, Behaviors: []*program.Behavior{{
		Pattern: program.NewPathPattern("*"), Origin: &program.Origin{DomainName: "o.example.com", HTTPSPort: 443}, Allowed: program.MethodGET | program.MethodHEAD,
		Cache: program.CachePolicy{MinTTL: time.Second, DefaultTTL: time.Hour, MaxTTL: time.Hour, Gzip: true, Brotli: true}, Compress: true,
	}}}
	x := &exchange.Exchange{
		Conn:  &exchange.Conn{RemoteAddr: netip.MustParseAddrPort("192.0.2.7:4711")},
		Owner: exchange.Owner{Plane: exchange.PlaneEdge, Distribution: d},
		Request: &exchange.Request{Method: "GET", Scheme: "https", Host: "d1.cloudfront.net", Authority: "d1.cloudfront.net", Path: "/index.html", Protocol: exchange.HTTP2,
			Header: exchange.Header{{Name: "User-Agent", Value: "bench"}, {Name: "Accept", Value: "*/*"}, {Name: "Accept-Encoding", Value: "identity"}}},
	}
	e.Serve(context.Background(), x)
	return e, x
}

func BenchmarkHit(b *testing.B) {
	e, x := benchEdge(b)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		x.Trail = exchange.Trail{}
		if resp := e.Serve(ctx, x); resp.Status != 200 || x.Record.Result != "Hit" {
			b.Fatal(x.Record)
		}
	}
}

func BenchmarkMissUncached(b *testing.B) {
	e, x := benchEdge(b)
	x.Owner.Distribution.Behaviors[0].Cache = program.CachePolicy{}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		x.Trail = exchange.Trail{}
		if resp := e.Serve(ctx, x); resp.Status != 200 || x.Record.Result != "Miss" {
			b.Fatal(x.Record)
		}
	}
}

// A hit makes the response and its fresh ids, and nothing else.
func TestHitAllocates(t *testing.T) {
	e, x := benchEdge(t)
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() { e.Serve(ctx, x) }); n > 2 {
		t.Errorf("%v allocations for a hit", n)
	}
}
