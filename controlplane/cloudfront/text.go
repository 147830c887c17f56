package cloudfront

import (
	"fmt"
	"regexp"
	"strings"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// badParameter answers InvalidArgument in the form AWS gives most of them:
// "The parameter <what follows>" (reference/cloudfront.md 1.7).
func badParameter(format string, args ...any) error {
	return cloudfrontapi.InvalidArgument("The parameter " + fmt.Sprintf(format, args...))
}

func missingBody() error {
	return cloudfrontapi.MissingBody(
		"This operation requires a body. Ensure that the body is present and the Content-Type header is set.")
}

// quote shortens a client's text for an error message.
func quote(text string) string {
	const most = 256
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// value returns what p points to, or the zero value for an absent member.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// fill sets an absent member.
func fill[T any](p **T, v T) {
	if *p == nil {
		*p = new(v)
	}
}

// Patterns of texts. All are anchored; RE2 runs in linear time.
var (
	tokenPattern = regexp.MustCompile("\\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\\z") // RFC 9110 section 5.6.2
	// A label as DNS servers take it; "_" occurs in internal names and bucket names.
	labelPattern  = regexp.MustCompile(`\A[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?\z`)
	ifMatchETag   = regexp.MustCompile(`\AE[0-9A-Z]{1,31}\z`)
	s3Domain      = regexp.MustCompile(`\A[0-9a-z][0-9a-z._-]*\.s3([.-](dualstack\.)?[0-9a-z-]+)?\.amazonaws\.com(\.cn)?\z`)
	rootObject    = regexp.MustCompile(`\A[0-9A-Za-z_.*$/~"'& -]*\z`)
	pathPattern   = regexp.MustCompile(`\A[0-9A-Za-z_.*$/~"'@:+&?-]+\z`)
	countryCode   = regexp.MustCompile(`\A[A-Z]{2}\z`)
	accountNumber = regexp.MustCompile(`\A([0-9]{12}|self)\z`)
	acmARN        = regexp.MustCompile(`\Aarn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9A-Za-z_-]{1,128}\z`)
	webACL        = regexp.MustCompile(`\A(arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/[0-9A-Za-z_-]{1,128}/[0-9A-Za-z-]{1,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\z`)
	lambdaARN     = regexp.MustCompile(`\Aarn:aws[a-z-]*:lambda:([0-9a-z-]+):[0-9]{12}:function:[0-9A-Za-z_-]{1,64}(:[0-9A-Za-z$_-]+)?\z`)
	numbered      = regexp.MustCompile(`:function:[0-9A-Za-z_-]+:[0-9]+\z`)
	shieldRegion  = regexp.MustCompile(`\A[a-z]{2}-[a-z]+-[0-9]\z`)
)

// fieldValue tells whether text can be a header field's value: visible ASCII,
// space and tab inside (RFC 9110 section 5.5).
func fieldValue(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
