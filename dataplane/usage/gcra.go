package usage

import (
	"math"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/program"
)

// bucket is a token bucket as the generic cell rate algorithm keeps it (ITU-T
// I.371 annex A): one theoretical arrival time, the moment at which the bucket
// is full again, in nanoseconds since 1970. A bucket that is full is the same
// as none, so idle ones can be forgotten.
type bucket struct {
	full     atomic.Int64
	last     atomic.Int64 // the moment of the last call
	capacity atomic.Int64 // of the shape at that call
}

// wentBack is from where on an older time than the last call's tells of a clock
// that went back. Below it, callers merely looked at the clock before they came
// to the bucket, and come in another order.
const wentBack = int64(10 * time.Second)

// take takes one token: Rate tokens a second flow in, Burst of them fit. A
// bucket of zero rate or burst never has one (reference/api-gateway.md 4.3).
func (b *bucket) take(now time.Time, shape program.Throttle) bool {
	interval, capacity := spans(shape)
	if capacity <= 0 {
		return false
	}
	at := b.moment(now.UnixNano())
	b.fit(at, capacity)
	for {
		old := b.full.Load()
		next := max(old, at) + interval
		if next-at > capacity {
			return false
		}
		if next == old || b.full.CompareAndSwap(old, next) {
			return true
		}
	}
}

// moment is when a call comes to the bucket: not before the last one.
func (b *bucket) moment(at int64) int64 {
	for {
		last := b.last.Load()
		if at < last && last-at <= wentBack {
			return last
		}
		if at == last || b.last.CompareAndSwap(last, at) {
			return at
		}
	}
}

// fit gives a bucket its shape: one that had another, or was last used at a time
// yet to come, keeps its debt, but not more than the shape can have.
func (b *bucket) fit(at, capacity int64) {
	for {
		old := b.full.Load()
		if b.capacity.Load() == capacity && old-at <= capacity+wentBack {
			return
		}
		if old-at <= capacity || b.full.CompareAndSwap(old, at+capacity) {
			b.capacity.Store(capacity)
			return
		}
	}
}

// giveBack puts a token back.
func (b *bucket) giveBack(shape program.Throttle) {
	interval, _ := spans(shape)
	b.full.Add(-interval)
}

// spans returns the time in which one token flows in and that in which the
// whole bucket fills, in nanoseconds.
func spans(shape program.Throttle) (interval, capacity int64) {
	if !(shape.Rate > 0) || shape.Burst <= 0 {
		return 0, 0
	}
	const longest = math.MaxInt64 / 8 // 36 years: keeps sums from overflowing
	one := float64(time.Second) / shape.Rate
	interval = int64(min(one, longest))
	// One nanosecond more than the tokens need makes a bucket of rates beyond
	// 10⁹ a second unlimited and does no harm to others.
	capacity = int64(min(one*float64(shape.Burst), longest)) + 1
	return interval, max(capacity, interval)
}
