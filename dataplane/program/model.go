package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Models are the models that a method's body is held to, by content type;
// "$default" stands for all that are not named.
type Models map[string]*Model

// For returns the model for a media type ("application/json", without
// parameters), nil when bodies of that type are not validated
// (reference/api-gateway.md 7.1).
func (m Models) For(mediaType string) *Model {
	if model, ok := m[mediaType]; ok {
		return model
	}
	return m["$default"]
}

// Model is a model's JSON schema, draft 4, with the models it refers to.
type Model struct {
	Name string
	// Err says why the schema could not be compiled; calls that come to it fail.
	Err    error
	schema *jsonschema.Schema
}

// modelRoot is what names of models stand under in references
// (reference/api-gateway.md 1.11): modelRoot, an API id, "/models/" and the name.
const modelRoot = "https://apigateway.amazonaws.com/restapis/"

// ModelSet compiles the models of one API. It belongs to one goroutine.
type ModelSet struct {
	schemas  map[string]string // JSON text by model name
	compiler *jsonschema.Compiler
	compiled map[string]*Model
}

// NewModelSet returns the set of an API's models, given by name as JSON text.
// Nothing is compiled until it is asked for, and nothing but these models is
// ever loaded.
func NewModelSet(schemas map[string]string) *ModelSet {
	s := &ModelSet{schemas: schemas, compiler: jsonschema.NewCompiler(), compiled: make(map[string]*Model)}
	s.compiler.DefaultDraft(jsonschema.Draft4)
	s.compiler.UseLoader(s)
	return s
}

// Load returns the schema of a model by its URL. It implements
// jsonschema.URLLoader.
func (s *ModelSet) Load(url string) (any, error) {
	rest, ok := strings.CutPrefix(url, modelRoot)
	_, name, named := strings.Cut(rest, "/models/")
	text, known := s.schemas[name]
	if !ok || !named || !known {
		return nil, fmt.Errorf("%s is no model of this API", url)
	}
	tree, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	if object, ok := tree.(map[string]any); ok {
		delete(object, "$schema") // API Gateway knows draft 4 only, whatever a model says
	}
	return tree, nil
}

// Model returns a compiled model; its Err is set when that fails.
func (s *ModelSet) Model(name string) *Model {
	if m, ok := s.compiled[name]; ok {
		return m
	}
	m := &Model{Name: name}
	m.schema, m.Err = s.compiler.Compile(modelRoot + "self/models/" + name)
	s.compiled[name] = m
	return m
}

// errBody is the error of a body that is no JSON, or not one to calculate with.
var errBody = errors.New("body is not valid JSON")

// Validate checks a body; an empty one stands for {} (reference/api-gateway.md
// 7.1). The error's text is $context.error.validationErrorString.
func (m *Model) Validate(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil || !bounded(tree) {
		return errBody
	}
	err = m.schema.Validate(tree)
	var invalid *jsonschema.ValidationError
	if err == nil || !errors.As(err, &invalid) {
		return err
	}
	w := complaints{tree: tree}
	w.add(invalid)
	return errors.New("[" + strings.Join(w.texts, ", ") + "]")
}

// Numbers are compared exactly, so their size is bounded: 1e1000000 is nine
// bytes to send and a megabit to calculate with.
const maxDigits = 400

// bounded tells that all numbers of a tree are of a size that a double has.
func bounded(tree any) bool {
	switch v := tree.(type) {
	case json.Number:
		f, err := v.Float64()
		return err == nil && !math.IsInf(f, 0) && len(v) <= maxDigits && smallExponent(string(v))
	case []any:
		for _, item := range v {
			if !bounded(item) {
				return false
			}
		}
	case map[string]any:
		for _, item := range v {
			if !bounded(item) {
				return false
			}
		}
	}
	return true
}

// smallExponent is false for 1e-1000000 and 0e1000000, which ParseFloat takes.
func smallExponent(number string) bool {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return true
	}
	digits := strings.TrimLeft(number[at+1:], "+-0")
	return len(digits) < 3 || len(digits) == 3 && digits <= "400"
}

// maxComplaints bounds what is written about one body.
const maxComplaints = 20

// complaints writes what is wrong with a body in the words of the validator
// that API Gateway runs (json-schema-validator; reference/api-gateway.md 7.1).
type complaints struct {
	tree  any
	texts []string
}

// add writes the leaves below an error. Alternatives are named as one: which of
// them was meant is not known.
func (w *complaints) add(e *jsonschema.ValidationError) {
	if len(w.texts) >= maxComplaints {
		return
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		for _, cause := range e.Causes {
			w.add(cause)
		}
		return
	case *kind.OneOf:
		total := max(len(e.Causes), len(k.Subschemas))
		w.texts = append(w.texts, fmt.Sprintf("instance failed to match exactly one schema (matched %d out of %d)", len(k.Subschemas), total))
		return
	case *kind.AnyOf:
		w.texts = append(w.texts, fmt.Sprintf("instance failed to match at least one required schema among %d", len(e.Causes)))
		return
	}
	w.texts = append(w.texts, w.complaint(e))
}

func (w *complaints) complaint(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return "object has missing required properties (" + jsonText(slices.Sorted(slices.Values(k.Missing))) + ")"
	case *kind.Dependency:
		return fmt.Sprintf("property %s of object has missing property dependencies (missing: %s)", jsonText(k.Prop), jsonText(k.Missing))
	case *kind.Type:
		return fmt.Sprintf("instance type (%s) does not match any allowed primitive type (allowed: %s)",
			w.typeAt(e.InstanceLocation, k.Got), jsonText(slices.Sorted(slices.Values(k.Want))))
	case *kind.Enum:
		return fmt.Sprintf("instance value (%s) not found in enum (possible values: %s)", jsonText(k.Got), jsonText(k.Want))
	case *kind.AdditionalProperties:
		return "object instance has properties which are not allowed by the schema: " + jsonText(slices.Sorted(slices.Values(k.Properties)))
	case *kind.Pattern:
		return fmt.Sprintf("ECMA 262 regex %s does not match input string %s", jsonText(k.Want), jsonText(k.Got))
	case *kind.UniqueItems:
		return "array must not contain duplicate elements"
	case *kind.Not:
		return "instance matched a schema which it should not have"
	case *kind.Format:
		return fmt.Sprintf("string %s is invalid against requested format %s", jsonText(k.Got), jsonText(k.Want))
	}
	if text := sizeComplaint(e.ErrorKind); text != "" {
		return text
	}
	return "instance does not match keyword " + jsonText(strings.Join(e.ErrorKind.KeywordPath(), "/"))
}

// sizeComplaint is the text for a value that is too large or too small.
func sizeComplaint(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("numeric instance is lower than the required minimum (minimum: %s, found: %s)", number(k.Want), number(k.Got))
	case *kind.Maximum:
		return fmt.Sprintf("numeric instance is greater than the required maximum (maximum: %s, found: %s)", number(k.Want), number(k.Got))
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("numeric instance is not strictly greater than the required minimum %s", number(k.Want))
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("numeric instance is not strictly lower than the required maximum %s", number(k.Want))
	case *kind.MultipleOf:
		return fmt.Sprintf("remainder of division is not zero (%s / %s)", number(k.Got), number(k.Want))
	case *kind.MinLength:
		return fmt.Sprintf("string is too short (length: %d, required minimum: %d)", k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("string is too long (length: %d, maximum allowed: %d)", k.Got, k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("array is too short: must have at least %d elements but instance has %d elements", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("array is too long: must have at most %d elements but instance has %d elements", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("object has too few properties (found %d but schema requires at least %d)", k.Got, k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("object has too many properties (found %d but schema requires at most %d)", k.Got, k.Want)
	}
	return ""
}

// typeAt is the type that the validator names: of numbers, whole ones are
// "integer".
func (w *complaints) typeAt(location []string, got string) string {
	if got != "number" {
		return got
	}
	at := w.tree
	for _, step := range location {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			index := 0
			if _, err := fmt.Sscanf(step, "%d", &index); err != nil || index < 0 || index >= len(v) {
				return got
			}
			at = v[index]
		}
	}
	if n, ok := at.(json.Number); ok && !strings.ContainsAny(string(n), ".eE") {
		return "integer"
	}
	return got
}

// number writes a number in decimals.
func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(10), "0")
}

// maxQuoted bounds the part of a body that a complaint repeats.
const maxQuoted = 256

// jsonText writes a value as JSON.
func jsonText(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return "null"
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
	}
	return text
}
