package cloudfront_test

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/awsproto"
	"drawbridge/controlplane/cloudfront"
)

// client speaks to a service as a user's program does.
func client(t testing.TB, o cloudfront.Options) *sdk.Client {
	t.Helper()
	h, err := awsproto.New(awsproto.Options{
		Services: []awsproto.Service{{Table: cloudfrontapi.Table, Impl: newService(t, o)}},
		Account:  account, Region: "us-east-1", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

func sdkConfig(reference string) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: new(reference), Comment: new("a <b> & \"c\""), Enabled: new(true),
		Origins: &types.Origins{Quantity: new(int32(1)), Items: []types.Origin{{
			Id: new(originID), DomainName: new(apiDomain), OriginPath: new("/prod"),
			CustomHeaders: &types.CustomHeaders{Quantity: new(int32(1)), Items: []types.OriginCustomHeader{
				{HeaderName: new("Referer"), HeaderValue: new("s3cret & <more>")},
			}},
			CustomOriginConfig: &types.CustomOriginConfig{
				HTTPPort: new(int32(80)), HTTPSPort: new(int32(443)), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly,
				OriginSslProtocols: &types.OriginSslProtocols{Quantity: new(int32(1)), Items: []types.SslProtocol{types.SslProtocolTLSv12}},
			},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: new(originID), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId: new(cachingOff), OriginRequestPolicyId: new(exceptHost),
		},
	}
}

func wantAPIError(t testing.TB, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || text != "" && e.ErrorMessage() != text {
		t.Errorf("got %v, want %s: %s", err, code, text)
	}
}

// TestSDK is a distribution's life by the real client: create, tags, waiter,
// update, invalidation, disable, delete.
func TestSDK(t *testing.T) {
	ctx := t.Context()
	c := client(t, cloudfront.Options{})
	made, err := c.CreateDistributionWithTags(ctx, &sdk.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
		DistributionConfig: sdkConfig("r"), Tags: &types.Tags{Items: []types.Tag{{Key: new("k"), Value: new("v")}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Distribution.Id
	if *made.Location != "https://cloudfront.amazonaws.com/2020-05-31/distribution/"+*id || made.ETag == nil {
		t.Errorf("create answered %v %v", made.Location, made.ETag)
	}
	err = sdk.NewDistributionDeployedWaiter(c).Wait(ctx, &sdk.GetDistributionInput{Id: id}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := c.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{Resource: made.Distribution.ARN})
	if err != nil || len(listed.Tags.Items) != 1 || *listed.Tags.Items[0].Value != "v" {
		t.Errorf("tags %v, %v", listed, err)
	}
	_, err = c.CreateDistribution(ctx, &sdk.CreateDistributionInput{DistributionConfig: sdkConfig("r")})
	wantAPIError(t, err, "DistributionAlreadyExists", "")

	read, err := c.GetDistributionConfig(ctx, &sdk.GetDistributionConfigInput{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	header := read.DistributionConfig.Origins.Items[0].CustomHeaders.Items[0]
	if *header.HeaderValue != "s3cret & <more>" || *read.DistributionConfig.Comment != "a <b> & \"c\"" {
		t.Errorf("read back %s, %s", *header.HeaderValue, *read.DistributionConfig.Comment)
	}
	read.DistributionConfig.DefaultCacheBehavior.OriginRequestPolicyId = new(uaAndReferer)
	_, err = c.UpdateDistribution(ctx, &sdk.UpdateDistributionInput{Id: id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig})
	wantAPIError(t, err, "InvalidArgument", conflict)
	_, err = c.UpdateDistribution(ctx, &sdk.UpdateDistributionInput{Id: id, DistributionConfig: read.DistributionConfig})
	wantAPIError(t, err, "InvalidIfMatchVersion", "")

	read.DistributionConfig.DefaultCacheBehavior.OriginRequestPolicyId = new(exceptHost)
	read.DistributionConfig.Enabled = new(false)
	updated, err := c.UpdateDistribution(ctx, &sdk.UpdateDistributionInput{Id: id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig})
	if err != nil {
		t.Fatal(err)
	}
	purge, err := c.CreateInvalidation(ctx, &sdk.CreateInvalidationInput{DistributionId: id, InvalidationBatch: &types.InvalidationBatch{
		CallerReference: new("p"), Paths: &types.Paths{Quantity: new(int32(1)), Items: []string{"/*"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	err = sdk.NewInvalidationCompletedWaiter(c).Wait(ctx, &sdk.GetInvalidationInput{DistributionId: id, Id: purge.Invalidation.Id}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	pages, n := sdk.NewListDistributionsPaginator(c, &sdk.ListDistributionsInput{MaxItems: new(int32(1))}), 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.DistributionList.Items)
	}
	if n != 1 {
		t.Errorf("listed %d distributions", n)
	}
	_, err = c.DeleteDistribution(ctx, &sdk.DeleteDistributionInput{Id: id, IfMatch: made.ETag})
	wantAPIError(t, err, "PreconditionFailed", "")
	if _, err = c.DeleteDistribution(ctx, &sdk.DeleteDistributionInput{Id: id, IfMatch: updated.ETag}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetDistribution(ctx, &sdk.GetDistributionInput{Id: id})
	wantAPIError(t, err, "NoSuchDistribution", "The specified distribution does not exist.")
}

// TestSDKPolicies makes, lists, changes and deletes policies by the real client.
func TestSDKPolicies(t *testing.T) {
	ctx := t.Context()
	c := client(t, cloudfront.Options{})
	all, err := c.ListCachePolicies(ctx, &sdk.ListCachePoliciesInput{Type: types.CachePolicyTypeManaged})
	if err != nil || len(all.CachePolicyList.Items) != 7 {
		t.Fatalf("%v, %v", all, err)
	}
	made, err := c.CreateOriginRequestPolicy(ctx, &sdk.CreateOriginRequestPolicyInput{OriginRequestPolicyConfig: &types.OriginRequestPolicyConfig{
		Name: new("p"),
		HeadersConfig: &types.OriginRequestPolicyHeadersConfig{HeaderBehavior: types.OriginRequestPolicyHeaderBehaviorWhitelist,
			Headers: &types.Headers{Quantity: new(int32(1)), Items: []string{"Referer"}}},
		CookiesConfig:      &types.OriginRequestPolicyCookiesConfig{CookieBehavior: types.OriginRequestPolicyCookieBehaviorNone},
		QueryStringsConfig: &types.OriginRequestPolicyQueryStringsConfig{QueryStringBehavior: types.OriginRequestPolicyQueryStringBehaviorNone},
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.OriginRequestPolicy.Id
	d := sdkConfig("r")
	d.DefaultCacheBehavior.OriginRequestPolicyId = id
	_, err = c.CreateDistribution(ctx, &sdk.CreateDistributionInput{DistributionConfig: d})
	wantAPIError(t, err, "InvalidArgument", conflict)
	config := made.OriginRequestPolicy.OriginRequestPolicyConfig
	config.HeadersConfig.Headers.Items = []string{"Origin"}
	updated, err := c.UpdateOriginRequestPolicy(ctx, &sdk.UpdateOriginRequestPolicyInput{Id: id, IfMatch: made.ETag, OriginRequestPolicyConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.CreateDistribution(ctx, &sdk.CreateDistributionInput{DistributionConfig: d}); err != nil {
		t.Fatal(err)
	}
	_, err = c.DeleteOriginRequestPolicy(ctx, &sdk.DeleteOriginRequestPolicyInput{Id: id, IfMatch: updated.ETag})
	wantAPIError(t, err, "OriginRequestPolicyInUse", "")
	rhp, err := c.GetResponseHeadersPolicy(ctx, &sdk.GetResponseHeadersPolicyInput{Id: new("67f7725c-6f97-4210-82d7-5512b31e9d03")})
	if err != nil || *rhp.ResponseHeadersPolicy.ResponseHeadersPolicyConfig.SecurityHeadersConfig.FrameOptions.Override {
		t.Errorf("%v, %v", rhp, err)
	}
}
