package exchange

import (
	"iter"
	"strings"
)

// Field is one header field line. Name keeps the case it came with (or will be
// sent with over HTTP/1.1); names compare without regard to ASCII case
// (RFC 9110 section 5.1). Value has no surrounding white space.
type Field struct {
	Name, Value string
}

// Header is a list of field lines in their order. Order and repetition carry
// meaning for AWS's answers and for Lambda events, so it is a list, not a map.
type Header []Field

// Get returns the value of the first field called name, or "".
func (h Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup returns the value of the first field called name and whether there is one.
func (h Header) Lookup(name string) (string, bool) {
	for i := range h {
		if equalName(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Has tells whether a field called name is present.
func (h Header) Has(name string) bool {
	_, ok := h.Lookup(name)
	return ok
}

// All yields the values of every field called name, in order.
func (h Header) All(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range h {
			if equalName(h[i].Name, name) && !yield(h[i].Value) {
				return
			}
		}
	}
}

// Joined returns all values of name joined by ", " (RFC 9110 section 5.3).
func (h Header) Joined(name string) string {
	first, more := "", []string(nil)
	n := 0
	for v := range h.All(name) {
		if n == 0 {
			first = v
		} else {
			more = append(more, v)
		}
		n++
	}
	if len(more) == 0 {
		return first
	}
	return first + ", " + strings.Join(more, ", ")
}

// Add appends a field line.
func (h *Header) Add(name, value string) {
	*h = append(*h, Field{name, value})
}

// Set replaces the first field called name where it stands and removes the
// others; without one it appends.
func (h *Header) Set(name, value string) {
	out := (*h)[:0]
	set := false
	for _, f := range *h {
		if !equalName(f.Name, name) {
			out = append(out, f)
			continue
		}
		if !set {
			out = append(out, Field{name, value})
			set = true
		}
	}
	if !set {
		out = append(out, Field{name, value})
	}
	*h = out
}

// Del removes every field called name.
func (h *Header) Del(name string) {
	out := (*h)[:0]
	for _, f := range *h {
		if !equalName(f.Name, name) {
			out = append(out, f)
		}
	}
	*h = out
}

// Clone returns a copy that shares nothing but the strings.
func (h Header) Clone() Header {
	if h == nil {
		return nil
	}
	return append(make(Header, 0, len(h)+8), h...)
}

// equalName compares field names without regard to ASCII case.
func equalName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
