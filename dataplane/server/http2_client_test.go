package server

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2client is a client that sends frames by hand.
type h2client struct {
	t      testing.TB
	nc     net.Conn
	fr     *http2.Framer
	enc    *hpack.Encoder
	block  bytes.Buffer
	status map[uint32]string
	body   map[uint32]string
	ended  map[uint32]bool
	resets map[uint32]http2.ErrCode
	order  []string // names of the last header block
	goAway *http2.ErrCode
	last   uint32
	acks   int
}

func newH2Client(t testing.TB, nc net.Conn) *h2client {
	t.Helper()
	c := &h2client{t: t, nc: nc, fr: http2.NewFramer(nc, nc), status: map[uint32]string{}, body: map[uint32]string{},
		ended: map[uint32]bool{}, resets: map[uint32]http2.ErrCode{}}
	c.fr.AllowIllegalWrites = true
	c.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.enc = hpack.NewEncoder(&c.block)
	return c
}

// dialH2 connects and exchanges prefaces.
func dialH2(t testing.TB, addr string) *h2client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	c := newH2Client(t, nc)
	io.WriteString(nc, h2Preface)
	c.fr.WriteSettings()
	return c
}

// fields encodes a header block.
func (c *h2client) fields(pairs ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		c.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return bytes.Clone(c.block.Bytes())
}

func (c *h2client) request(id uint32, end bool, pairs ...string) {
	c.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.fields(pairs...), EndStream: end, EndHeaders: true})
}

// get are the pseudo fields of a simple request.
func get(more ...string) []string {
	return append([]string{":method", "GET", ":scheme", "http", ":authority", "www.example.com", ":path", "/"}, more...)
}

// until reads frames until done says so or the connection ends.
func (c *h2client) until(done func() bool) {
	for !done() {
		f, err := c.fr.ReadFrame()
		if err != nil {
			return
		}
		id := f.Header().StreamID
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			c.status[id] += f.PseudoValue("status")
			c.order = nil
			for _, field := range f.Fields {
				c.order = append(c.order, field.Name)
			}
			c.ended[id] = f.StreamEnded()
		case *http2.DataFrame:
			c.body[id] += string(f.Data())
			c.ended[id] = f.StreamEnded()
		case *http2.RSTStreamFrame:
			c.resets[id] = f.ErrCode
		case *http2.GoAwayFrame:
			c.goAway, c.last = &f.ErrCode, f.LastStreamID
		case *http2.PingFrame:
			if f.IsAck() {
				c.acks++
			}
		}
	}
}

func (c *h2client) answered(id uint32) func() bool {
	return func() bool { _, reset := c.resets[id]; return c.ended[id] || reset }
}

// finished is until the server has hung up.
func (c *h2client) finished() { c.until(func() bool { return false }) }
