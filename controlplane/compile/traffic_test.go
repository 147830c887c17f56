package compile

import (
	"testing"
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

func TestTraffic(t *testing.T) {
	s := fed{State: NewState()}
	key := cloudfront.Key(account, cloudfront.KindContinuousDeploymentPolicy, "p")
	policy := func(enabled bool, config cloudfrontapi.TrafficConfig) *continuousRecord {
		return &continuousRecord{ID: "p", ETag: "E7", Config: cloudfrontapi.ContinuousDeploymentPolicyConfig{
			Enabled: new(enabled), TrafficConfig: &config,
			StagingDistributionDnsNames: &cloudfrontapi.StagingDistributionDnsNames{Items: []string{"dE2.cloudfront.net"}},
		}}
	}
	weight := cloudfrontapi.TrafficConfig{Type: new("SingleWeight"), SingleWeightConfig: &cloudfrontapi.ContinuousDeploymentSingleWeightConfig{
		Weight: new(float32(0.125)), SessionStickinessConfig: &cloudfrontapi.SessionStickinessConfig{IdleTTL: new(int32(300)), MaximumTTL: new(int32(600))},
	}}
	header := cloudfrontapi.TrafficConfig{Type: new("SingleHeader"), SingleHeaderConfig: &cloudfrontapi.ContinuousDeploymentSingleHeaderConfig{Header: new("aws-cf-cd-x"), Value: new("1")}}
	update := s.apply(put(t, key, policy(true, weight)), put(t, distributionKey("E1"), stored("E1", config(func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
		c.ContinuousDeploymentPolicyId = new("p")
	}))), put(t, distributionKey("E2"), stored("E2", config(func(c *cloudfrontapi.DistributionConfig, _ *cloudfrontapi.DefaultCacheBehavior) {
		c.Staging = new(true)
	}))))
	want := program.Traffic{To: "dE2.cloudfront.net", Policy: "E7", Weight: 0.125, IdleTTL: 5 * time.Minute, MaximumTTL: 10 * time.Minute}
	if got := update.Edge.Distributions["E1"].Traffic; got == nil || *got != want {
		t.Errorf("%+v", got)
	}
	if !update.Edge.Distributions["E2"].Unlisted || update.Edge.Distributions["E1"].Unlisted {
		t.Error("which one is unlisted?")
	}
	if got := s.apply(put(t, key, policy(true, header))).Edge.Distributions["E1"].Traffic; got.Header != "aws-cf-cd-x" || got.Value != "1" {
		t.Errorf("%+v", got)
	}
	if got := s.apply(put(t, key, policy(false, header))).Edge.Distributions["E1"].Traffic; got != nil {
		t.Errorf("a policy that is not enabled: %+v", got)
	}
}
