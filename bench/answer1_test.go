package main

import (
	"bytes"
	"strings"
	"testing"
)

const okHead = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\n"

func TestTakeAnswer(t *testing.T) {
	for name, row := range map[string]struct {
		in   string
		n    int
		fail string
	}{
		"whole":            {okHead + "hello", len(okHead) + 5, ""},
		"with a next one":  {okHead + "helloHTTP/1.1", len(okHead) + 5, ""},
		"lower case":       {"HTTP/1.1 200 \r\ncontent-length:5\r\n\r\nhello", 40, ""},
		"nothing yet":      {"", 0, ""},
		"part of head":     {okHead[:20], 0, ""},
		"part of body":     {okHead + "hell", 0, ""},
		"status":           {"HTTP/1.1 403 Forbidden\r\n", 0, "begins with"},
		"status, early":    {"HTTP/1.1 5", 0, "begins with"},
		"version":          {"HTTP/1.0 200 OK\r\n", 0, "begins with"},
		"length":           {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", 0, "content-length 6"},
		"length, early":    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, "content-length 0"},
		"length twice":     {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 0, "second"},
		"length no number": {"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", 0, "bad"},
		"no length":        {"HTTP/1.1 200 OK\r\n\r\nhello", 0, "no content-length"},
		"chunked":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", 0, "transfer-encoding"},
		"no colon":         {"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", 0, "colon"},
		"body":             {okHead + "jello", 0, "another body"},
		"endless head":     {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", maxHead), 0, "longer"},
	} {
		n, err := takeAnswer([]byte(row.in), []byte("hello"))
		if n != row.n || (err == nil) != (row.fail == "") || err != nil && !strings.Contains(err.Error(), row.fail) {
			t.Errorf("%s: %d, %v; want %d and an error with %q", name, n, err, row.n, row.fail)
		}
	}
}

func FuzzTakeAnswer(f *testing.F) {
	f.Add([]byte(okHead + "hello"))
	f.Add([]byte(okHead + "jello"))
	f.Add([]byte("HTTP/1.1 200 \r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 \r\n:\r\ncontent-length: 5 \r\n\r\nhello"))
	want := []byte("hello")
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := takeAnswer(b, want)
		if n < 0 || n > len(b) || n > 0 && err != nil {
			t.Fatalf("%d of %d, %v", n, len(b), err)
		}
		if n == 0 {
			return
		}
		if !bytes.HasSuffix(b[:n], append([]byte("\r\n\r\n"), want...)) {
			t.Fatalf("accepted %q", b[:n])
		}
		if short, err := takeAnswer(b[:n-1], want); short != 0 || err != nil {
			t.Fatalf("all but a byte: %d, %v", short, err)
		}
		splitHead(b[:n])
	})
}

func TestSplitHead(t *testing.T) {
	a := splitHead([]byte(okHead + "hello"))
	if len(a.fields) != 2 || a.fields[0] != (field{"server", "x"}) || a.size() != len("serverxcontent-length5") {
		t.Errorf("%+v of %d bytes", a.fields, a.size())
	}
}
