package policy_test

import (
	"strings"
	"testing"
	"time"

	"drawbridge/engine/policy"
)

const secret = "OpenSesame-42"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// anyone asks about every request to GET / of the article's stage without the
// secret.
func anyone() policy.Question {
	return policy.Question{
		Action:   "execute-api:Invoke",
		Resource: []policy.Piece{policy.Exactly(apiARN + "/prod/GET/"), policy.Slashes()},
		Keys: []policy.KeyRange{
			policy.AnyText("aws:Referer", 2).Without(secret),
			policy.AnyText("aws:UserAgent", 1),
			policy.AnyAddress(policy.KeySourceIP),
			policy.AnyTime(noon),
			policy.OneOf("aws:SecureTransport", []string{"true"}),
		},
	}
}

func mustAsk(t testing.TB, p *policy.Policy, q policy.Question) policy.Answer {
	t.Helper()
	answer, err := p.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Verdict == policy.Possible {
		effect := p.Evaluate(answer.Witness).Effect
		if effect != policy.Allow && (!q.NotDenied || effect == policy.ExplicitDeny) {
			t.Fatalf("the witness %+v gets %v", answer.Chosen, effect)
		}
	}
	return answer
}

// variant is the article's policy with its Deny's condition, resource or
// statements changed.
func variant(changes ...string) string {
	return strings.NewReplacer(changes...).Replace(article)
}

const equalsSecret = `"StringNotEquals": {
          "aws:Referer": "OpenSesame-42"
        }`

// The named variants of issue 6.
func TestAskVariants(t *testing.T) {
	allowAll := `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}`
	denyUnless := func(element string) string {
		return `{"Version":"2012-10-17","Statement":[` + allowAll + `,{"Effect":"Deny","Action":"execute-api:Invoke",` + element + `}]}`
	}
	condition := `"Condition":{"StringNotEquals":{"aws:Referer":"OpenSesame-42"}}`
	cases := []struct {
		name, policy string
		want         policy.Verdict
	}{
		{"the article", article, policy.Never},
		{"IfExists", variant("StringNotEquals", "StringNotEqualsIfExists"), policy.Never},
		{"IfExists on the Allow", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEqualsIfExists":{"aws:Referer":"OpenSesame-42"}}}}`, policy.Possible},
		{"StringLike star", variant("StringNotEquals", "StringNotLike", secret, "*"), policy.Possible},
		{"StringLike prefix", variant("StringNotEquals", "StringNotLike", secret, "OpenSesame*"), policy.Possible},
		{"EqualsIgnoreCase", variant("StringNotEquals", "StringNotEqualsIgnoreCase"), policy.Possible},
		{"Allow only", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:Referer":"OpenSesame-42"}}}}`, policy.Never},
		{"NotPrincipal, a role", denyUnless(`"NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/r"},"Resource":"execute-api:/*",` + condition), policy.Never},
		{"NotPrincipal, everybody", denyUnless(`"NotPrincipal":"*","Resource":"execute-api:/*",` + condition), policy.Possible},
		{"NotResource, another", denyUnless(`"Principal":"*","NotResource":"execute-api:/*/POST/*",` + condition), policy.Never},
		{"NotResource, this", denyUnless(`"Principal":"*","NotResource":"execute-api:/*/GET/*",` + condition), policy.Possible},
		{"one stage only, this", denyUnless(`"Principal":"*","Resource":"execute-api:/prod/*",` + condition), policy.Never},
		{"one stage only, another", denyUnless(`"Principal":"*","Resource":"execute-api:/dev/*",` + condition), policy.Possible},
		{"one verb only", denyUnless(`"Principal":"*","Resource":"execute-api:/*/POST/*",` + condition), policy.Possible},
		{"list values", variant(`"aws:Referer": "OpenSesame-42"`, `"aws:Referer": ["OpenSesame-42", "old"]`), policy.Possible},
		{"ForAnyValue", variant("StringNotEquals", "ForAnyValue:StringNotEquals"), policy.Possible},
		{"ForAllValues", variant("StringNotEquals", "ForAllValues:StringNotEquals"), policy.Never},
		{"ForAllValues on the Allow", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"ForAllValues:StringEquals":{"aws:Referer":"OpenSesame-42"}}}}`, policy.Possible},
		{"policy variable", variant(secret, "${aws:UserAgent}"), policy.Possible},
		{"policy variable, address", variant(secret, "${aws:SourceIp}"), policy.Possible},
		{"policy variable, absent key", variant(secret, "${aws:username, 'OpenSesame-42'}"), policy.Never},
		{"policy variable, literal", variant(secret, "OpenSesame${*}-42"), policy.Possible},
		{"an extra open Allow", variant("\n    },\n    {", "\n    },\n    "+allowAll+",{"), policy.Never},
		{"an extra open Allow, no Deny", `{"Version":"2012-10-17","Statement":[` + allowAll + `,{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:Referer":"OpenSesame-42"}}}]}`, policy.Possible},
		{"exact resource, slashes get by", denyUnless(`"Principal":"*","Resource":"execute-api:/prod/GET/",` + condition), policy.Possible},
		{"address range", variant(equalsSecret, `"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}`), policy.Possible},
		{"plain HTTP only", variant(equalsSecret, `"Bool":{"aws:SecureTransport":"false"}`), policy.Possible},
		{"a time that is over", variant(equalsSecret, `"DateGreaterThan":{"aws:CurrentTime":"2025-01-01T00:00:00Z"}`), policy.Never},
		{"a time to come", variant(equalsSecret, `"DateLessThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"}`), policy.Possible},
		{"epoch and date at odds", variant(equalsSecret, `"DateLessThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"}},"Sid":"a"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"NumericGreaterThan":{"aws:EpochTime":"1700000000"}`), policy.Never},
		{"two Denies that two keys share", `{"Version":"2012-10-17","Statement":[` + allowAll + `,
			{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":"a","aws:UserAgent":"u"}}},
			{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":"b"}}}]}`, policy.Possible},
		{"two Denies at odds", `{"Version":"2012-10-17","Statement":[` + allowAll + `,
			{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringNotEquals":{"aws:Referer":"a"}}},
			{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":"b"}}}]}`, policy.Never},
		{"numbers of a text", variant(equalsSecret, `"NumericGreaterThanEqualsIfExists":{"aws:UserAgent":"1e20"}`), policy.Possible},
		{"a number of a text that must be there", variant(equalsSecret, `"NumericNotEquals":{"aws:UserAgent":"1e20"}},"Sid":"a"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"NumericLessThanEquals":{"aws:UserAgent":"1e20"}`), policy.Never},
		{"dates of a text", variant(equalsSecret, `"DateGreaterThanEqualsIfExists":{"aws:UserAgent":"999999999999999999"}},"Sid":"a"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"DateNotEquals":{"aws:UserAgent":"999999999999999998"}`), policy.Possible},
		{"key must be absent", variant(equalsSecret, `"Null":{"aws:Referer":"false"}`), policy.Possible},
		{"a key nobody can send", variant(equalsSecret, `"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`), policy.Never},
		{"an old document has no variables", variant("2012-10-17", "2008-10-17", secret, "${aws:UserAgent}"), policy.Possible},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := mustNew(t, c.policy, resourcePolicy)
			q := anyone()
			answer := mustAsk(t, p, q)
			if answer.Verdict != c.want {
				t.Fatalf("got %v %+v %s, want %v", answer.Verdict, answer.Chosen, answer.Why, c.want)
			}
			t.Logf("%v %v", answer.Verdict, answer.Chosen)
		})
	}
}

// Whatever the document, Ask comes back, soon, and its witness is one (mustAsk).
func FuzzAsk(f *testing.F) {
	f.Add(article)
	f.Add(variant("StringNotEquals", "StringNotLike", secret, "*${aws:UserAgent}?a*b*"))
	f.Add(variant("StringNotEquals", "ForAllValues:ArnNotLike", secret, "arn:aws:*:?:1*:a/b"))
	f.Add(variant("StringNotEquals", "NumericLessThan", secret, "5"))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.New([]byte(text), resourcePolicy)
		if err != nil {
			return
		}
		q := anyone()
		q.Work = 20_000
		answer := mustAsk(t, p, q)
		if answer.Verdict == policy.Undecided && answer.Why == "" {
			t.Error("undecided without a reason")
		}
	})
}

// A policy made to be hard ends in bounded time, without a wrong answer.
func TestAskIsBounded(t *testing.T) {
	var values []string
	for _, a := range "abcdefgh" {
		for _, b := range "ijklmnop" {
			values = append(values, "*"+strings.Repeat(string(a)+"?"+string(b), 3)+"*")
		}
	}
	list := `["` + strings.Join(values, `","`) + `"]`
	p := mustNew(t, variant("StringNotEquals", "StringNotLike", `"`+secret+`"`, list), resourcePolicy)
	q := anyone()
	q.Keys[0] = policy.AnyText("aws:Referer", 2).WithoutParts("ai", "bj")
	q.Work = 50_000
	begin := time.Now()
	answer := mustAsk(t, p, q)
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	if answer.Verdict == policy.Never {
		t.Error("some text matches one of the patterns")
	}
}
