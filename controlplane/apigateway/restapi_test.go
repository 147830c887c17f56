package apigateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func TestCreateRestApiDefaults(t *testing.T) {
	w := newWorld(t)
	out := must[apigatewayapi.RestApi](t)(w.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new("pets")}))
	if len(*out.Id) != 10 || len(*out.RootResourceId) != 10 {
		t.Errorf("ids %q and %q, want 10 characters", *out.Id, *out.RootResourceId)
	}
	if *out.ApiKeySource != "HEADER" || *out.DisableExecuteApiEndpoint || out.EndpointConfiguration.Types[0] != "EDGE" ||
		*out.EndpointConfiguration.IpAddressType != "ipv4" || out.Tags != nil || out.Policy != nil {
		t.Errorf("defaults: %+v", out)
	}
	if got := out.CreatedDate.UnixNano(); got != testNow.Unix()*1e9 {
		t.Errorf("created at %d, want whole seconds", got)
	}
	rec, err := load[APIRecord](w.call, w.st, apiRef(w.call, *out.Id))
	w.ok(err)
	if len(rec.Resources) != 1 || *rec.Resources[*out.RootResourceId].Path != "/" || len(rec.Models) != 2 {
		t.Errorf("record: %+v", rec)
	}
	got := must[apigatewayapi.RestApi](t)(w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: out.Id}))
	if got.Tags == nil || len(got.Tags) != 0 {
		t.Errorf("GetRestApi shows tags %v, want {}", got.Tags)
	}
}

func TestCreateRestApiRefusals(t *testing.T) {
	endpoint := func(ip string, types ...string) *apigatewayapi.EndpointConfiguration {
		return &apigatewayapi.EndpointConfiguration{Types: types, IpAddressType: filled(&ip)}
	}
	name := new("n")
	for _, c := range []struct {
		in   apigatewayapi.CreateRestApiRequest
		code string
		text string
	}{
		{apigatewayapi.CreateRestApiRequest{Name: name, Description: new(""), MinimumCompressionSize: new(int32(-1)), EndpointConfiguration: endpoint("ipv4", "PRIVATE")},
			bad, "Description cannot be an empty string"},
		{apigatewayapi.CreateRestApiRequest{Name: new("")}, bad, "Name cannot be empty"},
		{apigatewayapi.CreateRestApiRequest{Name: name, EndpointConfiguration: &apigatewayapi.EndpointConfiguration{Types: []string{}}},
			bad, "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."},
		{apigatewayapi.CreateRestApiRequest{Name: name, EndpointConfiguration: endpoint("", "EDGE", "REGIONAL")},
			bad, "Cannot create an api with multiple Endpoint Types."},
		{apigatewayapi.CreateRestApiRequest{Name: name, EndpointConfiguration: endpoint("ipv4", "PRIVATE")}, bad, dualstackText},
		{apigatewayapi.CreateRestApiRequest{Name: name, MinimumCompressionSize: new(int32(10_485_761))}, bad, compressionText},
		{apigatewayapi.CreateRestApiRequest{Name: name, Policy: new("{")}, bad, badPolicyText},
		{apigatewayapi.CreateRestApiRequest{Name: name, CloneFrom: new("none")}, notFound, "Invalid API identifier specified 000000000000:none"},
		{apigatewayapi.CreateRestApiRequest{Name: name, Tags: map[string]string{"aws:x": ""}}, bad, "aws: prefixed tag key names…"},
		{apigatewayapi.CreateRestApiRequest{Name: name, Tags: map[string]string{"k": strings.Repeat("v", 257)}}, bad, "Tag values can be…"},
		{apigatewayapi.CreateRestApiRequest{Name: name, Tags: map[string]string{"_custom_id_": "Not/AnId"}}, bad, "Invalid value for tag _custom_id_…"},
		{apigatewayapi.CreateRestApiRequest{Name: name, Tags: map[string]string{"_custom_id_": "d-abc"}}, bad, "Invalid value for tag _custom_id_…"},
	} {
		w := newWorld(t)
		_, err := w.CreateRestApi(w.call, &c.in)
		refused(t, err, c.code, c.text)
		if n := len(w.keysUnder("")); n != 0 {
			t.Errorf("%s: a refused call left %d records", c.text, n)
		}
	}
}

func TestCustomIDIsUniqueOverTheServer(t *testing.T) {
	w := newWorld(t)
	in := &apigatewayapi.CreateRestApiRequest{Name: new("a"), Tags: map[string]string{"_custom_id_": "my-api"}}
	out := must[apigatewayapi.RestApi](t)(w.CreateRestApi(w.call, in))
	if *out.Id != "my-api" || out.Tags["_custom_id_"] != "my-api" {
		t.Errorf("id %q, tags %v", *out.Id, out.Tags)
	}
	other := caller("111111111111", "eu-west-1")
	_, err := w.CreateRestApi(other, in)
	refused(t, err, conflict, "API id already exists: my-api")

	// The API is its owner's only, and the id is free again once it is deleted.
	_, err = w.GetRestApi(other, &apigatewayapi.GetRestApiRequest{RestApiId: out.Id})
	refused(t, err, notFound, "Invalid API identifier specified 111111111111:my-api")
	refused(t, w.DeleteRestApi(other, &apigatewayapi.DeleteRestApiRequest{RestApiId: out.Id}), notFound,
		"Invalid API identifier specified 111111111111:my-api")
	w.ok(w.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: out.Id}))
	must[apigatewayapi.RestApi](t)(w.CreateRestApi(other, in))
}

func TestPolicyIsStoredCanonical(t *testing.T) {
	w := newWorld(t)
	const given = `{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": {"AWS": ["*"]},
		"Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*" }] }`
	in := &apigatewayapi.CreateRestApiRequest{Name: new("p"), Policy: new(given), Tags: map[string]string{"_custom_id_": "abc"}}
	out := must[apigatewayapi.RestApi](t)(w.CreateRestApi(w.call, in))
	const stored = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"execute-api:Invoke",` +
		`"Resource":"arn:aws:execute-api:us-east-1:000000000000:abc/prod/*"}]}`
	rec, err := load[APIRecord](w.call, w.st, apiRef(w.call, "abc"))
	w.ok(err)
	if *rec.Api.Policy != stored {
		t.Errorf("stored %s", *rec.Api.Policy)
	}
	unescaped, err := strconv.Unquote(`"` + *out.Policy + `"`) // as Terraform reads it
	w.ok(err)
	if unescaped != stored {
		t.Errorf("shown %s", *out.Policy)
	}

	update := func(ops ...string) (*apigatewayapi.RestApi, error) {
		return w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: new("abc"), PatchOperations: patch(ops...)})
	}
	for _, value := range []string{"{", `{"Version":"2012-10-17","Statement":[]}`, strings.Replace(given, "[{", "[{"+strings.Repeat(" ", 8192), 1)} {
		_, err := update("replace /policy " + value)
		refused(t, err, bad, badPolicyText)
	}
	longest := strings.Replace(given, "[{", "[{"+strings.Repeat(" ", 8192-len(given)), 1)
	must[apigatewayapi.RestApi](t)(update("replace /policy " + longest))
	if out := must[apigatewayapi.RestApi](t)(update("replace /policy ")); out.Policy != nil {
		t.Errorf("policy %s after an empty one", *out.Policy)
	}
}

func TestUpdateRestApi(t *testing.T) {
	for _, c := range []struct {
		ops  []string
		text string // of a BadRequestException; "": accepted
		want func(a *apigatewayapi.RestApi) bool
	}{
		{[]string{"replace /name other", "replace /version 2", "replace /apiKeySource AUTHORIZER", "replace /disableExecuteApiEndpoint true"}, "",
			func(a *apigatewayapi.RestApi) bool {
				return *a.Name == "other" && *a.Version == "2" && *a.ApiKeySource == "AUTHORIZER" && *a.DisableExecuteApiEndpoint
			}},
		{[]string{"add /binaryMediaTypes/image~1png", "add /binaryMediaTypes/image~1gif", "replace /binaryMediaTypes/image~1png a/b", "add /binaryMediaTypes/-"}, "",
			func(a *apigatewayapi.RestApi) bool {
				return slices.Equal(a.BinaryMediaTypes, []string{"image/gif", "a/b", "-"})
			}},
		{[]string{"add /description d", "remove /description"}, "", func(a *apigatewayapi.RestApi) bool { return a.Description == nil }},
		{[]string{"replace /minimumCompressionSize 0"}, "", func(a *apigatewayapi.RestApi) bool { return *a.MinimumCompressionSize == 0 }},
		{[]string{"replace /minimumCompressionSize 9", "replace /minimumCompressionSize"}, "",
			func(a *apigatewayapi.RestApi) bool { return a.MinimumCompressionSize == nil }},
		{[]string{"replace /endpointConfiguration/types/EDGE PRIVATE", "add /endpointConfiguration/vpcEndpointIds vpce-1"}, "",
			func(a *apigatewayapi.RestApi) bool {
				return a.EndpointConfiguration.Types[0] == "PRIVATE" && *a.EndpointConfiguration.IpAddressType == "dualstack" &&
					a.EndpointConfiguration.VpcEndpointIds[0] == "vpce-1"
			}},
		{[]string{"add /endpointConfiguration/vpcEndpointIds vpce-1"}, "VPCEndpoints can only be specified with PRIVATE apis.", nil},
		{[]string{"replace /name"}, "Name cannot be empty", nil},
		{[]string{"replace /apiKeySource COOKIE"}, "Invalid ApiKeySource specified. Valid options are…", nil},
		{[]string{"add /minimumCompressionSize 10"}, "Invalid patch operation specified. Must be one of: [replace]", nil},
		{[]string{"remove /endpointConfiguration/types/0 EDGE"}, "Invalid patch operation specified. Must be 'add'|'remove'|'replace'", nil},
		{[]string{"replace /endpointConfiguration/types/0 wrong"}, "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE", nil},
		{[]string{"replace /endpointConfiguration/ipAddressType wrong"}, "ipAddressType must be either ipv4 or dualstack.", nil},
		{[]string{"test /name test"}, "Invalid patch operation specified. Must be one of: [replace]", nil},
		{[]string{"replace /binaryMediaTypes x"}, "Invalid patch path /binaryMediaTypes", nil},
		{[]string{"replace name x"}, "Invalid patch path name", nil},
		{[]string{"replace /nested/name x"}, "Invalid patch path /nested/name", nil},
	} {
		w := newWorld(t)
		id, _ := w.api()
		out, err := w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch(c.ops...)})
		if c.text != "" {
			refused(t, err, bad, c.text)
			continue
		}
		if w.ok(err); !c.want(out) {
			t.Errorf("%v: got %+v", c.ops, out)
		}
	}
	w := newWorld(t)
	id, _ := w.api()
	_, err := w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: []apigatewayapi.PatchOperation{{Op: new("replace")}}})
	refused(t, err, bad, "Invalid patch path null")
	// A list of operations applies as a whole or not at all.
	_, err = w.UpdateRestApi(w.call, &apigatewayapi.UpdateRestApiRequest{RestApiId: &id, PatchOperations: patch("replace /name new", "replace /x y")})
	refused(t, err, bad, "Invalid patch path /x")
	if got := must[apigatewayapi.RestApi](t)(w.GetRestApi(w.call, &apigatewayapi.GetRestApiRequest{RestApiId: &id})); *got.Name != "test" {
		t.Errorf("name %q after a refused update", *got.Name)
	}
}

func TestCloneSharesNothingWithItsOriginal(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	pets := w.resource(id, root, "pets")
	w.mock(id, pets)
	out := must[apigatewayapi.RestApi](t)(w.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new("copy"), CloneFrom: &id}))
	got := must[apigatewayapi.Resources](t)(w.GetResources(w.call, &apigatewayapi.GetResourcesRequest{RestApiId: out.Id, Embed: []string{"methods"}}))
	if len(got.Items) != 2 || *got.Items[0].Id != *out.RootResourceId || *got.Items[1].ParentId != *out.RootResourceId {
		t.Fatalf("resources: %+v", got.Items)
	}
	copied := got.Items[1]
	if *copied.Id == pets || *copied.Path != "/pets" || *copied.ResourceMethods["GET"].MethodIntegration.CacheNamespace != *copied.Id {
		t.Errorf("cloned resource: %+v", copied)
	}
	w.ok(w.DeleteResource(w.call, &apigatewayapi.DeleteResourceRequest{RestApiId: out.Id, ResourceId: copied.Id}))
	must[apigatewayapi.Resource](t)(w.GetResource(w.call, &apigatewayapi.GetResourceRequest{RestApiId: &id, ResourceId: &pets}))
}

func TestGetRestApisPages(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		must[apigatewayapi.RestApi](t)(w.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new(fmt.Sprint(i))}))
	}
	seen := map[string]bool{}
	var sizes []int
	in := &apigatewayapi.GetRestApisRequest{}
	for {
		out := must[apigatewayapi.RestApis](t)(w.GetRestApis(w.call, in))
		sizes = append(sizes, len(out.Items))
		for _, a := range out.Items {
			seen[*a.Id] = true
		}
		if out.Position == nil {
			break
		}
		in.Position = out.Position
	}
	if len(seen) != 30 || !slices.Equal(sizes, []int{25, 5}) {
		t.Errorf("%d APIs in pages of %v", len(seen), sizes)
	}
	for limit, want := range map[int32]int{-1: 0, 0: 0, 1: 1, 30: 30, 100_000: 30} {
		out := must[apigatewayapi.RestApis](t)(w.GetRestApis(w.call, &apigatewayapi.GetRestApisRequest{Limit: &limit}))
		if len(out.Items) != want || out.Items == nil || (out.Position != nil) != (limit == 1) {
			t.Errorf("limit %d: %d items, position %v", limit, len(out.Items), out.Position)
		}
	}
	_, err := w.GetRestApis(w.call, &apigatewayapi.GetRestApisRequest{Position: new("***")})
	refused(t, err, bad, "Invalid position specified")
	// Other accounts and regions have lists of their own.
	other := must[apigatewayapi.RestApis](t)(w.GetRestApis(caller("000000000000", "us-east-2"), &apigatewayapi.GetRestApisRequest{}))
	if len(other.Items) != 0 {
		t.Errorf("another region shows %d APIs", len(other.Items))
	}
}

func TestDeleteRestApiTakesEverythingBelow(t *testing.T) {
	w := newWorld(t)
	keep, _ := w.deployed()
	id, _ := w.deployed()
	plan := w.plan(id+":prod", keep+":prod")
	w.ok(w.DeleteRestApi(w.call, &apigatewayapi.DeleteRestApiRequest{RestApiId: &id}))
	for _, key := range w.keysUnder("") {
		if strings.Contains(key, id) {
			t.Errorf("left behind: %s", key)
		}
	}
	got := must[apigatewayapi.UsagePlan](t)(w.GetUsagePlan(w.call, &apigatewayapi.GetUsagePlanRequest{UsagePlanId: &plan}))
	if len(got.ApiStages) != 1 || *got.ApiStages[0].ApiId != keep {
		t.Errorf("the plan still has %+v", got.ApiStages)
	}
	must[apigatewayapi.Stage](t)(w.GetStage(w.call, &apigatewayapi.GetStageRequest{RestApiId: &keep, StageName: new("prod")}))
}

func TestRestApiLimits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits = Limits{RestAPIs: 1, APIBytes: 4000} })
	id, root := w.api()
	_, err := w.CreateRestApi(w.call, &apigatewayapi.CreateRestApiRequest{Name: new("second")})
	refused(t, err, limited, "Maximum number of APIs…")
	_, err = w.CreateRestApi(caller("000000000000", "eu-west-1"), &apigatewayapi.CreateRestApiRequest{Name: new("elsewhere")})
	w.ok(err)
	_, err = w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{
		RestApiId: &id, ParentId: &root, PathPart: new(strings.Repeat("p", 4000)),
	})
	refused(t, err, limited, "The definition takes…")
}
