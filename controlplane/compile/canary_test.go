package compile

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
)

func TestCanary(t *testing.T) {
	s := fed{State: NewState()}
	s.apply(put(t, ref(apigateway.KindRestAPI, "", "api"), &apigateway.APIRecord{}))
	s.apply(put(t, ref(apigateway.KindDeployment, "api", "d1"), &apigateway.DeploymentRecord{Frozen: frozen(true)}),
		put(t, ref(apigateway.KindDeployment, "api", "d2"), &apigateway.DeploymentRecord{Frozen: frozen(false)}))
	stage := func(canary *apigatewayapi.CanarySettings) Update {
		return s.apply(put(t, ref(apigateway.KindStage, "api", "prod"), &apigateway.StageRecord{Stage: apigatewayapi.Stage{
			DeploymentId: new("d1"), Variables: map[string]string{"a": "1", "b": "1"}, CanarySettings: canary,
		}}))
	}
	update := stage(&apigatewayapi.CanarySettings{
		DeploymentId: new("d2"), PercentTraffic: new(12.5), StageVariableOverrides: map[string]string{"b": "2", "c": "2"},
	})
	prod := update.Gateway.APIs["api"].Stages["prod"]
	if prod.Canary == nil || prod.Canary.Percent != 12.5 || prod.Deployment.ID != "d1" || prod.Variables["b"] != "1" || len(prod.Variables) != 2 {
		t.Fatalf("stage %+v, %v", prod, update.Problems)
	}
	canary := prod.Canary.Stage
	if v := canary.Variables; canary.Deployment.ID != "d2" || canary.Name != "prod" || v["a"] != "1" || v["b"] != "2" || v["c"] != "2" {
		t.Errorf("canary %+v", canary)
	}
	if broken := stage(&apigatewayapi.CanarySettings{DeploymentId: new("d3")}); len(broken.Problems) != 1 || len(broken.Gateway.APIs) != 0 {
		t.Errorf("a canary without its deployment: %+v", broken)
	}
	if again := stage(nil).Gateway.APIs["api"].Stages["prod"]; again.Canary != nil {
		t.Errorf("the canary stayed: %+v", again)
	}
}
