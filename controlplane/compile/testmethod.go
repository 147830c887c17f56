package compile

import (
	"fmt"

	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// TestMethod compiles one method of a draft, and a deployment whose routes lead
// to it alone, for a test invocation: what is wrong with other methods does not
// matter, and no deployment has to be made.
func TestMethod(draft *apigateway.APIRecord, resourceID, verb string) (*program.Deployment, *program.Method, error) {
	resource, ok := draft.Resources[resourceID]
	if !ok {
		return nil, nil, fmt.Errorf("resource %s is not in the draft", resourceID)
	}
	compiled, err := method(&resource, verb)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", verb, value(resource.Path), err)
	}
	return &program.Deployment{
		ID:               "test",
		BinaryMediaTypes: draft.Api.BinaryMediaTypes,
		Responses:        gatewayResponses(draft.GatewayResponses),
		Routes:           program.NewRoutes([]*program.Method{compiled}),
	}, compiled, nil
}
