package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

// stored is a distribution's record with the revision that last put it.
type stored struct {
	*DistributionRecord
	revision int64
}

func noSuchDistribution() error {
	return cloudfrontapi.NoSuchDistribution("The specified distribution does not exist.")
}

// distribution reads a distribution of the caller's account.
func (s *Service) distribution(call *api.Call, id *string) (stored, error) {
	record, revision, err := read[DistributionRecord](call, s, Key(call.Account, KindDistribution, value(id)))
	if err == nil && record == nil {
		err = noSuchDistribution()
	}
	return stored{record, revision}, err
}

// CreateDistribution makes a distribution.
func (s *Service) CreateDistribution(call *api.Call, in *cloudfrontapi.CreateDistributionRequest) (*cloudfrontapi.CreateDistributionResult, error) {
	made, err := s.createDistribution(call, in.DistributionConfig, nil)
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, made)
	return &cloudfrontapi.CreateDistributionResult{
		Distribution: shown, ETag: new(made.ETag), Location: new(endpoint + "distribution/" + made.ID),
	}, err
}

// CreateDistributionWithTags makes a distribution that has tags from the start.
func (s *Service) CreateDistributionWithTags(call *api.Call, in *cloudfrontapi.CreateDistributionWithTagsRequest) (*cloudfrontapi.CreateDistributionWithTagsResult, error) {
	if in.DistributionConfigWithTags == nil {
		return nil, missingBody()
	}
	if in.DistributionConfigWithTags.Tags == nil {
		return nil, badParameter("Tags is required.")
	}
	tags, err := s.checkTags(in.DistributionConfigWithTags.Tags)
	if err != nil {
		return nil, err
	}
	made, err := s.createDistribution(call, in.DistributionConfigWithTags.DistributionConfig, tags)
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, made)
	return &cloudfrontapi.CreateDistributionWithTagsResult{
		Distribution: shown, ETag: new(made.ETag), Location: new(endpoint + "distribution/" + made.ID),
	}, err
}

func (s *Service) createDistribution(call *api.Call, config *cloudfrontapi.DistributionConfig, tags map[string]string) (stored, error) {
	if err := s.validateRequest(config, nil); err != nil {
		return stored{}, err
	}
	if err := s.reserve(call, call.Account); err != nil {
		return stored{}, err
	}
	var record *DistributionRecord
	revision, err := s.write(call, func(c *change) error {
		var err error
		record, err = s.makeDistribution(call, c, config, tags)
		return err
	})
	if err != nil && revision == 0 {
		s.release(call.Account)
	}
	return stored{record, revision}, err
}

// makeDistribution describes the change that creates a distribution.
func (s *Service) makeDistribution(call *api.Call, c *change, config *cloudfrontapi.DistributionConfig, tags map[string]string) (*DistributionRecord, error) {
	referenceKey := callerReferenceKey(call.Account, value(config.CallerReference))
	existing, _, err := s.readIndex(call, referenceKey)
	if err != nil {
		return nil, err
	}
	if existing != "" {
		return nil, cloudfrontapi.DistributionAlreadyExists("The caller reference that you are using to create a " +
			"distribution is associated with another distribution. Already exists: " + existing)
	}
	record := &DistributionRecord{
		ID: s.newID(IDDistribution), Account: call.Account, ETag: s.newID(IDETag),
		LastModifiedTime: moment(call), Config: *config,
	}
	label := s.newID(IDDomainLabel)
	record.DomainName = label + ".cloudfront.net"
	owner := distributionRef{call.Account, record.ID}
	if err := s.settle(call, c, owner, [2]*cloudfrontapi.DistributionConfig{nil, config}); err != nil {
		return nil, err
	}
	if err := s.countSpecial(call, c, config, 1); err != nil {
		return nil, err
	}
	c.create(referenceKey, record.ID)
	c.create(idKey(record.ID), owner.String())
	c.create(idKey(label), owner.String())
	c.expect(owner.key(), 0)
	c.put(owner.key(), record)
	if len(tags) > 0 {
		c.put(distributionTagsKey(call.Account, record.ID), TagsRecord{Tags: tags})
	}
	return record, nil
}

// settle validates a configuration against what else is stored, and notes in
// the change what it makes the distribution own and use; configs[0] is what is
// replaced by [1], nil for a new distribution.
func (s *Service) settle(call *api.Call, c *change, owner distributionRef, configs [2]*cloudfrontapi.DistributionConfig) error {
	before, after := configs[0], configs[1]
	policies, err := s.loadRecords(call, owner.account, after)
	if err != nil {
		return err
	}
	if err := s.validateConfig(after, policies); err != nil {
		return err
	}
	if err := s.checkCertificate(call, c, owner.account, after); err != nil {
		return err
	}
	for ref, revision := range policies.custom {
		c.expect(Key(owner.account, ref.family, ref.id), revision)
	}
	var usedBefore map[recordRef]bool
	var aliasesBefore []string
	if before != nil {
		usedBefore, aliasesBefore = namedRecords(before), before.Aliases.Items
	}
	if err := s.useRecords(call, c, owner, [2]map[recordRef]bool{usedBefore, namedRecords(after)}); err != nil {
		return err
	}
	return s.takeAliases(call, c, owner, [2][]string{aliasesBefore, after.Aliases.Items})
}

// GetDistribution shows a distribution.
func (s *Service) GetDistribution(call *api.Call, in *cloudfrontapi.GetDistributionRequest) (*cloudfrontapi.GetDistributionResult, error) {
	found, err := s.distribution(call, in.Id)
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, found)
	return &cloudfrontapi.GetDistributionResult{Distribution: shown, ETag: new(found.ETag)}, err
}

// GetDistributionConfig shows the configuration of a distribution.
func (s *Service) GetDistributionConfig(call *api.Call, in *cloudfrontapi.GetDistributionConfigRequest) (*cloudfrontapi.GetDistributionConfigResult, error) {
	found, err := s.distribution(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetDistributionConfigResult{DistributionConfig: &found.Config, ETag: new(found.ETag)}, nil
}

// UpdateDistribution replaces the configuration of a distribution.
func (s *Service) UpdateDistribution(call *api.Call, in *cloudfrontapi.UpdateDistributionRequest) (*cloudfrontapi.UpdateDistributionResult, error) {
	var record *DistributionRecord
	filled := false
	revision, err := s.write(call, func(c *change) error {
		old, err := s.distribution(call, in.Id)
		if err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, old.ETag); err != nil {
			return err
		}
		if !filled { // once: what was left out cannot be seen afterwards
			if err := s.validateRequest(in.DistributionConfig, &old.Config); err != nil {
				return err
			}
			filled = true
		}
		owner := distributionRef{call.Account, old.ID}
		if err := s.settle(call, c, owner, [2]*cloudfrontapi.DistributionConfig{&old.Config, in.DistributionConfig}); err != nil {
			return err
		}
		record = &DistributionRecord{
			ID: old.ID, Account: old.Account, DomainName: old.DomainName, ETag: s.newID(IDETag),
			LastModifiedTime: moment(call), Config: *in.DistributionConfig,
		}
		c.expect(owner.key(), old.revision)
		c.put(owner.key(), record)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown, err := s.showDistribution(call, stored{record, revision})
	return &cloudfrontapi.UpdateDistributionResult{Distribution: shown, ETag: new(record.ETag)}, err
}

// DeleteDistribution deletes a distribution that is disabled everywhere. Its
// caller reference becomes free again: AWS remembers references for longer,
// but what it says of one is which distribution has it.
func (s *Service) DeleteDistribution(call *api.Call, in *cloudfrontapi.DeleteDistributionRequest) error {
	var gone stored
	_, err := s.write(call, func(c *change) error {
		var err error
		if gone, err = s.distribution(call, in.Id); err != nil {
			return err
		}
		if err := checkIfMatch(in.IfMatch, gone.ETag); err != nil {
			return err
		}
		if value(gone.Config.Enabled) || !s.deployed(gone.revision) {
			return cloudfrontapi.DistributionNotDisabled(
				"The distribution you are trying to delete has not been disabled.")
		}
		return s.unmakeDistribution(call, c, gone)
	})
	if err != nil {
		return err
	}
	s.release(call.Account)
	return s.forgetInvalidations(call, gone.ID)
}

// unmakeDistribution describes the change that deletes a distribution.
func (s *Service) unmakeDistribution(call *api.Call, c *change, gone stored) error {
	owner := distributionRef{call.Account, gone.ID}
	if err := s.useRecords(call, c, owner, [2]map[recordRef]bool{namedRecords(&gone.Config), nil}); err != nil {
		return err
	}
	if err := s.unattached(call, c, gone); err != nil {
		return err
	}
	c.expect(owner.key(), gone.revision)
	c.delete(
		owner.key(), idKey(gone.ID), idKey(domainLabel(gone.DomainName)),
		callerReferenceKey(call.Account, value(gone.Config.CallerReference)),
		distributionTagsKey(call.Account, gone.ID), Key(call.Account, KindMonitoringSubscription, gone.ID),
	)
	return s.takeAliases(call, c, owner, [2][]string{gone.Config.Aliases.Items, nil})
}

// ListDistributions lists the account's distributions by id; the marker is the
// last id of the page before.
func (s *Service) ListDistributions(call *api.Call, in *cloudfrontapi.ListDistributionsRequest) (*cloudfrontapi.ListDistributionsResult, error) {
	most, err := pageSize(in.MaxItems)
	if err != nil {
		return nil, err
	}
	prefix, after := Key(call.Account, KindDistribution, ""), ""
	if marker := value(in.Marker); marker != "" {
		after = prefix + marker
	}
	snapshot, err := s.store.ListPage(call, prefix, after, most)
	if err != nil {
		return nil, storeError(err)
	}
	list := &cloudfrontapi.DistributionList{
		Marker: new(value(in.Marker)), MaxItems: new(int32(most)),
		IsTruncated: new(snapshot.More), Quantity: new(int32(len(snapshot.Entries))),
	}
	for _, entry := range snapshot.Entries {
		summary, err := s.summarize(call, entry)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, *summary)
	}
	if snapshot.More {
		list.NextMarker = list.Items[len(list.Items)-1].Id
	}
	return &cloudfrontapi.ListDistributionsResult{DistributionList: list}, nil
}

func (s *Service) summarize(call *api.Call, entry store.Entry) (*cloudfrontapi.DistributionSummary, error) {
	record, err := Decode[DistributionRecord](entry.Key, entry.Value)
	if err != nil {
		return nil, internalError(err)
	}
	return s.distributionSummary(call, stored{record, entry.ModRevision}), nil
}
