package gateway

import (
	"context"
	"strconv"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// request is what goes to the integration. Which fields are set says which kind
// it is: call for HTTP, HTTP_PROXY and AWS, lambda for a function, none of both
// for MOCK.
type request struct {
	call   *upstream.Call
	lambda *lambdaRequest
	mock   *program.MockAnswer // of a constant template
	text   string              // of a MOCK: what its template came to
}

// result is what the integration answered.
type result struct {
	status int
	// outcome is what the patterns of integration responses are held against: an
	// errorMessage of a Lambda function; "" is the status (reference/api-gateway.md 5.2).
	// Of a function that did not fail it is the empty text.
	outcome  string
	function bool // a Lambda function answered
	header   exchange.Header
	body     []byte
	// stream is the body of an answer that is handed on as it comes
	// (responseTransferMode STREAM); body is nil then.
	stream *exchange.Body
	// proxy tells that the backend's answer is the method's: nothing is
	// selected or mapped.
	proxy bool
	// traced tells that the answer carries X-Amzn-Trace-Id; mocked that there was
	// no backend.
	traced, mocked bool

	mock *program.MockAnswer // of a constant template: the selection is known
}

// mapRequest turns the method request into the integration request, by the
// integration's type (reference/api-gateway.md 5.1).
func (c *call) mapRequest(route route) (request, *Refusal) {
	integration := route.method.Integration
	if integration == nil {
		return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNoIntegration}
	}
	switch integration.Type {
	case program.IntegrationMock:
		return c.mapMock(integration)
	case program.IntegrationHTTP:
		return c.mapHTTP(integration)
	case program.IntegrationHTTPProxy:
		return c.mapHTTPProxy(integration)
	case program.IntegrationAWSProxy:
		return c.mapLambdaProxy(integration)
	}
	if integration.Function != nil {
		return c.mapLambda(integration)
	}
	return c.mapService(integration)
}

// integrate asks the integration.
func (c *call) integrate(ctx context.Context, route route, request request) (result, *Refusal) {
	switch {
	case request.lambda != nil:
		c.x.Trail.Add("integrate", "lambda")
		return c.callLambda(ctx, route.method.Integration, request.lambda)
	case request.call != nil:
		c.x.Trail.Add("integrate", "backend")
		return c.callBackend(ctx, route.method.Integration, request.call)
	}
	c.x.Trail.Add("integrate", "mock")
	return mockResult(request)
}

// selected is the integration's answer with the integration response that maps
// it; nil for a proxy integration.
type selected struct {
	result   result
	response *program.IntegrationResponse
}

// selectResponse chooses the integration response by what the backend's answer
// came to (reference/api-gateway.md 5.2).
func (c *call) selectResponse(route route, r result) (selected, *Refusal) {
	if r.proxy {
		return selected{result: r}, nil
	}
	var response *program.IntegrationResponse
	if r.mock != nil {
		response = r.mock.Response
	} else {
		outcome := r.outcome
		if outcome == "" && !r.function {
			outcome = strconv.Itoa(r.status)
		}
		response = route.method.Integration.Select(outcome)
	}
	if response == nil {
		return selected{}, &Refusal{Type: APIConfigurationError, Reason: reasonNoResponse}
	}
	if !response.Declared {
		return selected{}, &Refusal{Type: APIConfigurationError, Reason: reasonUndeclared}
	}
	return selected{r, response}, nil
}
