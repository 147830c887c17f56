package apigateway

import (
	"encoding/json"
	"fmt"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// maxPartProperties bounds one documentation part; ours.
const maxPartProperties = 256 << 10

func noDocumentationPart() error {
	return apigatewayapi.NotFoundException("Invalid Documentation part identifier specified")
}

// locationMembers says which members a location of each type has, besides its
// type: p(ath), m(ethod), s(tatus code), n(ame).
var locationMembers = map[string]string{
	"API": "", "AUTHORIZER": "n", "MODEL": "n", "RESOURCE": "p", "METHOD": "pm", "REQUEST_BODY": "pm",
	"PATH_PARAMETER": "pmn", "QUERY_PARAMETER": "pmn", "REQUEST_HEADER": "pmn",
	"RESPONSE": "pms", "RESPONSE_BODY": "pms", "RESPONSE_HEADER": "pmsn",
}

// checkLocation checks a location and fills in the defaults of the members its
// type has: path "/", method "*", status code "*" (reference/api-gateway.md
// 1.13).
func checkLocation(in *apigatewayapi.DocumentationPartLocation) (*apigatewayapi.DocumentationPartLocation, error) {
	if in == nil {
		return nil, badRequest("Documentation part location must be specified")
	}
	members, ok := locationMembers[val(in.Type)]
	if !ok {
		return nil, badRequest("Invalid documentation part location type specified: %s", val(in.Type))
	}
	out := &apigatewayapi.DocumentationPartLocation{Type: in.Type}
	for _, m := range []struct {
		letter, name, preset string
		from, to             **string
	}{
		{"p", "path", "/", &in.Path, &out.Path},
		{"m", "method", "*", &in.Method, &out.Method},
		{"s", "statusCode", "*", &in.StatusCode, &out.StatusCode},
		{"n", "name", "", &in.Name, &out.Name},
	} {
		has := strings.Contains(members, m.letter)
		*m.to = filled(*m.from)
		switch {
		case !has && *m.to != nil:
			return nil, badRequest("Documentation part location of type %s has no %s", val(in.Type), m.name)
		case has && *m.to == nil && m.preset == "":
			return nil, badRequest("Documentation part location of type %s needs a %s", val(in.Type), m.name)
		case has && *m.to == nil:
			*m.to = new(m.preset)
		}
	}
	return out, nil
}

func checkPartProperties(properties string) error {
	var object map[string]any
	switch err := json.Unmarshal([]byte(properties), &object); {
	case err != nil || object == nil:
		return badRequest("Documentation part properties must be a JSON object")
	case len(properties) > maxPartProperties:
		return badRequest("Documentation part properties can take at most %d bytes", maxPartProperties)
	}
	return nil
}

// samePlace tells whether two checked locations are the same.
func samePlace(a, b *apigatewayapi.DocumentationPartLocation) bool {
	return val(a.Type) == val(b.Type) && val(a.Path) == val(b.Path) && val(a.Method) == val(b.Method) &&
		val(a.StatusCode) == val(b.StatusCode) && val(a.Name) == val(b.Name)
}

// partAt is the id of the part at a checked location, "" for none.
func (r *APIRecord) partAt(location *apigatewayapi.DocumentationPartLocation) string {
	for id, part := range r.DocumentationParts {
		if samePlace(part.Location, location) {
			return id
		}
	}
	return ""
}

// placeText names a location as errors do.
func placeText(l *apigatewayapi.DocumentationPartLocation) string {
	text := fmt.Sprintf("type '%s'", val(l.Type))
	for _, m := range []struct {
		name  string
		value *string
	}{{"path", l.Path}, {"method", l.Method}, {"statusCode", l.StatusCode}, {"name", l.Name}} {
		if m.value != nil {
			text += fmt.Sprintf(", %s '%s'", m.name, *m.value)
		}
	}
	return text
}

// addDocumentationPart stores a part with a checked location. It gets the id.
func (s *Service) addDocumentationPart(rec *APIRecord, part *apigatewayapi.DocumentationPart) error {
	if err := checkPartProperties(val(part.Properties)); err != nil {
		return err
	}
	if len(rec.DocumentationParts) >= s.limits.DocumentationParts {
		return tooMany("documentation parts", "API")
	}
	return documentationChildren().add(s, rec, part, func(part *apigatewayapi.DocumentationPart, id *string) { part.Id = id })
}

// CreateDocumentationPart documents one place of an API.
func (s *Service) CreateDocumentationPart(call *api.Call, in *apigatewayapi.CreateDocumentationPartRequest) (*apigatewayapi.DocumentationPart, error) {
	id := val(in.RestApiId)
	var made apigatewayapi.DocumentationPart
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		location, err := checkLocation(in.Location)
		if err != nil {
			return err
		}
		if rec.partAt(location) != "" {
			return apigatewayapi.ConflictException("Documentation part already exists for the specified location: " + placeText(location) + ".")
		}
		made = apigatewayapi.DocumentationPart{Location: location, Properties: in.Properties}
		return s.addDocumentationPart(rec, &made)
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetDocumentationPart answers one part.
func (s *Service) GetDocumentationPart(call *api.Call, in *apigatewayapi.GetDocumentationPartRequest) (*apigatewayapi.DocumentationPart, error) {
	return documentationChildren().get(s, call, childRef{in.RestApiId, in.DocumentationPartId})
}

// GetDocumentationParts answers a page of the parts that match the query, by
// id. locationStatus UNDOCUMENTED asks for the places that have no part: they
// come without id and properties, by type and path.
func (s *Service) GetDocumentationParts(call *api.Call, in *apigatewayapi.GetDocumentationPartsRequest) (*apigatewayapi.DocumentationParts, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	parts := rec.DocumentationParts
	if val(in.LocationStatus) == apigatewayapi.LocationStatusTypeUndocumented {
		parts = rec.undocumented()
	}
	items, next := mapPage(p, parts, func(part *apigatewayapi.DocumentationPart) bool {
		l := part.Location
		return (in.Type == nil || val(l.Type) == *in.Type) && (in.Path == nil || val(l.Path) == *in.Path) &&
			strings.Contains(val(l.Name), val(in.NameQuery))
	})
	return &apigatewayapi.DocumentationParts{Items: items, Position: next}, nil
}

// undocumented are the places of an API without a part of their own, by a key
// that sorts them: the API, its models, authorizers, resources, methods and
// responses.
func (r *APIRecord) undocumented() map[string]apigatewayapi.DocumentationPart {
	out := map[string]apigatewayapi.DocumentationPart{}
	note := func(l apigatewayapi.DocumentationPartLocation) {
		if r.partAt(&l) == "" {
			out[placeText(&l)] = apigatewayapi.DocumentationPart{Location: &l}
		}
	}
	note(apigatewayapi.DocumentationPartLocation{Type: new("API")})
	for name := range r.Models {
		note(apigatewayapi.DocumentationPartLocation{Type: new("MODEL"), Name: new(name)})
	}
	for _, a := range r.Authorizers {
		note(apigatewayapi.DocumentationPartLocation{Type: new("AUTHORIZER"), Name: a.Name})
	}
	for _, res := range r.Resources {
		note(apigatewayapi.DocumentationPartLocation{Type: new("RESOURCE"), Path: res.Path})
		for verb, m := range res.ResourceMethods {
			note(apigatewayapi.DocumentationPartLocation{Type: new("METHOD"), Path: res.Path, Method: new(verb)})
			for code := range m.MethodResponses {
				note(apigatewayapi.DocumentationPartLocation{Type: new("RESPONSE"), Path: res.Path, Method: new(verb), StatusCode: new(code)})
			}
		}
	}
	return out
}

// UpdateDocumentationPart patches a part.
func (s *Service) UpdateDocumentationPart(call *api.Call, in *apigatewayapi.UpdateDocumentationPartRequest) (*apigatewayapi.DocumentationPart, error) {
	type target = apigatewayapi.DocumentationPart
	table := patchTable[target]{wording: listedWording("/properties"), rules: []rule[target]{
		replaceText("/properties", func(part *target) **string { return &part.Properties }, checkPartProperties),
	}}
	return documentationChildren().change(s, call, childRef{in.RestApiId, in.DocumentationPartId}, func(part *target) error {
		return table.apply(part, in.PatchOperations)
	})
}

// DeleteDocumentationPart removes a part. Here an unknown API is told from an
// unknown part (recorded).
func (s *Service) DeleteDocumentationPart(call *api.Call, in *apigatewayapi.DeleteDocumentationPartRequest) error {
	return documentationChildren().remove(s, call, removal{childRef{in.RestApiId, in.DocumentationPartId}, noAPI(call, val(in.RestApiId)), nil})
}
