package apigateway

import (
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// maxAssociations bounds an account's access associations; ours.
const maxAssociations = 500

var vpcEndpointForm = regexp.MustCompile(`^vpce-[a-z0-9]{1,64}$`)

func associationRef(call *api.Call, arn string) Ref { return accountRef(call, KindAssociation, arn) }

func noAssociation() error {
	return apigatewayapi.NotFoundException("Invalid domain name access association identifier specified")
}

// privateDomain finds the private domain of an ARN.
func (s *Service) privateDomain(call *api.Call, arn string) (*apigatewayapi.DomainName, error) {
	snap, err := s.store.List(call, Prefix(call.Account, call.Region, KindDomain))
	if err != nil {
		return nil, storeError("list", err)
	}
	for _, entry := range snap.Entries {
		rec, err := decode[DomainRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		if val(rec.Domain.DomainNameArn) == arn {
			if rec.Domain.DomainNameId == nil {
				return nil, badRequest("Domain name access associations are for private domain names only")
			}
			return &rec.Domain, nil
		}
	}
	return nil, noDomain()
}

// CreateDomainNameAccessAssociation lets a VPC endpoint use a private custom
// domain.
func (s *Service) CreateDomainNameAccessAssociation(call *api.Call, in *apigatewayapi.CreateDomainNameAccessAssociationRequest) (*apigatewayapi.DomainNameAccessAssociation, error) {
	tags, err := s.checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	source := val(in.AccessAssociationSource)
	if !vpcEndpointForm.MatchString(source) {
		return nil, badRequest("Invalid access association source specified: %s", source)
	}
	if err := s.checkCount(call, KindAssociation, maxAssociations, "domain name access associations"); err != nil {
		return nil, err
	}
	var made apigatewayapi.DomainNameAccessAssociation
	err = s.write(call, domainRef(call, "").Key(), func(t *tx) error {
		domain, err := s.privateDomain(call, val(in.DomainNameArn))
		if err != nil {
			return err
		}
		// The domain stays while its association is made.
		rec, err := read[DomainRecord](t, domainRef(call, val(domain.DomainName)))
		if err != nil {
			return err
		}
		if rec == nil {
			return noDomain()
		}
		arn := "arn:" + call.Partition + ":apigateway:" + call.Region + ":" + call.Account +
			":/domainnameaccessassociations/domainname/" + val(domain.DomainName) + "/vpcesource/" + source
		taken, err := read[AssociationRecord](t, associationRef(call, arn))
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("Domain name access association already exists: " + arn)
		}
		t.touch(domainRef(call, val(domain.DomainName)))
		made = apigatewayapi.DomainNameAccessAssociation{
			DomainNameAccessAssociationArn: new(arn), DomainNameArn: in.DomainNameArn,
			AccessAssociationSourceType: in.AccessAssociationSourceType, AccessAssociationSource: in.AccessAssociationSource, Tags: tags,
		}
		return t.put(associationRef(call, arn), AssociationRecord{Association: made})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// associations lists the account's access associations.
func (s *Service) associations(call *api.Call) ([]apigatewayapi.DomainNameAccessAssociation, error) {
	snap, err := s.store.List(call, Prefix(call.Account, call.Region, KindAssociation))
	if err != nil {
		return nil, storeError("list", err)
	}
	var out []apigatewayapi.DomainNameAccessAssociation
	for _, entry := range snap.Entries {
		rec, err := decode[AssociationRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, rec.Association)
	}
	return out, nil
}

// GetDomainNameAccessAssociations answers a page of access associations, by
// ARN. There are none with other accounts.
func (s *Service) GetDomainNameAccessAssociations(call *api.Call, in *apigatewayapi.GetDomainNameAccessAssociationsRequest) (*apigatewayapi.DomainNameAccessAssociations, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	if val(in.ResourceOwner) == apigatewayapi.ResourceOwnerOtherAccounts {
		return &apigatewayapi.DomainNameAccessAssociations{Items: []apigatewayapi.DomainNameAccessAssociation{}}, nil
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.DomainNameAccessAssociation]{
		prefix: Prefix(call.Account, call.Region, KindAssociation), page: p,
		item: func(ref Ref, value []byte) (apigatewayapi.DomainNameAccessAssociation, bool, error) {
			rec, err := decode[AssociationRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.DomainNameAccessAssociation{}, false, err
			}
			return rec.Association, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.DomainNameAccessAssociations{Items: items, Position: next}, nil
}

// DeleteDomainNameAccessAssociation takes an access back, as who has it.
func (s *Service) DeleteDomainNameAccessAssociation(call *api.Call, in *apigatewayapi.DeleteDomainNameAccessAssociationRequest) error {
	return deleteRecord[AssociationRecord](s, call, associationRef(call, val(in.DomainNameAccessAssociationArn)), noAssociation())
}

// RejectDomainNameAccessAssociation takes an access back, as who owns the
// domain.
func (s *Service) RejectDomainNameAccessAssociation(call *api.Call, in *apigatewayapi.RejectDomainNameAccessAssociationRequest) error {
	ref := associationRef(call, val(in.DomainNameAccessAssociationArn))
	rec, err := loadRecord[AssociationRecord](s, call, ref, noAssociation())
	if err != nil {
		return err
	}
	if val(rec.Association.DomainNameArn) != val(in.DomainNameArn) {
		return noAssociation()
	}
	return deleteRecord[AssociationRecord](s, call, ref, noAssociation())
}
