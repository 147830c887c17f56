package vtl

import (
	"unicode/utf16"

	"drawbridge/engine/jsonpath"
)

// invocation is a method call on a value of Go type T.
type invocation[T any] struct {
	ev   *evaluation
	on   T
	args []Value
}

// method is a Java method as templates see it: how many arguments it takes and
// what it does. In a call with another number there is no such method.
type method[T any] struct {
	fewest, most int
	run          func(c *invocation[T]) (Value, error)
}

type methods[T any] map[string]method[T]

func (m methods[T]) call(ev *evaluation, on T, name string, args []Value) (v Value, known bool, err error) {
	f, ok := m[name]
	if !ok || len(args) < f.fewest || len(args) > f.most {
		return nil, false, nil
	}
	v, err = f.run(&invocation[T]{ev, on, args})
	return v, true, err
}

// text is an argument as text.
func (c *invocation[T]) text(i int) (string, error) { return c.ev.text(c.args[i]) }

// whole is an argument as an integer.
func (c *invocation[T]) whole(i int) (int, error) {
	n, ok := c.args[i].(int64)
	if !ok || n > 1<<31-1 || n < -1<<31 {
		return 0, errorf("argument %d is no int", i+1)
	}
	return int(n), nil
}

// call runs v.name(args). A method that does not exist gives nil, as Velocity
// leaves it; one that fails ends the template, as an exception does.
func (ev *evaluation) call(v Value, name string, args []Value) (Value, error) {
	size := textSize(v)
	for _, a := range args {
		size += textSize(a)
	}
	if err := ev.charge(size); err != nil {
		return nil, err
	}
	var out Value
	var known bool
	var err error
	switch v := v.(type) {
	case string:
		out, known, err = stringMethods.call(ev, v, name, args)
	case *jsonpath.Object:
		out, known, err = mapMethods.call(ev, v, name, args)
	case *jsonpath.List:
		out, known, err = listMethods.call(ev, v, name, args)
	case *iterator:
		out, known, err = iteratorMethods.call(ev, v, name, args)
	case int64, float64, jsonpath.Big:
		out, known, err = numberMethods.call(ev, v, name, args)
	case bool:
		if name == "booleanValue" && len(args) == 0 {
			return v, nil
		}
	case *Input:
		return v.call(ev, name, args)
	case *Util:
		return v.call(ev, name, args)
	case Host:
		return v.Call(name, args)
	}
	if known || err != nil {
		return out, err
	}
	return ev.callAny(v, name, args)
}

// textSize is what a method may have to read.
func textSize(v Value) int {
	s, _ := v.(string)
	return len(s)
}

// callAny has the methods of java.lang.Object that do no harm; getClass is not
// among them.
func (ev *evaluation) callAny(v Value, name string, args []Value) (Value, error) {
	switch {
	case name == "toString" && len(args) == 0:
		return ev.text(v)
	case name == "equals" && len(args) == 1:
		if args[0] == nil {
			return false, nil
		}
		return ev.equal(v, args[0])
	case name == "hashCode" && len(args) == 0:
		text, err := ev.text(v)
		return hashCode(text), err
	}
	return nil, nil
}

// hashCode is java.lang.String's.
func hashCode(s string) Value {
	var h int32
	for _, u := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(u)
	}
	return int64(h)
}
