package cloudfront

import (
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// maxResponseValue bounds the values of a response headers policy: content
// security policies, allowed origins, custom headers (reference/cloudfront.md section 6).
const maxResponseValue = 1783

// corsOrigin is what Access-Control-Allow-Origin can be configured to: a
// scheme or none, a host whose leftmost label may be a wildcard, a port that
// may hold wildcards (reference/cloudfront.md 5.1).
var corsOrigin = regexp.MustCompile(
	`\A([A-Za-z][A-Za-z0-9+.-]*://)?((\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9*]{1,5})?\z`)

func responseHeadersPolicyRules() []configRule[cloudfrontapi.ResponseHeadersPolicyConfig] {
	return []configRule[cloudfrontapi.ResponseHeadersPolicyConfig]{
		{"name and comment", func(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
			return policyText(value(c.Name), value(c.Comment))
		}},
		{"CORS origins", corsOrigins},
		{"CORS methods", corsMethods},
		{"CORS headers", corsHeaders},
		{"content security policy", contentSecurityPolicy},
		{"security headers", securityHeaders},
		{"server timing", serverTiming},
		{"custom headers", responseCustomHeaders},
		{"headers to remove", removeHeaders},
	}
}

func corsOrigins(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	if c.CorsConfig == nil {
		return nil
	}
	origins := c.CorsConfig.AccessControlAllowOrigins.Items
	if len(origins) == 0 {
		return badParameter("AccessControlAllowOrigins is required.")
	}
	for i, origin := range origins {
		if origin != "*" && origin != "null" && !corsOrigin.MatchString(origin) ||
			len(origin) > maxResponseValue || slices.Contains(origins[:i], origin) {
			return badParameter("AccessControlAllowOrigins contains %s that is not valid.", quote(origin))
		}
	}
	return nil
}

func corsMethods(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	if c.CorsConfig == nil {
		return nil
	}
	methods := c.CorsConfig.AccessControlAllowMethods.Items
	if len(methods) == 0 {
		return badParameter("AccessControlAllowMethods is required.")
	}
	if !distinctOf(methods, cloudfrontapi.ResponseHeadersPolicyAccessControlAllowMethodsValuesValues) {
		return badParameter("AccessControlAllowMethods is not valid.")
	}
	return nil
}

func corsHeaders(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	cors := c.CorsConfig
	if cors == nil {
		return nil
	}
	if len(cors.AccessControlAllowHeaders.Items) == 0 {
		return badParameter("AccessControlAllowHeaders is required.")
	}
	if value(cors.AccessControlMaxAgeSec) < 0 {
		return badParameter("AccessControlMaxAgeSec is not valid.")
	}
	if err := corsNames("AccessControlAllowHeaders", cors.AccessControlAllowHeaders.Items); err != nil {
		return err
	}
	if cors.AccessControlExposeHeaders == nil {
		return nil
	}
	return corsNames("AccessControlExposeHeaders", cors.AccessControlExposeHeaders.Items)
}

// corsNames checks header names; "*" is a character of names (RFC 9110 section
// 5.6.2), so that wildcards need no rule of their own.
func corsNames(what string, names []string) error {
	for i, name := range names {
		if len(name) > maxHeaderNameBytes || !tokenPattern.MatchString(name) || containsFold(names[:i], name) {
			return badParameter("%s contains %s that is not valid.", what, quote(name))
		}
	}
	return nil
}

func contentSecurityPolicy(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	if c.SecurityHeadersConfig == nil || c.SecurityHeadersConfig.ContentSecurityPolicy == nil {
		return nil
	}
	switch text := value(c.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy); {
	case len(text) > maxResponseValue:
		return cloudfrontapi.TooLongCSPInResponseHeadersPolicy(
			"The length of the Content-Security-Policy header value in the response headers policy exceeds the maximum.")
	case text == "", !fieldValue(text):
		return badParameter("ContentSecurityPolicy is not valid.")
	}
	return nil
}

func securityHeaders(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	security := c.SecurityHeadersConfig
	if security == nil {
		return nil
	}
	if xss := security.XSSProtection; xss != nil {
		report := value(xss.ReportUri)
		switch {
		case value(xss.ModeBlock) && report != "":
			return badParameter("ReportUri cannot be used when ModeBlock is true.")
		case !value(xss.Protection) && (value(xss.ModeBlock) || report != ""):
			return badParameter("XSSProtection ModeBlock and ReportUri require Protection.")
		case len(report) > maxResponseValue, !fieldValue(report):
			return badParameter("ReportUri is not valid.")
		}
	}
	if frame := security.FrameOptions; frame != nil && !oneOf(value(frame.FrameOption), cloudfrontapi.FrameOptionsListValues) {
		return badParameter("FrameOption is not valid.")
	}
	if referrer := security.ReferrerPolicy; referrer != nil && !oneOf(value(referrer.ReferrerPolicy), cloudfrontapi.ReferrerPolicyListValues) {
		return badParameter("ReferrerPolicy is not valid.")
	}
	if sts := security.StrictTransportSecurity; sts != nil && value(sts.AccessControlMaxAgeSec) < 0 {
		return badParameter("AccessControlMaxAgeSec is not valid.")
	}
	return nil
}

// serverTiming: a rate of 0 to 100 with up to four decimal places.
func serverTiming(c *cloudfrontapi.ResponseHeadersPolicyConfig, _ *Limits) error {
	timing := c.ServerTimingHeadersConfig
	rate := value(timing.SamplingRate)
	switch {
	case value(timing.Enabled) && timing.SamplingRate == nil:
		return badParameter("SamplingRate is required.")
	case !(rate >= 0 && rate <= 100), rate*10000 != float64(int64(rate*10000)) && !nearInteger(rate*10000):
		return badParameter("SamplingRate is not valid.")
	}
	return nil
}

// nearInteger allows for what binary fractions cannot hold.
func nearInteger(f float64) bool {
	rest := f - float64(int64(f+0.5))
	return rest > -1e-6 && rest < 1e-6
}

func responseCustomHeaders(c *cloudfrontapi.ResponseHeadersPolicyConfig, limits *Limits) error {
	headers := c.CustomHeadersConfig.Items
	if len(headers) > limits.ResponseCustomHeaders {
		return cloudfrontapi.TooManyCustomHeadersInResponseHeadersPolicy(
			"The number of custom headers in the response headers policy exceeds the maximum.")
	}
	var seen []string
	for _, header := range headers {
		name, text := value(header.Header), value(header.Value)
		switch {
		case len(name) > maxHeaderNameBytes, !tokenPattern.MatchString(name):
			return badParameter("CustomHeadersConfig contains %s that is not valid.", quote(name))
		case forbiddenResponseHeader(name):
			return badParameter("CustomHeadersConfig contains %s that is not allowed.", name)
		case containsFold(seen, name):
			return badParameter("CustomHeadersConfig contains %s more than once.", name)
		case len(text) > maxResponseValue, !fieldValue(text):
			return badParameter("CustomHeadersConfig contains a value for %s that is not valid.", name)
		}
		seen = append(seen, name)
	}
	return nil
}

func removeHeaders(c *cloudfrontapi.ResponseHeadersPolicyConfig, limits *Limits) error {
	headers := c.RemoveHeadersConfig.Items
	if len(headers) > limits.ResponseCustomHeaders {
		return cloudfrontapi.TooManyRemoveHeadersInResponseHeadersPolicy(
			"The number of headers in RemoveHeadersConfig in the response headers policy exceeds the maximum.")
	}
	var seen []string
	for _, header := range headers {
		name := value(header.Header)
		switch {
		case len(name) > maxHeaderNameBytes, !tokenPattern.MatchString(name):
			return badParameter("RemoveHeadersConfig contains %s that is not valid.", quote(name))
		case forbiddenResponseHeader(name):
			return badParameter("RemoveHeadersConfig contains %s that is not allowed.", name)
		case containsFold(seen, name):
			return badParameter("RemoveHeadersConfig contains %s more than once.", name)
		}
		seen = append(seen, name)
	}
	return nil
}

// forbiddenResponseHeader lists what a policy can neither remove nor, as far
// as is known, add (reference/cloudfront.md 1.9).
func forbiddenResponseHeader(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "x-amz-cf-") || strings.HasPrefix(lower, "x-edge-") || slices.Contains([]string{
		"connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "proxy-authenticate",
		"proxy-authorization", "proxy-connection", "trailer", "transfer-encoding", "upgrade", "via", "warning",
		"x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect", "x-amzn-auth",
		"x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype", "x-amzn-fle-profile",
		"x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag", "x-amzn-requestid",
		"x-cache", "x-forwarded-proto", "x-real-ip",
	}, lower)
}
