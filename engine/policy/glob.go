package policy

import (
	"strings"
	"unicode/utf8"
)

// A glob is text in which these two bytes stand for * and ?. They cannot occur
// in UTF-8, so a literal star or question mark (`${*}`, or one that came in by
// a variable) needs no escaping and no client can send a wildcard.
const (
	anyRun = '\xff'
	anyOne = '\xfe'
)

// wildcards turns the stars and question marks of a text into a glob's.
var wildcards = strings.NewReplacer("*", string([]byte{anyRun}), "?", string([]byte{anyOne}))

// Like reports whether the whole of s matches pattern, in which * stands for any
// run of characters and ? for one, as in StringLike and in CloudFront's path
// patterns. Its time is that of globMatch. A pattern that is not UTF-8 could
// hold a glob's own bytes; what is wrong in it stands for U+FFFD.
func Like(pattern, s string) bool {
	return globMatch(wildcards.Replace(strings.ToValidUTF8(pattern, "\uFFFD")), s)
}

// globMatch reports whether the whole of s matches p. * is any run of
// characters, ? exactly one. It never goes back over a star: leftmost match of
// the piece between two stars is always good enough. The time is
// len(s) + len(p), plus len(s) × piece for a piece that contains ?.
func globMatch(p, s string) bool {
	star := strings.IndexByte(p, anyRun)
	if star < 0 {
		n, ok := matchStart(p, s)
		return ok && n == len(s)
	}
	n, ok := matchStart(p[:star], s)
	if !ok {
		return false
	}
	for {
		s, p = s[n:], p[star+1:]
		if star = strings.IndexByte(p, anyRun); star < 0 {
			return matchEnd(p, s)
		}
		if n = findEnd(p[:star], s); n < 0 {
			return false
		}
	}
}

// matchStart reports whether s starts with the star-free piece, and how many
// bytes of s that takes.
func matchStart(piece, s string) (int, bool) {
	n := 0
	for {
		q := strings.IndexByte(piece, anyOne)
		if q < 0 {
			return n + len(piece), strings.HasPrefix(s[n:], piece)
		}
		if !strings.HasPrefix(s[n:], piece[:q]) {
			return 0, false
		}
		n += q
		if n == len(s) {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(s[n:])
		n += size
		piece = piece[q+1:]
	}
}

// matchEnd reports whether s ends with the star-free piece.
func matchEnd(piece, s string) bool {
	for {
		q := strings.LastIndexByte(piece, anyOne)
		if q < 0 {
			return strings.HasSuffix(s, piece)
		}
		rest, ok := strings.CutSuffix(s, piece[q+1:])
		if !ok || rest == "" {
			return false
		}
		_, size := utf8.DecodeLastRuneInString(rest)
		s, piece = rest[:len(rest)-size], piece[:q]
	}
}

// findEnd returns where the leftmost occurrence of the star-free piece in s
// ends, or -1.
func findEnd(piece, s string) int {
	q := strings.IndexByte(piece, anyOne)
	if q < 0 {
		if at := strings.Index(s, piece); at >= 0 {
			return at + len(piece)
		}
		return -1
	}
	for at := 0; at < len(s); {
		skip := strings.Index(s[at:], piece[:q])
		if skip < 0 {
			return -1
		}
		at += skip
		if n, ok := matchStart(piece, s[at:]); ok {
			return at + n
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return -1
}
