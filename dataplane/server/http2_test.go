package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2transport is the standard client over HTTP/2 with prior knowledge.
func h2transport(addr string) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
}

// TestHTTP2FieldOrder: fields come in the plane's order, in lower case, as the
// article's transcripts have them (reference/article.md).
func TestHTTP2FieldOrder(t *testing.T) {
	o := testOptions(answering(func() *exchange.Response {
		return &exchange.Response{Status: 200, Header: fields("Date", "x", "Content-Type", "application/json", "Connection", "keep-alive",
			"x-amzn-RequestId", "1", "X-Cache", "Miss", "Via", "1.1", "X-Bad", "a\r\nb", "Age", "1")}
	}))
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	c.request(1, true, get()...)
	c.until(c.answered(1))
	want := ":status date content-type content-length x-amzn-requestid x-cache via age"
	if got := strings.Join(c.order, " "); got != want || c.status[1] != "200" {
		t.Errorf("%s %s, want %s", c.status[1], got, want)
	}
}

// TestHTTP2Clients: the standard client, many streams at once, bodies both ways
// beyond every window.
func TestHTTP2Clients(t *testing.T) {
	o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		body, err := x.Request.Body.ReadAll(8 << 20)
		if err != nil {
			return &exchange.Response{Status: 500, Body: exchange.Bytes([]byte(err.Error()))}
		}
		if x.Request.Path == "/stream" {
			return &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(bytes.NewReader(body)), -1)}
		}
		return &exchange.Response{Status: 200, Body: exchange.Bytes(body)}
	})
	tr := h2transport(listen(t, newTestServer(t, o), AllRoles))
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			path := []string{"/", "/stream"}[i%2]
			sent := strings.Repeat(fmt.Sprint(i, ","), i*20_000)
			resp, err := client.Post("http://www.example.com"+path, "text/plain", strings.NewReader(sent))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != sent {
				t.Errorf("%d: %d bytes of %d, %v", i, len(got), len(sent), err)
			}
		})
	}
	group.Wait()
}

func TestHTTP2Refused(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	pseudo := func(method, authority, path string, more ...string) []string {
		pairs := []string{":method", method, ":scheme", "http"}
		if authority != "" {
			pairs = append(pairs, ":authority", authority)
		}
		return append(append(pairs, ":path", path), more...)
	}
	for _, row := range []struct {
		name, want string
		pairs      []string
	}{
		{"plain", "200", get()},
		{"host alone", "200", pseudo("GET", "", "/", "host", "www.example.com")},
		{"host like authority", "200", pseudo("GET", "www.example.com", "/", "host", "WWW.example.com")},
		{"host unlike authority", "400", pseudo("GET", "www.example.com", "/", "host", "d2bbbbbbbbbbbb.cloudfront.net")},
		{"host with another port", "400", pseudo("GET", "www.example.com", "/", "host", "www.example.com:81")},
		{"two hosts", "400", pseudo("GET", "www.example.com", "/", "host", "www.example.com", "host", "www.example.com")},
		{"no host", "400", pseudo("GET", "", "/")},
		{"odd authority", "400", pseudo("GET", "u@www.example.com", "/")},
		{"absolute path", "400", pseudo("GET", "www.example.com", "http://www.example.com/")},
		{"path with a space", "400", pseudo("GET", "www.example.com", "/a b")},
		{"bad escape", "400", pseudo("GET", "www.example.com", "/%zz")},
		{"asterisk", "400", pseudo("GET", "www.example.com", "*")},
		{"connect", "400", pseudo("CONNECT", "www.example.com", "/")},
		{"unknown expectation", "417", get("expect", "x")},
		{"connection field", "PROTOCOL_ERROR", get("connection", "close")},
		{"transfer-encoding", "PROTOCOL_ERROR", get("transfer-encoding", "chunked")},
		{"te", "PROTOCOL_ERROR", get("te", "gzip")},
		{"te trailers", "200", get("te", "trailers")},
		{"upper case name", "PROTOCOL_ERROR", get("X-Upper", "1")},
		{"control in a value", "PROTOCOL_ERROR", get("x-a", "a\nb")},
		{"control in a name", "PROTOCOL_ERROR", get("x\r", "1")},
		{"unknown pseudo field", "PROTOCOL_ERROR", append([]string{":frob", "1"}, get()...)},
		{"pseudo field behind others", "PROTOCOL_ERROR", append([]string{"x-a", "1"}, get()...)},
		{"pseudo field twice", "PROTOCOL_ERROR", append([]string{":path", "/"}, get()...)},
		{"no path", "PROTOCOL_ERROR", []string{":method", "GET", ":scheme", "http", ":authority", "www.example.com"}},
		{"no method", "PROTOCOL_ERROR", []string{":path", "/", ":scheme", "http", ":authority", "www.example.com"}},
		{"no scheme", "PROTOCOL_ERROR", []string{":path", "/", ":method", "GET", ":authority", "www.example.com"}},
		{"bad method", "PROTOCOL_ERROR", pseudo("G T", "www.example.com", "/")},
		{"two lengths", "PROTOCOL_ERROR", get("content-length", "0", "content-length", "0")},
		{"signed length", "PROTOCOL_ERROR", get("content-length", "+0")},
		{"a length without a body", "PROTOCOL_ERROR", get("content-length", "5")},
	} {
		c := dialH2(t, addr)
		c.request(1, true, row.pairs...)
		c.until(c.answered(1))
		got := c.status[1]
		if code, reset := c.resets[1]; reset {
			got = code.String()
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		c.request(3, true, get()...) // the connection lives on
		c.until(c.answered(3))
		if c.status[3] != "200" {
			t.Errorf("%s: the next request: %q %v", row.name, c.status[3], c.goAway)
		}
	}
}

// TestHTTP2ConnectionErrors: what ends the connection, with which code.
func TestHTTP2ConnectionErrors(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	for _, row := range []struct {
		name string
		send func(c *h2client)
		want http2.ErrCode
	}{
		{"even stream", func(c *h2client) { c.request(2, true, get()...) }, http2.ErrCodeProtocol},
		{"data on an idle stream", func(c *h2client) { c.fr.WriteData(5, true, []byte("x")) }, http2.ErrCodeProtocol},
		{"reset of an idle stream", func(c *h2client) { c.fr.WriteRSTStream(5, http2.ErrCodeCancel) }, http2.ErrCodeProtocol},
		{"window of an idle stream", func(c *h2client) { c.fr.WriteWindowUpdate(5, 1) }, http2.ErrCodeProtocol},
		{"window of the connection too large", func(c *h2client) { c.fr.WriteWindowUpdate(0, 1<<31-1) }, http2.ErrCodeFlowControl},
		{"zero window update", func(c *h2client) { c.fr.WriteWindowUpdate(0, 0) }, http2.ErrCodeProtocol},
		{"push promise", func(c *h2client) {
			c.fr.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: c.fields(get()...), EndHeaders: true})
		}, http2.ErrCodeProtocol},
		{"continuation without headers", func(c *h2client) { c.fr.WriteContinuation(1, true, nil) }, http2.ErrCodeProtocol},
		{"frame within a header block", func(c *h2client) {
			c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.fields(get()...)})
			c.fr.WritePing(false, [8]byte{})
		}, http2.ErrCodeProtocol},
		{"bad hpack", func(c *h2client) {
			c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
		}, http2.ErrCodeCompression},
		{"frame too large", func(c *h2client) { c.fr.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 20000)) }, http2.ErrCodeFrameSize},
		{"odd settings", func(c *h2client) { c.fr.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5)) }, http2.ErrCodeFrameSize},
		{"window setting too large", func(c *h2client) {
			c.fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}, http2.ErrCodeFlowControl},
		{"headers of a lower stream", func(c *h2client) {
			c.request(5, true, get()...)
			c.request(3, true, get()...)
		}, http2.ErrCodeStreamClosed},
		{"ping flood", func(c *h2client) {
			for range 3000 {
				c.fr.WritePing(false, [8]byte{})
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"settings flood", func(c *h2client) {
			for range 3000 {
				c.fr.WriteSettings()
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"reset flood", func(c *h2client) {
			for id := uint32(1); id < 4000; id += 2 {
				c.request(id, true, get()...)
				c.fr.WriteRSTStream(id, http2.ErrCodeCancel)
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"empty data flood", func(c *h2client) {
			c.request(1, false, get()...)
			for range 3000 {
				c.fr.WriteData(1, false, nil)
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"malformed request flood", func(c *h2client) {
			for id := uint32(1); id < 4000; id += 2 {
				c.request(id, true, get("connection", "x")...)
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"window dribble", func(c *h2client) {
			for range 30_000 {
				c.fr.WriteWindowUpdate(0, 1)
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"windows of a stream that is closed", func(c *h2client) {
			c.request(5, true, get()...)
			for range 30_000 {
				c.fr.WriteWindowUpdate(3, 1<<20)
			}
		}, http2.ErrCodeEnhanceYourCalm},
		{"priority flood", func(c *h2client) {
			for range 3000 {
				c.fr.WritePriority(1, http2.PriorityParam{StreamDep: 3})
			}
		}, http2.ErrCodeEnhanceYourCalm},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := dialH2(t, addr)
			go row.send(c)
			c.finished()
			if c.goAway == nil || *c.goAway != row.want {
				t.Errorf("%v, want %v", c.goAway, row.want)
			}
		})
	}
}

// Windows that a download needs are free, and a client that gives back every
// few bytes it reads is no flood yet.
func TestHTTP2WindowUpdatesThatServe(t *testing.T) {
	c := dialH2(t, listen(t, newTestServer(t, testOptions(echo)), AllRoles))
	go func() {
		for range 20_000 {
			c.fr.WriteWindowUpdate(0, 16<<10)
		}
		for range 5000 {
			c.fr.WriteWindowUpdate(0, 100)
		}
		c.request(1, true, get()...)
	}()
	c.until(c.answered(1))
	if c.goAway != nil {
		t.Errorf("goaway %v", *c.goAway)
	}
}

// TestHTTP2HeaderLimits: a list too large is refused, a block without end is cut.
func TestHTTP2HeaderLimits(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	c := dialH2(t, addr)
	c.block.Reset()
	pairs := get()
	for i := range 200 {
		pairs = append(pairs, fmt.Sprint("x-", i), strings.Repeat("v", 400))
	}
	block := c.fields(pairs...)
	c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:16000], EndStream: true})
	for block = block[16000:]; len(block) > 16000; block = block[16000:] {
		c.fr.WriteContinuation(1, false, block[:16000])
	}
	c.fr.WriteContinuation(1, true, block)
	c.until(c.answered(1))
	if c.status[1] != "431" && (c.goAway == nil || *c.goAway != http2.ErrCodeProtocol) {
		t.Errorf("80 KB of fields: %q %v", c.status[1], c.goAway)
	}

	c = dialH2(t, addr)
	pairs = get()
	for i := range 300 {
		pairs = append(pairs, fmt.Sprint("x-", i), "v")
	}
	c.request(1, true, pairs...)
	c.until(c.answered(1))
	if c.status[1] != "431" {
		t.Errorf("300 fields: %q", c.status[1])
	}

	c = dialH2(t, addr)
	go func() {
		c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.fields(get()...)})
		for c.fr.WriteContinuation(1, false, nil) == nil {
		}
	}()
	c.finished()
	if c.goAway == nil || *c.goAway != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("empty continuations without end: %v", c.goAway)
	}
}

// TestHTTP2Bodies: lengths are kept, and a body that is not wanted is refused
// without harm to the connection.
func TestHTTP2Bodies(t *testing.T) {
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		if x.Request.Path == "/unread" {
			return &exchange.Response{Status: 403}
		}
		return echo(ctx, x)
	})
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	post := func(path string, more ...string) []string {
		return append([]string{":method", "POST", ":scheme", "http", ":authority", "www.example.com", ":path", path}, more...)
	}
	c.request(1, false, post("/a", "content-length", "4")...)
	c.fr.WriteDataPadded(1, false, []byte("ab"), make([]byte, 100))
	c.fr.WriteData(1, false, []byte("cd"))
	c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.fields("x-trailer", "1"), EndStream: true, EndHeaders: true})
	c.until(c.answered(1))
	if c.body[1] != "POST www.example.com /a abcd" {
		t.Errorf("%q %v", c.body[1], c.resets)
	}
	c.request(3, false, post("/a", "content-length", "4")...)
	c.fr.WriteData(3, false, []byte("abcde"))
	c.until(c.answered(3))
	c.request(5, false, post("/a", "content-length", "4")...)
	c.fr.WriteData(5, true, []byte("abc"))
	c.until(c.answered(5))
	if c.resets[3] != http2.ErrCodeProtocol || c.resets[5] != http2.ErrCodeProtocol {
		t.Errorf("%v", c.resets)
	}
	// The window of the connection is not used up by bodies nobody reads.
	id := uint32(7)
	for range 30 {
		c.request(id, false, post("/unread")...)
		for range 4 {
			c.fr.WriteData(id, false, make([]byte, 16000))
		}
		c.until(func() bool { _, reset := c.resets[id]; return reset })
		if c.status[id] != "403" || c.resets[id] != http2.ErrCodeNo {
			t.Fatalf("stream %d: %q %v %v", id, c.status[id], c.resets[id], c.goAway)
		}
		id += 2
	}
	c.request(id, true, get()...)
	c.until(c.answered(id))
	if c.status[id] != "200" {
		t.Errorf("%q %v", c.status[id], c.goAway)
	}
}

// TestHTTP2BehindTheEnd: data is an error of the stream alone, a header block
// one of the connection.
func TestHTTP2BehindTheEnd(t *testing.T) {
	finished := make(chan struct{}, 2)
	o := testOptions(echo)
	o.Finish = func(*exchange.Exchange) { finished <- struct{}{} }
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	c.request(1, true, get()...)
	c.until(c.answered(1))
	<-finished
	c.fr.WriteData(1, true, []byte("x"))
	c.request(3, true, get()...)
	c.until(c.answered(3))
	if c.resets[1] != http2.ErrCodeStreamClosed || c.status[3] != "200" {
		t.Errorf("%v %q", c.resets, c.status[3])
	}
	<-finished
	c.request(3, true, get()...)
	c.finished()
	if c.goAway == nil || *c.goAway != http2.ErrCodeStreamClosed {
		t.Errorf("%v", c.goAway)
	}
}

// TestHTTP2FlowViolation: more than the window says.
func TestHTTP2FlowViolation(t *testing.T) {
	hold := make(chan struct{})
	o := testOptions(func(_ context.Context, x *exchange.Exchange) *exchange.Response {
		<-hold
		return &exchange.Response{Status: 200}
	})
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	defer close(hold)
	c.request(1, false, get()...)
	go func() {
		for range 20 {
			c.fr.WriteData(1, false, make([]byte, 16384))
		}
	}()
	c.until(c.answered(1))
	if c.resets[1] != http2.ErrCodeFlowControl {
		t.Errorf("%v %v", c.resets, c.goAway)
	}
}

func TestHTTP2Expect(t *testing.T) {
	c := dialH2(t, listen(t, newTestServer(t, testOptions(echo)), AllRoles))
	c.request(1, false, ":method", "POST", ":scheme", "http", ":authority", "www.example.com", ":path", "/", "expect", "100-continue")
	c.until(func() bool { return c.status[1] == "100" })
	c.fr.WriteData(1, true, []byte("hello"))
	c.until(c.answered(1))
	if c.status[1] != "100200" || c.body[1] != "POST www.example.com / hello" {
		t.Errorf("%q %q", c.status[1], c.body[1])
	}
}

// TestHTTP2Framing: bodies and statuses that have none.
func TestHTTP2Framing(t *testing.T) {
	for _, row := range []struct {
		method string
		resp   exchange.Response
		want   string // fields / body / reset
	}{
		{"GET", exchange.Response{Status: 200, Body: exchange.Bytes([]byte("hello"))}, ":status content-length date/hello/"},
		{"HEAD", exchange.Response{Status: 200, Body: exchange.Bytes([]byte("hello"))}, ":status content-length date//"},
		{"GET", exchange.Response{Status: 204, Header: fields("Content-Length", "0")}, ":status date//"},
		{"GET", exchange.Response{Status: 200, Body: exchange.Stream(&streamOf{pieces: []string{"a", "b"}}, -1)}, ":status date/ab/"},
		{"GET", exchange.Response{Status: 200, Body: exchange.Stream(&streamOf{pieces: []string{"a"}}, 2)}, ":status content-length date/a/INTERNAL_ERROR"},
		{"GET", exchange.Response{Status: 200, Body: exchange.Stream(&streamOf{pieces: []string{"a"}, err: errors.New("x")}, -1)}, ":status date/a/INTERNAL_ERROR"},
	} {
		o := testOptions(answering(func() *exchange.Response { return &row.resp }))
		c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
		c.request(1, true, ":method", row.method, ":scheme", "http", ":authority", "www.example.com", ":path", "/")
		c.until(c.answered(1))
		got := strings.Join(c.order, " ") + "/" + c.body[1] + "/"
		if code, reset := c.resets[1]; reset {
			got += code.String()
		}
		if got != row.want {
			t.Errorf("%s %d: %s, want %s", row.method, row.resp.Status, got, row.want)
		}
	}
}

// TestHTTP2StreamLimit: handlers count, not open streams, so resetting does not
// make room (CVE-2023-44487).
func TestHTTP2StreamLimit(t *testing.T) {
	hold := make(chan struct{})
	var mu sync.Mutex
	running, most := 0, 0
	o := testOptions(func(context.Context, *exchange.Exchange) *exchange.Response {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		<-hold
		mu.Lock()
		running--
		mu.Unlock()
		return &exchange.Response{Status: 200}
	})
	o.Limits.MaxStreams = 10
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	for id := uint32(1); id < 100; id += 2 {
		c.request(id, true, get()...)
		if id < 30 {
			c.fr.WriteRSTStream(id, http2.ErrCodeCancel)
		}
	}
	c.until(c.answered(99))
	if c.resets[99] != http2.ErrCodeRefusedStream {
		t.Errorf("%v", c.resets[99])
	}
	close(hold)
	mu.Lock()
	defer mu.Unlock()
	if most > 10 {
		t.Errorf("%d handlers at once", most)
	}
}

// TestHTTP2Silence: idle connections and clients that open no window are let go.
func TestHTTP2Silence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		o := testOptions(answering(func() *exchange.Response {
			return &exchange.Response{Status: 200, Body: exchange.Bytes(make([]byte, 200_000))}
		}))
		o.Now, o.Finish = nil, rec.finish
		s := newTestServer(t, o)
		start := time.Now()
		nc := pipeConn(t, s, AllRoles)
		c := newH2Client(t, nc)
		go func() {
			io.WriteString(nc, h2Preface)
			c.fr.WriteSettings()
			c.request(1, true, get()...)
		}()
		c.until(c.answered(1))
		if took := time.Since(start); took < 30*time.Second || took > 40*time.Second || len(c.body[1]) != 65535 {
			t.Errorf("without a window: ended after %v with %d bytes", took, len(c.body[1]))
		}
		c.finished()
		if took := time.Since(start); took < 75*time.Second || took > 140*time.Second || c.goAway == nil {
			t.Errorf("idle: closed after %v, goaway %v", took, c.goAway)
		}
		if r := rec.records(); len(r) != 1 || !r[0].Aborted || r[0].BytesSent != 65535 {
			t.Errorf("records %+v", r)
		}
	})
}

// TestHTTP2SlowBody: a frame of a body that is slow to come has the time of a
// body, not what the preface or a header block left of theirs.
func TestHTTP2SlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(echo)
		o.Now = nil
		nc := pipeConn(t, newTestServer(t, o), AllRoles)
		c := newH2Client(t, nc)
		var wire bytes.Buffer
		c.fr = http2.NewFramer(&wire, nc)
		c.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		wire.WriteString(h2Preface)
		c.fr.WriteSettings()
		c.request(1, false, ":method", "POST", ":scheme", "http", ":authority", "www.example.com", ":path", "/")
		c.fr.WriteData(1, true, make([]byte, 1000))
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			nc.Write(wire.Next(wire.Len() - 500))
			time.Sleep(20 * time.Second)
			nc.Write(wire.Bytes())
		}()
		c.until(c.answered(1))
		<-sent
		if len(c.body[1]) < 1000 || strings.Contains(c.body[1], "error") {
			t.Errorf("status %q, goaway %v, %.200q", c.status[1], c.goAway, c.body[1])
		}
	})
}

// TestHTTP2ClientGone: the streams' contexts end with the connection, and with
// a reset.
func TestHTTP2ClientGone(t *testing.T) {
	gone := make(chan string, 2)
	o := testOptions(func(ctx context.Context, x *exchange.Exchange) *exchange.Response {
		<-ctx.Done()
		gone <- x.Request.Path
		return &exchange.Response{Status: 200}
	})
	c := dialH2(t, listen(t, newTestServer(t, o), AllRoles))
	c.request(1, true, append(get()[:6], ":path", "/reset")...)
	c.request(3, true, append(get()[:6], ":path", "/closed")...)
	c.fr.WriteRSTStream(1, http2.ErrCodeCancel)
	if path := <-gone; path != "/reset" {
		t.Error(path)
	}
	c.nc.Close()
	if path := <-gone; path != "/closed" {
		t.Error(path)
	}
}

// TestCurl: a client that is not written in Go, over both ways into HTTP/2.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil && os.Getenv("DRAWBRIDGE_CI") == "1" {
		t.Fatal("curl is not installed, and CI skips nothing")
	}
	if err != nil {
		t.Skip("curl is not installed")
	}
	addr, _ := tlsServer(t, nil)
	for _, args := range [][]string{
		{"--http2-prior-knowledge", "http://www.example.com/a"},
		{"--http2", "-k", "https://www.example.com/a"},
		{"--http1.1", "-k", "https://www.example.com/a"},
		{"--http1.1", "http://www.example.com/a"},
	} {
		args = append([]string{"-sS", "-m", "10", "--connect-to", "::" + addr, "-d", strings.Repeat("x", 3000), "-w", " %{http_version}"}, args...)
		out, err := exec.Command(curl, args...).CombinedOutput()
		want := " 2"
		if strings.Contains(strings.Join(args, " "), "http1.1") {
			want = " 1.1"
		}
		if err != nil || !strings.HasPrefix(string(out), "POST www.example.com /a xxx") || !strings.HasSuffix(string(out), want) {
			t.Errorf("curl %v: %v %.200q", args, err, out)
		}
	}
}
