package app

import (
	"context"
	"strings"

	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/compile"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/gateway"
	"drawbridge/dataplane/program"
)

// testInvoke answers TestInvokeMethod by the gateway's own steps.
func (a *App) testInvoke(ctx context.Context, in apigateway.TestInvocation) (apigateway.TestAnswer, error) {
	deployment, method, err := compile.TestMethod(in.Draft, in.ResourceID, in.Verb)
	if err != nil {
		return misconfigured(in, err), nil
	}
	test := gateway.Test{
		API:        &program.API{ID: *in.Draft.Api.Id, Account: in.Account, Region: in.Region, Partition: in.Partition},
		Deployment: deployment, Method: method, Variables: in.Variables, Program: a.publisher.cells.any().Load(),
		Verb: in.CallVerb, Path: in.Path, RawQuery: in.RawQuery, Body: []byte(in.Body),
	}
	if in.Certificate != nil {
		if test.ClientCertificate, err = compile.ClientCertificate(in.Certificate); err != nil {
			return apigateway.TestAnswer{}, err
		}
	}
	for _, field := range in.Header {
		test.Header = append(test.Header, exchange.Field(field))
	}
	result := a.gateway.TestInvoke(ctx, test)
	answer := apigateway.TestAnswer{Status: result.Status, Body: string(result.Body), Log: result.Log, Latency: result.Latency}
	for _, field := range result.Header {
		answer.Header = append(answer.Header, apigateway.TestField(field))
	}
	return answer, nil
}

// testAuthorizer answers TestInvokeAuthorizer by the gateway's own steps.
func (a *App) testAuthorizer(ctx context.Context, in apigateway.TestAuthorization) (apigateway.TestAuthorizerAnswer, error) {
	test := gateway.AuthorizerTest{
		API:        &program.API{ID: in.APIID, Account: in.Account, Region: in.Region, Partition: in.Partition},
		Authorizer: compile.Authorizer(*in.Authorizer.Id, &in.Authorizer), Variables: in.Variables, Context: in.Context,
		Path: in.Path, RawQuery: in.RawQuery, Body: []byte(in.Body),
	}
	for _, field := range in.Header {
		test.Header = append(test.Header, exchange.Field(field))
	}
	result := a.gateway.TestAuthorizer(ctx, test)
	return apigateway.TestAuthorizerAnswer{
		Status: result.Status, PrincipalID: result.Principal, Policy: result.Policy, Context: result.Context, Claims: result.Claims,
		Log: result.Log, Latency: result.Latency,
	}, nil
}

// misconfigured is the answer of a method that cannot be compiled (a template
// that is none, say): what a call of it would get.
func misconfigured(in apigateway.TestInvocation, err error) apigateway.TestAnswer {
	at := in.Now.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") + " : "
	lines := []string{
		"Execution failed due to configuration error: " + strings.ReplaceAll(err.Error(), "\n", " "),
		"Method completed with status: 500",
	}
	return apigateway.TestAnswer{
		Status: 500, Body: `{"message": "Internal server error"}`,
		Header: []apigateway.TestField{{Name: "x-amzn-ErrorType", Value: "InternalServerErrorException"}},
		Log:    at + strings.Join(lines, "\n"+at) + "\n",
	}
}
