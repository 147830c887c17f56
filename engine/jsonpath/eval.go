package jsonpath

import (
	"fmt"
	"slices"
	"strings"
)

// evaluation is the state of one run: what it may still cost.
type evaluation struct {
	root  Value
	steps int
	most  int
}

// Eval finds the nodes of a path. A definite path gives its node, and found is
// false if there is none; any other path gives a *List, empty if nothing fits.
// The error wraps ErrLimit.
func (p *Path) Eval(root Value) (v Value, found bool, err error) {
	v, found, _, err = p.EvalWithin(root, maxSteps)
	return v, found, err
}

// EvalWithin is Eval for a caller that has a budget of its own: it visits at
// most so many nodes and tells how many it did.
func (p *Path) EvalWithin(root Value, most int) (v Value, found bool, steps int, err error) {
	e := &evaluation{root: root, most: min(most, maxSteps)}
	v, found, err = e.path(p, root)
	return v, found, e.steps, err
}

func (e *evaluation) path(p *Path, start Value) (Value, bool, error) {
	nodes := []Value{start}
	listed := false
	for i := range p.segments {
		s := &p.segments[i]
		if s.function != nil {
			arg := Value(&List{Items: nodes})
			if !listed {
				if len(nodes) == 0 {
					return nil, false, nil
				}
				arg = nodes[0]
			}
			return e.call(s.function, arg, start)
		}
		var next []Value
		for _, n := range nodes {
			if err := e.segment(s, n, 0, &next); err != nil {
				return nil, false, err
			}
		}
		nodes = next
		listed = listed || !s.definite()
	}
	if !p.definite {
		if nodes == nil {
			nodes = []Value{}
		}
		return &List{Items: nodes}, true, nil
	}
	if len(nodes) == 0 {
		return nil, false, nil
	}
	return nodes[0], true, nil
}

func (e *evaluation) step() error {
	if e.steps++; e.steps > e.most {
		return fmt.Errorf("path visits more than %d nodes: %w", e.most, ErrLimit)
	}
	return nil
}

// segment adds to out what s selects in n, and for .. in all below it: a node
// before its children, children in order.
func (e *evaluation) segment(s *segment, n Value, depth int, out *[]Value) error {
	if err := e.selected(s, n, out); err != nil {
		return err
	}
	if !s.deep {
		return nil
	}
	if depth > MaxDepth {
		return fmt.Errorf("tree deeper than %d: %w", MaxDepth, ErrLimit)
	}
	for child := range children(n) {
		if err := e.segment(s, child, depth+1, out); err != nil {
			return err
		}
	}
	return nil
}

// children yields members' values or items.
func children(n Value) func(func(Value) bool) {
	return func(yield func(Value) bool) {
		switch n := n.(type) {
		case *Object:
			for _, v := range n.All() {
				if !yield(v) {
					return
				}
			}
		case *List:
			for _, v := range n.Items {
				if !yield(v) {
					return
				}
			}
		}
	}
}

func (e *evaluation) add(out *[]Value, v Value) error {
	if len(*out) >= maxResults {
		return fmt.Errorf("path finds more than %d nodes: %w", maxResults, ErrLimit)
	}
	*out = append(*out, v)
	return e.step()
}

// selected adds what s selects in n itself.
func (e *evaluation) selected(s *segment, n Value, out *[]Value) error {
	if err := e.step(); err != nil {
		return err
	}
	switch {
	case s.wildcard:
		for child := range children(n) {
			if err := e.add(out, child); err != nil {
				return err
			}
		}
		return nil
	case s.filter != nil:
		return e.filtered(s.filter, n, out)
	}
	switch n := n.(type) {
	case *Object:
		return e.named(s.names, n, out)
	case *List:
		for _, i := range s.positions(len(n.Items)) {
			if err := e.add(out, n.Items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// named picks one member, or makes an object of several.
func (e *evaluation) named(names []string, o *Object, out *[]Value) error {
	if len(names) == 1 {
		if v, ok := o.Get(names[0]); ok {
			return e.add(out, v)
		}
		return nil
	}
	picked := &Object{}
	for _, name := range names {
		if v, ok := o.Get(name); ok {
			picked.Put(name, v)
		}
	}
	if picked.Len() == 0 {
		return nil
	}
	return e.add(out, picked)
}

// positions gives the indexes of a list of n items that the segment selects.
func (s *segment) positions(n int) []int {
	var out []int
	if s.slice != nil {
		for i := bound(s.slice.from, 0, n); i < bound(s.slice.to, n, n); i++ {
			out = append(out, i)
		}
		return out
	}
	for _, i := range s.indexes {
		if i < 0 {
			i += n
		}
		if i >= 0 && i < n {
			out = append(out, i)
		}
	}
	return out
}

func bound(i *int, missing, n int) int {
	if i == nil {
		return missing
	}
	at := *i
	if at < 0 {
		at += n
	}
	return min(max(at, 0), n)
}

// filtered adds the items of a list for which the condition holds, or an
// object for which it does.
func (e *evaluation) filtered(c condition, n Value, out *[]Value) error {
	candidates := []Value{n}
	switch n := n.(type) {
	case *List:
		candidates = n.Items
	case *Object:
	default:
		return nil
	}
	for _, v := range candidates {
		ok, err := c.holds(e, v)
		if err != nil {
			return err
		}
		if ok {
			if err := e.add(out, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a allOf) holds(e *evaluation, v Value) (bool, error) {
	for _, t := range a.terms {
		if ok, err := t.holds(e, v); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (a anyOf) holds(e *evaluation, v Value) (bool, error) {
	for _, t := range a.terms {
		if ok, err := t.holds(e, v); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (n negate) holds(e *evaluation, v Value) (bool, error) {
	ok, err := n.term.holds(e, v)
	return !ok, err
}

func (x exists) holds(e *evaluation, v Value) (bool, error) {
	_, found, err := e.from(x.path, v)
	return found, err
}

func (e *evaluation) from(p *Path, current Value) (Value, bool, error) {
	if err := e.step(); err != nil {
		return nil, false, err
	}
	if p.relative {
		return e.path(p, current)
	}
	return e.path(p, e.root)
}

func (o operand) value(e *evaluation, current Value) (Value, bool, error) {
	if o.path != nil {
		return e.from(o.path, current)
	}
	return o.literal, true, nil
}

func (c compare) holds(e *evaluation, current Value) (bool, error) {
	left, haveLeft, err := c.left.value(e, current)
	if err != nil {
		return false, err
	}
	if c.operator == "=~" {
		text, ok := Scalar(left)
		return ok && haveLeft && c.right.pattern.MatchString(text), nil
	}
	right, haveRight, err := c.right.value(e, current)
	if err != nil {
		return false, err
	}
	both := haveLeft && haveRight
	switch c.operator {
	case "==":
		return both && e.equal(left, right, 0), nil
	case "!=":
		return !both || !e.equal(left, right, 0), nil
	case "<", "<=", ">", ">=":
		order, ok := compareOrder(left, right)
		return both && ok && fits(order, c.operator), nil
	}
	return both && e.membership(c.operator, left, right), nil
}

func fits(order int, operator string) bool {
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// compareOrder orders two numbers or two strings; other pairs have no order.
func compareOrder(a, b Value) (int, bool) {
	if x, ok := toFloat(a); ok {
		if y, ok := toFloat(b); ok {
			switch {
			case x < y:
				return -1, true
			case x > y:
				return 1, true
			}
			return 0, true
		}
		return 0, false
	}
	x, okX := a.(string)
	y, okY := b.(string)
	return strings.Compare(x, y), okX && okY
}

// equal compares by value; a number equals the text that reads the same
// number, as in Jayway.
func (e *evaluation) equal(a, b Value, depth int) bool {
	if depth > MaxDepth || e.step() != nil {
		return false
	}
	switch x := a.(type) {
	case *Object:
		y, ok := b.(*Object)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for key, v := range x.All() {
			if w, ok := y.Get(key); !ok || !e.equal(v, w, depth+1) {
				return false
			}
		}
		return true
	case *List:
		y, ok := b.(*List)
		return ok && slices.EqualFunc(x.Items, y.Items, func(v, w Value) bool { return e.equal(v, w, depth+1) })
	case nil, bool:
		return a == b
	}
	if order, ok := compareOrder(a, b); ok {
		return order == 0
	}
	x, okX := Scalar(a)
	y, okY := Scalar(b)
	if _, isBool := b.(bool); isBool {
		return false
	}
	return okX && okY && x == y
}

// membership evaluates the word operators.
func (e *evaluation) membership(operator string, left, right Value) bool {
	in := func(v Value, l *List) bool {
		return slices.ContainsFunc(l.Items, func(w Value) bool { return e.equal(v, w, 0) })
	}
	leftList, leftIsList := left.(*List)
	rightList, rightIsList := right.(*List)
	switch operator {
	case "in":
		return rightIsList && in(left, rightList)
	case "nin":
		return rightIsList && !in(left, rightList)
	case "contains":
		if leftIsList {
			return in(right, leftList)
		}
		text, ok1 := left.(string)
		part, ok2 := right.(string)
		return ok1 && ok2 && strings.Contains(text, part)
	case "size":
		n, ok := length(left)
		return ok && e.equal(n, right, 0)
	case "empty":
		n, ok := length(left)
		return ok && right == (n == int64(0))
	}
	if !leftIsList || !rightIsList {
		return false
	}
	hit := 0
	for _, v := range leftList.Items {
		if in(v, rightList) {
			hit++
		}
	}
	switch operator {
	case "subsetof":
		return hit == len(leftList.Items)
	case "anyof":
		return hit > 0
	default: // noneof
		return hit == 0
	}
}
