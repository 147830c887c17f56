package gateway

import (
	"encoding/base64"
	"strings"

	"drawbridge/engine/jsonpath"
)

// proxyEvent is what the function of an AWS_PROXY integration is called with:
// the keys, and the order that execution logs show (reference/api-gateway.md
// 5.8). What is not there is null.
func (c *call) proxyEvent() ([]byte, *Refusal) {
	data, refusal := c.body()
	if refusal != nil {
		return nil, refusal
	}
	var body any
	binary := false
	if len(data) > 0 {
		binary = isBinary(c.binaryTypes(), mediaType(c.x.Request.Header.Get("Content-Type")))
		if binary {
			body = base64.StdEncoding.EncodeToString(data)
		} else {
			body = string(newPayload(data, false).data)
		}
	}
	params := c.inputParams()
	c.withoutSignature(params.Header)
	event := jsonpath.NewObject(
		"resource", c.route.method.ResourcePath, "path", c.eventPath(), "httpMethod", c.verb,
		"headers", orNull(params.Header), "multiValueHeaders", orNull(c.multiValueHeaders(params.Header)),
		"queryStringParameters", orNull(params.Query), "multiValueQueryStringParameters", orNull(c.multiValueQuery()),
		"pathParameters", orNull(params.Path), "stageVariables", orNull(c.variables()), "requestContext", c.proxyContext(),
		"body", body, "isBase64Encoded", binary,
	)
	text, err := jsonpath.AppendJSON(nil, event, jsonpath.WriteOptions{MaxBytes: 2 * maxPayload})
	if err != nil {
		return nil, &Refusal{Type: RequestTooLarge, Reason: reasonBodyTooLong}
	}
	return text, nil
}

// orNull is null for an object without entries.
func orNull(o *jsonpath.Object) any {
	if o.Len() == 0 {
		return nil
	}
	return o
}

// withoutSignature takes an Authorization out that was for AWS
// (reference/api-gateway.md 2.5).
func (c *call) withoutSignature(header *jsonpath.Object) {
	for name, value := range copied(header).All() {
		if text, ok := value.(string); ok && strings.EqualFold(name, "Authorization") && c.isSignature(text) {
			header.Delete(name)
		}
	}
}

// proxyContext is the requestContext of a proxy event: what a REQUEST authorizer
// sees, and what the authorizer said.
func (c *call) proxyContext() *jsonpath.Object {
	before := c.requestContext()
	if c.granted == nil {
		return before
	}
	out := &jsonpath.Object{}
	for name, value := range before.All() {
		out.Put(name, value)
		if name == "resourceId" {
			out.Put("authorizer", c.authorizerContext())
		}
	}
	return out
}

// authorizerContext is what an authorizer said, as events have it: a Lambda
// authorizer's with the time it took in ms.
func (c *call) authorizerContext() *jsonpath.Object {
	said := copied(c.granted.context)
	if c.granted.policy != nil {
		said.Put("integrationLatency", c.authorised.function.took.Milliseconds())
	}
	return said
}
