package apigateway

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

// PublishedFunc returns when everything the store held at a revision is in
// force in the data plane (with a propagation delay: when the change has been
// taken up). An error means that it cannot be waited for any longer, not that
// the write failed.
type PublishedFunc func(ctx context.Context, revision int64) error

// Options of a Service. Store is required; everything else has a default.
type Options struct {
	Store store.Store

	// Published is called after each write, before it is answered. Default: do
	// not wait.
	Published PublishedFunc

	// Usage and SetRemaining are the data plane's usage counters. Nil: GetUsage
	// and UpdateUsage answer "not implemented".
	Usage        UsageFunc
	SetRemaining SetRemainingFunc

	// TestInvoke and TestAuthorizer run the data plane's steps on a draft, for
	// TestInvokeMethod and TestInvokeAuthorizer. Nil: these answer "not
	// implemented".
	TestInvoke     TestInvokeFunc
	TestAuthorizer TestAuthorizerFunc

	// Flush empties a stage's caches. Nil: there are none.
	Flush FlushFunc

	// Truststore returns the warnings about a custom domain's truststore
	// ("s3://bucket/key" and a version or ""). Nil: there are none.
	Truststore func(uri, version string) []string

	// NewID returns a fresh id of n characters of [a-z0-9]; default: crypto/rand.
	NewID func(n int) string
	// NewKeyValue returns a fresh API key value of 40 characters of
	// [A-Za-z0-9]; default: crypto/rand.
	NewKeyValue func() string

	// Limits replaces AWS's limits where a field is above 0.
	Limits Limits
}

// Service is API Gateway's control plane. Operations that it does not define
// answer "not implemented" (apigatewayapi.Unimplemented).
type Service struct {
	apigatewayapi.Unimplemented

	store        store.Store
	published    PublishedFunc
	usage        UsageFunc
	setRemaining SetRemainingFunc
	testInvoke   TestInvokeFunc
	testAuth     TestAuthorizerFunc
	flush        FlushFunc
	truststore   func(uri, version string) []string
	newID        func(n int) string
	newKeyValue  func() string
	limits       Limits

	// seed and stripes keep writers of the same resource in this process from
	// running into each other; between processes the store's compares decide.
	seed    maphash.Seed
	stripes [64]sync.Mutex
}

var _ apigatewayapi.Service = (*Service)(nil)

// New returns a Service. It fails without a store.
func New(o Options) (*Service, error) {
	if o.Store == nil {
		return nil, errors.New("apigateway: no store given")
	}
	s := &Service{
		store:        o.Store,
		published:    o.Published,
		usage:        o.Usage,
		setRemaining: o.SetRemaining,
		testInvoke:   o.TestInvoke,
		testAuth:     o.TestAuthorizer,
		flush:        o.Flush,
		truststore:   o.Truststore,
		newID:        o.NewID,
		newKeyValue:  o.NewKeyValue,
		limits:       o.Limits.withDefaults(),
		seed:         maphash.MakeSeed(),
	}
	if s.published == nil {
		s.published = func(context.Context, int64) error { return nil }
	}
	if s.newID == nil {
		s.newID = randomID
	}
	if s.newKeyValue == nil {
		s.newKeyValue = randomKeyValue
	}
	return s, nil
}

// seconds is the moment as API Gateway stores it: whole seconds
// (reference/api-gateway.md 1.1).
func seconds(t time.Time) *time.Time {
	return new(t.UTC().Truncate(time.Second))
}

// val is the value behind an optional member, or the zero value.
func val[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// filled is p unless it points to an empty string, which API Gateway treats as
// absent in most members.
func filled(p *string) *string {
	if val(p) == "" {
		return nil
	}
	return p
}
