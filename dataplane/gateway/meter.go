package gateway

import (
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/usage"
)

// meter is key → usage plan → throttles → quota (reference/api-gateway.md 4.1
// to 4.4). A method that needs no key ignores keys and plans; the stage's own
// throttle holds for every method.
func (c *call) meter(route route) *Refusal {
	if !route.method.APIKeyRequired {
		return c.throttleStage(route.method)
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
	if refusal := c.throttlePlan(route.method, plan, stage); refusal != nil {
		return refusal
	}
	if refusal := c.throttleStage(route.method); refusal != nil {
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

// throttlePlan takes a token for the key: of the plan's override for the method
// on this stage, else of the plan itself, which all its stages share.
func (c *call) throttlePlan(method *program.Method, plan *program.UsagePlan, stage *program.PlanStage) *Refusal {
	id := usage.BucketID{Plan: plan.ID, Key: c.key.ID}
	if len(stage.Methods) > 0 {
		shape, ok := stage.Methods[method.Key]
		if !ok && method.Verb != c.verb {
			shape, ok = stage.Methods[method.ResourcePath+"/"+c.verb]
		}
		if ok {
			id.API, id.Stage, id.Method = stage.APIID, stage.Stage, method.Key
			if !c.gateway.options.Usage.Take(c.now, id, shape) {
				return &Refusal{Type: Throttled, Reason: reasonPlanMethodThrottle}
			}
			return nil
		}
	}
	if plan.Throttle != nil && !c.gateway.options.Usage.Take(c.now, id, *plan.Throttle) {
		return &Refusal{Type: Throttled, Reason: reasonPlanThrottle}
	}
	return nil
}

// throttleStage takes a token of the stage's bucket for the method.
func (c *call) throttleStage(method *program.Method) *Refusal {
	setting, ok := c.place.stage.Setting(method)
	if !ok || setting.Throttle == nil {
		return nil
	}
	id := usage.BucketID{API: c.place.api.ID, Stage: c.place.stage.Name, Method: method.Key}
	if !c.gateway.options.Usage.Take(c.now, id, *setting.Throttle) {
		return &Refusal{Type: Throttled, Reason: reasonStageThrottle}
	}
	return nil
}
