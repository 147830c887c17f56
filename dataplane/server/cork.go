package server

import (
	"net"
	"sync"

	"drawbridge/dataplane/exchange"
)

// corkConn stands under a TLS connection and gathers its records while it is
// corked, so that several of them cost one write: crypto/tls makes one for each.
type corkConn struct {
	net.Conn
	hello *exchange.ClientHello // what the client of the handshake above offered

	mu     sync.Mutex
	corked bool
	held   *corkBuffer // nil when nothing is held
	n      int
}

// maxCorked bounds what is gathered.
const maxCorked = 64 << 10

type corkBuffer [maxCorked]byte

var corkBuffers = sync.Pool{New: func() any { return new(corkBuffer) }}

// cork begins to gather what is written.
func (k *corkConn) cork() {
	k.mu.Lock()
	k.corked = true
	k.mu.Unlock()
}

// uncork writes what was gathered.
func (k *corkConn) uncork() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.corked = false
	return k.flush()
}

// Write writes p behind what is held. An error in what is held is that of the
// write that meets it.
func (k *corkConn) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n+len(p) > maxCorked || !k.corked && k.n > 0 {
		if err := k.flush(); err != nil {
			return 0, err
		}
	}
	if !k.corked || len(p) > maxCorked {
		return k.Conn.Write(p)
	}
	if k.held == nil {
		k.held = corkBuffers.Get().(*corkBuffer)
	}
	k.n += copy(k.held[k.n:], p)
	return len(p), nil
}

// flush writes what is held; mu is held.
func (k *corkConn) flush() error {
	if k.n == 0 {
		return nil
	}
	_, err := k.Conn.Write(k.held[:k.n])
	corkBuffers.Put(k.held)
	k.held, k.n = nil, 0
	return err
}
