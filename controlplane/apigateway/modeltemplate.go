package apigateway

import (
	"bytes"
	"encoding/json"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// maxModelDepth bounds what GetModelTemplate and flatten follow.
const maxModelDepth = 32

// flattened is a model's schema with every model it refers to, directly or
// not, under "definitions".
func (r *APIRecord) flattened(m *apigatewayapi.Model) (*string, error) {
	var root map[string]any
	if json.Unmarshal([]byte(val(m.Schema)), &root) != nil {
		return m.Schema, nil // not JSON: there is nothing to follow
	}
	definitions := map[string]any{}
	pending := modelRefs(root)
	for len(pending) > 0 {
		name := pending[0]
		pending = pending[1:]
		other, ok := r.Models[name]
		if _, done := definitions[name]; done || !ok {
			continue
		}
		var tree any
		if err := json.Unmarshal([]byte(val(other.Schema)), &tree); err != nil {
			return nil, badModel("Invalid model schema specified")
		}
		pending = append(pending, modelRefs(tree)...)
		definitions[name] = localRefs(tree, definitions)
	}
	localRefs(root, definitions)
	if len(definitions) > 0 {
		have, _ := root["definitions"].(map[string]any)
		for name, tree := range have {
			definitions[name] = tree
		}
		root["definitions"] = definitions
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	return new(strings.TrimSuffix(out.String(), "\n")), nil
}

// localRefs turns the references to models in a tree into references to
// "#/definitions/", in place.
func localRefs(tree any, known map[string]any) any {
	switch node := tree.(type) {
	case map[string]any:
		for key, child := range node {
			if text, ok := child.(string); ok && key == "$ref" {
				if match := modelRefForm.FindStringSubmatch(text); match != nil {
					node[key] = "#/definitions/" + match[1]
				}
				continue
			}
			localRefs(child, known)
		}
	case []any:
		for _, item := range node {
			localRefs(item, known)
		}
	}
	return tree
}

// GetModelTemplate answers a sample mapping template that writes what a model
// describes: nested objects, a loop for each array, a sample value for each
// scalar.
func (s *Service) GetModelTemplate(call *api.Call, in *apigatewayapi.GetModelTemplateRequest) (*apigatewayapi.Template, error) {
	name := val(in.ModelName)
	rec, err := s.loadAPI(call, val(in.RestApiId), noModel(name))
	if err != nil {
		return nil, err
	}
	m, ok := rec.Models[name]
	if !ok {
		return nil, noModel(name)
	}
	var tree map[string]any
	if json.Unmarshal([]byte(val(m.Schema)), &tree) != nil {
		return nil, badRequest("A template can be made of models with a JSON schema only")
	}
	w := &sampleWriter{models: rec.Models, parsed: map[string]map[string]any{}, most: s.limits.TemplateBytes}
	w.out.WriteString("#set($inputRoot = $input.path('$'))\n")
	w.value(tree, place{expression: "$inputRoot"})
	if w.out.Len() > w.most {
		return nil, badRequest("The template of this model would be larger than %d bytes", w.most)
	}
	return &apigatewayapi.Template{Value: new(w.out.String())}, nil
}

// sampleWriter writes the sample template of a schema.
type sampleWriter struct {
	models map[string]apigatewayapi.Model
	parsed map[string]map[string]any // schemas that references have led to
	out    strings.Builder
	most   int // bytes
}

// place is where in the template a value stands.
type place struct {
	expression string // the VTL expression of what it comes from
	indent     string
	depth      int
}

func (p place) inside(expression string) place {
	return place{expression, p.indent + "  ", p.depth + 1}
}

func (w *sampleWriter) value(schema map[string]any, at place) {
	if at.depth > maxModelDepth || w.out.Len() > w.most {
		w.out.WriteString("null")
		return
	}
	if ref, ok := schema["$ref"].(string); ok {
		w.reference(ref, at)
		return
	}
	kind, _ := schema["type"].(string)
	_, hasProperties := schema["properties"]
	switch {
	case kind == "object" || hasProperties:
		w.object(schema, at)
	case kind == "array":
		w.array(schema, at)
	case kind == "integer":
		w.out.WriteString("42")
	case kind == "number":
		w.out.WriteString("3.149")
	case kind == "boolean":
		w.out.WriteString("true")
	default:
		w.out.WriteString(`"foo"`)
	}
}

func (w *sampleWriter) reference(ref string, at place) {
	match := modelRefForm.FindStringSubmatch(ref)
	if match == nil {
		w.out.WriteString("{ }")
		return
	}
	tree, known := w.parsed[match[1]]
	if !known {
		if json.Unmarshal([]byte(val(w.models[match[1]].Schema)), &tree) != nil {
			tree = nil
		}
		w.parsed[match[1]] = tree
	}
	if tree == nil {
		w.out.WriteString("{ }")
		return
	}
	at.depth++
	w.value(tree, at)
}

func (w *sampleWriter) object(schema map[string]any, at place) {
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 {
		w.out.WriteString("{ }")
		return
	}
	w.out.WriteString("{\n")
	for i, name := range sortedKeys(properties) {
		if i > 0 {
			w.out.WriteString(",\n")
		}
		inner := at.inside(at.expression + "." + name)
		w.out.WriteString(inner.indent + quoted(name) + " : ")
		property, _ := properties[name].(map[string]any)
		w.value(property, inner)
	}
	w.out.WriteString("\n" + at.indent + "}")
}

func (w *sampleWriter) array(schema map[string]any, at place) {
	w.out.WriteString("[\n" + at.indent + "##Update this foreach loop to reference the array of your input\n" +
		at.indent + "#foreach($elem in " + at.expression + ")\n" + at.indent + "  ")
	items, _ := schema["items"].(map[string]any)
	w.value(items, at.inside("$elem"))
	w.out.WriteString("#if($foreach.hasNext),#end\n" + at.indent + "#end\n" + at.indent + "]")
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(out)
}
