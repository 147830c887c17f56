package apigateway

import (
	"context"
	"fmt"
	"net/url"
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
	Variables                  map[string]string // stage variables
	ClientCertificateID        string
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
	if id := invocation.ClientCertificateID; id != "" {
		if _, err := loadRecord[CertificateRecord](s, call, certificateRef(call, id), noCertificate()); err != nil {
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
		Body: val(in.Body), Variables: in.StageVariables, ClientCertificateID: val(in.ClientCertificateId),
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
	size := 0
	for _, name := range sortedKeys(in.Headers) {
		out.Header = append(out.Header, TestField{name, in.Headers[name]})
	}
	for _, name := range sortedKeys(in.MultiValueHeaders) {
		if _, single := in.Headers[name]; single {
			continue
		}
		for _, value := range in.MultiValueHeaders[name] {
			out.Header = append(out.Header, TestField{name, value})
		}
	}
	for _, field := range out.Header {
		size += len(field.Name) + len(field.Value) + 4
		if !headerNameForm.MatchString(field.Name) || strings.ContainsAny(field.Value, "\r\n\x00") {
			return out, badRequest("Invalid header specified: %s", field.Name)
		}
	}
	if len(path) > maxTestPath || len(out.Body) > maxTestBody || size > maxTestHeader {
		return out, badRequest("The request is larger than API Gateway takes")
	}
	return out, nil
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
	Now                               time.Time
}

// TestAuthorizerAnswer is what an authorizer said.
type TestAuthorizerAnswer struct {
	Status      int // 0: the authorizer was run; else what a client would get
	PrincipalID string
	Policy      string
	Context     map[string][]string
	Claims      map[string]string
	Log         []string // lines, without time
}

// TestAuthorizerFunc calls an authorizer.
type TestAuthorizerFunc func(ctx context.Context, in TestAuthorization) (TestAuthorizerAnswer, error)

// TestInvokeAuthorizer calls an authorizer of the draft. What needs no call is
// decided here: an identity that is missing or does not match answers 401
// (reference/api-gateway.md 6.1, 6.2).
func (s *Service) TestInvokeAuthorizer(call *api.Call, in *apigatewayapi.TestInvokeAuthorizerRequest) (*apigatewayapi.TestInvokeAuthorizerResponse, error) {
	a, err := s.loadAuthorizer(call, val(in.RestApiId), val(in.AuthorizerId))
	if err != nil {
		return nil, err
	}
	test := TestAuthorization{
		Account: call.Account, Region: call.Region, Partition: call.Partition, APIID: val(in.RestApiId), Authorizer: *a,
		Body: val(in.Body), Variables: in.StageVariables, Context: in.AdditionalContext, Now: call.Now,
	}
	test.Path, test.RawQuery, _ = strings.Cut(val(in.PathWithQueryString), "?")
	for _, name := range sortedKeys(in.Headers) {
		test.Header = append(test.Header, TestField{name, in.Headers[name]})
	}
	for _, name := range sortedKeys(in.MultiValueHeaders) {
		for _, value := range in.MultiValueHeaders[name] {
			test.Header = append(test.Header, TestField{name, value})
		}
	}
	answer, err := s.authorize(call, test)
	if err != nil {
		return nil, err
	}
	out := &apigatewayapi.TestInvokeAuthorizerResponse{
		ClientStatus: new(int32(answer.Status)), Latency: new(int64(0)), Log: new(authorizerLog(call, a, answer.Log)),
		Authorization: answer.Context, Claims: answer.Claims,
		PrincipalId: filled(new(answer.PrincipalID)), Policy: filled(new(answer.Policy)),
	}
	return out, nil
}

func (s *Service) authorize(call *api.Call, in TestAuthorization) (TestAuthorizerAnswer, error) {
	ok, err := in.hasIdentity()
	switch {
	case err != nil:
		return TestAuthorizerAnswer{Status: 500, Log: []string{"Execution failed due to configuration error: Invalid identity validation expression"}}, nil
	case !ok:
		return TestAuthorizerAnswer{Status: 401, Log: []string{"Unauthorized request: " + call.RequestID}}, nil
	case s.testAuth == nil:
		return TestAuthorizerAnswer{Status: 500, Log: []string{
			"Execution failed due to configuration error: Authorizer function failed with response body: no function service is configured",
		}}, nil
	}
	answer, err := s.testAuth(call, in)
	if err != nil {
		return answer, fmt.Errorf("test an authorizer: %w", err)
	}
	return answer, nil
}

// hasIdentity tells whether all identity sources are there and match.
func (in *TestAuthorization) hasIdentity() (bool, error) {
	source := val(in.Authorizer.IdentitySource)
	if source == "" && val(in.Authorizer.Type) == apigatewayapi.AuthorizerTypeCognitoUserPools {
		source = "method.request.header.Authorization"
	}
	expression := val(in.Authorizer.IdentityValidationExpression)
	for part := range strings.SplitSeq(source, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		value := in.identity(part)
		if value == "" {
			return false, nil
		}
		if expression == "" || val(in.Authorizer.Type) != apigatewayapi.AuthorizerTypeToken {
			continue
		}
		match, err := regexp.Compile(`^(?:` + expression + `)$`)
		if err != nil {
			return false, err
		}
		if !match.MatchString(value) {
			return false, nil
		}
	}
	return true, nil
}

// identity is the value of one identity source, "" when it is not there.
func (in *TestAuthorization) identity(source string) string {
	kind, name, _ := strings.Cut(source, ".")
	switch kind {
	case "stageVariables":
		return in.Variables[name]
	case "context":
		return in.Context[name]
	}
	where, name, _ := strings.Cut(strings.TrimPrefix(name, "request."), ".")
	if strings.HasSuffix(where, "querystring") {
		values, err := url.ParseQuery(in.RawQuery)
		if err != nil {
			return ""
		}
		return values.Get(name)
	}
	for _, field := range in.Header {
		if strings.EqualFold(field.Name, name) {
			return field.Value
		}
	}
	return ""
}

// authorizerLog is the log in the form of TestInvokeMethod's.
func authorizerLog(call *api.Call, a *apigatewayapi.Authorizer, lines []string) string {
	at := call.Now.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") + " : "
	var b strings.Builder
	b.WriteString("Execution log for request " + call.RequestID + "\n")
	b.WriteString(at + "Starting authorizer: " + val(a.Id) + "\n")
	for _, line := range lines {
		b.WriteString(at + line + "\n")
	}
	return b.String()
}
