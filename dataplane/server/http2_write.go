package server

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
)

// h2Burst bounds the bytes of one stream's body that are written before another
// stream gets its turn.
const h2Burst = 64 << 10

// respond sends a response; sent counts body bytes.
func (s *h2Stream) respond(resp *exchange.Response) (sent int64, err error) {
	defer resp.Body.Close()
	s.h.mu.Lock()
	s.responding = true
	broken := s.broken
	s.h.mu.Unlock()
	if broken != nil {
		return 0, broken
	}
	f := frame2(s.request.Method, resp)
	data, inMemory := resp.Body.InMemory()
	switch {
	case f.bodyless || inMemory && len(data) == 0:
		return 0, s.sendHead(f, resp, true)
	case inMemory:
		return s.sendBytes(f, resp, data)
	}
	if err := s.sendHead(f, resp, false); err != nil {
		return 0, err
	}
	return s.sendStream(f, resp.Body.Reader())
}

// frame2 decides what is said of a response's length.
func frame2(method string, resp *exchange.Response) framing1 {
	f := framing1{length: resp.Body.Length()}
	stated := statedLength(resp.Header)
	switch {
	case resp.Status == 204:
		f.bodyless, f.noLength = true, true
	case bodyless(resp.Status) || method == "HEAD":
		f.bodyless = true
		f.keepField = stated >= 0
		f.noLength = stated < 0 && f.length <= 0
	case f.length < 0:
		f.length = stated
		f.noLength = stated < 0
	}
	return f
}

// sendHead writes the header block.
func (s *h2Stream) sendHead(f framing1, resp *exchange.Response, end bool) error {
	return s.h.write(func() error { return s.h.writeHead(s, f, resp, end) })
}

// sendBytes writes head and body; both in one go where the windows allow it.
func (s *h2Stream) sendBytes(f framing1, resp *exchange.Response, data []byte) (sent int64, err error) {
	n, err := s.reserveNow(len(data))
	if err != nil {
		return 0, err
	}
	err = s.h.write(func() error {
		if err := s.h.writeHead(s, f, resp, false); err != nil || n == 0 {
			return err
		}
		return s.h.writeData(s.id, data[:n], n == len(data))
	})
	for sent = int64(n); err == nil && sent < int64(len(data)); {
		n, err = s.reserve(len(data) - int(sent))
		if err != nil {
			return sent, err
		}
		piece := data[sent : int(sent)+n]
		sent += int64(n)
		err = s.h.write(func() error { return s.h.writeData(s.id, piece, sent == int64(len(data))) })
	}
	return sent, err
}

// sendStream writes a body as it comes.
func (s *h2Stream) sendStream(f framing1, body io.Reader) (sent int64, err error) {
	buf := streamBuffers.Get().(*streamBuffer)
	defer streamBuffers.Put(buf)
	for {
		n, rerr := s.h.c.srv.readBody(body, buf[:streamPiece])
		if f.length >= 0 && (sent+int64(n) > f.length || errors.Is(rerr, io.EOF) && sent+int64(n) != f.length) {
			return sent, errStreamLength
		}
		for piece := buf[:n]; len(piece) > 0; {
			m, err := s.reserve(len(piece))
			if err != nil {
				return sent, err
			}
			if err := s.h.write(func() error { return s.h.writeData(s.id, piece[:m], false) }); err != nil {
				return sent, err
			}
			piece = piece[m:]
			sent += int64(m)
		}
		if errors.Is(rerr, io.EOF) {
			return sent, s.h.write(func() error { return s.h.framer.WriteData(s.id, true, nil) })
		}
		if rerr != nil {
			return sent, rerr
		}
	}
}

// reserveNow takes up to want bytes off the windows, possibly none.
func (s *h2Stream) reserveNow(want int) (int, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if s.broken != nil {
		return 0, s.broken
	}
	n := max(0, min(int64(want), s.sendWindow, s.h.sendWindow, h2Burst))
	s.sendWindow -= n
	s.h.sendWindow -= n
	return int(n), nil
}

// reserve waits until the windows allow at least one byte; a client that lets
// none pass for the write timeout has lost interest.
func (s *h2Stream) reserve(want int) (int, error) {
	for {
		n, err := s.reserveNow(want)
		if n > 0 || err != nil {
			return n, err
		}
		if err := s.await(s.writable, s.h.c.srv.opts.Limits.WriteTimeout); err != nil {
			return 0, err
		}
	}
}

// writeData writes body bytes that were reserved; wmu is held.
func (h *h2Conn) writeData(id uint32, data []byte, end bool) error {
	for {
		n := min(len(data), h2FrameSize)
		if err := h.framer.WriteData(id, end && n == len(data), data[:n]); err != nil {
			return err
		}
		if data = data[n:]; len(data) == 0 {
			return nil
		}
		h.c.armWrite()
	}
}

// writeHead writes a response's header block: fields in the plane's order, names
// in lower case (RFC 9113 section 8.2). wmu is held.
func (h *h2Conn) writeHead(s *h2Stream, f framing1, resp *exchange.Response, end bool) error {
	h.blocks.begin()
	h.blocks.status(resp.Status)
	fields := resp.Header
	at := framingPlace(fields)
	for i := range fields {
		name, value := fields[i].Name, fields[i].Value
		switch responseField(name) {
		case fieldLength:
			if i == at {
				h.encodeFraming(f, fields)
			}
			continue
		case fieldHop:
			continue
		}
		if !h.blocks.field(name, value) {
			h.c.srv.dropped.Add(1)
			continue
		}
		if i == at {
			h.encodeFraming(f, fields)
		}
	}
	if at < 0 {
		h.encodeFraming(f, fields)
	}
	return h.writeBlock(s.id, end)
}

// encodeFraming encodes the fields that are the server's.
func (h *h2Conn) encodeFraming(f framing1, fields exchange.Header) {
	switch {
	case f.noLength:
	case f.keepField:
		h.blocks.field("content-length", strconv.FormatInt(statedLength(fields), 10))
	default:
		h.blocks.field("content-length", strconv.FormatInt(f.length, 10))
	}
	if !fields.Has("Date") {
		h.blocks.field("date", h.c.srv.clock.date(h.c.srv.opts.Now()))
	}
}

// writeBlock writes the encoded block as HEADERS and CONTINUATION; wmu is held,
// so nothing comes in between.
func (h *h2Conn) writeBlock(id uint32, end bool) error {
	block := h.blocks.block
	n := min(len(block), h2FrameSize)
	err := h.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: block[:n], EndStream: end, EndHeaders: n == len(block),
	})
	for block = block[n:]; err == nil && len(block) > 0; block = block[n:] {
		n = min(len(block), h2FrameSize)
		err = h.framer.WriteContinuation(id, n == len(block), block[:n])
	}
	return err
}

// sendContinue tells the client to send the body, once and unless the response
// has begun.
func (s *h2Stream) sendContinue() error {
	s.h.mu.Lock()
	owed := s.expect && !s.responding && s.buffered.Len() == 0
	s.expect = false
	s.h.mu.Unlock()
	if !owed {
		return nil
	}
	return s.h.write(func() error {
		s.h.blocks.begin()
		s.h.blocks.status(http.StatusContinue)
		return s.h.writeBlock(s.id, false)
	})
}
