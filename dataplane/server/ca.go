package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// CA is the local certificate authority: it signs leaves for names the program
// owns and nothing else (path length 0). Clients are told about it by its
// certificate, never by the system's trust store (design.md section 2, TLS).
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

const (
	caLife   = 10 * 365 * 24 * time.Hour
	leafLife = 397 * 24 * time.Hour // browsers refuse more than 398 days
	// leafRenew is how long before its end a leaf is replaced.
	leafRenew = 30 * 24 * time.Hour
	// clockSkew is how far a client's clock may be behind ours.
	clockSkew = time.Hour

	caKeyFile  = "ca.key"
	caCertFile = "ca.pem"
)

// CAOptions say where the authority is kept.
type CAOptions struct {
	Folder string // "" keeps it in memory
	Now    func() time.Time
}

// NewCA returns the authority kept in a folder, made on first use: the folder
// is private (0700) and so is the key (0600).
func NewCA(o CAOptions) (*CA, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	dir, now := o.Folder, o.Now()
	if dir == "" {
		key, err := newKey()
		if err != nil {
			return nil, err
		}
		return newCA(key, now)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the local CA: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the local CA: %w", err)
	}
	key, err := openKey(dir)
	if err != nil {
		return nil, fmt.Errorf("key of the local CA: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, caCertFile))
	if errors.Is(err, fs.ErrNotExist) {
		ca, err := newCA(key, now)
		if err != nil {
			return nil, err
		}
		return ca, writeFile(dir, caCertFile, ca.pem, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate of the local CA: %w", err)
	}
	return loadCA(key, data)
}

// openKey loads the key, or makes one where there is neither key nor certificate.
func openKey(dir string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, caKeyFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, caCertFile)); err == nil {
			return nil, fmt.Errorf("%s is missing beside %s: remove both to make a new authority", path, caCertFile)
		}
		return createKey(dir)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an ECDSA key", path)
	}
	return key, nil
}

func createKey(dir string) (*ecdsa.PrivateKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return key, writeFile(dir, caKeyFile, data, 0o600)
}

// writeFile puts a file in place whole or not at all.
func writeFile(dir, name string, data []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), filepath.Join(dir, name))
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func newCA(key *ecdsa.PrivateKey, now time.Time) (*CA, error) {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	// Two authorities of one machine must differ in name, or clients that trust
	// both try the wrong one.
	id := sha256.Sum256(point)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Drawbridge local CA " + hex.EncodeToString(id[:4])},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	return loadCA(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func loadCA(key *ecdsa.PrivateKey, data []byte) (*CA, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("certificate of the local CA: no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate of the local CA: %w", err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("certificate of the local CA does not belong to its key")
	}
	return &CA{cert: cert, key: key, pem: data}, nil
}

// PEM returns the authority's certificate as clients read it (ca.pem).
func (ca *CA) PEM() []byte { return ca.pem }

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}

// issue signs a leaf for one name, and for addresses where the client named none.
func (ca *CA) issue(name string, addrs []netip.Addr, now time.Time) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	der, err := ca.sign([]string{name}, addrs, &key.PublicKey, now)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// Sign signs a leaf for a key that is kept elsewhere: a certificate that was
// requested in ACM. It returns the leaf and the authority's own certificate in
// PEM. The caller has checked the names.
func (ca *CA) Sign(names []string, public crypto.PublicKey, now time.Time) (leaf, chain []byte, err error) {
	der, err := ca.sign(names, nil, public, now)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), ca.pem, nil
}

// sign makes a leaf in DER.
func (ca *CA) sign(names []string, addrs []netip.Addr, public crypto.PublicKey, now time.Time) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	start := now.Add(-clockSkew)
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"Drawbridge"}},
		DNSNames:     names,
		NotBefore:    start,
		NotAfter:     start.Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, a := range addrs {
		template.IPAddresses = append(template.IPAddresses, net.IP(a.AsSlice()))
	}
	return x509.CreateCertificate(rand.Reader, template, ca.cert, public, ca.key)
}
