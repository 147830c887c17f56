package server

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"drawbridge/dataplane/exchange"
)

// parseText parses a head as the loop would.
func parseText(text string) (*requestHead, *refusal) {
	h := &requestHead{}
	r := h.parse(text, 256)
	return h, r
}

func TestRequestHead(t *testing.T) {
	h, r := parseText("GET /a%20b?x=1?2 HTTP/1.1\r\nHost: Www.Example.com:80\r\nX-Case:  v \t\r\nx-empty:\r\n" +
		"Connection: Keep-Alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nContent-Length: 03\r\n\r\n")
	if r != nil {
		t.Fatal(r.reason)
	}
	got := fmt.Sprint(h.method, h.target, h.host, h.authority, h.header, h.length, h.keepAlive, h.protocol)
	want := fmt.Sprint("GET", target{path: "/a%20b", rawQuery: "x=1?2", hasQuery: true}, "www.example.com", "Www.Example.com:80",
		exchange.Header{{Name: "X-Case", Value: "v"}, {Name: "x-empty"}, {Name: "Content-Length", Value: "03"}}, 3, true, exchange.HTTP11)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// smuggling are heads that two readers could understand differently, or that
// are no HTTP/1.1 at all. All are answered 400 and the connection is closed.
var smuggling = []struct{ reason, head string }{
	// request line (RFC 9112 section 3)
	{"request-line", "GET / \r\n"},
	{"request-line", "GET\r\n"},
	{"request-line", "GET /\r\nHost: a\r\n\r\n"},
	{"version", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
	{"version", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"version", "GET / x HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"request-line", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"},
	{"method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"method", "GET\x00 / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
	{"version", "GET / http/1.1\r\nHost: a\r\n\r\n"},
	{"version", "GET / HTTP/1,1\r\nHost: a\r\n\r\n"},
	{"version", "GET / ICAP/1.1\r\nHost: a\r\n\r\n"},
	{"connect", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"connect", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"asterisk", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET ? HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"escape", "GET /% HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"host", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"host", "GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	// line ends (section 2.2)
	{"request-line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"line-end", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
	{"line-end", "GET / HTTP/1.1\nHost: a\n\n"},
	{"line-end", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
	{"line-end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
	{"field-value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},
	{"field-value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n"},
	// fields (section 5)
	{"field-name", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\nHost: a\r\nX(y): v\r\n\r\n"},
	{"field-name", "GET / HTTP/1.1\r\nHost: a\r\nX\x80: v\r\n\r\n"},
	{"field-value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n"},
	{"field-value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x0bb\r\n\r\n"},
	{"field-value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n"},
	// host (section 3.2)
	{"no-host", "GET / HTTP/1.1\r\n\r\n"},
	{"no-host", "GET http://a/ HTTP/1.1\r\n\r\n"},
	{"two-hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
	{"two-hosts", "GET / HTTP/1.1\r\nHost: \r\nhost: a\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n"},
	{"host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
	{"host", "GET http://b/ HTTP/1.1\r\nHost: u@a\r\n\r\n"},
	// message length (section 6)
	{"content-length-twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
	{"content-length-twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
	{"content-length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n"},
	{"content-length-and-transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"content-length-and-transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"},
	{"transfer-encoding-twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n"},
	{"transfer-encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"},
	{"field-value", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n"},
	{"field-name", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"},
	{"transfer-encoding-in-http/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"connection", "GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n"},
	{"connection", "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + strings.Repeat("x,", 17) + "\r\n\r\n"},
}

func TestRequestHeadRefused(t *testing.T) {
	for _, row := range smuggling {
		if _, r := parseText(row.head); r == nil {
			t.Errorf("accepted: %q", row.head)
		} else if strings.HasSuffix(row.head, "\r\n\r\n") && (r.reason != row.reason || r.status != 400) {
			t.Errorf("%q: %d %s, want %s", row.head, r.status, r.reason, row.reason)
		}
	}
}

func TestRequestHeadAccepted(t *testing.T) {
	for _, row := range []struct{ head, want string }{
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS a *"},
		{"OPTIONS http://A:80 HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS a *"},
		{"GET http://A.example:80?q HTTP/1.1\r\nHost: b\r\n\r\n", "GET a.example /"},
		{"GET HTTPS://a/%C3%A9 HTTP/1.1\r\nHost: b\r\n\r\n", "GET a /%C3%A9"},
		{"GET / HTTP/1.0\r\n\r\n", "GET  /"},
		{"FROB //x HTTP/1.1\r\nHost: [::1]:80\r\nX: caf\xe9\ttab\r\n\r\n", "FROB [::1] //x"},
		{"GET /" + "caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "GET a /caf\xc3\xa9"},
	} {
		h, r := parseText(row.head)
		if r != nil {
			t.Errorf("%q: refused: %s", row.head, r.reason)
		} else if got := h.method + " " + h.host + " " + h.target.path; got != row.want {
			t.Errorf("%q: %q, want %q", row.head, got, row.want)
		}
	}
}

func TestKeepAliveAndUpgrade(t *testing.T) {
	for _, row := range []struct {
		head string
		keep bool
		up   string
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false, ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n", false, ""},
		{"GET / HTTP/1.0\r\n\r\n", false, ""},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", true, "websocket"},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", true, ""},
		{"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", false, ""},
	} {
		h, r := parseText(row.head)
		if r != nil || h.keepAlive != row.keep || h.upgrade != row.up || h.header.Has("Upgrade") {
			t.Errorf("%q: %v keep=%v upgrade=%q", row.head, r, h.keepAlive, h.upgrade)
		}
	}
}

func seedHeads(f *testing.F) {
	for _, row := range smuggling {
		f.Add(row.head)
	}
	f.Add("GET /a?b HTTP/1.1\r\nHost: example.com\r\nX: y\r\nContent-Length: 5\r\n\r\n")
	f.Add("POST http://a/ HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
	f.Add("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
}

// FuzzRequestHead checks what every accepted head promises.
func FuzzRequestHead(f *testing.F) {
	seedHeads(f)
	f.Fuzz(func(t *testing.T, text string) {
		h, r := parseText(text)
		if r != nil {
			if r.status < 400 || r.status > 499 || r.reason == "" {
				t.Fatalf("refusal %+v", r)
			}
			return
		}
		if h.target.path == "" || h.target.path[0] != '/' && h.target.path != "*" {
			t.Fatalf("path %q", h.target.path)
		}
		if h.protocol == exchange.HTTP11 && h.host == "" {
			t.Fatal("no host")
		}
		for _, field := range h.header {
			if !isToken(field.Name) || !isFieldValue(field.Value) || field.Value != trimBlank(field.Value) {
				t.Fatalf("field %q", field)
			}
			switch strings.ToLower(field.Name) {
			case "host", "connection", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade":
				t.Fatalf("%s is left in the header", field.Name)
			}
		}
	})
}

// FuzzRequestHeadAgainstNetHTTP holds our reading against net/http's: what we
// accept it accepts with the same meaning, so we differ only toward refusal.
func FuzzRequestHeadAgainstNetHTTP(f *testing.F) {
	seedHeads(f)
	f.Fuzz(func(t *testing.T, text string) {
		h, r := parseText(text)
		if r != nil {
			return
		}
		theirs, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(text), strings.NewReader("0\r\n\r\n"))))
		if err != nil {
			t.Fatalf("we accept %q, net/http says %v", text, err)
		}
		if theirs.Method != h.method {
			t.Errorf("method %q, theirs %q", h.method, theirs.Method)
		}
		if host := theirs.Host; host != h.authority {
			t.Errorf("host %q, theirs %q", h.authority, host)
		}
		if h.length >= 0 && theirs.ContentLength != h.length || h.length < 0 && len(theirs.TransferEncoding) != 1 {
			t.Errorf("length %d, theirs %d %q", h.length, theirs.ContentLength, theirs.TransferEncoding)
		}
		if theirs.Close && h.keepAlive {
			t.Error("we keep what net/http closes")
		}
		for _, field := range h.header {
			name := http.CanonicalHeaderKey(field.Name)
			if _, ok := theirs.Header[name]; !ok && name != "Trailer" {
				t.Errorf("field %q is not theirs: %v", field.Name, theirs.Header)
			}
		}
		if q := theirs.URL.RawQuery; q != h.target.rawQuery {
			t.Errorf("query %q, theirs %q", h.target.rawQuery, q)
		}
	})
}
