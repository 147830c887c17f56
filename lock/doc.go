// Package lock sets up and proves the lock: the arrangement that makes a
// CloudFront distribution the only way in to an API. It speaks AWS's APIs
// through the official SDK and knocks at doors by real requests over TLS, so it
// works against Drawbridge and against AWS alike.
//
// So far it holds what `drawbridge demo` needs: clients, a prober, the AWS CLI
// and curl lines a user would type, and the article's two methods as a story.
//
// It must not know how Drawbridge works inside: no plane, no service, no store.
package lock
