package cloudfront

import (
	"slices"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// managedResponseHeadersPolicy is a row of AWS's table of managed response
// headers policies: which of two sets of headers it adds.
type managedResponseHeadersPolicy struct {
	name, id, comment         string
	cors, preflight, security bool
}

// managedResponseHeadersPolicies is the table of reference/cloudfront.md 1.10,
// in its order. The comments are not recorded there: they are our words.
func managedResponseHeadersPolicies() []managedResponseHeadersPolicy {
	return []managedResponseHeadersPolicy{
		{"SimpleCORS", "60669652-455b-4ae9-85a4-c4c02393f86c",
			"Allows all origins for simple CORS requests", true, false, false},
		{"CORS-With-Preflight", "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
			"Allows all origins for CORS requests, including preflight requests", true, true, false},
		{"SecurityHeadersPolicy", "67f7725c-6f97-4210-82d7-5512b31e9d03",
			"Adds a set of security headers to every response", false, false, true},
		{"CORS-and-SecurityHeadersPolicy", "e61eb60c-9c35-4d20-a928-2b84e02af89c",
			"Allows all origins for simple CORS requests and adds security headers", true, false, true},
		{"CORS-with-preflight-and-SecurityHeadersPolicy", "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
			"Allows all origins for CORS requests, including preflight requests, and adds security headers", true, true, true},
	}
}

// ManagedResponseHeadersPolicy returns AWS's managed response headers policy
// of that id (reference/cloudfront.md 1.10). The caller owns the result.
func ManagedResponseHeadersPolicy(id string) (*cloudfrontapi.ResponseHeadersPolicyConfig, bool) {
	all := managedResponseHeadersPolicies()
	i := slices.IndexFunc(all, func(p managedResponseHeadersPolicy) bool { return p.id == id })
	if i < 0 {
		return nil, false
	}
	return all[i].config(), true
}

func (p *managedResponseHeadersPolicy) config() *cloudfrontapi.ResponseHeadersPolicyConfig {
	config := &cloudfrontapi.ResponseHeadersPolicyConfig{
		Comment: new(p.comment), Name: new("Managed-" + p.name),
		ServerTimingHeadersConfig: &cloudfrontapi.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: new(false)},
		CustomHeadersConfig:       &cloudfrontapi.ResponseHeadersPolicyCustomHeadersConfig{Quantity: new(int32(0))},
		RemoveHeadersConfig:       &cloudfrontapi.ResponseHeadersPolicyRemoveHeadersConfig{Quantity: new(int32(0))},
	}
	if p.cors {
		config.CorsConfig = managedCORS(p.preflight)
	}
	if p.security {
		config.SecurityHeadersConfig = managedSecurityHeaders()
	}
	return config
}

// managedCORS answers every origin. Allowed methods and headers are members
// that AWS requires; without preflight they are GET and "*".
func managedCORS(preflight bool) *cloudfrontapi.ResponseHeadersPolicyCorsConfig {
	cors := &cloudfrontapi.ResponseHeadersPolicyCorsConfig{
		AccessControlAllowOrigins: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowOrigins{
			Quantity: new(int32(1)), Items: []string{"*"},
		},
		AccessControlAllowHeaders: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowHeaders{
			Quantity: new(int32(1)), Items: []string{"*"},
		},
		AccessControlAllowMethods: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowMethods{
			Quantity: new(int32(1)), Items: []string{"GET"},
		},
		AccessControlAllowCredentials: new(false),
		OriginOverride:                new(false),
	}
	if preflight {
		cors.AccessControlAllowMethods = &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowMethods{
			Quantity: new(int32(7)), Items: []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"},
		}
		cors.AccessControlExposeHeaders = &cloudfrontapi.ResponseHeadersPolicyAccessControlExposeHeaders{
			Quantity: new(int32(1)), Items: []string{"*"},
		}
	}
	return cors
}

func managedSecurityHeaders() *cloudfrontapi.ResponseHeadersPolicySecurityHeadersConfig {
	return &cloudfrontapi.ResponseHeadersPolicySecurityHeadersConfig{
		XSSProtection: &cloudfrontapi.ResponseHeadersPolicyXSSProtection{
			Override: new(false), Protection: new(true), ModeBlock: new(true),
		},
		FrameOptions: &cloudfrontapi.ResponseHeadersPolicyFrameOptions{
			Override: new(false), FrameOption: new("SAMEORIGIN"),
		},
		ReferrerPolicy: &cloudfrontapi.ResponseHeadersPolicyReferrerPolicy{
			Override: new(false), ReferrerPolicy: new("strict-origin-when-cross-origin"),
		},
		ContentTypeOptions: &cloudfrontapi.ResponseHeadersPolicyContentTypeOptions{Override: new(true)},
		StrictTransportSecurity: &cloudfrontapi.ResponseHeadersPolicyStrictTransportSecurity{
			Override: new(false), AccessControlMaxAgeSec: new(int32(31536000)),
		},
	}
}
