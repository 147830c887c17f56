package vtl

import (
	"strings"

	"drawbridge/engine/jsonpath"
)

// Params are the parameters of the method request, as $input.params gives
// them. Any of them may be nil.
type Params struct {
	Path, Query, Header *jsonpath.Object
}

// Input is $input. It belongs to one rendering or to several of one exchange,
// one after the other.
type Input struct {
	body   string
	params Params

	parsed bool
	tree   Value
	err    error
}

// NewInput makes $input of a body in text form and the parameters.
func NewInput(body string, params Params) *Input {
	for _, group := range []**jsonpath.Object{&params.Path, &params.Query, &params.Header} {
		if *group == nil {
			*group = &jsonpath.Object{}
		}
	}
	return &Input{body: body, params: params}
}

// text is the body as $input.body shows it: an empty one reads as {}
// (reference/api-gateway.md 5.5).
func (in *Input) text() string {
	if in.body == "" {
		return "{}"
	}
	return in.body
}

// root is the body as a tree. A body that does not begin like an object, list
// or text is a text itself, as json-smart reads it.
func (in *Input) root(ev *evaluation) (Value, error) {
	if !in.parsed {
		text := in.text()
		if err := ev.charge(len(text)); err != nil {
			return nil, err
		}
		in.parsed = true
		if in.tree, in.err = jsonpath.Parse(text); in.err != nil {
			if start := strings.TrimLeft(text, " \t\r\n"); start != "" && !strings.ContainsRune("{[\"'", rune(start[0])) {
				in.tree, in.err = text, nil
			} else {
				in.err = &BodyError{in.err}
			}
		}
	}
	return in.tree, in.err
}

// Get knows body.
func (in *Input) Get(name string) Value {
	if name == "body" {
		return in.text()
	}
	return nil
}

// Call runs a method outside of a rendering, with a budget of its own.
func (in *Input) Call(name string, args []Value) (Value, error) {
	return in.call(&evaluation{}, name, args)
}

func (in *Input) call(ev *evaluation, name string, args []Value) (Value, error) {
	switch {
	case name == "getBody" && len(args) == 0:
		return in.text(), nil
	case name == "params" && len(args) == 0:
		return jsonpath.NewObject("path", in.params.Path, "querystring", in.params.Query, "header", in.params.Header), nil
	case name == "params" && len(args) == 1:
		key, err := ev.text(args[0])
		return in.param(key), err
	case name == "path" && len(args) == 1:
		v, _, err := in.find(ev, args[0])
		return v, err
	case name == "json" && len(args) == 1:
		return in.json(ev, args[0])
	}
	return nil, nil
}

// param searches path, query string and header, in this order; a parameter
// that is not there is an empty text.
func (in *Input) param(name string) Value {
	for _, group := range []*jsonpath.Object{in.params.Path, in.params.Query, in.params.Header} {
		if v, ok := group.Get(name); ok {
			return v
		}
	}
	return ""
}

func (in *Input) find(ev *evaluation, path Value) (Value, bool, error) {
	text, err := ev.text(path)
	if err != nil {
		return nil, false, err
	}
	root, err := in.root(ev)
	if err != nil {
		return nil, false, err
	}
	if err := ev.charge(len(text)); err != nil {
		return nil, false, err
	}
	if text == "$" {
		return root, true, nil
	}
	compiled, err := jsonpath.Compile(text)
	if err != nil {
		return nil, false, errorf("path: %w", err)
	}
	v, found, steps, err := compiled.EvalWithin(root, maxSteps-ev.steps)
	ev.steps += steps
	return v, found, err
}

// json is a part of the body as JSON text; a part that is not there is an empty
// JSON text.
func (in *Input) json(ev *evaluation, path Value) (Value, error) {
	v, found, err := in.find(ev, path)
	if err != nil {
		return nil, err
	}
	if !found {
		return `""`, nil
	}
	b, err := jsonpath.AppendJSON(nil, v, jsonpath.WriteOptions{MaxBytes: maxOutput})
	if err != nil {
		return nil, err
	}
	return ev.made(string(b))
}

// NewContext marks a tree as $context: its objects print as nothing and are
// changed in place by the template. It gives the tree back.
func NewContext(o *jsonpath.Object) *jsonpath.Object {
	o.Opaque = true
	for _, v := range o.All() {
		if inner, ok := v.(*jsonpath.Object); ok {
			NewContext(inner)
		}
	}
	return o
}
