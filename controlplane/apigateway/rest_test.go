package apigateway

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// The certificate that is shown is self-signed, good for 365 days, for clients,
// and belongs to the private key that is kept.
func TestClientCertificates(t *testing.T) {
	w := newWorld(t)
	made := must[apigatewayapi.ClientCertificate](t)(w.GenerateClientCertificate(w.call, &apigatewayapi.GenerateClientCertificateRequest{Description: new("d")}))
	block, rest := pem.Decode([]byte(val(made.PemEncodedCertificate)))
	if block == nil || len(rest) > 0 {
		t.Fatalf("no PEM: %s", val(made.PemEncodedCertificate))
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	w.ok(err)
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Error(err)
	}
	if life := cert.NotAfter.Sub(cert.NotBefore); life != 365*24*time.Hour || !cert.NotAfter.Equal(*made.ExpirationDate) || !cert.NotBefore.Equal(*made.CreatedDate) {
		t.Errorf("good for %v, until %v; shown until %v", life, cert.NotAfter, made.ExpirationDate)
	}
	rec := must[CertificateRecord](t)(load[CertificateRecord](w.call, w.st, certificateRef(w.call, val(made.ClientCertificateId))))
	key, err := x509.ParsePKCS8PrivateKey(rec.PrivateKey)
	w.ok(err)
	if private, ok := key.(*rsa.PrivateKey); !ok || !private.PublicKey.Equal(cert.PublicKey) || private.N.BitLen() != 2048 {
		t.Error("the key is not the certificate's")
	}
	api, _ := w.deployed()
	must[apigatewayapi.Stage](t)(w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{
		RestApiId: &api, StageName: new("prod"), PatchOperations: patch("replace /clientCertificateId " + val(made.ClientCertificateId)),
	}))
	err = w.DeleteClientCertificate(w.call, &apigatewayapi.DeleteClientCertificateRequest{ClientCertificateId: made.ClientCertificateId})
	refused(t, err, bad, "Client certificate "+val(made.ClientCertificateId)+" is used by stage "+api+"/prod and cannot be deleted")
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	key, plan := w.key("k"), w.plan()
	w.domain("a.example.com", "REGIONAL")
	const prefix = "arn:aws:apigateway:us-east-1::/"
	for _, path := range []string{
		"restapis/" + id, "restapis/" + id + "/stages/prod", "apikeys/" + val(key.Id), "usageplans/" + plan, "domainnames/a.example.com",
	} {
		arn := prefix + path
		w.ok(w.TagResource(w.call, &apigatewayapi.TagResourceRequest{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"}}))
		w.ok(w.TagResource(w.call, &apigatewayapi.TagResourceRequest{ResourceArn: &arn, Tags: map[string]string{"b": "3"}}))
		w.ok(w.UntagResource(w.call, &apigatewayapi.UntagResourceRequest{ResourceArn: &arn, TagKeys: []string{"a", "z"}}))
		out := must[apigatewayapi.Tags](t)(w.GetTags(w.call, &apigatewayapi.GetTagsRequest{ResourceArn: &arn}))
		if len(out.Tags) != 1 || out.Tags["b"] != "3" {
			t.Errorf("%s: %v", arn, out.Tags)
		}
	}
	shown := must[apigatewayapi.RestApi](t)(w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: &id}))
	if shown.Tags["b"] != "3" {
		t.Errorf("the API shows %v", shown.Tags)
	}
	for _, arn := range []string{
		"", "x", "arn:aws:apigateway:us-east-1::", prefix, prefix + "restapis", prefix + "restapis/", prefix + "models/x",
		"arn:aws:apigateway:eu-west-1::/restapis/" + id, "arn:aws:lambda:us-east-1::/restapis/" + id, "arn:aws:apigateway:us-east-1:111111111111:/restapis/" + id,
	} {
		_, err := w.GetTags(w.call, &apigatewayapi.GetTagsRequest{ResourceArn: &arn})
		refused(t, err, bad, "Invalid ARN specified in the request")
	}
}

func TestAuthorizerChecks(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	uri := "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
	base := apigatewayapi.CreateAuthorizerRequest{RestApiId: &id, Name: new("a"), Type: new("REQUEST"), AuthorizerUri: &uri,
		IdentitySource: new("method.request.header.A, method.request.querystring.q,stageVariables.v,context.identity.sourceIp")}
	for _, c := range []struct {
		change func(*apigatewayapi.CreateAuthorizerRequest)
		text   string // "" for taken
	}{
		{func(*apigatewayapi.CreateAuthorizerRequest) {}, ""},
		{func(in *apigatewayapi.CreateAuthorizerRequest) {}, "" /* replaced below: the name is taken */},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.Name = new(" ") }, "Authorizer name cannot be blank"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.IdentitySource = nil }, "Identity source is required for a REQUEST authorizer with caching enabled"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) {
			in.IdentitySource, in.AuthorizerResultTtlInSeconds, in.Name = nil, new(int32(0)), new("uncached")
		}, ""},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.IdentitySource = new("method.request.path.p") }, "Invalid identity source specified: method.request.path.p"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.AuthorizerResultTtlInSeconds = new(int32(3601)) }, "Authorizer result TTL must be between 0 and 3600 seconds"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.AuthorizerUri = new("http://x") }, "Invalid Authorizer URI: http://x. Authorizer URI should be…"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.Type = new("TOKEN") }, "Invalid identity source specified: …"},
		{func(in *apigatewayapi.CreateAuthorizerRequest) { in.Type = new("COGNITO_USER_POOLS") }, "At least one Cognito user pool ARN…"},
	} {
		in := base
		c.change(&in)
		out, err := w.CreateAuthorizer(w.call, &in)
		switch {
		case err == nil && c.text == "":
			if val(out.AuthType) != "custom" {
				t.Errorf("authType %q", val(out.AuthType))
			}
		case c.text == "":
			refused(t, err, conflict, "Authorizer name must be unique…")
		default:
			refused(t, err, bad, c.text)
		}
	}
	for i := range 10 {
		in := base
		in.Name = new("n" + string(rune('0'+i)))
		if _, err := w.CreateAuthorizer(w.call, &in); i >= 8 {
			refused(t, err, limited, "Maximum number of Authorizers for this API…")
		}
	}
}

func TestInvokeAuthorizerHandsTheRequestOn(t *testing.T) {
	var got TestAuthorization
	w := newWorld(t, func(o *Options) {
		o.TestAuthorizer = func(_ context.Context, in TestAuthorization) (TestAuthorizerAnswer, error) {
			got = in
			return TestAuthorizerAnswer{PrincipalID: "me", Policy: "{}", Context: map[string]string{"a": "b"}, Log: "log", Latency: 7 * time.Millisecond}, nil
		}
	})
	id, _ := w.api()
	uri := "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
	a := must[apigatewayapi.Authorizer](t)(w.CreateAuthorizer(w.call, &apigatewayapi.CreateAuthorizerRequest{
		RestApiId: &id, Name: new("a"), Type: new("TOKEN"), AuthorizerUri: &uri, IdentitySource: new("method.request.header.Auth"),
	}))
	in := &apigatewayapi.TestInvokeAuthorizerRequest{
		RestApiId: &id, AuthorizerId: a.Id, Headers: map[string]string{"auth": "x"}, MultiValueHeaders: map[string][]string{"m": {"1", "2"}, "auth": {"y"}},
		PathWithQueryString: new("/a?b=c"), Body: new("text"), StageVariables: map[string]string{"v": "1"}, AdditionalContext: map[string]string{"k": "2"},
	}
	out := must[apigatewayapi.TestInvokeAuthorizerResponse](t)(w.TestInvokeAuthorizer(w.call, in))
	if val(out.ClientStatus) != 0 || val(out.PrincipalId) != "me" || val(out.Policy) != "{}" || out.Authorization["a"][0] != "b" || val(out.Log) != "log" || val(out.Latency) != 7 {
		t.Errorf("%+v", out)
	}
	if got.Path != "/a" || got.RawQuery != "b=c" || got.Body != "text" || got.Variables["v"] != "1" || got.Context["k"] != "2" || val(got.Authorizer.Id) != val(a.Id) ||
		!slices.Equal(got.Header, []TestField{{"auth", "x"}, {"m", "1"}, {"m", "2"}}) {
		t.Errorf("%+v", got)
	}
	in.Headers["bad name"] = ""
	_, err := w.TestInvokeAuthorizer(w.call, in)
	refused(t, err, bad, "Invalid header specified: bad name")
}

func TestModels(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	create := func(name, schema string) error {
		_, err := w.CreateModel(w.call, &apigatewayapi.CreateModelRequest{RestApiId: &id, Name: &name, Schema: &schema, ContentType: new("application/json")})
		return err
	}
	refer := func(name string) string {
		return `{"$ref":"https://apigateway.amazonaws.com/restapis/` + id + `/models/` + name + `"}`
	}
	w.ok(create("A", `{"type":"object","properties":{"self":`+refer("A")+`,"n":{"type":"number"}}}`))
	w.ok(create("B", `{"type":"array","items":`+refer("A")+`}`))
	refused(t, create("C-D", `{}`), bad, "Model name must be alphanumeric: C-D")
	refused(t, create("C", `{`), bad, "Invalid model specified: …")
	refused(t, create("C", `[]`), bad, "Invalid model specified: …")
	refused(t, create("C", refer("None")), bad, "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model identifier specified: None]")
	refused(t, create("C", `{"description":"`+strings.Repeat("x", 400<<10)+`"}`), limited, "The schemas of an API's models…")

	flat := must[apigatewayapi.Model](t)(w.GetModel(w.call, &apigatewayapi.GetModelRequest{RestApiId: &id, ModelName: new("B"), Flatten: new(true)}))
	const want = `{"definitions":{"A":{"properties":{"n":{"type":"number"},"self":{"$ref":"#/definitions/A"}},"type":"object"}},"items":{"$ref":"#/definitions/A"},"type":"array"}`
	if val(flat.Schema) != want {
		t.Errorf("flattened %s", val(flat.Schema))
	}
	// A model that contains itself has an endless template: it is cut off.
	template := must[apigatewayapi.Template](t)(w.GetModelTemplate(w.call, &apigatewayapi.GetModelTemplateRequest{RestApiId: &id, ModelName: new("A")}))
	if len(val(template.Value)) > 100<<10 || !strings.Contains(val(template.Value), `"n" : 3.149`) {
		t.Errorf("template of %d bytes", len(val(template.Value)))
	}
}

// What two references in each of many models would blow up to is refused.
func TestModelTemplateIsBounded(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	before := `{"type":"object","properties":{"x":{"type":"string"}}}`
	for _, name := range strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "") {
		schema := before
		must[apigatewayapi.Model](t)(w.CreateModel(w.call, &apigatewayapi.CreateModelRequest{RestApiId: &id, Name: &name, Schema: &schema, ContentType: new("application/json")}))
		ref := `{"$ref":"https://apigateway.amazonaws.com/restapis/` + id + `/models/` + name + `"}`
		before = `{"type":"object","properties":{"a":` + ref + `,"b":` + ref + `}}`
	}
	_, err := w.GetModelTemplate(w.call, &apigatewayapi.GetModelTemplateRequest{RestApiId: &id, ModelName: new("Z")})
	refused(t, err, bad, "The template of this model would be larger than…")
}

func FuzzModels(f *testing.F) {
	for _, seed := range []string{`{}`, `{"type":"array"}`, `{"type":"object","properties":{"a":{"$ref":"https://apigateway.amazonaws.com/restapis/x/models/Pet"}}}`, `{"items":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		w := newWorld(t)
		id, _ := w.api()
		_, err := w.CreateModel(w.call, &apigatewayapi.CreateModelRequest{RestApiId: &id, Name: new("Pet"), Schema: &schema, ContentType: new("application/json")})
		var e *api.Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		flat := must[apigatewayapi.Model](t)(w.GetModel(w.call, &apigatewayapi.GetModelRequest{RestApiId: &id, ModelName: new("Pet"), Flatten: new(true)}))
		if !json.Valid([]byte(val(flat.Schema))) {
			t.Fatalf("flattened %s", val(flat.Schema))
		}
		if _, err := w.GetModelTemplate(w.call, &apigatewayapi.GetModelTemplateRequest{RestApiId: &id, ModelName: new("Pet")}); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
	})
}

func TestDocumentation(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	part := func(l apigatewayapi.DocumentationPartLocation, properties string) (*apigatewayapi.DocumentationPart, error) {
		return w.CreateDocumentationPart(w.call, &apigatewayapi.CreateDocumentationPartRequest{RestApiId: &id, Location: &l, Properties: &properties})
	}
	made := must[apigatewayapi.DocumentationPart](t)(part(apigatewayapi.DocumentationPartLocation{Type: new("RESPONSE")}, `{"a":1}`))
	if l := made.Location; val(l.Path) != "/" || val(l.Method) != "*" || val(l.StatusCode) != "*" || l.Name != nil {
		t.Errorf("defaults of a response's location: %+v", l)
	}
	_, err := part(apigatewayapi.DocumentationPartLocation{Type: new("API"), Path: new("/")}, `{}`)
	refused(t, err, bad, "Documentation part location of type API has no path")
	_, err = part(apigatewayapi.DocumentationPartLocation{Type: new("QUERY_PARAMETER")}, `{}`)
	refused(t, err, bad, "Documentation part location of type QUERY_PARAMETER needs a name")
	_, err = part(apigatewayapi.DocumentationPartLocation{Type: new("API")}, `null`)
	refused(t, err, bad, "Documentation part properties must be a JSON object")

	bare := must[apigatewayapi.DocumentationParts](t)(w.GetDocumentationParts(w.call, &apigatewayapi.GetDocumentationPartsRequest{
		RestApiId: &id, LocationStatus: new("UNDOCUMENTED"),
	}))
	places := ""
	for _, p := range bare.Items {
		places += placeText(p.Location) + "; "
	}
	if want := "type 'API'; type 'METHOD', path '/', method 'GET'; type 'MODEL', name 'Empty'; type 'MODEL', name 'Error'; type 'RESOURCE', path '/'; "; places != want {
		t.Errorf("undocumented: %s", places)
	}

	// A version keeps what the parts were.
	must[apigatewayapi.DocumentationVersion](t)(w.CreateDocumentationVersion(w.call, &apigatewayapi.CreateDocumentationVersionRequest{
		RestApiId: &id, DocumentationVersion: new("1"), StageName: new("prod"),
	}))
	w.ok(w.DeleteDocumentationPart(w.call, &apigatewayapi.DeleteDocumentationPartRequest{RestApiId: &id, DocumentationPartId: made.Id}))
	rec := must[DocumentationRecord](t)(load[DocumentationRecord](w.call, w.st, documentationRef(w.call, id, "1")))
	if len(rec.Parts) != 1 {
		t.Errorf("the version has %v", rec.Parts)
	}
	stage := must[apigatewayapi.Stage](t)(w.GetStage(w.call, &apigatewayapi.GetStageRequest{RestApiId: &id, StageName: new("prod")}))
	if val(stage.DocumentationVersion) != "1" {
		t.Errorf("the stage has version %q", val(stage.DocumentationVersion))
	}
	_, err = w.CreateDocumentationVersion(w.call, &apigatewayapi.CreateDocumentationVersionRequest{RestApiId: &id, DocumentationVersion: new("2"), StageName: new("none")})
	refused(t, err, notFound, "Invalid stage identifier specified")
	w.ok(w.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: &id}))
	if left := w.keysUnder(Root); len(left) != 0 {
		t.Errorf("the deleted API left %v", left)
	}
}

func FuzzParseDocumentation(f *testing.F) {
	f.Add([]byte(`{"x-amazon-apigateway-documentation":{"documentationParts":[{"location":{"type":"API"},"properties":{"a":{"b":[1,null]}}}]}}`))
	f.Add([]byte("x-amazon-apigateway-documentation:\n  documentationParts:\n  - &a {location: {type: MODEL, name: x}}\n  - *a\n"))
	f.Add([]byte("{'key:value}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, err := parseDocumentation(body)
		var e *api.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("untyped error %v", err)
		}
		for _, part := range parts {
			if !json.Valid([]byte(val(part.Properties))) {
				t.Fatalf("properties %s", val(part.Properties))
			}
		}
	})
}

func TestInvocationRequests(t *testing.T) {
	var got TestInvocation
	w := newWorld(t, func(o *Options) {
		o.TestInvoke = func(_ context.Context, in TestInvocation) (TestAnswer, error) {
			got = in
			return TestAnswer{Status: 200, Header: []TestField{{"X", "1"}, {"X", "2"}}}, nil
		}
	})
	id, root := w.api()
	w.method(id, root, "ANY")
	call := func(change func(*apigatewayapi.TestInvokeMethodRequest)) (*apigatewayapi.TestInvokeMethodResponse, error) {
		in := &apigatewayapi.TestInvokeMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}
		change(in)
		return w.TestInvokeMethod(w.call, in)
	}
	out := must[apigatewayapi.TestInvokeMethodResponse](t)(call(func(in *apigatewayapi.TestInvokeMethodRequest) {
		in.PathWithQueryString = new("a?b=c?d")
		in.Headers = map[string]string{"A": "1"}
		in.MultiValueHeaders = map[string][]string{"A": {"2"}, "B": {"3", "4"}}
	}))
	if got.Verb != "ANY" || got.CallVerb != "GET" || got.Path != "/a" || got.RawQuery != "b=c?d" || len(got.Header) != 3 {
		t.Errorf("invocation %+v", got)
	}
	if out.Headers["X"] != "2" || len(out.MultiValueHeaders["X"]) != 2 {
		t.Errorf("answer %+v", out)
	}
	for text, change := range map[string]func(*apigatewayapi.TestInvokeMethodRequest){
		"Enumeration value for HttpMethod…": func(in *apigatewayapi.TestInvokeMethodRequest) { in.HttpMethod = new("ANY") },
		"Invalid header specified: a b":     func(in *apigatewayapi.TestInvokeMethodRequest) { in.Headers = map[string]string{"a b": ""} },
		"Invalid header specified: a": func(in *apigatewayapi.TestInvokeMethodRequest) {
			in.Headers = map[string]string{"a": "b\r\nc: d"}
		},
		"The request is larger…": func(in *apigatewayapi.TestInvokeMethodRequest) {
			in.Body = new(strings.Repeat("x", maxTestBody+1))
		},
	} {
		_, err := call(change)
		refused(t, err, bad, text)
	}
	_, err := call(func(in *apigatewayapi.TestInvokeMethodRequest) { in.HttpMethod = new("TRACE") })
	refused(t, err, notFound, "Invalid Method identifier specified")
	_, err = call(func(in *apigatewayapi.TestInvokeMethodRequest) { in.ClientCertificateId = new("none") })
	refused(t, err, notFound, "Invalid Client Certificate identifier specified")
}

// A stage names a documentation version of its API and a certificate of its
// account, or none.
func TestStageReferences(t *testing.T) {
	w := newWorld(t)
	id, deployment := w.deployed()
	update := func(lines ...string) (*apigatewayapi.Stage, error) {
		return w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{RestApiId: &id, StageName: new("prod"), PatchOperations: patch(lines...)})
	}
	_, err := update("replace /documentationVersion 1")
	refused(t, err, notFound, "Invalid Documentation version specified")
	_, err = update("replace /clientCertificateId none")
	refused(t, err, notFound, "Invalid Client Certificate identifier specified")
	_, err = w.CreateStage(w.call, &apigatewayapi.CreateStageRequest{RestApiId: &id, StageName: new("two"), DeploymentId: &deployment, DocumentationVersion: new("1")})
	refused(t, err, notFound, "Invalid Documentation version specified")

	must[apigatewayapi.DocumentationVersion](t)(w.CreateDocumentationVersion(w.call, &apigatewayapi.CreateDocumentationVersionRequest{RestApiId: &id, DocumentationVersion: new("1")}))
	cert := must[apigatewayapi.ClientCertificate](t)(w.GenerateClientCertificate(w.call, &apigatewayapi.GenerateClientCertificateRequest{}))
	st := must[apigatewayapi.Stage](t)(update("replace /documentationVersion 1", "replace /clientCertificateId "+val(cert.ClientCertificateId)))
	if val(st.DocumentationVersion) != "1" || val(st.ClientCertificateId) != val(cert.ClientCertificateId) {
		t.Errorf("stage %+v", st)
	}
	w.ok(w.DeleteDocumentationVersion(w.call, &apigatewayapi.DeleteDocumentationVersionRequest{RestApiId: &id, DocumentationVersion: new("1")}))
	st = must[apigatewayapi.Stage](t)(update("replace /clientCertificateId", "replace /description d"))
	if st.DocumentationVersion != nil || st.ClientCertificateId != nil {
		t.Errorf("stage %+v", st)
	}
	w.ok(w.DeleteClientCertificate(w.call, &apigatewayapi.DeleteClientCertificateRequest{ClientCertificateId: cert.ClientCertificateId}))
}
