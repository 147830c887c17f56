package policy

import (
	"errors"
	"strings"
	"testing"
)

const allowAll = `"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`

func withCondition(c string) string {
	return `{"Version":"2012-10-17","Statement":[{` + allowAll + `,"Condition":` + c + `}]}`
}

func withStatement(s string) string { return `{"Statement":[{` + s + `}]}` }

func withPrincipal(p string) string {
	return withStatement(`"Effect":"Deny","Action":"a:b","Resource":"*","Principal":` + p)
}

var parseErrors = []struct{ name, src, path, why string }{
	{"empty", ``, "", "not valid JSON"},
	{"cut short", `{"Statement":`, "", "not valid JSON"},
	{"two values", `{} {}`, "", "not valid JSON"},
	{"trailing comma", `{"Statement":[],}`, "", "not valid JSON"},
	{"bad UTF-8", "{\"Id\":\"\xff\"}", "", "not valid UTF-8"},
	{"array", `[]`, "", "not a JSON object"},
	{"no statement", `{}`, "Statement", "is missing"},
	{"empty statement list", `{"Statement":[]}`, "Statement", "is empty"},
	{"statement is text", `{"Statement":"x"}`, "Statement[0]", "is not an object"},
	{"statement is null", `{"Statement":null}`, "Statement[0]", "is not an object"},
	{"unknown top element", `{"Foo":1,"Statement":[]}`, "Foo", "is not a policy element"},
	{"element in wrong case", `{"statement":[]}`, "statement", "is not a policy element"},
	{"version unknown", `{"Version":"2012-10-18","Statement":[]}`, "Version", "is neither"},
	{"version number", `{"Version":2012,"Statement":[]}`, "Version", "is not a string"},
	{"id list", `{"Id":["x"],"Statement":[]}`, "Id", "is not a string"},
	{"too deep", `{"Statement":[[[[[[[[[]]]]]]]]]}`, "Statement[0][0]", "nested deeper"},
	{"twice", `{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}`, "Statement[0].Effect", "appears twice"},
	{"twice, escaped", `{"Statement":[{"Effect":"Allow","\u0045ffect":"Deny"}]}`, "Statement[0].Effect", "appears twice"},
	{"unknown element", withStatement(allowAll + `,"Foo":1`), "Statement[0].Foo", "is not a policy element"},
	{"no effect", withStatement(`"Principal":"*","Action":"*","Resource":"*"`), "Statement[0].Effect", "is missing"},
	{"effect in wrong case", withStatement(`"Effect":"allow"`), "Statement[0].Effect", "is neither"},
	{"effect list", withStatement(`"Effect":["Allow"]`), "Statement[0].Effect", "is not a string"},
	{"no action", withStatement(`"Effect":"Allow","Principal":"*","Resource":"*"`), "Statement[0].Action", "is missing"},
	{"no resource", withStatement(`"Effect":"Allow","Principal":"*","Action":"*"`), "Statement[0].Resource", "is missing"},
	{"no principal", withStatement(`"Effect":"Allow","Action":"*","Resource":"*"`), "Statement[0].Principal", "is missing"},
	{"action twice", withStatement(allowAll + `,"NotAction":"a:b"`), "Statement[0].Action", "beside NotAction"},
	{"resource twice", withStatement(allowAll + `,"NotResource":"*"`), "Statement[0].Resource", "beside NotResource"},
	{"principal twice", withStatement(allowAll + `,"NotPrincipal":"*"`), "Statement[0].Principal", "beside NotPrincipal"},
	{"second statement", `{"Statement":[{` + allowAll + `},{` + allowAll + `,"Foo":1}]}`, "Statement[1].Foo", "is not a policy"},
	{"same sid", `{"Statement":[{"Sid":"a",` + allowAll + `},{"Sid":"a",` + allowAll + `}]}`, "Statement[1].Sid", "another"},
	{"action empty list", withStatement(`"Effect":"Allow","Principal":"*","Action":[],"Resource":"*"`), "Statement[0].Action", "is empty"},
	{"action empty text", withStatement(`"Effect":"Allow","Principal":"*","Action":"","Resource":"*"`), "Statement[0].Action[0]", "is not a string"},
	{"action number", withStatement(`"Effect":"Allow","Principal":"*","Action":["a:b",1],"Resource":"*"`), "Statement[0].Action[1]", "is not a string"},
	{"action without service", withStatement(`"Effect":"Allow","Principal":"*","Action":"Invoke","Resource":"*"`), "Statement[0].Action[0]", "service:action"},
	{"action with variable", withStatement(`"Effect":"Allow","Principal":"*","Action":"a:${x}","Resource":"*"`), "Statement[0].Action[0]", "service:action"},
	{"resource short", withStatement(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"prod/*"`), "Statement[0].Resource[0]", "nor an ARN"},
	{"not resource short", withStatement(`"Effect":"Allow","Principal":"*","Action":"*","NotResource":["*","x"]`), "Statement[0].NotResource[1]", "nor an ARN"},

	{"principal list", withPrincipal(`["*"]`), "Statement[0].Principal", "is neither"},
	{"principal text", withPrincipal(`"123456789012"`), "Statement[0].Principal", "is neither"},
	{"principal empty", withPrincipal(`{}`), "Statement[0].Principal", "is neither"},
	{"principal kind", withPrincipal(`{"AWS Service":"*"}`), "Statement[0].Principal.AWS Service", "is not a kind"},
	{"principal nothing", withPrincipal(`{"AWS":[]}`), "Statement[0].Principal.AWS", "is empty"},
	{"principal account short", withPrincipal(`{"AWS":"12345"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal role wildcard", withPrincipal(`{"AWS":"arn:aws:iam::123456789012:role/*"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal account wildcard", withPrincipal(`{"AWS":"arn:aws:iam::*:root"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal name wildcard", withPrincipal(`{"AWS":["*","arn:aws:iam::123456789012:user/a?c"]}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal group", withPrincipal(`{"AWS":"arn:aws:iam::123456789012:group/g"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal session short", withPrincipal(`{"AWS":"arn:aws:sts::123456789012:assumed-role/R"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal with region", withPrincipal(`{"AWS":"arn:aws:iam:us-east-1:123456789012:user/a"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal other service", withPrincipal(`{"AWS":"arn:aws:s3:::bucket"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal partition", withPrincipal(`{"AWS":"arn:azure:iam::123456789012:root"}`), "Statement[0].Principal.AWS", "is not a principal"},
	{"principal service", withPrincipal(`{"Service":"*"}`), "Statement[0].Principal.Service", "is not a principal"},
	{"principal provider", withPrincipal(`{"Federated":"arn:aws:iam::1:saml-provider/x"}`), "Statement[0].Principal.Federated", "is not a principal"},
	{"principal canonical", withPrincipal(`{"CanonicalUser":"abc"}`), "Statement[0].Principal.CanonicalUser", "is not a principal"},
	{"not principal", withStatement(`"Effect":"Deny","Action":"a:b","Resource":"*","NotPrincipal":{"AWS":"x"}`), "Statement[0].NotPrincipal.AWS", "is not a principal"},

	{"condition text", withCondition(`"x"`), "Statement[0].Condition", "is not an object"},
	{"operator unknown", withCondition(`{"StringMatches":{"aws:Referer":"x"}}`), "Statement[0].Condition.StringMatches", "is not a condition operator"},
	{"operator empty", withCondition(`{"IfExists":{"aws:Referer":"x"}}`), "Statement[0].Condition.IfExists", "is not a condition operator"},
	{"operator two prefixes", withCondition(`{"ForAllValues:ForAnyValue:Bool":{}}`), "Statement[0].Condition.ForAllValues:ForAnyValue:Bool", "is not a condition"},
	{"NullIfExists", withCondition(`{"NullIfExists":{"aws:Referer":"true"}}`), "Statement[0].Condition.NullIfExists", "is not a condition operator"},
	{"ForAnyValue:Null", withCondition(`{"ForAnyValue:Null":{}}`), "Statement[0].Condition.ForAnyValue:Null", "is not a condition operator"},
	{"operator value", withCondition(`{"Bool":["true"]}`), "Statement[0].Condition.Bool", "is not an object"},
	{"key without prefix", withCondition(`{"Bool":{"SecureTransport":true}}`), "Statement[0].Condition.Bool.SecureTransport", "is not a condition key"},
	{"value null", withCondition(`{"StringEquals":{"aws:Referer":null}}`), "Statement[0].Condition.StringEquals.aws:Referer[0]", "is not a string"},
	{"value object", withCondition(`{"StringEquals":{"aws:Referer":["a",{}]}}`), "Statement[0].Condition.StringEquals.aws:Referer[1]", "is not a string"},
	{"key twice", withCondition(`{"StringEquals":{"aws:Referer":"a","aws:Referer":"b"}}`), "Statement[0].Condition.StringEquals.aws:Referer", "appears twice"},
	{"number", withCondition(`{"NumericEquals":{"a:b":"five"}}`), "Statement[0].Condition.NumericEquals.a:b", "not a number"},
	{"number empty", withCondition(`{"NumericEquals":{"a:b":""}}`), "Statement[0].Condition.NumericEquals.a:b", "not a number"},
	{"date", withCondition(`{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}`), "Statement[0].Condition.DateLessThan.aws:CurrentTime", "not a date"},
	{"cidr", withCondition(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`), "Statement[0].Condition.IpAddress.aws:SourceIp", "not an IP"},
	{"address", withCondition(`{"NotIpAddress":{"aws:SourceIp":["10.0.0.1","10.0.*"]}}`), "Statement[0].Condition.NotIpAddress.aws:SourceIp", "not an IP"},
	{"bool", withCondition(`{"Bool":{"aws:SecureTransport":"yes"}}`), "Statement[0].Condition.Bool.aws:SecureTransport", "true or false"},
	{"null", withCondition(`{"Null":{"aws:Referer":"0"}}`), "Statement[0].Condition.Null.aws:Referer", "true or false"},
	{"base64", withCondition(`{"BinaryEquals":{"a:b":"%%"}}`), "Statement[0].Condition.BinaryEquals.a:b", "base64"},
	{"no brace", withCondition(`{"StringEquals":{"a:b":"${aws:username"}}`), "Statement[0].Condition.StringEquals.a:b", "closing brace"},
	{"no quote", withCondition(`{"StringEquals":{"a:b":"${aws:username, x}"}}`), "Statement[0].Condition.StringEquals.a:b", "quote"},
	{"one quote", withCondition(`{"StringLike":{"a:b":"${aws:username, 'x}"}}`), "Statement[0].Condition.StringLike.a:b", "quote"},
	{"empty variable", withCondition(`{"StringLike":{"a:b":"${}"}}`), "Statement[0].Condition.StringLike.a:b", "empty"},
	{"space", withCondition(`{"ArnLike":{"a:b":"arn:${ aws:username}:x:x:x:x"}}`), "Statement[0].Condition.ArnLike.a:b", "space"},
	{"resource variable", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::${x"}}`, "Statement[0].Resource[0]", "closing brace"},
}

func TestParseErrors(t *testing.T) {
	for _, c := range parseErrors {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.src), Options{ResourceBased: true})
			var pe *ParseError
			if !errors.As(err, &pe) {
				t.Fatalf("got %v", err)
			}
			if pe.Path != c.path && !(c.name == "too deep" && strings.HasPrefix(pe.Path, c.path)) {
				t.Errorf("path %q, want %q", pe.Path, c.path)
			}
			if !strings.Contains(pe.Why, c.why) {
				t.Errorf("why %q, want %q", pe.Why, c.why)
			}
			if !strings.Contains(pe.Error(), pe.Why) || !strings.HasPrefix(pe.Error(), "policy document: ") {
				t.Errorf("text %q", pe)
			}
			if _, err := New([]byte(c.src), Options{ResourceBased: true}); err == nil {
				t.Error("New accepts it")
			}
		})
	}
}

func TestIdentityPoliciesHaveNoPrincipal(t *testing.T) {
	for _, element := range []string{"Principal", "NotPrincipal"} {
		_, err := Parse([]byte(`{"Statement":{"Effect":"Allow","`+element+`":"*","Action":"*","Resource":"*"}}`), Options{})
		var pe *ParseError
		if !errors.As(err, &pe) || pe.Path != "Statement[0].Principal" {
			t.Errorf("%s: got %v", element, err)
		}
	}
}

func TestMaxBytes(t *testing.T) {
	doc := `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	if _, err := Parse([]byte(doc), Options{MaxBytes: len(doc)}); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]byte(doc), Options{MaxBytes: len(doc) - 1}); err == nil {
		t.Error("accepted one byte too many")
	}
	if _, err := Parse([]byte(doc+strings.Repeat(" ", DefaultMaxBytes)), Options{}); err == nil {
		t.Error("no default limit")
	}
}

func TestErrorsShowNoValues(t *testing.T) {
	for _, condition := range []string{
		`{"NumericEquals":{"a:b":"hunter2"}}`, `{"StringEquals":{"a:b":"hunter2${"}}`, `{"StringEquals":{"a:b":["hunter2",{}]}}`,
		`{"IpAddress":{"a:b":"hunter2"}}`, `{"BinaryEquals":{"a:b":"hunter2!"}}`, `{"Bool":{"a:b":"hunter2"}}`,
	} {
		_, err := Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+condition+`}}`), Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", condition, err)
		}
	}
	_, err := Parse([]byte(`{"`+strings.Repeat("x", 10_000)+`":1}`), Options{})
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestScalarsAndListsMeanTheSame(t *testing.T) {
	scalar := `{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"","Effect":"Allow","Principal":{"AWS":"*"},"Action":"a:b","Resource":"*",
		"Condition":{"Bool":{"a:b":true},"NumericEquals":{"a:n":5.0}}}}`
	list := `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"","Effect":"Allow","Principal":{"AWS":["*"]},"Action":["a:b"],"Resource":["*"],
		"Condition":{"Bool":{"a:b":["true"]},"NumericEquals":{"a:n":["5.0"]}}}]}`
	one, err := Parse([]byte(scalar), Options{ResourceBased: true})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Parse([]byte(list), Options{ResourceBased: true})
	if err != nil {
		t.Fatal(err)
	}
	a, b := one.Statements[0], two.Statements[0]
	if one.ID != "x" || one.Version != Version2012 || len(a.Conditions) != 2 || a.Conditions[1].Values[0] != "5.0" ||
		a.Action[0] != b.Action[0] || a.Resource[0] != b.Resource[0] || a.Conditions[0].Values[0] != b.Conditions[0].Values[0] ||
		a.Principal.Entries[0] != b.Principal.Entries[0] {
		t.Errorf("differ:\n%+v\n%+v", a, b)
	}
}

func TestAcceptedOddities(t *testing.T) {
	for name, src := range map[string]string{
		"empty condition":       `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}`,
		"operator without keys": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{}}}}`,
		"operator in any case":  `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"foranyvalue:stringlikeifexists":{"a:b":"x"}}}}`,
		"key of a tag":          `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/cost center":"x"}}}}`,
		"incomplete ARN":        `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*"}}`,
		"wildcards in action":   `{"Statement":{"Effect":"Allow","Action":["exec*:In?oke","*:*"],"Resource":"**"}}`,
		"brace in 2008":         `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"${x"}}}}`,
		"white space":           "\n{ \"Statement\" :\t{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}\r\n}\n",
	} {
		if _, err := Parse([]byte(src), Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	expand := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "svc:/"); ok {
			return "arn:aws:svc:r:1:id/" + rest
		}
		return s
	}
	cases := []struct{ name, src, want string }{
		{"order and numbers kept",
			"{ \"Statement\" : [ {\"Resource\":[\"*\"], \"Action\":[\"*\"], \"Effect\":\"Allow\", \"Principal\":\"*\",\n \"Condition\":{\"NumericEquals\":{\"a:b\":[1.50,2e1]},\"Bool\":{\"a:c\":true}} } ],\"Version\":\"2012-10-17\" }",
			`{"Statement":[{"Resource":["*"],"Action":["*"],"Effect":"Allow","Principal":"*","Condition":{"NumericEquals":{"a:b":[1.50,2e1]},"Bool":{"a:c":true}}}],"Version":"2012-10-17"}`},
		{"principals of one",
			`{"Statement":{"Effect":"Allow","Principal":{"AWS":["*"],"Service":["a.b","c.d"]},"Action":"*","Resource":"*"}}`,
			`{"Statement":{"Effect":"Allow","Principal":{"AWS":"*","Service":["a.b","c.d"]},"Action":"*","Resource":"*"}}`},
		{"not principals of one",
			`{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":["123456789012"]},"Action":"*","Resource":"*"}}`,
			`{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"123456789012"},"Action":"*","Resource":"*"}}`},
		{"resources expanded",
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":["svc:/*","arn:aws:svc:::x"]}}`,
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":["arn:aws:svc:r:1:id/*","arn:aws:svc:::x"]}}`},
		{"not resource expanded",
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"svc:/a"}}`,
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"arn:aws:svc:r:1:id/a"}}`},
		{"condition values untouched",
			`{"Statement":{` + allowAll + `,"Condition":{"StringEquals":{"a:b":"svc:/a"}}}}`,
			`{"Statement":{` + allowAll + `,"Condition":{"StringEquals":{"a:b":"svc:/a"}}}}`},
		{"escapes",
			`{"Id":"\u003c\/\"\\\u0001\n\u00e9\ud83d\ude00&","Statement":{` + allowAll + `}}`,
			`{"Id":"</\"\\\u0001\né😀&","Statement":{` + allowAll + `}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc, err := Parse([]byte(c.src), Options{ResourceBased: true, Expand: expand})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(doc.Canonical()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// fuzzRequests are asked of a document and of its canonical form.
func fuzzRequests() []*Request {
	anonymous := &Request{Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/"}
	full := &Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/alice/key"}
	full.SetPrincipal(Principal{Type: AssumedRole, Account: "123456789012",
		ARN: "arn:aws:sts::123456789012:assumed-role/R/S", RoleARN: "arn:aws:iam::123456789012:role/R"})
	full.Context.Set(KeyReferer, "r\xff")
	full.Context.Set(KeyUsername, "alice")
	full.Context.Set(KeySourceIP, "10.0.0.1")
	full.Context.SetBool(KeySecureTransport, true)
	full.Context.SetList(KeyTagKeys, []string{"a", "b", ""})
	full.Context.SetOther("a:b", "5", "2026", "*")
	return []*Request{anonymous, full, {}}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"Statement":{` + allowAll + `}}`,
		`{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"s","Effect":"Deny","NotPrincipal":{"AWS":["123456789012","arn:aws:iam::123456789012:role/R"],"Service":["a.b"]},"NotAction":["s3:*","a:?"],"NotResource":["arn:aws:s3:::${aws:username}/*","svc:/x"],"Condition":{"ForAnyValue:StringLikeIfExists":{"a:b":["${*}","x*?"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::*/${aws:username, 'x'}/*","Condition":{"DateGreaterThan":{"a:b":["2020-01-01T00:00:00+01:00",0]},"NumericLessThanEquals":{"a:b":[5,-1.5e3]},"Null":{"a:c":true},"Bool":{"aws:SecureTransport":true}}}}`,
		`{"Statement":{` + allowAll + `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/?"},"BinaryEquals":{"a:b":"Kg=="},"ForAllValues:StringNotEqualsIgnoreCase":{"aws:tagkeys":["\u00c9","\ud800"]}}}}`,
		`{"Statement":[[[[[[[[[[]]]]]]]]]]}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	expand := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "svc:/"); ok {
			return "arn:aws:svc:r:1:id/" + rest
		}
		return s
	}
	f.Fuzz(func(t *testing.T, src string, resourceBased bool) {
		o := Options{ResourceBased: resourceBased, Expand: expand}
		doc, err := Parse([]byte(src), o)
		if err != nil {
			var pe *ParseError
			if !errors.As(err, &pe) || err.Error() == "" {
				t.Fatalf("not a ParseError: %v", err)
			}
			return
		}
		p, err := Compile(doc)
		if err != nil {
			t.Fatal(err)
		}
		stored := doc.Canonical()
		o.MaxBytes = len(stored)
		again, err := Parse(stored, o)
		if err != nil {
			t.Fatalf("canonical form refused: %v\n%s", err, stored)
		}
		if string(again.Canonical()) != string(stored) {
			t.Fatalf("canonical form of %s is %s", stored, again.Canonical())
		}
		q, err := Compile(again)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range fuzzRequests() {
			d := p.Evaluate(r)
			if d != q.Evaluate(r) {
				t.Fatalf("request %d: %v, stored form %v", i, d, q.Evaluate(r))
			}
			checkExplanation(t, p.Explain(r))
		}
	})
}

// checkExplanation: the decision follows from the statements that apply.
func checkExplanation(t *testing.T, x Explanation) {
	want := Decision{Statement: -1}
	for _, s := range x.Statements {
		if !s.Applies {
			continue
		}
		if s.Effect == "Deny" && want.Effect != ExplicitDeny {
			want = Decision{ExplicitDeny, s.Index, s.Sid}
		} else if want.Effect == ImplicitDeny {
			want = Decision{Allow, s.Index, s.Sid}
		}
	}
	if x.Decision != want {
		t.Fatalf("decided %+v, but %s", x.Decision, x)
	}
}
