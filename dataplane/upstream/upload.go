package upstream

import (
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
)

// upload sends a request's body beside the reading of the response, because an
// origin may answer before it has read everything.
type upload struct {
	flight *flight
	source io.ReadCloser
	length int64
	done   chan struct{}

	mu       sync.Mutex
	stopped  bool
	complete bool
	broken   error // of the source
}

var errShortBody = errors.New("request body is not as long as announced")

func startUpload(f *flight) *upload {
	u := &upload{flight: f, source: f.call.Body.Reader(), length: f.call.Body.Length(), done: make(chan struct{})}
	go u.run()
	return u
}

func (u *upload) run() {
	defer close(u.done)
	defer u.source.Close()
	err := u.copy()
	u.mu.Lock()
	u.complete = err == nil
	u.mu.Unlock()
	if u.sourceError() != nil {
		_ = u.flight.conn.tcp.Close() // the origin must not take a torso for the whole
	}
}

// copy sends the body, chunked when its length is unknown. Each packet sent
// gives the origin another ReadTimeout to answer.
func (u *upload) copy() error {
	buffer := make([]byte, uploadBuffer+32)
	var sent int64
	for {
		if u.isStopped() {
			return io.ErrClosedPipe
		}
		n, err := u.source.Read(buffer[16 : 16+uploadBuffer])
		if sent += int64(n); u.length >= 0 && sent > u.length {
			return u.breakOff(errShortBody)
		}
		if n > 0 {
			if err := u.write(frame(buffer, n, u.length < 0)); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return u.breakOff(err)
		}
		if u.length < 0 {
			return u.write([]byte("0\r\n\r\n"))
		}
		if sent < u.length {
			return u.breakOff(errShortBody)
		}
		return nil
	}
}

// frame returns the n bytes that stand at buffer[16:] as they go out: as a
// chunk (RFC 9112 section 7.1) or as they are.
func frame(buffer []byte, n int, chunked bool) []byte {
	if !chunked {
		return buffer[16 : 16+n]
	}
	var size [16]byte
	digits := append(strconv.AppendInt(size[:0], int64(n), 16), '\r', '\n')
	copy(buffer[16-len(digits):], digits)
	copy(buffer[16+n:], "\r\n")
	return buffer[16-len(digits) : 16+n+2]
}

func (u *upload) write(p []byte) error {
	f := u.flight
	if err := f.conn.SetDeadline(f.client.options.Now().Add(f.call.ReadTimeout)); err != nil {
		return err
	}
	if u.isStopped() { // stop's deadline must not be moved
		return io.ErrClosedPipe
	}
	_, err := f.conn.Write(p)
	return err
}

func (u *upload) breakOff(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.broken = err
	return err
}

// sourceError returns why the source of the body broke off, or nil.
func (u *upload) sourceError() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.broken
}

func (u *upload) isStopped() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stopped
}

// stop ends the upload and returns once the source is no longer read, because it
// may be the connection of a caller that is about to be used again. A read that
// is under way ends by the source's Close, not by what the caller sends next: he
// may wait for the answer that has come already. It tells whether all was sent.
func (u *upload) stop(clean bool) bool {
	select {
	case <-u.done:
	default:
		u.mu.Lock()
		u.stopped = true
		u.mu.Unlock()
		_ = u.flight.conn.tcp.SetWriteDeadline(time.Unix(1, 0))
		if !clean {
			_ = u.flight.conn.tcp.Close()
		}
		_ = u.source.Close()
		<-u.done
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.complete
}
