package certificates_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/api/iamapi"
	"drawbridge/controlplane/certificates"
	"drawbridge/store"
	"drawbridge/store/memory"
)

const account = "111122223333"

var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func call(region string) *api.Call {
	return &api.Call{Context: context.Background(), Account: account, Region: region, Partition: "aws", Now: now}
}

// authority is a CA for tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(9000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) sign(names []string, public crypto.PublicKey, at time.Time) (leaf, chain []byte, err error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: names, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), a.pem, err
}

// pair is a leaf for some names with its key.
func (a *authority) pair(t testing.TB, at time.Time, names ...string) (leaf, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, _, err = a.sign(names, &private.PublicKey, at); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return leaf, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

func newStore(t testing.TB, ca *authority, users ...string) *certificates.Store {
	t.Helper()
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	s, err := certificates.New(certificates.Options{Store: st, Sign: ca.sign,
		Users: func(context.Context, string, string) (certificates.Users, error) {
			return certificates.Users{ARNs: users}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantError(t testing.TB, err error, code string, status int, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) || e.Code != code || e.Status != status || text != "" && e.Message != text {
		t.Errorf("got %v, want %s (%d): %s", err, code, status, text)
	}
}

func TestNewNeedsAStore(t *testing.T) {
	if _, err := certificates.New(certificates.Options{}); err == nil {
		t.Fatal("made without a store")
	}
}

// TestImportRefuses: each with its text, none of which holds anything of the key.
func TestImportRefuses(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	leaf, key := ca.pair(t, now, "a.example.com")
	expired, expiredKey := ca.pair(t, now.Add(-48*time.Hour), "a.example.com")
	_, otherKey := ca.pair(t, now, "a.example.com")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak, _, err := ca.sign([]string{"a.example.com"}, &small.PublicKey, now)
	if err != nil {
		t.Fatal(err)
	}
	const form = "The certificate field must contain a certificate in PEM format."
	for _, test := range []struct {
		name             string
		leaf, key, chain []byte
		text             string
	}{
		{"nothing", nil, nil, nil, form},
		{"no PEM", []byte("x"), key, nil, form},
		{"key for a certificate", key, key, nil, form},
		{"two", append(append([]byte{}, leaf...), ca.pem...), key, nil,
			"The certificate field contains more than one certificate. You can specify only one certificate in this field."},
		{"no key", leaf, nil, nil, "The private key is not supported: it must be unencrypted and in PEM format."},
		{"certificate for a key", leaf, leaf, nil, "The private key is not supported: it must be unencrypted and in PEM format."},
		{"other key", leaf, otherKey, nil, "The certificate and the private key do not belong together."},
		{"expired", expired, expiredKey, nil, "The certificate has expired."},
		{"weak", weak, key, nil, "The key of the certificate is not supported: RSA of 2048, 3072 or 4096 bits and ECDSA are."},
		{"foreign chain", leaf, key, other.pem, "Could not validate the certificate with the certificate chain."},
		{"no chain", leaf, key, []byte("x"), "The certificate chain is not valid."},
		{"large", make([]byte, 40<<10), key, nil, "The certificate, the private key or the certificate chain is too large."},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, ca)
			_, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{
				Certificate: test.leaf, PrivateKey: test.key, CertificateChain: test.chain})
			wantError(t, err, "ValidationException", 400, test.text)
			_, err = s.IAM().UploadServerCertificate(call("us-east-1"), &iamapi.UploadServerCertificateRequest{
				ServerCertificateName: new("x"), CertificateBody: new(string(test.leaf)), PrivateKey: new(string(test.key)),
				CertificateChain: new(string(test.chain))})
			wantError(t, err, "MalformedCertificate", 400, test.text)
		})
	}
}

// TestFind: what CloudFront takes and what it does not.
func TestFind(t *testing.T) {
	ca := newAuthority(t)
	s := newStore(t, ca)
	leaf, key := ca.pair(t, now, "a.example.com", "*.B.example.com")
	imported := func(region string) string {
		out, err := s.ACM().ImportCertificate(call(region), &acmapi.ImportCertificateRequest{Certificate: leaf, PrivateKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return *out.CertificateArn
	}
	here, abroad := imported("us-east-1"), imported("eu-west-1")
	uploaded, err := s.IAM().UploadServerCertificate(call("us-east-1"), &iamapi.UploadServerCertificateRequest{
		ServerCertificateName: new("x"), CertificateBody: new(string(leaf)), PrivateKey: new(string(key))})
	if err != nil {
		t.Fatal(err)
	}
	id := *uploaded.ServerCertificateMetadata.ServerCertificateId
	for _, test := range []struct {
		account, reference string
		at                 time.Time
		found              bool
	}{
		{account, here, now, true}, {account, id, now, true},
		{account, abroad, now, false},
		{"444455556666", here, now, false}, {"444455556666", id, now, false},
		{account, here, now.Add(25 * time.Hour), false}, {account, id, now.Add(25 * time.Hour), false},
		{account, strings.Replace(here, "certificate/", "certificate/0", 1), now, false},
		{account, "arn:aws:s3:::bucket", now, false}, {account, "", now, false}, {account, "x", now, false},
	} {
		found, err := s.Find(context.Background(), test.account, test.reference, test.at)
		if err != nil || (found != nil) != test.found {
			t.Errorf("%s of %s at %v: %v, %v", test.reference, test.account, test.at, found != nil, err)
		}
		if found != nil && strings.Join(found.Names, " ") != "a.example.com *.b.example.com" {
			t.Errorf("names %v", found.Names)
		}
	}
	if err := s.IAM().DeleteServerCertificate(call(""), &iamapi.DeleteServerCertificateRequest{ServerCertificateName: new("x")}); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Find(context.Background(), account, id, now); found != nil || err != nil {
		t.Errorf("a deleted certificate was found: %v", err)
	}
}

// TestReimport keeps the ARN and the tags, and takes no requested certificate.
func TestReimport(t *testing.T) {
	ca := newAuthority(t)
	s := newStore(t, ca)
	leaf, key := ca.pair(t, now, "a.example.com")
	first, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{
		Certificate: leaf, PrivateKey: key, Tags: []acmapi.Tag{{Key: new("k"), Value: new("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	leaf, key = ca.pair(t, now, "b.example.com")
	again, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{
		Certificate: leaf, PrivateKey: key, CertificateArn: first.CertificateArn})
	if err != nil || *again.CertificateArn != *first.CertificateArn {
		t.Fatalf("%v, %v", again, err)
	}
	tags, err := s.ACM().ListTagsForCertificate(call("us-east-1"), &acmapi.ListTagsForCertificateRequest{CertificateArn: first.CertificateArn})
	if err != nil || len(tags.Tags) != 1 {
		t.Errorf("tags %v, %v", tags, err)
	}
	requested, err := s.ACM().RequestCertificate(call("us-east-1"), &acmapi.RequestCertificateRequest{
		DomainName: new("c.example.com"), KeyAlgorithm: new("EC_prime256v1")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{
		Certificate: leaf, PrivateKey: key, CertificateArn: requested.CertificateArn})
	wantError(t, err, "ValidationException", 400, "The certificate to replace was not imported.")
	_, err = s.ACM().GetCertificate(call("eu-west-1"), &acmapi.GetCertificateRequest{CertificateArn: first.CertificateArn})
	wantError(t, err, "ResourceNotFoundException", 400, "")
	_, err = s.ACM().GetCertificate(call("us-east-1"), &acmapi.GetCertificateRequest{CertificateArn: new("arn:aws:s3:::b")})
	wantError(t, err, "InvalidArnException", 400, "")
}

// TestRequest: names, keys, tokens; nobody gets a certificate for AWS's names.
func TestRequest(t *testing.T) {
	s := newStore(t, newAuthority(t)).ACM()
	for _, name := range []string{"", "localhost", "a.localhost", "192.0.2.1", "a", "*.", "*.*.example.com", "a_b.example.com",
		"cloudfront.amazonaws.com", "*.amazonaws.com", "d111111abcdef8.cloudfront.net", strings.Repeat("a.", 127) + "com"} {
		_, err := s.RequestCertificate(call("us-east-1"), &acmapi.RequestCertificateRequest{DomainName: new(name)})
		wantError(t, err, "ValidationException", 400, "")
	}
	_, err := s.RequestCertificate(call("us-east-1"), &acmapi.RequestCertificateRequest{DomainName: new("a.example.com"), KeyAlgorithm: new("RSA_4096")})
	wantError(t, err, "ValidationException", 400, "The key algorithm is not supported for requested certificates.")
	many := make([]string, 101)
	for i := range many {
		many[i] = strings.Repeat("a", i%60+1) + strings.Repeat("b", i/60) + ".example.com"
	}
	_, err = s.RequestCertificate(call("us-east-1"), &acmapi.RequestCertificateRequest{DomainName: new("x.example.com"), SubjectAlternativeNames: many})
	wantError(t, err, "LimitExceededException", 400, "")

	in := func(token string) *acmapi.RequestCertificateRequest {
		return &acmapi.RequestCertificateRequest{DomainName: new("A.example.com"), SubjectAlternativeNames: []string{"*.example.com", "a.example.com"},
			IdempotencyToken: new(token), KeyAlgorithm: new("EC_secp384r1"), ValidationMethod: new("DNS")}
	}
	request := func(at time.Time, token string) string {
		c := call("us-east-1")
		c.Now = at
		out, err := s.RequestCertificate(c, in(token))
		if err != nil {
			t.Fatal(err)
		}
		return *out.CertificateArn
	}
	first := request(now, "t")
	if request(now.Add(time.Minute), "t") != first || request(now, "u") == first || request(now.Add(2*time.Hour), "t") == first {
		t.Error("idempotency tokens do not work as ACM's")
	}
	described, err := s.DescribeCertificate(call("us-east-1"), &acmapi.DescribeCertificateRequest{CertificateArn: &first})
	if err != nil {
		t.Fatal(err)
	}
	d := described.Certificate
	if strings.Join(d.SubjectAlternativeNames, " ") != "a.example.com *.example.com" || *d.Status != "ISSUED" || *d.KeyAlgorithm != "EC-secp384r1" ||
		*d.SignatureAlgorithm != "SHA256WITHECDSA" || *d.KeyUsages[0].Name != "DIGITAL_SIGNATURE" || len(d.DomainValidationOptions) != 2 {
		t.Errorf("%+v", d)
	}
	late := call("us-east-1")
	late.Now = now.Add(9000 * time.Hour)
	if described, err = s.DescribeCertificate(late, &acmapi.DescribeCertificateRequest{CertificateArn: &first}); err != nil || *described.Certificate.Status != "EXPIRED" {
		t.Errorf("%v, %v", described, err)
	}
}

func TestInUse(t *testing.T) {
	ca := newAuthority(t)
	s := newStore(t, ca, "arn:aws:cloudfront::111122223333:distribution/E1")
	leaf, key := ca.pair(t, now, "a.example.com")
	out, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{Certificate: leaf, PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	err = s.ACM().DeleteCertificate(call("us-east-1"), &acmapi.DeleteCertificateRequest{CertificateArn: out.CertificateArn})
	wantError(t, err, "ResourceInUseException", 400, "Certificate "+*out.CertificateArn+" in account 111122223333 is in use.")
}

// TestDeletedWhileAttached: a certificate that something begins to use while it
// is being deleted stays.
func TestDeletedWhileAttached(t *testing.T) {
	ca := newAuthority(t)
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	calls := 0
	s, err := certificates.New(certificates.Options{Store: st, Sign: ca.sign, Users: func(ctx context.Context, _, _ string) (certificates.Users, error) {
		if calls++; calls > 1 {
			return certificates.Users{ARNs: []string{"arn:aws:cloudfront::111122223333:distribution/E1"}}, nil
		}
		_, err := st.Txn(ctx, store.Txn{Puts: []store.Put{{Key: "users", Value: []byte("E1")}}}) // just after the look
		return certificates.Users{Unchanged: []store.Compare{{Key: "users"}}}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	leaf, key := ca.pair(t, now, "a.example.com")
	out, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{Certificate: leaf, PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	err = s.ACM().DeleteCertificate(call("us-east-1"), &acmapi.DeleteCertificateRequest{CertificateArn: out.CertificateArn})
	wantError(t, err, "ResourceInUseException", 400, "")
}

// TestServe: the pair that viewers are shown is the one last imported.
func TestServe(t *testing.T) {
	ca := newAuthority(t)
	s := newStore(t, ca)
	leaf, key := ca.pair(t, now, "a.example.com")
	out, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{Certificate: leaf, PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	served := func() string {
		t.Helper()
		cert, err := s.Serve(t.Context(), account, *out.CertificateArn)
		if err != nil || cert == nil || cert.PrivateKey == nil {
			t.Fatalf("%v, %v", cert, err)
		}
		return string(cert.Certificate[0])
	}
	first := served()
	if served() != first {
		t.Error("another certificate without an import")
	}
	leaf, key = ca.pair(t, now, "a.example.com")
	if _, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{CertificateArn: out.CertificateArn, Certificate: leaf, PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	if served() == first {
		t.Error("the certificate imported before is served")
	}
	if cert, err := s.Serve(t.Context(), "444455556666", *out.CertificateArn); cert != nil || err != nil {
		t.Errorf("another account's: %v, %v", cert, err)
	}
}

// TestIAMNames: unique whatever their case, renamed with their id kept.
func TestIAMNames(t *testing.T) {
	ca := newAuthority(t)
	s := newStore(t, ca)
	leaf, key := ca.pair(t, now, "a.example.com")
	upload := func(name, path string) (*iamapi.UploadServerCertificateResponse, error) {
		return s.IAM().UploadServerCertificate(call(""), &iamapi.UploadServerCertificateRequest{ServerCertificateName: &name, Path: &path,
			CertificateBody: new(string(leaf)), PrivateKey: new(string(key)), Tags: []iamapi.Tag{{Key: new("k"), Value: new("v")}}})
	}
	for _, bad := range [][2]string{{"", "/"}, {"a b", "/"}, {strings.Repeat("a", 129), "/"}, {"a", "x"}, {"a", "/x"}} {
		_, err := upload(bad[0], bad[1])
		wantError(t, err, "InvalidInput", 400, "")
	}
	first, err := upload("Shop", "/cloudfront/")
	if err != nil {
		t.Fatal(err)
	}
	_, err = upload("shop", "/")
	wantError(t, err, "EntityAlreadyExists", 409, "")
	if err := s.IAM().UpdateServerCertificate(call(""), &iamapi.UpdateServerCertificateRequest{
		ServerCertificateName: new("Shop"), NewServerCertificateName: new("store"), NewPath: new("/")}); err != nil {
		t.Fatal(err)
	}
	id := *first.ServerCertificateMetadata.ServerCertificateId
	if found, err := s.Find(context.Background(), account, id, now); err != nil || found == nil || found.Name != "store" {
		t.Errorf("after the renaming: %v, %v", found, err)
	}
	_, err = s.IAM().GetServerCertificate(call(""), &iamapi.GetServerCertificateRequest{ServerCertificateName: new("Shop")})
	wantError(t, err, "NoSuchEntity", 404, "The Server Certificate with name Shop cannot be found.")
	if err := s.IAM().UntagServerCertificate(call(""), &iamapi.UntagServerCertificateRequest{ServerCertificateName: new("store"), TagKeys: []string{"k"}}); err != nil {
		t.Fatal(err)
	}
	if tags, err := s.IAM().ListServerCertificateTags(call(""), &iamapi.ListServerCertificateTagsRequest{ServerCertificateName: new("store")}); err != nil || len(tags.Tags) != 0 {
		t.Errorf("%v, %v", tags, err)
	}
	for i := range 19 {
		if _, err := upload("n"+strings.Repeat("x", i), "/"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = upload("more", "/")
	wantError(t, err, "LimitExceeded", 409, "")
}

// FuzzImport: whatever is sent, an answer comes, and no text of the key in it.
func FuzzImport(f *testing.F) {
	ca := newAuthority(f)
	leaf, key := ca.pair(f, now, "a.example.com")
	f.Add(leaf, key, ca.pem)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"), key, []byte{})
	f.Fuzz(func(t *testing.T, leaf, key, chain []byte) {
		s := newStore(t, ca)
		_, err := s.ACM().ImportCertificate(call("us-east-1"), &acmapi.ImportCertificateRequest{Certificate: leaf, PrivateKey: key, CertificateChain: chain})
		var e *api.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not an error of the API: %v", err)
		}
		if err != nil && len(key) > 80 && strings.Contains(err.Error(), string(key)) {
			t.Errorf("the error holds the key: %v", err)
		}
	})
}
