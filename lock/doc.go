// Package lock sets up and proves the lock: the arrangement that makes a
// CloudFront distribution the only way in to an API. It speaks AWS's APIs
// through the official SDK and knocks at doors by real requests over TLS, so it
// works against Drawbridge and against AWS alike.
//
// It holds the clients and the probers; apply, remove and rotate, each with the
// AWS CLI lines a user would type for its steps; and the story of `drawbridge
// demo`. Judging what was collected is package lock/audit's.
//
// It must not know how Drawbridge works inside: no plane, no service, no store.
package lock
