package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// Every row of the table is whole: a status, a name in the log, a text where
// its form has one.
func TestTable(t *testing.T) {
	for kind := AccessDenied; kind <= Unavailable; kind++ {
		row := kind.row()
		if row.status < 400 || kind.String() == "" {
			t.Errorf("type %d: %+v", kind, row)
		}
		if row.message == "" && row.form != null && kind != AccessDenied && kind != InvalidSignature {
			t.Errorf("%s has no text", kind)
		}
	}
}

func TestCustomised(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(articlePolicy)
	f.stage.Variables = map[string]string{"v": "one"}
	f.stage.Deployment.Responses = map[string]*program.GatewayResponse{
		"ACCESS_DENIED": {
			StatusCode: 418,
			Parameters: map[string]string{
				"gatewayresponse.header.Access-Control-Allow-Origin": "'*'", "gatewayresponse.header.X-Ref": "method.request.header.Referer",
				"gatewayresponse.header.X-Type": "context.error.responseType", "gatewayresponse.header.X-Bad": "nonsense",
				"gatewayresponse.header.Content-Length": "'0'",
			},
			Templates: map[string]string{"application/json": `{"m":$context.error.messageString,"raw":"$context.error.message","s":"$stageVariables.v","q":"$method.request.querystring.q","h":"method.request.header.Referer","id":"$context.requestId.","$":"$","x":"$unknown.x"}`},
		},
		"DEFAULT_4XX": {Templates: map[string]string{"text/plain": "$context.error.responseType"}},
	}
	const message = `User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:ap-northeast-1:********1234:abcdefghij/prod/GET/ with an explicit deny`
	body := `{"m":"` + message + `","raw":"` + message + `","s":"one","q":"a b","h":"other","id":"46533423-7524-481e-9b47-9a48a83e9aa4.","$":"$","x":"$unknown.x"}`
	f.wantPart("GET /prod?q=a+b\nReferer: other", "418\n", "x-amzn-ErrorType: AccessDeniedException\nx-amz-apigw-id: OinCTHqDNjMFftQ=\n"+
		"Access-Control-Allow-Origin: *\nx-amzn-Remapped-Content-Length: 0\nX-Ref: other\nX-Type: ACCESS_DENIED\n\n"+body)
	f.wantPart("GET /prod/nope", "403\n", "Content-Type: text/plain\n", "\n\nMISSING_AUTHENTICATION_TOKEN")
	// Customising DEFAULT_5XX or leaving templates out gives the stored default.
	f.stage.Deployment.Responses["DEFAULT_5XX"] = &program.GatewayResponse{StatusCode: 503}
	f.stage.Deployment.Policy = nil
	f.root.Integration = nil
	f.wantPart("GET /prod", "503\n", "\n\n"+`{"message":"Internal server error"}`)
	// What has no type of its own is not customised.
	f.want("GET /other", 403, "ForbiddenException", forbidden)
}

// Every type that AWS names has a response of its own, and its class's when it
// has none.
func TestCustomisedTypes(t *testing.T) {
	f := newFixture(t)
	x := f.exchangeOf(f.program(), "GET /prod")
	named := map[string]bool{} // FunctionFailure is another INTEGRATION_FAILURE
	for kind := AccessDenied; kind <= Unavailable; kind++ {
		name := kind.row().name
		for _, key := range []string{name, "DEFAULT_4XX", "DEFAULT_5XX"} {
			c := f.gateway.begin(x)
			if refusal := c.locate(); refusal != nil {
				t.Fatal(refusal)
			}
			f.stage.Deployment.Responses = map[string]*program.GatewayResponse{key: {
				StatusCode: 299, Templates: map[string]string{"application/json": "$context.error.responseType"},
			}}
			class := "DEFAULT_4XX"
			if kind.row().status >= 500 {
				class = "DEFAULT_5XX"
			}
			r := c.refuse(&Refusal{Type: kind})
			custom := name != "" && (key == name || key == class)
			if got := textOf(r); custom != (r.Status == 299) || custom && !strings.HasSuffix(got, "\n\n"+name) {
				t.Errorf("%s customised by %q: %s", kind, key, got)
			}
		}
		if name != "" {
			named[name] = true
		}
	}
	if len(named) != 18 { // reference/api-gateway.md 2.6, without REQUEST_TOO_LARGE and the defaults
		t.Errorf("%d types", len(named))
	}
}

// The template is chosen by Accept, and may repeat parts of the body.
func TestGatewayTemplates(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(articlePolicy)
	post := f0mock("POST", "/")
	f.methods = append(f.methods, post)
	f.stage.Deployment.Responses = map[string]*program.GatewayResponse{"ACCESS_DENIED": {Templates: map[string]string{
		"application/json": "json $method.request.body.a.b $method.request.body.c $method.request.body", "text/html": "html", "application/xml": "xml",
	}}}
	for accept, want := range map[string]string{
		"": "json", "text/html": "html", "image/png, TEXT/HTML;q=0.9, application/xml": "html", "application/xml,*/*": "xml", "*/*": "json", "image/png": "json",
	} {
		f.wantPart("GET /prod\nAccept: "+accept, "403\n", "\n\n"+want)
	}
	f.wantPart("POST /prod\n\n{\"a\":{\"b\":[1,\"x\"]},\"c\":\"d\"}", "\n\njson [1,\"x\"] d {\"a\":{\"b\":[1,\"x\"]},\"c\":\"d\"}")
	f.wantPart("POST /prod\n\nno json", "\n\njson   no json")
}

func TestRefuse(t *testing.T) {
	f := newFixture(t)
	for status, want := range map[int]int{400: 400, 408: 408, 413: 413, 414: 414, 431: 431, 500: 500, 502: 500, 503: 503} {
		x := &exchange.Exchange{Conn: &exchange.Conn{}, Request: &exchange.Request{}}
		f.program()
		r := f.gateway.Refuse(status, x)
		if r.Status != want || r.Header.Get("x-amzn-RequestId") == "" || x.Record.Reason != string(reasonServer) {
			t.Errorf("%d: %s", status, textOf(r))
		}
	}
}

func FuzzSubstitute(f *testing.F) {
	for _, seed := range []string{"$context.error.message", "$$context.x", "method.request.header.a.", "$", "$.", "$context.", "a$b$c method.request."} {
		f.Add(seed)
	}
	fx := newFixture(f)
	x := fx.exchangeOf(fx.program(), "GET /prod?q=$context.error.message\nReferer: $context.error.message")
	f.Fuzz(func(t *testing.T, text string) {
		c := fx.gateway.begin(x)
		c.refusal = &Refusal{Type: Throttled}
		got := c.substitute(text)
		if !strings.Contains(text, "$") && !strings.Contains(text, "method.request.") && got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a\"b\\c\n\x01é\u2028")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		var back string
		if err := json.Unmarshal([]byte(quote(text)), &back); err != nil || back != text {
			t.Fatalf("%q: %q, %v", text, back, err)
		}
	})
}
