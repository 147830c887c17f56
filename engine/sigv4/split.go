package sigv4

import (
	"iter"
	"strings"
)

// cutBlank splits at the first run of blanks.
func cutBlank(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// pairs yields the pieces of s between commas and blanks, empty ones left out.
func pairs(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s != "" {
			i := strings.IndexAny(s, ", \t")
			if i < 0 {
				yield(s)
				return
			}
			if i > 0 && !yield(s[:i]) {
				return
			}
			s = s[i+1:]
		}
	}
}

// queryPairs yields names and values of a raw query, still escaped. A name
// without equal sign has an empty value; empty pieces are left out.
func queryPairs(raw string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for raw != "" {
			piece, rest, _ := strings.Cut(raw, "&")
			raw = rest
			if piece == "" {
				continue
			}
			name, value, _ := strings.Cut(piece, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}
