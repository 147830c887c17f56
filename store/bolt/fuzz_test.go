package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drawbridge/store"
	"drawbridge/store/bolt"
)

// sound makes a data file with something of everything in it: branches, leaves,
// pages of several pages, free pages. It returns the file up to the last page in
// use, and every value that was ever put, by key.
func sound(t testing.TB) (file []byte, written map[string][]string) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, bolt.Options{Dir: dir, Log: store.LogLimits{Revisions: 20}})
	written = map[string][]string{}
	for i := range 60 {
		key, value := fmt.Sprintf("key/%04d", i*7%150), strings.Repeat(fmt.Sprint(i), 1+i*i%3000)
		put(t, s, key, value)
		written[key] = append(written[key], value)
	}
	var many store.Txn
	for i := range 500 {
		key := fmt.Sprintf("many/%04d", i)
		many.Puts = append(many.Puts, store.Put{Key: key, Value: []byte(key)})
		written[key] = append(written[key], key)
	}
	if _, err := s.Txn(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	put(t, s, "large", strings.Repeat("L", 50_000))
	written["large"] = append(written["large"], strings.Repeat("L", 50_000))
	closeStore(t, s)
	file, err := os.ReadFile(filepath.Join(dir, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	page := int(binary.NativeEndian.Uint32(file[24:]))
	pages := max(binary.NativeEndian.Uint64(file[56:]), binary.NativeEndian.Uint64(file[page+56:]))
	return file[:page*int(pages)], written
}

// damage changes a copy of a file as the script says: four bytes say where,
// one says what to put there. An odd first byte makes the meta pages' checksums
// right again afterwards, so that damage to them gets past bbolt's own check.
func damage(file, script []byte) []byte {
	file = bytes.Clone(file)
	if len(script) == 0 {
		return file
	}
	repair := script[0]&1 == 1
	cut := script[0]&2 == 2
	for script = script[1:]; len(script) >= 5; script = script[5:] {
		at := int(binary.BigEndian.Uint32(script) % uint32(len(file)))
		file[at] = script[4]
		if cut && script[4] == 0 {
			file = file[:max(at, 1)]
		}
	}
	for page := 0; repair && page <= 4096 && page+80 <= len(file); page += 4096 {
		sum := fnv.New64a()
		_, _ = sum.Write(file[page+16 : page+72])
		binary.NativeEndian.PutUint64(file[page+72:], sum.Sum64())
	}
	return file
}

// FuzzDamagedFile: whatever is on the disk, the store neither panics nor hangs,
// its errors are of the kinds it promises, and no value comes out that never
// went in.
func FuzzDamagedFile(f *testing.F) {
	file, written := sound(f)
	at := func(where int, what byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(where)), what)
	}
	f.Add([]byte{})
	f.Add(append([]byte{0}, at(20, 1)...))               // a meta page, caught by its checksum
	f.Add(append([]byte{1}, at(32, 9)...))               // root bucket elsewhere
	f.Add(append([]byte{1}, at(4096+32, 9)...))          // in the other meta page
	f.Add(append([]byte{1}, at(56, 0xff)...))            // more pages than there are
	f.Add(append([]byte{1}, at(4096+24, 0)...))          // page size
	f.Add(append([]byte{2}, at(len(file)/2, 0)...))      // cut short
	f.Add(append([]byte{0}, at(len(file)/3, 0xff)...))   // somewhere
	for page := 2; page*4096+32 < len(file); page += 5 { // heads and first elements of pages
		f.Add(append([]byte{0}, append(at(page*4096+8, 1), at(page*4096+24, 3)...)...))
		f.Add(append([]byte{0}, append(at(page*4096+10, 0xff), at(page*4096+12, 2)...)...))
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 200 {
			return
		}
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := os.WriteFile(filepath.Join(dir, dataFile), damage(file, script), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.New(bolt.Options{Dir: dir, Log: store.LogLimits{Revisions: 20}})
		if err != nil {
			expected(t, err)
			return
		}
		use(t, s, written)
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	})
}

func expected(t *testing.T, err error) {
	t.Helper()
	for _, kind := range []error{store.ErrCorrupt, store.ErrFormat, store.ErrFailed} {
		if errors.Is(err, kind) {
			return
		}
	}
	if err != nil {
		t.Fatalf("unexpected kind of error: %v", err)
	}
}

// use does something of everything with a store that may be damaged.
func use(t *testing.T, s store.Store, written map[string][]string) {
	t.Helper()
	check := func(key string, value []byte) {
		for _, w := range written[key] {
			if w == string(value) {
				return
			}
		}
		t.Fatalf("key %q has a value of %d bytes that nobody ever wrote", key, len(value))
	}
	snap, err := s.List(t.Context(), "")
	expected(t, err)
	for _, e := range snap.Entries {
		check(e.Key, e.Value)
	}
	for after, more := "", true; more; {
		page, err := s.ListPage(t.Context(), "", after, 100)
		expected(t, err)
		for _, e := range page.Entries {
			if e.Key <= after {
				t.Fatalf("a page goes back from %q to %q", after, e.Key)
			}
			after = e.Key
		}
		more = err == nil && page.More
	}
	for key := range written {
		if e, err := s.Get(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			expected(t, err)
			if err == nil {
				check(key, e.Value)
			}
		}
	}
	for at := max(0, s.Revision()-20); at < s.Revision(); at++ {
		for e, err := range s.Watch(t.Context(), at, "") {
			if errors.Is(err, store.ErrCompacted) {
				break
			}
			expected(t, err)
			for _, c := range e.Changes {
				check(c.Key, c.Value)
			}
			break
		}
	}
	for i := range 4 {
		_, err := s.Txn(t.Context(), store.Txn{
			Puts:    []store.Put{{Key: fmt.Sprintf("key/%04d", i*30), Value: make([]byte, 3000)}, {Key: "large"}},
			Deletes: []string{fmt.Sprintf("many/%04d", i*100)},
		})
		expected(t, err)
	}
}

// FuzzRecords: the codecs take any bytes, accept only what they would write, and
// give back what was written.
func FuzzRecords(f *testing.F) {
	f.Add("key", []byte("value"), int64(1), true)
	f.Add("", []byte{}, int64(-1), false)
	f.Add("k", bolt.EncodeEntry(store.Entry{Key: "k", Value: []byte("v"), ModRevision: 2, CreateRevision: 1}), int64(2), false)
	f.Add("k", bolt.EncodeEvent(store.Event{Revision: 7, Changes: []store.Change{{Key: "k", Value: []byte("v")}, {Key: "l", Deleted: true}}}), int64(7), false)
	f.Add("k", []byte{0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, int64(7), true)
	f.Fuzz(func(t *testing.T, key string, raw []byte, revision int64, right bool) {
		if right && len(raw) >= 4 { // let damage get past the checksum
			raw = bolt.Seal([]byte(key), bytes.Clone(raw))
		}
		if e, err := bolt.DecodeEntry([]byte(key), raw); err == nil && !bytes.Equal(bolt.EncodeEntry(e), raw) {
			t.Errorf("entry %+v is not what was read: %x", e, raw)
		}
		_ = bolt.DecodeState(raw)
		if right && len(raw) >= 4 {
			raw = bolt.Seal(bolt.RevisionKey(revision), raw)
		}
		if e, err := bolt.DecodeEvent(revision, raw, ""); err == nil {
			again, err := bolt.DecodeEvent(revision, bolt.EncodeEvent(e), "")
			if err != nil || fmt.Sprint(again) != fmt.Sprint(e) {
				t.Errorf("event %+v became %+v, %v", e, again, err)
			}
		}
		e := store.Entry{Key: key, Value: raw, ModRevision: revision, CreateRevision: revision / 2}
		if got, err := bolt.DecodeEntry([]byte(key), bolt.EncodeEntry(e)); err != nil || fmt.Sprint(got) != fmt.Sprint(e) {
			t.Errorf("entry %+v became %+v, %v", e, got, err)
		}
	})
}

// FuzzVerify gives the page walk any bytes for a file.
func FuzzVerify(f *testing.F) {
	file, _ := sound(f)
	f.Add(file[:8192])
	f.Add(file[:4096*8])
	f.Add(damage(file[:4096*8], []byte{1, 0, 0, 0, 56, 8, 0, 0, 0x10, 56, 8}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := bolt.Verify(bytes.NewReader(raw), int64(len(raw))); err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("unexpected kind of error: %v", err)
		}
	})
}

// TestDamagedPages is FuzzDamagedFile with damage where it hurts: the heads and
// the tables of pages. Case i is always the same one.
func TestDamagedPages(t *testing.T) {
	cases := 400
	if long() {
		cases = 8000
	}
	file, written := sound(t)
	root := t.TempDir()
	opened := 0
	for i := range cases {
		rng := rand.New(rand.NewPCG(uint64(i), 0))
		script := []byte{byte(rng.IntN(2))}
		for range 1 + rng.IntN(4) {
			at := rng.IntN(len(file))
			switch rng.IntN(4) {
			case 0: // a page's head
				at = at/4096*4096 + rng.IntN(16)
			case 1: // its first elements
				at = at/4096*4096 + 16 + rng.IntN(64)
			case 2: // a meta page
				at = at/4096%2*4096 + 16 + rng.IntN(64)
			}
			what := []byte{0, 1, 2, 3, 0x10, 0x7f, 0x80, 0xff, byte(rng.IntN(256)), byte(at>>12) + 1}
			script = append(binary.BigEndian.AppendUint32(script, uint32(at)), what[rng.IntN(len(what))])
		}
		dir := filepath.Join(root, fmt.Sprint(i))
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, dataFile), damage(file, script), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := bolt.New(bolt.Options{Dir: dir, Log: store.LogLimits{Revisions: 20}})
		if err != nil {
			expected(t, err)
		} else {
			opened++
			use(t, s, written)
			closeStore(t, s)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d damaged files, %d were refused on opening", cases, cases-opened)
	if opened == 0 || opened == cases {
		t.Errorf("of %d damaged files %d opened", cases, opened)
	}
}
