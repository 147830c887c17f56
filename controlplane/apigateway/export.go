package apigateway

import (
	"maps"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// Export types and the extensions that the free parameter "extensions" names
// (reference/api-gateway.md 1.11).
const (
	exportSwagger = "swagger"
	exportOAS30   = "oas30"
)

// exporter writes what one stage has deployed as an OpenAPI document.
type exporter struct {
	rec   *APIRecord
	stage *apigatewayapi.Stage
	call  *api.Call
	three bool
	parts map[string]apigatewayapi.DocumentationPart // nil without the stage's documentation

	integrations, authorizers, apigateway bool

	schemes map[string]*openapi.Node // security schemes that methods use
	failure error                    // the first reason why there is no export
}

// GetExport answers what a stage has deployed as an OpenAPI document.
func (s *Service) GetExport(call *api.Call, in *apigatewayapi.GetExportRequest) (*apigatewayapi.ExportResponse, error) {
	kind := strings.ToLower(val(in.ExportType))
	if kind != exportSwagger && kind != exportOAS30 {
		return nil, badRequest("Invalid export type specified. Valid options are oas30,swagger")
	}
	accepts, _, _ := strings.Cut(strings.ToLower(val(in.Accepts)), ";")
	suffix := ".json"
	switch strings.TrimSpace(accepts) {
	case "", "*/*", "application/json":
	case "application/yaml":
		suffix = ".yaml"
	default:
		return nil, badRequest("Invalid accept type specified. Valid options are application/json,application/yaml")
	}
	e, err := s.newExporter(call, in)
	if err != nil {
		return nil, err
	}
	e.three = kind == exportOAS30
	document := e.document()
	if e.failure != nil {
		return nil, e.failure
	}
	out := &apigatewayapi.ExportResponse{
		ContentType:        new("application/octet-stream"),
		ContentDisposition: new(`attachment; filename="` + kind + "_" + fileVersion(e.version()) + suffix + `"`),
		Body:               document.JSON(),
	}
	if suffix == ".yaml" {
		out.Body = document.YAML()
	}
	return out, nil
}

// maxFileVersion bounds the version in a file's name; a document's may be of any
// length.
const maxFileVersion = 128

// fileVersion is a version as it may stand in a header's quoted string.
func fileVersion(version string) string {
	if len(version) > maxFileVersion {
		version = version[:maxFileVersion]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '/' {
			return '_'
		}
		return r
	}, version)
}

// newExporter reads the stage, what it has deployed and, if asked for, the
// documentation it names.
func (s *Service) newExporter(call *api.Call, in *apigatewayapi.GetExportRequest) (*exporter, error) {
	apiID := val(in.RestApiId)
	if err := s.needAPI(call, apiID); err != nil {
		return nil, err
	}
	stage, err := loadRecord[StageRecord](s, call, stageRef(call, apiID, val(in.StageName)), noStage())
	if err != nil {
		return nil, err
	}
	deployed, err := loadRecord[DeploymentRecord](s, call, deploymentRef(call, apiID, val(stage.Stage.DeploymentId)), noDeployment())
	if err != nil {
		return nil, err
	}
	e := &exporter{call: call, rec: &deployed.Frozen, stage: &stage.Stage, schemes: map[string]*openapi.Node{}}
	extensions := commaList(strings.ToLower(in.Parameters["extensions"]))
	e.apigateway = slices.Contains(extensions, "apigateway")
	e.integrations = e.apigateway || slices.Contains(extensions, "integrations")
	e.authorizers = e.apigateway || slices.Contains(extensions, "authorizers")
	if version := val(stage.Stage.DocumentationVersion); version != "" && (e.apigateway || slices.Contains(extensions, "documentation")) {
		docs, err := load[DocumentationRecord](call, s.store, documentationRef(call, apiID, version))
		if err != nil {
			return nil, err
		}
		if docs != nil {
			e.parts = docs.Parts
		}
	}
	return e, nil
}

// fail notes the first reason why there is no export.
func (e *exporter) fail(err error) {
	if e.failure == nil {
		e.failure = err
	}
}

// version is the document's: the API's, or when it was made.
func (e *exporter) version() string {
	if v := val(e.rec.Api.Version); v != "" {
		return v
	}
	return val(e.rec.Api.CreatedDate).UTC().Format(time.RFC3339)
}

// document is the whole of it, members in the order that is recorded for each
// version (vectors/apigateway-control-export.json).
func (e *exporter) document() *openapi.Node {
	a := &e.rec.Api
	host := val(a.Id) + ".execute-api." + e.call.Region + ".amazonaws.com"
	if e.call.Partition == "aws-cn" {
		host += ".cn"
	}
	out, info := openapi.NewObject(), openapi.NewObject()
	if e.three {
		out.SetText("openapi", "3.0.1")
		info.SetText("title", val(a.Name)).SetText("description", val(a.Description)).SetText("version", e.version())
		out.Set("info", info).Set("servers", openapi.NewArray(e.server(host)))
	} else {
		out.SetText("swagger", "2.0")
		info.SetText("description", val(a.Description)).SetText("version", e.version()).SetText("title", val(a.Name))
		out.Set("info", info).SetText("host", host).SetText("basePath", "/"+val(e.stage.StageName))
		out.Set("schemes", openapi.Texts([]string{"https"}))
	}
	out.Set("paths", e.paths())
	models := e.models()
	if e.three {
		components := openapi.NewObject()
		setFilled(components, "schemas", models)
		setFilled(components, "securitySchemes", e.securitySchemes())
		out.Set("components", components)
	} else {
		setFilled(out, "securityDefinitions", e.securitySchemes())
		setFilled(out, "definitions", models)
	}
	e.extensions(out)
	return out
}

// setFilled puts an object that has members.
func setFilled(out *openapi.Node, key string, object *openapi.Node) {
	if len(object.Members()) > 0 {
		out.Set(key, object)
	}
}

func (e *exporter) server(host string) *openapi.Node {
	basePath := openapi.NewObject().SetText("default", val(e.stage.StageName))
	server := openapi.NewObject().SetText("url", "https://"+host+"/{basePath}").
		Set("variables", openapi.NewObject().Set("basePath", basePath))
	if e.apigateway {
		setFilled(server, "x-amazon-apigateway-endpoint-configuration", e.endpoint())
	}
	return server
}

// endpoint is what the endpoint configuration extension can say.
func (e *exporter) endpoint() *openapi.Node {
	out := openapi.NewObject()
	if val(e.rec.Api.DisableExecuteApiEndpoint) {
		out.Set("disableExecuteApiEndpoint", openapi.NewBool(true))
	}
	if c := e.rec.Api.EndpointConfiguration; c != nil && len(c.VpcEndpointIds) > 0 {
		out.Set("vpcEndpointIds", openapi.Texts(c.VpcEndpointIds))
	}
	return out
}

// extensions adds the API's own ones.
func (e *exporter) extensions(out *openapi.Node) {
	if e.parts != nil {
		out.Set("x-amazon-apigateway-documentation", e.documentation())
	}
	if !e.apigateway {
		return
	}
	a := &e.rec.Api
	if !e.three {
		setFilled(out, "x-amazon-apigateway-endpoint-configuration", e.endpoint())
	}
	if val(a.ApiKeySource) == apigatewayapi.ApiKeySourceTypeAuthorizer {
		out.SetText("x-amazon-apigateway-api-key-source", apigatewayapi.ApiKeySourceTypeAuthorizer)
	}
	if a.MinimumCompressionSize != nil {
		out.Set("x-amazon-apigateway-minimum-compression-size", number(int(*a.MinimumCompressionSize)))
	}
	setFilled(out, "x-amazon-apigateway-gateway-responses", e.gatewayResponses())
	setFilled(out, "x-amazon-apigateway-request-validators", e.requestValidators())
	if policy := val(a.Policy); policy != "" {
		if node, err := openapi.Parse([]byte(policy)); err == nil {
			out.Set("x-amazon-apigateway-policy", node)
		}
	}
	if len(a.BinaryMediaTypes) > 0 {
		out.Set("x-amazon-apigateway-binary-media-types", openapi.Texts(a.BinaryMediaTypes))
	}
}

func (e *exporter) gatewayResponses() *openapi.Node {
	out := openapi.NewObject()
	for _, kind := range hashKeys(e.rec.GatewayResponses) {
		r := e.rec.GatewayResponses[kind]
		one := openapi.NewObject()
		if r.StatusCode != nil {
			if n, err := whole(*r.StatusCode, 100, 599, ""); err == nil {
				one.Set("statusCode", number(int(*n)))
			}
		}
		setFilled(one, "responseParameters", textsNode(r.ResponseParameters))
		// Even when there are none: an import without the member gives the default.
		out.Set(kind, one.Set("responseTemplates", textsNode(r.ResponseTemplates)))
	}
	return out
}

func (e *exporter) requestValidators() *openapi.Node {
	byName := map[string]apigatewayapi.RequestValidator{}
	for _, id := range sortedKeys(e.rec.RequestValidators) {
		v := e.rec.RequestValidators[id]
		byName[val(v.Name)] = v
	}
	out := openapi.NewObject()
	for _, name := range hashKeys(byName) {
		v := byName[name]
		out.Set(name, openapi.NewObject().
			Set("validateRequestParameters", openapi.NewBool(val(v.ValidateRequestParameters))).
			Set("validateRequestBody", openapi.NewBool(val(v.ValidateRequestBody))))
	}
	return out
}

// documentation is the stage's version, parts by their places.
func (e *exporter) documentation() *openapi.Node {
	byPlace := map[string]apigatewayapi.DocumentationPart{}
	for _, part := range e.parts {
		byPlace[placeText(part.Location)] = part
	}
	parts := openapi.NewArray()
	for _, place := range sortedKeys(byPlace) {
		part := byPlace[place]
		l := part.Location
		location := openapi.NewObject().SetText("type", val(l.Type)).SetText("path", val(l.Path)).
			SetText("method", val(l.Method)).SetText("statusCode", val(l.StatusCode)).SetText("name", val(l.Name))
		properties, err := openapi.Parse([]byte(val(part.Properties)))
		if err != nil {
			properties = openapi.NewText(val(part.Properties))
		}
		parts.Items = append(parts.Items, openapi.NewObject().Set("location", location).Set("properties", properties))
	}
	return openapi.NewObject().SetText("version", val(e.stage.DocumentationVersion)).Set("documentationParts", parts)
}

// models are the API's models but the two that every new API has, where nothing
// refers to them: the documents that AWS exports of such APIs show only those in
// use.
func (e *exporter) models() *openapi.Node {
	used := e.usedModels()
	out := openapi.NewObject()
	for _, name := range hashKeys(e.rec.Models) {
		m := e.rec.Models[name]
		if !used[name] && strings.HasPrefix(val(m.Description), "This is a default ") {
			continue
		}
		schema, err := openapi.Parse([]byte(val(m.Schema)))
		if err != nil || !schema.Is(openapi.Object) {
			if used[name] {
				e.fail(badRequest("Only found non-JSON body models for %s", name))
			}
			continue
		}
		stripped := openapi.NewObject()
		for _, member := range schema.Members() {
			if member.Key != "$schema" && member.Key != "id" {
				stripped.Set(member.Key, member.Value)
			}
		}
		out.Set(name, openapi.RewriteRefs(stripped, func(ref string) string {
			if name, ok := openapi.ModelName(ref); ok && strings.HasPrefix(ref, "https:") {
				return e.modelRef(name)
			}
			return ref
		}))
	}
	return out
}

// modelRef is how the document refers to a model.
func (e *exporter) modelRef(name string) string {
	if e.three {
		return "#/components/schemas/" + name
	}
	return "#/definitions/" + name
}

// usedModels are the models that a method names.
func (e *exporter) usedModels() map[string]bool {
	used := map[string]bool{}
	for _, res := range e.rec.Resources {
		for _, m := range res.ResourceMethods {
			for name := range maps.Values(m.RequestModels) {
				used[name] = true
			}
			for _, r := range m.MethodResponses {
				for name := range maps.Values(r.ResponseModels) {
					used[name] = true
				}
			}
		}
	}
	return used
}

// hashKeys are a map's keys in the order of AWS's exports.
func hashKeys[V any](m map[string]V) []string { return openapi.HashOrder(sortedKeys(m)) }

// textsNode is a map of strings in that order.
func textsNode(m map[string]string) *openapi.Node {
	out := openapi.NewObject()
	for _, key := range hashKeys(m) {
		out.Set(key, openapi.NewText(m[key]))
	}
	return out
}
