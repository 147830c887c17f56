package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// CreateInvalidationForDistributionTenant stores a batch of paths to purge from
// what is cached for a tenant.
func (s *Service) CreateInvalidationForDistributionTenant(call *api.Call, in *cloudfrontapi.CreateInvalidationForDistributionTenantRequest) (*cloudfrontapi.CreateInvalidationForDistributionTenantResult, error) {
	shown, err := s.invalidate(call, in.InvalidationBatch, func() (purged, error) {
		found, err := s.tenantFamily().find(call, call.Account, value(in.Id))
		return purged{value(in.Id), KindDistributionTenant, found.revision}, err
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateInvalidationForDistributionTenantResult{
		Invalidation: shown, Location: new(endpoint + "distribution-tenant/" + *in.Id + "/invalidation/" + *shown.Id),
	}, nil
}

// GetInvalidationForDistributionTenant shows an invalidation of a tenant.
func (s *Service) GetInvalidationForDistributionTenant(call *api.Call, in *cloudfrontapi.GetInvalidationForDistributionTenantRequest) (*cloudfrontapi.GetInvalidationForDistributionTenantResult, error) {
	tenant, err := s.tenantFamily().find(call, call.Account, value(in.DistributionTenantId))
	if err != nil {
		return nil, err
	}
	shown, err := s.invalidation(call, tenant.ID, in.Id)
	return &cloudfrontapi.GetInvalidationForDistributionTenantResult{Invalidation: shown}, err
}

// ListInvalidationsForDistributionTenant lists the invalidations of a tenant,
// the newest first.
func (s *Service) ListInvalidationsForDistributionTenant(call *api.Call, in *cloudfrontapi.ListInvalidationsForDistributionTenantRequest) (*cloudfrontapi.ListInvalidationsForDistributionTenantResult, error) {
	tenant, err := s.tenantFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	list, err := s.listInvalidations(call, tenant.ID, pageQuery{in.Marker, in.MaxItems})
	return &cloudfrontapi.ListInvalidationsForDistributionTenantResult{InvalidationList: list}, err
}
