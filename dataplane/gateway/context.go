package gateway

import (
	"maps"
	"slices"
	"strings"

	"drawbridge/engine/jsonpath"
	"drawbridge/engine/vtl"
)

// contextTree returns $context, made when it is first needed and kept: what a
// request template writes into requestOverride and responseOverride, the
// response template reads (reference/api-gateway.md 5.4, 5.5).
func (c *call) contextTree() *jsonpath.Object {
	if c.context != nil {
		return c.context
	}
	r := c.x.Request
	tree := jsonpath.NewObject(
		"requestId", c.requestID,
		"extendedRequestId", c.extendedID,
		"requestTime", c.now.UTC().Format(clfTime),
		"requestTimeEpoch", c.now.UnixMilli(),
		"httpMethod", c.verb,
		"protocol", r.Protocol.String(),
		"path", c.requestPath(),
		"domainName", r.Host,
		"domainPrefix", firstLabel(r.Host),
		"identity", c.identity(),
		"requestOverride", jsonpath.NewObject("path", &jsonpath.Object{}, "header", &jsonpath.Object{}, "querystring", &jsonpath.Object{}),
		"responseOverride", jsonpath.NewObject("header", &jsonpath.Object{}),
	)
	if at := &c.place; at.api != nil {
		tree.Put("accountId", at.api.Account)
		tree.Put("apiId", at.api.ID)
		tree.Put("stage", at.stage.Name)
		tree.Put("deploymentId", at.deployment.ID)
		if at.split { // reference/api-gateway.md 1.12
			tree.Put("isCanaryRequest", at.canary)
		}
	}
	if m := c.route.method; m != nil {
		tree.Put("resourceId", m.ResourceID)
		tree.Put("resourcePath", m.ResourcePath)
		if m.OperationName != "" {
			tree.Put("operationName", m.OperationName)
		}
	}
	if c.granted != nil {
		tree.Put("authorizer", copied(c.granted.context)) // calls share what is kept
	}
	c.context = vtl.NewContext(tree)
	return c.context
}

// identity returns $context.identity: who signed the call, if a method asked. The key is
// known only when the method required one (reference/api-gateway.md 4.1).
func (c *call) identity() *jsonpath.Object {
	identity := jsonpath.NewObject("cognitoIdentityPoolId", nil, "accountId", nil, "cognitoIdentityId", nil, "caller", nil)
	identity.Put("sourceIp", c.x.Conn.RemoteAddr.Addr().Unmap().String())
	for _, name := range []string{"principalOrgId", "accessKey", "cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn"} {
		identity.Put(name, nil)
	}
	var agent any
	if value, ok := c.x.Request.Header.Lookup("User-Agent"); ok {
		agent = value
	}
	identity.Put("userAgent", agent)
	identity.Put("user", nil)
	if who := c.identified; who != nil {
		identity.Put("accountId", who.Account)
		identity.Put("caller", who.user())
		identity.Put("user", who.user())
		identity.Put("userArn", who.ARN)
		identity.Put("accessKey", who.AccessKeyID)
	}
	if c.key != nil {
		identity.Put("apiKey", c.key.Value)
		identity.Put("apiKeyId", c.key.ID)
	}
	if certificate := c.clientCertificate(); certificate != nil {
		identity.Put("clientCert", certificate)
	}
	return identity
}

// requestPath returns the path with its stage: extra slashes before it are
// dropped, those behind it stay (reference/api-gateway.md 2.2).
func (c *call) requestPath() string {
	if c.x.Owner.PathForm {
		return "/" + c.x.Owner.Stage + c.x.Owner.Path
	}
	return "/" + strings.TrimLeft(c.x.Request.Path, "/")
}

// copied returns an object of its own with the same entries, all the way down.
func copied(o *jsonpath.Object) *jsonpath.Object {
	out := &jsonpath.Object{}
	for name, value := range o.All() {
		if inner, ok := value.(*jsonpath.Object); ok {
			value = copied(inner)
		}
		out.Put(name, value)
	}
	return out
}

func firstLabel(host string) string {
	label, _, _ := strings.Cut(host, ".")
	return label
}

// contextText returns $context.name as text; a value that is no text, number or
// boolean is empty.
func (c *call) contextText(name string) string {
	if rest, ok := strings.CutPrefix(name, "error."); ok && c.refusal != nil {
		return c.errorText(rest)
	}
	var at any = c.contextTree()
	for part := range strings.SplitSeq(name, ".") {
		object, ok := at.(*jsonpath.Object)
		if !ok {
			return ""
		}
		at, _ = object.Get(part)
	}
	text, _ := jsonpath.Scalar(at)
	return text
}

// roots returns the objects that a template uses; input is $input.
func (c *call) roots(t *vtl.Template, input func() (*vtl.Input, *Refusal)) (map[string]vtl.Value, *Refusal) {
	roots := make(map[string]vtl.Value, 4)
	if t.Uses("input") {
		value, refusal := input()
		if refusal != nil {
			return nil, refusal
		}
		roots["input"] = value
	}
	if t.Uses("context") {
		roots["context"] = c.contextTree()
	}
	if t.Uses("util") {
		roots["util"] = c.gateway.util
	}
	if t.Uses("stageVariables") {
		variables := &jsonpath.Object{}
		for _, name := range slices.Sorted(maps.Keys(c.place.stage.Variables)) {
			variables.Put(name, c.place.stage.Variables[name])
		}
		roots["stageVariables"] = variables
	}
	return roots, nil
}

// inputParams returns what $input.params sees: of names that came more than
// once the last value, and the headers that API Gateway adds.
func (c *call) inputParams() vtl.Params {
	p := vtl.Params{Path: &jsonpath.Object{}, Query: &jsonpath.Object{}, Header: &jsonpath.Object{}}
	for _, v := range c.route.vars {
		p.Path.Put(v.Name, v.Value)
	}
	for _, q := range c.queryParameters() {
		p.Query.Put(q.name, q.value)
	}
	r := c.x.Request
	if !c.test { // a test invocation has the fields it was given and no others
		p.Header.Put("Host", r.Authority)
	}
	for _, field := range r.Header {
		if !isDroppedFromRequest(field.Name) {
			p.Header.Put(field.Name, field.Value)
		}
	}
	if c.test {
		return p
	}
	port := "443"
	if r.Scheme != "https" {
		port = "80"
	}
	p.Header.Put("X-Amzn-Trace-Id", c.trace())
	p.Header.Put("X-Forwarded-For", forwardedFor(r.Header.Joined("X-Forwarded-For"), c.x.Conn.RemoteAddr.Addr().Unmap().String()))
	p.Header.Put("X-Forwarded-Port", port)
	p.Header.Put("X-Forwarded-Proto", r.Scheme)
	return p
}

func forwardedFor(before, peer string) string {
	if before == "" {
		return peer
	}
	return before + ", " + peer
}
