package edge

import (
	"strings"

	"drawbridge/dataplane/program"
)

// filterVary returns what of an origin's Vary viewers see: Accept-Encoding,
// Cookie, fields that are forwarded, User-Agent where device fields are
// (reference/cloudfront.md section 3.4). A "*" stays only where MinTTL is 0.
func filterVary(b *program.Behavior, value string) string {
	var keep []string
	for value != "" {
		var name string
		name, value, _ = strings.Cut(value, ",")
		name = strings.TrimSpace(name)
		if name != "" && keepsVary(b, strings.ToLower(name)) {
			keep = append(keep, name)
		}
	}
	return strings.Join(keep, ", ")
}

func keepsVary(b *program.Behavior, name string) bool {
	switch name {
	case "accept-encoding", "cookie":
		return true
	case "*":
		return b.Cache.MinTTL == 0
	case "user-agent":
		return takesField(b, name) || forwardsDevice(b)
	}
	if takesField(b, name) {
		return true
	}
	rule, known := fieldRules[name]
	if b.Cache.Legacy {
		return !known || rule.legacy == kept || rule.legacy == condition
	}
	return rule.policy == kept
}

// forwardsDevice tells whether a policy names a CloudFront-Is-…-Viewer field.
func forwardsDevice(b *program.Behavior) bool {
	for _, names := range [][]string{b.Cache.Headers.Names, b.Request.Headers.Names, b.Request.CloudFront} {
		for _, name := range names {
			if strings.HasPrefix(strings.ToLower(name), "cloudfront-is-") {
				return true
			}
		}
	}
	return false
}

// hasName tells whether a comma-separated list has a name.
func hasName(list, name string) bool {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		if strings.EqualFold(strings.TrimSpace(item), name) {
			return true
		}
	}
	return false
}
