package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

type valueKind uint8

const (
	kindNone    valueKind = iota
	kindText              // text
	kindMany              // many
	kindAddr              // addr
	kindTime              // n: seconds since 1970, shown as a date
	kindSeconds           // n: shown as a number
	kindFlag              // n: 0 or 1
)

// value is one value of a condition key, in the form the request had it; the
// operator says as what it is read.
type value struct {
	kind valueKind
	text string
	addr netip.Addr
	n    int64
}

// values is what a condition key has in a request: nothing, one value or many.
type values struct {
	value
	many []string
}

func (v *values) count() int {
	switch v.kind {
	case kindNone:
		return 0
	case kindMany:
		return len(v.many)
	}
	return 1
}

func (v *values) at(i int) value {
	if v.kind == kindMany {
		return value{kind: kindText, text: v.many[i]}
	}
	return v.value
}

// isNullSet: "ForAllValues also returns true if the key resolves to a null data
// set, such as an empty string" (reference_policies_condition-single-vs-multi-valued-context-keys).
func (v *values) isNullSet() bool {
	return v.count() == 1 && v.at(0).kind == kindText && v.at(0).text == ""
}

// asText is the value as string operators and variables see it. A typed value
// is written into buf, and the result is good for as long as buf is.
func (v *value) asText(buf []byte) string {
	switch v.kind {
	case kindText:
		return v.text
	case kindAddr:
		return view(v.addr.AppendTo(buf))
	case kindTime:
		return view(time.Unix(v.n, 0).UTC().AppendFormat(buf, "2006-01-02T15:04:05Z"))
	case kindSeconds:
		return view(strconv.AppendInt(buf, v.n, 10))
	}
	return boolText(v.n != 0)
}

func (v *value) asNumber() (float64, bool) {
	switch v.kind {
	case kindText:
		return parseNumber(v.text)
	case kindSeconds:
		return float64(v.n), true
	}
	return 0, false
}

func (v *value) asInstant() (instant, bool) {
	switch v.kind {
	case kindText:
		return parseDate(v.text)
	case kindTime, kindSeconds:
		return instant{sec: v.n}, true
	}
	return instant{}, false
}

func (v *value) asAddr() (netip.Addr, bool) {
	switch v.kind {
	case kindText:
		return parseAddr(v.text)
	case kindAddr:
		return v.addr, true
	}
	return netip.Addr{}, false
}

func (v *value) asBool() (value, ok bool) {
	switch v.kind {
	case kindText:
		return parseBool(v.text)
	case kindFlag:
		return v.n != 0, true
	}
	return false, false
}

// view shows bytes as a string without a copy, so that comparing a typed value
// allocates nothing (budget: design.md 7). The bytes are a buffer on the
// evaluating goroutine's stack that nobody writes while the string is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// lowerASCII appends s in lower case: actions and ARN-like words are ASCII.
func lowerASCII(buf []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// onlyChars: s is not empty and has only letters, digits and the extra bytes.
func onlyChars(s, extra string) bool {
	for i := range len(s) {
		lower := s[i] | 0x20
		if (lower < 'a' || lower > 'z') && (s[i] < '0' || s[i] > '9') && strings.IndexByte(extra, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}
