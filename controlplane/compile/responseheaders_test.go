package compile

import (
	"slices"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

func TestResponseHeadersPolicies(t *testing.T) {
	s := fed{State: NewState()}
	with := func(id string) *program.ResponseHeadersPolicy {
		t.Helper()
		update := s.apply(put(t, distributionKey("E1"), stored("E1", config(func(_ *cloudfrontapi.DistributionConfig, b *cloudfrontapi.DefaultCacheBehavior) {
			b.ResponseHeadersPolicyId = new(id)
		}))))
		if len(update.Problems) > 0 {
			return nil
		}
		return update.Edge.Distributions["E1"].Match("/").Response
	}
	managed := with("eaab4381-ed33-4a86-88ca-d9558dc6cd63")
	if c := managed.CORS; !c.AnyOrigin || c.Methods != "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" || c.ExposeHeaders != "*" || c.Override {
		t.Errorf("%+v", c)
	}
	if want := []program.PolicyHeader{
		{Name: "X-XSS-Protection", Value: "1; mode=block"}, {Name: "X-Frame-Options", Value: "SAMEORIGIN"},
		{Name: "Referrer-Policy", Value: "strict-origin-when-cross-origin"}, {Name: "X-Content-Type-Options", Value: "nosniff", Override: true},
		{Name: "Strict-Transport-Security", Value: "max-age=31536000"},
	}; !slices.Equal(managed.Headers, want) {
		t.Errorf("%+v", managed.Headers)
	}
	if with("own") != nil {
		t.Error("a policy that is not there")
	}
	own := func(value string) *cloudfront.ResponseHeadersPolicyRecord {
		return &cloudfront.ResponseHeadersPolicyRecord{ID: "own", Config: cloudfrontapi.ResponseHeadersPolicyConfig{
			CustomHeadersConfig:       &cloudfrontapi.ResponseHeadersPolicyCustomHeadersConfig{Items: []cloudfrontapi.ResponseHeadersPolicyCustomHeader{{Header: new("X-A"), Value: new(value), Override: new(true)}}},
			RemoveHeadersConfig:       &cloudfrontapi.ResponseHeadersPolicyRemoveHeadersConfig{Items: []cloudfrontapi.ResponseHeadersPolicyRemoveHeader{{Header: new("Server")}}},
			ServerTimingHeadersConfig: &cloudfrontapi.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: new(true), SamplingRate: new(12.5)},
			CorsConfig: &cloudfrontapi.ResponseHeadersPolicyCorsConfig{
				AccessControlAllowMethods: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowMethods{Items: []string{"ALL"}},
				AccessControlMaxAgeSec:    new(int32(5)),
			},
			SecurityHeadersConfig: &cloudfrontapi.ResponseHeadersPolicySecurityHeadersConfig{
				XSSProtection:           &cloudfrontapi.ResponseHeadersPolicyXSSProtection{Protection: new(true), ReportUri: new("/r")},
				ContentSecurityPolicy:   &cloudfrontapi.ResponseHeadersPolicyContentSecurityPolicy{ContentSecurityPolicy: new("default-src 'self'"), Override: new(true)},
				StrictTransportSecurity: &cloudfrontapi.ResponseHeadersPolicyStrictTransportSecurity{AccessControlMaxAgeSec: new(int32(9)), IncludeSubdomains: new(true), Preload: new(true)},
			},
		}}
	}
	key := cloudfront.Key(account, cloudfront.KindResponseHeadersPolicy, "own")
	s.apply(put(t, key, own("1")))
	p := with("own")
	if want := []program.PolicyHeader{
		{Name: "X-XSS-Protection", Value: "1; report=/r"}, {Name: "Content-Security-Policy", Value: "default-src 'self'", Override: true},
		{Name: "Strict-Transport-Security", Value: "max-age=9; includeSubDomains; preload"}, {Name: "X-A", Value: "1", Override: true},
	}; !slices.Equal(p.Headers, want) || !slices.Equal(p.Remove, []string{"server"}) || !p.ServerTiming || p.Sampling != 12.5 ||
		p.CORS.Methods != "GET, DELETE, HEAD, OPTIONS, PATCH, POST, PUT" || p.CORS.MaxAge != "5" {
		t.Errorf("%+v %+v", p, p.CORS)
	}
	// A change of the policy compiles the distributions that use it.
	if d := s.apply(put(t, key, own("2"))).Edge.Distributions["E1"]; d == nil || d.Match("/").Response.Headers[3].Value != "2" {
		t.Errorf("after a change: %+v", d)
	}
}
