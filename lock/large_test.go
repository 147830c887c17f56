package lock_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"drawbridge/lock"
	"drawbridge/lock/audit"
)

// largeDocument is an API of 50 resources with 5 methods each.
func largeDocument() []byte {
	var paths []string
	for i := range 50 {
		var operations []string
		for _, verb := range []string{"get", "post", "put", "delete", "options"} {
			operations = append(operations, fmt.Sprintf(`%q: {"responses": {"200": {"description": "ok"}},
				"x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
				"responses": {"default": {"statusCode": "200"}}}}`, verb))
		}
		paths = append(paths, fmt.Sprintf(`"/r%d": {%s}`, i, strings.Join(operations, ",")))
	}
	return []byte(`{"openapi": "3.0.1", "info": {"title": "large", "version": "1"}, "paths": {` + strings.Join(paths, ",") + `}}`)
}

// A stack of 50 resources × 5 methods is locked, judged and probed in seconds.
func TestLargeStackInSeconds(t *testing.T) {
	w := newWorld(t, 0)
	made := must2(w, func() (*apigateway.ImportRestApiOutput, error) {
		return w.account.APIGateway.ImportRestApi(t.Context(), &apigateway.ImportRestApiInput{Body: largeDocument()})
	})
	w.api = aws.ToString(made.Id)
	w.deploy()
	w.distribution()
	timing := lock.Timing{Poll: 10 * time.Millisecond, Samples: 3, Over: 50 * time.Millisecond, Proof: time.Minute}
	clock := func(what string, run func()) {
		began := time.Now()
		run()
		took := time.Since(began)
		t.Logf("%s: %v", what, took.Round(time.Millisecond))
		if took > 30*time.Second {
			t.Errorf("%s took %v: not seconds", what, took)
		}
	}
	verdict := func(want audit.Verdict, probe bool) {
		t.Helper()
		stack, err := lock.Collect(t.Context(), w.account, lock.CollectOptions{Distributions: []string{w.dist}})
		w.check(err)
		report := audit.Run(stack, audit.Options{Distributions: []string{w.dist}, Now: time.Now()})
		if probe {
			w.check(w.account.ProbeDoors(t.Context(), stack, report, true))
		}
		direct := 0
		for _, door := range report.Doors {
			if door.Direct {
				direct++
				if probe && !strings.HasPrefix(door.Probe, string(want)) {
					t.Errorf("probe of %s %s: %q", door.Method, door.Path, door.Probe)
				}
			}
		}
		if report.Verdict != want || direct != 250 {
			t.Errorf("%s by %d doors, want %s by 250: %s", report.Verdict, direct, want, report.Why)
		}
	}
	clock("audit, open", func() { verdict(audit.Open, false) })
	clock("apply by api-key", func() {
		w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: lock.APIKey, Timing: timing}))
	})
	clock("audit, locked by keys", func() { verdict(audit.Locked, false) })
	clock("audit with 250 doors probed", func() { verdict(audit.Locked, true) })
	clock("rotate", func() {
		w.check(lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Timing: timing}))
	})
	clock("remove", func() {
		w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: timing}))
	})
	clock("apply by referer", func() {
		w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: lock.Referer, Timing: timing}))
	})
	clock("audit, locked by policy", func() { verdict(audit.Locked, true) })
}

// The figures: 1 000 requests a second through the edge and 50 a second
// direct, through apply, ten rotations and remove, by both methods. It takes
// minutes.
func TestLockFiguresLong(t *testing.T) {
	if os.Getenv("DRAWBRIDGE_LONG") != "1" {
		return // one of the long tests
	}
	const propagation = time.Second
	timing := lock.Timing{Poll: 200 * time.Millisecond, Over: 2 * time.Second}
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, propagation)
			w.stack()
			w.keep()
			edge := w.load(w.edge("/"), 50, 50*time.Millisecond)
			began := time.Now()
			w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: method, Timing: timing}))
			direct := w.load(w.direct(""), 5, 100*time.Millisecond)
			retired := []*traffic{}
			for range 10 {
				was := w.secret(header(method))
				w.check(lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Grace: time.Second, Timing: timing}))
				retired = append(retired, w.load(w.direct("", lock.Field{Name: header(method), Value: was}), 1, 200*time.Millisecond))
			}
			direct.stop()
			let, asked := int64(0), int64(0)
			for _, one := range retired {
				one.stop()
				let, asked = let+one.let.Load(), asked+one.sent.Load()
			}
			w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: timing}))
			edge.stop()
			seconds := time.Since(began).Seconds()
			t.Logf("%s: edge %d requests (%.0f/s), %d failed; direct without the secret %d, %d let in; with retired values %d, %d let in; %.0f s",
				method, edge.sent.Load(), float64(edge.sent.Load())/seconds, edge.refused.Load(), direct.sent.Load(), direct.let.Load(), asked, let, seconds)
			if edge.refused.Load()+direct.let.Load()+let > 0 {
				t.Errorf("first failure: %s", edge.firstFailure())
			}
		})
	}
}
