package cloudfront

import (
	"errors"
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// certificates are those that a tenant has beside its distribution's.
func (t *tenantConfig) certificates() []string {
	var all []string
	if t.Customizations != nil && t.Customizations.Certificate != nil && value(t.Customizations.Certificate.Arn) != "" {
		all = append(all, *t.Customizations.Certificate.Arn)
	}
	if t.ManagedARN != "" {
		all = append(all, t.ManagedARN)
	}
	return all
}

// prepareTenant is what must hold for a tenant alone.
func (s *Service) prepareTenant(t *tenantConfig) error {
	if t.DistributionID == "" {
		return badParameter("DistributionId is required.")
	}
	if len(t.Domains) == 0 {
		return badParameter("Domains is required.")
	}
	if len(t.Domains) > s.limits.TenantDomains {
		return entityLimit()
	}
	for i, domain := range t.Domains {
		if !aliasAllowed(domain) || slices.Contains(t.Domains[:i], domain) {
			return badParameter("Domain is not valid.")
		}
	}
	if len(t.Parameters) > s.limits.TenantParameters {
		return entityLimit()
	}
	for i, parameter := range t.Parameters {
		twice := slices.ContainsFunc(t.Parameters[:i], func(p cloudfrontapi.Parameter) bool { return value(p.Name) == value(parameter.Name) })
		if twice || !parameterName.MatchString(value(parameter.Name)) || value(parameter.Value) == "" ||
			len(*parameter.Value) > maxParameterValueBytes || !fieldValue(*parameter.Value) {
			return badParameter("Parameters is not valid.")
		}
	}
	if request := t.ManagedRequest; request != nil {
		primary := value(request.PrimaryDomainName)
		if !oneOf(value(request.ValidationTokenHost), cloudfrontapi.ValidationTokenHostValues) ||
			primary != "" && !slices.Contains(t.Domains, primary) ||
			request.CertificateTransparencyLoggingPreference != nil &&
				!oneOf(*request.CertificateTransparencyLoggingPreference, cloudfrontapi.CertificateTransparencyLoggingPreferenceValues) {
			return badParameter("ManagedCertificateRequest is not valid.")
		}
	}
	return checkCustomizations(t.Customizations)
}

func checkCustomizations(custom *cloudfrontapi.Customizations) error {
	if custom == nil {
		return nil
	}
	if acl := custom.WebAcl; acl != nil {
		override := value(acl.Action) == cloudfrontapi.CustomizationActionTypeOverride
		if !oneOf(value(acl.Action), cloudfrontapi.CustomizationActionTypeValues) || override != isWebACLARN(value(acl.Arn)) ||
			!override && value(acl.Arn) != "" {
			return badParameter("WebAcl is not valid.")
		}
	}
	if custom.Certificate != nil && !acmARN.MatchString(value(custom.Certificate.Arn)) {
		return noCertificateArgument()
	}
	if geo := custom.GeoRestrictions; geo != nil {
		none := value(geo.RestrictionType) == cloudfrontapi.GeoRestrictionTypeNone
		if !oneOf(value(geo.RestrictionType), cloudfrontapi.GeoRestrictionTypeValues) || none != (len(geo.Locations) == 0) {
			return badParameter("GeoRestrictions is not valid.")
		}
		for i, code := range geo.Locations {
			if !countryCode.MatchString(code) || slices.Contains(geo.Locations[:i], code) {
				return badParameter("GeoRestrictions is not valid.")
			}
		}
	}
	return nil
}

// noCertificateArgument is noCertificate for operations without the code
// InvalidViewerCertificate.
func noCertificateArgument() error {
	return cloudfrontapi.InvalidArgument("The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, " +
		"or doesn't include a valid certificate chain.")
}

// settleTenant validates a tenant against what else is stored, fills in the
// default connection group and notes in a change what it uses; configs[0] is
// what is replaced by [1], nil for a new tenant.
func (s *Service) settleTenant(call *api.Call, c *change, configs [2]*tenantConfig) error {
	t := configs[1]
	key := Key(call.Account, KindDistribution, t.DistributionID)
	distribution, revision, err := read[DistributionRecord](call, s, key)
	if err != nil {
		return err
	}
	switch {
	case distribution == nil:
		return entityNotFound()
	case !isTenantOnly(&distribution.Config):
		return invalidAssociation()
	}
	c.expect(key, revision)
	if err := checkParameters(t, &distribution.Config); err != nil {
		return err
	}
	if err := s.settleGroup(call, c, t); err != nil {
		return err
	}
	if err := s.activate(call, c, t, &distribution.Config); err != nil {
		return err
	}
	return s.useByTenant(call, c, configs)
}

// checkParameters: a tenant gives values for parameters that its distribution
// defines, and for all that have no default.
func checkParameters(t *tenantConfig, config *cloudfrontapi.DistributionConfig) error {
	given := make(map[string]bool)
	for _, parameter := range t.Parameters {
		given[value(parameter.Name)] = true
	}
	for _, definition := range parameterDefinitions(config) {
		schema, name := definition.Definition.StringSchema, value(definition.Name)
		if value(schema.Required) && value(schema.DefaultValue) == "" && !given[name] {
			return badParameter("Parameters has no value for %s, which the distribution requires.", name)
		}
		delete(given, name)
	}
	if len(given) > 0 {
		return badParameter("Parameters has a name that the distribution does not define.")
	}
	return nil
}

// settleGroup finds a tenant's connection group; without one it is the
// account's default group, which is made with the first tenant.
func (s *Service) settleGroup(call *api.Call, c *change, t *tenantConfig) error {
	family := s.groupFamily()
	id := t.ConnectionGroupID
	if id == "" {
		var err error
		if id, _, err = s.readIndex(call, recordNameKey(call.Account, family.kind, defaultGroupName)); err != nil {
			return err
		}
	}
	if id == "" {
		made, err := s.makeGroup(call, c, defaultGroupName, groupConfig{IPv6Enabled: true, Enabled: true, IsDefault: true})
		if err != nil {
			return err
		}
		t.ConnectionGroupID = made.ID
		return nil
	}
	found, err := family.find(call, call.Account, id)
	if err != nil {
		return err
	}
	c.expect(family.key(call.Account, id), found.revision)
	t.ConnectionGroupID = id
	return nil
}

// activate notes which domains of a tenant a certificate covers: its own, the
// one that CloudFront asked for, or its distribution's. A change of the
// distribution's certificate is seen with the tenant's next change.
func (s *Service) activate(call *api.Call, c *change, t *tenantConfig, config *cloudfrontapi.DistributionConfig) error {
	var names []string
	all := false
	references := t.certificates()
	if reference := certificateOf(config); reference != "" {
		references = append(references, reference)
	}
	for _, reference := range references {
		found, err := s.findCertificate(call, call.Account, reference)
		var refused *api.Error
		if errors.As(err, &refused) && refused.Status < 500 {
			err = noCertificateArgument()
		}
		if err != nil {
			return err
		}
		if found == nil {
			all = true
			continue
		}
		names = append(names, found.Names...)
		c.keepCertificate(found)
	}
	t.ActiveDomains = nil
	for _, domain := range t.Domains {
		if all || covers(names, domain) {
			t.ActiveDomains = append(t.ActiveDomains, domain)
		}
	}
	return nil
}

// useByTenant notes in a change which distribution, connection group and
// certificates a tenant gives up, configs[0], and takes, configs[1]; nil: none.
func (s *Service) useByTenant(call *api.Call, c *change, configs [2]*tenantConfig) error {
	uses := [2]map[string]bool{}
	for i, t := range configs {
		uses[i] = make(map[string]bool)
		if t == nil {
			continue
		}
		uses[i][useCountKey(call.Account, string(KindDistribution), t.DistributionID)] = true
		uses[i][useCountKey(call.Account, string(KindConnectionGroup), t.ConnectionGroupID)] = true
		for _, arn := range t.certificates() {
			uses[i][CertificateTenantsKey(call.Account, arn)] = true
		}
	}
	for i, by := range [2]int{-1, 1} {
		for key := range uses[i] {
			if uses[1-i][key] {
				continue
			}
			if err := s.countUses(call, c, key, use{by: by}); err != nil {
				return err
			}
		}
	}
	return nil
}

// CertificateTenantsKey is the key of a [UseCountRecord]: how many tenants use
// a certificate; there is none for 0.
func CertificateTenantsKey(account, reference string) string {
	return useCountKey(account, string(KindCertificate), escape(reference))
}

// issueManaged asks ACM for the certificate that a tenant wants, if it is a new
// wish. Drawbridge's own authority issues it at once.
func (s *Service) issueManaged(call *api.Call, before, after *tenantConfig) error {
	request := after.ManagedRequest
	if request == nil || s.issueCertificate == nil {
		return nil
	}
	if before != nil && before.ManagedARN != "" && slices.Equal(before.Domains, after.Domains) {
		return nil
	}
	domains := after.Domains
	if primary := value(request.PrimaryDomainName); primary != "" {
		domains = append([]string{primary}, slices.DeleteFunc(slices.Clone(domains), func(d string) bool { return d == primary })...)
	}
	arn, err := s.issueCertificate(call, domains)
	if err != nil {
		return err
	}
	after.ManagedARN = arn
	return nil
}

// GetManagedCertificateDetails shows the certificate that CloudFront asked ACM
// for, on behalf of a tenant.
func (s *Service) GetManagedCertificateDetails(call *api.Call, in *cloudfrontapi.GetManagedCertificateDetailsRequest) (*cloudfrontapi.GetManagedCertificateDetailsResult, error) {
	found, err := s.tenantFamily().identify(call, in.Identifier)
	if err != nil {
		return nil, err
	}
	request := found.Config.ManagedRequest
	if request == nil {
		return nil, entityNotFound()
	}
	details := &cloudfrontapi.ManagedCertificateDetails{
		ValidationTokenHost: request.ValidationTokenHost, CertificateArn: unlessEmpty(found.Config.ManagedARN),
		CertificateStatus: new(cloudfrontapi.ManagedCertificateStatusIssued),
	}
	if found.Config.ManagedARN == "" {
		details.CertificateStatus = new(cloudfrontapi.ManagedCertificateStatusPendingValidation)
	}
	for _, domain := range found.Config.Domains {
		details.ValidationTokenDetails = append(details.ValidationTokenDetails, cloudfrontapi.ValidationTokenDetail{Domain: new(domain)})
	}
	return &cloudfrontapi.GetManagedCertificateDetailsResult{ManagedCertificateDetails: details}, nil
}
