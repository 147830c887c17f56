package cloudfront

import (
	"crypto/sha256"
	"encoding/hex"
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
	KindCallerReference     Kind = "callerreferences" // name: escaped reference → distribution id

	// An invalidation's caller reference is kept as long as the invalidation.
	KindInvalidationReference Kind = "invalidationreferences" // name: <distribution>/<escaped reference> → invalidation id

	// Names of custom policies are unique in their family.
	KindPolicyName Kind = "policynames" // name: <family's kind>/<escaped name> → policy id

	// Who uses a custom policy, so that a policy in use is never deleted.
	KindPolicyUsers Kind = "policyusers" // name: <family's kind>/<policy id>

	// Tags lie beside what they tag: a tag is no new configuration to deploy.
	KindTags Kind = "tags" // name: <resource type>/<resource id>
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

// maxEscaped is the length up to which a client's own text stands in a key as
// it is; longer ones stand as their hash (store.MaxKeyBytes).
const maxEscaped = 512

// escape makes a key's segment of a client's text.
func escape(text string) string {
	if escaped := url.PathEscape(text); len(escaped) <= maxEscaped {
		return escaped
	}
	sum := sha256.Sum256([]byte(text))
	return "#" + hex.EncodeToString(sum[:]) // PathEscape never leaves a "#" in
}

func callerReferenceKey(account, reference string) string {
	return Key(account, KindCallerReference, escape(reference))
}

func invalidationKey(account, distribution, id string) string {
	return Key(account, KindInvalidation, distribution+"/"+id)
}

func invalidationReferenceKey(account, distribution, reference string) string {
	return Key(account, KindInvalidationReference, distribution+"/"+escape(reference))
}

func policyNameKey(account string, family Kind, name string) string {
	return Key(account, KindPolicyName, string(family)+"/"+escape(name))
}

func policyUsersKey(account string, family Kind, id string) string {
	return Key(account, KindPolicyUsers, string(family)+"/"+id)
}

func distributionTagsKey(account, id string) string {
	return Key(account, KindTags, "distribution/"+id)
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
}

// TagsRecord holds the tags of one resource.
type TagsRecord struct {
	Tags map[string]string
}

// InvalidationRecord is a stored invalidation batch. It is Completed when its
// store revision is in force everywhere.
type InvalidationRecord struct {
	ID             string
	DistributionID string
	CreateTime     time.Time
	Batch          cloudfrontapi.InvalidationBatch
}

// PolicyRecord is a stored custom policy with a configuration of type C.
type PolicyRecord[C any] struct {
	ID               string
	ETag             string
	LastModifiedTime time.Time
	Config           C // defaults filled in
}

// CachePolicyRecord is a stored custom cache policy.
type CachePolicyRecord = PolicyRecord[cloudfrontapi.CachePolicyConfig]

// OriginRequestPolicyRecord is a stored custom origin request policy.
type OriginRequestPolicyRecord = PolicyRecord[cloudfrontapi.OriginRequestPolicyConfig]

// PolicyUsersRecord lists the distributions that use a custom policy, sorted.
// There is none for a policy without users.
type PolicyUsersRecord struct {
	Distributions []string
}

// Decode reads a stored record of type R.
func Decode[R any](key string, value []byte) (*R, error) {
	record := new(R)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("stored record %s: %w", key, err)
	}
	return record, nil
}
