package scenario

import (
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdMockAPI: mock-api [NAME] — the article's API: GET / answered by a MOCK
// integration, deployed as stage prod. It is nothing but the aws lines below and
// sets $API and $ROOT.
func cmdMockAPI(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	usage(ts, len(args) <= 1, "mock-api [NAME]")
	name := "article"
	if len(args) == 1 {
		name = args[0]
	}
	aws := func(words ...string) { cmdAWS(ts, false, append([]string{"apigateway"}, words...)) }
	aws("create-rest-api", "--name", name, "--endpoint-configuration", "types=REGIONAL")
	cmdLet(ts, false, []string{"API", "=", "id"})
	aws("get-resources", "--rest-api-id", ts.Getenv("API"))
	cmdLet(ts, false, []string{"ROOT", "=", "items[0].id"})
	method := []string{"--rest-api-id", ts.Getenv("API"), "--resource-id", ts.Getenv("ROOT"), "--http-method", "GET"}
	aws(append([]string{"put-method", "--authorization-type", "NONE"}, method...)...)
	aws(append([]string{"put-method-response", "--status-code", "200"}, method...)...)
	aws(append([]string{"put-integration", "--type", "MOCK", "--request-templates", `{"application/json":"{\"statusCode\": 200}"}`}, method...)...)
	aws(append([]string{"put-integration-response", "--status-code", "200"}, method...)...)
	aws("create-deployment", "--rest-api-id", ts.Getenv("API"), "--stage-name", "prod")
}
