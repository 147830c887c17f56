package jsfunc

import "sync/atomic"

// worldsAhead is how many worlds of a runtime lie ready, a third of a megabyte
// each: to make one takes longer than to run most functions.
const worldsAhead = 8

// worlds are JavaScript worlds that nobody has run anything in yet. Each is
// given away once.
type worlds struct {
	ready  chan *sandbox
	making atomic.Bool
}

func newWorlds() *worlds { return &worlds{ready: make(chan *sandbox, worldsAhead)} }

// world gives a new world, made ahead where there is one, and has others made
// while the caller's function runs.
func (e *Engine) world(modern bool) *sandbox {
	w := e.ahead[modern]
	var s *sandbox
	select {
	case s = <-w.ready:
	default:
		s = newSandbox(e, modern)
	}
	if w.making.CompareAndSwap(false, true) {
		go w.fill(e, modern)
	}
	return s
}

// fill makes worlds until enough lie ready.
func (w *worlds) fill(e *Engine, modern bool) {
	defer w.making.Store(false)
	for {
		select {
		case w.ready <- newSandbox(e, modern):
		default:
			return
		}
		if len(w.ready) == cap(w.ready) {
			return
		}
	}
}
