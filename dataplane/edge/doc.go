// Package edge is what CloudFront does to a viewer's request. Serve in edge.go is
// the whole way, read top to bottom; every step is one file and hands a typed
// value to the next:
//
//	arrive (visit.go)       whose distribution, which location, staging (traffic.go) → visit
//	route (behavior.go)     path pattern                           → request
//	admit (admit.go)        size, method, protocol                 → go on, redirect or refuse
//	check proof (signed.go)  signed URL or cookies                 → request, or a fault
//	viewer request (function.go)  the behavior's function          → request, or an answer
//	key (key.go)            what tells objects apart               → cacheKey
//	look up (lookup.go)     what the location has                  → found
//	obtain (obtain.go)      serve, revalidate, fetch               → answer
//	error page (errorpage.go)                                      → answer
//	viewer response (function.go)                                  → answer
//	response headers policy (responseheaders.go)                   → answer
//	reply (reply.go)        conditions, ranges, CloudFront's fields → exchange.Response
//
// A fetch (fetch.go) is a request to an origin with a life of its own: several
// viewers may wait for it and it may outlive the one that began it. What it
// sends is made in originrequest.go (custom headers overwrite the viewer's),
// what it gets is read in originresponse.go.
//
// The package must not know where configuration comes from, how bytes look on a
// wire, or what kind of thing an origin is.
package edge
