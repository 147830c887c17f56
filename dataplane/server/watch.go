package server

import (
	"sync"
	"time"
)

// watchAfter is how long an exchange runs before anybody looks whether its
// client is still there; most are answered sooner and cost no look.
const watchAfter = 50 * time.Millisecond

// watch notices over HTTP/1 that the client has gone while a plane is at work:
// it reads ahead into the connection's free buffer, which the loop does not use
// meanwhile. A client that closes its sending side counts as gone, as it does
// for nginx and net/http.
type watch struct {
	mu      sync.Mutex
	timer   *time.Timer
	after   time.Duration
	body    *body1        // of the exchange being watched; nil: none
	reading chan struct{} // closed when the read-ahead has ended; nil: none runs
	gone    bool
}

// watchStart begins to watch an exchange with this body.
func (c *conn) watchStart(body *body1) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.body, w.after = body, watchAfter
	if w.timer == nil {
		w.timer = time.AfterFunc(w.after, c.watchFire)
	} else {
		w.timer.Reset(w.after)
	}
}

// watchFire reads ahead until watchStop. As long as the request's body is not
// read to its end it only comes back later: the bytes belong to the body.
func (c *conn) watchFire() {
	w := &c.watch
	w.mu.Lock()
	if w.body == nil || w.reading != nil {
		w.mu.Unlock()
		return
	}
	done := w.body.done.Load()
	if done && c.r == c.w {
		c.r, c.w = 0, 0
	}
	if !done || c.w == len(c.buf) {
		w.after = min(2*w.after, time.Second)
		w.timer.Reset(w.after)
		w.mu.Unlock()
		return
	}
	ended := make(chan struct{})
	w.reading = ended
	c.readBy = time.Time{}
	c.net.SetReadDeadline(time.Time{})
	w.mu.Unlock()

	n, err := c.net.Read(c.buf[c.w:])
	c.w += n
	if err != nil && !isTimeout(err) {
		w.gone = true
		c.cancel()
	}
	close(ended)
}

// watchStop ends the watch and tells whether the client is still there.
func (c *conn) watchStop() bool {
	w := &c.watch
	w.mu.Lock()
	w.timer.Stop()
	w.body = nil
	ended := w.reading
	if ended != nil {
		c.net.SetReadDeadline(longAgo)
	}
	w.mu.Unlock()
	if ended == nil {
		return true
	}
	<-ended
	w.mu.Lock()
	w.reading = nil
	w.mu.Unlock()
	c.readBy = time.Time{}
	c.net.SetReadDeadline(time.Time{})
	return !w.gone
}
