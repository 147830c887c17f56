package lock_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/smithy-go/middleware"

	"drawbridge/lock"
)

var errDied = errors.New("the process has died")

// mortal is an account whose process dies at its n-th writing call, before the
// call is made or after it, and makes no call from then on. calls counts.
type mortal struct {
	mu     sync.Mutex
	at     int // 0: never
	after  bool
	dead   bool
	calls  []string
	cancel context.CancelCauseFunc
}

// account is the world's account as the process has it.
func (m *mortal) account(w *world) *lock.Account {
	copied := *w.account
	clients := *w.account.Clients
	copied.Clients = &clients
	add := func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("mortal", m.handle), middleware.Before)
	}
	gateway := w.account.APIGateway.Options()
	gateway.APIOptions = append(gateway.APIOptions, add)
	clients.APIGateway = apigateway.New(gateway)
	cdn := w.account.CloudFront.Options()
	cdn.APIOptions = append(cdn.APIOptions, add)
	clients.CloudFront = cloudfront.New(cdn)
	return &copied
}

func (m *mortal) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	name := middleware.GetOperationName(ctx)
	writes := !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List")
	m.mu.Lock()
	if writes && !m.dead {
		m.calls = append(m.calls, name)
	}
	dies := writes && !m.dead && len(m.calls) == m.at
	gone := m.dead
	m.dead = m.dead || dies
	m.mu.Unlock()
	if gone || dies && !m.after {
		m.end()
		return middleware.InitializeOutput{}, middleware.Metadata{}, errDied
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	if dies {
		m.end()
		return middleware.InitializeOutput{}, middleware.Metadata{}, errDied
	}
	return out, metadata, err
}

func (m *mortal) end() {
	if m.cancel != nil {
		m.cancel(errDied)
	}
}

// deaths are the moments at which a process with so many writing calls dies:
// 2n before the n-th, 2n+1 after it. Every one in the long tests, else at each
// call one of both.
func deaths(calls int) []int {
	var list []int
	for at := range 2 * calls {
		if os.Getenv("DRAWBRIDGE_LONG") == "1" || at%2 == at/2%2 {
			list = append(list, at)
		}
	}
	return list
}

// owner is a process of this test's host that does not exist.
func owner(n int) string { return fmt.Sprintf("0000beef.%d", 1<<30+n) }

// A rotation that dies at any of its calls, before it or after it, is finished
// by the next one: one secret is left, it works, and nobody was refused.
func TestRotateResumesAnywhere(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, 0)
			w.stack()
			timing := lock.Timing{Poll: time.Millisecond, Samples: 2, Over: 2 * time.Millisecond, Proof: time.Minute}
			w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: method, Timing: timing}))
			edge := w.load(w.edge("/"), 2, 5*time.Millisecond)
			whole := &mortal{}
			w.check(lock.Rotate(t.Context(), whole.account(w), lock.RotateOptions{Distribution: w.dist, Timing: timing}))
			if len(whole.calls) < 8 {
				t.Fatalf("a rotation makes only these calls: %v", whole.calls)
			}
			for _, at := range deaths(len(whole.calls)) {
				name := fmt.Sprintf("%s (%d), after it: %v", whole.calls[at/2], at/2+1, at%2 == 1)
				before := w.secret(header(method))
				ctx, cancel := context.WithCancelCause(t.Context())
				dying := &mortal{at: at/2 + 1, after: at%2 == 1, cancel: cancel}
				err := lock.Rotate(ctx, dying.account(w), lock.RotateOptions{Distribution: w.dist, Timing: timing, Owner: owner(2 * at)})
				cancel(nil)
				if !errors.Is(err, errDied) {
					t.Fatalf("%s: the process outlives its death: %v", name, err)
				}
				w.lines = nil
				err = lock.Rotate(t.Context(), w.account, lock.RotateOptions{Distribution: w.dist, Timing: timing, Owner: owner(2*at + 1), Tell: w.tell})
				if err != nil {
					t.Fatalf("%s: resume: %v\n%s", name, err, w.told())
				}
				w.oneSecret(name, method, before)
			}
			edge.stop()
			if n := edge.refused.Load(); n > 0 {
				t.Errorf("by way of the distribution %d of %d were refused; first: %s", n, edge.sent.Load(), edge.firstFailure())
			}
		})
	}
}

func header(method lock.Method) string {
	return map[lock.Method]string{lock.APIKey: "x-api-key", lock.Referer: "Referer"}[method]
}

// oneSecret checks that one new secret is left, that it works and that the one
// before does not.
func (w *world) oneSecret(name string, method lock.Method, before string) {
	w.t.Helper()
	now := w.secret(header(method))
	if now == before || now == "" {
		w.t.Errorf("%s: the secret did not change", name)
	}
	for secret, want := range map[string]int{before: http.StatusForbidden, now: http.StatusOK} {
		if got := w.ask(w.direct("", lock.Field{Name: header(method), Value: secret})); got.Status != want {
			w.t.Errorf("%s: %s, want %d", name, got.Seen(), want)
		}
	}
	if got := w.ask(w.direct("")); got.Status != http.StatusForbidden {
		w.t.Errorf("%s: without a secret: %s", name, got.Seen())
	}
	gateway := w.account.APIGateway
	stage := must2(w, func() (*apigateway.GetStageOutput, error) {
		return gateway.GetStage(w.t.Context(), &apigateway.GetStageInput{RestApiId: &w.api, StageName: aws.String("prod")})
	})
	if tag, ok := stage.Tags["drawbridge:lock"]; ok {
		w.t.Errorf("%s: the tag is left: %s", name, tag)
	}
	keys := must2(w, func() (*apigateway.GetApiKeysOutput, error) {
		return gateway.GetApiKeys(w.t.Context(), &apigateway.GetApiKeysInput{})
	})
	if want := map[lock.Method]int{lock.APIKey: 1}[method]; len(keys.Items) != want {
		w.t.Errorf("%s: %d keys are left", name, len(keys.Items))
	}
	api := must2(w, func() (*apigateway.GetRestApiOutput, error) {
		return gateway.GetRestApi(w.t.Context(), &apigateway.GetRestApiInput{RestApiId: &w.api})
	})
	if strings.Contains(aws.ToString(api.Policy), before) {
		w.t.Errorf("%s: the policy knows the old value", name)
	}
}

// Apply and remove that die anywhere are finished by the next run.
func TestApplyAndRemoveResumeAnywhere(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, 0)
			w.stack()
			timing := lock.Timing{Poll: time.Millisecond, Samples: 2, Over: 2 * time.Millisecond, Proof: time.Minute}
			edge := w.load(w.edge("/"), 2, 5*time.Millisecond)
			apply := func(ctx context.Context, a *lock.Account) error {
				return lock.Apply(ctx, a, lock.ApplyOptions{Distribution: w.dist, Method: method, Timing: timing})
			}
			remove := func(ctx context.Context, a *lock.Account) error {
				return lock.Remove(ctx, a, lock.RemoveOptions{Distribution: w.dist, API: w.api, Stage: "prod", Timing: timing})
			}
			applying, removing := &mortal{}, &mortal{}
			w.check(apply(t.Context(), applying.account(w)))
			w.check(remove(t.Context(), removing.account(w)))
			for _, at := range deaths(len(applying.calls)) {
				name := fmt.Sprintf("apply: %s (%d), after it: %v", applying.calls[at/2], at/2+1, at%2 == 1)
				w.dieAndResume(name, at, apply)
				if got := w.ask(w.direct("")); got.Status != http.StatusForbidden {
					t.Errorf("%s: direct: %s", name, got.Seen())
				}
				w.check(remove(t.Context(), w.account))
			}
			for _, at := range deaths(len(removing.calls)) {
				name := fmt.Sprintf("remove: %s (%d), after it: %v", removing.calls[at/2], at/2+1, at%2 == 1)
				w.check(apply(t.Context(), w.account))
				w.dieAndResume(name, at, remove)
				if w.secret(header(method)) != "" || w.ask(w.direct("")).Status != http.StatusOK {
					t.Errorf("%s: something of the lock is left", name)
				}
			}
			edge.stop()
			if n := edge.refused.Load(); n > 0 {
				t.Errorf("by way of the distribution %d of %d were refused; first: %s", n, edge.sent.Load(), edge.firstFailure())
			}
		})
	}
}

func (w *world) dieAndResume(name string, at int, run func(context.Context, *lock.Account) error) {
	w.t.Helper()
	ctx, cancel := context.WithCancelCause(w.t.Context())
	dying := &mortal{at: at/2 + 1, after: at%2 == 1, cancel: cancel}
	if err := run(ctx, dying.account(w)); !errors.Is(err, errDied) {
		w.t.Fatalf("%s: the process outlives its death: %v", name, err)
	}
	cancel(nil)
	if err := run(w.t.Context(), w.account); err != nil {
		w.t.Fatalf("%s: resume: %v", name, err)
	}
}

// Of two rotations at once one goes on and the other changes nothing.
func TestTwoRotationsRefuseEachOther(t *testing.T) {
	w := newWorld(t, testPropagation)
	w.stack()
	timing := quick(testPropagation)
	w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{Distribution: w.dist, Method: lock.Referer, Timing: timing}))
	before := w.secret("Referer")
	// Of other hosts: their processes cannot be looked at, their signs of life can.
	results := make(chan error, 2)
	for i := range 2 {
		go func() {
			results <- lock.Rotate(t.Context(), w.account, lock.RotateOptions{
				Distribution: w.dist, Timing: timing, Owner: fmt.Sprintf("0000000%d.1", i),
			})
		}()
	}
	var failures []error
	for range 2 {
		if err := <-results; err != nil {
			failures = append(failures, err)
		}
	}
	if len(failures) != 1 || !errors.Is(failures[0], lock.ErrForeignRun) {
		t.Errorf("one of two must be refused: %v", failures)
	}
	w.oneSecret("two at once", lock.Referer, before)
}
