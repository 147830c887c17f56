package apigateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/store"
)

const (
	maxCompressionSize = 10_485_760
	compressionText    = "Invalid minimum compression size, must be between 0 and 10485760"
	dualstackText      = "Only dualstack ipAddressType is supported for Private APIs."
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func ownerRef(apiID string) Ref { return Ref{Kind: KindOwner, ID: apiID} }

func apiRef(call *api.Call, id string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindRestAPI, ID: id}
}

func noAPI(call *api.Call, id string) error {
	return apigatewayapi.NotFoundException("Invalid API identifier specified " + call.Account + ":" + id)
}

// loadAPI reads an API's draft; missing is the answer when there is none.
func (s *Service) loadAPI(call *api.Call, id string, missing error) (*APIRecord, error) {
	rec, err := load[APIRecord](call, s.store, apiRef(call, id))
	if err == nil && rec == nil {
		err = missing
	}
	return rec, err
}

// editAPI changes an API's draft.
func (s *Service) editAPI(call *api.Call, id string, missing error, change func(rec *APIRecord) error) error {
	ref := apiRef(call, id)
	return s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[APIRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return missing
		}
		if err := change(rec); err != nil {
			return err
		}
		return t.put(ref, rec)
	})
}

// CreateRestApi makes an API with its root resource and AWS's two models.
func (s *Service) CreateRestApi(call *api.Call, in *apigatewayapi.CreateRestApiRequest) (*apigatewayapi.RestApi, error) {
	draft, err := s.newAPI(in)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedID(in.Tags, customAPIID)
	if err != nil {
		return nil, err
	}
	if err := s.checkAPICount(call); err != nil {
		return nil, err
	}
	draft.Id = filled(new(wanted))
	var made *APIRecord
	err = s.write(call, ownerRef(wanted).Key(), func(t *tx) error {
		rec, err := s.contents(call, t, val(in.CloneFrom))
		if err != nil {
			return err
		}
		if err := s.placeAPI(call, t, rec, draft); err != nil {
			return err
		}
		if rec.Api.Policy, err = s.storedPolicy(call, val(rec.Api.Id), val(in.Policy)); err != nil {
			return err
		}
		made = rec
		return t.put(apiRef(call, val(rec.Api.Id)), rec)
	})
	if err != nil {
		return nil, err
	}
	return made.shown(), nil
}

// placeAPI makes a draft the API of rec: it gets its id (draft.Id if it asks for
// one) and an owner. The root resource is rec's.
func (s *Service) placeAPI(call *api.Call, t *tx, rec *APIRecord, draft apigatewayapi.RestApi) error {
	id := val(draft.Id)
	if id == "" {
		id = s.newID(apiIDLength)
	}
	if taken, err := read[OwnerRecord](t, ownerRef(id)); err != nil {
		return err
	} else if taken != nil {
		return apigatewayapi.ConflictException("API id already exists: " + id)
	}
	root := rec.Api.RootResourceId
	rec.Api = draft
	rec.Api.Id, rec.Api.RootResourceId, rec.Api.CreatedDate = new(id), root, seconds(call.Now)
	return t.put(ownerRef(id), OwnerRecord{Account: call.Account, Region: call.Region})
}

// newAPI checks the input in AWS's order (reference/api-gateway.md 1.7) and
// fills in the defaults.
func (s *Service) newAPI(in *apigatewayapi.CreateRestApiRequest) (apigatewayapi.RestApi, error) {
	out := apigatewayapi.RestApi{
		Name: in.Name, Description: in.Description, Version: filled(in.Version),
		MinimumCompressionSize:    in.MinimumCompressionSize,
		ApiKeySource:              in.ApiKeySource,
		DisableExecuteApiEndpoint: new(val(in.DisableExecuteApiEndpoint)),
		SecurityPolicy:            filled(in.SecurityPolicy), EndpointAccessMode: filled(in.EndpointAccessMode),
	}
	if in.Description != nil && *in.Description == "" {
		return out, badRequest("Description cannot be an empty string")
	}
	if val(in.Name) == "" {
		return out, badRequest("Name cannot be empty")
	}
	endpoint, err := newEndpoint(in.EndpointConfiguration)
	if err != nil {
		return out, err
	}
	out.EndpointConfiguration = endpoint
	if size := in.MinimumCompressionSize; size != nil && (*size < 0 || *size > maxCompressionSize) {
		return out, badRequest(compressionText)
	}
	if out.ApiKeySource == nil {
		out.ApiKeySource = new(apigatewayapi.ApiKeySourceTypeHeader)
	}
	for _, t := range in.BinaryMediaTypes {
		if !slices.Contains(out.BinaryMediaTypes, t) {
			out.BinaryMediaTypes = append(out.BinaryMediaTypes, t)
		}
	}
	out.Tags, err = s.checkTags(in.Tags)
	return out, err
}

func newEndpoint(in *apigatewayapi.EndpointConfiguration) (*apigatewayapi.EndpointConfiguration, error) {
	if in == nil {
		in = &apigatewayapi.EndpointConfiguration{}
	}
	out := &apigatewayapi.EndpointConfiguration{Types: in.Types, IpAddressType: in.IpAddressType}
	switch {
	case in.Types == nil:
		out.Types = []string{apigatewayapi.EndpointTypeEdge}
	case len(in.Types) == 0:
		return nil, badRequest("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
	case len(in.Types) > 1:
		return nil, badRequest("Cannot create an api with multiple Endpoint Types.")
	}
	if len(in.VpcEndpointIds) > 0 {
		out.VpcEndpointIds = in.VpcEndpointIds
	}
	private := out.Types[0] == apigatewayapi.EndpointTypePrivate
	switch {
	case private && val(out.IpAddressType) == apigatewayapi.IpAddressTypeIpv4:
		return nil, badRequest(dualstackText)
	case private:
		out.IpAddressType = new(apigatewayapi.IpAddressTypeDualstack)
	case out.IpAddressType == nil:
		out.IpAddressType = new(apigatewayapi.IpAddressTypeIpv4)
	}
	return out, nil
}

// checkAPICount counts by the owner records, which are small.
func (s *Service) checkAPICount(call *api.Call) error {
	snap, err := s.store.List(call, OwnerRoot)
	if err != nil {
		return storeError("list", err)
	}
	n := 0
	for _, entry := range snap.Entries {
		owner, err := decode[OwnerRecord](entry.Key, entry.Value)
		if err != nil {
			return err
		}
		if owner.Account == call.Account && owner.Region == call.Region {
			n++
		}
	}
	if n >= s.limits.RestAPIs {
		return tooMany("APIs", "account")
	}
	return nil
}

// contents is what a new API starts with: a root resource and the default
// models, or a copy of another API's draft.
func (s *Service) contents(call *api.Call, t *tx, cloneFrom string) (*APIRecord, error) {
	if cloneFrom == "" {
		root := s.newID(apiIDLength)
		return &APIRecord{
			Api:       apigatewayapi.RestApi{RootResourceId: new(root)},
			Resources: map[string]apigatewayapi.Resource{root: {Id: new(root), Path: new("/")}},
			Models:    s.defaultModels(),
		}, nil
	}
	rec, err := read[APIRecord](t, apiRef(call, cloneFrom))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noAPI(call, cloneFrom)
	}
	s.renewResourceIDs(rec)
	return rec, nil
}

// renewResourceIDs gives all resources new ids: a clone shares none with its
// original.
func (s *Service) renewResourceIDs(rec *APIRecord) {
	fresh := map[string]string{}
	for _, id := range sortedKeys(rec.Resources) {
		fresh[id] = s.newID(len(id))
	}
	resources := map[string]apigatewayapi.Resource{}
	for id, res := range rec.Resources {
		res.Id = new(fresh[id])
		if res.ParentId != nil {
			res.ParentId = new(fresh[*res.ParentId])
		}
		for _, method := range res.ResourceMethods {
			if in := method.MethodIntegration; in != nil && val(in.CacheNamespace) == id {
				in.CacheNamespace = new(fresh[id])
			}
		}
		resources[fresh[id]] = res
	}
	rec.Resources = resources
	rec.Api.RootResourceId = new(fresh[val(rec.Api.RootResourceId)])
}

// shown is the API as answers have it.
func (r *APIRecord) shown() *apigatewayapi.RestApi {
	out := r.Api
	out.Policy = shownPolicy(out.Policy)
	return &out
}

// GetRestApi answers one API.
func (s *Service) GetRestApi(call *api.Call, in *apigatewayapi.GetRestApiRequest) (*apigatewayapi.RestApi, error) {
	id := val(in.RestApiId)
	rec, err := s.loadAPI(call, id, noAPI(call, id))
	if err != nil {
		return nil, err
	}
	out := rec.shown()
	out.Tags = shownTags(out.Tags)
	return out, nil
}

// GetRestApis answers a page of APIs, by id.
func (s *Service) GetRestApis(call *api.Call, in *apigatewayapi.GetRestApisRequest) (*apigatewayapi.RestApis, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.RestApi]{
		prefix: Prefix(call.Account, call.Region, KindRestAPI),
		page:   p,
		item: func(ref Ref, value []byte) (apigatewayapi.RestApi, bool, error) {
			// The rest of the record, which may be large, is skipped.
			rec, err := decode[struct{ Api apigatewayapi.RestApi }](ref.Key(), value)
			if err != nil {
				return apigatewayapi.RestApi{}, false, err
			}
			return *(&APIRecord{Api: rec.Api}).shown(), true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.RestApis{Items: items, Position: next}, nil
}

// UpdateRestApi patches an API.
func (s *Service) UpdateRestApi(call *api.Call, in *apigatewayapi.UpdateRestApiRequest) (*apigatewayapi.RestApi, error) {
	id := val(in.RestApiId)
	table := s.restAPIPatches(call)
	var out *apigatewayapi.RestApi
	err := s.editAPI(call, id, noAPI(call, id), func(rec *APIRecord) error {
		if err := table.apply(&rec.Api, in.PatchOperations); err != nil {
			return err
		}
		out = rec.shown()
		out.Tags = shownTags(out.Tags)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) restAPIPatches(call *api.Call) patchTable[apigatewayapi.RestApi] {
	type target = apigatewayapi.RestApi
	nonEmpty := func(name string) error {
		if name == "" {
			return badRequest("Name cannot be empty")
		}
		return nil
	}
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/name", func(a *target) **string { return &a.Name }, nonEmpty),
		replaceText("/version", func(a *target) **string { return &a.Version }, nil),
		replaceText("/securityPolicy", func(a *target) **string { return &a.SecurityPolicy }, nil),
		replaceText("/endpointAccessMode", func(a *target) **string { return &a.EndpointAccessMode },
			oneOf("EndpointAccessMode", apigatewayapi.EndpointAccessModeValues)),
		replaceText("/apiKeySource", func(a *target) **string { return &a.ApiKeySource },
			oneOf("ApiKeySource", apigatewayapi.ApiKeySourceTypeValues)),
		replaceTruth("/disableExecuteApiEndpoint", func(a *target) **bool { return &a.DisableExecuteApiEndpoint }),
		{path: "/description", ops: []op{opAdd, opReplace, opRemove}, apply: func(a *target, e *edit) error {
			a.Description = nil
			if e.op != opRemove {
				a.Description = filled(new(e.text()))
			}
			return nil
		}},
		{path: "/minimumCompressionSize", ops: []op{opReplace}, apply: func(a *target, e *edit) (err error) {
			a.MinimumCompressionSize = nil // no value turns compression off
			if e.text() != "" {
				a.MinimumCompressionSize, err = whole(e.text(), 0, maxCompressionSize, compressionText)
			}
			return err
		}},
		{path: "/policy", ops: []op{opReplace}, apply: func(a *target, e *edit) (err error) {
			a.Policy, err = s.storedPolicy(call, val(a.Id), e.text())
			return err
		}},
		{path: "/binaryMediaTypes/{type}", ops: []op{opAdd, opReplace, opRemove}, apply: patchBinaryMediaType},
		{path: "/endpointConfiguration/types/{type}", ops: []op{opReplace}, apply: patchEndpointType,
			badOp: "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"},
		{path: "/endpointConfiguration/ipAddressType", ops: []op{opReplace}, apply: patchIPAddressType},
		{path: "/endpointConfiguration/vpcEndpointIds", ops: []op{opAdd, opRemove}, apply: patchVPCEndpoint},
	}}
}

// oneOf checks a value that PATCH takes as text against an enum.
func oneOf(name string, values []string) func(string) error {
	return func(value string) error {
		if slices.Contains(values, value) {
			return nil
		}
		text := ""
		for i, v := range values {
			if i > 0 {
				text += ","
			}
			text += v
		}
		return badRequest("Invalid %s specified. Valid options are %s", name, text)
	}
}

// patchBinaryMediaType: the type is in the path; what replaces one goes to the
// end, and an index is a type like any other (reference/api-gateway.md 1.9).
func patchBinaryMediaType(a *apigatewayapi.RestApi, e *edit) error {
	remove := func(t string) {
		a.BinaryMediaTypes = slices.DeleteFunc(a.BinaryMediaTypes, func(have string) bool { return have == t })
	}
	switch e.op {
	case opRemove:
		remove(e.args[0])
	case opReplace:
		remove(e.args[0])
		remove(e.text())
		a.BinaryMediaTypes = append(a.BinaryMediaTypes, e.text())
	default:
		if !slices.Contains(a.BinaryMediaTypes, e.args[0]) {
			a.BinaryMediaTypes = append(a.BinaryMediaTypes, e.args[0])
		}
	}
	if len(a.BinaryMediaTypes) == 0 {
		a.BinaryMediaTypes = nil
	}
	return nil
}

func patchEndpointType(a *apigatewayapi.RestApi, e *edit) error {
	switch e.text() {
	case apigatewayapi.EndpointTypeRegional, apigatewayapi.EndpointTypeEdge, apigatewayapi.EndpointTypePrivate:
	default:
		return badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE")
	}
	a.EndpointConfiguration.Types = []string{e.text()}
	if e.text() == apigatewayapi.EndpointTypePrivate {
		a.EndpointConfiguration.IpAddressType = new(apigatewayapi.IpAddressTypeDualstack)
	}
	return nil
}

func patchIPAddressType(a *apigatewayapi.RestApi, e *edit) error {
	value := e.text()
	switch {
	case value != apigatewayapi.IpAddressTypeIpv4 && value != apigatewayapi.IpAddressTypeDualstack:
		return badRequest("ipAddressType must be either ipv4 or dualstack.")
	case value == apigatewayapi.IpAddressTypeIpv4 && slices.Contains(a.EndpointConfiguration.Types, apigatewayapi.EndpointTypePrivate):
		return badRequest(dualstackText)
	}
	a.EndpointConfiguration.IpAddressType = new(value)
	return nil
}

func patchVPCEndpoint(a *apigatewayapi.RestApi, e *edit) error {
	c := a.EndpointConfiguration
	if !slices.Contains(c.Types, apigatewayapi.EndpointTypePrivate) {
		return badRequest("VPCEndpoints can only be specified with PRIVATE apis.")
	}
	c.VpcEndpointIds = slices.DeleteFunc(c.VpcEndpointIds, func(have string) bool { return have == e.text() })
	if e.op == opAdd && e.text() != "" {
		c.VpcEndpointIds = append(c.VpcEndpointIds, e.text())
	}
	if len(c.VpcEndpointIds) == 0 {
		c.VpcEndpointIds = nil
	}
	return nil
}

// DeleteRestApi removes an API with everything below it, and its stages from
// usage plans, in one transaction.
func (s *Service) DeleteRestApi(call *api.Call, in *apigatewayapi.DeleteRestApiRequest) error {
	id := val(in.RestApiId)
	ref := apiRef(call, id)
	return s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[json.RawMessage](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noAPI(call, id)
		}
		// The owner record holds the transaction to what is below the API.
		if _, err := read[OwnerRecord](t, ownerRef(id)); err != nil {
			return err
		}
		if err := s.checkUnmapped(call, id, ""); err != nil {
			return err
		}
		for _, kind := range []Kind{KindDeployment, KindStage, KindDocumentation} {
			if err := t.deleteBelow(Below(call.Account, call.Region, kind, id)); err != nil {
				return err
			}
		}
		t.delete(ref)
		t.delete(ownerRef(id))
		return s.dropPlanStages(call, t, func(st *apigatewayapi.ApiStage) bool { return val(st.ApiId) == id })
	})
}

// deleteBelow deletes every record under a prefix.
func (t *tx) deleteBelow(prefix string) error {
	if len(prefix) > store.MaxKeyBytes {
		return nil
	}
	snap, err := t.store.List(t.ctx, prefix)
	if err != nil {
		return storeError("list", err)
	}
	if n := len(snap.Entries); n > store.MaxTxnOps {
		return fmt.Errorf("BUG: %s records below %s", strconv.Itoa(n), prefix)
	}
	for _, entry := range snap.Entries {
		t.deletes[entry.Key] = true
	}
	return nil
}
