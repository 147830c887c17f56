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
			b.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{Enabled: new(true)}
			b.FieldLevelEncryptionId = new("C1")
		}), []string{"signed URLs and cookies", "field-level encryption"}},
		{func(c *config) {
			c.WebACLId = new("acl")
			c.Restrictions = &cloudfrontapi.Restrictions{GeoRestriction: &cloudfrontapi.GeoRestriction{RestrictionType: new("whitelist")}}
		}, []string{"web ACL", "geo restriction"}},
	} {
		c := &config{DefaultCacheBehavior: &cloudfrontapi.DefaultCacheBehavior{}}
		test.change(c)
		if got := unenforced(c); !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
