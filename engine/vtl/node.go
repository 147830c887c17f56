package vtl

// node is a piece of a template that writes something or changes the state.
type node interface {
	exec(ev *evaluation) (signal, error)
}

// signal tells the blocks around a node whether to go on.
type signal int

const (
	goOn signal = iota
	leaveLoop
	stopAll
)

type (
	textNode string

	// referenceNode prints a value.
	referenceNode struct{ ref *reference }

	// escapedNode is \$ref: the source without the backslash if the reference
	// has a value, with it if not.
	escapedNode struct{ ref *reference }

	setNode struct {
		target *reference
		value  expr
		lost   bool // the value goes nowhere
	}

	ifNode struct {
		branches  []branch
		otherwise []node
	}
	branch struct {
		condition expr
		body      []node
	}

	foreachNode struct {
		variable string
		over     expr
		body     []node
		at       int
	}

	defineNode struct {
		name string
		body []node
	}

	callNode struct {
		name string
		args []expr
		at   int
		// source is printed if there is no such macro after all: the
		// definition stood in a comment.
		source string
	}

	breakNode struct{}
	stopNode  struct{}
)

// macro is a #macro with the names of its parameters.
type macro struct {
	parameters []string
	body       []node
}

// defined is the value of a variable that #define made: a block that is
// rendered wherever the variable is printed.
type defined struct{ body []node }

func (n textNode) exec(ev *evaluation) (signal, error) {
	return goOn, ev.write(string(n))
}

func (n referenceNode) exec(ev *evaluation) (signal, error) {
	v, err := n.ref.eval(ev)
	if err != nil {
		return goOn, err
	}
	if d, ok := v.(*defined); ok {
		return ev.render(d, n.ref.at)
	}
	text, err := ev.text(v)
	if err != nil {
		return goOn, ev.fail(n.ref.at, err)
	}
	return goOn, ev.write(text)
}

func (n escapedNode) exec(ev *evaluation) (signal, error) {
	v, err := n.ref.eval(ev)
	if err != nil {
		return goOn, err
	}
	if v == nil {
		return goOn, ev.write(`\` + n.ref.source)
	}
	return goOn, ev.write(n.ref.source)
}

func (n *setNode) exec(ev *evaluation) (signal, error) {
	v, err := n.value.eval(ev)
	if err != nil {
		return goOn, err
	}
	if v == nil || n.lost {
		return goOn, nil // Velocity 1.7 does not assign null: the old value stays
	}
	return goOn, n.target.assign(ev, v)
}

func (n *ifNode) exec(ev *evaluation) (signal, error) {
	for _, b := range n.branches {
		holds, err := ev.holds(b.condition)
		if err != nil {
			return goOn, err
		}
		if holds {
			return ev.block(b.body)
		}
	}
	return ev.block(n.otherwise)
}

func (n *defineNode) exec(ev *evaluation) (signal, error) {
	ev.put(n.name, &defined{n.body})
	return goOn, ev.charge(0)
}

func (breakNode) exec(*evaluation) (signal, error) { return leaveLoop, nil }

func (stopNode) exec(*evaluation) (signal, error) { return stopAll, nil }

// exec of a #foreach stops silently at API Gateway's limit of iterations, as
// Velocity's directive.foreach.maxloops does.
func (n *foreachNode) exec(ev *evaluation) (signal, error) {
	v, err := n.over.eval(ev)
	if err != nil {
		return goOn, err
	}
	items := elements(v)
	if err := ev.charge(len(items) * itemBytes); err != nil {
		return goOn, ev.fail(n.at, err)
	}
	restore, err := ev.remember(n.variable, "foreach", "velocityCount")
	if err != nil {
		return goOn, err
	}
	defer restore()
	loop := &loop{total: len(items)}
	outer, err := ev.get("foreach")
	if err != nil {
		return goOn, err
	}
	loop.parent, _ = outer.(*loopHost)
	host := &loopHost{loop}
	for i, item := range items[:min(len(items), maxIterations)] {
		if err := ev.charge(0); err != nil {
			return goOn, ev.fail(n.at, err)
		}
		loop.index = i
		ev.put(n.variable, item)
		ev.put("foreach", host)
		ev.put("velocityCount", int64(i+1))
		s, err := ev.block(n.body)
		if err != nil || s == stopAll {
			return s, err
		}
		if s == leaveLoop || loop.stopped {
			break
		}
	}
	return goOn, nil
}

func (n *callNode) exec(ev *evaluation) (signal, error) {
	m := ev.template.macros[n.name]
	if m == nil {
		return goOn, ev.write(n.source)
	}
	called := &frame{outer: ev.frame, args: map[string]expr{}, local: map[string]Value{}}
	for i := range min(len(m.parameters), len(n.args)) {
		called.args[m.parameters[i]] = n.args[i]
	}
	ev.frame = called
	defer func() { ev.frame = called.outer }()
	return ev.render(&defined{m.body}, n.at)
}
