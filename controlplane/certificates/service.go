package certificates

import (
	"context"
	"crypto"
	"errors"
	"regexp"
	"strings"
	"time"

	"drawbridge/store"
)

// Options of a Store.
type Options struct {
	Store store.Store // required

	// Sign makes a certificate for a public key with the local authority and
	// gives it and the authority's own in PEM. Required.
	Sign func(names []string, public crypto.PublicKey, now time.Time) (certificate, chain []byte, err error)

	// Users gives what uses a certificate; nil: nothing does.
	Users func(ctx context.Context, account, reference string) (Users, error)
}

// Store keeps certificates; [Store.ACM] and [Store.IAM] are the services on it.
type Store struct {
	store store.Store
	sign  func(names []string, public crypto.PublicKey, now time.Time) (certificate, chain []byte, err error)
	users func(ctx context.Context, account, reference string) (Users, error)

	served served
}

// Users are what uses a certificate. While Unchanged holds in the store, nothing
// has begun to use it: a deletion demands that.
type Users struct {
	ARNs      []string
	Unchanged []store.Compare
}

// New makes a Store.
func New(o Options) (*Store, error) {
	if o.Store == nil || o.Sign == nil {
		return nil, errors.New("certificates: no store, or nobody to sign")
	}
	if o.Users == nil {
		o.Users = func(context.Context, string, string) (Users, error) { return Users{}, nil }
	}
	return &Store{store: o.Store, sign: o.Sign, users: o.Users, served: served{made: make(map[string]servedCertificate)}}, nil
}

var arnPattern = regexp.MustCompile(`\Aarn:aws[a-z-]*:acm:([a-z0-9-]+):([0-9]{12}):certificate/([0-9a-f-]{36})\z`)

// Find gives a certificate of an account, by the ARN of ACM or the id of IAM,
// with the store's key and revision of it; nil when there is none, or none that
// CloudFront takes: ACM's must be of us-east-1 (reference/cloudfront.md 1.9) and
// not have expired.
func (s *Store) Find(ctx context.Context, account, reference string, now time.Time) (*Found, error) {
	found, err := s.find(ctx, account, reference)
	if err != nil || found == nil {
		return nil, err
	}
	leaves, err := parseCertificates([]byte(found.Certificate))
	if err != nil || len(leaves) != 1 || now.After(leaves[0].NotAfter) {
		return nil, nil
	}
	return found, nil
}

// Found is a certificate with its place in the store.
type Found struct {
	*Record
	Key      string
	Revision int64
}

func (s *Store) find(ctx context.Context, account, reference string) (*Found, error) {
	name := ""
	if parts := arnPattern.FindStringSubmatch(reference); parts != nil {
		if parts[1] != "us-east-1" || parts[2] != account {
			return nil, nil
		}
		name = key(account, familyACM, parts[1]+"/"+parts[3])
	} else if strings.HasPrefix(reference, "arn:") {
		return nil, nil
	} else {
		index, _, err := load[string](ctx, s.store, key(account, familyIAMIDs, escape(reference)))
		if err != nil || index == nil {
			return nil, err
		}
		name = *index
	}
	record, revision, err := load[Record](ctx, s.store, name)
	if err != nil || record == nil {
		return nil, err
	}
	return &Found{record, name, revision}, nil
}
