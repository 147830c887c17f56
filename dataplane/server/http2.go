package server

import (
	"io"
	"net/http"

	"drawbridge/dataplane/exchange"

	"golang.org/x/net/http2"
)

// h2Conn is a connection served by x/net's HTTP/2 server.
type h2Conn struct{}

func (h *h2Conn) closeIdle() bool { return false }
func (h *h2Conn) drain()          {}

// serveHTTP2 runs x/net's server over the connection.
func (c *conn) serveHTTP2() {
	nc := c.net
	if c.facts.TLS == nil {
		nc = &prefixConn{Conn: c.net, prefix: c.buf[c.r:c.w]}
	}
	c.setRead(0)
	nc.SetReadDeadline(longAgo.AddDate(1000, 0, 0))
	srv := &http2.Server{MaxConcurrentStreams: uint32(c.srv.opts.Limits.MaxStreams), IdleTimeout: c.srv.opts.Limits.IdleTimeout}
	srv.ServeConn(nc, &http2.ServeConnOpts{
		Context: c.ctx, BaseConfig: &http.Server{MaxHeaderBytes: c.srv.opts.Limits.HeadBytes},
		Handler: http.HandlerFunc(c.serveStream),
	})
}

func (c *conn) serveStream(w http.ResponseWriter, r *http.Request) {
	x := &exchange.Exchange{Conn: &c.facts, Start: c.srv.opts.Now(), Request: &exchange.Request{
		Method: r.Method, Scheme: "http", Authority: r.Host, Path: r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery, HasQuery: r.URL.ForceQuery || r.URL.RawQuery != "", Protocol: exchange.HTTP2,
	}}
	for name, values := range r.Header {
		for _, v := range values {
			x.Request.Header.Add(name, v)
		}
	}
	if r.ContentLength != 0 {
		x.Request.Body = exchange.Stream(r.Body, r.ContentLength)
	}
	host, err := NormalizeHost(r.Host)
	var resp *exchange.Response
	if x.Request.Host = host; err != nil {
		resp = c.srv.refuse(c.roles, http.StatusBadRequest, x)
	} else {
		resp = c.srv.answer(r.Context(), c.roles, x)
	}
	for _, f := range resp.Header {
		w.Header().Add(f.Name, f.Value)
	}
	w.WriteHeader(resp.Status)
	body := resp.Body.Reader()
	defer body.Close()
	sent, err := io.Copy(w, body)
	c.srv.finish(x, resp.Status, sent, err != nil)
}
