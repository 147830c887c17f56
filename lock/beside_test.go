package lock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"drawbridge/lock"
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
