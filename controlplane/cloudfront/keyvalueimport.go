package cloudfront

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"unicode/utf8"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/store"
)

var objectARN = regexp.MustCompile(`\Aarn:aws[a-z-]*:s3:::([0-9a-z][0-9a-z.-]{1,61}[0-9a-z])/(.+)\z`)

// maxObjectKey is how long S3 lets the key of an object be.
const maxObjectKey = 1024

// maxImportBytes bounds the object that pairs come from: a full store, and the
// JSON around its pairs.
const maxImportBytes = 2 * maxStoreBytes

// importedPairs reads the pairs of an import source in S3; none without a
// source.
func (s *Service) importedPairs(call *api.Call, in *cloudfrontapi.ImportSource) ([]KeyValueRecord, error) {
	if in == nil {
		return nil, nil
	}
	at := objectARN.FindStringSubmatch(value(in.SourceARN))
	switch {
	case value(in.SourceType) != cloudfrontapi.ImportSourceTypeS3:
		return nil, badParameter("ImportSource SourceType is not valid.")
	case at == nil || len(at[2]) > maxObjectKey:
		return nil, badParameter("ImportSource SourceARN is not valid.")
	case s.readObject == nil:
		return nil, cloudfrontapi.UnsupportedOperation(noObjects)
	}
	text, err := s.readObject(call, ObjectLocation{Bucket: at[1], Key: at[2], Region: call.Region}, maxImportBytes+1)
	if err != nil {
		return nil, badParameter("ImportSource could not be read: %s", quote(err.Error()))
	}
	return parsePairs(text)
}

// parsePairs reads an import file: {"data": [{"key": "…", "value": "…"}]}
// (Developer Guide, "File format for key-value pairs").
func parsePairs(text []byte) ([]KeyValueRecord, error) {
	var file struct {
		Data []struct{ Key, Value *string }
	}
	switch {
	case len(text) > maxImportBytes:
		return nil, badParameter("ImportSource is too big.")
	case !utf8.Valid(text) || json.Unmarshal(text, &file) != nil || file.Data == nil:
		return nil, badParameter(`ImportSource is no JSON file of the form {"data": [{"key": "k", "value": "v"}]}.`)
	}
	pairs, seen, size := make([]KeyValueRecord, 0, len(file.Data)), map[string]bool{}, 0
	for i, pair := range file.Data {
		key, text := value(pair.Key), value(pair.Value)
		if key == "" || len(key) > maxPairKey || seen[key] || pair.Value == nil || len(text) > maxPairValue {
			return nil, badParameter("ImportSource has a pair that is not valid, number %d.", i+1)
		}
		if size += len(key) + len(text); size > maxStoreBytes {
			return nil, badParameter("ImportSource is too big.")
		}
		seen[key] = true
		pairs = append(pairs, KeyValueRecord{key, text})
	}
	return pairs, nil
}

// putPairs writes the pairs of a store that is not there yet.
func (s *Service) putPairs(ctx context.Context, account, id string, pairs []KeyValueRecord) error {
	for step := range slices.Chunk(pairs, store.MaxTxnOps/2) {
		if _, err := s.write(ctx, func(c *change) error {
			for _, pair := range step {
				c.put(keyValueKey(account, id, pair.Key), pair)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
