package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// testAuthorizerStage is the stage in the ARN of a test (memory).
const testAuthorizerStage = "ESTestInvoke-stage"

// AuthorizerTest is one call of an authorizer, past its kept results.
type AuthorizerTest struct {
	API        *program.API
	Authorizer *program.Authorizer
	Variables  map[string]string // stage variables
	Context    map[string]string // values of $context beside what a test has

	Path, RawQuery string
	Header         exchange.Header
	Body           []byte
}

// AuthorizerResult is what an authorizer said of a caller.
type AuthorizerResult struct {
	Status    int // that a client would get; 0: the authorizer has answered
	Principal string
	Policy    string // as the function wrote it
	Context   map[string]string
	Claims    map[string]string // of a user pool's token
	Log       string
	Latency   time.Duration
}

// TestAuthorizer asks an authorizer by the steps of every call, for
// TestInvokeAuthorizer.
func (g *Gateway) TestAuthorizer(ctx context.Context, t AuthorizerTest) AuthorizerResult {
	method := &program.Method{Verb: "GET", ResourcePath: "/", Authorizer: t.Authorizer}
	c := g.beginTest(Test{
		API: t.API, Deployment: &program.Deployment{Routes: program.NewRoutes(nil)}, Method: method, Variables: t.Variables,
		Verb: "GET", Path: t.Path, RawQuery: t.RawQuery, Header: t.Header, Body: t.Body,
	})
	c.place.stage.Name = testAuthorizerStage
	for name, value := range t.Context {
		put(c.contextTree(), name, value)
	}
	c.log.info("Starting authorizer: " + t.Authorizer.ID)
	var result AuthorizerResult
	refusal := c.askForTest(ctx, t.Authorizer, &result)
	if refusal != nil {
		result.Status = c.refuse(refusal).Status
		if result.Status == http.StatusUnauthorized {
			c.log.fail("Unauthorized request: " + c.requestID)
		} else {
			c.log.fail(c.authorizerFailure(refusal))
		}
	} else {
		c.log.info("Successfully completed authorizer execution")
	}
	result.Log, result.Latency = c.log.text(c.requestID, c.now), g.options.Now().Sub(c.now)
	return result
}

// askForTest asks a Lambda authorizer or reads a user pool's token.
func (c *call) askForTest(ctx context.Context, a *program.Authorizer, result *AuthorizerResult) *Refusal {
	if a.Err != nil {
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer, Log: "Execution failed due to configuration error: " + a.Err.Error()}
	}
	if a.Kind == program.AuthorizerUserPools {
		if refusal := c.authoriseUserPools(ctx, c.route.method); refusal != nil {
			return refusal
		}
		claims, _ := c.granted.context.Get("claims")
		result.Claims = texts(claims)
		return nil
	}
	values, refusal := c.identityValues(a)
	if refusal != nil {
		return refusal
	}
	c.log.info("Incoming identity: " + masked(strings.Join(values, ",")))
	event, err := c.authorizerEvent(a, values)
	if err != nil {
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer}
	}
	c.log.data("Endpoint request body after transformations: ", string(event))
	output, refusal := c.askFunction(ctx, a, event)
	if refusal != nil {
		return refusal
	}
	c.log.data("Authorizer result body before parsing: ", string(output))
	granted, err := parseGrant(output)
	if err != nil {
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizerOutput, Log: "Execution failed due to configuration error: Invalid JSON in response: " + err.Error()}
	}
	c.log.info("Using valid authorizer policy for principal: " + masked(granted.principal))
	result.Principal, result.Context = granted.principal, texts(granted.context)
	delete(result.Context, "principalId")
	var said struct {
		PolicyDocument json.RawMessage `json:"policyDocument"`
	}
	_ = json.Unmarshal(output, &said) // parseGrant has read it
	result.Policy = string(said.PolicyDocument)
	return nil
}

// authorizerFailure is the log's line for an authorizer that failed.
func (c *call) authorizerFailure(r *Refusal) string {
	switch {
	case r.Log != "":
		return r.Log
	case r.Reason == reasonNoFunctions:
		return "Execution failed due to configuration error: Authorizer function failed with response body: no function service is configured"
	}
	return "Execution failed due to configuration error: Authorizer error"
}

// texts returns an object's entries that are text.
func texts(value any) map[string]string {
	out := make(map[string]string)
	if object, ok := value.(*jsonpath.Object); ok {
		for name, value := range object.All() {
			if text, ok := value.(string); ok {
				out[name] = text
			}
		}
	}
	return out
}

// put sets a value of $context by its path ("identity.sourceIp").
func put(tree *jsonpath.Object, path, value string) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		tree.Put(name, value)
		return
	}
	at, _ := tree.Get(name)
	inner, ok := at.(*jsonpath.Object)
	if !ok {
		inner = &jsonpath.Object{}
		tree.Put(name, inner)
	}
	put(inner, rest, value)
}
