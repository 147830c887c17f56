package memory

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"drawbridge/store"
	"drawbridge/store/internal/follow"
)

const (
	// defaultMaxBytes holds 100 000 distributions of 16 KiB.
	defaultMaxBytes = 2 << 30
	// entryOverhead is what an entry takes beside its key and value: the tree
	// node and its share of the allocator's rounding.
	entryOverhead = 160
)

// Options of a Store. The zero Options are good.
type Options struct {
	Log      store.LogLimits
	MaxBytes int64 // keys, values and overhead; default 2 GiB; beyond it ErrFull
}

// Store is a store.Store in memory.
type Store struct {
	log      store.LogLimits
	maxBytes int64
	state    atomic.Pointer[state]
	bell     follow.Bell

	mu sync.Mutex // one writer at a time
}

// state is everything at one revision. It is never changed once published.
type state struct {
	revision int64
	tree     tree
	bytes    int64 // of the tree
	closed   bool

	// log holds the revisions compacted+1 … revision without a gap. Successive
	// states share its array: only the newest state is appended to, and only
	// beyond the length that any older state sees.
	log       []logged
	logBytes  int64
	logDead   int64 // bytes dropped from log that its array still holds
	compacted int64
}

type logged struct {
	event store.Event
	bytes int64
}

var _ store.Store = (*Store)(nil)

// New returns an empty store. It never fails; the error is there because every
// constructor has one.
func New(o Options) (*Store, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	s := &Store{log: o.Log.WithDefaults(), maxBytes: o.MaxBytes}
	s.state.Store(&state{tree: tree{seed: maphash.MakeSeed()}})
	return s, nil
}

func (s *Store) load(ctx context.Context) (*state, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := s.state.Load()
	if st.closed {
		return nil, store.ErrClosed
	}
	return st, nil
}

// Get is store.Store.Get.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	st, err := s.load(ctx)
	if err != nil {
		return store.Entry{}, err
	}
	e, ok := st.tree.get(key)
	if !ok {
		return store.Entry{}, store.ErrNotFound
	}
	return e, nil
}

// List is store.Store.List.
func (s *Store) List(ctx context.Context, prefix string) (store.Snapshot, error) {
	st, err := s.load(ctx)
	if err != nil {
		return store.Snapshot{}, err
	}
	snap := store.Snapshot{Revision: st.revision}
	ascend(st.tree.root, prefix, func(e store.Entry) bool {
		if !strings.HasPrefix(e.Key, prefix) {
			return false
		}
		snap.Entries = append(snap.Entries, e)
		return len(snap.Entries)%1024 != 0 || ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return store.Snapshot{}, err
	}
	return snap, nil
}

// ListPage is store.Store.ListPage.
func (s *Store) ListPage(ctx context.Context, prefix, after string, limit int) (store.Snapshot, error) {
	st, err := s.load(ctx)
	if err != nil {
		return store.Snapshot{}, err
	}
	limit = store.PageLimit(limit)
	snap := store.Snapshot{Revision: st.revision}
	ascend(st.tree.root, max(prefix, after), func(e store.Entry) bool {
		switch {
		case e.Key == after:
			return true
		case !strings.HasPrefix(e.Key, prefix):
			return false
		case len(snap.Entries) == limit:
			snap.More = true
			return false
		}
		snap.Entries = append(snap.Entries, e)
		return true
	})
	return snap, nil
}

// Txn is store.Store.Txn.
func (s *Store) Txn(ctx context.Context, t store.Txn) (int64, error) {
	if err := t.Validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.load(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range t.Compares {
		if e, _ := st.tree.get(c.Key); e.ModRevision != c.ModRevision {
			return 0, &store.ConflictError{Key: c.Key, Want: c.ModRevision, Got: e.ModRevision}
		}
	}
	next := *st
	next.revision++
	changes, size := next.apply(t)
	if len(changes) == 0 {
		return st.revision, nil
	}
	if next.bytes > s.maxBytes && next.bytes > st.bytes { // what frees room is always let through
		return 0, fmt.Errorf("%w: %d bytes, at most %d", store.ErrFull, next.bytes, s.maxBytes)
	}
	slices.SortFunc(changes, func(a, b store.Change) int { return strings.Compare(a.Key, b.Key) })
	next.record(logged{store.Event{Revision: next.revision, Changes: changes}, size}, s.log)
	s.state.Store(&next)
	s.bell.Ring()
	return next.revision, nil
}

// apply writes the puts and deletes into the tree and returns what has changed
// and how many bytes of keys and values that is.
func (st *state) apply(t store.Txn) ([]store.Change, int64) {
	changes := make([]store.Change, 0, len(t.Puts)+len(t.Deletes))
	var size int64
	for _, p := range t.Puts {
		e := store.Entry{Key: p.Key, Value: bytes.Clone(p.Value), ModRevision: st.revision, CreateRevision: st.revision}
		if e.Value == nil {
			e.Value = []byte{}
		}
		if old, ok := st.tree.get(p.Key); ok {
			e.CreateRevision = old.CreateRevision
			st.bytes -= weight(old)
		}
		st.bytes += weight(e)
		st.tree = st.tree.put(e)
		changes = append(changes, store.Change{Key: p.Key, Value: e.Value})
		size += int64(len(p.Key) + len(p.Value))
	}
	for _, key := range t.Deletes {
		old, ok := st.tree.get(key)
		if !ok {
			continue
		}
		st.bytes -= weight(old)
		st.tree = st.tree.remove(key)
		changes = append(changes, store.Change{Key: key, Deleted: true})
		size += int64(len(key))
	}
	return changes, size
}

// record appends to the change log and drops the oldest revisions over the
// limits.
func (st *state) record(l logged, limits store.LogLimits) {
	st.log = append(st.log, l)
	st.logBytes += l.bytes
	for len(st.log) > 1 && (len(st.log) > limits.Revisions || st.logBytes > limits.Bytes) {
		st.logBytes -= st.log[0].bytes
		st.logDead += st.log[0].bytes
		st.compacted = st.log[0].event.Revision
		st.log = st.log[1:]
	}
	if st.logDead > limits.Bytes { // leave the dropped to the collector
		st.log, st.logDead = slices.Clone(st.log), 0
	}
}

func weight(e store.Entry) int64 { return int64(len(e.Key)+len(e.Value)) + entryOverhead }

// Watch is store.Store.Watch.
func (s *Store) Watch(ctx context.Context, after int64, prefix string) iter.Seq2[store.Event, error] {
	return follow.Watch(ctx, after, func(at int64) (follow.Chunk, error) {
		newer := s.bell.Wait()
		st, err := s.load(ctx)
		if err != nil {
			return follow.Chunk{}, err
		}
		return st.read(at, prefix, newer)
	})
}

func (st *state) read(after int64, prefix string, newer <-chan struct{}) (follow.Chunk, error) {
	after = max(after, 0)
	if after < st.compacted || after > st.revision {
		return follow.Chunk{}, fmt.Errorf("%w: asked for changes after %d, have those after %d up to %d",
			store.ErrCompacted, after, st.compacted, st.revision)
	}
	rest := st.log[after-st.compacted:]
	rest = rest[:min(len(rest), follow.ChunkEvents)]
	chunk := follow.Chunk{Through: after + int64(len(rest)), Newer: newer}
	for _, l := range rest {
		if event, ok := follow.Filter(l.event, prefix); ok {
			chunk.Events = append(chunk.Events, event)
		}
	}
	return chunk, nil
}

// Revision is store.Store.Revision.
func (s *Store) Revision() int64 { return s.state.Load().revision }

// Close is store.Store.Close. It lets go of everything held.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state.Load()
	s.state.Store(&state{revision: st.revision, closed: true})
	s.bell.Ring()
	return nil
}
