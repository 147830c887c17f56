package server

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// errBodyClosed is what a request body says to a reader who comes after the end
// of the exchange.
var errBodyClosed = errors.New("request body read after the exchange ended")

// body1 is the body of an HTTP/1 request, read from the connection's buffer. A
// plane may hand it to another goroutine (an upstream connection), so it locks;
// finish takes it back.
type body1 struct {
	c       *conn
	mu      sync.Mutex
	left    int64 // of a Content-Length
	chunked bool
	chunks  chunkDecoder
	expect  bool // 100 (Continue) is owed before the first read
	closed  bool
	err     error       // sticky; io.EOF at the end
	done    atomic.Bool // read to the end: the connection's buffer is free
	// interrupted: closed under a read that was waiting for the client.
	interrupted atomic.Bool
}

func (b *body1) start(c *conn, h *requestHead) {
	b.c, b.left, b.chunked, b.expect = c, h.length, h.length < 0, h.expect
	if h.length == 0 {
		b.err = io.EOF
		b.done.Store(true)
	}
}

// plausible checks as much of a chunked body as has already come: a request
// that is malformed at first sight is refused before a plane acts on it.
func (b *body1) plausible() bool {
	d, have := b.chunks, b.c.buf[b.c.r:b.c.w]
	for {
		n, err := d.next(have)
		if err != nil {
			return false
		}
		have = have[n:]
		data := d.available(len(have))
		if data == 0 {
			return true
		}
		d.took(data)
		have = have[data:]
	}
}

// Read reads from the body (io.Reader).
func (b *body1) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, errBodyClosed
	}
	if b.expect {
		b.expect = false
		b.c.sendContinue()
	}
	return b.read(p, b.c.srv.opts.Limits.BodyTimeout)
}

// Close gives the body up; finish deals with what is left of it. A read that is
// under way ends: an origin that has answered early must not wait for a client
// that waits for the answer. The connection then ends with this exchange.
func (b *body1) Close() error {
	if b.done.Load() {
		return nil
	}
	if b.mu.TryLock() {
		b.mu.Unlock()
		return nil
	}
	b.interrupted.Store(true)
	return b.c.net.SetReadDeadline(longAgo)
}

// arm gives the next read from the connection its time, unless Close has ended
// it: the deadline must not be moved behind that.
func (b *body1) arm(timeout time.Duration) error {
	b.c.armRead(timeout)
	if b.interrupted.Load() {
		return errBodyClosed
	}
	return nil
}

// read reads with a limit on silence; b.mu is held.
func (b *body1) read(p []byte, timeout time.Duration) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.chunked {
		n, b.err = b.readChunked(p, timeout)
	} else {
		n, b.err = b.readLength(p, timeout)
	}
	if errors.Is(b.err, io.EOF) {
		b.done.Store(true)
		if n > 0 {
			return n, nil
		}
	}
	return n, b.err
}

// readLength reads a body of known length: from the buffer first, then straight
// from the connection. The end comes with the last byte.
func (b *body1) readLength(p []byte, timeout time.Duration) (n int, err error) {
	c := b.c
	p = p[:min(int64(len(p)), b.left)]
	if c.r < c.w {
		n = copy(p, c.buf[c.r:c.w])
		c.r += n
	} else {
		if err := b.arm(timeout); err != nil {
			return 0, err
		}
		n, err = c.net.Read(p)
	}
	b.left -= int64(n)
	if b.left == 0 {
		return n, io.EOF
	}
	if n > 0 {
		return n, nil
	}
	return 0, unexpected(err)
}

func (b *body1) readChunked(p []byte, timeout time.Duration) (int, error) {
	c := b.c
	for {
		n, err := b.chunks.next(c.buf[c.r:c.w])
		c.r += n
		if err != nil {
			return 0, err
		}
		if b.chunks.state == chunkDone {
			return 0, io.EOF
		}
		if have := b.chunks.available(c.w - c.r); have > 0 {
			n := copy(p, c.buf[c.r:c.r+have])
			c.r += n
			b.chunks.took(n)
			return n, nil
		}
		if err := b.arm(timeout); err != nil {
			return 0, err
		}
		if err := c.more(); err != nil {
			return 0, unexpected(err)
		}
	}
}

// unexpected turns the end of the connection into the end of an unfinished body.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) || err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// malformed tells whether the plane found the body's framing broken.
func (b *body1) malformed() bool {
	if !b.chunked || b.done.Load() || !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	return errors.Is(b.err, errChunked)
}

// reusable tells, before the response's head is written, whether the connection
// can carry another request behind this body.
func (b *body1) reusable() bool {
	if b.interrupted.Load() {
		return false
	}
	if b.done.Load() {
		return true
	}
	if !b.mu.TryLock() {
		return true // somebody is reading it right now; finish will see
	}
	defer b.mu.Unlock()
	return b.err == nil && !b.expect && b.left <= b.c.srv.opts.Limits.DrainBytes
}

// finish takes the body back from the plane at the end of the exchange and
// reads what is left of it. It returns false when the connection is of no use
// any more.
func (b *body1) finish(keep bool) bool {
	if b.done.Load() {
		return true
	}
	if !b.mu.TryLock() {
		// A goroutine of the plane still reads. Interrupt it.
		b.c.net.SetReadDeadline(longAgo)
		b.mu.Lock()
		keep = false
	}
	defer b.mu.Unlock()
	b.closed = true
	if errors.Is(b.err, io.EOF) {
		return true
	}
	if !keep || b.err != nil || b.expect {
		return false
	}
	return b.drain()
}

// drainTime bounds how long an unread body may take.
const drainTime = 5 * time.Second

func (b *body1) drain() bool {
	limits := &b.c.srv.opts.Limits
	end := time.Now().Add(drainTime)
	var scratch [4 << 10]byte
	for total := int64(0); total <= limits.DrainBytes; {
		left := time.Until(end)
		if left <= 0 {
			return false
		}
		n, err := b.read(scratch[:], left)
		total += int64(n)
		if errors.Is(err, io.EOF) || b.done.Load() {
			return true
		}
		if err != nil {
			return false
		}
	}
	return false
}

// sendContinue tells the client to send the body (RFC 9110 section 10.1.1),
// unless the response has begun already.
func (c *conn) sendContinue() {
	c.continueMu.Lock()
	defer c.continueMu.Unlock()
	if !c.responding {
		c.armWrite()
		io.WriteString(c.net, "HTTP/1.1 100 Continue\r\n\r\n")
	}
}
