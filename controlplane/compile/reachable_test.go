package compile

import (
	"strings"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// TestReachable: a multi-tenant distribution has no way in by its own name.
func TestReachable(t *testing.T) {
	for _, test := range []struct {
		name, warning string
		served        bool
		edit          func(*cloudfrontapi.DistributionConfig, *cloudfrontapi.DefaultCacheBehavior)
	}{
		{"direct", "", true, func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.Staging, c.ConnectionMode = new(false), new("direct")
		}},
		{"staging", "", true, func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.Staging = new(true)
		}},
		{"tenants", "", false, func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.ConnectionMode = new("tenant-only")
		}},
		{"continuous deployment", "", true, func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.ContinuousDeploymentPolicyId = new("p")
		}},
		{"VPC origin", "VPC origin", true, func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
			c.Origins.Items[0].CustomOriginConfig = nil
			c.Origins.Items[0].VpcOriginConfig = &cloudfrontapi.VpcOriginConfig{VpcOriginId: new("vo_1"), OriginReadTimeout: new(int32(9))}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fed{State: NewState()}
			update := s.apply(put(t, distributionKey("E1"), stored("E1", config(test.edit))))
			unit, there := update.Edge.Distributions["E1"]
			if !there || (unit != nil) != test.served || len(update.Problems) > 0 {
				t.Errorf("served %v: %v", unit != nil, update.Problems)
			}
			said := len(update.Warnings) > 0 && strings.Contains(update.Warnings[0].Text, test.warning)
			if said != (test.warning != "") {
				t.Errorf("warnings %v", update.Warnings)
			}
		})
	}
}
