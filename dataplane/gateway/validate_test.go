package gateway

import (
	"testing"

	"drawbridge/dataplane/program"
)

const invalidBody = `{"message": "Invalid request body"}` // 35 bytes

// Parameters come before the body; bodies are held to the model of their type
// (reference/api-gateway.md 7.1, appendix A row 21).
func TestValidate(t *testing.T) {
	f := newFixture(t)
	set := program.NewModelSet(map[string]string{
		"A": `{"type":"object","required":["a"]}`, "Bad": `{"$ref":"https://example.com/x"}`,
	})
	post := f0mock("POST", "/")
	post.RequestParameters = map[string]bool{"method.request.querystring.q1": true}
	post.ValidateParameters = true
	post.Models = program.Models{"application/json": set.Model("A"), "text/bad": set.Model("Bad")}
	post.Integration.RequestTemplates = append(post.Integration.RequestTemplates, template("$default", `{"statusCode": 200}`))
	f.methods = append(f.methods, post)

	f.want("POST /prod", 400, "BadRequestException", noParam)
	f.want("POST /prod?q1=1", 400, "BadRequestException", invalidBody)
	f.want("POST /prod?q1=1\nContent-Type: application/json\n\n{}", 400, "BadRequestException", invalidBody)
	f.want("POST /prod?q1=1\nContent-Type: Application/JSON; charset=utf-8\n\n{\"a\":", 400, "BadRequestException", invalidBody)
	f.want("POST /prod?q1=1\nContent-Type: application/json\n\n{\"a\":1}", 200, "", "")
	f.want("POST /prod?q1=1\n\n{\"a\":1}", 200, "", "")
	f.want("POST /prod?q1=1\nContent-Type: text/plain\n\n{}", 200, "", "")
	f.want("POST /prod?q1=1\nContent-Type: text/bad\n\n{}", 500, "InternalServerErrorException", internal)
	if f.last.Record.Reason != string(reasonModel) {
		t.Errorf("reason %s", f.last.Record.Reason)
	}
	f.stage.Deployment.Responses = map[string]*program.GatewayResponse{"BAD_REQUEST_BODY": {
		Templates: map[string]string{"application/json": `{"why":"$context.error.validationErrorString"}`},
	}}
	f.want("POST /prod?q1=1\n\n{}", 400, "BadRequestException", `{"why":"[object has missing required properties (["a"])]"}`)
}
