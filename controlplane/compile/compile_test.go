package compile

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/api/cloudfrontapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/controlplane/cloudfront"
	"drawbridge/dataplane/program"
	"drawbridge/store"
)

const account = "123456781234"

// put is a change that stores a record under a key; nil deletes it.
func put(t testing.TB, key string, record any) store.Change {
	t.Helper()
	if record == nil {
		return store.Change{Key: key, Deleted: true}
	}
	value, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return store.Change{Key: key, Value: value}
}

// fed is a State with a revision counter.
type fed struct {
	*State
	revision int64
}

func (f *fed) apply(changes ...store.Change) Update {
	f.revision++
	return f.Apply(store.Event{Revision: f.revision, Changes: changes})
}

func distributionKey(id string) string {
	return cloudfront.Key(account, cloudfront.KindDistribution, id)
}

// config is a distribution with one origin and a default behavior; change edits it.
func config(change func(*cloudfrontapi.DistributionConfig, *cloudfrontapi.DefaultCacheBehavior)) cloudfrontapi.DistributionConfig {
	behavior := &cloudfrontapi.DefaultCacheBehavior{
		TargetOriginId: new("api"), ViewerProtocolPolicy: new("redirect-to-https"), CachePolicyId: new("658327ea-f89d-4fab-a63d-7e88639e58f6"),
	}
	c := cloudfrontapi.DistributionConfig{
		Enabled: new(true), DefaultCacheBehavior: behavior,
		Origins: &cloudfrontapi.Origins{Items: []cloudfrontapi.Origin{{
			Id: new("api"), DomainName: new("ABC.execute-api.us-east-1.amazonaws.com"), OriginPath: new("/prod"),
			CustomHeaders:      &cloudfrontapi.CustomHeaders{Items: []cloudfrontapi.OriginCustomHeader{{HeaderName: new("x-api-key"), HeaderValue: new("secret")}}},
			CustomOriginConfig: &cloudfrontapi.CustomOriginConfig{OriginProtocolPolicy: new("https-only"), OriginReadTimeout: new(int32(7))},
		}}},
	}
	if change != nil {
		change(&c, behavior)
	}
	return c
}

func stored(id string, c cloudfrontapi.DistributionConfig) *cloudfront.DistributionRecord {
	return &cloudfront.DistributionRecord{ID: id, Account: account, DomainName: "d" + id + ".cloudfront.net", Config: c}
}

func TestDistribution(t *testing.T) {
	s := fed{State: NewState()}
	update := s.apply(put(t, distributionKey("E1"), stored("E1", config(nil))))
	d := update.Edge.Distributions["E1"]
	if d == nil || len(update.Problems) > 0 {
		t.Fatalf("not compiled: %v", update.Problems)
	}
	b := d.Match("/any")
	o := b.Origin
	switch {
	case d.Revision != 1 || !d.Enabled || d.Account != account:
		t.Errorf("distribution %+v", d)
	case b.ViewerProtocol != program.RedirectToHTTPS || b.Allowed != program.MethodGET|program.MethodHEAD:
		t.Errorf("behavior %+v", b)
	case b.Cache.MinTTL != time.Second || b.Cache.MaxTTL != 365*24*time.Hour || !b.Cache.Gzip || !b.Cache.Brotli || b.Cache.Disabled():
		t.Errorf("cache policy %+v", b.Cache)
	case o.DomainName != "abc.execute-api.us-east-1.amazonaws.com" || o.Path != "/prod" || o.Protocol != program.OriginHTTPSOnly:
		t.Errorf("origin %+v", o)
	case o.ReadTimeout != 7*time.Second || o.ConnectTimeout != 10*time.Second || o.Attempts != 3 || o.HTTPSPort != 443:
		t.Errorf("origin's numbers %+v", o)
	case !slices.Equal(o.CustomHeaders, []program.HeaderField{{Name: "x-api-key", Value: "secret"}}):
		t.Errorf("custom headers %+v", o.CustomHeaders)
	}
	if gone := s.apply(put(t, distributionKey("E1"), nil)); gone.Edge.Distributions["E1"] != nil || len(gone.Edge.Distributions) != 1 {
		t.Errorf("after the deletion: %+v", gone.Edge.Distributions)
	}
}

func TestForwardedValues(t *testing.T) {
	s := fed{State: NewState()}
	update := s.apply(put(t, distributionKey("E1"), stored("E1", config(func(_ *cloudfrontapi.DistributionConfig, b *cloudfrontapi.DefaultCacheBehavior) {
		b.CachePolicyId = nil
		b.Compress, b.MinTTL, b.DefaultTTL = new(true), new(int64(0)), new(int64(60))
		b.ForwardedValues = &cloudfrontapi.ForwardedValues{
			QueryString:          new(true),
			QueryStringCacheKeys: &cloudfrontapi.QueryStringCacheKeys{Items: []string{"q", "a"}},
			Headers:              &cloudfrontapi.Headers{Items: []string{"Referer", "Origin"}},
			Cookies:              &cloudfrontapi.CookiePreference{Forward: new("whitelist"), WhitelistedNames: &cloudfrontapi.CookieNames{Items: []string{"sid", "t_*"}}},
		}
	}))))
	c := update.Edge.Distributions["E1"].Match("/").Cache
	if !c.Legacy || !c.LegacyForwardQuery || c.DefaultTTL != time.Minute || !c.Gzip || c.Brotli {
		t.Errorf("%+v", c)
	}
	for _, test := range []struct {
		what  string
		s     program.Selection
		takes []string
		not   []string
	}{
		{"headers", c.Headers, []string{"referer", "origin"}, []string{"Referer", "cookie"}},
		{"query", c.QueryStrings, []string{"a", "q"}, []string{"b"}},
		{"cookies", c.Cookies, []string{"sid", "t_1"}, []string{"s", "t"}},
	} {
		for _, name := range test.takes {
			if !test.s.Takes(name) {
				t.Errorf("%s: %q is not taken", test.what, name)
			}
		}
		for _, name := range test.not {
			if test.s.Takes(name) {
				t.Errorf("%s: %q is taken", test.what, name)
			}
		}
	}
}

func TestAPolicyRecompilesItsUsersOnly(t *testing.T) {
	s := fed{State: NewState()}
	policyKey := cloudfront.Key(account, cloudfront.KindCachePolicy, "p1")
	policy := func(seconds int64) *cloudfront.CachePolicyRecord {
		return &cloudfront.CachePolicyRecord{ID: "p1", Config: cloudfrontapi.CachePolicyConfig{MinTTL: new(int64(0)), DefaultTTL: new(seconds), MaxTTL: new(seconds)}}
	}
	uses := config(func(_ *cloudfrontapi.DistributionConfig, b *cloudfrontapi.DefaultCacheBehavior) {
		b.CachePolicyId = new("p1")
	})

	before := s.apply(put(t, distributionKey("E1"), stored("E1", uses)))
	if len(before.Problems) != 1 || len(before.Edge.Distributions) != 0 {
		t.Errorf("a distribution with an unknown policy: %+v", before)
	}
	s.apply(put(t, distributionKey("E2"), stored("E2", config(nil))))
	for _, seconds := range []int64{10, 20} {
		update := s.apply(put(t, policyKey, policy(seconds)))
		if len(update.Edge.Distributions) != 1 || update.Edge.Distributions["E1"].Match("/").Cache.MaxTTL != time.Duration(seconds)*time.Second {
			t.Errorf("after the policy's change: %+v %v", update.Edge.Distributions, update.Problems)
		}
	}
}

func TestInvalidationsPurge(t *testing.T) {
	s := fed{State: NewState()}
	key := cloudfront.Key(account, cloudfront.KindInvalidation, "E1/I1")
	change := put(t, key, &cloudfront.InvalidationRecord{ID: "I1", DistributionID: "E1", Batch: cloudfrontapi.InvalidationBatch{
		Paths: &cloudfrontapi.Paths{Items: []string{"/a*"}}}})
	if update := s.apply(change); len(update.Purges) != 1 || update.Purges[0].DistributionID != "E1" || update.Purges[0].Paths[0] != "/a*" {
		t.Errorf("purges: %+v", update.Purges)
	}
	loaded := NewState().Load(store.Snapshot{Revision: 1, Entries: []store.Entry{{Key: key, Value: change.Value}}})
	if len(loaded.Purges) != 0 {
		t.Error("old invalidations purge at start")
	}
}

func ref(kind apigateway.Kind, parent, id string) string {
	return apigateway.Ref{Account: account, Region: "us-east-1", Kind: kind, Parent: parent, ID: id}.Key()
}

// frozen is an API with GET / (MOCK) and a policy.
func frozen(keyRequired bool) apigateway.APIRecord {
	return apigateway.APIRecord{
		Api: apigatewayapi.RestApi{MinimumCompressionSize: new(int32(7)), Policy: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]}`)},
		Resources: map[string]apigatewayapi.Resource{"root": {Id: new("root"), Path: new("/"), ResourceMethods: map[string]apigatewayapi.Method{
			"GET": {
				HttpMethod: new("GET"), AuthorizationType: new("NONE"), ApiKeyRequired: &keyRequired,
				MethodResponses: map[string]apigatewayapi.MethodResponse{"200": {}},
				MethodIntegration: &apigatewayapi.Integration{
					Type: new("MOCK"), RequestTemplates: map[string]*string{"text/plain": nil, "application/json": new(`{"statusCode": 200}`)},
					IntegrationResponses: map[string]apigatewayapi.IntegrationResponse{
						"200": {}, "404": {SelectionPattern: new("4..")},
					},
				},
			},
		}}},
	}
}

func TestStageRunsItsFrozenDeployment(t *testing.T) {
	s := fed{State: NewState()}
	s.apply(put(t, ref(apigateway.KindRestAPI, "", "api"), &apigateway.APIRecord{}))
	stage := func(deployment string) *apigateway.StageRecord {
		return &apigateway.StageRecord{Stage: apigatewayapi.Stage{
			DeploymentId: &deployment, Variables: map[string]string{"v": deployment},
			MethodSettings: map[string]apigatewayapi.MethodSetting{"*/*": {ThrottlingRateLimit: new(5.0), ThrottlingBurstLimit: new(int32(2))}},
		}}
	}
	update := s.apply(
		put(t, ref(apigateway.KindDeployment, "api", "d1"), &apigateway.DeploymentRecord{Frozen: frozen(true)}),
		put(t, ref(apigateway.KindStage, "api", "prod"), stage("d1")),
		put(t, ref(apigateway.KindStage, "api", "test"), stage("d1")),
	)
	if len(update.Problems) > 0 {
		t.Fatal(update.Problems)
	}
	api := update.Gateway.APIs["api"]
	prod := api.Stages["prod"]
	if prod.Deployment == nil || prod.Deployment != api.Stages["test"].Deployment {
		t.Fatal("stages of one deployment do not share it")
	}
	method, _ := prod.Deployment.Routes.Match("/", "GET")
	if method == nil || !method.APIKeyRequired || prod.Deployment.Policy == nil || prod.Variables["v"] != "d1" {
		t.Errorf("method %+v, stage %+v", method, prod)
	}
	if least := prod.Deployment.MinCompression; least == nil || *least != 7 {
		t.Errorf("minimum compression size %v", least)
	}
	if setting, ok := prod.Setting(method); !ok || setting.Throttle.Rate != 5 || setting.Throttle.Burst != 2 {
		t.Errorf("setting %+v", setting)
	}
	if names := method.Integration.RequestTemplates; names[0].ContentType != "application/json" || names[0].VTL == nil || names[1].VTL != nil {
		t.Errorf("templates %+v", names)
	}
	if pattern := method.Integration.Responses[1].Pattern; !pattern.MatchString("404") || pattern.MatchString("1404") {
		t.Error("a selection pattern matches a part of the text")
	}

	moved := s.apply(
		put(t, ref(apigateway.KindDeployment, "api", "d2"), &apigateway.DeploymentRecord{Frozen: frozen(false)}),
		put(t, ref(apigateway.KindStage, "api", "prod"), stage("d2")),
	).Gateway.APIs["api"]
	if method, _ := moved.Stages["prod"].Deployment.Routes.Match("/", "GET"); method.APIKeyRequired {
		t.Error("the stage still runs its first deployment")
	}
	if moved.Stages["test"].Deployment != prod.Deployment {
		t.Error("the other stage's deployment was compiled again")
	}
	gone := s.apply(put(t, ref(apigateway.KindStage, "api", "prod"), nil)).Gateway.APIs["api"]
	if gone.Stages["prod"] != nil || gone.Stages["test"] == nil {
		t.Errorf("after the stage's deletion: %+v", gone.Stages)
	}
	deleted := s.apply(put(t, ref(apigateway.KindRestAPI, "", "api"), nil), put(t, ref(apigateway.KindStage, "api", "test"), nil))
	if api, ok := deleted.Gateway.APIs["api"]; !ok || api != nil {
		t.Errorf("after the API's deletion: %+v", deleted.Gateway.APIs)
	}
}

func TestKeysHangOnTheirPlans(t *testing.T) {
	s := fed{State: NewState()}
	key := &apigateway.KeyRecord{Key: apigatewayapi.ApiKey{Value: new("abcdefghijklmnopqrst"), Enabled: new(true)}}
	plan := &apigateway.PlanRecord{Plan: apigatewayapi.UsagePlan{
		Id: new("p"), Throttle: &apigatewayapi.ThrottleSettings{RateLimit: new(1.0), BurstLimit: new(int32(3))},
		Quota: &apigatewayapi.QuotaSettings{Limit: new(int32(9)), Period: new("WEEK")},
		ApiStages: []apigatewayapi.ApiStage{{ApiId: new("api"), Stage: new("prod"), Throttle: map[string]apigatewayapi.ThrottleSettings{
			"//GET": {RateLimit: new(2.0), BurstLimit: new(int32(4))}}}},
	}}
	alone := s.apply(put(t, ref(apigateway.KindKey, "", "k"), key)).Gateway.Keys["k"]
	if p, _ := alone.PlanFor("api", "prod"); p != nil {
		t.Error("a key without a plan has one")
	}
	s.apply(put(t, ref(apigateway.KindPlan, "", "p"), plan))
	attached := s.apply(put(t, ref(apigateway.KindPlanKey, "p", "k"), &apigateway.PlanKeyRecord{KeyID: "k"})).Gateway.Keys["k"]
	p, at := attached.PlanFor("api", "prod")
	if p == nil || p.Throttle.Burst != 3 || p.Quota.Limit != 9 || p.Quota.Period != program.QuotaWeek || at.Methods["//GET"].Rate != 2 {
		t.Fatalf("plan %+v, stage %+v", p, at)
	}
	if p, _ := attached.PlanFor("api", "test"); p != nil {
		t.Error("the plan covers a stage it does not name")
	}
	plan.Plan.ApiStages = nil
	changed := s.apply(put(t, ref(apigateway.KindPlan, "", "p"), plan)).Gateway.Keys["k"]
	if p, _ := changed.PlanFor("api", "prod"); p != nil {
		t.Error("a change of the plan did not reach its key")
	}
	if keys := s.apply(put(t, ref(apigateway.KindKey, "", "k"), nil)).Gateway.Keys; keys["k"] != nil || len(keys) != 1 {
		t.Errorf("after the deletion: %+v", keys)
	}
}

// BenchmarkOneOf10000 is one update with 10 000 distributions loaded: compile
// one unit, copy the index.
func BenchmarkOneOf10000(b *testing.B) {
	s := fed{State: NewState()}
	edge := new(program.Edge)
	for i := range 10_000 {
		id := "E" + strconv.Itoa(i)
		edge = edge.With(int64(i), s.apply(put(b, distributionKey(id), stored(id, config(nil)))).Edge)
	}
	change := put(b, distributionKey("E5000"), stored("E5000", config(nil)))
	b.ResetTimer()
	for range b.N {
		edge = edge.With(s.revision, s.apply(change).Edge)
	}
}

func TestATemplateThatIsNoneFailsItsCallsOnly(t *testing.T) {
	s := fed{State: NewState()}
	api := frozen(false)
	method := api.Resources["root"].ResourceMethods["GET"]
	method.MethodIntegration.RequestTemplates = map[string]*string{"application/json": new("#if(")}
	s.apply(put(t, ref(apigateway.KindRestAPI, "", "api"), &apigateway.APIRecord{}))
	update := s.apply(
		put(t, ref(apigateway.KindDeployment, "api", "d1"), &apigateway.DeploymentRecord{Frozen: api}),
		put(t, ref(apigateway.KindStage, "api", "prod"), &apigateway.StageRecord{Stage: apigatewayapi.Stage{DeploymentId: new("d1")}}),
	)
	if len(update.Problems) > 0 {
		t.Fatal(update.Problems)
	}
	compiled, _ := update.Gateway.APIs["api"].Stages["prod"].Deployment.Routes.Match("/", "GET")
	if template := compiled.Integration.RequestTemplates[0]; template.Err == nil || template.Empty() {
		t.Errorf("the template's fault is lost: %+v", template)
	}
}
