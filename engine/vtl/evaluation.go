package vtl

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"drawbridge/engine/jsonpath"
)

// evaluation is the state of one rendering.
type evaluation struct {
	template *Template
	roots    map[string]Value
	locals   map[string]Value
	frame    *frame // of the innermost macro, nil outside
	out      *strings.Builder
	steps    int
	calls    int // macros and definitions entered
	patterns map[string]*pattern
}

// charge counts one step and the making of so many bytes.
func (ev *evaluation) charge(bytes int) error {
	if ev.steps += 1 + bytes/bytesPerStep; ev.steps > maxSteps {
		return fmt.Errorf("more than %d steps: %w", maxSteps, ErrLimit)
	}
	return nil
}

// made charges for a text that was made, and bounds it.
func (ev *evaluation) made(text string) (string, error) {
	if len(text) > maxOutput {
		return "", fmt.Errorf("text longer than %d bytes: %w", maxOutput, ErrLimit)
	}
	return text, ev.charge(len(text))
}

func (ev *evaluation) write(text string) error {
	if ev.out.Len()+len(text) > maxOutput {
		return fmt.Errorf("output longer than %d bytes: %w", maxOutput, ErrLimit)
	}
	ev.out.WriteString(text)
	return ev.charge(len(text))
}

// fail gives an error its place in the template.
func (ev *evaluation) fail(at int, err error) error {
	if errors.Is(err, jsonpath.ErrLimit) {
		err = fmt.Errorf("%w: %w", ErrLimit, err)
	}
	return locate(ev.template.source, at, err)
}

func (ev *evaluation) block(nodes []node) (signal, error) {
	for _, n := range nodes {
		if s, err := n.exec(ev); s != goOn || err != nil {
			return s, err
		}
	}
	return goOn, nil
}

// render runs the body of a definition or macro, at most maxCalls deep.
func (ev *evaluation) render(d *defined, at int) (signal, error) {
	if ev.calls++; ev.calls > maxCalls {
		return goOn, ev.fail(at, fmt.Errorf("macros nested deeper than %d: %w", maxCalls, ErrLimit))
	}
	defer func() { ev.calls-- }()
	if err := ev.charge(0); err != nil {
		return goOn, ev.fail(at, err)
	}
	s, err := ev.block(d.body)
	if s == leaveLoop { // #break leaves the macro it stands in
		s = goOn
	}
	return s, err
}

// capture gives what nodes write, instead of writing it.
func (ev *evaluation) capture(nodes []node) (string, error) {
	outer := ev.out
	ev.out = &strings.Builder{}
	defer func() { ev.out = outer }()
	_, err := ev.block(nodes)
	return ev.out.String(), err
}

// frame is a macro at work. As in Velocity 1.7 arguments are by name: each use
// evaluates them anew where the macro was called; what is assigned in a macro
// is assigned outside, too.
type frame struct {
	outer *frame // nil: the template itself
	args  map[string]expr
	local map[string]Value
}

// get is the value of a variable.
func (ev *evaluation) get(name string) (Value, error) {
	for f := ev.frame; f != nil; f = f.outer {
		if v, ok := f.local[name]; ok {
			return v, nil
		}
		if arg, ok := f.args[name]; ok {
			return ev.within(f.outer, arg)
		}
	}
	if v, ok := ev.locals[name]; ok {
		return v, nil
	}
	return ev.roots[name], nil
}

// within evaluates an expression as the template or macro of a frame sees it.
func (ev *evaluation) within(f *frame, e expr) (Value, error) {
	here := ev.frame
	ev.frame = f
	defer func() { ev.frame = here }()
	return e.eval(ev)
}

func (ev *evaluation) put(name string, v Value) {
	for f := ev.frame; f != nil; f = f.outer {
		f.local[name] = v
	}
	ev.locals[name] = v
}

func (ev *evaluation) remove(name string) {
	for f := ev.frame; f != nil; f = f.outer {
		delete(f.local, name)
	}
	delete(ev.locals, name)
}

// remember gives the function that puts variables back as they are now.
func (ev *evaluation) remember(names ...string) (restore func(), err error) {
	values := make([]Value, len(names))
	for i, name := range names {
		if values[i], err = ev.get(name); err != nil {
			return nil, err
		}
	}
	return func() {
		for i, name := range names {
			if values[i] == nil {
				ev.remove(name)
			} else {
				ev.put(name, values[i])
			}
		}
	}, nil
}

// loop is the state behind $foreach.
type loop struct {
	index, total int
	parent       *loopHost
	stopped      bool
}

// loopHost is $foreach.
type loopHost struct{ *loop }

// String is what Velocity's ForeachScope, an empty map, prints as.
func (l *loopHost) String() string { return "{}" }

// Get gives the properties of Velocity's ForeachScope.
func (l *loopHost) Get(name string) Value {
	switch name {
	case "index":
		return int64(l.index)
	case "count":
		return int64(l.index + 1)
	case "hasNext":
		return l.index+1 < l.total
	case "first":
		return l.index == 0
	case "last":
		return l.index+1 == l.total
	case "parent", "topmost":
		up := l.parent
		for name == "topmost" && up != nil && up.parent != nil {
			up = up.parent
		}
		if up != nil {
			return up
		}
	}
	return nil
}

// Call knows stop() and the getters of the properties.
func (l *loopHost) Call(name string, _ []Value) (Value, error) {
	switch name {
	case "stop":
		l.stopped = true
	case "getIndex", "getCount", "getParent", "getTopmost":
		return l.Get(strings.ToLower(name[3:])), nil
	case "hasNext", "isFirst", "isLast":
		return l.Get(map[string]string{"hasNext": "hasNext", "isFirst": "first", "isLast": "last"}[name]), nil
	}
	return nil, nil
}

// pattern is a compiled regular expression and what a byte of text costs it.
type pattern struct {
	re    *regexp.Regexp
	units int
}
