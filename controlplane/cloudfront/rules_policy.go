package cloudfront

import (
	"slices"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// configRule refuses a record's configuration, whose defaults are filled in,
// with AWS's code and text.
type configRule[C any] struct {
	name  string
	check func(*C, *Limits) error
}

// preparation makes of a configuration as it was sent one to store.
type preparation[C any] struct {
	operation string // the create, whose model says what is required
	fill      func(*C)
	rules     func() []configRule[C]
}

// with is the preparation under a service's limits.
func (p preparation[C]) with(limits *Limits) func(*C) error {
	return func(config *C) error {
		if config == nil {
			return missingBody()
		}
		if err := requiredMembers(p.operation, config); err != nil {
			return err
		}
		if err := quantities(config); err != nil {
			return err
		}
		p.fill(config)
		for _, rule := range p.rules() {
			if err := rule.check(config, limits); err != nil {
				return err
			}
		}
		return nil
	}
}

func cachePolicyRules() []configRule[cloudfrontapi.CachePolicyConfig] {
	return []configRule[cloudfrontapi.CachePolicyConfig]{
		{"name and comment", func(c *cloudfrontapi.CachePolicyConfig, _ *Limits) error {
			return policyText(value(c.Name), value(c.Comment))
		}},
		{"TTL order", cachePolicyTTLs},
		{"caching disabled", cachingDisabled},
		{"headers", cachePolicyHeaders},
		{"cookies", func(c *cloudfrontapi.CachePolicyConfig, limits *Limits) error {
			config := c.ParametersInCacheKeyAndForwardedToOrigin.CookiesConfig
			return policyCookies(value(config.CookieBehavior), config.Cookies, limits, cloudfrontapi.TooManyCookiesInCachePolicy(
				"The number of cookies in the cache policy exceeds the maximum."))
		}},
		{"query strings", func(c *cloudfrontapi.CachePolicyConfig, limits *Limits) error {
			config := c.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig
			return policyQueryStrings(value(config.QueryStringBehavior), config.QueryStrings, limits,
				cloudfrontapi.TooManyQueryStringsInCachePolicy("The number of query strings in the cache policy exceeds the maximum."))
		}},
	}
}

func policyText(name, comment string) error {
	switch {
	case name == "":
		return badParameter("Name is required.")
	case utf8.RuneCountInString(name) > maxPolicyName:
		return badParameter("Name is too big.")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return badParameter("Name is not valid.")
	}
	return policyComment(comment)
}

func policyComment(comment string) error {
	if utf8.RuneCountInString(comment) > maxComment {
		return badParameter("Comment is too big.")
	}
	return nil
}

func cachePolicyTTLs(c *cloudfrontapi.CachePolicyConfig, _ *Limits) error {
	switch {
	case *c.MinTTL < 0:
		return badParameter("MinTTL is not valid.")
	case *c.DefaultTTL < *c.MinTTL:
		return badParameter("DefaultTTL must not be less than MinTTL.")
	case *c.MaxTTL < *c.DefaultTTL:
		return badParameter("MaxTTL must not be less than DefaultTTL.")
	}
	return nil
}

// cachingDisabled: a policy that caches nothing has no cache key to set
// (reference/cloudfront.md 1.7).
func cachingDisabled(c *cloudfrontapi.CachePolicyConfig, _ *Limits) error {
	if *c.MaxTTL > 0 {
		return nil
	}
	key := c.ParametersInCacheKeyAndForwardedToOrigin
	for _, setting := range []struct {
		name string
		used bool
	}{
		{"HeaderBehavior", value(key.HeadersConfig.HeaderBehavior) != "none"},
		{"CookieBehavior", value(key.CookiesConfig.CookieBehavior) != "none"},
		{"QueryStringBehavior", value(key.QueryStringsConfig.QueryStringBehavior) != "none"},
		{"EnableAcceptEncodingGzip", value(key.EnableAcceptEncodingGzip)},
		{"EnableAcceptEncodingBrotli", value(key.EnableAcceptEncodingBrotli)},
	} {
		if setting.used {
			return badParameter("%s is invalid for policy with caching disabled.", setting.name)
		}
	}
	return nil
}

// cachePolicyHeaders: some of CloudFront's own headers differ for each viewer
// and are kept out of cache keys (reference/cloudfront.md 1.9).
func cachePolicyHeaders(c *cloudfrontapi.CachePolicyConfig, limits *Limits) error {
	config := c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig
	behavior := value(config.HeaderBehavior)
	if !oneOf(behavior, cloudfrontapi.CachePolicyHeaderBehaviorValues) {
		return badParameter("HeaderBehavior is not valid.")
	}
	names := headerItems(config.Headers)
	if err := namesFit("Headers", behavior == "whitelist", names); err != nil {
		return err
	}
	if len(names) > limits.PolicyNames {
		return cloudfrontapi.TooManyHeadersInCachePolicy("The number of headers in the cache policy exceeds the maximum.")
	}
	return headerNames(names, "connection", "cookie", "proxy-authorization", "te", "upgrade",
		"cloudfront-viewer-address", "cloudfront-viewer-asn", "cloudfront-viewer-tls",
		"cloudfront-viewer-ja3-fingerprint", "cloudfront-viewer-ja4-fingerprint")
}

func headerItems(headers *cloudfrontapi.Headers) []string {
	if headers == nil {
		return nil
	}
	return headers.Items
}

// namesFit: names where the behavior calls for them, and only there; together
// no longer than a policy allows (reference/cloudfront.md section 6).
func namesFit(what string, wanted bool, names []string) error {
	switch {
	case wanted && len(names) == 0:
		return badParameter("%s is required.", what)
	case !wanted && len(names) > 0:
		return badParameter("%s is not allowed for this behavior.", what)
	case totalBytes(names) > maxNamesTotalBytes:
		return badParameter("%s is too big.", what)
	}
	return nil
}

func policyCookies(behavior string, cookies *cloudfrontapi.CookieNames, limits *Limits, tooMany error) error {
	var names []string
	if cookies != nil {
		names = cookies.Items
	}
	if !oneOf(behavior, cloudfrontapi.CachePolicyCookieBehaviorValues) {
		return badParameter("CookieBehavior is not valid.")
	}
	if err := namesFit("Cookies", behavior == "whitelist" || behavior == "allExcept", names); err != nil {
		return err
	}
	if len(names) > limits.PolicyNames {
		return tooMany
	}
	return cookieNames(names)
}

func policyQueryStrings(behavior string, queryStrings *cloudfrontapi.QueryStringNames, limits *Limits, tooMany error) error {
	var names []string
	if queryStrings != nil {
		names = queryStrings.Items
	}
	if !oneOf(behavior, cloudfrontapi.CachePolicyQueryStringBehaviorValues) {
		return badParameter("QueryStringBehavior is not valid.")
	}
	if err := namesFit("QueryStrings", behavior == "whitelist" || behavior == "allExcept", names); err != nil {
		return err
	}
	if len(names) > limits.PolicyNames {
		return tooMany
	}
	if slices.Contains(names, "") || !distinctOf(names, names) {
		return badParameter("QueryStrings is not valid.")
	}
	return nil
}

func originRequestPolicyRules() []configRule[cloudfrontapi.OriginRequestPolicyConfig] {
	return []configRule[cloudfrontapi.OriginRequestPolicyConfig]{
		{"name and comment", func(c *cloudfrontapi.OriginRequestPolicyConfig, _ *Limits) error {
			return policyText(value(c.Name), value(c.Comment))
		}},
		{"headers", originRequestPolicyHeaders},
		{"cookies", func(c *cloudfrontapi.OriginRequestPolicyConfig, limits *Limits) error {
			return policyCookies(value(c.CookiesConfig.CookieBehavior), c.CookiesConfig.Cookies, limits,
				cloudfrontapi.TooManyCookiesInOriginRequestPolicy(
					"The number of cookies in the origin request policy exceeds the maximum."))
		}},
		{"query strings", func(c *cloudfrontapi.OriginRequestPolicyConfig, limits *Limits) error {
			return policyQueryStrings(value(c.QueryStringsConfig.QueryStringBehavior), c.QueryStringsConfig.QueryStrings, limits,
				cloudfrontapi.TooManyQueryStringsInOriginRequestPolicy(
					"The number of query strings in the origin request policy exceeds the maximum."))
		}},
	}
}

// originRequestPolicyHeaders: Authorization and Accept-Encoding are for cache
// policies (reference/cloudfront.md 1.7 and 1.9).
func originRequestPolicyHeaders(c *cloudfrontapi.OriginRequestPolicyConfig, limits *Limits) error {
	behavior := value(c.HeadersConfig.HeaderBehavior)
	if !oneOf(behavior, cloudfrontapi.OriginRequestPolicyHeaderBehaviorValues) {
		return badParameter("HeaderBehavior is not valid.")
	}
	names := headerItems(c.HeadersConfig.Headers)
	if err := namesFit("Headers", behavior != "none" && behavior != "allViewer", names); err != nil {
		return err
	}
	if len(names) > limits.PolicyNames {
		return cloudfrontapi.TooManyHeadersInOriginRequestPolicy(
			"The number of headers in the origin request policy exceeds the maximum.")
	}
	switch behavior {
	case cloudfrontapi.OriginRequestPolicyHeaderBehaviorWhitelist:
		return headerNames(names, "authorization", "accept-encoding", "connection", "cookie", "proxy-authorization", "te", "upgrade")
	case cloudfrontapi.OriginRequestPolicyHeaderBehaviorAllViewerAndWhitelistCloudFront:
		for _, name := range names {
			if !strings.HasPrefix(strings.ToLower(name), "cloudfront-") {
				return badParameter("Headers contains %s that is not allowed.", quote(name))
			}
		}
	}
	return headerNames(names)
}
