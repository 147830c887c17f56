package lock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"drawbridge/lock"
	"drawbridge/lock/audit"
)

// A stage that demands a key as well, which the distribution sends: the probe
// past the distribution has to send it, too, or nothing is ever proved.
func TestRefererBesideKey(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	_, err := w.apply(lock.ApplyOptions{Method: lock.APIKey})
	w.check(err)
	if _, err := w.apply(lock.ApplyOptions{Method: lock.Referer}); err != nil {
		t.Fatalf("%v\n%s", err, w.told())
	}
	key, referer := lock.Field{Name: "x-api-key", Value: w.secret("x-api-key")}, lock.Field{Name: "Referer", Value: w.secret("Referer")}
	for _, row := range []struct {
		probe lock.Probe
		want  int
	}{
		{w.direct("/", key), 403}, {w.direct("/", referer), 403}, {w.direct("/", key, referer), 200}, {w.edge("/"), 200},
	} {
		if got := w.ask(row.probe).Status; got != row.want {
			t.Errorf("%v: %d, want %d", row.probe.Host, got, row.want)
		}
	}
	stack, err := lock.Collect(t.Context(), w.account, lock.CollectOptions{Distributions: []string{w.dist}})
	w.check(err)
	report := audit.Run(stack, audit.Options{Distributions: []string{w.dist}, Now: time.Now()})
	w.check(w.account.ProbeDoors(t.Context(), stack, report, false))
	for _, f := range report.Findings {
		if f.ID == "probe-contradicts" {
			t.Errorf("the probe contradicts: %s: %s", f.Resource, f.Reason)
		}
	}
	if err := lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell}); err != nil {
		t.Errorf("rotate: %v\n%s", err, w.told())
	}
	for range 2 {
		w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell}))
	}
	if got := w.ask(w.direct("/")).Status; got != 200 {
		t.Errorf("removed, and yet %d\n%s", got, w.told())
	}
}

// Methods that demand keys of customers show nothing; others do.
func TestRefererBesideCustomersKeys(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	_, err := w.account.APIGateway.UpdateMethod(t.Context(), &apigateway.UpdateMethodInput{RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
		PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/apiKeyRequired"), Value: aws.String("true")}}})
	w.check(err)
	w.deploy()
	if _, err := w.apply(lock.ApplyOptions{Method: lock.Referer}); err != nil {
		t.Fatalf("%v\n%s", err, w.told())
	}
	w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: instant(), Tell: w.tell}))
}

// A proof that takes long says what it sees meanwhile.
func TestProofTellsWhatItSees(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	w.patchAPI("/policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`)
	w.deploy()
	timing, ticks := instant(), 0
	timing.Proof = time.Minute
	timing.Now = func() time.Time { ticks++; return time.Unix(int64(ticks), 0) }
	w.lines = nil
	err := lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: lock.Referer, Timing: timing, Tell: w.tell})
	if err == nil {
		t.Fatal("proved")
	}
	if n := strings.Count(w.told(), "direct with the secret: 403 AccessDeniedException"); n < 4 || n > 8 {
		t.Errorf("told %d times:\n%s", n, w.told())
	}
}

// What is excluded is open, and nothing that only looks like it.
func TestExcludeOpensNothingElse(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	if _, err := w.apply(lock.ApplyOptions{Method: lock.Referer, Exclude: []string{"ANY /health"}}); err != nil {
		t.Fatalf("%v\n%s", err, w.told())
	}
	for path, want := range map[string]int{"/health": 200, "/users/health": 403, "/": 403} {
		if got := w.ask(w.direct(path)).Status; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// A policy's "*" spans slashes: what it would open beside is refused first.
func TestExcludeRefusesWhatReachesFurther(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	user := must2(w, func() (*apigateway.GetResourcesOutput, error) {
		return w.account.APIGateway.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: &w.api})
	})
	for _, r := range user.Items {
		if *r.Path == "/users/{id}" {
			w.mock(w.resource(*r.Id, "secret"), "GET")
		}
	}
	w.deploy()
	calls, err := w.apply(lock.ApplyOptions{Method: lock.Referer, Exclude: []string{"GET /users/{id}"}})
	if err == nil || !strings.Contains(err.Error(), "would open GET /users/{id}/secret too") || len(calls) > 0 {
		t.Errorf("got %v after %v", err, calls)
	}
	if _, err := w.apply(lock.ApplyOptions{Method: lock.Referer, Exclude: []string{"GET /users/{id}", "GET /users/{id}/secret"}}); err != nil {
		t.Error(err)
	}
}

// The Allow that comes with a first resource policy is enough for callers whom
// IAM or an authorizer does not allow: it is not given.
func TestRefererWouldOpenIAM(t *testing.T) {
	w := newWorld(t, 0)
	w.stack()
	_, err := w.account.APIGateway.UpdateMethod(t.Context(), &apigateway.UpdateMethodInput{RestApiId: &w.api, ResourceId: &w.root, HttpMethod: aws.String("GET"),
		PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/authorizationType"), Value: aws.String("AWS_IAM")}}})
	w.check(err)
	w.deploy()
	calls, err := w.apply(lock.ApplyOptions{Method: lock.Referer})
	if err == nil || !strings.Contains(err.Error(), "GET / is decided by IAM policies alone") || len(calls) > 0 {
		t.Errorf("got %v after %v", err, calls)
	}
	if _, err := w.apply(lock.ApplyOptions{}); err != nil || w.secret("x-api-key") == "" {
		t.Errorf("the other method is not chosen: %v\n%s", err, w.told())
	}
}
