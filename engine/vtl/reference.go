package vtl

import (
	"errors"
	"fmt"
	"strings"

	"drawbridge/engine/jsonpath"
)

// reference is $name and what follows it.
type reference struct {
	name   string
	steps  []step
	source string // as written
	at     int
}

// step is .name, .name(args) or [index].
type step struct {
	name  string
	call  bool
	args  []expr
	index expr
}

func (r *reference) assignable() bool {
	return len(r.steps) == 0 || !r.steps[len(r.steps)-1].call
}

// name reads an identifier; hyphens belong to it, as in Velocity 1.7.
func (p *parser) name() string {
	c := p.peek(0)
	if !isWord(c) || c >= '0' && c <= '9' {
		return ""
	}
	start := p.at
	for isWord(p.peek(0)) || p.peek(0) == '-' {
		p.at++
	}
	return p.text[start:p.at]
}

// reference reads $a, ${a}, $!a or $!{a} with its steps. It gives nil, and
// stays where it is, at a dollar sign that starts no reference.
func (p *parser) reference() (*reference, error) {
	start := p.at
	r := &reference{at: p.pos()}
	if p.peek(0) != '$' {
		return nil, nil
	}
	p.at++
	if p.peek(0) == '!' {
		p.at++
	}
	braced := p.peek(0) == '{'
	if braced {
		p.at++
	}
	if r.name = p.name(); r.name == "" {
		p.at = start
		return nil, nil
	}
	if err := p.steps(r); err != nil {
		return nil, err
	}
	if braced {
		if p.peek(0) != '}' {
			return nil, p.unexpected()
		}
		p.at++
	}
	r.source = p.text[start:p.at]
	p.template.roots[r.name] = true
	return r, nil
}

func (p *parser) steps(r *reference) error {
	if err := p.nest(); err != nil {
		return err
	}
	defer func() { p.nesting-- }()
	for {
		start := p.at
		switch p.peek(0) {
		case '.':
			p.at++
			s := step{name: p.name()}
			if s.name == "" {
				p.at = start // a full stop
				return nil
			}
			if p.peek(0) == '(' {
				s.call = true
				var err error
				if s.args, err = p.arguments(); err != nil {
					return err
				}
			}
			r.steps = append(r.steps, s)
		case '[':
			index, err := p.index()
			if err != nil {
				if errors.Is(err, ErrLimit) {
					return err
				}
				p.at = start // a bracket that is text
				return nil
			}
			r.steps = append(r.steps, step{index: index})
		default:
			return nil
		}
	}
}

func (p *parser) index() (expr, error) {
	p.at++
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	return e, p.expect(']')
}

func (p *parser) arguments() ([]expr, error) {
	p.at++
	var args []expr
	if p.blank(); p.peek(0) == ')' {
		p.at++
		return nil, nil
	}
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.blank(); p.peek(0) == ',' {
			p.at++
			continue
		}
		return args, p.expect(')')
	}
}

// eval finds the value; nil where a step leads nowhere.
func (r *reference) eval(ev *evaluation) (Value, error) {
	if err := ev.charge(0); err != nil {
		return nil, ev.fail(r.at, err)
	}
	return r.follow(ev, r.steps)
}

func (r *reference) follow(ev *evaluation, steps []step) (Value, error) {
	v, err := ev.get(r.name)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		if v == nil {
			return nil, nil
		}
		next, err := ev.step(v, &steps[i], r.at)
		if err != nil {
			return nil, err
		}
		v = next
	}
	return v, nil
}

func (ev *evaluation) step(v Value, s *step, at int) (Value, error) {
	if d, ok := v.(*defined); ok { // a definition is its text to whoever asks
		text, err := ev.captureCall(d, at)
		if err != nil {
			return nil, err
		}
		v = text
	}
	if s.index != nil {
		index, err := s.index.eval(ev)
		if err != nil {
			return nil, err
		}
		return ev.at(v, index)
	}
	if !s.call {
		return property(v, s.name), nil
	}
	args := make([]Value, len(s.args))
	for i, a := range s.args {
		var err error
		if args[i], err = a.eval(ev); err != nil {
			return nil, err
		}
	}
	out, err := ev.call(v, s.name, args)
	if err != nil {
		return nil, ev.fail(at, fmt.Errorf("%s(): %w", s.name, err))
	}
	return out, nil
}

func (ev *evaluation) captureCall(d *defined, at int) (string, error) {
	outer := ev.out
	ev.out = &strings.Builder{}
	defer func() { ev.out = outer }()
	_, err := ev.render(d, at)
	return ev.out.String(), err
}

// at is v[index]: a list's item (negative ones from the end), a map's value.
func (ev *evaluation) at(v, index Value) (Value, error) {
	switch v := v.(type) {
	case *jsonpath.List:
		return listItem(v, index)
	case *jsonpath.Object:
		key, err := ev.text(index)
		if err != nil {
			return nil, err
		}
		value, _ := v.Get(key)
		return value, nil
	case Host:
		key, err := ev.text(index)
		if err != nil {
			return nil, err
		}
		return v.Get(key), nil
	}
	return nil, nil
}

// listItem is list[index]. What is beyond the list fails, as the exception of
// java.util.List.get does.
func listItem(l *jsonpath.List, index Value) (Value, error) {
	i, ok := position(index, len(l.Items))
	if _, whole := index.(int64); whole && !ok {
		return nil, errorf("index %v out of bounds for length %d", index, len(l.Items))
	}
	if !ok {
		return nil, nil
	}
	return l.Items[i], nil
}

func position(index Value, n int) (int, bool) {
	i, ok := index.(int64)
	if !ok {
		return 0, false
	}
	if i < 0 {
		i += int64(n)
	}
	return int(i), i >= 0 && i < int64(n)
}

// property is v.name: a map's value, or what a Java getter would give.
func property(v Value, name string) Value {
	switch v := v.(type) {
	case *jsonpath.Object:
		value, _ := v.Get(name)
		return value
	case Host:
		return v.Get(name)
	case string:
		if name == "empty" {
			return v == ""
		}
	case *jsonpath.List:
		if name == "empty" {
			return len(v.Items) == 0
		}
	}
	return nil
}

// assign puts a value where the reference points. Like Velocity it goes on
// silently where there is nothing to put it into.
func (r *reference) assign(ev *evaluation, value Value) error {
	if err := ev.charge(0); err != nil {
		return ev.fail(r.at, err)
	}
	if len(r.steps) == 0 {
		ev.put(r.name, value)
		return nil
	}
	last := &r.steps[len(r.steps)-1]
	holder, err := r.follow(ev, r.steps[:len(r.steps)-1])
	if err != nil {
		return err
	}
	var key Value = last.name
	if last.index != nil {
		if key, err = last.index.eval(ev); err != nil {
			return err
		}
	}
	switch holder := holder.(type) {
	case *jsonpath.Object:
		text, err := ev.text(key)
		if err != nil {
			return err
		}
		holder.Put(text, value)
	case *jsonpath.List:
		i, ok := position(key, len(holder.Items))
		if _, whole := key.(int64); whole && !ok {
			return ev.fail(r.at, errorf("index %v out of bounds for length %d", key, len(holder.Items)))
		}
		if ok {
			holder.Items[i] = value
		}
	}
	return nil
}
