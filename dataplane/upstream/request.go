package upstream

import (
	"fmt"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// appendRequest appends the head of the call's request (RFC 9112 section 3):
// Host first, then the call's fields in their order and case. Hop-by-hop fields
// are left out and the framing is our own.
func appendRequest(b []byte, call *Call) ([]byte, error) {
	authority := call.Authority
	if authority == "" {
		authority = call.Host
	}
	path := call.Path
	if path == "" {
		path = "/"
	}
	if !isToken(call.Method) || !isTarget(path) || !isTarget(call.RawQuery) || !isTarget(authority) {
		return nil, fmt.Errorf("request line cannot be sent")
	}
	b = append(b, call.Method...)
	b = append(b, ' ')
	b = append(b, path...)
	if call.HasQuery || call.RawQuery != "" {
		b = append(b, '?')
		b = append(b, call.RawQuery...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, authority...)
	b = append(b, "\r\n"...)
	framed := false
	for _, field := range call.Header {
		if strings.EqualFold(field.Name, "content-length") {
			if !framed {
				b = appendFraming(b, field.Name, call)
			}
			framed = true
			continue
		}
		if !call.sends(field.Name) || strings.EqualFold(field.Name, "host") || strings.EqualFold(field.Name, "expect") {
			continue
		}
		if !isToken(field.Name) || !isFieldValue(field.Value) {
			return nil, fmt.Errorf("request field %q cannot be sent", field.Name)
		}
		b = appendField(b, field)
	}
	if !framed {
		b = appendFraming(b, "Content-Length", call)
	}
	return append(b, "\r\n"...), nil
}

// sends tells whether a field of the call may go out.
func (call *Call) sends(name string) bool {
	return !isHopByHop(name) || call.HopByHop && (strings.EqualFold(name, "trailer") || strings.EqualFold(name, "upgrade"))
}

// appendFraming appends the field that tells where the body ends: none for a
// method without a body that has none (RFC 9110 section 8.6).
func appendFraming(b []byte, name string, call *Call) []byte {
	length := call.Body.Length()
	switch {
	case length < 0:
		return append(b, "Transfer-Encoding: chunked\r\n"...)
	case length == 0 && !expectsBody(call.Method):
		return b
	}
	b = append(b, name...)
	b = append(b, ": "...)
	b = strconv.AppendInt(b, length, 10)
	return append(b, "\r\n"...)
}

func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}

func appendField(b []byte, field exchange.Field) []byte {
	b = append(b, field.Name...)
	b = append(b, ": "...)
	b = append(b, field.Value...)
	return append(b, "\r\n"...)
}

// isHopByHop tells whether a field belongs to one connection only (RFC 9110
// section 7.6.1, with the fields that predate it).
func isHopByHop(name string) bool {
	switch len(name) {
	case len("te"):
		return strings.EqualFold(name, "te")
	case len("trailer"): // also "upgrade"
		return strings.EqualFold(name, "trailer") || strings.EqualFold(name, "upgrade")
	case len("connection"): // also "keep-alive"
		return strings.EqualFold(name, "connection") || strings.EqualFold(name, "keep-alive")
	case len("proxy-connection"):
		return strings.EqualFold(name, "proxy-connection")
	case len("transfer-encoding"):
		return strings.EqualFold(name, "transfer-encoding")
	}
	return false
}

// isToken tells whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// tokenByte marks the characters of a token.
var tokenByte = func() (table [256]bool) {
	for c := range 256 {
		table[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' ||
			c < 128 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return table
}()

// isFieldValue tells whether s has no control character but the tab.
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// isTarget tells whether s cannot break out of a request line.
func isTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
