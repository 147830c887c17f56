package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drawbridge/dataplane/program"
	"drawbridge/dataplane/telemetry"
)

// allVariables are the variables of reference/api-gateway.md 5.5 and 7.3.
const allVariables = "accountId apiId authorizer.claims.sub authorizer.principalId authorizer.x awsEndpointRequestId deploymentId domainName domainPrefix " +
	"error.message error.messageString error.responseType error.validationErrorString extendedRequestId httpMethod " +
	"identity.accountId identity.accessKey identity.apiKey identity.apiKeyId identity.caller identity.clientCert.clientCertPem identity.clientCert.subjectDN " +
	"identity.clientCert.issuerDN identity.clientCert.serialNumber identity.clientCert.validity.notBefore identity.clientCert.validity.notAfter " +
	"identity.cognitoAuthenticationProvider identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId " +
	"identity.principalOrgId identity.sourceIp identity.user identity.userAgent identity.userArn identity.vpcId identity.vpceId isCanaryRequest path protocol " +
	"requestId requestOverride.header.a responseOverride.status requestTime requestTimeEpoch resourceId resourcePath stage wafResponseCode webaclArn xrayTraceId " +
	"authorize.error authorize.latency authorize.status authorizer.error authorizer.integrationLatency authorizer.integrationStatus authorizer.latency " +
	"authorizer.requestId authorizer.status authenticate.error authenticate.latency authenticate.status customDomain.basePathMatched integration.error " +
	"integration.integrationStatus integration.latency integration.requestId integration.status integration.responseTransferMode integration.timeToAllHeaders " +
	"integration.timeToFirstContent integrationErrorMessage integrationLatency integrationStatus responseLatency responseLength status waf.error waf.latency " +
	"waf.status endpointType tlsVersion cipherSuite identity nothing authorizer identity.sourceIp.more"

// logged is a fixture whose stage writes all variables, one "name=value" a line
// of the result.
func logged(t *testing.T) (*fixture, func() map[string]string) {
	f := newFixture(t)
	return f, f.log(t)
}

// log has the fixture's stage write all variables; the function returned reads
// the line of the last call.
func (f *fixture) log(t *testing.T) func() map[string]string {
	t.Helper()
	var format []string
	for name := range strings.FieldsSeq(allVariables) {
		format = append(format, name+"=$context."+name)
	}
	f.stage.AccessLog = &program.AccessLog{Destination: "group", Format: program.ParseLogFormat(strings.Join(format, "\t"))}
	f.program()
	var lines []string
	f.gateway.options.AccessLog = func(name string, line []byte) { lines = append(lines, name+"\t"+string(line)) }
	return func() map[string]string {
		t.Helper()
		f.last.Record.Status, f.last.Record.BytesSent, f.last.Record.Duration = 201, 17, 1500*time.Microsecond
		f.last.Finished(f.last)
		if len(lines) != 1 || strings.Count(lines[0], "\n") != 1 {
			t.Fatalf("%d lines: %q", len(lines), lines)
		}
		values := make(map[string]string)
		for part := range strings.SplitSeq(strings.TrimSuffix(lines[0], "\n"), "\t") {
			name, value, _ := strings.Cut(part, "=")
			values[name] = value
		}
		lines = nil
		return values
	}
}

func wantValues(t *testing.T, got map[string]string, want string) {
	t.Helper()
	for pair := range strings.SplitSeq(want, "; ") {
		name, value, _ := strings.Cut(pair, "=")
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}
}

func TestAccessLogVariables(t *testing.T) {
	f, line := logged(t)
	f.do("GET /prod?a=1\nUser-Agent: \"me\"\x01")
	got := line()
	wantValues(t, got, `accountId=123456781234; apiId=abcdefghij; deploymentId=dep001; domainPrefix=abcdefghij; extendedRequestId=OinCTHqDNjMFftQ=; httpMethod=GET; `+
		`identity.sourceIp=203.0.113.9; identity.userAgent=\"me\"\u0001; path=/prod; protocol=HTTP/1.1; requestId=46533423-7524-481e-9b47-9a48a83e9aa4; `+
		`requestTime=20/Sep/2022:08:47:16 +0000; requestTimeEpoch=1663663636000; resourceId=res001; resourcePath=/; stage=prod; status=201; responseLength=17; responseLatency=1; `+
		`integration.responseTransferMode=BUFFERED; endpointType=REGIONAL; error.message=-; authorize.status=-; identity.apiKey=-; integrationLatency=-; isCanaryRequest=-; nothing=-; `+
		`identity=-; authorizer=-; identity.user=-; identity.sourceIp.more=-; xrayTraceId=-; waf.status=-; customDomain.basePathMatched=-; requestOverride.header.a=-`)

	// A refusal, and one from before the call had a method.
	f.root.ValidateParameters, f.root.RequestParameters = true, map[string]bool{"method.request.querystring.q1": true}
	f.do("GET /prod")
	wantValues(t, line(), `error.message=Missing required request parameters: [q1]; error.messageString="Missing required request parameters: [q1]"; error.responseType=BAD_REQUEST_PARAMETERS`)
	f.do("GET /prod/none")
	wantValues(t, line(), `error.responseType=MISSING_AUTHENTICATION_TOKEN; resourcePath=-; resourceId=-; integration.responseTransferMode=-`)
	if f.do("GET /nostage"); f.last.Finished != nil {
		t.Error("a call to no stage is logged")
	}
}

func TestAccessLogOfSignedCalls(t *testing.T) {
	f, line := logged(t)
	f.root.Authorization = program.AuthorizationIAM
	f.gateway.identities, _ = newIdentities([]Identity{ann})
	f.serve(f.signed("GET /prod", ann, "ap-northeast-1", "execute-api"))
	wantValues(t, line(), "identity.accountId=123456781234; identity.userArn="+ann.ARN+"; identity.accessKey=AKIAANN; authenticate.status=200; authenticate.latency=0; authorize.status=200; authorize.error=-; authorizer.status=-")
	f.do("GET /prod")
	wantValues(t, line(), "identity.userArn=-; authenticate.status=403; authenticate.error=Missing Authentication Token; authorize.status=-")
}

func TestAccessLogOfACustomDomain(t *testing.T) {
	f, line := logged(t)
	x := f.exchangeOf(f.program(), "GET /v1/x/y")
	x.Owner.Domain = &program.Domain{Mappings: []program.BasePathMapping{{BasePath: "v1/xx"}, {BasePath: "v1"}, {BasePath: ""}}}
	x.Owner.Stage, x.Owner.Path = "prod", "/"
	f.serve(x)
	wantValues(t, line(), "customDomain.basePathMatched=v1")
}

// Sampled calls on a stage with tracing are spans; others are not.
func TestSpans(t *testing.T) {
	f := newFixture(t)
	f.stage.Tracing = true
	f.program()
	var spans []telemetry.Span
	f.gateway.options.Span = func(s telemetry.Span) { spans = append(spans, s) }
	call := func(field string) {
		spans = nil
		f.do("GET /prod" + field)
		f.last.Finished(f.last)
	}
	call("\nX-Amzn-Trace-Id: Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=0")
	if len(spans) != 0 {
		t.Error("an unsampled call is a span")
	}
	call("\nX-Amzn-Trace-Id: Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1")
	if len(spans) != 1 || spans[0].TraceID != "3152b7998954dae64eda91bc9a23a7e8" || spans[0].Parent != "" || !spans[0].Server || len(spans[0].ID) != 16 {
		t.Errorf("%+v", spans)
	}
	sampled := 0
	for range 2000 { // within one second: the first, and one in twenty
		if call(""); len(spans) == 1 {
			sampled++
		}
	}
	if sampled < 50 || sampled > 160 {
		t.Errorf("%d of 2000 calls were sampled", sampled)
	}
}

// Escaped values stay within the quotes of a JSON string.
func FuzzAccessLogValue(f *testing.F) {
	for _, seed := range []string{"", `a"b\c`, "\x00\n\u2028", "\xff", "\x7f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := string(appendEscaped(nil, value))
		var back string
		if err := json.Unmarshal([]byte(`"`+text+`"`), &back); err != nil || strings.ContainsAny(text, "\n\r") {
			t.Fatalf("%q: %v", text, err)
		}
		if len(value) <= maxLogValue && utf8.ValidString(value) && back != value {
			t.Errorf("%q came back as %q", value, back)
		}
	})
}

func TestExecutionLogLevels(t *testing.T) {
	f := newFixture(t)
	f.program()
	var groups, lines []string
	f.gateway.options.ExecutionLog = func(group string, _ time.Time, messages []string) {
		groups, lines = append(groups, group), append(lines, messages...)
	}
	call := func(level program.LogLevel, trace bool, request string) string {
		f.stage.Settings = map[string]program.MethodSetting{"*/*": {Log: level, DataTrace: trace}}
		groups, lines = nil, nil
		if f.do(request); f.last.Finished != nil {
			f.last.Finished(f.last)
		}
		return strings.ReplaceAll(strings.Join(lines, "\n"), "(46533423-7524-481e-9b47-9a48a83e9aa4) ", "")
	}
	if got := call(program.LogOff, true, "GET /prod"); got != "" {
		t.Errorf("off: %s", got)
	}
	if got := call(program.LogError, true, "GET /prod"); got != "" {
		t.Errorf("ERROR of a call that succeeds: %s", got)
	}
	got := call(program.LogInfo, true, "GET /prod\nAuthorization: Bearer a-token-of-somebody\nX: "+strings.Repeat("x", 2000))
	if strings.Contains(got, "a-token-of") || !strings.Contains(got, "Authorization=*") || !strings.Contains(got, "somebody"[2:]) || !strings.Contains(got, truncated) {
		t.Errorf("%s", got)
	}
	if len(groups) != 1 || groups[0] != "API-Gateway-Execution-Logs_abcdefghij/prod" {
		t.Errorf("groups %q", groups)
	}
	for _, line := range lines {
		if len(line) > maxEvent+40 {
			t.Errorf("an event of %d bytes", len(line))
		}
	}
	canary := *f.stage
	f.stage.Canary = &program.Canary{Percent: 100, Stage: &canary}
	canary.Settings = map[string]program.MethodSetting{"*/*": {Log: program.LogInfo}}
	want := "Extended Request Id: OinCTHqDNjMFftQ=\n" +
		"Verifying Usage Plan for request: 46533423-7524-481e-9b47-9a48a83e9aa4. API Key:  API Stage: abcdefghij/prod\n" +
		"API Key  authorized because method 'GET /' does not require API Key. Request will not contribute to throttle or quota limits\n" +
		"Usage Plan check succeeded for API Key  and API Stage abcdefghij/prod\n" +
		"Starting execution for request: 46533423-7524-481e-9b47-9a48a83e9aa4\n" +
		"HTTP Method: GET, Resource Path: /\nSuccessfully completed execution\nMethod completed with status: 200"
	if got := call(program.LogInfo, false, "GET /prod"); got != want || groups[0] != "API-Gateway-Execution-Logs_abcdefghij/prod/Canary" {
		t.Errorf("%q\n%s\nwant\n%s", groups, got, want)
	}
}

func TestAccessLogOfAuthorizers(t *testing.T) {
	f, _ := custom(t, program.AuthorizerToken, "method.request.header.T", time.Minute, func(event string) (string, error) {
		if strings.Contains(event, "bad") {
			return "", throws("Unauthorized")
		}
		return grantText("Allow", "*", `,"context":{"my-name":"a\"b"}`), nil
	})
	line := f.log(t)
	f.do("GET /prod\nT: t-good")
	wantValues(t, line(), `authorizer.principalId=me; authorizer.status=200; authorizer.latency=0; authorizer.integrationStatus=200; authorizer.integrationLatency=0; authorizer.requestId=fn-id; authorizer.error=-; authorize.status=-`)
	f.do("GET /prod\nT: t-good")
	wantValues(t, line(), `authorizer.principalId=me; authorizer.status=200; authorizer.integrationStatus=-; authorizer.integrationLatency=-; authorizer.requestId=-`)
	f.do("GET /prod\nT: t-bad")
	wantValues(t, line(), `authorizer.principalId=-; authorizer.status=401; authorizer.integrationStatus=200; authorizer.error=Unauthorized; error.responseType=UNAUTHORIZED`)
}

// The line of AWS's own sample format (reference/api-gateway.md 7.3).
func BenchmarkAccessLogLine(b *testing.B) {
	f := newFixture(b)
	f.stage.AccessLog = &program.AccessLog{Format: program.ParseLogFormat(`$context.identity.sourceIp $context.identity.caller $context.identity.user ` +
		`[$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId`)}
	f.program()
	f.gateway.options.AccessLog = func(string, []byte) {}
	f.do("GET /prod\nUser-Agent: bench")
	b.ReportAllocs()
	for b.Loop() {
		f.last.Finished(f.last)
	}
}
