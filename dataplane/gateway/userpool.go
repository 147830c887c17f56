package gateway

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/jsonpath"
	"drawbridge/engine/policy"
)

// authoriseUserPools takes a token of one of the authorizer's user pools. The
// token comes first; then the resource policy alone has to allow the call, if
// there is one (reference/api-gateway.md 3.3, 6.3).
func (c *call) authoriseUserPools(ctx context.Context, m *program.Method) *Refusal {
	a := m.Authorizer
	if a == nil || a.Err != nil {
		return &Refusal{Type: AuthorizerConfigurationError, Reason: reasonAuthorizer}
	}
	text := c.identityValue(&a.Sources[0])
	if prefix := "bearer "; len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		text = text[len(prefix):]
	}
	if text == "" {
		return &Refusal{Type: Unauthorized, Reason: reasonNoIdentity}
	}
	t, err := parseToken(text)
	if err != nil {
		return &Refusal{Type: Unauthorized, Reason: reasonToken}
	}
	if refusal := c.checkToken(ctx, m, t); refusal != nil {
		return refusal
	}
	if p := c.place.deployment.Policy; p != nil {
		effect, refusal := c.evaluate(p)
		if refusal != nil {
			return refusal
		}
		if effect != policy.Allow {
			return c.denied(resourceVerdict(effect))
		}
	}
	c.accept(&grant{context: jsonpath.NewObject("claims", claimTexts(t.claims))})
	c.x.Trail.Add("authorise", "token accepted")
	return nil
}

// checkToken checks who issued the token, its signature, its age and its use:
// an identity token without scopes on the method, else an access token with
// one of them (reference/api-gateway.md 6.3).
func (c *call) checkToken(ctx context.Context, m *program.Method, t *token) *Refusal {
	refused := &Refusal{Type: Unauthorized, Reason: reasonToken}
	pool, ok := c.poolOf(m.Authorizer, t.claim("iss"))
	if !ok {
		return refused
	}
	key, err := c.gateway.poolKey(ctx, c, pool, t.keyID)
	if err != nil {
		return &Refusal{Type: AuthorizerFailure, Reason: reasonKeySet}
	}
	if key == nil || t.verify(key) != nil {
		return refused
	}
	expires, ok := t.seconds("exp")
	if !ok {
		return refused
	}
	if c.now.Unix() >= expires {
		return &Refusal{Type: Unauthorized, Reason: reasonTokenExpired, Message: "The incoming token has expired"}
	}
	if len(m.Scopes) > 0 {
		granted := strings.Fields(t.claim("scope"))
		if t.claim("token_use") != "access" || !slices.ContainsFunc(m.Scopes, func(s string) bool { return slices.Contains(granted, s) }) {
			return &Refusal{Type: Unauthorized, Reason: reasonScope}
		}
		return nil
	}
	if t.claim("token_use") != "id" {
		return refused
	}
	if audience := m.Authorizer.Validation; audience != nil && !audience.MatchString(t.claim("aud")) {
		return refused
	}
	return nil
}

// poolOf returns the pool that issued a token. With an endpoint of their own,
// pools also sign as that endpoint.
func (c *call) poolOf(a *program.Authorizer, issuer string) (program.UserPool, bool) {
	for _, pool := range a.Pools {
		if issuer == pool.Issuer() || c.gateway.options.UserPools != "" && issuer == c.gateway.poolURL(pool) {
			return pool, true
		}
	}
	return program.UserPool{}, false
}

// poolURL is what a pool's key set stands under.
func (g *Gateway) poolURL(pool program.UserPool) string {
	if g.options.UserPools == "" {
		return pool.Issuer()
	}
	return strings.TrimRight(g.options.UserPools, "/") + "/" + pool.ID
}

const (
	keysLast     = time.Hour        // a key set is asked for again after this
	keysInterval = 10 * time.Second // and at most this often
	keysTimeout  = 5 * time.Second
	maxPools     = 1000
)

// poolKeys are the keys of user pools by URL.
type poolKeys struct {
	mu    sync.Mutex
	pools map[string]*keySet
}

// keySet is one pool's keys. Its lock is held while it is being asked for, so
// that one call asks and the others wait.
type keySet struct {
	mu             sync.Mutex
	keys           map[string]*rsa.PublicKey
	fetched, tried time.Time
}

func (p *poolKeys) set(url string) *keySet {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := p.pools[url]
	if set == nil {
		if p.pools == nil || len(p.pools) >= maxPools {
			p.pools = make(map[string]*keySet)
		}
		set = new(keySet)
		p.pools[url] = set
	}
	return set
}

// poolKey returns a pool's key, nil when the pool has none of that id. Keys that
// once were known outlast a pool that does not answer.
func (g *Gateway) poolKey(ctx context.Context, c *call, pool program.UserPool, id string) (*rsa.PublicKey, error) {
	url := g.poolURL(pool)
	set := g.poolKeys.set(url)
	set.mu.Lock()
	defer set.mu.Unlock()
	key := set.keys[id]
	fresh := key != nil && c.now.Sub(set.fetched) < keysLast
	if fresh || !set.tried.IsZero() && c.now.Sub(set.tried) < keysInterval {
		if set.keys == nil {
			return nil, errKeySet
		}
		return key, nil
	}
	set.tried = c.now
	keys, err := c.fetchKeys(ctx, url+"/.well-known/jwks.json")
	if err != nil {
		if set.keys == nil {
			return nil, err
		}
		return key, nil
	}
	set.keys, set.fetched = keys, c.now
	return keys[id], nil
}

var errKeySet = errors.New("the user pool's keys could not be had")

// fetchKeys asks a pool for its keys. The caller who asks may go away; the
// answer is for others too.
func (c *call) fetchKeys(ctx context.Context, url string) (map[string]*rsa.PublicKey, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	ask := &upstream.Call{
		Method: "GET", Attempts: 1, ConnectTimeout: keysTimeout, ReadTimeout: keysTimeout, IdleTimeout: keepBackends,
		Hops: c.x.Hops, Depth: c.x.Depth + 1,
	}
	if !c.setEndpoint(ask, url) {
		return nil, fmt.Errorf("%w: bad address", errKeySet)
	}
	response, err := c.gateway.options.Do(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeySet, err)
	}
	text, err := response.Body.ReadAll(maxKeySet)
	if err != nil || response.Status != 200 {
		return nil, fmt.Errorf("%w: status %d", errKeySet, response.Status)
	}
	return parseKeySet(text)
}

// claimTexts are the claims as $context.authorizer.claims shows them: all text,
// lists with commas, exp and iat as Java prints a date.
func claimTexts(claims *jsonpath.Object) *jsonpath.Object {
	out := &jsonpath.Object{}
	for name, value := range claims.All() {
		switch v := value.(type) {
		case *jsonpath.List:
			var items []string
			for _, item := range v.Items {
				text, _ := jsonpath.Scalar(item)
				items = append(items, text)
			}
			out.Put(name, strings.Join(items, ","))
		case *jsonpath.Object:
			text, err := jsonpath.AppendJSON(nil, v, jsonpath.WriteOptions{MaxBytes: maxHeaders})
			if err == nil {
				out.Put(name, string(text))
			}
		case int64:
			if name == "exp" || name == "iat" {
				out.Put(name, time.Unix(v, 0).UTC().Format("Mon Jan 02 15:04:05 UTC 2006"))
				continue
			}
			text, _ := jsonpath.Scalar(v)
			out.Put(name, text)
		default:
			text, _ := jsonpath.Scalar(v)
			out.Put(name, text)
		}
	}
	return out
}
