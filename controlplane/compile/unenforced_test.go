package compile

import (
	"slices"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// TestUnenforced: each thing that guards access and is not done is named.
func TestUnenforced(t *testing.T) {
	type config = cloudfrontapi.DistributionConfig
	one := func(change func(*cloudfrontapi.DefaultCacheBehavior)) func(*config) {
		return func(c *config) { change(c.DefaultCacheBehavior) }
	}
	for _, test := range []struct {
		change func(*config)
		want   []string
	}{
		{func(*config) {}, nil},
		{one(func(b *cloudfrontapi.DefaultCacheBehavior) {
			b.LambdaFunctionAssociations = &cloudfrontapi.LambdaFunctionAssociations{Items: make([]cloudfrontapi.LambdaFunctionAssociation, 1)}
		}), []string{"Lambda@Edge"}},
		{func(c *config) {
			c.CacheBehaviors = &cloudfrontapi.CacheBehaviors{Items: []cloudfrontapi.CacheBehavior{{
				FieldLevelEncryptionId: new("C1"),
			}}}
		}, []string{"field-level encryption"}},
		{one(func(b *cloudfrontapi.DefaultCacheBehavior) {
			b.FieldLevelEncryptionId = new("C1")
		}), []string{"field-level encryption"}},
		{func(c *config) {
			c.WebACLId = new("acl")
		}, []string{"web ACL"}},
	} {
		c := &config{DefaultCacheBehavior: &cloudfrontapi.DefaultCacheBehavior{}}
		test.change(c)
		if got := unenforced(c); !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestGaps: a distribution that asks for everything is warned of every gap.
func TestGaps(t *testing.T) {
	all := &cloudfrontapi.DistributionConfig{
		WebACLId:        new("acl"),
		AnycastIpListId: new("aip_1"), HttpVersion: new("http2and3"), Logging: &cloudfrontapi.LoggingConfig{Enabled: new(true)},
		ViewerMtlsConfig:              &cloudfrontapi.ViewerMtlsConfig{},
		ConnectionFunctionAssociation: &cloudfrontapi.ConnectionFunctionAssociation{Id: new("cf_1")},
		CacheBehaviors: &cloudfrontapi.CacheBehaviors{Items: []cloudfrontapi.CacheBehavior{{
			LambdaFunctionAssociations: &cloudfrontapi.LambdaFunctionAssociations{Items: make([]cloudfrontapi.LambdaFunctionAssociation, 1)},
			TrustedSigners:             &cloudfrontapi.TrustedSigners{Enabled: new(true)},
			FieldLevelEncryptionId:     new("C1"), RealtimeLogConfigArn: new("arn"),
			GrpcConfig: &cloudfrontapi.GrpcConfig{Enabled: new(true)}, SmoothStreaming: new(true),
		}}},
		Origins: &cloudfrontapi.Origins{Items: []cloudfrontapi.Origin{
			{VpcOriginConfig: &cloudfrontapi.VpcOriginConfig{}, OriginShield: &cloudfrontapi.OriginShield{Enabled: new(true)}},
		}},
	}
	if got, want := len(unenforced(all)), len(behaviorGaps)+len(distributionGaps)+len(originGaps); got != want {
		t.Errorf("%d warnings for %d gaps: %q", got, want, unenforced(all))
	}
}
