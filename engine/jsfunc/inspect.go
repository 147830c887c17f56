package jsfunc

import (
	"strings"

	"github.com/dop251/goja"
)

// inspect shows a value as console.log does: strings as they are, everything
// else in the engine's notation ({a:1,b:'x'}).
func (c *call) inspect(value goja.Value) string {
	if text, ok := value.(goja.String); ok {
		return c.text(text).String()
	}
	var out strings.Builder
	c.dump(&out, value, 0)
	return out.String()
}

// maxDumpDepth is how deep objects are shown.
const maxDumpDepth = 8

func (c *call) dump(out *strings.Builder, value goja.Value, depth int) {
	if out.Len() > maxLogs {
		return
	}
	object, ok := value.(*goja.Object)
	if !ok {
		if text, isText := value.(goja.String); isText {
			out.WriteString("'" + text.String() + "'")
		} else {
			out.WriteString(value.String())
		}
		return
	}
	if _, isFunction := goja.AssertFunction(object); isFunction {
		out.WriteString("[Function]")
		return
	}
	switch object.ClassName() {
	case "Error", "RegExp", "Date", "Symbol", "Boolean", "Number", "String":
		out.WriteString(c.text(object).String())
		return
	case "Promise":
		out.WriteString("Promise {}")
		return
	}
	if depth >= maxDumpDepth {
		out.WriteString("[...]")
		return
	}
	list := isArray(object)
	brackets := "{}"
	if list {
		c.elements(object)
		brackets = "[]"
	}
	out.WriteByte(brackets[0])
	for i, name := range object.Keys() {
		if i > 0 {
			out.WriteByte(',')
		}
		if out.Len() > maxLogs {
			break
		}
		if !list {
			out.WriteString(name + ":")
		}
		c.dump(out, object.Get(name), depth+1)
	}
	out.WriteByte(brackets[1])
}
