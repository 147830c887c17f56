package gateway

import (
	"strings"
	"unsafe"

	"drawbridge/dataplane/program"
	"drawbridge/engine/policy"
	"drawbridge/engine/sigv4"
)

// maxMethodARN is the quota on the ARN a call is authorised for
// (reference/api-gateway.md section 8).
const maxMethodARN = 1600

// authorise follows AWS's flow charts (reference/api-gateway.md 3.3): a method
// without authorization needs the resource policy's Allow, if there is a policy;
// a Lambda authorizer is asked only when the policy does not deny outright; IAM
// authenticates first.
func (c *call) authorise(route route) *Refusal {
	switch route.method.Authorization {
	case program.AuthorizationIAM:
		return c.authoriseIAM()
	case program.AuthorizationCustom:
		if effect, refusal := c.evaluate(); refusal != nil || effect == policy.ExplicitDeny {
			return c.denied(effect, refusal)
		}
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizerNotBuilt}
	case program.AuthorizationCognito:
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizerNotBuilt}
	}
	if c.place.deployment.Policy == nil {
		c.x.Trail.Add("authorise", "open")
		return nil
	}
	effect, refusal := c.evaluate()
	if refusal != nil || effect != policy.Allow {
		return c.denied(effect, refusal)
	}
	c.x.Trail.Add("authorise", "resource policy allows")
	return nil
}

// authoriseIAM refuses every call: no identity is configured in the data plane,
// so no signature can be verified, and none is accepted unverified (design.md
// section 2).
func (c *call) authoriseIAM() *Refusal {
	if refusal := c.badSignature(); refusal != nil {
		return refusal
	}
	unknown := sigv4.UnknownKey()
	return &Refusal{Type: InvalidSignature, Reason: reasonUnknownSigner, Message: unknown.Message, ErrorType: unknown.Code}
}

// policyRequest is a policy's question with room for the ARN in it; it is
// pooled, so that a call that is allowed costs no allocation.
type policyRequest struct {
	policy.Request
	arn []byte
}

// evaluate asks the deployment's resource policy about an anonymous call. A
// deployment without one neither allows nor denies.
func (c *call) evaluate() (policy.Effect, *Refusal) {
	p := c.place.deployment.Policy
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
	q.Action = "execute-api:Invoke"
	q.Resource = unsafe.String(unsafe.SliceData(q.arn), len(q.arn)) // lives as long as q is ours
	c.fillContext(&q.Context)
	effect := p.Evaluate(&q.Request).Effect
	q.Resource = ""
	return effect, nil
}

// fillContext sets the condition keys of an unauthenticated call
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

// denied is the refusal of a policy's decision, in the wording of the era
// (reference/api-gateway.md 3.5).
func (c *call) denied(effect policy.Effect, other *Refusal) *Refusal {
	if other != nil {
		return other
	}
	account := c.place.api.Account
	masked := "********" + account[max(len(account)-4, 0):]
	text := append([]byte("User: anonymous is not authorized to perform: execute-api:Invoke on resource: "), c.appendARN(nil, masked)...)
	current := c.gateway.options.Wording == WordingCurrent
	refusal := &Refusal{Type: AccessDenied, Reason: reasonImplicitDeny}
	if effect == policy.ExplicitDeny {
		refusal.Reason = reasonExplicitDeny
		text = append(text, " with an explicit deny"...)
		if current {
			text = append(text, " in a resource-based policy"...)
		}
	} else if current {
		text = append(text, " because no resource-based policy allows the execute-api:Invoke action"...)
	}
	refusal.Message = string(text)
	return refusal
}
