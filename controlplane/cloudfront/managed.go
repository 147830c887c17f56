package cloudfront

import (
	"slices"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// managedETag is the version of every managed policy: they never change.
const managedETag = "E23ZP02F085DFQ"

// managedSince is the modification time the managed policies show. AWS's real
// dates differ by policy and are recorded nowhere.
func managedSince() time.Time { return time.Date(2020, time.July, 21, 0, 0, 0, 0, time.UTC) }

// managedCachePolicy is a row of AWS's table of managed cache policies.
type managedCachePolicy struct {
	name, id, comment string
	min, dflt, max    int64 // seconds
	gzip, brotli      bool
	headers           []string // nil: none
	cookies           string   // behavior
	queryStrings      string   // behavior
	queryNames        []string // with behavior whitelist
}

func originCacheControlHeaders() []string {
	return []string{"Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}
}

// managedCachePolicies is the table of reference/cloudfront.md 1.10, in its
// order. The comments are not recorded there: they are our words.
func managedCachePolicies() []managedCachePolicy {
	return []managedCachePolicy{
		{"CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6",
			"Policy with caching enabled. Supports Gzip and Brotli compression.",
			1, 86400, 31536000, true, true, nil, "none", "none", nil},
		{"CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
			"Policy with caching enabled. Compression is disabled.",
			1, 86400, 31536000, false, false, nil, "none", "none", nil},
		{"CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
			"Policy with caching disabled",
			0, 0, 0, false, false, nil, "none", "none", nil},
		{"Amplify", "2e54312d-136d-493c-8eb9-b001f22f67d2",
			"Policy for Amplify Origin",
			2, 2, 600, true, true, []string{"Authorization", "CloudFront-Viewer-Country", "Host"}, "all", "all", nil},
		{"Elemental-MediaPackage", "08627262-05a9-4f76-9ded-b50ca2e3a84f",
			"Policy for Elemental MediaPackage Origin",
			0, 86400, 31536000, true, false, []string{"Origin"}, "none", "whitelist",
			[]string{"aws.manifestfilter", "start", "end", "m"}},
		{"UseOriginCacheControlHeaders", "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
			"Policy for origins that return Cache-Control headers. Query strings are not included in the cache key.",
			0, 0, 31536000, true, true, originCacheControlHeaders(), "all", "none", nil},
		{"UseOriginCacheControlHeaders-QueryStrings", "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
			"Policy for origins that return Cache-Control headers. Query strings are included in the cache key.",
			0, 0, 31536000, true, true, originCacheControlHeaders(), "all", "all", nil},
	}
}

func (p *managedCachePolicy) config() *cloudfrontapi.CachePolicyConfig {
	key := &cloudfrontapi.ParametersInCacheKeyAndForwardedToOrigin{
		EnableAcceptEncodingGzip:   new(p.gzip),
		EnableAcceptEncodingBrotli: new(p.brotli),
		HeadersConfig:              &cloudfrontapi.CachePolicyHeadersConfig{HeaderBehavior: new("none")},
		CookiesConfig:              &cloudfrontapi.CachePolicyCookiesConfig{CookieBehavior: new(p.cookies)},
		QueryStringsConfig:         &cloudfrontapi.CachePolicyQueryStringsConfig{QueryStringBehavior: new(p.queryStrings)},
	}
	if p.headers != nil {
		key.HeadersConfig.HeaderBehavior = new("whitelist")
		key.HeadersConfig.Headers = headerList(p.headers)
	}
	if p.queryNames != nil {
		key.QueryStringsConfig.QueryStrings = &cloudfrontapi.QueryStringNames{
			Quantity: new(int32(len(p.queryNames))), Items: p.queryNames,
		}
	}
	return &cloudfrontapi.CachePolicyConfig{
		Comment: new(p.comment), Name: new("Managed-" + p.name),
		MinTTL: new(p.min), DefaultTTL: new(p.dflt), MaxTTL: new(p.max),
		ParametersInCacheKeyAndForwardedToOrigin: key,
	}
}

func headerList(names []string) *cloudfrontapi.Headers {
	return &cloudfrontapi.Headers{Quantity: new(int32(len(names))), Items: names}
}

// ManagedCachePolicy returns AWS's managed cache policy of that id
// (reference/cloudfront.md 1.10). The caller owns the result.
func ManagedCachePolicy(id string) (*cloudfrontapi.CachePolicyConfig, bool) {
	all := managedCachePolicies()
	i := slices.IndexFunc(all, func(p managedCachePolicy) bool { return p.id == id })
	if i < 0 {
		return nil, false
	}
	return all[i].config(), true
}

// managedOriginRequestPolicy is a row of AWS's table of managed origin request
// policies.
type managedOriginRequestPolicy struct {
	name, id, comment string
	behavior          string   // of headers
	headers           []string // nil: none to name
	cookies           string   // behavior
	queryStrings      string   // behavior
}

// cloudFrontHeaders2022 are the headers that CloudFront adds by the policy
// AllViewerAndCloudFrontHeaders-2022-06.
func cloudFrontHeaders2022() []string {
	return []string{
		"CloudFront-Forwarded-Proto",
		"CloudFront-Is-Android-Viewer", "CloudFront-Is-Desktop-Viewer", "CloudFront-Is-IOS-Viewer",
		"CloudFront-Is-Mobile-Viewer", "CloudFront-Is-SmartTV-Viewer", "CloudFront-Is-Tablet-Viewer",
		"CloudFront-Viewer-Address", "CloudFront-Viewer-ASN", "CloudFront-Viewer-City",
		"CloudFront-Viewer-Country", "CloudFront-Viewer-Country-Name", "CloudFront-Viewer-Country-Region",
		"CloudFront-Viewer-Country-Region-Name", "CloudFront-Viewer-Http-Version",
		"CloudFront-Viewer-Latitude", "CloudFront-Viewer-Longitude", "CloudFront-Viewer-Metro-Code",
		"CloudFront-Viewer-Postal-Code", "CloudFront-Viewer-Time-Zone", "CloudFront-Viewer-TLS",
	}
}

// managedOriginRequestPolicies is the table of reference/cloudfront.md 1.10,
// in its order. The comments are not recorded there: they are our words.
func managedOriginRequestPolicies() []managedOriginRequestPolicy {
	return []managedOriginRequestPolicy{
		{"AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3",
			"Policy to forward all parameters in viewer requests", "allViewer", nil, "all", "all"},
		{"AllViewerAndCloudFrontHeaders-2022-06", "33f36d7e-f396-46d9-90e0-52428a34d9dc",
			"Policy to forward all parameters in viewer requests and the CloudFront headers of June 2022",
			"allViewerAndWhitelistCloudFront", cloudFrontHeaders2022(), "all", "all"},
		{"AllViewerExceptHostHeader", "b689b0a8-53d0-40ab-baf2-68738e2966ac",
			"Policy to forward all parameters in viewer requests except for the Host header",
			"allExcept", []string{"Host"}, "all", "all"},
		{"CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1",
			"Policy for CORS with a custom origin", "whitelist", []string{"Origin"}, "none", "none"},
		{"CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "Policy for CORS with an S3 origin", "whitelist",
			[]string{"Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"}, "none", "none"},
		{"Elemental-MediaTailor-PersonalizedManifests", "775133bc-15f2-49f9-abea-afb2e0bf67d2",
			"Policy for Elemental MediaTailor origins", "whitelist",
			[]string{"Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method", "User-Agent", "X-Forwarded-For"},
			"none", "all"},
		{"HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae",
			"Policy to forward the Host header only", "whitelist", []string{"Host"}, "none", "none"},
		{"UserAgentRefererHeaders", "acba4595-bd28-49b8-b9fe-13317c0390fa",
			"Policy to forward the User-Agent and Referer headers", "whitelist", []string{"User-Agent", "Referer"}, "none", "none"},
	}
}

func (p *managedOriginRequestPolicy) config() *cloudfrontapi.OriginRequestPolicyConfig {
	config := &cloudfrontapi.OriginRequestPolicyConfig{
		Comment: new(p.comment), Name: new("Managed-" + p.name),
		HeadersConfig:      &cloudfrontapi.OriginRequestPolicyHeadersConfig{HeaderBehavior: new(p.behavior)},
		CookiesConfig:      &cloudfrontapi.OriginRequestPolicyCookiesConfig{CookieBehavior: new(p.cookies)},
		QueryStringsConfig: &cloudfrontapi.OriginRequestPolicyQueryStringsConfig{QueryStringBehavior: new(p.queryStrings)},
	}
	if p.headers != nil {
		config.HeadersConfig.Headers = headerList(p.headers)
	}
	return config
}

// ManagedOriginRequestPolicy returns AWS's managed origin request policy of
// that id (reference/cloudfront.md 1.10). The caller owns the result.
func ManagedOriginRequestPolicy(id string) (*cloudfrontapi.OriginRequestPolicyConfig, bool) {
	all := managedOriginRequestPolicies()
	i := slices.IndexFunc(all, func(p managedOriginRequestPolicy) bool { return p.id == id })
	if i < 0 {
		return nil, false
	}
	return all[i].config(), true
}
