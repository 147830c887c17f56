package gateway

import (
	"context"
	"errors"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
)

// lambdaRequest is the call of a Lambda function.
type lambdaRequest struct {
	function string // name or ARN, stage variables filled in
	payload  []byte
	kind     lambda.Type
	stream   bool
}

// mapLambdaProxy makes the event of an AWS_PROXY integration. Parameter mappings
// do not change it, but those that no integration may have fail the call
// (reference/api-gateway.md 5.1, 5.8).
func (c *call) mapLambdaProxy(integration *program.Integration) (request, *Refusal) {
	target, refusal := c.lambdaTarget(integration)
	if refusal != nil {
		return request{}, refusal
	}
	if _, refusal := c.mappedParameters(integration); refusal != nil {
		return request{}, refusal
	}
	event, refusal := c.proxyEvent()
	if refusal != nil {
		return request{}, refusal
	}
	target.payload = event
	target.stream = integration.Stream
	return request{lambda: target}, nil
}

// mapLambda makes the event of an AWS integration with a function: the body as
// its template renders it. X-Amz-Invocation-Type says whether anyone waits for
// the answer (AWS: "asynchronous invocation of the backend Lambda function").
func (c *call) mapLambda(integration *program.Integration) (request, *Refusal) {
	target, refusal := c.lambdaTarget(integration)
	if refusal != nil {
		return request{}, refusal
	}
	if target.payload, refusal = c.integrationBody(integration); refusal != nil {
		return request{}, refusal
	}
	if len(target.payload) == 0 {
		target.payload = []byte("{}")
	}
	mapped, refusal := c.mappedParameters(integration)
	if refusal != nil {
		return request{}, refusal
	}
	c.overrideRequest(&mapped)
	switch mapped.header.Get("X-Amz-Invocation-Type") {
	case "Event":
		target.kind = lambda.Event
	case "DryRun":
		target.kind = lambda.DryRun
	}
	return request{lambda: target}, nil
}

// lambdaTarget finds the function. Functions are called by POST; an integration
// with another method fails (reference/api-gateway.md 5.1).
func (c *call) lambdaTarget(integration *program.Integration) (*lambdaRequest, *Refusal) {
	verb := integration.Verb
	if verb == "" || verb == "ANY" {
		verb = c.verb
	}
	if verb != "POST" {
		return nil, &Refusal{Type: APIConfigurationError, Reason: reasonFunctionVerb}
	}
	name, ok := c.functionName(integration.Function)
	if !ok {
		return nil, &Refusal{Type: APIConfigurationError, Reason: reasonNoFunction}
	}
	return &lambdaRequest{function: name}, nil
}

// functionName fills the stage variables in a function's name; ok is false when
// one is missing.
func (c *call) functionName(template program.URITemplate) (name string, ok bool) {
	var b strings.Builder
	for _, part := range template {
		switch part.Place {
		case program.PlaceStatic:
			b.WriteString(part.Text)
		case program.PlaceStageVariable:
			value, ok := c.place.stage.Variables[part.Text]
			if !ok {
				return "", false
			}
			b.WriteString(value)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() > 0
}

// callLambda calls a function within the integration's timeout.
func (c *call) callLambda(ctx context.Context, integration *program.Integration, in *lambdaRequest) (result, *Refusal) {
	invoke := c.gateway.options.Invoke
	if invoke == nil {
		return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonNoFunctions}
	}
	if in.stream {
		return c.streamLambda(ctx, integration, in)
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(integration))
	defer cancel()
	answer, err := invoke(ctx, c.invocation(in))
	if err != nil {
		return result{}, c.lambdaRefusal(ctx, err)
	}
	c.x.Record.OriginStatus, c.integrated.requestID = answer.Status, answer.RequestID
	if integration.Type == program.IntegrationAWSProxy {
		return c.proxyResult(answer)
	}
	out := result{
		status: answer.Status, body: answer.Payload, traced: true, function: true,
		header: exchange.Header{{Name: "Content-Type", Value: defaultContentType}, {Name: "x-amzn-RequestId", Value: answer.RequestID}},
	}
	if answer.FunctionError != "" {
		out.header.Add("X-Amz-Function-Error", answer.FunctionError)
		out.outcome = errorMessage(answer.Payload)
	}
	return out, nil
}

func (c *call) invocation(in *lambdaRequest) lambda.Invocation {
	return lambda.Invocation{
		Function: in.function, Payload: in.payload, Type: in.kind, Stream: in.stream, SourceARN: c.sourceARN(), TraceID: c.trace(),
	}
}

// sourceARN is on whose behalf a function is called: the method, with "*" for
// the variables of its path (reference/api-gateway.md appendix B).
func (c *call) sourceARN() string {
	api, path := c.place.api, strings.Split(c.route.method.ResourcePath, "/")
	for i, part := range path {
		if strings.HasPrefix(part, "{") {
			path[i] = "*"
		}
	}
	return "arn:" + api.Partition + ":execute-api:" + api.Region + ":" + api.Account + ":" + api.ID + "/" + c.place.stage.Name + "/" + c.verb +
		strings.Join(path, "/")
}

// lambdaRefusal is the refusal of a call that got no answer: 500 when the
// function may not be called (one that does not exist answers alike), 502 when
// it could not be (reference/api-gateway.md 2.6, 5.8).
func (c *call) lambdaRefusal(ctx context.Context, err error) *Refusal {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Refusal{Type: IntegrationTimeout, Reason: reasonTimeout}
	}
	c.gateway.options.Logger.Warn("function not called", "request_id", c.requestID, "error", err)
	var failed *lambda.Error
	if errors.As(err, &failed) {
		switch failed.Kind {
		case lambda.NotFound:
			return &Refusal{Type: APIConfigurationError, Reason: reasonNoFunction}
		case lambda.Denied:
			return &Refusal{Type: APIConfigurationError, Reason: reasonFunctionDenied}
		case lambda.TooLarge:
			return &Refusal{Type: RequestTooLarge, Reason: reasonBodyTooLong}
		}
	}
	return &Refusal{Type: FunctionFailure, Reason: reasonFunctionUnreachable}
}

// functionFailed is the refusal of a function that failed.
func functionFailed(answer *lambda.Answer) *Refusal {
	return &Refusal{
		Type: FunctionFailure, Reason: reasonFunctionError,
		Log: "Lambda execution failed with status 200 due to customer function error: " + errorMessage(answer.Payload) +
			". Lambda request id: " + answer.RequestID,
	}
}

// malformed is the refusal of an answer that is not of the form a proxy
// integration has to have.
func malformed() *Refusal {
	return &Refusal{
		Type: FunctionFailure, Reason: reasonMalformedAnswer,
		Log: "Execution failed due to configuration error: Malformed Lambda proxy response",
	}
}
