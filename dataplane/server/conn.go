package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
)

// connState says whether a connection may be closed without harm.
type connState = int32

const (
	connIdle    connState = iota // no request has begun
	connReading                  // a head is coming in: may be closed for want of room, not for a drain
	connActive                   // a request is answered
	connClosed
)

// conn is one connection. Its own goroutine runs the protocol; the fields
// without a lock belong to it.
type conn struct {
	srv    *Server
	socket net.Conn // closing it ends everything
	net    net.Conn // what is read and written: the socket, or the TLS connection over it
	roles  Roles
	facts  exchange.Conn
	ctx    context.Context // ends when the client has gone
	cancel context.CancelFunc
	state  atomic.Int32
	h2     atomic.Pointer[h2Conn] // set once the connection speaks HTTP/2
	corks  *corkConn              // under a TLS connection; nil without

	// buf[r:w] is what was read and not yet used.
	buf    []byte
	r, w   int
	readBy time.Time // the read deadline in force; zero: none known

	// writeBy is the write deadline in force; see armWrite.
	writeBy time.Time
	out     []byte // reused for response heads and small bodies

	head  requestHead
	watch watch

	continueMu sync.Mutex // orders 100 (Continue) before the response
	responding bool
}

// minBuffer is the size a connection's read buffer starts with.
const minBuffer = 4 << 10

// longAgo is a deadline that interrupts a read at once.
var longAgo = time.Unix(1, 0)

// serve runs the connection to its end.
func (c *conn) serve() {
	defer c.srv.removeConn(c)
	defer c.cancel()
	defer func() { c.net.Close() }()
	defer c.srv.contain(c.facts.ID)
	c.buf = make([]byte, minBuffer)
	c.armRead(c.srv.opts.Limits.IdleTimeout)
	if c.more() != nil {
		return
	}
	if c.buf[0] == 0x16 { // a TLS handshake record (RFC 8446 section 5.1)
		if !c.startTLS() {
			return
		}
		if c.facts.TLS != nil && c.isALPN("h2") {
			c.serveHTTP2()
			return
		}
	} else if c.isPreface() {
		c.serveHTTP2()
		return
	}
	c.serveHTTP1()
}

// h2Preface begins every HTTP/2 connection (RFC 9113 section 3.4).
const h2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// isPreface reads until the first bytes are the HTTP/2 preface or cannot be.
func (c *conn) isPreface() bool {
	c.setRead(c.srv.opts.Limits.HeadTimeout)
	for {
		n := min(c.w, len(h2Preface))
		if string(c.buf[:n]) != h2Preface[:n] {
			return false
		}
		if n == len(h2Preface) {
			return true
		}
		if c.more() != nil {
			return false
		}
	}
}

// startTLS makes the connection a TLS one. What was read so far is the
// beginning of the handshake.
func (c *conn) startTLS() bool {
	certs := c.srv.certs
	if certs == nil {
		return false
	}
	c.corks = &corkConn{Conn: &prefixConn{Conn: c.net, prefix: c.buf[c.r:c.w]}}
	tc := tls.Server(c.corks, certs.shared)
	ctx, cancel := context.WithTimeout(c.ctx, c.srv.opts.Limits.HandshakeTimeout)
	defer cancel()
	if err := tc.HandshakeContext(ctx); err != nil {
		return false
	}
	c.buf, c.r, c.w, c.readBy = make([]byte, minBuffer), 0, 0, time.Time{}
	c.net = tc
	st := tc.ConnectionState()
	c.facts.TLS = &exchange.TLS{
		Version:     st.Version,
		CipherSuite: st.CipherSuite,
		ServerName:  normalizeSNI(st.ServerName),
		Resumed:     st.DidResume,
		Hello:       c.corks.hello,
	}
	certs.verifyCaller(c.facts.TLS, st.PeerCertificates)
	return true
}

// cork lets the records of several writes go out together, with uncork.
func (c *conn) cork() {
	if c.corks != nil {
		c.corks.cork()
	}
}

func (c *conn) uncork() error {
	if c.corks == nil {
		return nil
	}
	return c.corks.uncork()
}

func (c *conn) isALPN(protocol string) bool {
	tc, ok := c.net.(*tls.Conn)
	return ok && tc.ConnectionState().NegotiatedProtocol == protocol
}

// prefixConn gives bytes back to a connection's reader.
type prefixConn struct {
	net.Conn
	prefix []byte
}

func (p *prefixConn) Read(b []byte) (int, error) {
	if len(p.prefix) > 0 {
		n := copy(b, p.prefix)
		p.prefix = p.prefix[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// closeIdle closes the connection if no request is under way.
func (c *conn) closeIdle() bool {
	if h2 := c.h2.Load(); h2 != nil {
		return h2.closeIdle()
	}
	return c.closeFrom(connIdle)
}

// giveWay closes the connection for another one's sake if no request is under
// way, or only a part of a head has come: clients that never finish theirs must
// not keep others out.
func (c *conn) giveWay() bool { return c.closeIdle() || c.closeFrom(connReading) }

// closeFrom closes the connection if it is in a state.
func (c *conn) closeFrom(state connState) bool {
	if !c.state.CompareAndSwap(state, connClosed) {
		return false
	}
	c.socket.Close()
	return true
}

// drain ends the connection as soon as nothing is under way.
func (c *conn) drain() {
	if h2 := c.h2.Load(); h2 != nil {
		go h2.drain() // writes, and a client that does not read must not hold up the others
		return
	}
	c.closeIdle() // an active one sees Server.draining when it has answered
}

// more reads at least one byte more into buf, which grows up to the limit of a
// head. It fails with errBufferFull when there is no room.
func (c *conn) more() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		if c.r > 0 {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		} else if len(c.buf) < c.srv.opts.Limits.HeadBytes {
			bigger := make([]byte, min(2*len(c.buf), c.srv.opts.Limits.HeadBytes))
			copy(bigger, c.buf)
			c.buf = bigger
		} else {
			return errBufferFull
		}
	}
	n, err := c.net.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

var errBufferFull = errors.New("read buffer is full")

// setRead makes reads fail after d from now.
func (c *conn) setRead(d time.Duration) {
	c.readBy = time.Now().Add(d)
	c.net.SetReadDeadline(c.readBy)
}

// armRead makes reads fail after d from now, or up to a quarter later: a
// deadline that is a little late does no harm, and setting one for each request
// costs more than parsing it.
func (c *conn) armRead(d time.Duration) {
	now := time.Now()
	if left := c.readBy.Sub(now); left < d || left > d+d/4 {
		c.readBy = now.Add(d + d/4)
		c.net.SetReadDeadline(c.readBy)
	}
}

// armWrite makes writes fail when the client takes nothing for the limit, or up
// to a quarter longer.
func (c *conn) armWrite() {
	d, now := c.srv.opts.Limits.WriteTimeout, time.Now()
	if left := c.writeBy.Sub(now); left < d || left > d+d/4 {
		c.writeBy = now.Add(d + d/4)
		c.net.SetWriteDeadline(c.writeBy)
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// lingerTime bounds how long a closing connection waits for the client to read
// the last answer.
const lingerTime = time.Second

// linger closes the sending side and reads what the client still sends for a
// moment: closing with unread bytes would reset the connection and could take
// the answer away from the client (RFC 9112 section 9.6).
func (c *conn) linger() {
	cw, ok := c.net.(interface{ CloseWrite() error })
	if !ok || cw.CloseWrite() != nil {
		return
	}
	c.setRead(lingerTime)
	io.CopyN(io.Discard, c.net, c.srv.opts.Limits.DrainBytes)
}

// addrPort returns an address of a socket; the zero value for others (net.Pipe).
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
