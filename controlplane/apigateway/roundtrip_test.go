package apigateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway/openapi"
)

// fixedPoint: what is exported says the same once it is imported and exported
// again, into the same API by overwriting and into a new one, in both versions
// and both forms.
func (w *world) fixedPoint(t failer, api string) {
	for _, kind := range []string{"swagger", "oas30"} {
		for _, accepts := range []string{"application/json", "application/yaml"} {
			first := w.exported(api, kind, "apigateway", accepts)
			doc := []byte(strings.ReplaceAll(first, "API", api)) // execute-api ARNs of the policy
			made, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: doc})
			if err != nil {
				t.Fatalf("%s does not import: %v\n%s", kind, err, first)
			}
			again := w.exported(*made.Id, kind, "apigateway", accepts)
			if again = strings.ReplaceAll(again, api, "API"); again != first {
				t.Fatalf("%s in a new API:\n%s\nwas\n%s", kind, again, first)
			}
			if _, err := w.put(api, doc, "overwrite"); err != nil {
				t.Fatalf("%s does not overwrite: %v\n%s", kind, err, first)
			}
			if again := w.exported(api, kind, "apigateway", accepts); again != first {
				t.Fatalf("%s in the same API:\n%s\nwas\n%s", kind, again, first)
			}
			w.ok(w.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: made.Id}))
		}
	}
}

type failer interface {
	Fatalf(format string, args ...any)
}

// unlimited lifts the limits that many imports in one world would reach.
func unlimited(o *Options) {
	o.Limits = Limits{RestAPIs: 100_000, Deployments: 600}
}

func TestFixedPointOfDocuments(t *testing.T) {
	w := newWorld(t, unlimited)
	for _, name := range []string{"petstore.json", "pets.json", "everything.yaml", "everything.oas30.yaml"} {
		doc := document(t, name)
		w.fixedPoint(t, *w.imported(doc).Id)
	}
	// The recorded answers' documents, where that folder is there.
	data, err := os.ReadFile(filepath.FromSlash("../../../shared/vectors/apigateway-control-import.json"))
	if err != nil {
		return
	}
	suite, err := openapi.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{{region}}", "us-east-1", "{{account}}", "000000000000", "{{uid1}}", "u")
	for _, m := range suite.Get("inputs").Members() {
		doc := []byte(m.Value.Scalar())
		if m.Value.Is(openapi.Object) {
			doc = m.Value.Compact()
		}
		w.fixedPoint(t, *w.imported([]byte(fill.Replace(string(doc)))).Id)
	}
}

// randomAPI makes an API by the operations that build one piece by piece; what
// AWS would refuse is refused and left out.
type randomAPI struct {
	*world
	t    *rapid.T
	id   string
	auth []string // authorizer ids
	val  []string // validator ids
}

func (r *randomAPI) pick(label string, values ...string) string {
	return rapid.SampledFrom(values).Draw(r.t, label)
}

// maybe is a value or none.
func (r *randomAPI) maybe(label string, values ...string) *string {
	if v := r.pick(label, append(values, "")...); v != "" {
		return &v
	}
	return nil
}

func (r *randomAPI) build() {
	out, err := r.CreateRestApi(r.call, &apigatewayapi.CreateRestApiRequest{
		Name: new(r.pick("name", "n", "a: b", "\"q\"", "1")), Description: r.maybe("description", "d", "two\nlines"), Version: r.maybe("version", "1", "1.10"),
		BinaryMediaTypes: rapid.SliceOfN(rapid.SampledFrom([]string{"*/*", "image/png", "a/b"}), 0, 3).Draw(r.t, "types"),
		ApiKeySource:     r.maybe("source", "HEADER", "AUTHORIZER"),
		Policy:           r.maybe("policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/*","Condition":{"StringNotEquals":{"aws:Referer":"\"s\\"}}}]}`),
	})
	r.ok(err)
	r.id = *out.Id
	r.extras()
	parents := []string{*out.RootResourceId}
	for range rapid.IntRange(0, 6).Draw(r.t, "resources") {
		res, err := r.CreateResource(r.call, &apigatewayapi.CreateResourceRequest{
			RestApiId: &r.id, ParentId: new(rapid.SampledFrom(parents).Draw(r.t, "parent")), PathPart: new(r.pick("part", "a", "b", "c.d", "x:y", "{v}", "{w+}")),
		})
		if err == nil {
			parents = append(parents, *res.Id)
		}
	}
	for i := range rapid.IntRange(1, 6).Draw(r.t, "methods") {
		parent := parents[0]
		verb := "GET"
		if i > 0 {
			parent, verb = rapid.SampledFrom(parents).Draw(r.t, "resource"), r.pick("verb", "GET", "POST", "ANY", "PATCH")
		}
		r.randomMethod(parent, verb)
	}
}

// extras are models, validators, authorizers and gateway responses.
func (r *randomAPI) extras() {
	for _, m := range [][2]string{
		{"Pet", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","properties":{"id":{"type":"integer"}}}`},
		{"Pets", `{"type":"array","items":{"$ref":"https://apigateway.amazonaws.com/restapis/` + r.id + `/models/Pet"}}`},
	} {
		if rapid.Bool().Draw(r.t, m[0]) {
			_, _ = r.CreateModel(r.call, &apigatewayapi.CreateModelRequest{RestApiId: &r.id, Name: &m[0], Schema: &m[1], ContentType: new("application/json"), Description: r.maybe("about", "a pet")})
		}
	}
	for _, name := range []string{"v", "api_key"} {
		v, err := r.CreateRequestValidator(r.call, &apigatewayapi.CreateRequestValidatorRequest{RestApiId: &r.id, Name: &name, ValidateRequestBody: new(rapid.Bool().Draw(r.t, "body"))})
		r.ok(err)
		r.val = append(r.val, *v.Id)
	}
	uri := new("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations")
	for _, in := range []*apigatewayapi.CreateAuthorizerRequest{
		{Name: new("token"), Type: new("TOKEN"), AuthorizerUri: uri, IdentitySource: new("method.request.header.Authorization"), AuthorizerResultTtlInSeconds: new(int32(60)), IdentityValidationExpression: r.maybe("expression", "^x")},
		{Name: new("api_key"), Type: new("REQUEST"), AuthorizerUri: uri, IdentitySource: new(r.pick("identity", "method.request.querystring.q", "method.request.header.a,context.b")), AuthType: r.maybe("authtype", "oauth2")},
		{Name: new("sigv4"), Type: new("REQUEST"), AuthorizerUri: uri, AuthorizerResultTtlInSeconds: new(int32(0))},
		{Name: new("pool"), Type: new("COGNITO_USER_POOLS"), ProviderARNs: []string{"arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_A"}, IdentitySource: r.maybe("pool identity", "method.request.header.T")},
	} {
		if in.RestApiId = &r.id; rapid.Bool().Draw(r.t, *in.Name) {
			a, err := r.CreateAuthorizer(r.call, in)
			r.ok(err)
			r.auth = append(r.auth, *a.Id)
		}
	}
	for _, kind := range []string{"DEFAULT_5XX", "THROTTLED"} {
		if rapid.Bool().Draw(r.t, kind) {
			_, err := r.PutGatewayResponse(r.call, &apigatewayapi.PutGatewayResponseRequest{RestApiId: &r.id, ResponseType: &kind, StatusCode: r.maybe("status", "599"), ResponseParameters: map[string]string{"gatewayresponse.header.a": "'b'"}})
			r.ok(err)
		}
	}
}

func (r *randomAPI) randomMethod(resource, verb string) {
	in := &apigatewayapi.PutMethodRequest{
		RestApiId: &r.id, ResourceId: &resource, HttpMethod: &verb, AuthorizationType: new(r.pick("auth", "NONE", "AWS_IAM")),
		ApiKeyRequired: new(rapid.Bool().Draw(r.t, "key")), OperationName: r.maybe("operation", "op", "yes"), RequestValidatorId: r.maybe("validator", r.val...),
		RequestParameters: map[string]bool{}, RequestModels: map[string]string{},
	}
	if len(r.auth) > 0 && rapid.Bool().Draw(r.t, "authorized") {
		in.AuthorizerId = new(rapid.SampledFrom(r.auth).Draw(r.t, "authorizer"))
		in.AuthorizationType = new("CUSTOM")
		if *r.record(r.id).Authorizers[*in.AuthorizerId].Type == "COGNITO_USER_POOLS" {
			in.AuthorizationType = new("COGNITO_USER_POOLS")
		}
		in.AuthorizationScopes = rapid.SliceOfN(rapid.SampledFrom([]string{"s", "t"}), 0, 1).Draw(r.t, "scopes")
	}
	for _, p := range []string{"querystring.q", "header.X-h", "multivaluequerystring.m", "path.v"} {
		if rapid.Bool().Draw(r.t, p) {
			in.RequestParameters["method.request."+p] = rapid.Bool().Draw(r.t, "required")
		}
	}
	for _, mediaType := range []string{"application/json", "text/plain"} {
		if rapid.Bool().Draw(r.t, mediaType) {
			in.RequestModels[mediaType] = r.pick("model", "Pet", "Pets", "Empty", "Error")
		}
	}
	if _, err := r.PutMethod(r.call, in); err != nil {
		in.RequestModels = nil // a model that is not there
		if _, err := r.PutMethod(r.call, in); err != nil {
			return // a method that is there
		}
	}
	id := methodID{r.id, resource, verb}
	for _, status := range []string{"200", "404"} {
		response := &apigatewayapi.PutMethodResponseRequest{RestApiId: &r.id, ResourceId: &resource, HttpMethod: &verb, StatusCode: &status, ResponseParameters: map[string]bool{"method.response.header.H": true}}
		if rapid.Bool().Draw(r.t, "typed") {
			response.ResponseModels = map[string]string{r.pick("type", "application/json", "text/plain"): "Error"}
		}
		_, err := r.PutMethodResponse(r.call, response)
		r.ok(err)
	}
	r.randomIntegration(id)
}

func (r *randomAPI) randomIntegration(id methodID) {
	in := &apigatewayapi.PutIntegrationRequest{
		RestApiId: &id.api, ResourceId: &id.resource, HttpMethod: &id.verb, Type: new(r.pick("kind", "MOCK", "HTTP", "HTTP_PROXY")),
		IntegrationHttpMethod: new("POST"), Uri: new("https://back.example/${stageVariables.x}"), PassthroughBehavior: r.maybe("passthrough", "NEVER", "WHEN_NO_TEMPLATES"),
		ContentHandling: r.maybe("handling", "CONVERT_TO_TEXT"), CacheNamespace: r.maybe("namespace", "ns"),
		RequestParameters: map[string]string{"integration.request.header.S": "'s'"},
	}
	if rapid.Bool().Draw(r.t, "templates") {
		in.RequestTemplates = map[string]*string{"application/json": new(`{"statusCode": 200}` + "\n#x"), "text/plain": nil}
	}
	if rapid.Bool().Draw(r.t, "slow") {
		in.TimeoutInMillis = new(int32(rapid.IntRange(50, 29_000).Draw(r.t, "timeout")))
	}
	_, err := r.PutIntegration(r.call, in)
	r.ok(err)
	for _, status := range []string{"200", "404"} {
		if rapid.Bool().Draw(r.t, "mapped "+status) {
			_, err := r.PutIntegrationResponse(r.call, &apigatewayapi.PutIntegrationResponseRequest{
				RestApiId: &id.api, ResourceId: &id.resource, HttpMethod: &id.verb, StatusCode: &status,
				SelectionPattern: r.maybe("pattern", `4\d\d`, ".*", "default"), ResponseParameters: map[string]string{"method.response.header.H": "integration.response.header.h"},
				ResponseTemplates: map[string]*string{r.pick("template", "application/json", "a/b+c"): r.maybe("text", "$input.body")},
			})
			r.ok(err)
		}
	}
}

func TestFixedPointOfRandomAPIs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := &randomAPI{world: newWorld(t, unlimited), t: rt}
		r.build()
		r.fixedPoint(rt, r.id)
		_ = r.st.Close()
	})
}

// A document of 200 resources imports, exports and imports again equal. The
// goal is under a second; time is told, not asserted.
func TestTwoHundredResources(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("components:\n  schemas:\n    Thing: {type: object, properties: {id: {type: string}}}\npaths:\n")
	n := 0
	for i := range 67 {
		for _, path := range []string{"", "/{id}", "/{id}/parts"} {
			if n++; n >= 200 { // and the root
				break
			}
			fmt.Fprintf(&doc, "  /things%d%s:\n", i, path)
			for _, verb := range []string{"get", "post", "delete"} {
				fmt.Fprintf(&doc, `    %s:
      parameters: [{name: page, in: query, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses: {"200": {description: ok, headers: {Access-Control-Allow-Origin: {schema: {type: string}}}, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
      x-amazon-apigateway-integration:
        type: http
        httpMethod: POST
        uri: https://back.example/things
        requestParameters: {integration.request.querystring.page: method.request.querystring.page}
        responses: {default: {statusCode: "200", responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}, responseTemplates: {application/json: "$input.json('$')"}}}
`, verb)
			}
		}
	}
	w := newWorld(t, unlimited)
	began := time.Now()
	made := w.imported(oas(doc.String()))
	first := w.exported(*made.Id, "oas30", "apigateway")
	again := w.exported(*w.imported([]byte(first)).Id, "oas30", "apigateway")
	took := time.Since(began)
	t.Logf("200 resources, %d kB: imported, exported, imported and exported again in %v", doc.Len()/1000, took.Round(time.Millisecond))
	if got := len(w.pathIDs(*made.Id)); got != 200 {
		t.Errorf("%d resources", got)
	}
	if first != again {
		t.Error("the second export differs")
	}
}

func FuzzImport(f *testing.F) {
	for _, name := range []string{"petstore.json", "pets.json", "everything.yaml", "everything.oas30.yaml", "petstore.oas30-extensions.json"} {
		f.Add(document(f, name))
	}
	f.Add(oas("paths: {/a: {get: {x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: 200}}}}}}"))
	f.Add(oas("paths: {/a: &a {get: {}}, /b: *a}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(t, unlimited)
		for _, parameters := range []map[string]string{{"basepath": "prepend"}, {"basepath": "split", "ignore": "documentation"}} {
			made, err := w.ImportRestApi(w.call, &apigatewayapi.ImportRestApiRequest{Body: data, Parameters: parameters})
			if err != nil {
				continue
			}
			merge := &apigatewayapi.PutRestApiRequest{RestApiId: made.Id, Body: data, Parameters: parameters}
			if _, err := w.PutRestApi(w.call, merge); err != nil {
				t.Fatalf("imports but does not merge into itself: %v", err)
			}
			if _, err := w.CreateDeployment(w.call, &apigatewayapi.CreateDeploymentRequest{RestApiId: made.Id, StageName: new("prod")}); err != nil {
				continue
			}
			for _, kind := range []string{"swagger", "oas30"} {
				out, err := w.GetExport(w.call, &apigatewayapi.GetExportRequest{RestApiId: made.Id, StageName: new("prod"), ExportType: &kind, Parameters: map[string]string{"extensions": "apigateway"}})
				if err != nil {
					t.Fatalf("what was imported is not exported: %v", err)
				}
				if _, err := openapi.Parse(out.Body); err != nil {
					t.Fatalf("an export that is no document: %v", err)
				}
			}
		}
	})
}
