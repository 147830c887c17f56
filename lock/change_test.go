package lock_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"drawbridge/lock"
)

const testPropagation = 400 * time.Millisecond

// Apply, rotate and remove under load: nobody who comes by the distribution is
// refused, and nobody else is let in while the lock is there.
func TestNobodyIsRefused(t *testing.T) {
	for _, method := range []lock.Method{lock.APIKey, lock.Referer} {
		t.Run(string(method), func(t *testing.T) {
			w := newWorld(t, testPropagation)
			w.stack()
			w.keep()
			timing := quick(testPropagation)
			edge := w.load(w.edge("/"), 16, 20*time.Millisecond)
			w.check(lock.Apply(t.Context(), w.account, lock.ApplyOptions{
				Distribution: w.dist, Method: method, Exclude: []string{"GET /health"}, Timing: timing, Tell: w.tell,
			}))
			direct := w.load(w.direct(""), 2, 20*time.Millisecond)
			header := map[lock.Method]string{lock.APIKey: "x-api-key", lock.Referer: "Referer"}[method]
			first := w.secret(header)
			if first == "" || w.ask(w.direct("/health")).Status != http.StatusOK || w.ask(w.direct("/users/1")).Status != http.StatusForbidden {
				t.Error("what is excluded is shut, or what is not is open")
			}
			w.check(lock.Rotate(t.Context(), w.account, lock.RotateOptions{
				Distribution: w.dist, Grace: 200 * time.Millisecond, Load: 50, Timing: timing, Tell: w.tell,
			}))
			second := w.secret(header)
			if second == first || second == "" {
				t.Error("the distribution sends the old secret")
			}
			for range 16 {
				if got := w.ask(w.direct("", lock.Field{Name: header, Value: first})); got.Status != http.StatusForbidden {
					t.Errorf("the retired value is let in: %s", got.Seen())
				}
			}
			direct.stop()
			w.check(lock.Remove(t.Context(), w.account, lock.RemoveOptions{Distribution: w.dist, Timing: timing, Tell: w.tell}))
			edge.stop()
			if n := edge.refused.Load(); n > 0 || edge.sent.Load() == 0 {
				t.Errorf("by way of the distribution %d of %d were refused; first: %s", n, edge.sent.Load(), edge.firstFailure())
			}
			if n := direct.let.Load(); n > 0 || direct.sent.Load() == 0 {
				t.Errorf("direct, without the secret, %d of %d were let in", n, direct.sent.Load())
			}
			if w.secret(header) != "" || w.ask(w.direct("")).Status != http.StatusOK {
				t.Error("something of the lock is left")
			}
			for _, secret := range []string{first, second} {
				if strings.Contains(w.told(), secret) {
					t.Error("a secret is shown")
				}
			}
			if t.Failed() {
				t.Log(w.told())
			}
		})
	}
}
