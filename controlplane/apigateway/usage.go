package apigateway

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// UsageQuery asks for the usage of a plan's keys.
type UsageQuery struct {
	Account, Region string
	PlanID          string
	KeyIDs          []string  // whose usage
	From, To        time.Time // days, UTC, both included
}

// DayUsage is what a key used on one day, and what was left of its quota.
type DayUsage struct {
	Used, Remaining int64
}

// UsageFunc returns, for each key that was used or has a quota, one DayUsage
// for each day from From to To.
type UsageFunc func(ctx context.Context, q UsageQuery) (map[string][]DayUsage, error)

// Remaining says what shall be left of a key's quota in the current period.
type Remaining struct {
	Account, Region string
	PlanID, KeyID   string
	Requests        int64
}

// SetRemainingFunc sets what is left of a key's quota.
type SetRemainingFunc func(ctx context.Context, r Remaining) error

const maxUsageDays = 90

// GetUsage answers what the keys of a plan used, day by day
// (reference/api-gateway.md 4.4).
func (s *Service) GetUsage(call *api.Call, in *apigatewayapi.GetUsageRequest) (*apigatewayapi.Usage, error) {
	if s.usage == nil {
		return s.Unimplemented.GetUsage(call, in)
	}
	p, err := pageOf(in.Limit, in.Position)
	if err != nil {
		return nil, err
	}
	from, to, err := usageDays(val(in.StartDate), val(in.EndDate))
	if err != nil {
		return nil, err
	}
	planID := val(in.UsagePlanId)
	plan, err := get(call, s.store, planRef(call, planID).Key())
	if err != nil {
		return nil, err
	}
	if plan.ModRevision == 0 {
		return nil, noPlan()
	}
	ids, next, err := list(call, s.store, listing[string]{
		prefix: Below(call.Account, call.Region, KindPlanKey, planID),
		page:   p,
		item: func(ref Ref, _ []byte) (string, bool, error) {
			return ref.ID, in.KeyId == nil || ref.ID == *in.KeyId, nil
		},
	})
	if err != nil {
		return nil, err
	}
	usage, err := s.usage(call, UsageQuery{
		Account: call.Account, Region: call.Region, PlanID: planID, KeyIDs: ids, From: from, To: to,
	})
	if err != nil {
		return nil, err
	}
	out := &apigatewayapi.Usage{
		UsagePlanId: in.UsagePlanId, StartDate: in.StartDate, EndDate: in.EndDate,
		Items: map[string][][]int64{}, Position: next,
	}
	for id, days := range usage {
		if !slices.Contains(ids, id) {
			continue
		}
		for _, day := range days {
			out.Items[id] = append(out.Items[id], []int64{day.Used, day.Remaining})
		}
	}
	return out, nil
}

func usageDays(start, end string) (from, to time.Time, err error) {
	from, errFrom := time.Parse(time.DateOnly, start)
	to, errTo := time.Parse(time.DateOnly, end)
	switch {
	case errFrom != nil || errTo != nil:
		err = badRequest("Invalid date specified, dates must have the form YYYY-MM-DD")
	case to.Before(from):
		err = badRequest("Invalid date range specified, the end date is before the start date")
	case to.Sub(from) >= maxUsageDays*24*time.Hour:
		err = badRequest("Invalid date range specified, at most %d days are allowed", maxUsageDays)
	}
	return from, to, err
}

// UpdateUsage sets what is left of a key's quota in the current period.
func (s *Service) UpdateUsage(call *api.Call, in *apigatewayapi.UpdateUsageRequest) (*apigatewayapi.Usage, error) {
	if s.setRemaining == nil || s.usage == nil {
		return s.Unimplemented.UpdateUsage(call, in)
	}
	planID, keyID := val(in.UsagePlanId), val(in.KeyId)
	if _, err := s.GetUsagePlanKey(call, &apigatewayapi.GetUsagePlanKeyRequest{UsagePlanId: in.UsagePlanId, KeyId: in.KeyId}); err != nil {
		return nil, err
	}
	remaining := int64(-1)
	table := patchTable[int64]{wording: plainWording(), rules: []rule[int64]{
		{path: "/remaining", ops: []op{opReplace}, apply: func(n *int64, e *edit) error {
			v, err := strconv.ParseInt(strings.TrimSpace(e.text()), 10, 64)
			if err != nil || v < 0 {
				return badRequest("Invalid remaining quota specified, it must be a whole number of at least 0")
			}
			*n = v
			return nil
		}},
	}}
	if err := table.apply(&remaining, in.PatchOperations); err != nil {
		return nil, err
	}
	if remaining >= 0 {
		err := s.setRemaining(call, Remaining{
			Account: call.Account, Region: call.Region, PlanID: planID, KeyID: keyID, Requests: remaining,
		})
		if err != nil {
			return nil, err
		}
	}
	today := call.Now.UTC().Format(time.DateOnly)
	return s.GetUsage(call, &apigatewayapi.GetUsageRequest{
		UsagePlanId: in.UsagePlanId, KeyId: in.KeyId, StartDate: new(today), EndDate: new(today),
	})
}
