package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

// maxAttempts bounds how often a write is tried again because another process
// has changed what it read.
const maxAttempts = 16

const busyText = "Unable to complete operation due to concurrent modification. Please try again later."

// tx is one optimistic write: every record it reads is compared again when it
// commits, so a change is made to what was read or not at all.
type tx struct {
	ctx      context.Context
	store    store.Store
	limits   Limits
	compares map[string]int64
	raw      map[string][]byte // what read found
	puts     map[string][]byte
	deletes  map[string]bool
}

// write runs change and commits what it asked for, again from the start when a
// record it read has changed meanwhile, and then waits until the result is in
// force. lock names what most other writers of the same records name: they wait
// for each other in this process. change may run several times.
func (s *Service) write(call *api.Call, lock string, change func(t *tx) error) error {
	revision, err := s.commit(call, lock, change)
	if err != nil || revision == 0 {
		return err
	}
	if err := s.published(call, revision); err != nil {
		return fmt.Errorf("wait until revision %d is in force: %w", revision, err)
	}
	return nil
}

// commit returns the revision written, 0 when there was nothing to write.
func (s *Service) commit(call *api.Call, lock string, change func(t *tx) error) (int64, error) {
	stripe := &s.stripes[maphash.String(s.seed, lock)%uint64(len(s.stripes))]
	stripe.Lock()
	defer stripe.Unlock()
	for range maxAttempts {
		t := &tx{
			ctx: call, store: s.store, limits: s.limits,
			compares: map[string]int64{}, raw: map[string][]byte{},
			puts: map[string][]byte{}, deletes: map[string]bool{},
		}
		if err := change(t); err != nil {
			return 0, err
		}
		if len(t.puts)+len(t.deletes) == 0 {
			return 0, nil
		}
		revision, err := s.store.Txn(call, t.txn())
		if err == nil {
			return revision, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return 0, storeError("write", err)
		}
	}
	return 0, apigatewayapi.ConflictException(busyText)
}

func (t *tx) txn() store.Txn {
	var out store.Txn
	for key, revision := range t.compares {
		out.Compares = append(out.Compares, store.Compare{Key: key, ModRevision: revision})
	}
	for key, value := range t.puts {
		out.Puts = append(out.Puts, store.Put{Key: key, Value: value})
	}
	for key := range t.deletes {
		out.Deletes = append(out.Deletes, key)
	}
	return out
}

// read gets the record under ref and holds the transaction to it; nil when
// there is none, and the transaction then holds to that. A record that was read
// before is answered as it was then.
func read[T any](t *tx, ref Ref) (*T, error) {
	key := ref.Key()
	if _, before := t.compares[key]; !before {
		entry, err := get(t.ctx, t.store, key)
		if err != nil {
			return nil, err
		}
		t.compares[key] = entry.ModRevision
		if entry.ModRevision != 0 {
			t.raw[key] = entry.Value
		}
	}
	if t.compares[key] == 0 {
		return nil, nil
	}
	return decode[T](key, t.raw[key])
}

// maxRecordBytes bounds the records beside APIs and deployments; the largest
// member AWS allows them is a key's description of 125000 characters.
const maxRecordBytes = 1 << 20

// put writes record under ref. The limit is AWS's sort of answer to a resource
// that has grown out of bounds, before the store says so.
func (t *tx) put(ref Ref, record any) error {
	key := ref.Key()
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	limit := maxRecordBytes
	switch ref.Kind {
	case KindRestAPI, KindDocumentation:
		limit = t.limits.APIBytes
	case KindDeployment:
		limit = t.limits.APIBytes + 64<<10 // with a description of its own
	}
	if len(value) > limit {
		return apigatewayapi.LimitExceededException(fmt.Sprintf(
			"The definition takes %d bytes, at most %d are allowed.", len(value), limit))
	}
	t.puts[key] = value
	return nil
}

// delete removes the record under ref.
func (t *tx) delete(ref Ref) { t.deletes[ref.Key()] = true }

// touch puts a record that was read again as it is, so that of two transactions
// that touch or delete it only one goes through.
func (t *tx) touch(ref Ref) {
	key := ref.Key()
	if _, changed := t.puts[key]; changed || t.deletes[key] {
		return
	}
	if value, ok := t.raw[key]; ok {
		t.puts[key] = value
	}
}

// load gets the record under ref outside a transaction; nil when there is none.
func load[T any](ctx context.Context, st store.Store, ref Ref) (*T, error) {
	entry, err := get(ctx, st, ref.Key())
	if err != nil || entry.ModRevision == 0 {
		return nil, err
	}
	return decode[T](entry.Key, entry.Value)
}

// get answers the zero Entry for a key that is not there or that no store could
// have (an id that is too long).
func get(ctx context.Context, st store.Store, key string) (store.Entry, error) {
	if store.ValidateKey(key) != nil {
		return store.Entry{}, nil
	}
	entry, err := st.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Entry{}, nil
	case err != nil:
		return store.Entry{}, storeError("read", err)
	}
	return entry, nil
}

func decode[T any](key string, value []byte) (*T, error) {
	record := new(T)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("decode %s: %w", key, err)
	}
	return record, nil
}

// storeError turns what the store says into what a client may be told.
func storeError(doing string, err error) error {
	var answer *api.Error
	switch {
	case errors.Is(err, store.ErrLimit):
		answer = apigatewayapi.LimitExceededException("The definition is larger than can be stored.")
	case errors.Is(err, store.ErrFull):
		answer = apigatewayapi.ServiceUnavailableException("The store is full.")
	default:
		return fmt.Errorf("%s the store: %w", doing, err)
	}
	answer.Cause = err
	return answer
}
