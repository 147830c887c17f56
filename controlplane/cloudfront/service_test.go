package cloudfront_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store/memory"
)

const (
	account      = "111122223333"
	otherAccount = "444455556666"
	cachingOff   = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewer    = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	exceptHost   = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	uaAndReferer = "acba4595-bd28-49b8-b9fe-13317c0390fa"
	certificate  = "arn:aws:acm:us-east-1:111122223333:certificate/1f2e3d4c-0000-4000-8000-000000000000"
	apiDomain    = "abcde12345.execute-api.ap-northeast-1.amazonaws.com"
	originID     = "api"
)

func newService(t testing.TB, o cloudfront.Options) *cloudfront.Service {
	t.Helper()
	if o.Store == nil {
		st, err := memory.New(memory.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		o.Store = st
	}
	s, err := cloudfront.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func call(account string) *api.Call {
	return &api.Call{
		Context: context.Background(), Service: "cloudfront", Account: account, Region: "us-east-1", Partition: "aws",
		Now: time.Date(2026, time.November, 22, 12, 0, 0, 123456789, time.UTC),
	}
}

// config is the least that AWS takes: the article's distribution.
func config(reference string) *cloudfrontapi.DistributionConfig {
	return &cloudfrontapi.DistributionConfig{
		CallerReference: new(reference),
		Comment:         new(""),
		Enabled:         new(true),
		Origins: &cloudfrontapi.Origins{Quantity: new(int32(1)), Items: []cloudfrontapi.Origin{{
			Id: new(originID), DomainName: new(apiDomain), OriginPath: new("/prod"),
			CustomOriginConfig: &cloudfrontapi.CustomOriginConfig{
				HTTPPort: new(int32(80)), HTTPSPort: new(int32(443)), OriginProtocolPolicy: new("https-only"),
			},
		}}},
		DefaultCacheBehavior: &cloudfrontapi.DefaultCacheBehavior{
			TargetOriginId: new(originID), ViewerProtocolPolicy: new("redirect-to-https"), CachePolicyId: new(cachingOff),
		},
	}
}

// legacy turns a configuration's default behavior to ForwardedValues.
func legacy(c *cloudfrontapi.DistributionConfig) *cloudfrontapi.ForwardedValues {
	values := &cloudfrontapi.ForwardedValues{
		QueryString: new(false), Cookies: &cloudfrontapi.CookiePreference{Forward: new("none")},
	}
	c.DefaultCacheBehavior.CachePolicyId = nil
	c.DefaultCacheBehavior.MinTTL = new(int64(0))
	c.DefaultCacheBehavior.ForwardedValues = values
	return values
}

func names(names ...string) *cloudfrontapi.Headers {
	return &cloudfrontapi.Headers{Quantity: new(int32(len(names))), Items: names}
}

func setHeaders(c *cloudfrontapi.DistributionConfig, namesAndValues ...string) {
	h := &cloudfrontapi.CustomHeaders{Quantity: new(int32(len(namesAndValues) / 2))}
	for i := 0; i < len(namesAndValues); i += 2 {
		h.Items = append(h.Items, cloudfrontapi.OriginCustomHeader{
			HeaderName: new(namesAndValues[i]), HeaderValue: new(namesAndValues[i+1]),
		})
	}
	c.Origins.Items[0].CustomHeaders = h
}

func addOrigin(c *cloudfrontapi.DistributionConfig, id string) {
	other := c.Origins.Items[0]
	other.Id = new(id)
	c.Origins.Items = append(c.Origins.Items, other)
	c.Origins.Quantity = new(int32(len(c.Origins.Items)))
}

func addGroup(c *cloudfrontapi.DistributionConfig, id string, members ...string) *cloudfrontapi.OriginGroup {
	group := cloudfrontapi.OriginGroup{
		Id: new(id), Members: &cloudfrontapi.OriginGroupMembers{Quantity: new(int32(len(members)))},
		FailoverCriteria: &cloudfrontapi.OriginGroupFailoverCriteria{
			StatusCodes: &cloudfrontapi.StatusCodes{Quantity: new(int32(1)), Items: []int32{503}},
		},
	}
	for _, member := range members {
		group.Members.Items = append(group.Members.Items, cloudfrontapi.OriginGroupMember{OriginId: new(member)})
	}
	c.OriginGroups = &cloudfrontapi.OriginGroups{Quantity: new(int32(1)), Items: []cloudfrontapi.OriginGroup{group}}
	return &c.OriginGroups.Items[0]
}

func addBehavior(c *cloudfrontapi.DistributionConfig, pattern string) *cloudfrontapi.CacheBehavior {
	if c.CacheBehaviors == nil {
		c.CacheBehaviors = &cloudfrontapi.CacheBehaviors{}
	}
	c.CacheBehaviors.Items = append(c.CacheBehaviors.Items, cloudfrontapi.CacheBehavior{
		PathPattern: new(pattern), TargetOriginId: new(originID), ViewerProtocolPolicy: new("allow-all"),
		CachePolicyId: new(cachingOff),
	})
	c.CacheBehaviors.Quantity = new(int32(len(c.CacheBehaviors.Items)))
	return &c.CacheBehaviors.Items[len(c.CacheBehaviors.Items)-1]
}

func setAliases(c *cloudfrontapi.DistributionConfig, aliases ...string) {
	c.Aliases = &cloudfrontapi.Aliases{Quantity: new(int32(len(aliases))), Items: aliases}
	c.ViewerCertificate = &cloudfrontapi.ViewerCertificate{
		ACMCertificateArn: new(certificate), SSLSupportMethod: new("sni-only"), MinimumProtocolVersion: new("TLSv1.2_2021"),
	}
}

func create(t testing.TB, s *cloudfront.Service, account string, c *cloudfrontapi.DistributionConfig) *cloudfrontapi.CreateDistributionResult {
	t.Helper()
	out, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sent makes of a configuration as read one to send, which shares nothing with it.
func sent(t testing.TB, c *cloudfrontapi.DistributionConfig) *cloudfrontapi.DistributionConfig {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	fresh := new(cloudfrontapi.DistributionConfig)
	if err := json.Unmarshal(data, fresh); err != nil {
		t.Fatal(err)
	}
	return fresh
}

func update(s *cloudfront.Service, id, ifMatch *string, c *cloudfrontapi.DistributionConfig) (*cloudfrontapi.UpdateDistributionResult, error) {
	return s.UpdateDistribution(call(account), &cloudfrontapi.UpdateDistributionRequest{Id: id, IfMatch: ifMatch, DistributionConfig: c})
}

// wantError checks code, status and, unless "", the text of an error.
func wantError(t testing.TB, err error, code string, status int, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.Code != code || e.Status != status {
		t.Errorf("got %s (%d) %q, want %s (%d)", e.Code, e.Status, e.Message, code, status)
	}
	if text != "" && e.Message != text {
		t.Errorf("got text %q, want %q", e.Message, text)
	}
}

func TestNewNeedsAStore(t *testing.T) {
	if _, err := cloudfront.New(cloudfront.Options{}); err == nil {
		t.Fatal("a service without a store was made")
	}
}
