package edge

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// coding is a viewer's Accept-Encoding reduced to what a cache policy tells
// apart (reference/cloudfront.md section 2.6).
type coding uint8

const (
	codingAbsent   coding = iota // the viewer sent none, or the policy has no codings
	codingIdentity               // none of the policy's
	codingGzip
	codingBrotli
	codingBoth
)

// header returns the value that the origin gets, "" for none.
func (c coding) header() string {
	return [...]string{codingAbsent: "", codingIdentity: "identity", codingGzip: "gzip", codingBrotli: "br", codingBoth: "br,gzip"}[c]
}

// inKey returns the part of the cache key: identity and none are one.
func (c coding) inKey() byte {
	if c == codingIdentity {
		return byte(codingAbsent)
	}
	return byte(c)
}

// has tells whether the viewer takes one of the given codings.
func (c coding) hasGzip() bool   { return c == codingGzip || c == codingBoth }
func (c coding) hasBrotli() bool { return c == codingBrotli || c == codingBoth }

// codingOf reduces a request's Accept-Encoding by a cache policy. HTTP/1.0
// viewers get nothing compressed (section 3.7).
func codingOf(q *exchange.Request, policy *program.CachePolicy) coding {
	gzip, brotli := policy.Encodings()
	if !gzip && !brotli || !q.Header.Has("Accept-Encoding") {
		return codingAbsent
	}
	if q.Protocol == exchange.HTTP10 {
		return codingIdentity
	}
	hasGzip, hasBrotli := false, false
	for value := range q.Header.All("Accept-Encoding") {
		hasGzip = hasGzip || gzip && accepts(value, "gzip")
		hasBrotli = hasBrotli || brotli && accepts(value, "br")
	}
	switch {
	case hasGzip && hasBrotli:
		return codingBoth
	case hasBrotli:
		return codingBrotli
	case hasGzip:
		return codingGzip
	}
	return codingIdentity
}

// accepts tells whether a list of codings names one with a weight above 0
// (RFC 9110 section 12.5.3).
func accepts(list, name string) bool {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		item, weight, weighted := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(item), name) {
			continue
		}
		return !weighted || !zeroWeight(weight)
	}
	return false
}

// zeroWeight tells whether a parameter is "q=0" in any spelling.
func zeroWeight(parameter string) bool {
	name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
	return strings.EqualFold(strings.TrimSpace(name), "q") && strings.Trim(strings.TrimSpace(value), "0.") == "" && value != ""
}
