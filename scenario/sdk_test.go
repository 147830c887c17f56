package scenario

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	agtypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"drawbridge/app"
	"drawbridge/cli"
)

const (
	sdkRegion = "ap-northeast-1"
	secret    = "secret-of-the-article"
	policy    = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:Referer":"` + secret + `"}}},` +
		`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
)

// bench is a server with both clients at it.
type bench struct {
	t        *testing.T
	endpoint string
	ca       *x509.CertPool
	cli      string
	gateway  *apigateway.Client
	cdn      *cloudfront.Client
}

// made is what a set-up made.
type made struct{ api, root, key, keyID, plan, distribution, domain string }

// TestSetupBySDK sets the article up by aws-sdk-go-v2 and reads it back by the
// AWS CLI; then the other way round; each time both doors are tried.
func TestSetupBySDK(t *testing.T) {
	b := newBench(t)
	t.Run("by SDK, read by CLI", func(t *testing.T) {
		m := b.bySDK(t)
		b.doors(t, m)
		b.readByCLI(t, m)
	})
	t.Run("by CLI, read by SDK", func(t *testing.T) {
		m := b.byCLI(t)
		b.doors(t, m)
		b.readBySDK(t, m)
	})
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, cli: realCLI(t), ca: x509.NewCertPool()}
	config, err := cli.ServeConfig([]string{"--data", "memory", "--region", sdkRegion, "--aws-wording", "2022", "--access-log", "off",
		"--listen", "edge,gateway,control,ops=127.0.0.1:0"}, nil)
	must(t, err)
	config.Stderr, config.Log = io.Discard, slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(context.Background())
	a, err := app.New(ctx, config)
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
	})
	b.endpoint = a.Addresses()[0].URL
	b.ca.AppendCertsFromPEM(a.CACertificate())
	sdk := aws.Config{Region: sdkRegion, BaseEndpoint: aws.String(b.endpoint), HTTPClient: wholeBodies{&http.Client{Timeout: patience, Transport: &http.Transport{}}},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	b.gateway, b.cdn = apigateway.NewFromConfig(sdk), cloudfront.NewFromConfig(sdk)
	return b
}

// wholeBodies reads a request's body before it sends it: smithy-go closes the
// body when the answer begins, and net/http then gives a connection up whose
// body it has not seen the end of; an answer within microseconds can be first.
type wholeBodies struct{ client *http.Client }

func (c wholeBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return c.client.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	whole := r.Clone(r.Context())
	whole.Body = io.NopCloser(bytes.NewReader(body))
	return c.client.Do(whole)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) bySDK(t *testing.T) made {
	ctx := t.Context()
	var m made
	api, err := b.gateway.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("by-sdk"), Policy: aws.String(policy),
		EndpointConfiguration: &agtypes.EndpointConfiguration{Types: []agtypes.EndpointType{agtypes.EndpointTypeRegional}}})
	must(t, err)
	m.api, m.root = *api.Id, *api.RootResourceId
	get := aws.String("GET")
	_, err = b.gateway.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: &m.api, ResourceId: &m.root, HttpMethod: get, AuthorizationType: aws.String("NONE"), ApiKeyRequired: true})
	must(t, err)
	_, err = b.gateway.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: &m.api, ResourceId: &m.root, HttpMethod: get, StatusCode: aws.String("200")})
	must(t, err)
	_, err = b.gateway.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: &m.api, ResourceId: &m.root, HttpMethod: get, Type: agtypes.IntegrationTypeMock,
		RequestTemplates: map[string]string{"application/json": `{"statusCode": 200}`}})
	must(t, err)
	_, err = b.gateway.PutIntegrationResponse(ctx, &apigateway.PutIntegrationResponseInput{RestApiId: &m.api, ResourceId: &m.root, HttpMethod: get, StatusCode: aws.String("200")})
	must(t, err)
	_, err = b.gateway.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: &m.api, StageName: aws.String("prod")})
	must(t, err)
	key, err := b.gateway.CreateApiKey(ctx, &apigateway.CreateApiKeyInput{Name: aws.String("by-sdk"), Enabled: true})
	must(t, err)
	m.key, m.keyID = *key.Value, *key.Id
	plan, err := b.gateway.CreateUsagePlan(ctx, &apigateway.CreateUsagePlanInput{Name: aws.String("by-sdk"),
		ApiStages: []agtypes.ApiStage{{ApiId: &m.api, Stage: aws.String("prod")}}})
	must(t, err)
	m.plan = *plan.Id
	_, err = b.gateway.CreateUsagePlanKey(ctx, &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan.Id, KeyId: key.Id, KeyType: aws.String("API_KEY")})
	must(t, err)
	b.distributionBySDK(t, &m)
	return m
}

func (b *bench) distributionBySDK(t *testing.T, m *made) {
	distribution, err := b.cdn.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: &cftypes.DistributionConfig{
		CallerReference: aws.String("by-sdk"), Comment: aws.String("by the SDK"), Enabled: aws.Bool(true),
		Origins: &cftypes.Origins{Quantity: aws.Int32(1), Items: []cftypes.Origin{{
			Id: aws.String("api"), DomainName: aws.String(m.host()), OriginPath: aws.String("/prod"),
			CustomHeaders: &cftypes.CustomHeaders{Quantity: aws.Int32(2), Items: []cftypes.OriginCustomHeader{
				{HeaderName: aws.String("x-api-key"), HeaderValue: &m.key}, {HeaderName: aws.String("Referer"), HeaderValue: aws.String(secret)}}},
			CustomOriginConfig: &cftypes.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
				OriginProtocolPolicy: cftypes.OriginProtocolPolicyHttpsOnly,
				OriginSslProtocols:   &cftypes.OriginSslProtocols{Quantity: aws.Int32(1), Items: []cftypes.SslProtocol{cftypes.SslProtocolTLSv12}}},
		}}},
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{TargetOriginId: aws.String("api"),
			ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps, CachePolicyId: aws.String("4135ea2d-6df8-44a3-9df3-4b5a84be39ad")},
	}})
	must(t, err)
	m.distribution, m.domain = *distribution.Distribution.Id, *distribution.Distribution.DomainName
}

func (m *made) host() string { return m.api + ".execute-api." + sdkRegion + ".amazonaws.com" }

func (b *bench) byCLI(t *testing.T) made {
	var m made
	api := b.run(t, "apigateway", "create-rest-api", "--name", "by-cli", "--endpoint-configuration", "types=REGIONAL", "--policy", policy)
	m.api = text(t, api, "id")
	m.root = text(t, b.run(t, "apigateway", "get-resources", "--rest-api-id", m.api), "items[0].id")
	method := []string{"--rest-api-id", m.api, "--resource-id", m.root, "--http-method", "GET"}
	b.run(t, append([]string{"apigateway", "put-method", "--authorization-type", "NONE", "--api-key-required"}, method...)...)
	b.run(t, append([]string{"apigateway", "put-method-response", "--status-code", "200"}, method...)...)
	b.run(t, append([]string{"apigateway", "put-integration", "--type", "MOCK", "--request-templates", `{"application/json":"{\"statusCode\": 200}"}`}, method...)...)
	b.run(t, append([]string{"apigateway", "put-integration-response", "--status-code", "200"}, method...)...)
	b.run(t, "apigateway", "create-deployment", "--rest-api-id", m.api, "--stage-name", "prod")
	key := b.run(t, "apigateway", "create-api-key", "--name", "by-cli", "--enabled")
	m.key, m.keyID = text(t, key, "value"), text(t, key, "id")
	m.plan = text(t, b.run(t, "apigateway", "create-usage-plan", "--name", "by-cli", "--api-stages", "apiId="+m.api+",stage=prod"), "id")
	b.run(t, "apigateway", "create-usage-plan-key", "--usage-plan-id", m.plan, "--key-id", m.keyID, "--key-type", "API_KEY")
	distribution := b.run(t, "cloudfront", "create-distribution", "--distribution-config", `{"CallerReference":"by-cli","Comment":"by the CLI","Enabled":true,
		"Origins":{"Quantity":1,"Items":[{"Id":"api","DomainName":"`+m.host()+`","OriginPath":"/prod",
		"CustomHeaders":{"Quantity":2,"Items":[{"HeaderName":"x-api-key","HeaderValue":"`+m.key+`"},{"HeaderName":"Referer","HeaderValue":"`+secret+`"}]},
		"CustomOriginConfig":{"HTTPPort":80,"HTTPSPort":443,"OriginProtocolPolicy":"https-only","OriginSslProtocols":{"Quantity":1,"Items":["TLSv1.2"]}}}]},
		"DefaultCacheBehavior":{"TargetOriginId":"api","ViewerProtocolPolicy":"redirect-to-https","CachePolicyId":"4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}}`)
	m.distribution, m.domain = text(t, distribution, "Distribution.Id"), text(t, distribution, "Distribution.DomainName")
	return m
}

// run performs a line by the AWS CLI.
func (b *bench) run(t *testing.T, args ...string) any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.cli, append([]string{"--endpoint-url", b.endpoint, "--output", "json", "--region", sdkRegion}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + os.TempDir(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	if len(out) == 0 {
		return object{}
	}
	value, err := parseJSON(string(out))
	must(t, err)
	return value
}

func text(t *testing.T, value any, path string) string {
	t.Helper()
	found, err := find(value, path)
	must(t, err)
	return scalarText(found)
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func (b *bench) readByCLI(t *testing.T, m made) {
	api := b.run(t, "apigateway", "get-rest-api", "--rest-api-id", m.api)
	same(t, "name", text(t, api, "name"), "by-sdk")
	same(t, "endpoint", text(t, api, "endpointConfiguration.types[0]"), "REGIONAL")
	if got := text(t, api, "policy"); !strings.Contains(got, secret) || !strings.Contains(got, ":"+m.api+"/*") {
		t.Errorf("policy is %s", got)
	}
	method := b.run(t, "apigateway", "get-method", "--rest-api-id", m.api, "--resource-id", m.root, "--http-method", "GET")
	same(t, "key flag", text(t, method, "apiKeyRequired"), "true")
	same(t, "integration", text(t, method, "methodIntegration.type"), "MOCK")
	same(t, "template", text(t, method, `methodIntegration.requestTemplates."application/json"`), `{"statusCode": 200}`)
	same(t, "stage", text(t, b.run(t, "apigateway", "get-stages", "--rest-api-id", m.api), "item[0].stageName"), "prod")
	same(t, "key", text(t, b.run(t, "apigateway", "get-api-key", "--api-key", m.keyID, "--include-value"), "value"), m.key)
	same(t, "plan's stage", text(t, b.run(t, "apigateway", "get-usage-plan", "--usage-plan-id", m.plan), "apiStages[0].apiId"), m.api)
	same(t, "plan's key", text(t, b.run(t, "apigateway", "get-usage-plan-keys", "--usage-plan-id", m.plan), "items[0].id"), m.keyID)
	config := b.run(t, "cloudfront", "get-distribution", "--id", m.distribution)
	same(t, "domain", text(t, config, "Distribution.DomainName"), m.domain)
	same(t, "origin", text(t, config, "Distribution.DistributionConfig.Origins.Items[0].DomainName"), m.host())
	same(t, "header", text(t, config, "Distribution.DistributionConfig.Origins.Items[0].CustomHeaders.Items[0].HeaderValue"), m.key)
	same(t, "protocols", text(t, config, "Distribution.DistributionConfig.Origins.Items[0].CustomOriginConfig.OriginSslProtocols.Items"), `["TLSv1.2"]`)
}

func (b *bench) readBySDK(t *testing.T, m made) {
	ctx := t.Context()
	api, err := b.gateway.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &m.api})
	must(t, err)
	same(t, "name", *api.Name, "by-cli")
	if !strings.Contains(*api.Policy, secret) || !strings.Contains(*api.Policy, ":"+m.api+"/*") {
		t.Errorf("policy is %s", *api.Policy)
	}
	method, err := b.gateway.GetMethod(ctx, &apigateway.GetMethodInput{RestApiId: &m.api, ResourceId: &m.root, HttpMethod: aws.String("GET")})
	must(t, err)
	if !*method.ApiKeyRequired || method.MethodIntegration.Type != agtypes.IntegrationTypeMock {
		t.Errorf("method is %+v", method)
	}
	same(t, "template", method.MethodIntegration.RequestTemplates["application/json"], `{"statusCode": 200}`)
	key, err := b.gateway.GetApiKey(ctx, &apigateway.GetApiKeyInput{ApiKey: &m.keyID, IncludeValue: aws.Bool(true)})
	must(t, err)
	same(t, "key", *key.Value, m.key)
	plan, err := b.gateway.GetUsagePlan(ctx, &apigateway.GetUsagePlanInput{UsagePlanId: &m.plan})
	must(t, err)
	same(t, "plan's stage", *plan.ApiStages[0].ApiId+":"+*plan.ApiStages[0].Stage, m.api+":prod")
	got, err := b.cdn.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &m.distribution})
	must(t, err)
	origin := got.Distribution.DistributionConfig.Origins.Items[0]
	same(t, "origin", *origin.DomainName+*origin.OriginPath, m.host()+"/prod")
	same(t, "header", *origin.CustomHeaders.Items[0].HeaderValue, m.key)
	same(t, "status", *got.Distribution.Status, "Deployed")
	_, err = b.cdn.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String("EUNKNOWN")})
	if missing := new(cftypes.NoSuchDistribution); !errors.As(err, &missing) {
		t.Errorf("an unknown distribution gives %v", err)
	}
}

// doors tries both: through the distribution, and directly.
func (b *bench) doors(t *testing.T, m made) {
	dialer := net.Dialer{Timeout: patience}
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: b.ca},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, strings.TrimPrefix(b.endpoint, "http://"))
		}}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: time.Minute}
	for _, door := range []struct {
		url, referer, key string
		want              int
	}{
		{"https://" + m.domain + "/", "", "", 200},
		{"https://" + m.domain + "/", "wrong", "wrong", 200},
		{"https://" + m.host() + "/prod", "", "", 403},
		{"https://" + m.host() + "/prod", secret, "", 403},
		{"https://" + m.host() + "/prod", "", m.key, 403},
		{"https://" + m.host() + "/prod", secret, m.key, 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", door.url, nil)
		must(t, err)
		if door.referer != "" {
			r.Header.Set("Referer", door.referer)
		}
		if door.key != "" {
			r.Header.Set("X-Api-Key", door.key)
		}
		answer, err := client.Do(r)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != door.want || answer.ProtoMajor != 2 {
			t.Errorf("%s (referer %q, key %q): %s %d, want %d over HTTP/2", door.url, door.referer, door.key, answer.Proto, answer.StatusCode, door.want)
		}
	}
}
