package program

import (
	"fmt"
	"testing"

	"drawbridge/engine/vtl"
)

func TestGatewayWith(t *testing.T) {
	var empty Gateway
	key := &APIKey{ID: "k1", Value: "secret", Enabled: true}
	g := empty.With(1, GatewayChange{
		APIs: map[string]*API{"a": {ID: "a"}, "b": {ID: "b"}}, Keys: map[string]*APIKey{"k1": key},
		Domains: map[string]*Domain{"x.example": {Name: "x.example"}},
	})
	if _, ok := empty.API("a"); ok {
		t.Error("the old program changed")
	}
	if got, ok := g.Key("secret"); !ok || got != key {
		t.Error("key not found by its value")
	}
	if _, ok := g.Key("Secret"); ok {
		t.Error("keys are case-sensitive")
	}
	if _, ok := g.Key(""); ok {
		t.Error("an empty value found a key")
	}
	next := g.With(2, GatewayChange{APIs: map[string]*API{"a": nil}, Keys: map[string]*APIKey{"k1": nil}})
	if _, ok := next.API("a"); ok {
		t.Error("removed API found")
	}
	if _, ok := next.Key("secret"); ok {
		t.Error("removed key found")
	}
	if _, ok := next.Domain("x.example"); !ok || next.Revision != 2 {
		t.Error("what did not change is gone")
	}
	if _, ok := g.Key("secret"); !ok {
		t.Error("the old program lost its key")
	}
}

func TestWithStage(t *testing.T) {
	api := (&API{ID: "a"}).WithStage("prod", &Stage{Name: "prod"})
	if without := api.WithStage("prod", nil); len(without.Stages) != 0 || len(api.Stages) != 1 {
		t.Errorf("%v %v", without.Stages, api.Stages)
	}
}

func TestPlanFor(t *testing.T) {
	key := &APIKey{Plans: []*UsagePlan{
		{ID: "p1", Stages: []PlanStage{{APIID: "a", Stage: "dev"}}},
		{ID: "p2", Stages: []PlanStage{{APIID: "b", Stage: "prod"}, {APIID: "a", Stage: "prod"}}},
	}}
	if plan, stage := key.PlanFor("a", "prod"); plan == nil || plan.ID != "p2" || stage.Stage != "prod" {
		t.Errorf("%v %v", plan, stage)
	}
	if plan, _ := key.PlanFor("b", "dev"); plan != nil {
		t.Errorf("plan %s", plan.ID)
	}
}

func TestStageSetting(t *testing.T) {
	throttle := func(burst int) MethodSetting { return MethodSetting{Throttle: &Throttle{Rate: 1, Burst: burst}} }
	stage := &Stage{Settings: map[string]MethodSetting{
		"pets/{id}/GET": throttle(1), "~1toys~1a/GET": throttle(2), "/GET": throttle(3), "*/*": throttle(4),
	}}
	for path, want := range map[string]int{"/pets/{id}": 1, "/toys/a": 2, "/": 3, "/other": 4} {
		m := &Method{ResourcePath: path, Verb: "GET"}
		NewRoutes([]*Method{m})
		if setting, ok := stage.Setting(m); !ok || setting.Throttle.Burst != want {
			t.Errorf("%s: %+v", path, setting)
		}
	}
	if _, ok := (&Stage{}).Setting(&Method{}); ok {
		t.Error("setting of a stage without any")
	}
}

func TestMappings(t *testing.T) {
	got := Mappings(map[string]string{
		"integration.request.header.A":      "method.request.header.X-Y",
		"integration.request.header.B":      "'static. text'",
		"integration.request.path.p":        "method.request.path.q",
		"integration.request.querystring.q": "method.request.multivaluequerystring.r",
		"integration.request.header.C":      "stageVariables.v",
		"integration.request.header.D":      "context.identity.sourceIp",
		"integration.request.header.E":      "method.request.body",
		"integration.request.header.F":      "method.request.body.a.b[0]",
		"integration.request.header.G":      "nonsense",
		"integration.request.body":          "method.request.body",
		"method.response.header.H":          "'a'",
	}, "integration.request.", "method.request.")
	text := ""
	for _, m := range got {
		text += fmt.Sprintf("%d.%s<-%d.%s%s,%v,%v ", m.Place, m.Name, m.Source.Place, m.Source.Name, m.Source.Text, m.Source.Multi, m.Source.Path)
	}
	want := "0.<-4.,false,<nil> 1.A<-1.X-Y,false,<nil> 1.B<-7.static. text,false,<nil> 1.C<-5.v,false,<nil> " +
		"1.D<-6.identity.sourceIp,false,<nil> 1.E<-4.,false,<nil> 1.F<-4.,false,$.a.b[0] 1.G<-0.,false,<nil> " +
		"3.p<-3.q,false,<nil> 2.q<-2.r,true,<nil> 0.<-7.a,false,<nil> "
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestParseURI(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"http://a/b":                        "7http://a/b|",
		"http://a/{proxy}":                  "7http://a/|3proxy|",
		"http://${stageVariables.h}/{a}{b}": "7http://|5h|7/|3a|3b|",
		"http://a/{open":                    "7http://a/{open|",
		"{stageVariables.x}":                "3stageVariables.x|",
	} {
		got := ""
		for _, p := range ParseURI(text) {
			got += fmt.Sprintf("%d%s|", p.Place, p.Text)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("http://${stageVariables.h}/{a}{b")
	f.Fuzz(func(t *testing.T, text string) {
		rebuilt := ""
		for _, p := range ParseURI(text) {
			switch p.Place {
			case PlaceStageVariable:
				rebuilt += "${stageVariables." + p.Text + "}"
			case PlacePath:
				rebuilt += "{" + p.Text + "}"
			default:
				rebuilt += p.Text
			}
		}
		if rebuilt != text {
			t.Fatalf("%q rebuilds to %q", text, rebuilt)
		}
	})
}

func TestMockStatus(t *testing.T) {
	for text, want := range map[string]int{
		`{"statusCode": 200}`: 200, `{statusCode: 204}`: 204, `{'statusCode': 404,}`: 404, "\n {\"statusCode\":200,\"x\":{}}": 200,
		`{"statusCode": "200"}`: -1, `{"statusCode": 200.5}`: -1, `[]`: -1, ``: -1, `{}`: -1, `200`: -1, `{"statusCode": 200`: -1, `{"statusCode": -1}`: -1,
	} {
		if got, ok := MockStatus(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
}

func TestReady(t *testing.T) {
	template, err := vtl.Parse(`{"statusCode": 201}`)
	if err != nil {
		t.Fatal(err)
	}
	created := &IntegrationResponse{StatusCode: 201}
	m := &Method{
		ResourcePath: "/", Verb: "POST", Responses: map[string]MethodResponse{"201": {}},
		RequestParameters: map[string]bool{"method.request.querystring.q": true, "method.request.header.z": true, "method.request.path.p": false},
		Integration: &Integration{
			RequestTemplates: Templates{{ContentType: "application/json", VTL: template}},
			Responses:        []*IntegrationResponse{created, {StatusCode: 202}},
		},
	}
	for range 2 {
		NewRoutes([]*Method{m})
	}
	if fmt.Sprint(m.Required) != "[{1 z} {2 q}]" {
		t.Errorf("required %v", m.Required)
	}
	mock := m.Integration.RequestTemplates[0].Mock
	if mock == nil || mock.Status != 201 || mock.Response != created || !created.Declared || m.Integration.Responses[1].Declared {
		t.Errorf("mock %+v", mock)
	}
}
