package scenario

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority signs the certificates of a story's callers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// cmdClientCertificate: client-certificate AUTHORITY NAME — makes a certificate
// for a caller, for request --certificate NAME: subject CN=NAME, good for a day.
// The authority is made when it is first named; its certificate is AUTHORITY.pem.
func cmdClientCertificate(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) == 2, "client-certificate AUTHORITY NAME")
	s := of(ts)
	signer := s.authorities[args[0]]
	if signer == nil {
		signer = &authority{}
		der, err := s.signCertificate(&x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: args[0]}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, signer, &signer.key)
		ts.Check(err)
		signer.certificate, err = x509.ParseCertificate(der)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
		s.authorities[args[0]] = signer
	}
	var key *ecdsa.PrivateKey
	der, err := s.signCertificate(&x509.Certificate{
		SerialNumber: big.NewInt(0xa1b2c3), Subject: pkix.Name{CommonName: args[1], Organization: []string{"Example"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, signer, &key)
	ts.Check(err)
	s.certificates[args[1]] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// signCertificate makes a key and its certificate, good for a day; an authority without a
// certificate signs its own.
func (s *story) signCertificate(template *x509.Certificate, signer *authority, key **ecdsa.PrivateKey) ([]byte, error) {
	var err error
	if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	begin := s.clock.now().AddDate(0, 0, -1)
	template.NotBefore, template.NotAfter = begin, begin.AddDate(0, 0, 2)
	parent := signer.certificate
	if parent == nil {
		parent = template
		template.NotAfter = begin.AddDate(1, 0, 0)
	}
	return x509.CreateCertificate(rand.Reader, template, parent, (*key).Public(), signer.key)
}
