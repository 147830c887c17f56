package gateway

import (
	"crypto/sha256"
	"sync"
	"time"

	"drawbridge/dataplane/program"
)

// maxGrants bounds the results of authorizers that are kept.
const maxGrants = 10000

// grantKey names a result. A new deployment has authorizers of its own, so what
// the old ones said is not asked for again.
type grantKey struct {
	api, stage string
	authorizer *program.Authorizer
	identity   [sha256.Size]byte
}

type keptGrant struct {
	grant   *grant
	expires time.Time
}

// grants keeps the results of authorizers. A full half becomes the old one and
// the old one is dropped, which bounds it without bookkeeping per use.
type grants struct {
	mu         sync.Mutex
	young, old map[grantKey]keptGrant
	flushes    uint64
}

func (g *grants) get(key grantKey, now time.Time) *grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept, ok := g.young[key]
	if !ok {
		kept, ok = g.old[key]
	}
	if !ok || !now.Before(kept.expires) {
		return nil
	}
	return kept.grant
}

// generation tells results that were asked for before a flush.
func (g *grants) generation() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.flushes
}

// put keeps a result that was asked for in a generation: one from before a
// flush is not kept.
func (g *grants) put(key grantKey, value *grant, expires time.Time, generation uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if generation != g.flushes {
		return
	}
	if g.young == nil || len(g.young) >= maxGrants/2 {
		g.old, g.young = g.young, make(map[grantKey]keptGrant)
	}
	g.young[key] = keptGrant{value, expires}
}

// FlushAuthorizers forgets what authorizers have said about callers of a stage.
func (g *Gateway) FlushAuthorizers(apiID, stage string) {
	kept := &g.grants
	kept.mu.Lock()
	defer kept.mu.Unlock()
	kept.flushes++
	for _, half := range []map[grantKey]keptGrant{kept.young, kept.old} {
		for key := range half {
			if key.api == apiID && key.stage == stage {
				delete(half, key)
			}
		}
	}
}
