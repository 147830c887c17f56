package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

func behaviorCount(c *distributionCheck) error {
	if len(c.behaviors) > c.limits.CacheBehaviors {
		return cloudfrontapi.TooManyCacheBehaviors(
			"Your request contains more CacheBehaviors than are allowed per distribution.")
	}
	return nil
}

func pathPatterns(c *distributionCheck) error {
	seen := make(map[string]bool)
	for _, behavior := range c.behaviors[1:] { // the default one has none
		pattern := value(behavior.PathPattern)
		switch {
		case pattern == "":
			return badParameter("PathPattern is required.")
		case len(pattern) > maxPathBytes:
			return badParameter("PathPattern is too big.")
		case !pathPattern.MatchString(pattern):
			return badParameter("PathPattern contains one or more characters that are not valid.")
		}
		canonical := strings.TrimPrefix(pattern, "/") // the leading "/" is implied (reference/cloudfront.md 2.3)
		if seen[canonical] {
			return badParameter("PathPattern with value %s is used more than once.", pattern)
		}
		seen[canonical] = true
	}
	return nil
}

func targetOrigins(c *distributionCheck) error {
	targets := behaviorTargets(c.config)
	for _, behavior := range c.behaviors {
		if targets[value(behavior.TargetOriginId)] == nil {
			return noSuchOrigin()
		}
		if !oneOf(value(behavior.ViewerProtocolPolicy), cloudfrontapi.ViewerProtocolPolicyValues) {
			return badParameter("ViewerProtocolPolicy is not valid.")
		}
	}
	return nil
}

// sameSet tells whether items are exactly the wanted ones, in any order.
func sameSet(items, want []string) bool {
	return len(items) == len(want) && distinctOf(items, want)
}

// methods: one of the three sets AWS knows; what is cached is allowed, too
// (reference/cloudfront.md 1.9).
func methods(c *distributionCheck) error {
	read := []string{"GET", "HEAD"}
	withOptions := []string{"GET", "HEAD", "OPTIONS"}
	for _, behavior := range c.behaviors {
		allowed := behavior.AllowedMethods.Items
		if !sameSet(allowed, read) && !sameSet(allowed, withOptions) && !sameSet(allowed, cloudfrontapi.MethodValues) {
			return badParameter("AllowedMethods is not valid.")
		}
		cached := behavior.AllowedMethods.CachedMethods.Items
		if !sameSet(cached, read) && !sameSet(cached, withOptions) || !distinctOf(cached, allowed) {
			return badParameter("CachedMethods is not valid.")
		}
	}
	return nil
}

func groupMethods(c *distributionCheck) error {
	groups := make(map[string]bool)
	for _, group := range c.config.OriginGroups.Items {
		groups[value(group.Id)] = true
	}
	for _, behavior := range c.behaviors {
		if groups[value(behavior.TargetOriginId)] && slices.Contains(behavior.AllowedMethods.Items, "POST") {
			return badParameter("AllowedMethods cannot include POST, PUT, PATCH, or DELETE " +
				"for a cached behavior associated with an origin group.")
		}
	}
	return nil
}

func cachePolicies(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		if id := value(behavior.CachePolicyId); id != "" && c.policies.cache[id] == nil {
			return cloudfrontapi.NoSuchCachePolicy("The specified cache policy does not exist.")
		}
	}
	return nil
}

func originRequestPolicies(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		if id := value(behavior.OriginRequestPolicyId); id != "" && c.policies.request[id] == nil {
			return cloudfrontapi.NoSuchOriginRequestPolicy("The specified origin request policy does not exist.")
		}
	}
	return nil
}

func responseHeadersPolicies(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		id := value(behavior.ResponseHeadersPolicyId)
		if _, managed := ManagedResponseHeadersPolicy(id); id != "" && !managed && !c.policies.has(KindResponseHeadersPolicy, id) {
			return noSuchResponseHeadersPolicy()
		}
	}
	return nil
}

// forwardedHeaders are the rules of the legacy header whitelist; "*" alone
// means all of them (reference/cloudfront.md 1.9).
func forwardedHeaders(c *distributionCheck) error {
	targets := behaviorTargets(c.config)
	for _, behavior := range c.behaviors {
		if behavior.ForwardedValues == nil {
			continue
		}
		names := behavior.ForwardedValues.Headers.Items
		if slices.Contains(names, "*") {
			if len(names) > 1 {
				return badParameter("Headers must not name headers beside *.")
			}
			if value(behavior.MinTTL) != 0 {
				return badParameter("MinTTL must be 0 when all headers are forwarded.")
			}
			continue
		}
		if len(names) > c.limits.ForwardedHeaders {
			return cloudfrontapi.TooManyHeadersInForwardedValues("Your request contains too many headers in forwarded values.")
		}
		if err := headerNames(names, "connection", "cookie", "proxy-authorization", "te", "upgrade"); err != nil {
			return err
		}
		for _, origin := range targets[value(behavior.TargetOriginId)] {
			if origin.S3OriginConfig != nil && containsFold(names, "host") {
				return cloudfrontapi.InvalidHeadersForS3Origin("The headers specified are not valid for an Amazon S3 origin.")
			}
		}
	}
	return nil
}

// headerNames checks a list of header names to forward: well-formed, each
// once, none of the forbidden ones (in lower case).
func headerNames(names []string, forbidden ...string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		lower := strings.ToLower(name)
		switch {
		case len(name) > maxHeaderNameBytes || !tokenPattern.MatchString(name):
			return badParameter("Headers contains %s that is not valid.", quote(name))
		case slices.Contains(forbidden, lower):
			return badParameter("Headers contains %s that is not allowed.", name)
		case seen[lower]:
			return badParameter("Headers contains %s more than once.", name)
		}
		seen[lower] = true
	}
	return nil
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func forwardedCookies(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		if behavior.ForwardedValues == nil {
			continue
		}
		cookies := behavior.ForwardedValues.Cookies
		var names []string
		if cookies.WhitelistedNames != nil {
			names = cookies.WhitelistedNames.Items
		}
		if !oneOf(value(cookies.Forward), cloudfrontapi.ItemSelectionValues) ||
			(value(cookies.Forward) == cloudfrontapi.ItemSelectionWhitelist) != (len(names) > 0) {
			return cloudfrontapi.InvalidForwardCookies("Your request contains forward cookies option which doesn't match " +
				"with the expectation for the whitelisted list of cookie names. Either list of cookie names has been " +
				"specified when not allowed or list of cookie names is missing when expected.")
		}
		// Names share 512 bytes less their number (reference/cloudfront.md section 6).
		if len(names) > c.limits.ForwardedCookies || totalBytes(names) > 512-len(names) {
			return cloudfrontapi.TooManyCookieNamesInWhiteList(
				"Your request contains more cookie names in the whitelist than are allowed per cache behavior.")
		}
		if err := cookieNames(names); err != nil {
			return err
		}
	}
	return nil
}

func cookieNames(names []string) error {
	for i, name := range names {
		if !tokenPattern.MatchString(strings.ReplaceAll(name, "?", "*")) { // both are wildcards
			return badParameter("Cookies contains %s that is not valid.", quote(name))
		}
		if slices.Contains(names[:i], name) {
			return badParameter("Cookies contains %s more than once.", name)
		}
	}
	return nil
}

func totalBytes(texts []string) int {
	n := 0
	for _, text := range texts {
		n += len(text)
	}
	return n
}

func forwardedQueryStrings(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		values := behavior.ForwardedValues
		if values == nil {
			continue
		}
		keys := values.QueryStringCacheKeys.Items
		tooLong := slices.ContainsFunc(keys, func(key string) bool { return key == "" || len(key) > maxQueryKeyBytes })
		switch {
		case len(keys) > c.limits.ForwardedQueryKeys:
			return cloudfrontapi.TooManyQueryStringParameters("Your request contains too many query string parameters.")
		case len(keys) > 0 && !value(values.QueryString), tooLong, totalBytes(keys) > maxQueryKeysTotalBytes, !distinctOf(keys, keys):
			return cloudfrontapi.InvalidQueryStringParameters("The query string parameters specified are not valid.")
		}
	}
	return nil
}

func ttlOrder(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		if behavior.ForwardedValues == nil {
			continue
		}
		if low, mid, high := *behavior.MinTTL, *behavior.DefaultTTL, *behavior.MaxTTL; low < 0 || mid < low || high < mid {
			return cloudfrontapi.InvalidTTLOrder("The TTL order specified is not valid.")
		}
	}
	return nil
}

func trustedSigners(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		if err := signersAllowed(behavior.TrustedSigners, c.limits); err != nil {
			return err
		}
	}
	return nil
}

func signersAllowed(trusted *cloudfrontapi.TrustedSigners, limits *Limits) error {
	signers := trusted.Items
	if len(signers) > limits.TrustedSigners {
		return cloudfrontapi.TooManyTrustedSigners(
			"Your request contains more trusted signers than are allowed per distribution.")
	}
	if value(trusted.Enabled) && len(signers) == 0 || !distinctOf(signers, signers) {
		return badParameter("TrustedSigners is not valid.")
	}
	for _, signer := range signers {
		if !accountNumber.MatchString(signer) {
			return cloudfrontapi.TrustedSignerDoesNotExist("One or more of your trusted signers don't exist.")
		}
	}
	return nil
}

func trustedKeyGroups(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		groups := behavior.TrustedKeyGroups
		if len(groups.Items) > c.limits.KeyGroupsPerBehavior {
			return cloudfrontapi.TooManyKeyGroupsAssociatedToDistribution(
				"The number of key groups referenced by this distribution is more than the maximum allowed.")
		}
		if value(groups.Enabled) != (len(groups.Items) > 0) || !distinctOf(groups.Items, groups.Items) {
			return badParameter("TrustedKeyGroups is not valid.")
		}
		for _, id := range groups.Items {
			if !c.policies.has(KindKeyGroup, id) {
				return cloudfrontapi.TrustedKeyGroupDoesNotExist("The specified key group does not exist.")
			}
		}
	}
	return nil
}

// lambdaAssociations: one function for an event, a numbered version in
// us-east-1 (reference/cloudfront.md 1.7 and 1.9).
func lambdaAssociations(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		var events []string
		for _, association := range behavior.LambdaFunctionAssociations.Items {
			events = append(events, value(association.EventType))
			arn := value(association.LambdaFunctionARN)
			match := lambdaARN.FindStringSubmatch(arn)
			switch {
			case match == nil:
				return invalidLambda("The function ARN is not valid. ARN: %s", arn)
			case match[1] != "us-east-1":
				return invalidLambda("The function must be in region 'us-east-1'. ARN: %s", arn)
			case !numbered.MatchString(arn):
				return invalidLambda("The function ARN must reference a specific function version. "+
					"(The ARN must end with the version number.) ARN: %s", arn)
			}
		}
		if !distinctOf(events, cloudfrontapi.EventTypeValues) {
			return invalidLambda("The specified Lambda@Edge function association is invalid.%s", "")
		}
	}
	return nil
}

func invalidLambda(format, arn string) error {
	return cloudfrontapi.InvalidLambdaFunctionAssociation(strings.Replace(format, "%s", quote(arn), 1))
}

// fieldLevelEncryptions: a configuration that exists, where requests with
// bodies come and go over HTTPS alone.
func fieldLevelEncryptions(c *distributionCheck) error {
	targets := behaviorTargets(c.config)
	for _, behavior := range c.behaviors {
		id := value(behavior.FieldLevelEncryptionId)
		if id == "" {
			continue
		}
		if !c.policies.has(KindFieldLevelEncryption, id) {
			return noSuchFieldLevelEncryption()
		}
		illegal := value(behavior.ViewerProtocolPolicy) == cloudfrontapi.ViewerProtocolPolicyAllowAll ||
			!slices.Contains(behavior.AllowedMethods.Items, "POST")
		for _, origin := range targets[value(behavior.TargetOriginId)] {
			custom := origin.CustomOriginConfig
			illegal = illegal || custom != nil && value(custom.OriginProtocolPolicy) == cloudfrontapi.OriginProtocolPolicyHttpOnly
		}
		if illegal {
			return cloudfrontapi.IllegalFieldLevelEncryptionConfigAssociationWithCacheBehavior(
				"The specified configuration for field-level encryption can't be associated with the specified cache behavior.")
		}
	}
	return nil
}

// realtimeLogConfigs: one that exists, of the distribution's own account.
func realtimeLogConfigs(c *distributionCheck) error {
	for _, behavior := range c.behaviors {
		arn := value(behavior.RealtimeLogConfigArn)
		if arn == "" {
			continue
		}
		account, name := realtimeLogConfigName(arn)
		switch {
		case name == "":
			return badParameter("RealtimeLogConfigArn is not valid.")
		case account != c.policies.account:
			return cloudfrontapi.RealtimeLogConfigOwnerMismatch("The specified real-time log configuration belongs to a " +
				"different Amazon Web Services account.")
		case !c.policies.has(KindRealtimeLogConfig, name):
			return noSuchRealtimeLogConfig()
		}
	}
	return nil
}

// grpc needs POST and HTTP/2 (reference/cloudfront.md 2.5).
func grpc(c *distributionCheck) error {
	http2 := strings.Contains(value(c.config.HttpVersion), "http2")
	for _, behavior := range c.behaviors {
		if behavior.GrpcConfig == nil || !value(behavior.GrpcConfig.Enabled) {
			continue
		}
		if !http2 || !slices.Contains(behavior.AllowedMethods.Items, "POST") {
			return badParameter("GrpcConfig requires HTTP/2 and all HTTP methods.")
		}
	}
	return nil
}
