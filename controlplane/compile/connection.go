package compile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// noteVPCLink makes the unit of a VPC link.
func noteVPCLink(p *pending, ref apigateway.Ref, from source) {
	known := make(map[apigateway.Ref]*apigateway.VpcLinkRecord, 1)
	noteRecord(p, known, ref, from)
	switch record := known[ref]; {
	case record != nil:
		p.update.Gateway.VPCLinks[ref.ID] = &program.VPCLink{ID: ref.ID, Targets: record.Link.TargetArns}
	case from.value == nil:
		p.update.Gateway.VPCLinks[ref.ID] = nil
	}
}

// clientCertificate returns the certificate that a stage shows to its backends.
func (g *gatewayState) clientCertificate(stage stageName, id string) (*tls.Certificate, error) {
	record := g.certificates[apigateway.Ref{Account: stage.account, Region: stage.region, Kind: apigateway.KindCertificate, ID: id}]
	if record == nil {
		return nil, fmt.Errorf("client certificate %s is not stored", id)
	}
	return ClientCertificate(record)
}

// ClientCertificate returns a stored client certificate as TLS shows it.
func ClientCertificate(record *apigateway.CertificateRecord) (*tls.Certificate, error) {
	block, _ := pem.Decode([]byte(value(record.Certificate.PemEncodedCertificate)))
	if block == nil {
		return nil, errors.New("client certificate is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(record.PrivateKey)
	if err != nil {
		return nil, errors.New("client certificate's key cannot be read") // the cause could quote it
	}
	return &tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}, nil
}
