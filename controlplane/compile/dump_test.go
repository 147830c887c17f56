package compile

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// dump prints a value with all it leads to, so that two can be compared: fields
// in order, maps sorted, no addresses. Values of other modules are opaque.
func dump(v any) string {
	var b strings.Builder
	dumper{&b, map[uintptr]bool{}}.value(reflect.ValueOf(v))
	return b.String()
}

type dumper struct {
	*strings.Builder
	above map[uintptr]bool // pointers on the way here
}

func (d dumper) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(v)
	case reflect.Interface:
		if v.IsNil() {
			d.WriteString("nil")
			return
		}
		d.value(v.Elem())
	case reflect.Struct:
		d.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			d.WriteString(v.Type().Field(i).Name + ":")
			d.value(v.Field(i))
			d.WriteString(" ")
		}
		d.WriteString("}")
	case reflect.Slice, reflect.Array:
		d.WriteString("[")
		for i := range v.Len() {
			d.value(v.Index(i))
			d.WriteString(" ")
		}
		d.WriteString("]")
	case reflect.Map:
		var entries []string
		for it := v.MapRange(); it.Next(); {
			var b strings.Builder
			entry := dumper{&b, d.above}
			entry.value(it.Key())
			b.WriteString(":")
			entry.value(it.Value())
			entries = append(entries, b.String())
		}
		slices.Sort(entries)
		d.WriteString("map[" + strings.Join(entries, " ") + "]")
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprint(d, v.IsNil())
	default:
		fmt.Fprintf(d, "%v", v) // a string, a number or a boolean
	}
}

func (d dumper) pointer(v reflect.Value) {
	switch {
	case v.IsNil():
		d.WriteString("nil")
	case v.Type() == reflect.TypeFor[*regexp.Regexp]():
		d.value(v.Elem().FieldByName("expr"))
	case d.above[v.Pointer()]:
		d.WriteString("(as above)")
	case strings.Contains(v.Type().Elem().PkgPath(), "."):
		d.WriteString(v.Type().String())
	default:
		d.above[v.Pointer()] = true
		d.WriteString("&")
		d.value(v.Elem())
		delete(d.above, v.Pointer())
	}
}
