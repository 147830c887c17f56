package compile

import (
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/dataplane/program"
)

// What a method checks is what its validator asks for, with the models that the
// deployment froze.
func TestValidators(t *testing.T) {
	api := frozen(false)
	get := api.Resources["root"].ResourceMethods["GET"]
	get.RequestModels = map[string]string{"application/json": "A", "application/xml": "X"}
	api.Models = map[string]apigatewayapi.Model{
		"A": {Name: new("A"), ContentType: new("application/json"), Schema: new(`{"type":"object","required":["a"]}`)},
		"X": {Name: new("X"), ContentType: new("application/xml"), Schema: new(`<x/>`)},
	}
	api.RequestValidators = map[string]apigatewayapi.RequestValidator{
		"both": {ValidateRequestBody: new(true), ValidateRequestParameters: new(true)},
		"body": {ValidateRequestBody: new(true)}, "none": {},
	}
	for _, c := range []struct {
		validator        string
		parameters, body bool
	}{{"", false, false}, {"gone", false, false}, {"none", false, false}, {"body", false, true}, {"both", true, true}} {
		get.RequestValidatorId = &c.validator
		api.Resources["root"].ResourceMethods["GET"] = get
		d, err := deployment("d1", &api)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := d.Routes.Match("/", "GET")
		if m.ValidateParameters != c.parameters || (m.Models != nil) != c.body {
			t.Errorf("%q: parameters %v, models %v", c.validator, m.ValidateParameters, m.Models)
		}
		if c.body && (m.Models["application/json"].Validate([]byte("{}")) == nil || m.Models["application/xml"] != (*program.Model)(nil)) {
			t.Errorf("%q: models %v", c.validator, m.Models)
		}
	}
}
