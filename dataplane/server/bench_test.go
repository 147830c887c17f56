package server

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// BenchmarkHTTP1 answers 1 KiB from memory over a kept connection: the cost of
// the loop on both sides of a plane that costs nothing.
func BenchmarkHTTP1(b *testing.B) {
	addr := benchServer(b)
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

// benchServer serves 1 KiB from memory with the fields of a cache hit.
func benchServer(b *testing.B) (addr string) {
	b.Helper()
	body := make([]byte, 1024)
	header := fields("Content-Type", "text/html", "Content-Length", "1024", "Date", "Sun, 22 Nov 2026 16:00:00 GMT",
		"X-Cache", "Hit from cloudfront", "Via", "1.1 1ec5c4b165968f8e5c872b374a497e8e.cloudfront.net (CloudFront)",
		"X-Amz-Cf-Pop", "NRT57-P2", "X-Amz-Cf-Id", "TjTMUnRNKNCro-IifX67z5YnW3L0CcinXiTr0UAEMt6FPhDWXpKU_Q==", "Age", "46")
	resp := &exchange.Response{Status: 200, Header: header, Body: exchange.Bytes(body)}
	o := testOptions(func(context.Context, *exchange.Exchange) *exchange.Response { return resp })
	return listen(b, newTestServer(b, o), AllRoles)
}

// BenchmarkHTTP2 answers 32 requests at once over one connection; the figures
// are per batch and hold a client that decodes no fields.
func BenchmarkHTTP2(b *testing.B) {
	const streams = 32
	nc, err := net.Dial("tcp", benchServer(b))
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, h2Preface)
	w := bufio.NewWriterSize(nc, 64<<10)
	fr := http2.NewFramer(w, bufio.NewReaderSize(nc, 64<<10))
	fr.SetReuseFrames()
	fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
	fr.WriteWindowUpdate(0, 1<<30)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	enc.SetMaxDynamicTableSize(0)
	pairs := get("user-agent", "bench", "accept-encoding", "gzip")
	for i := 0; i < len(pairs); i += 2 {
		enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	id := uint32(1)
	b.ReportAllocs()
	for b.Loop() {
		for range streams {
			fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
			id += 2
		}
		fr.WriteWindowUpdate(0, streams*1024)
		w.Flush()
		for ended := 0; ended < streams; {
			f, err := fr.ReadFrame()
			if err != nil {
				b.Fatal(err)
			}
			if d, ok := f.(*http2.DataFrame); ok && d.StreamEnded() {
				ended++
			}
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
