package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/engine/policy"
	"drawbridge/engine/sigv4"
)

var (
	ann  = Identity{AccessKeyID: "AKIAANN", SecretKey: "ann's secret", ARN: "arn:aws:iam::123456781234:user/dev/ann", Account: "123456781234"}
	sess = Identity{AccessKeyID: "ASIASESS", SecretKey: "s", SessionToken: "token", ARN: "arn:aws:sts::123456781234:assumed-role/Role/me", Account: "123456781234"}
	far  = Identity{AccessKeyID: "AKIAFAR", SecretKey: "far's secret", ARN: "arn:aws:iam::999999999999:root", Account: "999999999999"}
)

// signed signs an exchange for a service and a region as an AWS client does.
func (f *fixture) signed(text string, who Identity, region, service string) *exchange.Exchange {
	f.t.Helper()
	x := f.exchangeOf(f.program(), text)
	r := x.Request
	keyring, err := sigv4.New(sigv4.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	c := &call{x: x}
	body, _ := r.Body.InMemory()
	sum := sha256.Sum256(body)
	fields, err := keyring.Sign(sigv4.SignInput{
		Request: c.signedRequest(), BodyHash: hex.EncodeToString(sum[:]), Region: region, Service: service, Now: f.now, DoubleEncodePath: true,
		Credential: sigv4.Credential{AccessKeyID: who.AccessKeyID, SecretKey: who.SecretKey, SessionToken: who.SessionToken},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, field := range fields {
		r.Header.Add(field.Name, field.Value)
	}
	return x
}

func iamFixture(t *testing.T) *fixture {
	f := newFixture(t)
	f.root.Authorization = program.AuthorizationIAM
	f.identities = []Identity{ann, sess, far}
	return f
}

// serve answers an exchange and returns the answer as text.
func (f *fixture) serve(x *exchange.Exchange) string {
	f.last = x
	return textOf(f.gateway.Serve(f.t.Context(), x))
}

// Appendix A row 23 and reference/api-gateway.md 6.4: only a verified signature
// of a configured identity is accepted.
func TestIAM(t *testing.T) {
	f := iamFixture(t)
	post := f0mock("POST", "/{name}")
	post.Authorization = program.AuthorizationIAM
	put := f0mock("PUT", "/")
	put.Authorization = program.AuthorizationIAM
	f.methods = append(f.methods, post, put)
	const region, service = "ap-northeast-1", "execute-api"
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json",
		`$context.identity.accountId $context.identity.user $context.identity.caller $context.identity.userArn $context.identity.accessKey`)}

	stale := func(x *exchange.Exchange, by time.Duration) *exchange.Exchange {
		f.now = f.now.Add(by)
		return x
	}
	for _, c := range []struct {
		name string
		x    func() *exchange.Exchange
		want []string
	}{
		{"user", func() *exchange.Exchange { return f.signed("GET /prod?b=2&a=1%20x", ann, region, service) },
			[]string{"200\n", "\n\n123456781234 AKIAANN AKIAANN arn:aws:iam::123456781234:user/dev/ann AKIAANN"}},
		{"session", func() *exchange.Exchange { return f.signed("GET /prod", sess, region, service) }, []string{"200\n", "assumed-role/Role/me"}},
		{"escapes and body", func() *exchange.Exchange { return f.signed("POST /prod/a%20b\n\n{}", ann, region, service) }, []string{"200\n"}},
		{"other body", func() *exchange.Exchange {
			x := f.signed("GET /prod\n\none", ann, region, service)
			x.Request.Body = exchange.Bytes([]byte("two"))
			return x
		}, []string{"403\n", "InvalidSignatureException", "The request signature we calculated does not match"}},
		{"other path", func() *exchange.Exchange {
			x := f.signed("GET /prod", ann, region, service)
			x.Request.Path = "/prod/"
			return x
		}, []string{"403\n", "InvalidSignatureException"}},
		{"verb not signed", func() *exchange.Exchange { // who has a signed GET has no PUT
			x := f.signed("GET /prod", ann, region, service)
			x.Request.Header.Add("X-HTTP-Method-Override", "PUT")
			return x
		}, []string{"403\n", "InvalidSignatureException", "'X-HTTP-Method-Override' must be a 'SignedHeader'"}},
		{"verb signed", func() *exchange.Exchange {
			return f.signed("GET /prod\nX-HTTP-Method-Override: PUT", ann, region, service)
		}, []string{"200\n"}},
		{"wrong secret", func() *exchange.Exchange {
			other := ann
			other.SecretKey = "guess"
			return f.signed("GET /prod", other, region, service)
		}, []string{"403\n", "InvalidSignatureException"}},
		{"without its token", func() *exchange.Exchange {
			other := sess
			other.SessionToken = ""
			return f.signed("GET /prod", other, region, service)
		}, []string{"403\n", "UnrecognizedClientException", "The security token included in the request is invalid."}},
		{"unknown key", func() *exchange.Exchange {
			return f.signed("GET /prod", Identity{AccessKeyID: "AKIANOBODY", SecretKey: "x"}, region, service)
		}, []string{"403\n", "UnrecognizedClientException"}},
		{"region", func() *exchange.Exchange { return f.signed("GET /prod", ann, "us-east-1", service) },
			[]string{"403\n", "Credential should be scoped to a valid region, not 'us-east-1'. "}},
		{"service", func() *exchange.Exchange { return f.signed("GET /prod", ann, region, "apigateway") },
			[]string{"403\n", "Credential should be scoped to correct service: 'execute-api'. "}},
		{"stale", func() *exchange.Exchange { return stale(f.signed("GET /prod", ann, region, service), 6*time.Minute) },
			[]string{"403\n", "InvalidSignatureException", "Signature expired: "}},
		{"early", func() *exchange.Exchange { return stale(f.signed("GET /prod", ann, region, service), -6*time.Minute) },
			[]string{"403\n", "Signature not yet current: "}},
		{"no signature", func() *exchange.Exchange { return f.exchangeOf(f.program(), "GET /prod\nAuthorization: Bearer x") },
			[]string{"403\n", "IncompleteSignatureException"}},
	} {
		got := f.serve(c.x())
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s\nwant %s", c.name, got, want)
			}
		}
		if strings.Contains(got, ann.SecretKey) {
			t.Errorf("%s: the secret is in the answer", c.name)
		}
	}
}

// Tables A and B (reference/api-gateway.md 3.3).
func TestCombine(t *testing.T) {
	const no, yes, never = policy.ImplicitDeny, policy.Allow, policy.ExplicitDeny
	for _, c := range []struct{ own, resource, same, cross policy.Effect }{
		{yes, yes, yes, yes}, {yes, no, yes, no}, {yes, never, never, never},
		{no, yes, yes, no}, {no, no, no, no}, {no, never, never, never},
		{never, yes, never, never}, {never, no, never, never}, {never, never, never, never},
	} {
		if got := combine(c.own, c.resource, true).effect; got != c.same {
			t.Errorf("same account, %v and %v: %v", c.own, c.resource, got)
		}
		if got := combine(c.own, c.resource, false).effect; got != c.cross {
			t.Errorf("cross account, %v and %v: %v", c.own, c.resource, got)
		}
	}
}

// A signed caller's refusal names it (reference/api-gateway.md 3.5).
func TestIAMPolicies(t *testing.T) {
	own := func(effect string) *policy.Policy {
		p, err := policy.New([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"`+effect+`","Action":"execute-api:Invoke","Resource":"*"}}`), policy.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const arn = "execute-api:Invoke on resource: arn:aws:execute-api:ap-northeast-1:********1234:abcdefghij/prod/GET/"
	resource := func(effect, principal string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Principal":{"AWS":"` + principal + `"},"Action":"execute-api:Invoke","Resource":"*"}}`
	}
	for _, c := range []struct {
		name   string
		who    Identity
		own    *policy.Policy
		policy string
		want   string // "" is 200
	}{
		{"no policies", ann, nil, "", ""},
		{"another account's without a policy", far, nil, "", "User: arn:aws:iam::999999999999:root is not authorized to perform: " + arn + " because no resource-based policy allows the execute-api:Invoke action"},
		{"another account's", far, nil, resource("Allow", "999999999999"), ""},
		{"denied by the resource", ann, nil, resource("Deny", ann.ARN), "User: " + ann.ARN + " is not authorized to perform: " + arn + " with an explicit deny in a resource-based policy"},
		{"somebody else denied", ann, nil, resource("Deny", "arn:aws:iam::123456781234:user/bob"), ""},
		{"the role, by its session", sess, own("Deny"), resource("Allow", "arn:aws:iam::123456781234:role/Role"), "User: " + sess.ARN + " is not authorized to perform: " + arn + " with an explicit deny in an identity-based policy"},
		{"allowed by itself", ann, own("Allow"), "", ""},
	} {
		f := iamFixture(t)
		f.wording = WordingCurrent
		c.who.Policy = c.own
		f.identities = []Identity{c.who}
		if c.policy != "" {
			f.setPolicy(c.policy)
		}
		got := f.serve(f.signed("GET /prod", c.who, "ap-northeast-1", "execute-api"))
		if c.want == "" && !strings.HasPrefix(got, "200") || c.want != "" && !strings.HasSuffix(got, `{"Message":"`+c.want+`"}`) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestIdentitiesAreWhole(t *testing.T) {
	if _, err := newIdentities([]Identity{{AccessKeyID: "A", ARN: "a", Account: "1"}}); err == nil {
		t.Error("an identity without a secret")
	}
}
