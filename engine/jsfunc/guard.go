package jsfunc

import (
	"reflect"

	"github.com/dop251/goja"
)

// guardArrays bounds the array functions, which go through "length" elements
// whether they exist or not, of whatever they are called on.
func (s *sandbox) guardArrays() {
	proto := s.prototype("Array")
	s.wrap(proto, []string{
		"copyWithin", "every", "fill", "filter", "find", "findIndex", "forEach", "map",
		"reduce", "reduceRight", "reverse", "shift", "unshift", "slice", "some", "sort", "splice",
	}, func(call *goja.FunctionCall) { call.This = s.array(call.This) })
	s.wrap(proto, []string{"includes", "indexOf", "lastIndexOf"}, func(call *goja.FunctionCall) {
		call.This = s.array(call.This)
		if wanted, ok := call.Argument(0).(goja.String); ok && s.lengthOf(call.This)*int64(wanted.Length()) > maxSearch {
			s.tooLarge("an array")
		}
	})
	s.wrap(proto, []string{"concat"}, func(call *goja.FunctionCall) {
		total := s.lengthOf(call.This)
		for _, argument := range call.Arguments {
			if isArray(argument) {
				total += s.lengthOf(argument)
			}
		}
		if total > maxElements {
			s.tooLarge("an array")
		}
	})
	s.wrap(proto, []string{"sort"}, func(call *goja.FunctionCall) {
		if goja.IsUndefined(call.Argument(0)) {
			call.Arguments = []goja.Value{s.vm.ToValue(s.compare)}
		}
	})
	// Arrays in arrays are joined by the join of the inner ones.
	join := s.original(proto, "join")
	guarded := func(call goja.FunctionCall) goja.Value {
		s.enter()
		defer s.leave()
		call.This = s.array(call.This)
		separator := s.separator(&call)
		s.within("join", s.lengthOf(call.This), separator)
		s.joinSize(call.This)
		return join(call)
	}
	s.method(proto, "join", guarded)
	s.method(proto, "toLocaleString", func(call goja.FunctionCall) goja.Value {
		return guarded(goja.FunctionCall{This: call.This})
	})
	s.wrap(s.prototype("Function"), []string{"apply"}, func(call *goja.FunctionCall) {
		if len(call.Arguments) > 1 {
			call.Arguments[1] = s.array(call.Arguments[1])
		}
	})
	s.guardPromises()
}

// compare orders an array that is sorted without a function (ECMA-262, SortCompare).
func (s *sandbox) compare(call goja.FunctionCall) goja.Value {
	s.check()
	return s.vm.ToValue(s.text(call.Argument(0)).CompareTo(s.text(call.Argument(1))))
}

// separator is how long the separator of a join is.
func (s *sandbox) separator(call *goja.FunctionCall) int64 {
	if goja.IsUndefined(call.Argument(0)) {
		return 1
	}
	text := s.text(call.Argument(0))
	call.Arguments = []goja.Value{text}
	return int64(text.Length())
}

// joinSize adds up the strings among the elements, so that one long string
// many times is refused before it is built.
func (s *sandbox) joinSize(value goja.Value) {
	object, ok := value.(*goja.Object)
	if !ok {
		return
	}
	total := 0
	for i := range s.lengthOf(value) {
		if text, isText := object.Get(indexName(i)).(goja.String); isText {
			if total += text.Length(); total > maxString {
				s.tooLarge("the result of join")
			}
		}
	}
}

// guardPromises bounds what goes through lists of promises, and has the chain
// of promises look at the watch: built-ins alone can keep it going.
func (s *sandbox) guardPromises() {
	promise := s.vm.Get("Promise").ToObject(s.vm)
	s.wrap(promise, []string{"all", "allSettled", "any", "race"}, func(call *goja.FunctionCall) {
		list, ok := call.Argument(0).(*goja.Object)
		if !ok || list.ClassName() != "Array" {
			panic(s.vm.NewTypeError("argument is no array"))
		}
		s.elements(list)
	})
	s.wrap(s.prototype("Promise"), []string{"then", "catch", "finally"}, func(*goja.FunctionCall) {})
	if !s.modern {
		for _, name := range []string{"all", "allSettled", "any", "race"} {
			s.must(promise.Delete(name))
		}
	}
}

// guardObjects bounds what lists the properties of a string, each character of
// which is one.
func (s *sandbox) guardObjects() {
	object := s.vm.Get("Object").ToObject(s.vm)
	s.wrap(object, []string{
		"keys", "values", "entries", "assign", "getOwnPropertyNames", "getOwnPropertyDescriptors", "freeze", "seal",
		"isFrozen", "isSealed", "preventExtensions", "defineProperties", "create",
	}, func(call *goja.FunctionCall) {
		for _, argument := range call.Arguments {
			length := 0
			switch v := argument.(type) {
			case goja.String:
				length = v.Length()
			case *goja.Object:
				if v.ClassName() == "String" {
					length = int(s.lengthOf(v)) // nobody can redefine this one
				}
			}
			if length > maxElements {
				s.tooLarge("a string")
			}
		}
	})
}

// guardBuffers bounds the constructors of typed arrays and buffers.
func (s *sandbox) guardBuffers() {
	for _, name := range []string{
		"ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
		"Int32Array", "Uint32Array", "Float32Array", "Float64Array",
	} {
		s.guardBuffer(name)
	}
	typed := s.vm.Get("Uint8Array").ToObject(s.vm).Prototype()
	if typed == nil {
		return
	}
	s.wrap(typed, []string{"from"}, func(call *goja.FunctionCall) { s.listLike(call.Argument(0)) })
	if !s.modern {
		s.must(typed.Delete("from"))
		s.must(typed.Delete("of"))
	}
	proto := typed.Get("prototype").ToObject(s.vm)
	s.wrap(proto, []string{"join"}, func(call *goja.FunctionCall) {
		separator := s.separator(call)
		s.within("join", s.lengthOf(call.This), max(separator, 3))
	})
	s.wrap(proto, []string{"set"}, func(call *goja.FunctionCall) { s.listLike(call.Argument(0)) })
	s.must(proto.Delete("toLocaleString"))
}

// listLike accepts arrays, typed arrays and strings of a bounded length:
// anything else may be a list without end.
func (s *sandbox) listLike(value goja.Value) {
	object, ok := value.(*goja.Object)
	if !ok {
		if text, isText := value.(goja.String); isText && text.Length() > maxElements {
			s.tooLarge("a string")
		}
		return
	}
	kind := object.ExportType()
	if !isArray(value) && kind != reflect.TypeFor[goja.ArrayBuffer]() && (kind.Kind() != reflect.Slice || kind.Elem().Kind() == reflect.Interface) {
		panic(s.vm.NewTypeError("argument is no list"))
	}
	s.elements(value)
}

// guardBuffer replaces a constructor by one that looks at its first argument.
func (s *sandbox) guardBuffer(name string) {
	global := s.vm.GlobalObject()
	object := global.Get(name).ToObject(s.vm)
	original, ok := goja.AssertConstructor(object)
	if !ok {
		return
	}
	replacement := s.vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		s.check()
		if first := call.Argument(0); goja.IsNumber(first) {
			if first.ToFloat() > maxString {
				s.tooLarge("a buffer")
			}
		} else {
			s.listLike(first)
		}
		made, err := original(call.NewTarget, call.Arguments...)
		s.must(err)
		return made
	}).ToObject(s.vm)
	proto := object.Get("prototype").ToObject(s.vm)
	s.must(replacement.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	for _, static := range []string{"BYTES_PER_ELEMENT", "isView"} {
		if value := object.Get(static); value != nil {
			s.must(replacement.DefineDataProperty(static, value, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
		}
	}
	s.must(replacement.SetPrototype(object.Prototype()))
	s.must(proto.DefineDataProperty("constructor", replacement, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	s.must(global.Set(name, replacement))
}
