package awsproto

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"drawbridge/controlplane/api"
)

// maxViolations bounds the text of one answer.
const maxViolations = 100

// validator checks the constraints of the model before an operation runs, in
// the words of AWS's own framework (reference/api-gateway.md 1.2).
type validator struct {
	protocol api.Protocol
	patterns map[string]*regexp.Regexp
}

func newValidator(table *api.Service) (*validator, error) {
	v := &validator{protocol: table.Protocol, patterns: map[string]*regexp.Regexp{}}
	for i := range table.Operations {
		if err := v.compile(table.Operations[i].Input); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// compile reads the patterns of a shape and of all below it; the models have
// no cycles (a test of the generator's output walks them).
func (v *validator) compile(shape *api.Shape) error {
	if shape == nil {
		return nil
	}
	for i := range shape.Members {
		m := &shape.Members[i]
		if m.Pattern != "" && v.patterns[m.Pattern] == nil {
			compiled, err := regexp.Compile(`\A(?:` + m.Pattern + `)\z`)
			if err != nil {
				return fmt.Errorf("pattern of %s.%s: %w", shape.Name, m.Name, err)
			}
			v.patterns[m.Pattern] = compiled
		}
		inner := &m.Type
		for inner.Item != nil {
			inner = inner.Item
		}
		if err := v.compile(inner.Shape); err != nil {
			return err
		}
	}
	return nil
}

// check gives the message for the client, empty if all constraints hold.
func (v *validator) check(op *api.Operation, in any) string {
	if op.Input == nil {
		return ""
	}
	w := violations{validator: v}
	w.operation(op, reflect.ValueOf(in).Elem())
	switch n := len(w.texts); n {
	case 0:
		return ""
	case 1:
		return "1 validation error detected: " + w.texts[0]
	default:
		return strconv.Itoa(n) + " validation errors detected: " + strings.Join(w.texts, "; ")
	}
}

// violations collects the failed constraints of one input.
type violations struct {
	*validator
	texts []string
}

func (w *violations) add(value, path, constraint string) {
	if len(w.texts) < maxViolations {
		w.texts = append(w.texts, "Value "+value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// operation checks body members before labels, query and headers: that is the
// order of the recorded answers. Body members are named with the operation,
// the others alone.
func (w *violations) operation(op *api.Operation, v reflect.Value) {
	shape := op.Input
	for _, body := range []bool{true, false} {
		for i := range shape.Members {
			m := &shape.Members[i]
			inBody := m.In == api.InBody || m.In == api.InPayload
			if inBody != body {
				continue
			}
			path := lowerFirst(m.Name)
			if m.In == api.InBody && w.protocol == api.RestJSON {
				path = lowerFirst(op.Name) + "Input." + path
			}
			w.member(m, v.Field(i), path)
		}
	}
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func (w *violations) member(m *api.Member, v reflect.Value, path string) {
	value, set := present(v)
	if !set {
		if m.Required {
			w.add("null", path, "Member must not be null")
		}
		return
	}
	w.value(m, &m.Type, value, path)
}

func (w *violations) value(m *api.Member, t *api.Type, v reflect.Value, path string) {
	switch t.Kind {
	case api.KindString:
		w.text(m, v.String(), path)
	case api.KindStructure:
		for i := range t.Shape.Members {
			inner := &t.Shape.Members[i]
			if w.protocol == api.RestXML && inner.Required {
				// CloudFront's services answer a missing nested member in their
				// own words (reference/cloudfront.md 1.7).
				if _, set := present(v.Field(i)); !set {
					continue
				}
			}
			w.member(inner, v.Field(i), path+"."+lowerFirst(inner.Name))
		}
	case api.KindList:
		if t.Item.Kind == api.KindString {
			w.stringList(m, v, path)
			return
		}
		for i := range v.Len() {
			w.value(m, t.Item, v.Index(i), fmt.Sprintf("%s.%d.member", path, i+1))
		}
	case api.KindMap:
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, key := range keys {
			if item, set := present(v.MapIndex(key)); set && t.Item.Kind != api.KindString {
				w.value(m, t.Item, item, path+"."+key.String()+".member")
			}
		}
	}
}

// text checks one string against the member's enum and pattern.
func (w *violations) text(m *api.Member, s, path string) {
	if len(m.Enum) > 0 && !slices.Contains(m.Enum, s) {
		w.add("'"+short(s)+"'", path, "Member must satisfy enum value set: ["+strings.Join(m.Enum, ", ")+"]")
	}
	if m.Pattern != "" && !w.patterns[m.Pattern].MatchString(s) {
		w.add("'"+short(s)+"'", path, "Member must satisfy regular expression pattern: "+m.Pattern)
	}
}

// stringList checks a list of strings: AWS names the list as a whole.
func (w *violations) stringList(m *api.Member, v reflect.Value, path string) {
	if len(m.Enum) == 0 {
		return
	}
	all := make([]string, v.Len())
	wrong := false
	for i := range all {
		all[i] = v.Index(i).String()
		wrong = wrong || !slices.Contains(m.Enum, all[i])
	}
	if wrong {
		w.add("'["+short(strings.Join(all, ", "))+"]'", path,
			"Member must satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(m.Enum, ", ")+"]]")
	}
}
