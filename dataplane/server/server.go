package server

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
)

// ErrServerClosed is returned by Serve when Shutdown or Close came before it.
var ErrServerClosed = errors.New("server closed")

// Server accepts connections and answers the requests that come over them.
type Server struct {
	opts  Options
	certs *certificates // nil: no TLS
	clock dateClock

	draining atomic.Bool
	closed   atomic.Bool
	nextConn atomic.Uint64
	dropped  atomic.Uint64 // response fields that must not be written

	mu        sync.Mutex
	listeners map[net.Listener]Roles
	conns     map[*conn]struct{}
	empty     chan struct{} // closed when draining and no connection is left
}

// New returns a server that serves nothing yet.
func New(o Options) (*Server, error) {
	o.fill()
	s := &Server{
		opts:      o,
		listeners: make(map[net.Listener]Roles),
		conns:     make(map[*conn]struct{}),
		empty:     make(chan struct{}),
	}
	certs, err := newCertificates(s)
	if err != nil {
		return nil, err
	}
	s.certs = certs
	return s, nil
}

// Serve accepts connections until the listener fails, or until Shutdown or
// Close; then it returns nil. It closes the listener.
func (s *Server) Serve(ln Listener) error {
	defer ln.Close()
	if !s.addListener(ln) {
		return ErrServerClosed
	}
	defer s.removeListener(ln.Listener)
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		if err != nil {
			if s.draining.Load() || s.closed.Load() {
				return nil
			}
			if !isTemporary(err) {
				return err
			}
			// Out of file descriptors, say: clients in the backlog can wait.
			pause = min(max(5*time.Millisecond, 2*pause), time.Second)
			time.Sleep(pause)
			continue
		}
		pause = 0
		if c := s.newConn(nc, ln.Roles); c != nil {
			go c.serve()
		}
	}
}

// isTemporary tells whether accepting may work again later.
func isTemporary(err error) bool {
	var ne interface{ Temporary() bool }
	return errors.As(err, &ne) && ne.Temporary()
}

func (s *Server) addListener(ln Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() || s.closed.Load() {
		return false
	}
	s.listeners[ln.Listener] = ln.Roles
	return true
}

func (s *Server) removeListener(ln net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, ln)
}

// newConn takes a connection into the books, or closes it when there are too
// many and no idle one gives way. While the server drains, a listener with the
// ops role still answers, but nothing beside ops: a readiness probe must be able
// to hear 503.
func (s *Server) newConn(nc net.Conn, roles Roles) *conn {
	draining := s.draining.Load()
	if draining {
		roles &= RoleOps
	}
	id := s.nextConn.Add(1)
	ctx, cancel := context.WithCancel(context.Background())
	c := &conn{
		srv: s, socket: nc, net: nc, roles: roles, ctx: ctx, cancel: cancel,
		facts: exchange.Conn{
			ID:         id,
			RemoteAddr: addrPort(nc.RemoteAddr()),
			LocalAddr:  addrPort(nc.LocalAddr()),
			Location:   int(id % uint64(len(s.opts.EdgeLocations))),
			Cell:       int(id % uint64(len(s.opts.GatewayCells))),
		},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	full := len(s.conns) >= s.opts.Limits.MaxConns && !s.evict()
	if full || s.closed.Load() || roles == 0 || s.draining.Load() != draining {
		cancel()
		nc.Close()
		return nil
	}
	s.conns[c] = struct{}{}
	return c
}

// evict closes a connection that may give way, if one is among the few it looks
// at. Go's random order of a map makes that a fair choice at a bounded cost.
func (s *Server) evict() bool {
	looked := 0
	for c := range s.conns {
		if c.giveWay() {
			return true
		}
		if looked++; looked == 16 {
			break
		}
	}
	return false
}

func (s *Server) removeConn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.draining.Load() {
		s.signalEmpty()
	}
}

// signalEmpty wakes Shutdown; s.mu is held.
func (s *Server) signalEmpty() {
	select {
	case <-s.empty:
	default:
		close(s.empty)
	}
}

// Draining tells whether Shutdown has begun, for the readiness probe.
func (s *Server) Draining() bool { return s.draining.Load() }

// DroppedFields returns how many response header fields were not written
// because their name or value could have split the message.
func (s *Server) DroppedFields() uint64 { return s.dropped.Load() }

// Shutdown stops accepting (but for ops, which goes on to the end), closes idle
// connections, lets running exchanges finish (with Connection: close, or GOAWAY)
// and returns nil when the last has, or closes the rest and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.Close()
	s.mu.Lock()
	s.draining.Store(true)
	for ln, roles := range s.listeners {
		if !roles.Has(RoleOps) {
			ln.Close()
		}
	}
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	if len(conns) == 0 {
		s.signalEmpty()
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.drain()
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close stops at once: listeners and connections are closed, running exchanges
// are cancelled.
func (s *Server) Close() error {
	s.closed.Store(true)
	s.draining.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		c.cancel()
		c.socket.Close()
	}
	if len(s.conns) == 0 {
		s.signalEmpty()
	}
	return nil
}
