package compile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"drawbridge/controlplane/api/apigatewayapi"
	"drawbridge/controlplane/apigateway"
	"drawbridge/dataplane/program"
)

// gatewayState is the compiler's memory of API Gateway's records.
type gatewayState struct {
	apis        map[string]*program.API // by API id; what is in force
	stages      map[stageName]source
	deployments map[deploymentName]source
	compiled    map[deploymentName]*program.Deployment // shared by the stages that run it

	domains map[string]*program.Domain // by name

	keys     map[apigateway.Ref]*apigateway.KeyRecord
	plans    map[apigateway.Ref]*apigateway.PlanRecord
	planKeys map[apigateway.Ref]bool // parent: plan id; id: key id

	certificates map[apigateway.Ref]*apigateway.CertificateRecord // of stages that show one
}

// stageName names a stage and whose it is.
type stageName struct{ account, region, api, stage string }

// deploymentName names a deployment.
type deploymentName struct{ account, region, api, id string }

func newGatewayState() gatewayState {
	return gatewayState{
		apis:        make(map[string]*program.API),
		stages:      make(map[stageName]source),
		deployments: make(map[deploymentName]source),
		compiled:    make(map[deploymentName]*program.Deployment),
		domains:     make(map[string]*program.Domain),
		keys:        make(map[apigateway.Ref]*apigateway.KeyRecord),
		plans:       make(map[apigateway.Ref]*apigateway.PlanRecord),
		planKeys:    make(map[apigateway.Ref]bool),

		certificates: make(map[apigateway.Ref]*apigateway.CertificateRecord),
	}
}

// note takes a changed record in and marks the units it touches. The draft of
// an API is no unit: only its deployments are called.
func (g *gatewayState) note(p *pending, from source) {
	deleted := from.value == nil
	ref, ok := apigateway.ParseKey(from.key)
	if !ok {
		return
	}
	switch ref.Kind {
	case apigateway.KindStage:
		name := stageName{ref.Account, ref.Region, ref.Parent, ref.ID}
		p.stages[name] = true
		keep(g.stages, name, from, deleted)
	case apigateway.KindDeployment:
		name := deploymentName{ref.Account, ref.Region, ref.Parent, ref.ID}
		keep(g.deployments, name, from, deleted)
		delete(g.compiled, name)
		for stage := range g.stages {
			if stage.api == ref.Parent {
				p.stages[stage] = true
			}
		}
	case apigateway.KindRestAPI:
		if _, known := g.apis[ref.ID]; !known && !deleted {
			g.apis[ref.ID] = &program.API{ID: ref.ID, Account: ref.Account, Region: ref.Region, Partition: "aws"}
			p.update.Gateway.APIs[ref.ID] = g.apis[ref.ID]
		}
		if deleted {
			delete(g.apis, ref.ID)
			p.update.Gateway.APIs[ref.ID] = nil
		}
	case apigateway.KindDomain:
		g.noteDomain(p, ref, from)
	case apigateway.KindVpcLink:
		noteVPCLink(p, ref, from)
	case apigateway.KindCertificate:
		noteRecord(p, g.certificates, ref, from)
		for stage := range g.stages {
			if stage.account == ref.Account && stage.region == ref.Region {
				p.stages[stage] = true
			}
		}
	case apigateway.KindKey:
		p.keys[ref.ID] = true
		noteRecord(p, g.keys, ref, from)
	case apigateway.KindPlan:
		noteRecord(p, g.plans, ref, from)
		g.markKeysOf(p, ref)
	case apigateway.KindPlanKey:
		p.keys[ref.ID] = true
		keep(g.planKeys, ref, true, deleted)
	}
}

// keep puts a value under a name, or removes it.
func keep[K comparable, V any](known map[K]V, name K, value V, deleted bool) {
	if deleted {
		delete(known, name)
		return
	}
	known[name] = value
}

// noteRecord keeps a decoded record; a source without a value is a deletion.
func noteRecord[R any](p *pending, known map[apigateway.Ref]*R, ref apigateway.Ref, from source) {
	if from.value == nil {
		delete(known, ref)
		return
	}
	record := new(R)
	if err := json.Unmarshal(from.value, record); err != nil {
		p.problem(string(ref.Kind)+" "+ref.ID, err)
		return
	}
	known[ref] = record
}

// markKeysOf marks every key of a usage plan.
func (g *gatewayState) markKeysOf(p *pending, plan apigateway.Ref) {
	for ref := range g.planKeys {
		if ref.Account == plan.Account && ref.Region == plan.Region && ref.Parent == plan.ID {
			p.keys[ref.ID] = true
		}
	}
}

// compile makes the units that were marked.
func (g *gatewayState) compile(p *pending) {
	for name := range p.stages {
		g.compileStage(p, name)
	}
	if len(p.keys) > 0 {
		g.compileKeys(p)
	}
}

func (g *gatewayState) compileStage(p *pending, name stageName) {
	api := g.apis[name.api]
	if api == nil {
		return // the API went in the same transaction
	}
	from, exists := g.stages[name]
	if !exists {
		g.replace(p, api.WithStage(name.stage, nil))
		return
	}
	stage, err := g.stage(name, from)
	if err != nil {
		p.problem(fmt.Sprintf("stage %s/%s", name.api, name.stage), err)
		return
	}
	g.replace(p, api.WithStage(name.stage, stage))
}

func (g *gatewayState) replace(p *pending, api *program.API) {
	g.apis[api.ID] = api
	p.update.Gateway.APIs[api.ID] = api
}

// stage compiles a stage's live settings and finds its deployment.
func (g *gatewayState) stage(name stageName, from source) (*program.Stage, error) {
	record := new(apigateway.StageRecord)
	if err := json.Unmarshal(from.value, record); err != nil {
		return nil, err
	}
	settings := &record.Stage
	stage := &program.Stage{
		Name: name.stage, Revision: from.revision,
		Variables: settings.Variables, Settings: make(map[string]program.MethodSetting, len(settings.MethodSettings)),
	}
	for key, setting := range settings.MethodSettings {
		stage.Settings[key] = methodSetting(key, setting)
	}
	stage.AccessLog, stage.Tracing = accessLog(settings.AccessLogSettings), value(settings.TracingEnabled)
	stage.Cache = stageCache(settings, g.apis[name.api].Stages[name.stage], from.revision)
	if id := value(settings.DeploymentId); id != "" {
		var err error
		if stage.Deployment, err = g.deployment(deploymentName{name.account, name.region, name.api, id}); err != nil {
			return nil, err
		}
	}
	if id := value(settings.ClientCertificateId); id != "" {
		var err error
		if stage.ClientCertificate, err = g.clientCertificate(name, id); err != nil {
			return nil, err
		}
	}
	return stage, g.addCanary(stage, name, settings.CanarySettings)
}

// addCanary compiles a stage's canary: the stage once more, with another
// deployment and some other variables (reference/api-gateway.md 1.12).
func (g *gatewayState) addCanary(stage *program.Stage, name stageName, settings *apigatewayapi.CanarySettings) error {
	if settings == nil {
		return nil
	}
	canary := *stage
	canary.Cache.Own = !value(settings.UseStageCache)
	if id := value(settings.DeploymentId); id != "" {
		var err error
		canary.Deployment, err = g.deployment(deploymentName{name.account, name.region, name.api, id})
		if err != nil {
			return fmt.Errorf("canary: %w", err)
		}
	}
	if len(settings.StageVariableOverrides) > 0 {
		canary.Variables = maps.Clone(stage.Variables)
		if canary.Variables == nil {
			canary.Variables = make(map[string]string, len(settings.StageVariableOverrides))
		}
		maps.Copy(canary.Variables, settings.StageVariableOverrides)
	}
	stage.Canary = &program.Canary{Percent: value(settings.PercentTraffic), Stage: &canary}
	return nil
}

// deployment returns a compiled deployment, compiling it when it is first used.
func (g *gatewayState) deployment(name deploymentName) (*program.Deployment, error) {
	if compiled, ok := g.compiled[name]; ok {
		return compiled, nil
	}
	from, ok := g.deployments[name]
	if !ok {
		return nil, fmt.Errorf("deployment %s is not stored", name.id)
	}
	record := new(apigateway.DeploymentRecord)
	if err := json.Unmarshal(from.value, record); err != nil {
		return nil, fmt.Errorf("deployment %s: %w", name.id, err)
	}
	compiled, err := deployment(name.id, &record.Frozen)
	if err != nil {
		return nil, fmt.Errorf("deployment %s: %w", name.id, err)
	}
	g.compiled[name] = compiled
	return compiled, nil
}

// compileKeys makes the units of the marked keys. A key's plans hang on the
// key, so that one lookup at run time finds all.
func (g *gatewayState) compileKeys(p *pending) {
	plansOf := make(map[string][]*program.UsagePlan) // by key id
	for _, ref := range slices.SortedFunc(maps.Keys(g.planKeys), compareRefs) {
		if !p.keys[ref.ID] {
			continue
		}
		plan := g.plans[apigateway.Ref{Account: ref.Account, Region: ref.Region, Kind: apigateway.KindPlan, ID: ref.Parent}]
		if plan != nil {
			plansOf[ref.ID] = append(plansOf[ref.ID], usagePlan(plan))
		}
	}
	for id := range p.keys {
		p.update.Gateway.Keys[id] = nil
	}
	for ref, record := range g.keys {
		if p.keys[ref.ID] {
			p.update.Gateway.Keys[ref.ID] = apiKey(ref.ID, record, plansOf[ref.ID])
		}
	}
}

func compareRefs(a, b apigateway.Ref) int {
	if a.Key() < b.Key() {
		return -1
	}
	return 1
}

func apiKey(id string, record *apigateway.KeyRecord, plans []*program.UsagePlan) *program.APIKey {
	return &program.APIKey{
		ID: id, Name: value(record.Key.Name), CustomerID: value(record.Key.CustomerId),
		Value: value(record.Key.Value), Enabled: value(record.Key.Enabled), Plans: plans,
	}
}

func usagePlan(record *apigateway.PlanRecord) *program.UsagePlan {
	plan := &program.UsagePlan{ID: value(record.Plan.Id), Name: value(record.Plan.Name)}
	if t := record.Plan.Throttle; t != nil {
		plan.Throttle = &program.Throttle{Rate: value(t.RateLimit), Burst: int(value(t.BurstLimit))}
	}
	if q := record.Plan.Quota; q != nil {
		plan.Quota = &program.Quota{Limit: int64(value(q.Limit)), Offset: int64(value(q.Offset)), Period: quotaPeriod(value(q.Period))}
	}
	for _, stage := range record.Plan.ApiStages {
		entry := program.PlanStage{APIID: value(stage.ApiId), Stage: value(stage.Stage)}
		for method, t := range stage.Throttle {
			if entry.Methods == nil {
				entry.Methods = make(map[string]program.Throttle)
			}
			entry.Methods[method] = program.Throttle{Rate: value(t.RateLimit), Burst: int(value(t.BurstLimit))}
		}
		plan.Stages = append(plan.Stages, entry)
	}
	return plan
}

func quotaPeriod(period string) program.QuotaPeriod {
	switch period {
	case "WEEK":
		return program.QuotaWeek
	case "MONTH":
		return program.QuotaMonth
	}
	return program.QuotaDay
}
