package server

import (
	"io"
	"slices"

	"golang.org/x/net/http2"
)

// frame deals with one frame of the client. It returns a StreamError, a
// ConnectionError, or the error that ended the connection.
func (h *h2Conn) frame(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.DataFrame:
		return h.data(f)
	case *http2.WindowUpdateFrame:
		return h.windowUpdate(f)
	case *http2.RSTStreamFrame:
		return h.clientReset(f)
	case *http2.SettingsFrame:
		return h.settings(f)
	case *http2.PingFrame:
		return h.ping(f)
	case *http2.PushPromiseFrame: // a client must not (RFC 9113 section 8.4)
		return http2.ConnectionError(http2.ErrCodeProtocol)
	case *http2.PriorityFrame: // deprecated (RFC 9113 section 5.3.2): checked, else ignored
		if f.StreamDep == f.StreamID {
			return streamError(f.StreamID, http2.ErrCodeProtocol)
		}
	case *http2.GoAwayFrame: // the client will begin no more streams
		return nil
	}
	return h.spend(1) // unknown types are ignored
}

// spend charges a frame that brings no request forward.
func (h *h2Conn) spend(cost float64) error {
	if !h.calm.take(h.c.srv.opts.Now(), cost) {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	return nil
}

func (h *h2Conn) ping(f *http2.PingFrame) error {
	if err := h.spend(1); err != nil || f.IsAck() {
		return err
	}
	return h.write(func() error { return h.framer.WritePing(true, f.Data) })
}

// settings takes the client's settings into force and says so.
func (h *h2Conn) settings(f *http2.SettingsFrame) error {
	if err := h.spend(1); err != nil || f.IsAck() {
		return err
	}
	table := int64(-1)
	err := f.ForeachSetting(func(s http2.Setting) error {
		if err := s.Valid(); err != nil {
			return err
		}
		switch s.ID {
		case http2.SettingHeaderTableSize:
			table = int64(s.Val)
		case http2.SettingInitialWindowSize:
			return h.setInitialWindow(int64(s.Val))
		}
		return nil // frames of ours are never longer than the least allowed maximum
	})
	if err != nil {
		return err
	}
	return h.write(func() error {
		if table >= 0 {
			h.blocks.setLimit(uint32(table))
		}
		return h.framer.WriteSettingsAck()
	})
}

// setInitialWindow changes the windows of open streams too (RFC 9113 section 6.9.2).
func (h *h2Conn) setInitialWindow(size int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	more := size - h.initialWindow
	h.initialWindow = size
	for _, s := range h.streams {
		s.sendWindow += more
		if s.sendWindow > h2MaxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		s.wakeSender()
	}
	return nil
}

// smallWindow is the increment below which a WINDOW_UPDATE is worth little: it
// makes us wake every stream and send tiny frames (CVE-2019-9511). Honest
// clients give back more at a time, or for their small answers only.
const smallWindow = 256

func (h *h2Conn) windowUpdate(f *http2.WindowUpdateFrame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.Increment < smallWindow || f.StreamID != 0 && h.streams[f.StreamID] == nil {
		if err := h.spend(0.1); err != nil {
			return err
		}
	}
	if f.StreamID == 0 {
		h.sendWindow += int64(f.Increment)
		if h.sendWindow > h2MaxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		for _, s := range h.streams {
			s.wakeSender()
		}
		return nil
	}
	s := h.streams[f.StreamID]
	if s == nil {
		return h.closedOrIdle(f.StreamID)
	}
	s.sendWindow += int64(f.Increment)
	if s.sendWindow > h2MaxWindow {
		return streamError(f.StreamID, http2.ErrCodeFlowControl)
	}
	s.wakeSender()
	return nil
}

// closedOrIdle judges a frame on a stream that is not open: harmless behind its
// end, an error before its beginning (RFC 9113 section 5.1). h.mu is held.
func (h *h2Conn) closedOrIdle(id uint32) error {
	if id%2 == 0 || id > h.lastID && !h.goneAway {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// isAbandoned tells whether we ended a stream before the client did, so that
// frames of it may still be on their way. h.mu is held.
func (h *h2Conn) isAbandoned(id uint32) bool {
	return id > h.lastID || slices.Contains(h.abandoned[:], id)
}

// abandon remembers a stream that we end before the client has; h.mu is held.
func (h *h2Conn) abandon(id uint32) {
	h.abandoned[h.abandonedAt] = id
	h.abandonedAt = (h.abandonedAt + 1) % len(h.abandoned)
}

func (h *h2Conn) clientReset(f *http2.RSTStreamFrame) error {
	if err := h.spend(2); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.streams[f.StreamID]
	if s == nil {
		return h.closedOrIdle(f.StreamID)
	}
	s.remoteClosed = true
	s.fail(errStreamReset)
	return nil
}

// resetStream ends a stream from our side.
func (h *h2Conn) resetStream(id uint32, code http2.ErrCode) {
	h.mu.Lock()
	if s := h.streams[id]; s != nil {
		s.resetSent = true
		s.fail(errStreamReset)
	}
	h.mu.Unlock()
	h.write(func() error { return h.framer.WriteRSTStream(id, code) })
}

// data takes a piece of a request body in. Every byte counts against the
// connection's window, wanted or not; what nobody will read is given back at once.
func (h *h2Conn) data(f *http2.DataFrame) error {
	size := int64(f.Length) // with padding
	if size == 0 && !f.StreamEnded() {
		if err := h.spend(1); err != nil {
			return err
		}
	}
	h.mu.Lock()
	if size > h.recvWindow {
		h.mu.Unlock()
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	h.recvWindow -= size
	s := h.streams[f.StreamID]
	unread, err := h.dataFor(s, f)
	h.credit += unread
	update := h.takeCredit()
	h.mu.Unlock()
	if update > 0 {
		if werr := h.write(func() error { return h.framer.WriteWindowUpdate(0, update) }); werr != nil {
			return werr
		}
	}
	return err
}

// dataFor gives a frame to its stream and returns how many of its bytes nobody
// will read. h.mu is held.
func (h *h2Conn) dataFor(s *h2Stream, f *http2.DataFrame) (unread int64, err error) {
	size := int64(f.Length)
	if s == nil {
		err := h.closedOrIdle(f.StreamID)
		if err == nil && !h.isAbandoned(f.StreamID) {
			err = streamError(f.StreamID, http2.ErrCodeStreamClosed)
		}
		return size, err
	}
	if s.remoteClosed {
		return size, streamError(s.id, http2.ErrCodeStreamClosed)
	}
	if size > s.recvWindow {
		return size, streamError(s.id, http2.ErrCodeFlowControl)
	}
	s.recvWindow -= size
	s.received += int64(len(f.Data()))
	if s.length >= 0 && (s.received > s.length || f.StreamEnded() && s.received != s.length) {
		return size, streamError(s.id, http2.ErrCodeProtocol)
	}
	padding := size - int64(len(f.Data()))
	s.recvCredit += padding
	if s.bodyErr == nil {
		s.buffered.Write(f.Data())
	} else {
		padding = size
	}
	if f.StreamEnded() {
		s.endBody(io.EOF)
	}
	s.wakeReader()
	return padding, nil
}

// takeCredit returns how much of the connection's window to give back now: in
// halves, not byte by byte. h.mu is held.
func (h *h2Conn) takeCredit() uint32 {
	if h.credit < int64(h.c.srv.opts.Limits.ConnWindow)/2 {
		return 0
	}
	n := h.credit
	h.credit = 0
	h.recvWindow += n
	return uint32(n)
}

// headers begins a stream, or ends a request body with trailers.
func (h *h2Conn) headers(head *head2) error {
	id := head.id
	if id%2 == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if head.selfDependent {
		return streamError(id, http2.ErrCodeProtocol)
	}
	if begins, err := h.admitStream(head); !begins {
		return err
	}
	request, refused, ok := readRequest2(head, h.c.facts.TLS != nil, h.c.srv.opts.Limits.Fields)
	if !ok {
		h.leave(1)
		return streamError(id, http2.ErrCodeProtocol)
	}
	s := h.newStream(id, &request, refused)
	if s.refused == nil && request.ended && s.answerAtOnce() {
		return nil
	}
	head.fields = nil // they are the stream's now
	h.startStream(s)
	return nil
}

// admitStream decides whether a header block begins a stream, which then counts
// as running.
func (h *h2Conn) admitStream(head *head2) (begins bool, err error) {
	id := head.id
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.streams[id]; s != nil {
		return false, h.trailers(s, head)
	}
	if id <= h.lastID {
		if h.isAbandoned(id) {
			return false, nil // trailers that crossed our reset
		}
		return false, http2.ConnectionError(http2.ErrCodeStreamClosed)
	}
	if h.goneAway {
		return false, nil // told by GOAWAY: the client sends it elsewhere
	}
	h.lastID = id
	if h.running-h.answered >= h.c.srv.opts.Limits.MaxStreams {
		return false, streamError(id, http2.ErrCodeRefusedStream)
	}
	h.running++
	return true, nil
}

// trailers ends a body; the fields themselves are dropped. h.mu is held.
func (h *h2Conn) trailers(s *h2Stream, head *head2) error {
	if s.remoteClosed {
		return streamError(s.id, http2.ErrCodeStreamClosed)
	}
	if !head.ended || head.pseudo != 0 || s.length >= 0 && s.received != s.length {
		return streamError(s.id, http2.ErrCodeProtocol)
	}
	s.endBody(io.EOF)
	s.wakeReader()
	return nil
}

func streamError(id uint32, code http2.ErrCode) error {
	return http2.StreamError{StreamID: id, Code: code}
}
