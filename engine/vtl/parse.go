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
}

func (s *sink) flush() {
	if s.text.Len() > 0 {
		s.nodes = append(s.nodes, textNode(s.text.String()))
		s.text.Reset()
	}
}

func (s *sink) add(n node) {
	s.flush()
	s.nodes = append(s.nodes, n)
}

// dropBlanks takes off blanks at the end of the text, which #set swallows.
func (s *sink) dropBlanks() {
	text := strings.TrimRight(s.text.String(), " \t")
	s.text.Reset()
	s.text.WriteString(text)
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
		return nil
	}
	out.add(referenceNode{ref})
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
		return nil
	case '#':
		word, length := p.directive()
		if word == "" {
			break
		}
		out.text.WriteString(strings.Repeat(`\`, run/2))
		if run%2 == 1 {
			out.text.WriteString(p.text[p.at : p.at+length])
			p.at += length
		}
		return nil
	}
	out.text.WriteString(p.text[start : start+run])
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
		return "", nil
	case '*':
		return "", p.enclosed("#*", "*#", nil)
	case '[':
		if p.peek(2) == '[' {
			return "", p.enclosed("#[[", "]]#", out)
		}
	}
	word, length := p.directive()
	if word == "" {
		out.text.WriteByte('#')
		p.at++
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
	return "", nil
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
	if p.macroNames[word] && strings.HasPrefix(strings.TrimLeft(p.text[p.at+i:p.end], " \t"), "(") {
		return word, i
	}
	if cut := strings.IndexByte(word, '-'); cut > 0 { // #end-x: a directive, then text
		short := &parser{template: p.template, text: p.text, at: p.at, end: p.at + start + cut, macroNames: p.macroNames}
		return short.directive()
	}
	return "", 0
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

// statement reads what follows the word of a directive. A nil node is nothing
// to do when rendering.
func (p *parser) statement(word string, at int) (node, error) {
	switch word {
	case "set":
		return p.set()
	case "if":
		return p.ifs()
	case "foreach":
		return p.foreach(at)
	case "define":
		return p.define()
	case "macro":
		return nil, p.macro()
	case "break":
		return breakNode{}, nil
	case "stop":
		return stopNode{}, nil
	case "parse", "include":
		return nil, &placed{at, fmt.Errorf("#%s is not available", word)}
	}
	return p.call(word, at)
}

// open reads blanks and the opening bracket of a directive.
func (p *parser) open() error {
	p.blank()
	return p.expect('(')
}

// closed reads the closing bracket of a directive and the rest of its line.
func (p *parser) closed() error {
	if err := p.expect(')'); err != nil {
		return err
	}
	p.gobble()
	return nil
}

func (p *parser) expect(c byte) error {
	if p.blank(); p.peek(0) != c {
		return p.unexpected()
	}
	p.at++
	return nil
}

// untilEnd reads a block that must be closed by #end.
func (p *parser) untilEnd(of string) ([]node, error) {
	body, stop, err := p.block()
	if err == nil && stop != "end" {
		err = p.fail("#%s without #end", of)
	}
	return body, err
}

func (p *parser) set() (node, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	p.blank()
	target, err := p.reference()
	if err != nil {
		return nil, err
	}
	if target == nil || !target.assignable() {
		return nil, p.fail("#set needs a reference to assign to")
	}
	if err := p.expect('='); err != nil {
		return nil, err
	}
	value, err := p.expression()
	if err != nil {
		return nil, err
	}
	return &setNode{target, value}, p.closed()
}

func (p *parser) ifs() (node, error) {
	n := &ifNode{}
	for word := "if"; ; {
		condition, err := p.condition()
		if err != nil {
			return nil, err
		}
		body, stop, err := p.block()
		if err != nil {
			return nil, err
		}
		n.branches = append(n.branches, branch{condition, body})
		switch stop {
		case "end":
			return n, nil
		case "else":
			n.otherwise, err = p.untilEnd("else")
			return n, err
		case "elseif":
			word = stop
		default:
			return nil, p.fail("#%s without #end", word)
		}
	}
}

func (p *parser) condition() (expr, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	return e, p.closed()
}

func (p *parser) foreach(at int) (node, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	name, err := p.variable()
	if err != nil {
		return nil, err
	}
	if p.blank(); !strings.HasPrefix(p.rest(), "in") || isWord(p.peek(2)) {
		return nil, p.unexpected()
	}
	p.at += len("in")
	over, err := p.expression()
	if err != nil {
		return nil, err
	}
	if err := p.closed(); err != nil {
		return nil, err
	}
	body, err := p.untilEnd("foreach")
	return &foreachNode{name, over, body, at}, err
}

// variable reads a reference that is a bare name.
func (p *parser) variable() (string, error) {
	p.blank()
	ref, err := p.reference()
	if err != nil {
		return "", err
	}
	if ref == nil || len(ref.steps) > 0 {
		return "", p.fail("a variable is needed here")
	}
	return ref.name, nil
}

func (p *parser) define() (node, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	name, err := p.variable()
	if err != nil {
		return nil, err
	}
	if err := p.closed(); err != nil {
		return nil, err
	}
	body, err := p.untilEnd("define")
	return &defineNode{name, body}, err
}

// macro reads a macro and keeps it; of two with one name the first counts, as
// in Velocity.
func (p *parser) macro() error {
	if err := p.open(); err != nil {
		return err
	}
	p.blank()
	name := p.name()
	if name == "" {
		return p.unexpected()
	}
	m := &macro{}
	for {
		for p.blank(); p.peek(0) == ','; p.blank() {
			p.at++
		}
		if p.peek(0) != '$' {
			break
		}
		parameter, err := p.variable()
		if err != nil {
			return err
		}
		m.parameters = append(m.parameters, parameter)
	}
	if err := p.closed(); err != nil {
		return err
	}
	body, err := p.untilEnd("macro")
	if err != nil {
		return err
	}
	m.body = body
	if p.template.macros[name] == nil {
		p.template.macros[name] = m
	}
	return nil
}

// call reads the arguments of a macro, apart by blanks or commas.
func (p *parser) call(name string, at int) (node, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	n := &callNode{name: name, at: at}
	for {
		for p.blank(); p.peek(0) == ','; p.blank() {
			p.at++
		}
		if p.peek(0) == ')' {
			return n, p.closed()
		}
		arg, err := p.primary()
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, arg)
	}
}
