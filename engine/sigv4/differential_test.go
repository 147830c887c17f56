package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var now = time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)

// draw makes random requests of the kinds that signers get wrong.
type draw struct{ *rand.Rand }

func (d draw) of(words ...string) string { return words[d.IntN(len(words))] }

func (d draw) path() string {
	var b strings.Builder
	b.WriteString("/")
	for range d.IntN(5) {
		b.WriteString(d.of("a", "pets", "a%20b", "%E3%81%82", "arn%3Aaws%3Aapigateway%3A%3A%2Frestapis%2Fx", "~1", "a+b", "*", "a=b&c",
			"%25", "(x)", "", ".", "..", "...", ".well-known", "x%2fy", "'q'", "ü"))
		if d.IntN(5) > 0 {
			b.WriteString("/")
		}
	}
	return b.String()
}

func (d draw) query() string {
	var parts []string
	for range d.IntN(6) {
		parts = append(parts, d.of(
			"a=1", "a=2", "a=", "a", "=", "=x", "A=1", "b=a+b", "b=a%20b", "b=a/b", "b=a-b", "c=%E3%81%82", "c=あ",
			"tagKeys=x&tagKeys=w", "d=%2B", "d=a=b=c", "limit=25", "%24k=v", "a-b=1", "a/b=1", "e=~", "x=%3b", ""))
	}
	return strings.Join(parts, "&")
}

func (d draw) header() http.Header {
	h := http.Header{}
	for range d.IntN(6) {
		h.Add(d.of("Content-Type", "X-Amz-Target", "X-Test", "Accept", "x-lower", "User-Agent", "X-Amz-Meta-A"),
			d.of("a", " a ", "a  b   c", "", `"a  b"`, "a,b", "\ta\t", "application/json", "é"))
	}
	return h
}

func (d draw) request(t *testing.T) (*http.Request, []byte) {
	raw := "https://" + d.of("abcdefghij.execute-api.us-east-1.amazonaws.com", "127.0.0.1:4566", "localhost:443") + d.path()
	if q := d.query(); q != "" {
		raw += "?" + q
	}
	body := []byte(d.of("", "", `{"a":1}`, "あ"))
	r, err := http.NewRequest(d.of("GET", "POST", "PATCH", "DELETE"), raw, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = d.header()
	return r, body
}

// sent gives the request as a server sees it.
func sent(r *http.Request) Request {
	h := r.Header.Clone()
	if r.ContentLength > 0 {
		h.Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: host, Header: MapHeader(h)}
}

// TestVerifySDK lets the AWS SDK sign thousands of random requests, by header
// and by query, with and without session token, for S3 and the others.
func TestVerifySDK(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(1, 2))}
	k := testKeyring(t)
	signer := sdk.NewSigner()
	for i := range 6000 {
		r, body := d.request(t)
		// The SDK remembers signing keys by access key id, so each secret has its own.
		key := fmt.Sprint(d.IntN(4))
		cred := aws.Credentials{AccessKeyID: "AKIDEXAMPLE" + key, SecretAccessKey: "secret" + key}
		if d.IntN(2) == 0 {
			cred.SessionToken = "token/with+odd=chars=="
		}
		service, presign := d.of("execute-api", "apigateway", "s3"), d.IntN(3) == 0
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:])
		if service == "s3" && (presign || d.IntN(3) == 0) {
			hash = UnsignedPayload
		}
		if !presign && d.IntN(2) == 0 || service == "s3" && !presign {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		opt := func(o *sdk.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
		if presign {
			q := r.URL.Query()
			q.Set("X-Amz-Expires", "60")
			r.URL.RawQuery = q.Encode()
			signed, header, err := signer.PresignHTTP(context.Background(), cred, r, hash, service, "us-east-1", now, opt)
			if err != nil {
				t.Fatal(err)
			}
			if r.URL, err = url.Parse(signed); err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			r.Host = header.Get("Host")
			r.Header.Del("Host")
		} else if err := signer.SignHTTP(context.Background(), cred, r, hash, service, "us-east-1", now, opt); err != nil {
			t.Fatal(err)
		}
		in := VerifyInput{Request: sent(r), Body: body, Now: now.Add(30 * time.Second), ExpectRegion: "us-east-1", ExpectService: service,
			Credential:       Credential{SecretKey: cred.SecretAccessKey, SessionToken: cred.SessionToken},
			DoubleEncodePath: service != "s3", AllowUnsignedPayload: service == "s3"}
		p, err := Parse(in.Request)
		if err != nil {
			t.Fatalf("%d: %s %s: %v", i, r.Method, r.URL, err)
		}
		if p.Presigned != presign || p.AccessKeyID != cred.AccessKeyID || p.SessionToken != cred.SessionToken {
			t.Fatalf("%d: parsed %+v", i, p)
		}
		if region, svc, ok := Scope(r.Header.Get("Authorization"), in.RawQuery); !ok || region != "us-east-1" || svc != service {
			t.Fatalf("%d: scope %q %q %v", i, region, svc, ok)
		}
		in.Presented = p
		if err := k.Verify(in); err != nil {
			t.Fatalf("%d: %s %s %q: %v\n%s", i, r.Method, r.URL, r.Header, err, err.(*Error).Message)
		}
		in.Credential.SecretKey += "x"
		if err := k.Verify(in); err == nil {
			t.Fatalf("%d: verified with another key", i)
		}
	}
}

// TestSignVerify checks that what Sign and Presign make is what Verify takes,
// paths with dots and doubled slashes included.
func TestSignVerify(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(3, 4))}
	k := testKeyring(t)
	for i := range 3000 {
		hr, body := d.request(t)
		r := sent(hr)
		cred := Credential{AccessKeyID: "AKID", SecretKey: "s", SessionToken: d.of("", "t+/%20=")}
		sum := sha256.Sum256(body)
		in := SignInput{Request: r, BodyHash: hex.EncodeToString(sum[:]), Credential: cred, Region: "eu-west-1", Service: "lambda",
			Now: now, DoubleEncodePath: true, ContentSHA256: d.IntN(2) == 0}
		if d.IntN(3) == 0 {
			query, err := k.Presign(in, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			r.RawQuery = query
		} else {
			fields, err := k.Sign(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				hr.Header.Set(f.Name, f.Value)
			}
			r = sent(hr)
		}
		p, err := Parse(r)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		v := VerifyInput{Request: r, Presented: p, Body: body, Now: now, Credential: cred, ExpectRegion: "eu-west-1", ExpectService: "lambda", DoubleEncodePath: true}
		if err := k.Verify(v); err != nil {
			t.Fatalf("%d: %s %s: %v\n%s", i, r.RawPath, r.RawQuery, err, err.(*Error).Message)
		}
	}
}
