package lock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// load sends requests by way of the distribution throughout a rotation and
// counts those that fail.
type load struct {
	cancel   context.CancelFunc
	wait     sync.WaitGroup
	sent     atomic.Int64
	failed   atomic.Int64
	skipped  atomic.Int64
	first    sync.Once
	firstWas string
}

// maxUnderWay bounds the requests that have no answer yet.
const maxUnderWay = 256

// loadConnections is how many connections the load has: each belongs to one
// place of the edge.
const loadConnections = 16

// errLoad says that requests failed while the secret was changed.
var errLoad = errors.New("requests failed while the secret was changed")

// startLoad begins to send; nothing if no load is wanted.
func (r *rotating) startLoad(ctx context.Context) error {
	if r.options.Load <= 0 {
		return nil
	}
	for _, one := range r.t.ways(r.account, false) {
		if one.edge == nil {
			continue
		}
		r.note(LineNote, "Load: %d requests a second for %s by way of distribution %s.", r.options.Load, one, r.options.Distribution)
		var probers []*Prober
		for range loadConnections {
			prober, err := NewProber(r.account.doors)
			if err != nil {
				return err
			}
			probers = append(probers, prober)
		}
		ctx, cancel := context.WithCancel(ctx)
		r.loading = &load{cancel: cancel}
		r.loading.wait.Go(func() {
			r.loading.run(ctx, probers, *one.edge, r.options.Load)
			for _, prober := range probers {
				prober.Close()
			}
		})
		return nil
	}
	return fmt.Errorf("--while-loading: %w", ErrNoWay)
}

// run sends at the rate until ctx ends.
func (l *load) run(ctx context.Context, probers []*Prober, probe Probe, rate int) {
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	slots := make(chan struct{}, maxUnderWay)
	var wait sync.WaitGroup
	defer wait.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		prober := probers[i%len(probers)]
		select {
		case slots <- struct{}{}:
		default:
			l.skipped.Add(1)
			continue
		}
		wait.Go(func() {
			defer func() { <-slots }()
			answer, err := prober.Do(context.WithoutCancel(ctx), probe)
			l.sent.Add(1)
			if err != nil || answer.Status >= http.StatusInternalServerError || answer.Outcome() == Refused {
				l.failed.Add(1)
				l.first.Do(func() {
					l.firstWas = answer.Seen()
					if err != nil {
						l.firstWas = err.Error()
					}
				})
			}
		})
	}
}

// stop ends the load and waits for the last answers.
func (l *load) stop() {
	if l != nil {
		l.cancel()
		l.wait.Wait()
	}
}

// result tells how it went; an error if a request failed.
func (l *load) result(note func(LineKind, string, ...any)) error {
	if l == nil {
		return nil
	}
	l.stop()
	sent, failed, skipped := l.sent.Load(), l.failed.Load(), l.skipped.Load()
	kind, more := LineSeen, ""
	if skipped > 0 {
		more = fmt.Sprintf(", %d not sent because %d had no answer yet", skipped, maxUnderWay)
	}
	if failed > 0 {
		kind, more = LineWrong, more+"; first: "+l.firstWas
	}
	note(kind, "load: %d requests, %d failed%s", sent, failed, more)
	if failed > 0 {
		return errLoad
	}
	return nil
}
