package compile

import (
	"time"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
)

// continuousRecord is a stored continuous deployment policy.
type continuousRecord = cloudfront.EntityRecord[cloudfrontapi.ContinuousDeploymentPolicyConfig]

// traffic compiles the continuous deployment policy of a distribution; nil: all
// traffic stays.
func traffic(record *cloudfront.DistributionRecord, known policies) *program.Traffic {
	id := value(record.Config.ContinuousDeploymentPolicyId)
	if id == "" {
		return nil
	}
	policy, ok := known.continuousDeployment(record.Account, id)
	if !ok || !value(policy.Config.Enabled) || policy.Config.TrafficConfig == nil {
		return nil
	}
	t := &program.Traffic{Policy: policy.ETag}
	if names := policy.Config.StagingDistributionDnsNames; names != nil && len(names.Items) > 0 {
		t.To = names.Items[0]
	}
	config := policy.Config.TrafficConfig
	switch value(config.Type) {
	case cloudfrontapi.ContinuousDeploymentPolicyTypeSingleHeader:
		if config.SingleHeaderConfig == nil {
			return nil
		}
		t.Header, t.Value = value(config.SingleHeaderConfig.Header), value(config.SingleHeaderConfig.Value)
	case cloudfrontapi.ContinuousDeploymentPolicyTypeSingleWeight:
		if config.SingleWeightConfig == nil {
			return nil
		}
		t.Weight = float64(value(config.SingleWeightConfig.Weight))
		if sticky := config.SingleWeightConfig.SessionStickinessConfig; sticky != nil {
			t.IdleTTL = time.Duration(value(sticky.IdleTTL)) * time.Second
			t.MaximumTTL = time.Duration(value(sticky.MaximumTTL)) * time.Second
		}
	default:
		return nil
	}
	return t
}

func (u *used) continuousDeployment(account, id string) (*continuousRecord, bool) {
	u.note(cloudfront.KindContinuousDeploymentPolicy, account+"/"+id)
	record, ok := u.state.continuous[account+"/"+id]
	return record, ok
}
