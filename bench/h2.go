package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// http2Load keeps HTTP/2 connections busy, each with a number of streams. A
// connection is one goroutine that reads answers and writes the next requests.
type http2Load struct {
	conns   []*http2Conn
	answers atomic.Uint64
	failed  chan error // the first failure
	work    sync.WaitGroup
	started bool
}

func startHTTP2(ctx context.Context, t target, r row) (load, error) {
	l := &http2Load{failed: make(chan error, 1)}
	for range r.conns {
		c, err := dialHTTP2(ctx, t, r.streams)
		if err != nil {
			l.close()
			return nil, err
		}
		c.answers = &l.answers
		l.conns = append(l.conns, c)
	}
	return l, nil
}

// drive implements load. The first call sends the first requests; between
// calls the connections stay busy.
func (l *http2Load) drive(ctx context.Context, d time.Duration) (uint64, error) {
	before := l.answers.Load()
	if !l.started {
		l.started = true
		for _, c := range l.conns {
			l.work.Go(func() { l.fail(c.run()) })
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		answers := l.answers.Load() - before
		if answers == 0 && d > stallTimeout {
			return 0, fmt.Errorf("no answer for %s", d)
		}
		return answers, nil
	case err := <-l.failed:
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// fail keeps the first failure.
func (l *http2Load) fail(err error) {
	if err == nil {
		err = errors.New("a connection ended without a reason")
	}
	select {
	case l.failed <- err:
	default:
	}
}

func (l *http2Load) close() {
	for _, c := range l.conns {
		_ = c.net.Close()
	}
	l.work.Wait()
}
