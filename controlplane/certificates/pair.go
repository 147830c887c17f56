package certificates

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drawbridge/controlplane/api/acmapi"
)

// Bounds of what is imported. AWS's are 32 KiB, 2 MiB and 5 KiB.
const (
	maxCertificateBytes = 32 << 10
	maxChainBytes       = 2 << 20
	maxKeyBytes         = 16 << 10
	maxChainLength      = 10
)

// refusal is why a certificate cannot be taken, in words for the client.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// pair is a certificate with its key and chain, checked.
type pair struct {
	leaf      *x509.Certificate
	algorithm string
}

// parsePair reads a certificate, its private key and its chain. The texts of
// its refusals hold nothing of the key.
func parsePair(certificate, key, chain []byte, now time.Time) (*pair, error) {
	if len(certificate) > maxCertificateBytes || len(key) > maxKeyBytes || len(chain) > maxChainBytes {
		return nil, &refusal{"The certificate, the private key or the certificate chain is too large."}
	}
	leaves, err := parseCertificates(certificate)
	switch {
	case err != nil || len(leaves) == 0:
		return nil, &refusal{"The certificate field must contain a certificate in PEM format."}
	case len(leaves) > 1:
		return nil, &refusal{"The certificate field contains more than one certificate. You can specify only one certificate in this field."}
	}
	leaf := leaves[0]
	algorithm, err := keyAlgorithm(leaf.PublicKey)
	if err != nil {
		return nil, &refusal{"The key of the certificate is not supported: RSA of 2048, 3072 or 4096 bits and ECDSA are."}
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, &refusal{"The private key is not supported: it must be unencrypted and in PEM format."}
	}
	public, comparable := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(leaf.PublicKey) {
		return nil, &refusal{"The certificate and the private key do not belong together."}
	}
	if now.After(leaf.NotAfter) {
		return nil, &refusal{"The certificate has expired."}
	}
	return &pair{leaf, algorithm}, checkChain(leaf, chain)
}

// checkChain: each certificate of the chain has signed the one before.
func checkChain(leaf *x509.Certificate, chain []byte) error {
	issuers, err := parseCertificates(chain)
	if err != nil || len(issuers) > maxChainLength || len(issuers) == 0 && len(bytes.TrimSpace(chain)) > 0 {
		return &refusal{"The certificate chain is not valid."}
	}
	for _, issuer := range issuers {
		if leaf.CheckSignatureFrom(issuer) != nil {
			return &refusal{"Could not validate the certificate with the certificate chain."}
		}
		leaf = issuer
	}
	return nil
}

// parseCertificates reads the certificates of PEM text.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if len(bytes.TrimSpace(rest)) > 0 {
				return nil, errors.New("text that is no PEM block")
			}
			return all, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of another type")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse a certificate: %w", err)
		}
		if all = append(all, certificate); len(all) > maxChainLength {
			return all, nil
		}
	}
}

// parseKey reads a private key of the forms that AWS takes.
func parseKey(text []byte) (crypto.Signer, error) {
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("no private key")
		}
		var parsed any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			parsed, err = x509.ParseECPrivateKey(block.Bytes)
		case "EC PARAMETERS": // what openssl writes before the key
			continue
		}
		signer, is := parsed.(crypto.Signer)
		if err != nil || !is {
			return nil, errors.New("no private key of a known form")
		}
		return signer, nil
	}
}

// keyAlgorithm names a public key as ACM does.
func keyAlgorithm(public crypto.PublicKey) (string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		name := fmt.Sprintf("RSA_%d", k.N.BitLen())
		if slices.Contains([]string{acmapi.KeyAlgorithmRsa2048, acmapi.KeyAlgorithmRsa3072, acmapi.KeyAlgorithmRsa4096}, name) {
			return name, nil
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return acmapi.KeyAlgorithmEcPrime256v1, nil
		case elliptic.P384():
			return acmapi.KeyAlgorithmEcSecp384r1, nil
		case elliptic.P521():
			return acmapi.KeyAlgorithmEcSecp521r1, nil
		}
	}
	return "", errors.New("unsupported key")
}

// makeKey makes a key pair of an algorithm, in PEM.
func makeKey(algorithm string) (crypto.Signer, string, error) {
	var signer crypto.Signer
	var err error
	switch algorithm {
	case acmapi.KeyAlgorithmRsa2048:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case acmapi.KeyAlgorithmEcPrime256v1:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case acmapi.KeyAlgorithmEcSecp384r1:
		signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		return nil, "", &refusal{"The key algorithm is not supported for requested certificates."}
	}
	if err != nil {
		return nil, "", fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, "", fmt.Errorf("encode a key: %w", err)
	}
	return signer, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// namesOf gives the DNS names of a certificate; one without any has its
// subject's common name, as ACM shows it.
func namesOf(leaf *x509.Certificate) []string {
	var names []string
	for _, name := range leaf.DNSNames {
		if name = strings.ToLower(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = []string{strings.ToLower(leaf.Subject.CommonName)}
	}
	return names
}
