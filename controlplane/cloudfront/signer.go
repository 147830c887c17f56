package cloudfront

import (
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// activeSigners shows the accounts whose key pairs can sign URLs. Key pairs of
// accounts were the root user's and have no API, so none is listed.
func activeSigners(signers ...*cloudfrontapi.TrustedSigners) *cloudfrontapi.ActiveTrustedSigners {
	active := &cloudfrontapi.ActiveTrustedSigners{Enabled: new(false)}
	var seen []string
	for _, trusted := range signers {
		if trusted == nil || !value(trusted.Enabled) {
			continue
		}
		active.Enabled = new(true)
		for _, account := range trusted.Items {
			if slices.Contains(seen, account) {
				continue
			}
			seen = append(seen, account)
			active.Items = append(active.Items, cloudfrontapi.Signer{
				AwsAccountNumber: new(account), KeyPairIds: &cloudfrontapi.KeyPairIds{Quantity: new(int32(0))},
			})
		}
	}
	active.Quantity = new(int32(len(active.Items)))
	return active
}

func behaviorSigners(config *cloudfrontapi.DistributionConfig) *cloudfrontapi.ActiveTrustedSigners {
	var signers []*cloudfrontapi.TrustedSigners
	for _, behavior := range allBehaviors(config) {
		signers = append(signers, behavior.TrustedSigners)
	}
	return activeSigners(signers...)
}

// activeKeyGroups shows the key groups that a distribution trusts, with their
// public keys.
func (s *Service) activeKeyGroups(call *api.Call, config *cloudfrontapi.DistributionConfig) (*cloudfrontapi.ActiveTrustedKeyGroups, error) {
	active := &cloudfrontapi.ActiveTrustedKeyGroups{Enabled: new(false)}
	var seen []string
	for _, behavior := range allBehaviors(config) {
		if behavior.TrustedKeyGroups == nil {
			continue
		}
		for _, id := range behavior.TrustedKeyGroups.Items {
			if slices.Contains(seen, id) {
				continue
			}
			seen = append(seen, id)
			record, _, err := s.keyGroupFamily().find(call, call.Account, id)
			if err != nil {
				return nil, err
			}
			if record == nil {
				continue
			}
			active.Enabled = new(true)
			active.Items = append(active.Items, cloudfrontapi.KGKeyPairIds{
				KeyGroupId: new(id), KeyPairIds: &cloudfrontapi.KeyPairIds{
					Quantity: new(int32(len(record.Config.Items))), Items: record.Config.Items,
				},
			})
		}
	}
	active.Quantity = new(int32(len(active.Items)))
	return active, nil
}
