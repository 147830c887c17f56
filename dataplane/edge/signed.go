package edge

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"drawbridge/dataplane/exchange"
)

// signedParameters are the query parameters of signed URLs: they go neither
// into the key nor to the origin (reference/cloudfront.md section 2.6).
var signedParameters = []string{"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}

// proof is what a viewer brings to show that it may have something: the members
// of a signed URL, or of signed cookies.
type proof struct {
	expires, policy, signature, keyID, hash string
}

// checkProof lets only signed requests pass where the behavior trusts key
// groups (reference/cloudfront.md sections 4.4 and 5.5). What goes on has none
// of the signature's parameters.
func checkProof(r request) (request, Fault) {
	if !r.behavior.Signed {
		return r, faultNone
	}
	p := proofOf(r.asked)
	fault := p.check(r)
	r.x.Trail.Add("signed", fault.String())
	if fault != faultNone {
		return r, fault
	}
	if r.asked.HasQuery {
		q := *r.asked
		q.RawQuery, q.HasQuery = unsignedQuery(q.RawQuery)
		r.asked = &q
	}
	return r, faultNone
}

// unsignedQuery is a query without what signs it.
func unsignedQuery(query string) (string, bool) {
	return filterQuery(query, func(name string) bool { return !slices.Contains(signedParameters, name) })
}

// proofOf reads the query, or the cookies where the query has none of it.
func proofOf(q *exchange.Request) proof {
	var p proof
	for name, parameter := range parameters(q.RawQuery) {
		_, value, _ := strings.Cut(parameter, "=")
		p.set(name, value)
	}
	if p.keyID != "" || p.signature != "" || p.policy != "" {
		return p
	}
	p = proof{}
	for _, c := range cookiesOf(q.Header, func(name string) bool { return strings.HasPrefix(name, "CloudFront-") }) {
		p.set(strings.TrimPrefix(c.name, "CloudFront-"), c.value)
	}
	return p
}

func (p *proof) set(name, value string) {
	switch name {
	case "Expires":
		p.expires = value
	case "Policy":
		p.policy = value
	case "Signature":
		p.signature = value
	case "Key-Pair-Id":
		p.keyID = value
	case "Hash-Algorithm":
		p.hash = value
	}
}

// check tells whether the proof is good for a request, in CloudFront's order:
// the key, the signature, then what it grants.
func (p *proof) check(r request) Fault {
	if p.keyID == "" {
		return faultMissingKey
	}
	key, ok := r.behavior.Signers[p.keyID]
	if !ok {
		return faultUnknownKey
	}
	signature, ok := decodeSigned(p.signature)
	if !ok || len(signature) == 0 {
		return faultDenied
	}
	urls := askedURLs(r)
	if p.policy == "" {
		expires, err := strconv.ParseInt(p.expires, 10, 64)
		if err != nil || expires <= r.now.Unix() {
			return faultDenied
		}
		for _, url := range urls {
			if signs(key, p.hash, signature, cannedPolicy(url, p.expires)) {
				return faultNone
			}
		}
		return faultDenied
	}
	text, ok := decodeSigned(p.policy)
	if !ok {
		return faultMalformedPolicy
	}
	if !signs(key, p.hash, signature, text) {
		return faultDenied
	}
	grant, err := parseGrant(text)
	if err != nil {
		return faultMalformedPolicy
	}
	from, _ := netip.ParseAddr(viewerIP(r.x.Conn))
	if !grant.allows(r.now, from) || !slices.ContainsFunc(urls, grant.matches) {
		return faultDenied
	}
	return faultNone
}

// askedURLs are the forms of the URL that a viewer asked for, without what
// signs it: with the port of its Host, and without, because AWS knows no ports
// but the usual ones.
func askedURLs(r request) []string {
	target := r.asked.Path
	if query, has := unsignedQuery(r.asked.RawQuery); has {
		target += "?" + query
	}
	urls := []string{r.asked.Scheme + "://" + r.asked.Host + target}
	if host := strings.ToLower(authority(r.asked)); host != r.asked.Host {
		urls = append(urls, r.asked.Scheme+"://"+host+target)
	}
	return urls
}
