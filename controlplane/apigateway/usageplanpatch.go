package apigateway

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"drawbridge/controlplane/api/apigatewayapi"
)

// planDraft is a usage plan under a patch.
type planDraft struct {
	plan *apigatewayapi.UsagePlan
	// join finds out whether the plan may have a stage, and holds the write to
	// it.
	join func(st *apigatewayapi.ApiStage) error
}

// stageAt finds the plan's entry for "api:stage".
func (d *planDraft) stageAt(name string) (int, error) {
	apiID, stage, ok := strings.Cut(name, ":")
	if !ok || apiID == "" || stage == "" {
		return 0, badRequest("Invalid API Stage specified")
	}
	for i := range d.plan.ApiStages {
		if st := &d.plan.ApiStages[i]; val(st.ApiId) == apiID && val(st.Stage) == stage {
			return i, nil
		}
	}
	return 0, noPlanStage(apiID, stage, val(d.plan.Id))
}

func planPatches() patchTable[planDraft] {
	set := []op{opAdd, opReplace}
	throttle := func(d *planDraft) *apigatewayapi.ThrottleSettings {
		if d.plan.Throttle == nil {
			d.plan.Throttle = &apigatewayapi.ThrottleSettings{}
		}
		return d.plan.Throttle
	}
	quota := func(d *planDraft) *apigatewayapi.QuotaSettings {
		if d.plan.Quota == nil {
			d.plan.Quota = &apigatewayapi.QuotaSettings{}
		}
		return d.plan.Quota
	}
	return patchTable[planDraft]{wording: plainWording(), rules: []rule[planDraft]{
		replaceText("/name", func(d *planDraft) **string { return &d.plan.Name }, nil),
		replaceText("/description", func(d *planDraft) **string { return &d.plan.Description }, nil),
		{path: "/productCode", ops: []op{opAdd, opReplace, opRemove}, apply: func(d *planDraft, e *edit) error {
			d.plan.ProductCode = nil
			if e.op != opRemove {
				d.plan.ProductCode = filled(e.value)
			}
			return nil
		}},
		{path: "/throttle/burstLimit", ops: set, apply: func(d *planDraft, e *edit) error { return setBurst(throttle(d), e) }},
		{path: "/throttle/rateLimit", ops: set, apply: func(d *planDraft, e *edit) error { return setRate(throttle(d), e) }},
		{path: "/throttle", ops: []op{opRemove}, apply: func(d *planDraft, _ *edit) error {
			d.plan.Throttle = nil
			return nil
		}},
		{path: "/quota/limit", ops: set, apply: func(d *planDraft, e *edit) (err error) {
			quota(d).Limit, err = whole(e.text(), 1, math.MaxInt32, quotaText)
			return err
		}},
		{path: "/quota/offset", ops: set, apply: func(d *planDraft, e *edit) (err error) {
			quota(d).Offset, err = whole(e.text(), 0, math.MaxInt32, "Usage Plan quota offset must be a whole number of at least 0")
			return err
		}},
		{path: "/quota/period", ops: set, apply: func(d *planDraft, e *edit) error {
			quota(d).Period = new(e.text())
			return nil
		}},
		{path: "/quota", ops: []op{opRemove}, apply: func(d *planDraft, _ *edit) error {
			d.plan.Quota = nil
			return nil
		}},
		{path: "/apiStages", ops: []op{opAdd}, apply: addPlanStage},
		{path: "/apiStages", ops: []op{opRemove}, apply: func(d *planDraft, e *edit) error {
			i, err := d.stageAt(e.text())
			if err == nil {
				d.plan.ApiStages = slices.Delete(d.plan.ApiStages, i, i+1)
			}
			return err
		}},
		{path: "/apiStages/{stage}/throttle", ops: []op{opAdd, opReplace, opRemove}, apply: patchStageThrottles},
		{path: "/apiStages/{stage}/throttle/{method...}", ops: set, apply: patchMethodThrottle},
		{path: "/apiStages/{stage}/throttle/{method...}", ops: []op{opRemove}, apply: removeMethodThrottle},
	}}
}

func setBurst(t *apigatewayapi.ThrottleSettings, e *edit) (err error) {
	t.BurstLimit, err = whole(e.text(), 0, math.MaxInt32, burstText)
	return err
}

func setRate(t *apigatewayapi.ThrottleSettings, e *edit) (err error) {
	t.RateLimit, err = decimal(e.text(), 0, maxRate, rateText)
	return err
}

func addPlanStage(d *planDraft, e *edit) error {
	apiID, stage, _ := strings.Cut(e.text(), ":")
	st := apigatewayapi.ApiStage{ApiId: new(apiID), Stage: new(stage)}
	if err := d.join(&st); err != nil {
		return err
	}
	d.plan.ApiStages = append(d.plan.ApiStages, st)
	return nil
}

// patchStageThrottles sets all method throttles of a stage from one JSON value:
// {"/pets/GET":{"rateLimit":1.0,"burstLimit":1}} (reference/api-gateway.md 1.9).
func patchStageThrottles(d *planDraft, e *edit) error {
	i, err := d.stageAt(e.args[0])
	if err != nil {
		return err
	}
	if e.op == opRemove {
		d.plan.ApiStages[i].Throttle = nil
		return nil
	}
	var in map[string]struct {
		RateLimit  *float64 `json:"rateLimit"`
		BurstLimit *int32   `json:"burstLimit"`
	}
	if err := json.Unmarshal([]byte(e.text()), &in); err != nil {
		return badRequest("Invalid method throttle value specified, it must be a JSON object")
	}
	throttles := make(map[string]apigatewayapi.ThrottleSettings, len(in))
	for method, t := range in {
		throttles[method] = apigatewayapi.ThrottleSettings{BurstLimit: t.BurstLimit, RateLimit: t.RateLimit}
	}
	d.plan.ApiStages[i].Throttle = throttles
	return nil
}

// throttleMethod reads the key "/path/VERB" from the end of a patch path,
// escaped ("~1pets/GET") or as it is ("/pets/GET": so does Terraform write it).
func throttleMethod(s string) (string, bool) {
	path, verb, ok := lastCut(s)
	if !ok {
		return "", false
	}
	key := "/" + strings.TrimPrefix(unescapePointer(path), "/") + "/" + verb
	return key, validThrottleKey(key)
}

// patchMethodThrottle sets one limit of one method; the tail of the path is
// {path}/{verb}/{rateLimit|burstLimit}.
func patchMethodThrottle(d *planDraft, e *edit) error {
	tail, limit, ok := lastCut(e.args[1])
	if !ok {
		return errNoRule
	}
	method, ok := throttleMethod(tail)
	if !ok {
		return errNoRule
	}
	i, err := d.stageAt(e.args[0])
	if err != nil {
		return err
	}
	st := &d.plan.ApiStages[i]
	settings := st.Throttle[method]
	switch limit {
	case "burstLimit":
		err = setBurst(&settings, e)
	case "rateLimit":
		err = setRate(&settings, e)
	default:
		return errNoRule
	}
	if err != nil {
		return err
	}
	if st.Throttle == nil {
		st.Throttle = map[string]apigatewayapi.ThrottleSettings{}
	}
	st.Throttle[method] = settings
	return nil
}

func removeMethodThrottle(d *planDraft, e *edit) error {
	method, ok := throttleMethod(e.args[1])
	if !ok {
		return errNoRule
	}
	i, err := d.stageAt(e.args[0])
	if err != nil {
		return err
	}
	if _, ok := d.plan.ApiStages[i].Throttle[method]; !ok {
		return noParameter()
	}
	delete(d.plan.ApiStages[i].Throttle, method)
	return nil
}
