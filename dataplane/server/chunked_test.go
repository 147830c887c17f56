package server

import (
	"bytes"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
)

// badChunks are chunked bodies that are refused.
var badChunks = []string{
	"+5\r\nhello\r\n0\r\n\r\n",
	"-5\r\nhello\r\n0\r\n\r\n",
	" 5\r\nhello\r\n0\r\n\r\n",
	"5 \r\nhello\r\n0\r\n\r\n",
	"0x5\r\nhello\r\n0\r\n\r\n",
	"5_0\r\nhello\r\n0\r\n\r\n",
	"\r\nhello\r\n0\r\n\r\n",
	"g\r\n",
	"5\nhello\r\n0\r\n\r\n",
	"5\r\nhello\n0\r\n\r\n",
	"5\r\nhelloX\r\n0\r\n\r\n",
	"5\r\nhello0\r\n\r\n",
	"5\r\rhello\r\n0\r\n\r\n",
	"0000000000000005\r\nhello\r\n0\r\n\r\n",
	"ffffffffffffffff\r\n",
	"5;\r\nhello\r\n0\r\n\r\n",
	"5; a\r\nhello\r\n0\r\n\r\n",
	"5;a=\r\nhello\r\n0\r\n\r\n",
	"5;a=\"b\r\nhello\r\n0\r\n\r\n",
	"5;a b\r\nhello\r\n0\r\n\r\n",
	"5;a\rb\r\nhello\r\n0\r\n\r\n",
	"5;a\x00\r\nhello\r\n0\r\n\r\n",
	"5;" + strings.Repeat("a", 300) + "\r\nhello\r\n0\r\n\r\n",
	"0\r\nbad trailer\r\n\r\n",
	"0\r\n folded: x\r\n\r\n",
	"0\r\nA : x\r\n\r\n",
	"0\r\nA: x\n\r\n",
	"0\r\nA: x\r\n\n",
	"0\r\n" + strings.Repeat("A: x\r\n", 65) + "\r\n",
	"0\r\nA: " + strings.Repeat("x", 9000) + "\r\n\r\n",
}

// decodeChunked runs the decoder over bytes that come in pieces.
func decodeChunked(in []byte, piece int) (data []byte, rest []byte, err error) {
	var d chunkDecoder
	var buf []byte
	for {
		n, err := d.next(buf)
		buf = buf[n:]
		if err != nil {
			return data, nil, err
		}
		if d.state == chunkDone {
			return data, append(buf, in...), nil
		}
		if have := d.available(len(buf)); have > 0 {
			data = append(data, buf[:have]...)
			buf = buf[have:]
			d.took(have)
			continue
		}
		if len(in) == 0 {
			return data, nil, io.ErrUnexpectedEOF
		}
		m := min(piece, len(in))
		buf, in = append(buf, in[:m]...), in[m:]
	}
}

func TestChunked(t *testing.T) {
	for in, want := range map[string]string{
		"5\r\nhello\r\n0\r\n\r\nrest": "hello|rest",
		"0\r\n\r\n":                   "|",
		"00a\r\n0123456789\r\n1;a=b;c=\"d;\\\"e\"\r\nX\r\n0;z\r\n\r\n": "0123456789X|",
		"A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\nT: v\r\nU:\r\n\r\nGET":      "\r\n\r\n\r\n\r\n\r\n|GET",
	} {
		for _, piece := range []int{1, 3, 1000} {
			data, rest, err := decodeChunked([]byte(in), piece)
			if got := string(data) + "|" + string(rest); err != nil || got != want {
				t.Errorf("%q by %d: %q, %v; want %q", in, piece, got, err, want)
			}
		}
	}
}

func TestChunkedRefused(t *testing.T) {
	for _, in := range badChunks {
		for _, piece := range []int{1, 1000} {
			if data, _, err := decodeChunked([]byte(in), piece); err != errChunked {
				t.Errorf("%.60q by %d: %q, %v", in, piece, data, err)
			}
		}
	}
}

// TestChunkedOverhead: a client cannot make us read much framing for little data.
func TestChunkedOverhead(t *testing.T) {
	line := "1;" + strings.Repeat("a", 200) + "\r\nx\r\n"
	if _, _, err := decodeChunked([]byte(strings.Repeat(line, 1000)+"0\r\n\r\n"), 4096); err != errChunked {
		t.Errorf("200 bytes of extension for each byte of data: %v", err)
	}
	honest := "1\r\nx\r\n"
	data, _, err := decodeChunked([]byte(strings.Repeat(honest, 100_000)+"0\r\n\r\n"), 4096)
	if err != nil || len(data) != 100_000 {
		t.Errorf("honest small chunks: %d, %v", len(data), err)
	}
}

// FuzzChunked: pieces do not matter, and net/http's reader agrees on what we accept.
func FuzzChunked(f *testing.F) {
	for _, seed := range badChunks {
		f.Add([]byte(seed), 7)
	}
	f.Add([]byte("5\r\nhello\r\n0\r\nA: b\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		piece = max(1, min(piece, 1<<16))
		whole, _, err := decodeChunked(in, len(in)+1)
		pieces, _, err2 := decodeChunked(in, piece)
		if err != err2 || err == nil && !bytes.Equal(whole, pieces) {
			t.Fatalf("whole: %q %v, by %d: %q %v", whole, err, piece, pieces, err2)
		}
		if err != nil {
			return
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(in)))
		if err != nil || !bytes.Equal(theirs, whole) {
			t.Fatalf("we read %q, net/http %q, %v", whole, theirs, err)
		}
	})
}
