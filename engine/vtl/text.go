package vtl

import (
	"fmt"
	"strings"

	"drawbridge/engine/jsonpath"
)

// text is what a value prints as (reference/api-gateway.md 5.6): nothing for
// null, {a=b} for a map, JSON for a list that came from JSON.
func (ev *evaluation) text(v Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case *jsonpath.Object, *jsonpath.List:
		b, err := ev.appendText(nil, v, 0)
		if err != nil {
			return "", err
		}
		return string(b), ev.charge(len(b))
	case *defined:
		return ev.captureCall(v, 0)
	case fmt.Stringer:
		return v.String(), nil
	}
	text, _ := jsonpath.Scalar(v)
	return text, nil
}

// appendText writes a value as Java's toString does inside of a collection,
// where null is "null".
func (ev *evaluation) appendText(b []byte, v Value, depth int) ([]byte, error) {
	if depth > jsonpath.MaxDepth || len(b) > maxOutput {
		return b, limitf("value too large to print")
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case *jsonpath.Object:
		return ev.appendMap(b, v, depth)
	case *jsonpath.List:
		if v.Plain {
			return ev.appendPlain(b, v, depth)
		}
		return jsonpath.AppendJSON(b, v, jsonpath.WriteOptions{ProtectSlash: true, MaxBytes: maxOutput})
	}
	text, err := ev.text(v)
	return append(b, text...), err
}

func (ev *evaluation) appendMap(b []byte, o *jsonpath.Object, depth int) ([]byte, error) {
	if o.Opaque {
		return b, nil
	}
	b = append(b, '{')
	first := true
	for key, v := range o.All() {
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = append(append(b, key...), '=')
		var err error
		if b, err = ev.appendText(b, v, depth+1); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func (ev *evaluation) appendPlain(b []byte, l *jsonpath.List, depth int) ([]byte, error) {
	b = append(b, '[')
	for i, v := range l.Items {
		if i > 0 {
			b = append(b, ", "...)
		}
		var err error
		if b, err = ev.appendText(b, v, depth+1); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// elements are what #foreach walks over: items of a list, values of a map.
func elements(v Value) []Value {
	switch v := v.(type) {
	case *jsonpath.List:
		return append([]Value(nil), v.Items[:min(len(v.Items), maxIterations+1)]...)
	case *jsonpath.Object:
		all := make([]Value, 0, min(v.Len(), maxIterations+1))
		for _, item := range v.All() {
			if len(all) > maxIterations {
				break
			}
			all = append(all, item)
		}
		return all
	}
	return nil
}

// entryHost is a Map.Entry.
type entryHost struct {
	of  *jsonpath.Object
	key string
}

// Get knows key and value.
func (e entryHost) Get(name string) Value {
	switch name {
	case "key":
		return e.key
	case "value":
		v, _ := e.of.Get(e.key)
		return v
	}
	return nil
}

// Call knows getKey(), getValue() and setValue(v).
func (e entryHost) Call(name string, args []Value) (Value, error) {
	switch {
	case len(args) == 0 && (name == "getKey" || name == "getValue"):
		return e.Get(strings.ToLower(name[3:])), nil
	case len(args) == 1 && name == "setValue":
		old, _ := e.of.Put(e.key, args[0])
		return old, nil
	}
	return nil, nil
}

// String is key=value for scalars, which is all that prints well.
func (e entryHost) String() string {
	text, _ := jsonpath.Scalar(e.Get("value"))
	return e.key + "=" + text
}
