package compile

import (
	"testing"

	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/store"
)

func functionChange(t *testing.T, name, code string) store.Change {
	return put(t, cloudfront.Key(account, cloudfront.KindLiveFunction, name), &cloudfront.FunctionRecord{
		Name: name, Code: []byte(code), Config: cloudfrontapi.FunctionConfig{
			Runtime: new("cloudfront-js-2.0"),
			KeyValueStoreAssociations: &cloudfrontapi.KeyValueStoreAssociations{Items: []cloudfrontapi.KeyValueStoreAssociation{{
				KeyValueStoreARN: new("arn:aws:cloudfront::" + account + ":key-value-store/id-1"),
			}}},
		},
	})
}

// A behavior has the functions that are published; publishing anew compiles the
// distributions that use them.
func TestFunctions(t *testing.T) {
	s := fed{State: NewState()}
	arn := "arn:aws:cloudfront::" + account + ":function/"
	with := put(t, distributionKey("E1"), stored("E1", config(func(_ *cloudfrontapi.DistributionConfig, b *cloudfrontapi.DefaultCacheBehavior) {
		b.FunctionAssociations = &cloudfrontapi.FunctionAssociations{Items: []cloudfrontapi.FunctionAssociation{
			{EventType: new("viewer-request"), FunctionARN: new(arn + "ask")},
			{EventType: new("viewer-response"), FunctionARN: new(arn + "tell")},
		}}
	})))
	if update := s.apply(with); len(update.Problems) != 1 {
		t.Errorf("a function that is not there: %v", update.Problems)
	}
	s.apply(functionChange(t, "ask", "function handler(e) { return e.request; }"), functionChange(t, "tell", "function handler(e) { return e.response; }"))
	b := s.apply(with).Edge.Distributions["E1"].Match("/")
	if b.ViewerRequest.Name != "ask" || b.ViewerRequest.Code == nil || b.ViewerRequest.Store != "id-1" || b.ViewerResponse.Name != "tell" {
		t.Errorf("%+v %+v", b.ViewerRequest, b.ViewerResponse)
	}
	again := s.apply(functionChange(t, "tell", "function handler(e) { for (const a of e) {} }"))
	if d := again.Edge.Distributions["E1"]; d == nil || d.Match("/").ViewerResponse.Code != nil || len(again.Problems) > 0 {
		t.Errorf("a broken function: %v", again.Problems)
	}
}

func TestKeyValueStores(t *testing.T) {
	s := fed{State: NewState()}
	key := func(name string) string { return cloudfront.Key(account, cloudfront.KindKeyValue, "id-1/"+name) }
	summary := cloudfront.Key(account, cloudfront.KindKeyValueSummary, "id-1")
	first := s.apply(put(t, summary, &cloudfront.KeyValueSummary{Count: 1}), put(t, key("a%2F"), &cloudfront.KeyValueRecord{Key: "a/", Value: "1"})).Edge.Stores["id-1"]
	second := s.apply(put(t, summary, &cloudfront.KeyValueSummary{Count: 1}), put(t, key("b"), &cloudfront.KeyValueRecord{Key: "b", Value: "2"}), put(t, key("a%2F"), nil)).Edge.Stores["id-1"]
	if len(first.Pairs) != 1 || first.Pairs["a/"] != "1" || len(second.Pairs) != 1 || second.Pairs["b"] != "2" {
		t.Errorf("%v then %v", first, second)
	}
	gone := s.apply(put(t, summary, nil)).Edge.Stores
	if unit, there := gone["id-1"]; !there || unit != nil {
		t.Errorf("a store that is deleted: %v", gone)
	}
	s.apply(put(t, key("b"), nil))
	if len(s.stores) != 0 {
		t.Errorf("%v is left", s.stores)
	}
}
