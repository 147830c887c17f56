package apigateway

import (
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestCreateApiKey(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Keys = 4 })
	create := func(in apigatewayapi.CreateApiKeyRequest) (*apigatewayapi.ApiKey, error) {
		return w.CreateApiKey(w.call, &in)
	}
	k := must[apigatewayapi.ApiKey](t)(create(apigatewayapi.CreateApiKeyRequest{}))
	if len(*k.Value) != 40 || len(*k.Id) != 10 || *k.Enabled || k.StageKeys == nil || k.Name != nil || k.Tags != nil {
		t.Errorf("defaults: %+v", k)
	}
	value := strings.Repeat("v", 20)
	k = must[apigatewayapi.ApiKey](t)(create(apigatewayapi.CreateApiKeyRequest{
		Value: &value, Tags: map[string]string{"_custom_id_": "my.key"}, StageKeys: []apigatewayapi.StageKey{{RestApiId: new("a"), StageName: new("s")}},
	}))
	if *k.Id != "my.key" || *k.Value != value || k.StageKeys[0] != "a/s" {
		t.Errorf("got %+v", k)
	}
	for _, c := range []struct {
		in         apigatewayapi.CreateApiKeyRequest
		code, text string
	}{
		{apigatewayapi.CreateApiKeyRequest{Value: &value}, conflict, "API Key already exists"},
		{apigatewayapi.CreateApiKeyRequest{Tags: map[string]string{"_custom_id_": "my.key"}}, conflict, "API Key already exists"},
		{apigatewayapi.CreateApiKeyRequest{Tags: map[string]string{"_custom_id_": "a/b"}}, bad, "Invalid value for tag _custom_id_…"},
		{apigatewayapi.CreateApiKeyRequest{Value: new(value[1:])}, bad, "API Key value should be at least 20 characters"},
		{apigatewayapi.CreateApiKeyRequest{Value: new(strings.Repeat("v", 129))}, bad, "API Key value exceeds maximum size of 128 characters"},
		{apigatewayapi.CreateApiKeyRequest{Value: new(value + "\r\nX: y")}, bad, "API Key value contains characters…"},
		{apigatewayapi.CreateApiKeyRequest{Name: new(strings.Repeat("n", 1025))}, bad, "Invalid API Key name, can be at most 1024 characters."},
		{apigatewayapi.CreateApiKeyRequest{Description: new(strings.Repeat("d", 125001))}, bad, "Invalid API Key description specified."},
	} {
		_, err := create(c.in)
		refused(t, err, c.code, c.text)
	}
	// The same value in another region is another key.
	if _, err := w.CreateApiKey(caller("000000000000", "eu-west-1"), &apigatewayapi.CreateApiKeyRequest{Value: &value}); err != nil {
		t.Error(err)
	}
	// No key of the store shows the secret, and deleting frees the value.
	for _, key := range w.keysUnder("") {
		if strings.Contains(key, value) {
			t.Errorf("the value stands in the store's key %s", key)
		}
	}
	w.ok(w.DeleteApiKey(w.call, &apigatewayapi.DeleteApiKeyRequest{ApiKey: new("my.key")}))
	refused(t, w.DeleteApiKey(w.call, &apigatewayapi.DeleteApiKeyRequest{ApiKey: new("my.key")}), notFound, "Invalid API Key identifier specified")
	for range 3 {
		must[apigatewayapi.ApiKey](t)(create(apigatewayapi.CreateApiKeyRequest{}))
	}
	_, err := create(apigatewayapi.CreateApiKeyRequest{Value: &value})
	refused(t, err, limited, "Maximum number of API keys…")
}

func TestApiKeyValueIsShownOnRequest(t *testing.T) {
	w := newWorld(t)
	k := w.key("n")
	get := func(include *bool) *apigatewayapi.ApiKey {
		return must[apigatewayapi.ApiKey](t)(w.GetApiKey(w.call, &apigatewayapi.GetApiKeyRequest{ApiKey: k.Id, IncludeValue: include}))
	}
	if out := get(nil); out.Value != nil || out.Tags == nil {
		t.Errorf("got %+v", out)
	}
	if out := get(new(true)); *out.Value != *k.Value {
		t.Errorf("got %+v", out)
	}
	out := must[apigatewayapi.ApiKeys](t)(w.GetApiKeys(w.call, &apigatewayapi.GetApiKeysRequest{}))
	if out.Items[0].Value != nil || out.Items[0].Tags != nil {
		t.Errorf("got %+v", out.Items[0])
	}
	out = must[apigatewayapi.ApiKeys](t)(w.GetApiKeys(w.call, &apigatewayapi.GetApiKeysRequest{IncludeValues: new(true)}))
	if *out.Items[0].Value != *k.Value {
		t.Errorf("got %+v", out.Items[0])
	}
	_, err := w.GetApiKey(w.call, &apigatewayapi.GetApiKeyRequest{ApiKey: new(strings.Repeat("x", 5000))})
	refused(t, err, notFound, "Invalid API Key identifier specified")
}

func TestGetApiKeysFiltersAndPages(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.key(fmt.Sprintf("%s-%d", []string{"blue", "red"}[i%2], i))
	}
	must[apigatewayapi.ApiKey](t)(w.CreateApiKey(w.call, &apigatewayapi.CreateApiKeyRequest{Name: new("blue-c"), CustomerId: new("c1")}))
	all := func(in apigatewayapi.GetApiKeysRequest) int {
		t.Helper()
		n := 0
		for {
			out := must[apigatewayapi.ApiKeys](t)(w.GetApiKeys(w.call, &in))
			n += len(out.Items)
			if in.Position = out.Position; in.Position == nil {
				return n
			}
		}
	}
	for _, c := range []struct {
		in   apigatewayapi.GetApiKeysRequest
		want int
	}{
		{apigatewayapi.GetApiKeysRequest{}, 21},
		{apigatewayapi.GetApiKeysRequest{NameQuery: new("blue"), Limit: new(int32(3))}, 11},
		{apigatewayapi.GetApiKeysRequest{NameQuery: new("BLUE")}, 0},
		{apigatewayapi.GetApiKeysRequest{NameQuery: new("lue")}, 0},
		{apigatewayapi.GetApiKeysRequest{CustomerId: new("c1")}, 1},
		{apigatewayapi.GetApiKeysRequest{Limit: new(int32(1))}, 21},
	} {
		if got := all(c.in); got != c.want {
			t.Errorf("%+v: %d keys, want %d", c.in, got, c.want)
		}
	}
}

func TestUpdateApiKey(t *testing.T) {
	w := newWorld(t)
	k := w.key("n")
	update := func(ops ...string) (*apigatewayapi.ApiKey, error) {
		return w.UpdateApiKey(w.call, &apigatewayapi.UpdateApiKeyRequest{ApiKey: k.Id, PatchOperations: patch(ops...)})
	}
	out := must[apigatewayapi.ApiKey](t)(update("replace /name m", "replace /enabled maybe", "replace /description d", "replace /customerId c", "add /stages a/s", "add /stages b/s", "remove /stages a/s"))
	if *out.Name != "m" || *out.Enabled || *out.Description != "d" || *out.CustomerId != "c" || len(out.StageKeys) != 1 || out.Value != nil || out.Tags == nil {
		t.Errorf("got %+v", out)
	}
	for op, text := range map[string]string{
		"replace /id x":    "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
		"replace /value x": "Invalid patch path  '/value' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
		"add /name x":      "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations",
		"replace /name " + strings.Repeat("n", 1025): "Invalid API Key name, can be at most 1024 characters.",
	} {
		_, err := update(op)
		refused(t, err, bad, text)
	}
	rec, err := load[KeyRecord](w.call, w.st, keyRef(w.call, *k.Id))
	if w.ok(err); *rec.Key.Value != *k.Value {
		t.Error("an update lost the value")
	}
}
