package cloudfront

import (
	"drawbridge/controlplane/api/cloudfrontapi"
)

// distributionCheck is what the rules of a distribution look at.
type distributionCheck struct {
	config    *cloudfrontapi.DistributionConfig
	previous  *cloudfrontapi.DistributionConfig // what an update replaces; nil: a create
	behaviors []cloudfrontapi.CacheBehavior     // the default one first
	policies  *recordSet
	limits    *Limits
	wording   Wording
}

// distributionRule refuses a configuration with AWS's code and text, or
// returns nil.
type distributionRule struct {
	name  string
	check func(*distributionCheck) error
}

// requestRules hold for a configuration as it was sent. Their order is AWS's
// for updates with several gaps (reference/cloudfront.md 1.7); beyond that
// AWS's order is not known.
func requestRules() []distributionRule {
	return []distributionRule{
		{"update: aliases sent", aliasesSent},
		{"update: origin custom headers sent", customHeadersSent},
		{"update: smooth streaming sent", smoothStreamingSent},
		{"update: custom error responses sent", errorResponsesSent},
		{"update: origin timeouts and protocols sent", originSettingsSent},
		{"required members", func(c *distributionCheck) error { return requiredMembers("CreateDistribution", c.config) }},
		{"quantities", func(c *distributionCheck) error { return quantities(c.config) }},
		{"caller reference", callerReferenceKept},
		{"update: kind of distribution kept", kindKept},
		{"cache policy or forwarded values", policyOrForwardedValues},
	}
}

// configRules hold for a configuration with its defaults filled in.
func configRules() []distributionRule {
	return append([]distributionRule{
		{"default root object", defaultRootObject},
		{"comment", comment},
		{"aliases", aliasNames},
		{"viewer certificate", viewerCertificate},
		{"custom error responses", errorResponses},
		{"geo restriction", geoRestriction},
		{"logging", logging},
		{"web ACL", webACLID},
		{"resources of later issues", distributionReferences},
		{"continuous deployment policy", continuousAttached},
		{"connection mode", connectionMode},
		{"origin ids", originIDs},
		{"origin kinds", originKinds},
		{"VPC origins", vpcOrigins},
		{"origin domain names", originDomains},
		{"origin paths", originPaths},
		{"origin access", originAccess},
		{"origin ports", originPorts},
		{"origin protocols", originProtocols},
		{"origin timeouts", originTimeouts},
		{"origin shield", originShield},
		{"origin custom headers", customHeaders},
		{"origin groups", originGroups},
	}, behaviorRules()...)
}

// behaviorRules are those of configRules that look at cache behaviors.
func behaviorRules() []distributionRule {
	return []distributionRule{
		{"number of behaviors", behaviorCount},
		{"path patterns", pathPatterns},
		{"target origins", targetOrigins},
		{"methods", methods},
		{"methods with origin groups", groupMethods},
		{"cache policies", cachePolicies},
		{"origin request policies", originRequestPolicies},
		{"response headers policies", responseHeadersPolicies},
		{"forwarded headers", forwardedHeaders},
		{"forwarded cookies", forwardedCookies},
		{"forwarded query strings", forwardedQueryStrings},
		{"TTL order", ttlOrder},
		{"trusted signers", trustedSigners},
		{"trusted key groups", trustedKeyGroups},
		{"lambda associations", lambdaAssociations},
		{"function associations", functionAssociations},
		{"field-level encryption", fieldLevelEncryptions},
		{"real-time log configurations", realtimeLogConfigs},
		{"gRPC", grpc},
		{"header conflict", headerConflict},
	}
}

// run asks the rules in order and returns the first refusal.
func (c *distributionCheck) run(rules []distributionRule) error {
	for _, rule := range rules {
		if err := rule.check(c); err != nil {
			return err
		}
	}
	return nil
}

// allBehaviors lists the cache behaviors, the default one first.
func allBehaviors(config *cloudfrontapi.DistributionConfig) []cloudfrontapi.CacheBehavior {
	all := []cloudfrontapi.CacheBehavior{asBehavior(config.DefaultCacheBehavior)}
	if config.CacheBehaviors != nil {
		all = append(all, config.CacheBehaviors.Items...)
	}
	return all
}

// validateRequest looks at what was sent and then fills in the defaults.
func (s *Service) validateRequest(config, previous *cloudfrontapi.DistributionConfig) error {
	if config == nil {
		return missingBody()
	}
	c := &distributionCheck{config: config, previous: previous, limits: &s.limits, wording: s.wording}
	if err := c.run(requestRules()); err != nil {
		return err
	}
	fillDistribution(config)
	return nil
}

// validateConfig looks at a configuration whose defaults are filled in.
func (s *Service) validateConfig(config *cloudfrontapi.DistributionConfig, policies *recordSet) error {
	c := &distributionCheck{
		config: config, behaviors: allBehaviors(config), policies: policies, limits: &s.limits, wording: s.wording,
	}
	return c.run(configRules())
}
