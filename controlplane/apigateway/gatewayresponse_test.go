package apigateway

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func (w *world) gatewayResponse(api, kind string) *apigatewayapi.GatewayResponse {
	w.Helper()
	return must[apigatewayapi.GatewayResponse](w)(w.GetGatewayResponse(w.call, &apigatewayapi.GetGatewayResponseRequest{RestApiId: &api, ResponseType: &kind}))
}

// A type that nobody changed shows what DEFAULT_4XX or DEFAULT_5XX of its class
// says; one of its own shows its own, and falls back when it is deleted.
func TestGatewayResponsesInherit(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	put := func(in *apigatewayapi.PutGatewayResponseRequest) {
		t.Helper()
		in.RestApiId = &id
		must[apigatewayapi.GatewayResponse](t)(w.PutGatewayResponse(w.call, in))
	}
	show := func(kind, status, header string, isDefault bool) {
		t.Helper()
		r := w.gatewayResponse(id, kind)
		if val(r.StatusCode) != status || r.ResponseParameters["gatewayresponse.header.x"] != header || val(r.DefaultResponse) != isDefault {
			t.Errorf("%s: status %q, header %q, default %t", kind, val(r.StatusCode), r.ResponseParameters["gatewayresponse.header.x"], val(r.DefaultResponse))
		}
	}
	show("THROTTLED", "429", "", true)
	show("DEFAULT_4XX", "", "", true)
	put(&apigatewayapi.PutGatewayResponseRequest{ResponseType: new("DEFAULT_4XX"), ResponseParameters: map[string]string{"gatewayresponse.header.x": "'four'"}})
	show("THROTTLED", "429", "'four'", true) // no status of its own: the type's
	show("API_CONFIGURATION_ERROR", "500", "", true)
	put(&apigatewayapi.PutGatewayResponseRequest{ResponseType: new("DEFAULT_4XX"), StatusCode: new("418")})
	show("THROTTLED", "418", "", true)
	put(&apigatewayapi.PutGatewayResponseRequest{ResponseType: new("THROTTLED"), ResponseParameters: map[string]string{"gatewayresponse.header.x": "'own'"}})
	show("THROTTLED", "429", "'own'", false) // what Put leaves out is the type's, not the class's
	if err := w.DeleteGatewayResponse(w.call, &apigatewayapi.DeleteGatewayResponseRequest{RestApiId: &id, ResponseType: new("THROTTLED")}); err != nil {
		t.Fatal(err)
	}
	show("THROTTLED", "418", "", true)

	// Update of an untouched type makes what it showed its own.
	must[apigatewayapi.GatewayResponse](t)(w.UpdateGatewayResponse(w.call, &apigatewayapi.UpdateGatewayResponseRequest{
		RestApiId: &id, ResponseType: new("THROTTLED"), PatchOperations: patch("add /responseParameters/gatewayresponse.header.x 'patched'"),
	}))
	show("THROTTLED", "418", "'patched'", false)
	show("QUOTA_EXCEEDED", "418", "", true) // and does not write through to the class
}

func TestGatewayResponsesRefuse(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	for _, c := range []struct {
		parameters, templates map[string]string
		text                  string
	}{
		{map[string]string{"method.response.header.x": "'y'"}, nil, "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: method.response.header.x]"},
		{map[string]string{"gatewayresponse.header.x": "y"}, nil, "Invalid mapping expression specified…"},
		{map[string]string{"gatewayresponse.header.x": "'a\r\nb: c'"}, nil, "Invalid mapping expression specified…"},
		{map[string]string{"gatewayresponse.header.x": ""}, nil, "Invalid null or empty value in responseParameters"},
		{nil, map[string]string{"application/json": ""}, "Invalid null or empty value in responseTemplates"},
		{nil, map[string]string{"json": "{}"}, "Validation Result: warnings : [], errors : [Invalid content type specified: json]"},
	} {
		_, err := w.PutGatewayResponse(w.call, &apigatewayapi.PutGatewayResponseRequest{
			RestApiId: &id, ResponseType: new("THROTTLED"), ResponseParameters: c.parameters, ResponseTemplates: c.templates,
		})
		refused(t, err, bad, c.text)
	}
}
