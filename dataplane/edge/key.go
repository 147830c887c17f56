package edge

import (
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/httpcache"
	"drawbridge/dataplane/program"
)

// keySpace is room for most keys without an allocation.
const keySpace = 512

// cacheKey is what tells a distribution's objects apart, and what is known of
// the request's place in the cache.
type cacheKey struct {
	bytes  []byte
	coding coding
	past   bypass
	// shared tells that requests with this key may wait for one fetch.
	shared bool
}

// bypass says whether and why a request goes past the cache.
type bypass uint8

const (
	bypassNo bypass = iota
	bypassOff
	bypassMethod
)

func (b bypass) reason() httpcache.Reason {
	switch b {
	case bypassOff:
		return httpcache.ReasonOff
	case bypassMethod:
		return httpcache.ReasonMethod
	}
	return ""
}

// keyOf makes the key: distribution, path, what the cache policy (or
// ForwardedValues) takes of query, header fields and cookies, and the reduced
// Accept-Encoding (reference/cloudfront.md section 2.7). Aliases and http/https
// share objects; HEAD and GET do; OPTIONS does not. space is memory to write to.
func keyOf(r request, space []byte) cacheKey {
	policy := &r.behavior.Cache
	if past := goesPast(r); past != bypassNo {
		return cacheKey{past: past}
	}
	k := cacheKey{coding: codingOf(r.asked, policy), shared: !forwardsCookies(r.behavior)}
	b := httpcache.AppendText(space, r.distribution.CacheID())
	class := byte('G')
	if r.asked.Method == "OPTIONS" {
		class = 'O'
	}
	b = append(b, class, k.coding.inKey())
	b = httpcache.AppendText(b, r.path)
	b = appendQuery(b, policy, r.asked)
	b = appendHeaders(b, policy, r)
	k.bytes = appendCookies(b, policy, r.asked)
	return k
}

// goesPast tells whether a request has nothing to do with the cache.
func goesPast(r request) bypass {
	if r.behavior.Cache.Disabled() {
		return bypassOff
	}
	switch r.asked.Method {
	case "GET", "HEAD":
		return bypassNo
	case "OPTIONS":
		if r.behavior.Cached.Has("OPTIONS") {
			return bypassNo
		}
	}
	return bypassMethod
}

// appendQuery appends the query as far as it is part of the key.
func appendQuery(b []byte, policy *program.CachePolicy, q *exchange.Request) []byte {
	switch {
	case policy.QueryStrings.Mode == program.SelectNone || !q.HasQuery:
		return httpcache.AppendCount(b, 0)
	case policy.QueryStrings.Mode == program.SelectAll:
		return httpcache.AppendText(httpcache.AppendCount(b, 1), q.RawQuery)
	}
	n := 0
	for name := range parameters(q.RawQuery) {
		if policy.QueryStrings.Takes(name) {
			n++
		}
	}
	b = httpcache.AppendCount(b, n)
	for name, parameter := range parameters(q.RawQuery) {
		if policy.QueryStrings.Takes(name) {
			b = httpcache.AppendText(b, parameter)
		}
	}
	return b
}

// appendHeaders appends the fields of the policy: each name, how many lines the
// viewer sent, and the lines.
func appendHeaders(b []byte, policy *program.CachePolicy, r request) []byte {
	if policy.Headers.Mode != program.SelectOnly {
		return httpcache.AppendCount(b, 0)
	}
	b = httpcache.AppendCount(b, len(policy.Headers.Names))
	for _, name := range policy.Headers.Names {
		b = httpcache.AppendText(b, name)
		switch {
		case name == "host":
			b = httpcache.AppendText(httpcache.AppendCount(b, 1), authority(r.asked))
		case name == "accept-encoding" && r.ownsEncoding():
			b = httpcache.AppendCount(b, 0) // the reduced form stands in the key already
		case strings.HasPrefix(name, cloudFrontPrefix):
			b = httpcache.AppendText(httpcache.AppendCount(b, 1), viewerFact(r, name))
		default:
			b = appendLines(b, r.asked.Header, name)
		}
	}
	return b
}

func appendLines(b []byte, h exchange.Header, name string) []byte {
	n := 0
	for range h.All(name) {
		n++
	}
	b = httpcache.AppendCount(b, n)
	for value := range h.All(name) {
		b = httpcache.AppendText(b, value)
	}
	return b
}

// appendCookies appends the cookies of the policy, sorted by name.
func appendCookies(b []byte, policy *program.CachePolicy, q *exchange.Request) []byte {
	if policy.Cookies.Mode == program.SelectNone || !q.Header.Has("Cookie") {
		return httpcache.AppendCount(b, 0)
	}
	cookies := cookiesOf(q.Header, policy.Cookies.Takes)
	b = httpcache.AppendCount(b, len(cookies))
	for _, c := range cookies {
		b = httpcache.AppendText(httpcache.AppendText(b, c.name), c.value)
	}
	return b
}

// ownsEncoding tells that Accept-Encoding is the policy's matter: reduced, not
// passed on as it came.
func (r *request) ownsEncoding() bool {
	gzip, brotli := r.behavior.Cache.Encodings()
	return gzip || brotli
}

// urlsOf returns what invalidations of the object compare with: its path, with
// the part of the query that is in the key, and "/" beside the default root
// object.
func urlsOf(r request) [2]string {
	query := ""
	if selection := r.behavior.Cache.QueryStrings; r.asked.HasQuery && selection.Mode != program.SelectNone {
		if kept, ok := filterQuery(r.asked.RawQuery, selection.Takes); ok {
			query = "?" + kept
		}
	}
	urls := [2]string{r.path + query}
	if root := r.distribution.DefaultRootObject; root != "" && r.path == "/"+root {
		urls[1] = "/" + query
	}
	return urls
}

// authority is the Host that the viewer sent.
func authority(q *exchange.Request) string {
	if q.Authority != "" {
		return q.Authority
	}
	return q.Host
}
