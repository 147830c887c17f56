package awsproto

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/api/stsapi"
)

// recorder stands in for a service: it keeps what arrives and answers a filled
// output.
type recorder struct {
	mu   sync.Mutex
	call *api.Call
	in   any
	out  any
}

// recorded gives a copy of a table whose operations all go to one recorder.
func recorded(table *api.Service, rec *recorder, skip map[string]bool) *api.Service {
	copied := *table
	copied.Implements = func(any) bool { return true }
	copied.Operations = append([]api.Operation(nil), table.Operations...)
	for i := range copied.Operations {
		op := &copied.Operations[i]
		op.Invoke = func(_ any, call *api.Call, in any) (any, error) {
			rec.mu.Lock()
			defer rec.mu.Unlock()
			rec.call, rec.in, rec.out = call, in, nil
			if op.Output == nil {
				return nil, nil
			}
			rec.out = op.Output.New()
			fillShape(reflect.ValueOf(rec.out).Elem(), op.Output, skip)
			return rec.out, nil
		}
	}
	return &copied
}

var testCredential = Credential{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	PrincipalARN: "arn:aws:iam::123456789012:user/Alice", AccountID: "123456789012"}

// steadyClient gives the transport a body of its own. smithy-go closes the
// request's body as soon as the answer begins, and net/http then breaks the
// connection if it has not yet seen that body's end: an answer within
// microseconds, as here, loses that race now and then.
type steadyClient struct{ client *http.Client }

func (c steadyClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return c.client.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	own := r.Clone(r.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	return c.client.Do(own)
}

// newTestServer serves services to real clients with verified signatures.
func newTestServer(t *testing.T, services ...Service) (string, aws.Config) {
	t.Helper()
	h, err := New(Options{Services: services, Account: "000000000000", Region: "us-east-1", Credentials: []Credential{testCredential}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL, aws.Config{HTTPClient: steadyClient{server.Client()}, Region: "eu-west-1", RetryMaxAttempts: 1, BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider(testCredential.AccessKeyID, testCredential.SecretAccessKey, "")}
}

// newerThanSDK are the members of the schemas that the pinned SDK lacks.
var newerThanSDK = map[string]bool{"VpcOriginEndpointConfig.IpAddressType": true, "VpcOriginSummary.IpAddressType": true}

// unions maps the SDK's union types to the wrapper of their first member.
var unions = map[string]reflect.Type{
	"CaCertificatesBundleSource": reflect.TypeFor[cftypes.CaCertificatesBundleSourceMemberCaCertificatesBundleS3Location](),
}

// TestSDKRoundTrip sends a filled input of every operation with the real SDK,
// compares what arrives, and compares the filled output that comes back.
func TestSDKRoundTrip(t *testing.T) {
	for _, service := range []struct {
		table  *api.Service
		client func(aws.Config) any
		skip   map[string]bool // operations
	}{
		{apigatewayapi.Table, func(c aws.Config) any { return apigateway.NewFromConfig(c) }, nil},
		{cloudfrontapi.Table, func(c aws.Config) any { return cloudfront.NewFromConfig(c) }, nil},
		{stsapi.Table, func(c aws.Config) any { return sts.NewFromConfig(c) },
			map[string]bool{"AssumeRoleWithSAML": true, "AssumeRoleWithWebIdentity": true}}, // never signed
	} {
		t.Run(service.table.Name, func(t *testing.T) {
			rec := new(recorder)
			table := recorded(service.table, rec, newerThanSDK)
			_, config := newTestServer(t, Service{Table: table, Impl: rec})
			client := reflect.ValueOf(service.client(config))
			done := 0
			for i := range table.Operations {
				if op := &table.Operations[i]; !service.skip[op.Name] {
					sdkRoundTrip(t, client, op, rec)
					done++
				}
			}
			t.Logf("%d operations", done)
		})
	}
}

func sdkRoundTrip(t *testing.T, client reflect.Value, op *api.Operation, rec *recorder) {
	t.Helper()
	method := client.MethodByName(op.Name)
	if !method.IsValid() {
		t.Errorf("%s: the SDK has no such operation", op.Name)
		return
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := fillSDK(in.Elem(), op.Input); err != nil {
		t.Errorf("%s: %v", op.Name, err)
		return
	}
	rec.call, rec.in = nil, nil
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	if err, _ := results[1].Interface().(error); err != nil {
		t.Errorf("%s: %v", op.Name, err)
		return
	}
	if rec.call == nil || rec.call.Operation != op.Name {
		t.Errorf("%s: arrived as %+v", op.Name, rec.call)
		return
	}
	sent := common(in)
	if op.Name == "GetExport" {
		sent.(map[string]any)["accepts"] = "application/json" // the SDK overwrites every Accept of API Gateway
	}
	if d := firstDifference(op.Name, sent, common(reflect.ValueOf(rec.in))); d != "" {
		t.Errorf("input sent and arrived differ: %s", d)
	}
	want := common(reflect.ValueOf(rec.out))
	if op.Output == nil {
		want = map[string]any{}
	}
	if d := firstDifference(op.Name, want, common(results[0])); d != "" {
		t.Errorf("output answered and received differ: %s", d)
	}
}
