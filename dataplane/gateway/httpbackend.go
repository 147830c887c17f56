package gateway

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// mapHTTP makes the call of an HTTP integration: the rendered body, with the
// fields that API Gateway sends of its own and those that are mapped; nothing
// else of the client's (reference/api-gateway.md 2.5). Templates come before
// parameters, for they may override them.
func (c *call) mapHTTP(integration *program.Integration) (request, *Refusal) {
	body, refusal := c.integrationBody(integration)
	if refusal != nil {
		return request{}, refusal
	}
	mapped, refusal := c.mappedParameters(integration)
	if refusal != nil {
		return request{}, refusal
	}
	c.overrideRequest(&mapped)
	call, refusal := c.backendCall(integration, &mapped)
	if refusal != nil {
		return request{}, refusal
	}
	call.Header = c.httpHeader(mapped.header)
	call.addQuery(mapped.query.encoded())
	if takesBody(call.Method) {
		call.Body = exchange.Bytes(body)
	}
	return request{call: call.Call}, nil
}

// httpHeader returns the fields for an HTTP backend.
func (c *call) httpHeader(mapped exchange.Header) exchange.Header {
	header := exchange.Header{{Name: "Accept", Value: defaultContentType}, {Name: "User-Agent", Value: "AmazonAPIGateway_" + c.place.api.ID}}
	if value, ok := c.x.Request.Header.Lookup("Content-Type"); ok && takesBody(c.verb) {
		header.Add("Content-Type", value)
	}
	return append(withMapped(header, mapped), c.ownFields()...)
}

// ownFields are the fields that the gateway tells HTTP backends of itself.
func (c *call) ownFields() exchange.Header {
	return exchange.Header{{Name: "X-Amzn-Apigateway-Api-Id", Value: c.place.api.ID}, {Name: "X-Amzn-Trace-Id", Value: c.trace()}}
}

// withMapped adds mapped fields to a header: the first of a name replaces what
// is there. Host is no field of a call.
func withMapped(header, mapped exchange.Header) exchange.Header {
	for i, field := range mapped {
		name := strings.ToLower(field.Name)
		switch {
		case droppedAfterMapping[name] || name == "host":
		case mapped[:i].Has(field.Name):
			header.Add(field.Name, field.Value)
		default:
			header.Set(field.Name, field.Value)
		}
	}
	return header
}

// backendCall is a call on its way to be one.
type backendCall struct{ *upstream.Call }

// backendCall begins the call of an HTTP integration: where it goes, and how.
func (c *call) backendCall(integration *program.Integration, mapped *mapped) (backendCall, *Refusal) {
	if c.x.Depth >= maxChained {
		return backendCall{}, &Refusal{Type: IntegrationFailure, Reason: reasonLoop}
	}
	call := &upstream.Call{
		Method: integration.Verb, Attempts: 1, IdleTimeout: keepBackends, InsecureTLS: integration.InsecureTLS,
		HopByHop: true, Hops: c.x.Hops, Depth: c.x.Depth + 1, ClientCertificate: c.place.stage.ClientCertificate,
	}
	if call.Method == "" || call.Method == "ANY" {
		call.Method = c.verb
	}
	if !c.setEndpoint(call, c.expandURI(integration.Endpoint, mapped.path)) {
		return backendCall{}, &Refusal{Type: APIConfigurationError, Reason: reasonEndpoint}
	}
	if host, ok := mapped.header.Lookup("Host"); ok {
		call.Authority = host
	}
	return backendCall{call}, c.throughLink(call, integration)
}

// addQuery appends to a call's query, as it stands.
func (b backendCall) addQuery(query string) {
	if query != "" && b.RawQuery != "" {
		query = "&" + query
	}
	b.RawQuery += query
	b.HasQuery = b.HasQuery || b.RawQuery != ""
}

// takesBody tells whether requests of a method carry a body to a backend
// (reference/api-gateway.md 5.9).
func takesBody(method string) bool { return method != "GET" && method != "HEAD" && method != "OPTIONS" }
