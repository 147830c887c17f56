package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/sigv4"
)

// Defaults and bounds of Options.
const (
	defaultCacheBytes = 256 << 20
	defaultMaxFetches = 16384
	// spoolShare is the part of CacheBytes that bodies on their way into a
	// cache may take beside it.
	spoolShare = 4
)

// Options are what an Edge needs.
type Options struct {
	// Pops are the names of the locations, as they stand in X-Amz-Cf-Pop
	// ("NRT57-P2"); an exchange's Conn.Location is an index into them.
	Pops []string
	// CacheBytes bounds the RAM that the objects of all locations take; 0 is 256 MiB.
	CacheBytes int64
	// MaxFetches bounds the fetches under way at a location; 0 is 16384.
	MaxFetches int
	// Do carries a request to an origin.
	Do func(ctx context.Context, call *upstream.Call) (*exchange.Response, error)
	// EdgeAddress is the address that in-process origins see as the caller's.
	EdgeAddress string
	// Region is what cf.edgeLocation.region tells functions.
	Region string
	// Sign signs a request to an origin with the edge's credentials; nil: it has none.
	Sign func(sigv4.SignInput) ([]sigv4.Field, error)
	// ClientCertificate loads what is shown to an origin that asks for a
	// certificate, by its ARN; nil: nothing is.
	ClientCertificate func(ctx context.Context, account, arn string) *tls.Certificate
	// Locate tells where viewers are; nil: nobody knows.
	Locate Locator
	Now    func() time.Time // nil: time.Now
	// Logger gets what no viewer waits for any more: a panic of a refresh behind
	// the viewers' backs. nil: slog.Default.
	Logger *slog.Logger
	// Random makes ids; nil is math/rand/v2's generator, which is seeded by the
	// operating system and not to be foretold.
	Random func() uint64
}

// Edge answers viewers' requests as CloudFront does.
type Edge struct {
	do          func(ctx context.Context, call *upstream.Call) (*exchange.Response, error)
	now         func() time.Time
	random      func() uint64
	edgeAddress string
	region      string
	locate      Locator
	certificate func(ctx context.Context, account, arn string) *tls.Certificate
	sign        func(sigv4.SignInput) ([]sigv4.Field, error)
	functions   turnstile
	locations   []*location
	logger      *slog.Logger
	budget      *httpcache.Budget
	compressors compressors
}

// Types of the cache as this package uses it.
type (
	object  = httpcache.Object[exchange.Header]
	hold    = httpcache.Hold[*told]
	flights = httpcache.Flights[*told]
)

// location is what one edge location has of its own.
type location struct {
	pop     string
	store   *httpcache.Store[exchange.Header]
	flights *flights
}

// New returns an Edge.
func New(o Options) (*Edge, error) {
	if len(o.Pops) == 0 || o.Do == nil {
		return nil, errors.New("edge: at least one location and a way to call origins are needed")
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = defaultCacheBytes
	}
	if o.MaxFetches == 0 {
		o.MaxFetches = defaultMaxFetches
	}
	e := &Edge{
		do: o.Do, now: o.Now, random: o.Random, edgeAddress: o.EdgeAddress, logger: o.Logger,
		region: o.Region, locate: o.Locate, certificate: o.ClientCertificate, sign: o.Sign, functions: turnstile{inside: make(chan struct{}, maxFunctions), queue: maxFunctionsQueued},
		budget: httpcache.NewBudget(o.CacheBytes / spoolShare),
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.logger == nil {
		e.logger = slog.Default()
	}
	if e.random == nil {
		e.random = rand.Uint64
	}
	for _, pop := range o.Pops {
		store, err := httpcache.New[exchange.Header](httpcache.Options{Bytes: o.CacheBytes / int64(len(o.Pops))})
		if err != nil {
			return nil, err
		}
		e.locations = append(e.locations, &location{
			pop: pop, store: store, flights: httpcache.NewFlights[*told](o.MaxFetches),
		})
	}
	return e, nil
}

// Serve is the whole way of one viewer request. ctx ends when the viewer has
// gone; it must live until the response's body is closed.
func (e *Edge) Serve(ctx context.Context, x *exchange.Exchange) *exchange.Response {
	return e.serve(ctx, x, mayWait)
}

// AtOnce is Serve for what needs no wait: a fresh object, a refusal, a redirect.
// It returns nil for everything else, and x is then as it came, for Serve. It
// keeps nothing of x.
func (e *Edge) AtOnce(x *exchange.Exchange) *exchange.Response {
	record, trail := x.Record, x.Trail
	resp := e.serve(context.Background(), x, atOnce)
	if resp == nil {
		x.Record, x.Trail = record, trail
	}
	return resp
}

// patience says whether a request may wait for functions and origins.
type patience bool

const (
	mayWait patience = true
	atOnce  patience = false
)

// serve is the way; nil only where the request would have to wait and must not.
func (e *Edge) serve(ctx context.Context, x *exchange.Exchange, p patience) *exchange.Response {
	if d := x.Owner.Distribution; p == atOnce && d != nil && d.Traffic != nil {
		return nil // lots are drawn once
	}
	r, fault, resp := e.receive(x)
	if resp != nil {
		return resp
	}
	if p == atOnce && (fault != faultNone || takesTime(r.behavior)) {
		return nil
	}
	if fault == faultNone {
		r, fault = checkProof(r)
	}
	if fault != faultNone {
		return e.conclude(ctx, r, answer{fault: fault})
	}
	r, made := e.viewerRequest(ctx, r)
	if made != nil {
		return e.conclude(ctx, r, *made)
	}
	var space [keySpace]byte
	key := keyOf(r, space[:0])
	have := lookUp(r, key)
	if p == atOnce && !have.atHand() {
		return nil
	}
	return e.conclude(ctx, r, e.obtain(ctx, r, key, have))
}

// conclude is the way of an answer back to the viewer.
func (e *Edge) conclude(ctx context.Context, r request, a answer) *exchange.Response {
	a = e.errorPage(ctx, r, a)
	a = e.viewerResponse(ctx, r, a)
	a = e.applyPolicy(r, a)
	return e.reply(r, a)
}

// takesTime tells whether a behavior's requests run code or check signatures.
func takesTime(b *program.Behavior) bool {
	return b.ViewerRequest != nil || b.ViewerResponse != nil || b.Signed
}

// receive finds the behavior and lets the request in, or answers it.
// A fault without an answer may have a page that has to be fetched.
func (e *Edge) receive(x *exchange.Exchange) (request, Fault, *exchange.Response) {
	v, fault := e.arrive(x)
	if fault != faultNone {
		return request{}, fault, e.refuse(v, fault)
	}
	r := route(v)
	admitted, fault := admit(r)
	switch {
	case fault.row().page:
		return r, fault, nil
	case fault != faultNone:
		return r, fault, e.reply(r, answer{fault: fault})
	case admitted == sendToHTTPS:
		return r, faultNone, e.redirect(r)
	}
	return r, faultNone, nil
}

// Refuse answers an exchange that the server turned down before it had an owner:
// CloudFront's page with this status (421 has a page of its own).
func (e *Edge) Refuse(status int, x *exchange.Exchange) *exchange.Response {
	v, _ := e.arrive(x)
	if status == http.StatusMisdirectedRequest {
		return e.misdirected(v)
	}
	return e.refuseStatus(v, status)
}

// Purge invalidates paths of a distribution at one location: what was fetched,
// or was being fetched, before this call is not served after it. Paths are
// AWS's: "/a.html", "/images/*", query included where it is part of the key.
func (e *Edge) Purge(location int, distributionID string, paths []string) {
	if 0 <= location && location < len(e.locations) {
		e.locations[location].store.Purge(distributionID, paths)
	}
}

// Stats is what the cache holds at the moment, all locations together.
type Stats struct {
	Objects int
	Bytes   int64
	Fetches int
}

// Stats returns what the cache holds.
func (e *Edge) Stats() Stats {
	var s Stats
	for _, l := range e.locations {
		s.Objects += l.store.Len()
		s.Bytes += l.store.Bytes()
		s.Fetches += l.flights.Running()
	}
	return s
}
