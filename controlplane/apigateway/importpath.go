package apigateway

import (
	"fmt"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// paths takes the document's paths over, with their operations. Resources that
// are there at the same path keep their ids.
func (im *importer) paths() error {
	root := val(im.rec.Api.RootResourceId)
	for id, res := range im.rec.Resources {
		im.oldIDs[val(res.Path)] = id
	}
	if im.overwrite {
		top := im.rec.Resources[root]
		top.ResourceMethods = nil
		im.rec.Resources = map[string]apigatewayapi.Resource{root: top}
	}
	for id, res := range im.rec.Resources {
		if res.ParentId != nil {
			im.children[[2]string{*res.ParentId, val(res.PathPart)}] = id
		}
	}
	base := im.baseSegments()
	for _, p := range im.doc.Paths {
		id, err := im.resource(root, base, p.Path)
		if err != nil {
			return err
		}
		if im.full {
			return nil
		}
		if id == "" {
			continue
		}
		for i := range p.Operations {
			if err := im.method(id, &p.Operations[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// baseSegments is the part of the document's base path that goes before each
// path: all of it to prepend, all but the first segment to split.
func (im *importer) baseSegments() []string {
	segments := pathSegments(im.doc.BasePath)
	switch {
	case im.basepath == "prepend":
		return segments
	case im.basepath == "split" && len(segments) > 0:
		return segments[1:]
	}
	return nil
}

// pathSegments splits a path, to a bound that no API reaches.
func pathSegments(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		if part != "" {
			out = append(out, part)
		}
		if len(out) > 1000 {
			break
		}
	}
	return out
}

// resource finds or makes the resource at a path of the document, with those
// above it; "" when it cannot be.
func (im *importer) resource(root string, base []string, path string) (string, error) {
	id := root
	for _, segments := range [][]string{base, pathSegments(path)} {
		for _, part := range segments {
			child, ok := im.children[[2]string{id, part}]
			if !ok {
				var err error
				if child, err = im.newResource(id, part); err != nil || child == "" {
					return "", err
				}
			}
			id = child
		}
	}
	return id, nil
}

func (im *importer) newResource(parentID, part string) (string, error) {
	path := childPath(val(im.rec.Resources[parentID].Path), part)
	what := fmt.Sprintf("Unable to create resource at path '%s'", path)
	if len(im.rec.Resources) >= im.limits.Resources {
		im.full = true
		return "", im.problem(what, tooMany("resources", "API"))
	}
	if err := im.rec.checkPlace("", parentID, part); err != nil {
		return "", im.problem(what, err)
	}
	id := im.oldIDs[path]
	if _, taken := im.rec.Resources[id]; id == "" || taken {
		var err error
		if id, err = freshChildID(im.Service, im.rec.Resources); err != nil {
			return "", err
		}
	}
	im.rec.Resources[id] = apigatewayapi.Resource{Id: new(id), ParentId: new(parentID), PathPart: new(part), Path: new(path)}
	im.children[[2]string{parentID, part}] = id
	return id, nil
}

// method takes one operation over, in place of the method there was.
func (im *importer) method(resourceID string, op *openapi.Operation) error {
	path := val(im.rec.Resources[resourceID].Path)
	where := fmt.Sprintf("'%s' on resource at path '%s'", op.Verb, path)
	m := apigatewayapi.Method{
		HttpMethod: new(op.Verb), AuthorizationType: new("NONE"), ApiKeyRequired: new(false),
		OperationName: filled(new(op.ID)), RequestParameters: requestParameters(op, path),
	}
	for _, body := range op.Bodies {
		if m.RequestModels == nil {
			m.RequestModels = map[string]string{}
		}
		m.RequestModels[body.MediaType] = body.Model
	}
	im.guard(&m, op)
	validator := op.Node.Get("x-amazon-apigateway-request-validator").Scalar()
	if validator == "" {
		validator = im.doc.Root.Get("x-amazon-apigateway-request-validator").Scalar()
	}
	if validator != "" {
		// An unknown name is no id either, so checkMethod refuses it.
		if m.RequestValidatorId = new(validator); im.validators[validator] != "" {
			m.RequestValidatorId = new(im.validators[validator])
		}
	}
	if err := im.rec.checkMethod(&m); err != nil {
		return im.problem("Unable to put method "+where, err)
	}
	for i := range op.Responses {
		if err := im.methodResponse(&m, &op.Responses[i]); err != nil {
			if err := im.problem(fmt.Sprintf("Unable to put method response '%s' on %s", op.Responses[i].Status, where), err); err != nil {
				return err
			}
		}
	}
	spot := spot{path: path, verb: op.Verb}
	if err := im.integration(&m, spot, resourceID, op.Node.Get("x-amazon-apigateway-integration")); err != nil {
		return err
	}
	im.rec.setMethod(resourceID, op.Verb, m)
	return nil
}

// requestParameters are an operation's parameters, and each variable of its
// path, declared or not.
func requestParameters(op *openapi.Operation, path string) map[string]bool {
	var out map[string]bool
	add := func(place, name string, required bool) {
		if out == nil {
			out = map[string]bool{}
		}
		out["method.request."+place+"."+name] = required
	}
	places := map[string]string{"query": "querystring", "header": "header", "path": "path"}
	named := map[string]bool{}
	for _, p := range op.Parameters {
		add(places[p.In], p.Name, p.Required)
		named[p.Name] = true
	}
	for _, name := range pathVariables(path) {
		if !named[name] { // names are unique over all places
			add("path", name, true)
		}
	}
	return out
}

// pathVariables are the names of a resource path's variables.
func pathVariables(path string) []string {
	var out []string
	for _, part := range pathSegments(path) {
		if isVariable(part) {
			out = append(out, strings.TrimSuffix(strings.Trim(part, "{}"), "+"))
		}
	}
	return out
}

func (im *importer) methodResponse(m *apigatewayapi.Method, in *openapi.Response) error {
	made := apigatewayapi.MethodResponse{StatusCode: new(in.Status)}
	for _, header := range in.Headers {
		if made.ResponseParameters == nil {
			made.ResponseParameters = map[string]bool{}
		}
		made.ResponseParameters["method.response.header."+header] = false
	}
	for _, content := range in.Contents {
		if made.ResponseModels == nil {
			made.ResponseModels = map[string]string{}
		}
		made.ResponseModels[content.MediaType] = content.Model
	}
	if err := im.rec.checkMethodResponse(&made); err != nil {
		return err
	}
	if m.MethodResponses == nil {
		m.MethodResponses = map[string]apigatewayapi.MethodResponse{}
	}
	m.MethodResponses[in.Status] = made
	return nil
}

// scheme is what a security scheme of the document is to a method.
type scheme struct {
	apiKey     bool
	iam        bool
	authorizer string // id
	cognito    bool
}

// guard says how a method is guarded: an API key if any of its schemes is one,
// and the first authorizer or IAM among them (reference/api-gateway.md 1.11).
func (im *importer) guard(m *apigatewayapi.Method, op *openapi.Operation) {
	found := false
	for _, r := range op.Security {
		s := im.schemes[r.Scheme]
		if s.apiKey {
			m.ApiKeyRequired = new(true)
		}
		if found || !s.iam && s.authorizer == "" {
			continue
		}
		found = true
		switch {
		case s.iam:
			m.AuthorizationType = new("AWS_IAM")
		case s.cognito:
			m.AuthorizationType, m.AuthorizerId = new("COGNITO_USER_POOLS"), new(s.authorizer)
			if len(r.Scopes) > 0 {
				m.AuthorizationScopes = r.Scopes
			}
		default:
			m.AuthorizationType, m.AuthorizerId = new("CUSTOM"), new(s.authorizer)
		}
	}
	if kind := op.Node.Get("x-amazon-apigateway-auth").Get("type").Scalar(); kind != "" {
		m.AuthorizationType, m.AuthorizerId, m.AuthorizationScopes = new(kind), nil, nil
	}
}
