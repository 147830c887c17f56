package gateway

import (
	"strconv"
	"strings"
	"testing"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/sigv4"
)

// service makes the fixture's ANY /s an AWS integration.
func (f *fixture) service(uri, verb string, change func(*program.Integration)) *recorder {
	r := &recorder{answer: &exchange.Response{Status: 200}}
	f.backend = r.serve
	integration := &program.Integration{Type: program.IntegrationAWS, URI: uri, Verb: verb, Responses: []*program.IntegrationResponse{{StatusCode: 200}}}
	if change != nil {
		change(integration)
	}
	f.methods = append(f.methods, &program.Method{
		Verb: "ANY", ResourcePath: "/s/{key+}", Key: "/s/{key+}/ANY", Responses: map[string]program.MethodResponse{"200": {}}, Integration: integration,
	})
	f.services = map[string]ServiceEndpoint{}
	for service, endpoint := range map[string]string{"sqs": "http://sqs.example:9324/base/", "s3": "https://s3.example", "dynamodb": "http://db.example", AnyService: "http://any.example"} {
		parsed, err := ParseServiceEndpoint(endpoint)
		if err != nil {
			f.t.Fatal(err)
		}
		f.services[service] = parsed
	}
	f.signer = sigv4.Credential{AccessKeyID: "AKIDEXAMPLE", SecretKey: "secret", SessionToken: "token"}
	return r
}

func (r *recorder) target() string {
	query := ""
	if r.call.HasQuery {
		query = "?" + r.call.RawQuery
	}
	return r.call.Method + " " + r.call.Scheme + "://" + r.call.Authority + r.call.Path + query
}

// reference/api-gateway.md, appendix B: path and action forms.
func TestServiceTargets(t *testing.T) {
	const arn = "arn:aws:apigateway:eu-west-1:"
	for _, row := range []struct{ uri, verb, want, scope string }{
		{arn + "sqs:path/123456781234/queue", "POST", "POST http://sqs.example:9324/base/123456781234/queue", "eu-west-1/sqs"},
		{arn + "sqs:action/SendMessage&Version=2012-11-05", "POST", "POST http://sqs.example:9324/base/?Action=SendMessage&Version=2012-11-05", "eu-west-1/sqs"},
		{arn + "s3:path/bucket/{key}?versionId=7", "GET", "GET https://s3.example/bucket/a/b?versionId=7", "eu-west-1/s3"},
		{arn + "bucket.s3:path/{key}", "ANY", "POST https://bucket.s3.example/a/b", "eu-west-1/s3"},
		{arn + "dynamodb:action/PutItem", "POST", "POST http://db.example/", "eu-west-1/dynamodb"},
		{arn + "sns:path//", "POST", "POST http://any.example/", "eu-west-1/sns"},
	} {
		f := newFixture(t)
		r := f.service(row.uri, row.verb, func(i *program.Integration) {
			i.RequestParameters = map[string]string{"integration.request.path.key": "method.request.path.key"}
		})
		f.wantPart("POST /prod/s/a/b\n\nx=1", "200\n", "X-Amzn-Trace-Id: Root=")
		if got := r.target(); got != row.want {
			t.Errorf("%s: %s, want %s", row.uri, got, row.want)
		}
		if got := r.call.Header.Get("Authorization"); !strings.Contains(got, "Credential=AKIDEXAMPLE/20220920/"+row.scope+"/aws4_request") {
			t.Errorf("%s: %s", row.uri, got)
		}
	}
}

// The other side verifies the signature over all that went out.
func TestServiceSignature(t *testing.T) {
	f := newFixture(t)
	r := f.service("arn:aws:apigateway:us-east-1:dynamodb:action/GetItem", "POST", func(i *program.Integration) {
		i.RequestParameters = map[string]string{"integration.request.header.X-Mine": "'a  b'", "integration.request.querystring.q": "'1 2'", "integration.request.header.Referer": "'r'"}
		i.RequestTemplates = program.Templates{template("application/json", `{"TableName":"t"}`)}
	})
	f.wantPart("POST /prod/s/k", "200\n")
	for name, want := range map[string]string{"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Security-Token": "token",
		"User-Agent": "AmazonAPIGateway_abcdefghij", "X-Amz-Source-Arn": "arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/prod/POST/s/{key+}", "Referer": ""} {
		if got := r.call.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	request := sigv4.Request{Method: r.call.Method, RawPath: r.call.Path, RawQuery: r.call.RawQuery, Host: r.call.Authority, Header: func(yield func(string, string) bool) {
		for _, field := range r.call.Header {
			if !yield(field.Name, field.Value) {
				return
			}
		}
	}}
	presented, err := sigv4.Parse(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := r.call.Body.InMemory()
	if err := f.gateway.keyring.Verify(sigv4.VerifyInput{Presented: presented, Request: request, BodyHash: hashOf(body), Credential: f.signer, ExpectRegion: "us-east-1",
		ExpectService: "dynamodb", Now: f.now, DoubleEncodePath: true}); err != nil {
		t.Error(err)
	}
}

func TestServiceFailures(t *testing.T) {
	const sqs = "arn:aws:apigateway:us-east-1:sqs:path/q"
	for _, row := range []struct {
		name, uri string
		change    func(*fixture)
		reason    Reason
	}{
		{"no ARN", "http://backend.example/", nil, reasonEndpoint},
		{"no endpoint", sqs, func(f *fixture) { f.services = nil }, reasonNoService},
		{"no credentials", sqs, func(f *fixture) { f.signer = sigv4.Credential{} }, reasonNoSigner},
		{"open placeholder", sqs + "/{open}", nil, reasonEndpoint},
		{"mapping that is not allowed", sqs, func(f *fixture) {
			f.methods[1].Integration.RequestParameters = map[string]string{"integration.request.header.Authorization": "'x'"}
		}, reasonMapping},
	} {
		f := newFixture(t)
		f.service(row.uri, "POST", nil)
		if row.change != nil {
			row.change(f)
		}
		f.want("POST /prod/s/k", 500, "InternalServerErrorException", internal)
		if f.last.Record.Reason != string(row.reason) {
			t.Errorf("%s: %s", row.name, f.last.Record.Reason)
		}
	}
	for _, text := range []string{"", "sqs.example", "ftp://x", "http://", "http://u:p@h/", "http://h:0", "http://h/?q=1", "http://h:99999"} {
		if e, err := ParseServiceEndpoint(text); err == nil {
			t.Errorf("%q is %+v", text, e)
		}
	}
}

func TestVPCLinks(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:us-east-1:123456781234:loadbalancer/net/balancer/50dc6c495c0c9188"
	for _, row := range []struct {
		targets map[string]string
		want    string
	}{
		{nil, "nlb.example:80 sni "},
		{map[string]string{"link01": "10.0.0.7"}, "10.0.0.7:80 sni nlb.example"},
		{map[string]string{arn: "inner.example:8080"}, "inner.example:8080 sni nlb.example"},
		{map[string]string{"balancer": "[::1]:81"}, "::1:81 sni nlb.example"},
		{map[string]string{"other": "10.0.0.8"}, "nlb.example:80 sni "},
	} {
		f := newFixture(t)
		r := f.http(func(i *program.Integration) {
			i.URI, i.VPCLink = "http://nlb.example/p", program.ParseURI("${stageVariables.link}")
		})
		f.stage.Variables = map[string]string{"link": "link01"}
		f.links = map[string]*program.VPCLink{"link01": {ID: "link01", Targets: []string{arn}}}
		f.linkTargets = map[string]LinkTarget{}
		for name, text := range row.targets {
			target, err := ParseLinkTarget(text)
			if err != nil {
				t.Fatal(err)
			}
			f.linkTargets[name] = target
		}
		f.answers("GET /prod/h", 200, "")
		if got := r.call.Host + ":" + strconv.Itoa(r.call.Port) + " sni " + r.call.ServerName; got != row.want || r.call.Authority != "nlb.example" {
			t.Errorf("%v: %s, want %s", row.targets, got, row.want)
		}
		f.stage.Variables = nil
		f.want("GET /prod/h", 500, "InternalServerErrorException", internal)
	}
	for _, text := range []string{"", ":80", "h:0", "h:x", "a/b", "u@h"} {
		if target, err := ParseLinkTarget(text); err == nil {
			t.Errorf("%q is %+v", text, target)
		}
	}
}
