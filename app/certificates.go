package app

import (
	"context"
	"crypto/tls"
	"fmt"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/acmapi"
	"drawbridge/controlplane/certificates"
	"drawbridge/controlplane/cloudfront"
)

// certificates makes the store of ACM's and IAM's certificates; the local CA
// signs what is requested, and CloudFront knows who uses what.
func (a *App) certificates(distributions func() *cloudfront.Service) (*certificates.Store, error) {
	return certificates.New(certificates.Options{
		Store: a.store, Sign: a.ca.Sign,
		Users: func(ctx context.Context, account, reference string) (certificates.Users, error) {
			arns, unchanged, err := distributions().CertificateUsers(ctx, account, reference)
			return certificates.Users{ARNs: arns, Unchanged: unchanged}, err
		},
	})
}

// findCertificate tells CloudFront what a certificate covers.
func (a *App) findCertificate(certs *certificates.Store) func(context.Context, string, string) (cloudfront.Certificate, error) {
	return func(ctx context.Context, account, reference string) (cloudfront.Certificate, error) {
		found, err := certs.Find(ctx, account, reference, a.config.Now())
		if err != nil {
			return cloudfront.Certificate{}, fmt.Errorf("find a certificate: %w", err)
		}
		if found == nil {
			return cloudfront.Certificate{}, cloudfront.ErrNoCertificate
		}
		return cloudfront.Certificate{Names: found.Names, Key: found.Key, Revision: found.Revision}, nil
	}
}

// attachedCertificate loads what a distribution or custom domain shows its viewers. What cannot
// be loaded is said; the local CA's leaf stands in.
func (a *App) attachedCertificate(ctx context.Context, account, reference string) *tls.Certificate {
	cert, err := a.certs.Serve(ctx, account, reference)
	if err != nil {
		a.log.Error("a certificate cannot be served", "certificate", reference, "error", err)
	}
	return cert
}

// issueCertificate asks ACM for the certificate of a distribution tenant, in
// the region that CloudFront takes certificates from.
func issueCertificate(certs *certificates.Store) func(*api.Call, []string) (string, error) {
	return func(call *api.Call, domains []string) (string, error) {
		in := *call
		in.Region = "us-east-1"
		out, err := certs.ACM().RequestCertificate(&in, &acmapi.RequestCertificateRequest{
			DomainName: new(domains[0]), SubjectAlternativeNames: domains[1:], KeyAlgorithm: new(acmapi.KeyAlgorithmEcPrime256v1),
		})
		if err != nil {
			return "", err
		}
		return *out.CertificateArn, nil
	}
}
