package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// ResponseHeadersPolicyRecord is a managed response headers policy; custom
// ones are not built yet.
type ResponseHeadersPolicyRecord = PolicyRecord[cloudfrontapi.ResponseHeadersPolicyConfig]

// kindResponseHeadersPolicy is where custom ones will be stored.
const kindResponseHeadersPolicy Kind = "responseheaderspolicies"

func (s *Service) responseHeadersPolicyFamily() *policyFamily[cloudfrontapi.ResponseHeadersPolicyConfig] {
	return &policyFamily[cloudfrontapi.ResponseHeadersPolicyConfig]{
		service: s,
		kind:    kindResponseHeadersPolicy,
		managed: func() []*ResponseHeadersPolicyRecord {
			var records []*ResponseHeadersPolicyRecord
			for _, policy := range managedResponseHeadersPolicies() {
				records = append(records, &ResponseHeadersPolicyRecord{
					ID: policy.id, ETag: managedETag, LastModifiedTime: managedSince(), Config: *policy.config(),
				})
			}
			return records
		},
		noSuch: noSuchResponseHeadersPolicy,
	}
}

func noSuchResponseHeadersPolicy() error {
	return cloudfrontapi.NoSuchResponseHeadersPolicy("The specified response headers policy does not exist.")
}

func responseHeadersPolicy(r *ResponseHeadersPolicyRecord) *cloudfrontapi.ResponseHeadersPolicy {
	return &cloudfrontapi.ResponseHeadersPolicy{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), ResponseHeadersPolicyConfig: &r.Config,
	}
}

// GetResponseHeadersPolicy shows a managed response headers policy.
func (s *Service) GetResponseHeadersPolicy(call *api.Call, in *cloudfrontapi.GetResponseHeadersPolicyRequest) (*cloudfrontapi.GetResponseHeadersPolicyResult, error) {
	record, err := s.responseHeadersPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetResponseHeadersPolicyResult{
		ResponseHeadersPolicy: responseHeadersPolicy(record), ETag: new(record.ETag),
	}, nil
}

// GetResponseHeadersPolicyConfig shows the configuration of a managed response headers policy.
func (s *Service) GetResponseHeadersPolicyConfig(call *api.Call, in *cloudfrontapi.GetResponseHeadersPolicyConfigRequest) (*cloudfrontapi.GetResponseHeadersPolicyConfigResult, error) {
	record, err := s.responseHeadersPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetResponseHeadersPolicyConfigResult{
		ResponseHeadersPolicyConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// ListResponseHeadersPolicies lists the managed response headers policies.
func (s *Service) ListResponseHeadersPolicies(call *api.Call, in *cloudfrontapi.ListResponseHeadersPoliciesRequest) (*cloudfrontapi.ListResponseHeadersPoliciesResult, error) {
	page, err := s.responseHeadersPolicyFamily().list(call, policyQuery{in.Type, in.Marker, in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.ResponseHeadersPolicyList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.ResponseHeadersPolicySummary{
			Type: new(item.kind), ResponseHeadersPolicy: responseHeadersPolicy(item.record),
		})
	}
	return &cloudfrontapi.ListResponseHeadersPoliciesResult{ResponseHeadersPolicyList: list}, nil
}
