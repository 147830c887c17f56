package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func (s *Service) responseHeadersPolicyFamily() *recordFamily[cloudfrontapi.ResponseHeadersPolicyConfig] {
	return &recordFamily[cloudfrontapi.ResponseHeadersPolicyConfig]{
		service: s,
		kind:    KindResponseHeadersPolicy,
		managed: managedResponseHeadersPolicyRecords,
		name:    func(c *cloudfrontapi.ResponseHeadersPolicyConfig) string { return value(c.Name) },
		prepare: preparation[cloudfrontapi.ResponseHeadersPolicyConfig]{
			"CreateResponseHeadersPolicy", fillResponseHeadersPolicy, responseHeadersPolicyRules,
		}.with(&s.limits),
		limit:  s.limits.ResponseHeadersPolicies,
		noSuch: noSuchResponseHeadersPolicy,
		exists: func() error {
			return cloudfrontapi.ResponseHeadersPolicyAlreadyExists("A response headers policy with this name already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.ResponseHeadersPolicyInUse("The specified response headers policy is currently associated " +
				"with a cache behavior. Please disassociate the policy before deleting.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyResponseHeadersPolicies("Account's Response Headers Policies limit reached.")
		},
	}
}

func managedResponseHeadersPolicyRecords() []*ResponseHeadersPolicyRecord {
	var records []*ResponseHeadersPolicyRecord
	for _, policy := range managedResponseHeadersPolicies() {
		records = append(records, &ResponseHeadersPolicyRecord{
			ID: policy.id, ETag: managedETag, LastModifiedTime: managedSince(), Config: *policy.config(),
		})
	}
	return records
}

func noSuchResponseHeadersPolicy() error {
	return cloudfrontapi.NoSuchResponseHeadersPolicy("The specified response headers policy does not exist.")
}

// fillResponseHeadersPolicy sets what AWS shows on read.
func fillResponseHeadersPolicy(c *cloudfrontapi.ResponseHeadersPolicyConfig) {
	fill(&c.Comment, "")
	if security := c.SecurityHeadersConfig; security != nil {
		if xss := security.XSSProtection; xss != nil && value(xss.Protection) && xss.ReportUri == nil {
			fill(&xss.ModeBlock, false)
		}
		if sts := security.StrictTransportSecurity; sts != nil {
			fill(&sts.IncludeSubdomains, false)
			fill(&sts.Preload, false)
		}
	}
	fill(&c.ServerTimingHeadersConfig, cloudfrontapi.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: new(false)})
	fill(&c.CustomHeadersConfig, cloudfrontapi.ResponseHeadersPolicyCustomHeadersConfig{Quantity: new(int32(0))})
	fill(&c.RemoveHeadersConfig, cloudfrontapi.ResponseHeadersPolicyRemoveHeadersConfig{Quantity: new(int32(0))})
}

func responseHeadersPolicy(r *ResponseHeadersPolicyRecord) *cloudfrontapi.ResponseHeadersPolicy {
	return &cloudfrontapi.ResponseHeadersPolicy{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), ResponseHeadersPolicyConfig: &r.Config,
	}
}

// CreateResponseHeadersPolicy makes a custom response headers policy.
func (s *Service) CreateResponseHeadersPolicy(call *api.Call, in *cloudfrontapi.CreateResponseHeadersPolicyRequest) (*cloudfrontapi.CreateResponseHeadersPolicyResult, error) {
	record, err := s.responseHeadersPolicyFamily().create(call, in.ResponseHeadersPolicyConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateResponseHeadersPolicyResult{
		ResponseHeadersPolicy: responseHeadersPolicy(record), ETag: new(record.ETag),
		Location: new(endpoint + "response-headers-policy/" + record.ID),
	}, nil
}

// GetResponseHeadersPolicy shows a managed or custom response headers policy.
func (s *Service) GetResponseHeadersPolicy(call *api.Call, in *cloudfrontapi.GetResponseHeadersPolicyRequest) (*cloudfrontapi.GetResponseHeadersPolicyResult, error) {
	record, err := s.responseHeadersPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetResponseHeadersPolicyResult{
		ResponseHeadersPolicy: responseHeadersPolicy(record), ETag: new(record.ETag),
	}, nil
}

// GetResponseHeadersPolicyConfig shows the configuration of a response headers policy.
func (s *Service) GetResponseHeadersPolicyConfig(call *api.Call, in *cloudfrontapi.GetResponseHeadersPolicyConfigRequest) (*cloudfrontapi.GetResponseHeadersPolicyConfigResult, error) {
	record, err := s.responseHeadersPolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetResponseHeadersPolicyConfigResult{
		ResponseHeadersPolicyConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateResponseHeadersPolicy replaces the configuration of a custom response headers policy.
func (s *Service) UpdateResponseHeadersPolicy(call *api.Call, in *cloudfrontapi.UpdateResponseHeadersPolicyRequest) (*cloudfrontapi.UpdateResponseHeadersPolicyResult, error) {
	record, err := s.responseHeadersPolicyFamily().update(call,
		recordUpdate[cloudfrontapi.ResponseHeadersPolicyConfig]{in.Id, in.IfMatch, in.ResponseHeadersPolicyConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateResponseHeadersPolicyResult{
		ResponseHeadersPolicy: responseHeadersPolicy(record), ETag: new(record.ETag),
	}, nil
}

// DeleteResponseHeadersPolicy deletes a custom response headers policy that no behavior uses.
func (s *Service) DeleteResponseHeadersPolicy(call *api.Call, in *cloudfrontapi.DeleteResponseHeadersPolicyRequest) error {
	return s.responseHeadersPolicyFamily().remove(call, in.Id, in.IfMatch)
}

// ListResponseHeadersPolicies lists the managed response headers policies, the
// account's own, or both.
func (s *Service) ListResponseHeadersPolicies(call *api.Call, in *cloudfrontapi.ListResponseHeadersPoliciesRequest) (*cloudfrontapi.ListResponseHeadersPoliciesResult, error) {
	page, err := s.responseHeadersPolicyFamily().list(call, recordQuery{in.Type, in.Marker, in.MaxItems})
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
