package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"drawbridge/store"
	"drawbridge/store/internal/follow"
)

const (
	// chunkBytes ends a chunk of the change log early when its records are large.
	chunkBytes = 1 << 20
	// checkEvery is after how many entries a list looks whether it is still wanted.
	checkEvery = 1024
)

// usable says why the store cannot be used, if so.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	if failure := s.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}

// view runs fn in a read transaction of bbolt, which blocks nobody, and returns
// only once what fn has seen is durable.
func (s *Store) view(ctx context.Context, fn func(tx *bbolt.Tx, st state) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	var seen int64
	err := guard(func() error {
		tx, err := s.db.Begin(false)
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return store.ErrClosed
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		defer func() { _ = tx.Rollback() }()
		st, err := decodeState(tx.Bucket(metaBucket).Get(stateKey))
		if err != nil {
			return err
		}
		seen = st.revision
		return fn(tx, st)
	})
	if err != nil {
		return err
	}
	return s.settle(ctx, seen)
}

// settle waits until a revision is durable. bbolt shows a commit to readers as
// soon as it is written, a moment before it is synced: whoever acted on it could
// find it undone by a power failure, and its revision given to another change.
func (s *Store) settle(ctx context.Context, revision int64) error {
	for s.revision.Load() < revision {
		committed := s.bell.Wait()
		if s.revision.Load() >= revision {
			break
		}
		if err := s.usable(ctx); err != nil {
			return err
		}
		select {
		case <-committed:
		case <-ctx.Done():
		}
	}
	return nil
}

// Get is store.Store.Get.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	var e store.Entry
	err := s.view(ctx, func(tx *bbolt.Tx, _ state) error {
		k := []byte(key)
		record := tx.Bucket(keysBucket).Get(k)
		if record == nil {
			return store.ErrNotFound
		}
		var err error
		e, err = decodeEntry(k, record)
		e.Value = bytes.Clone(e.Value) // out of the memory map
		return err
	})
	if err != nil {
		return store.Entry{}, err
	}
	return e, nil
}

// List is store.Store.List.
func (s *Store) List(ctx context.Context, prefix string) (store.Snapshot, error) {
	return s.list(ctx, span{prefix: prefix, limit: int(^uint(0) >> 1)})
}

// ListPage is store.Store.ListPage.
func (s *Store) ListPage(ctx context.Context, prefix, after string, limit int) (store.Snapshot, error) {
	return s.list(ctx, span{prefix: prefix, after: after, limit: store.PageLimit(limit)})
}

// span is a range of keys: those with the prefix and beyond after, limit at most.
type span struct {
	prefix, after string
	limit         int
}

func (s *Store) list(ctx context.Context, r span) (store.Snapshot, error) {
	var snap store.Snapshot
	err := s.view(ctx, func(tx *bbolt.Tx, st state) error {
		snap.Revision = st.revision
		prefix, after := []byte(r.prefix), []byte(r.after)
		cursor := tx.Bucket(keysBucket).Cursor()
		k, v := cursor.Seek([]byte(max(r.prefix, r.after)))
		if k != nil && len(after) > 0 && bytes.Equal(k, after) {
			k, v = cursor.Next()
		}
		for ; k != nil && bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
			if len(snap.Entries) == r.limit {
				snap.More = true
				return nil
			}
			e, err := decodeEntry(k, v)
			if err != nil {
				return err
			}
			e.Value = bytes.Clone(e.Value) // out of the memory map
			snap.Entries = append(snap.Entries, e)
			if len(snap.Entries)%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		return store.Snapshot{}, err
	}
	return snap, nil
}

// Watch is store.Store.Watch.
func (s *Store) Watch(ctx context.Context, after int64, prefix string) iter.Seq2[store.Event, error] {
	return follow.Watch(ctx, after, func(at int64) (follow.Chunk, error) {
		newer := s.bell.Wait()
		if at == s.revision.Load() { // caught up: no need to open the file
			return follow.Chunk{Newer: newer}, s.usable(ctx)
		}
		chunk := follow.Chunk{Newer: newer}
		err := s.view(ctx, func(tx *bbolt.Tx, st state) error {
			return readLog(tx, st, logRange{max(at, 0), prefix}, &chunk)
		})
		return chunk, err
	})
}

type logRange struct {
	after  int64
	prefix string
}

func readLog(tx *bbolt.Tx, st state, r logRange, chunk *follow.Chunk) error {
	if r.after < st.compacted || r.after > st.revision {
		return fmt.Errorf("%w: asked for changes after %d, have those after %d up to %d",
			store.ErrCompacted, r.after, st.compacted, st.revision)
	}
	chunk.Through = r.after
	size := 0
	cursor := tx.Bucket(logBucket).Cursor()
	for k, v := cursor.Seek(revisionKey(r.after + 1)); k != nil; k, v = cursor.Next() {
		revision, err := parseRevisionKey(k)
		if err != nil {
			return err
		}
		if revision != chunk.Through+1 {
			return fmt.Errorf("change log: %w: revision %d where %d is due", store.ErrCorrupt, revision, chunk.Through+1)
		}
		event, err := decodeEvent(revision, v, r.prefix)
		if err != nil {
			return err
		}
		if len(event.Changes) > 0 {
			chunk.Events = append(chunk.Events, event)
		}
		chunk.Through = revision
		if size += len(v); size >= chunkBytes || revision-r.after >= follow.ChunkEvents {
			break
		}
	}
	return nil
}
