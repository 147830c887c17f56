package apigateway

import (
	"regexp"
	"slices"

	"drawbridge/controlplane/api"
	"drawbridge/controlplane/api/apigatewayapi"
)

// usagePlansFeature says that the account has usage plans; it cannot be taken
// back.
const usagePlansFeature = "UsagePlans"

var roleForm = regexp.MustCompile(`^arn:[a-z-]+:iam::\d{12}:role/.+$`)

func accountSettings(call *api.Call) Ref { return accountRef(call, KindAccount, "settings") }

// shownAccount fills in what is the same for every account: its throttle and
// what the API Gateway of today has (reference/api-gateway.md 1.4).
func (s *Service) shownAccount(a apigatewayapi.Account) *apigatewayapi.Account {
	a.ThrottleSettings = &apigatewayapi.ThrottleSettings{
		BurstLimit: new(int32(s.limits.AccountBurst)), RateLimit: new(float64(s.limits.AccountRate)),
	}
	a.ApiKeyVersion = new("4")
	a.Features = append([]string{usagePlansFeature}, a.Features...)
	return &a
}

// GetAccount answers the account's settings.
func (s *Service) GetAccount(call *api.Call, _ *apigatewayapi.GetAccountRequest) (*apigatewayapi.Account, error) {
	rec, err := load[AccountRecord](call, s.store, accountSettings(call))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		rec = &AccountRecord{}
	}
	return s.shownAccount(rec.Account), nil
}

func accountPatches(call *api.Call) patchTable[apigatewayapi.Account] {
	type target = apigatewayapi.Account
	role := func(arn string) error {
		switch {
		case arn == "":
			return nil // removes the role
		case !roleForm.MatchString(arn):
			return badRequest("The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.")
		case !ownRole(arn, call.Account):
			return apigatewayapi.AccessDeniedException("Cross-account pass role is not allowed.")
		}
		return nil
	}
	return patchTable[target]{wording: plainWording(), rules: []rule[target]{
		replaceText("/cloudwatchRoleArn", func(a *target) **string { return &a.CloudwatchRoleArn }, role),
		{path: "/features", ops: []op{opAdd, opRemove}, apply: func(a *target, e *edit) error {
			switch {
			case e.text() == usagePlansFeature && e.op == opRemove:
				return badRequest("Usage Plans cannot be disabled once enabled")
			case e.text() == usagePlansFeature:
				return nil
			case len(a.Features) >= maxFeatures && !slices.Contains(a.Features, e.text()) || len(e.text()) > maxFeatureName:
				return badRequest("Invalid feature specified")
			}
			a.Features = editSet(a.Features, e)
			return nil
		}},
	}}
}

// Bounds of what an account may be told to have; ours.
const (
	maxFeatures    = 20
	maxFeatureName = 128
)

// UpdateAccount patches the account's settings.
func (s *Service) UpdateAccount(call *api.Call, in *apigatewayapi.UpdateAccountRequest) (*apigatewayapi.Account, error) {
	ref := accountSettings(call)
	var out *apigatewayapi.Account
	err := s.write(call, ref.Key(), func(t *tx) error {
		rec, err := read[AccountRecord](t, ref)
		if err != nil {
			return err
		}
		if rec == nil {
			rec = &AccountRecord{}
		}
		if err := accountPatches(call).apply(&rec.Account, in.PatchOperations); err != nil {
			return err
		}
		out = s.shownAccount(rec.Account)
		return t.put(ref, rec)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
