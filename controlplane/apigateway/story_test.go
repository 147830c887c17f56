package apigateway_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// client is AWS's own SDK, speaking to the service over HTTP.
func client(t *testing.T) *apigateway.Client {
	t.Helper()
	handler, err := newHandler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return apigateway.New(apigateway.Options{
		Region: "ap-northeast-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "123456781234", SecretAccessKey: "secret"}, nil
		}),
	})
}

func ok[T any](t *testing.T) func(out T, err error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// The article's set-up, by the SDK: an API with a keyed MOCK method, a
// deployment, a key in a usage plan, and a resource policy.
func TestTheArticlesSetUpByTheSDK(t *testing.T) {
	c, ctx := client(t), context.Background()
	a := ok[*apigateway.CreateRestApiOutput](t)(c.CreateRestApi(ctx, &apigateway.CreateRestApiInput{
		Name: new("article"), EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}},
	}))
	resources := ok[*apigateway.GetResourcesOutput](t)(c.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: a.Id}))
	root := resources.Items[0].Id
	if *root != *a.RootResourceId {
		t.Fatalf("root resource %s, the API says %s", *root, *a.RootResourceId)
	}
	get, status := new("GET"), new("200")
	ok[*apigateway.PutMethodOutput](t)(c.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: a.Id, ResourceId: root, HttpMethod: get, AuthorizationType: new("NONE")}))
	ok[*apigateway.PutMethodResponseOutput](t)(c.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: a.Id, ResourceId: root, HttpMethod: get, StatusCode: status}))
	ok[*apigateway.PutIntegrationOutput](t)(c.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: a.Id, ResourceId: root, HttpMethod: get, Type: types.IntegrationTypeMock,
		RequestTemplates: map[string]string{"application/json": `{"statusCode": 200}`},
	}))
	ok[*apigateway.PutIntegrationResponseOutput](t)(c.PutIntegrationResponse(ctx, &apigateway.PutIntegrationResponseInput{
		RestApiId: a.Id, ResourceId: root, HttpMethod: get, StatusCode: status, SelectionPattern: new(""),
	}))
	m := ok[*apigateway.UpdateMethodOutput](t)(c.UpdateMethod(ctx, &apigateway.UpdateMethodInput{RestApiId: a.Id, ResourceId: root, HttpMethod: get,
		PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: new("/apiKeyRequired"), Value: new("true")}}}))
	if !*m.ApiKeyRequired || m.MethodIntegration == nil {
		t.Errorf("method %+v", m)
	}

	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",` +
		`"Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:Referer":"secret-value"}}}]}`
	up := ok[*apigateway.UpdateRestApiOutput](t)(c.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: a.Id,
		PatchOperations: []types.PatchOperation{{Op: types.OpReplace, Path: new("/policy"), Value: new(policy)}}}))
	text, err := strconv.Unquote(`"` + *up.Policy + `"`)
	if want := "arn:aws:execute-api:ap-northeast-1:123456781234:" + *a.Id + "/*"; err != nil || !strings.Contains(text, want) {
		t.Errorf("policy %s, %v; want %s in it", *up.Policy, err, want)
	}

	ok[*apigateway.CreateDeploymentOutput](t)(c.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: a.Id, StageName: new("prod")}))
	plan := ok[*apigateway.CreateUsagePlanOutput](t)(c.CreateUsagePlan(ctx, &apigateway.CreateUsagePlanInput{
		Name: new("plan"), ApiStages: []types.ApiStage{{ApiId: a.Id, Stage: new("prod")}}, Throttle: &types.ThrottleSettings{RateLimit: 2, BurstLimit: 1},
	}))
	key := ok[*apigateway.CreateApiKeyOutput](t)(c.CreateApiKey(ctx, &apigateway.CreateApiKeyInput{Name: new("cloudfront"), Enabled: true}))
	ok[*apigateway.CreateUsagePlanKeyOutput](t)(c.CreateUsagePlanKey(ctx, &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan.Id, KeyId: key.Id, KeyType: new("API_KEY")}))
	shown := ok[*apigateway.GetApiKeyOutput](t)(c.GetApiKey(ctx, &apigateway.GetApiKeyInput{ApiKey: key.Id, IncludeValue: new(true)}))
	if *shown.Value != *key.Value {
		t.Error("the key's value changed")
	}

	_, err = c.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: new("none")})
	var missing *types.NotFoundException
	if !errors.As(err, &missing) || *missing.Message != "Invalid API identifier specified 123456781234:none" {
		t.Errorf("got %v", err)
	}
	if _, err := c.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: a.Id}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteUsagePlan(ctx, &apigateway.DeleteUsagePlanInput{UsagePlanId: plan.Id}); err != nil {
		t.Error(err) // the plan's stage went with the API
	}
}
