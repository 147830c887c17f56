package gateway

import (
	"context"

	"drawbridge/dataplane/program"
)

// lambdaRequest is the call of a Lambda function.
type lambdaRequest struct {
	function string // name or ARN, stage variables filled in
	payload  []byte
}

// mapLambdaProxy makes the event of an AWS_PROXY integration.
func (c *call) mapLambdaProxy(*program.Integration) (request, *Refusal) {
	return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBuilt}
}

// mapLambda makes the event of an AWS integration with a function.
func (c *call) mapLambda(*program.Integration) (request, *Refusal) {
	return request{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBuilt}
}

// callLambda calls a function within the integration's timeout.
func (c *call) callLambda(context.Context, *program.Integration, *lambdaRequest) (result, *Refusal) {
	return result{}, &Refusal{Type: APIConfigurationError, Reason: reasonNotBuilt}
}
