package cloudfront

import (
	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

func (s *Service) fieldLevelEncryptionFamily() *recordFamily[cloudfrontapi.FieldLevelEncryptionConfig] {
	type config = cloudfrontapi.FieldLevelEncryptionConfig
	return &recordFamily[config]{
		service:   s,
		kind:      KindFieldLevelEncryption,
		newID:     func(*config) string { return s.newID(IDFieldLevelConfig) },
		reference: func(c *config) string { return value(c.CallerReference) },
		prepare: preparation[config]{
			"CreateFieldLevelEncryptionConfig", func(c *config) { fill(&c.Comment, "") }, fieldLevelEncryptionRules,
		}.with(&s.limits),
		kept:    func(old, c *config) error { return referenceKept(old.CallerReference, c.CallerReference) },
		uses:    fieldLevelProfiles,
		unknown: func(recordRef) error { return noSuchFieldLevelProfile() },
		limit:   s.limits.FieldLevelEncryptions,
		noSuch:  noSuchFieldLevelEncryption,
		exists: func() error {
			return cloudfrontapi.FieldLevelEncryptionConfigAlreadyExists(
				"The specified configuration for field-level encryption already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.FieldLevelEncryptionConfigInUse(
				"The specified configuration for field-level encryption is in use.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyFieldLevelEncryptionConfigs(
				"The maximum number of configurations for field-level encryption have been created.")
		},
	}
}

func noSuchFieldLevelEncryption() error {
	return cloudfrontapi.NoSuchFieldLevelEncryptionConfig(
		"The specified configuration for field-level encryption doesn't exist.")
}

// fieldLevelProfiles are the profiles that a configuration names.
func fieldLevelProfiles(c *cloudfrontapi.FieldLevelEncryptionConfig) map[recordRef]bool {
	profiles := make(map[recordRef]bool)
	if c.QueryArgProfileConfig != nil && c.QueryArgProfileConfig.QueryArgProfiles != nil {
		for _, profile := range c.QueryArgProfileConfig.QueryArgProfiles.Items {
			profiles[recordRef{KindFieldLevelProfile, value(profile.ProfileId)}] = true
		}
	}
	if c.ContentTypeProfileConfig != nil && c.ContentTypeProfileConfig.ContentTypeProfiles != nil {
		for _, profile := range c.ContentTypeProfileConfig.ContentTypeProfiles.Items {
			if id := value(profile.ProfileId); id != "" {
				profiles[recordRef{KindFieldLevelProfile, id}] = true
			}
		}
	}
	return profiles
}

func fieldLevelEncryptionRules() []configRule[cloudfrontapi.FieldLevelEncryptionConfig] {
	type config = cloudfrontapi.FieldLevelEncryptionConfig
	return []configRule[config]{
		callerReference(func(c *config) *string { return c.CallerReference }),
		{"comment", func(c *config, _ *Limits) error { return policyComment(value(c.Comment)) }},
		{"query argument profiles", queryArgProfiles},
		{"content type profiles", contentTypeProfiles},
	}
}

func queryArgProfiles(c *cloudfrontapi.FieldLevelEncryptionConfig, limits *Limits) error {
	if c.QueryArgProfileConfig == nil || c.QueryArgProfileConfig.QueryArgProfiles == nil {
		return nil
	}
	profiles := c.QueryArgProfileConfig.QueryArgProfiles.Items
	if len(profiles) > limits.FieldLevelQueryProfiles {
		return cloudfrontapi.TooManyFieldLevelEncryptionQueryArgProfiles(
			"The maximum number of query arg profiles for field-level encryption have been created.")
	}
	seen := make(map[string]bool)
	for _, profile := range profiles {
		arg := value(profile.QueryArg)
		switch {
		case value(profile.ProfileId) == "":
			return cloudfrontapi.QueryArgProfileEmpty("No profile specified for the field-level encryption query argument.")
		case arg == "", len(arg) > maxQueryKeyBytes:
			return badParameter("QueryArg is not valid.")
		case seen[arg]:
			return badParameter("QueryArg with value %s is used more than once.", quote(arg))
		}
		seen[arg] = true
	}
	return nil
}

// contentTypeProfiles: field-level encryption knows one type of content, the
// forms that browsers send.
func contentTypeProfiles(c *cloudfrontapi.FieldLevelEncryptionConfig, _ *Limits) error {
	if c.ContentTypeProfileConfig == nil || c.ContentTypeProfileConfig.ContentTypeProfiles == nil {
		return nil
	}
	profiles := c.ContentTypeProfileConfig.ContentTypeProfiles.Items
	if len(profiles) > 1 {
		return cloudfrontapi.TooManyFieldLevelEncryptionContentTypeProfiles(
			"The maximum number of content type profiles for field-level encryption have been created.")
	}
	for _, profile := range profiles {
		switch {
		case !oneOf(value(profile.Format), cloudfrontapi.FormatValues):
			return badParameter("Format is not valid.")
		case value(profile.ContentType) != "application/x-www-form-urlencoded":
			return badParameter("ContentType is not valid.")
		}
	}
	return nil
}

func fieldLevelEncryption(r *FieldLevelEncryptionRecord) *cloudfrontapi.FieldLevelEncryption {
	return &cloudfrontapi.FieldLevelEncryption{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), FieldLevelEncryptionConfig: &r.Config,
	}
}

// CreateFieldLevelEncryptionConfig makes a field-level encryption configuration.
func (s *Service) CreateFieldLevelEncryptionConfig(call *api.Call, in *cloudfrontapi.CreateFieldLevelEncryptionConfigRequest) (*cloudfrontapi.CreateFieldLevelEncryptionConfigResult, error) {
	record, err := s.fieldLevelEncryptionFamily().create(call, in.FieldLevelEncryptionConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateFieldLevelEncryptionConfigResult{
		FieldLevelEncryption: fieldLevelEncryption(record), ETag: new(record.ETag),
		Location: new(endpoint + "field-level-encryption/" + record.ID),
	}, nil
}

// GetFieldLevelEncryption shows a field-level encryption configuration with its metadata.
func (s *Service) GetFieldLevelEncryption(call *api.Call, in *cloudfrontapi.GetFieldLevelEncryptionRequest) (*cloudfrontapi.GetFieldLevelEncryptionResult, error) {
	record, err := s.fieldLevelEncryptionFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetFieldLevelEncryptionResult{
		FieldLevelEncryption: fieldLevelEncryption(record), ETag: new(record.ETag),
	}, nil
}

// GetFieldLevelEncryptionConfig shows a field-level encryption configuration.
func (s *Service) GetFieldLevelEncryptionConfig(call *api.Call, in *cloudfrontapi.GetFieldLevelEncryptionConfigRequest) (*cloudfrontapi.GetFieldLevelEncryptionConfigResult, error) {
	record, err := s.fieldLevelEncryptionFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetFieldLevelEncryptionConfigResult{
		FieldLevelEncryptionConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateFieldLevelEncryptionConfig replaces a field-level encryption configuration.
func (s *Service) UpdateFieldLevelEncryptionConfig(call *api.Call, in *cloudfrontapi.UpdateFieldLevelEncryptionConfigRequest) (*cloudfrontapi.UpdateFieldLevelEncryptionConfigResult, error) {
	record, err := s.fieldLevelEncryptionFamily().update(call,
		recordUpdate[cloudfrontapi.FieldLevelEncryptionConfig]{in.Id, in.IfMatch, in.FieldLevelEncryptionConfig})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateFieldLevelEncryptionConfigResult{
		FieldLevelEncryption: fieldLevelEncryption(record), ETag: new(record.ETag),
	}, nil
}

// DeleteFieldLevelEncryptionConfig deletes a configuration that no behavior uses.
func (s *Service) DeleteFieldLevelEncryptionConfig(call *api.Call, in *cloudfrontapi.DeleteFieldLevelEncryptionConfigRequest) error {
	return s.fieldLevelEncryptionFamily().remove(call, in.Id, in.IfMatch)
}

// ListFieldLevelEncryptionConfigs lists the account's configurations by id.
func (s *Service) ListFieldLevelEncryptionConfigs(call *api.Call, in *cloudfrontapi.ListFieldLevelEncryptionConfigsRequest) (*cloudfrontapi.ListFieldLevelEncryptionConfigsResult, error) {
	page, err := s.fieldLevelEncryptionFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.FieldLevelEncryptionList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		c := &item.record.Config
		list.Items = append(list.Items, cloudfrontapi.FieldLevelEncryptionSummary{
			Id: new(item.record.ID), LastModifiedTime: new(item.record.LastModifiedTime), Comment: c.Comment,
			QueryArgProfileConfig: c.QueryArgProfileConfig, ContentTypeProfileConfig: c.ContentTypeProfileConfig,
		})
	}
	return &cloudfrontapi.ListFieldLevelEncryptionConfigsResult{FieldLevelEncryptionList: list}, nil
}
