package apigateway

import (
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

var responseSourceForm = regexp.MustCompile(`^(?:integration\.response\.(?:header|multivalueheader)\..+|integration\.response\.body(?:[.\[].+)?|context\..+|stageVariables\..+|'.*')$`)

// checkIntegrationResponse checks mappings and templates. A parameter must be
// declared by the method response of the same status.
func (s *Service) checkIntegrationResponse(m *apigatewayapi.Method, r *apigatewayapi.IntegrationResponse) error {
	declared := m.MethodResponses[val(r.StatusCode)].ResponseParameters
	for _, target := range sortedKeys(r.ResponseParameters) {
		source := r.ResponseParameters[target]
		if !responseParameterForm.MatchString(target) {
			return badMapping(target)
		}
		if !responseSourceForm.MatchString(source) {
			return badMapping(source)
		}
		if _, ok := declared[target]; !ok {
			return undeclared(target)
		}
	}
	if len(val(r.SelectionPattern)) > maxPattern {
		return badRequest("Invalid selection pattern specified, it can be at most %d characters", maxPattern)
	}
	return s.checkTemplates(r.ResponseTemplates)
}

// maxPattern bounds a selection pattern, which the compiler turns into a
// matcher.
const maxPattern = 4 << 10

// PutIntegrationResponse says how an integration's answer is mapped, in place
// of what was said for the status before.
func (s *Service) PutIntegrationResponse(call *api.Call, in *apigatewayapi.PutIntegrationResponseRequest) (*apigatewayapi.IntegrationResponse, error) {
	made := apigatewayapi.IntegrationResponse{
		StatusCode: in.StatusCode, SelectionPattern: in.SelectionPattern, ContentHandling: in.ContentHandling,
		ResponseParameters: in.ResponseParameters, ResponseTemplates: in.ResponseTemplates,
	}
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(_ *APIRecord, m *apigatewayapi.Method) error {
		if m.MethodIntegration == nil {
			return noIntegration()
		}
		if err := s.checkIntegrationResponse(m, &made); err != nil {
			return err
		}
		if m.MethodIntegration.IntegrationResponses == nil {
			m.MethodIntegration.IntegrationResponses = map[string]apigatewayapi.IntegrationResponse{}
		}
		m.MethodIntegration.IntegrationResponses[val(in.StatusCode)] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetIntegrationResponse answers the mapping of one status.
func (s *Service) GetIntegrationResponse(call *api.Call, in *apigatewayapi.GetIntegrationResponseRequest) (*apigatewayapi.IntegrationResponse, error) {
	m, err := s.loadMethod(call, methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)})
	if err != nil {
		return nil, err
	}
	if m.MethodIntegration == nil {
		return nil, noIntegration()
	}
	out, ok := m.MethodIntegration.IntegrationResponses[val(in.StatusCode)]
	if !ok {
		return nil, noResponse()
	}
	return &out, nil
}

func integrationResponsePatches() patchTable[apigatewayapi.IntegrationResponse] {
	type target = apigatewayapi.IntegrationResponse
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		{path: "/selectionPattern", ops: []op{opReplace}, apply: func(r *target, e *edit) error {
			r.SelectionPattern = new(e.text()) // "" is kept and shown
			return nil
		}},
		replaceText("/contentHandling", func(r *target) **string { return &r.ContentHandling }, contentHandling),
		mapRule[target, string]{
			path: "/responseParameters", member: func(r *target) *map[string]string { return &r.ResponseParameters },
			convert: textValue, missing: noParameter, upsert: true,
		}.rule(),
		mapRule[target, *string]{
			path: "/responseTemplates", member: func(r *target) *map[string]*string { return &r.ResponseTemplates },
			convert: templateValue, missing: noContentType, upsert: true,
		}.rule(),
	}}
}

// UpdateIntegrationResponse patches the mapping of one status.
func (s *Service) UpdateIntegrationResponse(call *api.Call, in *apigatewayapi.UpdateIntegrationResponseRequest) (*apigatewayapi.IntegrationResponse, error) {
	var out apigatewayapi.IntegrationResponse
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(_ *APIRecord, m *apigatewayapi.Method) error {
		if m.MethodIntegration == nil {
			return noIntegration()
		}
		response, ok := m.MethodIntegration.IntegrationResponses[val(in.StatusCode)]
		if !ok {
			return noResponse()
		}
		if err := integrationResponsePatches().apply(&response, in.PatchOperations); err != nil {
			return err
		}
		if err := s.checkIntegrationResponse(m, &response); err != nil {
			return err
		}
		m.MethodIntegration.IntegrationResponses[val(in.StatusCode)] = response
		out = response
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteIntegrationResponse removes the mapping of one status. Here an unknown
// method is answered like an unknown integration (reference/api-gateway.md 1.8).
func (s *Service) DeleteIntegrationResponse(call *api.Call, in *apigatewayapi.DeleteIntegrationResponseRequest) error {
	return s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		m, err := rec.integrated(val(in.ResourceId), val(in.HttpMethod))
		if err != nil {
			return err
		}
		responses := m.MethodIntegration.IntegrationResponses
		if _, ok := responses[val(in.StatusCode)]; !ok {
			return noResponse()
		}
		delete(responses, val(in.StatusCode))
		if len(responses) == 0 {
			m.MethodIntegration.IntegrationResponses = nil
		}
		return nil
	})
}
