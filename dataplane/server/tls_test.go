package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/program"
)

// tlsServer returns the address of a server with a CA in memory, and the pool
// that trusts it.
func tlsServer(t *testing.T, change func(*Options)) (addr string, pool *x509.CertPool) {
	t.Helper()
	ca, err := NewCA(CAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(echo)
	o.Now, o.CA = nil, ca
	if change != nil {
		change(&o)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM())
	return listen(t, newTestServer(t, o), AllRoles), pool
}

func handshake(addr string, config *tls.Config) (*tls.Conn, error) {
	return tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", addr, config)
}

// TestTLSNames does real handshakes: leaves only for names that are ours.
func TestTLSNames(t *testing.T) {
	addr, pool := tlsServer(t, func(o *Options) { o.Rules.ControlHosts = []string{"bridge.internal"} })
	for _, name := range []string{"d1aaaaaaaaaaaa.cloudfront.net", "www.example.com", "x.wild.example.com", "api.example.com",
		"abc123defg.execute-api.us-east-1.amazonaws.com", "d-abcdef1234.execute-api.us-east-1.amazonaws.com",
		"abc123defg.execute-api.localhost.localstack.cloud", "localhost", "anything.localhost", "e1aaaaaaaaaaaa.cloudfront.localhost",
		"apigateway.us-east-1.amazonaws.com", "cloudfront.amazonaws.com", "bridge.internal", "drawbridge", "WWW.Example.com"} {
		nc, err := handshake(addr, &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		leaf := nc.ConnectionState().PeerCertificates[0]
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 398*24*time.Hour {
			t.Errorf("%s: lives %v", name, life)
		}
		if len(leaf.DNSNames) != 1 || leaf.DNSNames[0] != strings.ToLower(name) || leaf.IsCA {
			t.Errorf("%s: %v", name, leaf.DNSNames)
		}
		nc.Close()
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, name := range []string{"other.example", "d9.cloudfront.net", "a.b.wild.example.com", "example.com",
			"nope.execute-api.us-east-1.amazonaws.com", "localhost.evil.example"} {
			_, err := handshake(addr, &tls.Config{RootCAs: pool, ServerName: name, MaxVersion: version})
			if err == nil || err.Error() != "remote error: tls: unrecognized name" { // alert 112
				t.Errorf("%s: %v, want unrecognized_name", name, err)
			}
		}
	}
}

// TestTLSWithoutName: no SNI gets localhost and the listener's address.
func TestTLSWithoutName(t *testing.T) {
	addr, pool := tlsServer(t, nil)
	nc, err := handshake(addr, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}) // an address is never sent
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	leaf := nc.ConnectionState().PeerCertificates[0]
	if leaf.VerifyHostname("localhost") != nil || leaf.VerifyHostname("127.0.0.1") != nil {
		t.Errorf("%v %v", leaf.DNSNames, leaf.IPAddresses)
	}
}

// TestOperatorsCertificates take precedence over the CA's leaves.
func TestOperatorsCertificates(t *testing.T) {
	theirs, err := NewCA(CAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := theirs.issue("*.example.com", nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	addr, pool := tlsServer(t, func(o *Options) { o.Certificates = []tls.Certificate{*cert} })
	theirPool := x509.NewCertPool()
	theirPool.AppendCertsFromPEM(theirs.PEM())
	for name, trust := range map[string]*x509.CertPool{"www.example.com": theirPool, "not-even-ours.example.com": theirPool, "localhost": pool} {
		nc, err := handshake(addr, &tls.Config{RootCAs: trust, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		nc.Close()
	}
}

// TestAttachedCertificates: an alias shows the certificate that its distribution
// names, if that can be had and covers it, and speaks what its policy begins with.
func TestAttachedCertificates(t *testing.T) {
	theirs, err := NewCA(CAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := theirs.issue("www.attached.example", nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	one := func(id, alias, reference string, version uint16) *program.Distribution {
		return &program.Distribution{ID: id, Account: "111122223333", DomainName: strings.ToLower(id) + ".cloudfront.net", Enabled: true,
			Aliases: []string{alias}, Certificate: reference, MinTLS: version}
	}
	change := program.EdgeChange{Distributions: map[string]*program.Distribution{
		"E1": one("E1", "www.attached.example", "arn:of-it", 0), "E2": one("E2", "not-covered.example", "arn:of-it", 0),
		"E3": one("E3", "gone.example", "arn:gone", 0), "E4": one("E4", "new.example", "", tls.VersionTLS13),
	}}
	addr, pool := tlsServer(t, func(o *Options) {
		o.EdgeLocations = []*program.Location[program.Edge]{program.NewLocation("NRT57-P2", new(program.Edge).With(1, change))}
		o.Attached = func(_ context.Context, account, reference string) *tls.Certificate {
			if account != "111122223333" || reference != "arn:of-it" {
				return nil
			}
			return attached
		}
	})
	theirPool := x509.NewCertPool()
	theirPool.AppendCertsFromPEM(theirs.PEM())
	for _, test := range []struct {
		name    string
		trust   *x509.CertPool
		most    uint16
		refused bool
	}{
		{"www.attached.example", theirPool, 0, false},
		{"e1.cloudfront.net", pool, 0, false}, // the certificate is for the alias
		{"not-covered.example", pool, 0, false},
		{"gone.example", pool, 0, false},
		{"new.example", pool, 0, false},
		{"new.example", pool, tls.VersionTLS12, true},
		{"gone.example", pool, tls.VersionTLS12, false},
	} {
		nc, err := handshake(addr, &tls.Config{RootCAs: test.trust, ServerName: test.name, MaxVersion: test.most})
		if (err != nil) != test.refused {
			t.Errorf("%s, at most %x: %v", test.name, test.most, err)
		}
		if err == nil {
			nc.Close()
		}
	}
}

// TestMisdirected: TLS for one distribution, Host of another.
func TestMisdirected(t *testing.T) {
	addr, pool := tlsServer(t, nil)
	nc, err := handshake(addr, &tls.Config{RootCAs: pool, ServerName: "d1aaaaaaaaaaaa.cloudfront.net"})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: d2bbbbbbbbbbbb.cloudfront.net\r\n\r\nGET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	r := bufio.NewReader(nc)
	resp, body := readResponse(t, r)
	if resp.StatusCode != 421 || !strings.Contains(body, "<title>421 Misdirected Request</title>") ||
		!strings.Contains(body, "<hr><center>CloudFront</center>") || resp.Header.Get("Server") != "CloudFront" {
		t.Errorf("%v %q", resp, body)
	}
	if resp, _ := readResponse(t, r); resp.StatusCode != 200 {
		t.Errorf("the connection's own distribution: %v", resp)
	}
}

func TestNoTLSWithoutCertificates(t *testing.T) {
	addr := listen(t, newTestServer(t, testOptions(echo)), AllRoles)
	if nc, err := handshake(addr, &tls.Config{InsecureSkipVerify: true}); err == nil {
		nc.Close()
		t.Error("a handshake without a certificate")
	}
}

func TestCAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	ca, err := NewCA(CAOptions{Folder: dir})
	if err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "ca.key"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	if !ca.cert.IsCA || !ca.cert.MaxPathLenZero || ca.cert.MaxPathLen != 0 {
		t.Errorf("path length %d", ca.cert.MaxPathLen)
	}
	again, err := NewCA(CAOptions{Folder: dir})
	if err != nil || string(again.PEM()) != string(ca.PEM()) {
		t.Errorf("another authority on the second start: %v", err)
	}
	// A start that broke off between key and certificate is mended.
	os.Remove(filepath.Join(dir, "ca.pem"))
	if again, err = NewCA(CAOptions{Folder: dir}); err != nil || !again.key.Equal(ca.key) {
		t.Errorf("key without certificate: %v", err)
	}
	os.Remove(filepath.Join(dir, "ca.key"))
	if _, err := NewCA(CAOptions{Folder: dir}); err == nil {
		t.Error("a certificate without its key is silently replaced")
	}
}

// TestLeavesAreRenewedAndBounded looks at the cache with a clock of its own.
func TestLeavesAreRenewedAndBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ca, err := NewCA(CAOptions{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(echo)
	o.CA, o.Now = ca, func() time.Time { return now }
	c := newTestServer(t, o).certs
	first, _ := c.leaf("localhost", netip.Addr{})
	if again, _ := c.leaf("localhost", netip.Addr{}); again != first {
		t.Error("not cached")
	}
	now = now.Add(360 * 24 * time.Hour)
	if again, _ := c.leaf("localhost", netip.Addr{}); again != first {
		t.Error("renewed too early")
	}
	now = now.Add(10 * 24 * time.Hour)
	renewed, _ := c.leaf("localhost", netip.Addr{})
	if renewed == first || len(c.leaves) != 1 || c.recent.Len() != 1 {
		t.Errorf("not renewed, or kept twice: %d %d", len(c.leaves), c.recent.Len())
	}
	for i := range maxLeaves {
		key := fmt.Sprint("filler ", i) // what an LRU is about is its book-keeping; signing 10 000 leaves is not
		c.leaves[key] = c.recent.PushFront(&leaf{key, renewed})
	}
	delete(c.leaves, "filler 0") // make room for one
	c.recent.Remove(c.recent.Back().Prev())
	c.leaf("one-more", netip.Addr{})
	if len(c.leaves) > maxLeaves || c.leaves["localhost"] != nil || c.leaves["one-more"] == nil {
		t.Errorf("%d leaves", len(c.leaves))
	}
}

// TestSniffing: one port, four ways to begin.
func TestSniffing(t *testing.T) {
	addr, _ := tlsServer(t, nil)
	for first, want := range map[string]string{
		"PUT / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\nContent-Length: 0\r\n\r\n": "HTTP/1.1 200 OK",
		"PRI / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n":                      "HTTP/1.1 200 OK",
		"PRI * HTTP/2.0\r\n\r\nSX":  "HTTP/1.1 400 ",
		"\x00\x01\x02\r\n\r\n":      "HTTP/1.1 400 ",
		"\x16\x03\x01\x00\x05hello": "\x15\x03", // an alert
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x01\x06\x00\x00\x00\x00\x00x": "\x00\x00", // frames
	} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(nc, first)
		got, _ := io.ReadAll(nc)
		nc.Close()
		if !strings.HasPrefix(string(got), want) {
			t.Errorf("%q: %q", first, got)
		}
	}
}
