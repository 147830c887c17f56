package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func (s *Service) originRequestPolicyFamily() *recordFamily[cloudfrontapi.OriginRequestPolicyConfig] {
	return &recordFamily[cloudfrontapi.OriginRequestPolicyConfig]{
		service: s,
		kind:    KindOriginRequestPolicy,
		managed: managedOriginRequestPolicyRecords,
		name:    func(c *cloudfrontapi.OriginRequestPolicyConfig) string { return value(c.Name) },
		prepare: preparation[cloudfrontapi.OriginRequestPolicyConfig]{
			"CreateOriginRequestPolicy", fillOriginRequestPolicy, originRequestPolicyRules,
		}.with(&s.limits),
		limit: s.limits.OriginRequestPolicies,
		conflict: func(d *distributionCheck, id string, config *cloudfrontapi.OriginRequestPolicyConfig) error {
			d.policies.request[id] = config
			return headerConflict(d)
		},
		noSuch: func() error {
			return cloudfrontapi.NoSuchOriginRequestPolicy("The specified origin request policy does not exist.")
		},
		exists: func() error {
			return cloudfrontapi.OriginRequestPolicyAlreadyExists("An origin request policy with this name already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.OriginRequestPolicyInUse("The specified origin request policy is currently associated with a " +
				"cache behavior. Please disassociate the policy before deleting.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyOriginRequestPolicies(
				"You have reached the maximum number of origin request policies for this Amazon Web Services account.")
		},
	}
}

func managedOriginRequestPolicyRecords() []*OriginRequestPolicyRecord {
	var records []*OriginRequestPolicyRecord
	for _, policy := range managedOriginRequestPolicies() {
		records = append(records, &OriginRequestPolicyRecord{
			ID: policy.id, ETag: managedETag, LastModifiedTime: managedSince(), Config: *policy.config(),
		})
	}
	return records
}

func originRequestPolicy(r *OriginRequestPolicyRecord) *cloudfrontapi.OriginRequestPolicy {
	return &cloudfrontapi.OriginRequestPolicy{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), OriginRequestPolicyConfig: &r.Config,
	}
}

// CreateOriginRequestPolicy makes a custom origin request policy.
func (s *Service) CreateOriginRequestPolicy(call *api.Call, in *cloudfrontapi.CreateOriginRequestPolicyRequest) (*cloudfrontapi.CreateOriginRequestPolicyResult, error) {
	record, err := s.originRequestPolicyFamily().create(call, in.OriginRequestPolicyConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateOriginRequestPolicyResult{
		OriginRequestPolicy: originRequestPolicy(record), ETag: new(record.ETag),
		Location: new(endpoint + "origin-request-policy/" + record.ID),
	}, nil
}

// GetOriginRequestPolicy shows a managed or custom origin request policy.
func (s *Service) GetOriginRequestPolicy(call *api.Call, in *cloudfrontapi.GetOriginRequestPolicyRequest) (*cloudfrontapi.GetOriginRequestPolicyResult, error) {
	record, err := s.originRequestPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetOriginRequestPolicyResult{
		OriginRequestPolicy: originRequestPolicy(record), ETag: new(record.ETag),
	}, nil
}

// GetOriginRequestPolicyConfig shows the configuration of an origin request policy.
func (s *Service) GetOriginRequestPolicyConfig(call *api.Call, in *cloudfrontapi.GetOriginRequestPolicyConfigRequest) (*cloudfrontapi.GetOriginRequestPolicyConfigResult, error) {
	record, err := s.originRequestPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetOriginRequestPolicyConfigResult{
		OriginRequestPolicyConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateOriginRequestPolicy replaces the configuration of a custom origin request policy.
func (s *Service) UpdateOriginRequestPolicy(call *api.Call, in *cloudfrontapi.UpdateOriginRequestPolicyRequest) (*cloudfrontapi.UpdateOriginRequestPolicyResult, error) {
	record, err := s.originRequestPolicyFamily().update(call,
		recordUpdate[cloudfrontapi.OriginRequestPolicyConfig]{in.Id, in.IfMatch, in.OriginRequestPolicyConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateOriginRequestPolicyResult{
		OriginRequestPolicy: originRequestPolicy(record), ETag: new(record.ETag),
	}, nil
}

// DeleteOriginRequestPolicy deletes a custom origin request policy that no behavior uses.
func (s *Service) DeleteOriginRequestPolicy(call *api.Call, in *cloudfrontapi.DeleteOriginRequestPolicyRequest) error {
	return s.originRequestPolicyFamily().remove(call, in.Id, in.IfMatch)
}

// ListOriginRequestPolicies lists the managed origin request policies, the account's own, or both.
func (s *Service) ListOriginRequestPolicies(call *api.Call, in *cloudfrontapi.ListOriginRequestPoliciesRequest) (*cloudfrontapi.ListOriginRequestPoliciesResult, error) {
	page, err := s.originRequestPolicyFamily().list(call, recordQuery{in.Type, in.Marker, in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.OriginRequestPolicyList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.OriginRequestPolicySummary{
			Type: new(item.kind), OriginRequestPolicy: originRequestPolicy(item.record),
		})
	}
	return &cloudfrontapi.ListOriginRequestPoliciesResult{OriginRequestPolicyList: list}, nil
}

// fillOriginRequestPolicy sets what AWS shows on read (reference/cloudfront.md 1.9).
func fillOriginRequestPolicy(config *cloudfrontapi.OriginRequestPolicyConfig) {
	fill(&config.Comment, "")
}
