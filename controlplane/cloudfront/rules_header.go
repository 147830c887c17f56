package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// customHeaders: how many, how long, and none that CloudFront keeps to itself
// (reference/cloudfront.md 1.9 and section 6).
func customHeaders(c *distributionCheck) error {
	for _, origin := range c.config.Origins.Items {
		headers := origin.CustomHeaders.Items
		if len(headers) > c.limits.OriginCustomHeaders {
			return cloudfrontapi.TooManyOriginCustomHeaders("Your request contains too many origin custom headers.")
		}
		seen, total := make(map[string]bool, len(headers)), 0
		for _, header := range headers {
			if err := customHeader(value(header.HeaderName), value(header.HeaderValue)); err != nil {
				return err
			}
			lower := strings.ToLower(value(header.HeaderName))
			if seen[lower] {
				return badParameter("Header Name with value %s is used more than once.", value(header.HeaderName))
			}
			seen[lower] = true
			total += len(value(header.HeaderName)) + len(value(header.HeaderValue))
		}
		if total > maxHeaderTotalBytes {
			return badParameter("CustomHeaders is too big.")
		}
	}
	return nil
}

// customHeader never puts the value into an error: it may be the secret that
// locks an origin.
func customHeader(name, text string) error {
	switch {
	case len(name) > maxHeaderNameBytes:
		return badParameter("Header Name is too big.")
	case !tokenPattern.MatchString(name):
		return badParameter("Header Name with value %s is not valid.", quote(name))
	case len(text) > maxHeaderValueBytes:
		return badParameter("Header Value is too big.")
	case !fieldValue(text):
		return badParameter("Header Value of header %s is not valid.", name)
	case forbiddenCustomHeader(name):
		return badParameter("Header Name with value %s is not allowed.", name)
	}
	return nil
}

// forbiddenCustomHeader lists the names that AWS refuses (reference/cloudfront.md 1.9).
func forbiddenCustomHeader(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "x-amz-") || strings.HasPrefix(lower, "x-edge-") || slices.Contains([]string{
		"cache-control", "connection", "content-length", "cookie", "host", "if-match", "if-modified-since",
		"if-none-match", "if-range", "if-unmodified-since", "max-forwards", "pragma", "proxy-authenticate",
		"proxy-authorization", "proxy-connection", "range", "request-range", "te", "trailer", "transfer-encoding",
		"upgrade", "via", "x-real-ip",
	}, lower)
}

// headerConflict: a header that CloudFront adds for an origin cannot also be
// one that a behavior forwards to it from the viewer by naming it
// (reference/cloudfront.md 1.7). Policies that forward all headers, or all but
// some, do not conflict: there the custom header overwrites the viewer's.
func headerConflict(c *distributionCheck) error {
	targets := behaviorTargets(c.config)
	for i := range c.behaviors {
		forwarded := c.forwardedNames(&c.behaviors[i])
		if len(forwarded) == 0 {
			continue
		}
		for _, origin := range targets[value(c.behaviors[i].TargetOriginId)] {
			for _, header := range origin.CustomHeaders.Items {
				if forwarded[strings.ToLower(value(header.HeaderName))] {
					return conflictText(c.wording, value(header.HeaderName))
				}
			}
		}
	}
	return nil
}

// conflictText: the spelling of 2022 stands in the article, mistakes included.
func conflictText(wording Wording, name string) error {
	if wording == Wording2022 {
		return cloudfrontapi.InvalidArgument("The paramater Header Name with value " + name +
			" is not allowed as both as origin custom header and a forward header")
	}
	return badParameter("Header Name with value %s is not allowed as both an origin custom header and a forward header.", name)
}

// forwardedNames are the headers, in lower case, that a behavior forwards by name.
func (c *distributionCheck) forwardedNames(b *cloudfrontapi.CacheBehavior) map[string]bool {
	names := make(map[string]bool)
	add := func(headers *cloudfrontapi.Headers) {
		if headers == nil || slices.Contains(headers.Items, "*") {
			return
		}
		for _, name := range headers.Items {
			names[strings.ToLower(name)] = true
		}
	}
	if b.ForwardedValues != nil {
		add(b.ForwardedValues.Headers)
	}
	if policy := c.policies.cache[value(b.CachePolicyId)]; policy != nil {
		headers := policy.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig
		if value(headers.HeaderBehavior) == cloudfrontapi.CachePolicyHeaderBehaviorWhitelist {
			add(headers.Headers)
		}
	}
	if policy := c.policies.request[value(b.OriginRequestPolicyId)]; policy != nil {
		if value(policy.HeadersConfig.HeaderBehavior) == cloudfrontapi.OriginRequestPolicyHeaderBehaviorWhitelist {
			add(policy.HeadersConfig.Headers)
		}
	}
	return names
}

// behaviorTargets gives the origins behind each id that a behavior can name: an
// origin, or the members of an origin group.
func behaviorTargets(config *cloudfrontapi.DistributionConfig) map[string][]*cloudfrontapi.Origin {
	origins := originsByID(config)
	targets := make(map[string][]*cloudfrontapi.Origin, len(origins))
	for id, origin := range origins {
		targets[id] = []*cloudfrontapi.Origin{origin}
	}
	for _, group := range config.OriginGroups.Items {
		for _, member := range group.Members.Items {
			targets[value(group.Id)] = append(targets[value(group.Id)], origins[value(member.OriginId)])
		}
	}
	return targets
}

// oneOf tells whether a text is one of the allowed ones.
func oneOf(text string, allowed []string) bool { return slices.Contains(allowed, text) }

// distinctOf tells whether all items are allowed and none occurs twice.
func distinctOf[T comparable](items, allowed []T) bool {
	for i, item := range items {
		if !slices.Contains(allowed, item) || slices.Contains(items[:i], item) {
			return false
		}
	}
	return true
}
