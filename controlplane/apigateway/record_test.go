package apigateway

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestKeys(t *testing.T) {
	for want, ref := range map[string]Ref{
		"apigateway/000000000000/us-east-1/restapis/abc":       {Account: "000000000000", Region: "us-east-1", Kind: KindRestAPI, ID: "abc"},
		"apigateway/000000000000/us-east-1/deployments/abc/d1": {Account: "000000000000", Region: "us-east-1", Kind: KindDeployment, Parent: "abc", ID: "d1"},
		"apigateway/000000000000/us-east-1/stages/abc/prod":    {Account: "000000000000", Region: "us-east-1", Kind: KindStage, Parent: "abc", ID: "prod"},
		"apigateway/000000000000/us-east-1/apikeys/k":          {Account: "000000000000", Region: "us-east-1", Kind: KindKey, ID: "k"},
		"apigateway/000000000000/us-east-1/usageplankeys/p/k":  {Account: "000000000000", Region: "us-east-1", Kind: KindPlanKey, Parent: "p", ID: "k"},
		"apigateway-ids/abc": {Kind: KindOwner, ID: "abc"},
		"apigateway/000000000000/us-east-1/stages/a%2Fb/..%2Fc":            {Account: "000000000000", Region: "us-east-1", Kind: KindStage, Parent: "a/b", ID: "../c"},
		"apigateway/000000000000/us-east-1/apikeyvalues/" + ValueHash("v"): {Account: "000000000000", Region: "us-east-1", Kind: KindKeyValue, ID: ValueHash("v")},
	} {
		if got := ref.Key(); got != want {
			t.Errorf("key %s, want %s", got, want)
		}
		if got, ok := ParseKey(want); !ok || got != ref {
			t.Errorf("%s parsed as %+v, %v", want, got, ok)
		}
	}
	for _, key := range []string{
		"", "apigateway/", "apigateway-ids/", "apigateway/a/r/restapis/", "apigateway/a/r/restapis", "apigateway/a/r/restapis/x/y",
		"apigateway/a/r/stages/x", "apigateway/a/r/stages/x/y/z", "apigateway/a/r/unknown/x", "apigateway/a//restapis/x", "apigateway/a/r/restapis/%zz", "cloudfront/a",
	} {
		if ref, ok := ParseKey(key); ok {
			t.Errorf("%q parsed as %+v", key, ref)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("abc", "prod")
	f.Add("a/b", "..")
	f.Add("%2F", "\x00\xff")
	f.Fuzz(func(t *testing.T, parent, id string) {
		ref := Ref{Account: "1", Region: "r", Kind: KindStage, Parent: parent, ID: id}
		got, ok := ParseKey(ref.Key())
		if parent != "" && id != "" && (!ok || got != ref) {
			t.Errorf("%q, %q came back as %+v, %v", parent, id, got, ok)
		}
		if strings.Count(ref.Key(), "/") != 5 {
			t.Errorf("%q, %q made the key %q", parent, id, ref.Key())
		}
		ParseKey(id)
	})
}

// A record read back is the record written: absent and empty members are kept
// apart, and null templates stay.
func TestRecordsKeepAbsentAndEmptyApart(t *testing.T) {
	rec := APIRecord{
		Api: apigatewayapi.RestApi{Id: new("a"), CreatedDate: seconds(testNow)},
		Resources: map[string]apigatewayapi.Resource{"r": {ResourceMethods: map[string]apigatewayapi.Method{"GET": {
			MethodResponses: map[string]apigatewayapi.MethodResponse{"200": {ResponseParameters: map[string]bool{}}},
			MethodIntegration: &apigatewayapi.Integration{
				CacheKeyParameters: []string{}, RequestTemplates: map[string]*string{"a/b": nil, "c/d": new("x")},
				IntegrationResponses: map[string]apigatewayapi.IntegrationResponse{"200": {SelectionPattern: new("")}},
			},
		}}}},
	}
	b, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[APIRecord]("k", b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, rec) {
		t.Errorf("got  %+v\nwant %+v", *got, rec)
	}
}

func TestRandomIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := randomID(10)
		if len(id) != 10 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
	if v := randomKeyValue(); len(v) != 40 {
		t.Errorf("key value %q", v)
	}
	// Every character of the alphabet appears: the draw is not cut short.
	all := randomText(5000, "abcdefghijklmnopqrstuvwxyz0123456789")
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		if !strings.ContainsRune(all, c) {
			t.Errorf("%c never drawn", c)
		}
	}
}
