package telemetry

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// flushBytes is the size at which a filled buffer is handed to the writer.
	flushBytes = 64 << 10
	// maxPending bounds the lines that wait for a slow writer; behind it lines
	// are dropped and counted.
	maxPending = 8 << 20
)

// Lines writes lines to a writer that may be slow. They gather in memory and go
// out together, at the latest a second after they were made; nobody waits for it.
type Lines struct {
	mu      sync.Mutex
	pending []byte
	waiting int // lines in pending
	dropped atomic.Int64

	out  io.Writer
	wake chan struct{}
	done chan struct{}
	quit chan struct{}
}

// NewLines starts writing to out. Close ends it.
func NewLines(out io.Writer) *Lines {
	l := &Lines{out: out, wake: make(chan struct{}, 1), done: make(chan struct{}), quit: make(chan struct{})}
	go l.run()
	return l
}

// Add adds the lines that write appends to the buffer it is given; each ends
// with a newline. It drops them when too much waits already.
func (l *Lines) Add(write func(b []byte) []byte) {
	l.mu.Lock()
	if len(l.pending) > maxPending {
		l.mu.Unlock()
		l.dropped.Add(1)
		return
	}
	l.pending = write(l.pending)
	l.waiting++
	full := len(l.pending) >= flushBytes
	l.mu.Unlock()
	if full {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Dropped returns how often lines were lost because the writer was too slow or
// failed.
func (l *Lines) Dropped() int64 { return l.dropped.Load() }

// Close writes what is pending and ends the writing. out stays open.
func (l *Lines) Close() error {
	close(l.quit)
	<-l.done
	return nil
}

func (l *Lines) run() {
	defer close(l.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var spare []byte
	for {
		quit := false
		select {
		case <-tick.C:
		case <-l.wake:
		case <-l.quit:
			quit = true
		}
		l.mu.Lock()
		lines, count := l.pending, l.waiting
		l.pending, l.waiting = spare[:0], 0
		l.mu.Unlock()
		if len(lines) > 0 {
			if _, err := l.out.Write(lines); err != nil {
				l.dropped.Add(int64(count))
			}
		}
		if spare = lines; cap(spare) > 4*flushBytes {
			spare = nil // one burst does not keep its memory
		}
		if quit {
			return
		}
	}
}
