package upstream

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"drawbridge/dataplane/exchange"
)

var errChunk = errors.New("response body is badly chunked")

const maxChunkLine = 4 << 10 // of size line and of each trailer field

// response makes the exchange's response of a head. A body that already is at
// hand as a whole frees the connection at once.
func (f *flight) response(h *head) (*exchange.Response, *Error) {
	response := &exchange.Response{Status: h.status, Header: h.header}
	if !f.call.HopByHop {
		response.Header = h.endToEnd()
	} else {
		response.Header.Del("Transfer-Encoding")
	}
	keep := f.call.IdleTimeout
	if h.close {
		keep = 0
	}
	if !h.hasBody(f.call.Method) || h.length == 0 {
		f.end(!h.close, keep)
		return response, nil
	}
	if h.length > 0 && h.length <= int64(f.conn.reader.Buffered()) {
		data := make([]byte, h.length)
		if _, err := io.ReadFull(f.conn.reader, data); err != nil {
			return nil, f.classify(err)
		}
		response.Body = exchange.Bytes(data)
		f.end(!h.close, keep)
		return response, nil
	}
	b := &body{flight: f, head: h, left: h.length}
	response.Body = exchange.Stream(b, h.length)
	return response, nil
}

// body is a response's body as it comes from the connection. Close may be
// called while Read runs.
type body struct {
	flight *flight
	head   *head
	left   int64 // bytes left of Content-Length or of the current chunk
	opened bool  // a chunk has begun
	result error // what every further Read returns
	once   sync.Once
}

// Read reads on; each packet may take ReadTimeout. An error other than io.EOF
// is an *Error.
func (b *body) Read(p []byte) (int, error) {
	if b.result != nil {
		return 0, b.result
	}
	if len(p) == 0 {
		return 0, nil
	}
	f := b.flight
	if f.conn.reader.Buffered() == 0 {
		if err := f.conn.SetReadDeadline(f.client.options.Now().Add(f.call.ReadTimeout)); err != nil {
			return 0, b.broken(err)
		}
	}
	switch {
	case b.head.chunked:
		return b.readChunked(p)
	case b.head.length >= 0:
		n, err := b.readSome(p)
		if err == nil && b.left == 0 {
			return n, b.ended(true)
		}
		return n, b.broken(err)
	}
	n, err := f.conn.reader.Read(p)
	if err == io.EOF {
		return n, b.ended(false) // the end of the connection is the end of the body
	}
	return n, b.broken(err)
}

// readSome reads at most what is left of the current run of bytes.
func (b *body) readSome(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.flight.conn.reader.Read(p)
	b.left -= int64(n)
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *body) readChunked(p []byte) (int, error) {
	if b.left <= 0 {
		last, err := b.nextChunk()
		if err != nil {
			return 0, b.broken(err)
		}
		if last {
			return 0, b.ended(true)
		}
	}
	n, err := b.readSome(p)
	return n, b.broken(err)
}

// nextChunk reads up to the next chunk's data, or the end of the body with its
// trailer, which is dropped.
func (b *body) nextChunk() (last bool, _ error) {
	r := b.flight.conn.reader
	if b.opened {
		if line, err := readLine(r); err != nil || line != "" {
			return false, cmpError(err, errChunk)
		}
	}
	b.opened = true
	line, err := readLine(r)
	if err != nil {
		return false, err
	}
	digits, _, _ := strings.Cut(line, ";")
	digits = strings.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 || strings.ContainsAny(digits, "+-_xX") {
		return false, errChunk
	}
	size, err := strconv.ParseUint(digits, 16, 63)
	if err != nil {
		return false, errChunk
	}
	if b.left = int64(size); size > 0 {
		return false, nil
	}
	for budget := maxResponseHead; budget > 0; budget -= len(line) + 2 {
		if line, err = readLine(r); err != nil || line == "" {
			return true, err
		}
	}
	return false, errChunk
}

func cmpError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// readLine reads a line that ends with CRLF, without it.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err == io.EOF {
		return "", io.ErrUnexpectedEOF
	}
	if err != nil && err != bufio.ErrBufferFull {
		return "", err
	}
	if len(line) < 2 || len(line) > maxChunkLine || line[len(line)-2] != '\r' {
		return "", errChunk
	}
	return string(line[:len(line)-2]), nil
}

// ended notes the clean end of the body and frees the connection.
func (b *body) ended(delimited bool) error {
	b.result = io.EOF
	b.finish(delimited && !b.head.close)
	return io.EOF
}

// broken notes that the body broke off. A nil err passes.
func (b *body) broken(err error) error {
	if err == nil {
		return nil
	}
	kind := BrokenResponse
	if errors.Is(err, os.ErrDeadlineExceeded) {
		kind = Timeout
	}
	b.result = failure(b.flight.ctx, kind, err)
	b.finish(false)
	return b.result
}

// Close gives the body up: an unread rest closes the connection.
func (b *body) Close() error {
	b.finish(false)
	return nil
}

func (b *body) finish(reusable bool) {
	b.once.Do(func() { b.flight.end(reusable, b.flight.call.IdleTimeout) })
}
