package program

import "testing"

func TestNewAuthorizer(t *testing.T) {
	const uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"
	for _, c := range []struct {
		name  string
		from  AuthorizerSource
		works bool
	}{
		{"token", AuthorizerSource{URI: uri, Sources: "method.request.header.Auth", Validation: "Bearer .+"}, true},
		{"token from a query", AuthorizerSource{URI: uri, Sources: "method.request.querystring.q"}, false},
		{"token from nowhere", AuthorizerSource{URI: uri}, false},
		{"no function", AuthorizerSource{URI: "arn:aws:apigateway:us-east-1:sqs:path/x", Sources: "method.request.header.Auth"}, false},
		{"expression", AuthorizerSource{URI: uri, Sources: "method.request.header.Auth", Validation: "("}, false},
		{"request", AuthorizerSource{Kind: AuthorizerRequest, URI: uri, Sources: "method.request.header.A, context.path,stageVariables.v"}, true},
		{"request without sources", AuthorizerSource{Kind: AuthorizerRequest, URI: uri}, true},
		{"request by a path variable", AuthorizerSource{Kind: AuthorizerRequest, URI: uri, Sources: "method.request.path.id"}, false},
		{"pools", AuthorizerSource{Kind: AuthorizerUserPools, Pools: []string{"arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_A"}}, true},
		{"no pool", AuthorizerSource{Kind: AuthorizerUserPools, Pools: []string{"arn:aws:s3:::bucket"}}, false},
	} {
		if a := NewAuthorizer(c.from); (a.Err == nil) != c.works {
			t.Errorf("%s: %v", c.name, a.Err)
		}
	}
	pools := NewAuthorizer(AuthorizerSource{Kind: AuthorizerUserPools, Pools: []string{"arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_A"}})
	if pools.Sources[0].Name != "Authorization" || pools.Pools[0].Issuer() != "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A" {
		t.Errorf("%+v", pools)
	}
}
