package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"drawbridge/dataplane/exchange"
)

// framing1 is how a response's end is told over HTTP/1 (RFC 9112 section 6.3).
type framing1 struct {
	bodyless  bool  // HEAD, 204, 304: whatever the fields say, no body follows
	length    int64 // -1: unknown
	chunked   bool
	noLength  bool // no Content-Length is to be sent
	keepField bool // a Content-Length of the plane stands as it is
	close     bool
}

// bodyless tells whether a status never has a body (RFC 9110 section 6.4.1).
func bodyless(status int) bool { return status < 200 || status == 204 || status == 304 }

// frame decides the framing of a response to a request.
func (c *conn) frame(e *exchange1, resp *exchange.Response) framing1 {
	f := framing1{length: resp.Body.Length()}
	f.close = !c.head.keepAlive || resp.Close || c.srv.draining.Load() || !e.body.reusable()
	stated := statedLength(resp.Header)
	switch {
	case resp.Status == 204:
		f.bodyless, f.noLength = true, true
	case bodyless(resp.Status) || e.request.Method == "HEAD":
		f.bodyless = true
		f.keepField = stated >= 0
		f.noLength = stated < 0 && f.length <= 0
	case f.length < 0 && stated >= 0:
		f.length = stated
	case f.length < 0 && e.request.Protocol == exchange.HTTP11:
		f.chunked = true
	case f.length < 0:
		f.noLength, f.close = true, true
	}
	return f
}

// statedLength returns the Content-Length a plane gave, or -1.
func statedLength(h exchange.Header) int64 {
	v, ok := h.Lookup("Content-Length")
	if !ok || v == "" || len(v) > 18 || !isDigits(v) {
		return -1
	}
	n, _ := strconv.ParseInt(v, 10, 64)
	return n
}

// respond1 writes a response and finishes the exchange. It tells whether the
// connection can be kept as far as the response is concerned.
func (c *conn) respond1(e *exchange1, resp *exchange.Response) (keep bool) {
	c.continueMu.Lock()
	c.responding = true
	c.continueMu.Unlock()

	f := c.frame(e, resp)
	c.out = c.appendHead(c.out[:0], f, resp)
	c.armWrite()
	sent, err := c.writeMessage(f, resp.Body)
	if cap(c.out) > maxKeptOut {
		c.out = nil
	}
	c.srv.finish(&e.exchange, resp.Status, sent, err != nil)
	if err != nil {
		c.cancel() // before the body is drained: nobody reads what a plane still makes
		return false
	}
	return !f.close
}

const (
	maxKeptOut = 64 << 10
	// maxJoined is up to where head and body are joined in one buffer: copying
	// is cheaper than a second buffer for the kernel, and for TLS it makes one
	// record of them.
	maxJoined = 16 << 10
)

// writeMessage writes the head in c.out and the body; sent counts body bytes.
func (c *conn) writeMessage(f framing1, body exchange.Body) (sent int64, err error) {
	defer body.Close()
	data, inMemory := body.InMemory()
	switch {
	case f.bodyless:
		_, err = c.net.Write(c.out)
		return 0, err
	case !inMemory:
		if _, err = c.net.Write(c.out); err != nil {
			return 0, err
		}
		return c.writeStream(f, body.Reader())
	case len(c.out)+len(data) <= maxJoined:
		c.out = append(c.out, data...)
		_, err = c.net.Write(c.out)
	default:
		err = c.writeLarge(data)
	}
	if err != nil {
		return 0, err
	}
	return int64(len(data)), nil
}

// writeLarge writes head and body by one writev, then in pieces for as long as
// the client takes some: the write deadline is one of progress.
func (c *conn) writeLarge(data []byte) error {
	const piece = 1 << 20
	first := data[:min(len(data), piece)]
	buffers := net.Buffers{c.out, first}
	c.cork()
	if _, err := buffers.WriteTo(c.net); err != nil {
		return err
	}
	for data = data[len(first):]; len(data) > 0; {
		n := min(len(data), piece)
		c.armWrite()
		if _, err := c.net.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return c.uncork()
}

var errStreamLength = errors.New("body does not have its stated length")

// streamBuffer holds a piece of a streamed body with room for chunk framing
// around it.
type streamBuffer [streamRoom + streamPiece + 2]byte

const (
	streamRoom  = 10 // hexadecimal size and CRLF
	streamPiece = 32 << 10
)

var streamBuffers = sync.Pool{New: func() any { return new(streamBuffer) }}

// writeStream writes a body as it comes. An error leaves the message visibly
// unfinished: no last chunk, or fewer bytes than the length promised.
func (c *conn) writeStream(f framing1, body io.Reader) (sent int64, err error) {
	buf := streamBuffers.Get().(*streamBuffer)
	defer streamBuffers.Put(buf)
	room := buf[streamRoom : streamRoom+streamPiece]
	for {
		n, rerr := c.srv.readBody(body, room)
		if f.length >= 0 && sent+int64(n) > f.length {
			return sent, errStreamLength
		}
		if n > 0 {
			c.armWrite()
			if _, err := c.net.Write(buf.piece(n, f.chunked)); err != nil {
				return sent, err
			}
			sent += int64(n)
		}
		if errors.Is(rerr, io.EOF) {
			return sent, c.endStream(f, sent)
		}
		if rerr != nil {
			return sent, rerr
		}
	}
}

// piece returns the first n body bytes framed for the wire.
func (b *streamBuffer) piece(n int, chunked bool) []byte {
	if !chunked {
		return b[streamRoom : streamRoom+n]
	}
	var scratch [streamRoom]byte
	size := append(strconv.AppendUint(scratch[:0], uint64(n), 16), '\r', '\n')
	start := streamRoom - len(size)
	copy(b[start:], size)
	b[streamRoom+n], b[streamRoom+n+1] = '\r', '\n'
	return b[start : streamRoom+n+2]
}

func (c *conn) endStream(f framing1, sent int64) error {
	if f.chunked {
		_, err := io.WriteString(c.net, "0\r\n\r\n")
		return err
	}
	if f.length >= 0 && sent != f.length {
		return errStreamLength
	}
	return nil
}

// appendHead appends status line and fields in the plane's order and case. What
// the server adds stands where AWS's answers over HTTP/1.1 have it: Content-Length
// behind Content-Type, Connection behind Content-Length, then Date
// (reference/cloudfront.md 4.1, reference/api-gateway.md 2.4).
func (c *conn) appendHead(b []byte, f framing1, resp *exchange.Response) []byte {
	b = appendStatusLine(b, resp.Status)
	h := resp.Header
	at := framingPlace(h)
	for i := range h {
		name, value := h[i].Name, h[i].Value
		switch responseField(name) {
		case fieldLength:
			if i == at {
				b = c.appendFraming(b, f, h, name)
			}
			continue
		case fieldHop:
			continue
		}
		if !isToken(name) || !isFieldValue(value) {
			c.srv.dropped.Add(1)
			continue
		}
		b = appendField(b, name, value)
		if i == at {
			b = c.appendFraming(b, f, h, "Content-Length")
		}
	}
	if at < 0 {
		b = c.appendFraming(b, f, h, "Content-Length")
	}
	return append(b, '\r', '\n')
}

// framingPlace returns the index of the field behind (or in place of) which the
// server's own fields go: the first Content-Length, else Content-Type, else -1.
func framingPlace(h exchange.Header) int {
	contentType := -1
	for i := range h {
		switch len(h[i].Name) {
		case len("Content-Length"):
			if strings.EqualFold(h[i].Name, "Content-Length") {
				return i
			}
		case len("Content-Type"):
			if contentType < 0 && strings.EqualFold(h[i].Name, "Content-Type") && isFieldValue(h[i].Value) {
				contentType = i
			}
		}
	}
	return contentType
}

// appendFraming appends the fields that are the server's: the end of the
// message, the connection's fate and a missing Date.
func (c *conn) appendFraming(b []byte, f framing1, h exchange.Header, lengthName string) []byte {
	switch {
	case f.chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case f.noLength:
	case f.keepField:
		b = appendField(b, lengthName, strconv.FormatInt(statedLength(h), 10))
	default:
		b = append(b, lengthName...)
		b = append(b, ": "...)
		b = strconv.AppendInt(b, f.length, 10)
		b = append(b, '\r', '\n')
	}
	if f.close {
		b = append(b, "Connection: close\r\n"...)
	} else {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	if !h.Has("Date") {
		b = appendField(b, "Date", c.srv.clock.date(c.srv.opts.Now()))
	}
	return b
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, '\r', '\n')
}

func appendStatusLine(b []byte, status int) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(status)...)
	return append(b, '\r', '\n')
}

// fieldKind says what the server does with a response field of a plane.
type fieldKind uint8

const (
	fieldPass   fieldKind = iota
	fieldLength           // Content-Length: the server's to write
	fieldHop              // the connection's business, never a plane's
)

// responseField classifies a field name (RFC 9110 section 7.6.1).
func responseField(name string) fieldKind {
	switch len(name) {
	case len("Content-Length"):
		if strings.EqualFold(name, "Content-Length") {
			return fieldLength
		}
	case len("Connection"): // and Keep-Alive
		if strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive") {
			return fieldHop
		}
	case len("Transfer-Encoding"):
		if strings.EqualFold(name, "Transfer-Encoding") {
			return fieldHop
		}
	case len("Upgrade"):
		if strings.EqualFold(name, "Upgrade") {
			return fieldHop
		}
	case len("Proxy-Connection"):
		if strings.EqualFold(name, "Proxy-Connection") {
			return fieldHop
		}
	}
	return fieldPass
}
