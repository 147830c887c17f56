package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"

	"drawbridge/dataplane/exchange"
)

// BenchmarkHTTP1 answers 1 KiB from memory over a kept connection: the cost of
// the loop on both sides of a plane that costs nothing.
func BenchmarkHTTP1(b *testing.B) {
	body := make([]byte, 1024)
	header := fields("Content-Type", "text/html", "Content-Length", "1024", "Date", "Sun, 22 Nov 2026 16:00:00 GMT",
		"X-Cache", "Hit from cloudfront", "Via", "1.1 1ec5c4b165968f8e5c872b374a497e8e.cloudfront.net (CloudFront)",
		"X-Amz-Cf-Pop", "NRT57-P2", "X-Amz-Cf-Id", "TjTMUnRNKNCro-IifX67z5YnW3L0CcinXiTr0UAEMt6FPhDWXpKU_Q==", "Age", "46")
	resp := &exchange.Response{Status: 200, Header: header, Body: exchange.Bytes(body)}
	o := testOptions(func(context.Context, *exchange.Exchange) *exchange.Response { return resp })
	addr := listen(b, newTestServer(b, o), AllRoles)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	request := []byte("GET /index.html HTTP/1.1\r\nHost: d1aaaaaaaaaaaa.cloudfront.net\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n")
	r := bufio.NewReaderSize(nc, 64<<10)
	answer := benchAnswer(b, nc, r, request)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		nc.Write(request)
		if _, err := io.ReadFull(r, answer); err != nil {
			b.Fatal(err)
		}
	}
}

// benchAnswer makes one round trip and returns a buffer of the answer's size.
func benchAnswer(b *testing.B, nc net.Conn, r *bufio.Reader, request []byte) []byte {
	b.Helper()
	nc.Write(request)
	size := 0
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
		size += len(line)
	}
	if _, err := r.Discard(1024); err != nil {
		b.Fatal(err)
	}
	return make([]byte, size+1024)
}

// BenchmarkParseHead is the cost of a browser-sized head alone.
func BenchmarkParseHead(b *testing.B) {
	text := "GET /index.html?a=b HTTP/1.1\r\nHost: d1aaaaaaaaaaaa.cloudfront.net\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
		"Accept: text/html,application/xhtml+xml\r\nAccept-Language: ja,en;q=0.5\r\nAccept-Encoding: gzip, br\r\nConnection: keep-alive\r\n" +
		"Cookie: a=b; c=d\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n\r\n"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	var h requestHead
	for b.Loop() {
		if r := h.parse(text, 256); r != nil {
			b.Fatal(r.reason)
		}
	}
}
