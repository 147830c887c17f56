package awsproto

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"drawbridge/controlplane/api"
)

// The proofs fill values by reflection and compare two families of Go types
// (the AWS SDK's and ours) by a common form.

// awkward is a text that every layer must carry: markup, escapes, slashes,
// spaces and letters beyond ASCII.
const awkward = `ü <a&b> "q" 'p' 100% +/=?;#[x] \n`

// fillShape fills a structure of ours: every member, two items per list. It
// leaves out the members that skip names.
func fillShape(v reflect.Value, shape *api.Shape, skip map[string]bool) {
	for i := range shape.Members {
		m := &shape.Members[i]
		if skip[shape.Name+"."+m.Name] || shape.Union && i > 0 {
			continue
		}
		fillOurs(v.Field(i), &m.Type, fillText(m), skip)
	}
}

// fillText is a value that the member's place on the wire and its constraints allow.
func fillText(m *api.Member) string {
	switch {
	case len(m.Enum) > 0:
		return m.Enum[0]
	case m.Pattern != "" || m.Name == "statusCode":
		return "200"
	case m.In == api.InHeader:
		return "header " + m.Name
	}
	return m.Name + " " + awkward
}

func fillOurs(v reflect.Value, t *api.Type, text string, skip map[string]bool) {
	switch t.Kind {
	case api.KindStructure:
		fillShape(settle(v), t.Shape, skip)
	case api.KindList:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillOurs(v.Index(i), t.Item, text, skip)
		}
	case api.KindMap:
		item := reflect.New(v.Type().Elem()).Elem()
		fillOurs(item, t.Item, text, skip)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key "+awkward), item)
	case api.KindString:
		settle(v).SetString(text)
	case api.KindBoolean:
		settle(v).SetBool(true)
	case api.KindInteger, api.KindLong:
		settle(v).SetInt(1234567)
	case api.KindFloat, api.KindDouble:
		settle(v).SetFloat(0.5)
	case api.KindTimestamp:
		settle(v).Set(reflect.ValueOf(time.Unix(1700000000, 0).UTC()))
	case api.KindBlob:
		v.SetBytes([]byte{0, 'b', 0xFF, '\n'})
	}
}

// fillSDK fills a structure of the SDK by the shape of ours, so that texts
// fit; a field of the SDK that the shape does not have is an error.
func fillSDK(v reflect.Value, shape *api.Shape) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		m := memberOf(shape, field.Name)
		if m == nil {
			return fmt.Errorf("shape %s has no member for the SDK's field %s", shape.Name, field.Name)
		}
		if err := fillSDKValue(v.Field(i), &m.Type, fillText(m)); err != nil {
			return err
		}
	}
	return nil
}

func memberOf(shape *api.Shape, field string) *api.Member {
	for i := range shape.Members {
		if strings.EqualFold(shape.Members[i].Name, field) {
			return &shape.Members[i]
		}
	}
	return nil
}

func fillSDKValue(v reflect.Value, t *api.Type, text string) error {
	switch v.Kind() {
	case reflect.Interface: // a union: the type that wraps its first member
		wrapper, ok := unions[v.Type().Name()]
		if !ok {
			return fmt.Errorf("union %v is unknown to the test", v.Type())
		}
		w := reflect.New(wrapper)
		m := memberOf(t.Shape, strings.TrimPrefix(wrapper.Name(), v.Type().Name()+"Member"))
		if m == nil {
			return fmt.Errorf("union %v has no member like %v", v.Type(), wrapper)
		}
		if err := fillSDKValue(w.Elem().FieldByName("Value"), &m.Type, fillText(m)); err != nil {
			return err
		}
		v.Set(w)
		return nil
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fillSDKValue(v.Elem(), t, text)
	}
	switch t.Kind {
	case api.KindStructure:
		return fillSDK(v, t.Shape)
	case api.KindList:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			if err := fillSDKValue(v.Index(i), t.Item, text); err != nil {
				return err
			}
		}
	case api.KindMap:
		item := reflect.New(v.Type().Elem()).Elem()
		if err := fillSDKValue(item, t.Item, text); err != nil {
			return err
		}
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key "+awkward), item)
	default:
		fillOurs(v, t, text, nil)
	}
	return nil
}

// common gives the form in which both families compare: names in lower case,
// absent members left out.
func common(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Interface { // the SDK's union: its wrapper names the member
			w := v.Elem().Elem()
			member := strings.TrimPrefix(w.Type().Name(), v.Type().Name()+"Member")
			return map[string]any{strings.ToLower(member): common(w.FieldByName("Value"))}
		}
		return common(v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.Unix()
		}
		out := map[string]any{}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			if value := common(v.Field(i)); value != nil {
				out[strings.ToLower(field.Name)] = value
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = common(v.Index(i))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = common(v.MapIndex(k))
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return fmt.Sprintf("BUG: kind %v", v.Kind())
}

// firstDifference names the place where two common forms differ.
func firstDifference(path string, a, b any) string {
	if am, ok := a.(map[string]any); ok {
		if bm, ok := b.(map[string]any); ok {
			for k := range am {
				if d := firstDifference(path+"."+k, am[k], bm[k]); d != "" {
					return d
				}
			}
			for k := range bm {
				if _, there := am[k]; !there {
					return fmt.Sprintf("%s.%s: only in the second: %v", path, k, bm[k])
				}
			}
			return ""
		}
	}
	if al, ok := a.([]any); ok {
		if bl, ok := b.([]any); ok && len(al) == len(bl) {
			for i := range al {
				if d := firstDifference(fmt.Sprintf("%s[%d]", path, i), al[i], bl[i]); d != "" {
					return d
				}
			}
			return ""
		}
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Sprintf("%s: %#v, %#v", path, a, b)
	}
	return ""
}
