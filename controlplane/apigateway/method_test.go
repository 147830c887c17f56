package apigateway

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestPutMethodChecksInOrder(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	put := func(change func(*apigatewayapi.PutMethodRequest)) error {
		in := &apigatewayapi.PutMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), AuthorizationType: new("none")}
		change(in)
		_, err := w.PutMethod(w.call, in)
		return err
	}
	for _, c := range []struct {
		change     func(*apigatewayapi.PutMethodRequest)
		code, text string
	}{
		{func(in *apigatewayapi.PutMethodRequest) { in.RestApiId, in.HttpMethod = new("none"), new("WRONG") }, notFound, "Invalid Resource identifier specified"},
		{func(in *apigatewayapi.PutMethodRequest) { in.ResourceId, in.HttpMethod = new("none"), new("WRONG") }, notFound, "Invalid Resource identifier specified"},
		{func(in *apigatewayapi.PutMethodRequest) { in.HttpMethod = new("WRONG") }, bad, httpMethodText},
		{func(in *apigatewayapi.PutMethodRequest) { in.AuthorizationType = new("CUSTOM") }, bad, authorizerText},
		{func(in *apigatewayapi.PutMethodRequest) { in.AuthorizationType = new("MAGIC") }, bad, "Invalid authorization type specified…"},
		{func(in *apigatewayapi.PutMethodRequest) { in.RequestValidatorId = new("none") }, bad, "Invalid Request Validator identifier specified"},
		{func(in *apigatewayapi.PutMethodRequest) { in.RequestModels = map[string]string{"a/b": "petModel"} }, bad, "Invalid model identifier specified: petModel"},
		{func(in *apigatewayapi.PutMethodRequest) {
			in.RequestParameters = map[string]bool{"method.request.path.p": true, "true": true}
		}, bad, "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]"},
		{func(in *apigatewayapi.PutMethodRequest) {
			in.RequestParameters = map[string]bool{"method.request.querystring.p": false, "method.request.header.p": false}
		}, bad, "Parameter names must be unique across querystring, header and path"},
	} {
		refused(t, put(c.change), c.code, c.text)
	}
	w.ok(put(func(in *apigatewayapi.PutMethodRequest) {
		in.RequestModels = map[string]string{"application/json": "Empty"}
	}))
	refused(t, put(func(*apigatewayapi.PutMethodRequest) {}), conflict, "Method already exists for this resource")
	m := must[apigatewayapi.Method](t)(w.GetMethod(w.call, &apigatewayapi.GetMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}))
	if *m.AuthorizationType != "NONE" || *m.ApiKeyRequired {
		t.Errorf("stored %+v", m)
	}
}

func TestUpdateMethod(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.method(id, root, "GET")
	w.ok(w.editAPI(w.call, id, nil, func(rec *APIRecord) error {
		rec.Authorizers = map[string]apigatewayapi.Authorizer{"auth1": {Id: new("auth1")}}
		rec.RequestValidators = map[string]apigatewayapi.RequestValidator{"val1": {Id: new("val1")}}
		return nil
	}))
	update := func(ops ...string) (*apigatewayapi.Method, error) {
		return w.UpdateMethod(w.call, &apigatewayapi.UpdateMethodRequest{
			RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), PatchOperations: patch(ops...),
		})
	}
	m := must[apigatewayapi.Method](t)(update("replace /authorizerId auth1", "replace /authorizationType CUSTOM", "replace /requestValidatorId val1",
		"replace /apiKeyRequired true", "add /requestParameters/method.request.header.h true", "add /requestModels/application~1json Error",
		"add /authorizationScopes s1", "add /authorizationScopes s2", "remove /authorizationScopes s1", "replace /operationName op"))
	if *m.AuthorizerId != "auth1" || !*m.ApiKeyRequired || !m.RequestParameters["method.request.header.h"] || m.RequestModels["application/json"] != "Error" ||
		len(m.AuthorizationScopes) != 1 || *m.OperationName != "op" || *m.RequestValidatorId != "val1" {
		t.Errorf("got %+v", m)
	}
	m = must[apigatewayapi.Method](t)(update("replace /authorizationType NONE", "replace /apiKeyRequired whatever", "replace /requestValidatorId",
		"remove /requestParameters/method.request.header.h", "remove /requestModels/application~1json", "remove /authorizationScopes s2"))
	if m.AuthorizerId != nil || *m.ApiKeyRequired || m.RequestParameters != nil || m.RequestModels != nil || m.AuthorizationScopes != nil || m.RequestValidatorId != nil {
		t.Errorf("got %+v", m)
	}
	for _, c := range []struct{ op, code, text string }{
		{"add /operationName x", bad, "Invalid patch operation specified. Must be one of: [replace]"},
		{"add /httpMethod PUT", bad, "Invalid patch path /httpMethod"},
		{"replace /requestParameters x", bad, "Invalid patch path /requestParameters"},
		{"add /requestModels/application/json Empty", bad, "Invalid patch path /requestModels/application/json"},
		{"add /requestModels/a~1b none", bad, "Invalid model identifier specified: none"},
		{"add /requestParameters/wrong true", bad, "Invalid mapping expression specified:…"},
		{"replace /authorizationType CUSTOM", bad, authorizerText},
		{"replace /requestValidatorId none", bad, "Invalid Request Validator identifier specified"},
		{"remove /requestModels/a~1b", notFound, "Content-Type specified was not found"},
		{"remove /requestParameters/method.request.header.h", notFound, "Invalid parameter name specified"},
	} {
		_, err := update(c.op)
		refused(t, err, c.code, c.text)
	}
	w.ok(w.DeleteMethod(w.call, &apigatewayapi.DeleteMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}))
	_, err := update("replace /operationName x")
	refused(t, err, notFound, "Invalid Method identifier specified")
	refused(t, w.DeleteMethod(w.call, &apigatewayapi.DeleteMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}),
		notFound, "Invalid Method identifier specified")
}

func TestMethodResponses(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.method(id, root, "GET")
	put := func(status string, parameters map[string]bool, models map[string]string) (*apigatewayapi.MethodResponse, error) {
		return w.PutMethodResponse(w.call, &apigatewayapi.PutMethodResponseRequest{
			RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: &status, ResponseParameters: parameters, ResponseModels: models,
		})
	}
	out := must[apigatewayapi.MethodResponse](t)(put("200", map[string]bool{}, map[string]string{}))
	if out.ResponseModels == nil || out.ResponseParameters == nil {
		t.Error("empty maps that were sent are not shown")
	}
	_, err := put("200", nil, nil)
	refused(t, err, conflict, "Response already exists for this resource")
	_, err = put("201", map[string]bool{"wrong": true}, nil)
	refused(t, err, bad, "Invalid mapping expression specified:…")
	_, err = put("201", nil, map[string]string{"a/b": "none"})
	refused(t, err, bad, "Invalid model identifier specified: none")

	update := func(status string, ops ...string) (*apigatewayapi.MethodResponse, error) {
		return w.UpdateMethodResponse(w.call, &apigatewayapi.UpdateMethodResponseRequest{
			RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: &status, PatchOperations: patch(ops...),
		})
	}
	out = must[apigatewayapi.MethodResponse](t)(update("200", "add /responseParameters/method.response.header.h true", "add /responseModels/a~1b Empty"))
	if !out.ResponseParameters["method.response.header.h"] || out.ResponseModels["a/b"] != "Empty" {
		t.Errorf("got %+v", out)
	}
	out = must[apigatewayapi.MethodResponse](t)(update("200", "remove /responseParameters/method.response.header.h", "remove /responseModels/a~1b"))
	if out.ResponseParameters != nil || out.ResponseModels != nil {
		t.Errorf("got %+v", out)
	}
	_, err = update("200", "remove /responseModels/a~1b")
	refused(t, err, notFound, "Content-Type specified was not found")
	_, err = update("404", "remove /responseModels/a~1b")
	refused(t, err, notFound, "Invalid Response status code specified")

	in := &apigatewayapi.DeleteMethodResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200")}
	w.ok(w.DeleteMethodResponse(w.call, in))
	refused(t, w.DeleteMethodResponse(w.call, in), notFound, "Invalid Response status code specified")
	_, err = w.GetMethodResponse(w.call, &apigatewayapi.GetMethodResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200")})
	refused(t, err, notFound, "Invalid Response status code specified")
}
