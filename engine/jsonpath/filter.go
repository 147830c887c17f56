package jsonpath

import (
	"regexp"
	"strings"
)

// condition is a node of a filter's expression.
type condition interface {
	holds(e *evaluation, current Value) (bool, error)
}

type (
	allOf  struct{ terms []condition }
	anyOf  struct{ terms []condition }
	negate struct{ term condition }
	exists struct{ path *Path }
	// compare is left operator right; a bare literal has no operator and is
	// no condition.
	compare struct {
		left, right operand
		operator    string
	}
)

// operand is a literal, a pattern or a path.
type operand struct {
	path    *Path
	pattern *regexp.Regexp
	literal Value
}

// filter reads (…) after the question mark.
func (c *compiler) filter() (condition, error) {
	if c.blank(); c.peek() != '(' {
		return nil, c.unexpected()
	}
	return c.term()
}

func (c *compiler) or() (condition, error) {
	terms, err := c.chain("||", c.and)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return anyOf{terms}, nil
}

func (c *compiler) and() (condition, error) {
	terms, err := c.chain("&&", c.term)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return allOf{terms}, nil
}

func first(terms []condition) condition {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (c *compiler) chain(operator string, read func() (condition, error)) ([]condition, error) {
	var terms []condition
	for {
		t, err := read()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
		c.blank()
		if !strings.HasPrefix(c.text[c.at:], operator) {
			return terms, nil
		}
		c.at += len(operator)
	}
}

// term reads a bracketed or negated condition, or a comparison.
func (c *compiler) term() (condition, error) {
	if err := c.nest(); err != nil {
		return nil, err
	}
	defer func() { c.nesting-- }()
	c.blank()
	switch c.peek() {
	case '(':
		c.at++
		t, err := c.or()
		if err != nil {
			return nil, err
		}
		return t, c.expect(')')
	case '!':
		c.at++
		t, err := c.term()
		return negate{t}, err
	}
	return c.comparison()
}

func (c *compiler) comparison() (condition, error) {
	left, err := c.operand()
	if err != nil {
		return nil, err
	}
	operator := c.operator()
	if operator == "" {
		if left.path == nil {
			return nil, c.unexpected()
		}
		return exists{left.path}, nil
	}
	right, err := c.operand()
	if err != nil {
		return nil, err
	}
	if operator == "=~" && right.pattern == nil {
		return nil, c.fail("=~ needs a pattern")
	}
	return compare{left, right, operator}, nil
}

// operators, longer ones before their beginnings.
var operators = []string{"==", "!=", "<=", ">=", "=~", "<", ">",
	"contains", "subsetof", "anyof", "noneof", "empty", "size", "nin", "in"}

func (c *compiler) operator() string {
	c.blank()
	rest := c.text[c.at:]
	for _, op := range operators {
		if len(rest) >= len(op) && strings.EqualFold(rest[:len(op)], op) {
			c.at += len(op)
			return op
		}
	}
	return ""
}

func (c *compiler) operand() (operand, error) {
	c.blank()
	switch ch := c.peek(); ch {
	case '@', '$':
		p, err := c.path()
		return operand{path: p}, err
	case '\'', '"':
		s, err := c.str(ch, false)
		return operand{literal: s}, err
	case '/':
		return c.pattern()
	case '[':
		return c.listLiteral()
	}
	v, err := c.value(0)
	return operand{literal: v}, err
}

// listLiteral reads [1, 'a', …] for in, nin and their like.
func (c *compiler) listLiteral() (operand, error) {
	l := &List{}
	if err := c.nest(); err != nil {
		return operand{}, err
	}
	defer func() { c.nesting-- }()
	c.at++
	for {
		if c.blank(); c.peek() == ']' {
			c.at++
			return operand{literal: l}, nil
		}
		item, err := c.operand()
		if err != nil {
			return operand{}, err
		}
		if item.path != nil || item.pattern != nil {
			return operand{}, c.fail("a list holds literals only")
		}
		l.Items = append(l.Items, item.literal)
		if c.blank(); c.peek() == ',' {
			c.at++
		} else if c.peek() != ']' {
			return operand{}, c.unexpected()
		}
	}
}

// pattern reads /…/ and its flags. Patterns are Go's: linear time, no
// back references.
func (c *compiler) pattern() (operand, error) {
	c.at++
	start := c.at
	for c.peek() != '/' {
		if c.at == len(c.text) {
			return operand{}, c.unexpected()
		}
		if c.peek() == '\\' {
			c.at++
		}
		c.at = min(c.at+1, len(c.text))
	}
	body := c.text[start:c.at]
	c.at++
	start = c.at
	for strings.IndexByte("ims", c.peek()) >= 0 && c.at < len(c.text) {
		c.at++
	}
	flags := ""
	if c.at > start {
		flags = "(?" + c.text[start:c.at] + ")"
	}
	re, err := regexp.Compile(flags + `^(?:` + body + `)$`)
	if err != nil {
		return operand{}, c.fail("bad pattern")
	}
	return operand{pattern: re}, nil
}
