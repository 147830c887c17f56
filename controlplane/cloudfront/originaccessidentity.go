package cloudfront

import (
	"crypto/sha512"
	"encoding/hex"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// originAccessIdentityPath stands before the id where an S3 origin names an
// origin access identity.
const originAccessIdentityPath = "origin-access-identity/cloudfront/"

func (s *Service) originAccessIdentityFamily() *recordFamily[cloudfrontapi.CloudFrontOriginAccessIdentityConfig] {
	type config = cloudfrontapi.CloudFrontOriginAccessIdentityConfig
	return &recordFamily[config]{
		service:   s,
		kind:      KindOriginAccessIdentity,
		newID:     func(*config) string { return s.newID(IDDistribution) },
		reference: func(c *config) string { return value(c.CallerReference) },
		replay:    true,
		prepare: preparation[config]{
			"CreateCloudFrontOriginAccessIdentity", func(*config) {}, originAccessIdentityRules,
		}.with(&s.limits),
		kept:  func(old, c *config) error { return referenceKept(old.CallerReference, c.CallerReference) },
		limit: s.limits.OriginAccessIdentities,
		noSuch: func() error {
			return cloudfrontapi.NoSuchCloudFrontOriginAccessIdentity("The specified origin access identity does not exist.")
		},
		exists: func() error {
			return cloudfrontapi.CloudFrontOriginAccessIdentityAlreadyExists(
				"A CloudFront origin access identity with this caller reference already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.CloudFrontOriginAccessIdentityInUse("The CloudFront origin access identity is still being used.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyCloudFrontOriginAccessIdentities("Processing your request would cause you to " +
				"exceed the maximum number of origin access identities allowed.")
		},
	}
}

// referenceKept: a caller reference is for ever.
func referenceKept(old, sent *string) error {
	if value(old) != value(sent) {
		return cloudfrontapi.IllegalUpdate("You cannot update Origin or CallerReference.")
	}
	return nil
}

// callerReference is a rule: every caller reference says something.
func callerReference[C any](reference func(*C) *string) configRule[C] {
	return configRule[C]{"caller reference", func(c *C, _ *Limits) error {
		switch text := value(reference(c)); {
		case text == "":
			return badParameter("CallerReference is required.")
		case len(text) > maxCallerReference:
			return badParameter("CallerReference is too big.")
		}
		return nil
	}}
}

func originAccessIdentityRules() []configRule[cloudfrontapi.CloudFrontOriginAccessIdentityConfig] {
	type config = cloudfrontapi.CloudFrontOriginAccessIdentityConfig
	return []configRule[config]{
		callerReference(func(c *config) *string { return c.CallerReference }),
		{"comment", func(c *config, _ *Limits) error { return policyComment(value(c.Comment)) }},
	}
}

// canonicalUser is an identity's name among S3's users: 96 hexadecimal digits,
// here made of its id, so that it stays the same for ever.
func canonicalUser(id string) string {
	sum := sha512.Sum384([]byte("drawbridge origin access identity " + id))
	return hex.EncodeToString(sum[:])
}

func originAccessIdentity(r *OriginAccessIdentityRecord) *cloudfrontapi.CloudFrontOriginAccessIdentity {
	return &cloudfrontapi.CloudFrontOriginAccessIdentity{
		Id: new(r.ID), S3CanonicalUserId: new(canonicalUser(r.ID)), CloudFrontOriginAccessIdentityConfig: &r.Config,
	}
}

// CreateCloudFrontOriginAccessIdentity makes an origin access identity.
func (s *Service) CreateCloudFrontOriginAccessIdentity(call *api.Call, in *cloudfrontapi.CreateCloudFrontOriginAccessIdentityRequest) (*cloudfrontapi.CreateCloudFrontOriginAccessIdentityResult, error) {
	record, err := s.originAccessIdentityFamily().create(call, in.CloudFrontOriginAccessIdentityConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateCloudFrontOriginAccessIdentityResult{
		CloudFrontOriginAccessIdentity: originAccessIdentity(record), ETag: new(record.ETag),
		Location: new(endpoint + originAccessIdentityPath + record.ID),
	}, nil
}

// GetCloudFrontOriginAccessIdentity shows an origin access identity.
func (s *Service) GetCloudFrontOriginAccessIdentity(call *api.Call, in *cloudfrontapi.GetCloudFrontOriginAccessIdentityRequest) (*cloudfrontapi.GetCloudFrontOriginAccessIdentityResult, error) {
	record, err := s.originAccessIdentityFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetCloudFrontOriginAccessIdentityResult{
		CloudFrontOriginAccessIdentity: originAccessIdentity(record), ETag: new(record.ETag),
	}, nil
}

// GetCloudFrontOriginAccessIdentityConfig shows the configuration of an origin access identity.
func (s *Service) GetCloudFrontOriginAccessIdentityConfig(call *api.Call, in *cloudfrontapi.GetCloudFrontOriginAccessIdentityConfigRequest) (*cloudfrontapi.GetCloudFrontOriginAccessIdentityConfigResult, error) {
	record, err := s.originAccessIdentityFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetCloudFrontOriginAccessIdentityConfigResult{
		CloudFrontOriginAccessIdentityConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateCloudFrontOriginAccessIdentity changes the comment of an origin access identity.
func (s *Service) UpdateCloudFrontOriginAccessIdentity(call *api.Call, in *cloudfrontapi.UpdateCloudFrontOriginAccessIdentityRequest) (*cloudfrontapi.UpdateCloudFrontOriginAccessIdentityResult, error) {
	record, err := s.originAccessIdentityFamily().update(call, recordUpdate[cloudfrontapi.CloudFrontOriginAccessIdentityConfig]{
		in.Id, in.IfMatch, in.CloudFrontOriginAccessIdentityConfig,
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateCloudFrontOriginAccessIdentityResult{
		CloudFrontOriginAccessIdentity: originAccessIdentity(record), ETag: new(record.ETag),
	}, nil
}

// DeleteCloudFrontOriginAccessIdentity deletes an origin access identity that no origin uses.
func (s *Service) DeleteCloudFrontOriginAccessIdentity(call *api.Call, in *cloudfrontapi.DeleteCloudFrontOriginAccessIdentityRequest) error {
	return s.originAccessIdentityFamily().remove(call, in.Id, in.IfMatch)
}

// ListCloudFrontOriginAccessIdentities lists the account's origin access identities by id.
func (s *Service) ListCloudFrontOriginAccessIdentities(call *api.Call, in *cloudfrontapi.ListCloudFrontOriginAccessIdentitiesRequest) (*cloudfrontapi.ListCloudFrontOriginAccessIdentitiesResult, error) {
	page, err := s.originAccessIdentityFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.CloudFrontOriginAccessIdentityList{
		Marker: new(value(in.Marker)), MaxItems: page.maxItems, NextMarker: page.nextMarker,
		IsTruncated: new(page.nextMarker != nil), Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.CloudFrontOriginAccessIdentitySummary{
			Id: new(item.record.ID), S3CanonicalUserId: new(canonicalUser(item.record.ID)), Comment: item.record.Config.Comment,
		})
	}
	return &cloudfrontapi.ListCloudFrontOriginAccessIdentitiesResult{CloudFrontOriginAccessIdentityList: list}, nil
}
