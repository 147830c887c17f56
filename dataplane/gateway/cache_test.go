package gateway

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/policy"
)

// cached is a fixture whose stage keeps the answers of its root, and counts the
// backend's calls.
func cached(t *testing.T) (*fixture, *int) {
	f, calls := newFixture(t), new(int)
	f.identities = []Identity{ann, sess, far}
	f.stage.Cache = program.StageCache{Bytes: 1 << 20, Epoch: 1}
	f.stage.Settings = map[string]program.MethodSetting{"*/*": {Cache: program.MethodCache{
		Enabled: true, OnlyGET: true, TTL: time.Minute, RequireAuthorization: true, Unauthorized: program.FailWith403,
	}}}
	f.root.Integration = &program.Integration{Type: program.IntegrationHTTPProxy, Verb: "GET", URI: "http://backend.example/"}
	var mu sync.Mutex
	f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		*calls++
		return &exchange.Response{Status: 200, Body: exchange.Bytes([]byte("ok"))}, nil
	}
	return f, calls
}

func TestCacheKeyParametersTellAnswersApart(t *testing.T) {
	f, calls := cached(t)
	f.root.Integration.CacheKeyParameters = []string{"method.request.querystring.q", "method.request.header.h", "integration.request.header.mapped", "integration.request.header.not"}
	f.root.Integration.RequestParameters = map[string]string{"integration.request.header.mapped": "method.request.querystring.m"}
	for n, request := range []string{
		"", "?q=", "?q=a", "?q=b", "?q=a&q=b", "?q=a%2Cb", "?q=a&m=1", "?m=1", "\nh: a", "\nH: b", "\nh: a\nh: b", "\nh: a, b",
	} {
		for range 2 {
			f.do("GET /prod" + request)
		}
		if *calls != n+1 {
			t.Fatalf("%q: %d calls, want %d", request, *calls, n+1)
		}
	}
	f.do("GET /prod?q=b&other=1\nother: 2")
	f.do("GET /prod\nh: b") // field names have no case
	if *calls != 12 {
		t.Errorf("%d calls, want 12", *calls)
	}
}

// Two resources of one namespace share their answers, two verbs do not.
func TestCacheNamespace(t *testing.T) {
	f, calls := cached(t)
	other := f0mock("ANY", "/other")
	other.Integration = &program.Integration{Type: program.IntegrationHTTPProxy, Verb: "GET", URI: "http://backend.example/", CacheNamespace: "shared"}
	f.root.Integration.CacheNamespace = "shared"
	f.stage.Settings["/other/ANY"] = program.MethodSetting{Cache: program.MethodCache{Enabled: true, TTL: time.Minute}}
	f.methods = append(f.methods, other)
	for n, request := range []string{"GET /prod", "POST /prod/other"} {
		f.do(request)
		f.do(request)
		f.do("GET /prod/other")
		if *calls != n+1 {
			t.Errorf("%s: %d calls, want %d", request, *calls, n+1)
		}
	}
}

func TestCacheOfACanary(t *testing.T) {
	for own, want := range map[bool]int{true: 2, false: 1} {
		f, calls := cached(t)
		f.do("GET /prod")
		canary := *f.stage
		canary.Cache.Own = own
		f.stage.Canary = &program.Canary{Percent: 100, Stage: &canary}
		f.do("GET /prod")
		f.do("GET /prod")
		if *calls != want {
			t.Errorf("own cache %v: %d calls, want %d", own, *calls, want)
		}
	}
}

// Who may ask for a fresh answer: by its own policy, or by the resource policy.
func TestWhoMayInvalidate(t *testing.T) {
	const onlyInvoke = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`
	const both = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}]}`
	for name, c := range map[string]struct {
		own, resource string
		fresh         bool
	}{
		"administrator":   {fresh: true},
		"invoke only":     {own: onlyInvoke},
		"both":            {own: both, fresh: true},
		"resource denies": {own: both, resource: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:InvalidateCache","Resource":"*"}]}`},
		"resource allows": {own: onlyInvoke, resource: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:InvalidateCache","Resource":"*"}]}`, fresh: true},
	} {
		f, calls := cached(t)
		f.root.Authorization = program.AuthorizationIAM
		if c.own != "" {
			p, err := policy.New([]byte(c.own), policy.Options{})
			if err != nil {
				t.Fatal(err)
			}
			f.identities[0].Policy = p
		}
		if c.resource != "" {
			f.setPolicy(c.resource)
		}
		f.serve(f.signed("GET /prod", ann, "ap-northeast-1", "execute-api"))
		got := f.serve(f.signed("GET /prod\nCache-Control: max-age=0", ann, "ap-northeast-1", "execute-api"))
		if want := map[bool]int{true: 2, false: 1}[c.fresh]; *calls != want || strings.HasPrefix(got, "403\n") == c.fresh {
			t.Errorf("%s: %d calls, want %d\n%s", name, *calls, want, got)
		}
	}
}

// A flush while a call is under way: its answer is not kept.
func TestFlushOutlivesACallUnderWay(t *testing.T) {
	f, calls := cached(t)
	answer := f.backend
	f.backend = func(ctx context.Context, call *upstream.Call) (*exchange.Response, error) {
		if *calls == 0 {
			f.gateway.FlushCache(f.api.ID, "prod")
		}
		return answer(ctx, call)
	}
	f.do("GET /prod")
	f.do("GET /prod")
	f.do("GET /prod")
	if *calls != 2 {
		t.Errorf("%d calls, want 2", *calls)
	}
}
