package apigateway

import (
	"maps"
	"regexp"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const defaultGatewayTemplate = `{"message":$context.error.messageString}`

// gatewayStatus are the status codes of the types as read back
// (reference/api-gateway.md 2.6). DEFAULT_4XX and DEFAULT_5XX have none.
var gatewayStatus = map[string]string{
	"ACCESS_DENIED":                  "403",
	"API_CONFIGURATION_ERROR":        "500",
	"AUTHORIZER_CONFIGURATION_ERROR": "500",
	"AUTHORIZER_FAILURE":             "500",
	"BAD_REQUEST_BODY":               "400",
	"BAD_REQUEST_PARAMETERS":         "400",
	"DEFAULT_4XX":                    "",
	"DEFAULT_5XX":                    "",
	"EXPIRED_TOKEN":                  "403",
	"INTEGRATION_FAILURE":            "504",
	"INTEGRATION_TIMEOUT":            "504",
	"INVALID_API_KEY":                "403",
	"INVALID_SIGNATURE":              "403",
	"MISSING_AUTHENTICATION_TOKEN":   "403",
	"QUOTA_EXCEEDED":                 "429",
	"REQUEST_TOO_LARGE":              "413",
	"RESOURCE_NOT_FOUND":             "404",
	"THROTTLED":                      "429",
	"UNAUTHORIZED":                   "401",
	"UNSUPPORTED_MEDIA_TYPE":         "415",
	"WAF_FILTERED":                   "403",
}

var (
	gatewayTargetForm = regexp.MustCompile(`^gatewayresponse\.header\.[!#$%&'*+.^_|~0-9A-Za-z-]+$`)
	gatewaySourceForm = regexp.MustCompile(`^(?:method\.request\.(?:header|querystring|path|body|multivalueheader|multivaluequerystring)\..+|context\..+|stageVariables\..+|'(?s:.*)')$`)
	statusForm        = regexp.MustCompile(`^[1-5]\d\d$`)
)

// builtInResponse is a type as it is before anybody changes it.
func builtInResponse(kind string) apigatewayapi.GatewayResponse {
	return apigatewayapi.GatewayResponse{
		ResponseType: new(kind), StatusCode: filled(new(gatewayStatus[kind])), DefaultResponse: new(true),
		ResponseParameters: map[string]string{},
		ResponseTemplates:  map[string]string{"application/json": defaultGatewayTemplate},
	}
}

// gatewayResponse is a type as answers have it: its own if it was changed, else
// what DEFAULT_4XX or DEFAULT_5XX says for its class
// (reference/api-gateway.md 1.9).
func (r *APIRecord) gatewayResponse(kind string) apigatewayapi.GatewayResponse {
	if own, ok := r.GatewayResponses[kind]; ok {
		own.ResponseParameters, own.ResponseTemplates = maps.Clone(own.ResponseParameters), maps.Clone(own.ResponseTemplates)
		return own
	}
	out := builtInResponse(kind)
	if gatewayStatus[kind] == "" {
		return out
	}
	above, changed := r.GatewayResponses["DEFAULT_"+gatewayStatus[kind][:1]+"XX"]
	if !changed {
		return out
	}
	if above.StatusCode != nil {
		out.StatusCode = above.StatusCode
	}
	out.ResponseParameters, out.ResponseTemplates = maps.Clone(above.ResponseParameters), maps.Clone(above.ResponseTemplates)
	return out
}

// checkGatewayResponse checks what is to be stored.
func (s *Service) checkGatewayResponse(r *apigatewayapi.GatewayResponse) error {
	if _, known := gatewayStatus[val(r.ResponseType)]; !known {
		return badRequest("Invalid gateway response type specified: %s", val(r.ResponseType))
	}
	if code := r.StatusCode; code != nil && !statusForm.MatchString(*code) {
		return badRequest("Invalid status code specified: %s", *code)
	}
	for _, target := range sortedKeys(r.ResponseParameters) {
		source := r.ResponseParameters[target]
		switch {
		case source == "":
			return emptyIn("responseParameters")
		case !gatewayTargetForm.MatchString(target):
			return badMapping(target)
		case !gatewaySourceForm.MatchString(source) || strings.ContainsAny(source, "\r\n"):
			return badMapping(source)
		}
	}
	for _, contentType := range sortedKeys(r.ResponseTemplates) {
		template := r.ResponseTemplates[contentType]
		switch {
		case template == "":
			return emptyIn("responseTemplates")
		case !contentTypeForm.MatchString(contentType):
			return badRequest("Validation Result: warnings : [], errors : [Invalid content type specified: %s]", contentType)
		case len(template) > s.limits.TemplateBytes:
			return badRequest("Mapping template for %s is larger than %d bytes", contentType, s.limits.TemplateBytes)
		}
	}
	return nil
}

func emptyIn(member string) error {
	return badRequest("Invalid null or empty value in %s", member)
}

// setGatewayResponse checks and stores a customised response.
func (s *Service) setGatewayResponse(rec *APIRecord, r *apigatewayapi.GatewayResponse) error {
	if err := s.checkGatewayResponse(r); err != nil {
		return err
	}
	r.DefaultResponse = new(false)
	if rec.GatewayResponses == nil {
		rec.GatewayResponses = map[string]apigatewayapi.GatewayResponse{}
	}
	rec.GatewayResponses[val(r.ResponseType)] = *r
	return nil
}

// newGatewayResponse fills the members that were not given with the type's own
// defaults, whatever DEFAULT_4XX and DEFAULT_5XX say.
func newGatewayResponse(in *apigatewayapi.PutGatewayResponseRequest) apigatewayapi.GatewayResponse {
	out := builtInResponse(val(in.ResponseType))
	if in.StatusCode != nil {
		out.StatusCode = in.StatusCode
	}
	if len(in.ResponseParameters) > 0 {
		out.ResponseParameters = in.ResponseParameters
	}
	if len(in.ResponseTemplates) > 0 {
		out.ResponseTemplates = in.ResponseTemplates
	}
	return out
}

// PutGatewayResponse customises a gateway response.
func (s *Service) PutGatewayResponse(call *api.Call, in *apigatewayapi.PutGatewayResponseRequest) (*apigatewayapi.GatewayResponse, error) {
	id := val(in.RestApiId)
	made := newGatewayResponse(in)
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		return s.setGatewayResponse(rec, &made)
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetGatewayResponse answers one type, customised or not.
func (s *Service) GetGatewayResponse(call *api.Call, in *apigatewayapi.GetGatewayResponseRequest) (*apigatewayapi.GatewayResponse, error) {
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	return new(rec.gatewayResponse(val(in.ResponseType))), nil
}

// GetGatewayResponses answers a page of all types, by name.
func (s *Service) GetGatewayResponses(call *api.Call, in *apigatewayapi.GetGatewayResponsesRequest) (*apigatewayapi.GatewayResponses, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	all := make(map[string]apigatewayapi.GatewayResponse, len(gatewayStatus))
	for kind := range gatewayStatus {
		all[kind] = rec.gatewayResponse(kind)
	}
	items, next := mapPage(p, all, nil)
	return &apigatewayapi.GatewayResponses{Items: items, Position: next}, nil
}

func gatewayResponsePatches() patchTable[apigatewayapi.GatewayResponse] {
	type target = apigatewayapi.GatewayResponse
	words := plainWording()
	words.badOp = func(e *edit, _ []op) error { return words.unknown(e) } // recorded
	value := func(member string) func(*edit) (string, error) {
		return func(e *edit) (string, error) {
			if e.text() == "" {
				return "", emptyIn(member)
			}
			return e.text(), nil
		}
	}
	return patchTable[target]{wording: words, rules: []rule[target]{
		replaceText("/statusCode", func(r *target) **string { return &r.StatusCode }, nil),
		mapRule[target, string]{
			path: "/responseParameters", member: func(r *target) *map[string]string { return &r.ResponseParameters },
			convert: value("responseParameters"), missing: noParameter,
		}.rule(),
		mapRule[target, string]{
			path: "/responseTemplates", member: func(r *target) *map[string]string { return &r.ResponseTemplates },
			convert: value("responseTemplates"), missing: noContentType,
		}.rule(),
	}}
}

// UpdateGatewayResponse patches a type; one that was never changed becomes a
// customised one with what it showed before.
func (s *Service) UpdateGatewayResponse(call *api.Call, in *apigatewayapi.UpdateGatewayResponseRequest) (*apigatewayapi.GatewayResponse, error) {
	id, kind := val(in.RestApiId), val(in.ResponseType)
	var out apigatewayapi.GatewayResponse
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		out = rec.gatewayResponse(kind)
		if len(in.PatchOperations) == 0 {
			return nil
		}
		if err := gatewayResponsePatches().apply(&out, in.PatchOperations); err != nil {
			return err
		}
		if out.ResponseParameters == nil {
			out.ResponseParameters = map[string]string{}
		}
		if out.ResponseTemplates == nil {
			out.ResponseTemplates = map[string]string{}
		}
		if out.StatusCode == nil {
			out.StatusCode = filled(new(gatewayStatus[kind]))
		}
		return s.setGatewayResponse(rec, &out)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteGatewayResponse brings a type back to its default.
func (s *Service) DeleteGatewayResponse(call *api.Call, in *apigatewayapi.DeleteGatewayResponseRequest) error {
	id, kind := val(in.RestApiId), val(in.ResponseType)
	return s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		if _, ok := rec.GatewayResponses[kind]; !ok {
			return apigatewayapi.NotFoundException("Gateway response type not defined on api")
		}
		delete(rec.GatewayResponses, kind)
		return nil
	})
}
