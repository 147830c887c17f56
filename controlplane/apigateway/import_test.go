package apigateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// oas wraps paths (and more) into a document.
func oas(rest string) []byte {
	return []byte("openapi: 3.0.1\ninfo: {title: t, version: '1'}\n" + rest)
}

// mockGet is a path item with a GET answered by MOCK.
const mockGet = `{get: {responses: {"200": {description: ok}}, x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: 200}}}}}`

func (w *world) put(api string, doc []byte, mode string, parameters ...string) (*apigatewayapi.RestApi, error) {
	in := &apigatewayapi.PutRestApiRequest{RestApiId: &api, Body: doc, Mode: &mode, Parameters: map[string]string{}}
	for i := 0; i+1 < len(parameters); i += 2 {
		in.Parameters[parameters[i]] = parameters[i+1]
	}
	return w.PutRestApi(w.call, in)
}

// record is an API's draft as it stands in the store.
func (w *world) record(api string) *APIRecord {
	w.Helper()
	return must[APIRecord](w)(w.loadAPI(w.call, api, noAPI(w.call, api)))
}

// pathIDs are the ids of an API's resources by path.
func (w *world) pathIDs(api string) map[string]string {
	w.Helper()
	out := map[string]string{}
	for id, res := range w.record(api).Resources {
		out[val(res.Path)] = id
	}
	return out
}

func paths(ids map[string]string) string { return strings.Join(sortedKeys(ids), " ") }

func TestImportTakesEverything(t *testing.T) {
	w := newWorld(t)
	out := w.imported(document(t, "everything.yaml"))
	const warning = "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.no' of resource '/orders/{id}' and method 'GET' but got '7'"
	if !slices.Equal(out.Warnings, []string{warning}) {
		t.Errorf("warnings %q", out.Warnings)
	}
	if *out.Name != "everything" || *out.Description != "All that an import takes." || *out.Version != "2" || !*out.DisableExecuteApiEndpoint ||
		*out.ApiKeySource != "AUTHORIZER" || *out.MinimumCompressionSize != 1024 || !slices.Equal(out.BinaryMediaTypes, []string{"image/png", "*/*"}) ||
		!maps.Equal(out.Tags, map[string]string{"Owner": "Admin"}) {
		t.Errorf("%+v", out)
	}
	if want := `\"Resource\":\"arn:aws:execute-api:us-east-1:000000000000:` + *out.Id + `/*\"`; !strings.Contains(*out.Policy, want) {
		t.Errorf("policy %s has no %s", *out.Policy, want)
	}
	rec := w.record(*out.Id)
	ids := w.pathIDs(*out.Id)
	if got := paths(ids); got != "/ /empty /orders /orders/{id}" {
		t.Errorf("paths %s", got)
	}
	if got := strings.Join(sortedKeys(rec.Models), " "); got != "MODELb65c57 Order Part" {
		t.Errorf("models %s", got)
	}
	if order := rec.Models["Order"]; *order.Description != "An order." || *order.ContentType != "application/json" ||
		!strings.Contains(*order.Schema, `"$ref" : "https://apigateway.amazonaws.com/restapis/`+*out.Id+`/models/Part"`) {
		t.Errorf("model %+v", order)
	}
	post, get := rec.Resources[ids["/orders"]].ResourceMethods["POST"], rec.Resources[ids["/orders/{id}"]].ResourceMethods["GET"]
	if *post.AuthorizationType != "COGNITO_USER_POOLS" || !slices.Equal(post.AuthorizationScopes, []string{"orders/write", "email"}) || !*post.ApiKeyRequired ||
		*rec.Authorizers[*post.AuthorizerId].Name != "pool" || *rec.RequestValidators[*post.RequestValidatorId].Name != "all" ||
		*post.OperationName != "PostOrder" || post.RequestModels["application/json"] != "Order" {
		t.Errorf("POST %+v", post)
	}
	if in := post.MethodIntegration; *in.TimeoutInMillis != 5000 || !strings.HasSuffix(*in.Uri, "functions/arn:aws:lambda:us-east-1:000000000000:function:orders/invocations") {
		t.Errorf("POST's integration %+v", in)
	}
	if *get.AuthorizationType != "AWS_IAM" || *rec.RequestValidators[*get.RequestValidatorId].Name != "parameters" {
		t.Errorf("GET %+v", get)
	}
	responses := get.MethodIntegration.IntegrationResponses
	if responses["200"].SelectionPattern != nil || *responses["502"].SelectionPattern != `5\d\d` || responses["502"].ResponseTemplates["application/json"] != nil {
		t.Errorf("GET's responses %+v", responses)
	}
	if kinds := strings.Join(sortedKeys(rec.GatewayResponses), " "); kinds != "DEFAULT_4XX THROTTLED" || len(rec.DocumentationParts) != 2 {
		t.Errorf("gateway responses %s, %d documentation parts", kinds, len(rec.DocumentationParts))
	}
}

func TestImportBasePath(t *testing.T) {
	const three = "servers: [{url: 'https://x.example/a/{v}/c', variables: {v: {default: b}}}]\npaths:\n  /p: " + mockGet
	const two = "swagger: '2.0'\ninfo: {title: t}\nbasePath: /a\npaths:\n  /p: " + mockGet
	for _, test := range []struct {
		doc        []byte
		mode, want string
	}{
		{oas(three), "", "/ /p"},
		{oas(three), "ignore", "/ /p"},
		{oas(three), "PREPEND", "/ /a /a/b /a/b/c /a/b/c/p"},
		{oas(three), "split", "/ /b /b/c /b/c/p"},
		{[]byte(two), "prepend", "/ /a /a/p"},
		{[]byte(two), "split", "/ /p"},
		{oas("paths:\n  /: " + mockGet), "split", "/"},
		{oas("paths:\n  p: {}\n  /q//r/: " + mockGet), "prepend", "/ /q /q/r"},
	} {
		w := newWorld(t)
		in := &apigatewayapi.ImportRestApiRequest{Body: test.doc, Parameters: map[string]string{}}
		if test.mode != "" {
			in.Parameters["basepath"] = test.mode
		}
		out := must[apigatewayapi.RestApi](t)(w.ImportRestApi(w.call, in))
		if got := paths(w.pathIDs(*out.Id)); got != test.want {
			t.Errorf("%s of %s: %s, want %s", test.mode, test.doc, got, test.want)
		}
	}
}

func TestImportParameters(t *testing.T) {
	w := newWorld(t)
	doc := oas("tags: [{name: _custom_id_, x-amazon-apigateway-tag-value: mine}]\nx-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: {}}]}\n")
	out := must[apigatewayapi.RestApi](t)(w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: doc, Parameters: map[string]string{
		"endpointConfigurationTypes": "PRIVATE", "vpcEndpointIds": "vpce-2, vpce-1,vpce-2", "ignore": "documentation", "unknown": "x",
	}}))
	c := out.EndpointConfiguration
	if *out.Id != "mine" || !slices.Equal(c.Types, []string{"PRIVATE"}) || !slices.Equal(c.VpcEndpointIds, []string{"vpce-1", "vpce-2"}) || *c.IpAddressType != "dualstack" {
		t.Errorf("%+v, %+v", out, c)
	}
	if n := len(w.record("mine").DocumentationParts); n != 0 {
		t.Errorf("%d documentation parts, which were to be ignored", n)
	}
	for parameters, text := range map[[2]string]string{
		{"basepath", "x"}:                               "Invalid basepath specified. Valid options are ignore,prepend,split",
		{"endpointConfigurationTypes", "LOCAL"}:         "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
		{"endpointConfigurationTypes", "REGIONAL,EDGE"}: "Cannot create an api with multiple Endpoint Types.",
		{"vpcEndpointIds", "vpce-1"}:                    "VPCEndpoints can only be specified with PRIVATE apis.",
	} {
		_, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: oas(""), Parameters: map[string]string{parameters[0]: parameters[1]}})
		refused(t, err, bad, text)
	}
}

func TestImportProblems(t *testing.T) {
	operation := func(text string) []byte { return oas("paths: {/p: {get: {" + text + "}}}") }
	integration := func(text string) []byte {
		return operation("responses: {'200': {description: ok}}, x-amazon-apigateway-integration: {" + text + "}")
	}
	const at = " on 'GET' for resource at path '/p': "
	for _, test := range []struct {
		doc  []byte
		text string
	}{
		{oas("paths: {/a b: {get: {}}}"), "Unable to create resource at path '/a b': Resource's path part only allow …"},
		{oas("paths: {'/{a}': {}, '/{b}': {}}"), "Unable to create resource at path '/{b}': A sibling ({a}) of this resource already has a variable path part -- only one is allowed"},
		{oas("paths: {'/{a+}/b': {}}"), "Unable to create resource at path '/{a+}/b': Cannot create a child of a resource with a greedy path variable: {a+}"},
		{operation("x-amazon-apigateway-request-validator: no"), "Unable to put method 'GET' on resource at path '/p': Invalid Request Validator identifier specified"},
		{operation("parameters: [{name: a, in: query}, {name: a, in: header}]"), "Unable to put method 'GET' on resource at path '/p': Parameter names must be unique across querystring, header and path"},
		{operation("requestBody: {content: {a/b: {schema: {$ref: '#/components/schemas/No'}}}}"), "Unable to put method 'GET' on resource at path '/p': Invalid model identifier specified: No"},
		{operation("responses: {'200': {content: {a/b: {schema: {$ref: '#/components/schemas/No'}}}}}"), "Unable to put method response '200' on 'GET' on resource at path '/p': Invalid model identifier specified: No"},
		{operation("x-amazon-apigateway-auth: {type: CUSTOM}"), "Unable to put method 'GET' on resource at path '/p': " + authorizerText},
		{integration("type: file"), "Unable to put integration" + at + "Invalid integration type specified. Valid options are …"},
		{integration("type: http, httpMethod: GET, uri: x"), "Unable to put integration" + at + "Invalid HTTP endpoint specified for URI"},
		{integration("type: aws, httpMethod: GET, uri: x"), "Unable to put integration" + at + "Invalid ARN specified in the request"},
		{integration("type: aws, httpMethod: POST, uri: 'arn:aws:apigateway:us-east-1:s3:path/b', credentials: 'arn:aws:iam::111111111111:role/r'"), "Unable to put integration" + at + "Cross-account pass role is not allowed."},
		{integration("type: mock, timeoutInMillis: 49"), "Unable to put integration" + at + "Timeout should be between 50 ms and 29000 ms"},
		{integration("type: mock, passthroughBehavior: maybe"), "Unable to put integration" + at + "Invalid PassthroughBehavior specified. …"},
		{integration("type: mock, requestParameters: {integration.request.header.a: method.request.header.a}"), "Unable to put integration" + at + "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.header.a]"},
		{integration("type: mock, responses: {default: {statusCode: 200, responseParameters: {method.response.header.a: \"'x'\"}}}"), "Unable to put integration response" + at + "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.response.header.a]"},
		{integration("type: mock, responses: {default: {}}"), "Unable to put integration response" + at + "Invalid status code specified: "},
		{oas("components: {schemas: {A-B: {type: object}}}"), "Unable to create model for 'A-B': Model name must be alphanumeric: A-B"},
		{oas("components: {schemas: {A: {$ref: x.json}}}"), "Unable to create model for 'A': Invalid model specified: Validation Result: warnings : [], errors : [Invalid reference in model. Reference must be in canonical form: x.json]"},
		{oas("components: {schemas: {A: {$ref: '#/components/schemas/B'}}}"), "Unable to create model for 'A': Invalid model specified: Validation Result: warnings : [], errors : [Invalid model identifier specified: B]"},
		{oas("components: {schemas: {A: true}}"), "Unable to create model for 'A': Invalid model specified: …"},
		{oas("components: {securitySchemes: {a: {type: apiKey, x-amazon-apigateway-authorizer: {type: token}}}}"), "Unable to create authorizer 'a': …"},
		{oas("components: {securitySchemes: {a: {type: apiKey, x-amazon-apigateway-authorizer: {type: jwt}}}}"), "Unable to create authorizer 'a': Invalid Authorizer type specified. …"},
		{oas("components: {securitySchemes: {a: {type: apiKey, x-amazon-apigateway-authorizer: {type: token, authorizerResultTtlInSeconds: 3601}}}}"), "Unable to create authorizer 'a': Authorizer result TTL must be between 0 and 3600 seconds"},
		{oas("x-amazon-apigateway-gateway-responses: {NO: {}}"), "Unable to put gateway response 'NO': …"},
		{oas("x-amazon-apigateway-gateway-responses: {THROTTLED: {statusCode: 99}}"), "Unable to put gateway response 'THROTTLED': …"},
		{oas("x-amazon-apigateway-documentation: {documentationParts: [{location: {type: NO}, properties: {}}]}"), "Unable to create documentation part 1: …"},
		{oas("x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: [1]}]}"), "Unable to create documentation part 1: …"},
		{oas("x-amazon-apigateway-request-validators: {' ': {}}"), "Unable to create request validator: Request Validator name cannot be blank"},
	} {
		w := newWorld(t)
		_, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: test.doc})
		refused(t, err, bad, "Errors found during import:\n\t"+test.text)
		w.nothing()
	}
}

// nothing: no API is there.
func (w *world) nothing() {
	w.Helper()
	for _, prefix := range []string{Root, OwnerRoot} {
		snap, err := w.st.List(w.call, prefix)
		w.ok(err)
		if len(snap.Entries) > 0 {
			w.Errorf("%s is left", snap.Entries[0].Key)
		}
	}
}

// Refusals that are not collected: those of the API's own members.
func TestImportRefusals(t *testing.T) {
	for _, test := range []struct{ doc, text string }{
		{"", badDocument},
		{"{'key:value}", badDocument},
		{"openapi: 3.1.0\ninfo: {title: t}", badDocument},
		{"openapi: 3.0.1", "Name cannot be empty"},
		{string(oas("x-amazon-apigateway-api-key-source: QUERY")), "Invalid ApiKeySource specified. …"},
		{string(oas("x-amazon-apigateway-minimum-compression-size: -1")), compressionText},
		{string(oas("x-amazon-apigateway-policy: {Statement: 1}")), badPolicyText},
		{string(oas("x-amazon-apigateway-endpoint-configuration: {ipAddressType: ipv5}")), "ipAddressType must be either ipv4 or dualstack."},
		{string(oas("tags: [{name: 'aws:x', x-amazon-apigateway-tag-value: a}]")), "aws: prefixed tag key names …"},
	} {
		w := newWorld(t)
		_, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: []byte(test.doc)})
		refused(t, err, bad, test.text)
		w.nothing()
	}
	w := newWorld(t)
	_, err := w.put("nothing", []byte("{'key:value}"), "merge")
	refused(t, err, bad, badDocument) // before the API is looked for
	_, err = w.put("nothing", oas(""), "merge")
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:nothing")
}

func TestFailOnWarnings(t *testing.T) {
	w := newWorld(t)
	doc := oas("paths: {/p: {get: {responses: {}, x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: {a: [1]}}}}}}")
	const warning = `Invalid format for 'requestTemplates'. Expected type string for property 'application/json' of resource '/p' and method 'GET' but got '{"a":[1]}'`
	const text = "Warnings found during import:\n\t" + warning
	_, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: doc, FailOnWarnings: new(true)})
	refused(t, err, bad, text)
	w.nothing()
	id, _ := w.api()
	before := paths(w.pathIDs(id))
	_, err = w.PutRestApi(w.call, &apigatewayapi.PutRestApiRequest{RestApiId: &id, Body: doc, FailOnWarnings: new(true), Mode: new("overwrite")})
	refused(t, err, bad, text)
	rec := w.record(id)
	if got := paths(w.pathIDs(id)); got != before || len(rec.Models) != 2 || *rec.Api.Name != "test" {
		t.Errorf("after a refused import: %s, %+v", got, rec.Api)
	}
	out := must[apigatewayapi.RestApi](t)(w.put(id, doc, "overwrite"))
	if !slices.Equal(out.Warnings, []string{warning}) || out.Tags == nil {
		t.Errorf("%+v", out)
	}
	if shown := must[apigatewayapi.RestApi](t)(w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: &id})); shown.Warnings != nil {
		t.Errorf("warnings are kept: %q", shown.Warnings)
	}
}

func TestMergeAndOverwrite(t *testing.T) {
	first := oas(`
x-amazon-apigateway-binary-media-types: [a/b]
x-amazon-apigateway-minimum-compression-size: 5
x-amazon-apigateway-request-validators: {one: {validateRequestBody: true}}
x-amazon-apigateway-gateway-responses: {THROTTLED: {}}
x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: {a: 1}}]}
components:
  schemas: {One: {type: object}}
  securitySchemes: {auth: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authorizer: {type: token, authorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x/invocations'}}}
paths:
  /a/b: ` + mockGet + `
  /c: ` + mockGet)
	second := oas(`
x-amazon-apigateway-binary-media-types: [c/d, a/b]
x-amazon-apigateway-request-validators: {one: {validateRequestParameters: true}, two: {}}
x-amazon-apigateway-gateway-responses: {QUOTA_EXCEEDED: {}}
x-amazon-apigateway-documentation: {documentationParts: [{location: {type: API}, properties: {a: 2}}, {location: {type: MODEL, name: Two}, properties: {}}]}
components:
  schemas: {One: {type: string}, Two: {type: object}}
  securitySchemes: {auth: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authorizer: {type: token, authorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/y/invocations'}}}
paths:
  /a: ` + mockGet + `
  /a/b: {post: {security: [{auth: []}], x-amazon-apigateway-request-validator: one}}`)
	for _, test := range []struct {
		mode, paths, methods, types, models, validators, responses string
		compressed                                                 bool
	}{
		{"merge", "/ /a /a/b /c", "GET POST", "a/b c/d", "One Two", "one two", "QUOTA_EXCEEDED THROTTLED", true},
		{"", "/ /a /a/b /c", "GET POST", "a/b c/d", "One Two", "one two", "QUOTA_EXCEEDED THROTTLED", true},
		{"overwrite", "/ /a /a/b", "POST", "c/d a/b", "One Two", "one two", "QUOTA_EXCEEDED", false},
	} {
		w := newWorld(t)
		id := *w.imported(first).Id
		before, was := w.pathIDs(id), w.record(id)
		must[apigatewayapi.RestApi](t)(w.put(id, second, test.mode))
		after, is := w.pathIDs(id), w.record(id)
		if got := paths(after); got != test.paths {
			t.Errorf("%s: paths %s", test.mode, got)
		}
		for _, path := range []string{"/", "/a", "/a/b"} {
			if before[path] != after[path] {
				t.Errorf("%s: %s was %s and is %s", test.mode, path, before[path], after[path])
			}
		}
		if got := strings.Join(sortedKeys(is.Resources[after["/a/b"]].ResourceMethods), " "); got != test.methods {
			t.Errorf("%s: methods %s", test.mode, got)
		}
		if got := strings.Join(is.Api.BinaryMediaTypes, " "); got != test.types {
			t.Errorf("%s: types %s", test.mode, got)
		}
		if got := strings.Join(sortedKeys(is.Models), " "); got != test.models || *was.Models["One"].Id != *is.Models["One"].Id {
			t.Errorf("%s: models %s, %+v", test.mode, got, is.Models)
		}
		var names []string
		for _, v := range is.RequestValidators {
			names = append(names, *v.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != test.validators {
			t.Errorf("%s: validators %s", test.mode, got)
		}
		if got := strings.Join(sortedKeys(is.GatewayResponses), " "); got != test.responses {
			t.Errorf("%s: gateway responses %s", test.mode, got)
		}
		if (is.Api.MinimumCompressionSize != nil) != test.compressed || len(is.DocumentationParts) != 2 {
			t.Errorf("%s: %+v, %d parts", test.mode, is.Api, len(is.DocumentationParts))
		}
		if !slices.Equal(sortedKeys(was.Authorizers), sortedKeys(is.Authorizers)) || strings.Contains(*is.Authorizers[sortedKeys(is.Authorizers)[0]].AuthorizerUri, "/x/") {
			t.Errorf("%s: authorizers %+v", test.mode, is.Authorizers)
		}
		post := is.Resources[after["/a/b"]].ResourceMethods["POST"]
		if *post.AuthorizerId != sortedKeys(is.Authorizers)[0] || *is.RequestValidators[*post.RequestValidatorId].ValidateRequestBody {
			t.Errorf("%s: POST %+v", test.mode, post)
		}
	}
}

// What is said back is bounded, whatever a document provokes.
func TestImportSaysLittle(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("paths:\n  /" + strings.Repeat("x", 900) + ":\n    get:\n      x-amazon-apigateway-integration:\n        type: mock\n        requestParameters:\n")
	for i := range 20_000 {
		fmt.Fprintf(&doc, "          integration.request.header.h%d: true\n", i)
	}
	w := newWorld(t)
	out := w.imported(oas(doc.String()))
	n := 0
	for _, warning := range out.Warnings {
		n += len(warning)
	}
	if len(out.Warnings) == 0 || len(out.Warnings) > maxMessages || n > maxMessageBytes {
		t.Errorf("%d warnings of %d bytes", len(out.Warnings), n)
	}
	doc.Reset()
	doc.WriteString("paths:\n")
	for i := range 5000 {
		fmt.Fprintf(&doc, "  /p%d: {get: {}}\n", i)
	}
	_, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: oas(doc.String())})
	refused(t, err, bad, "Errors found during import:\n\tUnable to create resource at path '/p299': Maximum number of resources for this API has been reached. Please contact AWS if you need additional resources.")
	var models strings.Builder
	models.WriteString("components:\n  schemas:\n")
	for i := range 5000 {
		fmt.Fprintf(&models, "    M%d: {type: object, description: %s}\n", i, strings.Repeat("d", 100))
	}
	_, err = w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: oas(models.String())})
	refused(t, err, limited, "The schemas of an API's models take at most 409600 bytes together.")
}

// Overwriting writers and readers at once: everyone sees one document or the
// other, whole.
func TestImportsAtOnce(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	documents := [][]byte{
		oas("components: {schemas: {One: {type: object}}}\npaths: {/a: " + mockGet + ", /a/b: " + mockGet + "}"),
		oas("components: {schemas: {Two: {type: object}}}\npaths: {/c: " + mockGet + ", /c/d: " + mockGet + ", /c/d/e: " + mockGet + "}"),
	}
	whole := map[string]bool{"One: / /a /a/b": true, "Two: / /c /c/d /c/d/e": true}
	must[apigatewayapi.RestApi](t)(w.put(id, documents[0], "overwrite"))
	other := w.service() // as a second process
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			s := w.Service
			if n%2 == 1 {
				s = other
			}
			for i := range 10 {
				in := &apigatewayapi.PutRestApiRequest{RestApiId: &id, Mode: new("overwrite"), Body: documents[(n+i)%2]}
				_, err := s.PutRestApi(w.call, in)
				if e, ok := err.(*api.Error); err != nil && !(ok && e.Code == conflict) {
					t.Errorf("writer %d: %v", n, err)
				}
			}
		})
		group.Go(func() {
			for range 20 {
				rec, err := w.loadAPI(w.call, id, nil)
				if err != nil {
					t.Error(err)
					return
				}
				var seen []string
				for _, res := range rec.Resources {
					seen = append(seen, val(res.Path))
				}
				slices.Sort(seen)
				if state := strings.Join(sortedKeys(rec.Models), " ") + ": " + strings.Join(seen, " "); !whole[state] {
					t.Errorf("seen %s", state)
				}
			}
		})
	}
	group.Wait()
}
