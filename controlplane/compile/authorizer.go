package compile

import (
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// defaultTTL is how many seconds an authorizer's results are kept unless it
// says otherwise (reference/api-gateway.md 6.1).
const defaultTTL = 300

// authorizers compiles the authorizers of a frozen API, each once.
func authorizers(frozen *apigateway.APIRecord) map[string]*program.Authorizer {
	compiled := make(map[string]*program.Authorizer, len(frozen.Authorizers))
	for id, stored := range frozen.Authorizers {
		compiled[id] = Authorizer(id, &stored)
	}
	return compiled
}

// Authorizer compiles one authorizer, for tests of it as for calls.
func Authorizer(id string, stored *apigatewayapi.Authorizer) *program.Authorizer {
	from := program.AuthorizerSource{
		ID: id, URI: value(stored.AuthorizerUri), Sources: value(stored.IdentitySource),
		Validation: value(stored.IdentityValidationExpression), Pools: stored.ProviderARNs,
		TTL: time.Duration(valueOr(stored.AuthorizerResultTtlInSeconds, defaultTTL)) * time.Second,
	}
	switch value(stored.Type) {
	case apigatewayapi.AuthorizerTypeRequest:
		from.Kind = program.AuthorizerRequest
	case apigatewayapi.AuthorizerTypeCognitoUserPools:
		from.Kind = program.AuthorizerUserPools
	}
	return program.NewAuthorizer(from)
}
