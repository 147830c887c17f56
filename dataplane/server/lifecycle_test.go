package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDrain: idle connections close at once, running exchanges end with
// Connection: close or GOAWAY, new connections are answered about readiness only.
func TestDrain(t *testing.T) {
	entered, hold := make(chan struct{}, 2), make(chan struct{})
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		if x.Request.Path == "/slow" {
			entered <- struct{}{}
			<-hold
		}
		return echo(ctx, x)
	})
	var s *Server
	o.Ops = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s.Draining() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
		}
	})
	s = newTestServer(t, o)
	addr := listen(t, s, AllRoles)

	idle, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	io.WriteString(idle, "GET /fast HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	idleReader := bufio.NewReader(idle)
	readResponse(t, idleReader)
	idle2 := dialH2(t, addr)
	idle2.request(1, true, get()...)
	idle2.until(idle2.answered(1))

	busy, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	busy2 := dialH2(t, addr)
	busy2.request(1, true, append(get()[:6], ":path", "/slow")...)
	<-entered
	<-entered

	drained := make(chan error, 1)
	go func() { drained <- s.Shutdown(context.Background()) }()
	if _, err := idleReader.ReadByte(); err != io.EOF {
		t.Errorf("idle connection: %v", err)
	}
	idle2.finished()
	if idle2.goAway == nil || *idle2.goAway != 0 {
		t.Errorf("idle HTTP/2 connection: %v", idle2.goAway)
	}
	busy2.until(func() bool { return busy2.goAway != nil })
	if busy2.last != 1 || !s.Draining() {
		t.Errorf("goaway says %d", busy2.last)
	}
	// A readiness probe hears of the drain; nothing else is served any more.
	if got := roundTrip(t, addr, "GET /_drawbridge/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.HasSuffix(got, "draining\n") {
		t.Errorf("ops while draining: %q", got)
	}
	for _, head := range []string{"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		if got := roundTrip(t, addr, head); !strings.HasPrefix(got, "HTTP/1.1 503 ") || strings.Contains(got, "draining") || !strings.Contains(got, "Connection: close") {
			t.Errorf("%q while draining: %q", head, got)
		}
	}
	close(hold)
	if resp, body := readResponse(t, bufio.NewReader(busy)); !resp.Close || body != "GET www.example.com /slow " {
		t.Errorf("%v %q", resp, body)
	}
	busy2.finished()
	if busy2.body[1] != "GET www.example.com /slow " {
		t.Errorf("%q", busy2.body[1])
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

// TestDrainTimeout: what does not end in time is cut.
func TestDrainTimeout(t *testing.T) {
	entered := make(chan struct{})
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		close(entered)
		<-ctx.Done()
		return echo(ctx, x)
	})
	s := newTestServer(t, o)
	addr := listen(t, s, AllRoles)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Serve(Listener{mustListen(t), AllRoles}); err != ErrServerClosed {
		t.Error(err)
	}
}

func mustListen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// TestPanics: one answer, one log line with the request id, a closed connection,
// and everybody else is served on.
func TestPanics(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		x.RequestID = "the-request-id"
		if x.Request.Path == "/nil" {
			return nil
		}
		panic("no way")
	})
	o.Control = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no way") })
	o.Refuse = func(status int, x *exchange.Exchange) *exchange.Response {
		return &exchange.Response{Status: status, Body: exchange.Bytes([]byte(x.Owner.Plane.String() + " page"))}
	}
	o.Logger = slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))
	s := newTestServer(t, o)
	addr := listen(t, s, AllRoles)
	for _, row := range []struct{ host, path, status, body string }{
		{"www.example.com", "/", "502", "edge page"},
		{"www.example.com", "/nil", "502", "edge page"},
		{"abc123defg.execute-api.localhost", "/", "500", "gateway page"},
		{"localhost", "/", "500", "500 Internal Server Error\n"},
	} {
		mu.Lock()
		log.Reset()
		mu.Unlock()
		got := roundTrip(t, addr, "GET "+row.path+" HTTP/1.1\r\nHost: "+row.host+"\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+row.status+" ") || !strings.HasSuffix(got, row.body) || !strings.Contains(got, "Connection: close") {
			t.Errorf("%s%s: %q", row.host, row.path, got)
		}
		mu.Lock()
		if n := strings.Count(log.String(), "plane panicked"); n != 1 || row.host != "localhost" && !strings.Contains(log.String(), "request_id=the-request-id") {
			t.Errorf("%s: %d lines: %s", row.host, n, log.String())
		}
		mu.Unlock()
	}
	c := dialH2(t, addr)
	c.request(1, true, get()...)
	c.finished()
	if c.status[1] != "502" || c.goAway == nil {
		t.Errorf("%q %v", c.status[1], c.goAway)
	}
}

// TestHTTP2FaultLeavesTheBooks: a stream whose answering panics in our own code
// does not count as running for good, so its connection ends.
func TestHTTP2FaultLeavesTheBooks(t *testing.T) {
	o := testOptions(answering(func() *exchange.Response {
		return &exchange.Response{Status: 200, Body: exchange.Stream(unclosable{strings.NewReader("hello")}, 5)}
	}))
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	c.request(1, true, get()...)
	c.finished()
	if c.status[1] != "200" || c.goAway == nil {
		t.Errorf("%q %v", c.status[1], c.goAway)
	}
}

type unclosable struct{ io.Reader }

func (unclosable) Close() error { panic("no way") }

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

// TestConnectionLimit: an idle connection gives way, a busy one does not.
func TestConnectionLimit(t *testing.T) {
	entered, hold := make(chan struct{}, 2), make(chan struct{})
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		if x.Request.Path == "/slow" {
			entered <- struct{}{}
			<-hold
		}
		return echo(ctx, x)
	})
	o.Limits.MaxConns = 2
	addr := listen(t, newTestServer(t, o), AllRoles)
	var conns []net.Conn
	for range 2 {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(nc, "GET /fast HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
		readResponse(t, bufio.NewReader(nc))
		conns = append(conns, nc)
	}
	third := roundTrip(t, addr, "GET /3 HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
	if !strings.Contains(third, "GET www.example.com /3") {
		t.Errorf("an idle connection does not give way: %q", third)
	}
	open := conns[:0]
	for _, nc := range conns {
		if _, err := io.WriteString(nc, "GET /slow HTTP/1.1\r\nHost: www.example.com\r\n\r\n"); err == nil {
			open = append(open, nc)
		}
	}
	<-entered
	close(hold)
	if len(open) == 0 {
		t.Error("every connection was closed")
	}
}

// TestConnectionLimitSlowHeads: connections whose heads never end hold no place
// against others; one that is answered does.
func TestConnectionLimitSlowHeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
			<-hold
			return echo(ctx, x)
		})
		o.Limits.MaxConns = 2
		s := newTestServer(t, o)
		busy := pipeConn(t, s, AllRoles)
		io.WriteString(busy, "GET /busy HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
		for range 10 {
			slow := pipeConn(t, s, AllRoles) // fails when no other gives way
			io.WriteString(slow, "GET / HTTP/1.1\r\nHost: w")
			synctest.Wait()
		}
		close(hold)
		if got, err := io.ReadAll(busy); !strings.Contains(string(got), "GET www.example.com /busy") {
			t.Errorf("the busy one: %q, %v", got, err)
		}
	})
}

// TestLocations: connections go round the locations, and stay where they are.
func TestLocations(t *testing.T) {
	o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		return &exchange.Response{Status: 200, Body: exchange.Bytes(fmt.Appendf(nil, "%d/%d", x.Conn.Location, x.Edge.Revision))}
	})
	o.EdgeLocations = nil
	for i := range 3 {
		e := &program.Edge{}
		changed := map[string]*program.Distribution{}
		d, _ := testEdge().DistributionByID("E1AAAAAAAAAAAA")
		changed[d.ID] = d
		o.EdgeLocations = append(o.EdgeLocations, program.NewLocation(fmt.Sprint("L", i), e.With(int64(100+i), program.EdgeChange{Distributions: changed})))
	}
	addr := listen(t, newTestServer(t, o), AllRoles)
	seen := map[string]int{}
	for range 6 {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		var first string
		for range 2 {
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
			_, body := readResponse(t, r)
			if first != "" && body != first {
				t.Errorf("moved from %s to %s", first, body)
			}
			first = body
		}
		seen[first]++
		nc.Close()
	}
	if len(seen) != 3 || seen["0/100"] != 2 || seen["1/101"] != 2 || seen["2/102"] != 2 {
		t.Errorf("%v", seen)
	}
}

// TestFinish: one record per exchange, whatever became of it.
func TestFinish(t *testing.T) {
	rec := &recorder{}
	o := testOptions(echo)
	o.Finish = rec.finish
	s := newTestServer(t, o)
	addr := listen(t, s, AllRoles)
	roundTrip(t, addr, "GET /a HTTP/1.1\r\nHost: www.example.com\r\n\r\nGET /b HTTP/1.1\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1\r\n\r\n")
	var got []string
	for _, r := range rec.records() {
		got = append(got, fmt.Sprintf("%d %d %v %s", r.Status, r.BytesSent, r.Aborted, r.Reason))
	}
	want := "200 23 false |421 138 false host-is-not-local|400 16 false no-host"
	if strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
	if s.DroppedFields() != 0 {
		t.Error("dropped fields")
	}
}

// TestHandlers: the adapter to net/http, small, flushed and large answers.
func TestHandlers(t *testing.T) {
	flushed := make(chan struct{})
	o := testOptions(echo)
	o.Control = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			w.Header()["x-lower"] = []string{"kept"}
			w.WriteHeader(201)
			w.WriteHeader(500) // superfluous: the first one counts
			for range 100 {
				if _, err := io.WriteString(w, strings.Repeat("x", 5000)); err != nil {
					return
				}
			}
		case "/flush":
			io.WriteString(w, "one")
			http.NewResponseController(w).Flush()
			<-flushed
			io.WriteString(w, "two")
		case "/wait":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			close(flushed)
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprint(w, r.Method, r.Host, r.RequestURI, r.URL.Path, r.ContentLength, string(body), r.Header.Get("X-A"), r.Proto, r.TLS == nil)
		}
	})
	addr := listen(t, newTestServer(t, o), AllRoles)
	got := roundTrip(t, addr, "POST /a%20b?c HTTP/1.1\r\nHost: LocalHost:1\r\nX-A: v\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
	if !strings.HasSuffix(got, "\r\n\r\nPOSTLocalHost:1/a%20b?c/a b2hivHTTP/1.1true") {
		t.Errorf("%q", got)
	}
	resp, err := http.Get("http://" + addr + "/large")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if len(body) != 500_000 || err != nil || resp.StatusCode != 201 {
		t.Errorf("%d bytes, %d, %v", len(body), resp.StatusCode, err)
	}
	resp, err = http.Get("http://" + addr + "/wait") // goes away before the end
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-flushed
	resp, err = http.Get("http://" + addr + "/flush")
	if err != nil {
		t.Fatal(err)
	}
	body, _ = io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "onetwo" {
		t.Errorf("%q", body)
	}
	http.DefaultClient.CloseIdleConnections()
}

// failOnLog is a logger whose every line fails the test.
func failOnLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(failWriter{t}, nil))
}

type failWriter struct{ t *testing.T }

func (w failWriter) Write(p []byte) (int, error) {
	w.t.Errorf("logged: %s", p)
	return len(p), nil
}
