package server

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2Conn speaks HTTP/2 (RFC 9113) over a connection. It is a loop of our own on
// x/net's frame codec because x/net's server sorts response fields, and their
// order is part of what AWS answers.
//
// The connection's goroutine reads frames; each request has a goroutine of its
// own, which writes its response itself. Nothing is queued for writing: whoever
// has frames to send takes wmu and writes, so a client that does not read holds
// up its own connection and grows nothing.
type h2Conn struct {
	c      *conn
	framer *http2.Framer
	in     *bufio.Reader
	budget frameBudget
	calm   glitches // reader only
	// Of the reader: what was answered at once and is not flushed yet, and a
	// stream to use again.
	answered int
	spare    *h2Stream
	head     head2
	decoder  *hpack.Decoder
	fragment []byte

	wmu     sync.Mutex // orders frames on the wire; guards the next five
	out     *bufio.Writer
	blocks  blockEncoder
	failed  error
	waiting atomic.Int32 // goroutines that will write after the one that does

	mu            sync.Mutex // guards all below and the streams' state; never held while writing
	streams       map[uint32]*h2Stream
	lastID        uint32 // highest stream the client began
	running       int    // handlers at work, also those of streams that were reset
	sendWindow    int64  // of the connection
	initialWindow int64  // of a new stream, as the client set it
	recvWindow    int64  // what the client may still send
	credit        int64  // read by planes, not yet given back to recvWindow
	goneAway      bool
	abandoned     [128]uint32 // the last streams that we ended before the client did
	abandonedAt   int
	closing       atomic.Bool
	handlers      sync.WaitGroup
}

const (
	h2FrameSize     = 16384 // the default of RFC 9113, in both directions
	h2DefaultWindow = 65535
	h2MaxWindow     = 1<<31 - 1
	h2Buffer        = 16 << 10
)

// serveHTTP2 runs the connection as HTTP/2.
func (c *conn) serveHTTP2() {
	h := newH2Conn(c)
	c.h2.Store(h)
	if c.srv.draining.Load() {
		return
	}
	err := h.run()
	var code http2.ConnectionError
	switch {
	case errors.As(err, &code):
		h.goAway(http2.ErrCode(code))
		c.linger()
	case h.closing.Load():
		c.linger()
	}
	c.cancel()
	h.handlers.Wait()
}

func newH2Conn(c *conn) *h2Conn {
	l := &c.srv.opts.Limits
	h := &h2Conn{
		c: c, streams: make(map[uint32]*h2Stream), blocks: newBlockEncoder(),
		sendWindow: h2DefaultWindow, initialWindow: h2DefaultWindow, recvWindow: int64(l.ConnWindow),
	}
	h.in = bufio.NewReaderSize(&prefixConn{Conn: c.net, prefix: c.buf[c.r:c.w]}, h2Buffer)
	h.budget.r = h.in
	h.out = bufio.NewWriterSize(c.net, h2Buffer)
	h.framer = http2.NewFramer(h.out, &h.budget)
	h.framer.SetReuseFrames()
	h.framer.SetMaxReadFrameSize(h2FrameSize)
	h.decoder = hpack.NewDecoder(4096, h.head.take)
	h.decoder.SetMaxStringLength(l.HeadBytes)
	return h
}

// run exchanges the prefaces and reads frames until the connection ends. A
// ConnectionError is to be told to the client.
func (h *h2Conn) run() error {
	h.c.setRead(h.c.srv.opts.Limits.HeadTimeout)
	var preface [len(h2Preface)]byte
	if _, err := io.ReadFull(h.in, preface[:]); err != nil || string(preface[:]) != h2Preface {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if err := h.begin(); err != nil {
		return err
	}
	for first := true; ; first = false {
		if !first && !h.awaitFrame() {
			return nil
		}
		h.budget.left = maxFrameRead(h.c.srv.opts.Limits.HeadBytes)
		if err := h.streamFault(h.serveFrame(first)); err != nil {
			return err
		}
	}
}

// serveFrame reads a frame (a header block with all its frames) and acts on it.
func (h *h2Conn) serveFrame(first bool) error {
	fh, err := h.framer.ReadFrameHeader()
	if err != nil {
		return err
	}
	if first && (fh.Type != http2.FrameSettings || fh.Flags.Has(http2.FlagSettingsAck)) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if fh.Type == http2.FrameHeaders {
		if err := h.readHead(fh); err != nil {
			return err
		}
		return h.headers(&h.head)
	}
	f, err := h.framer.ReadFrameForHeader(fh)
	if err != nil {
		return err
	}
	return h.frame(f)
}

// begin sends our side of the preface.
func (h *h2Conn) begin() error {
	l := &h.c.srv.opts.Limits
	return h.write(func() error {
		err := h.framer.WriteSettings(
			http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: uint32(l.MaxStreams)},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(l.StreamWindow)},
			http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(l.HeadBytes)},
		)
		if more := l.ConnWindow - h2DefaultWindow; err == nil && more > 0 {
			err = h.framer.WriteWindowUpdate(0, uint32(more))
		}
		return err
	})
}

// awaitFrame waits for the next frame to begin. A silent client is let go when
// no stream is open; with open streams it is their timeouts that count. The
// rest of a header block must come in time, that of another frame within the
// idle timeout.
func (h *h2Conn) awaitFrame() bool {
	l := &h.c.srv.opts.Limits
	if h.answered > 0 && h.nextFrame() != frameAtHand {
		h.flushAnswered()
	}
	if h.closing.Load() {
		return false
	}
	for h.in.Buffered() == 0 {
		h.c.armRead(l.IdleTimeout)
		if h.closing.Load() {
			return false
		}
		if _, err := h.in.Peek(1); err == nil {
			break
		} else if !isTimeout(err) || h.closing.Load() {
			return false
		}
		if h.idle() {
			h.goAway(http2.ErrCodeNo)
			h.closing.Store(true)
			return false
		}
	}
	switch h.nextFrame() {
	case frameOfHead:
		h.c.setRead(l.HeadTimeout)
	case frameInParts:
		h.c.armRead(l.IdleTimeout)
	}
	return true
}

// What is known of the next frame from its bytes at hand.
const (
	frameAtHand  = iota // nothing of it will be waited for
	frameOfHead         // perhaps (a part of) a header block that has not come in whole
	frameInParts        // another one that has not
)

// nextFrame tells what the rest of the next frame may be waited for.
func (h *h2Conn) nextFrame() int {
	n := h.in.Buffered()
	head, _ := h.in.Peek(min(n, 9))
	if len(head) < 9 {
		return frameOfHead
	}
	length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	whole := n >= 9+length
	switch {
	case http2.FrameType(head[3]) == http2.FrameHeaders && (!whole || !http2.Flags(head[4]).Has(http2.FlagHeadersEndHeaders)):
		return frameOfHead
	case !whole:
		return frameInParts
	}
	return frameAtHand
}

// streamFault deals with an error that concerns one stream and returns the
// others.
func (h *h2Conn) streamFault(err error) error {
	if err == nil {
		return nil
	}
	var fault http2.StreamError
	switch {
	case errors.As(err, &fault):
		if !h.calm.take(h.c.srv.opts.Now(), 2) {
			return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
		}
		h.mu.Lock()
		h.lastID = max(h.lastID, fault.StreamID)
		if h.streams[fault.StreamID] == nil && fault.Code != http2.ErrCodeStreamClosed {
			h.abandon(fault.StreamID)
		}
		h.mu.Unlock()
		h.resetStream(fault.StreamID, fault.Code)
		return nil
	case errors.Is(err, http2.ErrFrameTooLarge):
		return http2.ConnectionError(http2.ErrCodeFrameSize)
	case errors.Is(err, errFrameFlood):
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	return err
}

// write lets f write frames. Whoever writes last flushes, so that answers that
// are ready at the same time share a packet and a TLS record.
func (h *h2Conn) write(f func() error) error {
	h.waiting.Add(1)
	h.wmu.Lock()
	defer h.wmu.Unlock()
	last := h.waiting.Add(-1) == 0
	if h.failed == nil {
		h.c.armWrite()
		h.c.cork()
		h.failed = errContained // should f panic: half a frame is the last one
		h.failed = f()
	}
	if h.failed == nil && last {
		h.failed = h.out.Flush()
		h.failed = errors.Join(h.failed, h.c.uncork())
	}
	if h.failed != nil {
		h.c.cancel()
		h.close()
	}
	return h.failed
}

// writeLater is write without a flush: flushAnswered follows, or another write.
func (h *h2Conn) writeLater(f func() error) error {
	h.wmu.Lock()
	defer h.wmu.Unlock()
	if h.failed == nil {
		h.c.armWrite()
		h.c.cork()
		h.failed = errContained // should f panic: half a frame is the last one
		h.failed = f()
	}
	if h.failed != nil {
		h.c.cancel()
		h.close()
	}
	return h.failed
}

// flushAnswered sends what was answered at once; until then its streams count
// as running, so that nobody takes the connection for idle.
func (h *h2Conn) flushAnswered() {
	h.write(func() error { return nil })
	h.leave(h.answered)
	h.answered = 0
}

// leave takes streams that are over off the books.
func (h *h2Conn) leave(streams int) {
	h.mu.Lock()
	h.running -= streams
	last := h.goneAway && h.running == 0
	h.mu.Unlock()
	if last {
		h.close()
	}
}

// goAway tells the client which streams will be answered; later ones are safe
// to send elsewhere (RFC 9113 section 6.8).
func (h *h2Conn) goAway(code http2.ErrCode) {
	h.mu.Lock()
	h.goneAway = true
	last := h.lastID
	h.mu.Unlock()
	h.write(func() error { return h.framer.WriteGoAway(last, code, nil) })
}

// drain ends the connection when the streams that are open have been answered.
func (h *h2Conn) drain() {
	h.goAway(http2.ErrCodeNo)
	if h.idle() {
		h.close()
	}
}

// close makes the reader stop.
func (h *h2Conn) close() {
	h.closing.Store(true)
	h.c.net.SetReadDeadline(longAgo)
}

func (h *h2Conn) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running == 0
}

// closeIdle closes the connection if no stream is open.
func (h *h2Conn) closeIdle() bool {
	if !h.idle() {
		return false
	}
	h.c.socket.Close()
	return true
}

var errFrameFlood = errors.New("header block of too many bytes on the wire")

// frameBudget bounds what one call of ReadFrame may read: x/net's codec reads a
// whole header block, and a client could make it of empty CONTINUATION frames.
type frameBudget struct {
	r    io.Reader
	left int
}

func maxFrameRead(headBytes int) int { return 9 + h2FrameSize + 4*headBytes }

// Read reads within the budget.
func (b *frameBudget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errFrameFlood
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// glitches bounds frames that cost us work and bring no request forward: pings,
// settings, resets, empty DATA. A browser sends a handful; a flood
// (CVE-2019-9512 and its kin, CVE-2023-44487) ends with ENHANCE_YOUR_CALM.
type glitches struct {
	spent float64
	last  time.Time
}

const (
	glitchBurst = 1000
	glitchRate  = 100 // a second
)

func (g *glitches) take(now time.Time, cost float64) bool {
	if !g.last.IsZero() {
		g.spent = max(0, g.spent-glitchRate*max(0, now.Sub(g.last).Seconds()))
	}
	g.last = now
	g.spent += cost
	return g.spent <= glitchBurst
}
