package usage

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"drawbridge/dataplane/program"
)

const (
	shardCount   = 64
	sweepAtLeast = 1024 // entries of a shard before the first sweep
	defaultMax   = 1 << 20
)

// BucketID names a token bucket by ids that outlive a program: a key's bucket
// in a plan (Plan, Key), a key's bucket for one method of a plan's stage (all
// five), a stage's bucket for a method, shared by all callers (API, Stage,
// Method), or an account's in a region (API: the account, Stage: the region).
type BucketID struct{ Plan, Key, API, Stage, Method string }

// KeyID names an API key in a usage plan.
type KeyID struct{ Plan, Key string }

// Options configures a Meter.
type Options struct {
	// MaxEntries bounds the buckets, and the counters, that are remembered; 0
	// is about a million. Beyond it an arbitrary one is forgotten.
	MaxEntries int
	// Lease puts a part of a key's quota on record, durably, before it is spent;
	// nil: a crash may lose what was counted since the last Snapshot. Records of
	// one key come one at a time, each replaces the one before; RestoreLease
	// takes the last one. Lease reports its failures itself: calls are counted
	// in memory then.
	Lease func(id KeyID, record []byte)
}

// Meter holds the buckets and counters. It is safe for concurrent use.
type Meter struct {
	seed     maphash.Seed
	perShard int
	lease    func(id KeyID, record []byte)
	shards   [shardCount]shard
}

// shard is a part of the entries under a lock of its own. Entries change under
// the read lock (they synchronise themselves) and come and go under the write
// lock, so that none is forgotten while it is in use.
type shard struct {
	mu      sync.RWMutex
	buckets map[BucketID]*bucket
	keys    map[KeyID]*counter
	// sweepBuckets and sweepKeys are the sizes at which idle entries are looked for.
	sweepBuckets, sweepKeys int
}

// New returns an empty meter.
func New(o Options) (*Meter, error) {
	if o.MaxEntries < 0 {
		return nil, errors.New("usage: negative limit")
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = defaultMax
	}
	m := &Meter{seed: maphash.MakeSeed(), perShard: max(o.MaxEntries/shardCount, 1), lease: o.Lease}
	m.clear()
	return m, nil
}

func (m *Meter) clear() {
	for i := range m.shards {
		s := &m.shards[i]
		s.buckets, s.keys = make(map[BucketID]*bucket), make(map[KeyID]*counter)
		s.sweepBuckets, s.sweepKeys = sweepAtLeast, sweepAtLeast
	}
}

// Take takes a token from a bucket of the given shape and tells whether there
// was one.
func (m *Meter) Take(now time.Time, id BucketID, shape program.Throttle) bool {
	s := m.shard(id.Plan, id.Key, id.API, id.Stage, id.Method)
	s.mu.RLock()
	if b := s.buckets[id]; b != nil {
		defer s.mu.RUnlock()
		return b.take(now, shape)
	}
	s.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[id]
	if b == nil {
		b = &bucket{}
		s.addBucket(now, id, b, m.perShard)
	}
	return b.take(now, shape)
}

// GiveBack puts back a token that Take took for a call that was refused later
// on: a refused call does not count.
func (m *Meter) GiveBack(id BucketID, shape program.Throttle) {
	s := m.shard(id.Plan, id.Key, id.API, id.Stage, id.Method)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.buckets[id]; b != nil {
		b.giveBack(shape)
	}
}

// addBucket remembers a bucket; now and then it forgets the full ones.
func (s *shard) addBucket(now time.Time, id BucketID, b *bucket, limit int) {
	if len(s.buckets) >= min(s.sweepBuckets, limit) {
		for old, b := range s.buckets {
			if b.full.Load() <= now.UnixNano() {
				delete(s.buckets, old)
			}
		}
		s.sweepBuckets = max(sweepAtLeast, 2*len(s.buckets))
	}
	for old := range s.buckets {
		if len(s.buckets) < limit {
			break
		}
		delete(s.buckets, old)
	}
	s.buckets[id] = b
}

// Spend counts one call of a key against its plan's quota (nil: none) and tells
// whether it was within it. A call that is not is not counted
// (reference/api-gateway.md 4.4).
func (m *Meter) Spend(now time.Time, id KeyID, quota *program.Quota) bool {
	day := dayOf(now)
	for {
		c, verdict := m.spend(day, id, quota)
		if verdict != uncovered {
			return verdict == spent
		}
		m.extend(id, c, day, *quota)
	}
}

func (m *Meter) spend(day int64, id KeyID, quota *program.Quota) (*counter, verdict) {
	s := m.shard(id.Plan, id.Key)
	s.mu.RLock()
	if c := s.keys[id]; c != nil {
		defer s.mu.RUnlock()
		return c, c.spend(day, quota, m.lease != nil)
	}
	s.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counter(day, id, m.perShard)
	return c, c.spend(day, quota, m.lease != nil)
}

// counter returns a key's counter, made if need be; s is locked for writing.
func (s *shard) counter(today int64, id KeyID, limit int) *counter {
	if c := s.keys[id]; c != nil {
		return c
	}
	if len(s.keys) >= min(s.sweepKeys, limit) {
		for old, c := range s.keys {
			if c.idle(today) {
				delete(s.keys, old)
			}
		}
		s.sweepKeys = max(sweepAtLeast, 2*len(s.keys))
	}
	for old := range s.keys {
		if len(s.keys) < limit {
			break
		}
		delete(s.keys, old)
	}
	c := &counter{first: today}
	s.keys[id] = c
	return c
}

// Day is the use of one day: calls counted on it, and calls left of the quota
// at its end.
type Day struct{ Used, Remaining int64 }

// Days returns a key's use for each UTC day from first to last, both included,
// at most 90 (reference/api-gateway.md 4.4). quota is the plan's quota now; nil
// leaves nothing remaining.
func (m *Meter) Days(first, last time.Time, id KeyID, quota *program.Quota) []Day {
	from, to := dayOf(first), dayOf(last)
	if to < from {
		return nil
	}
	to = min(to, from+keptDays-1)
	s := m.shard(id.Plan, id.Key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.keys[id]
	if c == nil {
		c = &counter{first: to + 1}
	}
	return c.report(from, to, quota)
}

// SetRemaining sets what a key has left of its quota in the running period.
func (m *Meter) SetRemaining(now time.Time, id KeyID, quota program.Quota, remaining int64) {
	s := m.shard(id.Plan, id.Key)
	s.mu.Lock()
	c := s.counter(dayOf(now), id, m.perShard)
	s.mu.Unlock()
	c.leasing.Lock()
	defer c.leasing.Unlock()
	record := c.setRemaining(id, dayOf(now), quota, remaining)
	if m.lease != nil {
		m.lease(id, encode(record))
	}
}

// shard returns the shard of an id.
func (m *Meter) shard(parts ...string) *shard {
	var h uint64
	for _, part := range parts {
		h = h*31 + maphash.String(m.seed, part)
	}
	return &m.shards[h%shardCount]
}
