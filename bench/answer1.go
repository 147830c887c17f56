package main

import (
	"bytes"
	"fmt"
	"strings"
)

var (
	statusOK   = []byte("HTTP/1.1 200 ")
	headEnd    = []byte("\r\n\r\n")
	lineEnd    = []byte("\r\n")
	lengthName = []byte("content-length")
	codingName = []byte("transfer-encoding")
)

// takeAnswer looks for an HTTP/1.1 answer at the beginning of b and returns its
// length, or 0 when more bytes are needed. An answer other than status 200 with
// exactly the body want is an error, found as early as possible. The message
// format is RFC 9112 section 2.1; what a correct server does not send for a 200
// with a known length (chunked coding, two lengths) is refused.
func takeAnswer(b, want []byte) (int, error) {
	if start := b[:min(len(b), len(statusOK))]; !bytes.HasPrefix(statusOK, start) {
		return 0, fmt.Errorf("wrong answer: begins with %q", start)
	}
	head := bytes.Index(b, headEnd)
	if head < 0 {
		if len(b) > maxHead {
			return 0, fmt.Errorf("wrong answer: the head is longer than %d bytes", maxHead)
		}
		return 0, nil
	}
	length, err := contentLength(b[:head+len(lineEnd)])
	if err != nil {
		return 0, err
	}
	if length != len(want) {
		return 0, fmt.Errorf("wrong answer: content-length %d, want %d", length, len(want))
	}
	end := head + len(headEnd) + length
	if len(b) < end {
		return 0, nil
	}
	if !bytes.Equal(b[head+len(headEnd):end], want) {
		return 0, fmt.Errorf("wrong answer: another body of the same length")
	}
	return end, nil
}

// contentLength reads the one Content-Length of a head whose lines all end in CRLF.
func contentLength(head []byte) (int, error) {
	length := -1
	rest := head[bytes.Index(head, lineEnd)+len(lineEnd):]
	for len(rest) > 0 {
		end := bytes.Index(rest, lineEnd)
		name, value, ok := bytes.Cut(rest[:end], []byte{':'})
		if !ok {
			return 0, fmt.Errorf("wrong answer: header line %q has no colon", rest[:end])
		}
		rest = rest[end+len(lineEnd):]
		switch {
		case len(name) == len(lengthName) && bytes.EqualFold(name, lengthName):
			n, ok := decimal(bytes.TrimSpace(value))
			if !ok || length >= 0 {
				return 0, fmt.Errorf("wrong answer: bad or second content-length %q", value)
			}
			length = n
		case len(name) == len(codingName) && bytes.EqualFold(name, codingName):
			return 0, fmt.Errorf("wrong answer: transfer-encoding %q", value)
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("wrong answer: no content-length")
	}
	return length, nil
}

// decimal reads up to 9 digits.
func decimal(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// splitHead returns the fields of an answer that takeAnswer has accepted.
func splitHead(b []byte) answer {
	head, _, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	a := answer{status: 200}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		a.fields = append(a.fields, field{strings.ToLower(name), strings.TrimSpace(value)})
	}
	return a
}
