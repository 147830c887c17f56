package audit

import (
	"fmt"
	"regexp"
	"strings"
)

// ReadOpenAPI reads an OpenAPI 2 or 3 document with API Gateway's extensions
// (api-gateway.md 1.11), JSON or YAML, as the stack that importing and
// deploying it makes. file is its name, for reports.
func ReadOpenAPI(text []byte, file string) (*Stack, error) {
	doc, err := parseTree(text)
	if err != nil {
		return nil, err
	}
	d, err := openAPI(doc)
	if err != nil {
		return nil, err
	}
	region := ""
	if d.api.ID, region = openAPIHost(doc); d.api.ID == "" {
		d.api.ID = identifier(d.api.Name)
	}
	if stage := openAPIStage(doc); stage != "" {
		d.stages = []Stage{{Name: stage}}
	}
	return &Stack{Source: "OpenAPI document " + file, File: file, Static: true, Region: region, APIs: []API{d.finish()}}, nil
}

// openAPI reads what a document says of the API itself; Body of a template or a
// plan is one too.
func openAPI(doc tree) (*draft, error) {
	if !doc.at("swagger").exists() && !doc.at("openapi").exists() {
		return nil, fmt.Errorf("the document %w: neither swagger nor openapi says a version", errNotThis)
	}
	d := &draft{api: API{Name: doc.at("info", "title").text(), KeySource: strings.ToUpper(doc.at("x-amazon-apigateway-api-key-source").text())}}
	d.api.Policy = Known(NewSecret(""))
	if p := doc.at("x-amazon-apigateway-policy"); p.exists() {
		d.api.Policy = Known(secretText(p.json()))
	}
	endpoint := doc.at("x-amazon-apigateway-endpoint-configuration")
	d.api.DefaultEndpointDisabled = endpoint.at("disableExecuteApiEndpoint").flag()
	if len(endpoint.at("vpcEndpointIds").list()) > 0 {
		d.api.EndpointTypes = []string{"PRIVATE"}
	}
	schemes := openAPISchemes(doc)
	var methods []Method
	paths := doc.at("paths")
	for _, path := range paths.names() {
		item := paths.at(path)
		for _, name := range item.names() {
			verb := strings.ToUpper(name)
			switch verb {
			case "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH":
			case "X-AMAZON-APIGATEWAY-ANY-METHOD":
				verb = "ANY"
			default:
				continue // parameters, summary, $ref, vendor extensions
			}
			methods = append(methods, openAPIMethod(path, verb, item.at(name), schemes))
		}
	}
	d.methods = Known(methods)
	return d, nil
}

// openAPISchemes are the kinds of the security schemes: "key" or a value of
// Method.Authorization.
func openAPISchemes(doc tree) map[string]string {
	out := map[string]string{}
	for _, all := range []tree{doc.at("securityDefinitions"), doc.at("components", "securitySchemes")} {
		for _, name := range all.names() {
			s := all.at(name)
			authorizer, kind := s.at("x-amazon-apigateway-authorizer"), strings.ToLower(s.at("x-amazon-apigateway-authtype").text())
			switch {
			case strings.Contains(kind, "sigv4"):
				out[name] = AuthIAM
			case strings.Contains(kind, "cognito"), strings.EqualFold(authorizer.at("type").text(), AuthCognito):
				out[name] = AuthCognito
			case authorizer.exists() || kind != "":
				out[name] = AuthCustom
			case s.at("type").text() == "apiKey" && strings.EqualFold(s.at("name").text(), headerKey):
				out[name] = "key"
			}
		}
	}
	return out
}

// openAPIMethod reads an operation. Security of the document's root is not
// looked at: import does not either (api-gateway.md 1.11).
func openAPIMethod(path, verb string, operation tree, schemes map[string]string) Method {
	m := Method{Path: path, Verb: verb, Authorization: AuthNone}
	for _, requirement := range operation.at("security").list() {
		for _, name := range requirement.names() {
			switch kind := schemes[name]; kind {
			case "":
			case "key":
				m.APIKeyRequired = true
			default:
				m.Authorization = kind
			}
		}
	}
	if kind := operation.at("x-amazon-apigateway-auth", "type").text(); kind != "" {
		m.Authorization = strings.ToUpper(kind)
	}
	if i := operation.at("x-amazon-apigateway-integration"); i.exists() {
		m.Integration = &Integration{
			Type: strings.ToUpper(i.at("type").text()), URI: i.at("uri").text(),
			RequestParameters:   i.at("requestParameters").textMap(),
			RequestTemplates:    i.at("requestTemplates").textMap(),
			PassthroughBehavior: strings.ToUpper(i.at("passthroughBehavior").text()),
		}
		for _, name := range i.at("responses").names() {
			for _, template := range i.at("responses", name, "responseTemplates").textMap() {
				m.Integration.ResponseTemplates = append(m.Integration.ResponseTemplates, template)
			}
		}
	}
	return m
}

var exportedHost = regexp.MustCompile(`([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com`)

// openAPIHost is API id and region as an export names them.
func openAPIHost(doc tree) (id, region string) {
	for _, text := range []string{doc.at("host").text(), doc.at("servers").first().at("url").text()} {
		if m := exportedHost.FindStringSubmatch(text); m != nil {
			return m[1], m[2]
		}
	}
	return "", ""
}

// openAPIStage is the stage of an export: its base path.
func openAPIStage(doc tree) string {
	for _, text := range []string{doc.at("basePath").text(), doc.at("servers").first().at("variables", "basePath", "default").text()} {
		if stage := strings.Trim(text, "/"); stage != "" && !strings.Contains(stage, "/") {
			return stage
		}
	}
	return ""
}

// identifier makes a name into what can stand for an API id.
func identifier(name string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	if id == "" {
		return "api"
	}
	return id
}
