// Package httpcache is what a cache at an edge location knows: which responses
// may be stored and for how long (RFC 9111 as CloudFront applies it,
// reference/cloudfront.md section 3), whether a stored object answers a request
// (freshness, RFC 9110 conditions and ranges), where objects are kept (RAM,
// bounded in bytes), what an invalidation takes away, and how requests for one
// object share one fetch.
//
// Decisions are pure functions that take the present moment and say their
// reason. The edge asks them on the way of a request: key → lookup → obtain →
// response.
//
// It must not know distributions, behaviors or origins: a zone is a name, a key
// is bytes, a header is a type of its owner's choice.
package httpcache
