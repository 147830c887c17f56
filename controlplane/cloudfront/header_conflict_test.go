package cloudfront_test

import (
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

func cachePolicyConfig(name string, headers ...string) *cloudfrontapi.CachePolicyConfig {
	c := &cloudfrontapi.CachePolicyConfig{
		Name: new(name), MinTTL: new(int64(1)),
		ParametersInCacheKeyAndForwardedToOrigin: &cloudfrontapi.ParametersInCacheKeyAndForwardedToOrigin{
			EnableAcceptEncodingGzip: new(true),
			HeadersConfig:            &cloudfrontapi.CachePolicyHeadersConfig{HeaderBehavior: new("none")},
			CookiesConfig:            &cloudfrontapi.CachePolicyCookiesConfig{CookieBehavior: new("none")},
			QueryStringsConfig:       &cloudfrontapi.CachePolicyQueryStringsConfig{QueryStringBehavior: new("none")},
		},
	}
	if len(headers) > 0 {
		c.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig = &cloudfrontapi.CachePolicyHeadersConfig{
			HeaderBehavior: new("whitelist"), Headers: names(headers...),
		}
	}
	return c
}

func originRequestPolicyConfig(name, behavior string, headers ...string) *cloudfrontapi.OriginRequestPolicyConfig {
	c := &cloudfrontapi.OriginRequestPolicyConfig{
		Name:               new(name),
		HeadersConfig:      &cloudfrontapi.OriginRequestPolicyHeadersConfig{HeaderBehavior: new(behavior)},
		CookiesConfig:      &cloudfrontapi.OriginRequestPolicyCookiesConfig{CookieBehavior: new("none")},
		QueryStringsConfig: &cloudfrontapi.OriginRequestPolicyQueryStringsConfig{QueryStringBehavior: new("none")},
	}
	if len(headers) > 0 {
		c.HeadersConfig.Headers = names(headers...)
	}
	return c
}

func createCachePolicy(t testing.TB, s *cloudfront.Service, c *cloudfrontapi.CachePolicyConfig) *cloudfrontapi.CreateCachePolicyResult {
	t.Helper()
	out, err := s.CreateCachePolicy(call(account), &cloudfrontapi.CreateCachePolicyRequest{CachePolicyConfig: c})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func createOriginRequestPolicy(t testing.TB, s *cloudfront.Service, c *cloudfrontapi.OriginRequestPolicyConfig) *cloudfrontapi.CreateOriginRequestPolicyResult {
	t.Helper()
	out, err := s.CreateOriginRequestPolicy(call(account), &cloudfrontapi.CreateOriginRequestPolicyRequest{OriginRequestPolicyConfig: c})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHeaderConflict: a header that the origin gets from its custom headers
// cannot also be forwarded by name; policies that forward everything are no
// conflict (reference/cloudfront.md 1.7, the article).
func TestHeaderConflict(t *testing.T) {
	const era2022 = "The paramater Header Name with value Referer is not allowed as both as origin custom header and a forward header"
	for _, test := range []struct {
		name     string
		conflict bool
		edit     func(t *testing.T, s *cloudfront.Service, c *distributionConfig)
	}{
		{"forwarded values", true, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			legacy(c).Headers = names("Origin", "REFERER")
		}},
		{"forwarded values, all", false, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			legacy(c).Headers = names("*")
		}},
		{"forwarded values, others", false, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			legacy(c).Headers = names("Origin")
		}},
		{"cache policy", true, func(t *testing.T, s *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.CachePolicyId = createCachePolicy(t, s, cachePolicyConfig("p", "referer")).CachePolicy.Id
		}},
		{"origin request policy", true, func(t *testing.T, s *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId =
				createOriginRequestPolicy(t, s, originRequestPolicyConfig("p", "whitelist", "Referer")).OriginRequestPolicy.Id
		}},
		{"managed origin request policy", true, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId = new(uaAndReferer)
		}},
		{"allExcept names it", false, func(t *testing.T, s *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId =
				createOriginRequestPolicy(t, s, originRequestPolicyConfig("p", "allExcept", "Referer")).OriginRequestPolicy.Id
		}},
		{"AllViewer", false, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId = new(allViewer)
		}},
		{"AllViewerExceptHostHeader", false, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId = new(exceptHost)
		}},
		{"another behavior", true, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			addBehavior(c, "/a").OriginRequestPolicyId = new(uaAndReferer)
		}},
		{"another behavior of another origin", false, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			addOrigin(c, "b")
			c.Origins.Items[1].CustomHeaders = nil
			b := addBehavior(c, "/a")
			b.OriginRequestPolicyId, b.TargetOriginId = new(uaAndReferer), new("b")
		}},
		{"a member of an origin group", true, func(_ *testing.T, _ *cloudfront.Service, c *distributionConfig) {
			addOrigin(c, "b")
			c.Origins.Items[1].CustomHeaders = nil
			addGroup(c, "g", "b", originID)
			b := addBehavior(c, "/a")
			b.OriginRequestPolicyId, b.TargetOriginId = new(uaAndReferer), new("g")
		}},
	} {
		for wording, text := range map[cloudfront.Wording]string{cloudfront.WordingCurrent: conflict, cloudfront.Wording2022: era2022} {
			t.Run(test.name, func(t *testing.T) {
				s := newService(t, cloudfront.Options{Wording: wording})
				c := config("r")
				setHeaders(c, "X-Other", "o", "Referer", "secret")
				test.edit(t, s, c)
				_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
				if !test.conflict {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
					return
				}
				wantError(t, err, invalidArgument, 400, text)
			})
		}
	}
}

// TestPolicyUpdateKeepsTheRule: a policy that distributions use cannot come
// into conflict with them either.
func TestPolicyUpdateKeepsTheRule(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	policy := createOriginRequestPolicy(t, s, originRequestPolicyConfig("p", "whitelist", "Origin"))
	c := config("r")
	setHeaders(c, "Referer", "secret")
	c.DefaultCacheBehavior.OriginRequestPolicyId = policy.OriginRequestPolicy.Id
	create(t, s, account, c)
	change := func(etag *string, headers ...string) (*cloudfrontapi.UpdateOriginRequestPolicyResult, error) {
		return s.UpdateOriginRequestPolicy(call(account), &cloudfrontapi.UpdateOriginRequestPolicyRequest{
			Id: policy.OriginRequestPolicy.Id, IfMatch: etag,
			OriginRequestPolicyConfig: originRequestPolicyConfig("p", "whitelist", headers...),
		})
	}
	_, err := change(policy.ETag, "Origin", "Referer")
	wantError(t, err, invalidArgument, 400, conflict)
	updated, err := change(policy.ETag, "Origin", "Accept")
	if err != nil {
		t.Fatal(err)
	}
	if *updated.ETag == *policy.ETag {
		t.Error("the update kept the ETag")
	}
	_, err = change(policy.ETag, "Origin")
	wantError(t, err, "PreconditionFailed", 412, "")
}
