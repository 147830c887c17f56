package apigateway

import (
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const (
	httpMethodText = "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
	authorizerText = "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
)

// requestParameterForm is the name of a method's request parameter.
var requestParameterForm = regexp.MustCompile(`^method\.request\.(?:querystring|multivaluequerystring|header|multivalueheader|path)\.(.+)$`)

func noMethod() error {
	return apigatewayapi.NotFoundException("Invalid Method identifier specified")
}

func validVerb(verb string) bool {
	switch verb {
	case "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY":
		return true
	}
	return false
}

// badMapping is AWS's answer to a mapping expression that it cannot read.
func badMapping(expression string) error {
	return badRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: %s]", expression)
}

// undeclared is AWS's answer to a mapping that names a parameter which the
// method, or the method response, does not declare.
func undeclared(parameter string) error {
	return badRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", parameter)
}

// method finds a method.
func (r *APIRecord) method(resourceID, verb string) (apigatewayapi.Method, error) {
	res, ok := r.Resources[resourceID]
	if !ok {
		return apigatewayapi.Method{}, noResource()
	}
	m, ok := res.ResourceMethods[verb]
	if !ok {
		return apigatewayapi.Method{}, noMethod()
	}
	return m, nil
}

// setMethod puts a method; the resource must exist.
func (r *APIRecord) setMethod(resourceID, verb string, m apigatewayapi.Method) {
	res := r.Resources[resourceID]
	if res.ResourceMethods == nil {
		res.ResourceMethods = map[string]apigatewayapi.Method{}
	}
	res.ResourceMethods[verb] = m
	r.Resources[resourceID] = res
}

// methodID names a method in a request.
type methodID struct{ api, resource, verb string }

// editMethod changes a method that exists.
func (s *Service) editMethod(call *api.Call, id methodID, change func(rec *APIRecord, m *apigatewayapi.Method) error) error {
	return s.editAPI(call, id.api, noResource(), func(rec *APIRecord) error {
		m, err := rec.method(id.resource, id.verb)
		if err != nil {
			return err
		}
		if err := change(rec, &m); err != nil {
			return err
		}
		rec.setMethod(id.resource, id.verb, m)
		return nil
	})
}

// loadMethod reads a method.
func (s *Service) loadMethod(call *api.Call, id methodID) (apigatewayapi.Method, error) {
	rec, err := s.loadAPI(call, id.api, noResource())
	if err != nil {
		return apigatewayapi.Method{}, err
	}
	return rec.method(id.resource, id.verb)
}

// checkMethod checks what a method says, in AWS's order, and brings it into the
// form that is stored.
func (r *APIRecord) checkMethod(m *apigatewayapi.Method) error {
	kind := strings.ToUpper(val(m.AuthorizationType)) // "none" is taken too
	m.AuthorizationType = new(kind)
	switch kind {
	case "NONE", "AWS_IAM":
		m.AuthorizerId = nil
	case "CUSTOM", "COGNITO_USER_POOLS":
		if _, ok := r.Authorizers[val(m.AuthorizerId)]; !ok {
			return badRequest(authorizerText)
		}
	default:
		return badRequest("Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS")
	}
	m.RequestValidatorId = filled(m.RequestValidatorId)
	if id := m.RequestValidatorId; id != nil {
		if _, ok := r.RequestValidators[*id]; !ok {
			return badRequest("Invalid Request Validator identifier specified")
		}
	}
	if err := r.checkModels(m.RequestModels); err != nil {
		return err
	}
	return checkRequestParameters(m.RequestParameters)
}

func checkRequestParameters(parameters map[string]bool) error {
	seen := map[string]bool{}
	for _, name := range sortedKeys(parameters) {
		match := requestParameterForm.FindStringSubmatch(name)
		if match == nil {
			return badMapping(name)
		}
		if seen[match[1]] {
			return badRequest("Parameter names must be unique across querystring, header and path")
		}
		seen[match[1]] = true
	}
	return nil
}

// PutMethod adds a method to a resource.
func (s *Service) PutMethod(call *api.Call, in *apigatewayapi.PutMethodRequest) (*apigatewayapi.Method, error) {
	var made apigatewayapi.Method
	err := s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		res, ok := rec.Resources[val(in.ResourceId)]
		if !ok {
			return noResource()
		}
		verb := val(in.HttpMethod)
		if !validVerb(verb) {
			return badRequest(httpMethodText)
		}
		if _, exists := res.ResourceMethods[verb]; exists {
			return apigatewayapi.ConflictException("Method already exists for this resource")
		}
		made = apigatewayapi.Method{
			HttpMethod: new(verb), AuthorizationType: in.AuthorizationType, AuthorizerId: in.AuthorizerId,
			ApiKeyRequired: new(val(in.ApiKeyRequired)), OperationName: filled(in.OperationName),
			RequestParameters: in.RequestParameters, RequestModels: in.RequestModels,
			RequestValidatorId: in.RequestValidatorId,
		}
		if len(in.AuthorizationScopes) > 0 {
			made.AuthorizationScopes = in.AuthorizationScopes
		}
		if err := rec.checkMethod(&made); err != nil {
			return err
		}
		rec.setMethod(val(in.ResourceId), verb, made)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetMethod answers one method with its responses and its integration.
func (s *Service) GetMethod(call *api.Call, in *apigatewayapi.GetMethodRequest) (*apigatewayapi.Method, error) {
	m, err := s.loadMethod(call, methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)})
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// UpdateMethod patches a method. What the operations leave is checked as a
// whole, so that type and authorizer may come in any order.
func (s *Service) UpdateMethod(call *api.Call, in *apigatewayapi.UpdateMethodRequest) (*apigatewayapi.Method, error) {
	var out apigatewayapi.Method
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(rec *APIRecord, m *apigatewayapi.Method) error {
		if err := methodPatches().apply(m, in.PatchOperations); err != nil {
			return err
		}
		if err := rec.checkMethod(m); err != nil {
			return err
		}
		out = *m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func methodPatches() patchTable[apigatewayapi.Method] {
	type target = apigatewayapi.Method
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/authorizationType", func(m *target) **string { return &m.AuthorizationType }, nil),
		replaceText("/authorizerId", func(m *target) **string { return &m.AuthorizerId }, nil),
		replaceText("/operationName", func(m *target) **string { return &m.OperationName }, nil),
		replaceText("/requestValidatorId", func(m *target) **string { return &m.RequestValidatorId }, nil),
		replaceTruth("/apiKeyRequired", func(m *target) **bool { return &m.ApiKeyRequired }),
		mapRule[target, bool]{
			path: "/requestParameters", member: func(m *target) *map[string]bool { return &m.RequestParameters },
			convert: truthValue, missing: noParameter,
		}.rule(),
		mapRule[target, string]{
			path: "/requestModels", member: func(m *target) *map[string]string { return &m.RequestModels },
			convert: textValue, missing: noContentType,
		}.rule(),
		{path: "/authorizationScopes", ops: []op{opAdd, opRemove}, apply: func(m *target, e *edit) error {
			m.AuthorizationScopes = slices.DeleteFunc(m.AuthorizationScopes, func(have string) bool { return have == e.text() })
			if e.op == opAdd && e.text() != "" {
				m.AuthorizationScopes = append(m.AuthorizationScopes, e.text())
			}
			if len(m.AuthorizationScopes) == 0 {
				m.AuthorizationScopes = nil
			}
			return nil
		}},
	}}
}

// DeleteMethod removes a method with its responses and its integration.
func (s *Service) DeleteMethod(call *api.Call, in *apigatewayapi.DeleteMethodRequest) error {
	return s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		resourceID, verb := val(in.ResourceId), val(in.HttpMethod)
		if _, err := rec.method(resourceID, verb); err != nil {
			return err
		}
		res := rec.Resources[resourceID]
		delete(res.ResourceMethods, verb)
		if len(res.ResourceMethods) == 0 {
			res.ResourceMethods = nil
		}
		rec.Resources[resourceID] = res
		return nil
	})
}
