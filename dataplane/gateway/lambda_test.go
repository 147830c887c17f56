package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
)

const backendARN = "arn:aws:lambda:ap-northeast-1:123456781234:function:backend"

func functionURI(name string) string {
	return "arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/" + name + "/invocations"
}

// behindLambda puts a method before a function that answers by answer, and
// keeps the last invocation.
func behindLambda(t *testing.T, kind program.IntegrationType, path string, answer func(in lambda.Invocation) (*lambda.Answer, error)) (*fixture, *lambda.Invocation) {
	f := newFixture(t)
	last := &lambda.Invocation{}
	m := f0mock("ANY", path)
	m.Integration = &program.Integration{
		Type: kind, Verb: "POST", URI: functionURI(backendARN + ":${stageVariables.alias}"), Responses: []*program.IntegrationResponse{{StatusCode: 200}},
	}
	f.methods = append(f.methods, m)
	f.stage.Variables = map[string]string{"alias": "live"}
	f.invoke = func(_ context.Context, in lambda.Invocation) (*lambda.Answer, error) {
		*last = in
		return answer(in)
	}
	return f, last
}

func says(payload string) func(lambda.Invocation) (*lambda.Answer, error) {
	return func(lambda.Invocation) (*lambda.Answer, error) {
		return &lambda.Answer{Status: 200, Payload: []byte(payload), RequestID: "lambda-id"}, nil
	}
}

var anyTrace = regexp.MustCompile(`\nX-Amzn-Trace-Id: Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0\n`)

// wantTraced is want for what a function answered: it has a trace id
// (reference/api-gateway.md 2.4).
func (f *fixture) wantTraced(request string, status int, body string) {
	f.t.Helper()
	got := f.do(request)
	if !anyTrace.MatchString(got) || anyTrace.ReplaceAllString(got, "\n") != answerText(status, "", body) {
		f.t.Errorf("%q:\n%s\nwant %d %s\nreason %s", request, got, status, body, f.last.Record.Reason)
	}
}

// The event's bytes (reference/api-gateway.md 5.8).
func TestProxyEvent(t *testing.T) {
	f, last := behindLambda(t, program.IntegrationAWSProxy, "/pets/{id}", says(`{"statusCode":200}`))
	f.do("POST /prod/pets/a%2Bb?q=1&x=2&x=a%2B+b\nX-More: 1\nx-lone: é\nX-More: 2\nContent-Type: text/plain\nContent-Length: 5\nX-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0123456789abcdef;Sampled=1\nUser-Agent: curl\n\nhi \"<")
	want := `{"resource":"/pets/{id}","path":"/pets/a%2Bb","httpMethod":"POST","headers":{"Host":"abcdefghij.execute-api.ap-northeast-1.amazonaws.com","X-More":"2","x-lone":"é","Content-Type":"text/plain","X-Amzn-Trace-Id":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0123456789abcdef;Sampled=1","User-Agent":"curl","X-Forwarded-For":"203.0.113.9","X-Forwarded-Port":"443","X-Forwarded-Proto":"https"},` +
		`"multiValueHeaders":{"Host":["abcdefghij.execute-api.ap-northeast-1.amazonaws.com"],"X-More":["1","2"],"x-lone":["é"],"Content-Type":["text/plain"],"X-Amzn-Trace-Id":["Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0123456789abcdef;Sampled=1"],"User-Agent":["curl"],"X-Forwarded-For":["203.0.113.9"],"X-Forwarded-Port":["443"],"X-Forwarded-Proto":["https"]},` +
		`"queryStringParameters":{"q":"1","x":"a+ b"},"multiValueQueryStringParameters":{"q":["1"],"x":["2","a+ b"]},"pathParameters":{"id":"a%2Bb"},"stageVariables":{"alias":"live"},` +
		`"requestContext":{"resourceId":"res001","resourcePath":"/pets/{id}","httpMethod":"POST","extendedRequestId":"OinCTHqDNjMFftQ=","requestTime":"20/Sep/2022:08:47:16 +0000","path":"/prod/pets/a%2Bb","accountId":"123456781234","protocol":"HTTP/1.1","stage":"prod","domainPrefix":"abcdefghij","requestTimeEpoch":1663663636000,"requestId":"46533423-7524-481e-9b47-9a48a83e9aa4",` +
		`"identity":{"cognitoIdentityPoolId":null,"accountId":null,"cognitoIdentityId":null,"caller":null,"sourceIp":"203.0.113.9","principalOrgId":null,"accessKey":null,"cognitoAuthenticationType":null,"cognitoAuthenticationProvider":null,"userArn":null,"userAgent":"curl","user":null},"domainName":"abcdefghij.execute-api.ap-northeast-1.amazonaws.com","deploymentId":"dep001","apiId":"abcdefghij"},` +
		`"body":"hi \"<","isBase64Encoded":false}`
	if got := string(last.Payload); got != want {
		t.Errorf("event\n%s\nwant\n%s", got, want)
	}
	if last.Function != backendARN+":live" || last.SourceARN != "arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/prod/POST/pets/*" || !strings.HasPrefix(last.TraceID, "Root=1-5759e988") {
		t.Errorf("invocation %+v", last)
	}
	decoder := json.NewDecoder(strings.NewReader(string(last.Payload)))
	var typed events.APIGatewayProxyRequest
	if err := decoder.Decode(&typed); err != nil || typed.PathParameters["id"] != "a%2Bb" || typed.RequestContext.Identity.SourceIP != "203.0.113.9" {
		t.Errorf("by aws-lambda-go: %+v %v", typed, err)
	}

	// What is not there is null.
	f.methods[1].ResourcePath, f.stage.Variables, f.methods[1].Integration.URI = "/bare", nil, functionURI("backend")
	f.do("GET /prod//bare/")
	for _, part := range []string{`"path":"/bare/"`, `"queryStringParameters":null,"multiValueQueryStringParameters":null,"pathParameters":null,"stageVariables":null,`, `"body":null,"isBase64Encoded":false}`} {
		if !strings.Contains(string(last.Payload), part) {
			t.Errorf("event %s has no %s", last.Payload, part)
		}
	}

	// Binary media types, and a signature that is nobody else's business.
	f.stage.Deployment.BinaryMediaTypes = []string{"image/*"}
	f.do("PUT /prod/bare\nContent-Type: image/png; a=b\nAuthorization: AWS4-HMAC-SHA256 Credential=x\n\n\xff\x00")
	if got := string(last.Payload); !strings.Contains(got, `"body":"/wA=","isBase64Encoded":true}`) || strings.Contains(got, "AWS4") {
		t.Errorf("event %s", got)
	}
	f.do("PUT /prod/bare\nContent-Type: text/plain\nAuthorization: Bearer x\n\na\xffb")
	if got := string(last.Payload); !strings.Contains(got, `"body":"a`+"\uFFFD"+`b","isBase64Encoded":false}`) || !strings.Contains(got, "Bearer x") {
		t.Errorf("event %s", got)
	}
}

// The response contract (reference/api-gateway.md 5.8).
func TestProxyAnswer(t *testing.T) {
	payload := ""
	f, _ := behindLambda(t, program.IntegrationAWSProxy, "/f", func(in lambda.Invocation) (*lambda.Answer, error) { return says(payload)(in) })
	f.root = f.methods[1]
	f.stage.Deployment.BinaryMediaTypes = []string{"image/png"}
	for _, c := range []struct {
		payload, request string
		status           int
		errorType, body  string
	}{
		{payload: `{"statusCode":201,"body":"made"}`, status: 201, body: "made"},
		{payload: `{"statusCode":"404"}`, status: 404},
		{payload: `{"body":"x"}`, status: 200, body: "x"},
		{payload: `{"headers":{}}`, status: 200},
		{payload: `{"statusCode":200,"headers":null,"multiValueHeaders":null,"body":null}`, status: 200},
		{payload: `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, status: 200, body: "aGk="},
		{payload: `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, request: "\nAccept: image/png,text/html", status: 200, body: "hi"},
		{payload: `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, request: "\nAccept: text/html,image/png", status: 200, body: "aGk="},
		{payload: `{"statusCode":200,"body":"!","isBase64Encoded":true}`, request: "\nAccept: image/png", status: 500, errorType: "InternalServerErrorException", body: internal},
		{payload: `{}`}, {payload: `null`}, {payload: `"text"`}, {payload: `[]`}, {payload: `nonsense`}, {payload: ``},
		{payload: `{"statusCode":200,"extra":1}`}, {payload: `{"statusCode":"abc"}`}, {payload: `{"statusCode":true}`}, {payload: `{"statusCode":20.5}`}, {payload: `{"statusCode":7}`},
		{payload: `{"statusCode":null}`}, {payload: `{"body":{"a":1}}`}, {payload: `{"body":1}`}, {payload: `{"headers":[]}`}, {payload: `{"headers":{"a":["b"]}}`},
		{payload: `{"headers":{"a":{}}}`}, {payload: `{"multiValueHeaders":{"a":"b"}}`}, {payload: `{"multiValueHeaders":[]}`}, {payload: `{"isBase64Encoded":"yes"}`}, {payload: `{"cookies":[]}`},
	} {
		payload = c.payload
		if c.status == 0 {
			c.status, c.errorType, c.body = 502, "InternalServerErrorException", internal
		}
		if c.errorType == "" {
			f.wantTraced("GET /prod/f"+c.request, c.status, c.body)
		} else {
			f.want("GET /prod/f"+c.request, c.status, c.errorType, c.body)
		}
	}
}

func TestProxyAnswerHeaders(t *testing.T) {
	f, _ := behindLambda(t, program.IntegrationAWSProxy, "/f", says(`{"statusCode":200,
		"headers":{"a-b":"solo","Content-Type":"text/html","X-Bool":true,"X-Number":5,"Date":"x","Server":"mine","Transfer-Encoding":"chunked","Via":"y","Content-Length":"99","WWW-Authenticate":"Basic","bad name":"z","X-Bad":"a\r\nb","X-Same":"1"},
		"multiValueHeaders":{"A-B":["multi"],"Set-Cookie":["a=1","b=2"],"x-same":["1"]}}`))
	response := f.gateway0().Serve(t.Context(), f.exchangeOf(f.program(), "GET /prod/f\nX-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0123456789abcdef;Sampled=1"))
	var lines []string
	for _, field := range response.Header {
		lines = append(lines, field.Name+": "+field.Value)
	}
	want := `Date: Tue, 20 Sep 2022 08:47:16 GMT
Content-Type: text/html
Content-Length: 0
x-amzn-RequestId: 46533423-7524-481e-9b47-9a48a83e9aa4
x-amz-apigw-id: OinCTHqDNjMFftQ=
X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0123456789abcdef;Sampled=1
A-B: multi
A-B: solo
Set-Cookie: a=1
Set-Cookie: b=2
x-same: 1
X-Bool: true
X-Number: 5
x-amzn-Remapped-Date: x
x-amzn-Remapped-Server: mine
x-amzn-Remapped-WWW-Authenticate: Basic`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// gateway0 makes the fixture's gateway.
func (f *fixture) gateway0() *Gateway {
	f.program()
	return f.gateway
}

func TestFunctionsThatCannotAnswer(t *testing.T) {
	var failure error
	f, _ := behindLambda(t, program.IntegrationAWSProxy, "/f", func(lambda.Invocation) (*lambda.Answer, error) {
		if failure != nil {
			return nil, failure
		}
		return &lambda.Answer{Status: 200, FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"no"}`)}, nil
	})
	f.want("GET /prod/f", 502, "InternalServerErrorException", internal)
	for kind, status := range map[lambda.Kind]int{lambda.Throttled: 502, lambda.Unreachable: 502, lambda.Stopped: 502, lambda.NotFound: 500, lambda.Denied: 500} {
		failure = &lambda.Error{Kind: kind, Err: errors.New("x")}
		f.want("GET /prod/f", status, "InternalServerErrorException", internal)
	}
	failure = &lambda.Error{Kind: lambda.TooLarge, Err: errors.New("x")}
	f.want("GET /prod/f", 413, "RequestTooLargeException", `{"message":"Request Too Long"}`)
	failure = nil
	f.stage.Deployment.Responses = map[string]*program.GatewayResponse{"INTEGRATION_FAILURE": {Templates: map[string]string{"application/json": `{"own":$context.error.messageString}`}}}
	f.want("GET /prod/f", 502, "InternalServerErrorException", `{"own":"Internal server error"}`)
	f.stage.Deployment.Responses = nil
	f.methods[1].Integration.Verb = "GET" // functions are called by POST [V]
	f.want("GET /prod/f", 500, "InternalServerErrorException", internal)
	f.methods[1].Integration.Verb = "POST"
	f.methods[1].Integration.RequestParameters = map[string]string{"integration.request.header.Authorization": "'x'"}
	f.want("GET /prod/f", 500, "InternalServerErrorException", internal)
	f.methods[1].Integration.RequestParameters = nil
	f.stage.Variables = nil // the alias is missing
	f.want("GET /prod/f", 500, "InternalServerErrorException", internal)
	f.stage.Variables = map[string]string{"alias": "live"}
	f.gateway.options.Invoke = nil
	f.want("GET /prod/f", 500, "InternalServerErrorException", internal)
	f.gateway.options.Invoke = func(ctx context.Context, _ lambda.Invocation) (*lambda.Answer, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	f.methods[1].Integration.Timeout = 50 * time.Millisecond
	f.want("GET /prod/f", 504, "InternalServerErrorException", timedOut)
}

// A function behind AWS: templates both ways, the response chosen by
// errorMessage (reference/api-gateway.md 5.2).
func TestLambdaByTemplates(t *testing.T) {
	answer := &lambda.Answer{}
	f, last := behindLambda(t, program.IntegrationAWS, "/pets/{id}", func(lambda.Invocation) (*lambda.Answer, error) { return answer, nil })
	m := f.methods[1]
	m.Responses = map[string]program.MethodResponse{"200": {}, "404": {}, "500": {}}
	m.Integration.RequestTemplates = program.Templates{template("application/json", `{"id":"$input.params('id')","n":$input.json('$.n')}`)}
	m.Integration.Responses = []*program.IntegrationResponse{
		{StatusCode: 200, Templates: program.Templates{template("application/json", `ok $input.path('$.x')`)}},
		{StatusCode: 404, Pattern: regexp.MustCompile(`^(?:.*not found.*)$`)},
		{StatusCode: 500, Pattern: regexp.MustCompile(`^(?:(\n|.)+)$`), Templates: program.Templates{template("application/json", `$input.path('$.errorMessage')!`)}},
	}
	answer = &lambda.Answer{Status: 200, Payload: []byte(`{"x":"y"}`)}
	f.wantTraced("POST /prod/pets/7\n\n{\"n\":1}", 200, "ok y")
	if string(last.Payload) != `{"id":"7","n":1}` || last.Type != lambda.RequestResponse {
		t.Errorf("invocation %s", last.Payload)
	}
	answer = &lambda.Answer{Status: 200, FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"pet not found","errorType":"E"}`)}
	f.wantTraced("POST /prod/pets/7\n\n{\"n\":1}", 404, `{"errorMessage":"pet not found","errorType":"E"}`)
	answer = &lambda.Answer{Status: 200, FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"200"}`)}
	f.wantTraced("POST /prod/pets/7\n\n{\"n\":1}", 500, `200!`)
	m.Integration.RequestTemplates = nil
	answer = &lambda.Answer{Status: 202}
	m.Integration.RequestParameters = map[string]string{"integration.request.header.X-Amz-Invocation-Type": "'Event'"}
	m.Integration.Responses = []*program.IntegrationResponse{{StatusCode: 200}}
	f.wantTraced("GET /prod/pets/7", 200, "")
	if last.Type != lambda.Event || string(last.Payload) != "{}" {
		t.Errorf("invocation %+v", last)
	}
}

func TestStreamedFunction(t *testing.T) {
	var read *io.PipeReader
	f, last := behindLambda(t, program.IntegrationAWSProxy, "/f", func(lambda.Invocation) (*lambda.Answer, error) {
		return &lambda.Answer{Status: 200, Stream: read}, nil
	})
	f.methods[1].Integration.Stream = true
	f.methods[1].Integration.URI = "arn:aws:apigateway:ap-northeast-1:lambda:path/2021-11-15/functions/" + backendARN + "/response-streaming-invocations"
	var write *io.PipeWriter
	read, write = io.Pipe()
	go func() {
		_, _ = io.WriteString(write, `{"statusCode":201,"headers":{"Content-Type":"text/plain"},"cookies":["a=1"]}`+"\x00\x00\x00")
		_, _ = io.WriteString(write, "\x00\x00\x00\x00\x00one")
	}()
	response := f.gateway0().Serve(t.Context(), f.exchangeOf(f.program(), "GET /prod/f"))
	if response.Status != 201 || response.Header.Get("Content-Type") != "text/plain" || response.Header.Get("Set-Cookie") != "a=1" || response.Header.Has("Content-Length") || !last.Stream {
		t.Errorf("answer %+v, invocation %+v", response, last)
	}
	body, first := response.Body.Reader(), make([]byte, 3)
	if _, err := io.ReadFull(body, first); string(first) != "one" || err != nil { // while the function goes on
		t.Errorf("%q %v", first, err)
	}
	go func() {
		_, _ = io.WriteString(write, " two")
		_ = write.Close()
	}()
	rest, err := io.ReadAll(body)
	if string(rest) != " two" || err != nil {
		t.Errorf("%q %v", rest, err)
	}
	_ = body.Close()
	if _, err := write.Write(nil); err != io.ErrClosedPipe {
		t.Errorf("the stream is open: %v", err)
	}
	for _, text := range []string{`{"statusCode":200}`, "", `{"extra":1}` + strings.Repeat("\x00", 8), strings.Repeat(" ", maxPrelude+9)} {
		read, write = io.Pipe()
		go func(write *io.PipeWriter) {
			_, _ = io.WriteString(write, text)
			_ = write.Close()
		}(write)
		f.want("GET /prod/f", 502, "InternalServerErrorException", internal)
	}
	read, write = io.Pipe() // a prelude that does not come
	f.methods[1].Integration.Timeout = 50 * time.Millisecond
	f.want("GET /prod/f", 504, "InternalServerErrorException", timedOut)
}

func FuzzFunctionAnswer(f *testing.F) {
	f.Add(`{"statusCode":200,"headers":{"a":"b"},"multiValueHeaders":{"A":["c"]},"body":"x","isBase64Encoded":false}`)
	f.Add(`{"statusCode":"99"}`)
	f.Fuzz(func(t *testing.T, text string) {
		answer, ok := parseFunctionAnswer([]byte(text), "body", "isBase64Encoded")
		if ok && (answer.status < 100 || answer.status > 999) {
			t.Errorf("status %d", answer.status)
		}
	})
}
