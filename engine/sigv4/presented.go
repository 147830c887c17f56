package sigv4

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The algorithms.
const (
	AlgorithmV4  = "AWS4-HMAC-SHA256"
	AlgorithmV4A = "AWS4-ECDSA-P256-SHA256"
)

const (
	terminator  = "aws4_request"
	isoBasic    = "20060102T150405Z"
	maxExpires  = 7 * 24 * time.Hour // the longest life of a presigned URL
	maxEchoName = 64
)

// Presented is what a request says about its own signature: nothing in it is
// verified.
type Presented struct {
	Algorithm   string
	AccessKeyID string
	// Date is the yyyymmdd of the credential scope, Time the request's own
	// instant (X-Amz-Date, else Date).
	Date    string
	Region  string // empty for SigV4A, whose regions are in RegionSet
	Service string
	// SignedHeaders are lower case, sorted, without repeats.
	SignedHeaders []string
	Signature     string
	Time          time.Time
	// Expires is the life of a presigned request; zero: not given.
	Expires      time.Duration
	SessionToken string
	RegionSet    string
	Presigned    bool

	term string // last element of the scope; checked by Verify
}

// parts are the values a signature is made of, found in either form.
type parts struct {
	algorithm, credential, signedHeaders, signature string
	hasCredential, hasSigned, hasSignature          bool
}

// Parse reads the signature of a request: the Authorization header if there is
// one, else the presigned query. The error is an *Error.
func Parse(r Request) (*Presented, error) {
	if s := r.look(); s.hasAuthorization {
		return parseHeader(&s)
	}
	if isPresigned(r.RawQuery) {
		return parsePresigned(r.RawQuery)
	}
	return nil, missingToken()
}

// ParseAuthorization reads one Authorization value, without the date and token
// that stand in other fields. The error is an *Error.
func ParseAuthorization(value string) (*Presented, error) {
	p, err := splitAuthorization(value)
	if err != nil {
		return nil, err
	}
	if missing := p.missing(); missing != "" {
		return nil, incomplete(missing + authorizationHash(value))
	}
	return p.presented()
}

func parseHeader(s *seen) (*Presented, error) {
	p, err := splitAuthorization(s.authorization)
	if err != nil {
		return nil, err
	}
	missing := p.missing()
	if !s.hasAmzDate && !s.hasDate {
		missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
	}
	if missing != "" {
		return nil, incomplete(missing + authorizationHash(s.authorization))
	}
	out, err := p.presented()
	if err != nil {
		return nil, err
	}
	date := s.date
	if s.hasAmzDate {
		date = s.amzDate
	}
	if out.Time, err = parseTime(date); err != nil {
		return nil, err
	}
	out.SessionToken, out.RegionSet = s.token, s.regionSet
	return out, nil
}

// splitAuthorization takes the header apart: a word, then key=value pairs in
// any order, with commas and blanks between them. A lone word has no pairs and
// so misses all parts; a pair without equal sign is another error
// (reference/api-gateway.md 6.4).
func splitAuthorization(value string) (parts, error) {
	var p parts
	algorithm, rest := cutBlank(strings.Trim(value, " \t"))
	p.algorithm = algorithm
	for pair := range pairs(rest) {
		key, v, ok := strings.Cut(pair, "=")
		if !ok {
			return p, &Error{ReasonMalformed, CodeIncompleteSignature,
				"Invalid key=value pair (missing equal-sign) in Authorization header" +
					" (hashed with SHA-256 and encoded with Base64): '" + hashed(value) + "'."}
		}
		switch key {
		case "Credential":
			p.credential, p.hasCredential = v, true
		case "SignedHeaders":
			p.signedHeaders, p.hasSigned = v, true
		case "Signature":
			p.signature, p.hasSignature = v, true
		}
	}
	return p, nil
}

func authorizationHash(value string) string {
	return "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(value)
}

// missing lists the parts that an Authorization header lacks, in AWS's order.
func (p *parts) missing() string {
	var b strings.Builder
	for _, m := range []struct {
		there bool
		name  string
	}{{p.hasCredential, "Credential"}, {p.hasSignature, "Signature"}, {p.hasSigned, "SignedHeaders"}} {
		if !m.there {
			b.WriteString("Authorization header requires '" + m.name + "' parameter. ")
		}
	}
	return b.String()
}

// presented checks algorithm and shape of the credential.
func (p *parts) presented() (*Presented, error) {
	if p.algorithm != AlgorithmV4 && p.algorithm != AlgorithmV4A {
		return nil, &Error{ReasonNotSupported, CodeIncompleteSignature,
			"Unsupported AWS 'algorithm': '" + p.algorithm[:min(len(p.algorithm), maxEchoName)] + "'."}
	}
	out := &Presented{Algorithm: p.algorithm, Signature: p.signature}
	s, ok := splitCredential(p.algorithm, p.credential)
	if !ok {
		// Hashed, because people paste the wrong thing here.
		return nil, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term," +
			" got (hashed with SHA-256 and encoded with Base64): '" + hashed(p.credential) + "'")
	}
	out.AccessKeyID, out.Date, out.Region, out.Service, out.term = s.key, s.date, s.region, s.service, s.term
	out.SignedHeaders = strings.Split(strings.ToLower(p.signedHeaders), ";")
	slices.Sort(out.SignedHeaders)
	out.SignedHeaders = slices.Compact(out.SignedHeaders)
	return out, nil
}

type credentialScope struct{ key, date, region, service, term string }

// splitCredential takes keyid/date/region/service/term apart; SigV4A's has no
// region.
func splitCredential(algorithm, credential string) (credentialScope, bool) {
	var s credentialScope
	fields := []*string{&s.key, &s.date, &s.region, &s.service, &s.term}
	if algorithm == AlgorithmV4A {
		fields = []*string{&s.key, &s.date, &s.service, &s.term}
	}
	for i, f := range fields {
		part, rest, more := strings.Cut(credential, "/")
		if part == "" || more != (i < len(fields)-1) {
			return s, false
		}
		*f, credential = part, rest
	}
	return s, true
}

// parseTime reads X-Amz-Date, or a Date field in either of its two forms.
func parseTime(text string) (time.Time, error) {
	text = strings.Trim(text, " \t")
	for _, layout := range []string{isoBasic, "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, incomplete("Date must be in ISO-8601 'basic format'. Got '" + text[:min(len(text), maxEchoName)] +
		"'. See http://en.wikipedia.org/wiki/ISO_8601")
}

// isPresigned tells whether a query carries any sign of a signature.
func isPresigned(rawQuery string) bool {
	for name := range queryPairs(rawQuery) {
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential":
			return true
		}
	}
	return false
}

func parsePresigned(rawQuery string) (*Presented, error) {
	values := map[string]string{}
	for name, raw := range queryPairs(rawQuery) {
		if strings.HasPrefix(name, "X-Amz-") {
			if v, err := url.QueryUnescape(raw); err == nil {
				values[name] = v
			}
		}
	}
	var missing string
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if values[name] == "" {
			missing += "AWS query-string parameters must include '" + name + "'. "
		}
	}
	if missing != "" {
		return nil, incomplete(missing + "Re-examine the query-string parameters.")
	}
	p := parts{algorithm: values["X-Amz-Algorithm"], credential: values["X-Amz-Credential"],
		signedHeaders: values["X-Amz-SignedHeaders"], signature: values["X-Amz-Signature"]}
	out, err := p.presented()
	if err != nil {
		return nil, err
	}
	if out.Time, err = parseTime(values["X-Amz-Date"]); err != nil {
		return nil, err
	}
	if out.Expires, err = parseExpires(values["X-Amz-Expires"]); err != nil {
		return nil, err
	}
	out.Presigned = true
	out.SessionToken = values["X-Amz-Security-Token"]
	out.RegionSet = values["X-Amz-Region-Set"]
	return out, nil
}

func parseExpires(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return 0, incomplete("X-Amz-Expires should be a number")
	case n < 1:
		return 0, incomplete("X-Amz-Expires must be non-negative")
	case n > int64(maxExpires/time.Second):
		return 0, incomplete("X-Amz-Expires must be less than a week (in seconds) that is: 604800")
	}
	return time.Duration(n) * time.Second, nil
}

// Scope reads region and service from a signature that nobody has verified:
// enough to tell whose request it is, and the same reading as [Parse]'s.
// Region is empty for SigV4A. ok is false where there is no readable scope.
func Scope(authorization, rawQuery string) (region, service string, ok bool) {
	var algorithm, credential string
	if authorization != "" {
		p, err := splitAuthorization(authorization)
		if err != nil {
			return "", "", false
		}
		algorithm, credential = p.algorithm, p.credential
	} else {
		for name, raw := range queryPairs(rawQuery) {
			switch name {
			case "X-Amz-Algorithm":
				algorithm, _ = url.QueryUnescape(raw)
			case "X-Amz-Credential":
				if v, err := url.QueryUnescape(raw); err == nil {
					credential = v
				}
			}
		}
	}
	if algorithm != AlgorithmV4 && algorithm != AlgorithmV4A {
		return "", "", false
	}
	s, ok := splitCredential(algorithm, credential)
	return s.region, s.service, ok
}
