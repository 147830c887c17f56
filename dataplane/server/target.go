package server

import (
	"strings"
)

// target is a request target taken apart (RFC 9112 section 3.2); authority is
// that of the absolute form, "" in the others.
type target struct {
	authority      string
	path, rawQuery string
	hasQuery       bool
}

// parseTarget reads the target of a request with this method. The reason is ""
// when it is acceptable. CONNECT and its authority form are refused: nobody
// tunnels through Drawbridge.
func parseTarget(method, text string) (t target, reason string) {
	if method == "CONNECT" {
		return t, "connect"
	}
	if text == "*" {
		if method != "OPTIONS" {
			return t, "asterisk"
		}
		t.path = "*"
		return t, ""
	}
	if text == "" || !isTarget(text) {
		return t, "target"
	}
	if text[0] != '/' {
		var ok bool
		if t.authority, text, ok = cutAbsolute(text); !ok {
			return t, "target"
		}
	}
	t.path, t.rawQuery, t.hasQuery = strings.Cut(text, "?")
	if t.path == "" {
		t.path = "/"
		if method == "OPTIONS" && !t.hasQuery {
			t.path = "*" // RFC 9112 section 3.2.4
		}
	}
	if !validEscapes(t.path) {
		return t, "escape"
	}
	return t, ""
}

// cutAbsolute splits "http://host[:port][/path][?query]" behind the authority.
func cutAbsolute(text string) (authority, rest string, ok bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], rest[end:], end > 0
}

// validEscapes tells whether every "%" has two hexadecimal digits behind it:
// AWS refuses others, and whoever decodes the path later must not guess.
func validEscapes(path string) bool {
	for {
		at := strings.IndexByte(path, '%')
		if at < 0 {
			return true
		}
		if at+2 >= len(path) || unhex(path[at+1]) < 0 || unhex(path[at+2]) < 0 {
			return false
		}
		path = path[at+3:]
	}
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
