package usage

import (
	"encoding/json"
	"errors"
	"fmt"

	"drawbridge/dataplane/program"
)

// verdict is what becomes of a call that is to be spent.
type verdict uint8

const (
	spent     verdict = iota
	usedUp            // the quota of the period is
	uncovered         // a lease must be put on record first
)

// A lease is the part of a key's quota that is on record as spent before it is,
// so that a crash can cost calls but never grant one twice. leaseShare is the part of a quota that one lease takes, and leaseLeast what
// it takes at least: half of what a crash may cost (1 %, or 10 calls), as calls
// that were under way at the crash count, too.
const (
	leaseShare = 200
	leaseLeast = 5
)

// covered tells whether the next call of a day is on record; c is locked.
func (c *counter) covered(day int64) bool {
	return c.leaseDay == day && c.between(day, day) < c.leaseEnd
}

// extend puts the next lease of a key on record. Others that need one wait
// here, not under a shard's lock.
func (m *Meter) extend(id KeyID, c *counter, day int64, quota program.Quota) {
	c.leasing.Lock()
	defer c.leasing.Unlock()
	record, ok := c.nextLease(id, day, quota)
	if !ok {
		return
	}
	m.lease(id, encode(record))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaseDay = max(day, record.Base)
	c.leaseEnd = record.Used[c.leaseDay-record.Base]
}

// nextLease returns the record of a counter with the next lease spent; ok is
// false when there is nothing to lease.
func (c *counter) nextLease(id KeyID, day int64, quota program.Quota) (record counterRecord, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	day = max(day, c.base)
	left := c.remaining(day, &quota)
	if left <= 0 || c.covered(day) {
		return counterRecord{}, false
	}
	c.at(day)
	record = c.record(id)
	record.Used[day-c.base] += min(max(quota.Limit/leaseShare, leaseLeast), left)
	return record, true
}

// Returned is a key's record without unspent leases.
type Returned struct {
	ID     KeyID
	Record []byte
}

// Return takes back what is leased but not spent, for a process that ends: the
// records are to replace those that Lease was given.
func (m *Meter) Return() []Returned {
	var all []Returned
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.RLock()
		for id, c := range s.keys {
			c.mu.Lock()
			if c.leaseEnd > 0 {
				c.leaseEnd = 0
				all = append(all, Returned{id, encode(c.record(id))})
			}
			c.mu.Unlock()
		}
		s.mu.RUnlock()
	}
	return all
}

// RestoreLease takes up a record that Lease or Return made, on top of a
// snapshot that may be older. It is meant for the start.
func (m *Meter) RestoreLease(data []byte) error {
	var record counterRecord
	if err := json.Unmarshal(data, &record); err != nil {
		return fmt.Errorf("usage: decode lease: %w", err)
	}
	if err := record.check(); err != nil {
		return err
	}
	id := KeyID{record.Plan, record.Key}
	s := m.shard(id.Plan, id.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch known := s.keys[id]; {
	case known != nil:
		known.merge(record.counter())
	case len(s.keys) >= m.perShard:
		return errors.New("usage: more leases than a meter holds")
	default:
		s.keys[id] = record.counter()
	}
	return nil
}

// merge takes the larger count of each day, and the rest from the lease, which
// is written whenever it changes.
func (c *counter) merge(l *counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	older, newer := c, l
	if l.base < c.base {
		older, newer = l, c
	}
	merged := counter{base: older.base, used: older.used}
	for i, n := range newer.used {
		at := merged.at(newer.base + int64(i))
		*at = max(*at, n)
	}
	c.base, c.used, c.sumFrom = merged.base, merged.used, -1
	c.first = min(c.first, l.first)
	c.extra, c.extraFrom = l.extra, l.extraFrom
}

func encode(record counterRecord) []byte {
	data, err := json.Marshal(record)
	if err != nil {
		panic("BUG: usage: numbers and names do not encode: " + err.Error())
	}
	return data
}
