package apigateway

import (
	"slices"
	"strconv"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

func number(n int) *openapi.Node { return openapi.NewNumber(strconv.Itoa(n)) }

// exportVerbs are the operations of a path item in the order of the two
// document models that AWS writes with (swagger-models; swagger-models v3).
var exportVerbs = map[bool][]string{
	false: {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ANY"},
	true:  {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY"},
}

// paths are the resources that have methods: by path in OpenAPI 2, in the order
// of AWS's map in OpenAPI 3 (both recorded).
func (e *exporter) paths() *openapi.Node {
	ids := map[string]string{}
	for id, res := range e.rec.Resources {
		if len(res.ResourceMethods) > 0 {
			ids[val(res.Path)] = id
		}
	}
	paths := sortedKeys(ids)
	if e.three {
		paths = openapi.HashOrder(paths)
	}
	out := openapi.NewObject()
	for _, path := range paths {
		res := e.rec.Resources[ids[path]]
		item := openapi.NewObject()
		for _, verb := range exportVerbs[e.three] {
			m, ok := res.ResourceMethods[verb]
			if !ok {
				continue
			}
			key := strings.ToLower(verb)
			if verb == "ANY" {
				key = openapi.AnyMethod
			}
			item.Set(key, e.operation(path, ids[path], &m))
		}
		out.Set(path, item)
	}
	return out
}

func (e *exporter) operation(path, resourceID string, m *apigatewayapi.Method) *openapi.Node {
	out := openapi.NewObject().SetText("operationId", val(m.OperationName))
	body, required := e.body(path, m)
	if !e.three {
		setList(out, "consumes", consumes(m))
		setList(out, "produces", produces(m))
	}
	parameters := e.parameters(path, m)
	if body != nil && !e.three {
		name := body.Get("schema").Get("$ref").Scalar()
		name = name[strings.LastIndexByte(name, '/')+1:]
		parameters.Items = append(parameters.Items, openapi.NewObject().SetText("in", "body").SetText("name", name).
			Set("required", openapi.NewBool(required)).Set("schema", body.Get("schema")))
	}
	if len(parameters.Items) > 0 {
		out.Set("parameters", parameters)
	}
	if body != nil && e.three {
		out.Set("requestBody", openapi.NewObject().Set("content", body).Set("required", openapi.NewBool(required)))
	}
	out.Set("responses", e.responses(m))
	if security := e.security(m); len(security.Items) > 0 {
		out.Set("security", security)
	}
	if id := val(m.RequestValidatorId); id != "" && e.apigateway {
		v := e.rec.RequestValidators[id]
		out.SetText("x-amazon-apigateway-request-validator", val(v.Name))
	}
	if m.MethodIntegration != nil && e.integrations {
		out.Set("x-amazon-apigateway-integration", e.integration(resourceID, m.MethodIntegration))
	}
	return out
}

func setList(out *openapi.Node, key string, values []string) {
	if len(values) > 0 {
		out.Set(key, openapi.Texts(values))
	}
}

// consumes are the media types that a request may have: those of its models and
// of its mapping templates.
func consumes(m *apigatewayapi.Method) []string {
	types := sortedKeys(m.RequestModels)
	if in := m.MethodIntegration; in != nil {
		types = slices.Concat(types, sortedKeys(in.RequestTemplates))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// produces are those of the responses.
func produces(m *apigatewayapi.Method) []string {
	var types []string
	for _, r := range m.MethodResponses {
		types = append(types, sortedKeys(r.ResponseModels)...)
	}
	if in := m.MethodIntegration; in != nil {
		for _, r := range byPattern(in) {
			types = append(types, sortedKeys(r.ResponseTemplates)...)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// body is the request's models: in OpenAPI 3 by media type, in OpenAPI 2, which
// has one schema for all, that of JSON or else the first.
func (e *exporter) body(path string, m *apigatewayapi.Method) (content *openapi.Node, required bool) {
	if len(m.RequestModels) == 0 {
		return nil, false
	}
	for _, name := range m.RequestModels {
		model := e.rec.Models[name]
		if !strings.Contains(strings.ToLower(val(model.ContentType)), "json") {
			e.fail(badRequest("Only found non-JSON body models for '%s' on resource at path '%s'", val(m.HttpMethod), path))
		}
	}
	if e.three {
		return e.contents(m.RequestModels), true
	}
	return openapi.NewObject().Set("schema", e.schemaOf(m.RequestModels)), true
}

// schemaOf is a reference to the one model that OpenAPI 2 can name.
func (e *exporter) schemaOf(models map[string]string) *openapi.Node {
	name, ok := models["application/json"]
	if !ok {
		name = models[sortedKeys(models)[0]]
	}
	return openapi.NewObject().SetText("$ref", e.modelRef(name))
}

func (e *exporter) contents(models map[string]string) *openapi.Node {
	out := openapi.NewObject()
	for _, mediaType := range hashKeys(models) {
		schema := openapi.NewObject().SetText("$ref", e.modelRef(models[mediaType]))
		out.Set(mediaType, openapi.NewObject().Set("schema", schema))
	}
	return out
}

// parameters are the method's request parameters and, as OpenAPI asks, all
// variables of its path. A multi-value one is written as its single-value twin.
func (e *exporter) parameters(path string, m *apigatewayapi.Method) *openapi.Node {
	single, named := map[string]bool{}, map[string]bool{}
	for key, required := range m.RequestParameters {
		key = strings.Replace(key, "method.request.multivalue", "method.request.", 1)
		single[key] = required
		named[requestParameterForm.FindStringSubmatch(key)[1]] = true
	}
	for _, name := range pathVariables(path) {
		if !named[name] {
			single["method.request.path."+name] = true
		}
	}
	out := openapi.NewArray()
	for _, key := range hashKeys(single) {
		place, name, _ := strings.Cut(strings.TrimPrefix(key, "method.request."), ".")
		in := map[string]string{"querystring": "query", "header": "header", "path": "path"}[place]
		required := single[key] || in == "path"
		p := openapi.NewObject().SetText("name", name).SetText("in", in)
		if e.three {
			if required {
				p.Set("required", openapi.NewBool(true))
			}
			p.Set("schema", openapi.NewObject().SetText("type", "string"))
		} else {
			p.Set("required", openapi.NewBool(required)).SetText("type", "string")
		}
		out.Items = append(out.Items, p)
	}
	return out
}

// responses are the method's; the description is always the same (recorded).
func (e *exporter) responses(m *apigatewayapi.Method) *openapi.Node {
	out := openapi.NewObject()
	for _, status := range sortedKeys(m.MethodResponses) {
		r := m.MethodResponses[status]
		one := openapi.NewObject().SetText("description", status+" response")
		if !e.three && len(r.ResponseModels) > 0 {
			one.Set("schema", e.schemaOf(r.ResponseModels))
		}
		headers := openapi.NewObject()
		names := map[string]bool{}
		for key := range r.ResponseParameters {
			names[strings.TrimPrefix(key, "method.response.header.")] = true
		}
		for _, name := range hashKeys(names) {
			kind := openapi.NewObject().SetText("type", "string")
			if e.three {
				kind = openapi.NewObject().Set("schema", kind)
			}
			headers.Set(name, kind)
		}
		setFilled(one, "headers", headers)
		if e.three {
			one.Set("content", e.contents(r.ResponseModels))
		}
		out.Set(status, one)
	}
	return out
}

// security is what guards a method; the schemes it names go to the document.
func (e *exporter) security(m *apigatewayapi.Method) *openapi.Node {
	out := openapi.NewArray()
	use := func(name string, scopes []string, scheme *openapi.Node) {
		out.Items = append(out.Items, openapi.NewObject().Set(name, openapi.Texts(scopes)))
		e.schemes[name] = scheme
	}
	headerScheme := func(name string) *openapi.Node {
		return openapi.NewObject().SetText("type", "apiKey").SetText("name", name).SetText("in", "header")
	}
	if a, ok := e.rec.Authorizers[val(m.AuthorizerId)]; ok {
		var scopes []string
		if val(a.Type) == apigatewayapi.AuthorizerTypeCognitoUserPools {
			scopes = m.AuthorizationScopes
		}
		use(val(a.Name), scopes, e.authorizer(&a))
	} else if val(m.AuthorizationType) == "AWS_IAM" {
		use(e.freeScheme("sigv4"), nil, headerScheme("Authorization").SetText("x-amazon-apigateway-authtype", "awsSigv4"))
	}
	if val(m.ApiKeyRequired) {
		use(e.freeScheme("api_key"), nil, headerScheme("x-api-key"))
	}
	return out
}

// freeScheme is a scheme's name that no authorizer has.
func (e *exporter) freeScheme(name string) string {
	for slices.ContainsFunc(sortedKeys(e.rec.Authorizers), func(id string) bool {
		return val(e.rec.Authorizers[id].Name) == name
	}) {
		name += "_"
	}
	return name
}

// securitySchemes are those that methods use and, where authorizers are written,
// all of them.
func (e *exporter) securitySchemes() *openapi.Node {
	if e.authorizers {
		for _, a := range e.rec.Authorizers {
			e.schemes[val(a.Name)] = e.authorizer(&a)
		}
	}
	out := openapi.NewObject()
	for _, name := range hashKeys(e.schemes) {
		out.Set(name, e.schemes[name])
	}
	return out
}

// unusedName is the parameter of a scheme whose authorizer reads none, or
// several.
const unusedName = "Unused"

// authorizer is the security scheme of an authorizer: the parameter it reads,
// if it is one.
func (e *exporter) authorizer(a *apigatewayapi.Authorizer) *openapi.Node {
	name, in := unusedName, "header"
	source := val(a.IdentitySource)
	if !strings.Contains(source, ",") {
		if rest, ok := strings.CutPrefix(source, "method.request.header."); ok {
			name = rest
		} else if rest, ok := strings.CutPrefix(source, "method.request.querystring."); ok {
			name, in = rest, "query"
		}
	}
	out := openapi.NewObject().SetText("type", "apiKey").SetText("name", name).SetText("in", in)
	if !e.authorizers {
		return out
	}
	out.SetText("x-amazon-apigateway-authtype", val(a.AuthType))
	extension := openapi.NewObject()
	if len(a.ProviderARNs) > 0 {
		extension.Set("providerARNs", openapi.Texts(a.ProviderARNs))
	}
	extension.SetText("authorizerUri", val(a.AuthorizerUri)).SetText("authorizerCredentials", val(a.AuthorizerCredentials))
	if a.AuthorizerResultTtlInSeconds != nil {
		extension.Set("authorizerResultTtlInSeconds", number(int(*a.AuthorizerResultTtlInSeconds)))
	}
	extension.SetText("identityValidationExpression", val(a.IdentityValidationExpression))
	if name == unusedName || val(a.Type) == apigatewayapi.AuthorizerTypeRequest {
		extension.SetText("identitySource", source)
	}
	extension.SetText("type", strings.ToLower(val(a.Type)))
	return out.Set("x-amazon-apigateway-authorizer", extension)
}

// integration writes what differs from the defaults, in the recorded order.
func (e *exporter) integration(resourceID string, in *apigatewayapi.Integration) *openapi.Node {
	out := openapi.NewObject().SetText("type", strings.ToLower(val(in.Type))).
		SetText("connectionId", val(in.ConnectionId)).SetText("credentials", val(in.Credentials)).
		SetText("httpMethod", val(in.HttpMethod)).SetText("uri", val(in.Uri))
	setFilled(out, "responses", integrationResponses(in))
	setFilled(out, "requestParameters", textsNode(in.RequestParameters))
	setFilled(out, "requestTemplates", templatesNode(in.RequestTemplates))
	out.SetText("passthroughBehavior", strings.ToLower(val(in.PassthroughBehavior)))
	if val(in.ConnectionType) == apigatewayapi.ConnectionTypeVpcLink {
		out.SetText("connectionType", apigatewayapi.ConnectionTypeVpcLink)
	}
	out.SetText("integrationTarget", val(in.IntegrationTarget))
	if t := in.TimeoutInMillis; t != nil && *t != defaultTimeoutMillis {
		out.Set("timeoutInMillis", number(int(*t)))
	}
	if ns := val(in.CacheNamespace); ns != resourceID {
		out.SetText("cacheNamespace", ns)
	}
	if len(in.CacheKeyParameters) > 0 {
		out.Set("cacheKeyParameters", openapi.Texts(in.CacheKeyParameters))
	}
	out.SetText("contentHandling", val(in.ContentHandling))
	if in.TlsConfig != nil {
		out.Set("tlsConfig", openapi.NewObject().
			Set("insecureSkipVerification", openapi.NewBool(val(in.TlsConfig.InsecureSkipVerification))))
	}
	return out.SetText("responseTransferMode", val(in.ResponseTransferMode))
}

// byPattern are an integration's responses by selection pattern. Of several with
// the same one, which a document cannot say, the one of the lowest status is
// written.
func byPattern(in *apigatewayapi.Integration) map[string]apigatewayapi.IntegrationResponse {
	out := map[string]apigatewayapi.IntegrationResponse{}
	for _, status := range sortedKeys(in.IntegrationResponses) {
		r := in.IntegrationResponses[status]
		pattern := val(r.SelectionPattern)
		if pattern == "" {
			pattern = "default"
		}
		if _, there := out[pattern]; !there {
			out[pattern] = r
		}
	}
	return out
}

func integrationResponses(in *apigatewayapi.Integration) *openapi.Node {
	responses := byPattern(in)
	out := openapi.NewObject()
	for _, pattern := range hashKeys(responses) {
		r := responses[pattern]
		one := openapi.NewObject().SetText("statusCode", val(r.StatusCode))
		setFilled(one, "responseParameters", textsNode(r.ResponseParameters))
		setFilled(one, "responseTemplates", templatesNode(r.ResponseTemplates))
		one.SetText("contentHandling", val(r.ContentHandling))
		out.Set(pattern, one)
	}
	return out
}

func templatesNode(m map[string]*string) *openapi.Node {
	out := openapi.NewObject()
	for _, key := range hashKeys(m) {
		out.Set(key, openapi.NewText(val(m[key])))
	}
	return out
}
