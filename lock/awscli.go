package lock

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// cliWords is the AWS CLI command that makes the call an SDK input makes, as
// words: ["aws", "apigateway", "put-method", "--rest-api-id", "a1b2c3d4e5"].
// input points to a struct named <Operation>Input in the package of a service.
// Names follow botocore's xform_name; API Gateway's model has lower camel case
// names where the SDK's are upper camel case.
func cliWords(input any) []string {
	value := reflect.ValueOf(input).Elem()
	service := path.Base(value.Type().PkgPath())
	words := []string{"aws", service, kebab(strings.TrimSuffix(value.Type().Name(), "Input"))}
	render := cliJSON{lower: service == "apigateway"}
	for _, i := range optionOrder(value.Type()) {
		field := value.Type().Field(i)
		if absent(field, value.Field(i)) {
			continue
		}
		option := "--" + kebab(field.Name)
		v := reflect.Indirect(value.Field(i))
		switch v.Kind() {
		case reflect.Bool:
			if !v.Bool() {
				option = "--no-" + kebab(field.Name)
			}
			words = append(words, option)
		case reflect.Struct, reflect.Map:
			words = append(words, option, render.lines(v, ""))
		case reflect.Slice:
			words = append(append(words, option), render.list(v)...)
		default:
			words = append(words, option, fmt.Sprint(v.Interface()))
		}
	}
	return words
}

// namingMembers say which thing a command is about; people type them first.
var namingMembers = []string{"Id", "RestApiId", "ResourceId", "ParentId", "HttpMethod", "UsagePlanId"}

// optionOrder is the order in which the members of an input are shown.
func optionOrder(input reflect.Type) []int {
	order := make([]int, input.NumField())
	for i := range order {
		order[i] = i
	}
	rank := func(i int) int {
		if at := slices.Index(namingMembers, input.Field(i).Name); at >= 0 {
			return at
		}
		return len(namingMembers)
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	return order
}

// absent tells whether a member is not part of the call.
func absent(field reflect.StructField, v reflect.Value) bool {
	if !field.IsExported() {
		return true
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	// A false that is no pointer cannot be told from absent; it is the default.
	return v.IsZero()
}

// kebab is botocore's xform_name: RestApiId is rest-api-id, IfMatch if-match.
func kebab(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// cliJSON writes SDK values as the JSON that the AWS CLI reads.
type cliJSON struct {
	lower bool // member names begin lower case
}

func (c cliJSON) name(field string) string {
	if c.lower {
		return strings.ToLower(field[:1]) + field[1:]
	}
	return field
}

// member is one member of a structure or map.
type member struct {
	name  string
	value reflect.Value
}

func (c cliJSON) members(v reflect.Value) []member {
	var members []member
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() {
			members = append(members, member{key.String(), v.MapIndex(key)})
		}
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
		return members
	}
	for i := range v.NumField() {
		if field := v.Type().Field(i); !absent(field, v.Field(i)) {
			members = append(members, member{c.name(field.Name), v.Field(i)})
		}
	}
	return members
}

// text is a value on one line.
func (c cliJSON) text(v reflect.Value) string {
	switch v = reflect.Indirect(v); v.Kind() {
	case reflect.Struct, reflect.Map:
		var parts []string
		for _, m := range c.members(v) {
			parts = append(parts, quoteJSON(m.name)+": "+c.text(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = c.text(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.String:
		return quoteJSON(v.String())
	default:
		return fmt.Sprint(v.Interface())
	}
}

// maxOneLine is the longest structure that is shown on one line.
const maxOneLine = 80

// lines is a value on one line if it is short, else one line per member.
func (c cliJSON) lines(v reflect.Value, indent string) string {
	v = reflect.Indirect(v)
	text := c.text(v)
	if len(text) <= maxOneLine {
		return text
	}
	var parts []string
	inner, brackets := indent+"  ", "{}"
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		for _, m := range c.members(v) {
			parts = append(parts, inner+quoteJSON(m.name)+": "+c.lines(m.value, inner))
		}
	case reflect.Slice:
		brackets = "[]"
		for i := range v.Len() {
			parts = append(parts, inner+c.lines(v.Index(i), inner))
		}
	default:
		return text
	}
	return brackets[:1] + "\n" + strings.Join(parts, ",\n") + "\n" + indent + brackets[1:]
}

// list is a list as words: the CLI's shorthand (op=replace,path=/policy,…)
// where its grammar can say it, else JSON in one word.
func (c cliJSON) list(v reflect.Value) []string {
	var words []string
	for i := range v.Len() {
		word, ok := c.shorthand(reflect.Indirect(v.Index(i)))
		if !ok {
			return []string{c.text(v)}
		}
		words = append(words, word)
	}
	return words
}

// shorthand writes a flat structure as name=value,name=value. A value with
// characters that mean something there stands between single quotes, which the
// shorthand grammar takes literally up to the next one.
func (c cliJSON) shorthand(v reflect.Value) (string, bool) {
	if v.Kind() == reflect.String {
		return v.String(), plainWord.MatchString(v.String()) && !strings.ContainsAny(v.String(), "=,")
	}
	if v.Kind() != reflect.Struct {
		return "", false
	}
	var parts []string
	for i := range v.NumField() {
		if absent(v.Type().Field(i), v.Field(i)) {
			continue
		}
		value := reflect.Indirect(v.Field(i))
		if k := value.Kind(); k == reflect.Struct || k == reflect.Slice || k == reflect.Map {
			return "", false
		}
		text := fmt.Sprint(value.Interface())
		if !plainWord.MatchString(text) || strings.ContainsAny(text, "=,") {
			if strings.ContainsAny(text, `'\`) {
				return "", false
			}
			text = "'" + text + "'"
		}
		parts = append(parts, c.name(v.Type().Field(i).Name)+"="+text)
	}
	return strings.Join(parts, ","), true
}

func quoteJSON(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("BUG: a string that is no JSON: " + err.Error())
	}
	return string(text)
}
