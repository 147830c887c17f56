package httpcache_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"drawbridge/dataplane/httpcache"
)

func TestShareOneFlight(t *testing.T) {
	g := httpcache.NewFlights[int](10)
	ctx := context.Background()
	h1, first, err := g.Share(ctx, "k", 1)
	if !first || err != nil {
		t.Fatal("the first one runs it")
	}
	h2, first, _ := g.Share(ctx, "k", 1)
	if first || h2.Flight != h1.Flight {
		t.Fatal("the second one waits for it")
	}
	if _, first, _ = g.Share(ctx, "other", 1); !first {
		t.Fatal("another key, another flight")
	}
	h3, first, _ := g.Share(ctx, "k", 2)
	if !first || h3.Flight == h1.Flight {
		t.Fatal("after an invalidation nobody joins a flight from before it")
	}
	h1.Tell(42)
	if v, err := h2.Wait(ctx); v != 42 || err != nil {
		t.Fatalf("told %d, %v", v, err)
	}
	h1.End()
	if h4, first, _ := g.Share(ctx, "k", 2); first || h4.Flight != h3.Flight {
		t.Error("the end of the older flight took away the newer one")
	}
}

func TestLastOneOutCancels(t *testing.T) {
	g := httpcache.NewFlights[int](10)
	gone, leave := context.WithCancel(context.Background())
	h1, _, _ := g.Share(gone, "k", 0)
	h2, _, _ := g.Share(context.Background(), "k", 0)
	leave()
	if _, err := h1.Wait(gone); !errors.Is(err, context.Canceled) {
		t.Fatal("a viewer that has gone does not wait")
	}
	h1.Leave()
	h1.Leave() // is leaving once
	if h1.Context.Err() != nil {
		t.Fatal("canceled although one still waits")
	}
	h2.Leave()
	if h1.Context.Err() == nil {
		t.Fatal("nobody waits, yet it goes on")
	}
	if _, first, _ := g.Share(context.Background(), "k", 0); !first {
		t.Fatal("joined a fetch that was canceled")
	}
}

func TestFlightsAreBounded(t *testing.T) {
	g := httpcache.NewFlights[int](2)
	ctx := context.Background()
	h, _ := g.Begin(ctx, 0)
	_, _, _ = g.Share(ctx, "k", 0)
	if _, err := g.Begin(ctx, 0); !errors.Is(err, httpcache.ErrBusy) {
		t.Fatal("a third fetch")
	}
	if _, first, err := g.Share(ctx, "k", 0); err != nil || first {
		t.Fatal("waiting for a running one is no new fetch")
	}
	h.End()
	if _, err := g.Begin(ctx, 0); err != nil || g.Running() != 2 {
		t.Fatal("room again after one ended")
	}
}

func TestSpoolWhole(t *testing.T) {
	budget := httpcache.NewBudget(1 << 20)
	s := httpcache.NewSpool(budget, 1000)
	early, ok := s.NewReader(t.Context(), nil)
	if !ok {
		t.Fatal("a reader from the start")
	}
	var wg sync.WaitGroup
	var got []byte
	wg.Go(func() { got, _ = io.ReadAll(early) })
	for range 10 {
		if _, err := s.Write(bytes.Repeat([]byte("x"), 100)); err != nil {
			t.Fatal(err)
		}
	}
	late, _ := s.NewReader(t.Context(), nil)
	data, ok := s.Whole()
	s.Finish(nil)
	wg.Wait()
	all, _ := io.ReadAll(late)
	if len(got) != 1000 || len(all) != 1000 || !ok || len(data) != 1000 {
		t.Errorf("%d, %d, %d bytes, whole %v", len(got), len(all), len(data), ok)
	}
	if budget.Used() != 0 {
		t.Errorf("%d bytes of budget are lost", budget.Used())
	}
}

func TestSpoolBroken(t *testing.T) {
	s := httpcache.NewSpool(httpcache.NewBudget(1<<20), 1000)
	r, _ := s.NewReader(t.Context(), nil)
	_, _ = s.Write([]byte("half"))
	broken := errors.New("broken")
	s.Finish(broken)
	got, err := io.ReadAll(r)
	if string(got) != "half" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

// Beyond its bound a spool streams: bounded memory, the pace of the reader.
func TestSpoolStreams(t *testing.T) {
	for name, budget := range map[string]int64{"too large": 1 << 30, "no budget": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := httpcache.NewBudget(budget)
				s := httpcache.NewSpool(b, 1000)
				r, _ := s.NewReader(t.Context(), nil)
				const total = 3 << 20
				go func() {
					for range total / 1024 {
						if _, err := s.Write(make([]byte, 1024)); err != nil {
							t.Error(err)
						}
					}
					s.Finish(nil)
				}()
				synctest.Wait() // the writer waits for the reader
				if _, ok := s.NewReader(t.Context(), nil); ok {
					t.Error("a second reader when the start is gone")
				}
				n, err := io.Copy(io.Discard, r)
				if n != total || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
				if _, ok := s.Whole(); ok || b.Used() != 0 {
					t.Error("a streamed body is not whole and holds no budget")
				}
			})
		})
	}
}

func TestSpoolReaderGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := httpcache.NewSpool(httpcache.NewBudget(1<<30), 10)
		ctx, gone := context.WithCancel(t.Context())
		left := 0
		r, _ := s.NewReader(ctx, func() { left++ })
		wrote := make(chan error, 1)
		go func() {
			_, err := s.Write(make([]byte, 1<<20))
			if err == nil {
				_, err = s.Write(make([]byte, 1<<20))
			}
			wrote <- err
		}()
		synctest.Wait()
		gone()
		if err := <-wrote; err == nil {
			t.Error("written although nobody reads")
		}
		synctest.Wait()
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("read after the viewer has gone: %v", err)
		}
		_ = r.Close()
		if left != 1 {
			t.Errorf("told %d times that the reader has gone", left)
		}
	})
}

func TestSpoolDetached(t *testing.T) {
	s := httpcache.NewSpool(httpcache.NewBudget(1<<20), 1000)
	r, _ := s.NewReader(t.Context(), func() { t.Error("detaching tells nobody") })
	r.Detach()
	if _, err := s.Write([]byte("all")); err != nil {
		t.Fatal(err)
	}
	s.Finish(nil)
	if data, ok := s.Whole(); !ok || string(data) != "all" {
		t.Errorf("%q, %v", data, ok)
	}
	_ = r.Close()
}
