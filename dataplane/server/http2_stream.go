package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
)

var (
	errStreamReset = errors.New("stream was reset")
	errContained   = errors.New("answering panicked")
)

// h2Stream is one request and its response. It is the request's body too.
type h2Stream struct {
	h        *h2Conn
	id       uint32
	ctx      context.Context
	cancel   context.CancelFunc
	exchange exchange.Exchange
	request  exchange.Request
	refused  *refusal
	ready    *exchange.Response // an answer that was at hand but has to wait for a window
	length   int64              // of the request body; -1: not stated
	writable chan struct{}      // holds a token when the send window may have grown
	readable chan struct{}      // holds a token when the body may have

	// guarded by h.mu
	sendWindow   int64
	recvWindow   int64
	recvCredit   int64 // read by the plane, not yet given back to recvWindow
	received     int64 // body bytes
	buffered     bytes.Buffer
	bodyErr      error // what follows the buffered bytes; nil: more to come
	remoteClosed bool
	resetSent    bool
	broken       error // why nothing can be sent any more
	expect       bool  // 100 (Continue) is owed before the first read
	responding   bool
}

// newStream makes the stream of a request that was admitted. Only the reader
// knows it; what was left of the last stream that was answered at once is used
// again.
func (h *h2Conn) newStream(id uint32, r *request2, refused *refusal) *h2Stream {
	s := h.spare
	if h.spare = nil; s == nil {
		s = &h2Stream{}
	}
	*s = h2Stream{
		h: h, id: id, request: r.request, refused: refused, length: r.length, expect: r.expect,
		sendWindow: h.initialWindow, recvWindow: int64(h.c.srv.opts.Limits.StreamWindow),
	}
	s.exchange.Conn, s.exchange.Request = &h.c.facts, &s.request
	s.exchange.Start = h.c.srv.opts.Now()
	if r.ended {
		s.endBody(io.EOF)
	} else {
		s.request.Body = exchange.Stream(s, r.length)
	}
	return s
}

// answerAtOnce answers in the reader, without a goroutine, what the edge has at
// hand and the windows let through. The bytes go out when the reader has to
// wait, so that the answers to requests that came together go together.
func (s *h2Stream) answerAtOnce() bool {
	h, srv := s.h, s.h.c.srv
	resp := srv.answerAtOnce(h.c.roles, &s.exchange)
	if resp == nil {
		return false
	}
	data, inMemory := resp.Body.InMemory()
	if !inMemory || resp.Close || !s.reserveAll(len(data)) {
		s.ready = resp
		return false
	}
	f := frame2(s.request.Method, resp)
	end := f.bodyless || len(data) == 0
	err := h.writeLater(func() error {
		if err := h.writeHead(s, f, resp, end); err != nil || end {
			return err
		}
		return h.writeData(s.id, data, true)
	})
	sent := int64(len(data))
	if end {
		sent = 0
	}
	h.answered++
	srv.finish(&s.exchange, resp.Status, sent, err != nil)
	h.spare = s
	return true
}

// reserveAll takes want bytes off both windows, or nothing.
func (s *h2Stream) reserveAll(want int) bool {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	n := int64(want)
	if n > h2Burst || n > s.sendWindow || n > s.h.sendWindow {
		return false
	}
	s.h.sendWindow -= n
	return true
}

// startStream begins to answer a request.
func (h *h2Conn) startStream(s *h2Stream) {
	s.writable, s.readable = make(chan struct{}, 1), make(chan struct{}, 1)
	s.ctx, s.cancel = context.WithCancel(h.c.ctx)
	h.mu.Lock()
	h.streams[s.id] = s
	h.mu.Unlock()
	h.handlers.Add(1)
	go s.run()
}

// run answers the request and leaves the connection's books.
func (s *h2Stream) run() {
	defer s.h.handlers.Done()
	defer s.cancel()
	srv := s.h.c.srv
	defer srv.contain(s.h.c.facts.ID)
	ending := false
	defer func() {
		if !ending { // a fault of our own: what the connection knows may be half
			s.end(errContained)
			s.h.drain()
		}
	}()
	resp := s.ready
	switch {
	case resp != nil:
	case s.refused != nil:
		s.exchange.Record.Reason = s.refused.reason
		resp = srv.refuse(s.h.c.roles, s.refused.status, &s.exchange)
		resp.Close = false // one bad request is no reason to end the others
	default:
		resp = srv.answer(s.ctx, s.h.c.roles, &s.exchange)
	}
	sent, err := s.respond(resp)
	ending = true
	s.end(err)
	srv.finish(&s.exchange, resp.Status, sent, err != nil)
	if resp.Close {
		s.h.drain()
	}
}

// end closes the stream: what the client still sends is not wanted
// (RST_STREAM with NO_ERROR, RFC 9113 section 8.1), and an answer that broke
// off must not look complete.
func (s *h2Stream) end(err error) {
	h := s.h
	h.mu.Lock()
	delete(h.streams, s.id)
	h.running--
	code, reset := http2.ErrCodeNo, !s.remoteClosed
	if err != nil {
		code, reset = http2.ErrCodeInternal, true
	}
	if s.resetSent || errors.Is(s.broken, errStreamReset) {
		reset = false
	}
	if !s.remoteClosed {
		h.abandon(s.id)
	}
	h.credit += int64(s.buffered.Len())
	s.buffered = bytes.Buffer{}
	s.fail(errBodyClosed)
	update := h.takeCredit()
	last := h.goneAway && h.running == 0
	h.mu.Unlock()
	if reset || update > 0 {
		h.write(func() (err error) {
			if reset {
				err = h.framer.WriteRSTStream(s.id, code)
			}
			if err == nil && update > 0 {
				err = h.framer.WriteWindowUpdate(0, update)
			}
			return err
		})
	}
	if last {
		h.close()
	}
}

// fail ends the stream in both directions; h.mu is held.
func (s *h2Stream) fail(err error) {
	if s.broken == nil {
		s.broken = err
	}
	if s.bodyErr == nil {
		s.bodyErr = err
	}
	s.cancel()
	s.wakeReader()
	s.wakeSender()
}

// endBody marks the end of the request body; h.mu is held.
func (s *h2Stream) endBody(err error) {
	s.remoteClosed = true
	if s.bodyErr == nil {
		s.bodyErr = err
	}
}

func (s *h2Stream) wakeSender() { wake(s.writable) }
func (s *h2Stream) wakeReader() { wake(s.readable) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// await waits for a token within a time.
func (s *h2Stream) await(token chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-token:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-timer.C:
		return os.ErrDeadlineExceeded
	}
}

// Read reads from the request body (io.Reader).
func (s *h2Stream) Read(p []byte) (int, error) {
	if err := s.sendContinue(); err != nil {
		return 0, err
	}
	for {
		s.h.mu.Lock()
		if s.buffered.Len() > 0 {
			n, _ := s.buffered.Read(p)
			stream, conn := s.consumed(int64(n))
			s.h.mu.Unlock()
			return n, s.giveBack(stream, conn)
		}
		err := s.bodyErr
		s.h.mu.Unlock()
		if err != nil {
			return 0, err
		}
		if err := s.await(s.readable, s.h.c.srv.opts.Limits.BodyTimeout); err != nil {
			return 0, err
		}
	}
}

// Close gives the body up (io.Closer): a read under way ends, what still comes is
// not kept. end resets the stream if need be.
func (s *h2Stream) Close() error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if s.bodyErr == nil {
		s.bodyErr = errBodyClosed
	}
	s.wakeReader()
	return nil
}

// consumed notes that the plane has read n bytes and returns the window
// updates that are due, in halves. h.mu is held.
func (s *h2Stream) consumed(n int64) (stream, conn uint32) {
	s.h.credit += n
	s.recvCredit += n
	if !s.remoteClosed && s.broken == nil && s.recvCredit >= int64(s.h.c.srv.opts.Limits.StreamWindow)/2 {
		stream = uint32(s.recvCredit)
		s.recvWindow += s.recvCredit
		s.recvCredit = 0
	}
	return stream, s.h.takeCredit()
}

func (s *h2Stream) giveBack(stream, conn uint32) error {
	if stream == 0 && conn == 0 {
		return nil
	}
	return s.h.write(func() (err error) {
		if stream > 0 {
			err = s.h.framer.WriteWindowUpdate(s.id, stream)
		}
		if err == nil && conn > 0 {
			err = s.h.framer.WriteWindowUpdate(0, conn)
		}
		return err
	})
}
