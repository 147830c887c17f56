package cloudfront

import (
	"drawbridge/controlplane/api/cloudfrontapi"
)

// Defaults of AWS's API (reference/cloudfront.md 1.8 last paragraph, 1.9, 3.5).
const (
	defaultTTL             = 86400    // seconds: a day
	defaultMaxTTL          = 31536000 // seconds: a year
	defaultAttempts        = 3
	defaultConnectTimeout  = 10 // seconds
	defaultReadTimeout     = 30 // seconds
	defaultKeepalive       = 5  // seconds
	defaultErrorCachingTTL = 10 // seconds
)

// fillDistribution sets what AWS shows on read for members a client left out.
// Filling twice changes nothing.
func fillDistribution(c *cloudfrontapi.DistributionConfig) {
	fill(&c.Aliases, cloudfrontapi.Aliases{Quantity: new(int32(0))})
	fill(&c.DefaultRootObject, "")
	for i := range c.Origins.Items {
		fillOrigin(&c.Origins.Items[i])
	}
	fill(&c.OriginGroups, cloudfrontapi.OriginGroups{Quantity: new(int32(0))})
	behavior := asBehavior(c.DefaultCacheBehavior)
	fillBehavior(&behavior)
	c.DefaultCacheBehavior = asDefault(&behavior)
	fill(&c.CacheBehaviors, cloudfrontapi.CacheBehaviors{Quantity: new(int32(0))})
	for i := range c.CacheBehaviors.Items {
		fillBehavior(&c.CacheBehaviors.Items[i])
	}
	fill(&c.CustomErrorResponses, cloudfrontapi.CustomErrorResponses{Quantity: new(int32(0))})
	for i := range c.CustomErrorResponses.Items {
		r := &c.CustomErrorResponses.Items[i]
		fill(&r.ResponsePagePath, "")
		fill(&r.ResponseCode, "")
		fill(&r.ErrorCachingMinTTL, defaultErrorCachingTTL)
	}
	fill(&c.Logging, cloudfrontapi.LoggingConfig{})
	fill(&c.Logging.Enabled, false)
	fill(&c.Logging.IncludeCookies, false)
	fill(&c.Logging.Bucket, "")
	fill(&c.Logging.Prefix, "")
	fill(&c.PriceClass, cloudfrontapi.PriceClassPriceClassAll)
	fillCertificate(c)
	fill(&c.Restrictions, cloudfrontapi.Restrictions{})
	fill(&c.Restrictions.GeoRestriction, cloudfrontapi.GeoRestriction{
		RestrictionType: new(cloudfrontapi.GeoRestrictionTypeNone), Quantity: new(int32(0)),
	})
	fill(&c.WebACLId, "")
	fill(&c.HttpVersion, cloudfrontapi.HttpVersionHttp2)
	fill(&c.IsIPV6Enabled, false)
	fill(&c.ContinuousDeploymentPolicyId, "")
	fill(&c.Staging, false)
}

func fillOrigin(o *cloudfrontapi.Origin) {
	fill(&o.OriginPath, "")
	fill(&o.CustomHeaders, cloudfrontapi.CustomHeaders{Quantity: new(int32(0))})
	if s3 := o.S3OriginConfig; s3 != nil {
		fill(&s3.OriginReadTimeout, defaultReadTimeout)
	}
	if custom := o.CustomOriginConfig; custom != nil {
		// Which protocols AWS fills in is recorded nowhere: these are all that it still offers.
		fill(&custom.OriginSslProtocols, cloudfrontapi.OriginSslProtocols{
			Quantity: new(int32(3)), Items: []string{"TLSv1", "TLSv1.1", "TLSv1.2"},
		})
		fill(&custom.OriginReadTimeout, defaultReadTimeout)
		fill(&custom.OriginKeepaliveTimeout, defaultKeepalive)
	}
	if vpc := o.VpcOriginConfig; vpc != nil {
		fill(&vpc.OriginReadTimeout, defaultReadTimeout)
		fill(&vpc.OriginKeepaliveTimeout, defaultKeepalive)
	}
	fill(&o.ConnectionAttempts, defaultAttempts)
	fill(&o.ConnectionTimeout, defaultConnectTimeout)
	fill(&o.OriginShield, cloudfrontapi.OriginShield{Enabled: new(false)})
	fill(&o.OriginAccessControlId, "")
}

func fillBehavior(b *cloudfrontapi.CacheBehavior) {
	readMethods := func() []string { return []string{"HEAD", "GET"} }
	fill(&b.TrustedSigners, cloudfrontapi.TrustedSigners{Enabled: new(false), Quantity: new(int32(0))})
	fill(&b.TrustedKeyGroups, cloudfrontapi.TrustedKeyGroups{Enabled: new(false), Quantity: new(int32(0))})
	fill(&b.AllowedMethods, cloudfrontapi.AllowedMethods{Quantity: new(int32(2)), Items: readMethods()})
	fill(&b.AllowedMethods.CachedMethods, cloudfrontapi.CachedMethods{Quantity: new(int32(2)), Items: readMethods()})
	fill(&b.SmoothStreaming, false)
	fill(&b.Compress, false)
	fill(&b.LambdaFunctionAssociations, cloudfrontapi.LambdaFunctionAssociations{Quantity: new(int32(0))})
	for i := range b.LambdaFunctionAssociations.Items {
		fill(&b.LambdaFunctionAssociations.Items[i].IncludeBody, false)
	}
	fill(&b.FunctionAssociations, cloudfrontapi.FunctionAssociations{Quantity: new(int32(0))})
	fill(&b.FieldLevelEncryptionId, "")
	if b.ForwardedValues == nil {
		return
	}
	fill(&b.ForwardedValues.Headers, cloudfrontapi.Headers{Quantity: new(int32(0))})
	fill(&b.ForwardedValues.QueryStringCacheKeys, cloudfrontapi.QueryStringCacheKeys{Quantity: new(int32(0))})
	fillTTLs(value(b.MinTTL), &b.DefaultTTL, &b.MaxTTL)
}

// fillTTLs raises each default to the TTL below it (reference/cloudfront.md 1.9).
func fillTTLs(minTTL int64, dflt, maxTTL **int64) {
	fill(dflt, max(defaultTTL, minTTL))
	fill(maxTTL, max(defaultMaxTTL, **dflt))
}

// fillCertificate shows CloudFront's own certificate where no other is named,
// always as TLSv1 (reference/cloudfront.md 1.9), and otherwise repeats the
// certificate in the two members that older clients read.
func fillCertificate(c *cloudfrontapi.DistributionConfig) {
	fill(&c.ViewerCertificate, cloudfrontapi.ViewerCertificate{})
	v := c.ViewerCertificate
	acm, iam := value(v.ACMCertificateArn), value(v.IAMCertificateId)
	v.Certificate, v.CertificateSource = nil, nil
	switch {
	case acm != "":
		v.Certificate, v.CertificateSource = new(acm), new(cloudfrontapi.CertificateSourceAcm)
	case iam != "":
		v.Certificate, v.CertificateSource = new(iam), new(cloudfrontapi.CertificateSourceIam)
	default:
		c.ViewerCertificate = &cloudfrontapi.ViewerCertificate{
			CloudFrontDefaultCertificate: new(true),
			SSLSupportMethod:             new(cloudfrontapi.SSLSupportMethodVip),
			MinimumProtocolVersion:       new(cloudfrontapi.MinimumProtocolVersionTLSv1),
			CertificateSource:            new(cloudfrontapi.CertificateSourceCloudfront),
		}
		return
	}
	fill(&v.CloudFrontDefaultCertificate, false)
	fill(&v.MinimumProtocolVersion, cloudfrontapi.MinimumProtocolVersionTLSv1)
}

// asBehavior gives the default cache behavior the form of the others, without
// a path pattern, so that one set of rules reads both.
func asBehavior(d *cloudfrontapi.DefaultCacheBehavior) cloudfrontapi.CacheBehavior {
	return cloudfrontapi.CacheBehavior{
		TargetOriginId: d.TargetOriginId, TrustedSigners: d.TrustedSigners, TrustedKeyGroups: d.TrustedKeyGroups,
		ViewerProtocolPolicy: d.ViewerProtocolPolicy, AllowedMethods: d.AllowedMethods,
		SmoothStreaming: d.SmoothStreaming, Compress: d.Compress,
		LambdaFunctionAssociations: d.LambdaFunctionAssociations, FunctionAssociations: d.FunctionAssociations,
		FieldLevelEncryptionId: d.FieldLevelEncryptionId, RealtimeLogConfigArn: d.RealtimeLogConfigArn,
		CachePolicyId: d.CachePolicyId, OriginRequestPolicyId: d.OriginRequestPolicyId,
		ResponseHeadersPolicyId: d.ResponseHeadersPolicyId, GrpcConfig: d.GrpcConfig,
		ForwardedValues: d.ForwardedValues, MinTTL: d.MinTTL, DefaultTTL: d.DefaultTTL, MaxTTL: d.MaxTTL,
	}
}

// asDefault is the way back from asBehavior.
func asDefault(b *cloudfrontapi.CacheBehavior) *cloudfrontapi.DefaultCacheBehavior {
	return &cloudfrontapi.DefaultCacheBehavior{
		TargetOriginId: b.TargetOriginId, TrustedSigners: b.TrustedSigners, TrustedKeyGroups: b.TrustedKeyGroups,
		ViewerProtocolPolicy: b.ViewerProtocolPolicy, AllowedMethods: b.AllowedMethods,
		SmoothStreaming: b.SmoothStreaming, Compress: b.Compress,
		LambdaFunctionAssociations: b.LambdaFunctionAssociations, FunctionAssociations: b.FunctionAssociations,
		FieldLevelEncryptionId: b.FieldLevelEncryptionId, RealtimeLogConfigArn: b.RealtimeLogConfigArn,
		CachePolicyId: b.CachePolicyId, OriginRequestPolicyId: b.OriginRequestPolicyId,
		ResponseHeadersPolicyId: b.ResponseHeadersPolicyId, GrpcConfig: b.GrpcConfig,
		ForwardedValues: b.ForwardedValues, MinTTL: b.MinTTL, DefaultTTL: b.DefaultTTL, MaxTTL: b.MaxTTL,
	}
}
