package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/lambda"
	"drawbridge/dataplane/program"
)

const functionARN = "arn:aws:lambda:ap-northeast-1:123456781234:function:auth"

// custom puts GET / behind a Lambda authorizer that answers by answer and
// counts its calls; a TTL of 0 keeps nothing.
func custom(t *testing.T, kind program.AuthorizerKind, sources string, ttl time.Duration, answer func(event string) (string, error)) (*fixture, *int) {
	f := newFixture(t)
	calls := 0
	f.root.Authorization = program.AuthorizationCustom
	f.root.Authorizer = program.NewAuthorizer(program.AuthorizerSource{
		ID: "auth01", Kind: kind, Sources: sources, TTL: ttl, Validation: map[bool]string{true: "t.*", false: ""}[kind == program.AuthorizerToken],
		URI: "arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/" + functionARN + ":${stageVariables.alias}/invocations",
	})
	if f.root.Authorizer.Err != nil {
		t.Fatal(f.root.Authorizer.Err)
	}
	f.stage.Variables = map[string]string{"alias": "live"}
	f.invoke = func(_ context.Context, in lambda.Invocation) (*lambda.Answer, error) {
		calls++
		if in.Function != functionARN+":live" || in.SourceARN != "arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/authorizers/auth01" {
			t.Errorf("invocation %+v", in)
		}
		out, err := answer(string(in.Payload))
		var thrown throws
		if errors.As(err, &thrown) {
			return &lambda.Answer{Status: 200, RequestID: "fn-id", FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"` + string(thrown) + `"}`)}, nil
		}
		if err != nil {
			return nil, err
		}
		return &lambda.Answer{Status: 200, RequestID: "fn-id", Payload: []byte(out)}, nil
	}
	return f, &calls
}

// throws is what a function throws.
type throws string

func (t throws) Error() string { return string(t) }

// grantText is an authorizer's answer.
func grantText(effect, resource, more string) string {
	return `{"principalId":"me","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + resource + `"}]}` + more + `}`
}

const unauthorized = `{"message":"Unauthorized"}` // 26 bytes

// Appendix A rows 14 to 16 and reference/api-gateway.md 6.1.
func TestTokenAuthorizer(t *testing.T) {
	answers := map[string]string{
		"tallow":  grantText("Allow", "*", `,"context":{"n":1.5,"s":"x","b":true},"usageIdentifierKey":"k"`),
		"tdeny":   grantText("Deny", "*", ""),
		"tother":  grantText("Allow", "arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/prod/POST/*", ""),
		"tnobody": `{"policyDocument":{}}`, "tpolicy": `{"principalId":"me","policyDocument":{"Statement":"x"}}`, "tjson": `nonsense`, "tnull": `null`,
		"tobject": grantText("Allow", "*", `,"context":{"o":{}}`), "tlist": grantText("Allow", "*", `,"context":[1]`),
		"tlong": grantText("Allow", "*", `,"context":{"s":"`+strings.Repeat("x", maxGrant)+`"}`),
	}
	f, calls := custom(t, program.AuthorizerToken, "method.request.header.Auth", 0, func(event string) (string, error) {
		var e map[string]string
		if err := json.Unmarshal([]byte(event), &e); err != nil {
			t.Error(err)
		}
		token := e["authorizationToken"]
		want := `{"type":"TOKEN","methodArn":"arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/prod/GET/","authorizationToken":"` + token + `"}`
		if event != want {
			t.Errorf("event %s\nwant %s", event, want)
		}
		switch token {
		case "tunauthorized":
			return "", throws("Unauthorized")
		case "tthrow":
			return "", throws("unauthorized")
		case "tgone":
			return "", errors.New("connection refused")
		}
		return answers[token], nil
	})
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json",
		`$context.authorizer.principalId $context.authorizer.n $context.authorizer.s $context.authorizer.b`)}
	f.want("GET /prod", 401, "UnauthorizedException", unauthorized)
	f.want("GET /prod\nAuth:", 401, "UnauthorizedException", unauthorized)
	f.want("GET /prod\nAuth: x", 401, "UnauthorizedException", unauthorized) // is not t.*
	if *calls != 0 {
		t.Errorf("called %d times without a token", *calls)
	}
	f.want("GET /prod\nauth: tallow", 200, "", "me 1.5 x true")
	f.want("GET /prod\nAuth: tdeny", 403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource with an explicit deny"}`)
	f.want("GET /prod\nAuth: tother", 403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource"}`)
	f.want("GET /prod\nAuth: tunauthorized", 401, "UnauthorizedException", unauthorized)
	for _, token := range []string{"tnobody", "tpolicy", "tjson", "tnull", "tobject", "tlist", "tlong", "tthrow"} {
		f.want("GET /prod\nAuth: "+token, 500, "AuthorizerConfigurationException", `{"message":null}`)
	}
	f.want("GET /prod\nAuth: tgone", 500, "AuthorizerFailureException", `{"message":null}`)
	f.gateway.options.Wording = WordingCurrent
	f.wantLength("GET /prod\nAuth: tdeny", "AccessDeniedException", 110)
	f.gateway.options.Invoke = nil
	f.want("GET /prod\nAuth: tallow", 500, "AuthorizerFailureException", `{"message":null}`)
	f.root.Authorizer = nil
	f.want("GET /prod\nAuth: tallow", 500, "AuthorizerConfigurationException", `{"message":null}`)
}

// The resource policy is asked before the authorizer and with it
// (reference/api-gateway.md 3.3).
func TestAuthorizerAndResourcePolicy(t *testing.T) {
	f, calls := custom(t, program.AuthorizerToken, "method.request.header.Auth", 0, func(string) (string, error) {
		return grantText("Allow", "arn:aws:execute-api:*:*:*/*/POST/*", ""), nil
	})
	f.setPolicy(articlePolicy)
	f.wantLength("GET /prod\nAuth: t", "AccessDeniedException", 182)
	if *calls != 0 {
		t.Error("the authorizer was called in spite of an explicit deny")
	}
	f.want("GET /prod\nAuth: t\nReferer: s3cret", 200, "", "") // neither and Allow: Table A
}

func TestRequestAuthorizer(t *testing.T) {
	var event string
	f, calls := custom(t, program.AuthorizerRequest, "method.request.header.Auth, method.request.querystring.q, stageVariables.alias, context.httpMethod", time.Minute,
		func(e string) (string, error) {
			event = e
			return grantText("Allow", "arn:aws:execute-api:*:*:*/*/GET/*", ""), nil
		})
	f.methods = append(f.methods, f0mock("GET", "/pets/{id}"))
	f.methods[1].Authorization, f.methods[1].Authorizer = program.AuthorizationCustom, f.root.Authorizer
	f.want("GET /prod?q=1", 401, "UnauthorizedException", unauthorized)
	f.want("GET /prod\nAuth: a", 401, "UnauthorizedException", unauthorized)
	f.want("GET /prod/pets/a%20b?q=1&x=2&x=3\nAuth: a\nX-More: 1\nX-More: 2", 200, "", "")
	for _, part := range []string{
		`{"type":"REQUEST","methodArn":"arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij/prod/GET/pets/a%20b","resource":"/pets/{id}","path":"/pets/a%20b","httpMethod":"GET","headers":{"Host":"abcdefghij.execute-api.ap-northeast-1.amazonaws.com","Auth":"a","X-More":"2",`,
		`"X-More":["1","2"]`, `"queryStringParameters":{"q":"1","x":"3"},"multiValueQueryStringParameters":{"q":["1"],"x":["2","3"]},"pathParameters":{"id":"a%20b"},"stageVariables":{"alias":"live"},"requestContext":{"resourceId":"res001","resourcePath":"/pets/{id}","httpMethod":"GET",`,
		`"path":"/prod/pets/a%20b","accountId":"123456781234","protocol":"HTTP/1.1","stage":"prod"`, `"sourceIp":"203.0.113.9"`, `"apiId":"abcdefghij"`,
	} {
		if !strings.Contains(event, part) {
			t.Errorf("event %s\nhas no %s", event, part)
		}
	}
	// Kept by the values of its sources, for all methods of the API.
	f.want("GET /prod?q=1\nAuth: a", 200, "", "")
	if *calls != 1 {
		t.Errorf("%d calls", *calls)
	}
	f.want("GET /prod?q=2\nAuth: a", 200, "", "")
	f.want("GET /prod?q=1\nAuth: b", 200, "", "")
	if *calls != 3 {
		t.Errorf("%d calls for three callers", *calls)
	}
	f.now = f.now.Add(time.Minute)
	f.do("GET /prod?q=1\nAuth: a")
	f.gateway.FlushAuthorizers("abcdefghij", "other")
	f.do("GET /prod?q=1\nAuth: a")
	if *calls != 4 {
		t.Errorf("%d calls after the time to live", *calls)
	}
	f.gateway.FlushAuthorizers("abcdefghij", "prod")
	f.do("GET /prod?q=1\nAuth: a")
	if *calls != 5 {
		t.Errorf("%d calls after a flush", *calls)
	}
}

// The key of a method comes from the authorizer when the API says so.
func TestKeyFromAuthorizer(t *testing.T) {
	f, _ := custom(t, program.AuthorizerToken, "method.request.header.Auth", time.Minute, func(event string) (string, error) {
		if strings.Contains(event, "tkey") {
			return grantText("Allow", "*", `,"usageIdentifierKey":"the key"`), nil
		}
		return grantText("Allow", "*", ""), nil
	})
	f.stage.Deployment.KeySource = program.KeyFromAuthorizer
	f.root.APIKeyRequired = true
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json", `$context.identity.apiKeyId`)}
	f.addKey("the key")
	f.want("GET /prod\nAuth: tkey", 200, "", "key0000001")
	f.want("GET /prod\nAuth: tnone\nx-api-key: the key", 403, "ForbiddenException", forbidden)
}

// Calls share what is kept; go test -race looks on.
func TestGrantsUnderLoad(t *testing.T) {
	f, _ := custom(t, program.AuthorizerToken, "method.request.header.Auth", time.Minute, nil)
	f.invoke = func(context.Context, lambda.Invocation) (*lambda.Answer, error) {
		return &lambda.Answer{Status: 200, Payload: []byte(grantText("Allow", "*", `,"context":{"a":"b"}`))}, nil
	}
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json", `$context.authorizer.a`)}
	p := f.program()
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			for i := range 200 {
				x := f.exchangeOf(p, "GET /prod\nAuth: t"+string(rune('a'+(i+n)%5)))
				if got := textOf(f.gateway.Serve(t.Context(), x)); !strings.HasSuffix(got, "\n\nb") {
					t.Error(got)
					return
				}
				if i%50 == 0 {
					f.gateway.FlushAuthorizers("abcdefghij", "prod")
				}
			}
		})
	}
	wait.Wait()
}

func TestGrantsAreBounded(t *testing.T) {
	var g grants
	now := time.Unix(0, 0)
	for i := range 3 * maxGrants {
		g.put(grantKey{identity: identityHash([]string{string(rune(i))})}, &grant{}, now.Add(time.Hour), 0)
	}
	if n := len(g.young) + len(g.old); n > maxGrants {
		t.Errorf("%d results kept", n)
	}
	before := g.generation()
	g.flushes++
	g.put(grantKey{api: "late"}, &grant{}, now.Add(time.Hour), before)
	if g.get(grantKey{api: "late"}, now) != nil {
		t.Error("a result from before the flush was kept")
	}
}

func FuzzParseGrant(f *testing.F) {
	f.Add(grantText("Allow", "*", `,"context":{"a":1},"usageIdentifierKey":"k"`))
	f.Add(`{"principalId":"x","policyDocument":null,"context":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		g, err := parseGrant([]byte(text))
		if err == nil && (g.principal == "" || g.policy == nil) {
			t.Errorf("%q is taken without a principal or a policy", text)
		}
	})
}
