package apigateway

import (
	"maps"
	"regexp"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

var (
	stageNameForm     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	variableNameForm  = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	variableValueForm = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]{1,512}$`)
)

const noSuchDeploymentText = "Deployment id does not exist"

func stageRef(call *api.Call, apiID, name string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindStage, Parent: apiID, ID: name}
}

func noStage() error {
	return apigatewayapi.NotFoundException("Invalid stage identifier specified")
}

// checkVariables holds stage variables to AWS's limits
// (reference/api-gateway.md 8).
func (s *Service) checkVariables(variables map[string]string) error {
	if len(variables) > s.limits.StageVariables {
		return tooMany("stage variables", "stage")
	}
	for _, name := range sortedKeys(variables) {
		if !variableNameForm.MatchString(name) {
			return badRequest("Stage variable names must be 1 to 64 characters of a-zA-Z0-9_")
		}
		if !variableValueForm.MatchString(variables[name]) {
			return badRequest("Stage variable values must be 1 to 512 characters of A-Za-z0-9-._~:/?#&=, but the value of %s is not", name)
		}
	}
	return nil
}

// newCanary fills in the defaults of canary settings.
func (s *Service) newCanary(in *apigatewayapi.CanarySettings) (*apigatewayapi.CanarySettings, error) {
	out := *in
	out.PercentTraffic = new(val(in.PercentTraffic))
	out.UseStageCache = new(val(in.UseStageCache))
	if p := *out.PercentTraffic; !(p >= 0 && p <= 100) {
		return nil, badRequest(percentText)
	}
	if len(out.StageVariableOverrides) == 0 {
		out.StageVariableOverrides = nil
	}
	return &out, s.checkVariables(out.StageVariableOverrides)
}

const percentText = "Canary percent traffic must be between 0.0 and 100.0"

// setCacheCluster turns the cache cluster on or off; nothing has to be started,
// so it is there at once.
func setCacheCluster(st *apigatewayapi.Stage, enabled *bool, size *string) {
	st.CacheClusterEnabled = new(val(enabled))
	if size != nil {
		st.CacheClusterSize = size
	}
	if !val(enabled) {
		st.CacheClusterStatus = new(apigatewayapi.CacheClusterStatusNotAvailable)
		return
	}
	st.CacheClusterStatus = new(apigatewayapi.CacheClusterStatusAvailable)
	if st.CacheClusterSize == nil {
		st.CacheClusterSize = new(apigatewayapi.CacheClusterSizeSize0Point5Gb)
	}
}

// newStage checks the input and fills in the defaults
// (reference/api-gateway.md 1.7). Deployments are checked by the caller.
func (s *Service) newStage(call *api.Call, in *apigatewayapi.CreateStageRequest) (*StageRecord, error) {
	if !stageNameForm.MatchString(val(in.StageName)) {
		return nil, badRequest("Stage name only allows a-zA-Z0-9_- and can be at most 128 characters")
	}
	if err := s.checkVariables(in.Variables); err != nil {
		return nil, err
	}
	tags, err := s.checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	n, err := count(call, s.store, Below(call.Account, call.Region, KindStage, val(in.RestApiId)))
	if err != nil {
		return nil, err
	}
	if n >= s.limits.Stages {
		return nil, tooMany("stages", "API")
	}
	st := apigatewayapi.Stage{
		DeploymentId: in.DeploymentId, StageName: in.StageName, Description: filled(in.Description),
		MethodSettings: map[string]apigatewayapi.MethodSetting{}, DocumentationVersion: filled(in.DocumentationVersion),
		TracingEnabled: new(val(in.TracingEnabled)), Tags: tags,
		CreatedDate: seconds(call.Now), LastUpdatedDate: seconds(call.Now),
	}
	if len(in.Variables) > 0 {
		st.Variables = in.Variables
	}
	if in.CanarySettings != nil {
		if st.CanarySettings, err = s.newCanary(in.CanarySettings); err != nil {
			return nil, err
		}
	}
	setCacheCluster(&st, in.CacheClusterEnabled, in.CacheClusterSize)
	return &StageRecord{Stage: st}, nil
}

// needDeployment holds the transaction to a deployment's existence.
func (s *Service) needDeployment(call *api.Call, t *tx, apiID, id string) error {
	entry, err := get(t.ctx, t.store, deploymentRef(call, apiID, id).Key())
	if err == nil && (id == "" || entry.ModRevision == 0) {
		err = badRequest(noSuchDeploymentText)
	}
	return err
}

// CreateStage makes a stage for a deployment.
func (s *Service) CreateStage(call *api.Call, in *apigatewayapi.CreateStageRequest) (*apigatewayapi.Stage, error) {
	apiID := val(in.RestApiId)
	ref := stageRef(call, apiID, val(in.StageName))
	var made *StageRecord
	err := s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		if err := structure(call, t, apiID); err != nil {
			return err
		}
		existing, err := read[StageRecord](t, ref)
		if err != nil {
			return err
		}
		if existing != nil {
			return apigatewayapi.ConflictException("Stage already exists")
		}
		if err := s.needDeployment(call, t, apiID, val(in.DeploymentId)); err != nil {
			return err
		}
		if c := in.CanarySettings; c != nil {
			if c.DeploymentId == nil {
				c.DeploymentId = in.DeploymentId
			}
			if err := s.needDeployment(call, t, apiID, val(c.DeploymentId)); err != nil {
				return err
			}
		}
		if made, err = s.newStage(call, in); err != nil {
			return err
		}
		if err := holdRefs(call, t, refChange{apiID: apiID, after: refsOf(&made.Stage)}); err != nil {
			return err
		}
		return t.put(ref, made)
	})
	if err != nil {
		return nil, err
	}
	return &made.Stage, nil
}

// GetStage answers one stage.
func (s *Service) GetStage(call *api.Call, in *apigatewayapi.GetStageRequest) (*apigatewayapi.Stage, error) {
	rec, err := load[StageRecord](call, s.store, stageRef(call, val(in.RestApiId), val(in.StageName)))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noStage()
	}
	return &rec.Stage, nil
}

// stages lists an API's stages by name.
func (s *Service) stages(call *api.Call, apiID string) ([]apigatewayapi.Stage, error) {
	snap, err := s.store.List(call, Below(call.Account, call.Region, KindStage, apiID))
	if err != nil {
		return nil, storeError("list", err)
	}
	out := make([]apigatewayapi.Stage, 0, len(snap.Entries))
	for _, entry := range snap.Entries {
		rec, err := decode[StageRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, rec.Stage)
	}
	return out, nil
}

// GetStages answers all stages of an API, or those of one deployment.
func (s *Service) GetStages(call *api.Call, in *apigatewayapi.GetStagesRequest) (*apigatewayapi.Stages, error) {
	apiID := val(in.RestApiId)
	if err := s.needAPI(call, apiID); err != nil {
		return nil, err
	}
	all, err := s.stages(call, apiID)
	if err != nil {
		return nil, err
	}
	out := make([]apigatewayapi.Stage, 0, len(all))
	for _, st := range all {
		if in.DeploymentId == nil || val(st.DeploymentId) == *in.DeploymentId {
			out = append(out, st)
		}
	}
	return &apigatewayapi.Stages{Item: out}, nil
}

// UpdateStage patches a stage.
func (s *Service) UpdateStage(call *api.Call, in *apigatewayapi.UpdateStageRequest) (*apigatewayapi.Stage, error) {
	apiID := val(in.RestApiId)
	ref := stageRef(call, apiID, val(in.StageName))
	var out *apigatewayapi.Stage
	err := s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		rec, err := read[StageRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noStage()
		}
		d := &stageDraft{
			stage: &rec.Stage,
			needDeployment: func(id string) error {
				if err := structure(call, t, apiID); err != nil {
					return err
				}
				return s.needDeployment(call, t, apiID, id)
			},
		}
		before := refsOf(&rec.Stage)
		if err := stagePatches().apply(d, in.PatchOperations); err != nil {
			return err
		}
		if err := holdRefs(call, t, refChange{apiID, before, refsOf(&rec.Stage)}); err != nil {
			return err
		}
		if err := s.checkVariables(rec.Stage.Variables); err != nil {
			return err
		}
		if c := rec.Stage.CanarySettings; c != nil {
			if err := s.checkVariables(c.StageVariableOverrides); err != nil {
				return err
			}
		}
		rec.Stage.LastUpdatedDate = seconds(call.Now)
		out = &rec.Stage
		return t.put(ref, rec)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteStage removes a stage, also from the usage plans that name it.
func (s *Service) DeleteStage(call *api.Call, in *apigatewayapi.DeleteStageRequest) error {
	apiID, name := val(in.RestApiId), val(in.StageName)
	ref := stageRef(call, apiID, name)
	return s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		rec, err := read[StageRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noStage()
		}
		if err := structure(call, t, apiID); err != nil {
			return err
		}
		if err := s.checkUnmapped(call, apiID, name); err != nil {
			return err
		}
		t.delete(ref)
		return s.dropPlanStages(call, t, func(st *apigatewayapi.ApiStage) bool {
			return val(st.ApiId) == apiID && val(st.Stage) == name
		})
	})
}

// promoteVariables lays the canary's overrides over the stage's variables.
func promoteVariables(st *apigatewayapi.Stage) {
	if len(st.CanarySettings.StageVariableOverrides) == 0 {
		return
	}
	if st.Variables == nil {
		st.Variables = map[string]string{}
	}
	maps.Copy(st.Variables, st.CanarySettings.StageVariableOverrides)
}
