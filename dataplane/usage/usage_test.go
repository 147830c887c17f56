package usage

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drawbridge/dataplane/program"
)

// A Sunday in the middle of a month.
var noon = time.Date(2022, 3, 6, 12, 0, 0, 0, time.UTC)

func newMeter(t testing.TB, limit int) *Meter {
	t.Helper()
	m, err := New(Options{MaxEntries: limit})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTake(t *testing.T) {
	type call struct {
		after time.Duration
		want  bool
	}
	shape := func(rate float64, burst int) program.Throttle { return program.Throttle{Rate: rate, Burst: burst} }
	rows := []struct {
		name  string
		shape program.Throttle
		calls []call
	}{
		{"one a second", shape(1, 1), []call{{0, true}, {0, false}, {999 * time.Millisecond, false}, {time.Millisecond, true}, {0, false}}},
		{"burst of three", shape(1, 3), []call{{0, true}, {0, true}, {0, true}, {0, false}, {time.Second, true}, {0, false}, {time.Hour, true}, {0, true}, {0, true}, {0, false}}},
		{"half a token a second", shape(0.5, 1), []call{{0, true}, {time.Second, false}, {time.Second, true}}},
		{"no rate", shape(0, 10), []call{{0, false}, {time.Hour, false}}},
		{"no burst", shape(10, 0), []call{{0, false}}},
		{"not a number", shape(math.NaN(), 1), []call{{0, false}}},
		{"endless", shape(math.Inf(1), 1), []call{{0, true}, {0, true}, {0, true}}},
		{"hardly ever", shape(1e-300, math.MaxInt), []call{{0, true}}},
	}
	for _, row := range rows {
		m, at := newMeter(t, 0), noon
		for i, c := range row.calls {
			at = at.Add(c.after)
			if got := m.Take(at, BucketID{Key: "k"}, row.shape); got != c.want {
				t.Errorf("%s: call %d: %v", row.name, i, got)
			}
		}
	}
}

func TestTakeAfterChange(t *testing.T) {
	m, id := newMeter(t, 0), BucketID{Plan: "p", Key: "k"}
	slow, fast := program.Throttle{Rate: 1.0 / 3600, Burst: 1}, program.Throttle{Rate: 100, Burst: 1}
	if !m.Take(noon, id, slow) || m.Take(noon, id, fast) {
		t.Error("a new rate must not fill the bucket at once")
	}
	if !m.Take(noon.Add(10*time.Millisecond), id, fast) {
		t.Error("a raised rate must count from when it holds, not from when the old debt is paid")
	}
	if !m.Take(noon, BucketID{Plan: "p", Key: "other"}, slow) {
		t.Error("keys share a bucket")
	}
	if m.Take(noon.Add(-time.Hour), id, fast) {
		t.Error("a clock that went back must not fill the bucket")
	}
	if !m.Take(noon.Add(10*time.Millisecond-time.Hour), id, fast) {
		t.Error("a clock that went back must not block for longer than the burst")
	}
}

// Callers look at the clock before they come to the bucket, and may come in
// another order. That must not make tokens.
func TestTakeOutOfOrder(t *testing.T) {
	m, shape, admitted := newMeter(t, 0), program.Throttle{Rate: 100, Burst: 50}, 0
	for step := range 10_000 { // 10 s
		at := noon.Add(time.Duration(step) * time.Millisecond)
		for _, late := range []time.Duration{0, 300 * time.Millisecond, 20 * time.Millisecond} {
			if m.Take(at.Add(-late), BucketID{Key: "k"}, shape) {
				admitted++
			}
		}
	}
	if admitted < 1048 || admitted > 1050 {
		t.Errorf("%d calls admitted in 10 s, want 1050", admitted)
	}
}

// A call that was held up on its way is no reason to refuse it.
func TestTakeOfALateCall(t *testing.T) {
	m, shape := newMeter(t, 0), program.Throttle{Rate: 1000, Burst: 100} // full within 100 ms
	for step := range 1000 {
		at := noon.Add(time.Duration(step) * 10 * time.Millisecond)
		if !m.Take(at, BucketID{Key: "k"}, shape) || !m.Take(at.Add(-2*time.Second), BucketID{Key: "k"}, shape) {
			t.Fatalf("a call is refused at 200 of 1 000 a second, after %v", at.Sub(noon))
		}
	}
}

// The bucket behaves like the textbook one: tokens that flow in with time.
func TestTakeIsATokenBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := rapid.Int64Range(1, 2_000_000_000).Draw(t, "interval")
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		shape := program.Throttle{Rate: 1e9 / float64(interval), Burst: burst}
		one, _ := spans(shape) // what the rate is after rounding to nanoseconds
		var b bucket
		level, at := int64(burst)*one, noon // in nanoseconds' worth of tokens
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			pause := rapid.Int64Range(0, 3*interval).Draw(t, "pause")
			at = at.Add(time.Duration(pause))
			level = min(level+pause, int64(burst)*one)
			want, slack := level >= one, level-one
			got := b.take(at, shape)
			if slack >= -int64(burst)-2 && slack < int64(burst)+2 {
				want = got // within rounding: either is right
			}
			if got != want {
				t.Fatalf("take %v, model %v (level %d of %d)", got, want, level, one)
			}
			if got {
				level -= one
			}
		}
	})
}

func TestTakeRace(t *testing.T) {
	m := newMeter(t, 0)
	shape := program.Throttle{Rate: 1, Burst: 100}
	var taken atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 500 {
				if m.Take(noon, BucketID{Key: "k"}, shape) {
					taken.Add(1)
				}
				m.Take(noon, BucketID{Key: fmt.Sprint(i)}, shape)
			}
		})
	}
	group.Wait()
	if taken.Load() != 100 {
		t.Errorf("%d tokens taken of 100", taken.Load())
	}
}

func TestBucketsAreForgotten(t *testing.T) {
	m := newMeter(t, shardCount*8)
	shape := program.Throttle{Rate: 1, Burst: 1}
	for i := range 10_000 {
		m.Take(noon, BucketID{Key: fmt.Sprint(i)}, shape)
		m.Spend(noon, KeyID{Key: fmt.Sprint(i)}, nil)
	}
	for i := range m.shards {
		if b, k := len(m.shards[i].buckets), len(m.shards[i].keys); b > 8 || k > 8 {
			t.Fatalf("shard holds %d buckets and %d keys", b, k)
		}
	}
	m = newMeter(t, 0)
	for i := range 200_000 {
		m.Take(noon.Add(time.Duration(i)*time.Second), BucketID{Key: fmt.Sprint(i)}, shape)
	}
	for i := range m.shards {
		if n := len(m.shards[i].buckets); n > sweepAtLeast {
			t.Fatalf("%d buckets in a shard though all but two are full", n)
		}
	}
}

func TestPeriodStart(t *testing.T) {
	for _, row := range []struct {
		period    program.QuotaPeriod
		day, want string
	}{
		{program.QuotaDay, "2022-03-06", "2022-03-06"},
		{program.QuotaWeek, "2022-03-06", "2022-03-06"}, // a Sunday
		{program.QuotaWeek, "2022-03-05", "2022-02-27"},
		{program.QuotaWeek, "2022-03-12", "2022-03-06"},
		{program.QuotaMonth, "2022-03-31", "2022-03-01"},
		{program.QuotaMonth, "2024-02-29", "2024-02-01"},
		{program.QuotaWeek, "1970-01-01", "1969-12-28"},
	} {
		day, _ := time.Parse(time.DateOnly, row.day)
		want, _ := time.Parse(time.DateOnly, row.want)
		if got := periodStart(row.period, dayOf(day)); got != dayOf(want) {
			t.Errorf("%v of %s begins %d days off", row.period, row.day, got-dayOf(want))
		}
	}
}

func TestSpend(t *testing.T) {
	m, id := newMeter(t, 0), KeyID{"p", "k"}
	day := program.Quota{Limit: 3, Offset: 1, Period: program.QuotaDay}
	spend := func(at time.Time, quota *program.Quota, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := m.Spend(at, id, quota); got != w {
				t.Errorf("call %d: %v", i, got)
			}
		}
	}
	spend(noon, &day, true, true, false, false)                  // the offset is taken off the first period
	spend(noon.Add(12*time.Hour), &day, true, true, true, false) // midnight UTC
	week := program.Quota{Limit: 6, Period: program.QuotaWeek}   // the period changes: what was used counts
	spend(noon.Add(24*time.Hour), &week, true, false)            // 2 + 3 + 1
	spend(noon.Add(24*time.Hour), nil, true)                     // no quota: counted all the same
	spend(noon.Add(7*24*time.Hour), &week, true)                 // a new week
	spend(noon.Add(-time.Hour), &program.Quota{Limit: 0}, false) // nothing allowed
	spend(noon.Add(2*7*24*time.Hour), &program.Quota{Limit: 1}, true, false)

	days := m.Days(noon.Add(-24*time.Hour), noon.Add(48*time.Hour), id, &program.Quota{Limit: 6, Period: program.QuotaWeek})
	want := []Day{{0, 6}, {2, 4}, {5, 0}, {0, 0}} // Saturday, then the week
	if !slices.Equal(days, want) {
		t.Errorf("days %v, want %v", days, want)
	}
}

func TestDays(t *testing.T) {
	m, id := newMeter(t, 0), KeyID{"p", "k"}
	quota := &program.Quota{Limit: 10, Period: program.QuotaWeek}
	for i, n := range []int{2, 0, 3} {
		for range n {
			m.Spend(noon.Add(time.Duration(i)*24*time.Hour), id, quota)
		}
	}
	days := m.Days(noon.Add(-24*time.Hour), noon.Add(72*time.Hour), id, quota)
	if got, want := fmt.Sprint(days), "[{0 10} {2 8} {0 8} {3 5} {0 5}]"; got != want {
		t.Errorf("days %s, want %s", got, want)
	}
	if got := fmt.Sprint(m.Days(noon, noon, id, nil)); got != "[{2 0}]" {
		t.Errorf("without a quota: %s", got)
	}
	if got := fmt.Sprint(m.Days(noon, noon, KeyID{"p", "unused"}, quota)); got != "[{0 10}]" {
		t.Errorf("unused key: %s", got)
	}
	if m.Days(noon, noon.Add(-48*time.Hour), id, quota) != nil {
		t.Error("days of an empty range")
	}
	if n := len(m.Days(noon, noon.Add(1e6*time.Hour), id, quota)); n != keptDays {
		t.Errorf("%d days of a huge range", n)
	}
}

func TestSetRemaining(t *testing.T) {
	m, id := newMeter(t, 0), KeyID{"p", "k"}
	quota := program.Quota{Limit: 1, Period: program.QuotaDay}
	m.Spend(noon, id, &quota)
	m.SetRemaining(noon, id, quota, 2)
	for i, want := range []bool{true, true, false} {
		if got := m.Spend(noon, id, &quota); got != want {
			t.Errorf("call %d after the extension: %v", i, got)
		}
	}
	m.SetRemaining(noon, id, quota, 0)
	if m.Spend(noon, id, &quota) {
		t.Error("nothing was to remain")
	}
	next := noon.Add(24 * time.Hour)
	if !m.Spend(next, id, &quota) || m.Spend(next, id, &quota) {
		t.Error("the extension must end with its period")
	}
}

func TestLongRun(t *testing.T) {
	m, id := newMeter(t, 0), KeyID{"p", "k"}
	quota := &program.Quota{Limit: 5, Period: program.QuotaMonth}
	at := noon
	for range 400 {
		for range 2 {
			m.Spend(at, id, quota)
		}
		at = at.Add(24 * time.Hour)
	}
	s := m.shard(id.Plan, id.Key)
	if n := len(s.keys[id].used); n > keptDays {
		t.Errorf("%d days kept", n)
	}
	at = at.AddDate(2, 0, 0)
	if !m.Spend(at, id, quota) || len(s.keys[id].used) != 1 {
		t.Error("old days must go")
	}
}

func TestSnapshot(t *testing.T) {
	m, id, bid := newMeter(t, 0), KeyID{"p", "k"}, BucketID{Plan: "p", Key: "k", Method: "//GET"}
	quota, shape := &program.Quota{Limit: 2, Period: program.QuotaDay}, program.Throttle{Rate: 1, Burst: 1}
	m.Spend(noon, id, quota)
	m.Take(noon, bid, shape)
	m.Take(noon.Add(-time.Hour), BucketID{Key: "full again"}, shape)
	m.SetRemaining(noon, id, *quota, 5)
	first, err := m.Snapshot(noon)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(first, []byte("full again")) {
		t.Error("a full bucket is in the snapshot")
	}
	other := newMeter(t, 0)
	if err := other.Restore(first); err != nil {
		t.Fatal(err)
	}
	second, _ := other.Snapshot(noon)
	if !bytes.Equal(first, second) {
		t.Errorf("snapshot changed\n%s\n%s", first, second)
	}
	if other.Take(noon, bid, shape) || !other.Take(noon.Add(time.Second), bid, shape) {
		t.Error("the bucket's debt did not survive")
	}
	for i, want := range []bool{true, true, true, true, true, false} {
		if got := other.Spend(noon, id, quota); got != want {
			t.Errorf("call %d: %v", i, got)
		}
	}
	for _, bad := range []string{"", "{}", `{"version":2}`, `{"version":1,"keys":[{"base":-1}]}`} {
		if other.Restore([]byte(bad)) == nil {
			t.Errorf("restored %q", bad)
		}
	}
	if third, _ := other.Snapshot(noon); bytes.Equal(third, []byte(`{"version":1,"buckets":[],"keys":[]}`)) {
		t.Error("a failed restore emptied the meter")
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"version":1,"buckets":[{"plan":"p","full":9223372036854775807}],"keys":[{"plan":"p","key":"k","first":1,"base":19000,"used":[1,2]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := New(Options{MaxEntries: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if m.Restore(data) != nil {
			return
		}
		quota := &program.Quota{Limit: 3, Period: program.QuotaWeek}
		m.Spend(noon, KeyID{"p", "k"}, quota)
		m.Take(noon, BucketID{Plan: "p"}, program.Throttle{Rate: 1, Burst: 2})
		m.Days(noon, noon, KeyID{"p", "k"}, quota)
		if _, err := m.Snapshot(noon); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkTakeAndSpend(b *testing.B) {
	m := newMeter(b, 0)
	shape, quota := program.Throttle{Rate: math.Inf(1), Burst: 1}, &program.Quota{Limit: math.MaxInt64}
	b.ReportAllocs()
	for b.Loop() {
		if !m.Take(noon, BucketID{Plan: "plan01", Key: "key0000001"}, shape) || !m.Spend(noon, KeyID{"plan01", "key0000001"}, quota) {
			b.Fatal("refused")
		}
	}
}
