package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"drawbridge/store"
	"drawbridge/store/bolt"
	"drawbridge/store/storetest"
)

func TestMain(m *testing.M) {
	if child() { // this process is a writer that a test means to kill or to trace
		return
	}
	goleak.VerifyTestMain(m)
}

const dataFile = "drawbridge.db"

func open(t testing.TB, o bolt.Options) *bolt.Store {
	t.Helper()
	s, err := bolt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s store.Store, key, value string) {
	t.Helper()
	if _, err := s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: key, Value: []byte(value)}}}); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t testing.TB, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	dirs := map[store.Store]string{}
	openIn := func(t *testing.T, dir string, log store.LogLimits) store.Store {
		s := open(t, bolt.Options{Dir: dir, Log: log})
		dirs[s] = dir
		return s
	}
	storetest.Run(t, storetest.Backend{
		Open: func(t *testing.T, log store.LogLimits) store.Store { return openIn(t, t.TempDir(), log) },
		Reopen: func(t *testing.T, s store.Store, log store.LogLimits) store.Store {
			closeStore(t, s)
			return openIn(t, dirs[s], log)
		},
	})
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := open(t, bolt.Options{Dir: dir})
	put(t, s, "a", "1")
	closeStore(t, s)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(dir, dataFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want the data file alone", entries, err)
	}
	if _, err := bolt.New(bolt.Options{}); err == nil {
		t.Error("no folder given, and no error")
	}
	if _, err := bolt.New(bolt.Options{Dir: filepath.Join(dir, dataFile)}); err == nil {
		t.Error("a file given as folder, and no error")
	}
}

// TestUnfinishedCreation: what a process leaves that died while it made the
// file is no obstacle.
func TestUnfinishedCreation(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, dataFile+".new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, bolt.Options{Dir: dir})
	defer closeStore(t, s)
	put(t, s, "a", "1")
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, bolt.Options{Dir: dir})
	_, err := bolt.New(bolt.Options{Dir: dir, LockTimeout: time.Millisecond})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "data folder in use") {
		t.Fatalf("second store: %v", err)
	}
	put(t, s, "a", "1") // the first one has not noticed
	closeStore(t, s)
	s = open(t, bolt.Options{Dir: dir})
	closeStore(t, s)

	// bbolt's own tools hold only bbolt's lock.
	db, err := bbolt.Open(filepath.Join(dir, dataFile), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := bolt.New(bolt.Options{Dir: dir, LockTimeout: time.Millisecond}); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("store beside bbolt's tools: %v", err)
	}
}

// TestSimultaneousStart: of many that start in the same new folder exactly one
// gets it.
func TestSimultaneousStart(t *testing.T) {
	dir := t.TempDir()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		have []*bolt.Store
	)
	for range 8 {
		wg.Go(func() {
			s, err := bolt.New(bolt.Options{Dir: dir, LockTimeout: time.Millisecond})
			if err != nil {
				if !errors.Is(err, store.ErrLocked) {
					t.Errorf("start: %v", err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			have = append(have, s)
		})
	}
	wg.Wait()
	if len(have) != 1 {
		t.Fatalf("%d stores have the folder", len(have))
	}
	put(t, have[0], "a", "1")
	closeStore(t, have[0])
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*bbolt.Tx) error
		want   error
		text   string
	}{
		{"newer", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("meta")).Put([]byte("format"), binary.BigEndian.AppendUint64(nil, 2))
		}, store.ErrFormat, "has format 2, this build reads format 1"},
		{"no version", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("meta")).Delete([]byte("format"))
		}, store.ErrFormat, "no format version"},
		{"not ours", func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("meta")) }, store.ErrFormat, "not one of drawbridge"},
		{"no keys", func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("keys")) }, store.ErrCorrupt, "bucket is missing"},
		{"no state", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("meta")).Delete([]byte("state"))
		}, store.ErrCorrupt, "revision counter"},
		{"log ends early", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("log")).Delete(binary.BigEndian.AppendUint64(nil, 3))
		}, store.ErrCorrupt, "it ends at revision 2, the store is at 3"},
		{"log has a gap", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("log")).Delete(binary.BigEndian.AppendUint64(nil, 2))
		}, store.ErrCorrupt, "revision 3 where 2 is due"},
		{"log has a strange key", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("log")).Put([]byte("x"), nil)
		}, store.ErrCorrupt, "key of 1 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, bolt.Options{Dir: dir})
			for _, key := range []string{"a", "b", "c"} {
				put(t, s, key, "v")
			}
			closeStore(t, s)
			change(t, dir, c.change)
			_, err := bolt.New(bolt.Options{Dir: dir})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), dataFile) {
				t.Fatalf("error %v, want %v with %q and the file's name", err, c.want, c.text)
			}
		})
	}
}

// change edits a closed data file with bbolt's own means.
func change(t *testing.T, dir string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, dataFile), 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestNotADataFile(t *testing.T) {
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "zeros": make([]byte, 1<<16), "ones": bytes.Repeat([]byte{255}, 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, dataFile)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := bolt.New(bolt.Options{Dir: dir})
			if !errors.Is(err, store.ErrCorrupt) {
				t.Fatalf("error %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Fatalf("the file was changed: %v", err)
			}
		})
	}
}

// TestDamagedValue flips one bit of a value: that key, and only it, is refused.
func TestDamagedValue(t *testing.T) {
	dir := t.TempDir()
	s := open(t, bolt.Options{Dir: dir})
	put(t, s, "good", "GOODVALUE")
	put(t, s, "bad", "BADVALUE")
	closeStore(t, s)
	change(t, dir, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("keys"))
		v := bytes.Clone(b.Get([]byte("bad")))
		v[len(v)-1] ^= 1
		return b.Put([]byte("bad"), v)
	})
	s = open(t, bolt.Options{Dir: dir})
	defer closeStore(t, s)
	if _, err := s.Get(t.Context(), "bad"); !errors.Is(err, store.ErrCorrupt) || strings.Contains(err.Error(), "BADVALU") {
		t.Errorf("get of a damaged value: %v", err)
	}
	if _, err := s.List(t.Context(), ""); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("list over a damaged value: %v", err)
	}
	_, err := s.Txn(t.Context(), store.Txn{Compares: []store.Compare{{Key: "bad", ModRevision: 2}}})
	if !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("compare with a damaged value: %v", err)
	}
	if e, err := s.Get(t.Context(), "good"); err != nil || string(e.Value) != "GOODVALUE" {
		t.Errorf("its neighbour: %q, %v", e.Value, err)
	}
	put(t, s, "good", "still works")
	if _, err := s.Txn(t.Context(), store.Txn{Deletes: []string{"bad"}}); err != nil {
		t.Errorf("delete of a damaged value: %v", err)
	}
}

// TestCutShortWhileOpen takes the file away under a running store, as a failing
// disk does: errors, no crash, and Close comes back.
func TestCutShortWhileOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, bolt.Options{Dir: dir})
	for i := range 100 {
		put(t, s, fmt.Sprint(i), strings.Repeat("v", 5000))
	}
	if err := os.Truncate(filepath.Join(dir, dataFile), 8192); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), ""); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("list: %v", err)
	}
	if _, err := s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: "50"}}}); err == nil {
		t.Error("a write into a file cut short was acknowledged")
	}
	if _, err := s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: "50"}}}); !errors.Is(err, store.ErrFailed) {
		t.Errorf("a write after that: %v", err)
	}
	closeStore(t, s)
}

// TestFull fills the file to its limit: the write is refused, the store goes on.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	s := open(t, bolt.Options{Dir: dir, MaxBytes: 16 << 20, Log: store.LogLimits{Revisions: 1}})
	written := 0
	var err error
	for written < 100 && err == nil {
		if _, err = s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: fmt.Sprint(written), Value: make([]byte, 1<<20)}}}); err == nil {
			written++
		}
	}
	if !errors.Is(err, store.ErrFull) || written < 3 {
		t.Fatalf("after %d values: %v", written, err)
	}
	if s.Revision() != int64(written) {
		t.Fatalf("revision %d after %d values", s.Revision(), written)
	}
	if got, err := s.List(t.Context(), ""); err != nil || len(got.Entries) != written {
		t.Fatalf("%d entries, %v", len(got.Entries), err)
	}
	for i := range 3 {
		if _, err := s.Txn(t.Context(), store.Txn{Deletes: []string{fmt.Sprint(i)}}); err != nil {
			t.Fatalf("delete in a full store: %v", err)
		}
	}
	put(t, s, "small", "v")
	put(t, s, "again", strings.Repeat("v", 1<<20))
	closeStore(t, s)
	s = open(t, bolt.Options{Dir: dir})
	if got, err := s.List(t.Context(), ""); err != nil || len(got.Entries) != written-3+2 {
		t.Fatalf("reopened: %d entries, %v", len(got.Entries), err)
	}
	closeStore(t, s)
}

// TestGroupCommit: writers that wait at the same time share commits, each with
// its own revision, and a conflict among them fails only the one it concerns.
func TestGroupCommit(t *testing.T) {
	s := open(t, bolt.Options{Dir: t.TempDir()})
	defer closeStore(t, s)
	release := bolt.HoldTurn(s)
	const n = 50
	errs := make([]error, n)
	revisions := make([]int64, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			// Each pair wants to be the one that creates the key.
			key := fmt.Sprint(i / 2)
			revisions[i], errs[i] = s.Txn(t.Context(), store.Txn{
				Compares: []store.Compare{{Key: key}}, Puts: []store.Put{{Key: key, Value: fmt.Append(nil, i)}}})
		})
	}
	bolt.AwaitQueue(s, n)
	before := bolt.Commits(s)
	release()
	wg.Wait()
	if commits := bolt.Commits(s) - before; commits != 1 {
		t.Errorf("%d waiting writers made %d commits, want 1", n, commits)
	}
	for i := 0; i < n; i += 2 {
		if (errs[i] == nil) == (errs[i+1] == nil) {
			t.Fatalf("pair %d: %v and %v", i/2, errs[i], errs[i+1])
		}
		winner := i
		if errs[i] != nil {
			winner = i + 1
		}
		e, err := s.Get(t.Context(), fmt.Sprint(i/2))
		if err != nil || string(e.Value) != fmt.Sprint(winner) || e.ModRevision != revisions[winner] {
			t.Fatalf("pair %d: %q at %d, %v; want that of %d at %d", i/2, e.Value, e.ModRevision, err, winner, revisions[winner])
		}
	}
	if s.Revision() != n/2 {
		t.Errorf("revision %d, want %d", s.Revision(), n/2)
	}
}

// TestWithdraw: a writer that gives up while it waits leaves nothing behind.
func TestWithdraw(t *testing.T) {
	s := open(t, bolt.Options{Dir: t.TempDir()})
	defer closeStore(t, s)
	release := bolt.HoldTurn(s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Txn(ctx, store.Txn{Puts: []store.Put{{Key: "given up"}}})
		ended <- err
	}()
	bolt.AwaitQueue(s, 1)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	release()
	put(t, s, "next", "v")
	if _, err := s.Get(t.Context(), "given up"); !errors.Is(err, store.ErrNotFound) || s.Revision() != 1 {
		t.Fatalf("get: %v, revision %d", err, s.Revision())
	}
}
