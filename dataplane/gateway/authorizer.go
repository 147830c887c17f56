package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
	"drawbridge/engine/policy"
)

const (
	// authorizerTimeout bounds the call of an authorizer's function.
	authorizerTimeout = 29 * time.Second
	// maxGrant bounds what an authorizer may answer.
	maxGrant = 256 << 10
)

// grant is what an authorizer said about a caller. Several calls may share it.
type grant struct {
	principal string
	policy    *policy.Policy   // nil of user pools: nothing to combine
	context   *jsonpath.Object // $context.authorizer
	usageKey  string           // usageIdentifierKey
}

// authoriseCustom asks a Lambda authorizer. The resource policy's explicit Deny
// comes first, and the authorizer is not called; what the authorizer says is
// combined with the policy by Table A (reference/api-gateway.md 3.3).
func (c *call) authoriseCustom(ctx context.Context, a *program.Authorizer) *Refusal {
	resource, refusal := c.evaluate(c.place.deployment.Policy)
	if refusal != nil {
		return refusal
	}
	if resource == policy.ExplicitDeny {
		return c.denied(resourceVerdict(resource))
	}
	if a == nil || a.Err != nil {
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer}
	}
	granted, refusal := c.grantOf(ctx, a)
	if refusal != nil {
		return refusal
	}
	own, refusal := c.evaluate(granted.policy)
	if refusal != nil {
		return refusal
	}
	if v := combine(own, resource, true); v.effect != policy.Allow {
		return c.deniedByAuthorizer(v)
	}
	c.accept(granted)
	c.x.Trail.Add("authorise", "authorizer allows")
	return nil
}

// accept keeps a grant for the steps to come. $context is made anew with it.
func (c *call) accept(g *grant) {
	c.granted = g
	c.context = nil
}

// deniedByAuthorizer is the refusal of a caller that its authorizer's policy
// does not allow (reference/api-gateway.md 3.5).
func (c *call) deniedByAuthorizer(v verdict) *Refusal {
	refusal := &Refusal{Type: AccessDenied, Reason: reasonAuthorizerDenies, Message: "User is not authorized to access this resource"}
	if v.effect == policy.ExplicitDeny {
		refusal.Message += " with an explicit deny"
		if c.gateway.options.Wording == WordingCurrent {
			refusal.Message += " in an identity-based policy"
		}
	}
	return refusal
}

// grantOf returns the authorizer's word on the caller, kept or new.
func (c *call) grantOf(ctx context.Context, a *program.Authorizer) (*grant, *Refusal) {
	values, refusal := c.identityValues(a)
	if refusal != nil {
		return nil, refusal
	}
	key := grantKey{api: c.place.api.ID, stage: c.place.stage.Name, authorizer: a, identity: identityHash(values)}
	keep := a.TTL > 0 && len(values) > 0
	if keep {
		if g := c.gateway.grants.get(key, c.now); g != nil {
			return g, nil
		}
	}
	c.context = nil // made for an identity source, it would lack what comes later
	event, err := c.authorizerEvent(a, values)
	if err != nil {
		return nil, &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer}
	}
	begun := c.gateway.grants.generation()
	g, refusal := c.ask(ctx, a, event)
	if refusal == nil && keep {
		c.gateway.grants.put(key, g, c.now.Add(a.TTL), begun)
	}
	return g, refusal
}

// identityValues returns the values of the identity sources. One that is
// missing or empty makes the caller unauthorized; a REQUEST authorizer that
// keeps no results is called all the same (reference/api-gateway.md 6.1, 6.2).
func (c *call) identityValues(a *program.Authorizer) ([]string, *Refusal) {
	values := make([]string, 0, len(a.Sources))
	for i := range a.Sources {
		value := c.identityValue(&a.Sources[i])
		if value == "" && (a.Kind == program.AuthorizerToken || a.TTL > 0) {
			return nil, &Refusal{Type: Unauthorized, Reason: reasonNoIdentity}
		}
		values = append(values, value)
	}
	if a.Kind == program.AuthorizerToken && a.Validation != nil && !a.Validation.MatchString(values[0]) {
		return nil, &Refusal{Type: Unauthorized, Reason: reasonNoIdentity}
	}
	return values, nil
}

// identityValue returns the value of one source. The case of header names does
// not matter: over HTTP/2 all are in lower case.
func (c *call) identityValue(s *program.Source) string {
	switch s.Place {
	case program.PlaceHeader:
		return c.x.Request.Header.Joined(s.Name)
	case program.PlaceQuery:
		return strings.Join(c.queryParameters().all(s.Name), ",")
	case program.PlaceStageVariable:
		return c.place.stage.Variables[s.Name]
	case program.PlaceContext:
		return c.contextText(s.Name)
	}
	return ""
}

// identityHash stands for the values, so that no token is kept.
func identityHash(values []string) [sha256.Size]byte {
	var b []byte
	for _, value := range values {
		b = fmt.Appendf(b, "%d:%s", len(value), value) // unambiguous
	}
	return sha256.Sum256(b)
}

// ask calls the authorizer's function and reads what it says.
func (c *call) ask(ctx context.Context, a *program.Authorizer, event []byte) (*grant, *Refusal) {
	output, refusal := c.askFunction(ctx, a, event)
	if refusal != nil {
		return nil, refusal
	}
	g, err := parseGrant(output)
	if err != nil {
		return nil, &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizerOutput}
	}
	return g, nil
}

// askFunction calls the authorizer's function (reference/api-gateway.md 6.1).
func (c *call) askFunction(ctx context.Context, a *program.Authorizer, event []byte) ([]byte, *Refusal) {
	function, ok := c.functionName(a.Function)
	if !ok {
		return nil, &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer}
	}
	if c.gateway.options.Invoke == nil {
		return nil, &Refusal{Type: AuthorizerFailure, Reason: reasonNoFunctions}
	}
	ctx, cancel := context.WithTimeout(ctx, authorizerTimeout)
	defer cancel()
	began := c.gateway.options.Now()
	answer, err := c.gateway.options.Invoke(ctx, lambda.Invocation{
		Function: function, Payload: event, SourceARN: c.authorizerARN(a), TraceID: c.trace(),
	})
	c.authorised.function.took = c.gateway.options.Now().Sub(began)
	if err == nil {
		c.authorised.function.status, c.authorised.function.requestID = answer.Status, answer.RequestID
	}
	switch {
	case err != nil:
		c.gateway.options.Logger.Warn("authorizer not called", "request_id", c.requestID, "authorizer", a.ID, "error", err)
		return nil, &Refusal{Type: AuthorizerFailure, Reason: reasonAuthorizerFailed}
	case answer.FunctionError != "" && errorMessage(answer.Payload) == "Unauthorized":
		return nil, &Refusal{Type: Unauthorized, Reason: reasonAuthorizerRefuses}
	case answer.FunctionError != "":
		return nil, &Refusal{
			Type: AuthorizerConfigurationError, Reason: reasonAuthorizerThrew,
			Log: "Execution failed due to configuration error: Authorizer function failed with response body: " + string(answer.Payload),
		}
	}
	return answer.Payload, nil
}

// authorizerARN is on whose behalf an authorizer's function is called: what its
// permissions are about.
func (c *call) authorizerARN(a *program.Authorizer) string {
	api := c.place.api
	return "arn:" + api.Partition + ":execute-api:" + api.Region + ":" + api.Account + ":" + api.ID + "/authorizers/" + a.ID
}

// errorMessage returns the errorMessage of what a function failed with.
func errorMessage(payload []byte) string {
	var thrown struct {
		ErrorMessage string `json:"errorMessage"`
	}
	_ = json.Unmarshal(payload, &thrown) // what is no object has no message
	return thrown.ErrorMessage
}

// errGrant is the error of an authorizer's answer that breaks the contract.
var errGrant = errors.New("the authorizer's answer is not of the documented form")

// parseGrant reads what an authorizer answered: principalId, policyDocument,
// context of scalars, usageIdentifierKey (reference/api-gateway.md 6.1).
func parseGrant(output []byte) (*grant, error) {
	if len(output) > maxGrant {
		return nil, errGrant
	}
	var answer struct {
		PrincipalID        *string                    `json:"principalId"`
		PolicyDocument     json.RawMessage            `json:"policyDocument"`
		Context            map[string]json.RawMessage `json:"context"`
		UsageIdentifierKey *string                    `json:"usageIdentifierKey"`
	}
	if err := json.Unmarshal(output, &answer); err != nil || answer.PrincipalID == nil || *answer.PrincipalID == "" {
		return nil, errGrant
	}
	g := &grant{principal: *answer.PrincipalID, context: &jsonpath.Object{}}
	var err error
	if g.policy, err = policy.New(answer.PolicyDocument, policy.Options{}); err != nil {
		return nil, fmt.Errorf("%w: policy: %w", errGrant, err)
	}
	tree, err := jsonpath.Parse(string(output)) // in the order of the answer
	if err != nil {
		return nil, errGrant
	}
	if object, ok := tree.(*jsonpath.Object); ok && answer.Context != nil {
		given, _ := object.Get("context")
		entries, ok := given.(*jsonpath.Object)
		if !ok {
			return nil, errGrant
		}
		for name, value := range entries.All() {
			text, scalar := jsonpath.Scalar(value)
			if !scalar || value == nil {
				return nil, errGrant
			}
			g.context.Put(name, text)
		}
	}
	g.context.Put("principalId", g.principal)
	if answer.UsageIdentifierKey != nil {
		g.usageKey = *answer.UsageIdentifierKey
	}
	return g, nil
}
