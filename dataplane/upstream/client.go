package upstream

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
)

// Limits and defaults of calls.
const (
	maxResponseHead   = 32 << 10 // reference/cloudfront.md section 4.1: 32 768 bytes
	defaultMaxConns   = 10_000   // connections to one origin
	maxIdlePerOrigin  = 256
	defaultConnect    = 10 * time.Second
	defaultRead       = 30 * time.Second
	defaultIdle       = 5 * time.Second
	inlineBody        = 16 << 10 // request bodies up to this size go out with the head
	uploadBuffer      = 32 << 10
	resolvedAddresses = 16 // addresses of one name that are tried
)

// Options configures a Client. The zero value dials public addresses only and
// serves nothing in process.
type Options struct {
	// InProcess returns who serves a host name (lower case, no port) in this
	// process. It is asked before any name resolution.
	InProcess func(host string) (Local, bool)
	// ConnectTo are the --connect-to rules; the first that matches wins.
	ConnectTo []ConnectTo
	// RootCAs verifies origins' certificates; nil is the system's pool.
	RootCAs *x509.CertPool
	// AllowOrigin lifts the address rules for these networks (--allow-origin).
	AllowOrigin []netip.Prefix
	// OwnListeners returns the addresses this process listens on.
	OwnListeners func() []netip.AddrPort
	// Resolve returns a name's addresses; nil is the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// MaxConnsPerOrigin bounds the connections to one origin; 0 is 10 000.
	MaxConnsPerOrigin int
	Now               func() time.Time
}

// Client performs calls. It is safe for concurrent use.
type Client struct {
	options Options
	pool    *pool
}

// New returns a client.
func New(o Options) (*Client, error) {
	if o.Now == nil {
		return nil, errors.New("upstream: no clock")
	}
	if o.MaxConnsPerOrigin == 0 {
		o.MaxConnsPerOrigin = defaultMaxConns
	}
	if o.Resolve == nil {
		o.Resolve = systemResolve
	}
	return &Client{options: o, pool: newPool(o.MaxConnsPerOrigin)}, nil
}

// Close closes the idle connections. Calls that run keep theirs.
func (c *Client) Close() { c.pool.closeIdle() }

// Do performs one call. It returns a response of any status, or an *Error. It
// closes the call's body in either case; the caller closes the response's body.
// Redirects are responses like any other.
func (c *Client) Do(ctx context.Context, call *Call) (*exchange.Response, error) {
	target := *call
	target.Host = NormalHost(call.Host)
	if target.Attempts < 1 {
		target.Attempts = 1
	}
	setDefault(&target.ConnectTimeout, defaultConnect)
	setDefault(&target.ReadTimeout, defaultRead)
	setDefault(&target.IdleTimeout, defaultIdle)
	if target.ServerName == "" {
		target.ServerName = target.Host
	}
	if c.options.InProcess != nil {
		if local, ok := c.options.InProcess(target.Host); ok {
			return c.callLocal(ctx, &target, local)
		}
	}
	return c.callRemote(ctx, &target)
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// callRemote performs a call over the network. A kept connection that the other
// side closed meanwhile gives way to a new one when nothing of the request can
// have been acted on twice (RFC 9110 section 9.2.2).
func (c *Client) callRemote(ctx context.Context, call *Call) (*exchange.Response, error) {
	key := keyOf(call)
	for kept := c.pool.take(key); kept != nil; kept = c.pool.take(key) {
		response, again, err := c.roundTrip(ctx, kept, call)
		if !again {
			return response, err
		}
	}
	fresh, err := c.connect(ctx, call, key)
	if err != nil {
		_ = call.Body.Close()
		return nil, err
	}
	response, _, err := c.roundTrip(ctx, fresh, call)
	return response, err
}

// NormalHost returns a host as it is compared: lower case, one trailing dot
// off, without a port.
func NormalHost(authority string) string {
	host := authority
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return strings.ToLower(host[1:end])
		}
	}
	if i := strings.IndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i+1:], ':') < 0 {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// failure returns an *Error, of kind Canceled or Timeout when ctx has ended.
func failure(ctx context.Context, kind Kind, err error) *Error {
	switch ctx.Err() {
	case context.Canceled:
		kind = Canceled
	case context.DeadlineExceeded:
		kind = Timeout
	}
	return &Error{Kind: kind, Err: err}
}
