package usage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// snapshotVersion is raised when the encoding changes its meaning.
const snapshotVersion = 1

// lastDay is beyond any day that can be meant: the year 9999.
const lastDay = 2932896

// snapshot is the encoding of a meter: JSON, entries in the order of their ids,
// so that equal meters encode to equal bytes.
type snapshot struct {
	Version int             `json:"version"`
	Buckets []bucketRecord  `json:"buckets"`
	Keys    []counterRecord `json:"keys"`
}

type bucketRecord struct {
	Plan   string `json:"plan,omitempty"`
	Key    string `json:"key,omitempty"`
	API    string `json:"api,omitempty"`
	Stage  string `json:"stage,omitempty"`
	Method string `json:"method,omitempty"`
	Full   int64  `json:"full"` // nanoseconds since 1970
}

type counterRecord struct {
	Plan      string  `json:"plan"`
	Key       string  `json:"key"`
	First     int64   `json:"first"` // days since 1970
	Base      int64   `json:"base"`
	Used      []int64 `json:"used"`
	Extra     int64   `json:"extra,omitempty"`
	ExtraFrom int64   `json:"extraFrom,omitempty"`
}

// Snapshot encodes the meter. Buckets that are full at now and numbers beyond
// 90 days are left out.
func (m *Meter) Snapshot(now time.Time) ([]byte, error) {
	s := snapshot{Version: snapshotVersion, Buckets: []bucketRecord{}, Keys: []counterRecord{}}
	for i := range m.shards {
		m.shards[i].record(&s, now)
	}
	slices.SortFunc(s.Buckets, func(a, b bucketRecord) int {
		return cmp.Or(cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.Key, b.Key), cmp.Compare(a.API, b.API),
			cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Method, b.Method))
	})
	slices.SortFunc(s.Keys, func(a, b counterRecord) int {
		return cmp.Or(cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.Key, b.Key))
	})
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("usage: encode snapshot: %w", err)
	}
	return data, nil
}

func (s *shard) record(into *snapshot, now time.Time) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, b := range s.buckets {
		if full := b.full.Load(); full > now.UnixNano() {
			into.Buckets = append(into.Buckets, bucketRecord{id.Plan, id.Key, id.API, id.Stage, id.Method, full})
		}
	}
	for id, c := range s.keys {
		if c.idle(dayOf(now)) {
			continue
		}
		c.mu.Lock()
		into.Keys = append(into.Keys, c.record(id))
		c.mu.Unlock()
	}
}

// record is what there is to say about a counter; c is locked.
func (c *counter) record(id KeyID) counterRecord {
	return counterRecord{
		Plan: id.Plan, Key: id.Key, First: c.first, Base: c.base, Used: slices.Clone(c.used),
		Extra: c.extra, ExtraFrom: c.extraFrom,
	}
}

// check refuses a record that no meter wrote.
func (k *counterRecord) check() error {
	if len(k.Used) > keptDays || k.Base < 0 || k.Base > lastDay {
		return fmt.Errorf("usage: %d days from day %d for a key", len(k.Used), k.Base)
	}
	return nil
}

func (k *counterRecord) counter() *counter {
	return &counter{first: k.First, base: k.Base, used: k.Used, extra: k.Extra, extraFrom: k.ExtraFrom, sumFrom: -1}
}

// Restore replaces what the meter holds by a snapshot. On an error the meter is
// as it was. It is meant for the start, before calls are metered.
func (m *Meter) Restore(data []byte) error {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("usage: decode snapshot: %w", err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("usage: snapshot of version %d, want %d", s.Version, snapshotVersion)
	}
	for _, k := range s.Keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	fresh := &Meter{seed: m.seed, perShard: m.perShard}
	fresh.clear()
	fresh.fill(&s)
	for i := range m.shards {
		old, s := &m.shards[i], &fresh.shards[i]
		old.mu.Lock()
		old.buckets, old.keys = s.buckets, s.keys
		old.mu.Unlock()
	}
	return nil
}

func (m *Meter) fill(s *snapshot) {
	for _, r := range s.Buckets {
		into := m.shard(r.Plan, r.Key, r.API, r.Stage, r.Method)
		if len(into.buckets) >= m.perShard {
			continue
		}
		b := &bucket{}
		b.full.Store(r.Full)
		into.buckets[BucketID{r.Plan, r.Key, r.API, r.Stage, r.Method}] = b
	}
	for _, r := range s.Keys {
		into := m.shard(r.Plan, r.Key)
		if len(into.keys) >= m.perShard {
			continue
		}
		into.keys[KeyID{r.Plan, r.Key}] = r.counter()
	}
}
