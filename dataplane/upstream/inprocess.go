package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"drawbridge/dataplane/exchange"
)

// Local is an origin that is served in this process: an API, a custom domain, a
// regional name or a distribution.
type Local struct {
	Handler exchange.Handler
	// PlainHTTP tells that port 80 speaks HTTP, as a distribution's does.
	// execute-api names speak TLS on 443 and nothing else.
	PlainHTTP bool
}

var errNoListener = errors.New("the name does not listen there")

// localCall is one in-process call in one allocation.
type localCall struct {
	exchange exchange.Exchange
	conn     exchange.Conn
	request  exchange.Request
	tls      exchange.TLS
}

// callLocal serves a call in process. The other side sees what TLS would have
// carried: server name, caller's address, the request without hop-by-hop fields
// (design.md section 2).
func (c *Client) callLocal(ctx context.Context, call *Call, local Local) (*exchange.Response, error) {
	secure := call.Scheme == "https" && call.Port == 443
	if !secure && (!local.PlainHTTP || call.Scheme != "http" || call.Port != 80) {
		_ = call.Body.Close()
		return nil, failure(ctx, ConnectFailed, errNoListener)
	}
	x := c.localExchange(call, secure)
	limit := newLimit(ctx, call.ReadTimeout)
	response, err := serve(limit.ctx, x, local.Handler)
	if err == nil && limit.passed() && ctx.Err() == nil {
		closeBody(response)
		err = &Error{Kind: Timeout, Err: context.DeadlineExceeded}
	}
	if ctx.Err() != nil {
		closeBody(response)
		err = failure(ctx, Canceled, ctx.Err())
	}
	if err != nil {
		limit.cancel()
		_ = call.Body.Close()
		return nil, err
	}
	return c.localResponse(response, call, limit), nil
}

func closeBody(response *exchange.Response) {
	if response != nil {
		_ = response.Body.Close()
	}
}

// localExchange makes the exchange that the other side sees.
func (c *Client) localExchange(call *Call, secure bool) *exchange.Exchange {
	authority := call.Authority
	if authority == "" {
		authority = call.Host
	}
	caller, err := netip.ParseAddr(call.CallerAddress)
	if err != nil {
		caller = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	l := &localCall{
		conn: exchange.Conn{
			RemoteAddr: netip.AddrPortFrom(caller, 0),
			LocalAddr:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(call.Port)),
			InProcess:  true,
		},
		request: exchange.Request{
			Method: call.Method, Scheme: call.Scheme,
			Host: NormalHost(authority), Authority: authority,
			Path: call.Path, RawQuery: call.RawQuery, HasQuery: call.HasQuery || call.RawQuery != "",
			Protocol: exchange.HTTP11, Header: localHeader(call), Body: call.Body,
		},
		tls: exchange.TLS{
			Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256,
			ServerName: NormalHost(call.ServerName),
		},
	}
	if l.request.Path == "" {
		l.request.Path = "/"
	}
	if secure {
		l.conn.TLS = &l.tls
	}
	l.exchange = exchange.Exchange{Conn: &l.conn, Request: &l.request, Start: c.options.Now(), Hops: call.Hops, Depth: call.Depth}
	return &l.exchange
}

// localHeader returns the fields as a server would have handed them on: no
// hop-by-hop fields, no Host, and the Content-Length that the body has.
func localHeader(call *Call) exchange.Header {
	header := make(exchange.Header, 0, len(call.Header)+1)
	for _, field := range call.Header {
		if !isHopByHop(field.Name) && !strings.EqualFold(field.Name, "host") && !strings.EqualFold(field.Name, "content-length") {
			header = append(header, field)
		}
	}
	if n := call.Body.Length(); n > 0 || n == 0 && expectsBody(call.Method) {
		header = append(header, exchange.Field{Name: "Content-Length", Value: strconv.FormatInt(n, 10)})
	}
	return header
}

// serve runs the handler. A panic in it is what a crashed origin would be.
func serve(ctx context.Context, x *exchange.Exchange, handler exchange.Handler) (response *exchange.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			response, err = nil, &Error{Kind: BrokenResponse, Err: fmt.Errorf("origin in process panicked: %v", p)}
		}
	}()
	if response = handler(ctx, x); response == nil {
		return nil, &Error{Kind: BrokenResponse, Err: errors.New("origin in process gave no response")}
	}
	return response, nil
}

// localResponse adds what a server would have added to the response (framing,
// Date) and takes away what it would not have sent.
func (c *Client) localResponse(response *exchange.Response, call *Call, limit *limit) *exchange.Response {
	h := head{status: response.Status, header: response.Header}
	if !h.hasBody(call.Method) {
		_ = response.Body.Close()
		response.Body = exchange.Body{}
	}
	if n := response.Body.Length(); n >= 0 && h.hasBody(call.Method) && !response.Header.Has("Content-Length") {
		response.Header.Add("Content-Length", strconv.FormatInt(n, 10))
	}
	if !response.Header.Has("Date") {
		response.Header.Add("Date", c.options.Now().UTC().Format(http.TimeFormat))
	}
	if _, atHand := response.Body.InMemory(); atHand {
		limit.cancel()
		return response
	}
	length := response.Body.Length()
	response.Body = exchange.Stream(&localBody{source: response.Body.Reader(), limit: limit}, length)
	return response
}

// limit is a context that ends when a step takes too long; each step starts it anew.
type limit struct {
	ctx   context.Context
	end   context.CancelFunc
	timer *time.Timer
	each  time.Duration
	mu    sync.Mutex
	late  bool
}

func newLimit(parent context.Context, each time.Duration) *limit {
	l := &limit{each: each}
	l.ctx, l.end = context.WithCancel(parent)
	l.timer = time.AfterFunc(each, l.expire)
	return l
}

func (l *limit) expire() {
	l.mu.Lock()
	l.late = true
	l.mu.Unlock()
	l.end()
}

// cancel ends the context for good.
func (l *limit) cancel() {
	l.timer.Stop()
	l.end()
}

// passed stops the clock and tells whether it had run out.
func (l *limit) passed() bool {
	l.timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

// localBody is the streamed body of an in-process response: each packet may
// take ReadTimeout, as on a connection.
type localBody struct {
	source io.ReadCloser
	limit  *limit
}

// Read reads on. An error other than io.EOF is an *Error.
func (b *localBody) Read(p []byte) (int, error) {
	b.limit.timer.Reset(b.limit.each)
	n, err := b.source.Read(p)
	late := b.limit.passed()
	if err == nil || err == io.EOF {
		return n, err
	}
	if late {
		return n, &Error{Kind: Timeout, Err: err}
	}
	return n, failure(b.limit.ctx, BrokenResponse, err)
}

// Close gives the body up.
func (b *localBody) Close() error {
	b.limit.cancel()
	return b.source.Close()
}
