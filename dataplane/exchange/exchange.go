package exchange

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"drawbridge/dataplane/program"
)

// Handler is the way of a request through one plane: it answers every exchange,
// refusals and failures included, and never returns nil. ctx ends when the
// caller has gone.
type Handler func(ctx context.Context, x *Exchange) *Response

// Protocol is the HTTP version a message came with.
type Protocol uint8

// The HTTP versions Drawbridge speaks.
const (
	HTTP10 Protocol = iota + 1
	HTTP11
	HTTP2
	HTTP3
)

// String returns the version as it stands in a request line or a log: "HTTP/1.1", "HTTP/2.0".
func (p Protocol) String() string {
	switch p {
	case HTTP10:
		return "HTTP/1.0"
	case HTTP11:
		return "HTTP/1.1"
	case HTTP2:
		return "HTTP/2.0"
	case HTTP3:
		return "HTTP/3.0"
	}
	return "HTTP/?"
}

// ViaVersion returns the version as it stands in Via (RFC 9110 section 7.6.3): "1.1", "2.0".
func (p Protocol) ViaVersion() string { return p.String()[len("HTTP/"):] }

// Request is a request as its caller sent it, checked for syntax by the server.
type Request struct {
	Method string // as sent, case kept
	Scheme string // "http" or "https": whether the caller's connection carries TLS
	// Host is the one normalised host (lower case, no port, no trailing dot);
	// Authority is what the caller sent (Host field, :authority or absolute form).
	Host, Authority string
	Path            string // raw, as sent, never decoded; begins with "/" (or is "*" for OPTIONS *)
	RawQuery        string // raw, without "?"
	HasQuery        bool   // a "?" was there, even with nothing behind it
	Protocol        Protocol
	// Header holds the fields in order, without Host, Connection, the fields
	// Connection names, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade
	// (see Upgrade) and HTTP/2 pseudo fields. Content-Length stays.
	Header Header
	Body   Body
	// Upgrade is the protocol an HTTP/1.1 caller asked for ("websocket"), or "".
	Upgrade string
}

// Target returns path and query as they stand in an origin-form request target.
func (r *Request) Target() string {
	if !r.HasQuery {
		return r.Path
	}
	return r.Path + "?" + r.RawQuery
}

// Response is a plane's answer. The server adds nothing but framing
// (Content-Length where Body's length is known and no such field stands,
// Transfer-Encoding, Connection) and Date where it is missing.
type Response struct {
	Status int
	// Header holds the fields in the order and case they are sent in over
	// HTTP/1.1; HTTP/2 sends the names in lower case.
	Header Header
	Body   Body
	// Close asks for the connection to be closed behind this response.
	Close bool
	// Abort tells that the body broke off upstream: the server must not end the
	// message cleanly. It is set by Body's stream returning an error other than io.EOF.
}

// TLS is what is known of the caller's TLS connection.
type TLS struct {
	Version     uint16 // crypto/tls constants
	CipherSuite uint16
	ServerName  string // SNI, lower case, no trailing dot; "" without
	Resumed     bool
	Hello       *ClientHello // nil for a call in process
	// Client is the caller's certificate once it has been verified for the
	// custom domain ClientOf, whose name ServerName is; nil: none was.
	Client   *x509.Certificate
	ClientOf string
}

// ClientHello is what a TLS client offered (RFC 8446 section 4.1.2), in its order.
type ClientHello struct {
	CipherSuites, Extensions, Curves, Schemes, Versions []uint16
	Points                                              []uint8
	Protocols                                           []string // ALPN
	ServerName                                          bool     // it named a server
}

// Conn is what is known of the connection an exchange came over. An in-process
// call carries what TLS would have carried.
type Conn struct {
	ID         uint64
	RemoteAddr netip.AddrPort
	LocalAddr  netip.AddrPort
	TLS        *TLS // nil without TLS
	// Location is the index of the edge location, Cell of the gateway cell, that
	// this connection belongs to for its whole life (design.md section 2, propagation).
	Location, Cell int
	InProcess      bool // the caller is our own edge (or gateway), not a socket
}

// Exchange is one request and what is known about it. One goroutine owns it.
type Exchange struct {
	Conn    *Conn
	Request *Request
	Start   time.Time
	// RequestID is the plane's id for this exchange (x-amz-cf-id, x-amzn-RequestId); set by the plane.
	RequestID string
	// Pinned programs: loaded once from the connection's location when the
	// request's owner was decided, so that one exchange sees one configuration.
	Edge    *program.Edge
	Gateway *program.Gateway
	Owner   Owner
	// Hops counts the distributions an in-process chain went through before this exchange.
	Hops int
	// Depth counts the in-process calls this exchange is inside of.
	Depth int
	// Finished, if the plane has set it, is called once when the last byte of the
	// answer has gone and the record is complete.
	Finished func(x *Exchange)
	Trail    Trail
	Record   Record
}

// Owner is whose request it is: decided once by the server (design.md section 2)
// and never again from the host.
type Owner struct {
	Plane        Plane
	Distribution *program.Distribution // Plane == PlaneEdge; nil: no such distribution
	API          *program.API          // Plane == PlaneGateway; nil: no such API
	// Domain is the custom domain whose name the host is; nil for a default
	// endpoint (which disableExecuteApiEndpoint closes) and for path forms.
	Domain *program.Domain
	// Stage is set when a path form or a base path mapping named the stage.
	// Otherwise the gateway takes the stage from Request.Path.
	Stage string
	// Path is what is left of Request.Path behind a path form (PathForm) or
	// behind base path and stage (Domain); "" otherwise.
	Path string
	// PathForm tells that the owner came from a reserved path, not from the host.
	PathForm bool
}

// Plane is one of the parts of Drawbridge that answer requests.
type Plane uint8

// The planes.
const (
	PlaneNone Plane = iota
	PlaneEdge
	PlaneGateway
	PlaneControl
	PlaneOps
)

// String returns the plane's name as it stands in logs and metrics.
func (p Plane) String() string {
	switch p {
	case PlaneEdge:
		return "edge"
	case PlaneGateway:
		return "gateway"
	case PlaneControl:
		return "control"
	case PlaneOps:
		return "ops"
	}
	return "none"
}
