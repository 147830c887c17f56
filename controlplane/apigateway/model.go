package apigateway

import "drawbridge/controlplane/api/apigatewayapi"

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
