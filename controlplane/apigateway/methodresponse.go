package apigateway

import (
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// responseParameterForm is the name of a method's response parameter.
var responseParameterForm = regexp.MustCompile(`^method\.response\.header\..+$`)

func noResponse() error {
	return apigatewayapi.NotFoundException("Invalid Response status code specified")
}

func (r *APIRecord) checkMethodResponse(m *apigatewayapi.MethodResponse) error {
	for _, name := range sortedKeys(m.ResponseParameters) {
		if !responseParameterForm.MatchString(name) {
			return badMapping(name)
		}
	}
	return r.checkModels(m.ResponseModels)
}

// PutMethodResponse declares a response of a method.
func (s *Service) PutMethodResponse(call *api.Call, in *apigatewayapi.PutMethodResponseRequest) (*apigatewayapi.MethodResponse, error) {
	made := apigatewayapi.MethodResponse{
		StatusCode: in.StatusCode, ResponseParameters: in.ResponseParameters, ResponseModels: in.ResponseModels,
	}
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(rec *APIRecord, m *apigatewayapi.Method) error {
		status := val(in.StatusCode)
		if _, exists := m.MethodResponses[status]; exists {
			return apigatewayapi.ConflictException("Response already exists for this resource")
		}
		if err := rec.checkMethodResponse(&made); err != nil {
			return err
		}
		if m.MethodResponses == nil {
			m.MethodResponses = map[string]apigatewayapi.MethodResponse{}
		}
		m.MethodResponses[status] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetMethodResponse answers one declared response.
func (s *Service) GetMethodResponse(call *api.Call, in *apigatewayapi.GetMethodResponseRequest) (*apigatewayapi.MethodResponse, error) {
	m, err := s.loadMethod(call, methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)})
	if err != nil {
		return nil, err
	}
	out, ok := m.MethodResponses[val(in.StatusCode)]
	if !ok {
		return nil, noResponse()
	}
	return &out, nil
}

func methodResponsePatches() patchTable[apigatewayapi.MethodResponse] {
	type target = apigatewayapi.MethodResponse
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		mapRule[target, bool]{
			path: "/responseParameters", member: func(m *target) *map[string]bool { return &m.ResponseParameters },
			convert: truthValue, missing: noParameter,
		}.rule(),
		mapRule[target, string]{
			path: "/responseModels", member: func(m *target) *map[string]string { return &m.ResponseModels },
			convert: textValue, missing: noContentType,
		}.rule(),
	}}
}

// UpdateMethodResponse patches a declared response.
func (s *Service) UpdateMethodResponse(call *api.Call, in *apigatewayapi.UpdateMethodResponseRequest) (*apigatewayapi.MethodResponse, error) {
	var out apigatewayapi.MethodResponse
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(rec *APIRecord, m *apigatewayapi.Method) error {
		response, ok := m.MethodResponses[val(in.StatusCode)]
		if !ok {
			return noResponse()
		}
		if err := methodResponsePatches().apply(&response, in.PatchOperations); err != nil {
			return err
		}
		if err := rec.checkMethodResponse(&response); err != nil {
			return err
		}
		m.MethodResponses[val(in.StatusCode)] = response
		out = response
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteMethodResponse removes a declared response.
func (s *Service) DeleteMethodResponse(call *api.Call, in *apigatewayapi.DeleteMethodResponseRequest) error {
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	return s.editMethod(call, id, func(_ *APIRecord, m *apigatewayapi.Method) error {
		if _, ok := m.MethodResponses[val(in.StatusCode)]; !ok {
			return noResponse()
		}
		delete(m.MethodResponses, val(in.StatusCode))
		if len(m.MethodResponses) == 0 {
			m.MethodResponses = nil
		}
		return nil
	})
}
