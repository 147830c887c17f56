package cloudfront

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
)

// TagResource adds tags to a resource, or replaces their values.
func (s *Service) TagResource(call *api.Call, in *cloudfrontapi.TagResourceRequest) error {
	if in.Tags == nil {
		return missingBody()
	}
	added, err := s.checkTags(in.Tags)
	if err != nil {
		return err
	}
	return s.changeTags(call, in.Resource, func(tags map[string]string) { maps.Copy(tags, added) })
}

// UntagResource takes tags off a resource; a key that it has no tag for is
// no error.
func (s *Service) UntagResource(call *api.Call, in *cloudfrontapi.UntagResourceRequest) error {
	if in.TagKeys == nil {
		return missingBody()
	}
	return s.changeTags(call, in.Resource, func(tags map[string]string) {
		for _, key := range in.TagKeys.Items {
			delete(tags, key)
		}
	})
}

// ListTagsForResource shows the tags of a resource, sorted by key.
func (s *Service) ListTagsForResource(call *api.Call, in *cloudfrontapi.ListTagsForResourceRequest) (*cloudfrontapi.ListTagsForResourceResult, error) {
	found, err := s.taggable(call, in.Resource)
	if err != nil {
		return nil, err
	}
	record, _, err := read[TagsRecord](call, s, found.tagsKey)
	if err != nil {
		return nil, err
	}
	tags := &cloudfrontapi.Tags{Items: []cloudfrontapi.Tag{}}
	if record != nil {
		for _, key := range slices.Sorted(maps.Keys(record.Tags)) {
			tags.Items = append(tags.Items, cloudfrontapi.Tag{Key: new(key), Value: new(record.Tags[key])})
		}
	}
	return &cloudfrontapi.ListTagsForResourceResult{Tags: tags}, nil
}

// taggedTypes are the resources that have tags: how their ARNs name the type
// and where they are stored by the name that follows it.
func taggedTypes() map[string]Kind {
	return map[string]Kind{
		"distribution": KindDistribution, "streaming-distribution": KindStreamingDistribution,
		"vpcorigin": KindVPCOrigin, "anycast-ip-list": KindAnycastIPList, "trust-store": KindTrustStore,
		"connection-group": KindConnectionGroup, "distribution-tenant": KindDistributionTenant,
		"function": KindFunction, "connection-function": KindConnectionFunction, "key-value-store": KindKeyValueStoreID,
	}
}

// tagged is what an ARN names: where it and its tags are stored.
type tagged struct {
	key, tagsKey string
	revision     int64
}

func noSuchResource() error {
	return cloudfrontapi.NoSuchResource("A resource that was specified is not valid.")
}

// taggable finds what an ARN names.
func (s *Service) taggable(call *api.Call, arn *string) (tagged, error) {
	name, ours := strings.CutPrefix(value(arn), arnPrefix(call))
	if !ours {
		if !strings.HasPrefix(value(arn), "arn:") {
			return tagged{}, badParameter("Resource is not a valid ARN.")
		}
		return tagged{}, noSuchResource()
	}
	resourceType, id, _ := strings.Cut(name, "/")
	kind := taggedTypes()[resourceType]
	if kind == "" || id == "" {
		return tagged{}, noSuchResource()
	}
	found := tagged{key: Key(call.Account, kind, id), tagsKey: tagsKey(call.Account, resourceType, id)}
	var err error
	if found.revision, err = s.revision(call, found.key); err == nil && found.revision == 0 {
		err = noSuchResource()
	}
	return found, err
}

func (s *Service) changeTags(call *api.Call, arn *string, edit func(map[string]string)) error {
	_, err := s.write(call, func(c *change) error {
		found, err := s.taggable(call, arn)
		if err != nil {
			return err
		}
		record, revision, err := read[TagsRecord](call, s, found.tagsKey)
		if err != nil {
			return err
		}
		tags := make(map[string]string)
		if record != nil {
			tags = record.Tags
		}
		edit(tags)
		if len(tags) > s.limits.Tags {
			return invalidTagging()
		}
		c.expect(found.key, found.revision)
		c.expect(found.tagsKey, revision)
		if len(tags) == 0 {
			c.delete(found.tagsKey)
		} else {
			c.put(found.tagsKey, TagsRecord{Tags: tags})
		}
		return nil
	})
	return err
}

func invalidTagging() error {
	return cloudfrontapi.InvalidTagging("The tagging specified is not valid.")
}

// checkTags makes a map of a list of tags (reference/cloudfront.md 1.9).
func (s *Service) checkTags(in *cloudfrontapi.Tags) (map[string]string, error) {
	tags := make(map[string]string, len(in.Items))
	for _, tag := range in.Items {
		key, text := value(tag.Key), value(tag.Value)
		_, twice := tags[key]
		if twice || key == "" || utf8.RuneCountInString(key) > maxTagKey || utf8.RuneCountInString(text) > maxTagValue ||
			strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, invalidTagging()
		}
		tags[key] = text
	}
	if len(tags) > s.limits.Tags {
		return nil, invalidTagging()
	}
	return tags, nil
}
