package jsonpath

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// function is a call at the end of a path.
type function struct {
	name string
	args []operand
}

// functions of Jayway, with the largest number of arguments that mean
// anything.
var functions = map[string]int{
	"length": 1, "size": 1, "min": maxArguments, "max": maxArguments, "avg": maxArguments, "sum": maxArguments, "stddev": maxArguments,
	"keys": 0, "first": 0, "last": 0, "index": 1, "concat": maxArguments, "append": maxArguments,
}

const maxArguments = 16

// function reads the arguments of name at its opening bracket.
func (c *compiler) function(name string) (*function, error) {
	most, ok := functions[name]
	if !ok {
		return nil, c.fail("unknown function %s", strconv.Quote(name))
	}
	if err := c.nest(); err != nil {
		return nil, err
	}
	defer func() { c.nesting-- }()
	c.at++
	f := &function{name: name}
	for {
		if c.blank(); c.peek() == ')' {
			c.at++
			break
		}
		arg, err := c.operand()
		if err != nil {
			return nil, err
		}
		f.args = append(f.args, arg)
		if c.blank(); c.peek() == ',' {
			c.at++
		} else if c.peek() != ')' {
			return nil, c.unexpected()
		}
	}
	if len(f.args) > most {
		return nil, c.fail("too many arguments for %s()", name)
	}
	return f, nil
}

// call applies f to the node or list that the path found. found is false where
// the function has no meaning for it.
func (e *evaluation) call(f *function, v, current Value) (Value, bool, error) {
	args := make([]Value, 0, len(f.args))
	for _, a := range f.args {
		arg, found, err := a.value(e, current)
		if err != nil {
			return nil, false, err
		}
		if found {
			args = append(args, arg)
		}
	}
	switch f.name {
	case "length", "size":
		if len(args) == 1 {
			v = args[0]
		}
		n, ok := length(v)
		return n, ok, nil
	case "keys":
		o, ok := v.(*Object)
		if !ok {
			return nil, false, nil
		}
		keys := &List{}
		for key := range o.All() {
			keys.Items = append(keys.Items, key)
		}
		return keys, true, nil
	case "concat":
		text, err := concat(v, args)
		return text, err == nil, err
	case "append":
		l, ok := v.(*List)
		if !ok {
			return nil, false, nil
		}
		return &List{Items: append(slices.Clone(l.Items), args...)}, true, nil
	case "first", "last", "index":
		return pick(f.name, v, args)
	}
	n, ok := aggregate(f.name, numbers(v, args))
	return n, ok, nil
}

func length(v Value) (Value, bool) {
	switch v := v.(type) {
	case *List:
		return int64(len(v.Items)), true
	case *Object:
		return int64(v.Len()), true
	case string:
		return int64(len([]rune(v))), true
	}
	return nil, false
}

// concat joins the texts of a list and of the arguments.
func concat(v Value, args []Value) (string, error) {
	items := args
	if l, ok := v.(*List); ok {
		items = append(slices.Clone(l.Items), args...)
	}
	var b strings.Builder
	for _, item := range items {
		s, _ := Scalar(item)
		if b.Len()+len(s) > defaultMaxBytes {
			return "", fmt.Errorf("concat() longer than %d bytes: %w", defaultMaxBytes, ErrLimit)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func pick(name string, v Value, args []Value) (Value, bool, error) {
	l, ok := v.(*List)
	if !ok || len(l.Items) == 0 {
		return nil, false, nil
	}
	i := 0
	switch {
	case name == "last":
		i = len(l.Items) - 1
	case name == "index" && len(args) == 1:
		f, ok := toFloat(args[0])
		if !ok {
			return nil, false, nil
		}
		if i = int(f); i < 0 {
			i += len(l.Items)
		}
	}
	if i < 0 || i >= len(l.Items) {
		return nil, false, nil
	}
	return l.Items[i], true, nil
}

func toFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case Big:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil
	}
	return 0, false
}

// numbers collects the numbers of a list and of the arguments.
func numbers(v Value, args []Value) []float64 {
	var out []float64
	collect := func(v Value) {
		if f, ok := toFloat(v); ok {
			out = append(out, f)
		}
	}
	for _, v := range append([]Value{v}, args...) {
		if l, ok := v.(*List); ok {
			for _, item := range l.Items {
				collect(item)
			}
		} else {
			collect(v)
		}
	}
	return out
}

// aggregate gives a double, as Jayway's functions do.
func aggregate(name string, all []float64) (Value, bool) {
	if len(all) == 0 {
		return nil, false
	}
	var sum, squares float64
	for _, f := range all {
		sum += f
		squares += f * f
	}
	n := float64(len(all))
	switch name {
	case "min":
		return slices.Min(all), true
	case "max":
		return slices.Max(all), true
	case "sum":
		return sum, true
	case "avg":
		return sum / n, true
	default: // stddev
		return math.Sqrt(squares/n - sum*sum/n/n), true
	}
}
