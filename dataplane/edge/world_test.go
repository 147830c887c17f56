package edge_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// A test world: an edge with one location, a clock that stands still, ids that
// are all alike, and an origin that is a function.
type world struct {
	t    testing.TB
	edge *edge.Edge
	mu   sync.Mutex
	now  time.Time
	dist *program.Distribution
	// program is the exchange's pinned one; nil: none.
	program *program.Edge
	calls   []*upstream.Call
	// origin answers calls; the default says 200.
	origin func(ctx context.Context, call *upstream.Call) (*exchange.Response, error)
	last   *exchange.Exchange
}

// What Via and X-Amz-Cf-Id look like when every random number is 0.
const (
	testVia = "1.1 00000000000000000000000000000000.cloudfront.net (CloudFront)"
	testID  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change ...func(*edge.Options)) *world {
	t.Helper()
	w := &world{t: t, now: noon}
	o := edge.Options{
		Pops: []string{"NRT57-P2", "SEA19-C1"}, CacheBytes: 8 << 20, EdgeAddress: "64.252.64.1",
		Now: w.clock, Random: func() uint64 { return 0 }, Do: w.do, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&o)
	}
	e, err := edge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.edge, w.dist = e, testDistribution()
	return w
}

// testDistribution caches by CachingOptimized and has one origin.
func testDistribution() *program.Distribution {
	return &program.Distribution{
		ID: "E1TEST", DomainName: "d1.cloudfront.net", Enabled: true,
		Behaviors: []*program.Behavior{{
			Origin: &program.Origin{
				ID: "api", DomainName: "api.example.com", Path: "/prod", HTTPPort: 80, HTTPSPort: 443,
				Attempts: 3, ConnectTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
			},
			Allowed: methods("GET HEAD OPTIONS PUT POST PATCH DELETE"),
			Cached:  methods("GET HEAD"),
			Cache:   optimized(),
		}},
	}
}

func optimized() program.CachePolicy {
	return program.CachePolicy{ID: "optimized", MinTTL: time.Second, DefaultTTL: 24 * time.Hour, MaxTTL: 365 * 24 * time.Hour, Gzip: true, Brotli: true}
}

// useOrigin heeds what the origin says: MinTTL 0.
func useOrigin() program.CachePolicy {
	p := optimized()
	p.MinTTL, p.DefaultTTL = 0, 0
	return p
}

func methods(names string) program.MethodSet {
	var set program.MethodSet
	for _, name := range strings.Fields(names) {
		set |= program.MethodOf(name)
	}
	return set
}

func only(names ...string) program.Selection {
	return program.Selection{Mode: program.SelectOnly, Names: names}
}

func (w *world) behavior() *program.Behavior { return w.dist.Behaviors[len(w.dist.Behaviors)-1] }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) do(ctx context.Context, call *upstream.Call) (*exchange.Response, error) {
	w.mu.Lock()
	w.calls = append(w.calls, call)
	answer := w.origin
	w.mu.Unlock()
	if answer == nil {
		return response("200\nContent-Type: text/plain\n\nhello"), nil
	}
	return answer(ctx, call)
}

// answers makes the origin give these responses, the last one for ever.
func (w *world) answers(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
	n := 0
	w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		text := texts[min(n, len(texts)-1)]
		n++
		if kind, ok := failures[text]; ok {
			return nil, &upstream.Error{Kind: kind, Err: fmt.Errorf("test: %s", text)}
		}
		return response(text), nil
	}
}

// failures are the words that make an origin fail.
var failures = map[string]upstream.Kind{
	"!resolve": upstream.ResolveFailed, "!connect": upstream.ConnectFailed, "!tls": upstream.TLSFailed,
	"!refused": upstream.AddressRefused, "!timeout": upstream.Timeout, "!broken": upstream.BrokenResponse,
	"!header": upstream.HeaderTooBig,
}

func (w *world) numberOfCalls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

func (w *world) lastCall() *upstream.Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) == 0 {
		w.t.Fatal("the origin was not called")
	}
	return w.calls[len(w.calls)-1]
}

// message splits a text into its first line, its fields and its body.
func message(text string) (first string, h exchange.Header, body string) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return lines[0], h, body
}

// response reads "200\nName: value\n\nbody". A first line "200 stream" gives the
// body as a stream of unknown length.
func response(text string) *exchange.Response {
	first, h, body := message(text)
	status, kind, _ := strings.Cut(first, " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		panic(text)
	}
	r := &exchange.Response{Status: code, Header: h, Body: exchange.Bytes([]byte(body))}
	if kind == "stream" {
		r.Body = exchange.Stream(io.NopCloser(strings.NewReader(body)), -1)
	}
	return r
}

// exchangeOf reads "GET https://host/path?query [HTTP/1.0]\nName: value\n\nbody".
func (w *world) exchangeOf(text string) *exchange.Exchange {
	first, h, body := message(text)
	words := strings.Fields(first)
	scheme, rest, _ := strings.Cut(words[1], "://")
	host, target, _ := strings.Cut(rest, "/")
	path, query, has := strings.Cut("/"+target, "?")
	name, _, _ := strings.Cut(host, ":")
	q := &exchange.Request{
		Method: words[0], Scheme: scheme, Host: name, Authority: host, Path: path, RawQuery: query, HasQuery: has,
		Protocol: exchange.HTTP2, Header: h, Body: exchange.Bytes([]byte(body)),
	}
	if len(words) > 2 {
		q.Protocol = map[string]exchange.Protocol{"HTTP/1.0": exchange.HTTP10, "HTTP/1.1": exchange.HTTP11}[words[2]]
	}
	return &exchange.Exchange{
		Conn:    &exchange.Conn{RemoteAddr: netip.MustParseAddrPort("192.0.2.7:4711")},
		Request: q, Edge: w.program, Owner: exchange.Owner{Plane: exchange.PlaneEdge, Distribution: w.dist},
	}
}

// get sends a request and returns the response with its body read.
func (w *world) get(text string) *exchange.Response {
	w.t.Helper()
	x := w.exchangeOf(text)
	w.last = x
	resp := w.edge.Serve(w.t.Context(), x)
	data, err := resp.Body.ReadAll(1 << 30)
	if err != nil {
		w.t.Fatalf("body: %v", err)
	}
	resp.Body = exchange.Bytes(data)
	return resp
}

// show writes a response as text, as it goes out.
func show(r *exchange.Response) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Status)
	for _, f := range r.Header {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	body, _ := r.Body.InMemory()
	b.WriteString("\n")
	b.Write(body)
	return b.String()
}

// expect sends a request and compares the whole response; $VIA and $ID stand
// for the fresh values.
func (w *world) expect(request, want string) {
	w.t.Helper()
	want = strings.NewReplacer("$VIA", testVia, "$ID", testID).Replace(strings.TrimLeft(want, "\n"))
	if got := show(w.get(request)); got != want {
		w.t.Errorf("%s\ngot:\n%s\nwant:\n%s", request, got, want)
	}
}

// xCache sends a request and compares status, X-Cache and reason.
func (w *world) xCache(request string, status int, word, reason string) {
	w.t.Helper()
	resp := w.get(request)
	if resp.Status != status || resp.Header.Get("X-Cache") != word+" from cloudfront" || w.last.Record.Reason != reason || w.last.Record.Result != word {
		w.t.Errorf("%s: %d %q, result %q, reason %q; want %d %s (%s)", request, resp.Status,
			resp.Header.Get("X-Cache"), w.last.Record.Result, w.last.Record.Reason, status, word, reason)
	}
}

func body(r *exchange.Response) string {
	data, _ := r.Body.InMemory()
	return string(data)
}

// originFunc is an origin that is told whether its time is bounded.
func originFunc(f func(bounded bool, call *upstream.Call) *exchange.Response) func(context.Context, *upstream.Call) (*exchange.Response, error) {
	return func(ctx context.Context, call *upstream.Call) (*exchange.Response, error) {
		_, bounded := ctx.Deadline()
		return f(bounded, call), nil
	}
}
