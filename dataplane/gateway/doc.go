// Package gateway is what execute-api does to a request: host and stage →
// deployment → route → authorise → meter → validate → map request → integrate →
// select response → map response → reply. gateway.go is the way; every step is
// one file and takes and returns typed values.
//
// A step that cannot go on returns a *Refusal. errors.go is the one table of
// gateway responses and refuse.go the one place that turns a refusal into
// bytes (reference/api-gateway.md sections 2 to 5).
//
// It must not know sockets, how an owner is found from a host, nor where the
// program comes from.
package gateway
