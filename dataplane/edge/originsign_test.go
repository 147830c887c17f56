package edge_test

import (
	"strings"
	"testing"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/program"
	"drawbridge/dataplane/upstream"
	"drawbridge/engine/sigv4"
)

// verified tells whether a call carries a signature of the test's key that is good.
func verified(t *testing.T, keys *sigv4.Keyring, c *upstream.Call, service, region string) bool {
	t.Helper()
	request := sigv4.Request{Method: c.Method, RawPath: c.Path, RawQuery: c.RawQuery, Host: c.Authority, Header: func(yield func(string, string) bool) {
		for _, f := range c.Header {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}}
	p, err := sigv4.Parse(request)
	if err != nil {
		return false
	}
	if err := p.CheckScope(region, service); err != nil {
		t.Error(err)
	}
	err = keys.Verify(sigv4.VerifyInput{
		Request: request, Presented: p, Credential: sigv4.Credential{AccessKeyID: "AKIDTEST", SecretKey: "secret"}, Now: noon,
		BodyHash: c.Header.Get("X-Amz-Content-Sha256"), DoubleEncodePath: service != "s3", AllowUnsignedPayload: true,
	})
	if err != nil {
		t.Log(err)
	}
	return err == nil
}

// Origin access control: SigV4 for S3 and Lambda URLs (reference/cloudfront.md 5.6).
func TestOriginSigning(t *testing.T) {
	keys, err := sigv4.New(sigv4.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *edge.Options) {
		o.Sign = func(in sigv4.SignInput) ([]sigv4.Field, error) {
			in.Credential = sigv4.Credential{AccessKeyID: "AKIDTEST", SecretKey: "secret"}
			return keys.Sign(in)
		}
	})
	w.behavior().Cache = program.CachePolicy{ID: "off"}
	all := program.Selection{Mode: program.SelectAll}
	o := w.behavior().Origin
	for _, row := range []struct {
		name, domain    string
		sign            *program.OriginSigning
		policy          program.OriginRequestPolicy
		request         string
		service, region string // "" is not signed by the edge
	}{
		{"S3", "bucket.s3.eu-central-1.amazonaws.com", &program.OriginSigning{Service: "s3", Always: true}, program.OriginRequestPolicy{},
			"GET https://d1.cloudfront.net/a%20b//c?x=1", "s3", "eu-central-1"},
		{"S3, old name", "bucket.s3-us-west-2.amazonaws.com", &program.OriginSigning{Service: "s3", Always: true}, program.OriginRequestPolicy{QueryStrings: all},
			"GET https://d1.cloudfront.net/a?b=c&a", "s3", "us-west-2"},
		{"S3 without a region", "bucket.s3.amazonaws.com", &program.OriginSigning{Service: "s3", Always: true}, program.OriginRequestPolicy{},
			"PUT https://d1.cloudfront.net/a\n\nbody", "s3", "us-east-1"},
		{"always", "bucket.s3.amazonaws.com", &program.OriginSigning{Service: "s3", Always: true}, program.OriginRequestPolicy{Headers: all},
			"GET https://d1.cloudfront.net/a\nAuthorization: mine\nX-Amz-Date: then\nX-Amz-Acl: private", "s3", "us-east-1"},
		{"no override", "bucket.s3.amazonaws.com", &program.OriginSigning{Service: "s3"}, program.OriginRequestPolicy{Headers: program.Selection{Mode: program.SelectExcept, Names: []string{"host"}}},
			"GET https://d1.cloudfront.net/a\nAuthorization: mine", "", ""},
		{"no override, none sent", "bucket.s3.amazonaws.com", &program.OriginSigning{Service: "s3"}, program.OriginRequestPolicy{},
			"GET https://d1.cloudfront.net/a\nAuthorization: not forwarded", "s3", "us-east-1"},
		{"Lambda", "abc.lambda-url.ap-northeast-1.on.aws", &program.OriginSigning{Service: "lambda", Always: true}, program.OriginRequestPolicy{},
			"POST https://d1.cloudfront.net/a/b\nX-Amz-Content-Sha256: 230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5\n\nbody", "lambda", "ap-northeast-1"},
		{"none", "bucket.s3.amazonaws.com", nil, program.OriginRequestPolicy{}, "GET https://d1.cloudfront.net/a", "", ""},
	} {
		o.DomainName, o.Sign, o.Path, w.behavior().Request = row.domain, row.sign, "", row.policy
		w.get(row.request)
		c := w.lastCall()
		signed := strings.Contains(c.Header.Get("Authorization"), "AKIDTEST")
		switch {
		case signed != (row.service != ""):
			t.Errorf("%s: Authorization %q", row.name, c.Header.Get("Authorization"))
		case signed && !verified(t, keys, c, row.service, row.region):
			t.Errorf("%s: the signature is not good: %v", row.name, c.Header)
		case signed && strings.Contains(c.Header.Joined("Authorization"), "mine"):
			t.Errorf("%s: two Authorization fields", row.name)
		}
	}
}
