package cloudfront

import (
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// recordSet holds what a distribution names, by
// id. What is named and does not exist is not in it.
type recordSet struct {
	account string
	cache   map[string]*cloudfrontapi.CachePolicyConfig
	request map[string]*cloudfrontapi.OriginRequestPolicyConfig
	control map[string]*cloudfrontapi.OriginAccessControlConfig
	custom  map[recordRef]int64 // all but AWS's managed ones, with their revisions
}

// recordRef names a record of an account.
type recordRef struct {
	family Kind
	id     string
}

// has tells whether a record exists.
func (p *recordSet) has(family Kind, id string) bool { return p.custom[recordRef{family, id}] > 0 }

// loadRecords reads what a configuration names.
func (s *Service) loadRecords(ctx context.Context, account string, config *cloudfrontapi.DistributionConfig) (*recordSet, error) {
	set := &recordSet{
		account: account,
		cache:   make(map[string]*cloudfrontapi.CachePolicyConfig),
		request: make(map[string]*cloudfrontapi.OriginRequestPolicyConfig),
		control: make(map[string]*cloudfrontapi.OriginAccessControlConfig),
		custom:  make(map[recordRef]int64),
	}
	for _, behavior := range allBehaviors(config) {
		if id := value(behavior.CachePolicyId); id != "" && set.cache[id] == nil {
			if found, managed := ManagedCachePolicy(id); managed {
				set.cache[id] = found
			}
		}
		if id := value(behavior.OriginRequestPolicyId); id != "" && set.request[id] == nil {
			if found, managed := ManagedOriginRequestPolicy(id); managed {
				set.request[id] = found
			}
		}
	}
	for ref := range namedRecords(config) {
		revision, err := s.loadRecord(ctx, account, ref, set)
		if err != nil {
			return nil, err
		}
		if revision > 0 {
			set.custom[ref] = revision
		}
	}
	return set, nil
}

// loadRecord reads one record, as far as rules look into it, and gives its
// revision; 0 when there is none.
func (s *Service) loadRecord(ctx context.Context, account string, ref recordRef, set *recordSet) (int64, error) {
	switch ref.family {
	case KindCachePolicy:
		return loadConfig(ctx, s.cachePolicyFamily(), distributionRef{account, ref.id}, set.cache)
	case KindOriginRequestPolicy:
		return loadConfig(ctx, s.originRequestPolicyFamily(), distributionRef{account, ref.id}, set.request)
	case KindOriginAccessControl:
		return loadConfig(ctx, s.originAccessControlFamily(), distributionRef{account, ref.id}, set.control)
	}
	return s.revision(ctx, Key(account, ref.family, ref.id))
}

// loadConfig reads a record of a family into a map.
func loadConfig[C any](ctx context.Context, f *recordFamily[C], ref distributionRef, into map[string]*C) (int64, error) {
	found, revision, err := f.find(ctx, ref.account, ref.id)
	if err == nil && found != nil {
		into[ref.id] = &found.Config
	}
	return revision, err
}

// namedRecords are the records that a stored configuration names: policies,
// without the managed ones, and everything else that must exist as long as a
// distribution names it.
func namedRecords(config *cloudfrontapi.DistributionConfig) map[recordRef]bool {
	refs := make(map[recordRef]bool)
	note := func(family Kind, id string, managed bool) {
		if id != "" && !managed {
			refs[recordRef{family, id}] = true
		}
	}
	for _, behavior := range allBehaviors(config) {
		_, managed := ManagedCachePolicy(value(behavior.CachePolicyId))
		note(KindCachePolicy, value(behavior.CachePolicyId), managed)
		_, managed = ManagedOriginRequestPolicy(value(behavior.OriginRequestPolicyId))
		note(KindOriginRequestPolicy, value(behavior.OriginRequestPolicyId), managed)
		_, managed = ManagedResponseHeadersPolicy(value(behavior.ResponseHeadersPolicyId))
		note(KindResponseHeadersPolicy, value(behavior.ResponseHeadersPolicyId), managed)
		if behavior.FunctionAssociations != nil {
			for _, association := range behavior.FunctionAssociations.Items {
				_, name := functionName(value(association.FunctionARN))
				note(KindLiveFunction, name, false)
			}
		}
		note(KindFieldLevelEncryption, value(behavior.FieldLevelEncryptionId), false)
		_, name := realtimeLogConfigName(value(behavior.RealtimeLogConfigArn))
		note(KindRealtimeLogConfig, name, false)
		if behavior.TrustedKeyGroups != nil {
			for _, id := range behavior.TrustedKeyGroups.Items {
				note(KindKeyGroup, id, false)
			}
		}
	}
	for _, origin := range config.Origins.Items {
		note(KindOriginAccessControl, value(origin.OriginAccessControlId), false)
		if origin.S3OriginConfig != nil {
			id, _ := strings.CutPrefix(value(origin.S3OriginConfig.OriginAccessIdentity), originAccessIdentityPath)
			note(KindOriginAccessIdentity, id, false)
		}
	}
	noteAttached(config, note)
	return refs
}

// useRecords notes in a change which records a distribution begins and ends
// to use: used[0] is what it used, [1] what it will. That the records are
// still as they were read is demanded by the caller.
func (s *Service) useRecords(ctx context.Context, c *change, user distributionRef, used [2]map[recordRef]bool) error {
	return s.use(ctx, c, recordUser{user.account, KindDistribution, user.id}, used)
}

// recordUser is a record that uses others.
type recordUser struct {
	account string
	kind    Kind
	id      string
}

// use is useRecords for any user.
func (s *Service) use(ctx context.Context, c *change, user recordUser, used [2]map[recordRef]bool) error {
	before, after := used[0], used[1]
	all := maps.Clone(before)
	if all == nil {
		all = make(map[recordRef]bool)
	}
	maps.Copy(all, after)
	refs := slices.Collect(maps.Keys(all))
	sort.Slice(refs, func(i, j int) bool { return refs[i].id < refs[j].id })
	for _, ref := range refs {
		if before[ref] == after[ref] {
			continue
		}
		key := recordUsersKey(user.account, ref.family, ref.id)
		users, revision, err := read[UsersRecord](ctx, s, key)
		if err != nil {
			return err
		}
		if users == nil {
			users = &UsersRecord{}
		}
		c.expect(key, revision)
		if err := s.noteUser(users, user, ref, after[ref]); err != nil {
			return err
		}
		if len(users.Distributions)+len(users.Records) == 0 {
			c.delete(key)
		} else {
			c.put(key, users)
		}
	}
	return nil
}

// noteUser puts a user into a record's list of them, or takes it out.
func (s *Service) noteUser(users *UsersRecord, user recordUser, ref recordRef, uses bool) error {
	list, name := &users.Distributions, user.id
	if user.kind != KindDistribution {
		list, name = &users.Records, string(user.kind)+"/"+user.id
	}
	at, known := slices.BinarySearch(*list, name)
	switch {
	case uses && !known:
		if user.kind == KindDistribution {
			if err := s.roomForUser(ref.family, len(*list)); err != nil {
				return err
			}
		}
		*list = slices.Insert(*list, at, name)
	case !uses && known:
		*list = slices.Delete(*list, at, at+1)
	}
	return nil
}

// distributionRef names a distribution.
type distributionRef struct{ account, id string }

func (d distributionRef) key() string { return Key(d.account, KindDistribution, d.id) }

// maxUsers is how many distributions can use a record for which AWS names no
// number: it bounds the list of them.
const maxUsers = 10_000

// roomForUser refuses one more distribution that uses a record of a family
// when n already do (reference/cloudfront.md section 6).
func (s *Service) roomForUser(family Kind, n int) error {
	for _, row := range []struct {
		family  Kind
		most    int
		tooMany func(string) *api.Error
		text    string
	}{
		{KindCachePolicy, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsAssociatedToCachePolicy,
			"The maximum number of distributions have been associated with the specified cache policy."},
		{KindOriginRequestPolicy, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsAssociatedToOriginRequestPolicy,
			"The maximum number of distributions have been associated with the specified origin request policy."},
		{KindResponseHeadersPolicy, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsAssociatedToResponseHeadersPolicy,
			"The maximum number of distributions have been associated with the specified response headers policy."},
		{KindOriginAccessControl, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsAssociatedToOriginAccessControl,
			"The maximum number of distributions have been associated with the specified origin access control."},
		{KindKeyGroup, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsAssociatedToKeyGroup,
			"The number of distributions that reference this key group is more than the maximum allowed."},
		{KindFieldLevelEncryption, s.limits.DistributionsPerFLE, cloudfrontapi.TooManyDistributionsAssociatedToFieldLevelEncryptionConfig,
			"The maximum number of distributions have been associated with the specified configuration for field-level encryption."},
		{KindLiveFunction, s.limits.DistributionsPerPolicy, cloudfrontapi.TooManyDistributionsWithSingleFunctionARN,
			"The maximum number of distributions have been associated with the specified function."},
	} {
		if row.family == family && n >= row.most {
			return row.tooMany(row.text)
		}
	}
	if err := roomForAttached(family, n); err != nil {
		return err
	}
	if n >= maxUsers {
		return cloudfrontapi.EntityLimitExceeded("The entity limit has been exceeded.")
	}
	return nil
}
