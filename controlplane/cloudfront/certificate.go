package cloudfront

import (
	"context"
	"errors"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// Certificate is what rules look at in a server certificate.
type Certificate struct {
	Names []string // DNS names, lower case; "*." for one label

	// Key and Revision are of the certificate's record in the store: what begins
	// to use it demands that it is still there. "": nobody deletes it.
	Key      string
	Revision int64
}

// ErrNoCertificate is what Options.Certificate answers for a certificate that
// does not exist or cannot be used.
var ErrNoCertificate = errors.New("no such certificate")

// KindCertificate is the family under which users of a certificate are noted;
// the certificates themselves are another service's. Name: <escaped ARN or id>.
const KindCertificate Kind = "certificates"

// CertificateUsersKey is the key of a [UsersRecord] for a certificate; a
// certificate that nothing uses has none.
func CertificateUsersKey(account, reference string) string {
	return recordUsersKey(account, KindCertificate, escape(reference))
}

// certificateOf gives the certificate that a distribution names: an ACM ARN, an
// IAM id or "".
func certificateOf(config *cloudfrontapi.DistributionConfig) string {
	if config.ViewerCertificate == nil {
		return ""
	}
	if arn := value(config.ViewerCertificate.ACMCertificateArn); arn != "" {
		return arn
	}
	return value(config.ViewerCertificate.IAMCertificateId)
}

// findCertificate gives a certificate that must exist; nil when nobody knows
// what there is.
func (s *Service) findCertificate(ctx context.Context, account, reference string) (*Certificate, error) {
	if s.certificate == nil {
		return nil, nil
	}
	found, err := s.certificate(ctx, account, reference)
	if errors.Is(err, ErrNoCertificate) {
		return nil, noCertificate()
	}
	if err != nil {
		return nil, internalError(err)
	}
	return &found, nil
}

// checkCertificate demands that the certificate a configuration names exists
// and covers its aliases, and that it still does when the change is made.
func (s *Service) checkCertificate(ctx context.Context, c *change, account string, config *cloudfrontapi.DistributionConfig) error {
	reference := certificateOf(config)
	if reference == "" {
		return nil
	}
	found, err := s.findCertificate(ctx, account, reference)
	if err != nil || found == nil {
		return err
	}
	for _, alias := range config.Aliases.Items {
		if !covers(found.Names, alias) {
			return notCovered()
		}
	}
	c.keepCertificate(found)
	return nil
}

// keepCertificate demands that a certificate is still there when the change is
// made.
func (c *change) keepCertificate(found *Certificate) {
	if found.Key != "" {
		c.expect(found.Key, found.Revision)
	}
}

// covers tells whether one of a certificate's names is a host name, or the
// wildcard above it (RFC 9525 section 6.3). A wildcard alias needs the same
// wildcard.
func covers(names []string, host string) bool {
	host = strings.ToLower(host)
	_, parent, _ := strings.Cut(host, ".")
	for _, name := range names {
		if name == host || name == "*."+parent {
			return true
		}
	}
	return false
}

// Texts: reference/cloudfront.md 1.7.
func noCertificate() error {
	return cloudfrontapi.InvalidViewerCertificate("The specified SSL certificate doesn't exist, isn't in us-east-1 " +
		"region, isn't valid, or doesn't include a valid certificate chain.")
}

const notCoveredText = "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) " +
	"that you're trying to add. For more details, see: " +
	"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements"

func notCovered() error { return cloudfrontapi.InvalidViewerCertificate(notCoveredText) }

// CertificateUsers gives the ARNs of the distributions and tenants of an
// account that use a certificate, named by ACM's ARN or IAM's id. It looks for
// tenants only where there are some. While unchanged holds in the store, nothing
// has begun to use it.
func (s *Service) CertificateUsers(ctx context.Context, account, reference string) (arns []string, unchanged []store.Compare, err error) {
	users, revision, err := read[UsersRecord](ctx, s, CertificateUsersKey(account, reference))
	if err != nil {
		return nil, nil, err
	}
	count, countRevision, err := read[UseCountRecord](ctx, s, CertificateTenantsKey(account, reference))
	if err != nil {
		return nil, nil, err
	}
	unchanged = []store.Compare{
		{Key: CertificateUsersKey(account, reference), ModRevision: revision},
		{Key: CertificateTenantsKey(account, reference), ModRevision: countRevision},
	}
	call := &api.Call{Context: ctx, Account: account}
	if users != nil {
		for _, id := range users.Distributions {
			arns = append(arns, distributionARN(call, id))
		}
	}
	if count == nil {
		return arns, unchanged, nil
	}
	family := s.tenantFamily()
	page, err := family.list(call, pageQuery{}, func(r *EntityRecord[tenantConfig]) bool {
		return slices.Contains(r.Config.certificates(), reference)
	})
	for _, tenant := range page.items {
		arns = append(arns, family.arn(call, tenant.ID))
	}
	return arns, unchanged, err
}
