package apigateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestCreateStage(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Stages = 3; o.Limits.StageVariables = 2 })
	id, deployment := w.deployed()
	create := func(in apigatewayapi.CreateStageRequest) (*apigatewayapi.Stage, error) {
		in.RestApiId = &id
		if in.DeploymentId == nil {
			in.DeploymentId = &deployment
		}
		return w.CreateStage(w.call, &in)
	}
	st := must[apigatewayapi.Stage](t)(create(apigatewayapi.CreateStageRequest{
		StageName: new("dev"), CacheClusterEnabled: new(true), Variables: map[string]string{"a": "b"}, Tags: map[string]string{"k": "v"},
		CanarySettings: &apigatewayapi.CanarySettings{},
	}))
	if *st.CacheClusterSize != "0.5" || *st.CacheClusterStatus != "AVAILABLE" || *st.TracingEnabled || st.MethodSettings == nil ||
		*st.CanarySettings.DeploymentId != deployment || *st.CanarySettings.PercentTraffic != 0 || st.Tags["k"] != "v" {
		t.Errorf("got %+v", st)
	}
	for _, c := range []struct {
		in         apigatewayapi.CreateStageRequest
		code, text string
	}{
		{apigatewayapi.CreateStageRequest{StageName: new("dev")}, conflict, "Stage already exists"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), DeploymentId: new("none")}, bad, "Deployment id does not exist"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), CanarySettings: &apigatewayapi.CanarySettings{DeploymentId: new("none")}}, bad, "Deployment id does not exist"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), CanarySettings: &apigatewayapi.CanarySettings{PercentTraffic: new(101.0)}}, bad, percentText},
		{apigatewayapi.CreateStageRequest{StageName: new("x y")}, bad, "Stage name only allows…"},
		{apigatewayapi.CreateStageRequest{StageName: new(strings.Repeat("x", 129))}, bad, "Stage name only allows…"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), Variables: map[string]string{"a": "", "b": "x"}}, bad, "Stage variable values…"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), Variables: map[string]string{"a-b": "x"}}, bad, "Stage variable names…"},
		{apigatewayapi.CreateStageRequest{StageName: new("x"), Variables: map[string]string{"a": "1", "b": "2", "c": "3"}}, limited, "Maximum number of stage variables…"},
	} {
		_, err := create(c.in)
		refused(t, err, c.code, c.text)
	}
	must[apigatewayapi.Stage](t)(create(apigatewayapi.CreateStageRequest{StageName: new("third")}))
	_, err := create(apigatewayapi.CreateStageRequest{StageName: new("fourth")})
	refused(t, err, limited, "Maximum number of stages…")

	_, err = w.CreateStage(w.call, &apigatewayapi.CreateStageRequest{RestApiId: new("none"), StageName: new("x"), DeploymentId: &deployment})
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:none")
	_, err = w.GetStages(w.call, &apigatewayapi.GetStagesRequest{RestApiId: new("none")})
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:none")
	_, err = w.GetStage(w.call, &apigatewayapi.GetStageRequest{RestApiId: &id, StageName: new("none")})
	refused(t, err, notFound, "Invalid stage identifier specified")
	refused(t, w.DeleteStage(w.call, &apigatewayapi.DeleteStageRequest{RestApiId: &id, StageName: new("none")}), notFound, "Invalid stage identifier specified")

	out := must[apigatewayapi.Stages](t)(w.GetStages(w.call, &apigatewayapi.GetStagesRequest{RestApiId: &id, DeploymentId: &deployment}))
	var names []string
	for _, st := range out.Item {
		names = append(names, *st.StageName)
	}
	if !slices.Equal(names, []string{"dev", "prod", "third"}) {
		t.Errorf("stages %v", names)
	}
}

func TestUpdateStage(t *testing.T) {
	longText := func(path string) string {
		return "Invalid method setting path: " + path + ". Must be one of: " + stagePathsText
	}
	for _, c := range []struct {
		ops  []string
		text string // of a BadRequestException, "": accepted
		want func(st *apigatewayapi.Stage) bool
	}{
		{[]string{"replace /description d", "replace /tracingEnabled true",
			"replace /cacheClusterEnabled true", "replace /cacheClusterSize 1.6"}, "", func(st *apigatewayapi.Stage) bool {
			return *st.Description == "d" && *st.TracingEnabled &&
				*st.CacheClusterStatus == "AVAILABLE" && *st.CacheClusterSize == "1.6"
		}},
		{[]string{"replace /variables/a 1", "replace /variables/b 2", "remove /variables/a"}, "", func(st *apigatewayapi.Stage) bool {
			return maps.Equal(st.Variables, map[string]string{"b": "2"})
		}},
		{[]string{"replace /variables/a 1", "remove /variables"}, "", func(st *apigatewayapi.Stage) bool { return st.Variables == nil }},
		{[]string{"replace /*/*/throttling/burstLimit 7", "replace /a/b/GET/throttling/rateLimit 1.5", "replace /~1c~1{d}/ANY/logging/loglevel INFO", "replace /~1/GET/metrics/enabled true"}, "",
			func(st *apigatewayapi.Stage) bool {
				m := st.MethodSettings
				return len(m) == 4 && *m["*/*"].ThrottlingBurstLimit == 7 && *m["*/*"].ThrottlingRateLimit == 10000 && m["*/*"].LoggingLevel == nil &&
					*m["a/b/GET"].ThrottlingBurstLimit == 7 && *m["a/b/GET"].ThrottlingRateLimit == 1.5 &&
					*m["~1c~1{d}/ANY"].LoggingLevel == "INFO" && *m["~1/GET"].MetricsEnabled
			}},
		{[]string{"replace /x/GET/caching/enabled true", "replace /*/*/caching/ttlInSeconds 5", "remove /x/GET"}, "", func(st *apigatewayapi.Stage) bool {
			return len(st.MethodSettings) == 1 && !*st.MethodSettings["*/*"].CachingEnabled && *st.MethodSettings["*/*"].CacheTtlInSeconds == 5
		}},
		{[]string{"replace /canarySettings/percentTraffic 50", "replace /canarySettings/stageVariableOverrides/v x", "replace /canarySettings/useStageCache true"}, "",
			func(st *apigatewayapi.Stage) bool {
				c := st.CanarySettings
				return *c.DeploymentId == *st.DeploymentId && *c.PercentTraffic == 50 && c.StageVariableOverrides["v"] == "x" && *c.UseStageCache
			}},
		{[]string{"add /accessLogSettings/destinationArn arn:aws:logs:x", "replace /accessLogSettings/format $context.requestId"}, "", func(st *apigatewayapi.Stage) bool {
			return *st.AccessLogSettings.DestinationArn == "arn:aws:logs:x" && *st.AccessLogSettings.Format == "$context.requestId"
		}},
		{[]string{"replace /deploymentId none"}, "Deployment id does not exist", nil},
		{[]string{"replace /canarySettings/deploymentId none"}, "Deployment id does not exist", nil},
		{[]string{"replace /canarySettings/percentTraffic NaN"}, percentText, nil},
		{[]string{"replace /documentation_version 1"}, longText("/documentation_version"), nil},
		{[]string{"replace /x/GET/caching/unknown 1"}, longText("/x/GET/caching/unknown"), nil},
		{[]string{"replace /x/FETCH/caching/enabled true"}, longText("/x/FETCH/caching/enabled"), nil},
		{[]string{"replace /caching/enabled true"}, longText("/caching/enabled"), nil},
		{[]string{"test /description d"}, longText("/description"), nil},
		{[]string{"add /description d"}, "Invalid add operation with path: /description", nil},
		{[]string{"remove /description"}, "Cannot remove method setting description because there is no method setting for this method ", nil},
		{[]string{"remove /variables/none"}, "Cannot remove method setting variables/none because there is no method setting for this method ", nil},
		{[]string{"remove /canarySettings"}, "Cannot remove method setting canarySettings because there is no method setting for this method ", nil},
		{[]string{"copy /deploymentId /canarySettings/deploymentId"}, "Promotion not available. Canary does not exist.", nil},
		{[]string{"copy /variables /deploymentId"}, "Invalid copy operation with path: /variables and from /deploymentId. Valid…", nil},
		{[]string{"replace /accessLogSettings/x y"}, accessLogText, nil},
		{[]string{"replace /accessLogSettings/destinationArn nowhere"}, "Invalid ARN specified in the request", nil},
		{[]string{"replace /variables/a <"}, "Stage variable values…", nil},
		{[]string{"replace /*/*/throttling/burstLimit many"}, "Invalid throttling burst limit specified", nil},
		{[]string{"replace /*/*/throttling/rateLimit Inf"}, "Invalid throttling rate limit specified", nil},
		{[]string{"replace /*/*/caching/ttlInSeconds 3601"}, "Invalid cache TTL specified…", nil},
		{[]string{"replace /*/*/logging/loglevel LOUD"}, "Invalid LoggingLevel specified…", nil},
	} {
		w := newWorld(t)
		id, _ := w.deployed()
		out, err := w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{RestApiId: &id, StageName: new("prod"), PatchOperations: patch(c.ops...)})
		if c.text != "" {
			refused(t, err, bad, c.text)
			continue
		}
		if w.ok(err); !c.want(out) {
			t.Errorf("%v: got %+v", c.ops, out)
		}
	}
}

// A patch of one method's setting must not write through to the settings that
// it was copied from.
func TestMethodSettingsShareNothing(t *testing.T) {
	w := newWorld(t)
	id, _ := w.deployed()
	update := func(op string) *apigatewayapi.Stage {
		return must[apigatewayapi.Stage](t)(w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{RestApiId: &id, StageName: new("prod"), PatchOperations: patch(op)}))
	}
	update("replace /*/*/throttling/burstLimit 100")
	update("replace /x/GET/throttling/burstLimit 5")
	st := update("replace /*/*/throttling/burstLimit 200")
	if all, one := st.MethodSettings["*/*"], st.MethodSettings["x/GET"]; *all.ThrottlingBurstLimit != 200 || *one.ThrottlingBurstLimit != 5 {
		t.Errorf("burst limits %d and %d", *all.ThrottlingBurstLimit, *one.ThrottlingBurstLimit)
	}
}

func TestMethodSettingsAreBounded(t *testing.T) {
	d := &stageDraft{stage: &apigatewayapi.Stage{}}
	var err error
	n := 0
	for ; err == nil && n <= maxMethodSettings; n++ {
		err = stagePatches().apply(d, patch(fmt.Sprintf("replace /p%d/GET/metrics/enabled true", n)))
	}
	refused(t, err, limited, "Maximum number of method settings…")
	if err := stagePatches().apply(d, patch("replace /p0/GET/metrics/enabled false")); err != nil {
		t.Errorf("an existing setting cannot be changed any more: %v", err)
	}
}

func TestMethodSettingFor(t *testing.T) {
	for key, want := range map[string][2]string{
		"*/*":                {"*", "*"},
		"pets/GET":           {"/pets", "GET"},
		"pets/{id}/GET":      {"/pets/{id}", "GET"},
		"~1pets~1{id}/GET":   {"/pets/{id}", "GET"},
		"~1/GET":             {"/", "GET"},
		"/GET":               {"/", "GET"},
		"{proxy+}/ANY":       {"/{proxy+}", "ANY"},
		"~1a~1{proxy+}/POST": {"/a/{proxy+}", "POST"},
	} {
		if path, verb := MethodSettingFor(key); path != want[0] || verb != want[1] {
			t.Errorf("%s: got %s %s", key, path, verb)
		}
	}
}

func TestDeleteStageLeavesThePlans(t *testing.T) {
	w := newWorld(t)
	id, deployment := w.deployed()
	must[apigatewayapi.Stage](t)(w.CreateStage(w.call, &apigatewayapi.CreateStageRequest{RestApiId: &id, StageName: new("dev"), DeploymentId: &deployment}))
	plan := w.plan(id+":prod", id+":dev")
	w.ok(w.DeleteStage(w.call, &apigatewayapi.DeleteStageRequest{RestApiId: &id, StageName: new("prod")}))
	got := must[apigatewayapi.UsagePlan](t)(w.GetUsagePlan(w.call, &apigatewayapi.GetUsagePlanRequest{UsagePlanId: &plan}))
	if len(got.ApiStages) != 1 || *got.ApiStages[0].Stage != "dev" {
		t.Errorf("the plan has %+v", got.ApiStages)
	}
}
