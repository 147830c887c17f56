package cloudfront_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	kvs "drawbridge/controlplane/api/cloudfrontkeyvaluestoreapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store/memory"
)

func imported(name, arn string) *cloudfrontapi.CreateKeyValueStoreRequest {
	return &cloudfrontapi.CreateKeyValueStoreRequest{Name: new(name), ImportSource: &cloudfrontapi.ImportSource{SourceType: new("S3"), SourceARN: new(arn)}}
}

// TestImport: more pairs than a transaction takes, and nothing left behind by a
// store that was not made.
func TestImport(t *testing.T) {
	st, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	type pair struct{ Key, Value string }
	var file struct{ Data []pair }
	for i := range 1234 {
		file.Data = append(file.Data, pair{fmt.Sprint("key", i), "v"})
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, cloudfront.Options{Store: st, ReadObject: func(_ context.Context, from cloudfront.ObjectLocation, _ int) ([]byte, error) {
		if from != (cloudfront.ObjectLocation{Bucket: "data", Key: "a/pairs.json", Region: "us-east-1"}) {
			return nil, errors.New("no such object")
		}
		return text, nil
	}})
	made, err := s.CreateKeyValueStore(call(account), imported("s", "arn:aws:s3:::data/a/pairs.json"))
	if err != nil {
		t.Fatal(err)
	}
	described, err := s.KeyValues().DescribeKeyValueStore(call(account), &kvs.DescribeKeyValueStoreRequest{KvsARN: made.KeyValueStore.ARN})
	if err != nil || *described.ItemCount != 1234 {
		t.Errorf("%+v, %v", described, err)
	}
	before := len(keys(t, st))
	_, err = s.CreateKeyValueStore(call(account), imported("s", "arn:aws:s3:::data/a/pairs.json"))
	wantError(t, err, "EntityAlreadyExists", 409, "")
	if after := len(keys(t, st)); after != before {
		t.Errorf("%d records are left of a store that was not made", after-before)
	}
	_, err = s.CreateKeyValueStore(call(account), imported("t", "arn:aws:s3:::data/other"))
	wantError(t, err, invalidArgument, 400, "The parameter ImportSource could not be read: no such object")
	_, err = newService(t, cloudfront.Options{}).CreateKeyValueStore(call(account), imported("t", "arn:aws:s3:::data/other"))
	wantError(t, err, "UnsupportedOperation", 400, "Drawbridge has no Amazon S3 to read from: start it with --aws-endpoint s3=URL.")
}

func FuzzParsePairs(f *testing.F) {
	for _, text := range []string{"", "{}", `{"data": []}`, `{"data": [{"key": "a", "value": "b"}]}`, `{"data": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}`,
		`{"data": [{"key": "", "value": "b"}]}`, `{"data": [{"key": "a"}]}`, "{\"data\": [{\"key\": \"\xff\", \"value\": \"\"}]}", `{"data": [{"key": "` + strings.Repeat("k", 513) + `", "value": ""}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		pairs, err := cloudfront.ParsePairs(text)
		seen := map[string]bool{}
		for _, pair := range pairs {
			if err != nil || pair.Key == "" || len(pair.Key) > 512 || len(pair.Value) > 1024 || seen[pair.Key] {
				t.Errorf("%q, %v", pair, err)
			}
			seen[pair.Key] = true
		}
	})
}
