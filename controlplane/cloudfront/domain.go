package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// dropTenantDomain notes in a change that a tenant no longer has a domain; its
// last one it keeps.
func (s *Service) dropTenantDomain(call *api.Call, c *change, from holder) error {
	family := s.tenantFamily()
	source, err := family.find(call, call.Account, from.id)
	if err != nil {
		return err
	}
	config := source.Config
	other := func(domain string) bool { return domain == from.domain }
	config.Domains = slices.DeleteFunc(slices.Clone(config.Domains), other)
	config.ActiveDomains = slices.DeleteFunc(slices.Clone(config.ActiveDomains), other)
	if len(config.Domains) == 0 {
		return cloudfrontapi.IllegalUpdate("The domain name is the last one of its distribution tenant.")
	}
	family.replace(call, c, source, config)
	return nil
}

// UpdateDomainAssociation moves a domain to a distribution or a tenant, from
// another one of the same account.
func (s *Service) UpdateDomainAssociation(call *api.Call, in *cloudfrontapi.UpdateDomainAssociationRequest) (*cloudfrontapi.UpdateDomainAssociationResult, error) {
	domain := strings.ToLower(value(in.Domain))
	if !aliasAllowed(domain) {
		return nil, badParameter("Domain is not valid.")
	}
	id, isTenant, err := resourceID(in.TargetResource)
	if err != nil {
		return nil, err
	}
	etag := ""
	_, err = s.write(call, func(c *change) error {
		if isTenant {
			etag, err = s.moveToTenant(call, c, domain, in)
			return err
		}
		target, err := s.distribution(call, &id)
		if cloudfrontNotFound(target, err) {
			return entityNotFound()
		}
		if err != nil {
			return err
		}
		if err := optionalIfMatch(in.IfMatch, target.ETag); err != nil {
			return err
		}
		etag, err = s.moveAlias(call, c, domain, target)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateDomainAssociationResult{Domain: new(domain), ResourceId: new(id), ETag: new(etag)}, nil
}

// resourceID gives the one id that a resource is named by.
func resourceID(r *cloudfrontapi.DistributionResourceId) (id string, isTenant bool, err error) {
	if r == nil || (value(r.DistributionId) == "") == (value(r.DistributionTenantId) == "") {
		return "", false, badParameter("DistributionId or DistributionTenantId is required, and not both.")
	}
	if tenant := value(r.DistributionTenantId); tenant != "" {
		return tenant, true, nil
	}
	return *r.DistributionId, false, nil
}

func (s *Service) moveToTenant(call *api.Call, c *change, domain string, in *cloudfrontapi.UpdateDomainAssociationRequest) (string, error) {
	family := s.tenantFamily()
	target, err := family.find(call, call.Account, *in.TargetResource.DistributionTenantId)
	if err != nil {
		return "", err
	}
	if err := optionalIfMatch(in.IfMatch, target.ETag); err != nil {
		return "", err
	}
	if err := s.releaseDomain(call, c, domain, distributionRef{call.Account, target.ID}); err != nil {
		return "", err
	}
	config := target.Config
	if !slices.Contains(config.Domains, domain) {
		config.Domains = append(slices.Clone(config.Domains), domain)
	}
	if len(config.Domains) > s.limits.TenantDomains {
		return "", entityLimit()
	}
	distribution, err := s.distribution(call, &config.DistributionID)
	if err != nil {
		return "", err
	}
	if err := s.activate(call, c, &config, &distribution.Config); err != nil {
		return "", err
	}
	if !slices.Contains(config.ActiveDomains, domain) {
		return "", cloudfrontapi.InvalidArgument("The distribution tenant has no SSL certificate that covers the domain name.")
	}
	return family.replace(call, c, target, config).ETag, nil
}

// ListDomainConflicts shows which domains stand in the way of one that a
// distribution or tenant wants.
func (s *Service) ListDomainConflicts(call *api.Call, in *cloudfrontapi.ListDomainConflictsRequest) (*cloudfrontapi.ListDomainConflictsResult, error) {
	domain := strings.ToLower(value(in.Domain))
	if !aliasAllowed(domain) {
		return nil, badParameter("Domain is not valid.")
	}
	id, isTenant, err := resourceID(in.DomainControlValidationResource)
	if err != nil {
		return nil, err
	}
	if err := s.controlsDomain(call, id, isTenant, domain); err != nil {
		return nil, err
	}
	all, err := s.conflicts(call, domain, distributionRef{call.Account, id})
	if err != nil {
		return nil, err
	}
	page, _, next, err := pageOf(all, pageQuery{in.Marker, in.MaxItems})
	if err != nil {
		return nil, err
	}
	out := &cloudfrontapi.ListDomainConflictsResult{NextMarker: next}
	for _, h := range page {
		kind := cloudfrontapi.DistributionResourceTypeDistribution
		if h.isTenant() {
			kind = cloudfrontapi.DistributionResourceTypeDistributionTenant
		}
		out.DomainConflicts = append(out.DomainConflicts, cloudfrontapi.DomainConflict{
			Domain: new(h.domain), ResourceType: new(kind), ResourceId: h.masked(call.Account, h.id, shownOfID),
			AccountId: h.masked(call.Account, h.account, shownOfAccount),
		})
	}
	return out, nil
}

// controlsDomain demands that a distribution or tenant has a certificate that
// covers a domain.
func (s *Service) controlsDomain(call *api.Call, id string, isTenant bool, domain string) error {
	if !isTenant {
		found, err := s.distribution(call, &id)
		if cloudfrontNotFound(found, err) {
			return entityNotFound()
		}
		if err != nil {
			return err
		}
		return s.controls(call, found, domain)
	}
	found, err := s.tenantFamily().find(call, call.Account, id)
	if err != nil {
		return err
	}
	distribution, err := s.distribution(call, &found.Config.DistributionID)
	if err != nil {
		return err
	}
	probe := found.Config
	probe.Domains = []string{domain}
	if err := s.activate(call, &change{}, &probe, &distribution.Config); err != nil {
		return err
	}
	if len(probe.ActiveDomains) == 0 {
		return cloudfrontapi.InvalidArgument("The distribution tenant has no SSL certificate that covers the domain name.")
	}
	return nil
}

// VerifyDnsConfiguration tells of a tenant's domains whether DNS leads them to
// CloudFront. Drawbridge looks nothing up: how viewers get here is no matter of
// public DNS.
func (s *Service) VerifyDnsConfiguration(call *api.Call, in *cloudfrontapi.VerifyDnsConfigurationRequest) (*cloudfrontapi.VerifyDnsConfigurationResult, error) {
	found, err := s.tenantFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	domains := found.Config.Domains
	if in.Domain != nil {
		if !slices.Contains(domains, strings.ToLower(*in.Domain)) {
			return nil, entityNotFound()
		}
		domains = []string{strings.ToLower(*in.Domain)}
	}
	out := &cloudfrontapi.VerifyDnsConfigurationResult{}
	for _, domain := range domains {
		out.DnsConfigurationList = append(out.DnsConfigurationList, cloudfrontapi.DnsConfiguration{
			Domain: new(domain), Status: new(cloudfrontapi.DnsConfigurationStatusUnknown),
			Reason: new("Drawbridge does not look up DNS records."),
		})
	}
	return out, nil
}
