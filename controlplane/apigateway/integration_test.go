package apigateway

import (
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestPutIntegration(t *testing.T) {
	const lambda = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
	type in = apigatewayapi.PutIntegrationRequest
	for _, c := range []struct {
		name       string
		in         in
		code, text string
		want       func(*apigatewayapi.Integration) bool
	}{
		{name: "mock drops verb and uri", in: in{Type: new("MOCK"), IntegrationHttpMethod: new("GET"), Uri: new("http://x")}, want: func(i *apigatewayapi.Integration) bool {
			return i.HttpMethod == nil && i.Uri == nil && i.ConnectionType == nil && *i.PassthroughBehavior == "WHEN_NO_MATCH" &&
				*i.TimeoutInMillis == 29000 && i.CacheKeyParameters != nil && i.CacheNamespace != nil
		}},
		{name: "http", in: in{Type: new("HTTP"), IntegrationHttpMethod: new("POST"), Uri: new("https://${stageVariables.host}/{p}?a={q}")},
			want: func(i *apigatewayapi.Integration) bool {
				return *i.ConnectionType == "INTERNET" && *i.HttpMethod == "POST"
			}},
		{name: "empty templates are null", in: in{Type: new("MOCK"), RequestTemplates: map[string]*string{"application/json": new("")}},
			want: func(i *apigatewayapi.Integration) bool {
				v, ok := i.RequestTemplates["application/json"]
				return ok && v == nil
			}},
		{name: "mappings", in: in{Type: new("HTTP_PROXY"), IntegrationHttpMethod: new("ANY"), Uri: new("http://x"), RequestParameters: map[string]string{
			"integration.request.header.a": "method.request.header.h", "integration.request.path.b": "'static'",
			"integration.request.querystring.c": "context.requestId", "integration.request.header.d": "stageVariables.v",
			"integration.request.querystring.e": "method.request.body.name", "integration.request.header.f": "method.request.multivalueheader.h",
		}}, want: func(i *apigatewayapi.Integration) bool { return len(i.RequestParameters) == 6 }},
		{name: "lambda proxy", in: in{Type: new("AWS_PROXY"), IntegrationHttpMethod: new("POST"), Uri: new(lambda)},
			want: func(i *apigatewayapi.Integration) bool { return i.ConnectionType == nil }},
		{name: "vpc link", in: in{Type: new("HTTP_PROXY"), IntegrationHttpMethod: new("GET"), Uri: new("http://x"), ConnectionType: new("VPC_LINK"), ConnectionId: new("v")},
			want: func(i *apigatewayapi.Integration) bool {
				return *i.ConnectionType == "VPC_LINK" && *i.ConnectionId == "v"
			}},
		{name: "vpc link without id", in: in{Type: new("HTTP_PROXY"), IntegrationHttpMethod: new("GET"), Uri: new("http://x"), ConnectionType: new("VPC_LINK")},
			code: bad, text: "ConnectionId must be specified…"},
		{name: "no verb", in: in{Type: new("HTTP"), Uri: new("wrong")}, code: bad, text: "Enumeration value for HttpMethod must be non-empty"},
		{name: "wrong verb", in: in{Type: new("HTTP"), Uri: new("http://x"), IntegrationHttpMethod: new("FETCH")}, code: bad, text: httpMethodText},
		{name: "no uri", in: in{Type: new("HTTP"), IntegrationHttpMethod: new("GET")}, code: bad, text: "Invalid HTTP endpoint specified for URI"},
		{name: "wrong scheme", in: in{Type: new("HTTP"), IntegrationHttpMethod: new("GET"), Uri: new("ftp://x")}, code: bad, text: "Invalid HTTP endpoint specified for URI"},
		{name: "no host", in: in{Type: new("HTTP"), IntegrationHttpMethod: new("GET"), Uri: new("http:///x")}, code: bad, text: "Invalid HTTP endpoint specified for URI"},
		{name: "line break", in: in{Type: new("HTTP"), IntegrationHttpMethod: new("GET"), Uri: new("http://x/\r\nHost: y")}, code: bad, text: "Invalid HTTP endpoint specified for URI"},
		{name: "no arn", in: in{Type: new("AWS"), IntegrationHttpMethod: new("POST"), Uri: new("x")}, code: bad, text: "Invalid ARN specified in the request"},
		{name: "no action", in: in{Type: new("AWS"), IntegrationHttpMethod: new("POST"), Uri: new("arn:aws:iam::0:role/x")}, code: bad, text: "AWS ARN for integration must contain path or action"},
		{name: "proxy to s3", in: in{Type: new("AWS_PROXY"), IntegrationHttpMethod: new("POST"), Uri: new("arn:aws:apigateway:us-east-1:s3:path/b")},
			code: bad, text: "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."},
		{name: "no role", in: in{Type: new("AWS"), IntegrationHttpMethod: new("POST"), Uri: new("arn:aws:apigateway:us-east-1:s3:path/b")},
			code: bad, text: "Role ARN must be specified for AWS integrations"},
		{name: "other account's role", in: in{Type: new("AWS"), IntegrationHttpMethod: new("POST"), Uri: new(lambda), Credentials: new("arn:aws:iam::999999999999:role/r")},
			code: "AccessDeniedException", text: "Cross-account pass role is not allowed."},
		{name: "timeout", in: in{Type: new("MOCK"), TimeoutInMillis: new(int32(29001))}, code: bad, text: "Timeout should be between 50 ms and 29000 ms"},
		{name: "passthrough", in: in{Type: new("MOCK"), PassthroughBehavior: new("SOMETIMES")}, code: bad, text: "Invalid PassthroughBehavior specified…"},
		{name: "content type", in: in{Type: new("MOCK"), RequestTemplates: map[string]*string{"123": nil}},
			code: bad, text: "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"},
		{name: "large template", in: in{Type: new("MOCK"), RequestTemplates: map[string]*string{"a/b": new(strings.Repeat("x", 300<<10+1))}},
			code: bad, text: "Mapping template for a/b is larger…"},
		{name: "target", in: in{Type: new("MOCK"), RequestParameters: map[string]string{"wrong": "'x'"}}, code: bad, text: "Invalid mapping expression specified:…"},
		{name: "source", in: in{Type: new("MOCK"), RequestParameters: map[string]string{"integration.request.header.a": "wrong"}}, code: bad, text: "Invalid mapping expression specified:…"},
		{name: "undeclared", in: in{Type: new("MOCK"), RequestParameters: map[string]string{"integration.request.path.a": "method.request.path.none"}},
			code: bad, text: "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.path.none]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id, root := w.api()
			must[apigatewayapi.Method](w)(w.PutMethod(w.call, &apigatewayapi.PutMethodRequest{
				RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), AuthorizationType: new("NONE"),
				RequestParameters: map[string]bool{"method.request.header.h": false},
			}))
			in := c.in
			in.RestApiId, in.ResourceId, in.HttpMethod = &id, &root, new("GET")
			out, err := w.PutIntegration(w.call, &in)
			if c.code != "" {
				refused(t, err, c.code, c.text)
				return
			}
			if w.ok(err); !c.want(out) {
				t.Errorf("got %+v", out)
			}
		})
	}
}

func TestUpdateIntegration(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.method(id, root, "GET")
	must[apigatewayapi.Integration](t)(w.PutIntegration(w.call, &apigatewayapi.PutIntegrationRequest{
		RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), Type: new("HTTP"), IntegrationHttpMethod: new("GET"), Uri: new("http://x"),
	}))
	update := func(ops ...string) (*apigatewayapi.Integration, error) {
		return w.UpdateIntegration(w.call, &apigatewayapi.UpdateIntegrationRequest{
			RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), PatchOperations: patch(ops...),
		})
	}
	out := must[apigatewayapi.Integration](t)(update("replace /uri https://y/z", "replace /httpMethod POST", "replace /timeoutInMillis 50",
		"add /requestTemplates/a~1b x", "replace /requestTemplates/c~1d", "add /requestParameters/integration.request.header.h 'v'",
		"add /cacheKeyParameters/a", "add /cacheKeyParameters/b", "remove /cacheKeyParameters/a", "replace /passthroughBehavior never",
		"replace /tlsConfig/insecureSkipVerification true", "replace /contentHandling CONVERT_TO_TEXT", "replace /cacheNamespace ns"))
	if *out.Uri != "https://y/z" || *out.HttpMethod != "POST" || *out.TimeoutInMillis != 50 || *out.RequestTemplates["a/b"] != "x" ||
		out.RequestTemplates["c/d"] != nil || out.RequestParameters["integration.request.header.h"] != "'v'" || !slices.Equal(out.CacheKeyParameters, []string{"b"}) ||
		*out.PassthroughBehavior != "NEVER" || !*out.TlsConfig.InsecureSkipVerification || *out.ContentHandling != "CONVERT_TO_TEXT" || *out.CacheNamespace != "ns" {
		t.Errorf("got %+v", out)
	}
	if out = must[apigatewayapi.Integration](t)(update("replace /contentHandling")); out.ContentHandling != nil {
		t.Error("content handling was not taken away")
	}
	for _, c := range []struct{ op, code, text string }{
		{"replace /uri wrong", bad, "Invalid HTTP endpoint specified for URI"},
		{"replace /type MOCK", bad, "Invalid patch path /type"},
		{"add /uri http://x", bad, "Invalid patch operation specified. Must be one of: [replace]"},
		{"replace /timeoutInMillis soon", bad, "Timeout should be between 50 ms and 29000 ms"},
		{"replace /connectionType PIGEON", bad, "Invalid ConnectionType specified…"},
		{"replace /contentHandling x", bad, "Invalid ContentHandling specified…"},
		{"remove /requestTemplates/no~1no", notFound, "Content-Type specified was not found"},
		{"add /requestParameters/wrong 'v'", bad, "Invalid mapping expression specified:…"},
	} {
		_, err := update(c.op)
		refused(t, err, c.code, c.text)
	}
	must[apigatewayapi.Integration](t)(w.PutIntegration(w.call, &apigatewayapi.PutIntegrationRequest{
		RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), Type: new("MOCK"),
	}))
	_, err := update("replace /uri http://x")
	refused(t, err, bad, "Invalid patch path /uri")
}

func TestIntegrationNotFoundTexts(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.method(id, root, "GET")
	w.method(id, root, "PUT")
	must[apigatewayapi.Integration](t)(w.PutIntegration(w.call, &apigatewayapi.PutIntegrationRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("PUT"), Type: new("MOCK")}))
	const resource, method, integration, response = "Invalid Resource identifier specified", "Invalid Method identifier specified",
		"Invalid Integration identifier specified", "Invalid Response status code specified"
	for _, c := range []struct{ api, res, verb, get, del, getResponse, delResponse string }{
		{"none", root, "GET", resource, resource, resource, resource},
		{id, "none", "GET", resource, resource, resource, resource},
		{id, root, "POST", method, integration, method, integration},
		{id, root, "GET", integration, integration, integration, integration},
		{id, root, "PUT", "", "", response, response},
	} {
		_, err := w.GetIntegrationResponse(w.call, &apigatewayapi.GetIntegrationResponseRequest{RestApiId: &c.api, ResourceId: &c.res, HttpMethod: &c.verb, StatusCode: new("200")})
		refused(t, err, notFound, c.getResponse)
		_, err = w.UpdateIntegrationResponse(w.call, &apigatewayapi.UpdateIntegrationResponseRequest{RestApiId: &c.api, ResourceId: &c.res, HttpMethod: &c.verb, StatusCode: new("200")})
		refused(t, err, notFound, c.getResponse)
		refused(t, w.DeleteIntegrationResponse(w.call, &apigatewayapi.DeleteIntegrationResponseRequest{RestApiId: &c.api, ResourceId: &c.res, HttpMethod: &c.verb, StatusCode: new("200")}),
			notFound, c.delResponse)
		_, err = w.GetIntegration(w.call, &apigatewayapi.GetIntegrationRequest{RestApiId: &c.api, ResourceId: &c.res, HttpMethod: &c.verb})
		errDelete := w.DeleteIntegration(w.call, &apigatewayapi.DeleteIntegrationRequest{RestApiId: &c.api, ResourceId: &c.res, HttpMethod: &c.verb})
		if c.get == "" {
			w.ok(err)
			w.ok(errDelete)
			continue
		}
		refused(t, err, notFound, c.get)
		refused(t, errDelete, notFound, c.del)
	}
}

func TestIntegrationResponses(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.mock(id, root)
	must[apigatewayapi.MethodResponse](t)(w.PutMethodResponse(w.call, &apigatewayapi.PutMethodResponseRequest{
		RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200"),
		ResponseParameters: map[string]bool{"method.response.header.ETag": false},
	}))
	put := func(in apigatewayapi.PutIntegrationResponseRequest) (*apigatewayapi.IntegrationResponse, error) {
		in.RestApiId, in.ResourceId, in.HttpMethod, in.StatusCode = &id, &root, new("GET"), new("200")
		return w.PutIntegrationResponse(w.call, &in)
	}
	for _, template := range []*string{nil, new("")} {
		out := must[apigatewayapi.IntegrationResponse](t)(put(apigatewayapi.PutIntegrationResponseRequest{
			SelectionPattern: new(""), ResponseTemplates: map[string]*string{"application/json": template},
			ResponseParameters: map[string]string{"method.response.header.ETag": "integration.response.header.ETag"},
		}))
		if v, ok := out.ResponseTemplates["application/json"]; !ok || v != nil || out.SelectionPattern == nil {
			t.Errorf("got %+v", out)
		}
	}
	for _, c := range []struct {
		in   apigatewayapi.PutIntegrationResponseRequest
		text string
	}{
		{apigatewayapi.PutIntegrationResponseRequest{ResponseParameters: map[string]string{"method.response.header.X": "'x'"}},
			"Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.response.header.X]"},
		{apigatewayapi.PutIntegrationResponseRequest{ResponseParameters: map[string]string{"method.response.header.ETag": "wrong"}}, "Invalid mapping expression specified:…"},
		{apigatewayapi.PutIntegrationResponseRequest{ResponseParameters: map[string]string{"wrong": "'x'"}}, "Invalid mapping expression specified:…"},
		{apigatewayapi.PutIntegrationResponseRequest{ResponseTemplates: map[string]*string{"123": nil}}, "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"},
		{apigatewayapi.PutIntegrationResponseRequest{SelectionPattern: new(strings.Repeat("(", 5000))}, "Invalid selection pattern specified…"},
	} {
		_, err := put(c.in)
		refused(t, err, bad, c.text)
	}
	update := func(ops ...string) (*apigatewayapi.IntegrationResponse, error) {
		return w.UpdateIntegrationResponse(w.call, &apigatewayapi.UpdateIntegrationResponseRequest{
			RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200"), PatchOperations: patch(ops...),
		})
	}
	out := must[apigatewayapi.IntegrationResponse](t)(update("replace /selectionPattern 5..", "replace /contentHandling CONVERT_TO_BINARY",
		"replace /responseTemplates/a~1b t", "remove /responseParameters/method.response.header.ETag"))
	if *out.SelectionPattern != "5.." || *out.ContentHandling != "CONVERT_TO_BINARY" || *out.ResponseTemplates["a/b"] != "t" || out.ResponseParameters != nil {
		t.Errorf("got %+v", out)
	}
	_, err := update("replace /statusCode 500")
	refused(t, err, bad, "Invalid patch path /statusCode")
}
