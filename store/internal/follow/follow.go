package follow

import (
	"context"
	"iter"
	"strings"

	"drawbridge/store"
)

// ChunkEvents is how many revisions a Read should look at in one go: enough to
// be quick when catching up, few enough to keep what a watcher holds small.
const ChunkEvents = 64

// Chunk is the next piece of a change log.
type Chunk struct {
	Events  []store.Event   // already filtered by prefix
	Through int64           // the last revision looked at; the next read goes on after it
	Newer   <-chan struct{} // closed when there may be more, or the store was closed
}

// Read reads the change log after a revision. It must take the channel Newer
// before it looks at the log, so that no change falls in between.
type Read func(after int64) (Chunk, error)

// Watch is the iterator of store.Store.Watch over a log read by read.
func Watch(ctx context.Context, after int64, read Read) iter.Seq2[store.Event, error] {
	return func(yield func(store.Event, error) bool) {
		at := after // the iterator may be started more than once
		for {
			if err := ctx.Err(); err != nil {
				yield(store.Event{}, err)
				return
			}
			chunk, err := read(at)
			if err != nil {
				yield(store.Event{}, err)
				return
			}
			for _, event := range chunk.Events {
				if err := ctx.Err(); err != nil {
					yield(store.Event{}, err)
					return
				}
				if !yield(event, nil) {
					return
				}
			}
			if chunk.Through > at {
				at = chunk.Through
				continue
			}
			select {
			case <-chunk.Newer:
			case <-ctx.Done():
			}
		}
	}
}

// Filter keeps the changes under prefix and says whether there are any. The
// event's own slice is left alone: it may be shared.
func Filter(event store.Event, prefix string) (store.Event, bool) {
	if prefix == "" {
		return event, true
	}
	var kept []store.Change
	for _, c := range event.Changes {
		if strings.HasPrefix(c.Key, prefix) {
			kept = append(kept, c)
		}
	}
	return store.Event{Revision: event.Revision, Changes: kept}, len(kept) > 0
}
