package apigateway

import (
	"strings"
	"unicode/utf8"
)

// checkTags holds tags to AWS's rules (reference/api-gateway.md 1.5). nil is
// returned for no tags: Create shows tags only if there are any (1.1).
func (s *Service) checkTags(tags map[string]string) (map[string]string, error) {
	if len(tags) > s.limits.Tags {
		return nil, badRequest("Too many tags, at most %d are allowed", s.limits.Tags)
	}
	for key, value := range tags {
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return nil, badRequest("Tag keys must have 1 to 128 characters")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, badRequest("aws: prefixed tag key names are not allowed for external use.")
		case utf8.RuneCountInString(value) > 256:
			return nil, badRequest("Tag values can be at most 256 characters")
		}
	}
	if len(tags) == 0 {
		return nil, nil
	}
	return tags, nil
}

// shownTags is what Get and Update of one resource show: an empty map when
// there are none.
func shownTags(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}
