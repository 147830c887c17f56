package edge_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/program"
)

// signer signs as the owner of a private key does.
type signer struct {
	t   testing.TB
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
}

func newSigner(t testing.TB) signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, r, e}
}

func urlBase64(data []byte) string {
	return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(data))
}

// sign returns Signature, Key-Pair-Id and Hash-Algorithm: key is KRSA or KEC.
func (s signer) sign(policy, key, hash string) string {
	sum1, sum256 := sha1.Sum([]byte(policy)), sha256.Sum256([]byte(policy))
	digest, kind, parameter := sum1[:], crypto.SHA1, ""
	if hash == "SHA256" {
		digest, kind = sum256[:], crypto.SHA256
	}
	if hash != "" {
		parameter = "&Hash-Algorithm=" + hash
	}
	var signature []byte
	var err error
	if key == "KEC" {
		signature, err = ecdsa.SignASN1(rand.Reader, s.ec, digest)
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, s.rsa, kind, digest)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return "&Signature=" + urlBase64(signature) + "&Key-Pair-Id=" + key + parameter
}

// canned signs a URL until a time, custom a policy.
func (s signer) canned(url string, expires int64, key, hash string) string {
	policy := fmt.Sprintf(`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`, url, expires)
	return fmt.Sprintf("Expires=%d", expires) + s.sign(policy, key, hash)
}

func (s signer) custom(policy string) string {
	return "Policy=" + urlBase64([]byte(policy)) + s.sign(policy, "KRSA", "")
}

func signedWorld(t *testing.T) (*world, signer) {
	w, s := newWorld(t), newSigner(t)
	w.behavior().Signed = true
	w.behavior().Signers = map[string]crypto.PublicKey{"KRSA": s.rsa.Public(), "KEC": s.ec.Public()}
	w.behavior().Cache.QueryStrings = program.Selection{Mode: program.SelectAll}
	return w, s
}

// Canned policies: the URL as it is asked for, and a time (reference/cloudfront.md 5.5).
func TestSignedURLs(t *testing.T) {
	w, s := signedWorld(t)
	const url = "https://d1.cloudfront.net/a/b.html"
	until := noon.Unix() + 60
	for _, row := range []struct{ name, request, reason string }{
		{"RSA, SHA-1", url + "?" + s.canned(url, until, "KRSA", ""), ""},
		{"RSA, SHA-1 by name", url + "?" + s.canned(url, until, "KRSA", "SHA1"), ""},
		{"RSA, SHA-256", url + "?" + s.canned(url, until, "KRSA", "SHA256"), ""},
		{"ECDSA, SHA-1", url + "?" + s.canned(url, until, "KEC", ""), ""},
		{"ECDSA, SHA-256", url + "?" + s.canned(url, until, "KEC", "SHA256"), ""},
		{"its own query", url + "?x=1&y=2&" + s.canned(url+"?x=1&y=2", until, "KRSA", ""), ""},
		{"a port", "https://d1.cloudfront.net:4566/a/b.html?" + s.canned("https://d1.cloudfront.net:4566/a/b.html", until, "KRSA", ""), ""},
		{"a port that was not signed", "https://d1.cloudfront.net:4566/a/b.html?" + s.canned(url, until, "KRSA", ""), ""},
		{"nothing", url, "missing-key"},
		{"no key", url + "?Expires=1&Signature=x", "missing-key"},
		{"an empty key", url + "?Key-Pair-Id=&Signature=x&Expires=1", "missing-key"},
		{"an unknown key", url + "?" + strings.Replace(s.canned(url, until, "KRSA", ""), "KRSA", "K2", 1), "unknown-key"},
		{"another key", url + "?" + strings.Replace(s.canned(url, until, "KRSA", ""), "KRSA", "KEC", 1), "access-denied"},
		{"a query added", url + "?x=1&" + s.canned(url, until, "KRSA", ""), "access-denied"},
		{"another path", "https://d1.cloudfront.net/a/c.html?" + s.canned(url, until, "KRSA", ""), "access-denied"},
		{"http", "http" + url[5:] + "?" + s.canned(url, until, "KRSA", ""), "access-denied"},
		{"over", url + "?" + s.canned(url, noon.Unix(), "KRSA", ""), "access-denied"},
		{"another time", url + "?" + strings.Replace(s.canned(url, until, "KRSA", ""), "Expires=", "Expires=1", 1), "access-denied"},
		{"no time", url + "?" + s.sign("x", "KRSA", ""), "access-denied"},
		{"another hash", url + "?" + strings.Replace(s.canned(url, until, "KRSA", "SHA256"), "SHA256", "SHA512", 1), "access-denied"},
		{"a signature that is none", url + "?Key-Pair-Id=KRSA&Expires=9999999999&Signature=%%%", "access-denied"},
	} {
		resp := w.get("GET " + row.request)
		if got := w.last.Record.Reason; (resp.Status == 200) != (row.reason == "") || row.reason != "" && got != row.reason {
			t.Errorf("%s: %d %s", row.name, resp.Status, got)
		}
	}
}

func TestSignedPolicies(t *testing.T) {
	w, s := signedWorld(t)
	statement := func(resource, conditions string) string {
		return `{"Statement":[{"Resource":"` + resource + `","Condition":{` + conditions + `}}]}`
	}
	soon := fmt.Sprintf(`"DateLessThan":{"AWS:EpochTime":%d}`, noon.Unix()+1)
	for _, row := range []struct{ policy, target, reason string }{
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/b?c=1", ""},
		// What leads out of the folder is not in it: the behavior is found by the
		// normal form, and the origin may take it for that, too.
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/../b", "access-denied"},
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/%2e%2E/b", "access-denied"},
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/x/../../b", "access-denied"},
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/x/../b", ""},
		{statement("https://d1.cloudfront.net/a/../b", soon), "/a/../b", ""},
		{statement("https://d1.cloudfront.net/a//*", soon), "/a//b", ""},
		{statement("https://d1.cloudfront.net/a/*", soon), "/a/b?c=/../../d", ""},
		{statement("*", soon), "/a/../b", ""},
		{statement("*://*/a/?.jpg", soon), "/a/1.jpg", ""},
		{statement("*://*/a/?.jpg", soon), "/a/12.jpg", "access-denied"},
		{statement("http://*", soon), "/a", "access-denied"},
		{statement("https://d1.*.net/*", soon), "/a", ""},
		{statement("https://D1.CloudFront.net/a", soon), "/a", ""},
		{statement("https://d2.cloudfront.net/*", soon), "/a", "access-denied"},
		{statement("https://*", soon), "/a", "access-denied"}, // the domain's "*" ends where the domain does
		{statement("*", soon), "/a", ""},
		{`{"Statement":[{"Condition":{` + soon + `}}]}`, "/a", ""},
		{statement("*", soon+`,"DateGreaterThan":{"AWS:EpochTime":1}`), "/a", ""},
		{statement("*", soon+fmt.Sprintf(`,"DateGreaterThan":{"AWS:EpochTime":%d}`, noon.Unix())), "/a", "access-denied"},
		{statement("*", `"DateLessThan":{"AWS:EpochTime":1}`), "/a", "access-denied"},
		{statement("*", soon+`,"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}`), "/a", ""},
		{statement("*", soon+`,"IpAddress":{"AWS:SourceIp":"192.0.2.7"}`), "/a", ""},
		{statement("*", soon+`,"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}`), "/a", ""},
		{statement("*", soon+`,"IpAddress":{"AWS:SourceIp":"192.0.2.8/32"}`), "/a", "access-denied"},
		{statement("*", soon+`,"IpAddress":{"AWS:SourceIp":"::/0"}`), "/a", "malformed-policy"},
		{statement("*", ``), "/a", "malformed-policy"},
		{statement("*", soon+`,"DateGreaterThan":{}`), "/a", "malformed-policy"},
		{statement("*", soon+`,"StringLike":{"x":"y"}`), "/a", "malformed-policy"},
		{`{"Statement":[]}`, "/a", "malformed-policy"},
		{`{"Statement":[{"Condition":{` + soon + `}},{"Condition":{` + soon + `}}]}`, "/a", "malformed-policy"},
		{`nothing`, "/a", "malformed-policy"},
	} {
		sep := "?"
		if strings.Contains(row.target, "?") {
			sep = "&"
		}
		resp := w.get("GET https://d1.cloudfront.net" + row.target + sep + s.custom(row.policy))
		if got := w.last.Record.Reason; (resp.Status == 200) != (row.reason == "") || row.reason != "" && got != row.reason {
			t.Errorf("%s for %s: %d %s", row.policy, row.target, resp.Status, got)
		}
	}
	if resp := w.get("GET https://d1.cloudfront.net/a?Policy=!&" + s.sign("x", "KRSA", "")[1:]); w.last.Record.Reason != "malformed-policy" || resp.Status != 403 {
		t.Errorf("a policy that is no base64: %d", resp.Status)
	}
}

// The answers of 4.4, their lengths, and a custom error page in their place.
func TestSignedAnswers(t *testing.T) {
	w, s := signedWorld(t)
	w.expect("GET https://d1.cloudfront.net/", `
403
Server: CloudFront
Date: Sun, 22 Nov 2026 12:00:00 GMT
Content-Type: text/xml
Content-Length: 146
X-Cache: Error from cloudfront
Via: $VIA
X-Amz-Cf-Pop: NRT57-P2
X-Amz-Cf-Id: $ID

<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>`)
	if resp := w.get("GET https://d1.cloudfront.net/?Key-Pair-Id=KRSA"); len(body(resp)) != 110 {
		t.Errorf("%q", body(resp))
	}
	// Cookies do where the query has nothing of it; they are the query's parameters by other names.
	const url = "https://d1.cloudfront.net/c"
	cookies := "CloudFront-" + strings.ReplaceAll(s.canned(url, noon.Unix()+60, "KEC", "SHA256"), "&", "; CloudFront-")
	if resp := w.get("GET " + url + "\nCookie: a=b; " + cookies); resp.Status != 200 {
		t.Errorf("cookies: %d", resp.Status)
	}
	if resp := w.get("GET " + url + "?Key-Pair-Id=K2\nCookie: " + cookies); resp.Status != 403 {
		t.Errorf("the query wins: %d", resp.Status)
	}
	// What is signed makes no key of its own, and the origin does not see it.
	w.get("GET https://d1.cloudfront.net/q?b=1&" + s.canned("https://d1.cloudfront.net/q?b=1", noon.Unix()+60, "KRSA", ""))
	if c := w.lastCall(); c.RawQuery != "b=1" {
		t.Errorf("the origin saw %q", c.RawQuery)
	}
	w.get("GET https://d1.cloudfront.net/q?b=1&" + s.canned("https://d1.cloudfront.net/q?b=1", noon.Unix()+61, "KEC", ""))
	if w.last.Record.Result != "Hit" {
		t.Errorf("%s", w.last.Record.Result)
	}
	w.get("GET https://d1.cloudfront.net/p?" + s.canned("https://d1.cloudfront.net/p", noon.Unix()+60, "KRSA", ""))
	if c := w.lastCall(); c.HasQuery {
		t.Error("an empty query is left")
	}
	w.dist.Errors = map[int]program.ErrorResponse{403: {PagePath: "/denied.html", StatusCode: 403}}
	if resp := w.get("GET https://d1.cloudfront.net/"); resp.Status != 403 || body(resp) != "hello" {
		t.Errorf("no error page: %d %q", resp.Status, body(resp))
	}
}

// What needs more than the cache does not go at once past it; what a policy
// adds stands on answers at once.
func TestAtOnce(t *testing.T) {
	w, _ := signedWorld(t)
	w.behavior().Signed = false
	w.behavior().Response = &program.ResponseHeadersPolicy{Headers: []program.PolicyHeader{{Name: "X-P", Value: "1"}}}
	w.get("GET https://d1.cloudfront.net/")
	at := func() string {
		resp := w.edge.AtOnce(w.exchangeOf("GET https://d1.cloudfront.net/"))
		if resp == nil {
			return "nil"
		}
		return resp.Header.Get("X-P")
	}
	if at() != "1" {
		t.Errorf("a hit: %q", at())
	}
	w.behavior().Signed = true
	if at() != "nil" {
		t.Errorf("a signed behavior: %q", at())
	}
	w.behavior().Signed, w.behavior().ViewerResponse = false, keepResponse(t)
	if at() != "nil" {
		t.Errorf("a function: %q", at())
	}
}

func keepResponse(t *testing.T) *program.EdgeFunction { return function(t, "return response;") }

// FuzzSignedPolicy: any text is a grant or an error, and a grant that holds at a
// time held a second before too, unless it begins then.
func FuzzSignedPolicy(f *testing.F) {
	f.Add(`{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800}}}]}`, "https://d1.cloudfront.net/a", "192.0.2.7", int64(1))
	f.Add(`{"Statement":[{"Resource":"*://*","Condition":{"DateLessThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"::/0"}}}]}`, "x", "::1", int64(-5))
	f.Fuzz(func(t *testing.T, policy, url, from string, at int64) {
		if at < -1<<40 || at > 1<<40 || strings.Contains(strings.ToLower(policy), "dategreaterthan") || strings.Contains(policy, `\u`) {
			return
		}
		now, err := edge.Grants([]byte(policy), url, from, time.Unix(at, 0))
		before, _ := edge.Grants([]byte(policy), url, from, time.Unix(at-1, 0))
		if err == nil && now && !before {
			t.Errorf("%s holds at %d, not before", policy, at)
		}
	})
}
