package cloudfront

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/engine/jsfunc"
	"drawbridge/store"
)

// Wording selects between texts that AWS changed over time.
type Wording int

// The eras of AWS's texts (design.md section 1).
const (
	WordingCurrent Wording = iota
	Wording2022
)

// Options of a Service.
type Options struct {
	Store   store.Store // required
	Limits  Limits
	Wording Wording

	// Published is called after each write, before the operation answers, with
	// the revision of the write. It waits for as long as the answer is to wait
	// for the data plane; nil: not at all.
	Published func(ctx context.Context, revision int64) error

	// Deployed tells whether a revision is in force at every location; nil:
	// always. Once true for a revision it stays true.
	Deployed func(revision int64) bool

	// ReadObject reads an object of S3 of at most a number of bytes: the CA
	// certificates of a trust store, the pairs of a key value store. Nil: there
	// is no S3, and both say so.
	ReadObject func(ctx context.Context, from ObjectLocation, most int) ([]byte, error)

	// Certificate finds a server certificate by its ARN (ACM) or id (IAM); nil:
	// every certificate is taken to exist and to cover every name.
	Certificate func(ctx context.Context, account, reference string) (Certificate, error)

	// IssueCertificate asks for a certificate in ACM for a tenant's domains and
	// gives its ARN; nil: there is none to be had.
	IssueCertificate func(call *api.Call, domains []string) (string, error)

	// Functions runs functions for TestFunction; nil: an engine of its own.
	Functions *jsfunc.Engine

	// NewID makes identifiers; nil: random ones. For tests.
	NewID func(IDKind) string
}

// Service implements CloudFront's operations. It is safe for concurrent use.
type Service struct {
	cloudfrontapi.Unimplemented

	store     store.Store
	limits    Limits
	wording   Wording
	published func(ctx context.Context, revision int64) error
	deployed  func(revision int64) bool
	newID     func(IDKind) string
	functions *jsfunc.Engine
	count     distributionCount

	readObject       func(ctx context.Context, from ObjectLocation, most int) ([]byte, error)
	certificate      func(ctx context.Context, account, reference string) (Certificate, error)
	issueCertificate func(call *api.Call, domains []string) (string, error)
}

var _ cloudfrontapi.Service = (*Service)(nil)

// New makes a Service.
func New(o Options) (*Service, error) {
	if o.Store == nil {
		return nil, errors.New("cloudfront: no store")
	}
	s := &Service{
		store: o.Store, limits: o.Limits.withDefaults(), wording: o.Wording,
		published: o.Published, deployed: o.Deployed, newID: o.NewID,
		readObject: o.ReadObject, certificate: o.Certificate, issueCertificate: o.IssueCertificate,
	}
	if s.published == nil {
		s.published = func(context.Context, int64) error { return nil }
	}
	if s.deployed == nil {
		s.deployed = func(int64) bool { return true }
	}
	if s.newID == nil {
		s.newID = randomID
	}
	if s.functions = o.Functions; s.functions == nil {
		var err error
		if s.functions, err = jsfunc.New(jsfunc.Options{}); err != nil {
			return nil, fmt.Errorf("cloudfront: %w", err)
		}
	}
	return s, nil
}

// endpoint is what Location headers start with (reference/cloudfront.md 1.3).
const endpoint = "https://cloudfront.amazonaws.com/2020-05-31/"

// moment is the time of a call as AWS shows it, in milliseconds (reference/cloudfront.md 1.1).
func moment(call *api.Call) time.Time { return call.Now.UTC().Truncate(time.Millisecond) }

func distributionARN(call *api.Call, id string) string {
	return arnPrefix(call) + "distribution/" + id
}

func arnPrefix(call *api.Call) string {
	partition := call.Partition
	if partition == "" {
		partition = "aws"
	}
	return "arn:" + partition + ":cloudfront::" + call.Account + ":"
}
