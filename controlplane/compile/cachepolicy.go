package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/dataplane/program"
)

// behaviorCachePolicy compiles the cache policy a behavior names, or its legacy
// ForwardedValues.
func behaviorCachePolicy(account string, b *cloudfrontapi.CacheBehavior, known policies) (program.CachePolicy, error) {
	id := value(b.CachePolicyId)
	if id == "" {
		return forwardedValues(b), nil
	}
	config, ok := known.cachePolicy(account, id)
	if !ok {
		return program.CachePolicy{}, fmt.Errorf("unknown cache policy %s", id)
	}
	policy := program.CachePolicy{
		ID:     id,
		MinTTL: ttl(config.MinTTL, 0),
	}
	// Defaults of the API model: DefaultTTL is 1 day, MaxTTL 1 year, each raised
	// to the one below it (reference/cloudfront.md section 1.9).
	policy.DefaultTTL = ttl(config.DefaultTTL, max(24*time.Hour, policy.MinTTL))
	policy.MaxTTL = ttl(config.MaxTTL, max(365*24*time.Hour, policy.DefaultTTL))
	if key := config.ParametersInCacheKeyAndForwardedToOrigin; key != nil {
		policy.Gzip, policy.Brotli = value(key.EnableAcceptEncodingGzip), value(key.EnableAcceptEncodingBrotli)
		if c := key.HeadersConfig; c != nil {
			policy.Headers = headerSelection(value(c.HeaderBehavior), c.Headers)
		}
		if c := key.CookiesConfig; c != nil {
			policy.Cookies = cookieSelection(value(c.CookieBehavior), c.Cookies)
		}
		if c := key.QueryStringsConfig; c != nil {
			policy.QueryStrings = queryStringSelection(value(c.QueryStringBehavior), c.QueryStrings)
		}
	}
	return policy, nil
}

// forwardedValues compiles a behavior's legacy settings: what is forwarded is
// what the key is made of, but for QueryStringCacheKeys (reference/cloudfront.md
// sections 2.6 and 2.7).
func forwardedValues(b *cloudfrontapi.CacheBehavior) program.CachePolicy {
	policy := program.CachePolicy{Legacy: true, MinTTL: ttl(b.MinTTL, 0)}
	policy.DefaultTTL = ttl(b.DefaultTTL, max(24*time.Hour, policy.MinTTL))
	policy.MaxTTL = ttl(b.MaxTTL, max(365*24*time.Hour, policy.DefaultTTL))
	policy.Gzip = value(b.Compress) // legacy behaviors compress with gzip only (section 3.7)
	values := b.ForwardedValues
	if values == nil {
		return policy
	}
	policy.LegacyForwardQuery = value(values.QueryString)
	if policy.LegacyForwardQuery {
		policy.QueryStrings.Mode = program.SelectAll
		if keys := values.QueryStringCacheKeys; keys != nil && len(keys.Items) > 0 {
			policy.QueryStrings = only(keys.Items)
		}
	}
	if cookies := values.Cookies; cookies != nil {
		policy.Cookies = wildcards(cookieSelection(value(cookies.Forward), cookies.WhitelistedNames))
	}
	if headers := values.Headers; headers != nil && len(headers.Items) > 0 {
		policy.Headers = only(lowered(headers.Items))
		if slices.Contains(headers.Items, "*") {
			policy.Headers = program.Selection{Mode: program.SelectAll}
		}
	}
	return policy
}

// behaviorRequestPolicy compiles the origin request policy a behavior names.
func behaviorRequestPolicy(account string, b *cloudfrontapi.CacheBehavior, known policies) (program.OriginRequestPolicy, error) {
	id := value(b.OriginRequestPolicyId)
	if id == "" {
		return program.OriginRequestPolicy{}, nil
	}
	config, ok := known.originRequestPolicy(account, id)
	if !ok {
		return program.OriginRequestPolicy{}, fmt.Errorf("unknown origin request policy %s", id)
	}
	policy := program.OriginRequestPolicy{ID: id}
	if c := config.HeadersConfig; c != nil {
		policy.Headers = headerSelection(value(c.HeaderBehavior), c.Headers)
		policy.CloudFront = cloudFrontHeaders(c)
	}
	if c := config.CookiesConfig; c != nil {
		policy.Cookies = cookieSelection(value(c.CookieBehavior), c.Cookies)
	}
	if c := config.QueryStringsConfig; c != nil {
		policy.QueryStrings = queryStringSelection(value(c.QueryStringBehavior), c.QueryStrings)
	}
	return policy, nil
}

// cloudFrontHeaders lists the CloudFront-* headers the policy asks the edge to add.
func cloudFrontHeaders(config *cloudfrontapi.OriginRequestPolicyHeadersConfig) []string {
	if config.Headers == nil {
		return nil
	}
	var names []string
	for _, name := range config.Headers.Items {
		if strings.HasPrefix(strings.ToLower(name), "cloudfront-") {
			names = append(names, name)
		}
	}
	return names
}

func headerSelection(behavior string, headers *cloudfrontapi.Headers) program.Selection {
	var names []string
	if headers != nil {
		names = lowered(headers.Items)
	}
	switch behavior {
	case cloudfrontapi.OriginRequestPolicyHeaderBehaviorAllViewer,
		cloudfrontapi.OriginRequestPolicyHeaderBehaviorAllViewerAndWhitelistCloudFront:
		return program.Selection{Mode: program.SelectAll}
	}
	return selection(behavior, names)
}

func cookieSelection(behavior string, names *cloudfrontapi.CookieNames) program.Selection {
	if names == nil {
		return selection(behavior, nil)
	}
	return selection(behavior, names.Items)
}

func queryStringSelection(behavior string, names *cloudfrontapi.QueryStringNames) program.Selection {
	if names == nil {
		return selection(behavior, nil)
	}
	return selection(behavior, names.Items)
}

// selection reads the behaviors that headers, cookies and query strings share:
// none, whitelist, allExcept, all.
func selection(behavior string, names []string) program.Selection {
	switch behavior {
	case "all":
		return program.Selection{Mode: program.SelectAll}
	case "whitelist":
		return only(names)
	case "allExcept":
		s := only(names)
		s.Mode = program.SelectExcept
		return s
	}
	return program.Selection{}
}

// wildcards takes the names with "*" or "?" of a legacy cookie whitelist as
// patterns; cache policies take them literally (reference/cloudfront.md section 2.6).
func wildcards(s program.Selection) program.Selection {
	literal := s.Names[:0:0]
	for _, name := range s.Names {
		if strings.ContainsAny(name, "*?") {
			s.Patterns = append(s.Patterns, program.NewNamePattern(name))
			continue
		}
		literal = append(literal, name)
	}
	s.Names = literal
	return s
}

func only(names []string) program.Selection {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return program.Selection{Mode: program.SelectOnly, Names: slices.Compact(sorted)}
}

func lowered(names []string) []string {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	return lower
}

func ttl(configured *int64, fallback time.Duration) time.Duration {
	if configured == nil {
		return fallback
	}
	// 100 years is the most a TTL can be (reference/cloudfront.md section 3.1).
	return time.Duration(min(*configured, 100*365*24*3600)) * time.Second
}
