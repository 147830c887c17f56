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

	KindResponseHeadersPolicy  Kind = "responseheaderspolicies"
	KindOriginAccessControl    Kind = "originaccesscontrols"
	KindOriginAccessIdentity   Kind = "originaccessidentities"
	KindPublicKey              Kind = "publickeys"
	KindKeyGroup               Kind = "keygroups"
	KindFieldLevelEncryption   Kind = "fieldlevelencryptions"
	KindFieldLevelProfile      Kind = "fieldlevelprofiles"
	KindRealtimeLogConfig      Kind = "realtimelogconfigs"      // name: the configuration's name
	KindMonitoringSubscription Kind = "monitoringsubscriptions" // name: <distribution>
	KindStreamingDistribution  Kind = "streamingdistributions"

	// Names of custom policies and of other records are unique in their family.
	KindRecordName Kind = "policynames" // name: <family's kind>/<escaped name> → record id

	// Caller references of other records than distributions and invalidations.
	KindRecordReference Kind = "recordreferences" // name: <family's kind>/<escaped reference> → record id

	// Who uses a record, so that a record in use is never deleted.
	KindRecordUsers Kind = "policyusers" // name: <family's kind>/<record's id>

	// The newer families (entity.go).
	KindContinuousDeploymentPolicy Kind = "continuousdeploymentpolicies"
	KindVPCOrigin                  Kind = "vpcorigins"
	KindAnycastIPList              Kind = "anycastiplists"
	KindTrustStore                 Kind = "truststores"
	KindConnectionGroup            Kind = "connectiongroups"
	KindDistributionTenant         Kind = "distributiontenants"
	KindResourcePolicy             Kind = "resourcepolicies" // name: <escaped ARN>

	// Functions: what is developed, and what is published of it, by name.
	KindFunction           Kind = "functions"
	KindLiveFunction       Kind = "livefunctions"
	KindConnectionFunction Kind = "connectionfunctions"

	KindKeyValueStore   Kind = "keyvaluestores"
	KindKeyValueStoreID Kind = "keyvaluestoreids"  // name: <id> → name
	KindKeyValueSummary Kind = "keyvaluesummaries" // name: <id>: version, count and size of its pairs
	KindKeyValue        Kind = "keyvalues"         // name: <id>/<escaped key>

	KindStagingUser Kind = "stagingusers" // name: <staging distribution> → continuous deployment policy id
	KindUseCount    Kind = "usecounts"    // name: <kind>/<id>: how many tenants or connection groups use it

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

func recordNameKey(account string, family Kind, name string) string {
	return Key(account, KindRecordName, string(family)+"/"+escape(name))
}

func recordUsersKey(account string, family Kind, id string) string {
	return Key(account, KindRecordUsers, string(family)+"/"+id)
}

func recordReferenceKey(account string, family Kind, reference string) string {
	return Key(account, KindRecordReference, string(family)+"/"+escape(reference))
}

// tagsKey is where the tags of arn:…:<resource type>/<id> lie.
func tagsKey(account, resourceType, id string) string {
	return Key(account, KindTags, resourceType+"/"+id)
}

func distributionTagsKey(account, id string) string { return tagsKey(account, "distribution", id) }

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

// ConfigRecord is a stored custom policy, or another record of that life, with
// a configuration of type C.
type ConfigRecord[C any] struct {
	ID               string
	ETag             string
	CreatedTime      time.Time `json:",omitzero"`
	LastModifiedTime time.Time
	Config           C // defaults filled in
}

// CachePolicyRecord is a stored custom cache policy.
type CachePolicyRecord = ConfigRecord[cloudfrontapi.CachePolicyConfig]

// OriginRequestPolicyRecord is a stored custom origin request policy.
type OriginRequestPolicyRecord = ConfigRecord[cloudfrontapi.OriginRequestPolicyConfig]

// The records of the other families.
type (
	ResponseHeadersPolicyRecord = ConfigRecord[cloudfrontapi.ResponseHeadersPolicyConfig]
	OriginAccessControlRecord   = ConfigRecord[cloudfrontapi.OriginAccessControlConfig]
	OriginAccessIdentityRecord  = ConfigRecord[cloudfrontapi.CloudFrontOriginAccessIdentityConfig]
	PublicKeyRecord             = ConfigRecord[cloudfrontapi.PublicKeyConfig]
	KeyGroupRecord              = ConfigRecord[cloudfrontapi.KeyGroupConfig]
	FieldLevelEncryptionRecord  = ConfigRecord[cloudfrontapi.FieldLevelEncryptionConfig]
	FieldLevelProfileRecord     = ConfigRecord[cloudfrontapi.FieldLevelEncryptionProfileConfig]
	RealtimeLogConfigRecord     = ConfigRecord[cloudfrontapi.RealtimeLogConfig] // ID: the name; no ETag
	StreamingDistributionRecord = ConfigRecord[cloudfrontapi.StreamingDistributionConfig]
)

// MonitoringSubscriptionRecord says whether a distribution has the additional metrics.
type MonitoringSubscriptionRecord struct {
	Subscription cloudfrontapi.MonitoringSubscription
}

// UsersRecord lists who uses a custom policy or another record, sorted.
// There is none for a record without users.
type UsersRecord struct {
	Distributions []string
	Records       []string `json:",omitzero"` // others: <kind>/<id>
}

// Decode reads a stored record of type R.
func Decode[R any](key string, value []byte) (*R, error) {
	record := new(R)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("stored record %s: %w", key, err)
	}
	return record, nil
}
