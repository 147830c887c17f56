package cloudfront

import (
	"maps"
	"slices"

	"drawbridge/controlplane/api/cloudfrontapi"
)

// listTags makes AWS's form of tags, sorted by key.
func listTags(tags map[string]string) *cloudfrontapi.Tags {
	list := &cloudfrontapi.Tags{Items: []cloudfrontapi.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list.Items = append(list.Items, cloudfrontapi.Tag{Key: new(key), Value: new(tags[key])})
	}
	return list
}
