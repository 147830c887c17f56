package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/sigv4"
)

// AnyService is the name in Options.Services of the endpoint for services that
// have none of their own.
const AnyService = "*"

// ServiceEndpoint is where calls to an AWS service go.
type ServiceEndpoint struct {
	Scheme, Host string // Host: a name or an IP literal
	Port         int
	Authority    string // of the Host field
	Path         string // before the request's, without a "/" at its end
}

// ParseServiceEndpoint reads "http://HOST[:PORT][/PATH]" or the https form.
func ParseServiceEndpoint(text string) (ServiceEndpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ServiceEndpoint{}, fmt.Errorf("%q is no http or https URL of a service", text)
	}
	e := ServiceEndpoint{Scheme: u.Scheme, Authority: u.Host, Path: strings.TrimSuffix(u.EscapedPath(), "/")}
	var ok bool
	if e.Host, e.Port, ok = splitAuthority(u.Host, u.Scheme); !ok {
		return ServiceEndpoint{}, fmt.Errorf("%q names no host", text)
	}
	return e, nil
}

// jsonServices are the services whose actions are called by X-Amz-Target and
// not by a parameter (reference/api-gateway.md, appendix B): the target before
// the action's name, and the body's type.
var jsonServices = map[string]struct{ target, contentType string }{
	"dynamodb": {"DynamoDB_20120810.", "application/x-amz-json-1.0"},
	"kinesis":  {"Kinesis_20131202.", "application/x-amz-json-1.1"},
	"states":   {"AWSStepFunctions.", "application/x-amz-json-1.0"},
}

// mapService makes the call of an AWS integration: a signed request to the
// endpoint that is configured for the service (reference/api-gateway.md 5.1,
// appendix B).
func (c *call) mapService(integration *program.Integration) (request, *Refusal) {
	target := integration.Service
	if target == nil {
		return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonEndpoint}
	}
	endpoint, ok := c.gateway.options.Services[target.Service]
	if !ok {
		endpoint, ok = c.gateway.options.Services[AnyService]
	}
	if !ok {
		return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNoService}
	}
	body, refusal := c.integrationBody(integration)
	if refusal != nil {
		return request{}, refusal
	}
	mapped, refusal := c.mappedParameters(integration)
	if refusal != nil {
		return request{}, refusal
	}
	c.overrideRequest(&mapped)
	call, refusal := c.serviceCall(integration, endpoint, c.expandURI(target.Spec, mapped.path))
	if refusal != nil {
		return request{}, refusal
	}
	call.Header = c.serviceHeader(call, target)
	if takesBody(call.Method) {
		call.Body = exchange.Bytes(body)
	}
	call.addQuery(mapped.query.encoded())
	mapped.header.Del("Referer") // reference/api-gateway.md 2.5
	if value, ok := mapped.header.Lookup("Host"); ok {
		call.Authority = value
	}
	call.Header = append(withMapped(call.Header, mapped.header), c.ownFields()...)
	if refusal := c.sign(call, body, target); refusal != nil {
		return request{}, refusal
	}
	return request{call: call.Call}, nil
}

// serviceCall begins the call of a service: where it goes, its path and query.
// spec is what stands behind "path/" or "action/" in the integration's URI.
func (c *call) serviceCall(integration *program.Integration, e ServiceEndpoint, spec string) (backendCall, *Refusal) {
	if c.x.Depth >= maxChained {
		return backendCall{}, &Refusal{Type: IntegrationFailure, Reason: reasonLoop}
	}
	if strings.ContainsAny(spec, " {}#") {
		return backendCall{}, &Refusal{Type: APIConfigurationError, Reason: reasonEndpoint}
	}
	target := integration.Service
	call := &upstream.Call{
		Scheme: e.Scheme, Host: e.Host, Port: e.Port, Authority: e.Authority, Path: e.Path + "/",
		Method: integration.Verb, Attempts: 1, IdleTimeout: keepBackends, HopByHop: true, Hops: c.x.Hops, Depth: c.x.Depth + 1,
	}
	if call.Method == "" || call.Method == "ANY" {
		call.Method = c.verb
	}
	if target.Subdomain != "" { // a bucket, say
		call.Authority = target.Subdomain + "." + e.Authority
	}
	_, byTarget := jsonServices[target.Service]
	switch {
	case !target.Action:
		path, query, _ := strings.Cut(spec, "?")
		call.Path += strings.TrimPrefix(path, "/")
		call.RawQuery = query
	case !byTarget:
		call.RawQuery = "Action=" + spec
	}
	call.HasQuery = call.RawQuery != ""
	return backendCall{call}, nil
}

// serviceHeader returns the fields that API Gateway sends to a service of its own.
func (c *call) serviceHeader(call backendCall, target *program.ServiceTarget) exchange.Header {
	header := exchange.Header{
		{Name: "Accept", Value: defaultContentType}, {Name: "User-Agent", Value: "AmazonAPIGateway_" + c.place.api.ID},
		{Name: "X-Amz-Source-Arn", Value: c.methodARN()},
	}
	by, ok := jsonServices[target.Service]
	if ok && target.Action {
		name, _, _ := strings.Cut(c.expandURI(target.Spec, nil), "&")
		header.Add("X-Amz-Target", by.target+name)
		header.Add("Content-Type", by.contentType)
	} else if value, ok := c.x.Request.Header.Lookup("Content-Type"); ok && takesBody(c.verb) && takesBody(call.Method) {
		header.Add("Content-Type", value)
	}
	return header
}

// methodARN is the ARN of the method, with its resource's path as it is written.
func (c *call) methodARN() string {
	api := c.place.api
	return "arn:" + api.Partition + ":execute-api:" + api.Region + ":" + api.Account + ":" + api.ID + "/" + c.place.stage.Name + "/" +
		c.verb + c.route.method.ResourcePath
}

// sign signs a call with the credentials that the process was given.
func (c *call) sign(call backendCall, body []byte, target *program.ServiceTarget) *Refusal {
	hash := ""
	if !call.Body.Empty() {
		hash = hashOf(body)
	}
	signature, err := c.gateway.keyring.Sign(sigv4.SignInput{
		Request: sigv4.Request{
			Method: call.Method, RawPath: call.Path, RawQuery: call.RawQuery, Host: call.Authority,
			Header: func(yield func(string, string) bool) {
				for _, field := range call.Header {
					if !yield(field.Name, field.Value) {
						return
					}
				}
			},
		},
		BodyHash: hash, Credential: c.gateway.options.Signer, Region: target.Region, Service: target.Service,
		Now: c.now, DoubleEncodePath: target.Service != "s3", ContentSHA256: target.Service == "s3",
	})
	if err != nil {
		return &Refusal{Type: APIConfigurationError, Reason: reasonNoSigner}
	}
	for _, field := range signature {
		call.Header.Set(field.Name, field.Value)
	}
	return nil
}

// hashOf is the SHA-256 of a body as signatures have it.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
