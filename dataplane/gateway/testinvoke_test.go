package gateway

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// test makes a test invocation of a method.
func (f *fixture) test(m *program.Method, change func(*Test)) TestResult {
	f.t.Helper()
	f.do("GET /prod") // makes the gateway
	t := Test{
		API: f.api, Method: m, Verb: m.Verb, Path: m.ResourcePath, Variables: map[string]string{"v": "1"},
		Deployment: &program.Deployment{ID: "test", Routes: program.NewRoutes([]*program.Method{m})},
	}
	if change != nil {
		change(&t)
	}
	return f.gateway.TestInvoke(context.Background(), t)
}

// logLines is a log without its moments and ids.
func logLines(log string) string {
	log = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(log, "ID")
	return regexp.MustCompile(`(?m)^[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4} : `).ReplaceAllString(log, "")
}

func TestTestInvokeMock(t *testing.T) {
	f := newFixture(t)
	m := f0mock("POST", "/pets/{id}")
	m.Integration.Responses[0].Templates = program.Templates{template("text/plain",
		`$input.params('id') $input.params().header $stageVariables.v $context.stage $context.identity.sourceIp $context.identity.apiKey`)}
	result := f.test(m, func(in *Test) {
		in.Path, in.RawQuery, in.Body, in.Header = "/pets/7", "a=b", []byte("hello"), exchange.Header{{Name: "X", Value: "y"}}
	})
	if got, want := string(result.Body), "7 {X=y} 1 test-invoke-stage test-invoke-source-ip test-invoke-api-key"; got != want || result.Status != 200 {
		t.Errorf("status %d, body %q, want %q", result.Status, got, want)
	}
	const want = `Execution log for request ID
Starting execution for request: ID
HTTP Method: POST, Resource Path: /pets/7
Method request path: {id=7}
Method request query string: {a=b}
Method request headers: {X=y}
Method request body before transformations: hello
Method response body after transformations: 7 {X=y} 1 test-invoke-stage test-invoke-source-ip test-invoke-api-key
Method response headers: {Content-Type=text/plain}
Successfully completed execution
Method completed with status: 200
`
	if got := logLines(result.Log); got != want {
		t.Errorf("log\n%s\nwant\n%s", got, want)
	}
	if len(result.Header) != 1 || result.Header[0] != (exchange.Field{Name: "Content-Type", Value: "text/plain"}) {
		t.Errorf("header %v", result.Header)
	}
}

// A test needs no key, and a call beside it does not hear of it.
func TestTestInvokeIsPastTheDoors(t *testing.T) {
	f := newFixture(t)
	m := f0mock("GET", "/keyed")
	m.APIKeyRequired, m.Authorization = true, program.AuthorizationIAM
	if result := f.test(m, nil); result.Status != 200 {
		t.Errorf("status %d: %s", result.Status, result.Log)
	}
}

func TestTestInvokeBackend(t *testing.T) {
	f := newFixture(t)
	f.backend = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		return &exchange.Response{Status: 201, Header: exchange.Header{{Name: "Content-Type", Value: "text/x"}, {Name: "Big", Value: strings.Repeat("b", 2000)}},
			Body: exchange.Bytes([]byte("from the backend"))}, nil
	}
	m := &program.Method{Verb: "GET", ResourcePath: "/", Key: "//GET", Integration: &program.Integration{Type: program.IntegrationHTTPProxy, URI: "https://backend.example/x?y=z"}}
	result := f.test(m, nil)
	log := logLines(result.Log)
	for _, part := range []string{
		"\nEndpoint request URI: https://backend.example/x?y=z\n", "\nSending request to https://backend.example/x?y=z\n",
		"\nReceived response. Status: 201, Integration latency: ", "\nEndpoint response headers: {Content-Type=text/x, Big=bbb", "b [TRUNCATED]\n",
		"\nEndpoint response body before transformations: from the backend\n", "\nMethod completed with status: 201\n",
	} {
		if !strings.Contains(log, part) {
			t.Errorf("the log lacks %q:\n%s", part, log)
		}
	}
}

func TestTestInvokeFailures(t *testing.T) {
	f := newFixture(t)
	rows := []struct {
		name   string
		change func(*program.Method)
		line   string
	}{
		{"address", func(m *program.Method) {
			m.Integration = &program.Integration{Type: program.IntegrationHTTPProxy, URI: "https://${stageVariables.none}"}
		}, "Execution failed due to configuration error: Invalid endpoint address"},
		{"status", func(m *program.Method) {
			m.Integration.RequestTemplates = program.Templates{template("application/json", `{}`)}
		}, "Execution failed due to configuration error: Unable to parse statusCode. It should be an integer that is defined in the request template."},
		{"selection", func(m *program.Method) { m.Integration.Responses = nil },
			"Execution failed due to configuration error: No match for output mapping and no default output mapping configured"},
		{"undeclared", func(m *program.Method) { m.Responses = nil },
			"Execution failed due to configuration error: Output mapping refers to an invalid method response"},
		{"none", func(m *program.Method) { m.Integration = nil }, "Execution failed due to configuration error: No integration defined for method"},
	}
	for _, row := range rows {
		m := f0mock("GET", "/")
		row.change(m)
		result := f.test(m, nil)
		lines := strings.Split(strings.TrimSpace(logLines(result.Log)), "\n")
		if result.Status != 500 || string(result.Body) != `{"message": "Internal server error"}` || lines[len(lines)-2] != row.line {
			t.Errorf("%s: status %d, body %s, line %q", row.name, result.Status, result.Body, lines[len(lines)-2])
		}
		if len(result.Header) != 1 || result.Header[0] != (exchange.Field{Name: "x-amzn-ErrorType", Value: "InternalServerErrorException"}) {
			t.Errorf("%s: header %v", row.name, result.Header)
		}
	}

	// A customised response shows its own fields.
	m := f0mock("GET", "/")
	m.Integration = nil
	result := f.test(m, func(in *Test) {
		in.Deployment.Responses = map[string]*program.GatewayResponse{"DEFAULT_5XX": {
			StatusCode: 599, Parameters: map[string]string{"gatewayresponse.header.x": "'y'"}, Templates: map[string]string{"text/plain": "oops"},
		}}
	})
	if result.Status != 599 || string(result.Body) != "oops" || result.Header.Get("x") != "y" || result.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("customised: %d %s %v", result.Status, result.Body, result.Header)
	}
}
