package cloudfront

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// The store's keys of this service. Everything of an account lies below
// Prefix+account; three indexes span accounts, because a host name, a
// distribution id and a d-label belong to one account on the whole server.
const (
	Prefix      = "cloudfront/"
	aliasPrefix = "cloudfront-aliases/" // + alias → account/distribution id
	idPrefix    = "cloudfront-ids/"     // + distribution id, or d-label → account/distribution id
)

// Kind is a family of records below an account.
type Kind string

// The kinds of records.
const (
	KindDistribution        Kind = "distributions"
	KindInvalidation        Kind = "invalidations" // name: <distribution>/<id>
	KindCachePolicy         Kind = "cachepolicies"
	KindOriginRequestPolicy Kind = "originrequestpolicies"
	KindCallerReference     Kind = "callerreferences" // name: path-escaped reference → distribution id
)

// Key builds the key of a record: cloudfront/<account>/<kind>/<name>.
func Key(account string, kind Kind, name string) string {
	return Prefix + account + "/" + string(kind) + "/" + name
}

// ParseKey takes a key apart; ok is false for a key that is not a record of
// this service.
func ParseKey(key string) (account string, kind Kind, name string, ok bool) {
	rest, ours := strings.CutPrefix(key, Prefix)
	account, rest, hasKind := strings.Cut(rest, "/")
	kindName, name, hasName := strings.Cut(rest, "/")
	return account, Kind(kindName), name, ours && hasKind && hasName && name != ""
}

func aliasKey(alias string) string { return aliasPrefix + strings.ToLower(alias) }

func idKey(id string) string { return idPrefix + id }

func callerReferenceKey(account, reference string) string {
	return Key(account, KindCallerReference, url.PathEscape(reference))
}

// DistributionRecord is a stored distribution. Its store revision is when it
// was last changed: Deployed means that revision is in force everywhere.
type DistributionRecord struct {
	ID               string
	Account          string
	DomainName       string // "d111111abcdef8.cloudfront.net"
	ETag             string
	LastModifiedTime time.Time
	Config           cloudfrontapi.DistributionConfig // defaults filled in
	Tags             map[string]string                `json:",omitzero"`
}

// InvalidationRecord is a stored invalidation batch. It is Completed when its
// store revision is in force everywhere.
type InvalidationRecord struct {
	ID             string
	DistributionID string
	CreateTime     time.Time
	Batch          cloudfrontapi.InvalidationBatch
}

// CachePolicyRecord is a stored custom cache policy.
type CachePolicyRecord struct {
	ID               string
	ETag             string
	LastModifiedTime time.Time
	Config           cloudfrontapi.CachePolicyConfig
}

// OriginRequestPolicyRecord is a stored custom origin request policy.
type OriginRequestPolicyRecord struct {
	ID               string
	ETag             string
	LastModifiedTime time.Time
	Config           cloudfrontapi.OriginRequestPolicyConfig
}

// Decode reads a stored record of type R.
func Decode[R any](key string, value []byte) (*R, error) {
	record := new(R)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("stored record %s: %w", key, err)
	}
	return record, nil
}
