package cloudfront_test

import (
	"fmt"
	"slices"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

// TestLookupPages walks a reverse lookup through many distributions.
func TestLookupPages(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	want := 0
	for i := range 250 {
		c := config(fmt.Sprint(i))
		if i%2 == 0 {
			c.DefaultCacheBehavior.OriginRequestPolicyId = new(allViewer)
			want++
		}
		create(t, s, account, c)
	}
	create(t, s, otherAccount, func() *distributionConfig {
		c := config("other")
		c.DefaultCacheBehavior.OriginRequestPolicyId = new(allViewer)
		return c
	}())
	seen := make(map[string]bool)
	var marker *string
	for {
		page, err := s.ListDistributionsByOriginRequestPolicyId(call(account), &cloudfrontapi.ListDistributionsByOriginRequestPolicyIdRequest{
			OriginRequestPolicyId: new(allViewer), Marker: marker, MaxItems: count(10)})
		fatal(t, err)
		list := page.DistributionIdList
		if len(list.Items) > 10 || int(*list.Quantity) != len(list.Items) || *list.IsTruncated != (list.NextMarker != nil) {
			t.Fatalf("page %+v", list)
		}
		for _, id := range list.Items {
			if seen[id] {
				t.Fatalf("%s twice", id)
			}
			seen[id] = true
		}
		if list.NextMarker == nil {
			break
		}
		marker = list.NextMarker
	}
	if len(seen) != want {
		t.Errorf("found %d, want %d", len(seen), want)
	}
}

// TestLookupEntities finds distributions by what the newer families name.
func TestLookupEntities(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	create(t, s, account, config("without"))
	vpc, err := s.CreateVpcOrigin(call(account), &cloudfrontapi.CreateVpcOriginRequest{
		Tags: tags("a", "1"),
		VpcOriginEndpointConfig: &cloudfrontapi.VpcOriginEndpointConfig{
			Name: new("v"), Arn: new("arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0"),
			HTTPPort: count(80), HTTPSPort: count(443), OriginProtocolPolicy: new("https-only"),
		},
	})
	fatal(t, err)
	anycast, err := s.CreateAnycastIpList(call(account), &cloudfrontapi.CreateAnycastIpListRequest{Name: new("l"), IpCount: count(3)})
	fatal(t, err)
	c := config("with")
	origin(c).CustomOriginConfig, origin(c).DomainName = nil, new("inside.example.com")
	origin(c).VpcOriginConfig = &cloudfrontapi.VpcOriginConfig{VpcOriginId: vpc.VpcOrigin.Id}
	c.AnycastIpListId = anycast.AnycastIpList.Id
	made := create(t, s, account, c)
	want := []string{*made.Distribution.Id}

	byVPC, err := s.ListDistributionsByVpcOriginId(call(account), &cloudfrontapi.ListDistributionsByVpcOriginIdRequest{VpcOriginId: vpc.VpcOrigin.Id})
	fatal(t, err)
	if !slices.Equal(byVPC.DistributionIdList.Items, want) {
		t.Errorf("by VPC origin %v", byVPC.DistributionIdList.Items)
	}
	byList, err := s.ListDistributionsByAnycastIpListId(call(account), &cloudfrontapi.ListDistributionsByAnycastIpListIdRequest{AnycastIpListId: anycast.AnycastIpList.Id})
	fatal(t, err)
	if list := byList.DistributionList; len(list.Items) != 1 || *list.Items[0].Id != want[0] {
		t.Errorf("by Anycast list %v", list.Items)
	}
	for _, arn := range []*string{vpc.VpcOrigin.Arn, anycast.AnycastIpList.Arn} {
		owned, err := s.ListDistributionsByOwnedResource(call(account), &cloudfrontapi.ListDistributionsByOwnedResourceRequest{ResourceArn: arn})
		fatal(t, err)
		if list := owned.DistributionList; len(list.Items) != 1 || *list.Items[0].DistributionId != want[0] || *list.Items[0].OwnerAccountId != account {
			t.Errorf("by %s: %v", *arn, list.Items)
		}
	}
	_, err = s.ListDistributionsByOwnedResource(call(otherAccount), &cloudfrontapi.ListDistributionsByOwnedResourceRequest{ResourceArn: vpc.VpcOrigin.Arn})
	wantError(t, err, "EntityNotFound", 404, "")
	direct, err := s.ListDistributionsByConnectionMode(call(account), &cloudfrontapi.ListDistributionsByConnectionModeRequest{ConnectionMode: new("direct")})
	fatal(t, err)
	if n := *direct.DistributionList.Quantity; n != 2 {
		t.Errorf("%d direct distributions", n)
	}
	if got := tagsOf(t, s, vpc.VpcOrigin.Arn); got != "a=1" {
		t.Errorf("tags of a VPC origin: %s", got)
	}
}
