package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"drawbridge/store"
)

// Txn is store.Store.Txn. Writers queue; the one that gets the turn commits for
// all who wait at that moment, each with its own revision, in one bbolt
// transaction: two fsyncs however many they are.
func (s *Store) Txn(ctx context.Context, t store.Txn) (int64, error) {
	if err := t.Validate(); err != nil {
		return 0, err
	}
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	p := newPending(t)
	s.queue.add(p)
	select {
	case s.turn <- struct{}{}:
		for !p.isDone() {
			s.commit(s.queue.take())
		}
		<-s.turn
	case <-p.done:
	case <-ctx.Done():
		if s.queue.withdraw(p) {
			return 0, ctx.Err()
		}
		<-p.done // taken up: the answer comes with the commit
	}
	return p.revision, p.err
}

// commit applies a group and answers everyone in it.
func (s *Store) commit(group []*pending) {
	if err := s.usable(context.Background()); err != nil {
		for _, p := range group {
			p.finish(0, err)
		}
		return
	}
	b := &batch{group: group, answers: make([]answer, len(group))}
	err := guard(func() error { return s.write(b) })
	if err != nil {
		err = s.afterFailure(err)
		for _, p := range group {
			p.finish(0, err)
		}
		return
	}
	if b.state.revision > s.revision.Load() {
		s.logCount, s.logBytes = b.logCount, b.logBytes
		s.revision.Store(b.state.revision)
		s.bell.Ring()
	}
	for i, p := range group {
		p.finish(b.answers[i].revision, b.answers[i].err)
	}
}

// afterFailure decides what a failed commit means. bbolt writes the data pages,
// syncs, writes a meta page, syncs. Before the meta page is written nothing has
// happened: the store goes on (a full disk, say, may have room later). After
// that nobody knows what the disk holds: the store stops, because going on
// could give the same revision to two different changes.
func (s *Store) afterFailure(err error) error {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		err = fmt.Errorf("%w: the data file has reached %d bytes: %w", store.ErrFull, s.o.MaxBytes, err)
	}
	var now int64
	probe := guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			st, err := decodeState(tx.Bucket(metaBucket).Get(stateKey))
			now = st.revision
			return err
		})
	})
	if probe == nil && now == s.revision.Load() && !errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("commit: %w", err)
	}
	err = fmt.Errorf("%w: commit: %w", store.ErrFailed, err)
	s.failure.CompareAndSwap(nil, &err)
	s.bell.Ring()
	return err
}

// batch is one group commit in the making.
type batch struct {
	group   []*pending
	answers []answer // per pending

	meta, keys, log *bbolt.Bucket
	state           state
	logCount        int
	logBytes        int64
}

type answer struct {
	revision int64
	err      error
}

func (s *Store) write(b *batch) (err error) {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	b.meta, b.keys, b.log = tx.Bucket(metaBucket), tx.Bucket(keysBucket), tx.Bucket(logBucket)
	b.log.FillPercent = 0.9 // it is only ever appended to
	b.logCount, b.logBytes = s.logCount, s.logBytes
	if b.state, err = decodeState(b.meta.Get(stateKey)); err != nil {
		return err
	}
	before := b.state.revision
	for i, p := range b.group {
		event, err := b.plan(p.txn)
		if err != nil { // nothing of it is written yet: only this one fails
			b.answers[i].err = err
			continue
		}
		if err := b.apply(event); err != nil {
			return err
		}
		b.answers[i].revision = b.state.revision
	}
	if b.state.revision == before {
		return nil
	}
	if err := b.compact(s.o.Log); err != nil {
		return err
	}
	if err := b.meta.Put(stateKey, encodeState(b.state)); err != nil {
		return err
	}
	return tx.Commit()
}

// planned is a transaction that holds: what it changes, and the entries to put.
type planned struct {
	event   store.Event
	entries []store.Entry
}

// plan reads all that a transaction depends on and writes nothing.
func (b *batch) plan(t store.Txn) (planned, error) {
	for _, c := range t.Compares {
		e, err := b.entry(c.Key)
		if err != nil {
			return planned{}, err
		}
		if e.ModRevision != c.ModRevision {
			return planned{}, &store.ConflictError{Key: c.Key, Want: c.ModRevision, Got: e.ModRevision}
		}
	}
	p := planned{event: store.Event{Revision: b.state.revision + 1}}
	for _, put := range t.Puts {
		e, err := b.entry(put.Key)
		if err != nil {
			return planned{}, err
		}
		if e.CreateRevision == 0 {
			e.CreateRevision = p.event.Revision
		}
		p.entries = append(p.entries, store.Entry{Key: put.Key, Value: put.Value,
			ModRevision: p.event.Revision, CreateRevision: e.CreateRevision})
		p.event.Changes = append(p.event.Changes, store.Change{Key: put.Key, Value: put.Value})
	}
	for _, key := range t.Deletes {
		if b.keys.Get([]byte(key)) != nil {
			p.event.Changes = append(p.event.Changes, store.Change{Key: key, Deleted: true})
		}
	}
	slices.SortFunc(p.event.Changes, func(x, y store.Change) int { return strings.Compare(x.Key, y.Key) })
	return p, nil
}

// entry returns what is under key, or the zero entry.
func (b *batch) entry(key string) (store.Entry, error) {
	record := b.keys.Get([]byte(key))
	if record == nil {
		return store.Entry{}, nil
	}
	return decodeEntry([]byte(key), record)
}

func (b *batch) apply(p planned) error {
	if len(p.event.Changes) == 0 {
		return nil
	}
	for _, e := range p.entries {
		if err := b.keys.Put([]byte(e.Key), encodeEntry(e)); err != nil {
			return err
		}
	}
	for _, c := range p.event.Changes {
		if c.Deleted {
			if err := b.keys.Delete([]byte(c.Key)); err != nil {
				return err
			}
		}
	}
	record := encodeEvent(p.event)
	b.state.revision = p.event.Revision
	b.logCount++
	b.logBytes += int64(len(record))
	return b.log.Put(revisionKey(p.event.Revision), record)
}

// compact drops the oldest revisions until the change log is within its limits.
func (b *batch) compact(limits store.LogLimits) error {
	for b.logCount > 1 && (b.logCount > limits.Revisions || b.logBytes > limits.Bytes) {
		oldest := revisionKey(b.state.compacted + 1)
		record := b.log.Get(oldest)
		if record == nil {
			return fmt.Errorf("change log: %w: revision %d is missing", store.ErrCorrupt, b.state.compacted+1)
		}
		b.logBytes -= int64(len(record))
		b.logCount--
		b.state.compacted++
		if err := b.log.Delete(oldest); err != nil {
			return err
		}
	}
	return nil
}
