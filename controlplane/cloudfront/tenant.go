package cloudfront

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// TenantRecord is a stored distribution tenant.
type TenantRecord = EntityRecord[tenantConfig]

// tenantConfig is what is stored of a distribution tenant.
type tenantConfig struct {
	DistributionID    string
	Domains           []string // lower case
	ActiveDomains     []string // those that a certificate covered when the tenant was last changed
	Customizations    *cloudfrontapi.Customizations
	Parameters        []cloudfrontapi.Parameter
	ConnectionGroupID string
	Enabled           bool
	ManagedRequest    *cloudfrontapi.ManagedCertificateRequest
	ManagedARN        string // of the certificate that CloudFront asked ACM for
}

func (s *Service) tenantFamily() *entityFamily[tenantConfig] {
	return &entityFamily[tenantConfig]{
		service: s, kind: KindDistributionTenant, arnType: "distribution-tenant", idKind: IDDistributionTenant,
		limit: s.limits.DistributionTenants, noSuch: entityNotFound, tooMany: entityLimit,
	}
}

func (s *Service) showTenant(call *api.Call, t entity[tenantConfig]) (*cloudfrontapi.DistributionTenant, error) {
	family := s.tenantFamily()
	tags, err := s.showTags(call, entityTagsKey(call.Account, family.arnType, t.ID))
	return &cloudfrontapi.DistributionTenant{
		Id: new(t.ID), DistributionId: new(t.Config.DistributionID), Name: new(t.Name), Arn: new(family.arn(call, t.ID)),
		Domains: t.Config.domains(), Tags: tags, Customizations: t.Config.Customizations, Parameters: t.Config.Parameters,
		ConnectionGroupId: new(t.Config.ConnectionGroupID), CreatedTime: new(t.CreatedTime),
		LastModifiedTime: new(t.LastModifiedTime), Enabled: new(t.Config.Enabled), Status: s.deploymentStatus(t.revision),
	}, err
}

func (t *tenantConfig) domains() []cloudfrontapi.DomainResult {
	var all []cloudfrontapi.DomainResult
	for _, domain := range t.Domains {
		status := cloudfrontapi.DomainStatusInactive
		if slices.Contains(t.ActiveDomains, domain) {
			status = cloudfrontapi.DomainStatusActive
		}
		all = append(all, cloudfrontapi.DomainResult{Domain: new(domain), Status: new(status)})
	}
	return all
}

// CreateDistributionTenant makes a tenant of a multi-tenant distribution.
func (s *Service) CreateDistributionTenant(call *api.Call, in *cloudfrontapi.CreateDistributionTenantRequest) (*cloudfrontapi.CreateDistributionTenantResult, error) {
	if !groupName.MatchString(value(in.Name)) {
		return nil, badParameter("Name is not valid.")
	}
	config := tenantConfig{
		DistributionID: value(in.DistributionId), Domains: domainNames(in.Domains), Customizations: in.Customizations,
		Parameters: in.Parameters, ConnectionGroupID: value(in.ConnectionGroupId), Enabled: valueOr(in.Enabled, true),
		ManagedRequest: in.ManagedCertificateRequest,
	}
	if err := s.prepareTenant(&config); err != nil {
		return nil, err
	}
	if err := s.issueManaged(call, nil, &config); err != nil {
		return nil, err
	}
	family := s.tenantFamily()
	var record *EntityRecord[tenantConfig]
	revision, err := s.write(call, func(c *change) error {
		config := config // the attempt fills in the default connection group
		if err := s.settleTenant(call, c, [2]*tenantConfig{nil, &config}); err != nil {
			return err
		}
		var err error
		if record, err = family.create(call, c, *in.Name, config); err != nil {
			return err
		}
		owner := distributionRef{call.Account, record.ID}
		if err := s.takeAliases(call, c, owner, [2][]string{nil, config.Domains}); err != nil {
			return err
		}
		return s.putTags(c, entityTagsKey(call.Account, family.arnType, record.ID), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showTenant(call, entity[tenantConfig]{record, revision})
	return &cloudfrontapi.CreateDistributionTenantResult{DistributionTenant: shown, ETag: new(record.ETag)}, err
}

func domainNames(in []cloudfrontapi.DomainItem) []string {
	var names []string
	for _, item := range in {
		names = append(names, strings.ToLower(value(item.Domain)))
	}
	return names
}

// UpdateDistributionTenant changes what is given.
func (s *Service) UpdateDistributionTenant(call *api.Call, in *cloudfrontapi.UpdateDistributionTenantRequest) (*cloudfrontapi.UpdateDistributionTenantResult, error) {
	family := s.tenantFamily()
	var record *EntityRecord[tenantConfig]
	var issuedFor *entity[tenantConfig]
	managed := ""
	revision, err := s.write(call, func(c *change) error {
		old, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		config := updatedTenant(old.Config, in)
		if err := s.prepareTenant(&config); err != nil {
			return err
		}
		if issuedFor == nil { // once, whatever number of attempts
			if err := s.issueManaged(call, &old.Config, &config); err != nil {
				return err
			}
			issuedFor, managed = &old, config.ManagedARN
		}
		config.ManagedARN = managed
		if err := s.settleTenant(call, c, [2]*tenantConfig{&old.Config, &config}); err != nil {
			return err
		}
		owner := distributionRef{call.Account, old.ID}
		if err := s.takeAliases(call, c, owner, [2][]string{old.Config.Domains, config.Domains}); err != nil {
			return err
		}
		record = family.replace(call, c, old, config)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showTenant(call, entity[tenantConfig]{record, revision})
	return &cloudfrontapi.UpdateDistributionTenantResult{DistributionTenant: shown, ETag: new(record.ETag)}, err
}

// updatedTenant gives a tenant's configuration with what a client sent.
func updatedTenant(config tenantConfig, in *cloudfrontapi.UpdateDistributionTenantRequest) tenantConfig {
	config.DistributionID = valueOr(in.DistributionId, config.DistributionID)
	config.ConnectionGroupID = valueOr(in.ConnectionGroupId, config.ConnectionGroupID)
	config.Enabled = valueOr(in.Enabled, config.Enabled)
	if in.Domains != nil {
		config.Domains = domainNames(in.Domains)
	}
	if in.Customizations != nil {
		config.Customizations = in.Customizations
	}
	if in.Parameters != nil {
		config.Parameters = in.Parameters
	}
	if in.ManagedCertificateRequest != nil {
		config.ManagedRequest = in.ManagedCertificateRequest
	}
	return config
}

// DeleteDistributionTenant deletes a tenant that is disabled everywhere.
func (s *Service) DeleteDistributionTenant(call *api.Call, in *cloudfrontapi.DeleteDistributionTenantRequest) error {
	family := s.tenantFamily()
	var gone entity[tenantConfig]
	_, err := s.write(call, func(c *change) error {
		var err error
		if gone, err = family.current(call, in.Id, in.IfMatch); err != nil {
			return err
		}
		if gone.Config.Enabled || !s.deployed(gone.revision) {
			return resourceNotDisabled()
		}
		if err := s.useByTenant(call, c, [2]*tenantConfig{&gone.Config, nil}); err != nil {
			return err
		}
		owner := distributionRef{call.Account, gone.ID}
		if err := s.takeAliases(call, c, owner, [2][]string{gone.Config.Domains, nil}); err != nil {
			return err
		}
		return family.remove(call, c, gone)
	})
	if err != nil {
		return err
	}
	return s.forgetInvalidations(call, gone.ID)
}

// GetDistributionTenant shows a tenant by id, name or ARN.
func (s *Service) GetDistributionTenant(call *api.Call, in *cloudfrontapi.GetDistributionTenantRequest) (*cloudfrontapi.GetDistributionTenantResult, error) {
	found, err := s.tenantFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	shown, err := s.showTenant(call, found)
	return &cloudfrontapi.GetDistributionTenantResult{DistributionTenant: shown, ETag: new(found.ETag)}, err
}

// GetDistributionTenantByDomain shows the tenant that has a domain.
func (s *Service) GetDistributionTenantByDomain(call *api.Call, in *cloudfrontapi.GetDistributionTenantByDomainRequest) (*cloudfrontapi.GetDistributionTenantByDomainResult, error) {
	text, _, err := s.readIndex(call, aliasKey(value(in.Domain)))
	if err != nil {
		return nil, err
	}
	has := parseHolder(value(in.Domain), text)
	if has.account != call.Account {
		return nil, entityNotFound()
	}
	found, err := s.tenantFamily().find(call, call.Account, has.id)
	if err != nil {
		return nil, err
	}
	shown, err := s.showTenant(call, found)
	return &cloudfrontapi.GetDistributionTenantByDomainResult{DistributionTenant: shown, ETag: new(found.ETag)}, err
}

// ListDistributionTenants lists the account's tenants by id, all or those of a
// distribution or a connection group.
func (s *Service) ListDistributionTenants(call *api.Call, in *cloudfrontapi.ListDistributionTenantsRequest) (*cloudfrontapi.ListDistributionTenantsResult, error) {
	var keep func(*EntityRecord[tenantConfig]) bool
	if filter := in.AssociationFilter; filter != nil {
		distribution, group := value(filter.DistributionId), value(filter.ConnectionGroupId)
		keep = func(r *EntityRecord[tenantConfig]) bool {
			return (distribution == "" || r.Config.DistributionID == distribution) &&
				(group == "" || r.Config.ConnectionGroupID == group)
		}
	}
	page, err := s.tenantFamily().list(call, pageQuery{in.Marker, in.MaxItems}, keep)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.ListDistributionTenantsResult{NextMarker: page.next, DistributionTenantList: s.tenantSummaries(call, page)}, nil
}

// ListDistributionTenantsByCustomization lists the tenants with a web ACL or a
// certificate of their own: a given one.
func (s *Service) ListDistributionTenantsByCustomization(call *api.Call, in *cloudfrontapi.ListDistributionTenantsByCustomizationRequest) (*cloudfrontapi.ListDistributionTenantsByCustomizationResult, error) {
	acl, certificate := value(in.WebACLArn), value(in.CertificateArn)
	if (acl == "") == (certificate == "") {
		return nil, badParameter("WebACLArn or CertificateArn is required, and not both.")
	}
	page, err := s.tenantFamily().list(call, pageQuery{in.Marker, in.MaxItems}, func(r *EntityRecord[tenantConfig]) bool {
		custom := r.Config.Customizations
		return acl != "" && custom != nil && custom.WebAcl != nil && value(custom.WebAcl.Arn) == acl ||
			certificate != "" && slices.Contains(r.Config.certificates(), certificate)
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.ListDistributionTenantsByCustomizationResult{
		NextMarker: page.next, DistributionTenantList: s.tenantSummaries(call, page),
	}, nil
}

func (s *Service) tenantSummaries(call *api.Call, page entityPage[tenantConfig]) []cloudfrontapi.DistributionTenantSummary {
	var all []cloudfrontapi.DistributionTenantSummary
	for _, t := range page.items {
		all = append(all, cloudfrontapi.DistributionTenantSummary{
			Id: new(t.ID), DistributionId: new(t.Config.DistributionID), Name: new(t.Name), ETag: new(t.ETag),
			Arn: new(s.tenantFamily().arn(call, t.ID)), Domains: t.Config.domains(), Customizations: t.Config.Customizations,
			ConnectionGroupId: new(t.Config.ConnectionGroupID), CreatedTime: new(t.CreatedTime),
			LastModifiedTime: new(t.LastModifiedTime), Enabled: new(t.Config.Enabled), Status: s.deploymentStatus(t.revision),
		})
	}
	return all
}
