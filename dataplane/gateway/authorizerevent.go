package gateway

import (
	"maps"
	"slices"
	"strings"

	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// authorizerEvent is what a Lambda authorizer is called with
// (reference/api-gateway.md 6.1, 6.2).
func (c *call) authorizerEvent(a *program.Authorizer, values []string) ([]byte, error) {
	arn := string(c.appendARN(nil, c.place.api.Account))
	if a.Kind == program.AuthorizerToken {
		event := jsonpath.NewObject("type", "TOKEN", "methodArn", arn, "authorizationToken", values[0])
		return jsonpath.AppendJSON(nil, event, jsonpath.WriteOptions{MaxBytes: maxPayload})
	}
	params := c.inputParams()
	event := jsonpath.NewObject(
		"type", "REQUEST", "methodArn", arn, "resource", c.route.method.ResourcePath, "path", c.eventPath(), "httpMethod", c.verb,
		"headers", params.Header, "multiValueHeaders", c.multiValueHeaders(params.Header),
		"queryStringParameters", params.Query, "multiValueQueryStringParameters", c.multiValueQuery(),
		"pathParameters", params.Path, "stageVariables", c.variables(), "requestContext", c.requestContext(),
	)
	return jsonpath.AppendJSON(nil, event, jsonpath.WriteOptions{MaxBytes: maxPayload})
}

// eventPath is the path without the stage; of a custom domain it has the base
// path (reference/api-gateway.md 5.8).
func (c *call) eventPath() string {
	path := c.place.path
	if c.x.Owner.Domain != nil {
		path = c.x.Request.Path
	}
	return "/" + strings.TrimLeft(path, "/")
}

// multiValueHeaders has a list for each of the fields in header.
func (c *call) multiValueHeaders(header *jsonpath.Object) *jsonpath.Object {
	out := &jsonpath.Object{}
	for name, value := range header.All() {
		list := jsonpath.NewList(value)
		if values := allFields(c.x.Request.Header, name); len(values) > 1 && !strings.HasPrefix(name, "X-Forwarded-") {
			list = jsonpath.NewList()
			for _, v := range values {
				list.Items = append(list.Items, v)
			}
		}
		out.Put(name, list)
	}
	return out
}

func (c *call) multiValueQuery() *jsonpath.Object {
	out := &jsonpath.Object{}
	for _, q := range c.queryParameters() {
		list, ok := out.Get(q.name)
		if !ok {
			list = jsonpath.NewList()
			out.Put(q.name, list)
		}
		if list, ok := list.(*jsonpath.List); ok {
			list.Items = append(list.Items, q.value)
		}
	}
	return out
}

// variables are the stage's variables by name.
func (c *call) variables() *jsonpath.Object {
	out := &jsonpath.Object{}
	for _, name := range slices.Sorted(maps.Keys(c.place.stage.Variables)) {
		out.Put(name, c.place.stage.Variables[name])
	}
	return out
}

// requestContext is the part of $context that events carry.
func (c *call) requestContext() *jsonpath.Object {
	tree, out := c.contextTree(), &jsonpath.Object{}
	for _, name := range []string{
		"resourceId", "resourcePath", "operationName", "httpMethod", "extendedRequestId", "requestTime", "path", "accountId",
		"protocol", "stage", "domainPrefix", "requestTimeEpoch", "requestId", "identity", "domainName", "deploymentId", "apiId",
		"isCanaryRequest",
	} {
		if value, ok := tree.Get(name); ok {
			out.Put(name, value)
		}
	}
	return out
}
