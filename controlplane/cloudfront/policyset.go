package cloudfront

import (
	"context"
	"maps"
	"slices"
	"sort"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// policySet holds the policies that a distribution names, by id. A policy that
// is named and does not exist is not in it.
type policySet struct {
	cache   map[string]*cloudfrontapi.CachePolicyConfig
	request map[string]*cloudfrontapi.OriginRequestPolicyConfig
	custom  map[policyRef]int64 // the custom ones among them, with their revisions
}

// policyRef names a custom policy.
type policyRef struct {
	family Kind
	id     string
}

// loadPolicies reads the policies that the behaviors of a configuration name.
func (s *Service) loadPolicies(ctx context.Context, account string, config *cloudfrontapi.DistributionConfig) (*policySet, error) {
	set := &policySet{
		cache:   make(map[string]*cloudfrontapi.CachePolicyConfig),
		request: make(map[string]*cloudfrontapi.OriginRequestPolicyConfig),
		custom:  make(map[policyRef]int64),
	}
	for _, behavior := range allBehaviors(config) {
		if id := value(behavior.CachePolicyId); id != "" && set.cache[id] == nil {
			found, revision, err := s.cachePolicyFamily().find(ctx, account, id)
			if err != nil {
				return nil, err
			}
			if found != nil {
				set.cache[id] = &found.Config
				set.noteCustom(policyRef{KindCachePolicy, id}, revision)
			}
		}
		if id := value(behavior.OriginRequestPolicyId); id != "" && set.request[id] == nil {
			found, revision, err := s.originRequestPolicyFamily().find(ctx, account, id)
			if err != nil {
				return nil, err
			}
			if found != nil {
				set.request[id] = &found.Config
				set.noteCustom(policyRef{KindOriginRequestPolicy, id}, revision)
			}
		}
	}
	return set, nil
}

func (p *policySet) noteCustom(ref policyRef, revision int64) {
	if revision > 0 {
		p.custom[ref] = revision
	}
}

// customPolicies are the policies that a stored configuration names, without
// the managed ones.
func customPolicies(config *cloudfrontapi.DistributionConfig) map[policyRef]bool {
	refs := make(map[policyRef]bool)
	for _, behavior := range allBehaviors(config) {
		if id := value(behavior.CachePolicyId); id != "" {
			if _, managed := ManagedCachePolicy(id); !managed {
				refs[policyRef{KindCachePolicy, id}] = true
			}
		}
		if id := value(behavior.OriginRequestPolicyId); id != "" {
			if _, managed := ManagedOriginRequestPolicy(id); !managed {
				refs[policyRef{KindOriginRequestPolicy, id}] = true
			}
		}
	}
	return refs
}

// usePolicies notes in a change which custom policies a distribution begins
// and ends to use: used[0] is what it used, [1] what it will. That the policies
// are still as they were read is demanded by the caller.
func (s *Service) usePolicies(ctx context.Context, c *change, user distributionRef, used [2]map[policyRef]bool) error {
	before, after := used[0], used[1]
	all := maps.Clone(before)
	if all == nil {
		all = make(map[policyRef]bool)
	}
	maps.Copy(all, after)
	refs := slices.Collect(maps.Keys(all))
	sort.Slice(refs, func(i, j int) bool { return refs[i].id < refs[j].id })
	for _, ref := range refs {
		if before[ref] == after[ref] {
			continue
		}
		key := policyUsersKey(user.account, ref.family, ref.id)
		users, revision, err := read[PolicyUsersRecord](ctx, s, key)
		if err != nil {
			return err
		}
		if users == nil {
			users = &PolicyUsersRecord{}
		}
		c.expect(key, revision)
		at, known := slices.BinarySearch(users.Distributions, user.id)
		switch {
		case after[ref] && !known:
			if len(users.Distributions) >= s.limits.DistributionsPerPolicy {
				return tooManyUsers(ref.family)
			}
			users.Distributions = slices.Insert(users.Distributions, at, user.id)
		case before[ref] && known:
			users.Distributions = slices.Delete(users.Distributions, at, at+1)
		}
		if len(users.Distributions) == 0 {
			c.delete(key)
		} else {
			c.put(key, users)
		}
	}
	return nil
}

// distributionRef names a distribution.
type distributionRef struct{ account, id string }

func (d distributionRef) key() string { return Key(d.account, KindDistribution, d.id) }

func tooManyUsers(family Kind) error {
	if family == KindCachePolicy {
		return cloudfrontapi.TooManyDistributionsAssociatedToCachePolicy(
			"The maximum number of distributions have been associated with the specified cache policy.")
	}
	return cloudfrontapi.TooManyDistributionsAssociatedToOriginRequestPolicy(
		"The maximum number of distributions have been associated with the specified origin request policy.")
}
