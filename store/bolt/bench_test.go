package bolt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"drawbridge/store"
	"drawbridge/store/bolt"
)

const configBytes = 8 << 10 // a distribution's config, as stored

func fill(b *testing.B, s store.Store, n int) {
	b.Helper()
	for i := 0; i < n; i += 500 {
		var x store.Txn
		for j := range min(500, n-i) {
			x.Puts = append(x.Puts, store.Put{Key: key(i + j), Value: make([]byte, configBytes)})
		}
		if _, err := s.Txn(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}

func key(i int) string { return fmt.Sprintf("cloudfront/distribution/%06d", i) }

func loaded(b *testing.B, n int) *bolt.Store {
	b.Helper()
	s := open(b, bolt.Options{Dir: b.TempDir()})
	b.Cleanup(func() { closeStore(b, s) })
	fill(b, s, n)
	return s
}

// BenchmarkSync is the floor: what two syncs of a file cost here, which is what
// a commit needs whoever makes it.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	page := make([]byte, 2*configBytes)
	for i := 0; b.Loop(); i++ {
		for j := range 2 {
			if _, err := f.WriteAt(page, int64((i+j)%64*len(page))); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkTxn(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			s := loaded(b, n)
			value := make([]byte, configBytes)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := key(i * 7919 % max(n, 1))
				e, _ := s.Get(b.Context(), k)
				_, err := s.Txn(b.Context(), store.Txn{
					Compares: []store.Compare{{Key: k, ModRevision: e.ModRevision}},
					Puts:     []store.Put{{Key: k, Value: value}},
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTxnParallel(b *testing.B) {
	s := loaded(b, 1000)
	value := make([]byte, 500)
	var i atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			x := store.Txn{Puts: []store.Put{{Key: key(int(i.Add(1) % 1000)), Value: value}}}
			if _, err := s.Txn(b.Context(), x); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s := loaded(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(b.Context(), key(5432)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s := loaded(b, 10_000)
	for _, c := range []struct{ name, prefix string }{{"100", key(5432)[:22+6]}, {"10000", ""}} {
		b.Run("entries="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.List(b.Context(), c.prefix); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWatch is from a write to its event at a watcher that waits.
func BenchmarkWatch(b *testing.B) {
	s := loaded(b, 10_000)
	events := make(chan int64, 1)
	go func() {
		for e, err := range s.Watch(b.Context(), s.Revision(), "") {
			if err != nil {
				return
			}
			events <- e.Revision
		}
	}()
	value := make([]byte, configBytes)
	for i := 0; b.Loop(); i++ {
		if _, err := s.Txn(b.Context(), store.Txn{Puts: []store.Put{{Key: key(i % 10_000), Value: value}}}); err != nil {
			b.Fatal(err)
		}
		<-events
	}
}

// BenchmarkOpen is the store's part of a start with 10 000 distributions.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, bolt.Options{Dir: dir})
	fill(b, s, 10_000)
	closeStore(b, s)
	for b.Loop() {
		closeStore(b, open(b, bolt.Options{Dir: dir}))
	}
}
