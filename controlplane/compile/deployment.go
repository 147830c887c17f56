package compile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
	"drawbridge/engine/policy"
	"drawbridge/engine/vtl"
)

// deployment compiles the frozen copy of an API.
func deployment(id string, frozen *apigateway.APIRecord) (*program.Deployment, error) {
	api := &frozen.Api
	d := &program.Deployment{
		ID:                        id,
		DisableExecuteAPIEndpoint: value(api.DisableExecuteApiEndpoint),
		BinaryMediaTypes:          api.BinaryMediaTypes,
		Responses:                 gatewayResponses(frozen.GatewayResponses),
	}
	if api.MinimumCompressionSize != nil {
		d.MinCompression = new(int(*api.MinimumCompressionSize))
	}
	if value(api.ApiKeySource) == apigatewayapi.ApiKeySourceTypeAuthorizer {
		d.KeySource = program.KeyFromAuthorizer
	}
	if text := value(api.Policy); text != "" {
		var err error
		if d.Policy, err = policy.New([]byte(text), policy.Options{ResourceBased: true, MaxBytes: maxPolicyBytes}); err != nil {
			return nil, fmt.Errorf("resource policy: %w", err)
		}
	}
	var methods []*program.Method
	checks, known := newValidators(frozen), authorizers(frozen)
	for _, id := range slices.Sorted(maps.Keys(frozen.Resources)) {
		resource := frozen.Resources[id]
		for _, verb := range slices.Sorted(maps.Keys(resource.ResourceMethods)) {
			m, err := method(&resource, verb)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", verb, value(resource.Path), err)
			}
			stored := resource.ResourceMethods[verb]
			checks.attach(m, &stored)
			m.Authorizer, m.Scopes = known[value(stored.AuthorizerId)], stored.AuthorizationScopes
			methods = append(methods, m)
		}
	}
	d.Routes = program.NewRoutes(methods)
	return d, nil
}

// maxPolicyBytes bounds a stored policy: API Gateway takes 8192 characters, and
// expanding its short resource names makes it longer.
const maxPolicyBytes = 256 << 10

func gatewayResponses(stored map[string]apigatewayapi.GatewayResponse) map[string]*program.GatewayResponse {
	if len(stored) == 0 {
		return nil
	}
	responses := make(map[string]*program.GatewayResponse, len(stored))
	for kind, r := range stored {
		status, _ := strconv.Atoi(value(r.StatusCode)) // absent: the type's default
		responses[kind] = &program.GatewayResponse{StatusCode: status, Parameters: r.ResponseParameters, Templates: r.ResponseTemplates}
	}
	return responses
}

func method(resource *apigatewayapi.Resource, verb string) (*program.Method, error) {
	stored := resource.ResourceMethods[verb]
	m := &program.Method{
		ResourceID:        value(resource.Id),
		ResourcePath:      value(resource.Path),
		Verb:              verb,
		Key:               value(resource.Path) + "/" + verb, // "//GET" for the root
		OperationName:     value(stored.OperationName),
		APIKeyRequired:    value(stored.ApiKeyRequired),
		RequestParameters: stored.RequestParameters,
		Responses:         make(map[string]program.MethodResponse, len(stored.MethodResponses)),
	}
	switch value(stored.AuthorizationType) {
	case "AWS_IAM":
		m.Authorization = program.AuthorizationIAM
	case "CUSTOM":
		m.Authorization = program.AuthorizationCustom
	case "COGNITO_USER_POOLS":
		m.Authorization = program.AuthorizationCognito
	}
	for code, response := range stored.MethodResponses {
		m.Responses[code] = program.MethodResponse{Parameters: response.ResponseParameters}
	}
	if stored.MethodIntegration == nil {
		return m, nil
	}
	var err error
	m.Integration, err = integration(stored.MethodIntegration)
	return m, err
}

// integrationTypes by their names in the API.
var integrationTypes = map[string]program.IntegrationType{
	"MOCK": program.IntegrationMock, "HTTP": program.IntegrationHTTP, "HTTP_PROXY": program.IntegrationHTTPProxy,
	"AWS": program.IntegrationAWS, "AWS_PROXY": program.IntegrationAWSProxy,
}

func integration(stored *apigatewayapi.Integration) (*program.Integration, error) {
	kind, ok := integrationTypes[value(stored.Type)]
	if !ok {
		return nil, fmt.Errorf("unknown integration type %q", value(stored.Type))
	}
	i := &program.Integration{
		Type: kind, Verb: value(stored.HttpMethod), URI: value(stored.Uri),
		Timeout:           time.Duration(valueOr(stored.TimeoutInMillis, 29000)) * time.Millisecond,
		RequestParameters: stored.RequestParameters,
		CacheNamespace:    value(stored.CacheNamespace), CacheKeyParameters: stored.CacheKeyParameters,
		ContentHandling: contentHandling(stored.ContentHandling),
		Stream:          value(stored.ResponseTransferMode) == "STREAM",
		InsecureTLS:     stored.TlsConfig != nil && value(stored.TlsConfig.InsecureSkipVerification),
	}
	if value(stored.ConnectionType) == apigatewayapi.ConnectionTypeVpcLink {
		i.VPCLink = program.ParseURI(value(stored.ConnectionId))
	}
	switch value(stored.PassthroughBehavior) {
	case "WHEN_NO_TEMPLATES":
		i.Passthrough = program.WhenNoTemplates
	case "NEVER":
		i.Passthrough = program.Never
	}
	i.RequestTemplates = templates(stored.RequestTemplates)
	for _, code := range slices.Sorted(maps.Keys(stored.IntegrationResponses)) {
		response, err := integrationResponse(code, stored.IntegrationResponses[code])
		if err != nil {
			return nil, fmt.Errorf("integration response %s: %w", code, err)
		}
		i.Responses = append(i.Responses, response)
	}
	return i, nil
}

func contentHandling(stored *string) program.ContentHandling {
	switch value(stored) {
	case "CONVERT_TO_BINARY":
		return program.ConvertToBinary
	case "CONVERT_TO_TEXT":
		return program.ConvertToText
	}
	return program.HandlingNone
}

func integrationResponse(code string, stored apigatewayapi.IntegrationResponse) (*program.IntegrationResponse, error) {
	status, err := strconv.Atoi(code)
	if err != nil {
		return nil, err
	}
	response := &program.IntegrationResponse{StatusCode: status, ResponseParameters: stored.ResponseParameters, ContentHandling: contentHandling(stored.ContentHandling)}
	if pattern := value(stored.SelectionPattern); pattern != "" {
		// Java matches the whole text (reference/api-gateway.md section 5.2).
		if response.Pattern, err = regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
			return nil, fmt.Errorf("selection pattern: %w", err)
		}
	}
	response.Templates = templates(stored.ResponseTemplates)
	return response, nil
}

// templates compiles mapping templates, application/json first and the others
// by name: the stored form is a map and has no order of its own.
func templates(stored map[string]*string) program.Templates {
	var compiled program.Templates
	for _, contentType := range slices.SortedFunc(maps.Keys(stored), jsonFirst) {
		template := program.Template{ContentType: contentType}
		if text := value(stored[contentType]); text != "" {
			template.VTL, template.Err = vtl.Parse(text)
		}
		compiled = append(compiled, template)
	}
	return compiled
}

func jsonFirst(a, b string) int {
	const first = "application/json"
	switch {
	case a == b:
		return 0
	case a == first || b != first && a < b:
		return -1
	}
	return 1
}
