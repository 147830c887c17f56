package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func mustNew(t *testing.T, src string, o Options) *Policy {
	t.Helper()
	p, err := New([]byte(src), o)
	if err != nil {
		t.Fatalf("%v in %s", err, src)
	}
	return p
}

const (
	acct     = "123456789012"
	userARN  = "arn:aws:iam::123456789012:user/team/alice"
	roleARN  = "arn:aws:iam::123456789012:role/path/R"
	sessARN  = "arn:aws:sts::123456789012:assumed-role/R/S"
	rootARN  = "arn:aws:iam::123456789012:root"
	canonID  = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	provider = "arn:aws:iam::123456789012:saml-provider/corp"
)

var callers = map[string]Principal{
	"anonymous": {},
	"liar":      {Account: acct, ARN: userARN}, // Type decides, not leftovers
	"root":      {Type: Account, ARN: rootARN, Account: acct, CanonicalUser: canonID},
	"alice":     {Type: User, ARN: userARN, Account: acct},
	"session":   {Type: AssumedRole, ARN: sessARN, RoleARN: roleARN, Account: acct},
	"federated": {Type: FederatedUser, ARN: "arn:aws:sts::123456789012:federated-user/bob", Account: acct},
	"stranger":  {Type: User, ARN: "arn:aws:iam::999999999999:user/alice", Account: "999999999999"},
	"service":   {Type: Service, Service: "apigateway.amazonaws.com"},
	"saml":      {Type: FederatedLogin, Federated: provider},
}

func TestPrincipals(t *testing.T) {
	everybody := "anonymous liar root alice session federated stranger service saml"
	cases := []struct{ effect, element, value, matches string }{
		{"Allow", "Principal", `"*"`, everybody},
		{"Allow", "Principal", `{"AWS":"*"}`, everybody},
		{"Allow", "Principal", `{"AWS":["arn:aws:iam::999999999999:root","*"]}`, everybody},
		{"Allow", "Principal", `{"AWS":"123456789012"}`, "root alice session federated"},
		{"Allow", "Principal", `{"AWS":"arn:aws:iam::123456789012:root"}`, "root alice session federated"},
		{"Allow", "Principal", `{"AWS":"` + userARN + `"}`, "alice"},
		{"Allow", "Principal", `{"AWS":"arn:aws:iam::123456789012:user/alice"}`, ""},
		{"Allow", "Principal", `{"AWS":"` + roleARN + `"}`, "session"},
		{"Allow", "Principal", `{"AWS":"` + sessARN + `"}`, "session"},
		{"Allow", "Principal", `{"AWS":"arn:aws:sts::123456789012:assumed-role/R/other"}`, ""},
		{"Allow", "Principal", `{"AWS":"arn:aws:sts::123456789012:federated-user/bob"}`, "federated"},
		{"Allow", "Principal", `{"AWS":"AROAEXAMPLEEXAMPLE123"}`, ""},
		{"Allow", "Principal", `{"Service":"apigateway.amazonaws.com"}`, "service"},
		{"Allow", "Principal", `{"Federated":"` + provider + `"}`, "saml"},
		{"Allow", "Principal", `{"Federated":"oidc.eks.us-east-1.amazonaws.com/id/EX"}`, ""},
		{"Allow", "Principal", `{"CanonicalUser":"` + canonID + `"}`, "root"},
		{"Allow", "Principal", `{"AWS":"999999999999","Service":["apigateway.amazonaws.com","x.amazonaws.com"]}`, "stranger service"},

		{"Allow", "NotPrincipal", `"*"`, ""},
		{"Allow", "NotPrincipal", `{"AWS":"123456789012"}`, "anonymous liar stranger service saml"},
		// Deny spares only who is listed at every layer.
		{"Deny", "NotPrincipal", `"*"`, ""},
		{"Deny", "NotPrincipal", `{"AWS":"123456789012"}`, "anonymous liar alice session federated stranger service saml"},
		{"Deny", "NotPrincipal", `{"AWS":"` + userARN + `"}`, everybody},
		{"Deny", "NotPrincipal", `{"AWS":["` + userARN + `","` + rootARN + `"]}`, "anonymous liar session federated stranger service saml"},
		{"Deny", "NotPrincipal", `{"AWS":["` + roleARN + `","` + rootARN + `"]}`, "anonymous liar alice session federated stranger service saml"},
		{"Deny", "NotPrincipal", `{"AWS":["` + sessARN + `","` + roleARN + `","` + rootARN + `"]}`, "anonymous liar alice federated stranger service saml"},
		{"Deny", "NotPrincipal", `{"AWS":["` + sessARN + `","` + rootARN + `"]}`, "anonymous liar alice session federated stranger service saml"},
		{"Deny", "NotPrincipal", `{"Service":"apigateway.amazonaws.com"}`, "anonymous liar root alice session federated stranger saml"},
		{"Deny", "NotPrincipal", `{"Federated":"` + provider + `"}`, "anonymous liar root alice session federated stranger service"},
		{"Deny", "NotPrincipal", `{"CanonicalUser":"` + canonID + `"}`, "anonymous liar alice session federated stranger service saml"},
	}
	for _, c := range cases {
		p := mustNew(t, fmt.Sprintf(`{"Statement":{"Effect":%q,%q:%s,"Action":"*","Resource":"*"}}`, c.effect, c.element, c.value), Options{ResourceBased: true})
		for name, who := range callers {
			r := &Request{Principal: who, Action: "a:b"}
			want := slices.Contains(strings.Fields(c.matches), name)
			if got := p.Evaluate(r).Effect != ImplicitDeny; got != want {
				t.Errorf("%s %s %s for %s: applies %v", c.effect, c.element, c.value, name, got)
			}
		}
	}
}

func TestSetPrincipal(t *testing.T) {
	var r Request
	r.SetPrincipal(callers["session"])
	for key, want := range map[Key]string{KeyPrincipalArn: roleARN, KeyPrincipalAccount: acct, KeyPrincipalType: "AssumedRole", KeyPrincipalIsAWSService: "false"} {
		v := r.Context.lookup(key, "")
		if v.count() != 1 || v.asText(nil) != want {
			t.Errorf("%v: got %+v, want %q", key, v, want)
		}
	}
	r = Request{}
	r.SetPrincipal(Principal{})
	if r.Context.present != 0 {
		t.Error("an anonymous caller has principal keys")
	}
	r.SetPrincipal(callers["service"])
	if r.Context.texts[KeyPrincipalServiceName] != "apigateway.amazonaws.com" {
		t.Error("no service name")
	}
}

func TestActions(t *testing.T) {
	cases := []struct {
		element, value, action string
		want                   bool
	}{
		{"Action", `"*"`, "execute-api:Invoke", true},
		{"Action", `"execute-api:Invoke"`, "execute-api:Invoke", true},
		{"Action", `"Execute-API:INVOKE"`, "execute-api:Invoke", true},
		{"Action", `"execute-api:*"`, "EXECUTE-API:invoke", true},
		{"Action", `"execute-api:In*"`, "execute-api:Invoke", true},
		{"Action", `"execute-api:Invok?"`, "execute-api:Invoke", true},
		{"Action", `"execute-api:Invok?"`, "execute-api:Invok", false},
		{"Action", `"execute-api:InvalidateCache"`, "execute-api:Invoke", false},
		{"Action", `["s3:*","execute-api:Invoke"]`, "execute-api:Invoke", true},
		{"NotAction", `"execute-api:Invoke"`, "execute-api:Invoke", false},
		{"NotAction", `["s3:*","execute-api:ManageConnections"]`, "execute-api:Invoke", true},
		{"NotAction", `["s3:*","execute-api:*"]`, "execute-api:Invoke", false},
	}
	for _, c := range cases {
		p := mustNew(t, fmt.Sprintf(`{"Statement":{"Effect":"Allow",%q:%s,"Resource":"*"}}`, c.element, c.value), Options{})
		if got := p.Evaluate(&Request{Action: c.action}).Effect == Allow; got != c.want {
			t.Errorf("%s %s for %s: got %v", c.element, c.value, c.action, got)
		}
	}
}

func TestResources(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets//1"
	cases := []struct {
		element, value string
		want           bool
	}{
		{"Resource", `"*"`, true},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets//1"`, true},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets/1"`, false},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:abc/*"`, true},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:abc/*/GET/*"`, true},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:abc/*/POST/*"`, false},
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:ABC/*"`, false},
		{"Resource", `"arn:aws:execute-api:us-east-?:*:abc/prod/*/1"`, true},
		{"Resource", `"arn:aws:execute-api:*"`, true},                        // completed by AWS
		{"Resource", `"arn:aws:execute-api"`, true},                          // likewise
		{"Resource", `"arn:aws:s3"`, false},                                  //
		{"Resource", `"arn:aws:execute-api:us-*:abc/*"`, false},              // a star stays in its field
		{"Resource", `"arn:aws:*:abc/prod/GET/pets//1"`, false},              //
		{"Resource", `"arn:aws:execute-api:us-east-1:123456789012:"`, false}, //
		{"Resource", `["arn:aws:s3:::x","arn:*:execute-api:*:*:*"]`, true},
		{"NotResource", `"arn:aws:s3:::x"`, true},
		{"NotResource", `["arn:aws:s3:::x","arn:*:execute-api:*:*:*"]`, false},
	}
	for _, c := range cases {
		p := mustNew(t, fmt.Sprintf(`{"Statement":{"Effect":"Allow","Action":"*",%q:%s}}`, c.element, c.value), Options{})
		if got := p.Evaluate(&Request{Action: "execute-api:Invoke", Resource: arn}).Effect == Allow; got != c.want {
			t.Errorf("%s %s: got %v", c.element, c.value, got)
		}
	}
	p := mustNew(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:*:*:*:*:*"}}`, Options{})
	for _, bad := range []string{"", "arn", "*", "arn:aws:s3", "arn:aws:s3::"} {
		if p.Evaluate(&Request{Action: "a:b", Resource: bad}).Effect == Allow {
			t.Errorf("%q counts as an ARN", bad)
		}
	}
}

func TestPrecedence(t *testing.T) {
	st := func(sid, effect, action string) string {
		return fmt.Sprintf(`{"Sid":%q,"Effect":%q,"Action":%q,"Resource":"*"}`, sid, effect, action)
	}
	p := mustNew(t, `{"Statement":[`+st("a0", "Allow", "x:*")+","+st("d1", "Deny", "x:Del*")+","+st("a2", "Allow", "*")+","+
		st("d3", "Deny", "x:Delete")+`]}`, Options{})
	cases := []struct {
		action string
		want   Decision
		reason string
	}{
		{"x:Get", Decision{Allow, 0, "a0"}, `Statement[0] (Sid "a0") allows`},
		{"y:Get", Decision{Allow, 2, "a2"}, `Statement[2] (Sid "a2") allows`},
		{"x:Delete", Decision{ExplicitDeny, 1, "d1"}, `Statement[1] (Sid "d1") denies`},
	}
	for _, c := range cases {
		d := p.Evaluate(&Request{Action: c.action})
		if d != c.want || d.Reason() != c.reason {
			t.Errorf("%s: got %+v, %s", c.action, d, d.Reason())
		}
		checkExplanation(t, p.Explain(&Request{Action: c.action}))
	}
	if (Decision{}).Effect != ImplicitDeny {
		t.Error("the zero decision lets somebody in")
	}
}

func TestExplainWords(t *testing.T) {
	p := mustNew(t, `{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["`+acct+`","`+userARN+`"]},"NotAction":"a:b","NotResource":"*","Condition":{
		"StringEquals":{"aws:Referer":"x"},"StringNotEquals":{"aws:UserAgent":"u"},"Null":{"aws:Referer":"false","aws:UserAgent":"true"},
		"ForAllValues:StringEquals":{"aws:TagKeys":"t"},"Bool":{"aws:SecureTransport":"true"}}}]}`, Options{ResourceBased: true})
	r := &Request{Principal: callers["alice"], Action: "a:b", Resource: "arn:aws:a:::b"}
	r.Context.Set(KeyUserAgent, "u")
	r.Context.SetList(KeyTagKeys, []string{"t", "v"})
	r.Context.SetBool(KeySecureTransport, false)
	const want = `implicit deny: no statement applies
Statement[0] Deny
  Statement[0].NotPrincipal: matches the request
  Statement[0].NotAction: matches the request
  Statement[0].NotResource: matches the request
  Statement[0].Condition.StringEquals.aws:Referer: the key is absent
  Statement[0].Condition.StringNotEquals.aws:UserAgent: a value of the request matches
  Statement[0].Condition.Null.aws:Referer: the key is absent
  Statement[0].Condition.Null.aws:UserAgent: the key is present
  Statement[0].Condition.ForAllValues:StringEquals.aws:TagKeys: a value of the request matches none
  Statement[0].Condition.Bool.aws:SecureTransport: no value of the request matches`
	if got := p.Explain(r).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Action = "a:c"
	if got := mustNew(t, `{"Statement":{"Effect":"Allow","Action":"a:c","Resource":"*"}}`, Options{}).Explain(r).String(); got !=
		"allow: Statement[0] allows\nStatement[0] Allow applies" {
		t.Error(got)
	}
}

func TestParseDate(t *testing.T) {
	good := map[string]time.Time{
		"1970":                           time.Unix(0, 0),
		"2026-11":                        time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2024-02-29":                     time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"2026-11-22T16:08Z":              time.Date(2026, 11, 22, 16, 8, 0, 0, time.UTC),
		"2026-11-22T16:08:09Z":           time.Date(2026, 11, 22, 16, 8, 9, 0, time.UTC),
		"2026-11-22T16:08:09.5-03:30":    time.Date(2026, 11, 22, 19, 38, 9, 5e8, time.UTC),
		"2026-11-22T16:08:09.123456789Z": time.Date(2026, 11, 22, 16, 8, 9, 123456789, time.UTC),
		"2026-11-22T00:00:00+09:00":      time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC),
		"1763827715":                     time.Unix(1763827715, 0),
		"-5":                             time.Unix(-5, 0),
		"123":                            time.Unix(123, 0),
	}
	for s, want := range good {
		got, ok := parseDate(s)
		if !ok || got.sec != want.Unix() || int(got.nsec) != want.Nanosecond() {
			t.Errorf("%q: got %+v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "x", "2026-13", "2026-00", "2025-02-29", "2026-04-31", "2026-1-1", "2026-11-22T16:08:09", "2026-11-22T16Z",
		"2026-11-22T24:00Z", "2026-11-22T16:60Z", "2026-11-22T16:08:60Z", "2026-11-22T16:08:09.Z", "2026-11-22T16:08:09+1:00", "2026-11-22T16:08:09+0100",
		"2026-11-22t16:08:09z", "2026-11-22T16:08:09ZZ", "2026-11-22 16:08:09Z", " 2026", "-202", "1e3", "9999999999999999999", "2026-11-22T16:08+99:00"} {
		if got, ok := parseDate(s); ok {
			t.Errorf("%q is a date: %+v", s, got)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for s, want := range map[string]float64{"0": 0, "-1": -1, "+1": 1, "1.5": 1.5, "1e3": 1000, "1E-2": 0.01, "123456789012": 123456789012} {
		if got, ok := parseNumber(s); !ok || got != want {
			t.Errorf("%q: got %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", ".", ".5", "5.", "1,5", "0x10", "1_0", "NaN", "Inf", "-", "--1", "1e", "1e+", "1e999", "1 ", "٣"} {
		if got, ok := parseNumber(s); ok {
			t.Errorf("%q is a number: %v", s, got)
		}
	}
}

func TestParseNet(t *testing.T) {
	for s, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "10.1.2.3/8": "10.0.0.0/8", "0.0.0.0/0": "0.0.0.0/0", "2001:DB8::1": "2001:db8::1/128", "::/0": "::/0",
		"::ffff:10.0.0.1": "10.0.0.1/32", "::ffff:10.1.2.3/104": "10.0.0.0/8",
	} {
		if got, ok := parseNet(s); !ok || got.String() != want {
			t.Errorf("%q: got %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "fe80::1%eth0", "::ffff:10.0.0.0/8", "010.0.0.1", "10.0.0.1/08"} {
		if got, ok := parseNet(s); ok {
			t.Errorf("%q is a network: %v", s, got)
		}
	}
}

func TestKeyNames(t *testing.T) {
	for k := Key(0); k < keyCount; k++ {
		if got, ok := LookupKey(k.String()); !ok || got != k {
			t.Errorf("key %d %q comes back as %d", k, k, got)
		}
	}
	if keyCount > 64 {
		t.Error("keySet is too small")
	}
	if _, ok := LookupKey("aws:PrincipalTag/x"); ok || keyOther.String() != "(other)" {
		t.Error("a tag is not well known")
	}
}
