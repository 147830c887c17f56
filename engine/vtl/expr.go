package vtl

import (
	"strings"

	"drawbridge/engine/jsonpath"
)

// expr is a node that has a value.
type expr interface {
	eval(ev *evaluation) (Value, error)
}

type (
	literal struct{ value Value }

	// interpolated is a text in double quotes with references or directives
	// in it: a template of its own.
	interpolated struct{ nodes []node }

	listExpr struct{ items []expr }
	mapExpr  struct{ keys, values []expr }
	// rangeExpr is [from..to], either way round.
	rangeExpr struct {
		from, to expr
		at       int
	}

	notExpr struct{ operand expr }
	// logicExpr is && or ||, which leave out what they need not know.
	logicExpr struct {
		left, right expr
		and         bool
	}
	binaryExpr struct {
		operator    string
		left, right expr
		at          int
		// sources are the operands as written: what "+" joins to a text in
		// place of an operand without value, as Velocity 1.7 does.
		sources [2]string
	}
)

func (p *parser) blank() {
	for {
		switch p.peek(0) {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// levels are the binary operators by growing strength. Words are operators
// only where a word ends.
var levels = [...][][2]string{
	{{"||", "||"}, {"or", "||"}},
	{{"&&", "&&"}, {"and", "&&"}},
	{{"==", "=="}, {"!=", "!="}, {"eq", "=="}, {"ne", "!="}},
	{{"<=", "<="}, {">=", ">="}, {"<", "<"}, {">", ">"}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}},
	{{"+", "+"}, {"-", "-"}},
	{{"*", "*"}, {"/", "/"}, {"%", "%"}},
}

func (p *parser) expression() (expr, error) { return p.binary(0) }

func (p *parser) binary(level int) (expr, error) {
	if level == len(levels) {
		return p.unary()
	}
	p.blank()
	start := p.at
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		before := p.text[start:p.at]
		p.blank()
		operator := p.operator(level)
		if operator == "" {
			return left, nil
		}
		// A long chain makes a tree as deep as it is long.
		if n > maxNesting {
			return nil, p.fail("more than %d operators in a row: %w", maxNesting, ErrLimit)
		}
		at := p.pos()
		p.blank()
		second := p.at
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		switch operator {
		case "&&", "||":
			left = &logicExpr{left, right, operator == "&&"}
		default:
			left = &binaryExpr{operator, left, right, at, [2]string{before, p.text[second:p.at]}}
		}
	}
}

func (p *parser) operator(level int) string {
	for _, op := range levels[level] {
		spelled := op[0]
		if !strings.HasPrefix(p.rest(), spelled) || isWord(spelled[0]) && isWord(p.peek(len(spelled))) {
			continue
		}
		p.at += len(spelled)
		return op[1]
	}
	return ""
}

func (p *parser) unary() (expr, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.nesting-- }()
	p.blank()
	switch {
	case p.peek(0) == '!':
		p.at++
	case strings.HasPrefix(p.rest(), "not") && !isWord(p.peek(3)):
		p.at += 3
	case p.peek(0) == '-' && (p.peek(1) == '$' || p.peek(1) == '('):
		at := p.pos()
		p.at++
		operand, err := p.unary()
		return &binaryExpr{operator: "-", left: literal{int64(0)}, right: operand, at: at}, err
	default:
		return p.primary()
	}
	operand, err := p.unary()
	return notExpr{operand}, err
}

func (p *parser) primary() (expr, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.nesting-- }()
	p.blank()
	switch c := p.peek(0); {
	case c == '(':
		p.at++
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		return e, p.expect(')')
	case c == '$':
		ref, err := p.reference()
		if err == nil && ref == nil {
			err = p.unexpected()
		}
		return ref, err
	case c == '\'' || c == '"':
		return p.quoted(c)
	case c == '[':
		return p.list()
	case c == '{':
		return p.dictionary()
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, v := range keywords {
		if strings.HasPrefix(p.rest(), word) && !isWord(p.peek(len(word))) {
			p.at += len(word)
			return literal{v}, nil
		}
	}
	return nil, p.unexpected()
}

var keywords = map[string]Value{"true": true, "false": false, "null": nil}

// number reads an integer or a decimal; two dots after it belong to a range.
func (p *parser) number() (expr, error) {
	start := p.at
	digits := func() {
		for c := p.peek(0); c >= '0' && c <= '9'; c = p.peek(0) {
			p.at++
		}
	}
	if p.peek(0) == '-' {
		p.at++
	}
	digits()
	if c := p.peek(1); p.peek(0) == '.' && c >= '0' && c <= '9' {
		p.at++
		digits()
	}
	if c := p.peek(0); c == 'e' || c == 'E' {
		i := 1
		if s := p.peek(1); s == '+' || s == '-' {
			i++
		}
		if d := p.peek(i); d >= '0' && d <= '9' {
			p.at += i
			digits()
		}
	}
	v, ok := parseNumber(p.text[start:p.at])
	if !ok {
		p.at = start
		return nil, p.unexpected()
	}
	return literal{v}, nil
}

// quoted reads a text. Backslashes are plain characters, as in Velocity 1.7; a
// doubled quote is one. In double quotes references and directives work.
func (p *parser) quoted(quote byte) (expr, error) {
	open := p.at
	p.at++
	start, doubled := p.at, false
	for {
		n := strings.IndexByte(p.rest(), quote)
		if n < 0 {
			p.at = open
			return nil, p.fail("text without closing quote")
		}
		p.at += n + 1
		if p.peek(0) != quote {
			break
		}
		doubled = true
		p.at++
	}
	text := p.text[start : p.at-1]
	if doubled {
		text = strings.ReplaceAll(text, string([]byte{quote, quote}), string(quote))
	}
	if quote == '\'' || !strings.ContainsAny(text, "$#") {
		return literal{text}, nil
	}
	inner := &parser{template: p.template, text: p.text, at: start, end: p.at - 1,
		nesting: p.nesting, work: p.work, macroNames: p.macroNames, fixed: p.fixed}
	if doubled {
		inner.text, inner.at, inner.end = text, 0, len(text)
		if inner.fixed == nil {
			inner.fixed = &start
		}
	}
	nodes, err := inner.template0()
	if err != nil {
		return nil, err
	}
	if len(nodes) == 1 {
		if t, ok := nodes[0].(textNode); ok {
			return literal{string(t)}, nil
		}
	}
	return interpolated{nodes}, nil
}

// list reads [a, b] or [from..to].
func (p *parser) list() (expr, error) {
	at := p.pos()
	p.at++
	l := listExpr{}
	if p.blank(); p.peek(0) == ']' {
		p.at++
		return l, nil
	}
	for {
		item, err := p.expression()
		if err != nil {
			return nil, err
		}
		p.blank()
		if len(l.items) == 0 && strings.HasPrefix(p.rest(), "..") {
			p.at += 2
			to, err := p.expression()
			if err != nil {
				return nil, err
			}
			return &rangeExpr{item, to, at}, p.expect(']')
		}
		l.items = append(l.items, item)
		if p.peek(0) == ',' {
			p.at++
			continue
		}
		return l, p.expect(']')
	}
}

func (p *parser) dictionary() (expr, error) {
	p.at++
	m := mapExpr{}
	if p.blank(); p.peek(0) == '}' {
		p.at++
		return m, nil
	}
	for {
		key, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.expect(':'); err != nil {
			return nil, err
		}
		value, err := p.expression()
		if err != nil {
			return nil, err
		}
		m.keys, m.values = append(m.keys, key), append(m.values, value)
		if p.blank(); p.peek(0) == ',' {
			p.at++
			continue
		}
		return m, p.expect('}')
	}
}

func (l literal) eval(*evaluation) (Value, error) { return l.value, nil }

func (i interpolated) eval(ev *evaluation) (Value, error) { return ev.capture(i.nodes) }

func (l listExpr) eval(ev *evaluation) (Value, error) {
	out := &jsonpath.List{Plain: true}
	for _, item := range l.items {
		v, err := item.eval(ev)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, v)
	}
	return out, ev.charge(0)
}

func (m mapExpr) eval(ev *evaluation) (Value, error) {
	out := &jsonpath.Object{}
	for i := range m.keys {
		key, err := m.keys[i].eval(ev)
		if err != nil {
			return nil, err
		}
		text, err := ev.text(key)
		if err != nil {
			return nil, err
		}
		v, err := m.values[i].eval(ev)
		if err != nil {
			return nil, err
		}
		out.Put(text, v)
	}
	return out, ev.charge(0)
}

func (r *rangeExpr) eval(ev *evaluation) (Value, error) {
	var ends [2]int64
	for i, e := range []expr{r.from, r.to} {
		v, err := e.eval(ev)
		if err != nil {
			return nil, err
		}
		n, ok := v.(int64)
		if !ok {
			return nil, nil // Velocity logs and goes on without a value
		}
		ends[i] = n
	}
	step := int64(1)
	if ends[1] < ends[0] {
		step = -1
	}
	if d := float64(ends[1]) - float64(ends[0]); d > maxRange || d < -maxRange {
		return nil, ev.fail(r.at, limitf("range longer than %d", maxRange))
	}
	out := &jsonpath.List{Plain: true}
	for n := ends[0]; ; n += step {
		out.Items = append(out.Items, n)
		if n == ends[1] {
			return out, ev.charge(len(out.Items))
		}
	}
}

// holds tells whether a condition does. Velocity 1.7 asks the nodes of its
// tree: references (false and null do not hold), true, and what compares or
// joins; a text, number, sum, list or map as it stands there never holds.
func (ev *evaluation) holds(e expr) (bool, error) {
	switch e := e.(type) {
	case *reference, notExpr, *logicExpr:
	case literal:
		return e.value == true, nil
	case *binaryExpr:
		if strings.Contains("+-*/%", e.operator) {
			return false, nil
		}
	default:
		return false, nil
	}
	v, err := e.eval(ev)
	return truth(v), err
}

func (n notExpr) eval(ev *evaluation) (Value, error) {
	holds, err := ev.holds(n.operand)
	return !holds, err
}

func (l *logicExpr) eval(ev *evaluation) (Value, error) {
	holds, err := ev.holds(l.left)
	if err != nil {
		return nil, err
	}
	if holds != l.and {
		return !l.and, nil
	}
	holds, err = ev.holds(l.right)
	return holds, err
}

func (b *binaryExpr) eval(ev *evaluation) (Value, error) {
	left, err := b.left.eval(ev)
	if err != nil {
		return nil, err
	}
	right, err := b.right.eval(ev)
	if err != nil {
		return nil, err
	}
	if b.operator == "+" && (isText(left) && right == nil || left == nil && isText(right)) {
		left, right = orSource(left, b.sources[0]), orSource(right, b.sources[1])
	}
	v, err := ev.operate(b.operator, left, right)
	if err != nil {
		return nil, ev.fail(b.at, err)
	}
	return v, nil
}

// orSource is a value, or for null the text it was written as.
func orSource(v Value, source string) Value {
	if v == nil {
		return strings.TrimRight(source, " \t\r\n")
	}
	return v
}
