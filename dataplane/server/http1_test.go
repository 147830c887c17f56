package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/dataplane/exchange"
)

// pipeConn serves one end of an in-memory connection and returns the other.
func pipeConn(t testing.TB, s *Server, roles Roles) net.Conn {
	t.Helper()
	client, srv := net.Pipe()
	c := s.newConn(srv, roles)
	if c == nil {
		t.Fatal("the server takes no connection")
	}
	go c.serve()
	t.Cleanup(func() { client.Close() })
	return client
}

// TestSmugglingTable sends every odd head and chunk over a socket, with a second
// request behind it: 400, closed, and the second one is never answered.
func TestSmugglingTable(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	second := "GET /second HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
	for _, row := range smuggling {
		got := roundTrip(t, addr, row.head+second)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "\r\nConnection: close\r\n") || strings.Contains(got, "second") {
			t.Errorf("%q: %q", row.head, got)
		}
	}
	for _, chunks := range badChunks {
		got := roundTrip(t, addr, "POST / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks+second)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || strings.Contains(got, "second") {
			t.Errorf("%.60q: %q", chunks, got)
		}
	}
}

func TestHTTP1Bodies(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	for _, row := range []struct{ request, want string }{
		{"POST /a HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n",
			"POST www.example.com /a abcde"},
		{"POST /a HTTP/1.0\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc", "POST www.example.com /a abc"},
		{"POST /a HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "POST www.example.com /a "},
		{"GET http://WWW.example.com./a HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n", "GET www.example.com /a "},
	} {
		got := roundTrip(t, addr, row.request)
		if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\n"+row.want) {
			t.Errorf("%q: %q", row.request, got)
		}
	}
}

// answering returns a plane that always gives this answer.
func answering(resp func() *exchange.Response) exchange.Handler {
	return func(context.Context, *exchange.Exchange) *exchange.Response { return resp() }
}

// streamOf is a stream that gives its pieces one read at a time, then err.
type streamOf struct {
	pieces []string
	err    error
}

func (s *streamOf) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		return 0, io.EOF
	}
	n := copy(p, s.pieces[0])
	s.pieces = s.pieces[1:]
	return n, nil
}

func (s *streamOf) Close() error { return nil }

// TestHTTP1Framing: head order and body framing, byte for byte.
func TestHTTP1Framing(t *testing.T) {
	const get, head, old, oldKeep = "GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n", "GET / HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\r\n"
	const date = "Date: " + fixedDate + "\r\n"
	stream := func(length int64, pieces ...string) exchange.Body {
		return exchange.Stream(&streamOf{pieces: pieces}, length)
	}
	for _, row := range []struct {
		name, request string
		resp          exchange.Response
		want          string
	}{
		{"recorded order of api gateway", get,
			exchange.Response{Status: 200, Header: fields("Date", "then", "Content-Type", "application/json", "Content-Length", "0", "x-amzn-RequestId", "1")},
			"HTTP/1.1 200 OK\r\nDate: then\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\nx-amzn-RequestId: 1\r\n\r\n"},
		{"length and date are added behind the type", get,
			exchange.Response{Status: 403, Header: fields("Server", "CloudFront", "Content-Type", "text/html", "X-Cache", "Error"), Body: exchange.Bytes([]byte("no"))},
			"HTTP/1.1 403 Forbidden\r\nServer: CloudFront\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n" + date + "X-Cache: Error\r\n\r\nno"},
		{"without a type they stand at the end", get,
			exchange.Response{Status: 494, Header: fields("X-A", "1")},
			"HTTP/1.1 494 \r\nX-A: 1\r\nContent-Length: 0\r\nConnection: close\r\n" + date + "\r\n"},
		{"a wrong length of the plane is mended", get,
			exchange.Response{Status: 200, Header: fields("content-length", "7", "Content-Length", "9"), Body: exchange.Bytes([]byte("ok"))},
			"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n" + date + "\r\nok"},
		{"hop-by-hop fields are the server's", get,
			exchange.Response{Status: 200, Header: fields("Connection", "x", "Keep-Alive", "x", "Transfer-Encoding", "gzip", "Upgrade", "x", "Proxy-Connection", "x")},
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n" + date + "\r\n"},
		{"fields that would split the message are dropped", get,
			exchange.Response{Status: 200, Header: fields("X-A", "1\r\nX-B: 2", "X-C\r\n", "3", "X D", "4", "X-E", "\x00", "X-F", "ok", "", "5")},
			"HTTP/1.1 200 OK\r\nX-F: ok\r\nContent-Length: 0\r\nConnection: close\r\n" + date + "\r\n"},
		{"unknown length is chunked", get,
			exchange.Response{Status: 200, Header: fields("Content-Type", "a/b"), Body: stream(-1, "hello", "0123456789abcdef")},
			"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" + date + "\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"},
		{"unknown length for HTTP/1.0 is told by the end", old,
			exchange.Response{Status: 200, Body: stream(-1, "hello")},
			"HTTP/1.1 200 OK\r\nConnection: close\r\n" + date + "\r\nhello"},
		{"that closes a connection to be kept", oldKeep,
			exchange.Response{Status: 200, Body: stream(-1, "hello")},
			"HTTP/1.1 200 OK\r\nConnection: close\r\n" + date + "\r\nhello"},
		{"a stream of stated length", get,
			exchange.Response{Status: 200, Header: fields("Content-Length", "5"), Body: stream(-1, "he", "llo")},
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n" + date + "\r\nhello"},
		{"HEAD has the length and no body", head,
			exchange.Response{Status: 200, Body: exchange.Bytes([]byte("hello"))},
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n" + date + "\r\n"},
		{"HEAD keeps a stated length", head,
			exchange.Response{Status: 200, Header: fields("Content-Length", "1234")},
			"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nConnection: close\r\n" + date + "\r\n"},
		{"HEAD with an unknown length says none", head,
			exchange.Response{Status: 200, Body: stream(-1, "x")},
			"HTTP/1.1 200 OK\r\nConnection: close\r\n" + date + "\r\n"},
		{"204 has neither", get,
			exchange.Response{Status: 204, Header: fields("Content-Length", "0", "X-A", "1"), Body: exchange.Bytes([]byte("x"))},
			"HTTP/1.1 204 No Content\r\nConnection: close\r\n" + date + "X-A: 1\r\n\r\n"},
		{"304 keeps the length it states", get,
			exchange.Response{Status: 304, Header: fields("ETag", "x", "Content-Length", "9")},
			"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 9\r\nConnection: close\r\n" + date + "\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := testOptions(answering(func() *exchange.Response { return &row.resp }))
			addr := listen(t, newTestServer(t, o), AllRoles)
			if got := roundTrip(t, addr, row.request); got != row.want {
				t.Errorf("\n got %q\nwant %q", got, row.want)
			}
		})
	}
}

// TestHTTP1BrokenStream: an answer that breaks off does not look complete.
func TestHTTP1BrokenStream(t *testing.T) {
	for _, row := range []struct {
		body exchange.Body
		want string
	}{
		{exchange.Stream(&streamOf{pieces: []string{"abc"}, err: errors.New("origin gone")}, -1), "3\r\nabc\r\n"},
		{exchange.Stream(&streamOf{pieces: []string{"abc"}}, 5), "abc"},
		{exchange.Stream(&streamOf{pieces: []string{"abc", "def"}}, 5), "abc"},
		{exchange.Stream(panicking{}, 5), ""},
	} {
		rec := &recorder{}
		o := testOptions(answering(func() *exchange.Response { return &exchange.Response{Status: 200, Body: row.body} }))
		o.Finish = rec.finish
		addr := listen(t, newTestServer(t, o), AllRoles)
		got := roundTrip(t, addr, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
		if _, body, _ := strings.Cut(got, "\r\n\r\n"); body != row.want {
			t.Errorf("%q, want body %q", got, row.want)
		}
		if r := rec.records(); len(r) != 1 || !r[0].Aborted || r[0].Status != 200 {
			t.Errorf("records %+v", r)
		}
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("stream") }
func (panicking) Close() error             { return nil }

func TestHTTP1KeepAliveOfHTTP10(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	got := roundTrip(t, addr, "GET /1 HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\nHost: www.example.com\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 200 OK") != 2 || strings.Count(got, "Connection: keep-alive") != 1 {
		t.Errorf("%q", got)
	}
}

// TestRefusalPages: the edge's page on listeners with that role, 494 for CloudFront.
func TestRefusalPages(t *testing.T) {
	o := testOptions(echo)
	o.Refuse = func(status int, x *exchange.Exchange) *exchange.Response {
		return &exchange.Response{Status: status, Body: exchange.Bytes([]byte("page"))}
	}
	s := newTestServer(t, o)
	edge, control := listen(t, s, RoleEdge), listen(t, s, RoleControl)
	long := strings.Repeat("x", 70<<10)
	for _, row := range []struct{ addr, request, want, body string }{
		{edge, "GET / HTTP/1.1\r\n\r\n", "400", "page"},
		{control, "GET / HTTP/1.1\r\n\r\n", "400", "400 Bad Request\n"},
		{edge, "GET / HTTP/1.1\r\nHost: a\r\nX: " + long, "494", "page"},
		{control, "GET / HTTP/1.1\r\nHost: a\r\nX: " + long, "431", "431 Request Header Fields Too Large\n"},
		{edge, "GET /" + long, "414", "page"},
		{edge, "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 300) + "\r\n", "494", "page"},
		{edge, "GET / HTTP/1.1\r\nHost: a\r\nExpect: the-unexpected\r\n\r\n", "417", "page"},
	} {
		got := roundTrip(t, row.addr, row.request)
		if !strings.HasPrefix(got, "HTTP/1.1 "+row.want+" ") || !strings.HasSuffix(got, "\r\n\r\n"+row.body) {
			t.Errorf("%.40q: %q", row.request, got)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	read := make(chan bool, 1)
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		if <-read {
			return echo(ctx, x)
		}
		return &exchange.Response{Status: 403}
	})
	addr := listen(t, newTestServer(t, o), AllRoles)
	head := "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"

	read <- false // refused without a look at the body: no 100, and the connection ends
	if got := roundTrip(t, addr, head); !strings.HasPrefix(got, "HTTP/1.1 403 Forbidden\r\n") || !strings.Contains(got, "Connection: close") {
		t.Errorf("%q", got)
	}

	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(nc, head)
	r := bufio.NewReader(nc)
	read <- true
	line, err := r.ReadString('\n')
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	r.ReadString('\n')
	io.WriteString(nc, "hello")
	resp, body := readResponse(t, r)
	if resp.StatusCode != 200 || body != "POST www.example.com / hello" {
		t.Errorf("%v %q", resp, body)
	}
}

// TestUnreadBody: a small one is read away and the connection lives on; a large
// one ends it.
func TestUnreadBody(t *testing.T) {
	o := testOptions(answering(func() *exchange.Response { return &exchange.Response{Status: 200} }))
	addr := listen(t, newTestServer(t, o), AllRoles)
	small := fmt.Sprintf("POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: %d\r\n\r\n%s", 100<<10, strings.Repeat("x", 100<<10))
	chunked := "POST / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("5\r\nhello\r\n", 5000) + "0\r\n\r\n"
	last := "GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n"
	if got := roundTrip(t, addr, small+chunked+last); strings.Count(got, "HTTP/1.1 200 OK") != 3 {
		t.Errorf("%q", got)
	}
	large := "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000)
	got := roundTrip(t, addr, large+last)
	if strings.Count(got, "HTTP/1.1 200 OK") != 1 || !strings.Contains(got, "Connection: close") {
		t.Errorf("%q", got)
	}
}

// TestBodyReadLate: a goroutine of a plane that still reads the body when the
// exchange ends gets an error, and no byte of the next request.
func TestBodyReadLate(t *testing.T) {
	late := make(chan error, 1)
	o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		started := make(chan struct{})
		go func() {
			close(started)
			_, err := io.ReadAll(x.Request.Body.Reader())
			late <- err
		}()
		<-started
		return &exchange.Response{Status: 200}
	})
	addr := listen(t, newTestServer(t, o), AllRoles)
	roundTrip(t, addr, "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 10\r\n\r\nabc")
	select {
	case err := <-late:
		if err == nil {
			t.Error("a cut body reads as whole")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the reader hangs")
	}
}

// TestSlowClients: head, body and idle timeouts, by the clock of the bubble.
// TestBodyGivenUp: closing a body ends a read that waits for the client, so that
// he gets an answer that did not wait for him.
func TestBodyGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
			body, ended := x.Request.Body.Reader(), make(chan struct{})
			go func() {
				defer close(ended)
				io.Copy(io.Discard, body)
			}()
			time.Sleep(time.Second)
			body.Close()
			<-ended
			return &exchange.Response{Status: 413}
		})
		o.Now = nil
		s := newTestServer(t, o)
		start := time.Now()
		for _, framing := range []string{"Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
			nc := pipeConn(t, s, AllRoles)
			io.WriteString(nc, "POST / HTTP/1.1\r\nHost: www.example.com\r\n"+framing)
			got, _ := io.ReadAll(nc)
			if !strings.HasPrefix(string(got), "HTTP/1.1 413 ") || !strings.Contains(string(got), "\r\nConnection: close\r\n") {
				t.Errorf("%.20q: %q", framing, got)
			}
		}
		nc := pipeConn(t, s, AllRoles)
		c := newH2Client(t, nc)
		go func() {
			io.WriteString(nc, h2Preface)
			c.fr.WriteSettings()
			c.request(1, false, ":method", "POST", ":scheme", "http", ":authority", "www.example.com", ":path", "/")
			c.fr.WriteData(1, false, []byte("abc"))
		}()
		c.until(c.answered(1))
		if c.status[1] != "413" {
			t.Errorf("HTTP/2: %q", c.status[1])
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("the answers took %v", took)
		}
	})
}

func TestSlowClients(t *testing.T) {
	for _, row := range []struct {
		name, sent string
		within     [2]time.Duration // closed in this span
		want       string
	}{
		{"silent from the start", "", [2]time.Duration{75 * time.Second, 94 * time.Second}, ""},
		{"idle after a request", "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", [2]time.Duration{75 * time.Second, 94 * time.Second}, "HTTP/1.1 200 OK"},
		{"half a head", "GET / HTTP/1.1\r\nHost: www", [2]time.Duration{10 * time.Second, 10 * time.Second}, "HTTP/1.1 408 Request Timeout"},
		{"half a body", "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\nabc", [2]time.Duration{30 * time.Second, 94 * time.Second}, "HTTP/1.1 200 OK"},
		{"half a preface", "PRI * HTTP/2.0\r\n", [2]time.Duration{10 * time.Second, 20 * time.Second}, ""},
		{"half a TLS record", "\x16\x03\x01", [2]time.Duration{10 * time.Second, 10 * time.Second}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			ca, err := NewCA(CAOptions{})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				o := testOptions(echo)
				o.Now, o.CA = nil, ca
				nc := pipeConn(t, newTestServer(t, o), AllRoles)
				start := time.Now()
				if row.sent != "" {
					io.WriteString(nc, row.sent)
				}
				got, err := io.ReadAll(nc)
				if took := time.Since(start); err != nil || took < row.within[0] || took > row.within[1] || !strings.HasPrefix(string(got), row.want) {
					t.Errorf("%v after %v: %q", err, took, got)
				}
			})
		})
	}
}

// TestDrippingHead: a byte now and then does not prolong the time for a head.
func TestDrippingHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(echo)
		o.Now = nil
		nc := pipeConn(t, newTestServer(t, o), AllRoles)
		start := time.Now()
		written := make(chan struct{})
		defer func() { <-written }()
		go func() {
			defer close(written)
			for _, c := range []byte("GET /" + strings.Repeat("a", 100)) {
				if _, err := nc.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		io.ReadAll(nc)
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}

// TestSlowReader: a client that takes nothing is let go.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		o := testOptions(answering(func() *exchange.Response {
			return &exchange.Response{Status: 200, Body: exchange.Bytes(make([]byte, 1<<20))}
		}))
		o.Now, o.Finish = nil, rec.finish
		nc := pipeConn(t, newTestServer(t, o), AllRoles)
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if r := rec.records(); len(r) != 1 || !r[0].Aborted {
			t.Errorf("records %+v", r)
		}
	})
}

// TestClientGone: the context of a long exchange ends when its client goes, and
// pipelined bytes read meanwhile are not lost.
func TestClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan time.Duration, 1)
		o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
			start := time.Now()
			select {
			case <-ctx.Done():
				gone <- time.Since(start)
			case <-time.After(time.Minute):
			}
			return echo(ctx, x)
		})
		o.Now = nil
		s := newTestServer(t, o)
		nc := pipeConn(t, s, AllRoles)
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 0\r\n\r\n")
		time.Sleep(5 * time.Second)
		nc.Close()
		if after := <-gone; after > 6*time.Second {
			t.Errorf("noticed after %v", after)
		}

		nc = pipeConn(t, s, AllRoles)
		io.WriteString(nc, "GET /1 HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
		time.Sleep(5 * time.Second)
		io.WriteString(nc, "GET /2 HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
		r := bufio.NewReader(nc)
		for _, want := range []string{"/1", "/2"} {
			if _, body := readResponse(t, r); !strings.Contains(body, want) {
				t.Errorf("%q, want %s", body, want)
			}
		}
	})
}

// TestStreamsAreFlushed: each piece is sent as it comes.
func TestStreamsAreFlushed(t *testing.T) {
	pr, pw := io.Pipe()
	o := testOptions(answering(func() *exchange.Response { return &exchange.Response{Status: 200, Body: exchange.Stream(pr, -1)} }))
	addr := listen(t, newTestServer(t, o), AllRoles)
	resp, err := http.Get("http://" + addr + "/_drawbridge/cloudfront/E1AAAAAAAAAAAA/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, piece := range []string{"one", "two"} {
		io.WriteString(pw, piece)
		got := make([]byte, 3)
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != piece {
			t.Fatalf("%q, %v", got, err)
		}
	}
	pw.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

// TestLargeBody goes the way of writev and pieces.
func TestLargeBody(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	o := testOptions(answering(func() *exchange.Response { return &exchange.Response{Status: 200, Body: exchange.Bytes(data)} }))
	addr := listen(t, newTestServer(t, o), AllRoles)
	got := roundTrip(t, addr, "GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
	if _, body, _ := strings.Cut(got, "\r\n\r\n"); body != string(data) {
		t.Errorf("%d bytes", len(body))
	}
}
