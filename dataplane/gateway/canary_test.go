package gateway

import (
	"strings"
	"testing"

	"drawbridge/dataplane/program"
)

// A canary gets its share of the calls, with its own deployment and variables.
func TestCanary(t *testing.T) {
	f := newFixture(t)
	const body = `$context.isCanaryRequest $context.deploymentId $stageVariables.v $stageVariables.w`
	respond := func(m *program.Method) *program.Method {
		m.Integration.Responses[0].Templates = program.Templates{template("application/json", body)}
		return m
	}
	respond(f.root)
	f.stage.Variables = map[string]string{"v": "stage", "w": "stage"}
	f.want("GET /prod", 200, "", " dep001 stage stage") // without a canary nobody asks

	canary := &program.Stage{
		Name: "prod", Variables: map[string]string{"v": "canary", "w": "stage"},
		Deployment: &program.Deployment{ID: "dep002", Routes: program.NewRoutes([]*program.Method{respond(f0mock("GET", "/"))})},
	}
	for _, c := range []struct {
		percent  float64
		min, max int
	}{{0, 0, 0}, {50, 850, 1150}, {2.5, 10, 110}, {100, 2000, 2000}} {
		f.stage.Canary = &program.Canary{Percent: c.percent, Stage: canary}
		taken := 0
		for range 2000 {
			answer := f.do("GET /prod")
			switch {
			case strings.HasSuffix(answer, "true dep002 canary stage"):
				taken++
			case !strings.HasSuffix(answer, "false dep001 stage stage"):
				t.Fatal(answer)
			}
		}
		if taken < c.min || taken > c.max {
			t.Errorf("%v %%: %d of 2000", c.percent, taken)
		}
	}
}
