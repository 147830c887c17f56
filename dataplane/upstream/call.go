package upstream

import (
	"crypto/tls"
	"fmt"
	"time"

	"drawbridge/dataplane/exchange"
)

// Call is one request to an origin or backend.
type Call struct {
	Scheme string // "http" or "https"
	// Host and Port say where to connect: a name or an IP literal, never the
	// viewer's Host.
	Host string
	Port int
	// Authority is the Host field to send; ServerName is the SNI and the name
	// the certificate must carry ("" is Host).
	Authority, ServerName string
	// CertificateNames are names of which the certificate must carry one,
	// instead of ServerName; none: ServerName.
	CertificateNames []string
	// MinTLS is the oldest TLS version, 0: TLS 1.2; IPVersion is 4 or 6 where only
	// such addresses may be dialled, else 0.
	MinTLS    uint16
	IPVersion int

	Method, Path, RawQuery string
	HasQuery               bool
	Header                 exchange.Header // in order, without Host
	Body                   exchange.Body

	Attempts       int           // connection attempts, at least 1
	ConnectTimeout time.Duration // per attempt
	ReadTimeout    time.Duration // to the response's head and between body packets
	IdleTimeout    time.Duration // keep-alive of the pooled connection
	InsecureTLS    bool          // tlsConfig.insecureSkipVerification of an integration

	// ClientCertificate is shown to a server that asks for one; nil: none is.
	ClientCertificate *tls.Certificate

	// HopByHop leaves Connection, Keep-Alive, Trailer and Upgrade in the response's
	// header, and Trailer and Upgrade in the request's: the gateway remaps the
	// former and lets mappings set the latter (reference/api-gateway.md 2.5).
	HopByHop bool

	// Hops counts the distributions of the chain so far; an in-process origin is told.
	Hops int
	// Depth counts the in-process calls that the caller itself is inside of,
	// plus one; an in-process origin is told, so that APIs cannot call
	// themselves without end.
	Depth int
	// CallerAddress is the address the other side sees when it is in process
	// (--edge-address for the edge); the zero value is the loopback address.
	CallerAddress string
}

// Kind says at what a call failed.
type Kind uint8

// Values of Kind.
const (
	ResolveFailed  Kind = iota + 1 // no such name
	ConnectFailed                  // refused, unreachable or timed out while connecting
	TLSFailed                      // handshake or certificate
	AddressRefused                 // an address rule forbids it (design.md section 2)
	Timeout                        // connected, but no answer in time
	BrokenResponse                 // closed early or not HTTP
	HeaderTooBig
	Canceled // the caller gave up
)

// Error is a call that got no response.
type Error struct {
	Kind Kind
	Err  error
}

// Error says what failed and why; it holds no header value.
func (e *Error) Error() string { return fmt.Sprintf("upstream: %s: %v", e.Kind, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// String names the kind as it stands in logs and metrics.
func (k Kind) String() string {
	switch k {
	case ResolveFailed:
		return "resolve failed"
	case ConnectFailed:
		return "connect failed"
	case TLSFailed:
		return "tls failed"
	case AddressRefused:
		return "address refused"
	case Timeout:
		return "timeout"
	case BrokenResponse:
		return "broken response"
	case HeaderTooBig:
		return "header too big"
	case Canceled:
		return "canceled"
	}
	return "failed"
}
