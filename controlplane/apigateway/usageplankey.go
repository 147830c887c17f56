package apigateway

import (
	"strings"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

const keyTypeAPIKey = "API_KEY"

func planKeyRef(call *api.Call, planID, keyID string) Ref {
	return Ref{Account: call.Account, Region: call.Region, Kind: KindPlanKey, Parent: planID, ID: keyID}
}

// plansOfKey lists the plans a key belongs to.
func (s *Service) plansOfKey(call *api.Call, keyID string) ([]apigatewayapi.UsagePlan, error) {
	plans, err := s.plans(call)
	if err != nil {
		return nil, err
	}
	var out []apigatewayapi.UsagePlan
	for _, plan := range plans {
		member, err := get(call, s.store, planKeyRef(call, val(plan.Id), keyID).Key())
		if err != nil {
			return nil, err
		}
		if member.ModRevision != 0 {
			out = append(out, plan)
		}
	}
	return out, nil
}

// alreadyPlanned is the answer to a second plan for the same key and stage: a
// key belongs to at most one plan per stage (reference/api-gateway.md 4.1).
func alreadyPlanned(keyID string, st *apigatewayapi.ApiStage, planID string) error {
	return apigatewayapi.ConflictException("API Key " + keyID + " is already associated with API Stage " +
		val(st.ApiId) + ":" + val(st.Stage) + " by usage plan " + planID)
}

// checkPlanJoin finds out whether a plan can have a stage: none of its keys may
// have it by another plan.
func (s *Service) checkPlanJoin(call *api.Call, planID string, st *apigatewayapi.ApiStage) error {
	plans, err := s.plans(call)
	if err != nil {
		return err
	}
	for i := range plans {
		other := &plans[i]
		if val(other.Id) == planID || !planHas(other, st) {
			continue
		}
		prefix := Below(call.Account, call.Region, KindPlanKey, val(other.Id))
		snap, err := s.store.List(call, prefix)
		if err != nil {
			return storeError("list", err)
		}
		for _, entry := range snap.Entries {
			ref, ok := ParseKey(entry.Key)
			if !ok {
				continue
			}
			member, err := get(call, s.store, planKeyRef(call, planID, ref.ID).Key())
			if err != nil {
				return err
			}
			if member.ModRevision != 0 {
				return alreadyPlanned(ref.ID, st, val(other.Id))
			}
		}
	}
	return nil
}

func planHas(plan *apigatewayapi.UsagePlan, st *apigatewayapi.ApiStage) bool {
	for i := range plan.ApiStages {
		if have := &plan.ApiStages[i]; val(have.ApiId) == val(st.ApiId) && val(have.Stage) == val(st.Stage) {
			return true
		}
	}
	return false
}

// CreateUsagePlanKey puts an API key into a usage plan. It touches both, so that
// neither can go away meanwhile.
func (s *Service) CreateUsagePlanKey(call *api.Call, in *apigatewayapi.CreateUsagePlanKeyRequest) (*apigatewayapi.UsagePlanKey, error) {
	planID, keyID := val(in.UsagePlanId), val(in.KeyId)
	if val(in.KeyType) != keyTypeAPIKey {
		return nil, badRequest("Invalid key type specified, it must be %s", keyTypeAPIKey)
	}
	var out *apigatewayapi.UsagePlanKey
	err := s.write(call, planRef(call, planID).Key(), func(t *tx) error {
		plan, err := read[PlanRecord](t, planRef(call, planID))
		if err != nil {
			return err
		}
		if plan == nil {
			return noPlan()
		}
		key, err := read[KeyRecord](t, keyRef(call, keyID))
		if err != nil {
			return err
		}
		if key == nil {
			return noKey()
		}
		member, err := read[PlanKeyRecord](t, planKeyRef(call, planID, keyID))
		if err != nil {
			return err
		}
		if member != nil {
			return apigatewayapi.ConflictException("Usage Plan " + planID + " already has API Key " + keyID)
		}
		if err := s.checkKeyJoin(call, keyID, &plan.Plan); err != nil {
			return err
		}
		t.touch(planRef(call, planID))
		t.touch(keyRef(call, keyID))
		out = shownPlanKey(&key.Key)
		return t.put(planKeyRef(call, planID, keyID), PlanKeyRecord{KeyID: keyID, Type: keyTypeAPIKey})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// checkKeyJoin finds out whether a key can join a plan.
func (s *Service) checkKeyJoin(call *api.Call, keyID string, plan *apigatewayapi.UsagePlan) error {
	plans, err := s.plansOfKey(call, keyID)
	if err != nil {
		return err
	}
	if len(plans) >= s.limits.PlansPerKey {
		return tooMany("usage plans", "API key")
	}
	for i := range plans {
		for j := range plan.ApiStages {
			if planHas(&plans[i], &plan.ApiStages[j]) {
				return alreadyPlanned(keyID, &plan.ApiStages[j], val(plans[i].Id))
			}
		}
	}
	return nil
}

func shownPlanKey(key *apigatewayapi.ApiKey) *apigatewayapi.UsagePlanKey {
	return &apigatewayapi.UsagePlanKey{Id: key.Id, Type: new(keyTypeAPIKey), Value: key.Value, Name: key.Name}
}

// GetUsagePlanKey answers one key of a plan.
func (s *Service) GetUsagePlanKey(call *api.Call, in *apigatewayapi.GetUsagePlanKeyRequest) (*apigatewayapi.UsagePlanKey, error) {
	planID, keyID := val(in.UsagePlanId), val(in.KeyId)
	plan, err := get(call, s.store, planRef(call, planID).Key())
	if err != nil {
		return nil, err
	}
	if plan.ModRevision == 0 {
		return nil, noPlan()
	}
	member, err := get(call, s.store, planKeyRef(call, planID, keyID).Key())
	if err != nil {
		return nil, err
	}
	if member.ModRevision == 0 {
		return nil, noKey()
	}
	key, err := load[KeyRecord](call, s.store, keyRef(call, keyID))
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, noKey()
	}
	return shownPlanKey(&key.Key), nil
}

// GetUsagePlanKeys answers a page of a plan's keys whose names begin with
// nameQuery. An unknown plan has none (reference/api-gateway.md 1.8).
func (s *Service) GetUsagePlanKeys(call *api.Call, in *apigatewayapi.GetUsagePlanKeysRequest) (*apigatewayapi.UsagePlanKeys, error) {
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	items, next, err := list(call, s.store, listing[apigatewayapi.UsagePlanKey]{
		prefix: Below(call.Account, call.Region, KindPlanKey, val(in.UsagePlanId)),
		page:   p,
		item: func(ref Ref, _ []byte) (apigatewayapi.UsagePlanKey, bool, error) {
			key, err := load[KeyRecord](call, s.store, keyRef(call, ref.ID))
			if err != nil || key == nil {
				return apigatewayapi.UsagePlanKey{}, false, err
			}
			return *shownPlanKey(&key.Key), strings.HasPrefix(val(key.Key.Name), val(in.NameQuery)), nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &apigatewayapi.UsagePlanKeys{Items: items, Position: next}, nil
}

// DeleteUsagePlanKey takes an API key out of a usage plan.
func (s *Service) DeleteUsagePlanKey(call *api.Call, in *apigatewayapi.DeleteUsagePlanKeyRequest) error {
	planID, keyID := val(in.UsagePlanId), val(in.KeyId)
	ref := planKeyRef(call, planID, keyID)
	return s.write(call, planRef(call, planID).Key(), func(t *tx) error {
		plan, err := get(t.ctx, t.store, planRef(call, planID).Key())
		if err != nil {
			return err
		}
		if plan.ModRevision == 0 {
			return noPlan()
		}
		member, err := read[PlanKeyRecord](t, ref)
		if err != nil {
			return err
		}
		if member == nil {
			return noKey()
		}
		t.delete(ref)
		return nil
	})
}
