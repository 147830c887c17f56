package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"drawbridge/store"
	"drawbridge/store/memory"
	"drawbridge/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o memory.Options) *memory.Store {
	t.Helper()
	s, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Backend{
		Open: func(t *testing.T, log store.LogLimits) store.Store { return open(t, memory.Options{Log: log}) },
	})
}

func TestFull(t *testing.T) {
	s := open(t, memory.Options{MaxBytes: 100_000})
	put := func(key string, size int) error {
		_, err := s.Txn(t.Context(), store.Txn{Puts: []store.Put{{Key: key, Value: make([]byte, size)}}})
		return err
	}
	for i := range 9 {
		if err := put(fmt.Sprint(i), 10_000); err != nil {
			t.Fatalf("value %d: %v", i, err)
		}
	}
	if err := put("over", 10_000); !errors.Is(err, store.ErrFull) {
		t.Fatalf("value over the limit: %v", err)
	}
	if _, err := s.Get(t.Context(), "over"); !errors.Is(err, store.ErrNotFound) || s.Revision() != 9 {
		t.Fatalf("a refused value left a trace: %v, revision %d", err, s.Revision())
	}
	if err := put("0", 1000); err != nil {
		t.Fatalf("a smaller value: %v", err)
	}
	if _, err := s.Txn(t.Context(), store.Txn{Deletes: []string{"1", "2"}}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if err := put("over", 10_000); err != nil {
		t.Fatalf("after room was made: %v", err)
	}
}

// TestDepth puts keys in the order that makes an unbalanced tree a list.
func TestDepth(t *testing.T) {
	s := open(t, memory.Options{})
	for i := 0; i < 20_000; i += store.MaxTxnOps {
		var x store.Txn
		for j := range store.MaxTxnOps {
			x.Puts = append(x.Puts, store.Put{Key: fmt.Sprintf("%08d", i+j)})
		}
		if _, err := s.Txn(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	if d := memory.Depth(s); d > 60 { // expected 2 ln n = 20, and 60 is far outside of chance
		t.Fatalf("20 000 keys in order made a tree of depth %d", d)
	}
}

func fill(b *testing.B, s store.Store, n, size int) {
	b.Helper()
	for i := 0; i < n; i += store.MaxTxnOps {
		var x store.Txn
		for j := range min(store.MaxTxnOps, n-i) {
			x.Puts = append(x.Puts, store.Put{Key: fmt.Sprintf("distribution/%06d", i+j), Value: make([]byte, size)})
		}
		if _, err := s.Txn(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTxn(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			s := open(b, memory.Options{})
			fill(b, s, n, 100)
			value := make([]byte, 8<<10)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x := store.Txn{Puts: []store.Put{{Key: fmt.Sprintf("distribution/%06d", i%n), Value: value}}}
				if _, err := s.Txn(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, memory.Options{})
	fill(b, s, 100_000, 100)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(ctx, "distribution/054321"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s := open(b, memory.Options{})
	fill(b, s, 100_000, 100)
	for _, c := range []struct{ prefix, name string }{{"distribution/0543", "100"}, {"distribution/05", "10000"}, {"", "100000"}} {
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
