package apigateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func (w *world) importKeys(csv string, strict bool) (*apigatewayapi.ApiKeyIds, error) {
	return w.ImportApiKeys(w.call, &apigatewayapi.ImportApiKeysRequest{Body: []byte(csv), Format: new("csv"), FailOnWarnings: &strict})
}

func TestImportApiKeys(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	plan := w.plan(id + ":prod")
	value := func(n int) string { return fmt.Sprintf("%040d", n) }
	file := "\xef\xbb\xbf Enabled ,NAME,other,key,UsagePlanIds,description\n" +
		"false,one,x," + value(1) + `,"` + plan + `, none","first, of all"` + "\n" +
		",two,x," + value(2) + "\n" +
		"maybe,three,x," + value(3) + "\n" +
		"true,,x," + value(4) + "\n" +
		"true,five,x,short\n"
	_, err := w.importKeys(file, true)
	refused(t, err, bad, "Warnings found during import: Row 4: Enabled must be true or false…")
	if n := len(w.keysUnder(Prefix(w.call.Account, w.call.Region, KindKey))); n != 0 {
		t.Fatalf("a failed import left %d keys", n)
	}
	out := must[apigatewayapi.ApiKeyIds](t)(w.importKeys(file, false))
	want := []string{"Row 4: Enabled must be true or false", "Row 5: Name must not be empty",
		"Row 6: Key must be between 30 and 128 characters", "Row 2: Invalid Usage Plan ID specified: none"}
	if strings.Join(out.Warnings, "|") != strings.Join(want, "|") || len(out.Ids) != 2 {
		t.Fatalf("ids %v, warnings %q", out.Ids, out.Warnings)
	}
	one := must[apigatewayapi.ApiKey](t)(w.GetApiKey(w.call, &apigatewayapi.GetApiKeyRequest{ApiKey: &out.Ids[0], IncludeValue: new(true)}))
	if val(one.Name) != "one" || val(one.Value) != value(1) || val(one.Enabled) || val(one.Description) != "first, of all" {
		t.Errorf("first key %+v", one)
	}
	if two := must[apigatewayapi.ApiKey](t)(w.GetApiKey(w.call, &apigatewayapi.GetApiKeyRequest{ApiKey: &out.Ids[1]})); !val(two.Enabled) {
		t.Error("a key without a word about it is not enabled")
	}
	keys := must[apigatewayapi.UsagePlanKeys](t)(w.GetUsagePlanKeys(w.call, &apigatewayapi.GetUsagePlanKeysRequest{UsagePlanId: &plan}))
	if len(keys.Items) != 1 || val(keys.Items[0].Id) != out.Ids[0] {
		t.Errorf("keys of the plan: %+v", keys.Items)
	}

	// The same value again is the same key, also twice in one file.
	again := must[apigatewayapi.ApiKeyIds](t)(w.importKeys("Name,Key\nrenamed,"+value(1)+"\nagain,"+value(1)+"\n", true))
	one = must[apigatewayapi.ApiKey](t)(w.GetApiKey(w.call, &apigatewayapi.GetApiKeyRequest{ApiKey: &out.Ids[0]}))
	if len(again.Ids) != 2 || again.Ids[0] != out.Ids[0] || again.Ids[1] != out.Ids[0] || val(one.Name) != "again" || !val(one.Enabled) {
		t.Errorf("imported again: %v, %+v", again.Ids, one)
	}
}

func TestImportApiKeysInBatches(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Keys = 250 })
	var file strings.Builder
	file.WriteString("name,key\n")
	for i := range 250 {
		fmt.Fprintf(&file, "n%d,%040d\n", i, i)
	}
	out := must[apigatewayapi.ApiKeyIds](t)(w.importKeys(file.String(), true))
	if len(out.Ids) != 250 || len(w.keysUnder(Prefix(w.call.Account, w.call.Region, KindKey))) != 250 {
		t.Errorf("%d ids", len(out.Ids))
	}
	_, err := w.importKeys("name,key\nmore,"+strings.Repeat("9", 40)+"\n", true)
	refused(t, err, limited, "Maximum number of API keys…")
}

func FuzzImportApiKeys(f *testing.F) {
	for _, seed := range []string{"", "Name,Key\na,b\n", "Name,Key\n\"", "name,key,enabled,usageplanids,description\na," + strings.Repeat("k", 30) + ",true,\"p,q\",d\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := parseKeyFile(body, 100)
		var e *api.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("untyped error %v", err)
		}
		if err == nil && (len(file.keys) > 100 || len(file.warnings) > maxImportNotes) {
			t.Fatalf("%d keys, %d warnings", len(file.keys), len(file.warnings))
		}
	})
}
