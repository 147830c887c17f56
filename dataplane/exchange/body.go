package exchange

import (
	"bytes"
	"errors"
	"io"
)

// ErrBodyTooLarge is returned by Body.ReadAll when a body exceeds the limit.
var ErrBodyTooLarge = errors.New("body exceeds the limit")

// Body is a message body: bytes at hand, or a stream of known or unknown
// length. The zero Body is empty. A stream is read once and closed by whoever
// reads it to the end or gives it up.
type Body struct {
	bytes  []byte
	stream io.ReadCloser
	length int64 // of stream; -1 unknown
}

// Bytes returns a body of bytes at hand. They must not change afterwards.
func Bytes(b []byte) Body { return Body{bytes: b} }

// Stream returns a body that is read from r: length bytes, or -1 when unknown.
// Fewer or more bytes than length are the reader's error to report.
func Stream(r io.ReadCloser, length int64) Body { return Body{stream: r, length: length} }

// Length returns the number of bytes, or -1 when it is unknown.
func (b Body) Length() int64 {
	if b.stream != nil {
		return b.length
	}
	return int64(len(b.bytes))
}

// Empty tells whether the body is known to have no bytes.
func (b Body) Empty() bool { return b.Length() == 0 }

// InMemory returns the bytes of a body that is at hand, and whether it is.
func (b Body) InMemory() ([]byte, bool) { return b.bytes, b.stream == nil }

// Reader returns the body as a stream.
func (b Body) Reader() io.ReadCloser {
	if b.stream != nil {
		return b.stream
	}
	return io.NopCloser(bytes.NewReader(b.bytes))
}

// Close gives the body up.
func (b Body) Close() error {
	if b.stream != nil {
		return b.stream.Close()
	}
	return nil
}

// ReadAll reads the whole body, at most limit bytes, and closes it.
// It returns ErrBodyTooLarge when there are more.
func (b Body) ReadAll(limit int64) ([]byte, error) {
	if b.stream == nil {
		if int64(len(b.bytes)) > limit {
			return nil, ErrBodyTooLarge
		}
		return b.bytes, nil
	}
	defer b.stream.Close()
	if b.length > limit {
		return nil, ErrBodyTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(b.stream, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, ErrBodyTooLarge
	}
	return data, nil
}
