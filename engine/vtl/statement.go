package vtl

import (
	"fmt"
	"strings"
)

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
	// Velocity 1.7 takes ${a} and $!a here, but sets nothing that $a shows.
	lost := len(target.steps) == 0 && target.source != "$"+target.name
	return &setNode{target, value, lost}, p.closed()
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

// call reads the arguments of a macro, apart by blanks or commas; without
// brackets there are none.
func (p *parser) call(name string, at int) (node, error) {
	n := &callNode{name: name, at: at}
	if !strings.HasPrefix(strings.TrimLeft(p.rest(), " \t"), "(") {
		return n, nil
	}
	if err := p.open(); err != nil {
		return nil, err
	}
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
