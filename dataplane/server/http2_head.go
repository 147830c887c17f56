package server

import (
	"encoding/binary"
	"io"
	"strings"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// head2 is a header block as it came in. A connection has one and fills it
// again for each block (RFC 9113 section 8.3: pseudo fields first, each once).
type head2 struct {
	id            uint32
	ended         bool // END_STREAM
	selfDependent bool // the stream depends on itself

	method, path, scheme, authority, protocol string
	pseudo                                    pseudoField     // those that were there
	fields                                    exchange.Header // the others

	room      int  // bytes that more fields may take, counted as RFC 9113 section 6.5.2 does
	truncated bool // there was no room for all
	malformed bool
}

// pseudoField is a set of pseudo fields of a request.
type pseudoField uint8

const (
	pseudoMethod pseudoField = 1 << iota
	pseudoPath
	pseudoScheme
	pseudoAuthority
	pseudoProtocol
)

// take takes a decoded field in.
func (h *head2) take(f hpack.HeaderField) {
	if h.malformed || h.truncated {
		return
	}
	if !isFieldValue(f.Value) {
		h.malformed = true
		return
	}
	if h.room -= int(f.Size()); h.room < 0 {
		h.room, h.truncated = 0, true
		return
	}
	if strings.HasPrefix(f.Name, ":") {
		h.malformed = len(h.fields) > 0 || !h.takePseudo(f.Name, f.Value)
		return
	}
	if !isLowerToken(f.Name) {
		h.malformed = true
		return
	}
	h.fields = append(h.fields, exchange.Field{Name: f.Name, Value: f.Value})
}

func (h *head2) takePseudo(name, value string) bool {
	var field pseudoField
	switch name {
	case ":method":
		field, h.method = pseudoMethod, value
	case ":path":
		field, h.path = pseudoPath, value
	case ":scheme":
		field, h.scheme = pseudoScheme, value
	case ":authority":
		field, h.authority = pseudoAuthority, value
	case ":protocol":
		field, h.protocol = pseudoProtocol, value
	default:
		return false
	}
	first := h.pseudo&field == 0
	h.pseudo |= field
	return first
}

// isLowerToken tells whether s may name a field in HTTP/2.
func isLowerToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; classes[c]&classToken == 0 || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return s != ""
}

// readHead reads a header block, of which the first frame's header has come,
// into h.head. The framer has seen to the order of frames.
func (h *h2Conn) readHead(fh http2.FrameHeader) error {
	head := &h.head
	*head = head2{
		id: fh.StreamID, ended: fh.Flags.Has(http2.FlagHeadersEndStream),
		fields: head.fields[:0], room: h.c.srv.opts.Limits.HeadBytes,
	}
	payload, err := h.payload(fh)
	if err != nil {
		return err
	}
	fragment, err := head.unwrap(fh, payload)
	if err != nil {
		return err
	}
	for {
		// What is far beyond the limit is not worth decoding, nor is what follows
		// a block that is refused already.
		if len(fragment) > 4*head.room || head.malformed {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		if _, err := h.decoder.Write(fragment); err != nil {
			return http2.ConnectionError(http2.ErrCodeCompression)
		}
		if fh.Flags.Has(http2.FlagHeadersEndHeaders) { // CONTINUATION has the same flag
			break
		}
		if fh, err = h.framer.ReadFrameHeader(); err != nil {
			return err
		}
		if fragment, err = h.payload(fh); err != nil {
			return err
		}
	}
	if h.decoder.Close() != nil {
		return http2.ConnectionError(http2.ErrCodeCompression)
	}
	if head.malformed {
		return streamError(head.id, http2.ErrCodeProtocol)
	}
	return nil
}

// payload reads the payload of a frame; it is good until the next call.
func (h *h2Conn) payload(fh http2.FrameHeader) ([]byte, error) {
	if cap(h.fragment) < int(fh.Length) {
		h.fragment = make([]byte, max(int(fh.Length), 1024))
	}
	p := h.fragment[:fh.Length]
	_, err := io.ReadFull(&h.budget, p)
	return p, err
}

// unwrap takes padding and priority off a HEADERS frame (RFC 9113 section 6.2).
func (h *head2) unwrap(fh http2.FrameHeader, p []byte) ([]byte, error) {
	if fh.StreamID == 0 {
		return nil, http2.ConnectionError(http2.ErrCodeProtocol)
	}
	padding := 0
	if fh.Flags.Has(http2.FlagHeadersPadded) {
		if len(p) < 1 {
			return nil, http2.ConnectionError(http2.ErrCodeFrameSize)
		}
		padding, p = int(p[0]), p[1:]
	}
	if fh.Flags.Has(http2.FlagHeadersPriority) {
		if len(p) < 5 {
			return nil, http2.ConnectionError(http2.ErrCodeFrameSize)
		}
		h.selfDependent = binary.BigEndian.Uint32(p)&h2MaxWindow == fh.StreamID
		p = p[5:]
	}
	if padding > len(p) {
		return nil, http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return p[:len(p)-padding], nil
}
