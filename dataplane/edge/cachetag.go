package edge

import (
	"strings"

	"drawbridge/dataplane/exchange"
)

// Bounds of cache tags (reference/cloudfront.md section 3.8); what is beyond
// them is ignored.
const (
	maxTags   = 50
	maxTagLen = 256
)

// cacheTags reads the tags of a response from the header that the distribution
// names, as invalidations have them: "#" and the tag in lower case.
func cacheTags(h exchange.Header, name string) []string {
	if name == "" {
		return nil
	}
	var tags []string
	for line := range h.All(name) {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.Trim(tag, " \t")
			if len(tags) == maxTags {
				return tags
			}
			if tag != "" && len(tag) <= maxTagLen && !strings.ContainsFunc(tag, func(c rune) bool { return c < 33 || c > 126 }) {
				tags = append(tags, "#"+strings.ToLower(tag))
			}
		}
	}
	return tags
}
