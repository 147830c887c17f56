package gateway

import (
	"context"
	"crypto/tls"
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

	maxTestStream = 1 << 20
)

// Test is a test invocation: one request to one method, past authorization,
// metering and validation.
type Test struct {
	API        *program.API
	Deployment *program.Deployment // its routes lead to Method alone
	Method     *program.Method
	Variables  map[string]string // stage variables
	// Program knows the VPC links; ClientCertificate is shown to HTTP backends.
	// Both may be nil.
	Program           *program.Gateway
	ClientCertificate *tls.Certificate

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
	defer c.release()
	c.logStart()
	answer, refusal := c.invoke(ctx, c.route)
	result := TestResult{Latency: g.options.Now().Sub(c.now)}
	if refusal == nil && answer.stream != nil { // reference/api-gateway.md 7.9
		answer.body, _ = answer.stream.ReadAll(maxTestStream) // what came before it broke off
	}
	if refusal == nil {
		result.Status, result.Body = answer.status, answer.body
		result.Header = answer.fields()
		c.logAnswer(answer)
	} else {
		response := c.refuse(refusal)
		c.logRefusal(refusal, response)
		result.Status = response.Status
		result.Header = c.testFields(response.Header)
		result.Body, _ = response.Body.ReadAll(maxPayload) // bytes at hand
	}
	result.Log = c.log.text(c.requestID, c.now)
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
		Start:   g.options.Now(),
		Gateway: t.Program,
		Owner:   exchange.Owner{Plane: exchange.PlaneGateway, API: t.API},
	}
	c := g.begin(x)
	c.test, c.log = true, &executionLog{test: true, level: program.LogInfo, trace: true}
	stage := &program.Stage{Name: testStage, Variables: t.Variables, Deployment: t.Deployment, ClientCertificate: t.ClientCertificate}
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
