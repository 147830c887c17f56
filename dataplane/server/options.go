package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// Options are the parts a Server is made of. The zero value of a part that is a
// function or handler means that the part is not served.
type Options struct {
	Edge, Gateway exchange.Handler
	// EdgeAtOnce is Edge for what needs no wait; nil where it needs one, and the
	// exchange is then as it was. The exchange is used again for another request
	// once its response has been written. Nil: every request may need a wait.
	EdgeAtOnce   func(x *exchange.Exchange) *exchange.Response
	Control, Ops http.Handler

	// EdgeLocations and GatewayCells hold the programs. A connection belongs to
	// one of each for its whole life; without any there is one empty one.
	EdgeLocations []*program.Location[program.Edge]
	GatewayCells  []*program.Location[program.Gateway]

	Rules Rules
	// Refuse makes the answer to a request that its plane did not answer itself,
	// in the bytes of x.Owner.Plane (PlaneNone: the edge's): one that no plane saw
	// (400, 408, 414, 417, 494) on a listener with the edge role, one for another
	// distribution than TLS named (421), or one the plane failed at (500, 502).
	// x.Request is never nil but may be empty.
	Refuse func(status int, x *exchange.Exchange) *exchange.Response
	// Finish is called once per exchange when its last byte has gone; the
	// record is complete then.
	Finish func(x *exchange.Exchange)

	// CA issues leaves for names that OwnsName allows; nil: no TLS but for
	// Certificates. OwnsName nil means Rules.OwnsName over all programs.
	CA       *CA
	OwnsName func(name string) bool
	// Certificates are the operator's own; they take precedence.
	Certificates []tls.Certificate
	// Attached loads the certificate that a distribution names for its aliases, or
	// a custom domain for itself, ready to serve, with its leaf parsed; nil when
	// there is none. Leaves of the CA stand in for it. Nil: none can be loaded.
	Attached func(ctx context.Context, account, reference string) *tls.Certificate

	// Truststore returns the certificates that callers of a custom domain with
	// mutual TLS must come from; nil: it is not to be had, and no caller passes.
	Truststore func(uri, version string) *x509.CertPool

	// TrustedProxies are hops in front whose X-Forwarded-For names the caller.
	TrustedProxies []netip.Prefix

	Limits Limits
	Now    func() time.Time
	Logger *slog.Logger
}

// Limits bound what a client can make the server hold or wait for. A zero field
// means its default.
type Limits struct {
	HeadBytes int // request line and fields together; 64 KiB
	Fields    int // header fields of a request; 256
	MaxConns  int // open connections; 16384

	HandshakeTimeout time.Duration // TLS; 10 s
	HeadTimeout      time.Duration // from the first byte of a head to its last; 10 s
	BodyTimeout      time.Duration // without a byte of a body; 30 s
	WriteTimeout     time.Duration // without a byte taken; 30 s
	IdleTimeout      time.Duration // between requests; 75 s

	// DrainBytes is how much of a body that nobody read is read for the sake of
	// the connection; 256 KiB.
	DrainBytes int64

	MaxStreams   int // concurrent HTTP/2 streams of a connection; 128
	StreamWindow int // bytes of a body held per HTTP/2 stream; 256 KiB
	ConnWindow   int // and per HTTP/2 connection; 1 MiB
}

// orDefault fills a zero limit.
func orDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func (l *Limits) fill() {
	orDefault(&l.HeadBytes, 64<<10)
	orDefault(&l.Fields, 256)
	orDefault(&l.MaxConns, 16384)
	orDefault(&l.HandshakeTimeout, 10*time.Second)
	orDefault(&l.HeadTimeout, 10*time.Second)
	orDefault(&l.BodyTimeout, 30*time.Second)
	orDefault(&l.WriteTimeout, 30*time.Second)
	orDefault(&l.IdleTimeout, 75*time.Second)
	orDefault(&l.DrainBytes, 256<<10)
	orDefault(&l.MaxStreams, 128)
	orDefault(&l.StreamWindow, 256<<10)
	orDefault(&l.ConnWindow, 1<<20)
	// A client may use HTTP/2's initial windows before it has seen ours.
	l.StreamWindow = max(l.StreamWindow, h2DefaultWindow)
	l.ConnWindow = max(l.ConnWindow, h2DefaultWindow)
	l.HeadBytes = max(l.HeadBytes, minBuffer)
}

func (o *Options) fill() {
	o.Limits.fill()
	if len(o.EdgeLocations) == 0 {
		o.EdgeLocations = []*program.Location[program.Edge]{program.NewLocation("", &program.Edge{})}
	}
	if len(o.GatewayCells) == 0 {
		o.GatewayCells = []*program.Location[program.Gateway]{program.NewLocation("", &program.Gateway{})}
	}
	if o.Finish == nil {
		o.Finish = func(*exchange.Exchange) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}
