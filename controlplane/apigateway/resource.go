package apigateway

import (
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// pathPartForm is what a path part may be: a word, or one word in braces,
// greedy with a plus.
var pathPartForm = regexp.MustCompile(`^(?:[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._:-]+\+?\})$`)

const pathPartText = "Resource's path part only allow a-zA-Z0-9._-: and curly braces at the beginning and the end and an optional plus sign before the closing brace."

// noResource answers an unknown resource, and an unknown API to calls about a
// resource (reference/api-gateway.md 1.8).
func noResource() error {
	return apigatewayapi.NotFoundException("Invalid Resource identifier specified")
}

func isVariable(pathPart string) bool { return strings.HasPrefix(pathPart, "{") }

func isGreedy(pathPart string) bool { return strings.HasSuffix(pathPart, "+}") }

// checkPlace checks whether a resource (id "" for a new one) may have a path
// part below a parent.
func (r *APIRecord) checkPlace(id, parentID, pathPart string) error {
	parent, ok := r.Resources[parentID]
	if !ok {
		return noResource()
	}
	if !pathPartForm.MatchString(pathPart) {
		return badRequest(pathPartText)
	}
	if above := val(parent.PathPart); isGreedy(above) {
		return badRequest("Cannot create a child of a resource with a greedy path variable: %s", above)
	}
	for _, sibling := range sortedKeys(r.Resources) {
		other := r.Resources[sibling]
		if sibling == id || val(other.ParentId) != parentID {
			continue
		}
		switch part := val(other.PathPart); {
		case part == pathPart:
			return apigatewayapi.ConflictException("Another resource with the same parent already has this name: " + pathPart)
		case isVariable(part) && isVariable(pathPart):
			return badRequest("A sibling (%s) of this resource already has a variable path part -- only one is allowed", part)
		}
	}
	return nil
}

func childPath(parentPath, pathPart string) string {
	return strings.TrimSuffix(parentPath, "/") + "/" + pathPart
}

// subtree is the ids of a resource and of all below it, parents first.
func (r *APIRecord) subtree(id string) []string {
	children := map[string][]string{}
	for _, child := range sortedKeys(r.Resources) {
		parent := val(r.Resources[child].ParentId)
		children[parent] = append(children[parent], child)
	}
	ids := []string{id}
	for i := 0; i < len(ids); i++ {
		ids = append(ids, children[ids[i]]...)
	}
	return ids
}

// repath writes the paths of a resource and of all below it anew.
func (r *APIRecord) repath(id string) {
	for _, id := range r.subtree(id) {
		res := r.Resources[id]
		if parent, ok := r.Resources[val(res.ParentId)]; ok {
			res.Path = new(childPath(val(parent.Path), val(res.PathPart)))
			r.Resources[id] = res
		}
	}
}

// CreateResource makes a resource below another.
func (s *Service) CreateResource(call *api.Call, in *apigatewayapi.CreateResourceRequest) (*apigatewayapi.Resource, error) {
	var made apigatewayapi.Resource
	err := s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		parentID, part := val(in.ParentId), val(in.PathPart)
		if err := rec.checkPlace("", parentID, part); err != nil {
			return err
		}
		if len(rec.Resources) >= s.limits.Resources {
			return tooMany("resources", "API")
		}
		id, err := s.freshID(childIDLength, func(id string) (bool, error) {
			_, taken := rec.Resources[id]
			return taken, nil
		})
		if err != nil {
			return err
		}
		made = apigatewayapi.Resource{
			Id: new(id), ParentId: in.ParentId, PathPart: in.PathPart,
			Path: new(childPath(val(rec.Resources[parentID].Path), part)),
		}
		rec.Resources[id] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// shownResource is a resource as answers have it: without embed=methods each
// method is an empty object (reference/api-gateway.md 1.4).
func shownResource(res apigatewayapi.Resource, embed []string) apigatewayapi.Resource {
	if len(res.ResourceMethods) == 0 {
		res.ResourceMethods = nil
		return res
	}
	if slices.Contains(embed, "methods") {
		return res
	}
	methods := make(map[string]apigatewayapi.Method, len(res.ResourceMethods))
	for verb := range res.ResourceMethods {
		methods[verb] = apigatewayapi.Method{}
	}
	res.ResourceMethods = methods
	return res
}

// GetResource answers one resource.
func (s *Service) GetResource(call *api.Call, in *apigatewayapi.GetResourceRequest) (*apigatewayapi.Resource, error) {
	rec, err := s.loadAPI(call, val(in.RestApiId), noResource())
	if err != nil {
		return nil, err
	}
	res, ok := rec.Resources[val(in.ResourceId)]
	if !ok {
		return nil, noResource()
	}
	return new(shownResource(res, in.Embed)), nil
}

// GetResources answers a page of an API's resources in the order of their paths
// (reference/api-gateway.md 1.6).
func (s *Service) GetResources(call *api.Call, in *apigatewayapi.GetResourcesRequest) (*apigatewayapi.Resources, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	all := make([]apigatewayapi.Resource, 0, len(rec.Resources))
	for _, res := range rec.Resources {
		all = append(all, shownResource(res, in.Embed))
	}
	slices.SortFunc(all, func(a, b apigatewayapi.Resource) int { return strings.Compare(val(a.Path), val(b.Path)) })
	items, next := slice(p, all, func(res *apigatewayapi.Resource) string { return val(res.Path) })
	return &apigatewayapi.Resources{Items: items, Position: next}, nil
}

// resourceDraft is a resource within its API, which is what a patch moves.
type resourceDraft struct {
	api *APIRecord
	res *apigatewayapi.Resource
}

func resourcePatches() patchTable[resourceDraft] {
	return patchTable[resourceDraft]{wording: listedWording("/parentId", "/pathPart"), rules: []rule[resourceDraft]{
		{path: "/pathPart", ops: []op{opReplace}, apply: func(d *resourceDraft, e *edit) error {
			if d.res.ParentId == nil {
				return badRequest("Root resource cannot update its pathPart.")
			}
			if err := d.api.checkPlace(val(d.res.Id), val(d.res.ParentId), e.text()); err != nil {
				return err
			}
			d.res.PathPart = new(e.text())
			d.keep()
			return nil
		}},
		{path: "/parentId", ops: []op{opReplace}, apply: func(d *resourceDraft, e *edit) error {
			if d.res.ParentId == nil {
				return badRequest("Root resource cannot update its parentId.")
			}
			if slices.Contains(d.api.subtree(val(d.res.Id)), e.text()) {
				return badRequest("Resources cannot be cyclical.")
			}
			if err := d.api.checkPlace(val(d.res.Id), e.text(), val(d.res.PathPart)); err != nil {
				return err
			}
			d.res.ParentId = new(e.text())
			d.keep()
			return nil
		}},
	}}
}

// keep puts the changed resource back and mends the paths below it.
func (d *resourceDraft) keep() {
	id := val(d.res.Id)
	d.api.Resources[id] = *d.res
	d.api.repath(id)
	*d.res = d.api.Resources[id]
}

// UpdateResource renames or moves a resource.
func (s *Service) UpdateResource(call *api.Call, in *apigatewayapi.UpdateResourceRequest) (*apigatewayapi.Resource, error) {
	var out apigatewayapi.Resource
	err := s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		res, ok := rec.Resources[val(in.ResourceId)]
		if !ok {
			return noResource()
		}
		d := &resourceDraft{api: rec, res: &res}
		if err := resourcePatches().apply(d, in.PatchOperations); err != nil {
			return err
		}
		out = shownResource(res, nil)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteResource removes a resource and all below it.
func (s *Service) DeleteResource(call *api.Call, in *apigatewayapi.DeleteResourceRequest) error {
	return s.editAPI(call, val(in.RestApiId), noResource(), func(rec *APIRecord) error {
		id := val(in.ResourceId)
		res, ok := rec.Resources[id]
		if !ok {
			return noResource()
		}
		if res.ParentId == nil {
			return badRequest("Cannot delete root resource.")
		}
		for _, id := range rec.subtree(id) {
			delete(rec.Resources, id)
		}
		return nil
	})
}
