// Package upstream carries requests to origins (for the edge) and backends (for
// the gateway): connections, pools, timeouts, address rules, and origins that
// are served in process.
//
// Connections to the network are its own HTTP/1.1 client: net/http sorts and
// re-cases header fields, rewrites some paths ("//a") and loses the order of a
// response's fields, all of which AWS keeps. client.go is the way of a call;
// inprocess.go the way of one that needs no socket.
//
// It must not know why a request is made, nor what becomes of the response.
package upstream
