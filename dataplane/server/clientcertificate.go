package server

import (
	"crypto/x509"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// domain gives the custom domain of a name at any cell, as ownsName.
func (s *Server) domain(name string) *program.Domain {
	for _, cell := range s.opts.GatewayCells {
		if d, ok := cell.Load().Domain(name); ok {
			return d
		}
	}
	return nil
}

// mutualDomain is the custom domain of a name, if it asks for certificates.
func (c *certificates) mutualDomain(name string) *program.Domain {
	if name == "" || c.domain == nil {
		return nil
	}
	if d := c.domain(name); d != nil && d.MutualTLS != nil {
		return d
	}
	return nil
}

// verifyCaller looks whether the caller's certificate comes from the truststore
// of the custom domain that the handshake was for, and notes it if so. A caller
// without a certificate never came so far: the handshake asks for one. A
// certificate that is not trusted, or out of date, is the gateway's to refuse:
// AWS answers 403 (reference/api-gateway.md 2.1).
func (c *certificates) verifyCaller(t *exchange.TLS, chain []*x509.Certificate) {
	d := c.mutualDomain(t.ServerName)
	if d == nil || len(chain) == 0 || c.trusted == nil {
		return
	}
	roots := c.trusted(d.MutualTLS.TruststoreURI, d.MutualTLS.TruststoreVersion)
	if roots == nil {
		return
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: c.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err == nil {
		t.Client, t.ClientOf = chain[0], d.Name
	}
}
