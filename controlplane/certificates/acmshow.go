package certificates

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
)

// moment is the time of a call as ACM shows it.
func moment(call *api.Call) time.Time { return call.Now.UTC().Truncate(time.Millisecond) }

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])  // documented never to fail
	b[6] = b[6]&0x0f | 0x40 // version 4, RFC 9562 section 5.4
	b[8] = b[8]&0x3f | 0x80 // variant of RFC 9562 section 4.1
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

var hostName = regexp.MustCompile(`\A(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z`)

// requestable tells whether the local authority signs a certificate for a name:
// a domain name that is neither an address nor one of AWS's own.
func requestable(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 || !hostName.MatchString(name) {
		return false
	}
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "cloudfront.net", "aws", "localhost"} {
		if name == domain || strings.HasSuffix(name, "."+domain) {
			return false
		}
	}
	return true
}

// quoted shortens a client's text for an error message.
func quoted(text string) string {
	const most = 128
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// addTags adds pairs of key and value to tags; false: a pair is not valid.
func addTags(tags map[string]string, pairs [][2]string) (map[string]string, bool) {
	all := make(map[string]string, len(tags)+len(pairs))
	for k, v := range tags {
		all[k] = v
	}
	for _, p := range pairs {
		if p[0] == "" || utf8.RuneCountInString(p[0]) > 128 || utf8.RuneCountInString(p[1]) > 256 ||
			strings.HasPrefix(strings.ToLower(p[0]), "aws:") {
			return nil, false
		}
		all[p[0]] = p[1]
	}
	return all, true
}

// leafOf parses a stored certificate, which was checked when it was stored.
func (r *Record) leafOf() (*x509.Certificate, error) {
	leaves, err := parseCertificates([]byte(r.Certificate))
	if err != nil || len(leaves) != 1 {
		return nil, errors.Join(errors.New("stored certificate "+r.ARN+" cannot be read"), err)
	}
	return leaves[0], nil
}

func (r *Record) status(now time.Time, leaf *x509.Certificate) string {
	if now.After(leaf.NotAfter) {
		return acmapi.CertificateStatusExpired
	}
	return acmapi.CertificateStatusIssued
}

// hyphened is how DescribeCertificate and ListCertificates write algorithms.
func hyphened(algorithm string) string { return strings.ReplaceAll(algorithm, "_", "-") }

func (s ACM) detail(call *api.Call, r *Record) (*acmapi.CertificateDetail, error) {
	leaf, err := r.leafOf()
	if err != nil {
		return nil, err
	}
	users, err := s.users(call, call.Account, r.ARN)
	if err != nil {
		return nil, err
	}
	requested := r.Type == acmapi.CertificateTypeAmazonIssued
	d := &acmapi.CertificateDetail{
		CertificateArn: new(r.ARN), DomainName: new(r.DomainName), SubjectAlternativeNames: r.Names,
		Serial: new(serial(leaf)), Subject: new(leaf.Subject.String()), Issuer: new(issuer(leaf)),
		CreatedAt: new(r.Created), Status: new(r.status(call.Now, leaf)), NotBefore: new(leaf.NotBefore), NotAfter: new(leaf.NotAfter),
		KeyAlgorithm: new(hyphened(r.KeyAlgorithm)), SignatureAlgorithm: new(signatureName(leaf.SignatureAlgorithm)), Type: new(r.Type),
		InUseBy: append([]string{}, users.ARNs...), RenewalEligibility: new(acmapi.RenewalEligibilityIneligible),
	}
	for _, usage := range keyUsages(leaf) {
		d.KeyUsages = append(d.KeyUsages, acmapi.KeyUsage{Name: new(usage)})
	}
	for _, usage := range extendedUsages(leaf) {
		d.ExtendedKeyUsages = append(d.ExtendedKeyUsages, acmapi.ExtendedKeyUsage{Name: new(usage.name), OID: new(usage.oid)})
	}
	if !requested {
		d.ImportedAt = new(r.Updated)
		return d, nil
	}
	d.IssuedAt = new(r.Updated)
	d.Options = &acmapi.CertificateOptions{CertificateTransparencyLoggingPreference: new(r.CTLogging)}
	for _, name := range r.Names {
		d.DomainValidationOptions = append(d.DomainValidationOptions, validation(call.Account, name, r.ValidationMethod))
	}
	return d, nil
}

// validation shows a domain as validated, with the record that AWS would have
// looked for: tools put it into DNS.
func validation(account, name, method string) acmapi.DomainValidation {
	v := acmapi.DomainValidation{
		DomainName: new(name), ValidationDomain: new(name), ValidationStatus: new(acmapi.DomainStatusSuccess), ValidationMethod: new(method),
	}
	if method == acmapi.ValidationMethodDns {
		base := strings.TrimPrefix(name, "*.")
		sum := sha256.Sum256([]byte(account + "/" + base))
		v.ResourceRecord = &acmapi.ResourceRecord{
			Name: new("_" + hex.EncodeToString(sum[:16]) + "." + base + "."), Type: new(acmapi.RecordTypeCname),
			Value: new("_" + hex.EncodeToString(sum[16:]) + ".acm-validations.aws."),
		}
	}
	return v
}

// serial writes a serial number as ACM does: "0a:1b".
func serial(leaf *x509.Certificate) string {
	var parts []string
	for _, b := range leaf.SerialNumber.Bytes() {
		parts = append(parts, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, ":")
}

func issuer(leaf *x509.Certificate) string {
	if len(leaf.Issuer.Organization) > 0 {
		return leaf.Issuer.Organization[0]
	}
	return leaf.Issuer.CommonName
}

// signatureName writes "SHA256WITHRSA".
func signatureName(a x509.SignatureAlgorithm) string {
	switch hash, kind, _ := strings.Cut(a.String(), "-"); {
	case hash == "ECDSA":
		return kind + "WITHECDSA"
	case kind == "RSA":
		return hash + "WITHRSA"
	}
	return a.String()
}

func keyUsages(leaf *x509.Certificate) []string {
	var all []string
	for _, row := range []struct {
		bit  x509.KeyUsage
		name string
	}{
		{x509.KeyUsageDigitalSignature, acmapi.KeyUsageNameDigitalSignature},
		{x509.KeyUsageContentCommitment, acmapi.KeyUsageNameNonRepudation},
		{x509.KeyUsageKeyEncipherment, acmapi.KeyUsageNameKeyEncipherment},
		{x509.KeyUsageDataEncipherment, acmapi.KeyUsageNameDataEncipherment},
		{x509.KeyUsageKeyAgreement, acmapi.KeyUsageNameKeyAgreement},
		{x509.KeyUsageCertSign, acmapi.KeyUsageNameCertificateSigning},
		{x509.KeyUsageCRLSign, acmapi.KeyUsageNameCrlSigning},
	} {
		if leaf.KeyUsage&row.bit != 0 {
			all = append(all, row.name)
		}
	}
	return all
}

type extendedUsage struct{ name, oid string }

func extendedUsages(leaf *x509.Certificate) []extendedUsage {
	var all []extendedUsage
	for _, usage := range leaf.ExtKeyUsage {
		switch usage {
		case x509.ExtKeyUsageServerAuth:
			all = append(all, extendedUsage{acmapi.ExtendedKeyUsageNameTlsWebServerAuthentication, "1.3.6.1.5.5.7.3.1"})
		case x509.ExtKeyUsageClientAuth:
			all = append(all, extendedUsage{acmapi.ExtendedKeyUsageNameTlsWebClientAuthentication, "1.3.6.1.5.5.7.3.2"})
		}
	}
	return all
}

// maxACMPage is ACM's largest page.
const maxACMPage = 1000

// ListCertificates lists the account's certificates of a region by id. Like
// ACM it leaves out those whose key is neither RSA 2048 nor 1024 unless asked
// for by key type.
func (s ACM) ListCertificates(call *api.Call, in *acmapi.ListCertificatesRequest) (*acmapi.ListCertificatesResponse, error) {
	most := maxACMPage
	if in.MaxItems != nil {
		if most = int(*in.MaxItems); most < 1 || most > maxACMPage {
			return nil, invalidText("MaxItems must be between 1 and 1000.")
		}
	}
	records, next, err := s.page(call, section{key(call.Account, familyACM, call.Region+"/"), value(in.NextToken), most})
	if err != nil {
		return nil, err
	}
	out := &acmapi.ListCertificatesResponse{CertificateSummaryList: []acmapi.CertificateSummary{}}
	for _, r := range records {
		summary, err := s.summary(call, r)
		if err != nil {
			return nil, err
		}
		if r.listed(in, *summary.Status) {
			out.CertificateSummaryList = append(out.CertificateSummaryList, *summary)
		}
	}
	if next != "" {
		out.NextToken = new(next)
	}
	return out, nil
}

func (r *Record) listed(in *acmapi.ListCertificatesRequest, status string) bool {
	types := []string{acmapi.KeyAlgorithmRsa1024, acmapi.KeyAlgorithmRsa2048}
	if in.Includes != nil && len(in.Includes.KeyTypes) > 0 {
		types = in.Includes.KeyTypes
	}
	return slices.Contains(types, r.KeyAlgorithm) &&
		(len(in.CertificateStatuses) == 0 || slices.Contains(in.CertificateStatuses, status))
}

func (s ACM) summary(call *api.Call, r *Record) (*acmapi.CertificateSummary, error) {
	leaf, err := r.leafOf()
	if err != nil {
		return nil, err
	}
	users, err := s.users(call, call.Account, r.ARN)
	if err != nil {
		return nil, err
	}
	summary := &acmapi.CertificateSummary{
		CertificateArn: new(r.ARN), DomainName: new(r.DomainName), SubjectAlternativeNameSummaries: r.Names,
		HasAdditionalSubjectAlternativeNames: new(false), Status: new(r.status(call.Now, leaf)), Type: new(r.Type),
		KeyAlgorithm: new(hyphened(r.KeyAlgorithm)), InUse: new(len(users.ARNs) > 0), RenewalEligibility: new(acmapi.RenewalEligibilityIneligible),
		NotBefore: new(leaf.NotBefore), NotAfter: new(leaf.NotAfter), CreatedAt: new(r.Created), KeyUsages: keyUsages(leaf),
	}
	for _, usage := range extendedUsages(leaf) {
		summary.ExtendedKeyUsages = append(summary.ExtendedKeyUsages, usage.name)
	}
	if r.Type == acmapi.CertificateTypeImported {
		summary.ImportedAt = new(r.Updated)
	} else {
		summary.IssuedAt = new(r.Updated)
	}
	return summary, nil
}
