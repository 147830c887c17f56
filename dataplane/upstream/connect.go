package upstream

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// conn is one connection to an origin, used by one call at a time.
type conn struct {
	net.Conn          // what is read and written: TLS or TCP
	tcp      net.Conn // below TLS
	key      poolKey
	reader   *bufio.Reader
	scratch  []byte // head buffer, kept between calls
	reused   bool
	heard    bool        // a byte has come since the current request went out
	expire   *time.Timer // closes the connection while it is idle
}

// connect opens a connection: Attempts times, each attempt trying every allowed
// address within ConnectTimeout, TLS handshake included.
func (c *Client) connect(ctx context.Context, call *Call, key poolKey) (*conn, error) {
	if !c.pool.admit(key) {
		return nil, failure(ctx, ConnectFailed, errors.New("too many connections to this origin"))
	}
	host, port, viaRule := c.connectTo(call.Host, call.Port)
	var last *Error
	for range call.Attempts {
		attempt, cancel := context.WithTimeout(ctx, call.ConnectTimeout)
		opened, err := c.attempt(attempt, call, dialTarget{host: host, port: port, viaRule: viaRule})
		cancel()
		if err == nil {
			opened.key = key
			return opened, nil
		}
		last = err
		if ctx.Err() != nil {
			last = failure(ctx, last.Kind, last.Err)
			break
		}
		if last.Kind != ConnectFailed {
			break
		}
	}
	c.pool.release(key)
	return nil, last
}

// Read reads from the connection and notes that the other side has spoken.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard = true
	}
	return n, err
}

// dialTarget is where a connection really goes.
type dialTarget struct {
	host    string
	port    int
	viaRule bool
}

// attempt is one connection attempt. ctx carries its time limit.
func (c *Client) attempt(ctx context.Context, call *Call, to dialTarget) (*conn, *Error) {
	addresses, refused := c.addresses(ctx, to.host, to.port, to.viaRule)
	if refused != nil {
		if refused.Kind == Timeout {
			refused.Kind = ResolveFailed
		}
		return nil, refused
	}
	if call.IPVersion != 0 {
		addresses = slices.DeleteFunc(addresses, func(at netip.AddrPort) bool { return at.Addr().Unmap().Is4() != (call.IPVersion == 4) })
		if len(addresses) == 0 {
			return nil, &Error{Kind: ResolveFailed, Err: fmt.Errorf("%s has no address of IP version %d", to.host, call.IPVersion)}
		}
	}
	tcp, err := dialFirst(ctx, addresses)
	if err != nil {
		return nil, &Error{Kind: ConnectFailed, Err: err}
	}
	opened := &conn{Conn: tcp, tcp: tcp}
	if call.Scheme == "https" {
		secured := tls.Client(tcp, c.tlsConfig(call))
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = tcp.Close()
			if ctx.Err() != nil {
				return nil, &Error{Kind: ConnectFailed, Err: err}
			}
			return nil, &Error{Kind: TLSFailed, Err: err}
		}
		opened.Conn = secured
	}
	opened.reader = bufio.NewReaderSize(opened, 8<<10)
	return opened, nil
}

// dialFirst connects to the first address that answers.
func dialFirst(ctx context.Context, addresses []netip.AddrPort) (net.Conn, error) {
	var dialer net.Dialer
	var last error
	for _, at := range addresses {
		opened, err := dialer.DialContext(ctx, "tcp", at.String())
		if err == nil {
			return opened, nil
		}
		if last = err; ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// tlsConfig returns the TLS policy of a call: TLS 1.2 or later if it says nothing else, HTTP/1.1 only,
// the certificate must carry ServerName.
func (c *Client) tlsConfig(call *Call) *tls.Config {
	config := &tls.Config{
		MinVersion:         cmp.Or(call.MinTLS, tls.VersionTLS12),
		ServerName:         NormalHost(call.ServerName),
		RootCAs:            c.options.RootCAs,
		NextProtos:         []string{"http/1.1"},
		InsecureSkipVerify: call.InsecureTLS, // the integration's tlsConfig asks for it
	}
	if call.ClientCertificate != nil {
		config.Certificates = []tls.Certificate{*call.ClientCertificate}
	}
	if names := call.CertificateNames; len(names) > 0 && !call.InsecureTLS {
		config.InsecureSkipVerify = true // verified here, by other names
		config.VerifyConnection = func(state tls.ConnectionState) error { return c.verify(state, names) }
	}
	return config
}

// verify checks an origin's certificate for one of several names.
func (c *Client) verify(state tls.ConnectionState, names []string) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the origin showed no certificate")
	}
	options := x509.VerifyOptions{Roots: c.options.RootCAs, Intermediates: x509.NewCertPool()}
	for _, certificate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	leaf := state.PeerCertificates[0]
	if _, err := leaf.Verify(options); err != nil {
		return err
	}
	var last error
	for _, name := range names {
		if last = leaf.VerifyHostname(name); last == nil {
			return nil
		}
	}
	return last
}
