package lock

import (
	"regexp"
	"slices"
	"strings"
)

// shell writes words as a POSIX shell reads them. It knows the variables that
// earlier lines have set and names them in place of their values: the lines
// stay true in another session, and a secret is not shown.
type shell struct {
	known []variable
}

type variable struct {
	name, value string
	secret      bool
}

// minVariable is the shortest value that is looked for in a word: a shorter one
// could be there by chance.
const minVariable = 6

// set gives a variable its value, from now on.
func (s *shell) set(name, value string) {
	s.known = slices.DeleteFunc(s.known, func(v variable) bool { return v.name == name })
	if len(value) < minVariable {
		return
	}
	s.known = append(s.known, variable{name: name, value: value})
	s.order()
}

// secret gives a variable a value that is not to be shown, however short.
func (s *shell) secret(name, value string) {
	s.known = slices.DeleteFunc(s.known, func(v variable) bool { return v.name == name })
	if value == "" {
		return
	}
	s.known = append(s.known, variable{name, value, true})
	// Inside of a JSON document it may be written otherwise.
	if quoted := quoteJSON(value); quoted[1:len(quoted)-1] != value {
		s.known = append(s.known, variable{name, quoted[1 : len(quoted)-1], true})
	}
	s.order()
}

// redact replaces secrets by the names of their variables.
func (s *shell) redact(text string) string {
	for _, known := range s.known {
		if known.secret {
			text = strings.ReplaceAll(text, known.value, "$"+known.name)
		}
	}
	return text
}

func (s *shell) order() {
	// Longest first: a value that contains another one is the better match.
	slices.SortStableFunc(s.known, func(a, b variable) int { return len(b.value) - len(a.value) })
}

// piece is a part of a word: plain text, or the value of a variable.
type piece struct {
	text string
	name string // of the variable, if it is one
}

func (p piece) variable() bool { return p.name != "" }

// pieces splits a word at the values of known variables.
func (s *shell) pieces(word string) []piece {
	pieces := []piece{{text: word}}
	for _, known := range s.known {
		var next []piece
		for _, p := range pieces {
			if p.variable() {
				next = append(next, p)
				continue
			}
			for i, text := range strings.Split(p.text, known.value) {
				if i > 0 {
					next = append(next, piece{known.value, known.name})
				}
				if text != "" {
					next = append(next, piece{text: text})
				}
			}
		}
		pieces = next
	}
	return pieces
}

var (
	plainWord    = regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+$`)
	doubleQuotes = regexp.MustCompile("^[^\"\\\\`$!]*$") // needs no escape between double quotes
	nameFollows  = regexp.MustCompile(`^[A-Za-z0-9_]`)
)

// word writes one argument: as it stands if it may, else quoted as people do.
func (s *shell) word(word string) string {
	pieces := s.pieces(word)
	plain, double, variables := len(pieces) > 0, true, false
	for _, p := range pieces {
		variables = variables || p.variable()
		// Outside of quotes the shell splits the value of a variable, too.
		plain = plain && plainWord.MatchString(p.text)
		double = double && (p.variable() || doubleQuotes.MatchString(p.text))
	}
	switch {
	case plain:
		return expand(pieces)
	case variables && double:
		return `"` + expand(pieces) + `"`
	}
	return singleQuoted(pieces)
}

// expand writes pieces where variables are expanded and texts need no escape.
func expand(pieces []piece) string {
	var b strings.Builder
	for i, p := range pieces {
		switch {
		case !p.variable():
			b.WriteString(p.text)
		case i+1 < len(pieces) && !pieces[i+1].variable() && nameFollows.MatchString(pieces[i+1].text):
			b.WriteString("${" + p.name + "}")
		default:
			b.WriteString("$" + p.name)
		}
	}
	return b.String()
}

// singleQuoted writes texts between single quotes and steps out of them for a
// variable: '{"value":"'"$KEY"'"}'.
func singleQuoted(pieces []piece) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, p := range pieces {
		if p.variable() {
			b.WriteString(`'"$` + p.name + `"'`)
		} else {
			b.WriteString(strings.ReplaceAll(p.text, `'`, `'\''`))
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// line writes the words of a command.
func (s *shell) line(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = s.word(word)
	}
	return strings.Join(quoted, " ")
}
