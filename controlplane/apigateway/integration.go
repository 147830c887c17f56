package apigateway

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const defaultTimeoutMillis = 29_000

var (
	// httpEndpointForm: a scheme and something for a host, which may be a stage
	// variable.
	httpEndpointForm = regexp.MustCompile(`^(?i:https?)://[^/?#\s]+(?:[/?#]\S*)?$`)
	contentTypeForm  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\\s*;.*)?$")
	// lambdaForm are the actions of Lambda that a proxy integration may call.
	lambdaForm = regexp.MustCompile(`^path/\d{4}-\d{2}-\d{2}/functions/.+/(?:invocations|response-streaming-invocations)$`)

	integrationParameterForm = regexp.MustCompile(`^integration\.request\.(?:querystring|multivaluequerystring|header|multivalueheader|path)\..+$`)
	requestSourceForm        = regexp.MustCompile(`^(?:method\.request\.(?:querystring|multivaluequerystring|header|multivalueheader|path)\..+|method\.request\.body(?:[.\[].+)?|context\..+|stageVariables\..+|'.*')$`)
)

func noIntegration() error {
	return apigatewayapi.NotFoundException("Invalid Integration identifier specified")
}

// checkIntegration checks an integration in AWS's order and brings it into the
// form that is stored (reference/api-gateway.md 1.7).
func (s *Service) checkIntegration(call *api.Call, in *apigatewayapi.Integration) error {
	switch val(in.Type) {
	case apigatewayapi.IntegrationTypeMock:
		in.HttpMethod, in.Uri, in.ConnectionType, in.ConnectionId = nil, nil, nil, nil
	case apigatewayapi.IntegrationTypeHttp, apigatewayapi.IntegrationTypeHttpProxy:
		if err := checkIntegrationVerb(in); err != nil {
			return err
		}
		if !httpEndpointForm.MatchString(val(in.Uri)) {
			return badRequest("Invalid HTTP endpoint specified for URI")
		}
		if in.ConnectionType == nil {
			in.ConnectionType = new(apigatewayapi.ConnectionTypeInternet)
		}
	default: // AWS, AWS_PROXY
		if err := checkIntegrationVerb(in); err != nil {
			return err
		}
		if err := checkIntegrationARN(call, in); err != nil {
			return err
		}
		if val(in.ConnectionType) != apigatewayapi.ConnectionTypeVpcLink {
			in.ConnectionType = nil // shown for HTTP only
		}
	}
	in.ConnectionId = filled(in.ConnectionId)
	if val(in.ConnectionType) == apigatewayapi.ConnectionTypeVpcLink && in.ConnectionId == nil {
		return badRequest("ConnectionId must be specified when ConnectionType is VPC_LINK")
	}
	if t := val(in.TimeoutInMillis); int(t) < 50 || int(t) > s.limits.IntegrationTimeoutMillis {
		return badRequest("Timeout should be between 50 ms and %d ms", s.limits.IntegrationTimeoutMillis)
	}
	behaviors := []string{"WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"}
	in.PassthroughBehavior = new(strings.ToUpper(val(in.PassthroughBehavior)))
	if err := oneOf("PassthroughBehavior", behaviors)(*in.PassthroughBehavior); err != nil {
		return err
	}
	return s.checkTemplates(in.RequestTemplates)
}

func checkIntegrationVerb(in *apigatewayapi.Integration) error {
	switch verb := val(in.HttpMethod); {
	case verb == "":
		return badRequest("Enumeration value for HttpMethod must be non-empty")
	case !validVerb(verb):
		return badRequest(httpMethodText)
	}
	return nil
}

// checkIntegrationARN checks the URI and the credentials of an AWS integration.
func checkIntegrationARN(call *api.Call, in *apigatewayapi.Integration) error {
	parts := strings.SplitN(val(in.Uri), ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return badRequest("Invalid ARN specified in the request")
	}
	service, action := parts[4], parts[5]
	if !strings.HasPrefix(action, "path/") && !strings.HasPrefix(action, "action/") {
		return badRequest("AWS ARN for integration must contain path or action")
	}
	if val(in.Type) == apigatewayapi.IntegrationTypeAwsProxy {
		lambda := service == "lambda" && lambdaForm.MatchString(action)
		firehose := service == "firehose" && strings.HasPrefix(action, "action/")
		if !lambda && !firehose {
			return badRequest("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.")
		}
	}
	switch role := val(in.Credentials); {
	case role == "" && service != "lambda":
		return badRequest("Role ARN must be specified for AWS integrations")
	case role != "" && !ownRole(role, call.Account):
		return apigatewayapi.AccessDeniedException("Cross-account pass role is not allowed.")
	}
	return nil
}

// ownRole: a role of the caller's account, or the caller's own credentials.
func ownRole(role, account string) bool {
	parts := strings.SplitN(role, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && (parts[4] == account || parts[4] == "*") ||
		strings.Contains(role, "${stageVariables.")
}

// checkTemplates checks the content types and sizes of mapping templates, and
// stores an empty one as null (reference/api-gateway.md 1.7).
func (s *Service) checkTemplates(templates map[string]*string) error {
	for _, contentType := range sortedKeys(templates) {
		if !contentTypeForm.MatchString(contentType) {
			return badRequest("Validation Result: warnings : [], errors : [Invalid content type specified: %s]", contentType)
		}
		template := filled(templates[contentType])
		if len(val(template)) > s.limits.TemplateBytes {
			return badRequest("Mapping template for %s is larger than %d bytes", contentType, s.limits.TemplateBytes)
		}
		templates[contentType] = template
	}
	return nil
}

// checkRequestMappings checks where an integration's parameters come from: a
// parameter of the method must be one it declares.
func checkRequestMappings(mappings map[string]string, declared map[string]bool) error {
	for _, target := range sortedKeys(mappings) {
		source := mappings[target]
		if !integrationParameterForm.MatchString(target) {
			return badMapping(target)
		}
		if !requestSourceForm.MatchString(source) {
			return badMapping(source)
		}
		if requestParameterForm.MatchString(source) && !declaresRequest(declared, source) {
			return undeclared(source)
		}
	}
	return nil
}

// declaresRequest: a multi-value source reads the parameter that is declared
// under its single-value name.
func declaresRequest(declared map[string]bool, source string) bool {
	_, ok := declared[source]
	if !ok {
		_, ok = declared[strings.Replace(source, "method.request.multivalue", "method.request.", 1)]
	}
	return ok
}

// PutIntegration gives a method its integration, in place of the one it had.
func (s *Service) PutIntegration(call *api.Call, in *apigatewayapi.PutIntegrationRequest) (*apigatewayapi.Integration, error) {
	var made apigatewayapi.Integration
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(_ *APIRecord, m *apigatewayapi.Method) error {
		made = newIntegration(in)
		if err := s.checkIntegration(call, &made); err != nil {
			return err
		}
		if err := checkRequestMappings(made.RequestParameters, m.RequestParameters); err != nil {
			return err
		}
		m.MethodIntegration = new(made)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

func newIntegration(in *apigatewayapi.PutIntegrationRequest) apigatewayapi.Integration {
	out := apigatewayapi.Integration{
		Type: in.Type, HttpMethod: in.IntegrationHttpMethod, Uri: in.Uri,
		ConnectionType: in.ConnectionType, ConnectionId: in.ConnectionId, Credentials: filled(in.Credentials),
		RequestParameters: in.RequestParameters, RequestTemplates: in.RequestTemplates,
		PassthroughBehavior: filled(in.PassthroughBehavior), ContentHandling: in.ContentHandling,
		TimeoutInMillis: in.TimeoutInMillis, CacheNamespace: filled(in.CacheNamespace),
		CacheKeyParameters: in.CacheKeyParameters, TlsConfig: in.TlsConfig,
		ResponseTransferMode: in.ResponseTransferMode, IntegrationTarget: filled(in.IntegrationTarget),
	}
	if out.PassthroughBehavior == nil {
		out.PassthroughBehavior = new("WHEN_NO_MATCH")
	}
	if out.TimeoutInMillis == nil {
		out.TimeoutInMillis = new(int32(defaultTimeoutMillis))
	}
	if out.CacheNamespace == nil {
		out.CacheNamespace = in.ResourceId
	}
	if out.CacheKeyParameters == nil {
		out.CacheKeyParameters = []string{}
	}
	return out
}

// GetIntegration answers a method's integration.
func (s *Service) GetIntegration(call *api.Call, in *apigatewayapi.GetIntegrationRequest) (*apigatewayapi.Integration, error) {
	m, err := s.loadMethod(call, methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)})
	if err != nil {
		return nil, err
	}
	if m.MethodIntegration == nil {
		return nil, noIntegration()
	}
	return m.MethodIntegration, nil
}

// UpdateIntegration patches a method's integration.
func (s *Service) UpdateIntegration(call *api.Call, in *apigatewayapi.UpdateIntegrationRequest) (*apigatewayapi.Integration, error) {
	var out *apigatewayapi.Integration
	id := methodID{val(in.RestApiId), val(in.ResourceId), val(in.HttpMethod)}
	err := s.editMethod(call, id, func(_ *APIRecord, m *apigatewayapi.Method) error {
		if m.MethodIntegration == nil {
			return noIntegration()
		}
		if err := s.integrationPatches().apply(m.MethodIntegration, in.PatchOperations); err != nil {
			return err
		}
		if err := s.checkIntegration(call, m.MethodIntegration); err != nil {
			return err
		}
		out = m.MethodIntegration
		return checkRequestMappings(out.RequestParameters, m.RequestParameters)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) integrationPatches() patchTable[apigatewayapi.Integration] {
	type target = apigatewayapi.Integration
	// notMock: the member does not exist in a MOCK integration.
	notMock := func(r rule[target]) rule[target] {
		apply := r.apply
		r.apply = func(in *target, e *edit) error {
			if val(in.Type) == apigatewayapi.IntegrationTypeMock {
				return errNoRule
			}
			return apply(in, e)
		}
		return r
	}
	timeoutText := fmt.Sprintf("Timeout should be between 50 ms and %d ms", s.limits.IntegrationTimeoutMillis)
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		notMock(replaceText("/httpMethod", func(in *target) **string { return &in.HttpMethod }, nil)),
		notMock(replaceText("/uri", func(in *target) **string { return &in.Uri }, nil)),
		replaceText("/credentials", func(in *target) **string { return &in.Credentials }, nil),
		replaceText("/connectionId", func(in *target) **string { return &in.ConnectionId }, nil),
		replaceText("/connectionType", func(in *target) **string { return &in.ConnectionType },
			oneOf("ConnectionType", apigatewayapi.ConnectionTypeValues)),
		replaceText("/cacheNamespace", func(in *target) **string { return &in.CacheNamespace }, nil),
		replaceText("/contentHandling", func(in *target) **string { return &in.ContentHandling }, contentHandling),
		replaceText("/integrationTarget", func(in *target) **string { return &in.IntegrationTarget }, nil),
		replaceText("/passthroughBehavior", func(in *target) **string { return &in.PassthroughBehavior }, nil),
		replaceText("/responseTransferMode", func(in *target) **string { return &in.ResponseTransferMode },
			oneOf("ResponseTransferMode", apigatewayapi.ResponseTransferModeValues)),
		{path: "/timeoutInMillis", ops: []op{opReplace}, apply: func(in *target, e *edit) (err error) {
			in.TimeoutInMillis, err = whole(e.text(), 50, s.limits.IntegrationTimeoutMillis, timeoutText)
			return err
		}},
		{path: "/tlsConfig/insecureSkipVerification", ops: []op{opReplace}, apply: func(in *target, e *edit) error {
			in.TlsConfig = &apigatewayapi.TlsConfig{InsecureSkipVerification: new(e.truth())}
			return nil
		}},
		{path: "/cacheKeyParameters/{name}", ops: []op{opAdd, opReplace, opRemove}, apply: patchCacheKey},
		mapRule[target, string]{
			path: "/requestParameters", member: func(in *target) *map[string]string { return &in.RequestParameters },
			convert: textValue, missing: noParameter, upsert: true,
		}.rule(),
		mapRule[target, *string]{
			path: "/requestTemplates", member: func(in *target) *map[string]*string { return &in.RequestTemplates },
			convert: templateValue, missing: noContentType, upsert: true,
		}.rule(),
	}}
}

// contentHandling checks the value; an empty one takes the member away.
func contentHandling(value string) error {
	if value == "" {
		return nil
	}
	return oneOf("ContentHandling", apigatewayapi.ContentHandlingStrategyValues)(value)
}

func patchCacheKey(in *apigatewayapi.Integration, e *edit) error {
	remove := func(name string) {
		in.CacheKeyParameters = slices.DeleteFunc(in.CacheKeyParameters, func(have string) bool { return have == name })
	}
	name := e.args[0]
	remove(name)
	if e.op == opReplace && e.text() != "" {
		name = e.text()
		remove(name)
	}
	if e.op != opRemove {
		in.CacheKeyParameters = append(in.CacheKeyParameters, name)
	}
	return nil
}

// DeleteIntegration removes a method's integration. An unknown method is
// answered like an unknown integration, as on DeleteIntegrationResponse.
func (s *Service) DeleteIntegration(call *api.Call, in *apigatewayapi.DeleteIntegrationRequest) error {
	return s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		m, err := rec.integrated(val(in.ResourceId), val(in.HttpMethod))
		if err != nil {
			return err
		}
		m.MethodIntegration = nil
		rec.setMethod(val(in.ResourceId), val(in.HttpMethod), m)
		return nil
	})
}

// integrated finds a method with an integration, for the Delete operations.
func (r *APIRecord) integrated(resourceID, verb string) (apigatewayapi.Method, error) {
	res, ok := r.Resources[resourceID]
	if !ok {
		return apigatewayapi.Method{}, noResource()
	}
	m, ok := res.ResourceMethods[verb]
	if !ok || m.MethodIntegration == nil {
		return apigatewayapi.Method{}, noIntegration()
	}
	return m, nil
}
