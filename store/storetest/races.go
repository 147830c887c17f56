package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"drawbridge/store"
)

// testCountersLoseNothing lets many goroutines count up a few keys by
// compare-and-put. A lost or doubled update shows in the sum; every success has
// a revision of its own.
func testCountersLoseNothing(t *testing.T, b Backend) {
	const workers, rounds, counters = 8, 40, 2
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	var (
		wg        sync.WaitGroup
		mu        sync.Mutex
		revisions = map[int64]bool{}
	)
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				revision, err := countUp(ctx, s, fmt.Sprintf("counter/%d", (w+i)%counters))
				if err != nil {
					t.Errorf("worker %d: %v", w, err)
					return
				}
				mu.Lock()
				if revisions[revision] {
					t.Errorf("revision %d was given twice", revision)
				}
				revisions[revision] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	snap, err := s.List(ctx, "counter/")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, e := range snap.Entries {
		n, err := strconv.Atoi(string(e.Value))
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != workers*rounds || snap.Revision != workers*rounds {
		t.Fatalf("counted to %d at revision %d, want %d", sum, snap.Revision, workers*rounds)
	}
}

func countUp(ctx context.Context, s store.Store, key string) (int64, error) {
	for {
		e, err := s.Get(ctx, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
		n := 0
		if err == nil {
			if n, err = strconv.Atoi(string(e.Value)); err != nil {
				return 0, err
			}
		}
		revision, err := s.Txn(ctx, store.Txn{
			Compares: []store.Compare{{Key: key, ModRevision: e.ModRevision}},
			Puts:     []store.Put{{Key: key, Value: []byte(strconv.Itoa(n + 1))}},
		})
		if !errors.Is(err, store.ErrConflict) {
			return revision, err
		}
	}
}

// testSnapshotsUnderWriters moves amounts between accounts in transactions; no
// list may ever see a sum that is not the whole, and what a list says of its
// revision must be true of its entries.
func testSnapshotsUnderWriters(t *testing.T, b Backend) {
	const accounts, total, moves = 8, 8 * 100, 150
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	var start store.Txn
	for i := range accounts {
		start.Puts = append(start.Puts, store.Put{Key: fmt.Sprintf("account/%d", i), Value: []byte(strconv.Itoa(total / accounts))})
	}
	txn(t, s, start)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for i := range moves {
			if err := move(ctx, s, i%accounts, (i*5+1)%accounts); err != nil {
				t.Errorf("move %d: %v", i, err)
				return
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			last := int64(0)
			for {
				snap, err := s.List(ctx, "account/")
				if err == nil {
					err = checkAccounts(snap, last, total)
				}
				if err != nil {
					t.Error(err)
					return
				}
				last = snap.Revision
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
}

func checkAccounts(snap store.Snapshot, last int64, total int) error {
	sum, newest := 0, int64(0)
	for _, e := range snap.Entries {
		n, err := strconv.Atoi(string(e.Value))
		if err != nil {
			return err
		}
		sum += n
		newest = max(newest, e.ModRevision)
	}
	if sum != total || newest != snap.Revision || snap.Revision < last {
		return fmt.Errorf("snapshot at %d after one at %d: sum %d, newest entry %d: %s", snap.Revision, last, sum, newest, show(snap.Entries))
	}
	return nil
}

func move(ctx context.Context, s store.Store, from, to int) error {
	if from == to {
		to = (to + 1) % 8
	}
	var x store.Txn
	for key, amount := range map[string]int{fmt.Sprintf("account/%d", from): -1, fmt.Sprintf("account/%d", to): 1} {
		e, err := s.Get(ctx, key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(e.Value))
		if err != nil {
			return err
		}
		x.Compares = append(x.Compares, store.Compare{Key: key, ModRevision: e.ModRevision})
		x.Puts = append(x.Puts, store.Put{Key: key, Value: []byte(strconv.Itoa(n + amount))})
	}
	_, err := s.Txn(ctx, x)
	return err
}

func testCancellation(t *testing.T, b Backend) {
	s := open(t, b, store.LogLimits{})
	put(t, s, "a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "a")
	wantError(t, "get", err, context.Canceled)
	_, err = s.List(ctx, "")
	wantError(t, "list", err, context.Canceled)
	_, err = s.ListPage(ctx, "", "", 1)
	wantError(t, "page", err, context.Canceled)
	_, err = s.Txn(ctx, store.Txn{Puts: []store.Put{{Key: "b"}}})
	wantError(t, "txn", err, context.Canceled)
	wantError(t, "watch", watchError(ctx, s, 0), context.Canceled)

	// A watch that waits is ended by its context and leaves the store as it was.
	ctx, cancel = context.WithCancel(t.Context())
	ended := make(chan error, 1)
	seen := make(chan struct{})
	go func() {
		for _, err := range s.Watch(ctx, 0, "") {
			if err != nil {
				ended <- err
				return
			}
			close(seen)
		}
	}()
	<-seen
	cancel()
	wantError(t, "waiting watch", <-ended, context.Canceled)
	if r := put(t, s, "b", "2"); r != 2 {
		t.Fatalf("revision %d after a cancelled transaction, want 2", r)
	}

	// Cancelled at any moment, a transaction either happened and says so, or
	// did not happen.
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		key := fmt.Sprintf("race/%d", i)
		var wg sync.WaitGroup
		wg.Go(cancel)
		wg.Go(func() { _, _ = s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: "other"}}}) })
		_, err := s.Txn(ctx, store.Txn{Puts: []store.Put{{Key: key}}})
		wg.Wait()
		_, got := s.Get(t.Context(), key)
		if (err == nil) != (got == nil) {
			t.Fatalf("cancelled transaction answered %v, then get answers %v", err, got)
		}
	}
}

func testClosed(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	put(t, s, "a", "1")
	seen, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for _, err := range s.Watch(ctx, 0, "") {
			if err != nil {
				ended <- err
				return
			}
			close(seen)
		}
	}()
	<-seen
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	wantError(t, "waiting watch", <-ended, store.ErrClosed)
	_, err := s.Get(ctx, "a")
	wantError(t, "get", err, store.ErrClosed)
	_, err = s.List(ctx, "")
	wantError(t, "list", err, store.ErrClosed)
	_, err = s.ListPage(ctx, "", "", 1)
	wantError(t, "page", err, store.ErrClosed)
	_, err = s.Txn(ctx, store.Txn{Puts: []store.Put{{Key: "a"}}})
	wantError(t, "txn", err, store.ErrClosed)
	wantError(t, "watch", watchError(ctx, s, 0), store.ErrClosed)
	wantError(t, "caught-up watch", watchError(ctx, s, 1), store.ErrClosed)
	if s.Revision() != 1 {
		t.Fatalf("revision %d after close, want 1", s.Revision())
	}
}

// testCloseUnderLoad closes a store under readers, writers and watchers: each
// gets ErrClosed, and none is left behind.
func testCloseUnderLoad(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	var wg sync.WaitGroup
	started := make(chan struct{}, 6)
	until := func(what string, do func() error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				if err := do(); errors.Is(err, store.ErrClosed) {
					return
				} else if err != nil {
					t.Errorf("%s: %v", what, err)
					return
				}
				if i == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for w := range 3 {
		until("txn", func() error {
			_, err := s.Txn(ctx, store.Txn{Puts: []store.Put{{Key: strconv.Itoa(w)}}})
			return err
		})
	}
	until("list", func() error { _, err := s.List(ctx, ""); return err })
	until("page", func() error { _, err := s.ListPage(ctx, "", "", 2); return err })
	until("watch", func() error {
		for _, err := range s.Watch(ctx, 0, "") {
			if errors.Is(err, store.ErrCompacted) { // the writers are quick
				return nil
			}
			return err
		}
		return nil
	})
	for range cap(started) {
		select {
		case <-started:
		case <-ctx.Done():
			t.Fatal("not everything got going")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
