package cloudfront_test

import (
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
)

func tags(keysAndValues ...string) *cloudfrontapi.Tags {
	t := &cloudfrontapi.Tags{}
	for i := 0; i < len(keysAndValues); i += 2 {
		t.Items = append(t.Items, cloudfrontapi.Tag{Key: new(keysAndValues[i]), Value: new(keysAndValues[i+1])})
	}
	return t
}

func tagsOf(t testing.TB, s *cloudfront.Service, arn *string) string {
	t.Helper()
	out, err := s.ListTagsForResource(call(account), &cloudfrontapi.ListTagsForResourceRequest{Resource: arn})
	if err != nil {
		t.Fatal(err)
	}
	if out.Tags.Items == nil {
		t.Error("no list of tags")
	}
	var all []string
	for _, tag := range out.Tags.Items {
		all = append(all, *tag.Key+"="+*tag.Value)
	}
	return strings.Join(all, " ")
}

func TestTags(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	made, err := s.CreateDistributionWithTags(call(account), &cloudfrontapi.CreateDistributionWithTagsRequest{
		DistributionConfigWithTags: &cloudfrontapi.DistributionConfigWithTags{DistributionConfig: config("r"), Tags: tags("b", "2", "a", "1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := made.Distribution.ARN
	if got := tagsOf(t, s, arn); got != "a=1 b=2" {
		t.Errorf("after create: %s", got)
	}
	if err := s.TagResource(call(account), &cloudfrontapi.TagResourceRequest{Resource: arn, Tags: tags("b", "3", "c", "")}); err != nil {
		t.Fatal(err)
	}
	if err := s.UntagResource(call(account), &cloudfrontapi.UntagResourceRequest{Resource: arn, TagKeys: &cloudfrontapi.TagKeys{Items: []string{"a", "x"}}}); err != nil {
		t.Fatal(err)
	}
	if got := tagsOf(t, s, arn); got != "b=3 c=" {
		t.Errorf("after changes: %s", got)
	}
	if again := get(t, s, made.Distribution.Id); *again.ETag != *made.ETag {
		t.Error("a tag changed the ETag")
	}
	if err := s.UntagResource(call(account), &cloudfrontapi.UntagResourceRequest{Resource: arn, TagKeys: &cloudfrontapi.TagKeys{Items: []string{"b", "c"}}}); err != nil {
		t.Fatal(err)
	}
	if got := tagsOf(t, s, arn); got != "" {
		t.Errorf("after all are taken off: %s", got)
	}
	if got := tagsOf(t, s, create(t, s, account, config("untagged")).Distribution.ARN); got != "" {
		t.Errorf("never tagged: %s", got)
	}
}

func TestTagRules(t *testing.T) {
	s := newService(t, cloudfront.Options{})
	arn := create(t, s, account, config("r")).Distribution.ARN
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprint("k", i), "v")
	}
	for name, bad := range map[string]*cloudfrontapi.Tags{
		"too many": tags(many...), "no key": tags("", "v"), "long key": tags(strings.Repeat("k", 129), "v"),
		"long value": tags("k", strings.Repeat("v", 257)), "twice": tags("k", "1", "k", "2"), "AWS's own": tags("aws:x", "v"),
	} {
		t.Run(name, func(t *testing.T) {
			err := s.TagResource(call(account), &cloudfrontapi.TagResourceRequest{Resource: arn, Tags: bad})
			wantError(t, err, "InvalidTagging", 400, "The tagging specified is not valid.")
			_, err = s.CreateDistributionWithTags(call(account), &cloudfrontapi.CreateDistributionWithTagsRequest{
				DistributionConfigWithTags: &cloudfrontapi.DistributionConfigWithTags{DistributionConfig: config("t"), Tags: bad},
			})
			wantError(t, err, "InvalidTagging", 400, "")
		})
	}
	if err := s.TagResource(call(account), &cloudfrontapi.TagResourceRequest{Resource: arn, Tags: tags(many[:100]...)}); err != nil {
		t.Fatal(err)
	}
	err := s.TagResource(call(account), &cloudfrontapi.TagResourceRequest{Resource: arn, Tags: tags("one more", "v")})
	wantError(t, err, "InvalidTagging", 400, "")

	for resource, code := range map[string]string{
		"x": invalidArgument, strings.Replace(*arn, account, otherAccount, 1): "NoSuchResource",
		"arn:aws:cloudfront::" + account + ":distribution/EX": "NoSuchResource", "arn:aws:cloudfront::" + account + ":function/f": "NoSuchResource",
	} {
		_, err := s.ListTagsForResource(call(account), &cloudfrontapi.ListTagsForResourceRequest{Resource: new(resource)})
		wantError(t, err, code, map[string]int{invalidArgument: 400, "NoSuchResource": 404}[code], "")
	}
	wantError(t, s.TagResource(call(account), &cloudfrontapi.TagResourceRequest{Resource: arn}), "MissingBody", 400, "")
	wantError(t, s.UntagResource(call(account), &cloudfrontapi.UntagResourceRequest{Resource: arn}), "MissingBody", 400, "")
}
