package apigateway

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// TestInvocation is one call of a method of a draft, as TestInvokeMethod makes
// it: past authorization, keys and validation.
type TestInvocation struct {
	Account, Region, Partition string
	Draft                      *APIRecord
	ResourceID, Verb           string // the method's, which may be ANY
	CallVerb                   string // the request's
	Path                       string // "/pets/123"
	RawQuery                   string
	Header                     []TestField
	Body                       string
	Variables                  map[string]string  // stage variables
	Certificate                *CertificateRecord // shown to backends; nil: none
	Now                        time.Time
}

// TestField is a header field, in the order of sending.
type TestField struct{ Name, Value string }

// TestAnswer is what a test invocation came to.
type TestAnswer struct {
	Status  int
	Header  []TestField
	Body    string
	Log     string // reference/api-gateway.md 7.5
	Latency time.Duration
}

// TestInvokeFunc runs a test invocation: the data plane's steps from "map
// request" on.
type TestInvokeFunc func(ctx context.Context, in TestInvocation) (TestAnswer, error)

// Bounds of a test invocation; AWS's limits of a request (reference/
// api-gateway.md 8).
const (
	maxTestBody   = 10 << 20
	maxTestHeader = 10240
	maxTestPath   = 8192
)

// TestInvokeMethod calls a method of the draft.
func (s *Service) TestInvokeMethod(call *api.Call, in *apigatewayapi.TestInvokeMethodRequest) (*apigatewayapi.TestInvokeMethodResponse, error) {
	if s.testInvoke == nil {
		return s.Unimplemented.TestInvokeMethod(call, in)
	}
	rec, err := s.loadAPI(call, val(in.RestApiId), noResource())
	if err != nil {
		return nil, err
	}
	invocation, err := newInvocation(rec, in)
	if err != nil {
		return nil, err
	}
	invocation.Account, invocation.Region, invocation.Partition, invocation.Now = call.Account, call.Region, call.Partition, call.Now
	if id := val(in.ClientCertificateId); id != "" {
		if invocation.Certificate, err = loadRecord[CertificateRecord](s, call, certificateRef(call, id), noCertificate()); err != nil {
			return nil, err
		}
	}
	answer, err := s.testInvoke(call, invocation)
	if err != nil {
		return nil, fmt.Errorf("test a method: %w", err)
	}
	out := &apigatewayapi.TestInvokeMethodResponse{
		Status: new(int32(answer.Status)), Body: new(answer.Body), Log: new(answer.Log), Latency: new(answer.Latency.Milliseconds()),
		Headers: map[string]string{}, MultiValueHeaders: map[string][]string{},
	}
	for _, field := range answer.Header {
		out.Headers[field.Name] = field.Value // of several the last, as Lambda events have it
		out.MultiValueHeaders[field.Name] = append(out.MultiValueHeaders[field.Name], field.Value)
	}
	return out, nil
}

// newInvocation finds the method and reads the request.
func newInvocation(rec *APIRecord, in *apigatewayapi.TestInvokeMethodRequest) (TestInvocation, error) {
	out := TestInvocation{
		Draft: rec, ResourceID: val(in.ResourceId), Verb: val(in.HttpMethod), CallVerb: val(in.HttpMethod),
		Body: val(in.Body), Variables: in.StageVariables,
	}
	res, ok := rec.Resources[out.ResourceID]
	if !ok {
		return out, noResource()
	}
	if _, ok := res.ResourceMethods[out.Verb]; !ok {
		if _, ok := res.ResourceMethods["ANY"]; !ok || !validVerb(out.Verb) {
			return out, noMethod()
		}
		out.Verb = "ANY"
	}
	if out.CallVerb == "ANY" {
		return out, badRequest("Enumeration value for HttpMethod must be a method that can be called, not ANY")
	}
	path := val(in.PathWithQueryString)
	if path == "" {
		path = val(res.Path) // with its variables as they stand (recorded)
	}
	out.Path, out.RawQuery, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(out.Path, "/") {
		out.Path = "/" + out.Path
	}
	var err error
	if out.Header, err = testFields(in.Headers, in.MultiValueHeaders); err != nil {
		return out, err
	}
	if len(path) > maxTestPath || len(out.Body) > maxTestBody {
		return out, badRequest("The request is larger than API Gateway takes")
	}
	return out, nil
}

// testFields are the header fields of a test, checked as a socket's would be.
func testFields(single map[string]string, multi map[string][]string) ([]TestField, error) {
	var fields []TestField
	for _, name := range sortedKeys(single) {
		fields = append(fields, TestField{name, single[name]})
	}
	for _, name := range sortedKeys(multi) {
		if _, there := single[name]; there {
			continue
		}
		for _, value := range multi[name] {
			fields = append(fields, TestField{name, value})
		}
	}
	size := 0
	for _, field := range fields {
		size += len(field.Name) + len(field.Value) + 4
		if !headerNameForm.MatchString(field.Name) || strings.ContainsAny(field.Value, "\r\n\x00") {
			return nil, badRequest("Invalid header specified: %s", field.Name)
		}
	}
	if size > maxTestHeader {
		return nil, badRequest("The request is larger than API Gateway takes")
	}
	return fields, nil
}

// headerNameForm is RFC 9110 section 5.6.2, token.
var headerNameForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// TestAuthorization is one call of a draft's authorizer.
type TestAuthorization struct {
	Account, Region, Partition, APIID string
	Authorizer                        apigatewayapi.Authorizer
	Header                            []TestField
	Path, RawQuery, Body              string
	Variables, Context                map[string]string
}

// TestAuthorizerAnswer is what an authorizer said.
type TestAuthorizerAnswer struct {
	Status      int // that a client would get; 0: the authorizer has answered
	PrincipalID string
	Policy      string
	Context     map[string]string
	Claims      map[string]string
	Log         string
	Latency     time.Duration
}

// TestAuthorizerFunc calls an authorizer.
type TestAuthorizerFunc func(ctx context.Context, in TestAuthorization) (TestAuthorizerAnswer, error)

// TestInvokeAuthorizer calls an authorizer of the draft.
func (s *Service) TestInvokeAuthorizer(call *api.Call, in *apigatewayapi.TestInvokeAuthorizerRequest) (*apigatewayapi.TestInvokeAuthorizerResponse, error) {
	a, err := authorizerChildren().get(s, call, childRef{in.RestApiId, in.AuthorizerId})
	if err != nil {
		return nil, err
	}
	if s.testAuth == nil {
		return s.Unimplemented.TestInvokeAuthorizer(call, in)
	}
	test := TestAuthorization{
		Account: call.Account, Region: call.Region, Partition: call.Partition, APIID: val(in.RestApiId), Authorizer: *a,
		Body: val(in.Body), Variables: in.StageVariables, Context: in.AdditionalContext,
	}
	test.Path, test.RawQuery, _ = strings.Cut(val(in.PathWithQueryString), "?")
	if !strings.HasPrefix(test.Path, "/") {
		test.Path = "/" + test.Path
	}
	if test.Header, err = testFields(in.Headers, in.MultiValueHeaders); err != nil {
		return nil, err
	}
	if len(test.Path)+len(test.RawQuery) > maxTestPath || len(test.Body) > maxTestBody {
		return nil, badRequest("The request is larger than API Gateway takes")
	}
	answer, err := s.testAuth(call, test)
	if err != nil {
		return nil, fmt.Errorf("test an authorizer: %w", err)
	}
	out := &apigatewayapi.TestInvokeAuthorizerResponse{
		ClientStatus: new(int32(answer.Status)), Latency: new(answer.Latency.Milliseconds()), Log: new(answer.Log), Claims: answer.Claims,
		PrincipalId: filled(new(answer.PrincipalID)), Policy: filled(new(answer.Policy)),
	}
	if len(answer.Context) > 0 {
		out.Authorization = make(map[string][]string, len(answer.Context))
	}
	for name, value := range answer.Context {
		out.Authorization[name] = []string{value}
	}
	return out, nil
}
