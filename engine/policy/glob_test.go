package policy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func compileGlob(t testing.TB, p string) string {
	c, err := parsePattern(p, grammar{wildcards: true})
	if err != nil {
		t.Fatal(err)
	}
	return c.text
}

func TestGlob(t *testing.T) {
	cases := []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"**", "abc", true}, {"?", "", false}, {"?", "ab", false},
		{"a*b*c", "abc", true}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"a*b*c", "abcX", false},
		{"*ab", "aab", true}, {"*ab", "ab", true}, {"*ab", "b", false}, {"ab*ab", "ab", false}, {"ab*ab", "abab", true},
		{"*?", "", false}, {"?*?", "a", false}, {"?*?", "ab", true}, {"*a?c*", "xxabbabc", true}, {"*a?c*", "xxabbc", false},
		{"*?bc*", "aabc", true}, {"*?bc*", "bcbc", true}, {"*?bc*", "éxébc", true}, {"*a?*b", "a", false}, {"*?x*", "ab", false},
		{"*??x", "éüx", true}, {"*??x", "üx", false}, {"?", "é", true}, {"?", "\xc3", true}, {"??", "\xc3(", true}, {"a?", "a", false},
		{"x/*/GET/*", "x/prod/GET/a/b", true}, {"x/*/GET/*", "x/prod/POST/a/GET/b", true}, {"x/*/GET/*", "x/prod/POST/a", false},
	}
	for _, c := range cases {
		if got := globMatch(compileGlob(t, c.pattern), c.s); got != c.want {
			t.Errorf("%q on %q: got %v", c.pattern, c.s, got)
		}
	}
}

// Patterns that take a backtracking matcher longer than the universe has.
func TestGlobDoesNotExplode(t *testing.T) {
	s := strings.Repeat("a", 10_000)
	for _, p := range []string{
		strings.Repeat("a*", 4_000) + "b",
		strings.Repeat("*a", 4_000) + "b*",
		strings.Repeat("*?", 4_000) + "b",
		strings.Repeat("?*a", 2_000) + "?b*",
	} {
		if globMatch(compileGlob(t, p), s) {
			t.Errorf("%.8q... matches", p)
		}
	}
}

// oracle matches by a table over characters, the textbook way.
func oracle(p, s string) bool {
	var chars []rune
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			r = -1 // an invalid byte is a character no pattern has
		}
		chars, s = append(chars, r), s[size:]
	}
	row := make([]bool, len(chars)+1) // row[i]: what was read of p matches chars[:i]
	row[0] = true
	for _, c := range p {
		next := make([]bool, len(row))
		for i := range next {
			switch {
			case c == '*':
				next[i] = row[i] || i > 0 && next[i-1]
			case i > 0:
				next[i] = row[i-1] && (c == '?' || c == chars[i-1])
			}
		}
		row = next
	}
	return row[len(chars)]
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"a*b?c", "aXbYc"}, {"*", ""}, {"**?*", "é"}, {"ab*ab", "abab"}, {"*a?c*", "xxabbabc"}, {"?a", "\xc3a"},
		{"*ü?", "\xe2\xc3\xbc\xbc"}, {"x/*/GET/*", "x/prod/GET/"}, {"*aab*aab", "aaab"}, {"\x00*\x7f", "\x00\x7f"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, p, s string) {
		if !utf8.ValidString(p) || len(p) > 200 || len(s) > 1000 {
			t.Skip() // policies are UTF-8, checked before anything else
		}
		if got, want := globMatch(compileGlob(t, p), s), oracle(p, s); got != want {
			t.Errorf("%q on %q: got %v, want %v", p, s, got, want)
		}
	})
}

func TestLike(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"/a*", "/a/b/c", true}, {"/a*c", "/a/b/c", true},
		{"/a*d", "/a/b/c", false}, {"?", "", false}, {"?b", "ab", true}, {"a?*", "a", false}, {"a**b", "ab", true},
		{"*.jpg", "/x.jpg", true}, {"A", "a", false}, {"\xff", "anything", false},
	} {
		if got := Like(row.pattern, row.text); got != row.want {
			t.Errorf("Like(%q, %q) = %t", row.pattern, row.text, got)
		}
	}
}
