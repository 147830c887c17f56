package cloudfront

import (
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Streaming distributions served RTMP, which CloudFront ended in 2020; their
// API still answers. No data plane serves them, neither AWS's nor this one.

func (s *Service) streamingDistributionFamily() *recordFamily[cloudfrontapi.StreamingDistributionConfig] {
	type config = cloudfrontapi.StreamingDistributionConfig
	return &recordFamily[config]{
		service:   s,
		kind:      KindStreamingDistribution,
		newID:     func(*config) string { return s.newID(IDDistribution) },
		reference: func(c *config) string { return value(c.CallerReference) },
		prepare: preparation[config]{
			"CreateStreamingDistribution", fillStreamingDistribution, streamingDistributionRules,
		}.with(&s.limits),
		kept: func(old, c *config) error { return referenceKept(old.CallerReference, c.CallerReference) },
		uses: func(c *config) map[recordRef]bool {
			id := strings.TrimPrefix(value(c.S3Origin.OriginAccessIdentity), originAccessIdentityPath)
			if id == "" {
				return nil
			}
			return map[recordRef]bool{{KindOriginAccessIdentity, id}: true}
		},
		unknown: func(recordRef) error { return invalidOriginAccessIdentity() },
		removable: func(old *StreamingDistributionRecord, revision int64) error {
			if value(old.Config.Enabled) || !s.deployed(revision) {
				return cloudfrontapi.StreamingDistributionNotDisabled("The specified CloudFront distribution is not disabled. " +
					"You must disable the distribution before you can delete it.")
			}
			return nil
		},
		tagged: "streaming-distribution",
		limit:  s.limits.StreamingDistributions,
		noSuch: func() error {
			return cloudfrontapi.NoSuchStreamingDistribution("The specified streaming distribution does not exist.")
		},
		exists: func() error {
			return cloudfrontapi.StreamingDistributionAlreadyExists("The caller reference you attempted to create the " +
				"streaming distribution with is associated with another distribution")
		},
		inUse: func() error { return cloudfrontapi.ResourceInUse("Cannot delete this resource because it is in use.") },
		tooMany: func() error {
			return cloudfrontapi.TooManyStreamingDistributions("Processing your request would cause you to exceed the " +
				"maximum number of streaming distributions allowed.")
		},
	}
}

func invalidOriginAccessIdentity() error {
	return cloudfrontapi.InvalidOriginAccessIdentity("The origin access identity is not valid or doesn't exist.")
}

// fillStreamingDistribution sets what AWS shows on read.
func fillStreamingDistribution(c *cloudfrontapi.StreamingDistributionConfig) {
	fill(&c.Aliases, cloudfrontapi.Aliases{Quantity: new(int32(0))})
	fill(&c.Logging, cloudfrontapi.StreamingLoggingConfig{Enabled: new(false), Bucket: new(""), Prefix: new("")})
	fill(&c.PriceClass, cloudfrontapi.PriceClassPriceClassAll)
}

func streamingDistributionRules() []configRule[cloudfrontapi.StreamingDistributionConfig] {
	type config = cloudfrontapi.StreamingDistributionConfig
	return []configRule[config]{
		callerReference(func(c *config) *string { return c.CallerReference }),
		{"comment", func(c *config, _ *Limits) error { return policyComment(value(c.Comment)) }},
		{"origin", func(c *config, _ *Limits) error {
			identity := value(c.S3Origin.OriginAccessIdentity)
			switch {
			case !s3Domain.MatchString(value(c.S3Origin.DomainName)):
				return cloudfrontapi.InvalidOrigin("The specified origin server does not exist or is not valid.")
			case identity != "" && !strings.HasPrefix(identity, originAccessIdentityPath):
				return invalidOriginAccessIdentity()
			}
			return nil
		}},
		{"aliases", func(c *config, limits *Limits) error {
			if len(c.Aliases.Items) > limits.Aliases {
				return cloudfrontapi.TooManyStreamingDistributionCNAMEs(
					"Your request contains more CNAMEs than are allowed per distribution.")
			}
			for _, alias := range c.Aliases.Items {
				if !aliasAllowed(alias) {
					return badParameter("CNAME contains one or more parameters that are not valid.")
				}
			}
			return nil
		}},
		{"trusted signers", func(c *config, limits *Limits) error {
			return signersAllowed(c.TrustedSigners, limits)
		}},
		{"logging", func(c *config, _ *Limits) error {
			bucket := value(c.Logging.Bucket)
			if value(c.Logging.Enabled) && bucket == "" || bucket != "" && !isBucket(bucket) {
				return badParameter("Logging Bucket does not refer to a valid S3 bucket.")
			}
			return nil
		}},
		{"price class", func(c *config, _ *Limits) error {
			if !oneOf(value(c.PriceClass), cloudfrontapi.PriceClassValues) {
				return badParameter("PriceClass is not valid.")
			}
			return nil
		}},
	}
}

// streamingDomain is the domain name of a streaming distribution.
func streamingDomain(id string) string { return "s" + strings.ToLower(id[1:]) + ".cloudfront.net" }

// streamingDistribution reads a streaming distribution and makes the answer's
// form of it, with its ETag.
func (s *Service) streamingDistribution(call *api.Call, id *string) (*cloudfrontapi.StreamingDistribution, *string, error) {
	f := s.streamingDistributionFamily()
	record, revision, err := f.find(call, call.Account, value(id))
	if err != nil {
		return nil, nil, err
	}
	if record == nil {
		return nil, nil, f.noSuch()
	}
	return &cloudfrontapi.StreamingDistribution{
		Id: new(record.ID), ARN: new(arnPrefix(call) + "streaming-distribution/" + record.ID),
		Status: new(s.distributionStatus(revision)), LastModifiedTime: new(record.LastModifiedTime),
		DomainName: new(streamingDomain(record.ID)), ActiveTrustedSigners: activeSigners(record.Config.TrustedSigners),
		StreamingDistributionConfig: &record.Config,
	}, new(record.ETag), nil
}

// CreateStreamingDistribution makes a streaming distribution.
func (s *Service) CreateStreamingDistribution(call *api.Call, in *cloudfrontapi.CreateStreamingDistributionRequest) (*cloudfrontapi.CreateStreamingDistributionResult, error) {
	record, err := s.streamingDistributionFamily().create(call, in.StreamingDistributionConfig)
	if err != nil {
		return nil, err
	}
	shown, etag, err := s.streamingDistribution(call, &record.ID)
	return &cloudfrontapi.CreateStreamingDistributionResult{
		StreamingDistribution: shown, ETag: etag, Location: new(endpoint + "streaming-distribution/" + record.ID),
	}, err
}

// CreateStreamingDistributionWithTags makes a streaming distribution that has
// tags from the start.
func (s *Service) CreateStreamingDistributionWithTags(call *api.Call, in *cloudfrontapi.CreateStreamingDistributionWithTagsRequest) (*cloudfrontapi.CreateStreamingDistributionWithTagsResult, error) {
	body := in.StreamingDistributionConfigWithTags
	if body == nil {
		return nil, missingBody()
	}
	if body.Tags == nil {
		return nil, badParameter("Tags is required.")
	}
	tags, err := s.checkTags(body.Tags)
	if err != nil {
		return nil, err
	}
	record, err := s.streamingDistributionFamily().createTagged(call, body.StreamingDistributionConfig, tags)
	if err != nil {
		return nil, err
	}
	shown, etag, err := s.streamingDistribution(call, &record.ID)
	return &cloudfrontapi.CreateStreamingDistributionWithTagsResult{
		StreamingDistribution: shown, ETag: etag, Location: new(endpoint + "streaming-distribution/" + record.ID),
	}, err
}

// GetStreamingDistribution shows a streaming distribution.
func (s *Service) GetStreamingDistribution(call *api.Call, in *cloudfrontapi.GetStreamingDistributionRequest) (*cloudfrontapi.GetStreamingDistributionResult, error) {
	shown, etag, err := s.streamingDistribution(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetStreamingDistributionResult{StreamingDistribution: shown, ETag: etag}, nil
}

// GetStreamingDistributionConfig shows the configuration of a streaming distribution.
func (s *Service) GetStreamingDistributionConfig(call *api.Call, in *cloudfrontapi.GetStreamingDistributionConfigRequest) (*cloudfrontapi.GetStreamingDistributionConfigResult, error) {
	record, err := s.streamingDistributionFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetStreamingDistributionConfigResult{
		StreamingDistributionConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateStreamingDistribution replaces the configuration of a streaming distribution.
func (s *Service) UpdateStreamingDistribution(call *api.Call, in *cloudfrontapi.UpdateStreamingDistributionRequest) (*cloudfrontapi.UpdateStreamingDistributionResult, error) {
	_, err := s.streamingDistributionFamily().update(call, recordUpdate[cloudfrontapi.StreamingDistributionConfig]{
		in.Id, in.IfMatch, in.StreamingDistributionConfig,
	})
	if err != nil {
		return nil, err
	}
	shown, etag, err := s.streamingDistribution(call, in.Id)
	return &cloudfrontapi.UpdateStreamingDistributionResult{StreamingDistribution: shown, ETag: etag}, err
}

// DeleteStreamingDistribution deletes a streaming distribution that is disabled.
func (s *Service) DeleteStreamingDistribution(call *api.Call, in *cloudfrontapi.DeleteStreamingDistributionRequest) error {
	return s.streamingDistributionFamily().remove(call, in.Id, in.IfMatch)
}

// ListStreamingDistributions lists the account's streaming distributions by id.
func (s *Service) ListStreamingDistributions(call *api.Call, in *cloudfrontapi.ListStreamingDistributionsRequest) (*cloudfrontapi.ListStreamingDistributionsResult, error) {
	page, err := s.streamingDistributionFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.StreamingDistributionList{
		Marker: new(value(in.Marker)), MaxItems: page.maxItems, NextMarker: page.nextMarker,
		IsTruncated: new(page.nextMarker != nil), Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		shown, _, err := s.streamingDistribution(call, &item.record.ID)
		if err != nil {
			return nil, err
		}
		c := shown.StreamingDistributionConfig
		list.Items = append(list.Items, cloudfrontapi.StreamingDistributionSummary{
			Id: shown.Id, ARN: shown.ARN, Status: shown.Status, LastModifiedTime: shown.LastModifiedTime,
			DomainName: shown.DomainName, S3Origin: c.S3Origin, Aliases: c.Aliases, TrustedSigners: c.TrustedSigners,
			Comment: c.Comment, PriceClass: c.PriceClass, Enabled: c.Enabled,
		})
	}
	return &cloudfrontapi.ListStreamingDistributionsResult{StreamingDistributionList: list}, nil
}
