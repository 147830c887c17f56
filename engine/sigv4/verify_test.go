package sigv4

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signedInput is a correct request; each row of the tables below changes one
// thing about it.
func signedInput(t testing.TB) (VerifyInput, http.Header) {
	t.Helper()
	h := http.Header{"Content-Type": {"application/json"}, "X-Empty": {""}, "X-Two": {"a", "b"}}
	in := SignInput{
		Request: Request{Method: "POST", RawPath: "/prod/pets/a%20b", RawQuery: "b=2&a=1", Host: "abc.execute-api.us-east-1.amazonaws.com", Header: MapHeader(h)},
		Region:  "us-east-1", Service: "execute-api", Now: now, DoubleEncodePath: true, BodyHash: hexSHA256("body"),
		Credential: Credential{AccessKeyID: "AKIDEXAMPLE", SecretKey: "secret", SessionToken: "token"},
	}
	fields, err := testKeyring(t).Sign(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		h.Set(f.Name, f.Value)
	}
	return VerifyInput{Request: in.Request, Body: []byte("body"), Now: now, Credential: in.Credential,
		ExpectRegion: "us-east-1", ExpectService: "execute-api", DoubleEncodePath: true}, h
}

func TestTampering(t *testing.T) {
	auth := func(old, new string) func(*VerifyInput, http.Header) {
		return func(_ *VerifyInput, h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), old, new, 1))
		}
	}
	set := func(name, value string) func(*VerifyInput, http.Header) {
		return func(_ *VerifyInput, h http.Header) { h.Set(name, value) }
	}
	for _, c := range []struct {
		name   string
		reason Reason
		change func(in *VerifyInput, h http.Header)
	}{
		{"nothing", 0, func(*VerifyInput, http.Header) {}},
		{"unsigned field added", 0, set("X-Forwarded-For", "1.2.3.4")},
		{"blanks around a value", 0, set("Content-Type", "  application/json ")},
		{"query order", 0, func(in *VerifyInput, _ http.Header) { in.RawQuery = "a=1&b=2" }},
		{"redundant path", 0, func(in *VerifyInput, _ http.Header) { in.RawPath = "/prod//x/../pets/./a%20b" }},
		{"body hash given", 0, func(in *VerifyInput, _ http.Header) { in.BodyHash, in.Body = hexSHA256("body"), nil }},
		{"5 minutes slow", 0, func(in *VerifyInput, _ http.Header) { in.Now = now.Add(5 * time.Minute) }},
		{"5 minutes fast", 0, func(in *VerifyInput, _ http.Header) { in.Now = now.Add(-5 * time.Minute) }},
		{"pairs in another order", 0, func(_ *VerifyInput, h http.Header) {
			p := strings.Split(strings.TrimPrefix(h.Get("Authorization"), AlgorithmV4+" "), ", ")
			h.Set("Authorization", AlgorithmV4+"  "+p[2]+","+p[0]+" ,  "+p[1]+",")
		}},

		{"method", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.Method = "GET" }},
		{"path", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawPath = "/prod/pets/a%20c" }},
		{"escape taken off", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawPath = "/prod/pets/a b" }},
		{"path case", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawPath = "/Prod/pets/a%20b" }},
		{"trailing slash", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawPath += "/" }},
		{"query value", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawQuery = "b=2&a=2" }},
		{"query added", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.RawQuery += "&c" }},
		{"host", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.Host = "other" }},
		{"body", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.Body = nil }},
		{"body declared", ReasonPayload, set("X-Amz-Content-Sha256", hexSHA256("other"))},
		{"body not signed", ReasonPayload, set("X-Amz-Content-Sha256", UnsignedPayload)},
		{"signed value", ReasonMismatch, set("Content-Type", "text/plain")},
		{"second line", ReasonMismatch, func(_ *VerifyInput, h http.Header) { h.Add("X-Two", "c") }},
		{"lines swapped", ReasonMismatch, func(_ *VerifyInput, h http.Header) { h["X-Two"] = []string{"b", "a"} }},
		{"signed empty field gone", ReasonHeaderNotThere, func(_ *VerifyInput, h http.Header) { h.Del("X-Empty") }},
		{"host from a field", ReasonMismatch, func(in *VerifyInput, h http.Header) { h.Set("Host", in.Host); in.Host = "evil" }},
		{"signature", ReasonMismatch, auth("Signature=", "Signature=0")},
		{"signature cut", ReasonMismatch, func(_ *VerifyInput, h http.Header) {
			h.Set("Authorization", strings.TrimRight(h.Get("Authorization"), "0123456789abcdef"))
		}},
		{"signed headers", ReasonMismatch, auth("SignedHeaders=content-type;", "SignedHeaders=")},
		{"host unsigned", ReasonUnsignedHost, auth(";host;", ";")},
		{"date in scope", ReasonScope, auth("/20261122/", "/20261121/")},
		{"region", ReasonScope, auth("us-east-1", "us-east-2")},
		{"service", ReasonScope, auth("execute-api", "lambda")},
		{"terminator", ReasonScope, auth("aws4_request", "aws5_request")},
		{"date", ReasonMismatch, set("X-Amz-Date", now.Add(time.Minute).Format(isoBasic))},
		{"old", ReasonExpired, func(in *VerifyInput, _ http.Header) { in.Now = now.Add(5*time.Minute + time.Second) }},
		{"early", ReasonNotYetCurrent, func(in *VerifyInput, _ http.Header) { in.Now = now.Add(-5*time.Minute - time.Second) }},
		{"secret", ReasonMismatch, func(in *VerifyInput, _ http.Header) { in.Credential.SecretKey = "Secret" }},
		{"no secret", ReasonUnknownKey, func(in *VerifyInput, h http.Header) {
			in.Credential.SecretKey = ""
			h.Set("Authorization", strings.TrimRight(h.Get("Authorization"), "0123456789abcdef"))
		}},
		{"token of another", ReasonToken, func(in *VerifyInput, _ http.Header) { in.Credential.SessionToken = "x" }},
		{"token gone", ReasonToken, func(_ *VerifyInput, h http.Header) { h.Del("X-Amz-Security-Token") }},
		{"key has no token", ReasonToken, func(in *VerifyInput, _ http.Header) { in.Credential.SessionToken = "" }},
		{"sigv4a", ReasonNotSupported, func(_ *VerifyInput, h http.Header) {
			h.Set("Authorization", AlgorithmV4A+" Credential=AKID/20261122/execute-api/aws4_request, SignedHeaders=host, Signature=00")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, h := signedInput(t)
			c.change(&in, h)
			in.Header = MapHeader(h)
			var err error
			if in.Presented, err = Parse(in.Request); err != nil {
				t.Fatal(err)
			}
			err = testKeyring(t).Verify(in)
			var e *Error
			switch {
			case c.reason == 0 && err != nil:
				t.Fatalf("refused: %v", err)
			case c.reason != 0 && (!errors.As(err, &e) || e.Reason != c.reason):
				t.Fatalf("got %v, want %v", err, c.reason)
			}
		})
	}
}

// TestTexts pins AWS's texts (reference/api-gateway.md 6.4).
func TestTexts(t *testing.T) {
	const good = "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	const date = "20261122T160000Z"
	for _, c := range []struct {
		name, auth, date, query string
		now                     time.Time
		code, text              string
	}{
		{name: "none", code: CodeMissingAuthenticationToken, text: "Missing Authentication Token"},
		{name: "bearer", auth: "Bearer abc", code: CodeIncompleteSignature,
			text: "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."},
		{name: "one word", auth: "allow", code: CodeIncompleteSignature,
			text: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed("allow")},
		{name: "no signature", auth: strings.TrimSuffix(good, ", Signature=00"), date: date, code: CodeIncompleteSignature,
			text: "Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(strings.TrimSuffix(good, ", Signature=00"))},
		{name: "date", auth: good, date: "today", code: CodeIncompleteSignature,
			text: "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{name: "algorithm", auth: strings.Replace(good, "SHA256", "SHA1", 1), date: date, code: CodeIncompleteSignature,
			text: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."},
		{name: "credential", auth: strings.Replace(good, "us-east-1/", "", 1), date: date, code: CodeIncompleteSignature,
			text: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got (hashed with SHA-256 and encoded with Base64): '" + hashed("AKID/20261122/execute-api/aws4_request") + "'"},
		{name: "query", query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a", code: CodeIncompleteSignature,
			text: "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."},
		{name: "stale", auth: good, date: date, now: now.Add(15 * time.Minute), code: CodeInvalidSignature,
			text: "Signature expired: 20261122T160000Z is now earlier than 20261122T161000Z (20261122T161500Z - 5 min.)"},
		{name: "early", auth: good, date: date, now: now.Add(-15 * time.Minute), code: CodeInvalidSignature,
			text: "Signature not yet current: 20261122T160000Z is still later than 20261122T155000Z (20261122T154500Z + 5 min.)"},
		{name: "scope", auth: strings.Replace(good, "us-east-1/execute-api", "x/y", 1), date: date, now: now, code: CodeInvalidSignature,
			text: "Credential should be scoped to a valid region, not 'x'. Credential should be scoped to correct service: 'execute-api'. "},
		{name: "mismatch", auth: good, date: date, now: now, code: CodeInvalidSignature,
			text: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n" +
				"The Canonical String for this request should have been\n'GET\n/prod/a%2520b\n\nhost:h\nx-amz-date:20261122T160000Z\n\nhost;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n\n" +
				"The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20261122T160000Z\n20261122/us-east-1/execute-api/aws4_request\ncb7ebd58540c1f9a47b675458c6328813813b85db127ae548b13cdaf067a4bfb'\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			if c.auth != "" {
				h.Set("Authorization", c.auth)
			}
			if c.date != "" {
				h.Set("X-Amz-Date", c.date)
			}
			r := Request{Method: "GET", RawPath: "/prod/a%20b", RawQuery: c.query, Host: "h", Header: MapHeader(h)}
			p, err := Parse(r)
			if err == nil {
				err = testKeyring(t).Verify(VerifyInput{Request: r, Presented: p, Now: c.now, ExpectRegion: "us-east-1",
					ExpectService: "execute-api", DoubleEncodePath: true, Credential: Credential{SecretKey: "s"}})
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("no error of ours: %v", err)
			}
			if e.Code != c.code || e.Message != c.text {
				t.Fatalf("got  %s %q\nwant %s %q", e.Code, e.Message, c.code, c.text)
			}
			if strings.Contains(e.Error(), "AKID") {
				t.Errorf("Error() repeats the request: %s", e)
			}
		})
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		auth, query, region, service string
		ok                           bool
	}{
		{"AWS4-HMAC-SHA256 Credential=A/20261122/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0", "", "us-east-1", "sts", true},
		{"AWS4-HMAC-SHA256 SignedHeaders=host,Credential=A/d/r/s/t", "", "r", "s", true},
		{"AWS4-ECDSA-P256-SHA256 Credential=A/20261122/cloudfront-keyvaluestore/aws4_request", "", "", "cloudfront-keyvaluestore", true},
		{"Bearer x", "", "", "", false},
		{"Basic dTpw", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2Fd%2Fr%2Fs%2Ft", "", "", false},
		{"", "a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2Fd%2Fr%2Fs%2Ft", "r", "s", true},
		{"", "X-Amz-Credential=A%2Fd%2Fr%2Fs%2Ft", "", "", false},
		{"", "", "", "", false},
	} {
		region, service, ok := Scope(c.auth, c.query)
		if ok != c.ok || ok && (region != c.region || service != c.service) {
			t.Errorf("Scope(%q, %q) = %q %q %v", c.auth, c.query, region, service, ok)
		}
	}
}

func TestKeyringIsBounded(t *testing.T) {
	k, err := New(Options{MaxKeys: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		n := keyName{secret: strings.Repeat("s", i%37), date: "20261122", region: "r", service: "s"}
		if k.key(n) != deriveKey(n) {
			t.Fatal("cached key differs")
		}
		if len(k.young)+len(k.old) > 10 {
			t.Fatalf("%d keys kept", len(k.young)+len(k.old))
		}
	}
}

func TestNewRefusesNegative(t *testing.T) {
	if _, err := New(Options{MaxKeys: -1}); err == nil {
		t.Fatal("accepted")
	}
}

func TestPresignRefusesLongLife(t *testing.T) {
	in := SignInput{Request: Request{Method: "GET", Host: "h"}, Credential: suiteCred, Region: "r", Service: "s", Now: now}
	for _, d := range []time.Duration{0, 8 * 24 * time.Hour} {
		if _, err := testKeyring(t).Presign(in, d); err == nil {
			t.Errorf("%s accepted", d)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, s := range []string{"", "Bearer x", "Basic dTpw==", "AWS4-HMAC-SHA256", AlgorithmV4A + " Credential=a/b/c/d",
		"AWS4-HMAC-SHA256 Credential=A/20261122/r/s/aws4_request, SignedHeaders=host;a;A, Signature=0",
		"AWS4-HMAC-SHA256\tCredential=////,,SignedHeaders=;;; Signature="} {
		f.Add(s, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2Fd%2Fr%2Fs%2Ft&X-Amz-Date=20261122T160000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0&X-Amz-Expires=5", "/a/../%zz//")
	}
	k := testKeyring(f)
	f.Fuzz(func(t *testing.T, auth, query, path string) {
		h := list([2]string{"X-Amz-Date", "20261122T160000Z"}, [2]string{"authorization", auth})
		if auth == "" {
			h = list()
		}
		r := Request{Method: "GET", RawPath: path, RawQuery: query, Host: "h", Header: h}
		p, err := Parse(r)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.Code == "" || e.Message == "" {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		region, service, ok := Scope(auth, query)
		if !ok || region != p.Region || service != p.Service {
			t.Fatalf("Scope says %q %q %v, Parse %+v", region, service, ok, p)
		}
		in := VerifyInput{Request: r, Presented: p, Now: p.Time, Credential: Credential{SecretKey: "unguessable", SessionToken: p.SessionToken}, DoubleEncodePath: true}
		if err := k.Verify(in); !errors.As(err, &e) {
			t.Fatalf("verified %q", auth)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	in, h := signedInput(b)
	in.Header = MapHeader(h)
	k := testKeyring(b)
	b.ReportAllocs()
	for b.Loop() {
		p, err := Parse(in.Request)
		if err != nil {
			b.Fatal(err)
		}
		in.Presented = p
		if err := k.Verify(in); err != nil {
			b.Fatal(err)
		}
	}
}
