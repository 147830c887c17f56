package apigateway

import (
	"maps"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func (w *world) deploy(in apigatewayapi.CreateDeploymentRequest) (*apigatewayapi.Deployment, error) {
	return w.CreateDeployment(w.call, &in)
}

func (w *world) stage(api, name string) *apigatewayapi.Stage {
	w.Helper()
	return must[apigatewayapi.Stage](w)(w.GetStage(w.call, &apigatewayapi.GetStageRequest{RestApiId: &api, StageName: &name}))
}

func TestDeploymentIsFrozen(t *testing.T) {
	w := newWorld(t)
	id, deployment := w.deployed()
	frozen := func() *DeploymentRecord {
		rec, err := load[DeploymentRecord](w.call, w.st, deploymentRef(w.call, id, deployment))
		w.ok(err)
		return rec
	}
	before := frozen()
	root := *before.Frozen.Api.RootResourceId
	w.resource(id, root, "later")
	w.ok(w.DeleteMethod(w.call, &apigatewayapi.DeleteMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}))
	must[apigatewayapi.RestApi](t)(w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch("replace /name other")}))
	after := frozen()
	if len(after.Frozen.Resources) != 1 || *after.Frozen.Api.Name != "test" || after.Frozen.Resources[root].ResourceMethods["GET"].MethodIntegration == nil {
		t.Errorf("the frozen copy changed: %+v", after.Frozen)
	}

	out := must[apigatewayapi.Deployment](t)(w.UpdateDeployment(w.call, &apigatewayapi.UpdateDeploymentRequest{
		RestApiId: &id, DeploymentId: &deployment, PatchOperations: patch("replace /description new")}))
	if *out.Description != "new" {
		t.Errorf("got %+v", out)
	}
	_, err := w.UpdateDeployment(w.call, &apigatewayapi.UpdateDeploymentRequest{RestApiId: &id, DeploymentId: &deployment, PatchOperations: patch("replace /id x")})
	refused(t, err, bad, "Invalid patch path /id")

	out = must[apigatewayapi.Deployment](t)(w.GetDeployment(w.call, &apigatewayapi.GetDeploymentRequest{RestApiId: &id, DeploymentId: &deployment}))
	if out.ApiSummary != nil {
		t.Error("a summary that nobody asked for")
	}
	out = must[apigatewayapi.Deployment](t)(w.GetDeployment(w.call, &apigatewayapi.GetDeploymentRequest{RestApiId: &id, DeploymentId: &deployment, Embed: []string{"apisummary"}}))
	if m := out.ApiSummary["/"]["GET"]; *m.AuthorizationType != "NONE" || *m.ApiKeyRequired {
		t.Errorf("summary %+v", out.ApiSummary)
	}
}

func TestCreateDeploymentRefusals(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	canary := &apigatewayapi.DeploymentCanarySettings{PercentTraffic: new(50.0)}
	check := func(in apigatewayapi.CreateDeploymentRequest, code, text string) {
		t.Helper()
		in.RestApiId = &id
		_, err := w.deploy(in)
		refused(t, err, code, text)
	}
	check(apigatewayapi.CreateDeploymentRequest{}, bad, "The REST API doesn't contain any methods")
	w.method(id, root, "GET")
	check(apigatewayapi.CreateDeploymentRequest{}, bad, "No integration defined for method")
	w.ok(w.DeleteMethod(w.call, &apigatewayapi.DeleteMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET")}))
	w.mock(id, root)
	check(apigatewayapi.CreateDeploymentRequest{StageName: new("a/b")}, bad, "Stage name only allows…")
	check(apigatewayapi.CreateDeploymentRequest{StageName: new("s"), Variables: map[string]string{"a": "<b>"}}, bad, "Stage variable values…")
	check(apigatewayapi.CreateDeploymentRequest{CanarySettings: canary}, bad,
		"Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null")
	check(apigatewayapi.CreateDeploymentRequest{CanarySettings: canary, StageName: new("")}, bad,
		"Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is ")
	check(apigatewayapi.CreateDeploymentRequest{CanarySettings: canary, StageName: new("s")}, bad,
		"Invalid deployment content specified.Stage s must already be created before making a canary release deployment")
	if n := len(w.keysUnder(Prefix(w.call.Account, w.call.Region, KindDeployment))); n != 0 {
		t.Errorf("refused calls left %d deployments", n)
	}
	_, err := w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: new("none")})
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:none")
}

func TestDeployingMovesTheStage(t *testing.T) {
	w := newWorld(t)
	id, first := w.deployed()
	second := must[apigatewayapi.Deployment](t)(w.deploy(apigatewayapi.CreateDeploymentRequest{
		RestApiId: &id, StageName: new("prod"), StageDescription: new("d"), Variables: map[string]string{"a": "1", "b": "2"},
	}))
	st := w.stage(id, "prod")
	if *st.DeploymentId != *second.Id || *st.Description != "d" || len(st.Variables) != 2 {
		t.Errorf("stage %+v", st)
	}
	w.ok(w.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: &first}))
	const active = "Active stages pointing to this deployment must be moved or deleted"
	refused(t, w.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: second.Id}), bad, active)

	// A canary: the stage stays, and the canary's deployment is in use too.
	third := must[apigatewayapi.Deployment](t)(w.deploy(apigatewayapi.CreateDeploymentRequest{
		RestApiId: &id, StageName: new("prod"),
		CanarySettings: &apigatewayapi.DeploymentCanarySettings{PercentTraffic: new(12.5), StageVariableOverrides: map[string]string{"a": "x"}},
	}))
	st = w.stage(id, "prod")
	if c := st.CanarySettings; *st.DeploymentId != *second.Id || *c.DeploymentId != *third.Id || *c.PercentTraffic != 12.5 || *c.UseStageCache {
		t.Errorf("stage %+v, canary %+v", st, c)
	}
	refused(t, w.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: third.Id}), bad, active)
	_, err := w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: &id, StageName: new("prod")})
	refused(t, err, bad, "Invalid deployment content specified.Stage prod has a canary…")

	// Promotion.
	out := must[apigatewayapi.Stage](t)(w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{RestApiId: &id, StageName: new("prod"), PatchOperations: patch(
		"copy /deploymentId /canarySettings/deploymentId", "copy /variables /canarySettings/stageVariableOverrides", "remove /canarySettings")}))
	if *out.DeploymentId != *third.Id || out.CanarySettings != nil || !maps.Equal(out.Variables, map[string]string{"a": "x", "b": "2"}) {
		t.Errorf("after promotion: %+v", out)
	}
	refused(t, w.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: &first}), notFound, "Invalid Deployment identifier specified")
	w.ok(w.DeleteDeployment(w.call, &apigatewayapi.DeleteDeploymentRequest{RestApiId: &id, DeploymentId: second.Id}))
}

func TestDeploymentPagesAndLimit(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Deployments = 5 })
	id, _ := w.deployed()
	for range 4 {
		must[apigatewayapi.Deployment](t)(w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: &id}))
	}
	_, err := w.deploy(apigatewayapi.CreateDeploymentRequest{RestApiId: &id})
	refused(t, err, limited, "Maximum number of deployments…")
	in := &apigatewayapi.GetDeploymentsRequest{RestApiId: &id, Limit: new(int32(2))}
	seen := map[string]bool{}
	for {
		out := must[apigatewayapi.Deployments](t)(w.GetDeployments(w.call, in))
		for _, d := range out.Items {
			seen[*d.Id] = true
		}
		if in.Position = out.Position; in.Position == nil {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages gave %d deployments", len(seen))
	}
	_, err = w.GetDeployments(w.call, &apigatewayapi.GetDeploymentsRequest{RestApiId: new("none")})
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:none")
}
