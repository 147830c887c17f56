package audit

import (
	"regexp"
	"strings"
)

// hostName: what a Referer check against one's own site compares with.
var hostName = regexp.MustCompile(`(?i)^[*./]*[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}[/*.:]*$`)

// public tells whether a text is known to everybody: a site's name, what
// CloudFront and browsers call themselves.
func public(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, "://") || strings.Contains(lower, "cloudfront") || strings.Contains(lower, "mozilla") || hostName.MatchString(text)
}

// guessable tells whether somebody who does not know a text may come by it:
// short, or public.
func guessable(text string) bool { return len(text) < 8 || public(text) }

// weakness says why a value is no good secret; empty when it is one. Twenty
// characters is the least that API Gateway takes for a key.
func weakness(s Secret) string {
	if s.Symbolic() {
		return ""
	}
	text := s.Reveal()
	distinct := map[rune]bool{}
	for _, r := range text {
		distinct[r] = true
	}
	switch {
	case public(text):
		return "it is a name that everybody knows"
	case len(text) < 20:
		return "it is shorter than 20 characters"
	case len(distinct) < 8:
		return "it has fewer than 8 different characters"
	case !strings.ContainsAny(text, "0123456789") && strings.ContainsAny(text, " -_."):
		return "it is made of words"
	}
	return ""
}
