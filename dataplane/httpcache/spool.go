package httpcache

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// Budget bounds what all spools together hold of bodies that are on their way
// into a store.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget returns a budget of max bytes.
func NewBudget(max int64) *Budget { return &Budget{max: max} }

// take asks for n bytes.
func (b *Budget) take(n int64) bool {
	if b.used.Add(n) > b.max {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *Budget) give(n int64) { b.used.Add(-n) }

// Used returns how many bytes are taken.
func (b *Budget) Used() int64 { return b.used.Load() }

// window is how far a writer may be ahead of the slowest reader once a body is
// no longer kept whole.
const window = 256 << 10

// Errors of a spool.
var (
	errNoReader = errors.New("httpcache: nobody reads the body any more")
	errClosed   = errors.New("httpcache: body closed")
)

// Spool is a body on its way from an origin to its readers and into a store:
// one writer, any number of readers that each begin at the start. As long as it
// is small enough it is kept whole, and the writer never waits for a reader.
// Beyond that only a window is kept: no reader can begin any more, and the
// writer waits for the slowest one.
type Spool struct {
	budget *Budget
	keep   int64 // the most bytes that are kept whole

	mu      sync.Mutex
	moved   sync.Cond // something was written or read, or somebody left
	data    []byte    // from offset base on
	base    int64
	whole   bool // data begins at the start
	taken   int64
	done    bool
	err     error // how the body ended, when not with io.EOF
	readers []*SpoolReader
}

// NewSpool returns an empty spool that keeps up to keep bytes whole.
func NewSpool(budget *Budget, keep int64) *Spool {
	s := &Spool{budget: budget, keep: keep, whole: true}
	s.moved.L = &s.mu
	return s
}

// Write appends to the body. It waits for readers only when the body is no
// longer kept whole, and fails when nobody is left to read it.
func (s *Spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whole && !s.grow(int64(len(p))) {
		s.stream()
	}
	for !s.whole {
		if len(s.readers) == 0 {
			return 0, errNoReader
		}
		s.trim()
		if int64(len(s.data)) < window {
			break
		}
		s.moved.Wait()
	}
	s.data = append(s.data, p...)
	s.moved.Broadcast()
	return len(p), nil
}

// grow accounts for n more bytes of a whole body.
func (s *Spool) grow(n int64) bool {
	if int64(len(s.data))+n > s.keep || !s.budget.take(n) {
		return false
	}
	s.taken += n
	return true
}

// stream gives up keeping the body whole.
func (s *Spool) stream() {
	s.whole = false
	s.budget.give(s.taken)
	s.taken = 0
}

// trim forgets what every reader has read.
func (s *Spool) trim() {
	slowest := s.base + int64(len(s.data))
	for _, r := range s.readers {
		slowest = min(slowest, r.at)
	}
	if n := slowest - s.base; n > 0 {
		s.data = append(s.data[:0], s.data[n:]...)
		s.base = slowest
	}
}

// Finish ends the body: with nil at its end, with an error where it broke off.
func (s *Spool) Finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.err = true, err
	s.budget.give(s.taken)
	s.taken = 0
	s.moved.Broadcast()
}

// Whole returns what was written, if it was kept whole. It is for the writer,
// when it has written everything and before it says Finish: so the body is in
// the store when the readers see its end.
func (s *Spool) Whole() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.whole {
		return nil, false
	}
	if cap(s.data)-len(s.data) > len(s.data)/8 {
		s.data = append(make([]byte, 0, len(s.data)), s.data...)
	}
	return s.data[:len(s.data):len(s.data)], true
}

// NewReader returns a reader from the start, or false when the start is gone.
// It ends with an error when ctx does; closed is called once, when the reader is
// closed.
func (s *Spool) NewReader(ctx context.Context, closed func()) (*SpoolReader, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.whole {
		return nil, false
	}
	r := &SpoolReader{spool: s, closed: closed}
	s.readers = append(s.readers, r)
	r.stop = context.AfterFunc(ctx, func() { r.giveUp(context.Cause(ctx)) })
	return r, true
}

// SpoolReader is one reader of a Spool.
type SpoolReader struct {
	spool  *Spool
	at     int64
	err    error // why it gave up
	gone   bool
	closed func()
	stop   func() bool
}

// Read waits for bytes that this reader has not seen.
func (r *SpoolReader) Read(p []byte) (int, error) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if r.err != nil {
			return 0, r.err
		}
		if rest := s.data[r.at-s.base:]; len(rest) > 0 {
			n := copy(p, rest)
			r.at += int64(n)
			if !s.whole {
				s.moved.Broadcast() // the writer may wait for room
			}
			return n, nil
		}
		if s.done {
			if s.err != nil {
				return 0, s.err
			}
			return 0, io.EOF
		}
		if len(p) == 0 {
			return 0, nil
		}
		s.moved.Wait()
	}
}

// Close lets go of the body.
func (r *SpoolReader) Close() error {
	r.stop()
	r.giveUp(errClosed)
	return nil
}

// Detach lets go of the body without telling: the writer goes on to the end, for
// the store alone.
func (r *SpoolReader) Detach() {
	r.stop()
	r.remove(errClosed)
}

// giveUp takes the reader off and tells whoever wanted to know.
func (r *SpoolReader) giveUp(err error) {
	if r.remove(err) && r.closed != nil {
		r.closed()
	}
}

// remove takes the reader off the spool, wakes whoever waits for it, and tells
// whether it was on it.
func (r *SpoolReader) remove(err error) bool {
	s := r.spool
	s.mu.Lock()
	first := !r.gone
	if first {
		r.gone, r.err = true, err
		for i, other := range s.readers {
			if other == r {
				s.readers = append(s.readers[:i], s.readers[i+1:]...)
				break
			}
		}
		s.moved.Broadcast()
	}
	s.mu.Unlock()
	return first
}
