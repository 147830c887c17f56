package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/policy"
)

// DefaultCacheBytes is what all stages' caches may take together where nothing
// else is set.
const DefaultCacheBytes = 128 << 20

// cacheWarning is the field of an answer whose caller was not allowed to ask
// for a fresh one (reference/api-gateway.md 7.6).
const cacheWarning = "199 Cache-control headers were ignored because the caller was unauthorized."

// What the cache did for a call, as it stands in the record.
const (
	cacheHit  = "hit"
	cacheMiss = "miss"
)

// throughCache is invoke behind the stage's cache. The caller has been
// authorised, metered and validated: whoever may call may have what another
// caller's call has brought, unless the key parameters tell them apart
// (reference/api-gateway.md 2.3, 7.6).
func (c *call) throughCache(ctx context.Context, route route) (answer, *Refusal) {
	setting := &c.setting.Cache
	if !c.isCached(setting) || route.method.Integration == nil {
		return c.invoke(ctx, route)
	}
	fresh, warn, refusal := c.wantsFresh(setting)
	if refusal != nil {
		return answer{}, refusal
	}
	key, cache := c.cacheKey(route.method.Integration), c.gateway.answers
	if fresh {
		cache.forget(key)
	}
	out, found := cache.get(key, c.now)
	if found {
		c.x.Record.Cache = cacheHit
		c.x.Trail.Add("cache", cacheHit)
	} else {
		c.x.Record.Cache = cacheMiss
		c.x.Trail.Add("cache", cacheMiss)
		begun := cache.generation()
		if out, refusal = c.invoke(ctx, route); refusal != nil {
			return answer{}, refusal
		}
		if out.status >= 200 && out.status < 300 && out.stream == nil {
			cache.put(key, offer{answer: out, expires: c.now.Add(setting.TTL), limit: c.place.stage.Cache.Bytes, generation: begun})
		}
	}
	if warn {
		out.header = append(out.header[:len(out.header):len(out.header)], exchange.Field{Name: "Warning", Value: cacheWarning})
	}
	return out, nil
}

// isCached tells whether the stage keeps the method's answers: of GET, and of
// other verbs that have a setting of their own.
func (c *call) isCached(setting *program.MethodCache) bool {
	return setting.Enabled && setting.TTL > 0 && c.place.stage.Cache.Bytes > 0 && (c.verb == "GET" || !setting.OnlyGET)
}

// wantsFresh tells whether the caller asks for a fresh answer and gets one;
// warn, that it is told it may not.
func (c *call) wantsFresh(setting *program.MethodCache) (fresh, warn bool, refusal *Refusal) {
	if !asksForFresh(c.x.Request.Header) {
		return false, false, nil
	}
	if !setting.RequireAuthorization {
		return true, false, nil
	}
	allowed, refusal := c.mayInvalidate()
	if refusal != nil || allowed {
		return allowed, false, refusal
	}
	switch setting.Unauthorized {
	case program.FailWith403:
		return false, false, &Refusal{Type: AccessDenied, Reason: reasonInvalidate, Message: "User is not authorized to access this resource"}
	case program.SucceedWithoutResponseHeader:
		return false, false, nil
	}
	return false, true, nil
}

// asksForFresh tells whether Cache-Control has max-age=0: the one directive
// that API Gateway looks at.
func asksForFresh(header exchange.Header) bool {
	for value := range header.All("Cache-Control") {
		for directive := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(directive), "max-age=0") {
				return true
			}
		}
	}
	return false
}

// mayInvalidate asks the policies about execute-api:InvalidateCache: the
// caller's own or its authorizer's, and the resource policy. One of them has to
// allow it and none may deny it (reference/api-gateway.md 3.3, Table A and B).
func (c *call) mayInvalidate() (bool, *Refusal) {
	resource, refusal := c.evaluateAction(c.place.deployment.Policy, actionInvalidate)
	if refusal != nil {
		return false, refusal
	}
	own, sameAccount := policy.ImplicitDeny, true
	switch {
	case c.identified != nil:
		sameAccount = c.identified.Account == c.place.api.Account
		if own = policy.Allow; c.identified.Policy != nil {
			own, refusal = c.evaluateAction(c.identified.Policy, actionInvalidate)
		}
	case c.granted != nil:
		own, refusal = c.evaluateAction(c.granted.policy, actionInvalidate)
	}
	return refusal == nil && combine(own, resource, sameAccount).effect == policy.Allow, refusal
}

// cacheKey names the call's answer: the stage's cluster, namespace, verb and the
// values of the key parameters. Every part has its length in front of it, so
// that no two calls read alike.
func (c *call) cacheKey(integration *program.Integration) cacheKey {
	var room [512]byte
	b := room[:0]
	at := &c.place
	b = binary.BigEndian.AppendUint64(b, uint64(at.stage.Cache.Epoch))
	if at.canary && at.stage.Cache.Own {
		b = append(b, 1)
	}
	b = appendPart(b, integration.CacheNamespace)
	b = appendPart(b, c.verb)
	for i := range integration.CacheKeys {
		b = c.appendKeyValue(b, &integration.CacheKeys[i])
	}
	return cacheKey{cacheName{at.api.ID, at.stage.Name}, sha256.Sum256(b)}
}

// appendKeyValue appends the values of one key parameter, with their number.
func (c *call) appendKeyValue(b []byte, s *program.Source) []byte {
	var values []string
	switch s.Place {
	case program.PlaceHeader:
		for value := range c.x.Request.Header.All(s.Name) {
			values = append(values, value)
		}
	case program.PlaceQuery:
		values = c.queryParameters().all(s.Name)
	default:
		if value, ok, refusal := c.sourceValue(s); ok && refusal == nil {
			values = []string{value}
		}
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(values)))
	for _, value := range values {
		b = appendPart(b, value)
	}
	return b
}

func appendPart(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}
