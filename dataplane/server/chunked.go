package server

import (
	"bytes"
	"errors"
)

// Limits of the chunked coding's overhead.
const (
	maxChunkLine    = 256      // size, extensions and CRLF
	maxChunkExcess  = 16 << 10 // framing bytes beyond what honest chunks need
	maxTrailerBytes = 8 << 10
	maxTrailers     = 64
)

// errChunked is the one error of a malformed chunked body: its connection
// cannot be used any further.
var errChunked = errors.New("malformed chunked body")

// chunkState is what a chunkDecoder expects next.
type chunkState uint8

const (
	chunkLine chunkState = iota
	chunkData
	chunkEnd // the CRLF behind the data
	chunkTrailer
	chunkDone
)

// chunkDecoder takes the chunked coding (RFC 9112 section 7.1) off a stream that
// somebody else buffers. The zero value is at the start of a body.
type chunkDecoder struct {
	state    chunkState
	left     int64 // data bytes of this chunk still to come
	excess   int
	trailer  int // bytes
	trailers int // lines
}

// next takes framing off the front of buf until data or the end of the body is
// reached, or more bytes are needed. It returns the number of bytes taken.
func (d *chunkDecoder) next(buf []byte) (taken int, err error) {
	for {
		n, err := d.step(buf[taken:])
		taken += n
		if err != nil || n == 0 || d.state == chunkDone {
			return taken, err
		}
	}
}

// took notes that n bytes of data were taken off the stream.
func (d *chunkDecoder) took(n int) {
	d.left -= int64(n)
	if d.left == 0 {
		d.state = chunkEnd
	}
}

// available returns how many of the bytes in buf are data of this chunk.
func (d *chunkDecoder) available(buf int) int {
	if d.state != chunkData {
		return 0
	}
	return int(min(d.left, int64(buf)))
}

// step takes one element of framing; 0 means that there is none to take.
func (d *chunkDecoder) step(buf []byte) (int, error) {
	switch d.state {
	case chunkLine:
		return d.line(buf)
	case chunkEnd:
		if len(buf) > 0 && buf[0] != '\r' || len(buf) > 1 && buf[1] != '\n' {
			return 0, errChunked
		}
		if len(buf) < 2 {
			return 0, nil
		}
		d.state = chunkLine
		return 2, nil
	case chunkTrailer:
		return d.trailerLine(buf)
	}
	return 0, nil
}

func (d *chunkDecoder) line(buf []byte) (int, error) {
	end := bytes.IndexByte(buf[:min(len(buf), maxChunkLine)], '\n')
	if end < 0 {
		if len(buf) >= maxChunkLine {
			return 0, errChunked
		}
		return 0, nil
	}
	if end == 0 || buf[end-1] != '\r' {
		return 0, errChunked
	}
	size, ok := parseChunkLine(buf[:end-1])
	if !ok {
		return 0, errChunked
	}
	// One byte of data per long line would make us read much for little.
	d.excess = max(0, d.excess+end+1-16-2*int(min(size, 1<<20)))
	if d.excess > maxChunkExcess {
		return 0, errChunked
	}
	d.left, d.state = size, chunkData
	if size == 0 {
		d.state = chunkTrailer
	}
	return end + 1, nil
}

// parseChunkLine reads chunk-size [chunk-ext] without its CRLF. Extensions are
// checked against the grammar, without the "bad white space" it tolerates, and
// ignored.
func parseChunkLine(line []byte) (size int64, ok bool) {
	digits := 0
	for digits < len(line) && unhex(line[digits]) >= 0 {
		if digits == 15 {
			return 0, false
		}
		size = size<<4 | int64(unhex(line[digits]))
		digits++
	}
	return size, digits > 0 && validChunkExtensions(string(line[digits:]))
}

// validChunkExtensions tells whether s is *( ";" token [ "=" ( token / quoted ) ] ).
func validChunkExtensions(s string) bool {
	for s != "" {
		if s[0] != ';' {
			return false
		}
		s = s[1:]
		n := tokenLen(s)
		if n == 0 {
			return false
		}
		if s = s[n:]; s == "" || s[0] != '=' {
			continue
		}
		s = s[1:]
		if n = tokenLen(s); n == 0 {
			n = quotedLen(s)
		}
		if n == 0 {
			return false
		}
		s = s[n:]
	}
	return true
}

func tokenLen(s string) int {
	n := 0
	for n < len(s) && classes[s[n]]&classToken != 0 {
		n++
	}
	return n
}

// quotedLen returns the length of the quoted-string that s begins with, or 0.
func quotedLen(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return i + 1
		case s[i] == '\\':
			i++
			if i == len(s) || classes[s[i]]&classValue == 0 {
				return 0
			}
		case classes[s[i]]&classValue == 0:
			return 0
		}
	}
	return 0
}

// trailerLine takes a trailer field, checked and dropped, or the end.
func (d *chunkDecoder) trailerLine(buf []byte) (int, error) {
	end := bytes.IndexByte(buf, '\n')
	if end < 0 {
		if d.trailer+len(buf) > maxTrailerBytes {
			return 0, errChunked
		}
		return 0, nil
	}
	d.trailer += end + 1
	d.trailers++
	if d.trailer > maxTrailerBytes || d.trailers > maxTrailers || end == 0 || buf[end-1] != '\r' {
		return 0, errChunked
	}
	if end == 1 {
		d.state = chunkDone
		return 2, nil
	}
	name, value, ok := bytes.Cut(buf[:end-1], []byte(":"))
	if !ok || !isToken(string(name)) || !isFieldValue(string(value)) {
		return 0, errChunked
	}
	return end + 1, nil
}
