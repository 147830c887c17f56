package cloudfront_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

func count(n int) *int32 { return new(int32(n)) }

func pemKey(t testing.TB, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func headersPolicy(name string) *cloudfrontapi.ResponseHeadersPolicyConfig {
	return &cloudfrontapi.ResponseHeadersPolicyConfig{
		Name: new(name),
		CorsConfig: &cloudfrontapi.ResponseHeadersPolicyCorsConfig{
			AccessControlAllowCredentials: new(false), OriginOverride: new(true),
			AccessControlAllowOrigins: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowOrigins{Quantity: count(1), Items: []string{"*"}},
			AccessControlAllowHeaders: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowHeaders{Quantity: count(1), Items: []string{"*"}},
			AccessControlAllowMethods: &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowMethods{Quantity: count(1), Items: []string{"GET"}},
		},
		SecurityHeadersConfig: &cloudfrontapi.ResponseHeadersPolicySecurityHeadersConfig{
			FrameOptions:            &cloudfrontapi.ResponseHeadersPolicyFrameOptions{FrameOption: new("DENY"), Override: new(true)},
			ReferrerPolicy:          &cloudfrontapi.ResponseHeadersPolicyReferrerPolicy{ReferrerPolicy: new("origin"), Override: new(true)},
			XSSProtection:           &cloudfrontapi.ResponseHeadersPolicyXSSProtection{Protection: new(true), Override: new(true)},
			ContentSecurityPolicy:   &cloudfrontapi.ResponseHeadersPolicyContentSecurityPolicy{ContentSecurityPolicy: new("default-src 'self'"), Override: new(true)},
			StrictTransportSecurity: &cloudfrontapi.ResponseHeadersPolicyStrictTransportSecurity{AccessControlMaxAgeSec: count(1), Override: new(true)},
		},
		ServerTimingHeadersConfig: &cloudfrontapi.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: new(true), SamplingRate: new(0.0001)},
	}
}

func TestResponseHeadersPolicyRules(t *testing.T) {
	type policy = cloudfrontapi.ResponseHeadersPolicyConfig
	row := func(rule, name, code string, edit func(*policy)) policyCase[policy] {
		return policyCase[policy]{rule, name, edit, code, 400, ""}
	}
	custom := func(name, code string, headers ...string) policyCase[policy] {
		return row("custom headers", name, code, func(c *policy) {
			c.CustomHeadersConfig = &cloudfrontapi.ResponseHeadersPolicyCustomHeadersConfig{Quantity: count(len(headers))}
			for _, header := range headers {
				header, text, _ := strings.Cut(header, ":")
				c.CustomHeadersConfig.Items = append(c.CustomHeadersConfig.Items,
					cloudfrontapi.ResponseHeadersPolicyCustomHeader{Header: new(header), Value: new(text), Override: new(true)})
			}
		})
	}
	remove := func(name, code string, headers ...string) policyCase[policy] {
		return row("headers to remove", name, code, func(c *policy) {
			c.RemoveHeadersConfig = &cloudfrontapi.ResponseHeadersPolicyRemoveHeadersConfig{Quantity: count(len(headers))}
			for _, header := range headers {
				c.RemoveHeadersConfig.Items = append(c.RemoveHeadersConfig.Items, cloudfrontapi.ResponseHeadersPolicyRemoveHeader{Header: new(header)})
			}
		})
	}
	origins := func(name string, items ...string) policyCase[policy] {
		return row("CORS origins", name, invalidArgument, func(c *policy) {
			c.CorsConfig.AccessControlAllowOrigins = &cloudfrontapi.ResponseHeadersPolicyAccessControlAllowOrigins{Quantity: count(len(items)), Items: items}
		})
	}
	tooLong := strings.Repeat("x", 1784)
	cases := []policyCase[policy]{
		row("name and comment", "", invalidArgument, func(c *policy) { c.Name = new("") }),
		origins("none"), origins("mid-label wildcard", "https://a*.example.com"), origins("wildcard inside", "https://a.*.com"),
		origins("a path", "https://example.com/a"), origins("twice", "a.org", "a.org"),
		row("CORS methods", "unknown", invalidArgument, func(c *policy) { c.CorsConfig.AccessControlAllowMethods.Items[0] = "TRACE" }),
		row("CORS headers", "no name", invalidArgument, func(c *policy) { c.CorsConfig.AccessControlAllowHeaders.Items[0] = "a b" }),
		row("CORS headers", "max age", invalidArgument, func(c *policy) { c.CorsConfig.AccessControlMaxAgeSec = count(-1) }),
		row("content security policy", "too long", "TooLongCSPInResponseHeadersPolicy", func(c *policy) {
			c.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy = &tooLong
		}),
		row("content security policy", "line break", invalidArgument, func(c *policy) {
			c.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy = new("a\r\nSet-Cookie: b")
		}),
		row("security headers", "frame", invalidArgument, func(c *policy) { c.SecurityHeadersConfig.FrameOptions.FrameOption = new("x") }),
		row("security headers", "referrer", invalidArgument, func(c *policy) { c.SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy = new("x") }),
		row("security headers", "block and report", invalidArgument, func(c *policy) {
			c.SecurityHeadersConfig.XSSProtection.ModeBlock, c.SecurityHeadersConfig.XSSProtection.ReportUri = new(true), new("/r")
		}),
		row("security headers", "age", invalidArgument, func(c *policy) { c.SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec = count(-1) }),
		row("server timing", "no rate", invalidArgument, func(c *policy) { c.ServerTimingHeadersConfig.SamplingRate = nil }),
		row("server timing", "rate", invalidArgument, func(c *policy) { c.ServerTimingHeadersConfig.SamplingRate = new(100.1) }),
		row("server timing", "decimals", invalidArgument, func(c *policy) { c.ServerTimingHeadersConfig.SamplingRate = new(0.00001) }),
		custom("too many", "TooManyCustomHeadersInResponseHeadersPolicy", numberedNames(11)...),
		custom("forbidden", invalidArgument, "Via"), custom("twice", invalidArgument, "X-A", "x-a"), custom("no name", invalidArgument, "a b"),
		custom("line break", invalidArgument, "X:a\nb"), custom("too long", invalidArgument, "X:"+tooLong),
		remove("too many", "TooManyRemoveHeadersInResponseHeadersPolicy", numberedNames(11)...),
		remove("twice", invalidArgument, "Server", "server"), remove("no name", invalidArgument, ""),
	}
	// The whole list of what cannot be removed (reference/cloudfront.md 1.9).
	for _, name := range strings.Fields(`Connection Content-Encoding Content-Length Expect Host Keep-Alive Proxy-Authenticate
		Proxy-Authorization Proxy-Connection Trailer Transfer-Encoding Upgrade Via Warning X-Accel-Buffering X-Accel-Charset
		X-Accel-Limit-Rate X-Accel-Redirect X-Amz-Cf-Pop X-Amzn-Auth X-Amzn-Cf-Billing X-Amzn-Cf-Id X-Amzn-Cf-Xff X-Amzn-ErrorType
		X-Amzn-Fle-Profile X-Amzn-Header-Count X-Amzn-Header-Order X-Amzn-Lambda-Integration-Tag X-Amzn-RequestId X-Cache
		X-Edge-Location X-Forwarded-Proto X-Real-Ip`) {
		cases = append(cases, remove(name, invalidArgument, name))
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["response headers policies"], cases, func(s *cloudfront.Service, edit func(*policy)) error {
		c := headersPolicy("p")
		edit(c)
		_, err := s.CreateResponseHeadersPolicy(call(account), &cloudfrontapi.CreateResponseHeadersPolicyRequest{ResponseHeadersPolicyConfig: c})
		return err
	})
}

func control(name string) *cloudfrontapi.OriginAccessControlConfig {
	return &cloudfrontapi.OriginAccessControlConfig{
		Name: new(name), SigningProtocol: new("sigv4"), SigningBehavior: new("always"), OriginAccessControlOriginType: new("s3"),
	}
}

func TestOriginAccessRules(t *testing.T) {
	type config = cloudfrontapi.OriginAccessControlConfig
	row := func(rule, name string, edit func(*config)) policyCase[config] {
		return policyCase[config]{rule, name, edit, invalidArgument, 400, ""}
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["origin access controls"], []policyCase[config]{
		row("name", "none", func(c *config) { c.Name = nil }), row("name", "empty", func(c *config) { c.Name = new("") }),
		row("name", "long", func(c *config) { c.Name = new(strings.Repeat("n", 65)) }),
		row("description", "", func(c *config) { c.Description = new(strings.Repeat("d", 257)) }),
		row("signing", "protocol", func(c *config) { c.SigningProtocol = new("sigv2") }),
		row("signing", "behavior", func(c *config) { c.SigningBehavior = new("sometimes") }),
		row("origin type", "", func(c *config) { c.OriginAccessControlOriginType = new("ec2") }),
	}, func(s *cloudfront.Service, edit func(*config)) error {
		c := control("c")
		edit(c)
		_, err := s.CreateOriginAccessControl(call(account), &cloudfrontapi.CreateOriginAccessControlRequest{OriginAccessControlConfig: c})
		return err
	})
	type identity = cloudfrontapi.CloudFrontOriginAccessIdentityConfig
	runPolicyCases(t, cloudfront.FamilyRuleNames()["origin access identities"], []policyCase[identity]{
		{"caller reference", "", func(c *identity) { c.CallerReference = new("") }, invalidArgument, 400, "The parameter CallerReference is required."},
		{"caller reference", "long", func(c *identity) { c.CallerReference = new(strings.Repeat("r", 5000)) }, invalidArgument, 400, ""},
		{"comment", "", func(c *identity) { c.Comment = new(strings.Repeat("c", 129)) }, invalidArgument, 400, ""},
	}, func(s *cloudfront.Service, edit func(*identity)) error {
		c := &identity{CallerReference: new("r"), Comment: new("")}
		edit(c)
		_, err := s.CreateCloudFrontOriginAccessIdentity(call(account),
			&cloudfrontapi.CreateCloudFrontOriginAccessIdentityRequest{CloudFrontOriginAccessIdentityConfig: c})
		return err
	})
}

func createKey(s *cloudfront.Service, name string, edit func(*cloudfrontapi.PublicKeyConfig)) (string, error) {
	c := &cloudfrontapi.PublicKeyConfig{CallerReference: new(name), Name: new(name), EncodedKey: new(signerPEM)}
	edit(c)
	made, err := s.CreatePublicKey(call(account), &cloudfrontapi.CreatePublicKeyRequest{PublicKeyConfig: c})
	if err != nil {
		return "", err
	}
	return *made.PublicKey.Id, nil
}

func asIs[C any](*C) {}

func TestKeyRules(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	big, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const noKey = "Your request contains empty/invalid/out of limits RSA Encoded Key"
	type config = cloudfrontapi.PublicKeyConfig
	key := func(name, text string) policyCase[config] {
		return policyCase[config]{"key", name, func(c *config) { c.EncodedKey = new(text) }, invalidArgument, 400, noKey}
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["public keys"], []policyCase[config]{
		{"caller reference", "", func(c *config) { c.CallerReference = new("") }, invalidArgument, 400, ""},
		{"name and comment", "", func(c *config) { c.Name = new("") }, invalidArgument, 400, ""},
		key("empty", ""), key("no PEM", "ssh-rsa AAAA"), key("RSA 1024", pemKey(t, &small.PublicKey)), key("P-384", pemKey(t, &big.PublicKey)),
		key("long", signerPEM+strings.Repeat("\n", 5000)),
	}, func(s *cloudfront.Service, edit func(*config)) error {
		_, err := createKey(s, "k", edit)
		return err
	})
	if good, err := rsa.GenerateKey(rand.Reader, 2048); err != nil || !cloudfront.SignerKey(pemKey(t, &good.PublicKey)) {
		t.Errorf("RSA 2048 is no signer's key: %v", err)
	}
	type group = cloudfrontapi.KeyGroupConfig
	runPolicyCases(t, cloudfront.FamilyRuleNames()["key groups"], []policyCase[group]{
		{"name and comment", "", func(c *group) { c.Name = new("") }, invalidArgument, 400, ""},
		{"public keys", "none", func(c *group) { c.Items = nil }, invalidArgument, 400, ""},
		{"public keys", "twice", func(c *group) { c.Items = []string{"K1", "K1"} }, invalidArgument, 400, ""},
		{"public keys", "too many", func(c *group) { c.Items = numberedNames(6) }, "TooManyPublicKeysInKeyGroup", 400, ""},
	}, func(s *cloudfront.Service, edit func(*group)) error {
		id, err := createKey(s, fmt.Sprintf("k%p", edit), asIs)
		if err != nil {
			return err
		}
		c := &group{Name: new("g"), Items: []string{id}}
		edit(c)
		_, err = s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{KeyGroupConfig: c})
		return err
	})
}

func createProfile(s *cloudfront.Service, name string, edit func(*cloudfrontapi.FieldLevelEncryptionProfileConfig)) (string, error) {
	key, err := createKey(s, fmt.Sprintf("k%s%p", name, edit), asIs)
	if err != nil {
		return "", err
	}
	c := &cloudfrontapi.FieldLevelEncryptionProfileConfig{
		Name: new(name), CallerReference: new(name), EncryptionEntities: &cloudfrontapi.EncryptionEntities{
			Quantity: count(1), Items: []cloudfrontapi.EncryptionEntity{{
				PublicKeyId: new(key), ProviderId: new("shop"), FieldPatterns: &cloudfrontapi.FieldPatterns{Quantity: count(1), Items: []string{"card*"}},
			}},
		},
	}
	edit(c)
	made, err := s.CreateFieldLevelEncryptionProfile(call(account),
		&cloudfrontapi.CreateFieldLevelEncryptionProfileRequest{FieldLevelEncryptionProfileConfig: c})
	if err != nil {
		return "", err
	}
	return *made.FieldLevelEncryptionProfile.Id, nil
}

func TestFieldLevelProfileRules(t *testing.T) {
	type config = cloudfrontapi.FieldLevelEncryptionProfileConfig
	patterns := func(name, code string, items ...string) policyCase[config] {
		return policyCase[config]{"field patterns", name, func(c *config) {
			c.EncryptionEntities.Items[0].FieldPatterns = &cloudfrontapi.FieldPatterns{Quantity: count(len(items)), Items: items}
		}, code, 400, ""}
	}
	long := make([]string, 10)
	for i := range long {
		long[i] = fmt.Sprint(i) + strings.Repeat("f", 1100)
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["field-level encryption profiles"], []policyCase[config]{
		{"caller reference", "", func(c *config) { c.CallerReference = new("") }, invalidArgument, 400, ""},
		{"name and comment", "", func(c *config) { c.Name = new("") }, invalidArgument, 400, ""},
		{"encryption entities", "none", func(c *config) {
			c.EncryptionEntities.Quantity, c.EncryptionEntities.Items = count(0), nil
		}, invalidArgument, 400, ""},
		{"encryption entities", "provider", func(c *config) { c.EncryptionEntities.Items[0].ProviderId = new("") }, invalidArgument, 400, ""},
		{"encryption entities", "key", func(c *config) { c.EncryptionEntities.Items[0].PublicKeyId = new("K0") }, "NoSuchPublicKey", 404, ""},
		{"encryption entities", "too many", func(c *config) {
			for range 10 {
				c.EncryptionEntities.Items = append(c.EncryptionEntities.Items, c.EncryptionEntities.Items[0])
			}
			c.EncryptionEntities.Quantity = count(11)
		}, "TooManyFieldLevelEncryptionEncryptionEntities", 400, ""},
		patterns("none", invalidArgument), patterns("overlap", invalidArgument, "ab*", "abc*"), patterns("inside", invalidArgument, "a*b"),
		patterns("too many", "TooManyFieldLevelEncryptionFieldPatterns", numberedNames(11)...),
		patterns("too big", "FieldLevelEncryptionProfileSizeExceeded", long...),
	}, func(s *cloudfront.Service, edit func(*config)) error {
		_, err := createProfile(s, "p", edit)
		return err
	})
}

func TestFieldLevelEncryptionRules(t *testing.T) {
	type config = cloudfrontapi.FieldLevelEncryptionConfig
	args := func(name, code string, status int, items ...cloudfrontapi.QueryArgProfile) policyCase[config] {
		return policyCase[config]{"query argument profiles", name, func(c *config) {
			c.QueryArgProfileConfig = &cloudfrontapi.QueryArgProfileConfig{ForwardWhenQueryArgProfileIsUnknown: new(true),
				QueryArgProfiles: &cloudfrontapi.QueryArgProfiles{Quantity: count(len(items)), Items: items}}
		}, code, status, ""}
	}
	types := func(name, code string, items ...cloudfrontapi.ContentTypeProfile) policyCase[config] {
		return policyCase[config]{"content type profiles", name, func(c *config) {
			c.ContentTypeProfileConfig = &cloudfrontapi.ContentTypeProfileConfig{ForwardWhenContentTypeIsUnknown: new(true),
				ContentTypeProfiles: &cloudfrontapi.ContentTypeProfiles{Quantity: count(len(items)), Items: items}}
		}, code, 400, ""}
	}
	arg := func(name, profile string) cloudfrontapi.QueryArgProfile {
		return cloudfrontapi.QueryArgProfile{QueryArg: new(name), ProfileId: new(profile)}
	}
	form := func(format, contentType string) cloudfrontapi.ContentTypeProfile {
		return cloudfrontapi.ContentTypeProfile{Format: new(format), ContentType: new(contentType)}
	}
	const urlEncoded = "application/x-www-form-urlencoded"
	runPolicyCases(t, cloudfront.FamilyRuleNames()["field-level encryption configs"], []policyCase[config]{
		{"caller reference", "", func(c *config) { c.CallerReference = new("") }, invalidArgument, 400, ""},
		{"comment", "", func(c *config) { c.Comment = new(strings.Repeat("c", 129)) }, invalidArgument, 400, ""},
		args("no profile", "QueryArgProfileEmpty", 400, arg("a", "")), args("no argument", invalidArgument, 400, arg("", "P1")),
		args("twice", invalidArgument, 400, arg("a", "P1"), arg("a", "P2")), args("unknown profile", "NoSuchFieldLevelEncryptionProfile", 404, arg("a", "P1")),
		args("too many", "TooManyFieldLevelEncryptionQueryArgProfiles", 400, make([]cloudfrontapi.QueryArgProfile, 6)...),
		types("format", invalidArgument, form("JSON", urlEncoded)), types("type", invalidArgument, form("URLEncoded", "text/plain")),
		types("too many", "TooManyFieldLevelEncryptionContentTypeProfiles", form("URLEncoded", urlEncoded), form("URLEncoded", urlEncoded)),
	}, func(s *cloudfront.Service, edit func(*config)) error {
		c := &config{CallerReference: new("r")}
		edit(c)
		if profiles := c.QueryArgProfileConfig; profiles != nil && len(profiles.QueryArgProfiles.Items) == 6 {
			for i := range profiles.QueryArgProfiles.Items {
				profiles.QueryArgProfiles.Items[i] = arg(fmt.Sprint(i), "P1")
			}
		}
		_, err := s.CreateFieldLevelEncryptionConfig(call(account), &cloudfrontapi.CreateFieldLevelEncryptionConfigRequest{FieldLevelEncryptionConfig: c})
		return err
	})
}

func logConfig(name string) *cloudfrontapi.RealtimeLogConfig {
	return &cloudfrontapi.RealtimeLogConfig{
		Name: new(name), SamplingRate: new(int64(1)), Fields: []string{"c-ip"}, EndPoints: []cloudfrontapi.EndPoint{{
			StreamType: new("Kinesis"), KinesisStreamConfig: &cloudfrontapi.KinesisStreamConfig{
				RoleARN: new("arn:aws:iam::111122223333:role/logs"), StreamARN: new("arn:aws:kinesis:us-east-1:111122223333:stream/live")},
		}},
	}
}

func createLogs(s *cloudfront.Service, c *cloudfrontapi.RealtimeLogConfig) (*cloudfrontapi.CreateRealtimeLogConfigResult, error) {
	return s.CreateRealtimeLogConfig(call(account), &cloudfrontapi.CreateRealtimeLogConfigRequest{
		Name: c.Name, SamplingRate: c.SamplingRate, Fields: c.Fields, EndPoints: c.EndPoints,
	})
}

func TestRealtimeLogConfigRules(t *testing.T) {
	type config = cloudfrontapi.RealtimeLogConfig
	row := func(rule, name string, edit func(*config)) policyCase[config] {
		return policyCase[config]{rule, name, edit, invalidArgument, 400, ""}
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["real-time log configs"], []policyCase[config]{
		row("name", "none", func(c *config) { c.Name = nil }), row("name", "slash", func(c *config) { c.Name = new("a/b") }),
		row("sampling rate", "none", func(c *config) { c.SamplingRate = nil }),
		row("sampling rate", "101", func(c *config) { c.SamplingRate = new(int64(101)) }),
		row("end points", "none", func(c *config) { c.EndPoints = nil }),
		row("end points", "type", func(c *config) { c.EndPoints[0].StreamType = new("Firehose") }),
		row("end points", "no stream", func(c *config) { c.EndPoints[0].KinesisStreamConfig = nil }),
		row("end points", "role", func(c *config) { c.EndPoints[0].KinesisStreamConfig.RoleARN = new("x") }),
		row("end points", "stream", func(c *config) { c.EndPoints[0].KinesisStreamConfig.StreamARN = new("x") }),
		row("fields", "none", func(c *config) { c.Fields = nil }), row("fields", "unknown", func(c *config) { c.Fields = []string{"x"} }),
		row("fields", "twice", func(c *config) { c.Fields = []string{"c-ip", "c-ip"} }),
	}, func(s *cloudfront.Service, edit func(*config)) error {
		c := logConfig("logs")
		edit(c)
		_, err := createLogs(s, c)
		return err
	})
}

func streaming(reference string) *cloudfrontapi.StreamingDistributionConfig {
	return &cloudfrontapi.StreamingDistributionConfig{
		CallerReference: new(reference), Comment: new(""), Enabled: new(false),
		S3Origin:       &cloudfrontapi.S3Origin{DomainName: new("films.s3.amazonaws.com"), OriginAccessIdentity: new("")},
		TrustedSigners: &cloudfrontapi.TrustedSigners{Enabled: new(false), Quantity: count(0)},
	}
}

func TestStreamingDistributionRules(t *testing.T) {
	type config = cloudfrontapi.StreamingDistributionConfig
	aliases := func(name, code string, items ...string) policyCase[config] {
		return policyCase[config]{"aliases", name, func(c *config) {
			c.Aliases = &cloudfrontapi.Aliases{Quantity: count(len(items)), Items: items}
		}, code, 400, ""}
	}
	runPolicyCases(t, cloudfront.FamilyRuleNames()["streaming distributions"], []policyCase[config]{
		{"caller reference", "", func(c *config) { c.CallerReference = new("") }, invalidArgument, 400, ""},
		{"comment", "", func(c *config) { c.Comment = new(strings.Repeat("c", 129)) }, invalidArgument, 400, ""},
		{"origin", "no bucket", func(c *config) { c.S3Origin.DomainName = new("example.com") }, "InvalidOrigin", 400, ""},
		{"origin", "identity", func(c *config) { c.S3Origin.OriginAccessIdentity = new("E1") }, "InvalidOriginAccessIdentity", 400, ""},
		{"origin", "unknown identity", func(c *config) {
			c.S3Origin.OriginAccessIdentity = new("origin-access-identity/cloudfront/E1")
		}, "InvalidOriginAccessIdentity", 400, ""},
		aliases("no name", invalidArgument, "x"), aliases("too many", "TooManyStreamingDistributionCNAMEs", numberedNames(101)...),
		{"trusted signers", "", func(c *config) { c.TrustedSigners.Enabled = new(true) }, invalidArgument, 400, ""},
		{"logging", "", func(c *config) {
			c.Logging = &cloudfrontapi.StreamingLoggingConfig{Enabled: new(true), Bucket: new(""), Prefix: new("")}
		}, invalidArgument, 400, ""},
		{"price class", "", func(c *config) { c.PriceClass = new("x") }, invalidArgument, 400, ""},
	}, func(s *cloudfront.Service, edit func(*config)) error {
		c := streaming("r")
		edit(c)
		_, err := s.CreateStreamingDistribution(call(account), &cloudfrontapi.CreateStreamingDistributionRequest{StreamingDistributionConfig: c})
		return err
	})
}

// TestFamilyQuotas: the record after the last one is refused.
func TestFamilyQuotas(t *testing.T) {
	for code, test := range map[string]struct {
		limits cloudfront.Limits
		create func(s *cloudfront.Service, name string) error
	}{
		"TooManyResponseHeadersPolicies": {cloudfront.Limits{ResponseHeadersPolicies: 1}, func(s *cloudfront.Service, name string) error {
			_, err := s.CreateResponseHeadersPolicy(call(account), &cloudfrontapi.CreateResponseHeadersPolicyRequest{ResponseHeadersPolicyConfig: headersPolicy(name)})
			return err
		}},
		"TooManyOriginAccessControls": {cloudfront.Limits{OriginAccessControls: 1}, func(s *cloudfront.Service, name string) error {
			_, err := s.CreateOriginAccessControl(call(account), &cloudfrontapi.CreateOriginAccessControlRequest{OriginAccessControlConfig: control(name)})
			return err
		}},
		"TooManyCloudFrontOriginAccessIdentities": {cloudfront.Limits{OriginAccessIdentities: 1}, func(s *cloudfront.Service, name string) error {
			_, err := s.CreateCloudFrontOriginAccessIdentity(call(account), &cloudfrontapi.CreateCloudFrontOriginAccessIdentityRequest{
				CloudFrontOriginAccessIdentityConfig: &cloudfrontapi.CloudFrontOriginAccessIdentityConfig{CallerReference: new(name), Comment: new("")}})
			return err
		}},
		"TooManyPublicKeys": {cloudfront.Limits{PublicKeys: 1}, func(s *cloudfront.Service, name string) error {
			_, err := createKey(s, name, asIs)
			return err
		}},
		"TooManyKeyGroups": {cloudfront.Limits{KeyGroups: 1}, func(s *cloudfront.Service, name string) error {
			id, err := createKey(s, name, asIs)
			if err != nil {
				return err
			}
			_, err = s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{
				KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new(name), Items: []string{id}}})
			return err
		}},
		"TooManyFieldLevelEncryptionProfiles": {cloudfront.Limits{FieldLevelProfiles: 1}, func(s *cloudfront.Service, name string) error {
			_, err := createProfile(s, name, asIs)
			return err
		}},
		"TooManyFieldLevelEncryptionConfigs": {cloudfront.Limits{FieldLevelEncryptions: 1}, func(s *cloudfront.Service, name string) error {
			_, err := s.CreateFieldLevelEncryptionConfig(call(account), &cloudfrontapi.CreateFieldLevelEncryptionConfigRequest{
				FieldLevelEncryptionConfig: &cloudfrontapi.FieldLevelEncryptionConfig{CallerReference: new(name)}})
			return err
		}},
		"TooManyRealtimeLogConfigs": {cloudfront.Limits{RealtimeLogConfigs: 1}, func(s *cloudfront.Service, name string) error {
			_, err := createLogs(s, logConfig(name))
			return err
		}},
		"TooManyStreamingDistributions": {cloudfront.Limits{StreamingDistributions: 1}, func(s *cloudfront.Service, name string) error {
			_, err := s.CreateStreamingDistribution(call(account), &cloudfrontapi.CreateStreamingDistributionRequest{StreamingDistributionConfig: streaming(name)})
			return err
		}},
	} {
		t.Run(code, func(t *testing.T) {
			s := newService(t, cloudfront.Options{Limits: test.limits})
			if err := test.create(s, "a"); err != nil {
				t.Fatal(err)
			}
			text := map[string]string{"TooManyResponseHeadersPolicies": "Account's Response Headers Policies limit reached."}[code]
			wantError(t, test.create(s, "b"), code, 400, text)
		})
	}
}

// TestUserQuotas: a record has so many distributions and no more, and one that
// goes makes room.
func TestUserQuotas(t *testing.T) {
	limits := cloudfront.Limits{DistributionsPerPolicy: 1, DistributionsPerFLE: 1}
	for code, test := range map[string]func(t *testing.T, s *cloudfront.Service) func(*distributionConfig){
		"TooManyDistributionsAssociatedToResponseHeadersPolicy": func(t *testing.T, s *cloudfront.Service) func(*distributionConfig) {
			made, err := s.CreateResponseHeadersPolicy(call(account), &cloudfrontapi.CreateResponseHeadersPolicyRequest{ResponseHeadersPolicyConfig: headersPolicy("p")})
			fatal(t, err)
			return func(c *distributionConfig) {
				c.DefaultCacheBehavior.ResponseHeadersPolicyId = made.ResponseHeadersPolicy.Id
			}
		},
		"TooManyDistributionsAssociatedToOriginAccessControl": func(t *testing.T, s *cloudfront.Service) func(*distributionConfig) {
			made, err := s.CreateOriginAccessControl(call(account), &cloudfrontapi.CreateOriginAccessControlRequest{OriginAccessControlConfig: control("c")})
			fatal(t, err)
			return func(c *distributionConfig) {
				s3(c, "")
				origin(c).OriginAccessControlId = made.OriginAccessControl.Id
			}
		},
		"TooManyDistributionsAssociatedToKeyGroup": func(t *testing.T, s *cloudfront.Service) func(*distributionConfig) {
			key, err := createKey(s, "k", asIs)
			fatal(t, err)
			made, err := s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{
				KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new("g"), Items: []string{key}}})
			fatal(t, err)
			return func(c *distributionConfig) {
				c.DefaultCacheBehavior.TrustedKeyGroups = &cloudfrontapi.TrustedKeyGroups{Enabled: new(true), Quantity: count(1), Items: []string{*made.KeyGroup.Id}}
			}
		},
		"TooManyDistributionsAssociatedToFieldLevelEncryptionConfig": func(t *testing.T, s *cloudfront.Service) func(*distributionConfig) {
			made, err := s.CreateFieldLevelEncryptionConfig(call(account), &cloudfrontapi.CreateFieldLevelEncryptionConfigRequest{
				FieldLevelEncryptionConfig: &cloudfrontapi.FieldLevelEncryptionConfig{CallerReference: new("r")}})
			fatal(t, err)
			return func(c *distributionConfig) {
				c.DefaultCacheBehavior.FieldLevelEncryptionId = made.FieldLevelEncryption.Id
				c.DefaultCacheBehavior.AllowedMethods = allowed(cloudfrontapi.MethodValues...)
			}
		},
	} {
		t.Run(code, func(t *testing.T) {
			s := newService(t, cloudfront.Options{Limits: limits})
			use := test(t, s)
			using := func(reference string) *distributionConfig {
				c := config(reference)
				use(c)
				return c
			}
			first := create(t, s, account, using("1"))
			_, err := s.CreateDistribution(call(account), &cloudfrontapi.CreateDistributionRequest{DistributionConfig: using("2")})
			wantError(t, err, code, 400, "")
			c := sent(t, first.Distribution.DistributionConfig)
			c.Enabled = new(false)
			updated, err := update(s, first.Distribution.Id, first.ETag, c)
			fatal(t, err)
			fatal(t, s.DeleteDistribution(call(account), &cloudfrontapi.DeleteDistributionRequest{Id: first.Distribution.Id, IfMatch: updated.ETag}))
			create(t, s, account, using("3"))
		})
	}
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSignableDomain: which kinds of origins an origin access control signs for.
func TestSignableDomain(t *testing.T) {
	for _, test := range []struct {
		kind, domain string
		want         bool
	}{
		{"s3", "b.s3.amazonaws.com", true}, {"s3", "b.s3.eu-west-1.amazonaws.com", true}, {"s3", "m.accesspoint.s3-global.amazonaws.com", true},
		{"s3", "example.com", false}, {"s3", "b.s3.amazonaws.com.evil.org", false},
		{"lambda", "x.lambda-url.us-east-1.on.aws", true}, {"lambda", "x.on.aws", false},
		{"mediastore", "c.data.mediastore.us-east-1.amazonaws.com", true}, {"mediastore", "b.s3.amazonaws.com", false},
		{"mediapackagev2", "c.egress.x.mediapackagev2.us-east-1.amazonaws.com", true}, {"mediapackagev2", "a.amazonaws.com", false},
	} {
		if got := cloudfront.SignableDomain(test.kind, test.domain); got != test.want {
			t.Errorf("%s %s: %v", test.kind, test.domain, got)
		}
	}
}

// TestReferencesOutliveUpdates: names, references and users follow updates.
func TestReferencesOutliveUpdates(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	one, err := createKey(s, "one", asIs)
	fatal(t, err)
	two, err := createKey(s, "two", asIs)
	fatal(t, err)
	made, err := s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{
		KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new("g"), Items: []string{one}}})
	fatal(t, err)
	updated, err := s.UpdateKeyGroup(call(account), &cloudfrontapi.UpdateKeyGroupRequest{
		Id: made.KeyGroup.Id, IfMatch: made.ETag, KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new("h"), Items: []string{two}}})
	fatal(t, err)
	_, err = s.CreateKeyGroup(call(account), &cloudfrontapi.CreateKeyGroupRequest{
		KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new("h"), Items: []string{two}}})
	wantError(t, err, "KeyGroupAlreadyExists", 409, "")
	remove := func(id string) error {
		key, err := s.GetPublicKey(call(account), &cloudfrontapi.GetPublicKeyRequest{Id: &id})
		fatal(t, err)
		return s.DeletePublicKey(call(account), &cloudfrontapi.DeletePublicKeyRequest{Id: &id, IfMatch: key.ETag})
	}
	fatal(t, remove(one)) // no group has it any more
	wantError(t, remove(two), "PublicKeyInUse", 409, "")
	_, err = createKey(s, "one", asIs) // name and caller reference are free again
	fatal(t, err)
	_, err = s.CreateKeyGroup(call(otherAccount), &cloudfrontapi.CreateKeyGroupRequest{
		KeyGroupConfig: &cloudfrontapi.KeyGroupConfig{Name: new("h"), Items: []string{two}}})
	wantError(t, err, invalidArgument, 400, "") // another account's key
	fatal(t, s.DeleteKeyGroup(call(account), &cloudfrontapi.DeleteKeyGroupRequest{Id: made.KeyGroup.Id, IfMatch: updated.ETag}))
	fatal(t, remove(two))
}

// TestUnchangeable: what an update can never change.
func TestUnchangeable(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	identity, err := s.CreateCloudFrontOriginAccessIdentity(call(account), &cloudfrontapi.CreateCloudFrontOriginAccessIdentityRequest{
		CloudFrontOriginAccessIdentityConfig: &cloudfrontapi.CloudFrontOriginAccessIdentityConfig{CallerReference: new("r"), Comment: new("")}})
	fatal(t, err)
	_, err = s.UpdateCloudFrontOriginAccessIdentity(call(account), &cloudfrontapi.UpdateCloudFrontOriginAccessIdentityRequest{
		Id: identity.CloudFrontOriginAccessIdentity.Id, IfMatch: identity.ETag,
		CloudFrontOriginAccessIdentityConfig: &cloudfrontapi.CloudFrontOriginAccessIdentityConfig{CallerReference: new("s"), Comment: new("")}})
	wantError(t, err, illegalUpdate, 400, "")
	stream, err := s.CreateStreamingDistribution(call(account), &cloudfrontapi.CreateStreamingDistributionRequest{StreamingDistributionConfig: streaming("r")})
	fatal(t, err)
	_, err = s.UpdateStreamingDistribution(call(account), &cloudfrontapi.UpdateStreamingDistributionRequest{
		Id: stream.StreamingDistribution.Id, IfMatch: stream.ETag, StreamingDistributionConfig: streaming("s")})
	wantError(t, err, illegalUpdate, 400, "")
	managed := "60669652-455b-4ae9-85a4-c4c02393f86c"
	err = s.DeleteResponseHeadersPolicy(call(account), &cloudfrontapi.DeleteResponseHeadersPolicyRequest{Id: &managed, IfMatch: new("E1")})
	wantError(t, err, "IllegalDelete", 400, "")
}

// TestNoBody: every create and update without its document.
func TestNoBody(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	for _, name := range strings.Fields(`CreateResponseHeadersPolicy CreateOriginAccessControl CreateCloudFrontOriginAccessIdentity
		CreatePublicKey CreateKeyGroup CreateFieldLevelEncryptionConfig CreateFieldLevelEncryptionProfile
		CreateStreamingDistribution CreateStreamingDistributionWithTags CreateMonitoringSubscription`) {
		operation := cloudfrontapi.Table.Operation(name)
		_, err := operation.Invoke(s, call(account), operation.Input.New())
		wantError(t, err, "MissingBody", 400, "")
	}
}

func FuzzSignerKey(f *testing.F) {
	f.Add(signerPEM)
	f.Add("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		if cloudfront.SignerKey(text) && !strings.Contains(text, "-----BEGIN") {
			t.Errorf("a key without PEM: %q", text)
		}
	})
}
