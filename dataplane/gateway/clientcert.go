package gateway

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"drawbridge/dataplane/program"
	"drawbridge/engine/jsonpath"
)

// cameFor tells whether the caller's certificate was verified for a custom
// domain with mutual TLS. Only a handshake for the domain's own name does that.
func (c *call) cameFor(d *program.Domain) bool {
	t := c.x.Conn.TLS
	return t != nil && t.Client != nil && t.ClientOf == d.Name
}

// clientCertificate is $context.identity.clientCert, nil where the call's domain
// asks for no certificate. The forms are those of AWS's sample event ("May 28
// 12:30:02 2019 GMT", "a1:a1:…").
func (c *call) clientCertificate() *jsonpath.Object {
	d, t := c.x.Owner.Domain, c.x.Conn.TLS
	if d == nil || d.MutualTLS == nil || t == nil || t.Client == nil {
		return nil
	}
	return jsonpath.NewObject(
		"clientCertPem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.Client.Raw})),
		"subjectDN", t.Client.Subject.String(),
		"issuerDN", t.Client.Issuer.String(),
		"serialNumber", serialNumber(t.Client),
		"validity", jsonpath.NewObject("notBefore", certificateTime(t.Client.NotBefore), "notAfter", certificateTime(t.Client.NotAfter)),
	)
}

func certificateTime(at time.Time) string { return at.UTC().Format("Jan _2 15:04:05 2006 GMT") }

func serialNumber(of *x509.Certificate) string {
	digits := hex.EncodeToString(of.SerialNumber.Bytes())
	pairs := make([]string, 0, len(digits)/2)
	for i := 0; i+1 < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}
