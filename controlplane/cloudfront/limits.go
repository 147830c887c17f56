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
	ResponseHeadersPolicies int // custom ones per account; default 20
	ResponseCustomHeaders   int // custom headers, and headers to remove, per response headers policy, each; default 10
	OriginAccessControls    int // per account; default 100
	OriginAccessIdentities  int // per account; default 100
	PublicKeys              int // per account; default 10
	KeyGroups               int // per account; default 10
	KeysPerGroup            int // default 5
	KeyGroupsPerBehavior    int // default 4
	FieldLevelEncryptions   int // per account; default 10
	FieldLevelProfiles      int // per account; default 10
	FieldLevelFields        int // fields per profile; default 10
	FieldLevelQueryProfiles int // per field-level encryption configuration; default 5
	DistributionsPerFLE     int // per field-level encryption configuration; default 20
	RealtimeLogConfigs      int // per account; default 150
	StreamingDistributions  int // per account; default 100
	InvalidationPaths       int // in progress per distribution, and per batch; default 3000
	WildcardInvalidations   int // in progress per distribution; default 15

	StagingDistributions         int // per account; default 20
	ContinuousDeploymentPolicies int // per account; default 20
	MultiTenantDistributions     int // per account; default 20
	DistributionTenants          int // per account; default 10 000
	TenantDomains                int // per tenant; default 100, at most 400
	TenantParameters             int // per tenant and per distribution; default 5
	ParametersPerField           int // of an origin; default 2
	ConnectionGroups             int // per account; default 100
	ConnectionGroupsPerAnycast   int // per Anycast IP list; default 5
	AnycastIPLists               int // per account; default 5, AWS names none
	VPCOrigins                   int // per account; default 25
	TrustStores                  int // per account; default 20

	Functions            int // per account; default 100
	ConnectionFunctions  int // per account; default 100
	KeyValueStores       int // per account; default 50
	FunctionsPerKeyValue int // functions per key value store; default 10

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
	maxCallerReference     = 4096 // AWS names no length
	maxTagKey              = 128  // characters
	maxTagValue            = 256  // characters
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
		{&l.StagingDistributions, 20}, {&l.ContinuousDeploymentPolicies, 20}, {&l.MultiTenantDistributions, 20},
		{&l.DistributionTenants, 10_000}, {&l.TenantDomains, 100}, {&l.TenantParameters, 5}, {&l.ParametersPerField, 2},
		{&l.ConnectionGroups, 100}, {&l.ConnectionGroupsPerAnycast, 5}, {&l.AnycastIPLists, 5}, {&l.VPCOrigins, 25},
		{&l.TrustStores, 20}, {&l.Functions, 100}, {&l.ConnectionFunctions, 100}, {&l.KeyValueStores, 50},
		{&l.FunctionsPerKeyValue, 10},
		{&l.ResponseHeadersPolicies, 20}, {&l.ResponseCustomHeaders, 10}, {&l.OriginAccessControls, 100},
		{&l.OriginAccessIdentities, 100}, {&l.PublicKeys, 10}, {&l.KeyGroups, 10}, {&l.KeysPerGroup, 5},
		{&l.KeyGroupsPerBehavior, 4}, {&l.FieldLevelEncryptions, 10}, {&l.FieldLevelProfiles, 10},
		{&l.FieldLevelFields, 10}, {&l.FieldLevelQueryProfiles, 5}, {&l.DistributionsPerFLE, 20},
		{&l.RealtimeLogConfigs, 150}, {&l.StreamingDistributions, 100},
	} {
		if *field.value <= 0 {
			*field.value = field.dflt
		}
	}
	// A policy's update compares all its users in one transaction (store.MaxTxnOps).
	l.DistributionsPerPolicy = min(l.DistributionsPerPolicy, 900)
	l.TenantDomains = min(l.TenantDomains, 400) // each is a compare and a put in one transaction
	return l
}
