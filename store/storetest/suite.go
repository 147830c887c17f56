package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"drawbridge/store"
)

// Backend is an implementation under test.
type Backend struct {
	// Open returns an empty store; the zero limits mean the default ones. The
	// suite closes it.
	Open func(t *testing.T, log store.LogLimits) store.Store
	// Reopen closes a store and opens what it has kept. Nil: it keeps nothing.
	Reopen func(t *testing.T, s store.Store, log store.LogLimits) store.Store
}

// giveUp bounds waits that a broken store would make endless. A sound store
// never gets near it.
const giveUp = 60 * time.Second

// Run runs the whole suite.
func Run(t *testing.T, b Backend) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Backend)
	}{
		{"PutGetListDelete", testPutGetListDelete},
		{"Pages", testPages},
		{"Compare", testCompare},
		{"Revisions", testRevisions},
		{"ValuesAreCopied", testValuesAreCopied},
		{"Limits", testLimits},
		{"LargestTransaction", testLargestTransaction},
		{"CountersLoseNothing", testCountersLoseNothing},
		{"SnapshotsUnderWriters", testSnapshotsUnderWriters},
		{"WatchOrderAndPrefix", testWatchOrderAndPrefix},
		{"WatchResumes", testWatchResumes},
		{"WatchWaits", testWatchWaits},
		{"WatchCompaction", testWatchCompaction},
		{"WatchCompactionByBytes", testWatchCompactionByBytes},
		{"WatchFromTheFuture", testWatchFromTheFuture},
		{"WatchUnderWriters", testWatchUnderWriters},
		{"SlowWatcherBlocksNobody", testSlowWatcher},
		{"Cancellation", testCancellation},
		{"Closed", testClosed},
		{"CloseUnderLoad", testCloseUnderLoad},
		{"Model", testModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

// open opens a store that the test's end closes.
func open(t *testing.T, b Backend, log store.LogLimits) store.Store {
	t.Helper()
	s := b.Open(t, log)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	t.Cleanup(cancel)
	return ctx
}

// put puts one value and returns the revision.
func put(t *testing.T, s store.Store, key, value string) int64 {
	t.Helper()
	return txn(t, s, store.Txn{Puts: []store.Put{{Key: key, Value: []byte(value)}}})
}

func txn(t *testing.T, s store.Store, x store.Txn) int64 {
	t.Helper()
	revision, err := s.Txn(background(t), x)
	if err != nil {
		t.Fatalf("txn: %v", err)
	}
	return revision
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s: error %v, want %v", what, got, want)
	}
}

// show writes entries as "key=value@created.modified …".
func show(entries []store.Entry) string {
	out := ""
	for _, e := range entries {
		out += fmt.Sprintf("%s=%s@%d.%d ", e.Key, e.Value, e.CreateRevision, e.ModRevision)
	}
	return out
}

// showEvent writes an event as "revision: key=value -key …".
func showEvent(e store.Event) string {
	out := fmt.Sprintf("%d:", e.Revision)
	for _, c := range e.Changes {
		if c.Deleted {
			out += " -" + c.Key
		} else {
			out += fmt.Sprintf(" %s=%s", c.Key, c.Value)
		}
	}
	return out
}

// watched says where a watch begins and what it looks at.
type watched struct {
	after  int64
	prefix string
}

// events reads n events of a watch.
func events(t *testing.T, s store.Store, from watched, n int) []string {
	t.Helper()
	var got []string
	for e, err := range s.Watch(background(t), from.after, from.prefix) {
		if err != nil {
			t.Fatalf("watch after %d: %v, having seen %q", from.after, err, got)
		}
		if got = append(got, showEvent(e)); len(got) == n {
			break
		}
	}
	return got
}

// watchError reads a watch until it ends.
func watchError(ctx context.Context, s store.Store, after int64) error {
	for _, err := range s.Watch(ctx, after, "") {
		if err != nil {
			return err
		}
	}
	return nil
}
