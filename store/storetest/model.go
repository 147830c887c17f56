package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drawbridge/store"
)

// model is a store in the plainest words: a map, and a list of all that
// happened.
type model struct {
	entries  map[string]store.Entry
	history  []store.Event
	revision int64
}

func (m *model) txn(x store.Txn) (int64, error) {
	for _, c := range x.Compares {
		if got := m.entries[c.Key].ModRevision; got != c.ModRevision {
			return 0, &store.ConflictError{Key: c.Key, Want: c.ModRevision, Got: got}
		}
	}
	next := m.revision + 1
	event := store.Event{Revision: next}
	for _, p := range x.Puts {
		e := store.Entry{Key: p.Key, Value: p.Value, ModRevision: next, CreateRevision: next}
		if old, ok := m.entries[p.Key]; ok {
			e.CreateRevision = old.CreateRevision
		}
		m.entries[p.Key] = e
		event.Changes = append(event.Changes, store.Change{Key: p.Key, Value: p.Value})
	}
	for _, key := range x.Deletes {
		if _, ok := m.entries[key]; ok {
			delete(m.entries, key)
			event.Changes = append(event.Changes, store.Change{Key: key, Deleted: true})
		}
	}
	if len(event.Changes) > 0 {
		slices.SortFunc(event.Changes, func(a, b store.Change) int { return strings.Compare(a.Key, b.Key) })
		m.history = append(m.history, event)
		m.revision = next
	}
	return m.revision, nil
}

func (m *model) list(prefix, after string) []store.Entry {
	var found []store.Entry
	for key, e := range m.entries {
		if strings.HasPrefix(key, prefix) && (after == "" || key > after) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b store.Entry) int { return strings.Compare(a.Key, b.Key) })
	return found
}

func (m *model) events(after int64, prefix string) []string {
	var found []string
	for _, e := range m.history[after:] {
		kept := store.Event{Revision: e.Revision}
		for _, c := range e.Changes {
			if strings.HasPrefix(c.Key, prefix) {
				kept.Changes = append(kept.Changes, c)
			}
		}
		if len(kept.Changes) > 0 {
			found = append(found, showEvent(kept))
		}
	}
	return found
}

// run is a store beside its model.
type run struct {
	backend Backend
	limits  store.LogLimits
	t       *testing.T
	store   store.Store
	model   model
}

// testModel does random things to a store and to its model, and compares.
func testModel(t *testing.T, b Backend) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := store.LogLimits{Revisions: rapid.IntRange(1, 30).Draw(rt, "log revisions")}
		r := &run{backend: b, limits: limits, t: t, store: b.Open(t, limits)}
		r.model.entries = map[string]store.Entry{}
		defer func() { _ = r.store.Close() }()
		actions := map[string]func(*rapid.T){
			"txn":   r.txn,
			"txn2":  r.txn,
			"get":   r.get,
			"list":  r.list,
			"page":  r.page,
			"watch": r.watch,
			"":      r.revision,
		}
		if b.Reopen != nil {
			actions["reopen"] = func(*rapid.T) { r.store = b.Reopen(t, r.store, limits) }
		}
		rt.Repeat(actions)
	})
}

var keyGen = rapid.OneOf(
	rapid.SampledFrom([]string{"a", "a/1", "a/2", "a/2/x", "b", "b/1", "c\xff", "c\xff\xff", "d"}),
	rapid.StringMatching(`[ab]/[0-9]{1,2}`),
)

var prefixGen = rapid.SampledFrom([]string{"", "a", "a/", "a/2", "b", "c\xff", "d", "e"})

func (r *run) txn(rt *rapid.T) {
	var x store.Txn
	keys := rapid.SliceOfNDistinct(keyGen, 0, 6, rapid.ID[string]).Draw(rt, "keys")
	for _, key := range keys {
		if rapid.IntRange(0, 2).Draw(rt, "delete") == 0 {
			x.Deletes = append(x.Deletes, key)
			continue
		}
		size := rapid.SampledFrom([]int{0, 1, 10, 200, 5000, 20000}).Draw(rt, "size")
		value := fmt.Sprintf("%d:%s", r.model.revision, strings.Repeat("v", size))
		x.Puts = append(x.Puts, store.Put{Key: key, Value: []byte(value)})
	}
	for range rapid.IntRange(0, 2).Draw(rt, "compares") {
		key := keyGen.Draw(rt, "compared")
		c := store.Compare{Key: key, ModRevision: r.model.entries[key].ModRevision}
		if rapid.IntRange(0, 3).Draw(rt, "wrong") == 0 {
			c.ModRevision = rapid.Int64Range(0, r.model.revision+1).Draw(rt, "revision")
		}
		x.Compares = append(x.Compares, c)
	}
	got, err := r.store.Txn(context.Background(), x)
	want, wantErr := r.model.txn(x)
	if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
		rt.Fatalf("txn: revision %d, %v; want %d, %v", got, err, want, wantErr)
	}
}

func (r *run) get(rt *rapid.T) {
	key := keyGen.Draw(rt, "key")
	got, err := r.store.Get(context.Background(), key)
	want, ok := r.model.entries[key]
	if !ok {
		if !errors.Is(err, store.ErrNotFound) {
			rt.Fatalf("get %q: %v, want not found", key, err)
		}
		return
	}
	if err != nil || show([]store.Entry{got}) != show([]store.Entry{want}) {
		rt.Fatalf("get: %s, %v; want %s", show([]store.Entry{got}), err, show([]store.Entry{want}))
	}
}

func (r *run) list(rt *rapid.T) {
	prefix := prefixGen.Draw(rt, "prefix")
	got, err := r.store.List(context.Background(), prefix)
	want := r.model.list(prefix, "")
	if err != nil || got.Revision != r.model.revision || show(got.Entries) != show(want) || got.More {
		rt.Fatalf("list %q at %d: %s, %v; want at %d: %s", prefix, got.Revision, show(got.Entries), err, r.model.revision, show(want))
	}
}

func (r *run) page(rt *rapid.T) {
	prefix, limit := prefixGen.Draw(rt, "prefix"), rapid.IntRange(1, 5).Draw(rt, "limit")
	after := rapid.OneOf(rapid.Just(""), keyGen).Draw(rt, "after")
	got, err := r.store.ListPage(context.Background(), prefix, after, limit)
	all := r.model.list(prefix, after)
	want := all[:min(limit, len(all))]
	if err != nil || got.Revision != r.model.revision || show(got.Entries) != show(want) || got.More != (len(all) > limit) {
		rt.Fatalf("page of %q after %q: %s more %t, %v; want %s of %d", prefix, after, show(got.Entries), got.More, err, show(want), len(all))
	}
}

func (r *run) watch(rt *rapid.T) {
	if r.model.revision == 0 {
		return
	}
	after := rapid.Int64Range(0, r.model.revision).Draw(rt, "after")
	prefix := prefixGen.Draw(rt, "prefix")
	reaches := r.model.revision-after <= int64(r.limits.Revisions)
	want := r.model.events(after, prefix)
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	if len(want) == 0 && reaches { // it would wait: see only that it does not end otherwise
		cancel()
	}
	var got []string
	for e, err := range r.store.Watch(ctx, after, prefix) {
		if errors.Is(err, store.ErrCompacted) && !reaches {
			return
		}
		if errors.Is(err, context.Canceled) && len(want) == 0 {
			return
		}
		if err != nil || !reaches {
			rt.Fatalf("watch %q after %d of %d, log of %d: %s, %v", prefix, after, r.model.revision, r.limits.Revisions, showEvent(e), err)
		}
		if got = append(got, showEvent(e)); len(got) == len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("watch %q after %d: %q, want %q", prefix, after, got, want)
	}
}

func (r *run) revision(rt *rapid.T) {
	if got := r.store.Revision(); got != r.model.revision {
		rt.Fatalf("revision %d, want %d", got, r.model.revision)
	}
}
