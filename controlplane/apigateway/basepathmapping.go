package apigateway

import (
	"regexp"
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// NoBasePath is how the empty base path is written.
const NoBasePath = "(none)"

const maxBasePath = 300

// basePathForm: one path segment (reference/api-gateway.md 1.13).
var basePathForm = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'()-]+$`)

func noMapping() error {
	return apigatewayapi.NotFoundException("Invalid base path mapping identifier specified")
}

// basePath is the key of a mapping.
func basePath(in *string) string {
	if val(in) == "" {
		return NoBasePath
	}
	return *in
}

func checkBasePath(path string) error {
	switch {
	case path == NoBasePath:
	case strings.Contains(path, "/"):
		return badRequest("API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.")
	case !basePathForm.MatchString(path) || len(path) > maxBasePath:
		return badRequest("Base path only allows letters, numbers and one of $-_.+!*'()")
	}
	return nil
}

// checkMapping holds a transaction to the API and the stage that a mapping
// names.
func (s *Service) checkMapping(call *api.Call, t *tx, m *apigatewayapi.BasePathMapping) error {
	held, err := hold(call, t, val(m.RestApiId))
	if err != nil {
		return err
	}
	if !held {
		return badRequest("Invalid REST API identifier specified")
	}
	if m.Stage = filled(m.Stage); m.Stage == nil {
		return nil
	}
	entry, err := get(t.ctx, t.store, stageRef(call, val(m.RestApiId), *m.Stage).Key())
	if err == nil && entry.ModRevision == 0 {
		err = badRequest("Invalid stage identifier specified")
	}
	return err
}

// editMappings changes the mappings of a domain.
func (s *Service) editMappings(call *api.Call, name, id *string, change func(t *tx, rec *DomainRecord) error) error {
	return editRecord(s, call, recordEdit[DomainRecord]{
		ref: domainRef(call, val(name)), missing: noDomain(),
		change: func(t *tx, rec *DomainRecord) error {
			if err := checkDomainID(rec, id); err != nil {
				return err
			}
			if rec.Mappings == nil {
				rec.Mappings = map[string]apigatewayapi.BasePathMapping{}
			}
			return change(t, rec)
		},
	})
}

// CreateBasePathMapping leads a base path of a domain to an API.
func (s *Service) CreateBasePathMapping(call *api.Call, in *apigatewayapi.CreateBasePathMappingRequest) (*apigatewayapi.BasePathMapping, error) {
	path := basePath(in.BasePath)
	made := apigatewayapi.BasePathMapping{BasePath: new(path), RestApiId: in.RestApiId, Stage: in.Stage}
	err := s.editMappings(call, in.DomainName, in.DomainNameId, func(t *tx, rec *DomainRecord) error {
		if err := checkBasePath(path); err != nil {
			return err
		}
		if _, taken := rec.Mappings[path]; taken {
			return apigatewayapi.ConflictException("Base path already exists for this domain name")
		}
		if len(rec.Mappings) >= s.limits.BasePaths {
			return tooMany("base path mappings", "domain name")
		}
		if err := s.checkMapping(call, t, &made); err != nil {
			return err
		}
		rec.Mappings[path] = made
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// GetBasePathMapping answers one mapping.
func (s *Service) GetBasePathMapping(call *api.Call, in *apigatewayapi.GetBasePathMappingRequest) (*apigatewayapi.BasePathMapping, error) {
	rec, err := s.loadDomain(call, in.DomainName, in.DomainNameId)
	if err != nil {
		return nil, err
	}
	out, ok := rec.Mappings[basePath(in.BasePath)]
	if !ok {
		return nil, noMapping()
	}
	return &out, nil
}

// GetBasePathMappings answers a page of a domain's mappings, by base path.
func (s *Service) GetBasePathMappings(call *api.Call, in *apigatewayapi.GetBasePathMappingsRequest) (*apigatewayapi.BasePathMappings, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	rec, err := s.loadDomain(call, in.DomainName, in.DomainNameId)
	if err != nil {
		return nil, err
	}
	items, next := mapPage(p, rec.Mappings, nil)
	return &apigatewayapi.BasePathMappings{Items: items, Position: next}, nil
}

// mappingPatches: clients write some members in lower case (AWS's own table
// does).
func mappingPatches() patchTable[apigatewayapi.BasePathMapping] {
	type target = apigatewayapi.BasePathMapping
	path := func(m *target) **string { return &m.BasePath }
	restAPI := func(m *target) **string { return &m.RestApiId }
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/basePath", path, nil), replaceText("/basepath", path, nil),
		replaceText("/restapiId", restAPI, nil), replaceText("/restApiId", restAPI, nil),
		replaceText("/stage", func(m *target) **string { return &m.Stage }, nil),
	}}
}

// UpdateBasePathMapping patches a mapping, which may also move it to another
// base path.
func (s *Service) UpdateBasePathMapping(call *api.Call, in *apigatewayapi.UpdateBasePathMappingRequest) (*apigatewayapi.BasePathMapping, error) {
	var out apigatewayapi.BasePathMapping
	err := s.editMappings(call, in.DomainName, in.DomainNameId, func(t *tx, rec *DomainRecord) error {
		from := basePath(in.BasePath)
		m, ok := rec.Mappings[from]
		if !ok {
			return noMapping()
		}
		if err := mappingPatches().apply(&m, in.PatchOperations); err != nil {
			return err
		}
		to := basePath(m.BasePath)
		if err := checkBasePath(to); err != nil {
			return err
		}
		if _, taken := rec.Mappings[to]; taken && to != from {
			return apigatewayapi.ConflictException("Base path already exists for this domain name")
		}
		if err := s.checkMapping(call, t, &m); err != nil {
			return err
		}
		delete(rec.Mappings, from)
		m.BasePath = new(to)
		rec.Mappings[to], out = m, m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteBasePathMapping removes a mapping.
func (s *Service) DeleteBasePathMapping(call *api.Call, in *apigatewayapi.DeleteBasePathMappingRequest) error {
	return s.editMappings(call, in.DomainName, in.DomainNameId, func(_ *tx, rec *DomainRecord) error {
		path := basePath(in.BasePath)
		if _, ok := rec.Mappings[path]; !ok {
			return noMapping()
		}
		delete(rec.Mappings, path)
		return nil
	})
}

// mappedBy lists the domains with a mapping that match holds for. Whoever maps
// an API touches its owner record, so a transaction that has read that record
// is tried again when a mapping comes.
func (s *Service) mappedBy(call *api.Call, match func(*apigatewayapi.BasePathMapping) bool) ([]string, error) {
	snap, err := s.store.List(call, Prefix(call.Account, call.Region, KindDomain))
	if err != nil {
		return nil, storeError("list", err)
	}
	var names []string
	for _, entry := range snap.Entries {
		rec, err := decode[DomainRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		for _, m := range rec.Mappings {
			if match(&m) {
				names = append(names, val(rec.Domain.DomainName))
				break
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// checkUnmapped refuses to delete an API, or one of its stages, that custom
// domains lead to.
func (s *Service) checkUnmapped(call *api.Call, apiID, stage string) error {
	names, err := s.mappedBy(call, func(m *apigatewayapi.BasePathMapping) bool {
		return val(m.RestApiId) == apiID && (stage == "" || val(m.Stage) == stage)
	})
	if err != nil || len(names) == 0 {
		return err
	}
	if stage == "" {
		return badRequest("Deleting RestApi failed. Please remove all base path mappings related to the RestApi in your domains: %s", strings.Join(names, ", "))
	}
	return badRequest("Deleting stage %s failed. Please remove all base path mappings related to the stage in your domains: %s", stage, strings.Join(names, ", "))
}
