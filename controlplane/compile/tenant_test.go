package compile

import (
	"slices"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store"
)

// A tenant is a unit of its own; its distribution's changes and the connection
// group's are its own, too.
func TestTenants(t *testing.T) {
	s := fed{State: NewState()}
	shared := func(path string) store.Change {
		return put(t, distributionKey("E1"), stored("E1", config(func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.ConnectionMode = new("tenant-only")
			c.Origins.Items[0].DomainName, c.Origins.Items[0].OriginPath = new("{{name}}.example.com"), new(path)
		})))
	}
	group := func(enabled bool) store.Change {
		record := &cloudfront.ConnectionGroupRecord{ID: "cg_1"}
		record.Config.Enabled, record.Config.RoutingEndpoint = enabled, "d9.cloudfront.net"
		return put(t, cloudfront.Key(account, cloudfront.KindConnectionGroup, "cg_1"), record)
	}
	tenantKey := cloudfront.Key(account, cloudfront.KindDistributionTenant, "dt_1")
	tenant := &cloudfront.TenantRecord{ID: "dt_1"}
	tenant.Config.DistributionID, tenant.Config.ConnectionGroupID, tenant.Config.Enabled = "E1", "cg_1", true
	tenant.Config.Domains, tenant.Config.ActiveDomains = []string{"a.test", "b.test"}, []string{"a.test"}
	tenant.Config.Parameters = []cloudfrontapi.Parameter{{Name: new("name"), Value: new("one")}}

	update := s.apply(shared("/v1"), group(true), put(t, tenantKey, tenant))
	unit := update.Edge.Distributions["dt_1"]
	if unit == nil || update.Edge.Distributions["E1"] != nil || len(update.Problems) > 0 {
		t.Fatalf("%v", update.Problems)
	}
	if unit.ID != "E1" || unit.CacheID() != "dt_1" || !unit.Enabled || !slices.Equal(unit.Aliases, []string{"a.test"}) ||
		unit.DomainName != "d9.cloudfront.net" || unit.Tenant.Parameters["name"] != "one" {
		t.Errorf("%+v", unit)
	}
	if o := unit.Match("/").Origin; o.DomainName != "one.example.com" || o.Path != "/v1" {
		t.Errorf("%+v", o)
	}
	if o := s.apply(shared("/v2")).Edge.Distributions["dt_1"].Match("/").Origin; o.Path != "/v2" {
		t.Errorf("after the distribution's change: %+v", o)
	}
	if s.apply(group(false)).Edge.Distributions["dt_1"].Enabled {
		t.Error("a group that is disabled is served")
	}
	purges := s.apply(put(t, cloudfront.Key(account, cloudfront.KindInvalidation, "E1/I1"), &cloudfront.InvalidationRecord{
		ID: "I1", DistributionID: "E1", Batch: cloudfrontapi.InvalidationBatch{Paths: &cloudfrontapi.Paths{Items: []string{"/*"}}},
	})).Purges
	if len(purges) != 2 || purges[1].DistributionID != "dt_1" {
		t.Errorf("%+v", purges)
	}
	if gone := s.apply(put(t, tenantKey, nil)).Edge.Distributions; len(gone) != 1 || gone["dt_1"] != nil {
		t.Errorf("after the deletion: %+v", gone)
	}
}
