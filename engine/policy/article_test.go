package policy_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"drawbridge/engine/policy"
)

// The resource policy of reference/article.md: Deny unless the Referer is the
// secret, and Allow.
const article = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Deny",
      "Principal": "*",
      "Action": "execute-api:Invoke",
      "Resource": "execute-api:/*",
      "Condition": {
        "StringNotEquals": {
          "aws:Referer": "OpenSesame-42"
        }
      }
    },
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "execute-api:Invoke",
      "Resource": "execute-api:/*"
    }
  ]
}`

const apiARN = "arn:aws:execute-api:ap-northeast-1:123456781234:abcdefghij"

func expand(resource string) string {
	if rest, ok := strings.CutPrefix(resource, "execute-api:/"); ok {
		return apiARN + "/" + rest
	}
	return resource
}

var resourcePolicy = policy.Options{ResourceBased: true, Expand: expand}

func mustNew(t testing.TB, src string, o policy.Options) *policy.Policy {
	t.Helper()
	p, err := policy.New([]byte(src), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func viewerRequest(referer ...string) *policy.Request {
	r := &policy.Request{Action: "execute-api:Invoke", Resource: apiARN + "/prod/GET/"}
	r.Context.SetSourceIP(netip.MustParseAddr("203.0.113.7"))
	r.Context.SetCurrentTime(time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC))
	r.Context.SetBool(policy.KeySecureTransport, true)
	r.Context.Set(policy.KeyUserAgent, "curl/8.5.0")
	switch len(referer) {
	case 0:
	case 1:
		r.Context.Set(policy.KeyReferer, referer[0])
	default:
		r.Context.SetList(policy.KeyReferer, referer)
	}
	return r
}

func TestArticle(t *testing.T) {
	p := mustNew(t, article, resourcePolicy)
	cases := []struct {
		name    string
		referer []string
		want    policy.Effect
	}{
		{"absent", nil, policy.ExplicitDeny},
		{"empty", []string{""}, policy.ExplicitDeny},
		{"wrong", []string{"https://example.com/"}, policy.ExplicitDeny},
		{"wrong case", []string{"opensesame-42"}, policy.ExplicitDeny},
		{"with a space", []string{"OpenSesame-42 "}, policy.ExplicitDeny},
		{"right", []string{"OpenSesame-42"}, policy.Allow},
		{"sent twice, both wrong", []string{"a", "b"}, policy.ExplicitDeny},
		{"sent twice, one right", []string{"a", "OpenSesame-42"}, policy.Allow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := p.Evaluate(viewerRequest(c.referer...))
			if d.Effect != c.want {
				t.Fatalf("got %v, want %v", d.Effect, c.want)
			}
			want := map[policy.Effect]int{policy.ExplicitDeny: 0, policy.Allow: 1}[c.want]
			if d.Statement != want {
				t.Errorf("decided by statement %d, want %d", d.Statement, want)
			}
		})
	}
}

func TestArticleForAnotherAPI(t *testing.T) {
	p := mustNew(t, article, resourcePolicy)
	r := viewerRequest("OpenSesame-42")
	r.Resource = "arn:aws:execute-api:ap-northeast-1:123456781234:zzzzzzzzzz/prod/GET/"
	if d := p.Evaluate(r); d.Effect != policy.ImplicitDeny || d.Statement != -1 {
		t.Fatalf("got %+v, want an implicit deny", d)
	}
}

func TestArticleStoredForm(t *testing.T) {
	doc, err := policy.Parse([]byte(article), resourcePolicy)
	if err != nil {
		t.Fatal(err)
	}
	got := string(doc.Canonical())
	want := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",` +
		`"Resource":"` + apiARN + `/*","Condition":{"StringNotEquals":{"aws:Referer":"OpenSesame-42"}}},` +
		`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"` + apiARN + `/*"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestReasonAndExplain(t *testing.T) {
	p := mustNew(t, article, resourcePolicy)
	d := p.Evaluate(viewerRequest())
	if got := d.Reason(); got != "Statement[0] denies" {
		t.Errorf("reason %q", got)
	}
	r := viewerRequest("OpenSesame-42")
	r.Action = "execute-api:ManageConnections"
	x := p.Explain(r)
	const want = `implicit deny: no statement applies
Statement[0] Deny
  Statement[0].Action: does not match the request
  Statement[0].Condition.StringNotEquals.aws:Referer: a value of the request matches
Statement[1] Allow
  Statement[1].Action: does not match the request`
	if x.String() != want {
		t.Errorf("got\n%s\nwant\n%s", x, want)
	}
	if strings.Contains(p.Explain(viewerRequest("OpenSesame-42")).String(), "OpenSesame") {
		t.Error("the explanation shows the secret")
	}
}

func TestUses(t *testing.T) {
	p := mustNew(t, article, resourcePolicy)
	if !p.Uses(policy.KeyReferer) || p.Uses(policy.KeyUserAgent) {
		t.Error("the article's policy reads aws:Referer and nothing else")
	}
	p = mustNew(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*",
		"Condition":{"StringLike":{"aws:UserAgent":"${aws:SourceVpc}"},"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:${aws:SourceAccount}:x"}}}}`, policy.Options{})
	for _, k := range []policy.Key{policy.KeyUsername, policy.KeyUserAgent, policy.KeySourceVpc, policy.KeySourceArn, policy.KeySourceAccount} {
		if !p.Uses(k) {
			t.Errorf("%v is read but not reported", k)
		}
	}
	if p.Uses(policy.KeyReferer) {
		t.Error("aws:Referer is not read")
	}
}

// allocation cases: design.md 7 allows none per evaluation.
var allocationPolicies = map[string]string{
	"article": article,
	"variables": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*",
		"Resource":"arn:aws:execute-api:*:*:*/prod/GET/${aws:SourceIp}*","Condition":{
		"StringNotLike":{"aws:Referer":"*${aws:SourceIp}*${aws:CurrentTime}*","aws:UserAgent":["x${aws:EpochTime}","${aws:username, 'nobody'}?"]},
		"StringNotEqualsIgnoreCase":{"aws:UserAgent":"${aws:SourceIp}/A"}}}}`,
	"typed as text": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:In*","Resource":"*","Condition":{
		"StringNotLike":{"aws:SourceIp":"10.*","aws:CurrentTime":"2020-*","aws:EpochTime":"1*9","aws:SecureTransport":"fal?e"},
		"StringNotEqualsIgnoreCase":{"aws:SourceIp":"FE80::1"},"ArnNotLike":{"aws:SourceArn":"arn:aws:*:*:*:x*"}}}}`,
	"typed": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:execute-api:*:*:abc*","Condition":{
		"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24","2001:db8::/32"]},"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},
		"NumericLessThan":{"aws:EpochTime":"99999999999"},"Bool":{"aws:SecureTransport":"true"},"Null":{"aws:SourceVpc":"true"}}}}`,
	"text read as typed": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{
		"NumericNotEquals":{"aws:UserAgent":"1"},"DateNotEquals":{"aws:UserAgent":"2020"},"BoolIfExists":{"aws:username":true},
		"ForAllValues:StringNotEquals":{"aws:TagKeys":["a","b"]},"ForAnyValue:StringLike":{"aws:UserAgent":"curl*"}}}}`,
}

func TestEvaluateDoesNotAllocate(t *testing.T) {
	for name, src := range allocationPolicies {
		t.Run(name, func(t *testing.T) {
			p := mustNew(t, src, resourcePolicy)
			r := viewerRequest("OpenSesame-42")
			r.Context.SetSourceIP(netip.MustParseAddr("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"))
			r.Resource += "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"
			if d := p.Evaluate(r); d.Effect != policy.Allow {
				t.Fatalf("the case does not go all the way: %s", p.Explain(r))
			}
			if n := testing.AllocsPerRun(200, func() { p.Evaluate(r) }); n != 0 {
				t.Errorf("%v allocations per evaluation", n)
			}
		})
	}
}

func TestFillingDoesNotAllocate(t *testing.T) {
	p := mustNew(t, article, resourcePolicy)
	addr, now := netip.MustParseAddr("203.0.113.7"), time.Unix(1, 0)
	n := testing.AllocsPerRun(200, func() {
		r := policy.Request{Action: "execute-api:Invoke", Resource: apiARN + "/prod/GET/"}
		r.Context.SetSourceIP(addr)
		r.Context.SetCurrentTime(now)
		r.Context.SetBool(policy.KeySecureTransport, true)
		r.Context.Set(policy.KeyReferer, "x")
		p.Evaluate(&r)
	})
	if n != 0 {
		t.Errorf("%v allocations for filling and evaluating", n)
	}
}

func BenchmarkArticle(b *testing.B) {
	p := mustNew(b, article, resourcePolicy)
	addr, now := netip.MustParseAddr("203.0.113.7"), time.Unix(1795363200, 0)
	fill := func(r *policy.Request, referer string) {
		r.Action, r.Resource = "execute-api:Invoke", apiARN+"/prod/GET/pets"
		r.Context.SetSourceIP(addr)
		r.Context.SetCurrentTime(now)
		r.Context.SetBool(policy.KeySecureTransport, true)
		r.Context.Set(policy.KeyReferer, referer)
		r.Context.Set(policy.KeyUserAgent, "Amazon CloudFront")
	}
	for name, referer := range map[string]string{"allow": "OpenSesame-42", "deny": "nope"} {
		b.Run("evaluate/"+name, func(b *testing.B) {
			var r policy.Request
			fill(&r, referer)
			b.ReportAllocs()
			for b.Loop() {
				p.Evaluate(&r)
			}
		})
		b.Run("fill+evaluate/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var r policy.Request
				fill(&r, referer)
				p.Evaluate(&r)
			}
		})
	}
}
