package awsproto

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/stsapi"
)

const testRequestID = "3cb4ab5a-8c1a-4f0e-8ad3-0a3b0e2a1a11"

var testNow = time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)

// gatewayStub, cloudfrontStub and stsStub answer a few operations.
type gatewayStub struct {
	apigatewayapi.Unimplemented
	call *api.Call
}

func (s *gatewayStub) GetRestApi(call *api.Call, in *apigatewayapi.GetRestApiRequest) (*apigatewayapi.RestApi, error) {
	s.call = call
	switch *in.RestApiId {
	case "panic":
		panic("secret of the panic")
	case "broken":
		return nil, errors.New("disk is on fire")
	case "slow":
		e := apigatewayapi.TooManyRequestsException("Too Many Requests")
		e.RetryAfterSeconds = 7
		return nil, e
	case "gone":
		return nil, apigatewayapi.NotFoundException("Invalid API identifier specified " + call.Account + ":gone")
	}
	created := time.Unix(1508461860, 999e6)
	return &apigatewayapi.RestApi{Id: in.RestApiId, CreatedDate: &created, Tags: map[string]string{}, Description: new("a<b & \"c\"\x01"),
		MinimumCompressionSize: new(int32(5)), DisableExecuteApiEndpoint: new(false)}, nil
}

func (s *gatewayStub) DeleteRestApi(*api.Call, *apigatewayapi.DeleteRestApiRequest) error { return nil }

func (s *gatewayStub) DeleteMethod(*api.Call, *apigatewayapi.DeleteMethodRequest) error { return nil }

func (s *gatewayStub) CreateUsagePlan(*api.Call, *apigatewayapi.CreateUsagePlanRequest) (*apigatewayapi.UsagePlan, error) {
	return &apigatewayapi.UsagePlan{Throttle: &apigatewayapi.ThrottleSettings{BurstLimit: new(int32(2)), RateLimit: new(2.0)}}, nil
}

func (s *gatewayStub) GetUsage(*api.Call, *apigatewayapi.GetUsageRequest) (*apigatewayapi.Usage, error) {
	return &apigatewayapi.Usage{Items: map[string][][]int64{"b": {{0, 10}}, "a": {{1, 9}, nil}}, Position: new("p")}, nil
}

func (s *gatewayStub) PutIntegrationResponse(_ *api.Call, in *apigatewayapi.PutIntegrationResponseRequest) (*apigatewayapi.IntegrationResponse, error) {
	return &apigatewayapi.IntegrationResponse{ResponseTemplates: in.ResponseTemplates}, nil
}

type cloudfrontStub struct{ cloudfrontapi.Unimplemented }

func (cloudfrontStub) GetDistribution(_ *api.Call, in *cloudfrontapi.GetDistributionRequest) (*cloudfrontapi.GetDistributionResult, error) {
	if *in.Id == "NONE" {
		return nil, cloudfrontapi.NoSuchDistribution("The specified distribution does not exist.")
	}
	at := time.Date(2022, 10, 10, 21, 52, 23, 837e6, time.UTC)
	return &cloudfrontapi.GetDistributionResult{ETag: new("E2QWRUHAPOMQZL\r\nX: y"), Distribution: &cloudfrontapi.Distribution{
		Id: in.Id, LastModifiedTime: &at, DistributionConfig: &cloudfrontapi.DistributionConfig{
			CallerReference: new("ref"), Comment: new("<&>"), Aliases: &cloudfrontapi.Aliases{Quantity: new(int32(0)), Items: []string{}}}}}, nil
}

func (cloudfrontStub) UpdateFunction(*api.Call, *cloudfrontapi.UpdateFunctionRequest) (*cloudfrontapi.UpdateFunctionResult, error) {
	return &cloudfrontapi.UpdateFunctionResult{ETag: new("ETVPDKIKX0DER")}, nil
}

func (cloudfrontStub) GetFunction(*api.Call, *cloudfrontapi.GetFunctionRequest) (*cloudfrontapi.GetFunctionResult, error) {
	return &cloudfrontapi.GetFunctionResult{ETag: new("E1"), FunctionCode: []byte("function handler(e) {}")}, nil
}

func (cloudfrontStub) ListTagsForResource(*api.Call, *cloudfrontapi.ListTagsForResourceRequest) (*cloudfrontapi.ListTagsForResourceResult, error) {
	return &cloudfrontapi.ListTagsForResourceResult{Tags: &cloudfrontapi.Tags{Items: []cloudfrontapi.Tag{}}}, nil
}

func (cloudfrontStub) DeleteDistribution(*api.Call, *cloudfrontapi.DeleteDistributionRequest) error {
	return nil
}

type stsStub struct{ stsapi.Unimplemented }

func (stsStub) GetCallerIdentity(call *api.Call, _ *stsapi.GetCallerIdentityRequest) (*stsapi.GetCallerIdentityResponse, error) {
	return &stsapi.GetCallerIdentityResponse{UserId: &call.UserID, Account: &call.Account, Arn: &call.PrincipalARN}, nil
}

type testHandler struct {
	*Handler
	gateway *gatewayStub
	log     *bytes.Buffer
}

func newTestHandler(t *testing.T, credentials ...Credential) *testHandler {
	t.Helper()
	out := &testHandler{gateway: new(gatewayStub), log: new(bytes.Buffer)}
	h, err := New(Options{Account: "000000000000", Region: "us-east-1", Credentials: credentials,
		Services: []Service{{apigatewayapi.Table, out.gateway}, {cloudfrontapi.Table, cloudfrontStub{}}, {stsapi.Table, stsStub{}}},
		Now:      func() time.Time { return testNow }, NewRequestID: func() string { return testRequestID },
		Log: slog.New(slog.NewTextHandler(out.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	out.Handler = h
	return out
}

// authorization is a well-formed, unverifiable signature.
func authorization(key, region, service string) string {
	return "AWS4-HMAC-SHA256 Credential=" + key + "/20261122/" + region + "/" + service + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
}

// send sends a signed call for a service.
func (h *testHandler) send(service, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", authorization("test", "eu-west-1", service))
	r.Header.Set("X-Amz-Date", "20261122T160000Z")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// header reads a response header whatever its case.
func header(w *httptest.ResponseRecorder, name string) string {
	for n, v := range w.Header() {
		if strings.EqualFold(n, name) {
			return v[0]
		}
	}
	return ""
}

func TestAnswers(t *testing.T) {
	const cf = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
	h := newTestHandler(t)
	for _, test := range []struct {
		name, service, method, target, body string
		status                              int
		headers                             map[string]string
		want                                string
	}{
		{"json answer", "apigateway", "GET", "/restapis/abc", "", 200,
			map[string]string{"x-amzn-RequestId": testRequestID, "Content-Type": "application/json", "Content-Length": "142"},
			`{"id":"abc","description":"a<b & \"c\"\u0001","createdDate":1508461860,"minimumCompressionSize":5,"tags":{},"disableExecuteApiEndpoint":false}`},
		{"json empty 202", "apigateway", "DELETE", "/restapis/abc", "", 202, map[string]string{"Content-Length": "0"}, ""},
		{"json empty 204", "apigateway", "DELETE", "/restapis/abc/resources/r/methods/GET", "", 204, nil, ""},
		{"doubles keep .0, integers do not", "apigateway", "POST", "/usageplans", `{"name":"x"}`, 201, nil, `{"throttle":{"burstLimit":2,"rateLimit":2.0}}`},
		{"wire name values, keys sorted, position in an output's body", "apigateway", "GET", "/usageplans/p/usage?startDate=a&endDate=b", "", 200, nil,
			`{"values":{"a":[[1,9],[]],"b":[[0,10]]},"position":"p"}`},
		{"sparse map", "apigateway", "PUT", "/restapis/a/resources/r/methods/GET/integration/responses/200", `{"responseTemplates":{"a":null,"b":""}}`, 201, nil,
			`{"responseTemplates":{"a":null,"b":""}}`},
		{"modelled error", "apigateway", "GET", "/restapis/gone", "", 404,
			map[string]string{"x-amzn-ErrorType": "NotFoundException", "x-amzn-RequestId": testRequestID},
			`{"message":"Invalid API identifier specified 000000000000:gone"}`},
		{"retry after", "apigateway", "GET", "/restapis/slow", "", 429, map[string]string{"Retry-After": "7"}, `{"message":"Too Many Requests"}`},
		{"panic", "apigateway", "GET", "/restapis/panic", "", 500, map[string]string{"x-amzn-ErrorType": "InternalFailure"},
			`{"message":"The request processing has failed because of an unknown error, exception or failure."}`},
		{"unmodelled error", "apigateway", "GET", "/restapis/broken", "", 500, map[string]string{"x-amzn-ErrorType": "InternalFailure"},
			`{"message":"The request processing has failed because of an unknown error, exception or failure."}`},
		{"not implemented", "apigateway", "GET", "/account", "", 501, map[string]string{"x-amzn-ErrorType": "NotImplementedException"},
			`{"message":"GetAccount is not implemented by Drawbridge yet"}`},
		{"unknown path", "apigateway", "GET", "/nothing", "", 403, map[string]string{"x-amzn-ErrorType": "MissingAuthenticationTokenException"},
			`{"message":"Missing Authentication Token"}`},
		{"xml answer: namespace, ms, model order, empty Items left out, header kept on its line", "cloudfront", "GET", "/2020-05-31/distribution/E1", "", 200,
			map[string]string{"Content-Type": "text/xml", "ETag": "E2QWRUHAPOMQZL  X: y", "x-amzn-RequestId": testRequestID},
			"<?xml version=\"1.0\"?>\n" + `<Distribution xmlns="` + cf + `"><Id>E1</Id><LastModifiedTime>2022-10-10T21:52:23.837Z</LastModifiedTime>` +
				`<DistributionConfig><CallerReference>ref</CallerReference><Aliases><Quantity>0</Quantity></Aliases><Comment>&lt;&amp;&gt;</Comment></DistributionConfig></Distribution>`},
		{"xml error", "cloudfront", "GET", "/2020-05-31/distribution/NONE", "", 404, map[string]string{"Content-Type": "text/xml"},
			"<?xml version=\"1.0\"?>\n" + `<ErrorResponse xmlns="` + cf + `"><Error><Type>Sender</Type><Code>NoSuchDistribution</Code><Message>The specified distribution does not exist.</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`},
		{"xml list without Quantity stays", "cloudfront", "GET", "/2020-05-31/tagging?Resource=a", "", 200, nil,
			"<?xml version=\"1.0\"?>\n" + `<Tags xmlns="` + cf + `"><Items></Items></Tags>`},
		{"xml not implemented", "cloudfront", "GET", "/2020-05-31/function", "", 501, nil,
			"<?xml version=\"1.0\"?>\n" + `<ErrorResponse xmlns="` + cf + `"><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>ListFunctions is not implemented by Drawbridge yet</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`},
		{"function code", "cloudfront", "GET", "/2020-05-31/function/f", "", 200, map[string]string{"Content-Type": "application/octet-stream", "ETag": "E1"}, "function handler(e) {}"},
		{"sts", "sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", 200, map[string]string{"Content-Type": "text/xml"},
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>000000000000</UserId><Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>` + testRequestID + `</RequestId></ResponseMetadata></GetCallerIdentityResponse>`},
		{"sts unknown action", "sts", "POST", "/", "Action=Fly&Version=2011-06-15", 400, nil,
			"<?xml version=\"1.0\"?>\n" + `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation Fly for version 2011-06-15</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`},
		{"other service, JSON", "lambda", "GET", "/2015-03-31/functions", "", 501, map[string]string{"x-amzn-ErrorType": "NotImplementedException"},
			`{"__type":"NotImplementedException","message":"Drawbridge does not have the AWS service lambda; it has apigateway, cloudfront, sts."}`},
		{"other service, query", "iam", "POST", "/", "Action=ListUsers", 501, nil,
			"<?xml version=\"1.0\"?>\n" + `<ErrorResponse><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>Drawbridge does not have the AWS service iam; it has apigateway, cloudfront, sts.</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`},
		{"other service, S3", "s3", "GET", "/bucket", "", 501, map[string]string{"Content-Type": "application/xml"},
			"<?xml version=\"1.0\"?>\n" + `<Error><Code>NotImplemented</Code><Message>Drawbridge does not have the AWS service s3; it has apigateway, cloudfront, sts.</Message><RequestId>` + testRequestID + `</RequestId></Error>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := h.send(test.service, test.method, test.target, test.body)
			if w.Code != test.status || w.Body.String() != test.want {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Body, test.status, test.want)
			}
			for name, want := range test.headers {
				if got := header(w, name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
	log := h.log.String()
	for _, want := range []string{testRequestID, "secret of the panic", "disk is on fire", "operation=GetRestApi"} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %q: %s", want, log)
		}
	}
	if strings.Contains(log, "Credential=") {
		t.Error("log has an Authorization header")
	}
}

func TestCall(t *testing.T) {
	h := newTestHandler(t)
	r := httptest.NewRequest("GET", "http://apigateway.cn-north-1.amazonaws.com.cn/restapis/abc", nil)
	r.Header.Set("Authorization", authorization("123456789012", "cn-north-1", "apigateway"))
	r.Header.Set("X-Amz-Date", "20261122T160000Z")
	r.Header.Set("User-Agent", "aws-cli/2.9.19")
	r.RemoteAddr = "[::ffff:192.0.2.7]:4711"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	got := *h.gateway.call
	if got.Context != r.WithContext(ctx).Context() {
		t.Error("the call's context is not the request's")
	}
	got.Context = nil
	want := api.Call{Service: "apigateway", Operation: "GetRestApi", Account: "123456789012", Region: "cn-north-1", Partition: "aws-cn",
		AccessKeyID: "123456789012", PrincipalARN: "arn:aws-cn:iam::123456789012:root", UserID: "123456789012", RequestID: testRequestID,
		Now: testNow, SourceIP: netip.MustParseAddr("192.0.2.7"), UserAgent: "aws-cli/2.9.19"}
	if got != want {
		t.Errorf("call %+v\nwant %+v", got, want)
	}
}

func TestBodyLimit(t *testing.T) {
	h := newTestHandler(t)
	for _, test := range []struct{ service, target, code string }{
		{"apigateway", "/restapis", "RequestEntityTooLargeException"},
		{"cloudfront", "/2020-05-31/distribution", "RequestEntityTooLarge"},
	} {
		w := h.send(test.service, "POST", test.target, strings.Repeat(" ", maxBody+1))
		if w.Code != 413 || !strings.Contains(w.Body.String()+header(w, "x-amzn-ErrorType"), test.code) {
			t.Errorf("%s: %d %s", test.service, w.Code, w.Body)
		}
	}
	if w := h.send("apigateway", "POST", "/restapis", `{"name":"x"}`+strings.Repeat(" ", maxBody-12)); w.Code != 501 {
		t.Errorf("a body of the limit's size: %d %s", w.Code, w.Body)
	}
}

// A body that stays away or ends too soon is no call and must not look like one
// that was carried out: a client that only closed its sending side reads the answer.
func TestBrokenBody(t *testing.T) {
	h := newTestHandler(t)
	for _, test := range []struct{ service, target, code string }{
		{"apigateway", "/restapis", "IncompleteBodyException"},
		{"cloudfront", "/2020-05-31/distribution", "IncompleteBody"},
		{"lambda", "/2015-03-31/functions", "NotImplemented"},
	} {
		r := httptest.NewRequest("POST", test.target, io.MultiReader(strings.NewReader(`{"name":"x"}`), iotest.ErrReader(io.ErrUnexpectedEOF)))
		r.Header.Set("Authorization", authorization("test", "us-east-1", test.service))
		r.Header.Set("X-Amz-Date", "20261122T160000Z")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code < 400 || !strings.Contains(w.Body.String()+header(w, "x-amzn-ErrorType"), test.code) {
			t.Errorf("%s: %d %q %s", test.service, w.Code, header(w, "x-amzn-ErrorType"), w.Body)
		}
	}
}

func TestUnsignedCalls(t *testing.T) {
	h := newTestHandler(t)
	for _, test := range []struct {
		name, method, url, contentType string
		want                           string
	}{
		{"by host, JSON", "GET", "http://apigateway.us-east-1.amazonaws.com/restapis", "", `{"message":"Missing Authentication Token"}`},
		{"by host, XML", "GET", "http://cloudfront.amazonaws.com/2020-05-31/distribution", "", "<Code>MissingAuthenticationToken</Code><Message>Missing Authentication Token</Message>"},
		{"by path", "GET", "http://127.0.0.1:4566/2020-05-31/distribution", "", "<Code>MissingAuthenticationToken</Code>"},
		{"nothing names a service", "GET", "http://127.0.0.1:4566/restapis", "", `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
		{"a form", "POST", "http://127.0.0.1:4566/", "application/x-www-form-urlencoded", "<Code>MissingAuthenticationToken</Code>"},
	} {
		r := httptest.NewRequest(test.method, test.url, nil)
		r.Header.Set("Content-Type", test.contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 403 || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
}

func TestUpdateFunctionHasBothETags(t *testing.T) {
	body := `<UpdateFunctionRequest><FunctionConfig><Comment/><Runtime>cloudfront-js-1.0</Runtime></FunctionConfig><FunctionCode>eA==</FunctionCode></UpdateFunctionRequest>`
	r := httptest.NewRequest("PUT", "/2020-05-31/function/f", strings.NewReader(body))
	r.Header.Set("Authorization", authorization("test", "us-east-1", "cloudfront"))
	r.Header.Set("X-Amz-Date", "20261122T160000Z")
	r.Header.Set("If-Match", "E0")
	w := httptest.NewRecorder()
	newTestHandler(t).ServeHTTP(w, r)
	//lint:ignore SA1008 AWS's own case, and its own misspelling
	if w.Code != 200 || w.Header()["ETag"] == nil || w.Header()["ETtag"] == nil {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestEveryCharacterStringSurvivesJSON compares the own writer with
// encoding/json's reader.
func TestEveryCharacterStringSurvivesJSON(t *testing.T) {
	var all strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	all.WriteString("😀\u2028")
	var back string
	if err := json.Unmarshal(appendJSONString(nil, all.String()), &back); err != nil || back != all.String() {
		t.Errorf("string came back changed: %v", err)
	}
	if got := string(appendJSONString(nil, "a\xffb")); got != `"a`+"\uFFFD"+`b"` {
		t.Errorf("invalid UTF-8: %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	good := Options{Account: "000000000000", Region: "us-east-1"}
	for name, spoil := range map[string]func(*Options){
		"account":       func(o *Options) { o.Account = "1" },
		"region":        func(o *Options) { o.Region = "../etc" },
		"wrong service": func(o *Options) { o.Services = []Service{{apigatewayapi.Table, stsStub{}}} },
		"no secret":     func(o *Options) { o.Credentials = []Credential{{AccessKeyID: "AKID"}} },
		"key twice":     func(o *Options) { o.Credentials = []Credential{testCredential, testCredential} },
		"bad account id": func(o *Options) {
			o.Credentials = []Credential{{AccessKeyID: "A", SecretAccessKey: "s", AccountID: "x"}}
		},
	} {
		o := good
		spoil(&o)
		if h, err := New(o); err == nil || h != nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), testCredential.SecretAccessKey) {
			t.Errorf("%s: the error has the secret", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

func TestNewUUID(t *testing.T) {
	a, b := newUUID(), newUUID()
	if a == b || len(a) != 36 || a[14] != '4' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s, %s", a, b)
	}
}

var _ http.Handler = (*Handler)(nil)
