package apigateway

import (
	"maps"
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const badDeployment = "Invalid deployment content specified."

func deploymentRef(call *api.Call, apiID, id string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindDeployment, Parent: apiID, ID: id}
}

func noDeployment() error {
	return apigatewayapi.NotFoundException("Invalid Deployment identifier specified")
}

// hold holds a transaction to the references among an API's deployments, stages
// and usage plans, by its owner record (see OwnerRecord); false when the caller
// has no such API. It comes before reading what the transaction relies on.
func hold(call *api.Call, t *tx, apiID string) (bool, error) {
	owner, err := read[OwnerRecord](t, ownerRef(apiID))
	if err != nil || owner == nil || owner.Account != call.Account || owner.Region != call.Region {
		return false, err
	}
	t.touch(ownerRef(apiID))
	return true, nil
}

// structure is hold for operations that need the API.
func structure(call *api.Call, t *tx, apiID string) error {
	held, err := hold(call, t, apiID)
	if err == nil && !held {
		err = noAPI(call, apiID)
	}
	return err
}

// CreateDeployment freezes the API as it is and, with a stage name, makes the
// stage or moves it there; with canary settings it becomes the stage's canary
// (reference/api-gateway.md 1.12).
func (s *Service) CreateDeployment(call *api.Call, in *apigatewayapi.CreateDeploymentRequest) (*apigatewayapi.Deployment, error) {
	apiID := val(in.RestApiId)
	var made apigatewayapi.Deployment
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
		id, err := s.freshDeploymentID(call, t, apiID)
		if err != nil {
			return err
		}
		stage, err := s.deployedStage(call, t, in, id)
		if err != nil {
			return err
		}
		if err := rec.deployable(); err != nil {
			return err
		}
		made = apigatewayapi.Deployment{Id: new(id), Description: filled(in.Description), CreatedDate: seconds(call.Now)}
		if stage != nil {
			if err := t.put(stageRef(call, apiID, val(in.StageName)), stage); err != nil {
				return err
			}
		}
		return t.put(deploymentRef(call, apiID, id), DeploymentRecord{Deployment: made, Frozen: rec.frozen()})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

func (s *Service) freshDeploymentID(call *api.Call, t *tx, apiID string) (string, error) {
	n, err := count(call, s.store, Below(call.Account, call.Region, KindDeployment, apiID))
	if err != nil {
		return "", err
	}
	if n >= s.limits.Deployments {
		return "", tooMany("deployments", "API")
	}
	return s.freshID(childIDLength, func(id string) (bool, error) {
		entry, err := get(t.ctx, t.store, deploymentRef(call, apiID, id).Key())
		return entry.ModRevision != 0, err
	})
}

// deployable: there is at least one method, and each has an integration.
func (r *APIRecord) deployable() error {
	methods := 0
	for _, res := range r.Resources {
		for _, m := range res.ResourceMethods {
			methods++
			if m.MethodIntegration == nil {
				return badRequest("No integration defined for method")
			}
		}
	}
	if methods == 0 {
		return badRequest("The REST API doesn't contain any methods")
	}
	return nil
}

// frozen is the copy a deployment keeps.
func (r *APIRecord) frozen() APIRecord {
	out := *r
	out.DocumentationParts = nil
	return out
}

// deployedStage is the stage that a new deployment makes or changes, nil if it
// names none.
func (s *Service) deployedStage(call *api.Call, t *tx, in *apigatewayapi.CreateDeploymentRequest, deploymentID string) (*StageRecord, error) {
	name := val(in.StageName)
	if name == "" {
		if in.CanarySettings == nil {
			return nil, nil
		}
		shown := "null"
		if in.StageName != nil {
			shown = ""
		}
		return nil, badRequest(badDeployment+"Non null and non empty stageName must be provided for canary deployment. Provided value is %s", shown)
	}
	ref := stageRef(call, val(in.RestApiId), name)
	rec, err := read[StageRecord](t, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case rec == nil && in.CanarySettings != nil:
		return nil, badRequest(badDeployment+"Stage %s must already be created before making a canary release deployment", name)
	case rec == nil:
		st, err := s.newStage(call, stageInput(in, deploymentID))
		return st, err
	case in.CanarySettings != nil:
		return s.deployCanary(call, rec, in.CanarySettings, deploymentID)
	case rec.Stage.CanarySettings != nil:
		return nil, badRequest(badDeployment+"Stage %s has a canary; promote or remove it before making another deployment", name)
	}
	st := &rec.Stage
	st.DeploymentId, st.LastUpdatedDate = new(deploymentID), seconds(call.Now)
	if in.StageDescription != nil {
		st.Description = filled(in.StageDescription)
	}
	if in.TracingEnabled != nil {
		st.TracingEnabled = in.TracingEnabled
	}
	if in.Variables != nil {
		if err := s.checkVariables(in.Variables); err != nil {
			return nil, err
		}
		st.Variables = in.Variables
	}
	if in.CacheClusterEnabled != nil {
		setCacheCluster(st, in.CacheClusterEnabled, in.CacheClusterSize)
	}
	return rec, nil
}

// deployCanary makes a deployment the canary of a stage.
func (s *Service) deployCanary(call *api.Call, rec *StageRecord, in *apigatewayapi.DeploymentCanarySettings, deploymentID string) (*StageRecord, error) {
	canary, err := s.newCanary(&apigatewayapi.CanarySettings{
		PercentTraffic: in.PercentTraffic, DeploymentId: new(deploymentID),
		StageVariableOverrides: in.StageVariableOverrides, UseStageCache: in.UseStageCache,
	})
	if err != nil {
		return nil, err
	}
	rec.Stage.CanarySettings, rec.Stage.LastUpdatedDate = canary, seconds(call.Now)
	return rec, nil
}

// stageInput is the CreateStage that a CreateDeployment with a new stage name
// stands for.
func stageInput(in *apigatewayapi.CreateDeploymentRequest, deploymentID string) *apigatewayapi.CreateStageRequest {
	return &apigatewayapi.CreateStageRequest{
		RestApiId: in.RestApiId, StageName: in.StageName, DeploymentId: new(deploymentID),
		Description: in.StageDescription, Variables: in.Variables, TracingEnabled: in.TracingEnabled,
		CacheClusterEnabled: in.CacheClusterEnabled, CacheClusterSize: in.CacheClusterSize,
	}
}

// GetDeployment answers a deployment, with embed=apisummary what it contains.
func (s *Service) GetDeployment(call *api.Call, in *apigatewayapi.GetDeploymentRequest) (*apigatewayapi.Deployment, error) {
	rec, err := load[DeploymentRecord](call, s.store, deploymentRef(call, val(in.RestApiId), val(in.DeploymentId)))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noDeployment()
	}
	out := rec.Deployment
	if slices.Contains(in.Embed, "apisummary") {
		out.ApiSummary = rec.Frozen.summary()
	}
	return &out, nil
}

// summary says by path and verb how each method is guarded.
func (r *APIRecord) summary() map[string]map[string]apigatewayapi.MethodSnapshot {
	out := map[string]map[string]apigatewayapi.MethodSnapshot{}
	for res := range maps.Values(r.Resources) {
		if len(res.ResourceMethods) == 0 {
			continue
		}
		methods := map[string]apigatewayapi.MethodSnapshot{}
		for verb, m := range res.ResourceMethods {
			methods[verb] = apigatewayapi.MethodSnapshot{AuthorizationType: m.AuthorizationType, ApiKeyRequired: m.ApiKeyRequired}
		}
		out[val(res.Path)] = methods
	}
	return out
}

// GetDeployments answers a page of an API's deployments, by id.
func (s *Service) GetDeployments(call *api.Call, in *apigatewayapi.GetDeploymentsRequest) (*apigatewayapi.Deployments, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	if err := s.needAPI(call, val(in.RestApiId)); err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.Deployment]{
		prefix: Below(call.Account, call.Region, KindDeployment, val(in.RestApiId)),
		page:   p,
		item: func(ref Ref, value []byte) (apigatewayapi.Deployment, bool, error) {
			// The frozen copy is skipped.
			rec, err := decode[struct{ Deployment apigatewayapi.Deployment }](ref.Key(), value)
			if err != nil {
				return apigatewayapi.Deployment{}, false, err
			}
			return rec.Deployment, true, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.Deployments{Items: items, Position: next}, nil
}

// needAPI finds out whether an API exists without reading its draft.
func (s *Service) needAPI(call *api.Call, id string) error {
	owner, err := load[OwnerRecord](call, s.store, ownerRef(id))
	if err != nil {
		return err
	}
	if owner == nil || owner.Account != call.Account || owner.Region != call.Region {
		return noAPI(call, id)
	}
	return nil
}

// UpdateDeployment patches a deployment's description; what it froze never
// changes.
func (s *Service) UpdateDeployment(call *api.Call, in *apigatewayapi.UpdateDeploymentRequest) (*apigatewayapi.Deployment, error) {
	ref := deploymentRef(call, val(in.RestApiId), val(in.DeploymentId))
	table := patchTable[apigatewayapi.Deployment]{wording: plainWording(), rules: []rule[apigatewayapi.Deployment]{
		replaceText("/description", func(d *apigatewayapi.Deployment) **string { return &d.Description }, nil),
	}}
	var out apigatewayapi.Deployment
	err := s.write(call, apiRef(call, val(in.RestApiId)).Key(), func(t *tx) error {
		rec, err := read[DeploymentRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noDeployment()
		}
		if err := table.apply(&rec.Deployment, in.PatchOperations); err != nil {
			return err
		}
		out = rec.Deployment
		return t.put(ref, rec)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteDeployment removes a deployment that no stage points to.
func (s *Service) DeleteDeployment(call *api.Call, in *apigatewayapi.DeleteDeploymentRequest) error {
	apiID, id := val(in.RestApiId), val(in.DeploymentId)
	ref := deploymentRef(call, apiID, id)
	return s.write(call, apiRef(call, apiID).Key(), func(t *tx) error {
		held, err := hold(call, t, apiID)
		if err != nil {
			return err
		}
		entry, err := get(t.ctx, t.store, ref.Key())
		if err != nil {
			return err
		}
		if !held || entry.ModRevision == 0 {
			return noDeployment()
		}
		stages, err := s.stages(call, apiID)
		if err != nil {
			return err
		}
		for i := range stages {
			if st := &stages[i]; val(st.DeploymentId) == id || st.CanarySettings != nil && val(st.CanarySettings.DeploymentId) == id {
				return badRequest("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		t.delete(ref)
		return nil
	})
}
