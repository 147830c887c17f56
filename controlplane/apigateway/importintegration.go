package apigateway

import (
	"fmt"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// spot is where in an API something is, for warnings.
type spot struct{ path, verb string }

func (at spot) text() string { return fmt.Sprintf("'%s' for resource at path '%s'", at.verb, at.path) }

// integration takes x-amazon-apigateway-integration over: into the input of
// PutIntegration, whose defaults and checks it then has.
func (im *importer) integration(m *apigatewayapi.Method, at spot, resourceID string, node *openapi.Node) error {
	if node = openapi.Resolve(im.doc.Root, node); node == nil {
		return nil
	}
	in := &apigatewayapi.PutIntegrationRequest{
		ResourceId: new(resourceID),
		Type:       new(strings.ToUpper(node.Get("type").Scalar())),

		IntegrationHttpMethod: filled(new(strings.ToUpper(node.Get("httpMethod").Scalar()))),

		Uri: filled(scalar(node, "uri")), Credentials: scalar(node, "credentials"),
		ConnectionType: filled(new(strings.ToUpper(node.Get("connectionType").Scalar()))), ConnectionId: scalar(node, "connectionId"),
		PassthroughBehavior:  scalar(node, "passthroughBehavior"),
		ContentHandling:      filled(new(strings.ToUpper(node.Get("contentHandling").Scalar()))),
		CacheNamespace:       scalar(node, "cacheNamespace"),
		CacheKeyParameters:   node.Get("cacheKeyParameters").Strings(),
		ResponseTransferMode: filled(new(strings.ToUpper(node.Get("responseTransferMode").Scalar()))),
		IntegrationTarget:    scalar(node, "integrationTarget"),
		RequestParameters:    im.texts(node, "requestParameters", at),
		RequestTemplates:     im.templates(node, "requestTemplates", at),
	}
	if tls := node.Get("tlsConfig"); tls.Is(openapi.Object) {
		in.TlsConfig = &apigatewayapi.TlsConfig{InsecureSkipVerification: new(tls.Get("insecureSkipVerification").True())}
	}
	what := "Unable to put integration on " + at.text()
	err := im.integrationEnums(in, node)
	if err != nil {
		return im.problem(what, err)
	}
	made := newIntegration(in)
	if err := im.checkIntegration(im.call, &made); err != nil {
		return im.problem(what, err)
	}
	if err := checkRequestMappings(made.RequestParameters, m.RequestParameters); err != nil {
		return im.problem(what, err)
	}
	m.MethodIntegration = &made
	for _, response := range node.Get("responses").Members() {
		if err := im.integrationResponse(m, at, response); err != nil {
			return err
		}
	}
	return nil
}

// integrationEnums checks what the framework checks before PutIntegration.
func (im *importer) integrationEnums(in *apigatewayapi.PutIntegrationRequest, node *openapi.Node) (err error) {
	for _, check := range []struct {
		name   string
		value  *string
		values []string
	}{
		{"integration type", in.Type, apigatewayapi.IntegrationTypeValues},
		{"ConnectionType", in.ConnectionType, apigatewayapi.ConnectionTypeValues},
		{"ContentHandling", in.ContentHandling, apigatewayapi.ContentHandlingStrategyValues},
		{"ResponseTransferMode", in.ResponseTransferMode, apigatewayapi.ResponseTransferModeValues},
	} {
		if check.value != nil {
			if err := oneOf(check.name, check.values)(*check.value); err != nil {
				return err
			}
		}
	}
	if timeout := node.Get("timeoutInMillis").Scalar(); timeout != "" {
		in.TimeoutInMillis, err = whole(timeout, 50, im.limits.IntegrationTimeoutMillis,
			fmt.Sprintf("Timeout should be between 50 ms and %d ms", im.limits.IntegrationTimeoutMillis))
	}
	return err
}

// integrationResponse takes the response for one selection pattern over;
// "default" is the response without one.
func (im *importer) integrationResponse(m *apigatewayapi.Method, at spot, in openapi.Member) error {
	status := in.Value.Get("statusCode").Scalar()
	made := apigatewayapi.IntegrationResponse{
		StatusCode:         new(status),
		ResponseParameters: im.texts(in.Value, "responseParameters", at),
		ResponseTemplates:  im.templates(in.Value, "responseTemplates", at),
		ContentHandling:    filled(new(strings.ToUpper(in.Value.Get("contentHandling").Scalar()))),
	}
	if in.Key != "default" {
		made.SelectionPattern = new(in.Key)
	}
	what := "Unable to put integration response on " + at.text()
	if !statusForm.MatchString(status) {
		return im.problem(what, badRequest("Invalid status code specified: %s", status))
	}
	if made.ContentHandling != nil {
		if err := contentHandling(*made.ContentHandling); err != nil {
			return im.problem(what, err)
		}
	}
	if err := im.checkIntegrationResponse(m, &made); err != nil {
		return im.problem(what, err)
	}
	if m.MethodIntegration.IntegrationResponses == nil {
		m.MethodIntegration.IntegrationResponses = map[string]apigatewayapi.IntegrationResponse{}
	}
	m.MethodIntegration.IntegrationResponses[status] = made
	return nil
}

// scalar is a member's text, nil when it is absent or empty.
func scalar(node *openapi.Node, member string) *string {
	return filled(new(node.Get(member).Scalar()))
}

// texts reads a map of strings. What is no string is left out with AWS's
// warning.
func (im *importer) texts(node *openapi.Node, member string, at spot) map[string]string {
	var out map[string]string
	for _, m := range node.Get(member).Members() {
		if !m.Value.Is(openapi.String) {
			im.warn("Invalid format for '%s'. Expected type string for property '%s' of resource '%s' and method '%s' but got '%s'",
				member, m.Key, at.path, at.verb, shortened(m.Value))
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[m.Key] = m.Value.Text
	}
	return out
}

// templates reads a map of templates, of which null is an empty one.
func (im *importer) templates(node *openapi.Node, member string, at spot) map[string]*string {
	var out map[string]*string
	for _, m := range node.Get(member).Members() {
		if !m.Value.Is(openapi.String) && !m.Value.Is(openapi.Null) {
			im.warn("Invalid format for '%s'. Expected type string for property '%s' of resource '%s' and method '%s' but got '%s'",
				member, m.Key, at.path, at.verb, shortened(m.Value))
			continue
		}
		if out == nil {
			out = map[string]*string{}
		}
		out[m.Key] = filled(new(m.Value.Text))
	}
	return out
}

// shortened is a value as a warning shows it.
func shortened(node *openapi.Node) string {
	if node.Is(openapi.Array) || node.Is(openapi.Object) {
		text := node.Compact()
		if len(text) > 200 {
			return strings.ToValidUTF8(string(text[:200]), "") + "…"
		}
		return string(text)
	}
	if node.Is(openapi.Null) {
		return "null"
	}
	return node.Text
}
