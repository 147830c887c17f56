package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	h2Buffer = 64 << 10
	// h2Window is what a client of our kind grants: enough that no server ever
	// waits for a window (RFC 9113 section 5.2).
	h2Window = 1 << 30
	// h2Refill is how much of it is used up before it is granted again.
	h2Refill = 1 << 24
	// h2StreamWindow is larger than any object.
	h2StreamWindow = 1 << 20
)

// http2Conn is one connection of the generator, on x/net's frame codec.
type http2Conn struct {
	net     net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	framer  *http2.Framer
	decoder *hpack.Decoder
	target  target
	streams int
	answers *atomic.Uint64

	block    []byte // the request's header block
	nextID   uint32
	open     map[uint32]*http2Stream
	idle     []*http2Stream // finished ones, for use again
	current  *http2Stream   // whose header block is being decoded
	consumed uint32         // body bytes not yet granted again
}

// http2Stream is one answer on its way.
type http2Stream struct {
	status int
	length int // content-length, -1 when absent
	got    int // bytes of body
	ended  bool
	fields []field // only when somebody sees them
}

// dialHTTP2 connects, checks the handshake and exchanges settings.
func dialHTTP2(ctx context.Context, t target, streams int) (*http2Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dialer := tls.Dialer{Config: tlsConfig(t)}
	conn, err := dialer.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t.addr, err)
	}
	c := &http2Conn{
		net: conn, target: t, streams: streams, nextID: 1, answers: new(atomic.Uint64),
		in: bufio.NewReaderSize(conn, h2Buffer), out: bufio.NewWriterSize(conn, h2Buffer),
		open: make(map[uint32]*http2Stream, streams),
	}
	c.framer = http2.NewFramer(c.out, c.in)
	c.framer.SetReuseFrames()
	c.decoder = hpack.NewDecoder(4096, c.onField)
	err = checkTLS(conn.(*tls.Conn).ConnectionState())
	if err == nil {
		err = c.greet()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// greet sends the client's preface and reads the server's settings
// (RFC 9113 section 3.4).
func (c *http2Conn) greet() error {
	_ = c.net.SetDeadline(time.Now().Add(dialTimeout))
	_, err := io.WriteString(c.out, http2.ClientPreface)
	if err == nil {
		err = c.framer.WriteSettings(
			http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: h2StreamWindow})
	}
	if err == nil {
		err = c.framer.WriteWindowUpdate(0, h2Window)
	}
	if err == nil {
		err = c.out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the preface: %w", err)
	}
	f, err := c.framer.ReadFrame()
	if err != nil {
		return fmt.Errorf("read the server's preface: %w", err)
	}
	settings, ok := f.(*http2.SettingsFrame)
	if !ok || settings.IsAck() {
		return fmt.Errorf("the server's preface is %s, not settings", f.Header())
	}
	if limit, ok := settings.Value(http2.SettingMaxConcurrentStreams); ok && int(limit) < c.streams {
		return fmt.Errorf("the server allows %d streams, the row needs %d", limit, c.streams)
	}
	return c.framer.WriteSettingsAck()
}

// begin sends the first requests. The first one enters the request's fields
// into the server's table; all others are the same short block (RFC 7541).
func (c *http2Conn) begin() error {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := range c.streams {
		if i < 2 {
			block.Reset()
			sent := []hpack.HeaderField{
				{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"},
				{Name: ":authority", Value: c.target.host}, {Name: ":path", Value: c.target.requestPath()},
				{Name: "user-agent", Value: userAgent}, {Name: "accept", Value: "*/*"},
			}
			for _, f := range c.target.send {
				sent = append(sent, hpack.HeaderField{Name: f.Name, Value: f.Value})
			}
			for _, f := range sent {
				if err := encoder.WriteField(f); err != nil {
					return fmt.Errorf("encode the request: %w", err)
				}
			}
			c.block = block.Bytes()
		}
		if err := c.ask(); err != nil {
			return err
		}
	}
	return c.out.Flush()
}

// ask begins a stream with the request.
func (c *http2Conn) ask() error {
	s := new(http2Stream)
	if n := len(c.idle); n > 0 {
		s, c.idle = c.idle[n-1], c.idle[:n-1]
	}
	*s = http2Stream{length: -1}
	c.open[c.nextID] = s
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.nextID, BlockFragment: c.block, EndStream: true, EndHeaders: true,
	})
	c.nextID += 2
	if err != nil {
		return fmt.Errorf("write a request: %w", err)
	}
	return nil
}

// run keeps the streams busy until the connection is closed or fails.
func (c *http2Conn) run() error {
	if err := c.begin(); err != nil {
		return err
	}
	var watched time.Time
	for {
		if c.in.Buffered() == 0 {
			if now := time.Now(); now.Sub(watched) > time.Second {
				watched = now
				_ = c.net.SetDeadline(now.Add(stallTimeout))
			}
			if err := c.out.Flush(); err != nil {
				return fmt.Errorf("write requests: %w", err)
			}
		}
		if err := c.step(); err != nil {
			return err
		}
	}
}

// step reads one frame and does what it asks for.
func (c *http2Conn) step() error {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		return c.onHeaders(f)
	case *http2.ContinuationFrame:
		return c.onFragment(f.HeaderBlockFragment(), f.HeadersEnded(), f.StreamID)
	case *http2.DataFrame:
		return c.onData(f)
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return c.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return c.framer.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		return fmt.Errorf("wrong answer: stream reset, %s", f.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Errorf("wrong answer: the server goes away, %s", f.ErrCode)
	}
	return nil
}

func (c *http2Conn) onHeaders(f *http2.HeadersFrame) error {
	s := c.open[f.StreamID]
	if s == nil || s.status != 0 {
		return fmt.Errorf("wrong answer: unexpected %s", f.Header())
	}
	c.current, s.ended = s, f.StreamEnded()
	return c.onFragment(f.HeaderBlockFragment(), f.HeadersEnded(), f.StreamID)
}

// onFragment decodes a part of a header block.
func (c *http2Conn) onFragment(fragment []byte, last bool, id uint32) error {
	if _, err := c.decoder.Write(fragment); err != nil {
		return fmt.Errorf("wrong answer: header block: %w", err)
	}
	if !last {
		return nil
	}
	if err := c.decoder.Close(); err != nil {
		return fmt.Errorf("wrong answer: header block: %w", err)
	}
	s := c.current
	if s.status != 200 {
		return fmt.Errorf("wrong answer: status %d", s.status)
	}
	if s.length != len(c.target.body) {
		return fmt.Errorf("wrong answer: content-length %d, want %d", s.length, len(c.target.body))
	}
	if s.ended {
		return c.finish(id, s)
	}
	return nil
}

// onField takes one field of the current header block.
func (c *http2Conn) onField(f hpack.HeaderField) {
	switch f.Name {
	case ":status":
		c.current.status, _ = decimal([]byte(f.Value))
		return
	case "content-length":
		c.current.length, _ = decimal([]byte(f.Value))
	}
	if c.target.see != nil {
		c.current.fields = append(c.current.fields, field{f.Name, f.Value})
	}
}

func (c *http2Conn) onData(f *http2.DataFrame) error {
	s := c.open[f.StreamID]
	if s == nil || s.status == 0 {
		return fmt.Errorf("wrong answer: unexpected %s", f.Header())
	}
	data, want := f.Data(), c.target.body
	if len(data) > len(want)-s.got || !bytes.Equal(data, want[s.got:s.got+len(data)]) {
		return fmt.Errorf("wrong answer: another body")
	}
	s.got += len(data)
	c.consumed += f.Length
	if c.consumed >= h2Refill {
		if err := c.framer.WriteWindowUpdate(0, c.consumed); err != nil {
			return fmt.Errorf("write a window update: %w", err)
		}
		c.consumed = 0
	}
	if f.StreamEnded() {
		return c.finish(f.StreamID, s)
	}
	return nil
}

// finish counts a complete answer and asks again.
func (c *http2Conn) finish(id uint32, s *http2Stream) error {
	if s.got != len(c.target.body) {
		return fmt.Errorf("wrong answer: %d bytes of body, want %d", s.got, len(c.target.body))
	}
	if c.target.see != nil {
		c.target.see(answer{status: s.status, fields: s.fields})
	}
	delete(c.open, id)
	c.idle = append(c.idle, s)
	c.answers.Add(1)
	return c.ask()
}
