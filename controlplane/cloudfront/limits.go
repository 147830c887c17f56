package cloudfront

// Limits are the quotas of an account (reference/cloudfront.md section 6). A
// field at zero means its default, which is AWS's but for Distributions.
type Limits struct {
	Distributions           int // per account; default 100 000 (design.md section 2), AWS's is 500
	Aliases                 int // per distribution; default 100
	Origins                 int // per distribution; default 100
	OriginGroups            int // per distribution; default 10
	CacheBehaviors          int // per distribution, the default one included; default 75
	OriginCustomHeaders     int // per origin; default 30
	ForwardedHeaders        int // per behavior with ForwardedValues; default 25
	ForwardedCookies        int // names per behavior with ForwardedValues; default 10
	ForwardedQueryKeys      int // per behavior with ForwardedValues; default 10
	TrustedSigners          int // per behavior; default 5
	Tags                    int // per resource; default 50
	CachePolicies           int // custom ones per account; default 20
	OriginRequestPolicies   int // custom ones per account; default 20
	PolicyNames             int // headers, cookies, query strings per policy, each; default 10
	DistributionsPerPolicy  int // default 100, at most 900
	InvalidationPaths       int // in progress per distribution, and per batch; default 3000
	WildcardInvalidations   int // in progress per distribution; default 15
	InvalidationsRemembered int // per distribution, the oldest completed ones go first; default 1000, AWS names none
}

// Lengths that AWS fixes for everybody (reference/cloudfront.md 1.8, 1.9, 6).
const (
	maxIDBytes             = 128
	maxComment             = 128 // characters
	maxPolicyName          = 128 // characters
	maxPathBytes           = 255
	maxDomainBytes         = 253
	maxHeaderNameBytes     = 256
	maxHeaderValueBytes    = 1783
	maxHeaderTotalBytes    = 10240
	maxNamesTotalBytes     = 1024 // names of a policy, combined
	maxQueryKeyBytes       = 128
	maxQueryKeysTotalBytes = 512
	maxInvalidationBytes   = 4000
	maxCacheTagBytes       = 256
	maxTagKey              = 128 // characters
	maxTagValue            = 256 // characters
)

func (l Limits) withDefaults() Limits {
	for _, field := range []struct {
		value *int
		dflt  int
	}{
		{&l.Distributions, 100_000}, {&l.Aliases, 100}, {&l.Origins, 100}, {&l.OriginGroups, 10},
		{&l.CacheBehaviors, 75}, {&l.OriginCustomHeaders, 30}, {&l.ForwardedHeaders, 25},
		{&l.ForwardedCookies, 10}, {&l.ForwardedQueryKeys, 10}, {&l.TrustedSigners, 5}, {&l.Tags, 50},
		{&l.CachePolicies, 20}, {&l.OriginRequestPolicies, 20}, {&l.PolicyNames, 10},
		{&l.DistributionsPerPolicy, 100}, {&l.InvalidationPaths, 3000}, {&l.WildcardInvalidations, 15},
		{&l.InvalidationsRemembered, 1000},
	} {
		if *field.value <= 0 {
			*field.value = field.dflt
		}
	}
	// A policy's update compares all its users in one transaction (store.MaxTxnOps).
	l.DistributionsPerPolicy = min(l.DistributionsPerPolicy, 900)
	return l
}
