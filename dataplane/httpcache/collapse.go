package httpcache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrBusy is returned when more fetches are under way than may be.
var ErrBusy = errors.New("httpcache: too many fetches at once")

// Flights are the fetches under way: at most one shared one for a key. T is
// what a fetch tells those who wait for it.
type Flights[T any] struct {
	limit   int
	mu      sync.Mutex
	shared  map[string]*Flight[T]
	running int
}

// NewFlights returns an empty set that lets at most limit fetches run at once.
func NewFlights[T any](limit int) *Flights[T] {
	return &Flights[T]{limit: limit, shared: make(map[string]*Flight[T])}
}

// Flight is one fetch. It runs as long as somebody holds it: a request that
// leaves does not end it for the others, and when the last has left it is
// canceled.
type Flight[T any] struct {
	// Context is the fetch's own: it ends when nobody holds the flight or the flight has ended.
	Context context.Context
	// Mark is the zone's mark when the fetch began.
	Mark uint64

	flights *Flights[T]
	key     string
	cancel  context.CancelFunc
	told    chan struct{} // closed when result stands
	result  T
	holders int // guarded by flights.mu
}

// Hold is one request's part in a flight. Whoever never leaves (because its
// answer needs no body) lets the fetch run to its end.
type Hold[T any] struct {
	*Flight[T]
	left atomic.Bool
}

// Share returns a hold on the flight for key: the one under way (first is
// false), or a new one that the caller must run (first is true). One that began
// before the latest invalidation is left to those who already wait for it.
func (g *Flights[T]) Share(ctx context.Context, key string, mark uint64) (h *Hold[T], first bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.shared[key]; f != nil && f.Mark == mark {
		f.holders++
		return &Hold[T]{Flight: f}, false, nil
	}
	h, err = g.begin(ctx, key, mark)
	if err == nil {
		g.shared[key] = h.Flight
	}
	return h, true, err
}

// Begin returns a hold on a flight of the caller's own, that nobody joins.
func (g *Flights[T]) Begin(ctx context.Context, mark uint64) (*Hold[T], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.begin(ctx, "", mark)
}

func (g *Flights[T]) begin(ctx context.Context, key string, mark uint64) (*Hold[T], error) {
	if g.running >= g.limit {
		return nil, ErrBusy
	}
	g.running++
	f := &Flight[T]{Mark: mark, flights: g, key: key, told: make(chan struct{}), holders: 1}
	f.Context, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return &Hold[T]{Flight: f}, nil
}

// Running returns how many fetches are under way.
func (g *Flights[T]) Running() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}

// Tell hands the result to everyone who waits or will wait. Whoever runs the
// flight calls it exactly once, before End.
func (f *Flight[T]) Tell(result T) {
	f.result = result
	close(f.told)
}

// Close keeps later requests from joining; those who wait stay.
func (f *Flight[T]) Close() {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	f.close()
}

func (f *Flight[T]) close() {
	if f.flights.shared[f.key] == f {
		delete(f.flights.shared, f.key)
	}
}

// End is called by whoever runs the flight when there is nothing left to do.
func (f *Flight[T]) End() {
	f.flights.mu.Lock()
	f.close()
	f.flights.running--
	f.flights.mu.Unlock()
	f.cancel()
}

// Wait returns what the flight tells. When ctx ends first, the holder is as good
// as gone: it still has to Leave.
func (f *Flight[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.told:
		return f.result, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// Leave lets go of the flight; the last to leave cancels it. Leaving twice is
// leaving once.
func (h *Hold[T]) Leave() {
	if h.left.Swap(true) {
		return
	}
	f := h.Flight
	f.flights.mu.Lock()
	f.holders--
	last := f.holders == 0
	if last {
		f.close() // in the same breath: nobody may join a fetch that is being canceled
	}
	f.flights.mu.Unlock()
	if last {
		f.cancel()
	}
}
