package gateway

import (
	"context"
	"net/http"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// authoriseTimed is authorise for the logs: how long it took and what it came to.
func (c *call) authoriseTimed(ctx context.Context, route route) *Refusal {
	if route.method.Authorization == program.AuthorizationNone {
		return c.authorise(ctx, route)
	}
	c.logAuthorizer()
	began := c.gateway.options.Now()
	refusal := c.authorise(ctx, route)
	c.authorised.took, c.authorised.status = c.gateway.options.Now().Sub(began), http.StatusOK
	if refusal != nil {
		c.authorised.status = refusal.Type.row().status
	}
	c.logAuthorised(refusal)
	return refusal
}

// integrateTimed is integrate for the logs: a backend's latency is from the call
// to the end of its answer (reference/api-gateway.md 7.7).
func (c *call) integrateTimed(ctx context.Context, route route, request request) (result, *Refusal) {
	if request.call == nil && request.lambda == nil {
		return c.integrate(ctx, route, request)
	}
	now := c.gateway.options.Now
	c.integrated.began = now()
	r, refusal := c.integrate(ctx, route, request)
	c.x.Record.OriginLatency = now().Sub(c.integrated.began)
	if refusal != nil {
		return r, refusal
	}
	c.integrated.status = r.status
	if c.x.Record.OriginStatus == 0 {
		c.x.Record.OriginStatus = r.status
	}
	if route.method.Integration.Type == program.IntegrationAWS && !r.function {
		if id := serviceRequestID(r.header); id != "" {
			c.integrated.requestID = id
		}
	}
	return r, nil
}

// serviceRequestID is the id that an AWS service gives an answer.
func serviceRequestID(header exchange.Header) string {
	for _, name := range []string{"x-amzn-RequestId", "x-amz-request-id"} {
		if id, ok := header.Lookup(name); ok {
			return id
		}
	}
	return ""
}
