package jsfunc

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

func indexName(i int64) string { return strconv.FormatInt(i, 10) }

// guardStrings bounds the string functions: none takes a string beyond
// maxString, and those that make long ones of short ones are asked first.
func (s *sandbox) guardStrings() {
	proto := s.prototype("String")
	this := func(call *goja.FunctionCall) { call.This = s.this(call) }
	s.wrap(proto, []string{
		"charAt", "charCodeAt", "codePointAt", "match", "matchAll", "search", "slice", "substr", "substring",
		"toLowerCase", "toLocaleLowerCase", "toUpperCase", "toLocaleUpperCase", "trim", "trimStart", "trimEnd",
	}, this)
	s.wrap(proto, []string{"endsWith", "includes", "indexOf", "lastIndexOf", "split", "startsWith", "replace", "replaceAll"},
		func(call *goja.FunctionCall) {
			text := s.this(call)
			call.This = text
			if wanted, ok := call.Argument(0).(goja.String); ok && int64(text.Length())*int64(wanted.Length()) > maxSearch {
				s.tooLarge("a string")
			}
		})
	s.wrap(proto, []string{"repeat"}, func(call *goja.FunctionCall) {
		text, count := s.this(call), call.Argument(0).ToInteger()
		if count > 0 {
			s.within("repeat", max(int64(text.Length()), 1), count)
		}
		call.This, call.Arguments = text, []goja.Value{s.vm.ToValue(count)}
	})
	s.wrap(proto, []string{"padStart", "padEnd"}, func(call *goja.FunctionCall) {
		call.This = s.this(call)
		length := call.Argument(0).ToInteger()
		if length > maxString {
			s.tooLarge("a string")
		}
		if len(call.Arguments) > 0 {
			call.Arguments[0] = s.vm.ToValue(length)
		}
	})
	s.wrap(proto, []string{"concat"}, func(call *goja.FunctionCall) {
		text := s.this(call)
		call.This = text
		total := text.Length()
		for i, argument := range call.Arguments {
			part := s.text(argument)
			if total += part.Length(); total > maxString {
				s.tooLarge("a string")
			}
			call.Arguments[i] = part
		}
	})
	for _, name := range []string{"replace", "replaceAll"} {
		if original := s.original(proto, name); original != nil {
			s.method(proto, name, func(call goja.FunctionCall) goja.Value {
				text := s.this(&call)
				call.This = text
				// The places of a string are all found before the first is replaced.
				if _, isText := call.Argument(0).(goja.String); isText && name == "replaceAll" && text.Length() > maxElements {
					s.tooLarge("a string")
				}
				return s.replace(original, call, text)
			})
		}
	}
	s.wrap(s.vm.GlobalObject(), []string{
		"encodeURIComponent", "decodeURIComponent", "encodeURI", "decodeURI", "parseInt", "parseFloat",
	}, func(call *goja.FunctionCall) {
		if len(call.Arguments) > 0 {
			call.Arguments[0] = s.text(call.Arguments[0])
		}
	})
}

// this is the string that a string function is called on.
func (s *sandbox) this(call *goja.FunctionCall) goja.String {
	if goja.IsUndefined(call.This) || goja.IsNull(call.This) {
		panic(s.vm.NewTypeError("cannot convert null or undefined to object"))
	}
	return s.text(call.This)
}

// replace runs a replacement with a function that counts what it makes: a
// string in the place of each match would make a large one of two small ones.
func (s *sandbox) replace(original native, call goja.FunctionCall, text goja.String) goja.Value {
	replacement := call.Argument(1)
	user, isFunction := goja.AssertFunction(replacement)
	var template string
	if !isFunction {
		value := s.text(replacement)
		template = value.String()
		if !strings.Contains(template, "$") { // nothing to expand: the string itself is what is put in
			return s.replaceBy(original, call, func([]goja.Value) goja.Value { return value })
		}
		// Templates know the match by its text, its groups and its place.
		return s.replaceBy(original, call, func(match []goja.Value) goja.Value {
			return s.vm.ToValue(s.expand(template, match, text))
		})
	}
	return s.replaceBy(original, call, func(match []goja.Value) goja.Value {
		value, err := user(goja.Undefined(), match...)
		s.must(err)
		return value
	})
}

func (s *sandbox) replaceBy(original native, call goja.FunctionCall, by func([]goja.Value) goja.Value) goja.Value {
	total := 0
	counted := func(inner goja.FunctionCall) goja.Value {
		s.check()
		value := s.text(by(inner.Arguments))
		if total += value.Length(); total > maxString {
			s.tooLarge("the result of replace")
		}
		return value
	}
	return original(goja.FunctionCall{This: call.This, Arguments: []goja.Value{call.Argument(0), s.vm.ToValue(counted)}})
}

// expand fills a replacement template in (ECMA-262, GetSubstitution). match is
// what a replacing function is called with: the text, the groups, the place,
// the whole and, with named groups, those.
func (s *sandbox) expand(template string, match []goja.Value, whole goja.String) string {
	groups, names := match[1:], (*goja.Object)(nil)
	if object, ok := match[len(match)-1].(*goja.Object); ok {
		names, groups = object, groups[:len(groups)-1]
	}
	at := int(groups[len(groups)-2].ToInteger())
	groups = groups[:len(groups)-2]
	matched := s.text(match[0])
	var out strings.Builder
	for i := 0; i < len(template); i++ {
		if out.Len() > 2*maxString {
			s.tooLarge("the result of replace")
		}
		c := template[i]
		if c != '$' || i+1 == len(template) {
			out.WriteByte(c)
			continue
		}
		i++
		switch next := template[i]; {
		case next == '$':
			out.WriteByte('$')
		case next == '&':
			out.WriteString(matched.String())
		case next == '`':
			out.WriteString(whole.Substring(0, at).String())
		case next == '\'':
			out.WriteString(whole.Substring(min(at+matched.Length(), whole.Length()), whole.Length()).String())
		case next >= '0' && next <= '9':
			number := int(next - '0')
			if i+1 < len(template) && template[i+1] >= '0' && template[i+1] <= '9' {
				if two := number*10 + int(template[i+1]-'0'); two <= len(groups) {
					number, i = two, i+1
				}
			}
			if number < 1 || number > len(groups) {
				out.WriteString("$" + string(next))
			} else if value := groups[number-1]; !goja.IsUndefined(value) {
				out.WriteString(value.String())
			}
		case next == '<' && names != nil && strings.Contains(template[i:], ">"):
			name, _, _ := strings.Cut(template[i+1:], ">")
			i += len(name) + 1
			if value := names.Get(name); value != nil && !goja.IsUndefined(value) {
				out.WriteString(value.String())
			}
		default:
			out.WriteString("$" + string(next))
		}
	}
	return out.String()
}
