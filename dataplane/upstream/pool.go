package upstream

import (
	"crypto/tls"
	"strings"
	"sync"
	"syscall"
	"time"
)

// poolKey is what two calls must have in common to share a connection.
type poolKey struct {
	scheme, host string
	port         int
	serverName   string
	insecure     bool
	certificate  string // names its certificate may carry
	minTLS       uint16
	ipVersion    int
	shown        *tls.Certificate // to the other side
}

func keyOf(call *Call) poolKey {
	return poolKey{
		scheme: call.Scheme, host: call.Host, port: call.Port,
		serverName: call.ServerName, insecure: call.InsecureTLS,
		certificate: strings.Join(call.CertificateNames, " "), minTLS: call.MinTLS, ipVersion: call.IPVersion, shown: call.ClientCertificate,
	}
}

// pool keeps idle connections by key, the most recently used one on top, and
// counts the open ones. An origin without connections leaves nothing behind.
type pool struct {
	max  int
	mu   sync.Mutex
	idle map[poolKey][]*conn
	open map[poolKey]int
}

func newPool(limit int) *pool {
	return &pool{max: limit, idle: make(map[poolKey][]*conn), open: make(map[poolKey]int)}
}

// admit counts a connection that is about to be opened, unless there are too many.
func (p *pool) admit(key poolKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[key] >= p.max {
		return false
	}
	p.open[key]++
	return true
}

// release stops counting a connection that was closed or never opened.
func (p *pool) release(key poolKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[key]--; p.open[key] <= 0 {
		delete(p.open, key)
	}
}

// take returns an idle connection that is still alive, or nil.
func (p *pool) take(key poolKey) *conn {
	for {
		c := p.pop(key)
		if c == nil {
			return nil
		}
		if c.expire.Stop() && isQuiet(c) {
			c.reused, c.heard = true, false
			return c
		}
		p.discard(c)
	}
}

func (p *pool) pop(key poolKey) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[key]
	if len(list) == 0 {
		return nil
	}
	last := len(list) - 1
	c := list[last]
	list[last] = nil
	if p.idle[key] = list[:last]; last == 0 {
		delete(p.idle, key)
	}
	return c
}

// put keeps a connection for the next call, for at most keep.
func (p *pool) put(c *conn, keep time.Duration) {
	p.mu.Lock()
	if len(p.idle[c.key]) >= maxIdlePerOrigin {
		p.mu.Unlock()
		p.discard(c)
		return
	}
	defer p.mu.Unlock()
	c.expire = time.AfterFunc(keep, func() { p.expired(c) })
	p.idle[c.key] = append(p.idle[c.key], c)
}

// expired closes a connection whose idle time has run out, if it still is idle.
func (p *pool) expired(c *conn) {
	if p.remove(c) {
		p.discard(c)
	}
}

func (p *pool) remove(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[c.key]
	for i := range list {
		if list[i] != c {
			continue
		}
		p.idle[c.key] = append(list[:i], list[i+1:]...)
		if len(list) == 1 {
			delete(p.idle, c.key)
		}
		return true
	}
	return false
}

// discard closes a connection for good.
func (p *pool) discard(c *conn) {
	_ = c.tcp.Close() // the TLS layer has nothing left to say
	p.release(c.key)
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	var all []*conn
	for _, list := range p.idle {
		all = append(all, list...)
	}
	clear(p.idle)
	p.mu.Unlock()
	for _, c := range all {
		c.expire.Stop()
		p.discard(c)
	}
}

// isQuiet tells whether the other side has neither closed an idle connection
// nor sent anything on it: both make it unfit for another request.
func isQuiet(c *conn) bool {
	if c.reader.Buffered() > 0 {
		return false
	}
	socket, ok := c.tcp.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true
	})
	return err == nil && quiet
}
