package lock_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"drawbridge/lock"
)

// instant are timings where everything is in force at once.
func instant() lock.Timing {
	return lock.Timing{Poll: time.Millisecond, Samples: 2, Over: 2 * time.Millisecond, Proof: 20 * time.Second}
}

func (w *world) patchAPI(path, value string) {
	w.t.Helper()
	_, err := w.account.APIGateway.UpdateRestApi(w.t.Context(), &apigateway.UpdateRestApiInput{RestApiId: &w.api, PatchOperations: []apitypes.PatchOperation{
		{Op: apitypes.OpReplace, Path: &path, Value: &value},
	}})
	w.check(err)
}

func (w *world) patchStage(op apitypes.Op, path, value string) {
	w.t.Helper()
	_, err := w.account.APIGateway.UpdateStage(w.t.Context(), &apigateway.UpdateStageInput{RestApiId: &w.api, StageName: aws.String("prod"),
		PatchOperations: []apitypes.PatchOperation{{Op: op, Path: &path, Value: &value}}})
	w.check(err)
}

// apply counts what it writes.
func (w *world) apply(o lock.ApplyOptions) ([]string, error) {
	w.lines = nil
	counting := &mortal{}
	if o.Timing.Samples == 0 {
		o.Timing = instant()
	}
	o.Distribution, o.Tell = w.dist, w.tell
	err := lock.Apply(w.t.Context(), counting.account(w), o)
	return counting.calls, err
}

// setBehavior edits the distribution's default behavior.
func (w *world) setBehavior(edit func(*cdntypes.DefaultCacheBehavior)) {
	w.t.Helper()
	ctx, cdn := w.t.Context(), w.account.CloudFront
	read := must2(w, func() (*cloudfront.GetDistributionConfigOutput, error) {
		return cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &w.dist})
	})
	edit(read.DistributionConfig.DefaultCacheBehavior)
	_, err := cdn.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &w.dist, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig})
	w.check(err)
}

// What speaks against a lock is found before anything is changed.
func TestApplyRefusesFirst(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(*world)
		method lock.Method
		says   string
	}{
		{"a canary", func(w *world) { w.patchStage(apitypes.OpReplace, "/canarySettings/percentTraffic", "10") }, lock.Referer, "has a canary"},
		{"a new method that is not deployed", func(w *world) { w.mock(w.root, "POST") }, lock.APIKey, "POST /: new, not deployed"},
		{"an integration that was changed since", func(w *world) {
			_, err := w.account.APIGateway.UpdateIntegration(w.t.Context(), &apigateway.UpdateIntegrationInput{
				RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
				PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/requestTemplates/application~1json"), Value: aws.String(`{"statusCode": 201}`)}},
			})
			w.check(err)
		}, lock.Referer, "GET /: integration requestTemplates application/json"},
		{"a policy that is not deployed", func(w *world) {
			w.patchAPI("/policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}}`)
		}, lock.Referer, "API: resource policy"},
		{"a policy that would be too long", func(w *world) {
			addresses := make([]string, 515)
			for i := range addresses {
				addresses[i] = fmt.Sprintf(`"10.%d.%d.0/24"`, i/200, i%200)
			}
			w.patchAPI("/policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":[`+strings.Join(addresses, ",")+`]}}}}`)
			w.deploy()
		}, lock.Referer, "characters, and API Gateway takes 8192"},
		{"keys from an authorizer", func(w *world) { w.patchAPI("/apiKeySource", "AUTHORIZER"); w.deploy() }, lock.APIKey, "apiKeySource AUTHORIZER"},
		{"a header that is forwarded", func(w *world) {
			w.setBehavior(func(b *cdntypes.DefaultCacheBehavior) {
				b.OriginRequestPolicyId = aws.String("acba4595-bd28-49b8-b9fe-13317c0390fa") // UserAgentRefererHeaders
			})
		}, lock.Referer, "names the header Referer"},
		{"a backend that is sent the Referer", func(w *world) {
			_, err := w.account.APIGateway.UpdateIntegration(w.t.Context(), &apigateway.UpdateIntegrationInput{
				RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
				PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/requestTemplates/application~1json"),
					Value: aws.String(`{"statusCode": 200, "r": "$input.params('Referer')"}`)}},
			})
			w.check(err)
			w.deploy()
		}, lock.Referer, "the backend is sent the viewer's Referer (GET /)"},
		{"another API", func(w *world) { w.api = "nosuchapi0" }, lock.Referer, "has no origin|Invalid API identifier"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.stack()
			test.before(w)
			calls, err := w.apply(lock.ApplyOptions{API: w.api, Stage: "prod", Method: test.method})
			if err == nil || !containsAny(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
			if len(calls) > 0 {
				t.Errorf("it was refused, and yet these calls were made: %v", calls)
			}
		})
	}
}

func containsAny(text, choices string) bool {
	for choice := range strings.SplitSeq(choices, "|") {
		if strings.Contains(text, choice) {
			return true
		}
	}
	return false
}

// What is pending is deployed when that is wanted.
func TestApplyDeployPending(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	w.mock(w.root, "OPTIONS")
	if _, err := w.apply(lock.ApplyOptions{Method: lock.APIKey}); !errors.Is(err, lock.ErrPending) {
		t.Fatalf("got %v", err)
	}
	_, err := w.apply(lock.ApplyOptions{Method: lock.APIKey, DeployPending: true})
	w.check(err)
	probe := w.direct("")
	probe.Method = http.MethodOptions
	if got := w.ask(probe); got.Status != http.StatusForbidden {
		t.Errorf("the method that was pending: %s", got.Seen())
	}
}

// A method is chosen by what the stage allows, and the reason is said.
func TestApplyChooses(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	w.setBehavior(func(b *cdntypes.DefaultCacheBehavior) {
		b.OriginRequestPolicyId = aws.String("acba4595-bd28-49b8-b9fe-13317c0390fa")
	})
	_, err := w.apply(lock.ApplyOptions{DryRun: true})
	if err != nil || !strings.Contains(w.told(), "by api-key") || !strings.Contains(w.told(), "not referer: origin request policy") {
		t.Errorf("%v\n%s", err, w.told())
	}
}

// Customers' keys keep the API key for them.
func TestApplyLeavesCustomersTheirKeys(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	ctx, gateway := t.Context(), w.account.APIGateway
	key := must2(w, func() (*apigateway.CreateApiKeyOutput, error) {
		return gateway.CreateApiKey(ctx, &apigateway.CreateApiKeyInput{Name: aws.String("customer"), Enabled: true})
	})
	plan := must2(w, func() (*apigateway.CreateUsagePlanOutput, error) {
		return gateway.CreateUsagePlan(ctx, &apigateway.CreateUsagePlanInput{Name: aws.String("gold"), ApiStages: []apitypes.ApiStage{{ApiId: &w.api, Stage: aws.String("prod")}}})
	})
	_, err := gateway.CreateUsagePlanKey(ctx, &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan.Id, KeyId: key.Id, KeyType: aws.String("API_KEY")})
	w.check(err)
	_, err = gateway.UpdateMethod(ctx, &apigateway.UpdateMethodInput{RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
		PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/apiKeyRequired"), Value: aws.String("true")}}})
	w.check(err)
	w.deploy()
	if _, err := w.apply(lock.ApplyOptions{Method: lock.APIKey}); err == nil || !strings.Contains(err.Error(), "customers use them") {
		t.Errorf("got %v", err)
	}
	_, err = w.apply(lock.ApplyOptions{DryRun: true})
	if err != nil || !strings.Contains(w.told(), "by referer") {
		t.Errorf("%v\n%s", err, w.told())
	}
}

// A dry run shows the calls and makes none; the real run makes these.
func TestDryRunShowsTheCalls(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		w := newWorld(t, 0)
		w.stack()
		calls, err := w.apply(lock.ApplyOptions{Method: method, DryRun: true})
		if err != nil || len(calls) > 0 {
			t.Errorf("%s: %v, calls %v", method, err, calls)
		}
		dry := commands(w.told())
		real, err := w.apply(lock.ApplyOptions{Method: method})
		w.check(err)
		if got := commands(w.told()); len(got) != len(dry) {
			t.Errorf("%s: the dry run shows\n%s\nthe real one\n%s", method, strings.Join(dry, "\n"), strings.Join(got, "\n"))
		}
		for _, call := range real {
			if !strings.Contains(strings.ReplaceAll(strings.Join(dry, "\n"), "-", ""), strings.ToLower(call)) {
				t.Errorf("%s: %s was made, and not shown:\n%s", method, call, strings.Join(dry, "\n"))
			}
		}
	}
}

func commands(told string) []string {
	var list []string
	for line := range strings.Lines(told) {
		if strings.Contains(line, "aws ") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// If the proof fails, everything is as it was.
func TestApplyUndoesWhatItCannotProve(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, 0)
			w.stack()
			const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`
			w.patchAPI("/policy", policy) // lets nobody in, the distribution neither
			w.deploy()
			before := w.state()
			hasty := instant()
			hasty.Proof = 300 * time.Millisecond
			_, err := w.apply(lock.ApplyOptions{Method: method, Timing: hasty})
			if err == nil || !strings.Contains(err.Error(), "not proved") {
				t.Fatalf("got %v", err)
			}
			if after := w.state(); after != before {
				t.Errorf("before\n%s\nafter\n%s\n%s", before, after, w.told())
			}
			if w.secret(header(method)) != "" {
				t.Error("the distribution still sends the secret")
			}
		})
	}
}

// state is what a lock changes.
func (w *world) state() string {
	w.t.Helper()
	ctx, gateway := w.t.Context(), w.account.APIGateway
	api := must2(w, func() (*apigateway.GetRestApiOutput, error) {
		return gateway.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &w.api})
	})
	stage := must2(w, func() (*apigateway.GetStageOutput, error) {
		return gateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &w.api, StageName: aws.String("prod")})
	})
	resources := must2(w, func() (*apigateway.GetResourcesOutput, error) {
		return gateway.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: &w.api, Embed: []string{"methods"}})
	})
	var flags []string
	for _, r := range resources.Items {
		for verb, m := range r.ResourceMethods {
			flags = append(flags, fmt.Sprint(*r.Path, verb, aws.ToBool(m.ApiKeyRequired)))
		}
	}
	slices.Sort(flags)
	keys := must2(w, func() (*apigateway.GetApiKeysOutput, error) {
		return gateway.GetApiKeys(ctx, &apigateway.GetApiKeysInput{})
	})
	plans := must2(w, func() (*apigateway.GetUsagePlansOutput, error) {
		return gateway.GetUsagePlans(ctx, &apigateway.GetUsagePlansInput{})
	})
	return fmt.Sprintf("%s\n%s\n%v\n%d keys, %d plans", aws.ToString(api.Policy), aws.ToString(stage.DeploymentId), flags, len(keys.Items), len(plans.Items))
}
