package gateway

import (
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/usage"
)

// meter is key → usage plan → throttles → quota (reference/api-gateway.md 4.1
// to 4.4). A method that needs no key ignores keys and plans; the stage's and
// the account's own throttles hold for every method. A call that is refused at
// one of them does not count at those before it.
func (c *call) meter(route route) *Refusal {
	var taken tokens
	refusal := c.meterAll(route.method, &taken)
	if refusal != nil {
		taken.giveBack(c.gateway.options.Usage)
	}
	return refusal
}

func (c *call) meterAll(method *program.Method, taken *tokens) *Refusal {
	if !method.APIKeyRequired {
		return c.throttleAll(method, taken)
	}
	key, refusal := c.findKey()
	if refusal != nil {
		return refusal
	}
	plan, stage := key.PlanFor(c.place.api.ID, c.place.stage.Name)
	if plan == nil {
		return &Refusal{Type: InvalidAPIKey, Reason: reasonKeyWithoutPlan}
	}
	c.key = key
	c.x.Record.APIKeyID = key.ID
	if refusal := c.throttlePlan(method, plan, stage, taken); refusal != nil {
		return refusal
	}
	if refusal := c.throttleAll(method, taken); refusal != nil {
		return refusal
	}
	if !c.gateway.options.Usage.Spend(c.now, usage.KeyID{Plan: plan.ID, Key: key.ID}, plan.Quota) {
		return &Refusal{Type: QuotaExceeded, Reason: reasonQuota}
	}
	c.x.Trail.Add("meter", "key accepted")
	return nil
}

// findKey finds the call's API key. Every failure looks the same from outside.
func (c *call) findKey() (*program.APIKey, *Refusal) {
	value := c.keyValue()
	if value == "" {
		return nil, &Refusal{Type: InvalidAPIKey, Reason: reasonNoKey}
	}
	if c.x.Gateway == nil {
		return nil, &Refusal{Type: InvalidAPIKey, Reason: reasonUnknownKey}
	}
	key, ok := c.x.Gateway.Key(value)
	switch {
	case !ok:
		return nil, &Refusal{Type: InvalidAPIKey, Reason: reasonUnknownKey}
	case !key.Enabled:
		return nil, &Refusal{Type: InvalidAPIKey, Reason: reasonKeyDisabled}
	}
	return key, nil
}

// keyValue is the value of the key: the caller's own, or the one that the
// authorizer named (reference/api-gateway.md 4.1).
func (c *call) keyValue() string {
	if c.place.deployment.KeySource != program.KeyFromAuthorizer {
		return c.x.Request.Header.Joined("x-api-key")
	}
	if c.granted == nil {
		return ""
	}
	return c.granted.usageKey
}

// ration is one token of a bucket.
type ration struct {
	id    usage.BucketID
	shape program.Throttle
}

// tokens are those that a call has taken so far: of its plan, its stage and its
// account.
type tokens struct {
	taken [3]ration
	n     int
}

func (t *tokens) take(c *call, one ration) bool {
	if !c.gateway.options.Usage.Take(c.now, one.id, one.shape) {
		return false
	}
	t.taken[t.n] = one
	t.n++
	return true
}

func (t *tokens) giveBack(meter *usage.Meter) {
	for i := range t.n {
		meter.GiveBack(t.taken[i].id, t.taken[i].shape)
	}
}

// throttlePlan takes a token for the key: of the plan's override for the method
// on this stage, else of the plan itself, which all its stages share.
func (c *call) throttlePlan(method *program.Method, plan *program.UsagePlan, stage *program.PlanStage, taken *tokens) *Refusal {
	id := usage.BucketID{Plan: plan.ID, Key: c.key.ID}
	if len(stage.Methods) > 0 {
		shape, ok := stage.Methods[method.Key]
		if !ok && method.Verb != c.verb {
			shape, ok = stage.Methods[method.ResourcePath+"/"+c.verb]
		}
		if ok {
			id.API, id.Stage, id.Method = stage.APIID, stage.Stage, method.Key
			if !taken.take(c, ration{id, shape}) {
				return &Refusal{Type: Throttled, Reason: reasonPlanMethodThrottle}
			}
			return nil
		}
	}
	if plan.Throttle != nil && !taken.take(c, ration{id, *plan.Throttle}) {
		return &Refusal{Type: Throttled, Reason: reasonPlanThrottle}
	}
	return nil
}

// throttleAll takes the tokens that every call needs: of the stage's bucket for
// the method, and of the account's.
func (c *call) throttleAll(method *program.Method, taken *tokens) *Refusal {
	api := c.place.api
	setting, ok := c.place.stage.Setting(method)
	if ok && setting.Throttle != nil {
		id := usage.BucketID{API: api.ID, Stage: c.place.stage.Name, Method: method.Key}
		if !taken.take(c, ration{id, *setting.Throttle}) {
			return &Refusal{Type: Throttled, Reason: reasonStageThrottle}
		}
	}
	if account := c.gateway.options.AccountThrottle; account != nil {
		id := usage.BucketID{API: api.Account, Stage: api.Region}
		if !taken.take(c, ration{id, *account}) {
			return &Refusal{Type: Throttled, Reason: reasonAccountThrottle}
		}
	}
	return nil
}
