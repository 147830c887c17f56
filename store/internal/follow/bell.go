package follow

import "sync"

// Bell wakes everyone who waits for the next change. It costs a writer one
// uncontended lock, and an allocation only when somebody has waited since the
// last ring. The zero Bell is ready.
type Bell struct {
	mu sync.Mutex
	ch chan struct{} // nil: nobody has asked since the last ring
}

// Wait returns a channel that the next Ring closes.
func (b *Bell) Wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// Ring wakes all who wait.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
