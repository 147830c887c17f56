package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func trustedPEM(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.AddDate(-1, 0, 0), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestTruststores(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "trust.pem")
	write := func(text string, modified time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	write(trustedPEM(t, now.AddDate(1, 0, 0))+trustedPEM(t, now.AddDate(0, 0, -1))+"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", now)
	trust, err := newTruststores([]string{"s3://b/k=" + file}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	pool := trust.pool("s3://b/k", "")
	if pool == nil || pool != trust.pool("s3://b/k", "any") || trust.pool("s3://b/other", "") != nil {
		t.Error("the wrong objects are mapped")
	}
	if got := strings.Join(trust.warnings("s3://b/k", ""), " "); !strings.Contains(got, "Certificate 2 of the truststore () has expired.") || !strings.Contains(got, "Certificate 3 of the truststore is invalid.") {
		t.Errorf("warnings %q", got)
	}
	write(trustedPEM(t, now.AddDate(1, 0, 0)), now.Add(time.Second))
	if next := trust.pool("s3://b/k", ""); next == nil || next == pool || len(trust.warnings("s3://b/k", "")) != 0 {
		t.Error("a file that changed was not read again")
	}
	write("nothing", now.Add(2*time.Second))
	if trust.pool("s3://b/k", "") != nil || len(trust.warnings("s3://b/k", "")) != 1 {
		t.Error("a file without a certificate lets somebody in")
	}
	write(strings.Repeat("x", maxTruststoreBytes+1), now.Add(3*time.Second))
	if trust.pool("s3://b/k", "") != nil {
		t.Error("a file that is too large was read")
	}
	for _, bad := range []string{"", "k=f", "s3://b/k", "s3://b/k=", "s3://b/k?versionId=f"} {
		if _, _, err := parseTruststore(bad); err == nil {
			t.Errorf("%q is taken for a truststore", bad)
		}
	}
}
