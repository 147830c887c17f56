package gateway

import (
	"context"
	"strings"
	"unsafe"

	"drawbridge/dataplane/program"
	"drawbridge/engine/policy"
)

// maxMethodARN is the quota on the ARN a call is authorised for
// (reference/api-gateway.md section 8).
const maxMethodARN = 1600

// authorise follows AWS's flow charts (reference/api-gateway.md 3.3): a method
// without authorization needs the resource policy's Allow, if there is a policy;
// a Lambda authorizer is asked only when the policy does not deny outright; IAM
// authenticates first.
func (c *call) authorise(ctx context.Context, route route) *Refusal {
	p := c.place.deployment.Policy
	switch route.method.Authorization {
	case program.AuthorizationIAM:
		return c.authoriseIAM()
	case program.AuthorizationCustom:
		return c.authoriseCustom(ctx, route.method.Authorizer)
	case program.AuthorizationCognito:
		return c.authoriseUserPools(ctx, route.method)
	}
	if p == nil {
		c.x.Trail.Add("authorise", "open")
		return nil
	}
	effect, refusal := c.evaluate(p)
	if refusal != nil {
		return refusal
	}
	if effect != policy.Allow {
		return c.denied(resourceVerdict(effect))
	}
	c.x.Trail.Add("authorise", "resource policy allows")
	return nil
}

// The actions that policies are asked about.
const (
	actionInvoke     = "execute-api:Invoke"
	actionInvalidate = "execute-api:InvalidateCache"
)

// policyRequest is a policy's question with room for the ARN in it; it is
// pooled, so that a call that is allowed costs no allocation.
type policyRequest struct {
	policy.Request
	arn []byte
}

// evaluate asks a policy about the call.
func (c *call) evaluate(p *policy.Policy) (policy.Effect, *Refusal) {
	return c.evaluateAction(p, actionInvoke)
}

// evaluateAction asks a policy about the call: an anonymous one until somebody
// has been authenticated. No policy neither allows nor denies.
func (c *call) evaluateAction(p *policy.Policy, action string) (policy.Effect, *Refusal) {
	if p == nil {
		return policy.ImplicitDeny, nil
	}
	q := c.gateway.policies.Get().(*policyRequest)
	defer c.gateway.policies.Put(q)
	q.Reset()
	q.arn = c.appendARN(q.arn[:0], c.place.api.Account)
	if len(q.arn) > maxMethodARN {
		return policy.ImplicitDeny, &Refusal{Type: URITooLong, Reason: reasonURLTooLong}
	}
	q.Action = action
	q.Resource = unsafe.String(unsafe.SliceData(q.arn), len(q.arn)) // lives as long as q is ours
	c.fillContext(&q.Context)
	if c.identified != nil {
		q.SetPrincipal(c.identified.principal())
	}
	effect := p.Evaluate(&q.Request).Effect
	q.Resource = ""
	return effect, nil
}

// fillContext sets the condition keys that need no authentication
// (reference/api-gateway.md 3.4). A field that was sent empty is present. A
// repeated Referer counts as its lines joined, which equals no single value.
func (c *call) fillContext(keys *policy.Context) {
	r := c.x.Request
	if r.Header.Has("Referer") {
		keys.Set(policy.KeyReferer, r.Header.Joined("Referer"))
	}
	if r.Header.Has("User-Agent") {
		keys.Set(policy.KeyUserAgent, r.Header.Joined("User-Agent"))
	}
	keys.Set(policy.KeyRequestedRegion, c.place.api.Region)
	keys.SetSourceIP(c.x.Conn.RemoteAddr.Addr().Unmap())
	keys.SetBool(policy.KeySecureTransport, r.Scheme == "https")
	keys.SetCurrentTime(c.now)
}

// appendARN appends the ARN a call is authorised for: the actual stage, verb
// and request path without its leading slash (reference/api-gateway.md 3.2).
// Further slashes in front are dropped as routing drops them (2.2): "//admin" is
// served by /admin, so a policy on GET/admin must see it as that.
func (c *call) appendARN(b []byte, account string) []byte {
	api := c.place.api
	for _, part := range [...]string{
		"arn:", api.Partition, ":execute-api:", api.Region, ":", account, ":", api.ID, "/", c.place.stage.Name,
		"/", c.verb, "/", strings.TrimLeft(c.place.path, "/"),
	} {
		b = append(b, part...)
	}
	return b
}

// denied is the refusal of a decision, in the wording of the era
// (reference/api-gateway.md 3.5). The caller's own ARN is not masked.
func (c *call) denied(v verdict) *Refusal {
	account := c.place.api.Account
	masked := "********" + account[max(len(account)-4, 0):]
	who := "anonymous"
	if c.identified != nil {
		who = c.identified.ARN
	}
	text := append([]byte("User: "+who+" is not authorized to perform: execute-api:Invoke on resource: "), c.appendARN(nil, masked)...)
	kind := "resource"
	if v.identity {
		kind = "identity"
	}
	current := c.gateway.options.Wording == WordingCurrent
	refusal := &Refusal{Type: AccessDenied, Reason: reasonImplicitDeny}
	if v.effect == policy.ExplicitDeny {
		refusal.Reason = reasonExplicitDeny
		text = append(text, " with an explicit deny"...)
		if current {
			text = append(text, " in "+article(kind)+"-based policy"...)
		}
	} else if current {
		text = append(text, " because no "+kind+"-based policy allows the execute-api:Invoke action"...)
	}
	refusal.Message = string(text)
	return refusal
}

func article(kind string) string {
	if kind == "identity" {
		return "an identity"
	}
	return "a " + kind
}
