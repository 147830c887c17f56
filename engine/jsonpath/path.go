package jsonpath

import (
	"fmt"
	"strings"
)

// Limits of a path's text and of one evaluation.
const (
	maxPathBytes = 8192
	maxSteps     = 1_000_000 // nodes visited
	maxResults   = 100_000
	maxNesting   = 64 // brackets and functions inside a filter
)

// Path is a compiled JSONPath. It is immutable and safe for concurrent use.
type Path struct {
	text     string
	segments []segment
	relative bool // starts with @ (in filters)
	definite bool
}

// segment is one step of a path; exactly one selector is set.
type segment struct {
	deep     bool // preceded by ..
	names    []string
	wildcard bool
	indexes  []int
	slice    *slice
	filter   condition
	function *function
}

// slice is [from:to]; a bound that is not given is nil. Negative ones count
// from the end.
type slice struct{ from, to *int }

// definite tells whether the segment picks at most one node.
func (s *segment) definite() bool {
	return !s.deep && !s.wildcard && len(s.indexes) <= 1 && s.slice == nil && s.filter == nil
}

// Compile reads a path. As in Jayway, a path that does not start with $ is read
// as if it followed "$.". The error is a *SyntaxError or wraps ErrLimit.
func Compile(text string) (*Path, error) {
	if len(text) > maxPathBytes {
		return nil, fmt.Errorf("path longer than %d bytes: %w", maxPathBytes, ErrLimit)
	}
	full := strings.TrimSpace(text)
	if full == "" {
		return nil, &SyntaxError{Text: "empty path"}
	}
	if full[0] != '$' && full[0] != '@' {
		full = "$." + full
	}
	c := compiler{parser: parser{text: full}}
	p, err := c.path()
	if err != nil {
		return nil, err
	}
	if c.blank(); c.at < len(full) {
		return nil, c.unexpected()
	}
	p.text = text
	return p, nil
}

// String gives the path as it was written.
func (p *Path) String() string { return p.text }

// Definite tells whether the path names at most one node; if not, its result
// is always a list.
func (p *Path) Definite() bool { return p.definite }

type compiler struct {
	parser
	nesting int
}

// nest counts a bracket that may hold another path or condition.
func (c *compiler) nest() error {
	if c.nesting++; c.nesting > maxNesting {
		return fmt.Errorf("path nested deeper than %d: %w", maxNesting, ErrLimit)
	}
	return nil
}

// path reads from $ or @ to the first character that continues no path.
func (c *compiler) path() (*Path, error) {
	start := c.at
	p := &Path{relative: c.peek() == '@', definite: true}
	c.at++
	for {
		s, more, err := c.segment()
		if err != nil {
			return nil, err
		}
		if !more {
			p.text = c.text[start:c.at]
			return p, nil
		}
		if n := len(p.segments); n > 0 && p.segments[n-1].function != nil {
			return nil, c.fail("path goes on after a function")
		}
		p.definite = p.definite && s.definite() || s.function != nil
		p.segments = append(p.segments, s)
	}
}

// segment reads one step; more is false where the path ends.
func (c *compiler) segment() (s segment, more bool, err error) {
	switch c.peek() {
	case '.':
		c.at++
		if c.peek() == '.' {
			c.at++
			s.deep = true
		}
		if c.peek() == '[' {
			if !s.deep {
				return s, false, c.unexpected()
			}
			return s, true, c.bracket(&s)
		}
		return s, true, c.dotted(&s)
	case '[':
		return s, true, c.bracket(&s)
	}
	return s, false, nil
}

// dotted reads what follows a dot: *, a name or a function.
func (c *compiler) dotted(s *segment) error {
	if c.peek() == '*' {
		c.at++
		s.wildcard = true
		return nil
	}
	start := c.at
	for c.at < len(c.text) && !strings.ContainsRune(".[]() \t\n\r=<>!&|,~*/'\"", rune(c.text[c.at])) {
		c.at++
	}
	name := c.text[start:c.at]
	if name == "" {
		return c.unexpected()
	}
	if c.peek() != '(' {
		s.names = []string{name}
		return nil
	}
	if s.deep {
		return c.fail("function after ..")
	}
	f, err := c.function(name)
	s.function = f
	return err
}

// bracket reads [*], ['a','b'], [0,1], [from:to] or [?(…)].
func (c *compiler) bracket(s *segment) error {
	c.at++
	c.blank()
	var err error
	switch ch := c.peek(); {
	case ch == '*':
		c.at++
		s.wildcard = true
	case ch == '\'' || ch == '"':
		s.names, err = c.names()
	case ch == '?':
		c.at++
		s.filter, err = c.filter()
	case ch == '-' || ch == ':' || ch >= '0' && ch <= '9':
		err = c.numbers(s)
	default:
		err = c.unexpected()
	}
	if err != nil {
		return err
	}
	return c.expect(']')
}

func (c *compiler) expect(ch byte) error {
	if c.blank(); c.peek() != ch || c.at == len(c.text) {
		return c.unexpected()
	}
	c.at++
	return nil
}

func (c *compiler) names() ([]string, error) {
	var names []string
	for {
		c.blank()
		quote := c.peek()
		if quote != '\'' && quote != '"' {
			return nil, c.unexpected()
		}
		name, err := c.str(quote, false)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if c.blank(); c.peek() != ',' {
			return names, nil
		}
		c.at++
	}
}

// numbers reads indexes or a slice.
func (c *compiler) numbers(s *segment) error {
	var bounds [2]*int
	for {
		c.blank()
		if ch := c.peek(); ch == '-' || ch >= '0' && ch <= '9' {
			n, err := c.integer()
			if err != nil {
				return err
			}
			s.indexes = append(s.indexes, n)
		} else if s.slice == nil && ch != ':' {
			return c.unexpected()
		}
		switch c.blank(); c.peek() {
		case ':':
			if s.slice != nil || len(s.indexes) > 1 {
				return c.unexpected()
			}
			if len(s.indexes) == 1 {
				bounds[0] = &s.indexes[0]
			}
			s.slice, s.indexes = &slice{from: bounds[0]}, nil
			c.at++
		case ',':
			if s.slice != nil || len(s.indexes) == 0 {
				return c.unexpected()
			}
			c.at++
		default:
			if s.slice != nil && len(s.indexes) == 1 {
				bounds[1] = &s.indexes[0]
				s.slice.to, s.indexes = bounds[1], nil
			}
			return nil
		}
	}
}

func (c *compiler) integer() (int, error) {
	start := c.at
	v, err := c.number()
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok || n > 1<<31-1 || n < -1<<31 {
		c.at = start
		return 0, c.fail("index is no 32-bit integer")
	}
	return int(n), nil
}
