package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// The path of the cached object, and the User-Agent of every request.
const (
	objectPath = "/object-1k"
	userAgent  = "drawbridge-bench"
)

// target is what a load asks for and what it must get.
type target struct {
	addr  string         // IP:port
	host  string         // Host, :authority and TLS server name
	path  string         // "": objectPath
	send  []field        // further header fields of the request, names in lower case
	roots *x509.CertPool // authorities of the server's certificate; TLS only
	body  []byte         // the only right body
	see   func(answer)   // nil, or gets every answer
}

func (t target) requestPath() string {
	if t.path == "" {
		return objectPath
	}
	return t.path
}

// field is a header field of an answer.
type field struct{ Name, Value string }

// answer is an answer seen as a whole; loads do not keep them.
type answer struct {
	status int
	fields []field // in the order of arrival, pseudo-header fields left out
}

// size is what the fields weigh: bytes of names and values.
func (a answer) size() int {
	n := 0
	for _, f := range a.fields {
		n += len(f.Name) + len(f.Value)
	}
	return n
}

const (
	dialTimeout = 5 * time.Second
	// stallTimeout is how long a busy connection may go without an answer.
	stallTimeout = 5 * time.Second
	// maxHead bounds the head of an answer.
	maxHead = 16 << 10
)

// tlsConfig asks for what makes two servers comparable: TLS 1.3 and a group
// that both have, and no resumption, which would spare one of them work. The
// client's list of TLS 1.3 cipher suites cannot be set in Go, so checkTLS
// refuses any other outcome.
func tlsConfig(t target) *tls.Config {
	return &tls.Config{
		ServerName: t.host, RootCAs: t.roots, NextProtos: []string{"h2"},
		MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519},
	}
}

// checkTLS refuses a handshake that another server's would not compare to.
func checkTLS(s tls.ConnectionState) error {
	if s.NegotiatedProtocol != "h2" {
		return fmt.Errorf("the server chose protocol %q, not h2", s.NegotiatedProtocol)
	}
	if s.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		return fmt.Errorf("the server chose %s, not TLS_AES_128_GCM_SHA256", tls.CipherSuiteName(s.CipherSuite))
	}
	key, ok := s.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return fmt.Errorf("the server's certificate has no P-256 key")
	}
	return nil
}
