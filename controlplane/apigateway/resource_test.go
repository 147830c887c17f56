package apigateway

import (
	"fmt"
	"slices"
	"testing"

	"drawbridge/controlplane/api/apigatewayapi"
)

func (w *world) paths(api string) []string {
	w.Helper()
	out := must[apigatewayapi.Resources](w)(w.GetResources(w.call, &apigatewayapi.GetResourcesRequest{RestApiId: &api, Limit: new(int32(500))}))
	var paths []string
	for _, res := range out.Items {
		paths = append(paths, *res.Path)
	}
	return paths
}

func TestCreateResourceRules(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	greedy := w.resource(id, root, "{proxy+}")
	pets := w.resource(id, root, "pets")
	for _, c := range []struct{ parent, part, code, text string }{
		{root, "{id}", bad, "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"},
		{root, "pets", conflict, "Another resource with the same parent already has this name: pets"},
		{root, "{proxy+}", conflict, "Another resource with the same parent already has this name: {proxy+}"},
		{greedy, "x", bad, "Cannot create a child of a resource with a greedy path variable: {proxy+}"},
		{"none", "x", notFound, "Invalid Resource identifier specified"},
		{root, "", bad, pathPartText}, {root, "a/b", bad, pathPartText}, {root, "{id", bad, pathPartText}, {root, "é", bad, pathPartText},
		{root, "a{id}", bad, pathPartText}, {root, "{}", bad, pathPartText}, {root, "{+}", bad, pathPartText}, {root, "a b", bad, pathPartText},
	} {
		_, err := w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{RestApiId: &id, ParentId: &c.parent, PathPart: &c.part})
		refused(t, err, c.code, c.text)
	}
	_, err := w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{RestApiId: new("none"), ParentId: &root, PathPart: new("x")})
	refused(t, err, notFound, "Invalid Resource identifier specified")

	for _, part := range []string{"v1.0", "a_b-c", "x:y", "{id}"} {
		w.resource(id, pets, part)
	}
	want := []string{"/", "/pets", "/pets/a_b-c", "/pets/v1.0", "/pets/x:y", "/pets/{id}", "/{proxy+}"}
	if got := w.paths(id); !slices.Equal(got, want) {
		t.Errorf("paths in order: %v, want %v", got, want)
	}
}

func TestMovingAResourceMovesItsSubtree(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	a := w.resource(id, root, "a")
	b := w.resource(id, a, "b")
	w.resource(id, b, "c")
	d := w.resource(id, root, "d")
	update := func(resource string, ops ...string) (*apigatewayapi.Resource, error) {
		return w.UpdateResource(w.call, &apigatewayapi.UpdateResourceRequest{RestApiId: &id, ResourceId: &resource, PatchOperations: patch(ops...)})
	}
	if out := must[apigatewayapi.Resource](t)(update(b, "replace /parentId "+d, "replace /pathPart {x}")); *out.Path != "/d/{x}" {
		t.Errorf("moved to %s", *out.Path)
	}
	if got, want := w.paths(id), []string{"/", "/a", "/d", "/d/{x}", "/d/{x}/c"}; !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	for _, c := range []struct{ resource, op, code, text string }{
		{d, "replace /parentId " + b, bad, "Resources cannot be cyclical."},
		{d, "replace /parentId " + d, bad, "Resources cannot be cyclical."},
		{d, "replace /pathPart a", conflict, "Another resource with the same parent already has this name: a"},
		{d, "replace /parentId none", notFound, "Invalid Resource identifier specified"},
		{d, "replace /pathPart a/b", bad, pathPartText},
		{d, "replace /x y", bad, "Invalid patch path  '/x' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"},
		{d, "remove /pathPart", bad, "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"},
		{root, "replace /pathPart a", bad, "Root resource cannot update its pathPart."},
		{root, "replace /parentId " + a, bad, "Root resource cannot update its parentId."},
		{"none", "replace /pathPart a", notFound, "Invalid Resource identifier specified"},
	} {
		_, err := update(c.resource, c.op)
		refused(t, err, c.code, c.text)
	}
	w.ok(w.DeleteResource(w.call, &apigatewayapi.DeleteResourceRequest{RestApiId: &id, ResourceId: &d}))
	if got, want := w.paths(id), []string{"/", "/a"}; !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	refused(t, w.DeleteResource(w.call, &apigatewayapi.DeleteResourceRequest{RestApiId: &id, ResourceId: &b}), notFound, "Invalid Resource identifier specified")
	refused(t, w.DeleteResource(w.call, &apigatewayapi.DeleteResourceRequest{RestApiId: &id, ResourceId: &root}), bad, "Cannot delete root resource.")
}

func TestGetResourcesShowsMethodsOnRequest(t *testing.T) {
	w := newWorld(t)
	id, root := w.api()
	w.mock(id, root)
	w.resource(id, root, "bare")
	get := func(embed ...string) []apigatewayapi.Resource {
		return must[apigatewayapi.Resources](t)(w.GetResources(w.call, &apigatewayapi.GetResourcesRequest{RestApiId: &id, Embed: embed})).Items
	}
	plain, full := get(), get("methods")
	if m, ok := plain[0].ResourceMethods["GET"]; !ok || m.HttpMethod != nil {
		t.Errorf("without embed: %+v", plain[0])
	}
	if m := full[0].ResourceMethods["GET"]; m.HttpMethod == nil || m.MethodIntegration == nil {
		t.Errorf("with embed: %+v", full[0])
	}
	if plain[1].ResourceMethods != nil {
		t.Error("a resource without methods shows an empty map")
	}
	one := must[apigatewayapi.Resource](t)(w.GetResource(w.call, &apigatewayapi.GetResourceRequest{RestApiId: &id, ResourceId: &root, Embed: []string{"methods"}}))
	if one.ResourceMethods["GET"].HttpMethod == nil {
		t.Errorf("GetResource with embed: %+v", one)
	}
	_, err := w.GetResources(w.call, &apigatewayapi.GetResourcesRequest{RestApiId: new("none")})
	refused(t, err, notFound, "Invalid API identifier specified 000000000000:none")
}

func TestResourceLimitAndPages(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Resources = 40 })
	id, root := w.api()
	for i := range 39 {
		w.resource(id, root, fmt.Sprintf("p%02d", i))
	}
	_, err := w.CreateResource(w.call, &apigatewayapi.CreateResourceRequest{RestApiId: &id, ParentId: &root, PathPart: new("more")})
	refused(t, err, limited, "Maximum number of resources for this API has been reached. Please contact AWS if you need additional resources.")
	var all []string
	in := &apigatewayapi.GetResourcesRequest{RestApiId: &id, Limit: new(int32(7))}
	for {
		out := must[apigatewayapi.Resources](t)(w.GetResources(w.call, in))
		for _, res := range out.Items {
			all = append(all, *res.Path)
		}
		if in.Position = out.Position; in.Position == nil {
			break
		}
	}
	if len(all) != 40 || !slices.IsSorted(all) {
		t.Errorf("pages gave %v", all)
	}
}
