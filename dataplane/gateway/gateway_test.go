package gateway

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/dataplane/usage"
	"drawbridge/engine/policy"
	"drawbridge/engine/sigv4"
	"drawbridge/engine/vtl"
)

// The fixture of reference/api-gateway.md, appendix A: region ap-northeast-1,
// account 123456781234, API abcdefghij, stage prod, GET / is a MOCK.
type fixture struct {
	t       testing.TB
	now     time.Time
	wording Wording
	api     *program.API
	stage   *program.Stage
	root    *program.Method
	methods []*program.Method
	keys    map[string]*program.APIKey
	backend func(ctx context.Context, call *upstream.Call) (*exchange.Response, error)
	gateway *Gateway
	last    *exchange.Exchange

	identities []Identity
	invoke     func(ctx context.Context, in lambda.Invocation) (*lambda.Answer, error)

	services    map[string]ServiceEndpoint
	signer      sigv4.Credential
	links       map[string]*program.VPCLink
	linkTargets map[string]LinkTarget
	bodyBytes   int64
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{
		t: t, now: time.Date(2022, 9, 20, 8, 47, 16, 0, time.UTC), wording: Wording2022,
		api:   &program.API{ID: "abcdefghij", Region: "ap-northeast-1", Account: "123456781234", Partition: "aws"},
		stage: &program.Stage{Name: "prod", Deployment: &program.Deployment{ID: "dep001"}},
		root:  f0mock("GET", "/"),
		keys:  map[string]*program.APIKey{},
	}
	f.methods = []*program.Method{f.root}
	f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		t.Error("backend called")
		return nil, io.ErrUnexpectedEOF
	}
	return f
}

// f0mock is a MOCK method: template {"statusCode": 200}, response 200 without template.
func f0mock(verb, path string) *program.Method {
	return &program.Method{
		Verb: verb, ResourcePath: path, Key: path + "/" + verb, ResourceID: "res001",
		Responses: map[string]program.MethodResponse{"200": {}},
		Integration: &program.Integration{
			Type:             program.IntegrationMock,
			RequestTemplates: program.Templates{template("application/json", `{"statusCode": 200}`)},
			Responses:        []*program.IntegrationResponse{{StatusCode: 200}},
		},
	}
}

func template(contentType, text string) program.Template {
	parsed, err := vtl.Parse(text)
	if err != nil {
		panic(err)
	}
	return program.Template{ContentType: contentType, VTL: parsed}
}

// articlePolicy is the article's resource policy as it is stored.
const articlePolicy = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/*",
  "Condition":{"StringNotEquals":{"aws:Referer":"s3cret"}}},
 {"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/*"}]}`

func (f *fixture) setPolicy(text string) {
	f.t.Helper()
	p, err := policy.New([]byte(text), policy.Options{ResourceBased: true})
	if err != nil {
		f.t.Fatal(err)
	}
	f.stage.Deployment.Policy = p
}

// addKey adds an enabled key of a plan that covers the stage.
func (f *fixture) addKey(value string) (*program.APIKey, *program.UsagePlan) {
	plan := &program.UsagePlan{ID: "plan01", Stages: []program.PlanStage{{APIID: f.api.ID, Stage: "prod"}}}
	key := &program.APIKey{ID: "key0000001", Value: value, Enabled: true, Plans: []*program.UsagePlan{plan}}
	f.keys[key.ID] = key
	return key, plan
}

// program puts the fixture in force; the meter stays.
func (f *fixture) program() *program.Gateway {
	f.stage.Deployment.Routes = program.NewRoutes(f.methods)
	api := f.api.WithStage("prod", f.stage)
	if f.gateway == nil {
		meter, err := usage.New(usage.Options{})
		if err != nil {
			f.t.Fatal(err)
		}
		f.gateway, err = New(Options{
			Do: func(ctx context.Context, call *upstream.Call) (*exchange.Response, error) {
				return f.backend(ctx, call)
			},
			Usage: meter, Wording: f.wording, Identities: f.identities, Invoke: f.invoke, Services: f.services, Signer: f.signer, VPCLinkTargets: f.linkTargets, BodyBytes: f.bodyBytes, Now: func() time.Time { return f.now },
			NewRequestID:  func() string { return "46533423-7524-481e-9b47-9a48a83e9aa4" },
			NewExtendedID: func() string { return "OinCTHqDNjMFftQ=" },
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return (&program.Gateway{}).With(1, program.GatewayChange{APIs: map[string]*program.API{api.ID: api}, Keys: f.keys, VPCLinks: f.links})
}

// exchangeOf parses "GET /prod?a=b" and "Name: value" lines; a body follows an
// empty one.
func (f *fixture) exchangeOf(p *program.Gateway, text string) *exchange.Exchange {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	verb, target, _ := strings.Cut(lines[0], " ")
	path, query, has := strings.Cut(target, "?")
	r := &exchange.Request{
		Method: verb, Scheme: "https", Host: "abcdefghij.execute-api.ap-northeast-1.amazonaws.com",
		Authority: "abcdefghij.execute-api.ap-northeast-1.amazonaws.com", Path: path, RawQuery: query, HasQuery: has,
		Protocol: exchange.HTTP11, Body: exchange.Bytes([]byte(body)),
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(strings.TrimSuffix(name, ":"), value)
	}
	api, _ := p.API(f.api.ID)
	return &exchange.Exchange{
		Conn:    &exchange.Conn{RemoteAddr: netip.MustParseAddrPort("203.0.113.9:1234"), TLS: &exchange.TLS{}},
		Request: r, Start: f.now, Gateway: p, Owner: exchange.Owner{Plane: exchange.PlaneGateway, API: api},
	}
}

// do performs a request and returns the response as text.
func (f *fixture) do(text string) string {
	f.last = f.exchangeOf(f.program(), text)
	return textOf(f.gateway.Serve(f.t.Context(), f.last))
}

func textOf(r *exchange.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", r.Status)
	for _, field := range r.Header {
		fmt.Fprintf(&b, "%s: %s\n", field.Name, field.Value)
	}
	body, _ := r.Body.ReadAll(1 << 20)
	return b.String() + "\n" + string(body)
}

// answerText is an answer in AWS's order; errorType "" is a success.
func answerText(status int, errorType, body string) string {
	text := fmt.Sprintf("%d\nDate: Tue, 20 Sep 2022 08:47:16 GMT\nContent-Type: application/json\nContent-Length: %d\n"+
		"x-amzn-RequestId: 46533423-7524-481e-9b47-9a48a83e9aa4\n", status, len(body))
	if errorType != "" {
		text += "x-amzn-ErrorType: " + errorType + "\n"
	}
	return text + "x-amz-apigw-id: OinCTHqDNjMFftQ=\n\n" + body
}

func (f *fixture) want(request string, status int, errorType, body string) {
	f.t.Helper()
	if got, want := f.do(request), answerText(status, errorType, body); got != want {
		f.t.Errorf("%q:\n%s\nwant\n%s\nreason %s", request, got, want, f.last.Record.Reason)
	}
}

func (f *fixture) wantLength(request, errorType string, length int) {
	f.t.Helper()
	got := f.do(request)
	_, body, _ := strings.Cut(got, "\n\n")
	if len(body) != length || !strings.Contains(got, "\nx-amzn-ErrorType: "+errorType+"\n") {
		f.t.Errorf("%q: %d bytes\n%s\nwant %d, %s", request, len(body), got, length, errorType)
	}
}

const (
	forbidden = `{"message":"Forbidden"}`                                  // 23 bytes
	noToken   = `{"message":"Missing Authentication Token"}`               // 42
	tooMany   = `{"message":"Too Many Requests"}`                          // 31
	exceeded  = `{"message":"Limit Exceeded"}`                             // 28
	internal  = `{"message": "Internal server error"}`                     // 36
	timedOut  = `{"message": "Endpoint request timed out"}`                // 41
	noMedia   = `{"message":"Unsupported Media Type"}`                     // 36
	noParam   = `{"message": "Missing required request parameters: [q1]"}` // 56
)

// Appendix A, every row that the data plane can have today. Rows 3b and 7 are
// stories of import and deployment; 14 to 16 need authorizers, 18 Lambda, 21
// models.
func TestGoldenTranscripts(t *testing.T) {
	for length, body := range map[int]string{23: forbidden, 42: noToken, 31: tooMany, 28: exceeded, 41: timedOut, 56: noParam} {
		if len(body) != length {
			t.Fatalf("%s has %d bytes", body, len(body))
		}
	}
	t.Run("1 open", func(t *testing.T) {
		newFixture(t).want("GET /prod", 200, "", "")
		newFixture(t).want("GET /prod/", 200, "", "")
	})
	t.Run("2 to 4 key", func(t *testing.T) {
		f := newFixture(t)
		f.root.APIKeyRequired = true
		key, _ := f.addKey("the-right-key-value-1")
		f.want("GET /prod", 403, "ForbiddenException", forbidden)
		f.want("GET /prod\nx-api-key: the-right-key-value-1", 200, "", "")
		f.want("GET /prod\nX-API-Key: the-right-key-value-1", 200, "", "")
		f.want("GET /prod\nx-api-key: The-right-key-value-1", 403, "ForbiddenException", forbidden)
		key.Enabled = false
		f.want("GET /prod\nx-api-key: the-right-key-value-1", 403, "ForbiddenException", forbidden)
		key.Enabled, key.Plans[0].Stages[0].Stage = true, "dev"
		f.want("GET /prod\nx-api-key: the-right-key-value-1", 403, "ForbiddenException", forbidden)
	})
	t.Run("5, 6 article's policy", func(t *testing.T) {
		const text = `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:ap-northeast-1:********1234:abcdefghij/prod/GET/ with an explicit deny"}`
		f := newFixture(t)
		f.setPolicy(articlePolicy)
		f.want("GET /prod", 403, "AccessDeniedException", text)
		f.wantLength("GET /prod", "AccessDeniedException", 182)
		f.want("GET /prod\nReferer: other", 403, "AccessDeniedException", text)
		f.want("GET /prod\nReferer:", 403, "AccessDeniedException", text)
		f.want("GET /prod\nReferer: S3CRET", 403, "AccessDeniedException", text)
		f.want("GET /prod\nReferer: s3cret\nReferer: other", 403, "AccessDeniedException", text)
		f.want("GET /prod\nreferer: s3cret", 200, "", "")
		f = newFixture(t)
		f.wording = WordingCurrent
		f.setPolicy(articlePolicy)
		f.want("GET /prod", 403, "AccessDeniedException", strings.TrimSuffix(text, `"}`)+` in a resource-based policy"}`)
		f.wantLength("GET /prod", "AccessDeniedException", 209)
	})
	t.Run("8 implicit deny", func(t *testing.T) {
		for wording, length := range map[Wording]int{Wording2022: 160, WordingCurrent: 230} {
			f := newFixture(t)
			f.wording = wording
			f.setPolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*",
				"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}`)
			f.wantLength("GET /prod", "AccessDeniedException", length)
		}
	})
	t.Run("9 to 11 no such thing", func(t *testing.T) {
		f := newFixture(t)
		f.want("GET /prod/nope", 403, "MissingAuthenticationTokenException", noToken)
		f.want("POST /prod", 403, "MissingAuthenticationTokenException", noToken)
		f.want("GET /nostage", 403, "ForbiddenException", forbidden)
		f.want("GET /", 403, "ForbiddenException", forbidden)
		f.want("GET /Prod", 403, "ForbiddenException", forbidden)
	})
	t.Run("12, 13 throttle and quota", func(t *testing.T) {
		f := newFixture(t)
		f.root.APIKeyRequired = true
		_, plan := f.addKey("the-right-key-value-1")
		plan.Throttle = &program.Throttle{Rate: 1, Burst: 1}
		plan.Quota = &program.Quota{Limit: 2, Period: program.QuotaDay}
		const request = "GET /prod\nx-api-key: the-right-key-value-1"
		f.want(request, 200, "", "")
		f.want(request, 429, "TooManyRequestsException", tooMany)
		f.now = f.now.Add(time.Second)
		if got := f.do(request); !strings.HasPrefix(got, "200\n") { // the throttled call did not count
			t.Error(got)
		}
		f.now = f.now.Add(time.Second)
		if got := f.do(request); !strings.HasPrefix(got, "429\n") || !strings.HasSuffix(got, exceeded) || !strings.Contains(got, "LimitExceededException") {
			t.Error(got)
		}
	})
	t.Run("17 MOCK without integer status", func(t *testing.T) {
		for _, text := range []string{`{"statusCode": "200"}`, `{}`, `[]`, `no`, ``, `{"statusCode": 200`, `$input.json('$')`} {
			f := newFixture(t)
			f.root.Integration.RequestTemplates[0] = template("application/json", text)
			f.want("GET /prod", 500, "InternalServerErrorException", internal)
		}
	})
	t.Run("19 integration timeout", func(t *testing.T) {
		f := newFixture(t)
		f.root.Integration = &program.Integration{Type: program.IntegrationHTTPProxy, URI: "http://backend.example/"}
		f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
			return nil, &upstream.Error{Kind: upstream.Timeout, Err: io.ErrNoProgress}
		}
		f.want("GET /prod", 504, "InternalServerErrorException", timedOut)
	})
	t.Run("20 required parameter", func(t *testing.T) {
		f := newFixture(t)
		f.root.RequestParameters = map[string]bool{"method.request.querystring.q1": true, "method.request.header.h": false}
		f.want("GET /prod", 200, "", "") // no validator
		f.root.ValidateParameters = true
		f.want("GET /prod", 400, "BadRequestException", noParam)
		f.want("GET /prod?q1=+", 400, "BadRequestException", noParam)
		f.want("GET /prod?q1=1", 200, "", "")
	})
	t.Run("22 no template", func(t *testing.T) {
		f := newFixture(t)
		f.root.Integration.Passthrough = program.Never
		f.want("GET /prod\nContent-Type: text/plain", 415, "BadRequestException", noMedia)
		f.want("GET /prod\nContent-Type: application/json; charset=utf-8", 200, "", "")
	})
	t.Run("23 IAM unsigned", func(t *testing.T) {
		f := newFixture(t)
		f.root.Authorization = program.AuthorizationIAM
		f.want("GET /prod", 403, "MissingAuthenticationTokenException", noToken)
	})
	t.Run("24 disabled endpoint", func(t *testing.T) {
		f := newFixture(t)
		f.stage.Deployment.DisableExecuteAPIEndpoint = true
		f.want("GET /prod", 403, "ForbiddenException", forbidden)
		x := f.exchangeOf(f.program(), "GET /base/x")
		x.Owner.Domain, x.Owner.Stage, x.Owner.Path = &program.Domain{}, "prod", "/"
		if r := f.gateway.Serve(t.Context(), x); r.Status != 200 {
			t.Errorf("custom domain: %d", r.Status)
		}
	})
}

func TestUnknownAPI(t *testing.T) {
	f := newFixture(t)
	x := f.exchangeOf(f.program(), "GET /prod")
	x.Owner.API = nil
	if got, want := textOf(f.gateway.Serve(t.Context(), x)), answerText(403, "ForbiddenException", forbidden); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	f.stage.Deployment = nil
	x = f.exchangeOf((&program.Gateway{}).With(1, program.GatewayChange{
		APIs: map[string]*program.API{f.api.ID: f.api.WithStage("prod", f.stage)}}), "GET /prod")
	if r := f.gateway.Serve(t.Context(), x); r.Status != 403 || x.Record.Reason != string(reasonNoDeployment) {
		t.Errorf("%d %s", r.Status, x.Record.Reason)
	}
}

// All causes of a refused key have the same bytes; the log tells them apart.
func TestKeyReasons(t *testing.T) {
	f := newFixture(t)
	f.root.APIKeyRequired = true
	key, plan := f.addKey("the-right-key-value-1")
	check := func(request string, want Reason) {
		t.Helper()
		f.want(request, 403, "ForbiddenException", forbidden)
		if f.last.Record.Reason != string(want) || f.last.Record.Result != "INVALID_API_KEY" {
			t.Errorf("%s %s, want %s", f.last.Record.Result, f.last.Record.Reason, want)
		}
	}
	const with = "GET /prod\nx-api-key: the-right-key-value-1"
	check("GET /prod", reasonNoKey)
	check("GET /prod\nx-api-key:", reasonNoKey)
	check("GET /prod\nx-api-key: wrong", reasonUnknownKey)
	check("GET /prod\nx-api-key: key0000001", reasonUnknownKey) // an id is no value
	check(with+"\nx-api-key: the-right-key-value-1", reasonUnknownKey)
	key.Enabled = false
	check(with, reasonKeyDisabled)
	key.Enabled, plan.Stages[0].APIID = true, "another"
	check(with, reasonKeyWithoutPlan)
	plan.Stages[0].APIID = f.api.ID
	f.stage.Deployment.KeySource = program.KeyFromAuthorizer
	check(with, reasonNoKey)
	f.stage.Deployment.KeySource = program.KeyFromHeader
	f.want(with, 200, "", "")
	if f.last.Record.APIKeyID != "key0000001" || f.last.Record.API != "abcdefghij" || f.last.Record.Stage != "prod" || f.last.Record.Resource != "/" {
		t.Errorf("record %+v", f.last.Record)
	}
	for _, step := range f.last.Trail.Steps() {
		if strings.Contains(step.Decision, key.Value) {
			t.Error("the key's value is in the trail")
		}
	}
}

// A key counts at once, without a deployment: the program is swapped, the
// meter stays.
func TestMeterSurvivesASwap(t *testing.T) {
	f := newFixture(t)
	f.root.APIKeyRequired = true
	_, plan := f.addKey("the-right-key-value-1")
	plan.Quota = &program.Quota{Limit: 1}
	const with = "GET /prod\nx-api-key: the-right-key-value-1"
	f.want(with, 200, "", "")
	f.want(with, 429, "LimitExceededException", exceeded) // every do makes a new program
	plan.Quota = &program.Quota{Limit: 2}
	f.want(with, 200, "", "")
}

func TestThrottleOrder(t *testing.T) {
	const with = "GET /prod\nx-api-key: the-right-key-value-1"
	slow := program.Throttle{Rate: 0.001, Burst: 1}
	rows := map[Reason]func(f *fixture, plan *program.UsagePlan){
		reasonPlanThrottle: func(_ *fixture, plan *program.UsagePlan) { plan.Throttle = &slow },
		reasonPlanMethodThrottle: func(_ *fixture, plan *program.UsagePlan) {
			plan.Throttle = &program.Throttle{Rate: 1000, Burst: 1000}
			plan.Stages[0].Methods = map[string]program.Throttle{"//GET": slow}
		},
		reasonStageThrottle: func(f *fixture, _ *program.UsagePlan) {
			f.stage.Settings = map[string]program.MethodSetting{"*/*": {Throttle: &slow}}
		},
	}
	for reason, arrange := range rows {
		f := newFixture(t)
		f.root.APIKeyRequired = true
		_, plan := f.addKey("the-right-key-value-1")
		arrange(f, plan)
		f.want(with, 200, "", "")
		f.want(with, 429, "TooManyRequestsException", tooMany)
		if f.last.Record.Reason != string(reason) {
			t.Errorf("%s, want %s", f.last.Record.Reason, reason)
		}
	}
	// An override takes the place of the plan's throttle, and the stage's own
	// setting holds for methods without keys too.
	f := newFixture(t)
	f.stage.Settings = map[string]program.MethodSetting{"/GET": {Throttle: &slow}}
	f.want("GET /prod", 200, "", "")
	f.want("GET /prod", 429, "TooManyRequestsException", tooMany)
	f = newFixture(t)
	f.root.APIKeyRequired = true
	_, plan := f.addKey("the-right-key-value-1")
	plan.Throttle = &slow
	plan.Stages[0].Methods = map[string]program.Throttle{"//GET": {Rate: 1000, Burst: 1000}}
	f.want(with, 200, "", "")
	f.want(with, 200, "", "")
	f.root.APIKeyRequired = false // neither throttled nor counted
	plan.Stages[0].Methods, plan.Quota = nil, &program.Quota{Limit: 0}
	f.want(with, 200, "", "")
	f.want("GET /prod\nx-api-key: wrong", 200, "", "")
}

func BenchmarkKeyPlanMock(b *testing.B) {
	f := newFixture(b)
	f.root.APIKeyRequired = true
	_, plan := f.addKey("the-right-key-value-1")
	plan.Throttle = &program.Throttle{Rate: 1e12, Burst: 1e6}
	benchmark(b, f, "GET /prod\nx-api-key: the-right-key-value-1\nUser-Agent: bench\nAccept: */*")
}

func BenchmarkMock(b *testing.B) {
	benchmark(b, newFixture(b), "GET /prod\nUser-Agent: bench\nAccept: */*")
}

func BenchmarkPolicyMock(b *testing.B) {
	f := newFixture(b)
	f.setPolicy(articlePolicy)
	benchmark(b, f, "GET /prod\nReferer: s3cret\nUser-Agent: bench\nAccept: */*")
}

func benchmark(b *testing.B, f *fixture, request string) {
	x := f.exchangeOf(f.program(), request)
	f.gateway.options.NewRequestID, f.gateway.options.NewExtendedID = nil, nil
	b.ReportAllocs()
	for b.Loop() {
		x.Trail = exchange.Trail{}
		if r := f.gateway.Serve(b.Context(), x); r.Status != 200 {
			b.Fatal(textOf(r))
		}
	}
}

// A policy that allows adds no allocation (design.md section 7).
func TestPolicyAllowsWithoutAllocating(t *testing.T) {
	measure := func(f *fixture) float64 {
		x := f.exchangeOf(f.program(), "GET /prod\nReferer: s3cret")
		return testing.AllocsPerRun(200, func() {
			if r := f.gateway.Serve(t.Context(), x); r.Status != 200 {
				t.Fatal(textOf(r))
			}
		})
	}
	without, f := measure(newFixture(t)), newFixture(t)
	f.setPolicy(articlePolicy)
	if with := measure(f); with > without && !raceDetector {
		t.Errorf("%v allocations with a policy, %v without", with, without)
	}
}
