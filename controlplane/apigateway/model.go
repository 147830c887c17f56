package apigateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// defaultModels are the two models of a new API (reference/api-gateway.md 1.7).
func (s *Service) defaultModels() map[string]apigatewayapi.Model {
	model := func(name, description, schema string) apigatewayapi.Model {
		return apigatewayapi.Model{
			Id: new(s.newID(childIDLength)), Name: new(name), Description: new(description),
			ContentType: new("application/json"), Schema: new(schema),
		}
	}
	return map[string]apigatewayapi.Model{
		"Empty": model("Empty", "This is a default empty schema model", `{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
}`),
		"Error": model("Error", "This is a default error schema model", `{
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
}`),
	}
}

// checkModels finds each model that requestModels or responseModels name.
func (r *APIRecord) checkModels(models map[string]string) error {
	for _, contentType := range sortedKeys(models) {
		if err := r.checkModel(models[contentType]); err != nil {
			return err
		}
	}
	return nil
}

func (r *APIRecord) checkModel(name string) error {
	if _, ok := r.Models[name]; !ok {
		return badRequest("Invalid model identifier specified: %s", name)
	}
	return nil
}

// modelRefForm is how a model's schema names another model of its API
// (reference/api-gateway.md 1.11).
var modelRefForm = regexp.MustCompile(`^https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)$`)

var modelNameForm = regexp.MustCompile(`^[A-Za-z0-9]+$`)

func noModel(name string) error {
	return apigatewayapi.NotFoundException("Invalid model name specified: " + name)
}

// checkNewModel checks a model that is to be added to an API.
func (s *Service) checkNewModel(rec *APIRecord, m *apigatewayapi.Model) error {
	name := val(m.Name)
	switch _, taken := rec.Models[name]; {
	case name == "":
		return badRequest("Model name must be non-empty")
	case !modelNameForm.MatchString(name):
		return badRequest("Model name must be alphanumeric: %s", name)
	case taken:
		return apigatewayapi.ConflictException("Model name already exists for this REST API")
	}
	return s.checkModelSchema(rec, m)
}

// checkModelSchema checks a model's schema and holds the API's models to their
// quota. Only JSON is looked into.
func (s *Service) checkModelSchema(rec *APIRecord, m *apigatewayapi.Model) error {
	schema := val(m.Schema)
	if strings.TrimSpace(schema) == "" {
		return badRequest("Model schema must have at least 1 property or array items defined")
	}
	total := len(schema)
	for name, other := range rec.Models {
		if name != val(m.Name) {
			total += len(val(other.Schema))
		}
	}
	if total > s.limits.ModelBytes {
		return apigatewayapi.LimitExceededException(fmt.Sprintf(
			"The schemas of an API's models take at most %d bytes together.", s.limits.ModelBytes))
	}
	if !strings.Contains(strings.ToLower(val(m.ContentType)), "json") {
		return nil
	}
	var tree any
	if err := json.Unmarshal([]byte(schema), &tree); err != nil {
		return badModel("Invalid model schema specified")
	}
	if _, ok := tree.(map[string]any); !ok {
		return badModel("Invalid model schema specified")
	}
	for _, ref := range modelRefs(tree) {
		if _, ok := rec.Models[ref]; !ok && ref != val(m.Name) {
			return badModel("Invalid model identifier specified: " + ref)
		}
	}
	return nil
}

func badModel(text string) error {
	return badRequest("Invalid model specified: Validation Result: warnings : [], errors : [%s]", text)
}

// modelRefs lists the models that a schema names, in the order of their keys.
func modelRefs(tree any) []string {
	var out []string
	switch node := tree.(type) {
	case map[string]any:
		for _, key := range sortedKeys(node) {
			if text, ok := node[key].(string); ok && key == "$ref" {
				if match := modelRefForm.FindStringSubmatch(text); match != nil {
					out = append(out, match[1])
				}
				continue
			}
			out = append(out, modelRefs(node[key])...)
		}
	case []any:
		for _, item := range node {
			out = append(out, modelRefs(item)...)
		}
	}
	return out
}

// CreateModel adds a model to an API.
func (s *Service) CreateModel(call *api.Call, in *apigatewayapi.CreateModelRequest) (*apigatewayapi.Model, error) {
	id := val(in.RestApiId)
	made := apigatewayapi.Model{
		Name: in.Name, Description: filled(in.Description), Schema: in.Schema, ContentType: in.ContentType,
	}
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		if err := s.checkNewModel(rec, &made); err != nil {
			return err
		}
		if !contentTypeForm.MatchString(val(in.ContentType)) {
			return badModel("Invalid content type specified: " + val(in.ContentType))
		}
		made.Id = new(s.newID(childIDLength)) // models are found by name
		if rec.Models == nil {
			rec.Models = map[string]apigatewayapi.Model{}
		}
		rec.Models[val(in.Name)] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetModel answers one model, with flatten with all models it refers to inside.
func (s *Service) GetModel(call *api.Call, in *apigatewayapi.GetModelRequest) (*apigatewayapi.Model, error) {
	name := val(in.ModelName)
	rec, err := s.loadAPI(call, val(in.RestApiId), noModel(name))
	if err != nil {
		return nil, err
	}
	m, ok := rec.Models[name]
	if !ok {
		return nil, noModel(name)
	}
	if val(in.Flatten) {
		if m.Schema, err = rec.flattened(&m); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

// GetModels answers a page of an API's models, by name.
func (s *Service) GetModels(call *api.Call, in *apigatewayapi.GetModelsRequest) (*apigatewayapi.Models, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	items, next := mapPage(p, rec.Models, nil)
	return &apigatewayapi.Models{Items: items, Position: next}, nil
}

func modelPatches() patchTable[apigatewayapi.Model] {
	type target = apigatewayapi.Model
	return patchTable[target]{wording: listedWording("/description", "/schema"), rules: []rule[target]{
		replaceText("/description", func(m *target) **string { return &m.Description }, nil),
		replaceText("/schema", func(m *target) **string { return &m.Schema }, nil),
	}}
}

// UpdateModel patches a model.
func (s *Service) UpdateModel(call *api.Call, in *apigatewayapi.UpdateModelRequest) (*apigatewayapi.Model, error) {
	name := val(in.ModelName)
	var out apigatewayapi.Model
	err := s.editAPI(call, val(in.RestApiId), noModel(name), func(rec *APIRecord) error {
		m, ok := rec.Models[name]
		if !ok {
			return noModel(name)
		}
		if err := modelPatches().apply(&m, in.PatchOperations); err != nil {
			return err
		}
		if err := s.checkModelSchema(rec, &m); err != nil {
			return err
		}
		rec.Models[name], out = m, m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteModel removes a model that nothing refers to.
func (s *Service) DeleteModel(call *api.Call, in *apigatewayapi.DeleteModelRequest) error {
	name := val(in.ModelName)
	return s.editAPI(call, val(in.RestApiId), noModel(name), func(rec *APIRecord) error {
		if _, ok := rec.Models[name]; !ok {
			return noModel(name)
		}
		if user := rec.modelUser(name); user != "" {
			return apigatewayapi.ConflictException(fmt.Sprintf("Cannot delete model '%s', is referenced in %s", name, user))
		}
		delete(rec.Models, name)
		return nil
	})
}

// modelUser names what refers to a model, "" for nothing: "method request:
// /pets/GET", where the root shows as "//GET" (reference/api-gateway.md 1.8).
func (r *APIRecord) modelUser(name string) string {
	user := r.methodWhere(func(m *apigatewayapi.Method) bool {
		return slices.Contains(slices.Collect(maps.Values(m.RequestModels)), name)
	})
	if user != "" {
		return "method request: " + user
	}
	user = r.methodWhere(func(m *apigatewayapi.Method) bool {
		for _, response := range m.MethodResponses {
			if slices.Contains(slices.Collect(maps.Values(response.ResponseModels)), name) {
				return true
			}
		}
		return false
	})
	if user != "" {
		return "method response: " + user
	}
	for _, other := range sortedKeys(r.Models) {
		var tree any
		if other != name && json.Unmarshal([]byte(val(r.Models[other].Schema)), &tree) == nil &&
			slices.Contains(modelRefs(tree), name) {
			return "model: " + other
		}
	}
	return ""
}

// methodWhere is the path and verb of the first method, by path and verb, that
// match holds for; "" for none.
func (r *APIRecord) methodWhere(match func(*apigatewayapi.Method) bool) string {
	first := ""
	for _, res := range r.Resources {
		for verb, m := range res.ResourceMethods {
			if at := val(res.Path) + "/" + verb; (first == "" || at < first) && match(&m) {
				first = at
			}
		}
	}
	return first
}
