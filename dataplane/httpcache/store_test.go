package httpcache_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/httpcache"
)

type header = []string

func newStore(t testing.TB, bytes int64) *httpcache.Store[header] {
	t.Helper()
	s, err := httpcache.New[header](httpcache.Options{Bytes: bytes})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores an object that was fetched from now on.
func put(s *httpcache.Store[header], key, url string, size int) bool {
	zone := s.Zone("E1")
	o := &httpcache.Object[header]{Key: key, Zone: zone, URLs: [2]string{url}, Body: make([]byte, size)}
	o.SetMark(zone.Mark())
	return s.Put(o)
}

func has(s *httpcache.Store[header], key string) bool {
	_, ok := s.Get([]byte(key))
	return ok
}

func TestPurgePaths(t *testing.T) {
	for _, row := range []struct {
		pattern, url string
		gone         bool
	}{
		{"/a.html", "/a.html", true},
		{"/a.html", "/A.html", false},
		{"/a.html", "/a.html?x=1", false}, // a query must be spelled out
		{"/a.html?x=1", "/a.html?x=1", true},
		{"/a.html*", "/a.html?x=1", true},
		{"/a*", "/a", true},
		{"/a*", "/b", false},
		{"/*", "/anything?at=all", true},
		{"/*.html", "/a.html", false}, // a star that is not the last character is itself
		{"/*.html", "/*.html", true},
		{"/", "/", true},
		{"/", "/index.html", false},
	} {
		s := newStore(t, 1<<20)
		put(s, "k", row.url, 10)
		s.Purge("E1", []string{"/nothing", row.pattern})
		if has(s, "k") == row.gone {
			t.Errorf("%s on %s: gone %v", row.pattern, row.url, !row.gone)
		}
		put(s, "k", row.url, 10)
		if !has(s, "k") {
			t.Errorf("%s on %s: what is fetched afterwards stays", row.pattern, row.url)
		}
	}
}

func TestPurgeIsOfOneZone(t *testing.T) {
	s := newStore(t, 1<<20)
	put(s, "k", "/a", 10)
	s.Purge("E2", []string{"/*"})
	if !has(s, "k") {
		t.Error("an invalidation of one distribution took away another's object")
	}
}

func TestPurgeSecondURL(t *testing.T) {
	s := newStore(t, 1<<20)
	zone := s.Zone("E1")
	o := &httpcache.Object[header]{Key: "k", Zone: zone, URLs: [2]string{"/index.html", "/"}}
	o.SetMark(zone.Mark())
	s.Put(o)
	s.Purge("E1", []string{"/"})
	if has(s, "k") {
		t.Error("/ is the default root object too")
	}
}

// A fetch that began before an invalidation must not be stored as good after it.
func TestPurgeMeetsFetchUnderWay(t *testing.T) {
	s := newStore(t, 1<<20)
	zone := s.Zone("E1")
	late := &httpcache.Object[header]{Key: "k", Zone: zone, URLs: [2]string{"/a"}}
	late.SetMark(zone.Mark())
	s.Purge("E1", []string{"/a"})
	if s.Put(late) || has(s, "k") {
		t.Error("the object of a fetch that began before the invalidation is served after it")
	}
	other := &httpcache.Object[header]{Key: "b", Zone: zone, URLs: [2]string{"/b"}}
	other.SetMark(0)
	if !s.Put(other) || !has(s, "b") {
		t.Error("an invalidation of another path took the object away")
	}
}

// A zone forgets its oldest invalidations by taking away more, never less.
func TestPurgeBounds(t *testing.T) {
	s := newStore(t, 1<<22)
	put(s, "old", "/old", 1)
	s.Purge("E1", []string{"/old"})
	put(s, "idle", "/idle", 1)
	put(s, "busy", "/busy", 1)
	for batch := range 20 {
		paths := make([]string, 3000)
		for i := range paths {
			paths[i] = fmt.Sprintf("/p/%d/%d", batch, i)
		}
		s.Purge("E1", paths)
		if !has(s, "busy") {
			t.Fatal("an object that is asked for between invalidations of other paths stays")
		}
	}
	if has(s, "old") {
		t.Error("a forgotten invalidation came undone")
	}
	put(s, "new", "/p/x", 1)
	many := make([]string, 1025)
	for i := range many {
		many[i] = fmt.Sprintf("/w/%d/*", i)
	}
	s.Purge("E1", many)
	if has(s, "new") {
		t.Error("more wildcards than a zone remembers mean everything")
	}
}

func TestStoreComparesWholeKeys(t *testing.T) {
	s := newStore(t, 1<<20)
	put(s, "one", "/a", 1)
	if has(s, "two") || has(s, "") || has(s, "one ") || !has(s, "one") {
		t.Error("a key answers for itself alone")
	}
}

func TestStoreIsBounded(t *testing.T) {
	s := newStore(t, 1<<20)
	for i := range 10_000 {
		put(s, fmt.Sprint(i), "/a", 1000)
	}
	deadline := time.Now().Add(5 * time.Second)
	for s.Bytes() > 1<<20 && time.Now().Before(deadline) { // evicts behind writes
		put(s, "more", "/a", 1)
	}
	if s.Bytes() > 1<<20 || s.Len() > 1000 {
		t.Errorf("%d objects of %d bytes in a store of 1 MiB", s.Len(), s.Bytes())
	}
	if put(s, "big", "/a", 1<<17+1) {
		t.Error("an object larger than an eighth of the store was stored")
	}
	if _, err := httpcache.New[header](httpcache.Options{}); err == nil {
		t.Error("a store without room")
	}
}

func TestRetryAt(t *testing.T) {
	v := httpcache.Decide(httpcache.Rules{MaxTTL: time.Hour}, httpcache.Facts{Status: 200, CacheControl: "max-age=10", Now: now})
	o := &httpcache.Object[header]{Freshness: httpcache.NewFreshness(now, v)}
	o.RetryAt(now.Add(30 * sec))
	for after, want := range map[time.Duration]httpcache.Reason{5 * sec: "fresh", 29 * sec: "stale-retry-later", 30 * sec: "expired"} {
		if _, reason := o.State(now.Add(after)); reason != want {
			t.Errorf("after %v: %s", after, reason)
		}
	}
}

// part is what a key is made of, for the fuzz target.
func appendParts(parts [][]byte) []byte {
	key := httpcache.AppendCount(nil, len(parts))
	for _, p := range parts {
		key = httpcache.AppendText(key, string(p))
	}
	return key
}

// FuzzKey splits two inputs into parts at zero bytes: two different sequences of
// parts never make one key, and none is the beginning of another.
func FuzzKey(f *testing.F) {
	f.Add([]byte("a\x00bc"), []byte("ab\x00c"))
	f.Add([]byte("\x00"), []byte(""))
	f.Add([]byte("\x01a"), []byte("a\x01"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, b := appendParts(bytes.Split(one, []byte{0})), appendParts(bytes.Split(two, []byte{0}))
		if bytes.Equal(one, two) != bytes.Equal(a, b) || !bytes.Equal(one, two) && bytes.HasPrefix(a, b) {
			t.Fatalf("%q and %q: %x and %x", one, two, a, b)
		}
	})
}

func TestStoreConcurrently(t *testing.T) {
	s := newStore(t, 1<<18)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				key := fmt.Sprint(i % 50)
				put(s, key, "/"+key, 100)
				has(s, key)
				if i%100 == g {
					s.Purge("E1", []string{"/1*", "/2"})
				}
			}
		})
	}
	wg.Wait()
}
