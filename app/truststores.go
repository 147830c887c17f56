package app

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Limits of a truststore (reference/api-gateway.md section 8).
const (
	maxTruststoreBytes        = 1 << 20
	maxTruststoreCertificates = 1000
)

// truststores are the files that stand in for the objects on S3 with which
// custom domains do mutual TLS. A file that changes is read again.
type truststores struct {
	files map[string]string // by "s3://bucket/key" or "s3://bucket/key?versionId=V"
	now   func() time.Time

	mu   sync.Mutex
	read map[string]truststore // by file
}

// truststore is a file as it was read last.
type truststore struct {
	modified time.Time
	size     int64
	pool     *x509.CertPool
	warnings []string
}

// newTruststores reads the settings, "s3://bucket/key[?versionId=V]=FILE" each,
// and every file once.
func newTruststores(settings []string, now func() time.Time) (*truststores, error) {
	t := &truststores{files: make(map[string]string), now: now, read: make(map[string]truststore)}
	for _, setting := range settings {
		object, file, err := parseTruststore(setting)
		if err != nil {
			return nil, err
		}
		if _, err := t.load(file); err != nil {
			return nil, fmt.Errorf("--truststore %s: %w", setting, err)
		}
		t.files[object] = file
	}
	return t, nil
}

func parseTruststore(setting string) (object, file string, err error) {
	cut := strings.LastIndexByte(setting, '=')
	if cut < 0 || !strings.HasPrefix(setting, "s3://") || cut == len(setting)-1 || strings.HasSuffix(setting[:cut], "?versionId") {
		return "", "", fmt.Errorf("--truststore %q: write s3://BUCKET/KEY=FILE or s3://BUCKET/KEY?versionId=V=FILE", setting)
	}
	return setting[:cut], setting[cut+1:], nil
}

// file finds the file for a version of an object. An object that is mapped
// without versions has that file as all of its versions.
func (t *truststores) file(uri, version string) (string, bool) {
	if version != "" {
		if file, ok := t.files[uri+"?versionId="+version]; ok {
			return file, true
		}
		for object := range t.files {
			if strings.HasPrefix(object, uri+"?versionId=") {
				return "", false
			}
		}
	}
	file, ok := t.files[uri]
	return file, ok
}

// pool is the certificates that callers must come from; nil: not to be had.
func (t *truststores) pool(uri, version string) *x509.CertPool {
	file, ok := t.file(uri, version)
	if !ok {
		return nil
	}
	store, err := t.load(file)
	if err != nil {
		return nil // whoever calls is refused; load's warnings say why
	}
	return store.pool
}

// warnings are a domain's truststoreWarnings.
func (t *truststores) warnings(uri, version string) []string {
	file, ok := t.file(uri, version)
	if !ok {
		return []string{"No --truststore maps " + uri + " to a file: every caller is refused."}
	}
	store, err := t.load(file)
	if err != nil {
		return []string{"The truststore cannot be used, every caller is refused: " + err.Error()}
	}
	return store.warnings
}

// load reads a file, unless it is as it was.
func (t *truststores) load(file string) (truststore, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := os.Stat(file)
	if err != nil {
		return truststore{}, err
	}
	if known, ok := t.read[file]; ok && known.modified.Equal(info.ModTime()) && known.size == info.Size() {
		return known, nil
	}
	if info.Size() > maxTruststoreBytes {
		return truststore{}, fmt.Errorf("%s: larger than %d bytes", file, maxTruststoreBytes)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return truststore{}, err
	}
	store, err := parseTrusted(text, t.now())
	if err != nil {
		return truststore{}, fmt.Errorf("%s: %w", file, err)
	}
	store.modified, store.size = info.ModTime(), info.Size()
	t.read[file] = store
	return store, nil
}

// parseTrusted reads a bundle in PEM. What is no valid certificate now is a
// warning, as on AWS.
func parseTrusted(text []byte, now time.Time) (truststore, error) {
	store := truststore{pool: x509.NewCertPool()}
	for n := 1; ; n++ {
		block, rest := pem.Decode(text)
		if block == nil {
			if n == 1 {
				return store, errors.New("no PEM certificate in it")
			}
			return store, nil
		}
		if n > maxTruststoreCertificates {
			return store, fmt.Errorf("more than %d certificates", maxTruststoreCertificates)
		}
		text = rest
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			store.warnings = append(store.warnings, fmt.Sprintf("Certificate %d of the truststore is invalid.", n))
		case now.After(certificate.NotAfter):
			store.warnings = append(store.warnings, fmt.Sprintf("Certificate %d of the truststore (%s) has expired.", n, certificate.Subject))
		}
		if err == nil {
			store.pool.AddCert(certificate)
		}
	}
}
