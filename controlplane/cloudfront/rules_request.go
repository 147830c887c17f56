package cloudfront

import (
	"drawbridge/controlplane/api/cloudfrontapi"
)

// An update replaces the whole configuration, and AWS refuses one that leaves
// out what it shows on read (reference/cloudfront.md 1.5 and 1.7).

func aliasesSent(c *distributionCheck) error {
	if c.previous != nil && c.config.Aliases == nil {
		return cloudfrontapi.IllegalUpdate("Aliases are missing for the resource")
	}
	return nil
}

func customHeadersSent(c *distributionCheck) error {
	for _, origin := range sentOrigins(c) {
		if origin.CustomHeaders == nil {
			return cloudfrontapi.IllegalUpdate("The 'OriginCustomHeaders' field is missing")
		}
	}
	return nil
}

// sentOrigins are the origins of an update; none of a create.
func sentOrigins(c *distributionCheck) []cloudfrontapi.Origin {
	if c.previous == nil || c.config.Origins == nil {
		return nil
	}
	return c.config.Origins.Items
}

func smoothStreamingSent(c *distributionCheck) error {
	if c.previous == nil || c.config.DefaultCacheBehavior == nil {
		return nil
	}
	for _, behavior := range allBehaviors(c.config) {
		if behavior.SmoothStreaming == nil {
			return badParameter("SmoothStreaming flag is missing.")
		}
	}
	return nil
}

func errorResponsesSent(c *distributionCheck) error {
	if c.previous != nil && c.config.CustomErrorResponses == nil {
		return cloudfrontapi.IllegalUpdate("The specified list of custom error responses does not exist or is not valid.")
	}
	return nil
}

func originSettingsSent(c *distributionCheck) error {
	for _, origin := range sentOrigins(c) {
		custom := origin.CustomOriginConfig
		if custom == nil {
			continue
		}
		if custom.OriginReadTimeout == nil {
			return cloudfrontapi.IllegalUpdate("OriginReadTimeout is required for updates")
		}
		if custom.OriginSslProtocols == nil {
			return badParameter("OriginSslProtocols is required.")
		}
	}
	return nil
}

func callerReferenceKept(c *distributionCheck) error {
	reference := value(c.config.CallerReference)
	if reference == "" {
		return badParameter("CallerReference is required.")
	}
	if c.previous != nil && reference != value(c.previous.CallerReference) {
		return cloudfrontapi.IllegalUpdate("You cannot update Origin or CallerReference.")
	}
	return nil
}

// policyOrForwardedValues: a behavior has a cache policy or the legacy
// settings, and an origin request policy only beside a cache policy
// (reference/cloudfront.md 1.9).
func policyOrForwardedValues(c *distributionCheck) error {
	for _, behavior := range allBehaviors(c.config) {
		hasPolicy := value(behavior.CachePolicyId) != ""
		switch {
		case hasPolicy && behavior.ForwardedValues != nil:
			return badParameter("ForwardedValues cannot be used when a cache policy is associated to the cache behavior.")
		case hasPolicy:
		case value(behavior.OriginRequestPolicyId) != "":
			return badParameter("OriginRequestPolicyId cannot be used without a cache policy associated to the cache behavior.")
		case behavior.ForwardedValues == nil:
			return badParameter("ForwardedValues is required.")
		case behavior.MinTTL == nil:
			return badParameter("MinTTL is required.")
		}
	}
	return nil
}
