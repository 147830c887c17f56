package apigateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func TestMatchPath(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		args          []string
		ok            bool
	}{
		{"/name", "/name", nil, true},
		{"/name", "/name/", nil, false},
		{"/name", "/names", nil, false},
		{"/name", "name", nil, false},
		{"/name", "", nil, false},
		{"/a/b", "/a/b", nil, true},
		{"/a/b", "/a", nil, false},
		{"/a/{x}", "/a/b~1c~0d", []string{"b/c~d"}, true},
		{"/a/{x}", "/a/~01", []string{"~1"}, true},
		{"/a/{x}", "/a/", nil, false},
		{"/a/{x}", "/a/b/c", nil, false},
		{"/a/{x}/c", "/a/b/c", []string{"b"}, true},
		{"/a/{x...}", "/a/b/c~1d/", []string{"b/c~1d/"}, true},
		{"/a/{x...}", "/a//b", []string{"/b"}, true},
		{"/a/{x...}", "/a/", nil, false},
		{"/a/{x...}", "/a", nil, false},
		{"/{x...}", "/a/b", []string{"a/b"}, true},
	} {
		args, ok := matchPath(c.pattern, c.path)
		if ok != c.ok || ok && !slices.Equal(args, c.args) {
			t.Errorf("%s on %s: %q, %v; want %q, %v", c.pattern, c.path, args, ok, c.args, c.ok)
		}
	}
}

func TestTooManyPatchOperations(t *testing.T) {
	w := newWorld(t)
	id, _ := w.api()
	ops := slices.Repeat(patch("replace /name x"), maxPatchOperations+1)
	_, err := w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: ops})
	refused(t, err, bad, "Too many patch operations…")
	_, err = w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: ops[1:]})
	w.ok(err)
}

// FuzzPatch sends operations to every Update of an API that has everything. It
// may be refused, but only by a typed error, and what stands in the store
// afterwards is readable.
func FuzzPatch(f *testing.F) {
	for _, seed := range [][3]string{
		{"replace", "/name", "x"}, {"add", "/binaryMediaTypes/a~1b", ""}, {"replace", "/pathPart", "{p+}"}, {"replace", "/parentId", "x"},
		{"replace", "/*/*/throttling/rateLimit", "1e308"}, {"remove", "/*/*", ""}, {"copy", "/variables", "/canarySettings/stageVariableOverrides"},
		{"replace", "/canarySettings/percentTraffic", "NaN"}, {"add", "/requestTemplates/a~1b", "#set($x)"}, {"replace", "/timeoutInMillis", "-0"},
		{"add", "/apiStages/a:b/throttle/~1/GET/rateLimit", "1"}, {"replace", "/apiStages/a:b/throttle", `{"/x/GET":{}}`}, {"replace", "/policy", "{}"},
		{"test", "", ""}, {"replace", "/", ""}, {"replace", "/~/~2", "\xff"}, {"remove", "/responseModels/application~1json", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, op, path, value string) {
		w := newWorld(t)
		id, deployment := w.deployed()
		rec, err := load[APIRecord](w.call, w.st, apiRef(w.call, id))
		w.ok(err)
		root := *rec.Api.RootResourceId
		child := w.resource(id, root, "pets")
		k, plan := w.key("k"), w.plan(id+":prod")
		path = strings.ReplaceAll(path, "a:b", id+":prod")
		must[apigatewayapi.MethodResponse](t)(w.PutMethodResponse(w.call, &apigatewayapi.PutMethodResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200")}))
		must[apigatewayapi.IntegrationResponse](t)(w.PutIntegrationResponse(w.call, &apigatewayapi.PutIntegrationResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: new("GET"), StatusCode: new("200")}))
		get, ok := new("GET"), new("200")
		for _, from := range []*string{nil, &value} {
			ops := []apigatewayapi.PatchOperation{{Op: &op, Path: &path, Value: &value, From: from}}
			for _, update := range []func() error{
				func() error {
					_, err := w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateResource(w.call, &apigatewayapi.UpdateResourceRequest{RestApiId: &id, ResourceId: &child, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateMethod(w.call, &apigatewayapi.UpdateMethodRequest{RestApiId: &id, ResourceId: &root, HttpMethod: get, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateMethodResponse(w.call, &apigatewayapi.UpdateMethodResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: get, StatusCode: ok, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateIntegration(w.call, &apigatewayapi.UpdateIntegrationRequest{RestApiId: &id, ResourceId: &root, HttpMethod: get, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateIntegrationResponse(w.call, &apigatewayapi.UpdateIntegrationResponseRequest{RestApiId: &id, ResourceId: &root, HttpMethod: get, StatusCode: ok, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateDeployment(w.call, &apigatewayapi.UpdateDeploymentRequest{RestApiId: &id, DeploymentId: &deployment, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateStage(w.call, &apigatewayapi.UpdateStageRequest{RestApiId: &id, StageName: new("prod"), PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateApiKey(w.call, &apigatewayapi.UpdateApiKeyRequest{ApiKey: k.Id, PatchOperations: ops})
					return err
				},
				func() error {
					_, err := w.UpdateUsagePlan(w.call, &apigatewayapi.UpdateUsagePlanRequest{UsagePlanId: &plan, PatchOperations: ops})
					return err
				},
			} {
				err := update()
				var e *api.Error
				if err != nil && !errors.As(err, &e) {
					t.Errorf("%s %s %q: an internal failure: %v", op, path, value, err)
				}
			}
		}
		if _, err := w.GetResources(w.call, &apigatewayapi.GetResourcesRequest{RestApiId: &id}); err != nil {
			t.Error(err)
		}
		if _, err := w.GetStages(w.call, &apigatewayapi.GetStagesRequest{RestApiId: &id}); err != nil {
			t.Error(err)
		}
		if _, err := w.GetUsagePlans(w.call, &apigatewayapi.GetUsagePlansRequest{}); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkUpdateLargeAPI: one write to an API with AWS's 300 resources.
func BenchmarkUpdateLargeAPI(b *testing.B) {
	w := newWorld(b)
	id, root := w.api()
	for i := range 299 {
		res := w.resource(id, root, fmt.Sprint("p", i))
		w.mock(id, res)
	}
	in := &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch("replace /name x")}
	for b.Loop() {
		if _, err := w.UpdateRestApi(w.call, in); err != nil {
			b.Fatal(err)
		}
	}
}
