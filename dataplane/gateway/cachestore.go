package gateway

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// maxCachedAnswer is AWS's limit of an entry (reference/api-gateway.md 7.6).
	maxCachedAnswer = 1 << 20
	// answerOverhead is what an entry takes beside its texts.
	answerOverhead = 400
)

// cacheName names the cache of a stage.
type cacheName struct{ api, stage string }

// cacheKey names an answer in a stage's cache.
type cacheKey struct {
	name cacheName
	sum  [sha256.Size]byte
}

// answerCache keeps the answers of stages with a cache cluster, in RAM: all
// together at most limit bytes, and of each stage at most what its cluster may
// hold. What was not used for longest goes first.
type answerCache struct {
	mu     sync.Mutex
	limit  int64
	size   int64
	all    list.List // of *cachedAnswer, the last used first
	stages map[cacheName]*stageAnswers
	// flushes counts the flushes: an answer that was asked for before one is not
	// kept behind it.
	flushes uint64
}

type stageAnswers struct {
	size    int64
	used    list.List // of *cachedAnswer, the last used first
	answers map[[sha256.Size]byte]*cachedAnswer
}

type cachedAnswer struct {
	key     cacheKey
	answer  answer
	expires time.Time
	size    int64
	inAll   *list.Element
	inStage *list.Element
}

func newAnswerCache(limit int64) *answerCache {
	return &answerCache{limit: limit, stages: make(map[cacheName]*stageAnswers)}
}

// get returns an answer that is still fresh. Its body and header are shared:
// nobody writes into them.
func (a *answerCache) get(key cacheKey, now time.Time) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	stage := a.stages[key.name]
	if stage == nil {
		return answer{}, false
	}
	kept := stage.answers[key.sum]
	if kept == nil {
		return answer{}, false
	}
	if !now.Before(kept.expires) {
		a.drop(kept)
		return answer{}, false
	}
	a.all.MoveToFront(kept.inAll)
	stage.used.MoveToFront(kept.inStage)
	return kept.answer, true
}

// generation tells answers that were asked for before a flush.
func (a *answerCache) generation() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.flushes
}

// offer is an answer to keep.
type offer struct {
	answer     answer
	expires    time.Time
	limit      int64 // of the stage's cluster, in bytes
	generation uint64
}

// put keeps an answer, unless it is too large or from before a flush.
func (a *answerCache) put(key cacheKey, o offer) {
	size := sizeOf(&o.answer)
	if len(o.answer.body) > maxCachedAnswer || size > min(a.limit, o.limit) {
		return
	}
	if cap(o.answer.body) > len(o.answer.body)+len(o.answer.body)/4 {
		o.answer.body = bytes.Clone(o.answer.body) // without the room it was read with
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if o.generation != a.flushes {
		return
	}
	stage := a.stages[key.name]
	if stage == nil {
		stage = &stageAnswers{answers: make(map[[sha256.Size]byte]*cachedAnswer)}
		a.stages[key.name] = stage
	}
	if before := stage.answers[key.sum]; before != nil {
		a.remove(stage, before)
	}
	kept := &cachedAnswer{key: key, answer: o.answer, expires: o.expires, size: size}
	kept.inAll, kept.inStage = a.all.PushFront(kept), stage.used.PushFront(kept)
	stage.answers[key.sum] = kept
	a.size += size
	stage.size += size
	for stage.size > o.limit {
		a.remove(stage, stage.used.Back().Value.(*cachedAnswer))
	}
	for a.size > a.limit {
		a.drop(a.all.Back().Value.(*cachedAnswer))
	}
}

// forget removes one answer.
func (a *answerCache) forget(key cacheKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if stage := a.stages[key.name]; stage != nil {
		if kept := stage.answers[key.sum]; kept != nil {
			a.drop(kept)
		}
	}
}

// flush removes all answers of a stage.
func (a *answerCache) flush(name cacheName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flushes++
	if stage := a.stages[name]; stage != nil {
		for stage.used.Len() > 0 {
			a.drop(stage.used.Back().Value.(*cachedAnswer))
		}
	}
}

// drop removes an answer, and its stage with the last one.
func (a *answerCache) drop(kept *cachedAnswer) {
	stage := a.stages[kept.key.name]
	a.remove(stage, kept)
	if len(stage.answers) == 0 {
		delete(a.stages, kept.key.name)
	}
}

func (a *answerCache) remove(stage *stageAnswers, kept *cachedAnswer) {
	a.all.Remove(kept.inAll)
	stage.used.Remove(kept.inStage)
	delete(stage.answers, kept.key.sum)
	a.size -= kept.size
	stage.size -= kept.size
}

// stats tells how many answers are kept and the RAM they take.
func (a *answerCache) stats() (answers int, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.Len(), a.size
}

func sizeOf(a *answer) int64 {
	size := answerOverhead + len(a.body) + len(a.contentType)
	for i := range a.header {
		size += len(a.header[i].Name) + len(a.header[i].Value) + 32
	}
	return int64(size)
}

// CacheStats tells how many answers of stages' caches are kept and the RAM they
// take, in bytes.
func (g *Gateway) CacheStats() (answers int, bytes int64) { return g.answers.stats() }

// FlushCache forgets the cached answers of a stage.
func (g *Gateway) FlushCache(apiID, stage string) { g.answers.flush(cacheName{apiID, stage}) }
