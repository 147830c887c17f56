package upstream

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// head is the parsed head of a response.
type head struct {
	status  int
	minor   int // HTTP/1.minor
	header  exchange.Header
	length  int64 // Content-Length, -1 without
	chunked bool
	close   bool // the connection ends behind this response
}

var (
	errHeadTooBig = errors.New("response head exceeds 32768 bytes")
	errHead       = errors.New("response head is not HTTP/1.1")
	errFraming    = errors.New("response framing is ambiguous")
)

// readHead reads one response head of at most limit bytes. It is strict (RFC
// 9112 sections 4 and 5): CRLF line ends, no folded lines, no white space
// around names, one clear framing. It returns the number of bytes used.
func readHead(r *bufio.Reader, limit int) (*head, int, error) {
	block, used, err := readBlock(r, limit)
	if err != nil {
		return nil, used, err
	}
	line, rest, _ := strings.Cut(block, "\r\n")
	h := &head{length: -1}
	if !h.parseStatus(line) {
		return nil, used, errHead
	}
	h.header = make(exchange.Header, 0, strings.Count(rest, "\r\n")+4)
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !ok || !isToken(name) || !isFieldValue(value) {
			return nil, used, errHead
		}
		h.header = append(h.header, exchange.Field{Name: name, Value: value})
	}
	return h, used, h.frame()
}

// readBlock reads the lines up to the empty one; what it returns ends each with CRLF.
func readBlock(r *bufio.Reader, limit int) (string, int, error) {
	var block []byte
	for {
		line, err := r.ReadSlice('\n')
		if len(block)+len(line) > limit {
			return "", len(block), errHeadTooBig
		}
		start := len(block)
		block = append(block, line...)
		for err == bufio.ErrBufferFull {
			line, err = r.ReadSlice('\n')
			if len(block)+len(line) > limit {
				return "", len(block), errHeadTooBig
			}
			block = append(block, line...)
		}
		if err != nil {
			if err == io.EOF && len(block) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", len(block), err
		}
		switch whole := block[start:]; {
		case len(whole) < 2 || whole[len(whole)-2] != '\r':
			return "", len(block), errHead
		case len(whole) == 2 && start == 0:
			return "", len(block), errHead
		case len(whole) == 2:
			return string(block[:start]), len(block), nil
		}
	}
}

// parseStatus parses "HTTP/1.1 200 OK"; the reason may be missing.
func (h *head) parseStatus(line string) bool {
	if len(line) < len("HTTP/1.1 200") || !strings.HasPrefix(line, "HTTP/1.") || line[8] != ' ' {
		return false
	}
	switch line[7] {
	case '0':
	case '1':
		h.minor = 1
	default:
		return false
	}
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return false
		}
		h.status = h.status*10 + int(c-'0')
	}
	reason := line[12:]
	return h.status >= 100 && (reason == "" || reason[0] == ' ' && isFieldValue(reason))
}

// frame works out where the body ends (RFC 9112 section 6.3). Whatever could be
// read in two ways is refused.
func (h *head) frame() error {
	h.close = h.minor == 0
	for _, field := range h.header {
		switch {
		case strings.EqualFold(field.Name, "content-length"):
			n, err := strconv.ParseUint(field.Value, 10, 63)
			if err != nil || field.Value[0] == '+' || h.length >= 0 && h.length != int64(n) {
				return errFraming
			}
			h.length = int64(n)
		case strings.EqualFold(field.Name, "transfer-encoding"):
			if h.chunked || h.minor == 0 || !strings.EqualFold(field.Value, "chunked") {
				return errFraming
			}
			h.chunked = true
		case strings.EqualFold(field.Name, "connection"):
			for option := range strings.SplitSeq(field.Value, ",") {
				option = strings.Trim(option, " \t")
				if strings.EqualFold(option, "close") {
					h.close = true
				} else if h.minor == 0 && strings.EqualFold(option, "keep-alive") {
					h.close = false
				}
			}
		}
	}
	if h.chunked && h.length >= 0 {
		return errFraming
	}
	return nil
}

// hasBody tells whether a response of this status to this method has a body at
// all (RFC 9112 section 6.3).
func (h *head) hasBody(method string) bool {
	return method != "HEAD" && h.status != 204 && h.status != 304
}

// endToEnd returns the fields without those that belong to the connection.
func (h *head) endToEnd() exchange.Header {
	var named []string
	for value := range h.header.All("connection") {
		for option := range strings.SplitSeq(value, ",") {
			if option = strings.Trim(option, " \t"); option != "" {
				named = append(named, option)
			}
		}
	}
	out := h.header[:0]
fields:
	for _, field := range h.header {
		if isHopByHop(field.Name) {
			continue
		}
		for _, name := range named {
			if strings.EqualFold(field.Name, name) {
				continue fields
			}
		}
		out = append(out, field)
	}
	return out
}
