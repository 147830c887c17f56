package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ownCertificate writes a self-signed certificate for name and returns CERT:KEY.
func ownCertificate(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the operator"}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem") + ":" + filepath.Join(dir, "key.pem")
}

func TestOperatorsOwnCertificatesTakePrecedence(t *testing.T) {
	config := Config{
		Listen: []string{"127.0.0.1:0"}, Data: MemoryData, Account: "000000000000", Region: "us-east-1", Wording: "current",
		EdgeAddress: "64.252.64.1", CacheSize: 1 << 20, AccessLog: "off", DrainTimeout: time.Second,
		Stderr: io.Discard, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		TLSCertificates: []string{ownCertificate(t, "own.localhost")},
	}
	ctx, stop := context.WithCancel(t.Context())
	a, err := New(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	for name, issuer := range map[string]string{"own.localhost": "the operator", "other.localhost": "Drawbridge local CA"} {
		conn, err := tls.Dial("tcp", a.listeners[0].Addr().String(), &tls.Config{ServerName: name, InsecureSkipVerify: true}) // who issued it is looked at below
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.ConnectionState().PeerCertificates[0].Issuer.CommonName; !strings.HasPrefix(got, issuer) {
			t.Errorf("%s: a certificate by %q, want %q", name, got, issuer)
		}
		_ = conn.Close()
	}
	config.TLSCertificates = []string{"nothing.pem"}
	if _, err := New(ctx, config); err == nil || !strings.Contains(err.Error(), "--tls-certificate") {
		t.Errorf("a certificate without its key: %v", err)
	}
}
