package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
)

func TestAuthorizerTests(t *testing.T) {
	f := newFixture(t)
	answer, event := &lambda.Answer{Status: 200}, ""
	f.invoke = func(_ context.Context, in lambda.Invocation) (*lambda.Answer, error) {
		event = string(in.Payload)
		return answer, nil
	}
	f.program()
	test := AuthorizerTest{
		API: f.api, Path: "/a", RawQuery: "q=1", Context: map[string]string{"identity.sourceIp": "192.0.2.1", "own": "x"},
		Authorizer: program.NewAuthorizer(program.AuthorizerSource{
			ID: "auth01", Kind: program.AuthorizerToken, Sources: "method.request.header.Auth", Validation: "Bearer [a-z]+", TTL: time.Minute, URI: functionURI(functionARN),
		}),
	}
	granted := grantText("Allow", "*", `,"context":{"n":1}`)
	for _, c := range []struct {
		token, payload, failure string
		status                  int
		log                     string
	}{
		{"", "", "", 401, "Unauthorized request: 46533423"},
		{"Bearer 1", "", "", 401, "Unauthorized request: 46533423"},
		{"xBearer a", "", "", 401, "Unauthorized request: 46533423"},
		{"Bearer a", granted, "", 0, "Successfully completed authorizer execution"},
		{"Bearer a", `{"errorMessage":"Unauthorized"}`, "Unhandled", 401, "Unauthorized request"},
		{"Bearer a", `{"errorMessage":"boom"}`, "Unhandled", 500, `Authorizer function failed with response body: {"errorMessage":"boom"}`},
		{"Bearer a", `{}`, "", 500, "Execution failed due to configuration error: Invalid JSON in response"},
	} {
		answer.Payload, answer.FunctionError, event = []byte(c.payload), c.failure, ""
		test.Header = exchange.Header{{Name: "auth", Value: c.token}}
		got := f.gateway.TestAuthorizer(t.Context(), test)
		if got.Status != c.status || !strings.Contains(got.Log, c.log) || !strings.Contains(got.Log, "Starting authorizer: auth01\n") || c.token != "" && strings.Contains(got.Log, "Incoming identity: "+c.token) {
			t.Errorf("%q %s: %+v", c.token, c.payload, got)
		}
		if c.status == 0 && (got.Principal != "me" || got.Context["n"] != "1" || len(got.Context) != 1 || !strings.HasPrefix(got.Policy, `{"Version"`)) {
			t.Errorf("%+v", got)
		}
		if want := `{"type":"TOKEN","methodArn":"arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/ESTestInvoke-stage/GET/a","authorizationToken":"Bearer a"}`; event != "" && event != want {
			t.Errorf("event %s", event)
		}
	}
	test.Authorizer = program.NewAuthorizer(program.AuthorizerSource{
		ID: "auth02", Kind: program.AuthorizerRequest, Sources: "context.own,context.identity.sourceIp", TTL: time.Minute, URI: functionURI(functionARN),
	})
	answer.Payload, answer.FunctionError = []byte(granted), ""
	if got := f.gateway.TestAuthorizer(t.Context(), test); got.Status != 0 || !strings.Contains(event, `"queryStringParameters":{"q":"1"}`) {
		t.Errorf("%+v %s", got, event)
	}
	test.Authorizer = program.NewAuthorizer(program.AuthorizerSource{ID: "auth03", Kind: program.AuthorizerToken})
	if got := f.gateway.TestAuthorizer(t.Context(), test); got.Status != 500 {
		t.Errorf("%+v", got)
	}
}
