package gateway

import (
	"bytes"
	"strconv"
	"testing"
	"time"
)

func keyFor(api string, n int) cacheKey {
	k := cacheKey{name: cacheName{api, "prod"}}
	copy(k.sum[:], strconv.Itoa(n))
	return k
}

func offerOf(size int, limit int64, a *answerCache) offer {
	return offer{answer: answer{status: 200, body: bytes.Repeat([]byte("x"), size)}, expires: time.Unix(100, 0), limit: limit, generation: a.generation()}
}

func TestAnswerCacheKeepsToItsBounds(t *testing.T) {
	const body = 1000
	one := int64(body + answerOverhead)
	a := newAnswerCache(10 * one)
	now := time.Unix(0, 0)
	for i := range 8 { // a stage whose cluster holds three
		a.put(keyFor("a", i), offerOf(body, 3*one, a))
	}
	if n, bytes := a.stats(); n != 3 || bytes != 3*one {
		t.Fatalf("the stage keeps %d answers in %d bytes, want 3 in %d", n, bytes, 3*one)
	}
	if _, ok := a.get(keyFor("a", 5), now); !ok { // used: it outlives the others
		t.Fatal("the newest three are not kept")
	}
	for i := range 9 { // another stage takes the rest
		a.put(keyFor("b", i), offerOf(body, 1<<40, a))
	}
	if n, bytes := a.stats(); n != 10 || bytes != 10*one {
		t.Errorf("%d answers in %d bytes, want 10 in %d", n, bytes, 10*one)
	}
	if _, ok := a.get(keyFor("a", 5), now); !ok {
		t.Error("the one used last of the first stage has gone before the others")
	}
	a.put(keyFor("c", 0), offerOf(maxCachedAnswer+1, 1<<40, newAnswerCache(1<<40)))
	if _, ok := a.get(keyFor("c", 0), now); ok {
		t.Error("an answer over 1 MB was kept")
	}
}

func TestAnswerCacheForgets(t *testing.T) {
	a, now := newAnswerCache(1<<20), time.Unix(0, 0)
	a.put(keyFor("a", 1), offerOf(10, 1<<20, a))
	a.put(keyFor("a", 1), offerOf(10, 1<<20, a)) // the same once more
	a.put(keyFor("b", 1), offerOf(10, 1<<20, a))
	if n, _ := a.stats(); n != 2 {
		t.Fatalf("%d answers, want 2", n)
	}
	late := offerOf(10, 1<<20, a)
	a.flush(cacheName{"a", "prod"})
	if _, ok := a.get(keyFor("a", 1), now); ok {
		t.Error("an answer outlived its stage's flush")
	}
	if _, ok := a.get(keyFor("b", 1), now); !ok {
		t.Error("the flush of a stage emptied another one's cache")
	}
	a.put(keyFor("a", 2), late)
	if _, ok := a.get(keyFor("a", 2), now); ok {
		t.Error("an answer that was asked for before the flush was kept behind it")
	}
	if _, ok := a.get(keyFor("b", 1), time.Unix(100, 0)); ok {
		t.Error("an answer outlived its time")
	}
	a.put(keyFor("b", 2), offerOf(10, 1<<20, a))
	a.forget(keyFor("b", 2))
	if n, bytes := a.stats(); n != 0 || bytes != 0 || len(a.stages) != 0 {
		t.Errorf("%d answers, %d bytes, %d stages are left", n, bytes, len(a.stages))
	}
}
