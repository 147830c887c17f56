package apigateway

import (
	"slices"
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

func planRef(call *api.Call, id string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindPlan, ID: id}
}

func noPlan() error {
	return apigatewayapi.NotFoundException("Invalid Usage Plan ID specified")
}

// plans lists all usage plans of the account and region.
func (s *Service) plans(call *api.Call) ([]apigatewayapi.UsagePlan, error) {
	snap, err := s.store.List(call, Prefix(call.Account, call.Region, KindPlan))
	if err != nil {
		return nil, storeError("list", err)
	}
	out := make([]apigatewayapi.UsagePlan, 0, len(snap.Entries))
	for _, entry := range snap.Entries {
		rec, err := decode[PlanRecord](entry.Key, entry.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, rec.Plan)
	}
	return out, nil
}

// dropPlanStages removes the stages that gone names from all usage plans. The
// caller holds the transaction to the API's owner record, which every new
// reference touches.
func (s *Service) dropPlanStages(call *api.Call, t *tx, gone func(*apigatewayapi.ApiStage) bool) error {
	plans, err := s.plans(call)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		drop := func(st apigatewayapi.ApiStage) bool { return gone(&st) }
		if !slices.ContainsFunc(plan.ApiStages, drop) {
			continue
		}
		ref := planRef(call, val(plan.Id))
		rec, err := read[PlanRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			continue
		}
		rec.Plan.ApiStages = slices.DeleteFunc(rec.Plan.ApiStages, drop)
		if err := t.put(ref, rec); err != nil {
			return err
		}
	}
	return nil
}

// CreateUsagePlan makes a usage plan.
func (s *Service) CreateUsagePlan(call *api.Call, in *apigatewayapi.CreateUsagePlanRequest) (*apigatewayapi.UsagePlan, error) {
	draft := apigatewayapi.UsagePlan{
		Name: in.Name, Description: filled(in.Description), ApiStages: in.ApiStages,
		Throttle: in.Throttle, Quota: in.Quota,
	}
	if draft.ApiStages == nil {
		draft.ApiStages = []apigatewayapi.ApiStage{}
	}
	var err error
	if draft.Tags, err = s.checkTags(in.Tags); err != nil {
		return nil, err
	}
	wanted, err := wantedID(in.Tags, customID)
	if err != nil {
		return nil, err
	}
	n, err := count(call, s.store, Prefix(call.Account, call.Region, KindPlan))
	if err != nil {
		return nil, err
	}
	if n >= s.limits.Plans {
		return nil, tooMany("usage plans", "account")
	}
	var made apigatewayapi.UsagePlan
	err = s.write(call, planRef(call, "").Key(), func(t *tx) error {
		made = draft
		id := wanted
		if id == "" {
			fresh, err := s.freshID(childIDLength, func(id string) (bool, error) {
				entry, err := get(t.ctx, t.store, planRef(call, id).Key())
				return entry.ModRevision != 0, err
			})
			if err != nil {
				return err
			}
			id = fresh
		}
		made.Id = new(id)
		ref := planRef(call, id)
		taken, err := read[PlanRecord](t, ref)
		if err != nil {
			return err
		}
		if taken != nil {
			return apigatewayapi.ConflictException("Usage Plan already exists")
		}
		if err := s.checkPlan(&made); err != nil {
			return err
		}
		for i := range made.ApiStages {
			if err := s.needStage(call, t, &made.ApiStages[i], *made.Id); err != nil {
				return err
			}
		}
		return t.put(ref, PlanRecord{Plan: made})
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// needStage holds the transaction to the existence of a stage that a plan
// names.
func (s *Service) needStage(call *api.Call, t *tx, st *apigatewayapi.ApiStage, planID string) error {
	apiID, stage := val(st.ApiId), val(st.Stage)
	if apiID == "" || stage == "" {
		return badRequest("Invalid API Stage specified")
	}
	// First the owner record, then what it stands for: a stage that goes in
	// between changes the record after it was read.
	held, err := hold(call, t, apiID)
	if err != nil {
		return err
	}
	entry, err := get(t.ctx, t.store, stageRef(call, apiID, stage).Key())
	if err != nil {
		return err
	}
	if !held || entry.ModRevision == 0 {
		return noPlanStage(apiID, stage, planID)
	}
	return nil
}

func noPlanStage(apiID, stage, planID string) error {
	return apigatewayapi.NotFoundException("Invalid API Stage {api: " + apiID + ", stage: " + stage + "} specified for usageplan " + planID)
}

// checkPlan checks a plan as a whole and fills in the quota's offset.
func (s *Service) checkPlan(plan *apigatewayapi.UsagePlan) error {
	if val(plan.Name) == "" {
		return badRequest("Usage Plan name cannot be blank")
	}
	if err := checkThrottle(plan.Throttle); err != nil {
		return err
	}
	if err := checkQuota(plan.Quota); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range plan.ApiStages {
		st := &plan.ApiStages[i]
		name := val(st.ApiId) + ":" + val(st.Stage)
		if seen[name] {
			return apigatewayapi.ConflictException("API Stage " + name + " is already part of the usage plan")
		}
		seen[name] = true
		if len(st.Throttle) > s.limits.MethodThrottles {
			return tooMany("method throttles", "API stage")
		}
		for _, method := range sortedKeys(st.Throttle) {
			if !validThrottleKey(method) {
				return badRequest("Invalid method throttle path specified: %s", method)
			}
			if err := checkThrottle(new(st.Throttle[method])); err != nil {
				return err
			}
		}
		if len(st.Throttle) == 0 {
			st.Throttle = nil
		}
	}
	return nil
}

// validThrottleKey: "/path/VERB", the root "//VERB".
func validThrottleKey(key string) bool {
	path, verb, ok := lastCut(key)
	return ok && strings.HasPrefix(path, "/") && (validVerb(verb) || verb == "*")
}

func checkThrottle(t *apigatewayapi.ThrottleSettings) error {
	if t == nil {
		return nil
	}
	if val(t.BurstLimit) < 0 {
		return badRequest(burstText)
	}
	if rate := val(t.RateLimit); !(rate >= 0 && rate <= maxRate) {
		return badRequest(rateText)
	}
	return nil
}

const (
	burstText = "Usage Plan throttle burst limit must be a whole number of at least 0"
	rateText  = "Usage Plan throttle rate limit must be a number of at least 0"
	quotaText = "Usage Plan quota limit must be a whole number of at least 1"
	maxRate   = 1e9
)

// checkQuota: limit and period belong together; the offset must lie within the
// period's first day, week or month.
func checkQuota(q *apigatewayapi.QuotaSettings) error {
	if q == nil {
		return nil
	}
	if q.Offset == nil {
		q.Offset = new(int32(0))
	}
	last, known := map[string]int32{
		apigatewayapi.QuotaPeriodTypeDay: 0, apigatewayapi.QuotaPeriodTypeWeek: 6, apigatewayapi.QuotaPeriodTypeMonth: 27,
	}[val(q.Period)]
	switch {
	case val(q.Limit) < 1:
		return badRequest(quotaText)
	case !known:
		return badRequest("Usage Plan quota period must be one of DAY, WEEK, MONTH")
	case *q.Offset < 0 || *q.Offset > last:
		return badRequest("Usage Plan quota offset must be between 0 and %d for period %s", last, *q.Period)
	}
	return nil
}

// GetUsagePlan answers one plan.
func (s *Service) GetUsagePlan(call *api.Call, in *apigatewayapi.GetUsagePlanRequest) (*apigatewayapi.UsagePlan, error) {
	rec, err := load[PlanRecord](call, s.store, planRef(call, val(in.UsagePlanId)))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, noPlan()
	}
	rec.Plan.Tags = shownTags(rec.Plan.Tags)
	return &rec.Plan, nil
}

// GetUsagePlans answers a page of plans, by id; with keyId those of one key.
func (s *Service) GetUsagePlans(call *api.Call, in *apigatewayapi.GetUsagePlansRequest) (*apigatewayapi.UsagePlans, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.UsagePlan]{
		prefix: Prefix(call.Account, call.Region, KindPlan),
		page:   p,
		item: func(ref Ref, value []byte) (apigatewayapi.UsagePlan, bool, error) {
			rec, err := decode[PlanRecord](ref.Key(), value)
			if err != nil {
				return apigatewayapi.UsagePlan{}, false, err
			}
			if in.KeyId == nil {
				return rec.Plan, true, nil
			}
			member, err := get(call, s.store, planKeyRef(call, ref.ID, *in.KeyId).Key())
			return rec.Plan, member.ModRevision != 0, err
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.UsagePlans{Items: items, Position: next}, nil
}

// UpdateUsagePlan patches a plan; what the operations leave is checked as a
// whole.
func (s *Service) UpdateUsagePlan(call *api.Call, in *apigatewayapi.UpdateUsagePlanRequest) (*apigatewayapi.UsagePlan, error) {
	id := val(in.UsagePlanId)
	ref := planRef(call, id)
	var out *apigatewayapi.UsagePlan
	err := s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[PlanRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			return noPlan()
		}
		d := &planDraft{plan: &rec.Plan, join: func(st *apigatewayapi.ApiStage) error {
			if err := s.needStage(call, t, st, id); err != nil {
				return err
			}
			return s.checkPlanJoin(call, id, st)
		}}
		if err := planPatches().apply(d, in.PatchOperations); err != nil {
			return err
		}
		if err := s.checkPlan(&rec.Plan); err != nil {
			return err
		}
		out = &rec.Plan
		return t.put(ref, rec)
	})
	if err != nil {
		return nil, err
	}
	out.Tags = shownTags(out.Tags)
	return out, nil
}

// deleteChunk is how many of a plan's keys go in one transaction.
const deleteChunk = 900

// DeleteUsagePlan removes a plan that has no stages any more, with its keys. A
// plan with more keys than fit in one transaction loses them in several, the
// plan itself with the last.
func (s *Service) DeleteUsagePlan(call *api.Call, in *apigatewayapi.DeleteUsagePlanRequest) error {
	id := val(in.UsagePlanId)
	ref := planRef(call, id)
	for more := true; more; {
		err := s.write(call, ref.Key(), func(t *tx) error {
			rec, err := read[PlanRecord](t, ref)
			if err != nil {
				return err
			}
			if rec == nil {
				return noPlan()
			}
			if len(rec.Plan.ApiStages) > 0 {
				return badRequest("Cannot delete Usage Plan %s because it has associated API stages", id)
			}
			snap, err := s.store.ListPage(call, Below(call.Account, call.Region, KindPlanKey, id), "", deleteChunk)
			if err != nil {
				return storeError("list", err)
			}
			for _, entry := range snap.Entries {
				t.deletes[entry.Key] = true
			}
			if more = snap.More; !more {
				t.delete(ref)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
