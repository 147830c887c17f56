package follow_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"drawbridge/store"
	"drawbridge/store/internal/follow"
)

func TestWatchStopsBetweenEvents(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []int64
	var last error
	for e, err := range follow.Watch(ctx, 5, func(after int64) (follow.Chunk, error) {
		return follow.Chunk{Events: []store.Event{{Revision: after + 1}, {Revision: after + 2}}, Through: after + 2}, nil
	}) {
		if last = err; err != nil {
			continue // an error is the last thing it yields, asked or not
		}
		if seen = append(seen, e.Revision); len(seen) == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || len(seen) != 3 || seen[0] != 6 || seen[2] != 8 {
		t.Fatalf("saw %v, then %v", seen, last)
	}
}

// TestWatchReadsOncePerRing: a watcher that has caught up does not spin.
func TestWatchReadsOncePerRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bell follow.Bell
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		reads, done := 0, make(chan error)
		go func() {
			for _, err := range follow.Watch(ctx, 0, func(int64) (follow.Chunk, error) {
				reads++
				return follow.Chunk{Newer: bell.Wait()}, nil
			}) {
				done <- err
			}
		}()
		for want := 1; want <= 3; want++ {
			synctest.Wait()
			if reads != want {
				t.Errorf("%d reads after %d rings", reads, want-1)
			}
			bell.Ring()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestFilter(t *testing.T) {
	event := store.Event{Revision: 3, Changes: []store.Change{{Key: "a/1"}, {Key: "b"}, {Key: "a/2", Deleted: true}}}
	for prefix, want := range map[string]int{"": 3, "a/": 2, "a/1": 1, "c": 0} {
		got, ok := follow.Filter(event, prefix)
		if len(got.Changes) != want || ok != (want > 0) || got.Revision != 3 {
			t.Errorf("prefix %q: %+v, %t", prefix, got, ok)
		}
	}
	if event.Changes[0].Key != "a/1" || event.Changes[1].Key != "b" {
		t.Errorf("the event was changed: %+v", event)
	}
}
