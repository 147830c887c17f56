// Package exchange is one request and its response, free of protocol: the server
// turns bytes into an Exchange, a plane (edge or gateway) answers it with a
// Response, and the server turns that into bytes again. In-process origins pass
// the same values from the edge to the gateway without a socket.
//
// An Exchange carries facts (who called, over what, when, which program is
// pinned, what was decided and why) and never "whatever the next step may
// need": steps hand typed values to each other.
//
// It must not know how a plane decides, nor how bytes look on a wire.
package exchange
