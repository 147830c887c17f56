package httpcache

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of what a zone remembers. Beyond them it forgets its oldest
// invalidations by counting every object as gone that was not looked at since.
const (
	maxLiterals = 16384
	maxPrefixes = 1024
)

// Zone is the part of a store that belongs to one owner and what was
// invalidated in it. To invalidate is cheap: the zone notes the paths under a
// new number, and an object is held against the notes when it is next asked
// for. An object carries the number it was last found good at, so a second
// look costs one comparison. A fetch takes the number it began at, so what it
// brings is held against every invalidation made while it was under way.
type Zone struct {
	latest atomic.Uint64
	mu     sync.RWMutex
	floor  uint64 // objects last found good before this are gone
	// literals and prefixes hold the number of the latest invalidation of each path.
	literals map[string]uint64
	prefixes map[string]uint64 // without the trailing star
}

// Mark returns the number of the latest invalidation.
func (z *Zone) Mark() uint64 { return z.latest.Load() }

// Purge invalidates paths. A path is compared with an object's URLs, query
// included; a "*" at its end stands for anything, elsewhere for itself; "#" and
// a tag stand for the objects with that tag (reference/cloudfront.md section 3.8).
func (z *Zone) Purge(paths []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	number := z.latest.Load() + 1
	if len(z.literals)+len(paths) > maxLiterals || len(z.prefixes)+len(paths) > maxPrefixes && z.wildcards(paths) > maxPrefixes {
		z.floor, z.literals, z.prefixes = number-1, nil, nil
	}
	if len(paths) > maxLiterals || z.wildcards(paths) > maxPrefixes {
		paths = []string{"/*"}
	}
	for _, path := range paths {
		z.note(path, number)
	}
	z.latest.Store(number)
}

// wildcards returns how many prefixes there are with those of paths.
func (z *Zone) wildcards(paths []string) int {
	n := len(z.prefixes)
	for _, path := range paths {
		if strings.HasSuffix(path, "*") {
			n++
		}
	}
	return n
}

func (z *Zone) note(path string, number uint64) {
	if strings.HasPrefix(path, "#") { // a tag: no wildcards, and case does not count
		z.noteLiteral(strings.ToLower(path), number)
		return
	}
	if path == "/*" || path == "*" {
		z.floor, z.literals, z.prefixes = number, nil, nil
		return
	}
	if prefix, ok := strings.CutSuffix(path, "*"); ok {
		if z.prefixes == nil {
			z.prefixes = make(map[string]uint64)
		}
		z.prefixes[prefix] = number
		return
	}
	z.noteLiteral(path, number)
}

func (z *Zone) noteLiteral(path string, number uint64) {
	if z.literals == nil {
		z.literals = make(map[string]uint64)
	}
	z.literals[path] = number
}

// holds tells whether an object with these URLs and tags that was good at mark
// is good still, and the number this was found at.
func (z *Zone) holds(mark uint64, urls [2]string, tags []string) (uint64, bool) {
	z.mu.RLock()
	defer z.mu.RUnlock()
	if mark < z.floor {
		return 0, false
	}
	for _, tag := range tags {
		if z.literals[tag] > mark {
			return 0, false
		}
	}
	for _, url := range urls {
		if url == "" {
			continue
		}
		if z.literals[url] > mark {
			return 0, false
		}
		for prefix, number := range z.prefixes {
			if number > mark && strings.HasPrefix(url, prefix) {
				return 0, false
			}
		}
	}
	return z.latest.Load(), true
}
