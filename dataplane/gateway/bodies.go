package gateway

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
)

// DefaultBodyBytes is what bodies of running calls may take together when
// Options.BodyBytes does not say.
const DefaultBodyBytes = 512 << 20

const (
	// freeBody is what each call may keep without asking for room: with it,
	// connections are what bounds the memory.
	freeBody = 16 << 10
	// A client's body that comes slower than slowRate bytes a second, once
	// slowGrace is over, is given up.
	slowRate  = 1 << 10
	slowGrace = 10 * time.Second
)

var (
	errNoRoom = errors.New("no room for a body")
	errSlow   = errors.New("the body comes too slowly")
)

// bodyRoom is the memory that bodies of running calls share.
type bodyRoom struct {
	max  int64
	used atomic.Int64
}

func (r *bodyRoom) take(n int64) bool {
	if r.used.Add(n) <= r.max {
		return true
	}
	r.used.Add(-n)
	return false
}

// BodyBytes returns what bodies of running calls take.
func (g *Gateway) BodyBytes() int64 { return g.bodies.used.Load() }

// readAll reads a body whole and closes it: at most limit bytes
// (exchange.ErrBodyTooLarge), in room that all calls share (errNoRoom). Room is
// taken as the bytes come, so that nobody reserves what he does not send.
func (c *call) readAll(body exchange.Body, limit int64) ([]byte, error) {
	if _, ok := body.InMemory(); ok || body.Length() > limit {
		return body.ReadAll(limit)
	}
	reader := body.Reader()
	defer reader.Close()
	size := int64(freeBody)
	if length := body.Length(); length >= 0 {
		size = min(size, length+1) // and one, to see the end
	}
	data := make([]byte, 0, size)
	for {
		n, err := reader.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, exchange.ErrBodyTooLarge
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case len(data) < cap(data):
			continue
		}
		grown := min(2*int64(cap(data)), limit+1)
		if !c.gateway.bodies.take(grown) {
			return nil, errNoRoom
		}
		c.held += grown
		data = append(make([]byte, 0, grown), data...)
	}
}

// paced is a client's body that has to come at some speed.
type paced struct {
	io.ReadCloser
	now   func() time.Time
	begin time.Time
	got   int64
}

// Read reads on, or fails with errSlow.
func (p *paced) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.got += int64(n)
	if late := p.now().Sub(p.begin) - slowGrace; err == nil && late > 0 && p.got < int64(late.Seconds()*slowRate) {
		return n, errSlow
	}
	return n, err
}

// release gives back the room that a call's bodies took.
func (c *call) release() {
	c.gateway.bodies.used.Add(-c.held)
	c.held = 0
	c.content.data = nil
}

// leaves returns a response that takes room for its body until that has gone.
func (c *call) leaves(response *exchange.Response) *exchange.Response {
	room := &c.gateway.bodies
	data, ok := response.Body.InMemory()
	if !ok || len(data) <= freeBody {
		return response
	}
	size := int64(len(data))
	room.used.Add(size)
	response.Body = exchange.Stream(&leaving{Reader: bytes.NewReader(data), give: func() { room.used.Add(-size) }}, size)
	return response
}

// leaving is an answer's body on its way out.
type leaving struct {
	*bytes.Reader
	give func()
	once sync.Once
}

// Read reads on; the end gives the room back.
func (l *leaving) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err != nil {
		l.once.Do(l.give)
	}
	return n, err
}

// WriteTo writes the rest, and gives the room back.
func (l *leaving) WriteTo(w io.Writer) (int64, error) {
	defer l.once.Do(l.give)
	return l.Reader.WriteTo(w)
}

// Close gives the body up.
func (l *leaving) Close() error {
	l.once.Do(l.give)
	return nil
}
