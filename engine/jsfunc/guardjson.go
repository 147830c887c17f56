package jsfunc

import (
	"slices"

	"github.com/dop251/goja"
)

// guardJSON bounds JSON: depth of what is read, depth and number of what is
// written.
func (s *sandbox) guardJSON() {
	object := s.vm.Get("JSON").ToObject(s.vm)
	parse, stringify := s.original(object, "parse"), s.original(object, "stringify")
	s.method(object, "parse", func(call goja.FunctionCall) goja.Value {
		s.check()
		text := s.text(call.Argument(0))
		if depthOf(text.String()) > maxNesting {
			s.tooLarge("the nesting of JSON")
		}
		value := parse(goja.FunctionCall{This: call.This, Arguments: []goja.Value{text}})
		reviver, ok := goja.AssertFunction(call.Argument(1))
		if !ok {
			return value
		}
		root := s.vm.NewObject()
		s.must(root.Set("", value))
		return s.revive(reviver, root, "")
	})
	s.method(object, "stringify", func(call goja.FunctionCall) goja.Value {
		s.check()
		w := &jsonWalk{sandbox: s, depth: map[*goja.Object]int{}}
		if !goja.IsUndefined(call.Argument(2)) {
			w.indent = 10 // at most (ECMA-262)
		}
		if replacer, ok := goja.AssertFunction(call.Argument(1)); ok {
			w.replacer = replacer
		} else if list, ok := call.Argument(1).(*goja.Object); ok && list.ClassName() == "Array" {
			s.elements(list)
			w.only = []string{}
			for i := range s.lengthOf(list) {
				w.only = append(w.only, s.text(list.Get(indexName(i))).String())
			}
		}
		return stringify(goja.FunctionCall{This: call.This, Arguments: []goja.Value{
			call.Argument(0), s.vm.ToValue(w.visit), call.Argument(2),
		}})
	})
}

// depthOf is how deep brackets outside strings are nested.
func depthOf(text string) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}

// revive is JSON.parse's second part (ECMA-262, InternalizeJSONProperty).
func (s *sandbox) revive(reviver goja.Callable, holder *goja.Object, name string) goja.Value {
	s.enter()
	value := holder.Get(name)
	if object, ok := value.(*goja.Object); ok {
		s.elements(object)
		for _, key := range object.Keys() {
			if revived := s.revive(reviver, object, key); goja.IsUndefined(revived) {
				s.must(object.Delete(key))
			} else {
				s.must(object.Set(key, revived))
			}
		}
	}
	s.leave()
	if value == nil {
		value = goja.Undefined()
	}
	result, err := reviver(holder, s.vm.ToValue(name), value)
	s.must(err)
	return result
}

// jsonWalk is the replacer that JSON.stringify runs with: it is asked for each
// value before the value is written.
type jsonWalk struct {
	*sandbox
	replacer goja.Callable
	only     []string // names of members; nil: all
	depth    map[*goja.Object]int
	indent   int // units for each level
	steps    int
	size     int
}

func (w *jsonWalk) visit(call goja.FunctionCall) goja.Value {
	w.check()
	holder, _ := call.This.(*goja.Object)
	value := call.Argument(1)
	if w.replacer != nil {
		var err error
		value, err = w.replacer(call.This, call.Arguments...)
		w.must(err)
	} else if w.only != nil && holder != nil && holder.ClassName() != "Array" {
		if name := call.Argument(0).String(); name != "" && !slices.Contains(w.only, name) {
			return goja.Undefined()
		}
	}
	if w.steps++; w.steps > maxElements {
		w.tooLarge("JSON")
	}
	w.size += w.indent * w.depth[holder]
	switch v := value.(type) {
	case goja.String:
		w.size += v.Length()
	case *goja.Object:
		w.elements(v)
		w.depth[v] = w.depth[holder] + 1
		if w.depth[v] > maxNesting {
			w.tooLarge("the nesting of JSON")
		}
	}
	// Names count, too: they are written as often as the member occurs.
	if name, ok := call.Argument(0).(goja.String); ok {
		w.size += name.Length()
	}
	if w.size > maxString {
		w.tooLarge("JSON")
	}
	return value
}
