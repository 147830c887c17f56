package sigv4

import (
	"iter"
	"strings"
)

// Request is the part of an HTTP request that a signature covers.
type Request struct {
	Method string
	// RawPath and RawQuery are as on the request line, escapes untouched;
	// RawQuery has no leading question mark.
	RawPath  string
	RawQuery string
	// Host is the Host field or :authority, as sent.
	Host string
	// Header yields every field in the order of the message, one pair per
	// field line; the case of names does not matter. It may be ranged over
	// more than once.
	Header iter.Seq2[string, string]
}

// MapHeader yields the fields of a map like net/http's Header. Lines of the
// same name keep their order, which is all that a signature sees.
func MapHeader(h map[string][]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, values := range h {
			for _, v := range values {
				if !yield(name, v) {
					return
				}
			}
		}
	}
}

// seen are the fields that a signature needs before it is verified, the first
// line of each.
type seen struct {
	authorization, amzDate, date, token, regionSet string
	hasAuthorization, hasAmzDate, hasDate          bool
}

// look finds them in one pass over the header.
func (r *Request) look() (s seen) {
	if r.Header == nil {
		return s
	}
	var hasToken, hasRegions bool
	keep := func(value *string, has *bool, v string) {
		if !*has {
			*value, *has = v, true
		}
	}
	for n, v := range r.Header {
		switch {
		case isNamed(n, "authorization"):
			keep(&s.authorization, &s.hasAuthorization, v)
		case isNamed(n, "x-amz-date"):
			keep(&s.amzDate, &s.hasAmzDate, v)
		case isNamed(n, "date"):
			keep(&s.date, &s.hasDate, v)
		case isNamed(n, "x-amz-security-token"):
			keep(&s.token, &hasToken, v)
		case isNamed(n, "x-amz-region-set"):
			keep(&s.regionSet, &hasRegions, v)
		}
	}
	return s
}

// first gives the value of the first field called name.
func (r *Request) first(name string) (string, bool) {
	if r.Header == nil {
		return "", false
	}
	for n, v := range r.Header {
		if isNamed(n, name) {
			return v, true
		}
	}
	return "", false
}

func isNamed(n, lower string) bool { return len(n) == len(lower) && strings.EqualFold(n, lower) }
