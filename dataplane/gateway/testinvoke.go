package gateway

import (
	"context"
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// What a test invocation shows of itself (reference/api-gateway.md 7.5; the
// names of host and key are memory).
const (
	testStage    = "test-invoke-stage"
	testSourceIP = "test-invoke-source-ip"
	testKey      = "test-invoke-api-key"
	testHost     = "testPrefix.testDomainName"

	maxTestLine = 998 // of a header map in the log
)

// Test is a test invocation: one request to one method, past authorization,
// metering and validation.
type Test struct {
	API        *program.API
	Deployment *program.Deployment // its routes lead to Method alone
	Method     *program.Method
	Variables  map[string]string // stage variables

	Verb, Path, RawQuery string
	Header               exchange.Header
	Body                 []byte
}

// TestResult is what a test invocation came to.
type TestResult struct {
	Status  int
	Header  exchange.Header // without what the gateway adds to every answer
	Body    []byte
	Log     string
	Latency time.Duration
}

// TestInvoke calls a method by the steps that every call goes from "map
// request" on, and writes down what they did.
func (g *Gateway) TestInvoke(ctx context.Context, t Test) TestResult {
	c := g.beginTest(t)
	c.log.begin(c)
	answer, refusal := c.invoke(ctx, c.route)
	result := TestResult{Latency: g.options.Now().Sub(c.now)}
	if refusal == nil {
		result.Status, result.Body = answer.status, answer.body
		result.Header = append(exchange.Header{{Name: "Content-Type", Value: answer.contentType}}, answer.header...)
		c.log.line("Method response body after transformations: " + string(result.Body))
		c.log.line("Method response headers: " + fieldsText(result.Header))
		c.log.line("Successfully completed execution")
	} else {
		c.log.line(c.failureText(refusal))
		response := c.refuse(refusal)
		result.Status = response.Status
		result.Header = c.testFields(response.Header)
		result.Body, _ = response.Body.ReadAll(maxPayload) // bytes at hand
	}
	c.log.line("Method completed with status: " + strconv.Itoa(result.Status))
	result.Log = c.log.text.String()
	return result
}

// beginTest makes the call of a test invocation. What it has in place of a
// connection and a key is written into $context at once.
func (g *Gateway) beginTest(t Test) *call {
	x := &exchange.Exchange{
		Conn: &exchange.Conn{InProcess: true},
		Request: &exchange.Request{
			Method: t.Verb, Scheme: "https", Host: testHost, Authority: testHost, Path: t.Path,
			RawQuery: t.RawQuery, HasQuery: t.RawQuery != "", Protocol: exchange.HTTP11, Header: t.Header, Body: exchange.Bytes(t.Body),
		},
		Start: g.options.Now(),
		Owner: exchange.Owner{Plane: exchange.PlaneGateway, API: t.API},
	}
	c := g.begin(x)
	c.log = new(testLog)
	stage := &program.Stage{Name: testStage, Variables: t.Variables, Deployment: t.Deployment}
	c.place = place{api: t.API, stage: stage, deployment: t.Deployment, path: t.Path}
	_, vars := t.Deployment.Routes.Match(t.Path, t.Verb) // a path that does not fit has no variables
	c.route = route{method: t.Method, vars: vars}
	if value, ok := c.contextTree().Get("identity"); ok {
		if identity, ok := value.(*jsonpath.Object); ok {
			identity.Put("sourceIp", testSourceIP)
			identity.Put("apiKey", testKey)
			identity.Put("apiKeyId", testKey+"-id")
		}
	}
	return c
}

// testFields are the fields of a refusal that a test invocation shows: the
// error type, and those of a customised response.
func (c *call) testFields(header exchange.Header) exchange.Header {
	var out exchange.Header
	custom := c.customised() != nil
	for _, field := range header {
		switch strings.ToLower(field.Name) {
		case "date", "content-length", "x-amzn-requestid", "x-amz-apigw-id":
		case "content-type":
			if custom {
				out = append(out, field)
			}
		default:
			out = append(out, field)
		}
	}
	return out
}

// testLog is the log of a test invocation; a nil one hears nothing.
type testLog struct {
	at   string // the moment, as every line begins
	text strings.Builder
}

func (l *testLog) line(text string) {
	if l != nil {
		l.text.WriteString(l.at + text + "\n")
	}
}

// begin writes what is known before the first step
// (reference/api-gateway.md 7.5).
func (l *testLog) begin(c *call) {
	l.at = c.now.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") + " : "
	l.text.WriteString("Execution log for request " + c.requestID + "\n")
	l.line("Starting execution for request: " + c.requestID)
	l.line("HTTP Method: " + c.verb + ", Resource Path: " + c.place.path)
	path := make([]string, 0, len(c.route.vars))
	for _, v := range c.route.vars {
		path = append(path, v.Name+"="+v.Value)
	}
	query := make([]string, 0, len(c.queryParameters()))
	for _, q := range c.queryParameters() {
		query = append(query, q.name+"="+q.value)
	}
	l.line("Method request path: {" + strings.Join(path, ", ") + "}")
	l.line("Method request query string: {" + strings.Join(query, ", ") + "}")
	l.line("Method request headers: " + fieldsText(c.x.Request.Header))
	body, _ := c.x.Request.Body.InMemory()
	l.line("Method request body before transformations: " + string(body))
}

// request writes what goes to a backend; a MOCK has none.
func (l *testLog) request(r request) {
	if l == nil || r.call == nil {
		return
	}
	uri := r.call.Scheme + "://" + r.call.Authority + r.call.Path
	if r.call.HasQuery {
		uri += "?" + r.call.RawQuery
	}
	body, _ := r.call.Body.InMemory()
	l.line("Endpoint request URI: " + uri)
	l.line("Endpoint request headers: " + fieldsText(r.call.Header))
	l.line("Endpoint request body after transformations: " + string(body))
	l.line("Sending request to " + uri)
}

// result writes what a backend answered after a while.
func (l *testLog) result(request request, r result, after time.Duration) {
	if l == nil || request.call == nil {
		return
	}
	l.line("Received response. Status: " + strconv.Itoa(r.status) + ", Integration latency: " +
		strconv.FormatInt(after.Milliseconds(), 10) + " ms")
	l.line("Endpoint response headers: " + fieldsText(r.header))
	l.line("Endpoint response body before transformations: " + string(r.body))
}

// fieldsText prints fields as Java prints a map.
func fieldsText(header exchange.Header) string {
	parts := make([]string, 0, len(header))
	for _, field := range header {
		parts = append(parts, field.Name+"="+field.Value)
	}
	text := "{" + strings.Join(parts, ", ") + "}"
	if len(text) > maxTestLine {
		text = strings.ToValidUTF8(text[:maxTestLine], "") + " [TRUNCATED]"
	}
	return text
}

// failureTexts are the log's words for a refusal.
var failureTexts = map[Reason]string{
	reasonEndpoint:       "Invalid endpoint address",
	reasonUnreachable:    "Invalid endpoint address",
	reasonAddressRefused: "Invalid endpoint address",
	reasonTemplateFailed: "Unable to transform request",
	reasonMockStatus:     "Unable to parse statusCode. It should be an integer that is defined in the request template.",
	reasonNoResponse:     "No match for output mapping and no default output mapping configured",
	reasonUndeclared:     "Output mapping refers to an invalid method response",
	reasonNoIntegration:  "No integration defined for method",
}

// failureText is the line of a call that failed (reference/api-gateway.md 7.4).
func (c *call) failureText(r *Refusal) string {
	switch r.Type {
	case IntegrationTimeout:
		return "Execution failed due to a timeout error"
	case IntegrationFailure:
		return "Execution failed due to a network error communicating with endpoint"
	case APIConfigurationError:
		if text, ok := failureTexts[r.Reason]; ok {
			return "Execution failed due to configuration error: " + text
		}
		return "Execution failed due to configuration error: " + string(r.Reason)
	}
	row := r.Type.row()
	if r.Message != "" {
		return "Execution failed: " + r.Message
	}
	return "Execution failed: " + row.message
}
