// Package jsfunc compiles and runs CloudFront Functions: the event of
// reference/cloudfront.md 5.2 goes in, a request or a response comes out; and
// the connection functions of viewer mTLS, which allow or deny.
//
// Its place on the way: the control plane runs it for TestFunction, the edge
// runs it between a behavior and its cache key, and between an object and the
// viewer. A [Function] is compiled once; each [Function.Run] has a JavaScript
// world of its own, so nothing is left over from one viewer to the next.
//
// It must not know any AWS resource: a key value store is a lookup function to
// it, an origin an answer for its caller to carry out.
//
// The engine is goja. Everything that a function can make grow or wait is
// bounded, whatever its code (sandbox.go says how): time by a watch that
// interrupts, memory by what the watch sees allocated and by sizes that the
// built-in functions accept, stack by depth, logs by bytes. What AWS's engine
// lacks is taken away, so that a function which runs here runs there.
//
// Sources: reference/cloudfront.md 5.2; the AWS pages "CloudFront Functions
// event structure", "JavaScript runtime features for CloudFront Functions" and
// "Restrictions on edge functions".
package jsfunc
