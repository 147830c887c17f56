package compile

import (
	"testing"
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/dataplane/program"
)

func TestAuthorizers(t *testing.T) {
	api := frozen(false)
	get := api.Resources["root"].ResourceMethods["GET"]
	get.AuthorizationType, get.AuthorizerId, get.AuthorizationScopes = new("CUSTOM"), new("a1"), []string{"s"}
	api.Resources["root"].ResourceMethods["GET"] = get
	uri := new("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations")
	api.Authorizers = map[string]apigatewayapi.Authorizer{
		"a1": {Type: new("REQUEST"), AuthorizerUri: uri, AuthorizerResultTtlInSeconds: new(int32(0))},
		"a2": {Type: new("TOKEN"), AuthorizerUri: uri, IdentitySource: new("method.request.header.A")},
		"a3": {Type: new("COGNITO_USER_POOLS"), ProviderARNs: []string{"arn:aws:cognito-idp:us-east-1:1:userpool/p"}},
		"a4": {Type: new("TOKEN")},
	}
	d, err := deployment("d1", &api)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := d.Routes.Match("/", "GET")
	if a := m.Authorizer; a == nil || a.Err != nil || a.ID != "a1" || a.Kind != program.AuthorizerRequest || a.TTL != 0 || m.Scopes[0] != "s" {
		t.Errorf("%+v, scopes %v", a, m.Scopes)
	}
	all := authorizers(&api)
	if all["a2"].TTL != 5*time.Minute || all["a3"].Kind != program.AuthorizerUserPools || len(all["a3"].Pools) != 1 || all["a4"].Err == nil {
		t.Errorf("%+v", all)
	}
}
