package cloudfront

import (
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// A web ACL is named and not asked: Drawbridge has no AWS WAF (design.md
// section 8: said at start, in the log and by lock audit).

func isWebACLARN(arn string) bool { return strings.HasPrefix(arn, "arn:") && webACL.MatchString(arn) }

func badWebACL() error { return badParameter("WebACLArn is not valid.") }

// optionalIfMatch checks a version where the client may leave it out.
func optionalIfMatch(ifMatch *string, etag string) error {
	if ifMatch == nil {
		return nil
	}
	return checkIfMatch(ifMatch, etag)
}

// AssociateDistributionWebACL names a web ACL in a distribution.
func (s *Service) AssociateDistributionWebACL(call *api.Call, in *cloudfrontapi.AssociateDistributionWebACLRequest) (*cloudfrontapi.AssociateDistributionWebACLResult, error) {
	if !isWebACLARN(value(in.WebACLArn)) {
		return nil, badWebACL()
	}
	etag, err := s.setWebACL(call, in.Id, in.IfMatch, *in.WebACLArn)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.AssociateDistributionWebACLResult{Id: in.Id, WebACLArn: in.WebACLArn, ETag: new(etag)}, nil
}

// DisassociateDistributionWebACL takes the web ACL off a distribution.
func (s *Service) DisassociateDistributionWebACL(call *api.Call, in *cloudfrontapi.DisassociateDistributionWebACLRequest) (*cloudfrontapi.DisassociateDistributionWebACLResult, error) {
	etag, err := s.setWebACL(call, in.Id, in.IfMatch, "")
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.DisassociateDistributionWebACLResult{Id: in.Id, ETag: new(etag)}, nil
}

func (s *Service) setWebACL(call *api.Call, id, ifMatch *string, arn string) (etag string, err error) {
	_, err = s.write(call, func(c *change) error {
		old, err := s.distribution(call, id)
		if cloudfrontNotFound(old, err) {
			return entityNotFound() // the newer operations have one code for all
		}
		if err != nil {
			return err
		}
		if err := optionalIfMatch(ifMatch, old.ETag); err != nil {
			return err
		}
		config := old.Config
		config.WebACLId = new(arn)
		etag = s.putConfig(call, c, old, config)
		return nil
	})
	return etag, err
}

// cloudfrontNotFound tells whether a distribution was looked for in vain.
func cloudfrontNotFound(d stored, err error) bool {
	return err != nil && d.DistributionRecord == nil && d.revision == 0
}

// AssociateDistributionTenantWebACL gives a tenant a web ACL of its own.
func (s *Service) AssociateDistributionTenantWebACL(call *api.Call, in *cloudfrontapi.AssociateDistributionTenantWebACLRequest) (*cloudfrontapi.AssociateDistributionTenantWebACLResult, error) {
	if !isWebACLARN(value(in.WebACLArn)) {
		return nil, badWebACL()
	}
	etag, err := s.setTenantWebACL(call, in.Id, in.IfMatch, &cloudfrontapi.WebAclCustomization{
		Action: new(cloudfrontapi.CustomizationActionTypeOverride), Arn: in.WebACLArn,
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.AssociateDistributionTenantWebACLResult{Id: in.Id, WebACLArn: in.WebACLArn, ETag: new(etag)}, nil
}

// DisassociateDistributionTenantWebACL takes a tenant's own web ACL off.
func (s *Service) DisassociateDistributionTenantWebACL(call *api.Call, in *cloudfrontapi.DisassociateDistributionTenantWebACLRequest) (*cloudfrontapi.DisassociateDistributionTenantWebACLResult, error) {
	etag, err := s.setTenantWebACL(call, in.Id, in.IfMatch, nil)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.DisassociateDistributionTenantWebACLResult{Id: in.Id, ETag: new(etag)}, nil
}

func (s *Service) setTenantWebACL(call *api.Call, id, ifMatch *string, acl *cloudfrontapi.WebAclCustomization) (etag string, err error) {
	family := s.tenantFamily()
	_, err = s.write(call, func(c *change) error {
		old, err := family.find(call, call.Account, value(id))
		if err != nil {
			return err
		}
		if err := optionalIfMatch(ifMatch, old.ETag); err != nil {
			return err
		}
		config := old.Config
		custom := cloudfrontapi.Customizations{}
		if config.Customizations != nil {
			custom = *config.Customizations
		}
		custom.WebAcl = acl
		config.Customizations = &custom
		etag = family.replace(call, c, old, config).ETag
		return nil
	})
	return etag, err
}
