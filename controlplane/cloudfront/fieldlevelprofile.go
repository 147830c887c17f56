package cloudfront

import (
	"regexp"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// maxProfileBytes bounds the texts of a field-level encryption profile; AWS
// says that there is a most, not which.
const maxProfileBytes = 10240

// fieldPattern is a form field's name, or its beginning and a wildcard.
var fieldPattern = regexp.MustCompile(`\A[A-Za-z0-9_.\[\]-]{1,255}\*?\z`)

func (s *Service) fieldLevelProfileFamily() *recordFamily[cloudfrontapi.FieldLevelEncryptionProfileConfig] {
	type config = cloudfrontapi.FieldLevelEncryptionProfileConfig
	return &recordFamily[config]{
		service:   s,
		kind:      KindFieldLevelProfile,
		newID:     func(*config) string { return s.newID(IDFieldLevelProfile) },
		name:      func(c *config) string { return value(c.Name) },
		reference: func(c *config) string { return value(c.CallerReference) },
		prepare: preparation[config]{
			"CreateFieldLevelEncryptionProfile", func(c *config) { fill(&c.Comment, "") }, fieldLevelProfileRules,
		}.with(&s.limits),
		kept: func(old, c *config) error { return referenceKept(old.CallerReference, c.CallerReference) },
		uses: func(c *config) map[recordRef]bool {
			keys := make(map[recordRef]bool)
			for _, entity := range c.EncryptionEntities.Items {
				keys[recordRef{KindPublicKey, value(entity.PublicKeyId)}] = true
			}
			return keys
		},
		unknown: func(recordRef) error { return noSuchPublicKey() },
		limit:   s.limits.FieldLevelProfiles,
		noSuch:  noSuchFieldLevelProfile,
		exists: func() error {
			return cloudfrontapi.FieldLevelEncryptionProfileAlreadyExists(
				"The specified profile for field-level encryption already exists.")
		},
		inUse: func() error {
			return cloudfrontapi.FieldLevelEncryptionProfileInUse("The specified profile for field-level encryption is in use.")
		},
		tooMany: func() error {
			return cloudfrontapi.TooManyFieldLevelEncryptionProfiles(
				"The maximum number of profiles for field-level encryption have been created.")
		},
	}
}

func noSuchFieldLevelProfile() error {
	return cloudfrontapi.NoSuchFieldLevelEncryptionProfile("The specified profile for field-level encryption doesn't exist.")
}

func fieldLevelProfileRules() []configRule[cloudfrontapi.FieldLevelEncryptionProfileConfig] {
	type config = cloudfrontapi.FieldLevelEncryptionProfileConfig
	return []configRule[config]{
		callerReference(func(c *config) *string { return c.CallerReference }),
		{"name and comment", func(c *config, _ *Limits) error { return policyText(value(c.Name), value(c.Comment)) }},
		{"encryption entities", encryptionEntities},
		{"field patterns", fieldPatterns},
	}
}

func encryptionEntities(c *cloudfrontapi.FieldLevelEncryptionProfileConfig, limits *Limits) error {
	entities := c.EncryptionEntities.Items
	switch {
	case len(entities) == 0:
		return badParameter("EncryptionEntities is required.")
	case len(entities) > limits.FieldLevelFields:
		return cloudfrontapi.TooManyFieldLevelEncryptionEncryptionEntities(
			"The maximum number of encryption entities for field-level encryption have been created.")
	}
	for _, entity := range entities {
		if provider := value(entity.ProviderId); provider == "" || len(provider) > maxIDBytes {
			return badParameter("ProviderId is not valid.")
		}
	}
	return nil
}

// fieldPatterns: names, or beginnings with a wildcard, that do not overlap.
func fieldPatterns(c *cloudfrontapi.FieldLevelEncryptionProfileConfig, limits *Limits) error {
	var patterns []string
	for _, entity := range c.EncryptionEntities.Items {
		if len(entity.FieldPatterns.Items) == 0 {
			return badParameter("FieldPatterns is required.")
		}
		patterns = append(patterns, entity.FieldPatterns.Items...)
	}
	switch {
	case len(patterns) > limits.FieldLevelFields:
		return cloudfrontapi.TooManyFieldLevelEncryptionFieldPatterns(
			"The maximum number of field patterns for field-level encryption have been created.")
	case totalBytes(patterns) > maxProfileBytes:
		return cloudfrontapi.FieldLevelEncryptionProfileSizeExceeded(
			"The maximum size of a profile for field-level encryption was exceeded.")
	}
	for i, pattern := range patterns {
		if !fieldPattern.MatchString(pattern) {
			return badParameter("FieldPatterns contains %s that is not valid.", quote(pattern))
		}
		for _, other := range patterns[:i] {
			if patternsOverlap(pattern, other) {
				return badParameter("FieldPatterns contains %s and %s, which overlap.", other, pattern)
			}
		}
	}
	return nil
}

func patternsOverlap(a, b string) bool {
	covers := func(pattern, other string) bool {
		beginning, wild := strings.CutSuffix(pattern, "*")
		return wild && strings.HasPrefix(other, beginning)
	}
	return a == b || covers(a, b) || covers(b, a)
}

func fieldLevelProfile(r *FieldLevelProfileRecord) *cloudfrontapi.FieldLevelEncryptionProfile {
	return &cloudfrontapi.FieldLevelEncryptionProfile{
		Id: new(r.ID), LastModifiedTime: new(r.LastModifiedTime), FieldLevelEncryptionProfileConfig: &r.Config,
	}
}

// CreateFieldLevelEncryptionProfile makes a field-level encryption profile.
func (s *Service) CreateFieldLevelEncryptionProfile(call *api.Call, in *cloudfrontapi.CreateFieldLevelEncryptionProfileRequest) (*cloudfrontapi.CreateFieldLevelEncryptionProfileResult, error) {
	record, err := s.fieldLevelProfileFamily().create(call, in.FieldLevelEncryptionProfileConfig)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.CreateFieldLevelEncryptionProfileResult{
		FieldLevelEncryptionProfile: fieldLevelProfile(record), ETag: new(record.ETag),
		Location: new(endpoint + "field-level-encryption-profile/" + record.ID),
	}, nil
}

// GetFieldLevelEncryptionProfile shows a field-level encryption profile.
func (s *Service) GetFieldLevelEncryptionProfile(call *api.Call, in *cloudfrontapi.GetFieldLevelEncryptionProfileRequest) (*cloudfrontapi.GetFieldLevelEncryptionProfileResult, error) {
	record, err := s.fieldLevelProfileFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetFieldLevelEncryptionProfileResult{
		FieldLevelEncryptionProfile: fieldLevelProfile(record), ETag: new(record.ETag),
	}, nil
}

// GetFieldLevelEncryptionProfileConfig shows the configuration of a field-level encryption profile.
func (s *Service) GetFieldLevelEncryptionProfileConfig(call *api.Call, in *cloudfrontapi.GetFieldLevelEncryptionProfileConfigRequest) (*cloudfrontapi.GetFieldLevelEncryptionProfileConfigResult, error) {
	record, err := s.fieldLevelProfileFamily().get(call, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.GetFieldLevelEncryptionProfileConfigResult{
		FieldLevelEncryptionProfileConfig: &record.Config, ETag: new(record.ETag),
	}, nil
}

// UpdateFieldLevelEncryptionProfile replaces the configuration of a field-level encryption profile.
func (s *Service) UpdateFieldLevelEncryptionProfile(call *api.Call, in *cloudfrontapi.UpdateFieldLevelEncryptionProfileRequest) (*cloudfrontapi.UpdateFieldLevelEncryptionProfileResult, error) {
	record, err := s.fieldLevelProfileFamily().update(call, recordUpdate[cloudfrontapi.FieldLevelEncryptionProfileConfig]{
		in.Id, in.IfMatch, in.FieldLevelEncryptionProfileConfig,
	})
	if err != nil {
		return nil, err
	}
	return &cloudfrontapi.UpdateFieldLevelEncryptionProfileResult{
		FieldLevelEncryptionProfile: fieldLevelProfile(record), ETag: new(record.ETag),
	}, nil
}

// DeleteFieldLevelEncryptionProfile deletes a profile that no configuration uses.
func (s *Service) DeleteFieldLevelEncryptionProfile(call *api.Call, in *cloudfrontapi.DeleteFieldLevelEncryptionProfileRequest) error {
	return s.fieldLevelProfileFamily().remove(call, in.Id, in.IfMatch)
}

// ListFieldLevelEncryptionProfiles lists the account's profiles by id.
func (s *Service) ListFieldLevelEncryptionProfiles(call *api.Call, in *cloudfrontapi.ListFieldLevelEncryptionProfilesRequest) (*cloudfrontapi.ListFieldLevelEncryptionProfilesResult, error) {
	page, err := s.fieldLevelProfileFamily().list(call, recordQuery{marker: in.Marker, maxItems: in.MaxItems})
	if err != nil {
		return nil, err
	}
	list := &cloudfrontapi.FieldLevelEncryptionProfileList{
		MaxItems: page.maxItems, NextMarker: page.nextMarker, Quantity: new(int32(len(page.items))),
	}
	for _, item := range page.items {
		c := &item.record.Config
		list.Items = append(list.Items, cloudfrontapi.FieldLevelEncryptionProfileSummary{
			Id: new(item.record.ID), LastModifiedTime: new(item.record.LastModifiedTime), Name: c.Name,
			EncryptionEntities: c.EncryptionEntities, Comment: c.Comment,
		})
	}
	return &cloudfrontapi.ListFieldLevelEncryptionProfilesResult{FieldLevelEncryptionProfileList: list}, nil
}
