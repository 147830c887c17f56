package apigateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func TestCreateUsagePlan(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	stage := apigatewayapi.ApiStage{ApiId: &id, Stage: new("prod")}
	create := func(in apigatewayapi.CreateUsagePlanRequest) (*apigatewayapi.UsagePlan, error) {
		if in.Name == nil {
			in.Name = new("p")
		}
		return w.CreateUsagePlan(w.call, &in)
	}
	out := must[apigatewayapi.UsagePlan](t)(create(apigatewayapi.CreateUsagePlanRequest{
		ApiStages: []apigatewayapi.ApiStage{stage}, Throttle: &apigatewayapi.ThrottleSettings{RateLimit: new(1.0), BurstLimit: new(int32(9))},
		Quota: &apigatewayapi.QuotaSettings{Limit: new(int32(10)), Period: new("WEEK")}, Tags: map[string]string{"_custom_id_": "my-plan"},
	}))
	if *out.Id != "my-plan" || *out.Quota.Offset != 0 || *out.Throttle.BurstLimit != 9 || len(out.ApiStages) != 1 {
		t.Errorf("got %+v", out)
	}
	quota := func(limit, offset int32, period string) *apigatewayapi.QuotaSettings {
		return &apigatewayapi.QuotaSettings{Limit: &limit, Offset: &offset, Period: &period}
	}
	for _, c := range []struct {
		in         apigatewayapi.CreateUsagePlanRequest
		code, text string
	}{
		{apigatewayapi.CreateUsagePlanRequest{Tags: map[string]string{"_custom_id_": "my-plan"}}, conflict, "Usage Plan already exists"},
		{apigatewayapi.CreateUsagePlanRequest{Name: new("")}, bad, "Usage Plan name cannot be blank"},
		{apigatewayapi.CreateUsagePlanRequest{ApiStages: []apigatewayapi.ApiStage{{}}}, bad, "Invalid API Stage specified"},
		{apigatewayapi.CreateUsagePlanRequest{ApiStages: []apigatewayapi.ApiStage{{ApiId: &id, Stage: new("x")}}}, notFound, "Invalid API Stage {api: " + id + ", stage: x} specified for usageplan…"},
		{apigatewayapi.CreateUsagePlanRequest{ApiStages: []apigatewayapi.ApiStage{stage, stage}}, conflict, "API Stage " + id + ":prod is already part…"},
		{apigatewayapi.CreateUsagePlanRequest{Throttle: &apigatewayapi.ThrottleSettings{RateLimit: new(-1.0)}}, bad, rateText},
		{apigatewayapi.CreateUsagePlanRequest{Throttle: &apigatewayapi.ThrottleSettings{BurstLimit: new(int32(-1))}}, bad, burstText},
		{apigatewayapi.CreateUsagePlanRequest{Quota: quota(0, 0, "DAY")}, bad, quotaText},
		{apigatewayapi.CreateUsagePlanRequest{Quota: quota(1, 0, "YEAR")}, bad, "Usage Plan quota period must be one of DAY, WEEK, MONTH"},
		{apigatewayapi.CreateUsagePlanRequest{Quota: quota(1, 7, "WEEK")}, bad, "Usage Plan quota offset must be between 0 and 6 for period WEEK"},
	} {
		_, err := create(c.in)
		refused(t, err, c.code, c.text)
	}
}

func TestUpdateUsagePlan(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.MethodThrottles = 3 })
	id, _ := w.deployed()
	other, _ := w.deployed()
	plan := w.plan(id + ":prod")
	update := func(ops ...string) (*apigatewayapi.UsagePlan, error) {
		for i := range ops {
			ops[i] = strings.ReplaceAll(ops[i], "API", id)
		}
		return w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: &plan, PatchOperations: patch(ops...)})
	}
	out := must[apigatewayapi.UsagePlan](t)(update("replace /throttle/burstLimit 100", "replace /throttle/rateLimit 200", "replace /quota/period MONTH",
		"replace /quota/limit 5000", "replace /name n", "replace /description d", "add /productCode c", "add /apiStages "+other+":prod"))
	if *out.Throttle.BurstLimit != 100 || *out.Throttle.RateLimit != 200 || *out.Quota.Limit != 5000 || *out.Quota.Offset != 0 || *out.Quota.Period != "MONTH" ||
		*out.Name != "n" || *out.Description != "d" || *out.ProductCode != "c" || len(out.ApiStages) != 2 || out.Tags == nil {
		t.Errorf("got %+v", out)
	}
	out = must[apigatewayapi.UsagePlan](t)(update("remove /quota", "remove /throttle", "remove /productCode", "remove /apiStages "+other+":prod"))
	if out.Throttle != nil || out.Quota != nil || out.ProductCode != nil || len(out.ApiStages) != 1 {
		t.Errorf("got %+v", out)
	}

	// Method throttles, in every spelling clients use.
	out = must[apigatewayapi.UsagePlan](t)(update("replace /apiStages/API:prod/throttle/~1pets~1{id}/GET/rateLimit 2",
		"replace /apiStages/API:prod/throttle//pets/{id}/GET/burstLimit 3", "add /apiStages/API:prod/throttle///GET/rateLimit 4", "add /apiStages/API:prod/throttle/~1/GET/burstLimit 5"))
	th := out.ApiStages[0].Throttle
	if len(th) != 2 || *th["/pets/{id}/GET"].RateLimit != 2 || *th["/pets/{id}/GET"].BurstLimit != 3 || *th["//GET"].RateLimit != 4 || *th["//GET"].BurstLimit != 5 {
		t.Errorf("method throttles %+v", th)
	}
	out = must[apigatewayapi.UsagePlan](t)(update("remove /apiStages/API:prod/throttle/~1pets~1{id}/GET"))
	if len(out.ApiStages[0].Throttle) != 1 {
		t.Errorf("method throttles %+v", out.ApiStages[0].Throttle)
	}
	out = must[apigatewayapi.UsagePlan](t)(update(`replace /apiStages/API:prod/throttle {"/a/POST":{"rateLimit":1.5,"burstLimit":1}}`))
	if th = out.ApiStages[0].Throttle; len(th) != 1 || *th["/a/POST"].RateLimit != 1.5 {
		t.Errorf("method throttles %+v", th)
	}
	out = must[apigatewayapi.UsagePlan](t)(update("remove /apiStages/API:prod/throttle"))
	if out.ApiStages[0].Throttle != nil {
		t.Errorf("method throttles %+v", out.ApiStages[0].Throttle)
	}

	for _, c := range []struct{ op, code, text string }{
		{"remove /apiStages", bad, "Invalid API Stage specified"},
		{"remove /apiStages fake", bad, "Invalid API Stage specified"},
		{"add /apiStages fake", bad, "Invalid API Stage specified"},
		{"remove /apiStages API:no", notFound, "Invalid API Stage {api: API, stage: no} specified for usageplan " + plan},
		{"add /apiStages API:no", notFound, "Invalid API Stage {api: API, stage: no} specified for usageplan " + plan},
		{"add /apiStages API:prod", conflict, "API Stage API:prod is already part of the usage plan"},
		{"replace /name", bad, "Usage Plan name cannot be blank"},
		{"replace /quota/limit x", bad, quotaText},
		{"replace /quota/limit 5", bad, "Usage Plan quota period must be one of DAY, WEEK, MONTH"},
		{"replace /throttle/rateLimit NaN", bad, rateText},
		{"replace /throttle x", bad, "Invalid patch operation specified. Must be one of: [remove]"},
		{"replace /unknown x", bad, "Invalid patch path /unknown"},
		{"replace /apiStages/API:prod/throttle/x", bad, "Invalid patch path /apiStages/API:prod/throttle/x"},
		{"replace /apiStages/API:prod/throttle/~1a/GET/limit 1", bad, "Invalid patch path /apiStages/API:prod/throttle/~1a/GET/limit"},
		{"replace /apiStages/API:prod/throttle nonsense", bad, "Invalid method throttle value specified…"},
		{`replace /apiStages/API:prod/throttle {"a":{}}`, bad, "Invalid method throttle path specified: a"},
		{`replace /apiStages/API:prod/throttle {"/a/GET":{},"/b/GET":{},"/c/GET":{},"/d/GET":{}}`, limited, "Maximum number of method throttles…"},
		{"remove /apiStages/API:prod/throttle/~1a/GET", notFound, "Invalid parameter name specified"},
	} {
		_, err := update(c.op)
		text := strings.ReplaceAll(c.text, "API:", id+":")
		refused(t, err, c.code, strings.ReplaceAll(text, "api: API", "api: "+id))
	}
	_, err := w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: new("none")})
	refused(t, err, notFound, "Invalid Usage Plan ID specified")
}

func TestUsagePlanKeys(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.PlansPerKey = 2 })
	id, _ := w.deployed()
	plan, k := w.plan(id+":prod"), w.key("first")
	join := func(plan, key string) (*apigatewayapi.UsagePlanKey, error) {
		return w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: &key, KeyType: new("API_KEY")})
	}
	out := must[apigatewayapi.UsagePlanKey](t)(join(plan, *k.Id))
	if *out.Id != *k.Id || *out.Value != *k.Value || *out.Name != "first" || *out.Type != "API_KEY" {
		t.Errorf("got %+v", out)
	}
	got := must[apigatewayapi.UsagePlanKey](t)(w.GetUsagePlanKey(w.call, &apigatewayapi.GetUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id}))
	if *got.Value != *k.Value {
		t.Errorf("got %+v", got)
	}
	clash := w.plan(id + ":prod")
	empty := w.plan()
	third := w.plan()
	must[apigatewayapi.UsagePlanKey](t)(join(empty, *k.Id))
	for _, c := range []struct{ plan, key, code, text string }{
		{plan, *k.Id, conflict, "Usage Plan " + plan + " already has API Key " + *k.Id},
		{"none", *k.Id, notFound, "Invalid Usage Plan ID specified"},
		{plan, "none", notFound, "Invalid API Key identifier specified"},
		{third, *k.Id, limited, "Maximum number of usage plans…"},
	} {
		_, err := join(c.plan, c.key)
		refused(t, err, c.code, c.text)
	}
	_, err := w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("COOKIE")})
	refused(t, err, bad, "Invalid key type specified…")
	// A key has at most one plan for a stage, whichever side asks.
	_, err = w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: &empty, PatchOperations: patch("add /apiStages " + id + ":prod")})
	refused(t, err, conflict, "API Key "+*k.Id+" is already associated with API Stage "+id+":prod by usage plan "+plan)
	w.ok(w.DeleteUsagePlanKey(w.call, &apigatewayapi.DeleteUsagePlanKeyRequest{UsagePlanId: &empty, KeyId: k.Id}))
	_, err = join(clash, *k.Id)
	refused(t, err, conflict, "API Key "+*k.Id+" is already associated with API Stage "+id+":prod by usage plan "+plan)

	byKey := must[apigatewayapi.UsagePlans](t)(w.GetUsagePlans(w.call, &apigatewayapi.GetUsagePlansRequest{KeyId: k.Id}))
	if len(byKey.Items) != 1 || *byKey.Items[0].Id != plan {
		t.Errorf("plans of the key: %+v", byKey.Items)
	}
	refused(t, w.DeleteUsagePlanKey(w.call, &apigatewayapi.DeleteUsagePlanKeyRequest{UsagePlanId: &empty, KeyId: k.Id}), notFound, "Invalid API Key identifier specified")
	refused(t, w.DeleteUsagePlanKey(w.call, &apigatewayapi.DeleteUsagePlanKeyRequest{UsagePlanId: new("none"), KeyId: k.Id}), notFound, "Invalid Usage Plan ID specified")

	// Deleting the key takes it out of its plans.
	w.ok(w.DeleteApiKey(w.call, &apigatewayapi.DeleteApiKeyRequest{ApiKey: k.Id}))
	if keys := w.keysUnder(Prefix(w.call.Account, w.call.Region, KindPlanKey)); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
	none := must[apigatewayapi.UsagePlanKeys](t)(w.GetUsagePlanKeys(w.call, &apigatewayapi.GetUsagePlanKeysRequest{UsagePlanId: new("none")}))
	if none.Items == nil || len(none.Items) != 0 {
		t.Errorf("keys of an unknown plan: %v", none.Items)
	}
}

func TestDeleteUsagePlan(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	plan := w.plan(id + ":prod")
	del := func() error {
		return w.DeleteUsagePlan(w.call, &apigatewayapi.DeleteUsagePlanRequest{UsagePlanId: &plan})
	}
	refused(t, del(), bad, "Cannot delete Usage Plan "+plan+" because it has associated API stages")
	must[apigatewayapi.UsagePlan](t)(w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: &plan, PatchOperations: patch("remove /apiStages " + id + ":prod")}))
	// More keys than one transaction can delete.
	for i := range deleteChunk + 50 {
		k := w.key(fmt.Sprint(i))
		must[apigatewayapi.UsagePlanKey](t)(w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("API_KEY")}))
	}
	w.ok(del())
	if keys := w.keysUnder(Prefix(w.call.Account, w.call.Region, KindPlanKey)); len(keys) != 0 {
		t.Errorf("%d keys left behind", len(keys))
	}
	refused(t, del(), notFound, "Invalid Usage Plan ID specified")
}

func TestUsage(t *testing.T) {
	remaining := int64(-1)
	w := newWorld(t, func(o *Options) {
		o.Usage = func(_ context.Context, q UsageQuery) (map[string][]DayUsage, error) {
			out := map[string][]DayUsage{"stranger": {{1, 1}}}
			for _, id := range q.KeyIDs {
				for d := q.From; !d.After(q.To); d = d.AddDate(0, 0, 1) {
					out[id] = append(out[id], DayUsage{Used: 2, Remaining: 8})
				}
			}
			return out, nil
		}
		o.SetRemaining = func(_ context.Context, r Remaining) error {
			remaining = r.Requests
			return nil
		}
	})
	plan, a, b := w.plan(), w.key("a"), w.key("b")
	for _, k := range []*apigatewayapi.ApiKey{a, b} {
		must[apigatewayapi.UsagePlanKey](t)(w.CreateUsagePlanKey(w.call, &apigatewayapi.CreateUsagePlanKeyRequest{UsagePlanId: &plan, KeyId: k.Id, KeyType: new("API_KEY")}))
	}
	get := func(from, to string, key *string) (*apigatewayapi.Usage, error) {
		return w.GetUsage(w.call, &apigatewayapi.GetUsageRequest{UsagePlanId: &plan, StartDate: &from, EndDate: &to, KeyId: key})
	}
	out := must[apigatewayapi.Usage](t)(get("2026-11-20", "2026-11-22", nil))
	if len(out.Items) != 2 || len(out.Items[*a.Id]) != 3 || out.Items[*a.Id][0][1] != 8 {
		t.Errorf("got %+v", out.Items)
	}
	if out = must[apigatewayapi.Usage](t)(get("2026-11-22", "2026-11-22", b.Id)); len(out.Items) != 1 {
		t.Errorf("got %+v", out.Items)
	}
	for _, c := range [][3]string{
		{"yesterday", "today", "Invalid date specified…"}, {"2026-11-22", "2026-11-21", "Invalid date range specified, the end…"},
		{"2026-01-01", "2026-11-22", "Invalid date range specified, at most 90…"},
	} {
		_, err := get(c[0], c[1], nil)
		refused(t, err, bad, c[2])
	}
	update := func(ops ...string) (*apigatewayapi.Usage, error) {
		return w.UpdateUsage(w.call, &apigatewayapi.UpdateUsageRequest{UsagePlanId: &plan, KeyId: a.Id, PatchOperations: patch(ops...)})
	}
	if out = must[apigatewayapi.Usage](t)(update("replace /remaining 7")); remaining != 7 || *out.StartDate != "2026-11-22" || len(out.Items) != 1 {
		t.Errorf("remaining %d, got %+v", remaining, out)
	}
	_, err := update("replace /remaining -1")
	refused(t, err, bad, "Invalid remaining quota specified…")

	var e *api.Error
	if _, err = newWorld(t).GetUsage(w.call, &apigatewayapi.GetUsageRequest{}); !errors.As(err, &e) || e.Status != 501 {
		t.Errorf("without counters: got %v", err)
	}
}
