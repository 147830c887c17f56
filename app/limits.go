package app

import (
	"fmt"
	"math"

	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/server"
)

// limits are the limits: section of a configuration file, sorted to who keeps
// them. A zero field means the default, which is AWS's where AWS has one.
type limits struct {
	server     server.Limits
	cloudfront cloudfront.Limits
	apigateway apigateway.Limits
	bodyBytes  int // what bodies of running calls of APIs take together
}

// accountThrottle is API Gateway's throttle of a whole account that the limits
// ask for; nil: none, there is no rate. A rate alone has AWS's burst
// (reference/api-gateway.md section 8).
func (l *limits) accountThrottle() *program.Throttle {
	if l.apigateway.AccountRate == 0 {
		return nil
	}
	burst := l.apigateway.AccountBurst
	if burst == 0 {
		burst = 5000
	}
	return &program.Throttle{Rate: float64(l.apigateway.AccountRate), Burst: burst}
}

// limitTable names every limit and says where it goes.
var limitTable = []struct {
	name  string
	field func(*limits) *int
}{
	{"connections", func(l *limits) *int { return &l.server.MaxConns }},
	{"request-head-bytes", func(l *limits) *int { return &l.server.HeadBytes }},
	{"request-fields", func(l *limits) *int { return &l.server.Fields }},
	{"http2-streams", func(l *limits) *int { return &l.server.MaxStreams }},

	{"distributions", func(l *limits) *int { return &l.cloudfront.Distributions }},
	{"aliases", func(l *limits) *int { return &l.cloudfront.Aliases }},
	{"origins", func(l *limits) *int { return &l.cloudfront.Origins }},
	{"origin-groups", func(l *limits) *int { return &l.cloudfront.OriginGroups }},
	{"cache-behaviors", func(l *limits) *int { return &l.cloudfront.CacheBehaviors }},
	{"origin-custom-headers", func(l *limits) *int { return &l.cloudfront.OriginCustomHeaders }},
	{"cache-policies", func(l *limits) *int { return &l.cloudfront.CachePolicies }},
	{"origin-request-policies", func(l *limits) *int { return &l.cloudfront.OriginRequestPolicies }},
	{"response-headers-policies", func(l *limits) *int { return &l.cloudfront.ResponseHeadersPolicies }},
	{"response-custom-headers", func(l *limits) *int { return &l.cloudfront.ResponseCustomHeaders }},
	{"origin-access-controls", func(l *limits) *int { return &l.cloudfront.OriginAccessControls }},
	{"origin-access-identities", func(l *limits) *int { return &l.cloudfront.OriginAccessIdentities }},
	{"public-keys", func(l *limits) *int { return &l.cloudfront.PublicKeys }},
	{"key-groups", func(l *limits) *int { return &l.cloudfront.KeyGroups }},
	{"keys-per-group", func(l *limits) *int { return &l.cloudfront.KeysPerGroup }},
	{"key-groups-per-behavior", func(l *limits) *int { return &l.cloudfront.KeyGroupsPerBehavior }},
	{"field-level-encryptions", func(l *limits) *int { return &l.cloudfront.FieldLevelEncryptions }},
	{"field-level-profiles", func(l *limits) *int { return &l.cloudfront.FieldLevelProfiles }},
	{"field-level-fields", func(l *limits) *int { return &l.cloudfront.FieldLevelFields }},
	{"field-level-query-profiles", func(l *limits) *int { return &l.cloudfront.FieldLevelQueryProfiles }},
	{"distributions-per-policy", func(l *limits) *int { return &l.cloudfront.DistributionsPerPolicy }},
	{"distributions-per-field-level-encryption", func(l *limits) *int { return &l.cloudfront.DistributionsPerFLE }},
	{"realtime-log-configs", func(l *limits) *int { return &l.cloudfront.RealtimeLogConfigs }},
	{"streaming-distributions", func(l *limits) *int { return &l.cloudfront.StreamingDistributions }},
	{"forwarded-headers", func(l *limits) *int { return &l.cloudfront.ForwardedHeaders }},
	{"forwarded-cookies", func(l *limits) *int { return &l.cloudfront.ForwardedCookies }},
	{"forwarded-query-keys", func(l *limits) *int { return &l.cloudfront.ForwardedQueryKeys }},
	{"trusted-signers", func(l *limits) *int { return &l.cloudfront.TrustedSigners }},
	{"tags", func(l *limits) *int { return &l.cloudfront.Tags }},
	{"functions", func(l *limits) *int { return &l.cloudfront.Functions }},
	{"connection-functions", func(l *limits) *int { return &l.cloudfront.ConnectionFunctions }},
	{"key-value-stores", func(l *limits) *int { return &l.cloudfront.KeyValueStores }},
	{"functions-per-key-value-store", func(l *limits) *int { return &l.cloudfront.FunctionsPerKeyValue }},
	{"staging-distributions", func(l *limits) *int { return &l.cloudfront.StagingDistributions }},
	{"continuous-deployment-policies", func(l *limits) *int { return &l.cloudfront.ContinuousDeploymentPolicies }},
	{"multi-tenant-distributions", func(l *limits) *int { return &l.cloudfront.MultiTenantDistributions }},
	{"distribution-tenants", func(l *limits) *int { return &l.cloudfront.DistributionTenants }},
	{"domains-per-tenant", func(l *limits) *int { return &l.cloudfront.TenantDomains }},
	{"parameters-per-tenant", func(l *limits) *int { return &l.cloudfront.TenantParameters }},
	{"parameters-per-field", func(l *limits) *int { return &l.cloudfront.ParametersPerField }},
	{"connection-groups", func(l *limits) *int { return &l.cloudfront.ConnectionGroups }},
	{"connection-groups-per-anycast-ip-list", func(l *limits) *int { return &l.cloudfront.ConnectionGroupsPerAnycast }},
	{"anycast-ip-lists", func(l *limits) *int { return &l.cloudfront.AnycastIPLists }},
	{"vpc-origins", func(l *limits) *int { return &l.cloudfront.VPCOrigins }},
	{"trust-stores", func(l *limits) *int { return &l.cloudfront.TrustStores }},
	{"policy-names", func(l *limits) *int { return &l.cloudfront.PolicyNames }},
	{"invalidation-paths", func(l *limits) *int { return &l.cloudfront.InvalidationPaths }},
	{"wildcard-invalidations", func(l *limits) *int { return &l.cloudfront.WildcardInvalidations }},

	{"rest-apis", func(l *limits) *int { return &l.apigateway.RestAPIs }},
	{"resources", func(l *limits) *int { return &l.apigateway.Resources }},
	{"stages", func(l *limits) *int { return &l.apigateway.Stages }},
	{"deployments", func(l *limits) *int { return &l.apigateway.Deployments }},
	{"api-keys", func(l *limits) *int { return &l.apigateway.Keys }},
	{"usage-plans", func(l *limits) *int { return &l.apigateway.Plans }},
	{"plans-per-key", func(l *limits) *int { return &l.apigateway.PlansPerKey }},
	{"body-bytes", func(l *limits) *int { return &l.bodyBytes }},
	{"account-rate", func(l *limits) *int { return &l.apigateway.AccountRate }},
	{"account-burst", func(l *limits) *int { return &l.apigateway.AccountBurst }},
	{"integration-timeout-millis", func(l *limits) *int { return &l.apigateway.IntegrationTimeoutMillis }},
}

// limits sorts the configured limits; an unknown name or a value that is no
// positive number is refused.
func (c *Config) limits() (limits, error) {
	var sorted limits
	for name, value := range c.Limits {
		field := (*int)(nil)
		for _, entry := range limitTable {
			if entry.name == name {
				field = entry.field(&sorted)
			}
		}
		if field == nil {
			return limits{}, fmt.Errorf("limits: unknown limit %q", name)
		}
		if value < 1 || value > math.MaxInt32 {
			return limits{}, fmt.Errorf("limits: %s: %d is not between 1 and %d", name, value, math.MaxInt32)
		}
		*field = int(value)
	}
	return sorted, nil
}
