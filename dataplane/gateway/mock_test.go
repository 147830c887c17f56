package gateway

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"drawbridge/dataplane/program"
)

func (f *fixture) wantPart(request string, parts ...string) {
	f.t.Helper()
	got := f.do(request)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			f.t.Errorf("%q:\n%s\nlacks %q (reason %s)", request, got, part, f.last.Record.Reason)
		}
	}
}

// Which template maps the request: reference/api-gateway.md 5.2.
func TestPassthrough(t *testing.T) {
	const text = "POST /prod/p\nContent-Type: text/plain\n\n{\"statusCode\": 202}"
	rows := []struct {
		name        string
		passthrough program.Passthrough
		templates   []string // content types with a template of status 200
		want        string
	}{
		{"no match", program.WhenNoMatch, []string{"application/json"}, "202\n"},
		{"match", program.WhenNoMatch, []string{"application/json", "text/plain"}, "200\n"},
		{"$default", program.Never, []string{"$default"}, "200\n"},
		{"none, when no match", program.WhenNoMatch, nil, "202\n"},
		{"none, when no templates", program.WhenNoTemplates, nil, "202\n"},
		{"some, when no templates", program.WhenNoTemplates, []string{"application/json"}, "415\n"},
		{"none, never", program.Never, nil, "415\n"},
		{"some, never", program.Never, []string{"application/json"}, "415\n"},
	}
	for _, row := range rows {
		f := newFixture(t)
		m := f0mock("POST", "/p")
		m.Responses["202"] = program.MethodResponse{}
		m.Integration.Responses = append(m.Integration.Responses, &program.IntegrationResponse{StatusCode: 202, Pattern: regexp.MustCompile(`^(?:202)$`)})
		m.Integration.Passthrough, m.Integration.RequestTemplates = row.passthrough, nil
		for _, contentType := range row.templates {
			m.Integration.RequestTemplates = append(m.Integration.RequestTemplates, template(contentType, `{"statusCode": 200}`))
		}
		f.methods = append(f.methods, m)
		if got := f.do(text); !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

func TestSelection(t *testing.T) {
	rows := []struct {
		status, declared string
		responses        []*program.IntegrationResponse
		want             string
		reason           Reason
	}{
		{"200", "201", []*program.IntegrationResponse{{StatusCode: 201, Pattern: regexp.MustCompile(`^(?:2\d{2})$`)}, {StatusCode: 500}}, "201", ""},
		{"404", "500", []*program.IntegrationResponse{{StatusCode: 201, Pattern: regexp.MustCompile(`^(?:2\d{2})$`)}, {StatusCode: 500}}, "500", ""},
		{"404", "201", []*program.IntegrationResponse{{StatusCode: 201, Pattern: regexp.MustCompile(`^(?:2\d{2})$`)}}, "500", reasonNoResponse},
		{"200", "201", []*program.IntegrationResponse{{StatusCode: 200}}, "500", reasonUndeclared},
		{"200", "200", nil, "500", reasonNoResponse},
	}
	for i, row := range rows {
		for _, constant := range []bool{true, false} {
			f := newFixture(t)
			text := `{"statusCode": ` + row.status + `}`
			if !constant {
				text = `#set($s = ` + row.status + `){"statusCode": $s}`
			}
			f.root.Integration.RequestTemplates[0] = template("application/json", text)
			f.root.Integration.Responses = row.responses
			f.root.Responses = map[string]program.MethodResponse{row.declared: {}}
			if got := f.do("GET /prod"); !strings.HasPrefix(got, row.want+"\n") || f.last.Record.Reason != string(row.reason) {
				t.Errorf("row %d, constant %v: %s\nreason %s", i, constant, got, f.last.Record.Reason)
			}
		}
	}
	f := newFixture(t)
	f.root.Integration = nil
	f.want("GET /prod", 500, "InternalServerErrorException", internal)
}

// Templates by Accept, parameters, overrides: recorded in
// vectors/apigateway-invoke-mock.json.
func TestMockResponse(t *testing.T) {
	f := newFixture(t)
	m := f0mock("ANY", "/echo/{id}")
	m.Integration.Responses[0].Templates = program.Templates{
		template("application/json", `{"id": "$input.params('id')", "q": "$input.params('q')", "stage": "$context.stage", "v": "$stageVariables.v", "body": $input.body}`),
		template("text/html", `<p>$context.resourcePath $context.httpMethod $context.path $context.identity.sourceIp</p>`),
	}
	m.Integration.Responses[0].ResponseParameters = map[string]string{
		"method.response.header.X-Static": "'fixed'", "method.response.header.X-Stage": "context.stage",
		"method.response.header.X-Var": "stageVariables.v", "method.response.header.X-None": "stageVariables.none",
		"method.response.header.Server": "'mine'", "method.response.header.Transfer-Encoding": "'chunked'",
	}
	f.stage.Variables = map[string]string{"v": "one"}
	f.methods = append(f.methods, m)
	f.wantPart("GET /prod/echo/42?q=a%2Bb+c&q=last%21", "Content-Type: application/json\n",
		`{"id": "42", "q": "last!", "stage": "prod", "v": "one", "body": {}}`,
		"x-amz-apigw-id: OinCTHqDNjMFftQ=\nx-amzn-Remapped-Server: mine\nX-Stage: prod\nX-Static: fixed\nX-Var: one\n\n")
	f.wantPart("PUT //prod/echo/4%2F2/\nAccept: text/html, application/json", "Content-Type: text/html\n",
		"<p>/echo/{id} PUT /prod/echo/4%2F2/ 203.0.113.9</p>")
	f.wantPart("GET /prod/echo/42\nAccept: image/png", "Content-Type: application/json\n")
	if got := f.do("GET /prod/echo/42"); strings.Contains(got, "X-None") || strings.Contains(got, "Transfer-Encoding") {
		t.Error(got)
	}
}

func TestOverrides(t *testing.T) {
	const set = "#set($context.responseOverride.status = 444)\n#set($context.responseOverride.header.foo = \"bar\")\n" +
		"#set($context.responseOverride.header.Date = \"then\")\n#set($context.responseOverride.header.bad = \"a\r\nb: c\")\n" +
		"#set($context.responseOverride.header.two = [\"1\", \"2\"])\n#set($context.responseOverride.custom = \"passed\")\n{\"statusCode\": 200}"
	f := newFixture(t)
	f.root.Integration.RequestTemplates[0] = template("application/json", set)
	f.wantPart("GET /prod", "444\n", "\nfoo: bar\nx-amzn-Remapped-Date: then\ntwo: 1\ntwo: 2\n\n")
	if got := f.do("GET /prod"); strings.Contains(got, "b: c") {
		t.Errorf("header injected:\n%s", got)
	}
	f.root.Integration.Responses[0].Templates = program.Templates{
		template("application/json", `{"status": "$context.responseOverride.status", "custom": "$context.responseOverride.custom"}`)}
	f.wantPart("GET /prod", "444\n", `{"status": "444", "custom": "passed"}`)
	for status, want := range map[string]string{"99": "200\n", "600": "200\n", `"x"`: "200\n", "100": "200\n", `"418"`: "418\n"} {
		f := newFixture(t)
		f.root.Integration.RequestTemplates[0] = template("application/json", "#set($context.responseOverride.status = "+status+"){\"statusCode\": 200}")
		if got := f.do("GET /prod"); !strings.HasPrefix(got, want) {
			t.Errorf("override %s: %s", status, got)
		}
	}
}

func TestMethodOverride(t *testing.T) {
	f := newFixture(t)
	f.methods = append(f.methods, f0mock("PUT", "/"))
	f.setPolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:execute-api:*:*:*/prod/GET/"}}`)
	f.want("GET /prod", 200, "", "")
	f.wantPart("GET /prod\nX-HTTP-Method-Override: PUT", "403\n", "/prod/PUT/")
	f.wantPart("GET /prod\nX-HTTP-Method-Override: PURGE", "403\n", "MissingAuthenticationTokenException")
}

// The resource that a policy is asked about: reference/api-gateway.md 3.2. What
// routing does not see, slashes in front, the policy does not see either.
func TestMethodARN(t *testing.T) {
	f := newFixture(t)
	f.methods = append(f.methods, f0mock("ANY", "/{proxy+}"))
	f.setPolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`)
	for path, want := range map[string]string{
		"/prod": "/prod/GET/ ", "/prod/": "/prod/GET/ ", "/prod/test//": "/prod/GET/test// ", "/prod//test": "/prod/GET/test ", "/prod///test//x/": "/prod/GET/test//x/ ",
		"/prod/a%20b?x=y": "/prod/GET/a%20b ", "/prod/quo\"te": `/prod/GET/quo\"te `,
	} {
		f.wantPart("GET "+path, "********1234:abcdefghij"+want+"with an explicit deny\"}")
	}
	f.wantPart("GET /prod/"+strings.Repeat("a", 1600), "414\n", "Request URI too long")
}

func TestPolicyKeys(t *testing.T) {
	allow := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{` + condition + `}}}`
	}
	rows := []struct{ condition, request, want string }{
		{`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, "GET /prod\nX-Forwarded-For: 192.0.2.1", "200\n"},
		{`"IpAddress":{"aws:SourceIp":"192.0.2.1"}`, "GET /prod\nX-Forwarded-For: 192.0.2.1", "403\n"},
		{`"StringLike":{"aws:UserAgent":"curl/*"}`, "GET /prod\nuser-agent: curl/8", "200\n"},
		{`"Null":{"aws:UserAgent":"true"}`, "GET /prod", "200\n"},
		{`"Null":{"aws:Referer":"true"}`, "GET /prod\nReferer:", "403\n"},
		{`"Bool":{"aws:SecureTransport":"true"}`, "GET /prod", "200\n"},
		{`"DateLessThan":{"aws:CurrentTime":"2022-09-20T08:47:17Z"}`, "GET /prod", "200\n"},
		{`"DateLessThan":{"aws:CurrentTime":"2022-09-20T08:47:16Z"}`, "GET /prod", "403\n"},
		{`"Null":{"aws:PrincipalArn":"true"}`, "GET /prod", "200\n"},
	}
	for _, row := range rows {
		f := newFixture(t)
		f.setPolicy(allow(row.condition))
		if got := f.do(row.request); !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %s", row.condition, got)
		}
	}
	f := newFixture(t)
	f.setPolicy(allow(`"Bool":{"aws:SecureTransport":"true"}`))
	x := f.exchangeOf(f.program(), "GET /prod")
	x.Request.Scheme = "http"
	if r := f.gateway.Serve(t.Context(), x); r.Status != 403 {
		t.Errorf("plain HTTP counts as secure: %d", r.Status)
	}
}

func TestAuthorizationTypes(t *testing.T) {
	const signed = "GET /prod\nX-Amz-Date: 20220920T084716Z\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20220920/ap-northeast-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000"
	f := newFixture(t)
	f.root.Authorization = program.AuthorizationIAM
	f.want(signed, 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`)
	f.wantPart("GET /prod\nAuthorization: Bearer x", "403\n", "IncompleteSignatureException")
	f.wantPart("GET /prod/nope\nAuthorization: Bearer x", "403\n", "IncompleteSignatureException")
	f.wantPart(strings.Replace(signed, "/prod", "/prod/nope", 1), "403\n", "MissingAuthenticationTokenException")
	for kind, reason := range map[program.AuthorizationType]Reason{
		program.AuthorizationCustom: reasonAuthorizer, program.AuthorizationCognito: reasonAuthorizer,
	} {
		f := newFixture(t)
		f.root.Authorization = kind
		f.want("GET /prod", 500, "AuthorizerConfigurationException", `{"message":null}`)
		if f.last.Record.Reason != string(reason) {
			t.Error(f.last.Record.Reason)
		}
	}
	f = newFixture(t)
	f.root.Authorization = program.AuthorizationCustom
	f.setPolicy(articlePolicy)
	f.wantLength("GET /prod", "AccessDeniedException", 182) // phase A: before the authorizer
}

func TestSizes(t *testing.T) {
	f := newFixture(t)
	f.methods = append(f.methods, f0mock("ANY", "/{proxy+}"))
	f.wantPart("GET /prod/"+strings.Repeat("a", 10240), "414\n", `{"message":"Request URI too long"}`)
	f.wantPart("GET /prod?"+strings.Repeat("a", 10240), "414\n")
	f.wantPart("GET /prod?a=b|c", "400\n")
	f.wantPart("GET /prod?a=%7Cb", "200\n")
	f.wantPart("GET /prod\nX: "+strings.Repeat("a", 10240), "431\n")
	f.wantPart("POST /prod/p\n\n"+strings.Repeat("a", 10<<20+1), "413\n", "RequestTooLargeException", `{"message":"Request Too Long"}`)
	if got := f.do("GET /prod/" + strings.Repeat("a", 10000)); !strings.HasPrefix(got, "200\n") {
		t.Error(got)
	}
}

// Appendix A row 3b from "map request" on: the PetStore's root page has 1310
// bytes for stage prod, and Accept */* finds the only template.
func TestPetStorePage(t *testing.T) {
	page, err := os.ReadFile("../../engine/vtl/testdata/petstore.vtl")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	f.root.APIKeyRequired = true
	f.addKey("the-right-key-value-1")
	f.root.Integration.Responses[0].Templates = program.Templates{template("text/html", string(page))}
	f.root.Integration.Responses[0].ResponseParameters = map[string]string{"method.response.header.Content-Type": "'text/html'"}
	f.wantPart("GET /prod\nAccept: */*\nx-api-key: the-right-key-value-1", "200\n", "\nContent-Type: text/html\nContent-Length: 1310\n", `href="/prod/pets/"`)
}

func TestPathForm(t *testing.T) {
	f := newFixture(t)
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json", `"$context.path"`)}
	x := f.exchangeOf(f.program(), "GET /_aws/execute-api/abcdefghij/prod/")
	x.Owner.PathForm, x.Owner.Stage, x.Owner.Path = true, "prod", "/"
	if got := textOf(f.gateway.Serve(t.Context(), x)); !strings.HasSuffix(got, `"/prod/"`) {
		t.Error(got)
	}
}
