package jsfunc

import "strings"

// hiddenHeaders are those a function neither sees nor may add
// (reference/cloudfront.md 5.2, "disallowed"); lower case, "*" at the end
// stands for anything.
var hiddenHeaders = []string{
	"connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
	"trailer", "upgrade", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect",
	"x-amz-cf-*", "x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype",
	"x-amzn-fle-profile", "x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag",
	"x-amzn-requestid", "x-cache", "x-edge-*", "x-forwarded-proto", "x-real-ip",
}

// Headers that a function sees and may not change (reference/cloudfront.md 5.2).
var (
	readOnlyInRequest  = []string{"cdn-loop", "content-length", "host", "transfer-encoding", "via"}
	readOnlyInResponse = []string{"warning", "via"}
)

// Hidden tells whether functions see nothing of a header; name is lower case.
func Hidden(name string) bool {
	for _, pattern := range hiddenHeaders {
		if prefix, open := strings.CutSuffix(pattern, "*"); name == pattern || open && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// isToken tells whether text is a header's or cookie's name (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	if text == "" {
		return false
	}
	for i := range len(text) {
		c := text[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}
