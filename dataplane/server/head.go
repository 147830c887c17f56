package server

import (
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// refusal is a request that cannot be answered by a plane: the status it gets
// and a constant that says why.
type refusal struct {
	status int
	reason string
}

func bad(reason string) *refusal { return &refusal{400, reason} }

// requestHead is the head of an HTTP/1 message, checked.
type requestHead struct {
	method   string
	protocol exchange.Protocol
	target   target
	// authority is the absolute form's or the Host field's; host is the
	// normalised one, "" for HTTP/1.0 without.
	authority, host string
	// header is what exchange.Request.Header documents.
	header exchange.Header

	length    int64 // of the body; -1: chunked
	hasLength bool
	keepAlive bool
	expect    bool // 100-continue
	upgrade   string

	hosts      int
	connection []string // lower-cased options other than close, keep-alive, upgrade
	close      bool
	askKeep    bool
	askUpgrade bool
}

// maxConnectionOptions bounds the comparisons that removing the fields named by
// Connection costs.
const maxConnectionOptions = 16

// parse reads a request head into h: text is everything up to and with the empty
// line. It is stricter than RFC 9112 asks a recipient to be: whatever two
// readers could understand differently is refused (sections 2.2, 5.1, 5.2, 6).
func (h *requestHead) parse(text string, maxFields int) *refusal {
	*h = requestHead{connection: h.connection[:0]}
	line, rest, ok := cutLine(text)
	if !ok {
		return bad("line-end")
	}
	if r := h.requestLine(line); r != nil {
		return r
	}
	n := strings.Count(rest, "\n") - 1
	if n > maxFields {
		return &refusal{431, "too-many-fields"}
	}
	h.header = make(exchange.Header, 0, max(n, 0))
	for {
		line, rest, ok = cutLine(rest)
		if !ok {
			return bad("line-end")
		}
		if line == "" {
			break
		}
		if r := h.field(line); r != nil {
			return r
		}
	}
	if rest != "" {
		return bad("line-end")
	}
	return h.finish()
}

// cutLine takes a line off the front of s; it must end in CRLF and hold no
// other CR or LF (a bare one is refused, RFC 9112 section 2.2).
func cutLine(s string) (line, rest string, ok bool) {
	end := strings.IndexByte(s, '\n')
	if end < 1 || s[end-1] != '\r' {
		return "", "", false
	}
	return s[:end-1], s[end+1:], true
}

// requestLine reads method SP request-target SP HTTP-version.
func (h *requestHead) requestLine(line string) *refusal {
	method, rest, ok := strings.Cut(line, " ")
	text, version, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 {
		return bad("request-line")
	}
	switch version {
	case "HTTP/1.1":
		h.protocol = exchange.HTTP11
	case "HTTP/1.0":
		h.protocol = exchange.HTTP10
	default:
		return bad("version")
	}
	if !isToken(method) {
		return bad("method")
	}
	h.method = method
	t, reason := parseTarget(method, text)
	if reason != "" {
		return bad(reason)
	}
	h.target = t
	return nil
}

// field reads one field line.
func (h *requestHead) field(line string) *refusal {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) {
		return bad("field-name") // obs-fold and white space before the colon among them
	}
	value = trimBlank(value)
	if !isFieldValue(value) {
		return bad("field-value")
	}
	if keep, r := h.framing(name, value); r != nil || !keep {
		return r
	}
	h.header = append(h.header, exchange.Field{Name: name, Value: value})
	return nil
}

// framing looks at the fields that are the connection's business, not the
// exchange's; keep tells whether the field belongs to the exchange.
func (h *requestHead) framing(name, value string) (keep bool, r *refusal) {
	switch len(name) {
	case len("Host"):
		if strings.EqualFold(name, "Host") {
			h.hosts++
			if h.authority == "" {
				h.authority = value
			}
			return false, nil
		}
	case len("Expect"):
		if strings.EqualFold(name, "Expect") {
			h.expect = true
			if !strings.EqualFold(value, "100-continue") {
				return false, &refusal{417, "expect"}
			}
		}
	case len("Upgrade"):
		if strings.EqualFold(name, "Upgrade") {
			h.upgrade = value
			return false, nil
		}
	case len("Connection"): // and Keep-Alive
		if strings.EqualFold(name, "Connection") {
			return false, h.connectionOptions(value)
		}
		return !strings.EqualFold(name, "Keep-Alive"), nil
	case len("Content-Length"):
		if strings.EqualFold(name, "Content-Length") {
			return true, h.contentLength(value)
		}
	case len("Proxy-Connection"):
		return !strings.EqualFold(name, "Proxy-Connection"), nil
	case len("Transfer-Encoding"):
		if strings.EqualFold(name, "Transfer-Encoding") {
			return false, h.transferEncoding(value)
		}
	}
	return true, nil
}

// contentLength reads a length: one field, digits only (RFC 9112 section 6.3
// would allow equal repeats; no client needs them).
func (h *requestHead) contentLength(value string) *refusal {
	if h.hasLength {
		return bad("content-length-twice")
	}
	if h.length < 0 {
		return bad("content-length-and-transfer-encoding")
	}
	if value == "" || len(value) > 18 || !isDigits(value) {
		return bad("content-length")
	}
	h.hasLength = true
	h.length, _ = strconv.ParseInt(value, 10, 64)
	return nil
}

// transferEncoding accepts the one coding that every client means.
func (h *requestHead) transferEncoding(value string) *refusal {
	switch {
	case h.protocol == exchange.HTTP10:
		return bad("transfer-encoding-in-http/1.0")
	case h.hasLength:
		return bad("content-length-and-transfer-encoding")
	case h.length < 0:
		return bad("transfer-encoding-twice")
	case !strings.EqualFold(value, "chunked"):
		return bad("transfer-encoding")
	}
	h.length = -1
	return nil
}

func (h *requestHead) connectionOptions(value string) *refusal {
	for option := range strings.SplitSeq(value, ",") {
		option = trimBlank(option)
		switch {
		case option == "":
		case !isToken(option):
			return bad("connection")
		case strings.EqualFold(option, "close"):
			h.close = true
		case strings.EqualFold(option, "keep-alive"):
			h.askKeep = true
		case strings.EqualFold(option, "upgrade"):
			h.askUpgrade = true
		case len(h.connection) == maxConnectionOptions:
			return bad("connection")
		default:
			h.connection = append(h.connection, option)
		}
	}
	return nil
}

// finish checks what only the whole head can tell.
func (h *requestHead) finish() *refusal {
	if h.hosts > 1 {
		return bad("two-hosts")
	}
	if h.hosts == 0 && h.protocol == exchange.HTTP11 {
		return bad("no-host")
	}
	if h.hosts == 1 || h.target.authority != "" {
		// The absolute form wins, but a Host that is none is refused all the same.
		if r := h.takeHost(); r != nil {
			return r
		}
	}
	for _, name := range h.connection {
		if !strings.EqualFold(name, "Content-Length") {
			h.header.Del(name)
		}
	}
	if h.protocol == exchange.HTTP10 {
		h.expect, h.upgrade = false, ""
		h.keepAlive = h.askKeep && !h.close
		return nil
	}
	if !h.askUpgrade {
		h.upgrade = ""
	}
	h.keepAlive = !h.close
	return nil
}

func (h *requestHead) takeHost() *refusal {
	if h.hosts == 1 {
		host, err := NormalizeHost(h.authority)
		if err != nil {
			return bad("host")
		}
		h.host = host
	}
	if h.target.authority == "" {
		return nil
	}
	host, err := NormalizeHost(h.target.authority)
	if err != nil {
		return bad("host")
	}
	h.authority, h.host = h.target.authority, host
	return nil
}
