package cloudfront

import (
	"reflect"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// A continuous deployment policy is stored and checked; the edge does not
// split traffic by it yet: all of it goes to the primary distribution (issue
// "The edge, whole").

type continuousConfig = cloudfrontapi.ContinuousDeploymentPolicyConfig

func (s *Service) continuousFamily() *entityFamily[continuousConfig] {
	return &entityFamily[continuousConfig]{
		service: s, kind: KindContinuousDeploymentPolicy, arnType: "continuous-deployment-policy", idKind: IDPolicy,
		limit: s.limits.ContinuousDeploymentPolicies, noSuch: noSuchContinuousDeploymentPolicy,
		tooMany: func() error {
			return cloudfrontapi.TooManyContinuousDeploymentPolicies("You have reached the maximum number of continuous " +
				"deployment policies for this Amazon Web Services account.")
		},
	}
}

func noSuchContinuousDeploymentPolicy() error {
	return cloudfrontapi.NoSuchContinuousDeploymentPolicy("The continuous deployment policy doesn't exist.")
}

// continuousPolicyInUse is for a second primary, and for deleting.
func continuousPolicyInUse() error {
	return cloudfrontapi.ContinuousDeploymentPolicyInUse(
		"You cannot delete a continuous deployment policy that is associated with a primary distribution.")
}

func showContinuous(r *EntityRecord[continuousConfig]) *cloudfrontapi.ContinuousDeploymentPolicy {
	return &cloudfrontapi.ContinuousDeploymentPolicy{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), ContinuousDeploymentPolicyConfig: &r.Config,
	}
}

// CreateContinuousDeploymentPolicy makes a policy for one or more staging
// distributions.
func (s *Service) CreateContinuousDeploymentPolicy(call *api.Call, in *cloudfrontapi.CreateContinuousDeploymentPolicyRequest) (*cloudfrontapi.CreateContinuousDeploymentPolicyResult, error) {
	config := in.ContinuousDeploymentPolicyConfig
	if err := prepareContinuous(config); err != nil {
		return nil, err
	}
	var record *EntityRecord[continuousConfig]
	_, err := s.write(call, func(c *change) error {
		staging, err := s.stagingOf(call, c, config)
		if err != nil {
			return err
		}
		if record, err = s.continuousFamily().create(call, c, "", *config); err != nil {
			return err
		}
		return s.useStaging(call, c, record.ID, [2][]string{nil, staging})
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateContinuousDeploymentPolicyResult{
		ContinuousDeploymentPolicy: showContinuous(record), ETag: new(record.ETag),
		Location: new(endpoint + "continuous-deployment-policy/" + record.ID),
	}, nil
}

// GetContinuousDeploymentPolicy shows a continuous deployment policy.
func (s *Service) GetContinuousDeploymentPolicy(call *api.Call, in *cloudfrontapi.GetContinuousDeploymentPolicyRequest) (*cloudfrontapi.GetContinuousDeploymentPolicyResult, error) {
	found, err := s.continuousFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetContinuousDeploymentPolicyResult{
		ContinuousDeploymentPolicy: showContinuous(found.EntityRecord), ETag: new(found.ETag),
	}, nil
}

// GetContinuousDeploymentPolicyConfig shows the configuration of one.
func (s *Service) GetContinuousDeploymentPolicyConfig(call *api.Call, in *cloudfrontapi.GetContinuousDeploymentPolicyConfigRequest) (*cloudfrontapi.GetContinuousDeploymentPolicyConfigResult, error) {
	found, err := s.continuousFamily().find(call, call.Account, value(in.Id))
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetContinuousDeploymentPolicyConfigResult{
		ContinuousDeploymentPolicyConfig: &found.Config, ETag: new(found.ETag),
	}, nil
}

// UpdateContinuousDeploymentPolicy replaces the configuration of a policy.
func (s *Service) UpdateContinuousDeploymentPolicy(call *api.Call, in *cloudfrontapi.UpdateContinuousDeploymentPolicyRequest) (*cloudfrontapi.UpdateContinuousDeploymentPolicyResult, error) {
	config := in.ContinuousDeploymentPolicyConfig
	var record *EntityRecord[continuousConfig]
	_, err := s.write(call, func(c *change) error {
		old, err := s.continuousFamily().current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if err := prepareContinuous(config); err != nil {
			return err
		}
		staging, err := s.stagingOf(call, c, config)
		if err != nil {
			return err
		}
		before, err := s.stagingIDs(call, &old.Config)
		if err != nil {
			return err
		}
		record = s.continuousFamily().replace(call, c, old, *config)
		return s.useStaging(call, c, old.ID, [2][]string{before, staging})
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateContinuousDeploymentPolicyResult{
		ContinuousDeploymentPolicy: showContinuous(record), ETag: new(record.ETag),
	}, nil
}

// DeleteContinuousDeploymentPolicy deletes a policy that no primary
// distribution names.
func (s *Service) DeleteContinuousDeploymentPolicy(call *api.Call, in *cloudfrontapi.DeleteContinuousDeploymentPolicyRequest) error {
	family := s.continuousFamily()
	_, err := s.write(call, func(c *change) error {
		gone, err := family.current(call, in.Id, in.IfMatch)
		if err != nil {
			return err
		}
		if err := family.unused(call, c, gone.ID, continuousPolicyInUse); err != nil {
			return err
		}
		staging, err := s.stagingIDs(call, &gone.Config)
		if err != nil {
			return err
		}
		if err := s.useStaging(call, c, gone.ID, [2][]string{staging, nil}); err != nil {
			return err
		}
		return family.remove(call, c, gone)
	})
	return err
}

// ListContinuousDeploymentPolicies lists the account's policies by id.
func (s *Service) ListContinuousDeploymentPolicies(call *api.Call, in *cloudfrontapi.ListContinuousDeploymentPoliciesRequest) (*cloudfrontapi.ListContinuousDeploymentPoliciesResult, error) {
	page, err := s.continuousFamily().list(call, pageQuery{in.Marker, in.MaxItems}, nil)
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.ContinuousDeploymentPolicyList{
		MaxItems: new(int32(page.most)), NextMarker: page.next, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.ContinuousDeploymentPolicySummary{
			ContinuousDeploymentPolicy: showContinuous(item.EntityRecord),
		})
	}
	return &cloudfrontapi.ListContinuousDeploymentPoliciesResult{ContinuousDeploymentPolicyList: list}, nil
}

// Bounds of a continuous deployment policy (reference/cloudfront.md 1.9).
const (
	maxStagingWeight    = 0.15
	minStickySeconds    = 300
	maxStickySeconds    = 3600
	stagingHeaderPrefix = "aws-cf-cd-"
)

// prepareContinuous is what must hold for a policy alone.
func prepareContinuous(config *continuousConfig) error {
	if config == nil {
		return missingBody()
	}
	if err := requiredMembers("CreateContinuousDeploymentPolicy", config); err != nil {
		return err
	}
	if err := quantities(config); err != nil {
		return err
	}
	if len(config.StagingDistributionDnsNames.Items) == 0 {
		return badParameter("StagingDistributionDnsNames is required.")
	}
	traffic := config.TrafficConfig
	if traffic == nil {
		return nil
	}
	weight, header := traffic.SingleWeightConfig, traffic.SingleHeaderConfig
	switch value(traffic.Type) {
	case cloudfrontapi.ContinuousDeploymentPolicyTypeSingleWeight:
		if weight == nil || header != nil {
			return badParameter("TrafficConfig of type SingleWeight must have SingleWeightConfig, and no SingleHeaderConfig.")
		}
		return checkWeight(weight)
	case cloudfrontapi.ContinuousDeploymentPolicyTypeSingleHeader:
		if header == nil || weight != nil {
			return badParameter("TrafficConfig of type SingleHeader must have SingleHeaderConfig, and no SingleWeightConfig.")
		}
		return checkStagingHeader(header)
	}
	return badParameter("TrafficConfig Type is not valid.")
}

func checkWeight(weight *cloudfrontapi.ContinuousDeploymentSingleWeightConfig) error {
	// the comparison is false for NaN
	if w := float64(value(weight.Weight)); !(w >= 0 && w <= maxStagingWeight+1e-6) {
		return badParameter("Weight must be a value between 0 and .15.")
	}
	sticky := weight.SessionStickinessConfig
	within := func(seconds *int32) bool {
		return value(seconds) >= minStickySeconds && value(seconds) <= maxStickySeconds
	}
	switch {
	case sticky == nil:
	case !within(sticky.IdleTTL):
		return badParameter("IdleTTL must be a value between 300 and 3600.")
	case !within(sticky.MaximumTTL):
		return badParameter("MaximumTTL must be a value between 300 and 3600.")
	case *sticky.IdleTTL > *sticky.MaximumTTL:
		return badParameter("IdleTTL must be less than or equal to MaximumTTL.")
	}
	return nil
}

func checkStagingHeader(header *cloudfrontapi.ContinuousDeploymentSingleHeaderConfig) error {
	name, text := value(header.Header), value(header.Value)
	switch {
	case !strings.HasPrefix(strings.ToLower(name), stagingHeaderPrefix) || len(name) > maxHeaderNameBytes || !tokenPattern.MatchString(name):
		return badParameter("Header must begin with aws-cf-cd-.")
	case text == "" || len(text) > maxHeaderValueBytes || !fieldValue(text):
		return badParameter("Value of the header is not valid.")
	}
	return nil
}

// stagingIDs gives the ids of the distributions that a stored policy names,
// without those that are gone.
func (s *Service) stagingIDs(call *api.Call, config *continuousConfig) ([]string, error) {
	var ids []string
	for _, name := range config.StagingDistributionDnsNames.Items {
		holder, _, err := s.readIndex(call, idKey(domainLabel(strings.ToLower(name))))
		if err != nil {
			return nil, err
		}
		if id, own := strings.CutPrefix(holder, call.Account+"/"); own {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// stagingOf gives the staging distributions that a policy is to name, each
// once, and demands that they stay what they are.
func (s *Service) stagingOf(call *api.Call, c *change, config *continuousConfig) ([]string, error) {
	names := config.StagingDistributionDnsNames.Items
	ids, err := s.stagingIDs(call, config)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(names) {
		return nil, notStaging()
	}
	for _, id := range ids {
		key := Key(call.Account, KindDistribution, id)
		record, revision, err := read[DistributionRecord](call, s, key)
		if err != nil {
			return nil, err
		}
		if record == nil || !value(record.Config.Staging) || !slices.Contains(names, record.DomainName) {
			return nil, notStaging()
		}
		c.expect(key, revision)
	}
	return ids, nil
}

func notStaging() error {
	return badParameter("StagingDistributionDnsNames must name existing staging distributions, each once.")
}

func stagingUserKey(account, id string) string { return Key(account, KindStagingUser, id) }

// useStaging notes in a change which staging distributions a policy gives up
// and takes; ids[0] is what it has, [1] what it will have.
func (s *Service) useStaging(call *api.Call, c *change, policy string, ids [2][]string) error {
	for _, id := range ids[0] {
		if !slices.Contains(ids[1], id) {
			c.delete(stagingUserKey(call.Account, id))
		}
	}
	for _, id := range ids[1] {
		if slices.Contains(ids[0], id) {
			continue
		}
		user, _, err := s.readIndex(call, stagingUserKey(call.Account, id))
		if err != nil {
			return err
		}
		if user != "" {
			return cloudfrontapi.StagingDistributionInUse(
				"A continuous deployment policy for this staging distribution already exists.")
		}
		c.create(stagingUserKey(call.Account, id), policy)
	}
	return nil
}

// continuousKept: while a continuous deployment policy is attached, only what
// promoting copies may change (reference/cloudfront.md 5.9).
func continuousKept(c *distributionCheck) error {
	before, after := c.previous, c.config
	if before == nil || value(before.ContinuousDeploymentPolicyId) == "" ||
		value(before.ContinuousDeploymentPolicyId) != value(after.ContinuousDeploymentPolicyId) {
		return nil
	}
	for _, member := range []struct {
		name          string
		before, after any
	}{
		{"PriceClass", before.PriceClass, after.PriceClass},
		{"HttpVersion", before.HttpVersion, after.HttpVersion},
		{"IsIPV6Enabled", before.IsIPV6Enabled, after.IsIPV6Enabled},
		{"WebACLId", before.WebACLId, after.WebACLId},
	} {
		if !reflect.ValueOf(member.after).IsNil() && !reflect.DeepEqual(member.before, member.after) {
			return cloudfrontapi.IllegalUpdate(member.name + " cannot be updated while a continuous deployment policy is attached.")
		}
	}
	return nil
}
