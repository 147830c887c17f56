package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// Validators are what a representation can be compared by (RFC 9110 section 8.8).
type Validators struct {
	ETag         string // as sent to viewers; "" is none
	LastModified string // "" is none
}

// Conditions are a request's preconditions that a cache evaluates. If-Match and
// If-Unmodified-Since are the origin's (RFC 9111 section 4.3.2).
type Conditions struct {
	IfNoneMatch     string // all lines joined; "" is none
	IfModifiedSince string
}

// NotModified tells whether the answer is 304 (RFC 9110 section 13.2.2, steps 3
// and 4): If-None-Match by weak comparison, and only without one
// If-Modified-Since.
func (c Conditions) NotModified(v Validators) bool {
	if c.IfNoneMatch != "" {
		return matchesAny(c.IfNoneMatch, v.ETag)
	}
	if c.IfModifiedSince == "" || v.LastModified == "" {
		return false
	}
	if c.IfModifiedSince == v.LastModified {
		return true
	}
	since, err := http.ParseTime(c.IfModifiedSince)
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(v.LastModified)
	return err == nil && !modified.After(since)
}

// matchesAny tells whether a list of entity tags, or "*", has one that equals
// tag by weak comparison (RFC 9110 section 8.8.3.2).
func matchesAny(list, tag string) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	if tag == "" {
		return false
	}
	opaque := strings.TrimPrefix(tag, "W/")
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			return false
		}
		candidate := strings.TrimPrefix(list, "W/")
		end := entityTagEnd(candidate)
		if end < 0 {
			return false // not a list of entity tags
		}
		if candidate[:end] == opaque {
			return true
		}
		list = candidate[end:]
	}
}

// entityTagEnd returns the length of the opaque tag (quotes included) that s
// begins with, or -1.
func entityTagEnd(s string) int {
	if len(s) < 2 || s[0] != '"' {
		return -1
	}
	if i := strings.IndexByte(s[1:], '"'); i >= 0 {
		return i + 2
	}
	return -1
}

// ValidETag tells whether s is an entity tag.
func ValidETag(s string) bool {
	opaque := strings.TrimPrefix(s, "W/")
	return entityTagEnd(opaque) == len(opaque)
}

// RangeKind says what to do about a Range field.
type RangeKind uint8

// Values of RangeKind.
const (
	RangeIgnored       RangeKind = iota // answer 200 with everything
	RangeSatisfiable                    // answer 206
	RangeUnsatisfiable                  // answer 416
)

// Range is one range of bytes: from Start, Length bytes.
type Range struct{ Start, Length int64 }

// ParseRange reads a Range value for a representation of size bytes (RFC 9110
// section 14.1.2). Several ranges and anything that is not a range of bytes are
// ignored (reference/cloudfront.md section 3.6).
func ParseRange(value string, size int64) (Range, RangeKind) {
	unit, spec, ok := strings.Cut(value, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || strings.Contains(spec, ",") {
		return Range{}, RangeIgnored
	}
	from, to, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || from == "" && to == "" {
		return Range{}, RangeIgnored
	}
	first, okFirst := position(from)
	last, okLast := position(to)
	if !okFirst || !okLast {
		return Range{}, RangeIgnored
	}
	if from == "" { // the last bytes
		if last == 0 || size == 0 {
			return Range{}, RangeUnsatisfiable
		}
		length := min(last, size)
		return Range{Start: size - length, Length: length}, RangeSatisfiable
	}
	if to == "" {
		last = size - 1
	} else if last < first {
		return Range{}, RangeIgnored
	}
	if first >= size {
		return Range{}, RangeUnsatisfiable
	}
	return Range{Start: first, Length: min(last, size-1) - first + 1}, RangeSatisfiable
}

// position reads digits; a number beyond any size stays beyond any size.
func position(s string) (int64, bool) {
	const beyond = 1 << 60
	n := int64(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n < beyond {
			n = n*10 + int64(s[i]-'0')
		}
	}
	return min(n, beyond), true
}

// RangeHolds tells whether If-Range lets a Range stand (RFC 9110 section
// 13.1.5): the strong entity tag, or exactly the Last-Modified date.
func RangeHolds(ifRange string, v Validators) bool {
	switch {
	case ifRange == "":
		return true
	case strings.HasPrefix(ifRange, `"`):
		return ifRange == v.ETag
	case strings.HasPrefix(ifRange, "W/"):
		return false
	}
	at, err := http.ParseTime(ifRange)
	if err != nil || v.LastModified == "" {
		return false
	}
	modified, err := http.ParseTime(v.LastModified)
	return err == nil && at.Truncate(time.Second).Equal(modified)
}
