package server

// Character classes of RFC 9110 section 5.6.2 and RFC 3986.

// class is a set of character classes.
type class uint8

const (
	classToken  class = 1 << iota // tchar
	classValue                    // field-vchar, SP, HTAB
	classTarget                   // what a request target may hold
)

// classes says of every byte which classes it is in. Bytes from 0x80 are
// obs-text in values; in a target clients send raw UTF-8, which carries no
// ambiguity.
var classes = func() (t [256]class) {
	for c := range 256 {
		switch {
		case c >= 0x80:
			t[c] = classValue | classTarget
		case c == '\t' || c == ' ':
			t[c] = classValue
		case c > ' ' && c < 0x7f:
			t[c] = classValue
			if c != '#' {
				t[c] |= classTarget
			}
		}
	}
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] |= classToken
	}
	return t
}()

// within tells whether every byte of s is in a class.
func within(s string, c class) bool {
	for i := range len(s) {
		if classes[s[i]]&c == 0 {
			return false
		}
	}
	return true
}

func isToken(s string) bool      { return s != "" && within(s, classToken) }
func isFieldValue(s string) bool { return within(s, classValue) }
func isTarget(s string) bool     { return within(s, classTarget) }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// trimBlank takes optional white space (RFC 9110 section 5.6.3) off both ends.
func trimBlank(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
