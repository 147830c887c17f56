package lock

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// known is a shell that has learned some variables.
func known() *shell {
	s := &shell{}
	s.set("API", "a1b2c3d4e5")
	s.set("KEY", "Zm9vYmFyYmF6cXV4")
	s.set("POLICY", `{"Referer": "Zm9vYmFyYmF6cXV4 and $more"}`)
	s.set("SHORT", "prod") // too short to be looked for
	return s
}

func TestWord(t *testing.T) {
	for _, test := range []struct{ word, want string }{
		{"", `''`},
		{"GET", `GET`},
		{"prod", `prod`},
		{"op=replace,path=/apiKeyRequired,value=true", `op=replace,path=/apiKeyRequired,value=true`},
		{"items[0].id", `'items[0].id'`},
		{"a1b2c3d4e5", `$API`},
		{"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", `https://$API.execute-api.us-east-1.amazonaws.com/prod`},
		{"a1b2c3d4e5_old", `${API}_old`},
		{"x-api-key: Zm9vYmFyYmF6cXV4", `"x-api-key: $KEY"`},
		{"x-api-key: wrong", `'x-api-key: wrong'`},
		{`{"value":"Zm9vYmFyYmF6cXV4"}`, `'{"value":"'"$KEY"'"}'`},
		{`{"Referer": "Zm9vYmFyYmF6cXV4 and $more"}`, `'{"Referer": "'"$KEY"' and $more"}'`},
		{`it's`, `'it'\''s'`},
		{"cost: $5", `'cost: $5'`},
		{"a1b2c3d4e5!", `''"$API"'!'`},
	} {
		s := known()
		if test.word == `{"Referer": "Zm9vYmFyYmF6cXV4 and $more"}` {
			s = &shell{}
			s.set("KEY", "Zm9vYmFyYmF6cXV4") // the policy before it has a variable
		}
		if got := s.word(test.word); got != test.want {
			t.Errorf("word(%q) = %s, want %s", test.word, got, test.want)
		}
	}
}

// A value with spaces is one word also where it is a variable.
func TestWordDoesNotSplitVariables(t *testing.T) {
	s := known()
	value := `{"Referer": "Zm9vYmFyYmF6cXV4 and $more"}`
	if got, want := s.word(value), `"$POLICY"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := s.word("value='"+value+"'"), `"value='$POLICY'"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSetReplaces(t *testing.T) {
	s := known()
	s.set("API", "zzzzzzzzzz")
	if got := s.word("a1b2c3d4e5"); got != "a1b2c3d4e5" {
		t.Errorf("the old value is still shown as %s", got)
	}
	if got := s.word("zzzzzzzzzz"); got != "$API" {
		t.Errorf("the new value is shown as %s", got)
	}
}

// readBack has a real shell read a word.
func readBack(t *testing.T, s *shell, word string) string {
	t.Helper()
	var script strings.Builder
	for _, v := range s.known {
		script.WriteString(v.name + "=" + (&shell{}).word(v.value) + "\n")
	}
	script.WriteString("printf %s " + s.word(word))
	out, err := exec.Command("/bin/sh", "-c", script.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("sh: %v\n%s\n%s", err, script.String(), out)
	}
	return string(out)
}

func FuzzShellReadsBack(f *testing.F) {
	for _, seed := range []string{
		"", "GET", "-n", "it's", "a b", "$HOME", "`id`", `\`, `"`, "!", "*", "~", "#x", "a\nb", "\n", "é",
		"a1b2c3d4e5", "a1b2c3d4e5x", "'a1b2c3d4e5'", `"a1b2c3d4e5$`, "a1b2c3d4e5Zm9vYmFyYmF6cXV4",
		`op=replace,path=/policy,value='{"Referer": "Zm9vYmFyYmF6cXV4 and $more"}'`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.ContainsRune(word, 0) || len(word) > 1<<12 {
			t.Skip() // no argument of a command has a NUL
		}
		if got := readBack(t, known(), word); got != word {
			t.Errorf("the shell reads %q as %q, from %s", word, got, known().word(word))
		}
	})
}

func TestCLIWords(t *testing.T) {
	get := aws.String("GET")
	for _, test := range []struct {
		name  string
		input any
		want  string
	}{
		{"no member", &sts.GetCallerIdentityInput{}, `aws sts get-caller-identity`},
		{"naming members first", &apigateway.PutMethodInput{
			RestApiId: aws.String("a1b2c3d4e5"), ResourceId: aws.String("r1"), HttpMethod: get, AuthorizationType: aws.String("NONE"),
		}, `aws apigateway put-method --rest-api-id $API --resource-id r1 --http-method GET --authorization-type NONE`},
		{"flag", &apigateway.PutMethodInput{RestApiId: aws.String("x"), ApiKeyRequired: true},
			`aws apigateway put-method --rest-api-id x --api-key-required`},
		{"false that is said", &apigateway.GetApiKeyInput{ApiKey: aws.String("k"), IncludeValue: aws.Bool(false)},
			`aws apigateway get-api-key --api-key k --no-include-value`},
		{"shorthand", &apigateway.CreateUsagePlanInput{
			Name: aws.String("p"), ApiStages: []apitypes.ApiStage{
				{ApiId: aws.String("a1b2c3d4e5"), Stage: aws.String("prod")}, {ApiId: aws.String("b"), Stage: aws.String("test")},
			},
		}, `aws apigateway create-usage-plan --name p --api-stages apiId=$API,stage=prod apiId=b,stage=test`},
		{"shorthand with quotes", &apigateway.UpdateRestApiInput{
			RestApiId: aws.String("x"), PatchOperations: []apitypes.PatchOperation{
				{Op: apitypes.OpReplace, Path: aws.String("/policy"), Value: aws.String(`{"a": "b,c"}`)},
			},
		}, `aws apigateway update-rest-api --rest-api-id x --patch-operations 'op=replace,path=/policy,value='\''{"a": "b,c"}'\'''`},
		{"JSON where shorthand cannot", &apigateway.UpdateRestApiInput{
			RestApiId: aws.String("x"), PatchOperations: []apitypes.PatchOperation{
				{Op: apitypes.OpReplace, Path: aws.String("/description"), Value: aws.String(`it's`)},
			},
		}, `aws apigateway update-rest-api --rest-api-id x --patch-operations '[{"op": "replace", "path": "/description", "value": "it'\''s"}]'`},
		{"map", &apigateway.PutIntegrationInput{
			RestApiId: aws.String("x"), Type: apitypes.IntegrationTypeMock,
			RequestTemplates: map[string]string{"text/plain": "b", "application/json": `{"statusCode": 200}`},
		}, `aws apigateway put-integration --rest-api-id x --type MOCK --request-templates '{"application/json": "{\"statusCode\": 200}", "text/plain": "b"}'`},
		{"CloudFront's member names", &cloudfront.CreateInvalidationInput{
			DistributionId: aws.String("E1"), InvalidationBatch: &cdntypes.InvalidationBatch{
				CallerReference: aws.String("r"), Paths: &cdntypes.Paths{Quantity: aws.Int32(1), Items: []string{"/*"}},
			},
		}, `aws cloudfront create-invalidation --distribution-id E1 --invalidation-batch '{"CallerReference": "r", "Paths": {"Quantity": 1, "Items": ["/*"]}}'`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := known().line(cliWords(test.input)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLongStructuresHaveOneLinePerMember(t *testing.T) {
	words := cliWords(&cloudfront.CreateOriginRequestPolicyInput{OriginRequestPolicyConfig: &cdntypes.OriginRequestPolicyConfig{
		Name: aws.String("a-name-of-some-length"), Comment: aws.String("a comment that makes the line too long to be read"),
		HeadersConfig: &cdntypes.OriginRequestPolicyHeadersConfig{
			HeaderBehavior: cdntypes.OriginRequestPolicyHeaderBehaviorWhitelist,
			Headers:        &cdntypes.Headers{Quantity: aws.Int32(2), Items: []string{"Referer", "Accept-Language-Of-The-Viewer"}},
		},
	}})
	want := `{
  "HeadersConfig": {
    "HeaderBehavior": "whitelist",
    "Headers": {"Quantity": 2, "Items": ["Referer", "Accept-Language-Of-The-Viewer"]}
  },
  "Name": "a-name-of-some-length",
  "Comment": "a comment that makes the line too long to be read"
}`
	if got := words[len(words)-1]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestKebab(t *testing.T) {
	for name, want := range map[string]string{
		"RestApiId": "rest-api-id", "PutMethod": "put-method", "IfMatch": "if-match", "Id": "id",
		"CreateDistribution": "create-distribution", "UpdateRestApi": "update-rest-api", "OpenIDConnect": "open-id-connect",
		"WebACLId": "web-acl-id", "GetCallerIdentity": "get-caller-identity",
	} {
		if got := kebab(name); got != want {
			t.Errorf("kebab(%s) = %s, want %s", name, got, want)
		}
	}
}
