package cloudfront

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// maxAttempts bounds how often an operation starts anew because another one
// changed what it had read. Each time at least one other made progress.
const maxAttempts = 100

// change is a transaction in the making.
type change struct {
	txn store.Txn
	err error // of the first record that could not be encoded
}

// expect demands that key is still at revision when the change is made; 0: absent.
func (c *change) expect(key string, revision int64) {
	c.txn.Compares = append(c.txn.Compares, store.Compare{Key: key, ModRevision: revision})
}

// put writes a record as JSON.
func (c *change) put(key string, record any) {
	value, err := json.Marshal(record)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("encode %s: %w", key, err)
	}
	c.txn.Puts = append(c.txn.Puts, store.Put{Key: key, Value: value})
}

// create writes an index entry that must not exist yet.
func (c *change) create(key, value string) {
	c.expect(key, 0)
	c.txn.Puts = append(c.txn.Puts, store.Put{Key: key, Value: []byte(value)})
}

func (c *change) delete(keys ...string) { c.txn.Deletes = append(c.txn.Deletes, keys...) }

// write makes the change that attempt describes, and waits for it to be
// published. When something that attempt read has changed meanwhile, attempt
// is called again with a fresh change. The revision is 0 when nothing was
// written.
func (s *Service) write(ctx context.Context, attempt func(*change) error) (int64, error) {
	for range maxAttempts {
		c := &change{}
		if err := attempt(c); err != nil {
			return 0, err
		}
		if c.err != nil {
			return 0, internalError(c.err)
		}
		revision, err := s.store.Txn(ctx, c.txn)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return 0, storeError(err)
		}
		if err := s.published(ctx, revision); err != nil {
			return revision, internalError(fmt.Errorf("publish revision %d: %w", revision, err))
		}
		return revision, nil
	}
	return 0, internalError(errors.New("gave up after many conflicting changes"))
}

// read returns the record under key and its revision; nil and 0 when there is none.
func read[R any](ctx context.Context, s *Service, key string) (*R, int64, error) {
	entry, err := s.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) || tooLong(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, storeError(err)
	}
	record, err := Decode[R](entry.Key, entry.Value)
	if err != nil {
		return nil, 0, internalError(err)
	}
	return record, entry.ModRevision, nil
}

// revision returns when key was last put; 0 when there is nothing.
func (s *Service) revision(ctx context.Context, key string) (int64, error) {
	entry, err := s.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) || tooLong(err) {
		return 0, nil
	}
	if err != nil {
		return 0, storeError(err)
	}
	return entry.ModRevision, nil
}

// readIndex returns the value of an index entry; "" when there is none.
func (s *Service) readIndex(ctx context.Context, key string) (string, int64, error) {
	entry, err := s.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) || tooLong(err) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, storeError(err)
	}
	return string(entry.Value), entry.ModRevision, nil
}

// tooLong: a key that is too long for the store is the key of nothing.
func tooLong(err error) bool { return errors.Is(err, store.ErrLimit) }

// storeError answers for a store that does not do its work.
func storeError(err error) error {
	if errors.Is(err, store.ErrLimit) {
		answer := cloudfrontapi.EntitySizeLimitExceeded("The entity size limit was exceeded.")
		answer.Cause = err
		return answer
	}
	return internalError(fmt.Errorf("store: %w", err))
}

// internalError answers AWS's own text (reference/cloudfront.md 1.7); the
// cause is for the log.
func internalError(cause error) error {
	answer := cloudfrontapi.ServiceUnavailable("CloudFront encountered an internal error. Please try again.")
	answer.Cause = cause
	return answer
}
