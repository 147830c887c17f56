package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func (s *Service) keyGroupFamily() *recordFamily[cloudfrontapi.KeyGroupConfig] {
	type config = cloudfrontapi.KeyGroupConfig
	return &recordFamily[config]{
		service: s,
		kind:    KindKeyGroup,
		name:    func(c *config) string { return value(c.Name) },
		prepare: preparation[config]{
			"CreateKeyGroup", func(c *config) { fill(&c.Comment, "") }, keyGroupRules,
		}.with(&s.limits),
		uses: func(c *config) map[recordRef]bool {
			keys := make(map[recordRef]bool)
			for _, id := range c.Items {
				keys[recordRef{KindPublicKey, id}] = true
			}
			return keys
		},
		unknown: func(ref recordRef) error {
			return badParameter("PublicKey with value %s does not exist.", quote(ref.id))
		},
		limit:  s.limits.KeyGroups,
		noSuch: noSuchResource,
		exists: func() error { return cloudfrontapi.KeyGroupAlreadyExists("A key group with this name already exists.") },
		inUse: func() error {
			return cloudfrontapi.ResourceInUse("Cannot delete this resource because it is in use.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyKeyGroups(
				"You have reached the maximum number of key groups for this Amazon Web Services account.")
		},
	}
}

func keyGroupRules() []configRule[cloudfrontapi.KeyGroupConfig] {
	type config = cloudfrontapi.KeyGroupConfig
	return []configRule[config]{
		{"name and comment", func(c *config, _ *Limits) error { return policyText(value(c.Name), value(c.Comment)) }},
		{"public keys", func(c *config, limits *Limits) error {
			switch {
			case len(c.Items) > limits.KeysPerGroup:
				return cloudfrontapi.TooManyPublicKeysInKeyGroup(
					"The number of public keys in this key group is more than the maximum allowed.")
			case len(c.Items) == 0:
				return badParameter("Items is required.")
			case !distinctOf(c.Items, c.Items):
				return badParameter("Items contains a public key more than once.")
			}
			return nil
		}},
	}
}

func keyGroup(r *KeyGroupRecord) *cloudfrontapi.KeyGroup {
	return &cloudfrontapi.KeyGroup{Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), KeyGroupConfig: &r.Config}
}

// CreateKeyGroup makes a key group.
func (s *Service) CreateKeyGroup(call *api.Call, in *cloudfrontapi.CreateKeyGroupRequest) (*cloudfrontapi.CreateKeyGroupResult, error) {
	record, err := s.keyGroupFamily().create(call, in.KeyGroupConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateKeyGroupResult{
		KeyGroup: keyGroup(record), ETag: new(record.ETag), Location: new(endpoint + "key-group/" + record.ID),
	}, nil
}

// GetKeyGroup shows a key group.
func (s *Service) GetKeyGroup(call *api.Call, in *cloudfrontapi.GetKeyGroupRequest) (*cloudfrontapi.GetKeyGroupResult, error) {
	record, err := s.keyGroupFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetKeyGroupResult{KeyGroup: keyGroup(record), ETag: new(record.ETag)}, nil
}

// GetKeyGroupConfig shows the configuration of a key group.
func (s *Service) GetKeyGroupConfig(call *api.Call, in *cloudfrontapi.GetKeyGroupConfigRequest) (*cloudfrontapi.GetKeyGroupConfigResult, error) {
	record, err := s.keyGroupFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetKeyGroupConfigResult{KeyGroupConfig: &record.Config, ETag: new(record.ETag)}, nil
}

// UpdateKeyGroup replaces the configuration of a key group.
func (s *Service) UpdateKeyGroup(call *api.Call, in *cloudfrontapi.UpdateKeyGroupRequest) (*cloudfrontapi.UpdateKeyGroupResult, error) {
	record, err := s.keyGroupFamily().update(call,
		recordUpdate[cloudfrontapi.KeyGroupConfig]{in.Id, in.IfMatch, in.KeyGroupConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateKeyGroupResult{KeyGroup: keyGroup(record), ETag: new(record.ETag)}, nil
}

// DeleteKeyGroup deletes a key group that no behavior uses.
func (s *Service) DeleteKeyGroup(call *api.Call, in *cloudfrontapi.DeleteKeyGroupRequest) error {
	return s.keyGroupFamily().remove(call, in.Id, in.IfMatch)
}

// ListKeyGroups lists the account's key groups by id.
func (s *Service) ListKeyGroups(call *api.Call, in *cloudfrontapi.ListKeyGroupsRequest) (*cloudfrontapi.ListKeyGroupsResult, error) {
	page, err := s.keyGroupFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.KeyGroupList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		list.Items = append(list.Items, cloudfrontapi.KeyGroupSummary{KeyGroup: keyGroup(item.record)})
	}
	return &cloudfrontapi.ListKeyGroupsResult{KeyGroupList: list}, nil
}
