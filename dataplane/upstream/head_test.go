package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzReadHead holds the parser against net/http's: it may differ only toward
// refusal, and what both accept they read alike.
func FuzzReadHead(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.0 404\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\nA:b\n\n", "\r\n", "HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, used, err := readHead(bufio.NewReaderSize(bytes.NewReader(data), 64), 4096)
		if used > 4096 || used > len(data) {
			t.Fatalf("used %d bytes of %d", used, len(data))
		}
		if err != nil {
			return
		}
		other, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), &http.Request{Method: "HEAD"})
		if err != nil {
			// net/http refuses some codes of framing that HEAD makes harmless.
			t.Skip()
		}
		_ = other.Body.Close()
		if other.StatusCode != h.status {
			t.Fatalf("status %d, net/http has %d", h.status, other.StatusCode)
		}
		for _, field := range h.header {
			switch strings.ToLower(field.Name) {
			case "transfer-encoding", "content-length", "trailer":
				continue
			}
			if !contains(other.Header.Values(field.Name), field.Value) {
				t.Fatalf("field %q: %q, net/http has %q", field.Name, field.Value, other.Header.Values(field.Name))
			}
		}
	})
}

func contains(list []string, value string) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

// FuzzChunked reads a chunked body from arbitrary bytes: what we accept,
// net/http's reader accepts with the same content.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n"))
	f.Add([]byte("-3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readAllChunked(data)
		if err != nil {
			return
		}
		prefix := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		other, err := http.ReadResponse(bufio.NewReader(strings.NewReader(prefix+string(data))), nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(other.Body)
		if err != nil {
			t.Skip() // a trailer that net/http parses and we drop
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("read %q, net/http reads %q", got, want)
		}
	})
}

// readAllChunked drives the chunk reader without a connection.
func readAllChunked(data []byte) ([]byte, error) {
	r := bufio.NewReader(bytes.NewReader(data))
	b := &body{flight: &flight{conn: &conn{reader: r}}, head: &head{chunked: true}}
	var out []byte
	for {
		last, err := b.nextChunk()
		if err != nil || last {
			return out, err
		}
		if b.left > int64(len(data)) {
			return nil, io.ErrUnexpectedEOF
		}
		part := make([]byte, b.left)
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
}

// FuzzAppendRequest: what goes out is one request with the fields that were
// given, whatever is in them, or nothing goes out.
func FuzzAppendRequest(f *testing.F) {
	f.Add("GET", "/", "a=b", "X-A", "1")
	f.Add("GET", "/\r\n\r\nGET /b", "", "X-A", "1\r\nX-B: 2")
	f.Add("POST", "//x", "?", "X A", "\x00")
	f.Fuzz(func(t *testing.T, method, path, query, name, value string) {
		call := &Call{Method: method, Path: path, RawQuery: query, Authority: "origin.example"}
		call.Header.Add(name, value)
		head, err := appendRequest(nil, call)
		if err != nil {
			return
		}
		if n := bytes.Count(head, []byte("\r\n")); n > 5 || bytes.Count(head, []byte("\r\n\r\n")) != 1 || bytes.Count(head, []byte("\n")) != n {
			t.Fatalf("%d lines: %q", n, head)
		}
		if !bytes.HasPrefix(head, []byte(method+" ")) || !bytes.Contains(head, []byte(" HTTP/1.1\r\nHost: origin.example\r\n")) {
			t.Fatalf("%q", head)
		}
	})
}
