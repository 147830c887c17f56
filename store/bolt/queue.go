package bolt

import (
	"sync"

	"drawbridge/store"
)

// Bounds of one group commit.
const (
	groupTxns  = 256
	groupBytes = store.MaxTxnBytes
)

// pending is a transaction that waits for the writer whose turn it is.
type pending struct {
	txn  store.Txn
	done chan struct{} // closed when revision and err are set

	revision int64
	err      error
}

func newPending(t store.Txn) *pending { return &pending{txn: t, done: make(chan struct{})} }

func (p *pending) finish(revision int64, err error) {
	p.revision, p.err = revision, err
	close(p.done)
}

func (p *pending) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// queue holds the waiting transactions in the order of their arrival. It is as
// long as there are callers waiting.
type queue struct {
	mu      sync.Mutex
	waiting []*pending
	refused error // set when the store closes
}

func (q *queue) add(p *pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refused != nil {
		p.finish(0, q.refused)
		return
	}
	q.waiting = append(q.waiting, p)
}

// withdraw takes a transaction back, unless it has been taken up.
func (q *queue) withdraw(p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w == p {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take returns the transactions of the next group commit, oldest first.
func (q *queue) take() []*pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.waiting) && n < groupTxns {
		for _, p := range q.waiting[n].txn.Puts {
			size += len(p.Value)
		}
		if n > 0 && size > groupBytes {
			break
		}
		n++
	}
	group := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return group
}

// refuse ends the queue: what waits and what comes gets the error.
func (q *queue) refuse(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refused = err
	for _, p := range q.waiting {
		p.finish(0, err)
	}
	q.waiting = nil
}
