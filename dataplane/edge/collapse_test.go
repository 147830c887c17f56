package edge_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

// slowOrigin answers when it is let go, and counts its calls.
type slowOrigin struct {
	calls   atomic.Int32
	started chan struct{}
	release chan string
}

func (w *world) slow() *slowOrigin {
	o := &slowOrigin{started: make(chan struct{}, 100), release: make(chan string)}
	w.origin = func(ctx context.Context, _ *upstream.Call) (*exchange.Response, error) {
		o.calls.Add(1)
		o.started <- struct{}{}
		select {
		case text := <-o.release:
			return response(text), nil
		case <-ctx.Done():
			return nil, &upstream.Error{Kind: upstream.Canceled, Err: ctx.Err()}
		}
	}
	return o
}

// serve sends a request of its own goroutine; the result is status, X-Cache and body.
func (w *world) serve(ctx context.Context, text string) string {
	resp := w.edge.Serve(ctx, w.exchangeOf(text))
	data, err := resp.Body.ReadAll(1 << 30)
	if err != nil {
		return "broken: " + err.Error()
	}
	return fmt.Sprintf("%d %s %s", resp.Status, strings.TrimSuffix(resp.Header.Get("X-Cache"), " from cloudfront"), data)
}

func TestCollapse(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	for _, row := range []struct {
		name, request, answer string
		set                   func(b *program.Behavior)
		calls                 int32
	}{
		{"one fetch for all", get, "200\n\nx", nil, 1},
		{"streamed", get, "200 stream\n\n" + strings.Repeat("x", 100_000), nil, 1},
		{"an error too", get, "404\n\nx", nil, 1},
		{"cookies forwarded", get, "200\n\nx", func(b *program.Behavior) { b.Request.Cookies.Mode = program.SelectAll }, 20},
		{"caching disabled", get, "200\n\nx", func(b *program.Behavior) { b.Cache = program.CachePolicy{} }, 20},
		{"POST", "POST https://d1.cloudfront.net/a", "200\n\nx", nil, 20},
		{"no-store turns out not to be for others", get, "200\nCache-Control: no-store\n\nx", func(b *program.Behavior) { b.Cache = useOrigin() }, 20},
		{"uncached 403", get, "403\n\nx", nil, 20},
		{"ranges", get + "\nRange: bytes=0-1", "206\n\nx", nil, 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if row.set != nil {
					row.set(w.behavior())
				}
				origin := w.slow()
				results := make([]string, 20)
				var wg sync.WaitGroup
				for i := range results {
					wg.Go(func() { results[i] = w.serve(t.Context(), row.request) })
				}
				synctest.Wait()
				for {
					synctest.Wait()
					select {
					case origin.release <- row.answer:
						continue
					default:
					}
					break
				}
				wg.Wait()
				if n := origin.calls.Load(); n != row.calls {
					t.Errorf("%d calls", n)
				}
				_, _, want := message(row.answer)
				misses := 0
				for _, r := range results {
					if !strings.HasSuffix(r, " "+want) {
						t.Errorf("%.80q", r)
					}
					if strings.Contains(r, " Miss ") {
						misses++
					}
				}
				if row.calls == 1 && strings.HasPrefix(row.answer, "200") && misses != 1 {
					t.Errorf("%d misses", misses)
				}
				if s := w.edge.Stats(); s.Fetches != 0 {
					t.Errorf("%d fetches are left", s.Fetches)
				}
			})
		})
	}
}

func TestViewersLeave(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	t.Run("the last one cancels the fetch", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.slow()
			ctx, gone := context.WithCancel(t.Context())
			go w.serve(ctx, get)
			synctest.Wait()
			gone()
			synctest.Wait()
			if s := w.edge.Stats(); s.Fetches != 0 || s.Objects != 0 {
				t.Errorf("%+v", s)
			}
		})
	})
	t.Run("the first one leaves, the others get their answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			origin := w.slow()
			ctx, gone := context.WithCancel(t.Context())
			go w.serve(ctx, get)
			synctest.Wait()
			got := make(chan string, 1)
			go func() { got <- w.serve(t.Context(), get) }()
			synctest.Wait()
			gone()
			synctest.Wait()
			origin.release <- "200\n\nx"
			if r := <-got; r != "200 Hit x" || origin.calls.Load() != 1 {
				t.Errorf("%q after %d calls", r, origin.calls.Load())
			}
		})
	})
	t.Run("in the middle of a body: not stored", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			reader, writer := io.Pipe()
			w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) {
				return &exchange.Response{Status: 200, Body: exchange.Stream(reader, -1)}, nil
			}
			ctx, gone := context.WithCancel(t.Context())
			resp := w.edge.Serve(ctx, w.exchangeOf(get))
			_, _ = writer.Write([]byte("half"))
			gone()
			synctest.Wait()
			go func() { _, _ = writer.Write([]byte("rest")); writer.CloseWithError(io.ErrClosedPipe) }()
			if _, err := resp.Body.ReadAll(100); err == nil {
				t.Error("a viewer that has gone reads on")
			}
			synctest.Wait()
			if s := w.edge.Stats(); s.Objects != 0 || s.Fetches != 0 {
				t.Errorf("%+v", s)
			}
		})
	})
	t.Run("a 304 needs no body: stored all the same", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			reader, writer := io.Pipe()
			w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) {
				return &exchange.Response{Status: 200, Header: exchange.Header{{Name: "ETag", Value: `"v1"`}}, Body: exchange.Stream(reader, -1)}, nil
			}
			ctx, done := context.WithCancel(t.Context())
			if r := w.serve(ctx, get+"\nIf-None-Match: \"v1\""); r != "304 Miss " {
				t.Errorf("%q", r)
			}
			done()
			synctest.Wait()
			_, _ = writer.Write([]byte("body"))
			_ = writer.Close()
			synctest.Wait()
			if s := w.edge.Stats(); s.Objects != 1 {
				t.Errorf("%+v", s)
			}
		})
	})
}

func TestBrokenBodiesAreNotStored(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	for name, resp := range map[string]func() *exchange.Response{
		"short": func() *exchange.Response {
			return &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(strings.NewReader("half")), 8)}
		},
		"long": func() *exchange.Response {
			return &exchange.Response{Status: 200, Body: exchange.Stream(io.NopCloser(strings.NewReader("too much")), 4)}
		},
		"broken": func() *exchange.Response {
			r, w := io.Pipe()
			go func() { _, _ = w.Write([]byte("half")); w.CloseWithError(io.ErrUnexpectedEOF) }()
			return &exchange.Response{Status: 200, Body: exchange.Stream(r, -1)}
		},
	} {
		w := newWorld(t)
		w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) { return resp(), nil }
		if r := w.serve(t.Context(), get); !strings.HasPrefix(r, "broken") {
			t.Errorf("%s: %q", name, r)
		}
		w.answers("200\n\nwhole")
		if r := w.serve(t.Context(), get); r != "200 Miss whole" {
			t.Errorf("%s: then %q", name, r)
		}
	}
}

func TestLargeBodiesStreamThrough(t *testing.T) {
	w := newWorld(t) // stores of 4 MiB take objects of 512 KiB
	large := strings.Repeat("0123456789abcdef", 1<<16)
	for _, kind := range []string{"200", "200 stream"} {
		w.answers(kind + "\n\n" + large)
		for range 2 {
			if r := w.serve(t.Context(), "GET https://d1.cloudfront.net/"+kind[3:]); r != "200 Miss "+large {
				t.Errorf("%s: %d bytes", kind, len(r))
			}
		}
	}
	if s := w.edge.Stats(); s.Objects != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPurgeMeetsFetch(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		origin := w.slow()
		first := make(chan string, 1)
		go func() { first <- w.serve(t.Context(), get) }()
		synctest.Wait()
		w.edge.Purge(0, "E1TEST", []string{"/a"})
		second := make(chan string, 1)
		go func() { second <- w.serve(t.Context(), get) }() // does not join the older fetch
		synctest.Wait()
		if n := origin.calls.Load(); n != 2 {
			t.Fatalf("%d calls", n)
		}
		origin.release <- "200\n\nx"
		origin.release <- "200\n\nx"
		<-first
		<-second
		synctest.Wait()
		if r := w.serve(t.Context(), get); r != "200 Hit x" {
			t.Errorf("%q", r)
		}
	})
}

// An invalidation between an object's expiry and its revalidation: the old body
// must not come back by a 304.
func TestPurgeMeetsRevalidation(t *testing.T) {
	const get = "GET https://d1.cloudfront.net/a"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answers("200\nETag: \"v1\"\nCache-Control: max-age=10\n\nold")
		w.get(get)
		w.later(10 * time.Second)
		origin := w.slow()
		done := make(chan string, 1)
		go func() { done <- w.serve(t.Context(), get) }()
		synctest.Wait()
		w.edge.Purge(0, "E1TEST", []string{"/*"})
		origin.release <- "304\nETag: \"v1\"\n\n"
		if r := <-done; r != "200 RefreshHit old" {
			t.Errorf("%q", r) // asked before the invalidation
		}
		w.answers("200\nCache-Control: max-age=10\n\nnew")
		if r := w.serve(t.Context(), get); r != "200 Miss new" {
			t.Errorf("%q", r)
		}
		if w.lastCall().Header.Has("If-None-Match") {
			t.Error("an invalidated object is revalidated")
		}
	})
}

func TestPanicOfOriginReachesItsRequest(t *testing.T) {
	w := newWorld(t)
	w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) { panic("BUG: test") }
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "BUG: test") {
			t.Errorf("panic %v", p)
		}
		if s := w.edge.Stats(); s.Fetches > 1 {
			t.Errorf("%+v", s)
		}
	}()
	w.get("GET https://d1.cloudfront.net/a")
}

func TestTooManyFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *edge.Options) { o.MaxFetches = 2 })
		ctx, gone := context.WithCancel(t.Context())
		defer gone()
		w.slow()
		for i := range 2 {
			go w.serve(ctx, fmt.Sprintf("GET https://d1.cloudfront.net/%d", i))
		}
		synctest.Wait()
		w.xCache("GET https://d1.cloudfront.net/3", 503, "CapacityExceeded", "too-many-fetches")
		gone()
		synctest.Wait()
	})
}

// Many viewers, purges and changing answers at once; run with -race.
func TestConcurrently(t *testing.T) {
	w := newWorld(t)
	var n atomic.Int64
	w.origin = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		k := n.Add(1)
		kinds := []string{"200", "200 stream", "404", "200 stream"}
		return response(fmt.Sprintf("%s\nCache-Control: max-age=1\nETag: \"%d\"\n\n%s", kinds[k%4], k, strings.Repeat("x", int(k%7)*10_000))), nil
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				ctx, gone := context.WithCancel(t.Context())
				if (g+i)%5 == 0 {
					gone()
				}
				w.serve(ctx, fmt.Sprintf("GET https://d1.cloudfront.net/%d", i%10))
				gone()
				switch {
				case i%25 == 0:
					w.edge.Purge(0, "E1TEST", []string{"/1", "/2*"})
				case i%10 == 0:
					w.later(time.Second)
				}
			}
		})
	}
	wg.Wait()
}
