package vtl

import (
	"errors"
	"fmt"
	"strings"

	"drawbridge/engine/jsonpath"
)

// Value is what a template works with: the kinds of jsonpath.Value, and Host
// objects.
type Value = jsonpath.Value

// Host is an object with behaviour of its own, such as $input and $util.
// Names it does not know give nil.
type Host interface {
	Get(name string) Value
	Call(name string, args []Value) (Value, error)
}

// Env is what a rendering starts with.
type Env struct {
	// Roots are the references that the template finds, by name without $.
	// Objects and lists in it are changed in place by the template's
	// assignments.
	Roots map[string]Value
}

// Template is a parsed template. It is immutable and safe for concurrent use.
type Template struct {
	source string
	nodes  []node
	macros map[string]*macro
	roots  map[string]bool
}

// Parse reads a template. The error is an *Error with line and column; it wraps
// ErrLimit for a template above 300 KB or nested too deep.
func Parse(text string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, &Error{1, 1, fmt.Errorf("template longer than %d bytes: %w", maxTemplate, ErrLimit)}
	}
	t := &Template{source: text, macros: map[string]*macro{}, roots: map[string]bool{}}
	p := &parser{template: t, text: text, end: len(text), work: new(int), macroNames: macroNames(text)}
	nodes, err := p.template0()
	if err != nil {
		var at *placed
		if errors.As(err, &at) {
			err = locate(text, at.at, at.err)
		}
		return nil, err
	}
	t.nodes = nodes
	return t, nil
}

// Uses tells whether the template refers to $name at all, so that a caller need
// not make what is not used.
func (t *Template) Uses(name string) bool { return t.roots[name] }

// Static gives the output of a template without references or directives.
func (t *Template) Static() (text string, ok bool) {
	switch len(t.nodes) {
	case 0:
		return "", true
	case 1:
		text, ok := t.nodes[0].(textNode)
		return string(text), ok
	}
	return "", false
}

// Render evaluates the template. The error is an *Error; it wraps ErrLimit
// where a limit was met and a *BodyError where the body had to be JSON.
func (t *Template) Render(env Env) (string, error) {
	if text, ok := t.Static(); ok {
		return text, nil
	}
	ev := &evaluation{template: t, roots: env.Roots, locals: map[string]Value{}, out: &strings.Builder{}}
	if _, err := ev.block(t.nodes); err != nil {
		return "", locate(t.source, 0, err)
	}
	return ev.out.String(), nil
}
