package cloudfront_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

type distributionConfig = cloudfrontapi.DistributionConfig

// ruleCase is a configuration that one rule refuses.
type ruleCase struct {
	rule   string
	name   string
	edit   func(c *distributionConfig)
	code   string
	status int
	text   string
	update bool // edits what was read of a distribution and updates it
}

const (
	invalidArgument = "InvalidArgument"
	illegalUpdate   = "IllegalUpdate"
)

func origin(c *distributionConfig) *cloudfrontapi.Origin { return &c.Origins.Items[0] }

func updateCases() []ruleCase {
	return []ruleCase{
		{"update: aliases sent", "", func(c *distributionConfig) {
			c.Aliases, origin(c).CustomHeaders, c.DefaultCacheBehavior.SmoothStreaming = nil, nil, nil
		}, illegalUpdate, 400, "Aliases are missing for the resource", true},
		{"update: origin custom headers sent", "", func(c *distributionConfig) {
			origin(c).CustomHeaders, c.DefaultCacheBehavior.SmoothStreaming = nil, nil
		}, illegalUpdate, 400, "The 'OriginCustomHeaders' field is missing", true},
		{"update: smooth streaming sent", "", func(c *distributionConfig) { c.DefaultCacheBehavior.SmoothStreaming = nil },
			invalidArgument, 400, "The parameter SmoothStreaming flag is missing.", true},
		{"update: custom error responses sent", "", func(c *distributionConfig) { c.CustomErrorResponses = nil },
			illegalUpdate, 400, "The specified list of custom error responses does not exist or is not valid.", true},
		{"update: origin timeouts and protocols sent", "timeout", func(c *distributionConfig) {
			origin(c).CustomOriginConfig.OriginReadTimeout = nil
		}, illegalUpdate, 400, "OriginReadTimeout is required for updates", true},
		{"update: origin timeouts and protocols sent", "protocols", func(c *distributionConfig) {
			origin(c).CustomOriginConfig.OriginSslProtocols = nil
		}, invalidArgument, 400, "The parameter OriginSslProtocols is required.", true},
		{"caller reference", "changed", func(c *distributionConfig) { c.CallerReference = new("another") },
			illegalUpdate, 400, "You cannot update Origin or CallerReference.", true},
	}
}

func requestCases() []ruleCase {
	required := func(member string, edit func(c *distributionConfig)) ruleCase {
		return ruleCase{"required members", member, edit, invalidArgument, 400, "The parameter " + member + " is required.", false}
	}
	inconsistent := func(name string, edit func(c *distributionConfig)) ruleCase {
		return ruleCase{"quantities", name, edit, "InconsistentQuantities", 400,
			"The value of Quantity and the size of Items don't match.", false}
	}
	return []ruleCase{
		required("CallerReference", func(c *distributionConfig) { c.CallerReference = nil }),
		required("Enabled", func(c *distributionConfig) { c.Enabled = nil }),
		required("Origins", func(c *distributionConfig) { c.Origins = nil }),
		required("DefaultCacheBehavior", func(c *distributionConfig) { c.DefaultCacheBehavior = nil }),
		required("TargetOriginId", func(c *distributionConfig) { c.DefaultCacheBehavior.TargetOriginId = nil }),
		required("HTTPPort", func(c *distributionConfig) { origin(c).CustomOriginConfig.HTTPPort = nil }),
		required("PathPattern", func(c *distributionConfig) { addBehavior(c, "/a").PathPattern = nil }),
		required("HeaderValue", func(c *distributionConfig) {
			setHeaders(c, "X", "y")
			origin(c).CustomHeaders.Items[0].HeaderValue = nil
		}),
		{"caller reference", "empty", func(c *distributionConfig) { c.CallerReference = new("") },
			invalidArgument, 400, "The parameter CallerReference is required.", false},
		inconsistent("origins", func(c *distributionConfig) { c.Origins.Quantity = new(int32(2)) }),
		inconsistent("nested", func(c *distributionConfig) {
			setHeaders(c, "X", "y")
			origin(c).CustomHeaders.Quantity = new(int32(0))
		}),
		inconsistent("items absent", func(c *distributionConfig) { c.Aliases = &cloudfrontapi.Aliases{Quantity: new(int32(1))} }),
		{"cache policy or forwarded values", "both", func(c *distributionConfig) {
			legacy(c)
			c.DefaultCacheBehavior.CachePolicyId = new(cachingOff)
		}, invalidArgument, 400,
			"The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior.", false},
		{"cache policy or forwarded values", "neither", func(c *distributionConfig) { c.DefaultCacheBehavior.CachePolicyId = nil },
			invalidArgument, 400, "The parameter ForwardedValues is required.", false},
		{"cache policy or forwarded values", "origin request policy", func(c *distributionConfig) {
			legacy(c)
			c.DefaultCacheBehavior.OriginRequestPolicyId = new(allViewer)
		}, invalidArgument, 400, "", false},
		{"cache policy or forwarded values", "no MinTTL", func(c *distributionConfig) {
			legacy(c)
			c.DefaultCacheBehavior.MinTTL = nil
		}, invalidArgument, 400, "The parameter MinTTL is required.", false},
	}
}

func distributionCases() []ruleCase {
	root := func(name string) ruleCase {
		return ruleCase{"default root object", name, func(c *distributionConfig) { c.DefaultRootObject = new(name) },
			"InvalidDefaultRootObject", 400, "The default root object file name is too big or contains an invalid character.", false}
	}
	alias := func(names ...string) ruleCase {
		return ruleCase{"aliases", strings.Join(names, " "), func(c *distributionConfig) { setAliases(c, names...) },
			invalidArgument, 400, "The parameter CNAME contains one or more parameters that are not valid.", false}
	}
	certificateCase := func(name, code, text string, v cloudfrontapi.ViewerCertificate) ruleCase {
		return ruleCase{"viewer certificate", name, func(c *distributionConfig) { c.ViewerCertificate = &v }, code, 400, text, false}
	}
	errorPage := func(name, code string, r cloudfrontapi.CustomErrorResponse) ruleCase {
		return ruleCase{"custom error responses", name, func(c *distributionConfig) {
			c.CustomErrorResponses = &cloudfrontapi.CustomErrorResponses{
				Quantity: new(int32(1)), Items: []cloudfrontapi.CustomErrorResponse{r},
			}
		}, code, 400, "", false}
	}
	geo := func(kind, code string, items ...string) ruleCase {
		return ruleCase{"geo restriction", kind + strings.Join(items, " "), func(c *distributionConfig) {
			c.Restrictions = &cloudfrontapi.Restrictions{GeoRestriction: &cloudfrontapi.GeoRestriction{
				RestrictionType: new(kind), Quantity: new(int32(len(items))), Items: items,
			}}
		}, code, 400, "", false}
	}
	later := func(name, code string, status int, edit func(c *distributionConfig)) ruleCase {
		return ruleCase{"resources of later issues", name, edit, code, status, "", false}
	}
	twice := make([]string, 0, 101)
	for i := range 101 {
		twice = append(twice, fmt.Sprintf("n%d.example.com", i))
	}
	return []ruleCase{
		root("/index.html"), root("a?b"), root(strings.Repeat("a", 256)),
		{"comment", "", func(c *distributionConfig) { c.Comment = new(strings.Repeat("é", 129)) },
			invalidArgument, 400, "The parameter Comment is too big.", false},
		alias("127.0.0.1"), alias("[::1]"), alias("localhost"), alias("a.localhost"), alias("x.localhost.localstack.cloud"),
		alias("abc.execute-api.us-east-1.amazonaws.com"), alias("d111111abcdef8.cloudfront.net"), alias("cloudfront.net"),
		alias("Www.example.com"), alias("www.example.com."), alias("a.*.example.com"), alias("*example.com"), alias("*.com"),
		alias("example"), alias("a_b..example.com"), alias("a.example.com", "a.example.com"), alias("a.example.com:443"), alias("0x7f.0.0.1"),
		{"aliases", "too many", func(c *distributionConfig) { setAliases(c, twice...) }, "TooManyDistributionCNAMEs", 400,
			"Your request contains more CNAMEs than are allowed per distribution.", false},
		certificateCase("two", "InvalidViewerCertificate",
			"You cannot specify more than one of ACMCertificateArn, IAMCertificateId, or CloudFrontDefaultCertificate.",
			cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(certificate), CloudFrontDefaultCertificate: new(true), SSLSupportMethod: new("sni-only")}),
		certificateCase("region", "InvalidViewerCertificate",
			"The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.",
			cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(strings.Replace(certificate, "us-east-1", "eu-west-1", 1)), SSLSupportMethod: new("sni-only")}),
		certificateCase("method", invalidArgument, "The parameter ViewerCertificate Unsupported value for the SSLSupportMethod field: null.",
			cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(certificate)}),
		certificateCase("SSLv3", "InvalidProtocolSettings", "",
			cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(certificate), SSLSupportMethod: new("sni-only"), MinimumProtocolVersion: new("SSLv3")}),
		certificateCase("version", "InvalidMinimumProtocolVersion", "",
			cloudfrontapi.ViewerCertificate{ACMCertificateArn: new(certificate), SSLSupportMethod: new("sni-only"), MinimumProtocolVersion: new("TLSv9")}),
		{"viewer certificate", "alias", func(c *distributionConfig) {
			setAliases(c, "www.example.com")
			c.ViewerCertificate = nil
		}, "InvalidViewerCertificate", 400, "The certificate that is attached to your distribution doesn't cover the alternate " +
			"domain name (CNAME) that you're trying to add. For more details, see: https://docs.aws.amazon.com/AmazonCloudFront/" +
			"latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements", false},
		errorPage("code", "InvalidErrorCode", cloudfrontapi.CustomErrorResponse{ErrorCode: new(int32(418))}),
		errorPage("status", "InvalidResponseCode", cloudfrontapi.CustomErrorResponse{
			ErrorCode: new(int32(404)), ResponsePagePath: new("/e"), ResponseCode: new("201")}),
		errorPage("half", invalidArgument, cloudfrontapi.CustomErrorResponse{ErrorCode: new(int32(404)), ResponsePagePath: new("/e")}),
		errorPage("path", invalidArgument, cloudfrontapi.CustomErrorResponse{
			ErrorCode: new(int32(404)), ResponsePagePath: new("e"), ResponseCode: new("200")}),
		errorPage("TTL", invalidArgument, cloudfrontapi.CustomErrorResponse{ErrorCode: new(int32(404)), ErrorCachingMinTTL: new(int64(-1))}),
		geo("none", "InvalidGeoRestrictionParameter", "DE"), geo("whitelist", "InvalidGeoRestrictionParameter"),
		geo("blacklist", "InvalidLocationCode", "Deu"), geo("whitelist", "InvalidLocationCode", "DE", "DE"),
		{"logging", "no bucket", func(c *distributionConfig) { c.Logging = &cloudfrontapi.LoggingConfig{Enabled: new(true)} },
			invalidArgument, 400, "", false},
		{"logging", "prefix", func(c *distributionConfig) { c.Logging = &cloudfrontapi.LoggingConfig{Prefix: new("/x")} },
			invalidArgument, 400, "", false},
		{"web ACL", "", func(c *distributionConfig) { c.WebACLId = new("x") }, "InvalidWebACLId", 400, "", false},
		later("anycast", "EntityNotFound", 404, func(c *distributionConfig) { c.AnycastIpListId = new("x") }),
		later("connection function", "EntityNotFound", 404, func(c *distributionConfig) {
			c.ConnectionFunctionAssociation = &cloudfrontapi.ConnectionFunctionAssociation{Id: new("cf_1")}
		}),
		later("trust store", "EntityNotFound", 404, func(c *distributionConfig) {
			c.ViewerMtlsConfig = &cloudfrontapi.ViewerMtlsConfig{TrustStoreConfig: &cloudfrontapi.TrustStoreConfig{TrustStoreId: new("ts_1")}}
		}),
		later("mTLS", "UnsupportedOperation", 400, func(c *distributionConfig) {
			c.ViewerMtlsConfig = &cloudfrontapi.ViewerMtlsConfig{Mode: new("required")}
		}),
		later("cache tag", invalidArgument, 400, func(c *distributionConfig) {
			c.CacheTagConfig = &cloudfrontapi.CacheTagConfig{HeaderName: new("a b")}
		}),
		later("HTTP version", invalidArgument, 400, func(c *distributionConfig) { c.HttpVersion = new("http4") }),
		later("price class", invalidArgument, 400, func(c *distributionConfig) { c.PriceClass = new("PriceClass_1") }),
	}
}

func originCases() []ruleCase {
	domain := func(name, text string) ruleCase {
		return ruleCase{"origin domain names", name, func(c *distributionConfig) { origin(c).DomainName = new(name) },
			invalidArgument, 400, text, false}
	}
	const mustBe, isIP = "The parameter origin name must be a domain name.", "The parameter origin name cannot be an IP address"
	path := func(path string) ruleCase {
		return ruleCase{"origin paths", path, func(c *distributionConfig) { origin(c).OriginPath = new(path) },
			"InvalidRelativePath", 400, "The relative path is too big, is not URL-encoded, or does not begin with a slash (/).", false}
	}
	timeouts := func(name, code string, edit func(o *cloudfrontapi.Origin)) ruleCase {
		return ruleCase{"origin timeouts", name, func(c *distributionConfig) { edit(origin(c)) }, code, 400, "", false}
	}
	return []ruleCase{
		{"origin ids", "none", func(c *distributionConfig) { c.Origins.Quantity, c.Origins.Items = new(int32(0)), nil },
			invalidArgument, 400, "", false},
		{"origin ids", "too many", func(c *distributionConfig) {
			for i := range 100 {
				addOrigin(c, fmt.Sprint(i))
			}
		}, "TooManyOrigins", 400, "Your request contains more Origins than are allowed per distribution.", false},
		{"origin ids", "big", func(c *distributionConfig) { origin(c).Id = new(strings.Repeat("o", 129)) },
			invalidArgument, 400, "The parameter originId is too big.", false},
		{"origin ids", "empty", func(c *distributionConfig) { origin(c).Id = new("") }, invalidArgument, 400, "", false},
		{"origin ids", "twice", func(c *distributionConfig) { addOrigin(c, originID) }, invalidArgument, 400, "", false},
		{"origin ids", "group like origin", func(c *distributionConfig) {
			addOrigin(c, "b")
			addGroup(c, "b", originID, "b")
		}, invalidArgument, 400, "", false},
		{"origin kinds", "none", func(c *distributionConfig) { origin(c).CustomOriginConfig = nil },
			"InvalidOrigin", 400, "The specified origin server does not exist or is not valid.", false},
		{"origin kinds", "two", func(c *distributionConfig) {
			origin(c).S3OriginConfig = &cloudfrontapi.S3OriginConfig{OriginAccessIdentity: new("")}
		}, "InvalidOrigin", 400, "", false},
		domain("192.0.2.1", isIP), domain("2001:db8::1", isIP), domain("[2001:db8::1]", isIP), domain("127.1", isIP),
		domain("2130706433", isIP), domain("0x7f000001", isIP), domain("192.0.2.1.", isIP),
		domain("https://example.com", mustBe), domain("example.com:8080", mustBe), domain("example.com/path", mustBe),
		domain("", mustBe), domain("a..b", mustBe), domain("a b.example", mustBe), domain("-a.example", mustBe),
		domain(strings.Repeat("a.", 127)+"example", mustBe), domain(strings.Repeat("a", 64)+".example", mustBe), domain("exämple.com", mustBe),
		{"origin domain names", "S3", func(c *distributionConfig) {
			origin(c).CustomOriginConfig = nil
			origin(c).DomainName = new("b.s3-website-us-east-1.amazonaws.com")
			origin(c).S3OriginConfig = &cloudfrontapi.S3OriginConfig{OriginAccessIdentity: new("")}
		}, invalidArgument, 400, "The parameter Origin DomainName does not refer to a valid S3 bucket.", false},
		path("prod"), path("/prod/"), path("/"), path("/a?b"), path("/a b"), path("/" + strings.Repeat("a", 255)), path("/ä"),
		{"origin access", "control", func(c *distributionConfig) { origin(c).OriginAccessControlId = new("E1") },
			"InvalidOriginAccessControl", 400, "The specified origin access control does not exist or is not valid.", false},
		{"origin access", "identity", func(c *distributionConfig) { s3(c, "origin-access-identity/cloudfront/E1") },
			"InvalidOriginAccessIdentity", 400, "", false},
		{"origin access", "both", func(c *distributionConfig) {
			s3(c, "origin-access-identity/cloudfront/E1")
			origin(c).OriginAccessControlId = new("E1")
		}, "IllegalOriginAccessConfiguration", 400, "", false},
		{"origin ports", "http", func(c *distributionConfig) { origin(c).CustomOriginConfig.HTTPPort = new(int32(81)) },
			invalidArgument, 400, "", false},
		{"origin ports", "https", func(c *distributionConfig) { origin(c).CustomOriginConfig.HTTPSPort = new(int32(65536)) },
			invalidArgument, 400, "", false},
		{"origin protocols", "policy", func(c *distributionConfig) { origin(c).CustomOriginConfig.OriginProtocolPolicy = new("x") },
			invalidArgument, 400, "", false},
		{"origin protocols", "empty", func(c *distributionConfig) {
			origin(c).CustomOriginConfig.OriginSslProtocols = &cloudfrontapi.OriginSslProtocols{Quantity: new(int32(0))}
		}, invalidArgument, 400, "The parameter OriginSslProtocols is required.", false},
		{"origin protocols", "unknown", func(c *distributionConfig) {
			origin(c).CustomOriginConfig.OriginSslProtocols = &cloudfrontapi.OriginSslProtocols{Quantity: new(int32(1)), Items: []string{"TLSv1.3"}}
		}, invalidArgument, 400, "", false},
		timeouts("attempts", invalidArgument, func(o *cloudfrontapi.Origin) { o.ConnectionAttempts = new(int32(4)) }),
		timeouts("connect", invalidArgument, func(o *cloudfrontapi.Origin) { o.ConnectionTimeout = new(int32(0)) }),
		timeouts("read", "InvalidOriginReadTimeout", func(o *cloudfrontapi.Origin) { o.CustomOriginConfig.OriginReadTimeout = new(int32(121)) }),
		timeouts("keepalive", "InvalidOriginKeepaliveTimeout", func(o *cloudfrontapi.Origin) {
			o.CustomOriginConfig.OriginKeepaliveTimeout = new(int32(0))
		}),
		timeouts("completion", invalidArgument, func(o *cloudfrontapi.Origin) { o.ResponseCompletionTimeout = new(int32(29)) }),
		{"origin shield", "no region", func(c *distributionConfig) { origin(c).OriginShield = &cloudfrontapi.OriginShield{Enabled: new(true)} },
			invalidArgument, 400, "", false},
		{"origin shield", "region", func(c *distributionConfig) {
			origin(c).OriginShield = &cloudfrontapi.OriginShield{Enabled: new(true), OriginShieldRegion: new("Tokyo")}
		}, invalidArgument, 400, "", false},
	}
}

func s3(c *distributionConfig, identity string) {
	origin(c).CustomOriginConfig = nil
	origin(c).DomainName = new("bucket.s3.eu-central-1.amazonaws.com")
	origin(c).S3OriginConfig = &cloudfrontapi.S3OriginConfig{OriginAccessIdentity: new(identity)}
}

func headerCases() []ruleCase {
	header := func(name, value, code, text string) ruleCase {
		return ruleCase{"origin custom headers", name, func(c *distributionConfig) { setHeaders(c, name, value) }, code, 400, text, false}
	}
	cases := []ruleCase{
		header("a b", "v", invalidArgument, ""), header("", "v", invalidArgument, ""),
		header(strings.Repeat("a", 257), "v", invalidArgument, ""), header("X", strings.Repeat("v", 1784), invalidArgument, ""),
		header("X-Split", "a\r\nb: c", invalidArgument, ""), header("X-Space", " a", invalidArgument, ""),
		{"origin custom headers", "twice", func(c *distributionConfig) { setHeaders(c, "X-A", "1", "x-a", "2") },
			invalidArgument, 400, "", false},
		{"origin custom headers", "too many", func(c *distributionConfig) {
			var all []string
			for i := range 31 {
				all = append(all, fmt.Sprint("X-", i), "v")
			}
			setHeaders(c, all...)
		}, "TooManyOriginCustomHeaders", 400, "", false},
		{"origin custom headers", "too big", func(c *distributionConfig) {
			var all []string
			for i := range 6 {
				all = append(all, fmt.Sprint("X-", i), strings.Repeat("v", 1783))
			}
			setHeaders(c, all...)
		}, invalidArgument, 400, "", false},
	}
	for _, name := range []string{
		"Cache-Control", "Connection", "Content-Length", "Cookie", "Host", "If-Match", "If-Modified-Since", "If-None-Match",
		"If-Range", "If-Unmodified-Since", "Max-Forwards", "Pragma", "Proxy-Authenticate", "Proxy-Authorization",
		"Proxy-Connection", "Range", "Request-Range", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via", "X-Real-Ip",
		"X-Amz-Anything", "X-Edge-Anything", "hOST",
	} {
		cases = append(cases, header(name, "v", invalidArgument, "The parameter Header Name with value "+name+" is not allowed."))
	}
	return cases
}

func groupCases() []ruleCase {
	group := func(name, code string, status int, edit func(c *distributionConfig, g *cloudfrontapi.OriginGroup)) ruleCase {
		return ruleCase{"origin groups", name, func(c *distributionConfig) {
			addOrigin(c, "b")
			edit(c, addGroup(c, "g", originID, "b"))
		}, code, status, "", false}
	}
	members := func(g *cloudfrontapi.OriginGroup, ids ...string) {
		g.Members = &cloudfrontapi.OriginGroupMembers{Quantity: new(int32(len(ids)))}
		for _, id := range ids {
			g.Members.Items = append(g.Members.Items, cloudfrontapi.OriginGroupMember{OriginId: new(id)})
		}
	}
	return []ruleCase{
		group("one member", invalidArgument, 400, func(_ *distributionConfig, g *cloudfrontapi.OriginGroup) { members(g, originID) }),
		group("same member", invalidArgument, 400, func(_ *distributionConfig, g *cloudfrontapi.OriginGroup) { members(g, "b", "b") }),
		group("unknown member", "NoSuchOrigin", 404, func(_ *distributionConfig, g *cloudfrontapi.OriginGroup) { members(g, "b", "x") }),
		group("code", invalidArgument, 400, func(_ *distributionConfig, g *cloudfrontapi.OriginGroup) {
			g.FailoverCriteria.StatusCodes.Items = []int32{405}
		}),
		group("too many", "TooManyOriginGroupsPerDistribution", 400, func(c *distributionConfig, g *cloudfrontapi.OriginGroup) {
			one := *g
			c.OriginGroups.Items = nil
			for i := range 11 {
				one.Id = new(fmt.Sprint("g", i))
				c.OriginGroups.Items = append(c.OriginGroups.Items, one)
			}
			c.OriginGroups.Quantity = new(int32(11))
		}),
		{"methods with origin groups", "", func(c *distributionConfig) {
			addOrigin(c, "b")
			addGroup(c, "g", originID, "b")
			c.DefaultCacheBehavior.TargetOriginId = new("g")
			c.DefaultCacheBehavior.AllowedMethods = allowed("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")
		}, invalidArgument, 400, "The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached behavior " +
			"associated with an origin group.", false},
	}
}

func allowed(methods ...string) *cloudfrontapi.AllowedMethods {
	return &cloudfrontapi.AllowedMethods{Quantity: new(int32(len(methods))), Items: methods}
}

func behaviorCases() []ruleCase {
	noOrigin := "One or more of your origins or origin groups do not exist."
	pattern := func(patterns ...string) ruleCase {
		return ruleCase{"path patterns", strings.Join(patterns, " "), func(c *distributionConfig) {
			for _, pattern := range patterns {
				addBehavior(c, pattern)
			}
		}, invalidArgument, 400, "", false}
	}
	behavior := func(rule, name, code string, status int, edit func(b *cloudfrontapi.DefaultCacheBehavior)) ruleCase {
		return ruleCase{rule, name, func(c *distributionConfig) { edit(c.DefaultCacheBehavior) }, code, status, "", false}
	}
	type b = cloudfrontapi.DefaultCacheBehavior
	lambda := func(arn, text string) ruleCase {
		c := behavior("lambda associations", arn, "InvalidLambdaFunctionAssociation", 400, func(b *b) {
			b.LambdaFunctionAssociations = &cloudfrontapi.LambdaFunctionAssociations{Quantity: new(int32(1)),
				Items: []cloudfrontapi.LambdaFunctionAssociation{{EventType: new("viewer-request"), LambdaFunctionARN: new(arn)}}}
		})
		c.text = text
		return c
	}
	latest := "arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST"
	return []ruleCase{
		{"number of behaviors", "", func(c *distributionConfig) {
			for i := range 75 {
				addBehavior(c, fmt.Sprintf("/%d", i))
			}
		}, "TooManyCacheBehaviors", 400, "Your request contains more CacheBehaviors than are allowed per distribution.", false},
		pattern(""), pattern("/a b"), pattern("/" + strings.Repeat("a", 255)), pattern("/a", "/b", "/a"), pattern("a", "/a"),
		{"target origins", "default", func(c *distributionConfig) { c.DefaultCacheBehavior.TargetOriginId = new("x") },
			"NoSuchOrigin", 404, noOrigin, false},
		{"target origins", "other", func(c *distributionConfig) { addBehavior(c, "/a").TargetOriginId = new("x") },
			"NoSuchOrigin", 404, noOrigin, false},
		behavior("target origins", "viewer protocol", invalidArgument, 400, func(b *b) { b.ViewerProtocolPolicy = new("x") }),
		behavior("methods", "unknown set", invalidArgument, 400, func(b *b) { b.AllowedMethods = allowed("GET", "HEAD", "POST") }),
		behavior("methods", "cached not allowed", invalidArgument, 400, func(b *b) {
			b.AllowedMethods = allowed("GET", "HEAD")
			b.AllowedMethods.CachedMethods = &cloudfrontapi.CachedMethods{Quantity: new(int32(3)), Items: []string{"GET", "HEAD", "OPTIONS"}}
		}),
		{"cache policies", "", func(c *distributionConfig) { c.DefaultCacheBehavior.CachePolicyId = new(allViewer) },
			"NoSuchCachePolicy", 404, "The specified cache policy does not exist.", false},
		{"origin request policies", "", func(c *distributionConfig) { c.DefaultCacheBehavior.OriginRequestPolicyId = new(cachingOff) },
			"NoSuchOriginRequestPolicy", 404, "The specified origin request policy does not exist.", false},
		{"response headers policies", "", func(c *distributionConfig) { c.DefaultCacheBehavior.ResponseHeadersPolicyId = new(cachingOff) },
			"NoSuchResponseHeadersPolicy", 404, "The specified response headers policy does not exist.", false},
		behavior("trusted signers", "unknown", "TrustedSignerDoesNotExist", 400, func(b *b) {
			b.TrustedSigners = &cloudfrontapi.TrustedSigners{Enabled: new(true), Quantity: new(int32(1)), Items: []string{"me"}}
		}),
		behavior("trusted signers", "too many", "TooManyTrustedSigners", 400, func(b *b) {
			b.TrustedSigners = &cloudfrontapi.TrustedSigners{Enabled: new(true), Quantity: new(int32(6)), Items: []string{"1", "2", "3", "4", "5", "6"}}
		}),
		behavior("trusted key groups", "unknown", "TrustedKeyGroupDoesNotExist", 400, func(b *b) {
			b.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{Enabled: new(true), Quantity: new(int32(1)), Items: []string{"k"}}
		}),
		behavior("trusted key groups", "none", invalidArgument, 400, func(b *b) {
			b.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{Enabled: new(true), Quantity: new(int32(0))}
		}),
		lambda(latest, "The function ARN must reference a specific function version. (The ARN must end with the version number.) ARN: "+latest),
		lambda("arn:aws:lambda:eu-west-1:111122223333:function:f:1", ""), lambda("f", ""),
		behavior("lambda associations", "event twice", "InvalidLambdaFunctionAssociation", 400, func(b *b) {
			one := cloudfrontapi.LambdaFunctionAssociation{EventType: new("viewer-request"),
				LambdaFunctionARN: new("arn:aws:lambda:us-east-1:111122223333:function:f:1")}
			b.LambdaFunctionAssociations = &cloudfrontapi.LambdaFunctionAssociations{Quantity: new(int32(2)),
				Items: []cloudfrontapi.LambdaFunctionAssociation{one, one}}
		}),
		behavior("function associations", "", "InvalidFunctionAssociation", 400, func(b *b) {
			b.FunctionAssociations = &cloudfrontapi.FunctionAssociations{Quantity: new(int32(1)), Items: []cloudfrontapi.FunctionAssociation{{
				EventType: new("viewer-request"), FunctionARN: new("arn:aws:cloudfront::111122223333:function/f"),
			}}}
		}),
		behavior("field-level encryption", "", "NoSuchFieldLevelEncryptionConfig", 404, func(b *b) { b.FieldLevelEncryptionId = new("x") }),
		behavior("real-time log configurations", "no ARN", invalidArgument, 400, func(b *b) { b.RealtimeLogConfigArn = new("x") }),
		behavior("real-time log configurations", "unknown", "NoSuchRealtimeLogConfig", 404, func(b *b) {
			b.RealtimeLogConfigArn = new("arn:aws:cloudfront::" + account + ":realtime-log-config/x")
		}),
		behavior("real-time log configurations", "another account's", "RealtimeLogConfigOwnerMismatch", 401, func(b *b) {
			b.RealtimeLogConfigArn = new("arn:aws:cloudfront::" + otherAccount + ":realtime-log-config/x")
		}),
		behavior("trusted key groups", "too many", "TooManyKeyGroupsAssociatedToDistribution", 400, func(b *b) {
			b.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{Enabled: new(true), Quantity: new(int32(5)), Items: numberedNames(5)}
		}),
		behavior("gRPC", "", invalidArgument, 400, func(b *b) { b.GrpcConfig = &cloudfrontapi.GrpcConfig{Enabled: new(true)} }),
	}
}

func legacyCases() []ruleCase {
	values := func(rule, name, code string, edit func(c *distributionConfig, v *cloudfrontapi.ForwardedValues)) ruleCase {
		return ruleCase{rule, name, func(c *distributionConfig) { edit(c, legacy(c)) }, code, 400, "", false}
	}
	type v = cloudfrontapi.ForwardedValues
	var many []string
	for i := range 26 {
		many = append(many, fmt.Sprint("x", i))
	}
	return []ruleCase{
		values("forwarded headers", "* and more", invalidArgument, func(_ *distributionConfig, v *v) { v.Headers = names("*", "Origin") }),
		values("forwarded headers", "* with MinTTL", invalidArgument, func(c *distributionConfig, v *v) {
			v.Headers = names("*")
			c.DefaultCacheBehavior.MinTTL = new(int64(1))
		}),
		values("forwarded headers", "too many", "TooManyHeadersInForwardedValues", func(_ *distributionConfig, v *v) { v.Headers = names(many...) }),
		values("forwarded headers", "cookie", invalidArgument, func(_ *distributionConfig, v *v) { v.Headers = names("Cookie") }),
		values("forwarded headers", "not a name", invalidArgument, func(_ *distributionConfig, v *v) { v.Headers = names("a:b") }),
		values("forwarded headers", "twice", invalidArgument, func(_ *distributionConfig, v *v) { v.Headers = names("Origin", "origin") }),
		values("forwarded headers", "S3", "InvalidHeadersForS3Origin", func(c *distributionConfig, v *v) {
			s3(c, "")
			v.Headers = names("Host")
		}),
		values("forwarded cookies", "missing", "InvalidForwardCookies", func(_ *distributionConfig, v *v) { v.Cookies.Forward = new("whitelist") }),
		values("forwarded cookies", "not allowed", "InvalidForwardCookies", func(_ *distributionConfig, v *v) {
			v.Cookies.WhitelistedNames = &cloudfrontapi.CookieNames{Quantity: new(int32(1)), Items: []string{"a"}}
		}),
		values("forwarded cookies", "too many", "TooManyCookieNamesInWhiteList", func(_ *distributionConfig, v *v) {
			v.Cookies.Forward = new("whitelist")
			v.Cookies.WhitelistedNames = &cloudfrontapi.CookieNames{Quantity: new(int32(11)), Items: many[:11]}
		}),
		values("forwarded cookies", "not a name", invalidArgument, func(_ *distributionConfig, v *v) {
			v.Cookies.Forward = new("whitelist")
			v.Cookies.WhitelistedNames = &cloudfrontapi.CookieNames{Quantity: new(int32(1)), Items: []string{"a;b"}}
		}),
		values("forwarded query strings", "off", "InvalidQueryStringParameters", func(_ *distributionConfig, v *v) {
			v.QueryStringCacheKeys = &cloudfrontapi.QueryStringCacheKeys{Quantity: new(int32(1)), Items: []string{"a"}}
		}),
		values("forwarded query strings", "too many", "TooManyQueryStringParameters", func(_ *distributionConfig, v *v) {
			v.QueryString = new(true)
			v.QueryStringCacheKeys = &cloudfrontapi.QueryStringCacheKeys{Quantity: new(int32(11)), Items: many[:11]}
		}),
		values("TTL order", "", "InvalidTTLOrder", func(c *distributionConfig, _ *v) {
			c.DefaultCacheBehavior.MinTTL, c.DefaultCacheBehavior.DefaultTTL = new(int64(10)), new(int64(5))
		}),
		values("TTL order", "negative", "InvalidTTLOrder", func(c *distributionConfig, _ *v) { c.DefaultCacheBehavior.MinTTL = new(int64(-1)) }),
		{"header conflict", "legacy", func(c *distributionConfig) {
			setHeaders(c, "Referer", "s")
			legacy(c).Headers = names("referer")
		}, invalidArgument, 400, conflict, false},
	}
}

const conflict = "The parameter Header Name with value Referer is not allowed as both an origin custom header and a forward header."

func allCases() []ruleCase {
	return slices.Concat(updateCases(), requestCases(), distributionCases(), originCases(), headerCases(), groupCases(), behaviorCases(), legacyCases(),
		attachedCases())
}

func TestDistributionRules(t *testing.T) {
	covered := make(map[string]bool)
	for _, test := range allCases() {
		covered[test.rule] = true
		t.Run(test.rule+"/"+test.name, func(t *testing.T) {
			s := newService(t, cloudfront.Options{})
			if !test.update {
				c := config("r")
				test.edit(c)
				_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: c})
				wantError(t, err, test.code, test.status, test.text)
				create(t, s, account, config("r")) // and nothing was left behind
				return
			}
			made := create(t, s, account, config("r"))
			c := sent(t, made.Distribution.DistributionConfig)
			if _, err := update(s, made.Distribution.Id, made.ETag, sent(t, c)); err != nil {
				t.Fatalf("what was read is refused: %v", err)
			}
			got, err := s.GetDistribution(call(account), &cloudfrontapi.GetDistributionRequest{Id: made.Distribution.Id})
			if err != nil {
				t.Fatal(err)
			}
			test.edit(c)
			_, err = update(s, made.Distribution.Id, got.ETag, c)
			wantError(t, err, test.code, test.status, test.text)
		})
	}
	for _, rule := range cloudfront.RuleNames() {
		if !covered[rule] {
			t.Errorf("no case for the rule %q", rule)
		}
	}
}

// TestAccepted: what the rules let through, next to what they refuse.
func TestAccepted(t *testing.T) {
	for name, edit := range map[string]func(c *distributionConfig){
		"least":          func(*distributionConfig) {},
		"dotless origin": func(c *distributionConfig) { origin(c).DomainName = new("backend") },
		"localhost origin": func(c *distributionConfig) {
			origin(c).DomainName, origin(c).CustomOriginConfig.HTTPPort = new("localhost"), new(int32(8080))
		},
		"underscore origin": func(c *distributionConfig) { origin(c).DomainName = new("my_service.internal") },
		"S3 origin":         func(c *distributionConfig) { s3(c, "") },
		"root in a folder":  func(c *distributionConfig) { c.DefaultRootObject = new("folder/index.html") },
		"alias":             func(c *distributionConfig) { setAliases(c, "*.example.com", "www.example.com") },
		"all methods": func(c *distributionConfig) {
			c.DefaultCacheBehavior.AllowedMethods = allowed(cloudfrontapi.MethodValues...)
		},
		"secret headers": func(c *distributionConfig) {
			setHeaders(c, "x-api-key", "k", "Referer", "s", "Authorization", "a", "X-Empty", "")
		},
		"error page":         func(c *distributionConfig) { c.CustomErrorResponses = errorPage404() },
		"legacy all headers": func(c *distributionConfig) { setHeaders(c, "Referer", "s"); legacy(c).Headers = names("*") },
		"web ACL": func(c *distributionConfig) {
			c.WebACLId = new("arn:aws:wafv2:us-east-1:111122223333:global/webacl/n/473e64fd-f30b-4765-81a0-62ad96dd167a")
		},
		"managed RHP": func(c *distributionConfig) {
			c.DefaultCacheBehavior.ResponseHeadersPolicyId = new("67f7725c-6f97-4210-82d7-5512b31e9d03")
		},
		"behavior with wildcard": func(c *distributionConfig) { addBehavior(c, "/img/*.jp?") },
		"group of two": func(c *distributionConfig) {
			addOrigin(c, "b")
			addGroup(c, "g", originID, "b")
			c.DefaultCacheBehavior.TargetOriginId = new("g")
		},
		"geo": func(c *distributionConfig) { c.Restrictions = onlyFrom("DE", "JP") },
	} {
		t.Run(name, func(t *testing.T) {
			c := config("r")
			edit(c)
			create(t, newService(t, cloudfront.Options{}), account, c)
		})
	}
}

func errorPage404() *cloudfrontapi.CustomErrorResponses {
	return &cloudfrontapi.CustomErrorResponses{Quantity: new(int32(1)), Items: []cloudfrontapi.CustomErrorResponse{{
		ErrorCode: new(int32(404)), ResponsePagePath: new("/404.html"), ResponseCode: new("200"),
	}}}
}

func onlyFrom(countries ...string) *cloudfrontapi.Restrictions {
	return &cloudfrontapi.Restrictions{GeoRestriction: &cloudfrontapi.GeoRestriction{
		RestrictionType: new("whitelist"), Quantity: new(int32(len(countries))), Items: countries,
	}}
}

func TestBodyMissing(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{})
	wantError(t, err, "MissingBody", 400, "This operation requires a body. Ensure that the body is present and the Content-Type header is set.")
}
