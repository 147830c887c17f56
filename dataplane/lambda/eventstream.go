package lambda

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Bounds of an event stream's messages (the encoding's own: 24 MB and 128 KB).
const (
	maxMessage       = 24 << 20
	maxMessageHeader = 128 << 10
)

// errMessage is the error of an event stream that breaks the encoding.
var errMessage = errors.New("lambda: the event stream is malformed")

// eventReader reads the payload out of an InvokeWithResponseStream answer:
// messages of "application/vnd.amazon.eventstream", of which the PayloadChunk
// ones hold the bytes and InvokeComplete ends them.
type eventReader struct {
	source  io.Closer
	in      *bufio.Reader
	pending []byte
	err     error
}

func newEventReader(source io.ReadCloser) *eventReader {
	return &eventReader{source: source, in: bufio.NewReader(source)}
}

// Close gives the answer up.
func (r *eventReader) Close() error { return r.source.Close() }

// Read reads the payload; a function that failed under way ends it with an error.
func (r *eventReader) Read(p []byte) (int, error) {
	for len(r.pending) == 0 && r.err == nil {
		r.err = r.message()
	}
	if len(r.pending) == 0 {
		return 0, r.err
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

// message reads one message.
func (r *eventReader) message() error {
	headers, payload, err := readMessage(r.in)
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF // InvokeComplete is the end
	case err != nil:
		return err
	case headers[":message-type"] == "exception", headers[":message-type"] == "error":
		return fmt.Errorf("lambda: %s%s", headers[":exception-type"], headers[":error-code"])
	}
	switch headers[":event-type"] {
	case "PayloadChunk":
		r.pending = payload
	case "InvokeComplete":
		var complete struct {
			ErrorCode string `json:"ErrorCode"`
		}
		if err := json.Unmarshal(payload, &complete); err == nil && complete.ErrorCode != "" {
			return fmt.Errorf("%w: %s", errStream, complete.ErrorCode)
		}
		return io.EOF
	}
	return nil
}

// readMessage reads a message: total length, header length and their checksum;
// headers; payload; checksum of all (AWS event stream encoding). It returns
// io.EOF before a message.
func readMessage(in io.Reader) (map[string]string, []byte, error) {
	var prelude [12]byte
	if _, err := io.ReadFull(in, prelude[:]); err != nil {
		return nil, nil, err
	}
	total, headerLength := binary.BigEndian.Uint32(prelude[:4]), binary.BigEndian.Uint32(prelude[4:8])
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) ||
		total > maxMessage || headerLength > maxMessageHeader || total < 16 || total-16 < headerLength {
		return nil, nil, errMessage
	}
	rest := make([]byte, total-12)
	if _, err := io.ReadFull(in, rest); err != nil {
		return nil, nil, io.ErrUnexpectedEOF
	}
	sum := crc32.Update(crc32.ChecksumIEEE(prelude[:]), crc32.IEEETable, rest[:len(rest)-4])
	if sum != binary.BigEndian.Uint32(rest[len(rest)-4:]) {
		return nil, nil, errMessage
	}
	headers, err := readHeaders(rest[:headerLength])
	return headers, rest[headerLength : len(rest)-4], err
}

// readHeaders reads a message's headers and returns the texts among them.
func readHeaders(b []byte) (map[string]string, error) {
	sizes := map[byte]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16} // of the types with a fixed size
	headers := make(map[string]string)
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < n+2 {
			return nil, errMessage
		}
		name, kind := string(b[1:n+1]), b[n+1]
		b = b[n+2:]
		size, fixed := sizes[kind]
		if !fixed {
			if kind != 6 && kind != 7 || len(b) < 2 { // bytes, text
				return nil, errMessage
			}
			size = int(binary.BigEndian.Uint16(b))
			b = b[2:]
		}
		if len(b) < size {
			return nil, errMessage
		}
		if kind == 7 {
			headers[name] = string(b[:size])
		}
		b = b[size:]
	}
	return headers, nil
}
