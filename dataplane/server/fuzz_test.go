package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// script is a client that sends these bytes and goes.
type script struct{ in *bytes.Reader }

func (s script) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s script) Write(p []byte) (int, error)      { return len(p), nil }
func (s script) Close() error                     { return nil }
func (s script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s script) SetDeadline(time.Time) error      { return nil }
func (s script) SetReadDeadline(time.Time) error  { return nil }
func (s script) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection runs a whole connection over what a client might send: it must
// end, without a panic and with every exchange finished.
func FuzzConnection(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	f.Add([]byte("GET /_drawbridge/health HTTP/1.0\r\n\r\n"))
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"))
	f.Add(framesSeed())
	f.Fuzz(func(t *testing.T, in []byte) {
		o := testOptions(echo)
		o.Logger = failOnLog(t)
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		c := s.newConn(script{bytes.NewReader(in)}, AllRoles)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.serve()
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("the connection does not end")
		}
	})
}

// framesSeed is an HTTP/2 client's side of a short conversation.
func framesSeed() []byte {
	var out, block bytes.Buffer
	out.WriteString(h2Preface)
	fr := http2.NewFramer(&out, nil)
	enc := hpack.NewEncoder(&block)
	pairs := get("content-length", "3")
	for i := 0; i < len(pairs); i += 2 {
		enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	err := errors.Join(
		fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10}),
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}),
		fr.WriteDataPadded(1, false, []byte("ab"), make([]byte, 3)),
		fr.WriteWindowUpdate(1, 100),
		fr.WriteData(1, true, []byte("c")),
		fr.WritePing(false, [8]byte{}),
		fr.WriteRSTStream(1, http2.ErrCodeCancel),
	)
	if err != nil && err != io.EOF {
		panic(err)
	}
	return out.Bytes()
}
