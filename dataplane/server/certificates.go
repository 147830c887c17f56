package server

import (
	"container/list"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// maxLeaves bounds the issued leaves that are kept (design.md section 2, TLS).
const maxLeaves = 10_000

// certificates chooses the certificate for a handshake: the operator's for the
// name, else the one that the alias's distribution or custom domain names, else a leaf of the
// local CA if the name is ours, else none, which crypto/tls answers with the
// alert unrecognized_name (RFC 6066 section 3).
type certificates struct {
	ca       *CA
	owns     func(name string) bool
	edge     func(name string) *program.Distribution // nil: none has that name
	attached func(ctx context.Context, account, reference string) *tls.Certificate
	now      func() time.Time
	shared   *tls.Config
	tls13    *tls.Config // shared, for names that want TLS 1.3
	mutual   *tls.Config // shared, for custom domains that ask for a certificate
	domain   func(name string) *program.Domain
	trusted  func(uri, version string) *x509.CertPool
	static   []*tls.Certificate // the operator's

	mu     sync.Mutex
	leaves map[string]*list.Element // of *leaf
	recent *list.List               // most recently used first
}

// leaf is an issued certificate under its cache key.
type leaf struct {
	key  string
	cert *tls.Certificate
}

// newCertificates returns nil when the server has neither a CA nor certificates.
func newCertificates(s *Server) (*certificates, error) {
	o := &s.opts
	if o.CA == nil && len(o.Certificates) == 0 {
		return nil, nil
	}
	c := &certificates{
		ca: o.CA, owns: o.OwnsName, now: o.Now, edge: s.distribution, attached: o.Attached,
		domain: s.domain, trusted: o.Truststore,
		leaves: make(map[string]*list.Element), recent: list.New(),
	}
	if c.owns == nil {
		c.owns = s.ownsName
	}
	for i := range o.Certificates {
		cert := o.Certificates[i]
		if cert.Leaf == nil {
			if len(cert.Certificate) == 0 {
				return nil, fmt.Errorf("certificate %d is empty", i+1)
			}
			parsed, err := x509.ParseCertificate(cert.Certificate[0])
			if err != nil {
				return nil, fmt.Errorf("certificate %d: %w", i+1, err)
			}
			cert.Leaf = parsed
		}
		c.static = append(c.static, &cert)
	}
	c.shared = &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.get,
	}
	c.tls13 = c.shared.Clone()
	c.tls13.MinVersion = tls.VersionTLS13
	c.mutual = c.shared.Clone()
	c.mutual.ClientAuth = tls.RequireAnyClientCert
	c.shared.GetConfigForClient = c.config
	return c, nil
}

// config is tls.Config.GetConfigForClient: the one for the security policy of
// the name's distribution (MinimumProtocolVersion) or for a custom domain with
// mutual TLS; nil is the listener's own.
func (c *certificates) config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if below, ok := hello.Conn.(*corkConn); ok {
		below.hello = helloOf(hello)
	}
	name := normalizeSNI(hello.ServerName)
	if d := c.edge(name); d != nil && d.MinTLS > tls.VersionTLS12 {
		return c.tls13, nil
	}
	if c.mutualDomain(name) != nil {
		return c.mutual, nil
	}
	return nil, nil
}

// helloOf keeps what fingerprints of clients are made of.
func helloOf(h *tls.ClientHelloInfo) *exchange.ClientHello {
	out := &exchange.ClientHello{
		CipherSuites: h.CipherSuites, Extensions: h.Extensions, Versions: h.SupportedVersions,
		Points: h.SupportedPoints, Protocols: h.SupportedProtos, ServerName: h.ServerName != "",
	}
	for _, curve := range h.SupportedCurves {
		out.Curves = append(out.Curves, uint16(curve))
	}
	for _, scheme := range h.SignatureSchemes {
		out.Schemes = append(out.Schemes, uint16(scheme))
	}
	return out
}

// get is tls.Config.GetCertificate. Without a certificate and an error,
// crypto/tls sends unrecognized_name; any error would be internal_error.
func (c *certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := normalizeSNI(hello.ServerName)
	local := localAddr(hello.Conn)
	verify := name
	if name == "" {
		verify = local.String()
	}
	for _, cert := range c.static {
		if cert.Leaf.VerifyHostname(verify) == nil && hello.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	account, references := c.references(name)
	for _, reference := range references {
		cert := c.attached(hello.Context(), account, reference)
		if cert != nil && cert.Leaf.VerifyHostname(name) == nil && hello.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	if c.ca == nil {
		return nil, nil
	}
	if name == "" {
		return c.leaf("localhost", local)
	}
	if host, err := NormalizeHost(name); err != nil || host != name || isIPLiteral(name) || !c.owns(name) {
		return nil, nil
	}
	return c.leaf(name, netip.Addr{})
}

// references names the certificates that the owner of a name shows: a
// distribution's for its aliases, else a custom domain's.
func (c *certificates) references(name string) (account string, references []string) {
	if name == "" || c.attached == nil {
		return "", nil
	}
	if d := c.edge(name); d != nil {
		if d.Certificate == "" {
			return "", nil
		}
		return d.Account, []string{d.Certificate}
	}
	if d := c.domain(name); d != nil {
		return d.Account, d.Certificates
	}
	return "", nil
}

// leaf returns the cached leaf for a name (with an address: for a client that
// sent no name), or issues one.
func (c *certificates) leaf(name string, addr netip.Addr) (*tls.Certificate, error) {
	key := name
	var addrs []netip.Addr
	if addr.IsValid() {
		key, addrs = name+" "+addr.String(), []netip.Addr{addr}
	}
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.leaves[key]; ok {
		cached := e.Value.(*leaf)
		if cached.cert.Leaf.NotAfter.Sub(now) > leafRenew {
			c.recent.MoveToFront(e)
			return cached.cert, nil
		}
		c.recent.Remove(e)
	}
	cert, err := c.ca.issue(name, addrs, now)
	if err != nil {
		return nil, fmt.Errorf("leaf: %w", err)
	}
	c.leaves[key] = c.recent.PushFront(&leaf{key, cert})
	if c.recent.Len() > maxLeaves {
		last := c.recent.Back()
		c.recent.Remove(last)
		delete(c.leaves, last.Value.(*leaf).key)
	}
	return cert, nil
}

// localAddr returns the address a connection came in on.
func localAddr(nc net.Conn) netip.Addr {
	if addr := addrPort(nc.LocalAddr()).Addr(); addr.IsValid() {
		return addr
	}
	return netip.IPv6Loopback()
}

// normalizeSNI returns a TLS server name as hosts are compared.
func normalizeSNI(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// ownsName tells whether any location's program owns a name: a viewer may reach
// a location that has switched before the others have.
func (s *Server) ownsName(name string) bool {
	for _, location := range s.opts.EdgeLocations {
		if s.opts.Rules.OwnsName(name, location.Load(), &program.Gateway{}) {
			return true
		}
	}
	for _, cell := range s.opts.GatewayCells {
		if s.opts.Rules.OwnsName(name, &program.Edge{}, cell.Load()) {
			return true
		}
	}
	return false
}

// distribution gives the distribution of a name at any location, as ownsName.
func (s *Server) distribution(name string) *program.Distribution {
	for _, location := range s.opts.EdgeLocations {
		if d, ok := location.Load().Distribution(name); ok {
			return d
		}
	}
	return nil
}

// OwnsName tells whether a leaf may be issued for a name: a name of the
// programs, *.localhost or a control name.
func (r Rules) OwnsName(name string, e *program.Edge, g *program.Gateway) bool {
	if _, ok := e.Distribution(name); ok {
		return true
	}
	if owner := GatewayOwner(g, name, "/"); owner.API != nil || owner.Domain != nil {
		return true
	}
	if strings.HasSuffix(name, ".localhost") {
		return true
	}
	return formOf(name) == formOther && !isIPLiteral(name) && r.localHost(name)
}
