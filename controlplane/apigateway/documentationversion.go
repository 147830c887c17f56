package apigateway

import (
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// maxDocumentationVersions bounds an API's versions; ours, so that an API goes
// in one transaction.
const maxDocumentationVersions = 40

// versionForm: a version stands in paths.
var versionForm = regexp.MustCompile(`^[A-Za-z0-9._~ -]{1,64}$`)

func documentationRef(call *api.Call, apiID, version string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindDocumentation, Parent: apiID, ID: version}
}

func noDocumentationVersion() error {
	return apigatewayapi.NotFoundException("Invalid Documentation version specified")
}

// CreateDocumentationVersion freezes an API's documentation parts and, with a
// stage name, gives the stage that version.
func (s *Service) CreateDocumentationVersion(call *api.Call, in *apigatewayapi.CreateDocumentationVersionRequest) (*apigatewayapi.DocumentationVersion, error) {
	apiID, version := val(in.RestApiId), val(in.DocumentationVersion)
	made := apigatewayapi.DocumentationVersion{
		Version: in.DocumentationVersion, CreatedDate: seconds(call.Now), Description: filled(in.Description),
	}
	err := s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		rec, err := read[APIRecord](t, apiRef(call, apiID))
		if err != nil {
			return err
		}
		if rec == nil {
			return noAPI(call, apiID)
		}
		if err := structure(call, t, apiID); err != nil {
			return err
		}
		if !versionForm.MatchString(version) {
			return badRequest("Documentation version must be 1 to 64 characters of A-Za-z0-9._~- and blanks")
		}
		taken, err := read[DocumentationRecord](t, documentationRef(call, apiID, version))
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("Version already exists: " + version)
		}
		n, err := count(call, s.store, Below(call.Account, call.Region, KindDocumentation, apiID))
		if err != nil {
			return err
		}
		if n >= maxDocumentationVersions {
			return tooMany("documentation versions", "API")
		}
		if err := s.documentStage(call, t, in); err != nil {
			return err
		}
		return t.put(documentationRef(call, apiID, version), DocumentationRecord{Version: made, Parts: rec.DocumentationParts})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// documentStage gives a stage the version that is being made.
func (s *Service) documentStage(call *api.Call, t *tx, in *apigatewayapi.CreateDocumentationVersionRequest) error {
	if val(in.StageName) == "" {
		return nil
	}
	ref := stageRef(call, val(in.RestApiId), *in.StageName)
	stage, err := read[StageRecord](t, ref)
	if err != nil {
		return err
	}
	if stage == nil {
		return noStage()
	}
	stage.Stage.DocumentationVersion, stage.Stage.LastUpdatedDate = in.DocumentationVersion, seconds(call.Now)
	return t.put(ref, stage)
}

// GetDocumentationVersion answers one version.
func (s *Service) GetDocumentationVersion(call *api.Call, in *apigatewayapi.GetDocumentationVersionRequest) (*apigatewayapi.DocumentationVersion, error) {
	ref := documentationRef(call, val(in.RestApiId), val(in.DocumentationVersion))
	rec, err := loadRecord[DocumentationRecord](s, call, ref, noDocumentationVersion())
	if err != nil {
		return nil, err
	}
	return &rec.Version, nil
}

// GetDocumentationVersions answers a page of an API's versions, by name.
func (s *Service) GetDocumentationVersions(call *api.Call, in *apigatewayapi.GetDocumentationVersionsRequest) (*apigatewayapi.DocumentationVersions, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	if err := s.needAPI(call, val(in.RestApiId)); err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.DocumentationVersion]{
		prefix: Below(call.Account, call.Region, KindDocumentation, val(in.RestApiId)), page: p,
		item: func(ref Ref, value []byte) (apigatewayapi.DocumentationVersion, bool, error) {
			// The frozen parts are skipped.
			rec, err := decode[struct {
				Version apigatewayapi.DocumentationVersion
			}](ref.Key(), value)
			if err != nil {
				return apigatewayapi.DocumentationVersion{}, false, err
			}
			return rec.Version, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.DocumentationVersions{Items: items, Position: next}, nil
}

// UpdateDocumentationVersion patches a version's description.
func (s *Service) UpdateDocumentationVersion(call *api.Call, in *apigatewayapi.UpdateDocumentationVersionRequest) (*apigatewayapi.DocumentationVersion, error) {
	type target = apigatewayapi.DocumentationVersion
	table := patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/description", func(v *target) **string { return &v.Description }, nil),
	}}
	var out target
	err := editRecord(s, call, recordEdit[DocumentationRecord]{
		ref:     documentationRef(call, val(in.RestApiId), val(in.DocumentationVersion)),
		missing: noDocumentationVersion(),
		change: func(_ *tx, rec *DocumentationRecord) error {
			err := table.apply(&rec.Version, in.PatchOperations)
			out = rec.Version
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteDocumentationVersion removes a version, also from the stages that have
// it.
func (s *Service) DeleteDocumentationVersion(call *api.Call, in *apigatewayapi.DeleteDocumentationVersionRequest) error {
	apiID := val(in.RestApiId)
	ref := documentationRef(call, apiID, val(in.DocumentationVersion))
	return s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		if _, err := hold(call, t, apiID); err != nil {
			return err
		}
		rec, err := read[DocumentationRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noDocumentationVersion()
		}
		stages, err := s.stages(call, apiID)
		if err != nil {
			return err
		}
		for i := range stages {
			if val(stages[i].DocumentationVersion) != ref.ID {
				continue
			}
			at := stageRef(call, apiID, val(stages[i].StageName))
			stage, err := read[StageRecord](t, at)
			if err != nil {
				return err
			}
			if stage != nil {
				stage.Stage.DocumentationVersion = nil
				if err := t.put(at, stage); err != nil {
					return err
				}
			}
		}
		t.delete(ref)
		return nil
	})
}
