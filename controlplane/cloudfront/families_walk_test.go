package cloudfront_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

const signerPEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbKheMyVZTJnGhqcguRRP6ysorAPp
ngPQXI0POXS0QGl7FH9hm3obxCVZjL3nrvg6K6iE+EV0VV8wBQUPoObgDw==
-----END PUBLIC KEY-----
`

// walkConfig is a distribution whose caller reference is r.
func walkConfig(r string, edit func(*types.DistributionConfig)) *sdk.CreateDistributionInput {
	c := sdkConfig(r)
	c.Origins.Items[0].CustomHeaders = nil
	edit(c)
	return &sdk.CreateDistributionInput{DistributionConfig: c}
}

// disable updates a distribution so that it can be deleted, and deletes it.
func disable(w *walk, made *sdk.CreateDistributionOutput) {
	w.t.Helper()
	read, err := w.c.GetDistributionConfig(w.ctx, &sdk.GetDistributionConfigInput{Id: made.Distribution.Id})
	if err != nil {
		w.t.Fatal(err)
	}
	read.DistributionConfig.Enabled = new(false)
	updated, err := w.c.UpdateDistribution(w.ctx, &sdk.UpdateDistributionInput{
		Id: made.Distribution.Id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.c.DeleteDistribution(w.ctx, &sdk.DeleteDistributionInput{Id: made.Distribution.Id, IfMatch: updated.ETag}); err != nil {
		w.t.Fatal(err)
	}
}

// create makes a distribution without noting the long answer.
func (w *walk) create(in *sdk.CreateDistributionInput) *sdk.CreateDistributionOutput {
	w.t.Helper()
	made, err := w.c.CreateDistribution(w.ctx, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func TestWalkResponseHeadersPolicies(t *testing.T) {
	w := newWalk(t)
	list := func(items ...string) (*int32, []string) { return new(int32(len(items))), items }
	config := &types.ResponseHeadersPolicyConfig{
		Name: new("own"),
		SecurityHeadersConfig: &types.ResponseHeadersPolicySecurityHeadersConfig{
			StrictTransportSecurity: &types.ResponseHeadersPolicyStrictTransportSecurity{AccessControlMaxAgeSec: new(int32(60)), Override: new(true)},
			ContentSecurityPolicy:   &types.ResponseHeadersPolicyContentSecurityPolicy{ContentSecurityPolicy: new("default-src 'self'"), Override: new(true)},
			XSSProtection:           &types.ResponseHeadersPolicyXSSProtection{Protection: new(true), Override: new(false), ReportUri: new("https://example.com/r")},
		},
		CustomHeadersConfig: &types.ResponseHeadersPolicyCustomHeadersConfig{Quantity: new(int32(1)), Items: []types.ResponseHeadersPolicyCustomHeader{
			{Header: new("X-Own"), Value: new(""), Override: new(true)},
		}},
		RemoveHeadersConfig: &types.ResponseHeadersPolicyRemoveHeadersConfig{Quantity: new(int32(1)), Items: []types.ResponseHeadersPolicyRemoveHeader{
			{Header: new("Server")},
		}},
		ServerTimingHeadersConfig: &types.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: new(true), SamplingRate: new(12.3456)},
	}
	config.CorsConfig = &types.ResponseHeadersPolicyCorsConfig{
		AccessControlAllowCredentials: new(false), OriginOverride: new(true), AccessControlMaxAgeSec: new(int32(600)),
		AccessControlAllowOrigins: &types.ResponseHeadersPolicyAccessControlAllowOrigins{}, AccessControlAllowHeaders: &types.ResponseHeadersPolicyAccessControlAllowHeaders{},
		AccessControlAllowMethods: &types.ResponseHeadersPolicyAccessControlAllowMethods{Quantity: new(int32(1)), Items: []types.ResponseHeadersPolicyAccessControlAllowMethodsValues{"ALL"}},
	}
	config.CorsConfig.AccessControlAllowOrigins.Quantity, config.CorsConfig.AccessControlAllowOrigins.Items = list("https://*.example.com:8*", "example.org")
	config.CorsConfig.AccessControlAllowHeaders.Quantity, config.CorsConfig.AccessControlAllowHeaders.Items = list("X-*")
	made := ok(w, w.c.CreateResponseHeadersPolicy, &sdk.CreateResponseHeadersPolicyInput{ResponseHeadersPolicyConfig: config})
	refused(w, w.c.CreateResponseHeadersPolicy, &sdk.CreateResponseHeadersPolicyInput{ResponseHeadersPolicyConfig: config}, "ResponseHeadersPolicyAlreadyExists")
	id := made.ResponseHeadersPolicy.Id
	ok(w, w.c.GetResponseHeadersPolicy, &sdk.GetResponseHeadersPolicyInput{Id: id})
	ok(w, w.c.GetResponseHeadersPolicyConfig, &sdk.GetResponseHeadersPolicyConfigInput{Id: id})
	ok(w, w.c.ListResponseHeadersPolicies, &sdk.ListResponseHeadersPoliciesInput{Type: "custom"})
	config.Comment = new("changed")
	updated := ok(w, w.c.UpdateResponseHeadersPolicy, &sdk.UpdateResponseHeadersPolicyInput{Id: id, IfMatch: made.ETag, ResponseHeadersPolicyConfig: config})
	refused(w, w.c.UpdateResponseHeadersPolicy, &sdk.UpdateResponseHeadersPolicyInput{Id: id, IfMatch: made.ETag, ResponseHeadersPolicyConfig: config}, "PreconditionFailed")
	refused(w, w.c.UpdateResponseHeadersPolicy, &sdk.UpdateResponseHeadersPolicyInput{
		Id: new("60669652-455b-4ae9-85a4-c4c02393f86c"), IfMatch: made.ETag, ResponseHeadersPolicyConfig: config}, "IllegalUpdate")
	user := w.create(walkConfig("r", func(c *types.DistributionConfig) { c.DefaultCacheBehavior.ResponseHeadersPolicyId = id }))
	ok(w, w.c.ListDistributionsByResponseHeadersPolicyId, &sdk.ListDistributionsByResponseHeadersPolicyIdInput{ResponseHeadersPolicyId: id})
	refused(w, w.c.DeleteResponseHeadersPolicy, &sdk.DeleteResponseHeadersPolicyInput{Id: id, IfMatch: updated.ETag}, "ResponseHeadersPolicyInUse")
	disable(w, user)
	ok(w, w.c.DeleteResponseHeadersPolicy, &sdk.DeleteResponseHeadersPolicyInput{Id: id, IfMatch: updated.ETag})
	refused(w, w.c.GetResponseHeadersPolicy, &sdk.GetResponseHeadersPolicyInput{Id: id}, "NoSuchResponseHeadersPolicy")
	refused(w, w.c.CreateDistribution, walkConfig("s", func(c *types.DistributionConfig) { c.DefaultCacheBehavior.ResponseHeadersPolicyId = id }), "NoSuchResponseHeadersPolicy")
	w.done("response-headers-policies")
}

// bucket makes a distribution's origin an S3 bucket.
func bucket(c *types.DistributionConfig) *types.Origin {
	o := &c.Origins.Items[0]
	o.DomainName, o.CustomOriginConfig, o.OriginPath = new("files.s3.us-east-1.amazonaws.com"), nil, nil
	o.S3OriginConfig = &types.S3OriginConfig{OriginAccessIdentity: new("")}
	return o
}

func TestWalkOriginAccess(t *testing.T) {
	w := newWalk(t)
	config := &types.OriginAccessControlConfig{Name: new("files"), SigningProtocol: "sigv4", SigningBehavior: "always", OriginAccessControlOriginType: "s3"}
	control := ok(w, w.c.CreateOriginAccessControl, &sdk.CreateOriginAccessControlInput{OriginAccessControlConfig: config})
	refused(w, w.c.CreateOriginAccessControl, &sdk.CreateOriginAccessControlInput{OriginAccessControlConfig: config}, "OriginAccessControlAlreadyExists")
	id := control.OriginAccessControl.Id
	ok(w, w.c.GetOriginAccessControl, &sdk.GetOriginAccessControlInput{Id: id})
	ok(w, w.c.GetOriginAccessControlConfig, &sdk.GetOriginAccessControlConfigInput{Id: id})
	ok(w, w.c.ListOriginAccessControls, &sdk.ListOriginAccessControlsInput{})
	config.Description = new("of the bucket")
	updated := ok(w, w.c.UpdateOriginAccessControl, &sdk.UpdateOriginAccessControlInput{Id: id, IfMatch: control.ETag, OriginAccessControlConfig: config})
	user := w.create(walkConfig("r", func(c *types.DistributionConfig) { bucket(c).OriginAccessControlId = id }))
	refused(w, w.c.DeleteOriginAccessControl, &sdk.DeleteOriginAccessControlInput{Id: id, IfMatch: updated.ETag}, "OriginAccessControlInUse")
	refused(w, w.c.CreateDistribution, walkConfig("s", func(c *types.DistributionConfig) {
		c.Origins.Items[0].OriginAccessControlId = id
	}), "InvalidDomainNameForOriginAccessControl")
	disable(w, user)
	ok(w, w.c.DeleteOriginAccessControl, &sdk.DeleteOriginAccessControlInput{Id: id, IfMatch: updated.ETag})
	refused(w, w.c.GetOriginAccessControl, &sdk.GetOriginAccessControlInput{Id: id}, "NoSuchOriginAccessControl")
	refused(w, w.c.CreateDistribution, walkConfig("t", func(c *types.DistributionConfig) { bucket(c).OriginAccessControlId = id }), "InvalidOriginAccessControl")

	identity := &types.CloudFrontOriginAccessIdentityConfig{CallerReference: new("once"), Comment: new("c")}
	in := &sdk.CreateCloudFrontOriginAccessIdentityInput{CloudFrontOriginAccessIdentityConfig: identity}
	made := ok(w, w.c.CreateCloudFrontOriginAccessIdentity, in)
	again := ok(w, w.c.CreateCloudFrontOriginAccessIdentity, in)
	if *again.CloudFrontOriginAccessIdentity.Id != *made.CloudFrontOriginAccessIdentity.Id {
		t.Error("the same create made another identity")
	}
	id = made.CloudFrontOriginAccessIdentity.Id
	ok(w, w.c.GetCloudFrontOriginAccessIdentity, &sdk.GetCloudFrontOriginAccessIdentityInput{Id: id})
	ok(w, w.c.GetCloudFrontOriginAccessIdentityConfig, &sdk.GetCloudFrontOriginAccessIdentityConfigInput{Id: id})
	ok(w, w.c.ListCloudFrontOriginAccessIdentities, &sdk.ListCloudFrontOriginAccessIdentitiesInput{})
	identity.Comment = new("changed")
	refused(w, w.c.CreateCloudFrontOriginAccessIdentity, in, "CloudFrontOriginAccessIdentityAlreadyExists")
	changed := ok(w, w.c.UpdateCloudFrontOriginAccessIdentity, &sdk.UpdateCloudFrontOriginAccessIdentityInput{
		Id: id, IfMatch: made.ETag, CloudFrontOriginAccessIdentityConfig: identity})
	user = w.create(walkConfig("u", func(c *types.DistributionConfig) {
		bucket(c).S3OriginConfig.OriginAccessIdentity = new("origin-access-identity/cloudfront/" + *id)
	}))
	refused(w, w.c.DeleteCloudFrontOriginAccessIdentity, &sdk.DeleteCloudFrontOriginAccessIdentityInput{Id: id, IfMatch: changed.ETag}, "CloudFrontOriginAccessIdentityInUse")
	disable(w, user)
	ok(w, w.c.DeleteCloudFrontOriginAccessIdentity, &sdk.DeleteCloudFrontOriginAccessIdentityInput{Id: id, IfMatch: changed.ETag})
	refused(w, w.c.GetCloudFrontOriginAccessIdentity, &sdk.GetCloudFrontOriginAccessIdentityInput{Id: id}, "NoSuchCloudFrontOriginAccessIdentity")
	refused(w, w.c.CreateDistribution, walkConfig("v", func(c *types.DistributionConfig) {
		bucket(c).S3OriginConfig.OriginAccessIdentity = new("origin-access-identity/cloudfront/" + *id)
	}), "InvalidOriginAccessIdentity")
	w.done("origin-access")
}

func TestWalkKeys(t *testing.T) {
	w := newWalk(t)
	config := &types.PublicKeyConfig{CallerReference: new("1"), Name: new("signer"), EncodedKey: new(signerPEM)}
	key := ok(w, w.c.CreatePublicKey, &sdk.CreatePublicKeyInput{PublicKeyConfig: config})
	refused(w, w.c.CreatePublicKey, &sdk.CreatePublicKeyInput{PublicKeyConfig: config}, "PublicKeyAlreadyExists")
	id := key.PublicKey.Id
	ok(w, w.c.GetPublicKey, &sdk.GetPublicKeyInput{Id: id})
	ok(w, w.c.GetPublicKeyConfig, &sdk.GetPublicKeyConfigInput{Id: id})
	ok(w, w.c.ListPublicKeys, &sdk.ListPublicKeysInput{})
	config.Comment = new("changed")
	updated := ok(w, w.c.UpdatePublicKey, &sdk.UpdatePublicKeyInput{Id: id, IfMatch: key.ETag, PublicKeyConfig: config})
	config.Name = new("other")
	refused(w, w.c.UpdatePublicKey, &sdk.UpdatePublicKeyInput{Id: id, IfMatch: updated.ETag, PublicKeyConfig: config}, "CannotChangeImmutablePublicKeyFields")

	group := &types.KeyGroupConfig{Name: new("signers"), Items: []string{*id}}
	made := ok(w, w.c.CreateKeyGroup, &sdk.CreateKeyGroupInput{KeyGroupConfig: group})
	refused(w, w.c.CreateKeyGroup, &sdk.CreateKeyGroupInput{KeyGroupConfig: group}, "KeyGroupAlreadyExists")
	refused(w, w.c.CreateKeyGroup, &sdk.CreateKeyGroupInput{
		KeyGroupConfig: &types.KeyGroupConfig{Name: new("others"), Items: []string{"K0"}}}, "InvalidArgument")
	groupID := made.KeyGroup.Id
	ok(w, w.c.GetKeyGroup, &sdk.GetKeyGroupInput{Id: groupID})
	ok(w, w.c.GetKeyGroupConfig, &sdk.GetKeyGroupConfigInput{Id: groupID})
	ok(w, w.c.ListKeyGroups, &sdk.ListKeyGroupsInput{})
	group.Comment = new("changed")
	changed := ok(w, w.c.UpdateKeyGroup, &sdk.UpdateKeyGroupInput{Id: groupID, IfMatch: made.ETag, KeyGroupConfig: group})
	refused(w, w.c.DeletePublicKey, &sdk.DeletePublicKeyInput{Id: id, IfMatch: updated.ETag}, "PublicKeyInUse")

	trusting := func(c *types.DistributionConfig) {
		c.DefaultCacheBehavior.TrustedKeyGroups = &types.TrustedKeyGroups{Enabled: new(true), Quantity: new(int32(1)), Items: []string{*groupID}}
	}
	user := ok(w, w.c.CreateDistribution, walkConfig("r", trusting))
	ok(w, w.c.ListDistributionsByKeyGroup, &sdk.ListDistributionsByKeyGroupInput{KeyGroupId: groupID})
	refused(w, w.c.DeleteKeyGroup, &sdk.DeleteKeyGroupInput{Id: groupID, IfMatch: changed.ETag}, "ResourceInUse")
	disable(w, user)
	ok(w, w.c.DeleteKeyGroup, &sdk.DeleteKeyGroupInput{Id: groupID, IfMatch: changed.ETag})
	refused(w, w.c.GetKeyGroup, &sdk.GetKeyGroupInput{Id: groupID}, "NoSuchResource")
	refused(w, w.c.CreateDistribution, walkConfig("s", trusting), "TrustedKeyGroupDoesNotExist")
	ok(w, w.c.DeletePublicKey, &sdk.DeletePublicKeyInput{Id: id, IfMatch: updated.ETag})
	refused(w, w.c.GetPublicKey, &sdk.GetPublicKeyInput{Id: id}, "NoSuchPublicKey")
	w.done("keys")
}

func TestWalkFieldLevelEncryption(t *testing.T) {
	w := newWalk(t)
	key := ok(w, w.c.CreatePublicKey, &sdk.CreatePublicKeyInput{
		PublicKeyConfig: &types.PublicKeyConfig{CallerReference: new("1"), Name: new("fields"), EncodedKey: new(signerPEM)}})
	config := &types.FieldLevelEncryptionProfileConfig{
		Name: new("cards"), CallerReference: new("1"), EncryptionEntities: &types.EncryptionEntities{
			Quantity: new(int32(1)), Items: []types.EncryptionEntity{{
				PublicKeyId: key.PublicKey.Id, ProviderId: new("shop"),
				FieldPatterns: &types.FieldPatterns{Quantity: new(int32(2)), Items: []string{"card*", "cvc"}},
			}},
		},
	}
	profile := ok(w, w.c.CreateFieldLevelEncryptionProfile, &sdk.CreateFieldLevelEncryptionProfileInput{FieldLevelEncryptionProfileConfig: config})
	refused(w, w.c.CreateFieldLevelEncryptionProfile, &sdk.CreateFieldLevelEncryptionProfileInput{FieldLevelEncryptionProfileConfig: config}, "FieldLevelEncryptionProfileAlreadyExists")
	id := profile.FieldLevelEncryptionProfile.Id
	ok(w, w.c.GetFieldLevelEncryptionProfile, &sdk.GetFieldLevelEncryptionProfileInput{Id: id})
	ok(w, w.c.GetFieldLevelEncryptionProfileConfig, &sdk.GetFieldLevelEncryptionProfileConfigInput{Id: id})
	ok(w, w.c.ListFieldLevelEncryptionProfiles, &sdk.ListFieldLevelEncryptionProfilesInput{})
	config.Comment = new("changed")
	updated := ok(w, w.c.UpdateFieldLevelEncryptionProfile, &sdk.UpdateFieldLevelEncryptionProfileInput{
		Id: id, IfMatch: profile.ETag, FieldLevelEncryptionProfileConfig: config})

	encryption := &types.FieldLevelEncryptionConfig{
		CallerReference: new("1"),
		ContentTypeProfileConfig: &types.ContentTypeProfileConfig{
			ForwardWhenContentTypeIsUnknown: new(true), ContentTypeProfiles: &types.ContentTypeProfiles{
				Quantity: new(int32(1)), Items: []types.ContentTypeProfile{
					{Format: "URLEncoded", ContentType: new("application/x-www-form-urlencoded"), ProfileId: id}},
			},
		},
		QueryArgProfileConfig: &types.QueryArgProfileConfig{
			ForwardWhenQueryArgProfileIsUnknown: new(false), QueryArgProfiles: &types.QueryArgProfiles{
				Quantity: new(int32(1)), Items: []types.QueryArgProfile{{QueryArg: new("fle"), ProfileId: id}},
			},
		},
	}
	made := ok(w, w.c.CreateFieldLevelEncryptionConfig, &sdk.CreateFieldLevelEncryptionConfigInput{FieldLevelEncryptionConfig: encryption})
	refused(w, w.c.CreateFieldLevelEncryptionConfig, &sdk.CreateFieldLevelEncryptionConfigInput{FieldLevelEncryptionConfig: encryption}, "FieldLevelEncryptionConfigAlreadyExists")
	configID := made.FieldLevelEncryption.Id
	ok(w, w.c.GetFieldLevelEncryption, &sdk.GetFieldLevelEncryptionInput{Id: configID})
	ok(w, w.c.GetFieldLevelEncryptionConfig, &sdk.GetFieldLevelEncryptionConfigInput{Id: configID})
	ok(w, w.c.ListFieldLevelEncryptionConfigs, &sdk.ListFieldLevelEncryptionConfigsInput{})
	encryption.Comment = new("changed")
	changed := ok(w, w.c.UpdateFieldLevelEncryptionConfig, &sdk.UpdateFieldLevelEncryptionConfigInput{
		Id: configID, IfMatch: made.ETag, FieldLevelEncryptionConfig: encryption})
	refused(w, w.c.DeletePublicKey, &sdk.DeletePublicKeyInput{Id: key.PublicKey.Id, IfMatch: key.ETag}, "PublicKeyInUse")
	refused(w, w.c.DeleteFieldLevelEncryptionProfile, &sdk.DeleteFieldLevelEncryptionProfileInput{Id: id, IfMatch: updated.ETag}, "FieldLevelEncryptionProfileInUse")

	encrypting := func(c *types.DistributionConfig) {
		b := c.DefaultCacheBehavior
		b.FieldLevelEncryptionId, b.ViewerProtocolPolicy = configID, types.ViewerProtocolPolicyHttpsOnly
		b.AllowedMethods = &types.AllowedMethods{Quantity: new(int32(7)), Items: types.Method("").Values()}
	}
	refused(w, w.c.CreateDistribution, walkConfig("q", func(c *types.DistributionConfig) { c.DefaultCacheBehavior.FieldLevelEncryptionId = configID }),
		"IllegalFieldLevelEncryptionConfigAssociationWithCacheBehavior")
	user := w.create(walkConfig("r", encrypting))
	refused(w, w.c.DeleteFieldLevelEncryptionConfig, &sdk.DeleteFieldLevelEncryptionConfigInput{Id: configID, IfMatch: changed.ETag}, "FieldLevelEncryptionConfigInUse")
	disable(w, user)
	ok(w, w.c.DeleteFieldLevelEncryptionConfig, &sdk.DeleteFieldLevelEncryptionConfigInput{Id: configID, IfMatch: changed.ETag})
	refused(w, w.c.GetFieldLevelEncryption, &sdk.GetFieldLevelEncryptionInput{Id: configID}, "NoSuchFieldLevelEncryptionConfig")
	refused(w, w.c.CreateDistribution, walkConfig("s", encrypting), "NoSuchFieldLevelEncryptionConfig")
	ok(w, w.c.DeleteFieldLevelEncryptionProfile, &sdk.DeleteFieldLevelEncryptionProfileInput{Id: id, IfMatch: updated.ETag})
	refused(w, w.c.GetFieldLevelEncryptionProfile, &sdk.GetFieldLevelEncryptionProfileInput{Id: id}, "NoSuchFieldLevelEncryptionProfile")
	w.done("field-level-encryption")
}

func TestWalkMonitoring(t *testing.T) {
	w := newWalk(t)
	in := &sdk.CreateRealtimeLogConfigInput{
		Name: new("live"), SamplingRate: new(int64(50)), Fields: []string{"timestamp", "c-ip", "cmcd-br"}, EndPoints: []types.EndPoint{{
			StreamType: new("Kinesis"), KinesisStreamConfig: &types.KinesisStreamConfig{
				RoleARN: new("arn:aws:iam::111122223333:role/logs"), StreamARN: new("arn:aws:kinesis:us-east-1:111122223333:stream/live")},
		}},
	}
	made := ok(w, w.c.CreateRealtimeLogConfig, in)
	refused(w, w.c.CreateRealtimeLogConfig, in, "RealtimeLogConfigAlreadyExists")
	arn := made.RealtimeLogConfig.ARN
	ok(w, w.c.GetRealtimeLogConfig, &sdk.GetRealtimeLogConfigInput{ARN: arn})
	ok(w, w.c.ListRealtimeLogConfigs, &sdk.ListRealtimeLogConfigsInput{})
	ok(w, w.c.UpdateRealtimeLogConfig, &sdk.UpdateRealtimeLogConfigInput{
		Name: new("live"), SamplingRate: new(int64(100)), Fields: in.Fields, EndPoints: in.EndPoints})
	user := w.create(walkConfig("r", func(c *types.DistributionConfig) { c.DefaultCacheBehavior.RealtimeLogConfigArn = arn }))
	ok(w, w.c.ListDistributionsByRealtimeLogConfig, &sdk.ListDistributionsByRealtimeLogConfigInput{RealtimeLogConfigName: new("live")})
	refused(w, w.c.DeleteRealtimeLogConfig, &sdk.DeleteRealtimeLogConfigInput{Name: new("live")}, "RealtimeLogConfigInUse")
	refused(w, w.c.CreateDistribution, walkConfig("s", func(c *types.DistributionConfig) {
		c.DefaultCacheBehavior.RealtimeLogConfigArn = new("arn:aws:cloudfront::444455556666:realtime-log-config/live")
	}), "RealtimeLogConfigOwnerMismatch")

	enabled := &sdk.CreateMonitoringSubscriptionInput{DistributionId: user.Distribution.Id, MonitoringSubscription: &types.MonitoringSubscription{
		RealtimeMetricsSubscriptionConfig: &types.RealtimeMetricsSubscriptionConfig{RealtimeMetricsSubscriptionStatus: "Enabled"}}}
	refused(w, w.c.GetMonitoringSubscription, &sdk.GetMonitoringSubscriptionInput{DistributionId: user.Distribution.Id}, "NoSuchMonitoringSubscription")
	ok(w, w.c.CreateMonitoringSubscription, enabled)
	refused(w, w.c.CreateMonitoringSubscription, enabled, "MonitoringSubscriptionAlreadyExists")
	ok(w, w.c.GetMonitoringSubscription, &sdk.GetMonitoringSubscriptionInput{DistributionId: user.Distribution.Id})
	ok(w, w.c.DeleteMonitoringSubscription, &sdk.DeleteMonitoringSubscriptionInput{DistributionId: user.Distribution.Id})
	refused(w, w.c.DeleteMonitoringSubscription, &sdk.DeleteMonitoringSubscriptionInput{DistributionId: user.Distribution.Id}, "NoSuchMonitoringSubscription")
	ok(w, w.c.CreateMonitoringSubscription, enabled)
	disable(w, user)
	refused(w, w.c.GetMonitoringSubscription, &sdk.GetMonitoringSubscriptionInput{DistributionId: user.Distribution.Id}, "NoSuchDistribution")
	ok(w, w.c.DeleteRealtimeLogConfig, &sdk.DeleteRealtimeLogConfigInput{ARN: arn})
	refused(w, w.c.GetRealtimeLogConfig, &sdk.GetRealtimeLogConfigInput{Name: new("live")}, "NoSuchRealtimeLogConfig")
	refused(w, w.c.CreateDistribution, walkConfig("t", func(c *types.DistributionConfig) { c.DefaultCacheBehavior.RealtimeLogConfigArn = arn }), "NoSuchRealtimeLogConfig")
	w.done("monitoring")
}

func TestWalkStreaming(t *testing.T) {
	w := newWalk(t)
	config := &types.StreamingDistributionConfig{
		CallerReference: new("1"), Comment: new("films"), Enabled: new(true),
		S3Origin:       &types.S3Origin{DomainName: new("films.s3.amazonaws.com"), OriginAccessIdentity: new("")},
		TrustedSigners: &types.TrustedSigners{Enabled: new(true), Quantity: new(int32(1)), Items: []string{"self"}},
	}
	made := ok(w, w.c.CreateStreamingDistribution, &sdk.CreateStreamingDistributionInput{StreamingDistributionConfig: config})
	refused(w, w.c.CreateStreamingDistribution, &sdk.CreateStreamingDistributionInput{StreamingDistributionConfig: config}, "StreamingDistributionAlreadyExists")
	id := made.StreamingDistribution.Id
	ok(w, w.c.GetStreamingDistribution, &sdk.GetStreamingDistributionInput{Id: id})
	read := ok(w, w.c.GetStreamingDistributionConfig, &sdk.GetStreamingDistributionConfigInput{Id: id})
	ok(w, w.c.ListStreamingDistributions, &sdk.ListStreamingDistributionsInput{})
	refused(w, w.c.DeleteStreamingDistribution, &sdk.DeleteStreamingDistributionInput{Id: id, IfMatch: made.ETag}, "StreamingDistributionNotDisabled")
	read.StreamingDistributionConfig.Enabled = new(false)
	updated := ok(w, w.c.UpdateStreamingDistribution, &sdk.UpdateStreamingDistributionInput{
		Id: id, IfMatch: made.ETag, StreamingDistributionConfig: read.StreamingDistributionConfig})
	ok(w, w.c.DeleteStreamingDistribution, &sdk.DeleteStreamingDistributionInput{Id: id, IfMatch: updated.ETag})
	refused(w, w.c.GetStreamingDistribution, &sdk.GetStreamingDistributionInput{Id: id}, "NoSuchStreamingDistribution")

	tagged := ok(w, w.c.CreateStreamingDistributionWithTags, &sdk.CreateStreamingDistributionWithTagsInput{
		StreamingDistributionConfigWithTags: &types.StreamingDistributionConfigWithTags{
			StreamingDistributionConfig: config, Tags: &types.Tags{Items: []types.Tag{{Key: new("a"), Value: new("1")}}}}})
	arn := tagged.StreamingDistribution.ARN
	ok(w, w.c.TagResource, &sdk.TagResourceInput{Resource: arn, Tags: &types.Tags{Items: []types.Tag{{Key: new("b"), Value: new("2")}}}})
	ok(w, w.c.UntagResource, &sdk.UntagResourceInput{Resource: arn, TagKeys: &types.TagKeys{Items: []string{"a"}}})
	ok(w, w.c.ListTagsForResource, &sdk.ListTagsForResourceInput{Resource: arn})
	w.done("streaming")
}

func TestWalkLookups(t *testing.T) {
	w := newWalk(t)
	const acl = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/w/a1b2c3d4-5678-90ab-cdef-000000000000"
	w.create(walkConfig("1", func(*types.DistributionConfig) {}))
	w.create(walkConfig("2", func(c *types.DistributionConfig) { c.WebACLId = new(acl) }))
	first := ok(w, w.c.ListDistributionsByCachePolicyId, &sdk.ListDistributionsByCachePolicyIdInput{CachePolicyId: new(cachingOff), MaxItems: new(int32(1))})
	ok(w, w.c.ListDistributionsByCachePolicyId, &sdk.ListDistributionsByCachePolicyIdInput{
		CachePolicyId: new(cachingOff), MaxItems: new(int32(1)), Marker: first.DistributionIdList.NextMarker})
	refused(w, w.c.ListDistributionsByCachePolicyId, &sdk.ListDistributionsByCachePolicyIdInput{CachePolicyId: new("x")}, "NoSuchCachePolicy")
	ok(w, w.c.ListDistributionsByOriginRequestPolicyId, &sdk.ListDistributionsByOriginRequestPolicyIdInput{OriginRequestPolicyId: new(exceptHost)})
	refused(w, w.c.ListDistributionsByOriginRequestPolicyId, &sdk.ListDistributionsByOriginRequestPolicyIdInput{OriginRequestPolicyId: new("x")}, "NoSuchOriginRequestPolicy")
	refused(w, w.c.ListDistributionsByResponseHeadersPolicyId, &sdk.ListDistributionsByResponseHeadersPolicyIdInput{ResponseHeadersPolicyId: new("x")}, "NoSuchResponseHeadersPolicy")
	refused(w, w.c.ListDistributionsByKeyGroup, &sdk.ListDistributionsByKeyGroupInput{KeyGroupId: new("x")}, "NoSuchResource")
	ok(w, w.c.ListDistributionsByWebACLId, &sdk.ListDistributionsByWebACLIdInput{WebACLId: new(acl)})
	ok(w, w.c.ListDistributionsByWebACLId, &sdk.ListDistributionsByWebACLIdInput{WebACLId: new("null")})
	refused(w, w.c.ListDistributionsByWebACLId, &sdk.ListDistributionsByWebACLIdInput{WebACLId: new("x")}, "InvalidWebACLId")
	ok(w, w.c.ListDistributionsByConnectionMode, &sdk.ListDistributionsByConnectionModeInput{ConnectionMode: "tenant-only"})
	refused(w, w.c.ListDistributionsByVpcOriginId, &sdk.ListDistributionsByVpcOriginIdInput{VpcOriginId: new("vo_x")}, "EntityNotFound")
	refused(w, w.c.ListDistributionsByAnycastIpListId, &sdk.ListDistributionsByAnycastIpListIdInput{AnycastIpListId: new("aip_x")}, "EntityNotFound")
	refused(w, w.c.ListDistributionsByTrustStore, &sdk.ListDistributionsByTrustStoreInput{TrustStoreIdentifier: new("ts_x")}, "EntityNotFound")
	refused(w, w.c.ListDistributionsByConnectionFunction, &sdk.ListDistributionsByConnectionFunctionInput{ConnectionFunctionIdentifier: new("cf_x")}, "EntityNotFound")
	refused(w, w.c.ListDistributionsByOwnedResource, &sdk.ListDistributionsByOwnedResourceInput{
		ResourceArn: new("arn:aws:cloudfront::111122223333:vpcorigin/vo_x")}, "EntityNotFound")
	refused(w, w.c.ListDistributionsByOwnedResource, &sdk.ListDistributionsByOwnedResourceInput{
		ResourceArn: new("arn:aws:cloudfront::111122223333:distribution/E1")}, "UnsupportedOperation")
	w.done("lookups")
}
