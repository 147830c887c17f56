package lock_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"drawbridge/app"
	"drawbridge/cli"
	"drawbridge/lock"
)

// world is a Drawbridge in this process and an account on it.
type world struct {
	t        *testing.T
	account  *lock.Account
	endpoint string
	api      string
	root     string
	dist     string
	domain   string
	lines    []string
	kept     []*lock.Prober // for loads, after keep
	mu       sync.Mutex
}

// newWorld starts a server whose changes take the time to be in force.
func newWorld(t *testing.T, propagation time.Duration) *world {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
	config, err := cli.ServeConfig([]string{
		"--listen", "edge,gateway,control,ops=127.0.0.1:0", "--data", "memory", "--access-log", "off",
		"--propagation", propagation.String(), "--gateway-propagation", propagation.String(), "--drain-timeout", "1s",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Log, config.Stderr = slog.New(slog.NewTextHandler(io.Discard, nil)), io.Discard
	running, err := app.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- running.Serve(ctx) }()
	w := &world{t: t, endpoint: running.Addresses()[0].URL}
	t.Cleanup(func() {
		if w.account != nil {
			w.account.Close()
		}
		cancel()
		<-ended
	})
	w.account, err = lock.Connect(t.Context(), lock.ConnectOptions{Endpoint: w.endpoint, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// must ends the test on an error.
func must[T any](w *world, value *T, err error) *T {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// stack makes an API with GET /, GET /health and GET /users/{id}, a stage prod
// and a distribution before it.
func (w *world) stack() {
	w.t.Helper()
	ctx, gateway := w.t.Context(), w.account.APIGateway
	w.api = *must2(w, func() (*apigateway.CreateRestApiOutput, error) {
		return gateway.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("a")})
	}).Id
	resources := must2(w, func() (*apigateway.GetResourcesOutput, error) {
		return gateway.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: &w.api})
	})
	w.root = *resources.Items[0].Id
	w.mock(w.root, "GET")
	w.mock(w.resource(w.root, "health"), "GET")
	w.mock(w.resource(w.resource(w.root, "users"), "{id}"), "GET")
	w.deploy()
	w.distribution()
}

func must2[T any](w *world, call func() (*T, error)) *T {
	w.t.Helper()
	value, err := call()
	return must(w, value, err)
}

func (w *world) resource(parent, part string) string {
	w.t.Helper()
	return *must2(w, func() (*apigateway.CreateResourceOutput, error) {
		return w.account.APIGateway.CreateResource(w.t.Context(), &apigateway.CreateResourceInput{RestApiId: &w.api, ParentId: &parent, PathPart: &part})
	}).Id
}

func (w *world) mock(resource, verb string) {
	w.t.Helper()
	ctx, gateway, ok := w.t.Context(), w.account.APIGateway, aws.String("200")
	_, err := gateway.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: &w.api, ResourceId: &resource, HttpMethod: &verb, AuthorizationType: aws.String("NONE")})
	w.check(err)
	_, err = gateway.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: &w.api, ResourceId: &resource, HttpMethod: &verb, StatusCode: ok})
	w.check(err)
	_, err = gateway.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: &w.api, ResourceId: &resource, HttpMethod: &verb, Type: apitypes.IntegrationTypeMock,
		RequestTemplates: map[string]string{"application/json": `{"statusCode": 200}`},
	})
	w.check(err)
	_, err = gateway.PutIntegrationResponse(ctx, &apigateway.PutIntegrationResponseInput{
		RestApiId: &w.api, ResourceId: &resource, HttpMethod: &verb, StatusCode: ok,
		ResponseTemplates: map[string]string{"application/json": `{"ok": true}`},
	})
	w.check(err)
}

func (w *world) deploy() {
	w.t.Helper()
	_, err := w.account.APIGateway.CreateDeployment(w.t.Context(), &apigateway.CreateDeploymentInput{RestApiId: &w.api, StageName: aws.String("prod")})
	w.check(err)
}

func (w *world) apiHost() string { return w.api + ".execute-api.us-east-1.amazonaws.com" }

// distribution puts one before the stage and waits until it is Deployed.
func (w *world) distribution() {
	w.t.Helper()
	ctx, cdn := w.t.Context(), w.account.CloudFront
	made := must2(w, func() (*cloudfront.CreateDistributionOutput, error) {
		return cdn.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: w.config(fmt.Sprint("for ", w.api))})
	})
	w.dist, w.domain = *made.Distribution.Id, *made.Distribution.DomainName
	w.deployed(w.dist)
}

func (w *world) config(reference string) *cdntypes.DistributionConfig {
	return &cdntypes.DistributionConfig{
		CallerReference: &reference, Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &cdntypes.Origins{Quantity: aws.Int32(1), Items: []cdntypes.Origin{{
			Id: aws.String("api"), DomainName: aws.String(w.apiHost()), OriginPath: aws.String("/prod"),
			CustomOriginConfig: &cdntypes.CustomOriginConfig{
				HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: cdntypes.OriginProtocolPolicyHttpsOnly,
				OriginSslProtocols: &cdntypes.OriginSslProtocols{Quantity: aws.Int32(1), Items: []cdntypes.SslProtocol{cdntypes.SslProtocolTLSv12}},
			},
			CustomHeaders: &cdntypes.CustomHeaders{Quantity: aws.Int32(1), Items: []cdntypes.OriginCustomHeader{
				{HeaderName: aws.String("x-kept"), HeaderValue: aws.String("yes")},
			}},
		}}},
		DefaultCacheBehavior: &cdntypes.DefaultCacheBehavior{
			TargetOriginId: aws.String("api"), ViewerProtocolPolicy: cdntypes.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId:         aws.String("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"), // CachingDisabled
			OriginRequestPolicyId: aws.String("b689b0a8-53d0-40ab-baf2-68738e2966ac"), // AllViewerExceptHostHeader
		},
	}
}

func (w *world) deployed(id string) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		read := must2(w, func() (*cloudfront.GetDistributionOutput, error) {
			return w.account.CloudFront.GetDistribution(w.t.Context(), &cloudfront.GetDistributionInput{Id: &id})
		})
		if *read.Distribution.Status == "Deployed" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the distribution is never Deployed")
		}
		<-time.After(10 * time.Millisecond)
	}
}

// secret is what the distribution sends in a header.
func (w *world) secret(header string) string {
	w.t.Helper()
	read := must2(w, func() (*cloudfront.GetDistributionConfigOutput, error) {
		return w.account.CloudFront.GetDistributionConfig(w.t.Context(), &cloudfront.GetDistributionConfigInput{Id: &w.dist})
	})
	kept := false
	value := ""
	for _, h := range read.DistributionConfig.Origins.Items[0].CustomHeaders.Items {
		if strings.EqualFold(*h.HeaderName, header) {
			value = *h.HeaderValue
		}
		kept = kept || *h.HeaderName == "x-kept"
	}
	if !kept {
		w.t.Error("another header of the origin is lost")
	}
	return value
}

// tell keeps what a command says.
func (w *world) tell(line lock.Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line.Text)
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

// quick are timings for changes that are in force after at most the propagation.
func quick(propagation time.Duration) lock.Timing {
	return lock.Timing{Poll: 50 * time.Millisecond, Samples: 10, Over: propagation*3/2 + 50*time.Millisecond, Proof: 3 * time.Minute, Deployed: 3 * time.Minute}
}

// direct and edge ask the API by its own name and by way of the distribution.
func (w *world) direct(path string, fields ...lock.Field) lock.Probe {
	return lock.Probe{Host: w.apiHost(), Path: "/prod" + path, Fields: fields}
}

func (w *world) edge(path string) lock.Probe { return lock.Probe{Host: w.domain, Path: path} }

func (w *world) ask(p lock.Probe) lock.Answer {
	w.t.Helper()
	answer, err := w.account.Sampler.Do(w.t.Context(), p)
	w.check(err)
	return answer
}

// traffic is steady load on a door.
type traffic struct {
	cancel  context.CancelFunc
	wait    sync.WaitGroup
	sent    atomic.Int64
	refused atomic.Int64 // or failed
	let     atomic.Int64 // in: answered 2xx
	first   atomic.Pointer[string]
}

// load asks a door over and over, by some workers, each at the pause given.
func (w *world) load(p lock.Probe, workers int, pause time.Duration) *traffic {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	traffic := &traffic{cancel: cancel}
	for i := range workers {
		prober := w.account.Sampler
		if len(w.kept) > 0 {
			prober = w.kept[i%len(w.kept)]
		}
		traffic.wait.Go(func() {
			ticker := time.NewTicker(pause)
			defer ticker.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
				}
				answer, err := prober.Do(context.WithoutCancel(ctx), p)
				traffic.sent.Add(1)
				if err == nil && answer.Status == http.StatusOK {
					traffic.let.Add(1)
					continue
				}
				traffic.refused.Add(1)
				said := answer.Seen()
				if err != nil {
					said = err.Error()
				}
				traffic.first.CompareAndSwap(nil, &said)
			}
		})
	}
	w.t.Cleanup(traffic.stop)
	return traffic
}

// keep has loads use connections again: as many as there are places, twice.
func (w *world) keep() {
	w.t.Helper()
	answer, err := http.Get(w.endpoint + "/_drawbridge/ca.pem")
	w.check(err)
	defer func() { _ = answer.Body.Close() }()
	ca, err := io.ReadAll(answer.Body)
	w.check(err)
	for range 16 {
		prober, err := lock.NewProber(lock.ProberOptions{Address: strings.TrimPrefix(w.endpoint, "http://"), CA: ca})
		w.check(err)
		w.kept = append(w.kept, prober)
		w.t.Cleanup(prober.Close)
	}
}

func (l *traffic) stop() {
	l.cancel()
	l.wait.Wait()
}

func (l *traffic) firstFailure() string {
	if said := l.first.Load(); said != nil {
		return *said
	}
	return ""
}
