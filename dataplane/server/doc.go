// Package server is the front of the data plane: it owns the sockets. It tells
// TLS, HTTP/2 and HTTP/1.1 apart by their first bytes, reads requests strictly
// (RFC 9112, RFC 9113), decides whose request it is (design.md section 2),
// hands it to that plane as an exchange and writes the answer back with the
// order and case of header fields the plane gave.
//
// Its place on the way: sockets → server → edge, gateway, control or ops. The
// planes arrive as functions in Options; nothing here knows how they decide.
// It must not know caches, policies, stores or operations, and it must not
// retry or rewrite what a plane answers beyond message framing.
//
// The rules of ownership (Rules) are pure functions over a request and two
// programs, so that in-process origins are resolved by the same rules.
package server
