package vtl

import (
	"fmt"
	"regexp"
	"strings"
)

// parser reads a stretch of the template's text: all of it, or the inside of a
// text in double quotes.
type parser struct {
	template   *Template
	text       string
	at, end    int
	nesting    int
	work       *int // readings begun, given up ones included
	macroNames map[string]bool
	// fixed, if not nil, is the offset in the template of a text that had to
	// be rewritten before it was parsed, so that places in it say little.
	fixed *int
}

var macroStart = regexp.MustCompile(`#(?:macro|\{macro\})[ \t]*\(\s*([A-Za-z_][A-Za-z0-9_-]*)`)

// macroNames finds the macros that a template defines before it is parsed, so
// that #name is known to be a call, or text.
func macroNames(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range macroStart.FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	return names
}

// sink collects nodes, texts that touch made one.
type sink struct {
	nodes []node
	text  strings.Builder
	token int // where in text the current run of plain characters begins
}

func (s *sink) flush() {
	if s.text.Len() > 0 {
		s.nodes = append(s.nodes, textNode(s.text.String()))
		s.text.Reset()
	}
	s.token = 0
}

// mark ends a run of plain characters.
func (s *sink) mark() { s.token = s.text.Len() }

func (s *sink) add(n node) {
	s.flush()
	s.nodes = append(s.nodes, n)
}

// dropBlanks takes off the blanks before a #set. They belong to it only if
// nothing but blanks stands between it and what was no plain text: the longest
// token wins in Velocity 1.7.
func (s *sink) dropBlanks() {
	text := s.text.String()
	if strings.Trim(text[s.token:], " \t") != "" {
		return
	}
	s.text.Reset()
	s.text.WriteString(text[:s.token])
}

func (p *parser) rest() string { return p.text[p.at:p.end] }

// peek is the byte n places on, 0 beyond the end.
func (p *parser) peek(n int) byte {
	if p.at+n < p.end {
		return p.text[p.at+n]
	}
	return 0
}

// pos is the place in the template.
func (p *parser) pos() int {
	if p.fixed != nil {
		return *p.fixed
	}
	return p.at
}

func (p *parser) fail(format string, args ...any) error {
	return &placed{p.pos(), fmt.Errorf(format, args...)}
}

// placed is an error at an offset. Line and column are counted only when the
// error leaves Parse: a reading that is given up makes one too.
type placed struct {
	at  int
	err error
}

func (e *placed) Error() string { return e.err.Error() }

func (e *placed) Unwrap() error { return e.err }

func (p *parser) unexpected() error {
	if p.at >= p.end {
		return p.fail("unexpected end")
	}
	return p.fail("unexpected %q", p.text[p.at])
}

func (p *parser) nest() error {
	if p.nesting++; p.nesting > maxNesting {
		return p.fail("nested deeper than %d: %w", maxNesting, ErrLimit)
	}
	if *p.work++; *p.work > maxSteps {
		return p.fail("takes more than %d steps to read: %w", maxSteps, ErrLimit)
	}
	return nil
}

// template0 reads everything up to the end.
func (p *parser) template0() ([]node, error) {
	nodes, stop, err := p.block()
	if err == nil && stop != "" {
		err = p.fail("#%s without a beginning", stop)
	}
	return nodes, err
}

// block reads up to the end or to #end, #else or #elseif, which it names and
// has read.
func (p *parser) block() ([]node, string, error) {
	if err := p.nest(); err != nil {
		return nil, "", err
	}
	defer func() { p.nesting-- }()
	var out sink
	for p.at < p.end {
		next := strings.IndexAny(p.rest(), `$#\`)
		if next < 0 {
			next = p.end - p.at
		}
		out.text.WriteString(p.text[p.at : p.at+next])
		if p.at += next; p.at >= p.end {
			break
		}
		var stop string
		var err error
		switch p.text[p.at] {
		case '$':
			err = p.dollar(&out)
		case '#':
			stop, err = p.hash(&out)
		default:
			err = p.backslash(&out)
		}
		if err != nil || stop != "" {
			out.flush()
			return out.nodes, stop, err
		}
	}
	out.flush()
	return out.nodes, "", nil
}

// dollar reads a reference, or a dollar sign that starts none.
func (p *parser) dollar(out *sink) error {
	ref, err := p.reference()
	if err != nil {
		return err
	}
	if ref == nil {
		out.text.WriteByte('$')
		p.at++
		if p.peek(0) == '!' && p.peek(1) != '{' && p.peek(1) != '$' { // Velocity 1.7 drops it
			p.at++
		}
		return nil
	}
	out.add(referenceNode{ref})
	return p.behind(ref, out)
}

// behind reads what Velocity 1.7's lexer still takes for a part of a reference:
// a curly bracket is a token of its own; "##" behind a property starts no
// comment; a name behind a call or index begins a reference of which only the
// name is printed.
func (p *parser) behind(ref *reference, out *sink) error {
	if len(ref.steps) > 0 && !strings.HasSuffix(ref.source, "}") {
		last := &ref.steps[len(ref.steps)-1]
		if property := !last.call && last.index == nil; property {
			if strings.HasPrefix(p.rest(), "##") && p.peek(2) != '#' {
				out.text.WriteString("##")
				p.at += 2
			}
			return nil
		}
		runt := &reference{}
		if runt.name = p.name(); runt.name != "" {
			out.text.WriteString(runt.name)
			out.mark()
			start := p.at
			if err := p.steps(runt); err != nil {
				return err
			}
			runt.source = p.text[start:p.at]
			return p.behind(runt, out)
		}
	}
	if c := p.peek(0); (c == '{' || c == '}') && !strings.HasSuffix(ref.source, "}") {
		out.text.WriteByte(c)
		out.mark()
		p.at++
	}
	return nil
}

// backslash reads a run of backslashes: before a reference or directive two
// make one, and an odd one escapes; elsewhere they are text.
func (p *parser) backslash(out *sink) error {
	run := 1
	for p.peek(run) == '\\' {
		run++
	}
	start := p.at
	p.at += run
	switch p.peek(0) {
	case '$':
		ref, err := p.reference()
		if err != nil {
			return err
		}
		if ref == nil {
			break
		}
		out.text.WriteString(strings.Repeat(`\`, run/2))
		if run%2 == 1 {
			out.add(escapedNode{ref})
		} else {
			out.add(referenceNode{ref})
		}
		return p.behind(ref, out)
	case '#':
		word, length := p.directive()
		set := word == "set"
		if word == "" {
			if length = p.bareSet(); length == 0 || run%2 == 0 {
				break
			}
		}
		if run%2 == 1 {
			out.text.WriteString(strings.Repeat(`\`, run/2) + p.text[p.at:p.at+length])
			p.at += length
		} else if set { // it takes no part in escaping
			out.text.WriteString(strings.Repeat(`\`, run))
		} else {
			out.text.WriteString(strings.Repeat(`\`, run/2))
		}
		out.mark()
		return nil
	}
	out.text.WriteString(p.text[start : start+run])
	out.mark()
	p.at = start + run
	return nil
}

// hash reads a comment, literal text or directive; what is none of them is
// text. stop is the name of a directive that ends a block.
func (p *parser) hash(out *sink) (stop string, err error) {
	switch p.peek(1) {
	case '#':
		if n := strings.IndexByte(p.rest(), '\n'); n >= 0 {
			p.at += n + 1
		} else {
			p.at = p.end
		}
		out.mark()
		return "", nil
	case '*':
		out.mark()
		return "", p.enclosed("#*", "*#", nil)
	case '[':
		if p.peek(2) == '[' {
			return "", p.enclosed("#[[", "]]#", out)
		}
	}
	word, length := p.directive()
	if word == "" {
		p.plainHash(out)
		return "", nil
	}
	at := p.pos()
	start := p.at
	p.at += length
	switch word {
	case "end", "else":
		p.gobble()
		return word, nil
	case "elseif":
		return word, nil
	case "set":
		out.dropBlanks()
	}
	n, err := p.statement(word, at)
	if err != nil {
		return "", err
	}
	if c, ok := n.(*callNode); ok {
		c.source = p.text[start:p.at]
	}
	if n != nil {
		out.add(n)
	}
	out.mark()
	return "", nil
}

// plainHash reads a hash sign that is text. A word behind it is one token with it.
func (p *parser) plainHash(out *sink) {
	n := 1
	if c := p.peek(1); isWord(c) && (c < '0' || c > '9') {
		for isWord(p.peek(n)) || p.peek(n) == '-' {
			n++
		}
	}
	out.text.WriteString(p.text[p.at : p.at+n])
	if n > 1 {
		out.mark()
	}
	p.at += n
}

// enclosed skips or keeps what stands between two marks.
func (p *parser) enclosed(open, closing string, keep *sink) error {
	body := p.rest()[len(open):]
	n := strings.Index(body, closing)
	if n < 0 {
		return p.fail("%s without %s", open, closing)
	}
	if keep != nil {
		keep.text.WriteString(body[:n])
		keep.mark()
	}
	p.at += len(open) + n + len(closing)
	return nil
}

// directive gives the word of a directive or known macro at a hash sign, and
// the length of its mark; no word means text.
func (p *parser) directive() (word string, length int) {
	i := 1
	braced := p.peek(1) == '{'
	if braced {
		i++
	}
	start := i
	for isWord(p.peek(i)) || i > start && p.peek(i) == '-' && !braced {
		i++
	}
	word = p.text[p.at+start : p.at+i]
	if braced {
		if p.peek(i) != '}' {
			return "", 0
		}
		i++
	}
	switch word {
	case "end", "else", "elseif", "if", "foreach", "define", "macro", "break", "stop", "parse", "include":
		return word, i
	case "set":
		if j := p.at + i; strings.HasPrefix(strings.TrimLeft(p.text[j:p.end], " \t"), "(") {
			return word, i
		}
		return "", 0
	}
	if p.macroNames[word] {
		return word, i
	}
	if cut := strings.IndexByte(word, '-'); cut > 0 { // #end-x: a directive, then text
		short := &parser{template: p.template, text: p.text, at: p.at, end: p.at + start + cut, macroNames: p.macroNames}
		return short.directive()
	}
	return "", 0
}

// bareSet is the length of #set where no bracket follows: text that can be
// escaped all the same.
func (p *parser) bareSet() int {
	for _, mark := range []string{"#{set}", "#set"} {
		if strings.HasPrefix(p.rest(), mark) && !isWord(p.peek(len(mark))) {
			return len(mark)
		}
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// gobble swallows blanks and one line break after a directive, if there is a
// line break (the RPAREN and END tokens of Velocity 1.7).
func (p *parser) gobble() {
	i := 0
	for p.peek(i) == ' ' || p.peek(i) == '\t' {
		i++
	}
	switch {
	case p.peek(i) == '\n':
		p.at += i + 1
	case p.peek(i) == '\r' && p.peek(i+1) == '\n':
		p.at += i + 2
	case p.peek(i) == '\r':
		p.at += i + 1
	}
}
