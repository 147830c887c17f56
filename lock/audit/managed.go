package audit

// ManagedOriginRequestHeaders are the header fields that a managed origin
// request policy forwards, by its id (cloudfront.md 1.10).
func ManagedOriginRequestHeaders(id string) (HeaderSet, bool) {
	set, ok := managedOriginRequest[id]
	return set, ok
}

// ManagedCacheKeyHeaders are the header fields that a managed cache policy has
// in the cache key, by its id (cloudfront.md 1.10).
func ManagedCacheKeyHeaders(id string) (HeaderSet, bool) {
	set, ok := managedCache[id]
	return set, ok
}

var managedOriginRequest = map[string]HeaderSet{
	// AllViewer
	"216adef6-5c7f-47e4-b989-5492eafa07d3": {Mode: HeadersAllViewer},
	// AllViewerAndCloudFrontHeaders-2022-06
	"33f36d7e-f396-46d9-90e0-52428a34d9dc": {Mode: HeadersAllViewerAndEdges},
	// AllViewerExceptHostHeader
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": {Mode: HeadersAllExcept, Names: []string{"Host"}},
	// CORS-CustomOrigin
	"59781a5b-3903-41f3-afcb-af62929ccde1": {Mode: HeadersWhitelist, Names: []string{"Origin"}},
	// CORS-S3Origin
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": {Mode: HeadersWhitelist, Names: []string{"Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"}},
	// Elemental-MediaTailor
	"775133bc-15f2-49f9-abea-afb2e0bf67d2": {Mode: HeadersWhitelist, Names: []string{"Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method", "User-Agent", "X-Forwarded-For"}},
	// HostHeaderOnly
	"bf0718e1-ba1e-49d1-88b1-f726733018ae": {Mode: HeadersWhitelist, Names: []string{"Host"}},
	// UserAgentRefererHeaders
	"acba4595-bd28-49b8-b9fe-13317c0390fa": {Mode: HeadersWhitelist, Names: []string{"User-Agent", "Referer"}},
}

var managedCache = map[string]HeaderSet{
	// CachingOptimized
	"658327ea-f89d-4fab-a63d-7e88639e58f6": {Mode: HeadersNone},
	// CachingOptimizedForUncompressedObjects
	"b2884449-e4de-46a7-ac36-70bc7f1ddd6d": {Mode: HeadersNone},
	// CachingDisabled
	"4135ea2d-6df8-44a3-9df3-4b5a84be39ad": {Mode: HeadersNone},
	// Amplify
	"2e54312d-136d-493c-8eb9-b001f22f67d2": {Mode: HeadersWhitelist, Names: []string{"Authorization", "CloudFront-Viewer-Country", "Host"}},
	// Elemental-MediaPackage
	"08627262-05a9-4f76-9ded-b50ca2e3a84f": {Mode: HeadersWhitelist, Names: []string{"Origin"}},
	// UseOriginCacheControlHeaders
	"83da9c7e-98b4-4e11-a168-04f0df8e2c65": {Mode: HeadersWhitelist, Names: []string{"Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}},
	// …-QueryStrings
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe": {Mode: HeadersWhitelist, Names: []string{"Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}},
}
