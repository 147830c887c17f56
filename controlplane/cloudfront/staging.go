package cloudfront

import (
	"encoding/json"
	"fmt"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// CopyDistribution makes a staging distribution of a primary one. Its aliases
// stay with the primary, and so does its continuous deployment policy.
func (s *Service) CopyDistribution(call *api.Call, in *cloudfrontapi.CopyDistributionRequest) (*cloudfrontapi.CopyDistributionResult, error) {
	primary, err := s.distribution(call, in.PrimaryDistributionId)
	if err != nil {
		return nil, err
	}
	if err := checkIfMatch(in.IfMatch, primary.ETag); err != nil {
		return nil, err
	}
	switch {
	case !value(in.Staging):
		return nil, badParameter("Staging must be true.") // the only value AWS takes
	case value(primary.Config.Staging):
		return nil, badParameter("PrimaryDistributionId is that of a staging distribution.")
	case value(primary.Config.ConnectionMode) == cloudfrontapi.ConnectionModeTenantOnly:
		return nil, unsupportedForTenants("Continuous deployment")
	}
	config, err := cloneConfig(&primary.Config)
	if err != nil {
		return nil, err
	}
	config.CallerReference = in.CallerReference
	config.Staging = new(true)
	config.Enabled = new(value(in.Enabled)) // what AWS does without Enabled is recorded nowhere
	config.ContinuousDeploymentPolicyId = new("")
	config.Aliases = &cloudfrontapi.Aliases{Quantity: new(int32(0))}
	made, err := s.createDistribution(call, config, nil)
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, made)
	return &cloudfrontapi.CopyDistributionResult{
		Distribution: shown, ETag: new(made.ETag), Location: new(endpoint + "distribution/" + made.ID),
	}, err
}

// cloneConfig makes a configuration that shares nothing with the given one.
func cloneConfig(config *cloudfrontapi.DistributionConfig) (*cloudfrontapi.DistributionConfig, error) {
	data, err := json.Marshal(config)
	if err != nil {
		return nil, internalError(fmt.Errorf("encode a configuration: %w", err))
	}
	clone := new(cloudfrontapi.DistributionConfig)
	if err := json.Unmarshal(data, clone); err != nil {
		return nil, internalError(fmt.Errorf("decode a configuration: %w", err))
	}
	return clone, nil
}

// UpdateDistributionWithStagingConfig promotes: the primary distribution takes
// over what its staging distribution tries, and the continuous deployment
// policy is switched off (reference/cloudfront.md 5.9). If-Match holds the
// primary's ETag, a comma and the staging distribution's.
func (s *Service) UpdateDistributionWithStagingConfig(call *api.Call, in *cloudfrontapi.UpdateDistributionWithStagingConfigRequest) (*cloudfrontapi.UpdateDistributionWithStagingConfigResult, error) {
	if value(in.StagingDistributionId) == "" {
		return nil, badParameter("StagingDistributionId is required.")
	}
	var record *DistributionRecord
	revision, err := s.write(call, func(c *change) error {
		primary, staging, err := s.promotable(call, in)
		if err != nil {
			return err
		}
		config, err := promoted(&primary.Config, &staging.Config)
		if err != nil {
			return err
		}
		owner := distributionRef{call.Account, primary.ID}
		if err := s.settle(call, c, owner, [2]*cloudfrontapi.DistributionConfig{&primary.Config, config}); err != nil {
			return err
		}
		if err := s.endTrial(call, c, value(primary.Config.ContinuousDeploymentPolicyId)); err != nil {
			return err
		}
		next := *primary.DistributionRecord
		next.ETag, next.LastModifiedTime, next.Config = s.newID(IDETag), moment(call), *config
		record = &next
		c.expect(owner.key(), primary.revision)
		c.expect(Key(call.Account, KindDistribution, staging.ID), staging.revision)
		c.put(owner.key(), record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, stored{record, revision})
	return &cloudfrontapi.UpdateDistributionWithStagingConfigResult{Distribution: shown, ETag: new(record.ETag)}, err
}

// promotable finds a primary and its staging distribution at the versions that
// the client has seen.
func (s *Service) promotable(call *api.Call, in *cloudfrontapi.UpdateDistributionWithStagingConfigRequest) (primary, staging stored, err error) {
	if primary, err = s.distribution(call, in.Id); err != nil {
		return
	}
	if staging, err = s.distribution(call, in.StagingDistributionId); err != nil {
		return
	}
	first, second, _ := strings.Cut(value(in.IfMatch), ",")
	if err = checkIfMatch(new(strings.TrimSpace(first)), primary.ETag); err != nil {
		return
	}
	if err = checkIfMatch(new(strings.TrimSpace(second)), staging.ETag); err != nil {
		return
	}
	policy, _, err := s.readIndex(call, stagingUserKey(call.Account, staging.ID))
	if err == nil && (policy == "" || policy != value(primary.Config.ContinuousDeploymentPolicyId)) {
		err = cloudfrontapi.IllegalUpdate(
			"The staging distribution is not associated with the primary distribution by a continuous deployment policy.")
	}
	return
}

// promoted gives a primary's configuration after the promotion: what traffic
// meets comes from staging, what the distribution is stays.
func promoted(primary, staging *cloudfrontapi.DistributionConfig) (*cloudfrontapi.DistributionConfig, error) {
	from, err := cloneConfig(staging)
	if err != nil {
		return nil, err
	}
	config := *primary
	config.DefaultRootObject, config.Comment, config.Logging = from.DefaultRootObject, from.Comment, from.Logging
	config.Origins, config.OriginGroups = from.Origins, from.OriginGroups
	config.DefaultCacheBehavior, config.CacheBehaviors = from.DefaultCacheBehavior, from.CacheBehaviors
	config.CustomErrorResponses, config.Restrictions = from.CustomErrorResponses, from.Restrictions
	return &config, nil
}

// endTrial notes in a change that a continuous deployment policy is off.
func (s *Service) endTrial(call *api.Call, c *change, policy string) error {
	family := s.continuousFamily()
	found, err := family.find(call, call.Account, policy)
	if err != nil || !value(found.Config.Enabled) {
		return err
	}
	config := found.Config
	config.Enabled = new(false)
	family.replace(call, c, found, config)
	return nil
}

// unattached demands that nothing leans on a distribution that is to go: no
// continuous deployment policy on a staging one, no tenant on a multi-tenant
// one.
func (s *Service) unattached(call *api.Call, c *change, gone stored) error {
	key := stagingUserKey(call.Account, gone.ID)
	policy, _, err := s.readIndex(call, key)
	if err != nil {
		return err
	}
	if policy != "" {
		return cloudfrontapi.StagingDistributionInUse("The specified staging distribution is currently used by a " +
			"continuous deployment policy. Please the update policy before deleting.") // AWS's own words (reference/cloudfront.md 1.7)
	}
	tenantsKey := useCountKey(call.Account, string(KindDistribution), gone.ID)
	tenants, _, err := s.readIndex(call, tenantsKey)
	if err != nil {
		return err
	}
	if tenants != "" {
		return cloudfrontapi.ResourceInUse("Cannot delete this resource because it is in use.")
	}
	c.expect(key, 0)
	c.expect(tenantsKey, 0)
	return s.countSpecial(call, c, &gone.Config, -1)
}

// countSpecial counts the kinds of distributions that have quotas of their own.
func (s *Service) countSpecial(call *api.Call, c *change, config *cloudfrontapi.DistributionConfig, by int) error {
	tooMany := func() error {
		return cloudfrontapi.TooManyDistributions(
			"Processing your request would cause you to exceed the maximum number of distributions allowed.")
	}
	if value(config.Staging) {
		return s.countUses(call, c, useCountKey(call.Account, "special", "staging"), use{by, s.limits.StagingDistributions, tooMany})
	}
	if value(config.ConnectionMode) == cloudfrontapi.ConnectionModeTenantOnly {
		return s.countUses(call, c, useCountKey(call.Account, "special", "tenant-only"), use{by, s.limits.MultiTenantDistributions, tooMany})
	}
	return nil
}

// kindKept: what a distribution is cannot be changed.
func kindKept(c *distributionCheck) error {
	if c.previous == nil {
		return nil
	}
	mode := func(config *cloudfrontapi.DistributionConfig) string {
		if m := value(config.ConnectionMode); m != "" {
			return m
		}
		return cloudfrontapi.ConnectionModeDirect
	}
	switch {
	case value(c.config.Staging) != value(c.previous.Staging):
		return cloudfrontapi.IllegalUpdate("Staging cannot be updated.")
	case mode(c.config) != mode(c.previous):
		return cloudfrontapi.IllegalUpdate("ConnectionMode cannot be updated.")
	}
	return continuousKept(c)
}
