package apigateway

import (
	"drawbridge/controlplane/api"
)

// accountRef names a record of the caller's account and region.
func accountRef(call *api.Call, kind Kind, id string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: kind, ID: id}
}

// loadRecord reads a record; missing is the answer when there is none.
func loadRecord[R any](s *Service, call *api.Call, ref Ref, missing error) (*R, error) {
	rec, err := load[R](call, s.store, ref)
	if err == nil && rec == nil {
		err = missing
	}
	return rec, err
}

// recordEdit is a change of one record that exists.
type recordEdit[R any] struct {
	ref     Ref
	missing error // the answer when it does not exist
	change  func(t *tx, rec *R) error
}

func editRecord[R any](s *Service, call *api.Call, e recordEdit[R]) error {
	return s.write(call, e.ref.Key(), func(t *tx) error {
		rec, err := read[R](t, e.ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return e.missing
		}
		if err := e.change(t, rec); err != nil {
			return err
		}
		return t.put(e.ref, rec)
	})
}

// checkCount refuses one more record of a kind than the account may have. It
// counts outside the transaction: quotas are not references.
func (s *Service) checkCount(call *api.Call, kind Kind, most int, what string) error {
	n, err := count(call, s.store, Prefix(call.Account, call.Region, kind))
	if err == nil && n >= most {
		err = tooMany(what, "account")
	}
	return err
}

// mapPage cuts a page out of a map in the order of its keys; keep may be nil.
func mapPage[T any](p page, entries map[string]T, keep func(*T) bool) ([]T, *string) {
	keys := []string{}
	for _, key := range sortedKeys(entries) {
		entry := entries[key]
		if keep == nil || keep(&entry) {
			keys = append(keys, key)
		}
	}
	keys, next := slice(p, keys, func(key *string) string { return *key })
	out := make([]T, 0, len(keys))
	for _, key := range keys {
		out = append(out, entries[key])
	}
	return out, next
}

// freshChildID draws an id for a part of an API.
func freshChildID[T any](s *Service, taken map[string]T) (string, error) {
	return s.freshID(childIDLength, func(id string) (bool, error) {
		_, used := taken[id]
		return used, nil
	})
}

// deleteRecord removes a record that exists.
func deleteRecord[R any](s *Service, call *api.Call, ref Ref, missing error) error {
	return s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[R](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return missing
		}
		t.delete(ref)
		return nil
	})
}
