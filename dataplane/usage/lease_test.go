package usage

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drawbridge/dataplane/program"
)

// book keeps the last lease of each key, as a store does.
type book struct {
	mu      sync.Mutex
	records map[KeyID][]byte
	writes  int
}

func (b *book) put(id KeyID, record []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records[id] = slices.Clone(record)
	b.writes++
}

func newLeased(t testing.TB, b *book) *Meter {
	t.Helper()
	m, err := New(Options{Lease: b.put})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range b.records {
		if err := m.RestoreLease(record); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// drain spends until the quota is used up.
func drain(m *Meter, at time.Time, id KeyID, quota *program.Quota) (n int64) {
	for m.Spend(at, id, quota) {
		n++
	}
	return n
}

func TestLeases(t *testing.T) {
	id := KeyID{"p", "k"}
	for _, limit := range []int64{1, 7, 10, 999, 1000, 25_000} {
		quota := &program.Quota{Limit: limit, Period: program.QuotaMonth}
		for spend := int64(0); spend <= limit; spend += max(limit/7, 1) {
			b := &book{records: map[KeyID][]byte{}}
			m := newLeased(t, b)
			for range spend {
				m.Spend(noon, id, quota)
			}
			crashed := spend + drain(newLeased(t, b), noon, id, quota)
			if short := limit - crashed; short < 0 || short > max(limit/100, 10) {
				t.Errorf("quota of %d, killed after %d: %d admitted", limit, spend, crashed)
			}
			b = &book{records: map[KeyID][]byte{}}
			m = newLeased(t, b)
			for range spend {
				m.Spend(noon, id, quota)
			}
			for _, r := range m.Return() {
				b.put(r.ID, r.Record)
			}
			if ended := spend + drain(newLeased(t, b), noon, id, quota); ended != limit {
				t.Errorf("quota of %d, ended after %d: %d admitted", limit, spend, ended)
			}
		}
	}
}

// Whatever is called on whichever day, with crashes in between, a period's
// quota is never exceeded, and a crash costs no more than its allowance.
func TestLeasesOverDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := KeyID{"p", "k"}
		quota := &program.Quota{Limit: rapid.Int64Range(1, 3000).Draw(t, "limit"), Period: program.QuotaMonth}
		b := &book{records: map[KeyID][]byte{}}
		m, _ := New(Options{Lease: b.put})
		day := time.Date(2022, 3, 1, 0, 0, 0, 0, time.UTC)
		var admitted, crashes int64
		var snapshot []byte
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"calls", "day", "kill", "snapshot"}).Draw(t, "step") {
			case "calls":
				for range rapid.IntRange(1, 300).Draw(t, "calls") {
					if m.Spend(day, id, quota) {
						admitted++
					}
				}
			case "day":
				if day.Day() < 31 {
					day = day.AddDate(0, 0, 1)
				}
			case "snapshot":
				snapshot, _ = m.Snapshot(day)
			case "kill":
				crashes++
				m, _ = New(Options{Lease: b.put})
				if snapshot != nil {
					if err := m.Restore(snapshot); err != nil {
						t.Fatal(err)
					}
				}
				for _, record := range b.records {
					if err := m.RestoreLease(record); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		admitted += drain(m, day, id, quota)
		if short := quota.Limit - admitted; short < 0 || short > crashes*max(quota.Limit/100, 10) {
			t.Fatalf("%d of %d admitted over %d crashes", admitted, quota.Limit, crashes)
		}
	})
}

func TestLeasesRace(t *testing.T) {
	b := &book{records: map[KeyID][]byte{}}
	m, id := newLeased(t, b), KeyID{"p", "k"}
	quota := &program.Quota{Limit: 5000, Period: program.QuotaDay}
	var admitted atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { admitted.Add(drain(m, noon, id, quota)) })
	}
	group.Wait()
	if admitted.Load() != 5000 {
		t.Errorf("%d of 5000 admitted", admitted.Load())
	}
	if b.writes != leaseShare {
		t.Errorf("%d leases written, want %d", b.writes, leaseShare)
	}
}

func TestSetRemainingIsOnRecord(t *testing.T) {
	b, id := &book{records: map[KeyID][]byte{}}, KeyID{"p", "k"}
	quota := &program.Quota{Limit: 100, Period: program.QuotaWeek}
	m := newLeased(t, b)
	for range 33 {
		m.Spend(noon, id, quota)
	}
	m.SetRemaining(noon, id, *quota, 3)
	if n := drain(newLeased(t, b), noon, id, quota); n != 3 {
		t.Errorf("%d calls after UpdateUsage and a crash, want 3", n)
	}
	m.SetRemaining(noon, id, *quota, 0)
	if n := drain(newLeased(t, b), noon, id, quota); n != 0 {
		t.Errorf("%d calls though nothing is to remain", n)
	}
	if n := drain(newLeased(t, b), noon.AddDate(0, 0, 7), id, quota); n != 100 {
		t.Errorf("%d calls in the next week, want 100", n)
	}
}

func TestRestoreLeaseRefuses(t *testing.T) {
	m := newMeter(t, 0)
	for _, bad := range []string{"", "x", `{"base":-1}`, `{"base":99999999}`} {
		if m.RestoreLease([]byte(bad)) == nil {
			t.Errorf("restored %q", bad)
		}
	}
}

func TestGiveBack(t *testing.T) {
	m, id, shape := newMeter(t, 0), BucketID{Key: "k"}, program.Throttle{Rate: 1, Burst: 2}
	m.GiveBack(id, shape) // of a bucket nobody took from
	for range 10 {
		if !m.Take(noon, id, shape) {
			t.Fatal("a token that was given back is missing")
		}
		m.GiveBack(id, shape)
	}
	taken := 0
	for m.Take(noon, id, shape) {
		taken++
	}
	if taken != 2 {
		t.Errorf("the bucket holds %d tokens, want 2", taken)
	}
}

// TestThrottleRate holds buckets to their rate: 100/s for a minute of calls at
// 1 000/s admits 6 000 and the burst.
func TestThrottleRate(t *testing.T) {
	for _, row := range []program.Throttle{{Rate: 100, Burst: 1}, {Rate: 100, Burst: 200}, {Rate: 2.5, Burst: 5}, {Rate: 10_000, Burst: 5000}} {
		m, admitted := newMeter(t, 0), 0
		const seconds = 60
		step := time.Duration(float64(time.Second) / row.Rate / 10)
		for at := time.Duration(0); at < seconds*time.Second; at += step {
			if m.Take(noon.Add(at), BucketID{Key: "k"}, row) {
				admitted++
			}
		}
		want := seconds*row.Rate + float64(row.Burst)
		if d := float64(admitted) - want; d > 1 || d < -1-want/1000 {
			t.Errorf("%v a second, burst %d: %d admitted in a minute, want %v", row.Rate, row.Burst, admitted, want)
		}
	}
}

func FuzzRestoreLease(f *testing.F) {
	f.Add([]byte(`{"plan":"p","key":"k","first":1,"base":19000,"used":[1,2],"extra":4,"extraFrom":19000}`), []byte(`{"plan":"p","key":"k","base":1}`))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		m, err := New(Options{MaxEntries: 1000, Lease: func(KeyID, []byte) {}})
		if err != nil {
			t.Fatal(err)
		}
		if m.RestoreLease(one) != nil || m.RestoreLease(other) != nil {
			return
		}
		quota := &program.Quota{Limit: 3, Period: program.QuotaWeek}
		m.Spend(noon, KeyID{"p", "k"}, quota)
		m.Days(noon, noon, KeyID{"p", "k"}, quota)
		if _, err := m.Snapshot(noon); err != nil {
			t.Fatal(err)
		}
	})
}
