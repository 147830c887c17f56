package gateway

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
)

const poolIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool"

func newKey(t testing.TB) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwt signs claims by a key.
func jwt(t testing.TB, key *rsa.PrivateKey, header string, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := encoded([]byte(header)) + "." + encoded(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encoded(signature)
}

func keySetText(keys map[string]*rsa.PrivateKey) string {
	var list []string
	for id, key := range keys {
		list = append(list, `{"kty":"RSA","use":"sig","alg":"RS256","kid":"`+id+`","n":"`+encoded(key.N.Bytes())+`","e":"`+encoded(big.NewInt(int64(key.E)).Bytes())+`"}`)
	}
	return `{"keys":[` + strings.Join(list, ",") + `]}`
}

const rs256 = `{"alg":"RS256","kid":"k1"}`

func poolFixture(t *testing.T) *fixture {
	f := newFixture(t)
	f.root.Authorization = program.AuthorizationCognito
	f.root.Authorizer = program.NewAuthorizer(program.AuthorizerSource{
		Kind: program.AuthorizerUserPools, Pools: []string{"arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_Pool"},
	})
	return f
}

// claimsOf are an identity token's; change edits them, nil removes one.
func (f *fixture) claimsOf(change map[string]any) map[string]any {
	claims := map[string]any{
		"iss": poolIssuer, "sub": "me", "aud": "client", "token_use": "id", "exp": f.now.Add(time.Hour).Unix(), "iat": f.now.Unix(),
		"auth_time": f.now.Unix(), "email_verified": true, "cognito:groups": []string{"a", "b"}, "address": map[string]any{"city": "x"},
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// reference/api-gateway.md 6.3.
func TestUserPools(t *testing.T) {
	f := poolFixture(t)
	key, other := newKey(t), newKey(t)
	asked := ""
	f.backend = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		asked += " " + call.Scheme + "://" + call.Authority + call.Path
		return &exchange.Response{Status: 200, Body: exchange.Bytes([]byte(keySetText(map[string]*rsa.PrivateKey{"k1": key})))}, nil
	}
	f.root.Integration.Responses[0].Templates = program.Templates{template("application/json",
		`$context.authorizer.claims.sub|$context.authorizer.claims.exp|$context.authorizer.claims.iat|$context.authorizer.claims.auth_time|$context.authorizer.claims.email_verified|$context.authorizer.claims.address|$context.authorizer.claims.get("cognito:groups")`)}
	const expired = `{"message":"The incoming token has expired"}`
	const claims = `me|Tue Sep 20 09:47:16 UTC 2022|Tue Sep 20 08:47:16 UTC 2022|1663663636|true|{"city":"x"}|a,b`
	good := jwt(t, key, rs256, f.claimsOf(nil))
	for _, c := range []struct {
		name, token, body string
		change            map[string]any
		scopes            string
	}{
		{name: "identity", body: claims},
		{name: "expired", change: map[string]any{"exp": f.now.Unix()}, body: expired},
		{name: "without an end", change: map[string]any{"exp": nil}, body: unauthorized},
		{name: "endless", change: map[string]any{"exp": "never"}, body: unauthorized},
		{name: "another issuer", change: map[string]any{"iss": "https://example.com"}, body: unauthorized},
		{name: "another pool", change: map[string]any{"iss": poolIssuer + "2"}, body: unauthorized},
		{name: "access token without scopes", change: map[string]any{"token_use": "access"}, body: unauthorized},
		{name: "access token", change: map[string]any{"token_use": "access", "scope": "x api/read"}, scopes: "api/write api/read", body: claims},
		{name: "scope mismatch", change: map[string]any{"token_use": "access", "scope": "api/reader"}, scopes: "api/read", body: unauthorized},
		{name: "identity token for scopes", change: map[string]any{"scope": "api/read"}, scopes: "api/read", body: unauthorized},
		{name: "another key", token: jwt(t, other, rs256, f.claimsOf(nil)), body: unauthorized},
		{name: "unknown key", token: jwt(t, key, `{"alg":"RS256","kid":"k2"}`, f.claimsOf(nil)), body: unauthorized},
		{name: "none", token: encoded([]byte(`{"alg":"none"}`)) + strings.TrimSuffix(good[strings.IndexByte(good, '.'):], good[strings.LastIndexByte(good, '.')+1:]), body: unauthorized},
		{name: "HS256", token: jwt(t, key, `{"alg":"HS256","kid":"k1"}`, f.claimsOf(nil)), body: unauthorized},
		{name: "bearer", token: "Bearer " + good, body: claims},
		{name: "altered", token: good[:len(good)-8] + "AAAAAAAA", body: unauthorized},
		{name: "no token", token: "nonsense", body: unauthorized},
		{name: "empty", token: " ", body: unauthorized},
	} {
		f.root.Scopes = strings.Fields(c.scopes)
		if c.token == "" {
			c.token = jwt(t, key, rs256, f.claimsOf(c.change))
		}
		got := f.do("GET /prod\nAuthorization: " + strings.TrimSpace(c.token))
		status := map[bool]string{true: "200\n", false: "401\n"}[c.body == claims]
		if !strings.HasPrefix(got, status) || !strings.HasSuffix(got, "\n\n"+c.body) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	if asked != " "+poolIssuer+"/.well-known/jwks.json" {
		t.Errorf("asked%s", asked) // once: an unknown key asks again after a while only
	}
	f.root.Scopes = nil
	f.root.Authorizer.Validation = nil
	f.setPolicy(articlePolicy)
	f.wantLength("GET /prod\nAuthorization: "+good, "AccessDeniedException", 182)
	f.want("GET /prod\nReferer: s3cret", 401, "UnauthorizedException", unauthorized) // the token comes first
	f.wantPart("GET /prod\nReferer: s3cret\nAuthorization: "+good, "200\n")
}

func TestUserPoolAudience(t *testing.T) {
	f := poolFixture(t)
	f.root.Authorizer = program.NewAuthorizer(program.AuthorizerSource{
		Kind: program.AuthorizerUserPools, Pools: []string{"arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_Pool"}, Validation: "client|other",
	})
	key := newKey(t)
	f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		return &exchange.Response{Status: 200, Body: exchange.Bytes([]byte(keySetText(map[string]*rsa.PrivateKey{"k1": key})))}, nil
	}
	f.want("GET /prod\nAuthorization: "+jwt(t, key, rs256, f.claimsOf(nil)), 200, "", "")
	f.want("GET /prod\nAuthorization: "+jwt(t, key, rs256, f.claimsOf(map[string]any{"aud": "client2"})), 401, "UnauthorizedException", unauthorized)
}

// Keys are asked for once, again when a new one is named, and outlast a pool
// that does not answer. A pool may be elsewhere.
func TestUserPoolKeys(t *testing.T) {
	f := poolFixture(t)
	keys := map[string]*rsa.PrivateKey{"k1": newKey(t)}
	calls, down := 0, true
	f.backend = func(_ context.Context, call *upstream.Call) (*exchange.Response, error) {
		calls++
		if call.Authority != "127.0.0.1:9229" || call.Path != "/eu-west-1_Pool/.well-known/jwks.json" || call.Port != 9229 {
			t.Errorf("asked %s %s", call.Authority, call.Path)
		}
		if down {
			return nil, errors.New("refused")
		}
		return &exchange.Response{Status: 200, Body: exchange.Bytes([]byte(keySetText(keys)))}, nil
	}
	f.program()
	f.gateway.options.UserPools = "http://127.0.0.1:9229/"
	request := func(id string) string {
		return "GET /prod\nAuthorization: " + jwt(t, keys[id], `{"alg":"RS256","kid":"`+id+`"}`, f.claimsOf(map[string]any{"iss": "http://127.0.0.1:9229/eu-west-1_Pool"}))
	}
	f.want(request("k1"), 500, "AuthorizerFailureException", `{"message":null}`)
	f.want(request("k1"), 500, "AuthorizerFailureException", `{"message":null}`)
	if calls != 1 {
		t.Errorf("%d calls to a pool that is down", calls)
	}
	down = false
	step := func(id string, after time.Duration, status string, want int) {
		t.Helper()
		f.now = f.now.Add(after)
		if got := f.do(request(id)); !strings.HasPrefix(got[strings.IndexByte(got, '\n')-3:], status) || calls != want {
			t.Errorf("%d calls, want %d: %s", calls, want, got)
		}
	}
	step("k1", keysInterval, "200", 2)
	step("k1", time.Minute, "200", 2)
	keys["k2"] = newKey(t)
	step("k2", 0, "200", 3)
	keys["k3"] = newKey(t)
	step("k3", keysInterval-1, "401", 3)
	down = true
	step("k1", keysLast, "200", 4)
	step("k1", 1, "200", 4)
}

func TestUserPoolsUnderLoad(t *testing.T) {
	f := poolFixture(t)
	key := newKey(t)
	var mu sync.Mutex
	calls := 0
	f.backend = func(context.Context, *upstream.Call) (*exchange.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return &exchange.Response{Status: 200, Body: exchange.Bytes([]byte(keySetText(map[string]*rsa.PrivateKey{"k1": key})))}, nil
	}
	p, text := f.program(), "GET /prod\nAuthorization: "+jwt(t, key, rs256, f.claimsOf(nil))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				if r := f.gateway.Serve(t.Context(), f.exchangeOf(p, text)); r.Status != 200 {
					t.Error(r.Status)
				}
			}
		})
	}
	wait.Wait()
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestParseKeySet(t *testing.T) {
	n := encoded(newKey(t).N.Bytes())
	for text, want := range map[string]int{
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + n + `","e":"AQAB"},{"kty":"EC","kid":"b"},{"kty":"RSA","kid":"c","use":"enc","n":"` + n + `","e":"AQAB"}]}`: 1,
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + n + `","e":"AQ"}]}`:                                                                                         0, // exponent 1 proves nothing
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + n[:40] + `","e":"AQAB"}]}`:                                                                                  0, // nor does a small modulus
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + strings.Repeat("_", 4000) + `","e":"AQAB"}]}`:                                                               0,
		`{"keys":[{"kty":"RSA","kid":"a","n":"` + n + `","e":"` + strings.Repeat("_", 40) + `"}]}`:                                                            0,
		`{}`: 0, `[]`: -1, `x`: -1, `{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`: -1,
	} {
		keys, err := parseKeySet([]byte(text))
		if (err != nil) != (want < 0) || err == nil && len(keys) != want {
			t.Errorf("%.80s: %d keys, %v", text, len(keys), err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	key := newKey(f)
	f.Add(jwt(f, key, rs256, map[string]any{"iss": "x", "exp": 1}))
	f.Add("..")
	f.Add(encoded([]byte(rs256)) + "." + encoded([]byte(`{"exp":1e300}`)) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseToken(text)
		if err != nil {
			return
		}
		if parsed.claims == nil || !strings.HasPrefix(text, parsed.signed+".") {
			t.Errorf("%q: %+v", text, parsed)
		}
		_ = claimTexts(parsed.claims)
		_, _ = parsed.seconds("exp")
		if parsed.verify(&newKeyOnce(t).PublicKey) == nil {
			t.Errorf("%q is signed by a key that signed nothing", text)
		}
	})
}

var newKeyOnce = func() func(testing.TB) *rsa.PrivateKey {
	var once sync.Once
	var key *rsa.PrivateKey
	return func(t testing.TB) *rsa.PrivateKey {
		once.Do(func() { key = newKey(t) })
		return key
	}
}()

func FuzzParseKeySet(f *testing.F) {
	f.Add(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		keys, _ := parseKeySet([]byte(text))
		for _, key := range keys {
			if key.N.BitLen() < minModulus || key.E < 3 {
				t.Errorf("%q gives a weak key", text)
			}
		}
	})
}
