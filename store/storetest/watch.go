package storetest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"drawbridge/store"
)

func testWatchOrderAndPrefix(t *testing.T, b Backend) {
	s := open(t, b, store.LogLimits{})
	put(t, s, "a/1", "x")
	txn(t, s, store.Txn{Puts: []store.Put{{Key: "b/2", Value: []byte("y")}, {Key: "a/2", Value: []byte("z")}, {Key: "a/0"}}})
	txn(t, s, store.Txn{Puts: []store.Put{{Key: "c", Value: []byte("w")}}, Deletes: []string{"a/1", "none"}})
	put(t, s, "c", "last")
	txn(t, s, store.Txn{Deletes: []string{"a/2"}})
	for _, c := range []struct {
		prefix string
		after  int64
		want   []string
	}{
		{"", 0, []string{"1: a/1=x", "2: a/0= a/2=z b/2=y", "3: -a/1 c=w", "4: c=last", "5: -a/2"}},
		{"", 3, []string{"4: c=last", "5: -a/2"}},
		{"a/", 0, []string{"1: a/1=x", "2: a/0= a/2=z", "3: -a/1", "5: -a/2"}},
		{"a/", 1, []string{"2: a/0= a/2=z", "3: -a/1", "5: -a/2"}},
		{"c", 0, []string{"3: c=w", "4: c=last"}},
		{"b/2", 0, []string{"2: b/2=y"}},
		{"", -1, []string{"1: a/1=x"}},
	} {
		if got := events(t, s, watched{c.after, c.prefix}, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("watch %q after %d: %q, want %q", c.prefix, c.after, got, c.want)
		}
	}
}

// testWatchResumes breaks a watch off at every point and takes it up again,
// also from another life of the store.
func testWatchResumes(t *testing.T, b Backend) {
	const n = 200 // more than a store reads of its log in one go
	s := open(t, b, store.LogLimits{})
	for i := range n {
		put(t, s, fmt.Sprintf("k/%d", i%7), fmt.Sprint(i))
	}
	check := func(s store.Store) {
		t.Helper()
		var got []string
		for after, step := int64(0), 1; after < n; step++ {
			part := events(t, s, watched{after, "k/"}, min(step, int(n-after)))
			got = append(got, part...)
			after += int64(len(part))
		}
		for i := range n {
			if want := fmt.Sprintf("%d: k/%d=%d", i+1, i%7, i); got[i] != want {
				t.Fatalf("event %d is %q, want %q", i, got[i], want)
			}
		}
	}
	check(s)
	watch := s.Watch(background(t), 10, "")
	for range 2 { // an iterator begins at the beginning each time
		for e, err := range watch {
			if err != nil || e.Revision != 11 {
				t.Fatalf("event %s, %v; want revision 11", showEvent(e), err)
			}
			break
		}
	}
	if b.Reopen != nil {
		s = b.Reopen(t, s, store.LogLimits{})
		check(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// testWatchWaits has a watcher that is caught up see each change as it comes.
func testWatchWaits(t *testing.T, b Backend) {
	s := open(t, b, store.LogLimits{})
	next, stop := iter.Pull2(s.Watch(background(t), 0, "k"))
	defer stop()
	got := make(chan string)
	go func() {
		defer close(got)
		for range 20 {
			e, err, _ := next()
			if err != nil {
				got <- err.Error()
				return
			}
			got <- showEvent(e)
		}
	}()
	for i := range 20 {
		put(t, s, "other", "x") // must not come through
		revision := put(t, s, "k", "v")
		if e, want := <-got, fmt.Sprintf("%d: k=v", revision); e != want {
			t.Fatalf("change %d came as %q, want %q", i, e, want)
		}
	}
	<-got // closed: the goroutine is through before stop runs
}

func testWatchCompaction(t *testing.T, b Backend) {
	limits := store.LogLimits{Revisions: 10}
	s, ctx := open(t, b, limits), background(t)
	next, stop := iter.Pull2(s.Watch(ctx, 0, ""))
	defer stop()
	put(t, s, "k", "1")
	if e, err, _ := next(); err != nil || e.Revision != 1 {
		t.Fatalf("first event: %d, %v", e.Revision, err)
	}
	for range 30 {
		put(t, s, "k", "v")
	}
	_, err, _ := next() // it was left behind at revision 1
	wantError(t, "overtaken watch", err, store.ErrCompacted)
	check := func(s store.Store) {
		t.Helper()
		wantError(t, "watch after 20", watchError(ctx, s, 20), store.ErrCompacted)
		wantError(t, "watch after 0", watchError(ctx, s, 0), store.ErrCompacted)
		if got := events(t, s, watched{21, ""}, 10); got[0] != "22: k=v" || got[9] != "31: k=v" {
			t.Fatalf("watch after 21: %q", got)
		}
	}
	check(s)

	// What ErrCompacted asks for: list, and go on from there.
	snap, err := s.List(ctx, "")
	if err != nil || snap.Revision != 31 {
		t.Fatalf("list at %d, %v", snap.Revision, err)
	}
	put(t, s, "k", "on")
	if got := events(t, s, watched{snap.Revision, ""}, 1); got[0] != "32: k=on" {
		t.Fatalf("after the list: %q", got)
	}
	if b.Reopen != nil {
		s = b.Reopen(t, s, limits)
		wantError(t, "reopened, watch after 21", watchError(ctx, s, 21), store.ErrCompacted)
		if got := events(t, s, watched{22, ""}, 10); got[0] != "23: k=v" || got[9] != "32: k=on" {
			t.Fatalf("reopened, watch after 22: %q", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func testWatchCompactionByBytes(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{Bytes: 10_000}), background(t)
	for range 20 {
		put(t, s, "k", strings.Repeat("v", 2000))
	}
	wantError(t, "watch after 15", watchError(ctx, s, 15), store.ErrCompacted)
	events(t, s, watched{16, ""}, 4)
	put(t, s, "k", strings.Repeat("v", 20_000)) // larger than the whole log: it alone is kept
	wantError(t, "watch after 19", watchError(ctx, s, 19), store.ErrCompacted)
	events(t, s, watched{20, ""}, 1)
	for range 20 { // and small ones find room again
		put(t, s, "k", "v")
	}
	events(t, s, watched{21, ""}, 20)
}

func testWatchFromTheFuture(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	put(t, s, "k", "v")
	wantError(t, "watch after 2", watchError(ctx, s, 2), store.ErrCompacted)
}

// testWatchUnderWriters has watchers build a copy of the store from a list and
// the events after it while writers are at work. In the end all are equal.
func testWatchUnderWriters(t *testing.T, b Backend) {
	const writers, rounds, watchers = 4, 50, 3
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				x := store.Txn{Puts: []store.Put{{Key: fmt.Sprintf("k/%d", (w*7+i)%10), Value: fmt.Appendf(nil, "%d.%d", w, i)}}}
				if i%3 == 0 {
					x.Deletes = []string{fmt.Sprintf("k/%d", (w*7+i+1)%10)}
				}
				if _, err := s.Txn(ctx, x); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	copies := make([]map[string]string, watchers)
	for i := range watchers {
		copies[i] = map[string]string{}
		wg.Go(func() {
			if err := replicate(t, s, copies[i], writers*rounds); err != nil {
				t.Errorf("watcher %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	snap, err := s.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, e := range snap.Entries {
		want[e.Key] = string(e.Value)
	}
	for i, got := range copies {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("watcher %d has %v, the store %v", i, got, want)
		}
	}
}

func replicate(t *testing.T, s store.Store, into map[string]string, until int64) error {
	ctx := background(t)
	snap, err := s.List(ctx, "")
	if err != nil {
		return err
	}
	for _, e := range snap.Entries {
		into[e.Key] = string(e.Value)
	}
	at := snap.Revision
	if at >= until {
		return nil
	}
	for e, err := range s.Watch(ctx, at, "") {
		if err != nil {
			return err
		}
		if at++; e.Revision != at {
			return fmt.Errorf("revision %d where %d is due", e.Revision, at)
		}
		for _, c := range e.Changes {
			if c.Deleted {
				delete(into, c.Key)
			} else {
				into[c.Key] = string(c.Value)
			}
		}
		if at >= until {
			return nil
		}
	}
	return nil
}

// testSlowWatcher has watchers that stand in the middle of their loop: writers
// and readers go on as if there were none, and nothing is lost for them.
func testSlowWatcher(t *testing.T, b Backend) {
	const n = 300
	s := open(t, b, store.LogLimits{})
	put(t, s, "k", "0")
	var standing [10]func() (store.Event, error, bool)
	for i := range standing {
		next, stop := iter.Pull2(s.Watch(background(t), 0, ""))
		defer stop()
		if e, err, _ := next(); err != nil || e.Revision != 1 {
			t.Fatalf("first event %d, %v", e.Revision, err)
		}
		standing[i] = next
	}
	for i := range n {
		put(t, s, "k", fmt.Sprint(i))
	}
	for _, next := range standing {
		for i := range n {
			e, err, _ := next()
			if err != nil || e.Revision != int64(i+2) {
				t.Fatalf("event %d, %v; want %d", e.Revision, err, i+2)
			}
		}
	}
}
