package awsproto

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"drawbridge/controlplane/api"
)

// jsonDecoder reads a JSON document into a structure of the model, token by
// token: what the model does not name is skipped and never kept, so a request
// cannot make the process hold more than its own members.
type jsonDecoder struct {
	tokens *json.Decoder
	depth  int
	values int
}

// errJSON is a document that is not JSON, or beyond the limits.
var errJSON = errors.New("the request body is not valid JSON")

// typeMismatch is JSON of another type than the model's; its text is AWS's own
// (reference/api-gateway.md 1.2).
type typeMismatch struct{ text string }

func (e *typeMismatch) Error() string { return e.text }

// decodeJSON reads the body members of the structure v. An empty body is an
// empty object.
func decodeJSON(body []byte, shape *api.Shape, v reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: not UTF-8", errJSON)
	}
	d := &jsonDecoder{tokens: json.NewDecoder(bytes.NewReader(body))}
	d.tokens.UseNumber()
	t := api.Type{Kind: api.KindStructure, Shape: shape}
	if err := d.value(v, &t); err != nil {
		return err
	}
	if _, err := d.tokens.Token(); err != io.EOF {
		return fmt.Errorf("%w: more than one value", errJSON)
	}
	return nil
}

func (d *jsonDecoder) token() (json.Token, error) {
	token, err := d.tokens.Token()
	if err != nil {
		return nil, errJSON // the decoder's own text repeats parts of the body
	}
	if d.values++; d.values > maxValues {
		return nil, fmt.Errorf("%w: too many values", errJSON)
	}
	switch token {
	case json.Delim('{'), json.Delim('['):
		if d.depth++; d.depth > maxDepth {
			return nil, fmt.Errorf("%w: nested too deeply", errJSON)
		}
	case json.Delim('}'), json.Delim(']'):
		d.depth--
	}
	return token, nil
}

// value reads the next value into v; null leaves v absent.
func (d *jsonDecoder) value(v reflect.Value, t *api.Type) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	if token == nil {
		v.SetZero()
		return nil
	}
	switch t.Kind {
	case api.KindStructure:
		if token != json.Delim('{') {
			return mismatch(token, "structure")
		}
		return d.structure(settle(v), t.Shape)
	case api.KindMap:
		if token != json.Delim('{') {
			return mismatch(token, "map")
		}
		return d.mapping(v, t)
	case api.KindList:
		if token != json.Delim('[') {
			return mismatch(token, "list")
		}
		return d.list(v, t)
	}
	return setJSONScalar(v, t, token)
}

func (d *jsonDecoder) structure(v reflect.Value, shape *api.Shape) error {
	for d.tokens.More() {
		key, err := d.token()
		if err != nil {
			return err
		}
		i := bodyMember(shape, key.(string))
		if i < 0 {
			err = d.skip()
		} else {
			err = d.value(v.Field(i), &shape.Members[i].Type)
		}
		if err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// bodyMember finds the member that travels in an input's body under that name.
func bodyMember(shape *api.Shape, name string) int {
	for i := range shape.Members {
		if m := &shape.Members[i]; m.In == api.InBody && m.Wire == name {
			return i
		}
	}
	return -1
}

func (d *jsonDecoder) mapping(v reflect.Value, t *api.Type) error {
	out := reflect.MakeMap(v.Type())
	for d.tokens.More() {
		key, err := d.token()
		if err != nil {
			return err
		}
		item, isNull, err := d.item(v.Type().Elem(), t)
		if err != nil {
			return err
		}
		if !isNull || t.Sparse {
			out.SetMapIndex(reflect.ValueOf(key), item)
		} else {
			out.SetMapIndex(reflect.ValueOf(key), reflect.Value{}) // the last of two equal keys wins
		}
	}
	v.Set(out)
	_, err := d.token()
	return err
}

func (d *jsonDecoder) list(v reflect.Value, t *api.Type) error {
	out := reflect.MakeSlice(v.Type(), 0, 0)
	for d.tokens.More() {
		item, isNull, err := d.item(v.Type().Elem(), t)
		if err != nil {
			return err
		}
		if !isNull {
			out = reflect.Append(out, item)
		}
	}
	v.Set(out)
	_, err := d.token()
	return err
}

// item reads one value of a list or map. Null is a value of its own only
// behind a pointer, so it is read through one.
func (d *jsonDecoder) item(typ reflect.Type, t *api.Type) (reflect.Value, bool, error) {
	if typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		v := reflect.New(typ).Elem()
		err := d.value(v, t.Item)
		return v, v.IsNil(), err
	}
	v := reflect.New(reflect.PointerTo(typ)).Elem()
	if err := d.value(v, t.Item); err != nil || v.IsNil() {
		return reflect.Value{}, true, err
	}
	return v.Elem(), false, nil
}

// skip passes over one value.
func (d *jsonDecoder) skip() error {
	outside := d.depth
	for {
		if _, err := d.token(); err != nil {
			return err
		}
		if d.depth == outside {
			return nil
		}
	}
}

// The words of AWS's texts for the types of JSON and of the model.
const (
	javaBoolean = "class java.lang.Boolean"
	javaString  = "class java.lang.String"
	javaNumber  = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
)

// mismatch makes the text for a token where another type is wanted. Recorded
// are the two where a String is wanted; the others follow their pattern.
func mismatch(token json.Token, wanted string) error {
	class := ""
	switch token.(type) {
	case bool:
		class = javaBoolean
	case json.Number:
		class = javaNumber
	case string:
		class = javaString
	default:
		if token == json.Delim('[') {
			return &typeMismatch{"Start of list found where not expected"}
		}
		return &typeMismatch{"Start of structure or map found where not expected."}
	}
	switch wanted {
	case "structure", "map", "list":
		return &typeMismatch{"Unexpected value type in payload"}
	}
	return &typeMismatch{class + " can not be converted to an " + wanted}
}

func setJSONScalar(v reflect.Value, t *api.Type, token json.Token) error {
	switch t.Kind {
	case api.KindString:
		s, ok := token.(string)
		if !ok {
			return mismatch(token, "String")
		}
		settle(v).SetString(s)
	case api.KindBoolean:
		b, ok := token.(bool)
		if !ok {
			return mismatch(token, "Boolean")
		}
		settle(v).SetBool(b)
	case api.KindBlob:
		s, ok := token.(string)
		if !ok {
			return mismatch(token, "Blob")
		}
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return &typeMismatch{"a blob is not Base64"}
		}
		v.SetBytes(data)
	case api.KindTimestamp:
		return setJSONTime(v, token)
	default:
		n, ok := token.(json.Number)
		if !ok {
			return mismatch(token, javaNumberName(t.Kind))
		}
		return setJSONNumber(v, t.Kind, n.String())
	}
	return nil
}

func javaNumberName(k api.Kind) string {
	return map[api.Kind]string{api.KindInteger: "Integer", api.KindLong: "Long", api.KindFloat: "Float", api.KindDouble: "Double"}[k]
}

// setJSONNumber truncates a fraction where a whole number is wanted, as the
// name of AWS's own number class says it does.
func setJSONNumber(v reflect.Value, kind api.Kind, text string) error {
	outOfRange := &typeMismatch{"number out of range for " + javaNumberName(kind)}
	if kind == api.KindFloat || kind == api.KindDouble {
		f, err := strconv.ParseFloat(text, bits(kind))
		if err != nil {
			return outOfRange
		}
		settle(v).SetFloat(f)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if f = math.Trunc(f); ferr != nil || f < -1<<63 || f >= 1<<63 {
			return outOfRange
		}
		n = int64(f)
	}
	if kind == api.KindInteger && (n < math.MinInt32 || n > math.MaxInt32) {
		return outOfRange
	}
	settle(v).SetInt(n)
	return nil
}

func setJSONTime(v reflect.Value, token json.Token) error {
	text, ok := token.(string)
	if n, isNumber := token.(json.Number); isNumber {
		text, ok = n.String(), true
	}
	at, err := parseTime(text)
	if !ok || err != nil {
		return mismatch(token, "Date")
	}
	settle(v).Set(reflect.ValueOf(at))
	return nil
}
