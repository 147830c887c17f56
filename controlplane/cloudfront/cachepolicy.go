package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func (s *Service) cachePolicyFamily() *recordFamily[cloudfrontapi.CachePolicyConfig] {
	return &recordFamily[cloudfrontapi.CachePolicyConfig]{
		service: s,
		kind:    KindCachePolicy,
		managed: managedCachePolicyRecords,
		name:    func(c *cloudfrontapi.CachePolicyConfig) string { return value(c.Name) },
		prepare: preparation[cloudfrontapi.CachePolicyConfig]{
			"CreateCachePolicy", fillCachePolicy, cachePolicyRules,
		}.with(&s.limits),
		limit: s.limits.CachePolicies,
		conflict: func(d *distributionCheck, id string, config *cloudfrontapi.CachePolicyConfig) error {
			d.policies.cache[id] = config
			return headerConflict(d)
		},
		noSuch: func() error { return cloudfrontapi.NoSuchCachePolicy("The specified cache policy does not exist.") },
		exists: func() error {
			return cloudfrontapi.CachePolicyAlreadyExists("A cache policy with this name already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.CachePolicyInUse("The specified cache policy is currently associated with a cache behavior. " +
				"Please disassociate the policy before deleting.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyCachePolicies(
				"You have reached the maximum number of cache policies for this Amazon Web Services account.")
		},
	}
}

func managedCachePolicyRecords() []*CachePolicyRecord {
	var records []*CachePolicyRecord
	for _, policy := range managedCachePolicies() {
		records = append(records, &CachePolicyRecord{
			ID: policy.id, ETag: managedETag, LastModifiedTime: managedSince(), Config: *policy.config(),
		})
	}
	return records
}

func cachePolicy(r *CachePolicyRecord) *cloudfrontapi.CachePolicy {
	return &cloudfrontapi.CachePolicy{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), CachePolicyConfig: &r.Config,
	}
}

// CreateCachePolicy makes a custom cache policy.
func (s *Service) CreateCachePolicy(call *api.Call, in *cloudfrontapi.CreateCachePolicyRequest) (*cloudfrontapi.CreateCachePolicyResult, error) {
	record, err := s.cachePolicyFamily().create(call, in.CachePolicyConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateCachePolicyResult{
		CachePolicy: cachePolicy(record), ETag: new(record.ETag), Location: new(endpoint + "cache-policy/" + record.ID),
	}, nil
}

// GetCachePolicy shows a managed or custom cache policy.
func (s *Service) GetCachePolicy(call *api.Call, in *cloudfrontapi.GetCachePolicyRequest) (*cloudfrontapi.GetCachePolicyResult, error) {
	record, err := s.cachePolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetCachePolicyResult{CachePolicy: cachePolicy(record), ETag: new(record.ETag)}, nil
}

// GetCachePolicyConfig shows the configuration of a cache policy.
func (s *Service) GetCachePolicyConfig(call *api.Call, in *cloudfrontapi.GetCachePolicyConfigRequest) (*cloudfrontapi.GetCachePolicyConfigResult, error) {
	record, err := s.cachePolicyFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetCachePolicyConfigResult{CachePolicyConfig: &record.Config, ETag: new(record.ETag)}, nil
}

// UpdateCachePolicy replaces the configuration of a custom cache policy.
func (s *Service) UpdateCachePolicy(call *api.Call, in *cloudfrontapi.UpdateCachePolicyRequest) (*cloudfrontapi.UpdateCachePolicyResult, error) {
	record, err := s.cachePolicyFamily().update(call,
		recordUpdate[cloudfrontapi.CachePolicyConfig]{in.Id, in.IfMatch, in.CachePolicyConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateCachePolicyResult{CachePolicy: cachePolicy(record), ETag: new(record.ETag)}, nil
}

// DeleteCachePolicy deletes a custom cache policy that no behavior uses.
func (s *Service) DeleteCachePolicy(call *api.Call, in *cloudfrontapi.DeleteCachePolicyRequest) error {
	return s.cachePolicyFamily().remove(call, in.Id, in.IfMatch)
}

// ListCachePolicies lists the managed cache policies, the account's own, or both.
func (s *Service) ListCachePolicies(call *api.Call, in *cloudfrontapi.ListCachePoliciesRequest) (*cloudfrontapi.ListCachePoliciesResult, error) {
	page, err := s.cachePolicyFamily().list(call, recordQuery{in.Type, in.Marker, in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.CachePolicyList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.CachePolicySummary{Type: new(item.kind), CachePolicy: cachePolicy(item.record)})
	}
	return &cloudfrontapi.ListCachePoliciesResult{CachePolicyList: list}, nil
}

// fillCachePolicy sets what AWS shows on read (reference/cloudfront.md 1.9).
func fillCachePolicy(config *cloudfrontapi.CachePolicyConfig) {
	fill(&config.Comment, "")
	fillTTLs(value(config.MinTTL), &config.DefaultTTL, &config.MaxTTL)
	fill(&config.ParametersInCacheKeyAndForwardedToOrigin, cloudfrontapi.ParametersInCacheKeyAndForwardedToOrigin{})
	key := config.ParametersInCacheKeyAndForwardedToOrigin
	fill(&key.EnableAcceptEncodingGzip, false)
	fill(&key.EnableAcceptEncodingBrotli, false)
	fill(&key.HeadersConfig, cloudfrontapi.CachePolicyHeadersConfig{HeaderBehavior: new("none")})
	fill(&key.CookiesConfig, cloudfrontapi.CachePolicyCookiesConfig{CookieBehavior: new("none")})
	fill(&key.QueryStringsConfig, cloudfrontapi.CachePolicyQueryStringsConfig{QueryStringBehavior: new("none")})
}
