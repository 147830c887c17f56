package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"drawbridge/store"
)

func testPutGetListDelete(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	_, err := s.Get(ctx, "a")
	wantError(t, "get of an empty store", err, store.ErrNotFound)
	if got, err := s.List(ctx, ""); err != nil || len(got.Entries) != 0 || got.Revision != 0 {
		t.Fatalf("list of an empty store: %+v, %v", got, err)
	}
	put(t, s, "b/2", "two")
	put(t, s, "b/1", "one")
	put(t, s, "a", "")
	put(t, s, "c", "\x00\xff")
	put(t, s, "b", "bare")
	put(t, s, "b/2", "zwei")
	for _, c := range []struct{ prefix, want string }{
		{"", "a=@3.3 b=bare@5.5 b/1=one@2.2 b/2=zwei@1.6 c=\x00\xff@4.4 "},
		{"b", "b=bare@5.5 b/1=one@2.2 b/2=zwei@1.6 "},
		{"b/", "b/1=one@2.2 b/2=zwei@1.6 "},
		{"b/2", "b/2=zwei@1.6 "},
		{"b/3", ""},
		{"bb", ""},
		{"d", ""},
	} {
		got, err := s.List(ctx, c.prefix)
		if err != nil || show(got.Entries) != c.want || got.Revision != 6 || got.More {
			t.Errorf("list %q: %q at %d, %v; want %q at 6", c.prefix, show(got.Entries), got.Revision, err, c.want)
		}
	}
	e, err := s.Get(ctx, "a")
	if err != nil || e.Value == nil || len(e.Value) != 0 {
		t.Errorf("an empty value came back as %#v, %v", e.Value, err)
	}
	for _, missing := range []string{"b/", "", "a\x00", "A"} {
		_, err = s.Get(ctx, missing)
		wantError(t, fmt.Sprintf("get %q", missing), err, store.ErrNotFound)
	}
	txn(t, s, store.Txn{Deletes: []string{"b/2", "nothing"}})
	_, err = s.Get(ctx, "b/2")
	wantError(t, "get of a deleted key", err, store.ErrNotFound)
	put(t, s, "b/2", "again")
	if e, err = s.Get(ctx, "b/2"); err != nil || show([]store.Entry{e}) != "b/2=again@8.8 " {
		t.Errorf("a key put after its deletion: %s, %v", show([]store.Entry{e}), err)
	}
}

func testPages(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	var all store.Txn
	for i := range 25 {
		all.Puts = append(all.Puts, store.Put{Key: fmt.Sprintf("p/%02d", i), Value: []byte("v")})
	}
	all.Puts = append(all.Puts, store.Put{Key: "o"}, store.Put{Key: "p"}, store.Put{Key: "q"})
	txn(t, s, all)
	for _, limit := range []int{1, 7, 24, 25, 26, 0, -1, store.MaxPage + 1} {
		var keys []string
		for after, more := "", true; more; {
			page, err := s.ListPage(ctx, "p/", after, limit)
			if err != nil || page.Revision != 1 {
				t.Fatalf("page of %d after %q: revision %d, %v", limit, after, page.Revision, err)
			}
			if limit > 0 && len(page.Entries) > limit {
				t.Fatalf("page of %d has %d entries", limit, len(page.Entries))
			}
			for _, e := range page.Entries {
				keys = append(keys, e.Key)
				after = e.Key
			}
			more = page.More
		}
		if len(keys) != 25 || keys[0] != "p/00" || keys[24] != "p/24" {
			t.Errorf("pages of %d: %q", limit, keys)
		}
	}
	for _, c := range []struct{ after, first string }{
		{"p/03x", "p/04"}, {"p/24", ""}, {"p", "p/00"}, {"a", "p/00"}, {"z", ""},
	} {
		page, err := s.ListPage(ctx, "p/", c.after, 1)
		first := ""
		if len(page.Entries) > 0 {
			first = page.Entries[0].Key
		}
		if err != nil || first != c.first {
			t.Errorf("page after %q starts with %q, want %q (%v)", c.after, first, c.first, err)
		}
	}
}

func testCompare(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	put(t, s, "a", "1")
	put(t, s, "b", "1")
	for _, c := range []struct {
		name     string
		compares []store.Compare
		want     *store.ConflictError // nil: it holds
	}{
		{"absent holds", []store.Compare{{Key: "new"}}, nil},
		{"present holds", []store.Compare{{Key: "b", ModRevision: 2}}, nil},
		{"absent, but there", []store.Compare{{Key: "a"}}, &store.ConflictError{Key: "a", Want: 0, Got: 1}},
		{"present, but gone", []store.Compare{{Key: "x", ModRevision: 1}}, &store.ConflictError{Key: "x", Want: 1, Got: 0}},
		{"older", []store.Compare{{Key: "b", ModRevision: 1}}, &store.ConflictError{Key: "b", Want: 1, Got: 2}},
		{"newer", []store.Compare{{Key: "b", ModRevision: 3}}, &store.ConflictError{Key: "b", Want: 3, Got: 2}},
		{"second fails", []store.Compare{{Key: "a", ModRevision: 1}, {Key: "b"}}, &store.ConflictError{Key: "b", Want: 0, Got: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := s.Revision()
			key := "written/" + c.name
			revision, err := s.Txn(ctx, store.Txn{Compares: c.compares, Puts: []store.Put{{Key: key}}})
			_, got := s.Get(ctx, key)
			if c.want == nil {
				if err != nil || got != nil || revision != before+1 {
					t.Fatalf("revision %d, %v; then get: %v", revision, err, got)
				}
				return
			}
			var conflict *store.ConflictError
			if !errors.As(err, &conflict) || !errors.Is(err, store.ErrConflict) || *conflict != *c.want {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			wantError(t, "get after a conflict", got, store.ErrNotFound)
			if s.Revision() != before {
				t.Fatalf("a conflict moved the revision from %d to %d", before, s.Revision())
			}
		})
	}
}

func testRevisions(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	if s.Revision() != 0 {
		t.Fatalf("an empty store is at revision %d", s.Revision())
	}
	step := func(what string, x store.Txn, want int64) {
		t.Helper()
		if got := txn(t, s, x); got != want || s.Revision() != want {
			t.Fatalf("%s: answered %d, store at %d, want %d", what, got, s.Revision(), want)
		}
	}
	a := store.Put{Key: "a", Value: []byte("1")}
	step("nothing", store.Txn{}, 0)
	step("a delete of nothing", store.Txn{Deletes: []string{"x"}}, 0)
	step("a put", store.Txn{Puts: []store.Put{a}}, 1)
	step("the same put", store.Txn{Puts: []store.Put{a}}, 2)
	step("a compare alone", store.Txn{Compares: []store.Compare{{Key: "a", ModRevision: 2}}}, 2)
	step("many puts", store.Txn{Puts: []store.Put{a, {Key: "b"}, {Key: "c"}}, Deletes: []string{"x"}}, 3)
	step("a delete", store.Txn{Deletes: []string{"b"}}, 4)
	got, err := s.List(ctx, "")
	if err != nil || got.Revision != 4 || show(got.Entries) != "a=1@1.3 c=@3.3 " {
		t.Fatalf("at %d: %q, %v", got.Revision, show(got.Entries), err)
	}
	if b.Reopen == nil {
		return
	}
	s = b.Reopen(t, s, store.LogLimits{})
	again, err := s.List(ctx, "")
	if err != nil || again.Revision != 4 || s.Revision() != 4 || show(again.Entries) != show(got.Entries) {
		t.Fatalf("reopened at %d: %q, %v", again.Revision, show(again.Entries), err)
	}
	step("a put after reopening", store.Txn{Puts: []store.Put{a}}, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func testValuesAreCopied(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	value := []byte("before")
	txn(t, s, store.Txn{Puts: []store.Put{{Key: "a", Value: value}}})
	copy(value, "AFTER!")
	old, err := s.Get(ctx, "a")
	if err != nil || string(old.Value) != "before" {
		t.Fatalf("the caller's buffer is the store's value: %q, %v", old.Value, err)
	}
	if got := events(t, s, watched{0, ""}, 1); got[0] != "1: a=before" {
		t.Fatalf("the caller's buffer is in the change log: %q", got)
	}
	for i := range 100 { // what was read stays as it was, whatever becomes of the pages it came from
		put(t, s, "a", strings.Repeat("x", i*100))
	}
	if string(old.Value) != "before" {
		t.Fatalf("a value read earlier has become %q", old.Value)
	}
}

func testLimits(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	puts := func(n, size int) []store.Put {
		all := make([]store.Put, n)
		value := make([]byte, size)
		for i := range all {
			all[i] = store.Put{Key: fmt.Sprintf("k%d", i), Value: value}
		}
		return all
	}
	long := strings.Repeat("k", store.MaxKeyBytes+1)
	for _, c := range []struct {
		name string
		txn  store.Txn
		want error
	}{
		{"key", store.Txn{Puts: []store.Put{{Key: long}}}, store.ErrLimit},
		{"key of a delete", store.Txn{Deletes: []string{long}}, store.ErrLimit},
		{"key of a compare", store.Txn{Compares: []store.Compare{{Key: long}}}, store.ErrLimit},
		{"value", store.Txn{Puts: puts(1, store.MaxValueBytes+1)}, store.ErrLimit},
		{"operations", store.Txn{Puts: puts(store.MaxTxnOps, 0), Deletes: []string{"z"}}, store.ErrLimit},
		{"compares", store.Txn{Compares: make([]store.Compare, store.MaxTxnOps+1)}, store.ErrLimit},
		{"transaction", store.Txn{Puts: puts(9, store.MaxValueBytes)}, store.ErrLimit},
		{"empty key", store.Txn{Puts: []store.Put{{}}}, store.ErrInvalid},
		{"empty key of a delete", store.Txn{Deletes: []string{""}}, store.ErrInvalid},
		{"empty key of a compare", store.Txn{Compares: []store.Compare{{}}}, store.ErrInvalid},
		{"negative compare", store.Txn{Compares: []store.Compare{{Key: "a", ModRevision: -1}}}, store.ErrInvalid},
		{"put twice", store.Txn{Puts: []store.Put{{Key: "a"}, {Key: "a"}}}, store.ErrInvalid},
		{"put and deleted", store.Txn{Puts: []store.Put{{Key: "a"}}, Deletes: []string{"a"}}, store.ErrInvalid},
		{"deleted twice", store.Txn{Deletes: []string{"a", "a"}}, store.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Txn(ctx, c.txn)
			wantError(t, "txn", err, c.want)
			var limit *store.LimitError
			if c.want == store.ErrLimit && (!errors.As(err, &limit) || limit.Got <= limit.Max) {
				t.Fatalf("error %#v", err)
			}
		})
	}
	if s.Revision() != 0 {
		t.Fatalf("a refused transaction made revision %d", s.Revision())
	}
}

// testLargestTransaction writes exactly what the limits allow.
func testLargestTransaction(t *testing.T, b Backend) {
	s, ctx := open(t, b, store.LogLimits{}), background(t)
	key := strings.Repeat("k", store.MaxKeyBytes)
	value := make([]byte, store.MaxValueBytes)
	for i := range value {
		value[i] = byte(i >> 8)
	}
	txn(t, s, store.Txn{Puts: []store.Put{{Key: key, Value: value}}})
	e, err := s.Get(ctx, key)
	if err != nil || string(e.Value) != string(value) {
		t.Fatalf("the largest value came back with %d bytes, %v", len(e.Value), err)
	}
	var many store.Txn
	for i := range store.MaxTxnOps {
		many.Puts = append(many.Puts, store.Put{Key: fmt.Sprintf("many/%04d", i), Value: value[:100]})
		many.Compares = append(many.Compares, store.Compare{Key: many.Puts[i].Key})
	}
	txn(t, s, many)
	if got, err := s.List(ctx, "many/"); err != nil || len(got.Entries) != store.MaxTxnOps {
		t.Fatalf("%d entries of the largest transaction, %v", len(got.Entries), err)
	}
	var gone store.Txn
	for _, p := range many.Puts {
		gone.Deletes = append(gone.Deletes, p.Key)
	}
	txn(t, s, gone)
	if got, err := s.List(ctx, ""); err != nil || len(got.Entries) != 1 {
		t.Fatalf("%d entries left, %v", len(got.Entries), err)
	}
}
