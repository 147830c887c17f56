package apigateway

import (
	"encoding/json"
	"maps"

	"go.yaml.in/yaml/v3"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// maxDefinition bounds an imported document (reference/api-gateway.md 8).
const maxDefinition = 6 << 20

// documentedDefinition is what ImportDocumentationParts reads of an OpenAPI
// document, in JSON or YAML (of which JSON is a part).
type documentedDefinition struct {
	Documentation *struct {
		Version string           `yaml:"version"`
		Parts   []documentedPart `yaml:"documentationParts"`
	} `yaml:"x-amazon-apigateway-documentation"`
}

type documentedPart struct {
	Location struct {
		Type       string `yaml:"type"`
		Path       string `yaml:"path"`
		Method     string `yaml:"method"`
		StatusCode string `yaml:"statusCode"`
		Name       string `yaml:"name"`
	} `yaml:"location"`
	Properties map[string]any `yaml:"properties"`
}

// parseDocumentation reads the documentation parts of a document.
func parseDocumentation(body []byte) (parts []apigatewayapi.DocumentationPart, err error) {
	unreadable := badRequest("Unable to build importer with provided input.")
	if len(body) == 0 || len(body) > maxDefinition {
		return nil, unreadable
	}
	var definition documentedDefinition
	if yaml.Unmarshal(body, &definition) != nil || definition.Documentation == nil {
		return nil, unreadable
	}
	for i := range definition.Documentation.Parts {
		in := &definition.Documentation.Parts[i]
		location, err := checkLocation(&apigatewayapi.DocumentationPartLocation{
			Type: new(in.Location.Type), Path: new(in.Location.Path), Method: new(in.Location.Method),
			StatusCode: new(in.Location.StatusCode), Name: new(in.Location.Name),
		})
		if err != nil {
			return nil, err
		}
		properties, err := json.Marshal(in.Properties)
		if err != nil { // a key that is no text
			return nil, unreadable
		}
		parts = append(parts, apigatewayapi.DocumentationPart{Location: location, Properties: new(string(properties))})
	}
	return parts, nil
}

// ImportDocumentationParts takes the parts of a document over: merge replaces
// those at the same places, overwrite all. A part for a place that the API does
// not have is a warning.
func (s *Service) ImportDocumentationParts(call *api.Call, in *apigatewayapi.ImportDocumentationPartsRequest) (*apigatewayapi.DocumentationPartIds, error) {
	id := val(in.RestApiId)
	out := &apigatewayapi.DocumentationPartIds{}
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		parts, err := parseDocumentation(in.Body)
		if err != nil {
			return err
		}
		out = &apigatewayapi.DocumentationPartIds{Ids: []string{}}
		return s.importParts(rec, parts, in, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) importParts(rec *APIRecord, parts []apigatewayapi.DocumentationPart, in *apigatewayapi.ImportDocumentationPartsRequest, out *apigatewayapi.DocumentationPartIds) error {
	if val(in.Mode) == apigatewayapi.PutModeOverwrite {
		rec.DocumentationParts = nil
	}
	at := make(map[string]string, len(rec.DocumentationParts)) // ids by place
	for id, part := range rec.DocumentationParts {
		at[placeText(part.Location)] = id
	}
	names := rec.placeNames()
	for i := range parts {
		part := &parts[i]
		place := placeText(part.Location)
		if !names.has(part.Location) {
			out.Warnings = append(out.Warnings, "Documentation part for "+place+" names nothing of this API")
		}
		if id, there := at[place]; there {
			if err := checkPartProperties(val(part.Properties)); err != nil {
				return err
			}
			part.Id = new(id)
			rec.DocumentationParts[id] = *part
		} else if err := s.addDocumentationPart(rec, part); err != nil {
			return err
		}
		at[place] = *part.Id
		out.Ids = append(out.Ids, *part.Id)
	}
	if len(out.Warnings) > 0 && val(in.FailOnWarnings) {
		return badRequest("Warnings found during import: %s", joinWarnings(out.Warnings))
	}
	return nil
}

func joinWarnings(warnings []string) string {
	text := ""
	for i, w := range warnings {
		if i > 0 {
			text += "; "
		}
		if i == 20 {
			return text + "…"
		}
		text += w
	}
	return text
}

// placeNames are the names that locations of an API can have.
type placeNames struct {
	models, authorizers, paths map[string]bool
}

func (r *APIRecord) placeNames() placeNames {
	n := placeNames{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for name := range maps.Keys(r.Models) {
		n.models[name] = true
	}
	for _, a := range r.Authorizers {
		n.authorizers[val(a.Name)] = true
	}
	for _, res := range r.Resources {
		n.paths[val(res.Path)] = true
	}
	return n
}

func (n placeNames) has(l *apigatewayapi.DocumentationPartLocation) bool {
	switch {
	case val(l.Type) == "MODEL":
		return n.models[val(l.Name)]
	case val(l.Type) == "AUTHORIZER":
		return n.authorizers[val(l.Name)]
	case l.Path != nil:
		return n.paths[*l.Path]
	}
	return true
}
