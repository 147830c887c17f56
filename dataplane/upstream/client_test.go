package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"drawbridge/dataplane/exchange"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newClient(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	o := Options{Now: time.Now, AllowOrigin: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// rawOrigin answers each connection with handle and returns its port.
func rawOrigin(t *testing.T, handle func(net.Conn)) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			handle(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return ln.Addr().(*net.TCPAddr).Port
}

// answering reads one request head after another and answers each with text.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			if !strings.Contains(text, "Content-Length") && !strings.Contains(text, "chunked") {
				return
			}
		}
	}
}

func callTo(port int) *Call {
	return &Call{
		Scheme: "http", Host: "127.0.0.1", Port: port, Authority: "origin.example", Method: "GET", Path: "/",
		Attempts: 1, ConnectTimeout: 2 * time.Second, ReadTimeout: 2 * time.Second, IdleTimeout: time.Second,
	}
}

func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

func TestRequestGoesOutExactly(t *testing.T) {
	got := make(chan string, 1)
	port := rawOrigin(t, func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		got <- string(b[:n])
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	call := callTo(port)
	call.Method, call.Path, call.RawQuery, call.HasQuery = "POST", "//a%2fb/|é", "q=1&q=%zz", true
	call.Header = exchange.Header{
		{Name: "x-B", Value: "2"}, {Name: "X-a", Value: "1 \t2"}, {Name: "Connection", Value: "close"},
		{Name: "TE", Value: "trailers"}, {Name: "host", Value: "evil"}, {Name: "x-B", Value: "3"},
		{Name: "content-length", Value: "999"}, {Name: "Expect", Value: "100-continue"}, {Name: "z", Value: ""},
	}
	call.Body = exchange.Bytes([]byte("hello"))
	response, err := newClient(t, nil).Do(t.Context(), call)
	if err != nil || response.Status != 204 {
		t.Fatalf("got %v, %v", response, err)
	}
	want := "POST //a%2fb/|é?q=1&q=%zz HTTP/1.1\r\nHost: origin.example\r\nx-B: 2\r\nX-a: 1 \t2\r\nx-B: 3\r\n" +
		"content-length: 5\r\nz: \r\n\r\nhello"
	if g := <-got; g != want {
		t.Errorf("request\n%q\nwant\n%q", g, want)
	}
}

func TestRequestThatCannotBeSent(t *testing.T) {
	for name, change := range map[string]func(*Call){
		"line break in value": func(c *Call) { c.Header.Add("X", "a\r\nY: b") },
		"name":                func(c *Call) { c.Header.Add("X Y", "a") },
		"space in path":       func(c *Call) { c.Path = "/a HTTP/1.1" },
		"break in query":      func(c *Call) { c.RawQuery = "a\r\n" },
		"method":              func(c *Call) { c.Method = "GET /" },
		"authority":           func(c *Call) { c.Authority = "a\r\nb" },
	} {
		call := callTo(1)
		change(call)
		if b, err := appendRequest(nil, call); err == nil {
			t.Errorf("%s: %q", name, b)
		}
	}
}

func TestResponses(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	rows := []struct {
		name, answer, method string
		kind                 Kind
		status               int
		header, body         string
		bodyFails            bool
	}{
		{name: "order and case kept", answer: ok + "x-b: 1\r\nContent-Type:  text/html \r\nX-A: 2\r\nContent-Length: 2\r\n\r\nhi",
			status: 200, header: "x-b: 1|Content-Type: text/html|X-A: 2|Content-Length: 2|", body: "hi"},
		{name: "chunked", answer: ok + "Transfer-Encoding: chunked\r\n\r\n3;x=\"1\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
			status: 200, body: "abc0123456789"},
		{name: "until close", answer: ok + "\r\nall of it", status: 200, body: "all of it"},
		{name: "HTTP/1.0", answer: "HTTP/1.0 200 OK\r\n\r\nold", status: 200, body: "old"},
		{name: "no reason", answer: "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n", status: 299, header: "Content-Length: 0|"},
		{name: "informational skipped", answer: "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n",
			status: 200, header: "Content-Length: 0|"},
		{name: "redirect not followed", answer: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
			status: 302, header: "Location: http://127.0.0.1/|Content-Length: 0|"},
		{name: "HEAD has no body", method: "HEAD", answer: ok + "Content-Length: 7\r\n\r\n", status: 200, header: "Content-Length: 7|"},
		{name: "hop by hop stripped", answer: ok + "Connection: X-One, keep-alive\r\nKeep-Alive: 5\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 0\r\n\r\n",
			status: 200, header: "X-Two: 2|Content-Length: 0|"},
		{name: "equal lengths", answer: ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
			status: 200, header: "Content-Length: 1|Content-Length: 1|", body: "x"},

		{name: "nothing", answer: "", kind: BrokenResponse},
		{name: "not HTTP", answer: "SSH-2.0-OpenSSH\r\n\r\n", kind: BrokenResponse},
		{name: "HTTP/2 line", answer: "HTTP/2.0 200 OK\r\n\r\n", kind: BrokenResponse},
		{name: "bad status", answer: "HTTP/1.1 2x0 OK\r\n\r\n", kind: BrokenResponse},
		{name: "status 99", answer: "HTTP/1.1 099 OK\r\n\r\n", kind: BrokenResponse},
		{name: "switching", answer: "HTTP/1.1 101 Switching\r\n\r\n", kind: BrokenResponse},
		{name: "bare LF", answer: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", kind: BrokenResponse},
		{name: "folded", answer: ok + "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", kind: BrokenResponse},
		{name: "space before colon", answer: ok + "A : b\r\nContent-Length: 0\r\n\r\n", kind: BrokenResponse},
		{name: "NUL", answer: ok + "A: b\x00\r\nContent-Length: 0\r\n\r\n", kind: BrokenResponse},
		{name: "early end of head", answer: ok + "A: b\r\n", kind: BrokenResponse},
		{name: "two lengths", answer: ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", kind: BrokenResponse},
		{name: "signed length", answer: ok + "Content-Length: +1\r\n\r\nx", kind: BrokenResponse},
		{name: "length and chunked", answer: ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kind: BrokenResponse},
		{name: "gzip coding", answer: ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", kind: BrokenResponse},
		{name: "chunked in 1.0", answer: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kind: BrokenResponse},
		{name: "huge head", answer: ok + "A: " + strings.Repeat("x", 33<<10) + "\r\n\r\n", kind: HeaderTooBig},
		{name: "endless informational", answer: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 2000), kind: HeaderTooBig},

		{name: "short body", answer: ok + "Content-Length: 10\r\nConnection: close\r\n\r\nabc", status: 200, body: "abc", bodyFails: true,
			header: "Content-Length: 10|"},
		{name: "bad chunk", answer: ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc", status: 200, bodyFails: true},
		{name: "chunk overrun", answer: ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", status: 200, body: "a", bodyFails: true},
		{name: "huge chunk size", answer: ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", status: 200, bodyFails: true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			port := rawOrigin(t, func(c net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = io.WriteString(c, row.answer)
				}
			})
			call := callTo(port)
			if row.method != "" {
				call.Method = row.method
			}
			response, err := newClient(t, nil).Do(t.Context(), call)
			if kindOf(err) != row.kind {
				t.Fatalf("error %v, want kind %v", err, row.kind)
			}
			if err != nil {
				return
			}
			header := ""
			for _, f := range response.Header {
				header += f.Name + ": " + f.Value + "|"
			}
			body, err := io.ReadAll(response.Body.Reader())
			_ = response.Body.Close()
			if response.Status != row.status || header != row.header || string(body) != row.body || (err != nil) != row.bodyFails {
				t.Errorf("got %d %q %q %v", response.Status, header, body, err)
			}
			if row.bodyFails && kindOf(err) != BrokenResponse {
				t.Errorf("body error %v is not a broken response", err)
			}
		})
	}
}

func TestConnectionIsKeptAndReplaced(t *testing.T) {
	var conns atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	c := newClient(t, nil)
	post := func(body exchange.Body) string {
		t.Helper()
		call := callTo(port)
		call.Method, call.Body = "POST", body
		response, err := c.Do(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		got, err := response.Body.ReadAll(10 << 20)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	big := strings.Repeat("0123456789", 100_000)
	for _, body := range []exchange.Body{
		exchange.Bytes([]byte("small")), exchange.Bytes([]byte(big)),
		exchange.Stream(io.NopCloser(strings.NewReader(big)), int64(len(big))),
		exchange.Stream(io.NopCloser(strings.NewReader(big)), -1),
	} {
		if got := post(body); got != "small" && got != big {
			t.Fatalf("echo of %d bytes", len(got))
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for requests in a row, want 1", n)
	}
	server.CloseClientConnections()
	if got := post(exchange.Bytes([]byte("again"))); got != "again" {
		t.Errorf("after the origin closed the kept connection: %q", got)
	}
}

// An origin that takes the request on a kept connection and hangs up: a GET is
// sent again, a POST is not.
func TestRetryOnKeptConnection(t *testing.T) {
	for method, want := range map[string]Kind{"GET": 0, "POST": BrokenResponse} {
		var served atomic.Int32
		port := rawOrigin(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				if served.Add(1) == 2 {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		c := newClient(t, nil)
		for i := range 2 {
			call := callTo(port)
			call.Method = method
			_, err := c.Do(t.Context(), call)
			if i == 1 && kindOf(err) != want {
				t.Errorf("%s: %v, want kind %v", method, err, want)
			}
		}
		c.Close()
	}
}

func TestSourceThatBreaksOff(t *testing.T) {
	port := rawOrigin(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	boom := errors.New("viewer went")
	for name, body := range map[string]exchange.Body{
		"error": exchange.Stream(io.NopCloser(io.MultiReader(strings.NewReader("abc"), errReader{boom})), -1),
		"short": exchange.Stream(io.NopCloser(strings.NewReader("abc")), 10),
		"long":  exchange.Stream(io.NopCloser(strings.NewReader("abc")), 2),
	} {
		call := callTo(port)
		call.Method, call.Body = "POST", body
		_, err := newClient(t, nil).Do(t.Context(), call)
		if kindOf(err) != Canceled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// stalledBody is a body of which no more comes until it is closed.
type stalledBody struct{ waiting, closed chan struct{} }

func (b *stalledBody) Read([]byte) (int, error) {
	close(b.waiting)
	<-b.closed
	return 0, errors.New("closed")
}

func (b *stalledBody) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

// An origin may answer before it has read the request, and hang up; a caller who
// sends no more until he has the answer gets it.
func TestEarlyAnswer(t *testing.T) {
	source := &stalledBody{make(chan struct{}), make(chan struct{})}
	port := rawOrigin(t, func(c net.Conn) {
		<-source.waiting
		_, _ = c.Read(make([]byte, 1000))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
	})
	call := callTo(port)
	call.Method, call.Body = "POST", exchange.Stream(source, -1)
	done := make(chan error, 1)
	go func() {
		response, err := newClient(t, nil).Do(t.Context(), call)
		if err == nil && response.Status != 413 {
			err = fmt.Errorf("status %d", response.Status)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the answer waits for a body that does not come")
		_ = source.Close()
	}
}

func TestTimeouts(t *testing.T) {
	c := newClient(t, nil)
	silent := rawOrigin(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	call := callTo(silent)
	call.ReadTimeout = 50 * time.Millisecond
	if _, err := c.Do(t.Context(), call); kindOf(err) != Timeout {
		t.Errorf("silent origin: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	call.ReadTimeout = 5 * time.Second
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.Do(ctx, call); kindOf(err) != Canceled {
		t.Errorf("canceled: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, call); kindOf(err) != Timeout {
		t.Errorf("deadline: %v", err)
	}
	stalls := rawOrigin(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
		_, _ = io.Copy(io.Discard, c)
	})
	call = callTo(stalls)
	call.ReadTimeout = 50 * time.Millisecond
	response, err := c.Do(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := response.Body.ReadAll(10); kindOf(err) != Timeout {
		t.Errorf("stalled body: %v", err)
	}
}

func TestConnectFailures(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	_ = ln.Close()
	c := newClient(t, func(o *Options) {
		o.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	})
	call := callTo(port)
	call.Attempts = 3
	if _, err := c.Do(t.Context(), call); kindOf(err) != ConnectFailed {
		t.Errorf("refused: %v", err)
	}
	call.Host = "nowhere.example"
	if _, err := c.Do(t.Context(), call); kindOf(err) != ResolveFailed {
		t.Errorf("unknown name: %v", err)
	}
	if n := len(c.pool.open); n != 0 {
		t.Errorf("%d origins still counted", n)
	}
}

func TestTooManyConnections(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	port := rawOrigin(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		close(arrived)
		<-release
	})
	c := newClient(t, func(o *Options) { o.MaxConnsPerOrigin = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := c.Do(ctx, callTo(port)); first <- err }()
	<-arrived
	if _, err := c.Do(t.Context(), callTo(port)); kindOf(err) != ConnectFailed {
		t.Errorf("second connection: %v", err)
	}
	cancel()
	<-first
	close(release)
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.ServerName+" "+r.Host)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	var conns atomic.Int32
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	port := server.Listener.Addr().(*net.TCPAddr).Port
	rows := []struct {
		name, serverName string
		roots            *x509.CertPool
		insecure         bool
		want             string
		kind             Kind
	}{
		{name: "right name", serverName: "example.com", roots: pool, want: "example.com origin.example"},
		{name: "wrong name", serverName: "other.org", roots: pool, kind: TLSFailed},
		{name: "unknown authority", serverName: "example.com", kind: TLSFailed},
		{name: "insecure", serverName: "other.org", insecure: true, want: "other.org origin.example"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := newClient(t, func(o *Options) { o.RootCAs = row.roots })
			conns.Store(0)
			for range 2 { // the second time over a kept connection
				call := callTo(port)
				call.Scheme, call.ServerName, call.InsecureTLS = "https", row.serverName, row.insecure
				response, err := c.Do(t.Context(), call)
				if kindOf(err) != row.kind {
					t.Fatalf("got %v, want kind %v", err, row.kind)
				}
				if err != nil {
					continue
				}
				if got, err := response.Body.ReadAll(100); string(got) != row.want {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if n := conns.Load(); row.kind == 0 && n != 1 {
				t.Errorf("%d connections for two calls", n)
			}
		})
	}
	plain := rawOrigin(t, answering("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"))
	call := callTo(plain)
	call.Scheme = "https"
	if _, err := newClient(t, nil).Do(t.Context(), call); kindOf(err) != TLSFailed && kindOf(err) != ConnectFailed {
		t.Errorf("origin without TLS: %v", err)
	}
	old := &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10, Certificates: server.TLS.Certificates}
	oldPort := rawOrigin(t, func(c net.Conn) { _ = tls.Server(c, old).Handshake() })
	call = callTo(oldPort)
	call.Scheme, call.ServerName = "https", "example.com"
	if _, err := newClient(t, func(o *Options) { o.RootCAs = pool }).Do(t.Context(), call); kindOf(err) != TLSFailed {
		t.Errorf("TLS 1.1: %v", err)
	}
}

func BenchmarkDo(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 4096)
		answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			_, _ = c.Write(answer)
		}
	}()
	c, _ := New(Options{Now: time.Now})
	defer c.Close()
	call := callTo(ln.Addr().(*net.TCPAddr).Port)
	b.ReportAllocs()
	for b.Loop() {
		response, err := c.Do(b.Context(), call)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := response.Body.ReadAll(4096); err != nil {
			b.Fatal(err)
		}
	}
}
