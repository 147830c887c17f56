package server

import (
	"bytes"
	"errors"

	"drawbridge/dataplane/exchange"
)

// exchange1 is what one HTTP/1 exchange needs, allocated at once. Nothing of it
// is reused: a plane's fetch may outlive the viewer.
type exchange1 struct {
	exchange exchange.Exchange
	request  exchange.Request
	body     body1
}

// serveHTTP1 answers requests one after the other until either side ends it
// (RFC 9112 section 9.3).
func (c *conn) serveHTTP1() {
	for c.serveRequest1() {
	}
}

// serveRequest1 answers one request; false ends the connection.
func (c *conn) serveRequest1() bool {
	text, refused, ok := c.readHead()
	if !ok {
		return false
	}
	if refused == nil {
		refused = c.head.parse(text, c.srv.opts.Limits.Fields)
	}
	e := c.newExchange1()
	x := &e.exchange
	if refused == nil && c.head.length < 0 && !e.body.plausible() {
		refused = bad("chunked")
	}
	if refused != nil {
		x.Record.Reason = refused.reason
		c.head.keepAlive = false
		c.respond1(e, c.srv.refuse(c.roles, refused.status, x))
		c.linger()
		return false
	}
	c.watchStart(&e.body)
	resp := c.srv.answer(c.ctx, c.roles, x)
	if e.body.malformed() {
		// The plane read it and made of the error what it could; it is the client's.
		resp.Body.Close()
		x.Record.Reason = "chunked"
		resp = c.srv.refuse(c.roles, 400, x)
	}
	keep := c.respond1(e, resp)
	if !c.watchStop() {
		return false
	}
	if !e.body.finish(keep) {
		c.linger()
		return false
	}
	if !keep && c.r < c.w {
		c.linger()
	}
	return keep
}

// newExchange1 makes the exchange of the head just parsed (or refused).
func (c *conn) newExchange1() *exchange1 {
	h := &c.head
	e := &exchange1{}
	e.request = exchange.Request{
		Method: h.method, Scheme: "http", Host: h.host, Authority: h.authority,
		Path: h.target.path, RawQuery: h.target.rawQuery, HasQuery: h.target.hasQuery,
		Protocol: h.protocol, Header: h.header, Upgrade: h.upgrade,
	}
	if c.facts.TLS != nil {
		e.request.Scheme = "https"
	}
	e.exchange.Conn = &c.facts
	e.exchange.Request = &e.request
	e.exchange.Start = c.srv.opts.Now()
	e.body.start(c, h)
	if h.length != 0 {
		e.request.Body = exchange.Stream(&e.body, h.length)
	}
	c.responding = false
	return e
}

// readHead waits for a request and returns its head, with the empty line. ok is
// false when the client has gone or stayed silent.
func (c *conn) readHead() (text string, refused *refusal, ok bool) {
	c.head = requestHead{connection: c.head.connection[:0]}
	if c.r == c.w && !c.awaitRequest() {
		return "", nil, false
	}
	if !c.state.CompareAndSwap(connIdle, connReading) && !c.state.CompareAndSwap(connActive, connReading) {
		return "", nil, false // closed
	}
	text, refused, ok = c.readHeadLines()
	return text, refused, ok && c.state.CompareAndSwap(connReading, connActive)
}

// readHeadLines reads up to the empty line.
func (c *conn) readHeadLines() (text string, refused *refusal, ok bool) {
	seen, late := 0, false
	for {
		have := c.buf[c.r:c.w]
		if i := bytes.Index(have[max(0, seen-3):], []byte("\r\n\r\n")); i >= 0 {
			end := max(0, seen-3) + i + 4
			c.r += end
			return string(have[:end]), nil, true
		}
		if r := c.checkPartial(have, seen); r != nil {
			return "", r, true
		}
		seen = len(have)
		if !late {
			late = true
			c.setRead(c.srv.opts.Limits.HeadTimeout)
		}
		switch err := c.more(); {
		case err == nil:
		case errors.Is(err, errBufferFull) && bytes.IndexByte(have, '\n') < 0:
			return "", &refusal{414, "request-line-too-long"}, true
		case errors.Is(err, errBufferFull):
			return "", &refusal{431, "head-too-long"}, true
		case isTimeout(err):
			return "", &refusal{408, "head-timeout"}, true
		default:
			return "", nil, false
		}
	}
}

// awaitRequest waits for the first byte of a request on an idle connection.
func (c *conn) awaitRequest() bool {
	if len(c.buf) > minBuffer {
		c.buf = make([]byte, minBuffer)
	}
	c.state.Store(connIdle)
	if c.srv.draining.Load() {
		return false
	}
	c.armRead(c.srv.opts.Limits.IdleTimeout)
	return c.more() == nil
}

// checkPartial refuses the beginning of a head that nothing can complete, so
// that a client who ends lines in a bare LF or speaks another version hears of
// it at once. have[seen:] is new.
func (c *conn) checkPartial(have []byte, seen int) *refusal {
	for at := seen; ; {
		i := bytes.IndexByte(have[at:], '\n')
		if i < 0 {
			return nil
		}
		at += i
		if at == 0 || have[at-1] != '\r' {
			return bad("line-end")
		}
		if c.head.protocol == 0 { // the first line
			if r := c.head.requestLine(string(have[:at-1])); r != nil {
				return r
			}
		}
		at++
	}
}
