package policy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// holds builds a policy of one Allow statement with the condition, and tells
// whether the condition holds for the context.
func holds(t *testing.T, operator, key string, policyValues []string, ctx Context) bool {
	t.Helper()
	values, err := json.Marshal(policyValues)
	if err != nil {
		t.Fatal(err)
	}
	src := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{%q:{%q:%s}}}}`,
		operator, key, values)
	p, err := New([]byte(src), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &Request{Action: "a:b", Resource: "arn:aws:a:::x", Context: ctx}
	x := p.Explain(r)
	if x.Statements[0].Applies != (x.Decision.Effect == Allow) {
		t.Fatalf("explanation and decision differ: %s", x)
	}
	return x.Decision.Effect == Allow
}

// testKey is a context in which test:key has the values.
func testKey(values ...string) (c Context) {
	c.SetOther("test:key", values...)
	return c
}

// operatorRows has every operator with two policy values, request values that
// match (the first one or the other) and request values that match neither.
var operatorRows = []struct {
	operator string
	policy   []string
	hits     []string
	misses   []string
	negated  bool
}{
	{"StringEquals", []string{"red", "blue"}, []string{"red", "blue"}, []string{"Red", "", "redd", "re", "*"}, false},
	{"StringNotEquals", []string{"red", "blue"}, []string{"red", "blue"}, []string{"Red", "", "redd", "re"}, true},
	{"StringEqualsIgnoreCase", []string{"Red", "blüe"}, []string{"rED", "BLÜE"}, []string{"", "redd", "re"}, false},
	{"StringNotEqualsIgnoreCase", []string{"Red", "blüe"}, []string{"rED", "BLÜE"}, []string{"", "redd", "re"}, true},
	{"StringLike", []string{"r*d", "?lue"}, []string{"red", "rd", "r//d", "blue", "élue"}, []string{"Red", "", "rede", "lue", "bblue"}, false},
	{"StringNotLike", []string{"r*d", "?lue"}, []string{"red", "rd", "r//d", "blue", "élue"}, []string{"Red", "", "rede", "lue", "bblue"}, true},

	{"NumericEquals", []string{"5", "7.5"}, []string{"5", "5.0", "7.50", "75e-1"}, []string{"6", "abc", "", "0x5", "5_0", "Inf"}, false},
	{"NumericNotEquals", []string{"5", "7.5"}, []string{"5", "5.0", "7.50"}, []string{"6", "abc", ""}, true},
	{"NumericLessThan", []string{"5", "3"}, []string{"4.9", "-7"}, []string{"5", "6", "abc", ""}, false},
	{"NumericLessThanEquals", []string{"5", "3"}, []string{"5", "4"}, []string{"5.1", "abc"}, false},
	{"NumericGreaterThan", []string{"5", "8"}, []string{"5.1", "100"}, []string{"5", "4", "abc"}, false},
	{"NumericGreaterThanEquals", []string{"5", "8"}, []string{"5", "6"}, []string{"4.99", "abc", ""}, false},

	{"DateEquals", []string{"2026-01-02T03:04:05Z", "2025"}, []string{"2026-01-02T04:04:05+01:00", "1767323045", "2025-01-01"}, []string{"2026-01-02T03:04:06Z", "abc", ""}, false},
	{"DateNotEquals", []string{"2026-01-02T03:04:05Z", "2025"}, []string{"2026-01-02T04:04:05+01:00", "2025-01"}, []string{"2026-01-02T03:04:06Z", "abc"}, true},
	{"DateLessThan", []string{"2026-01-02"}, []string{"2026-01-01T23:59:59.999Z", "0"}, []string{"2026-01-02", "2027", "abc"}, false},
	{"DateLessThanEquals", []string{"2026-01-02"}, []string{"2026-01-02", "2026"}, []string{"2026-01-02T00:00:00.001Z", "abc"}, false},
	{"DateGreaterThan", []string{"2026-01-02"}, []string{"2026-01-02T00:00:00.001Z", "2027"}, []string{"2026-01-02", "abc"}, false},
	{"DateGreaterThanEquals", []string{"2026-01-02"}, []string{"2026-01-02", "2027"}, []string{"2026-01-01", "abc", ""}, false},

	{"Bool", []string{"true"}, []string{"true", "TRUE"}, []string{"false", "1", "", "yes"}, false},
	{"BinaryEquals", []string{"aGVsbG8=", "AP8="}, []string{"hello", "\x00\xff"}, []string{"aGVsbG8=", "", "hell"}, false},

	{"IpAddress", []string{"203.0.113.0/24", "2001:db8::/32"}, []string{"203.0.113.255", "::ffff:203.0.113.1", "2001:db8:1::"}, []string{"203.0.114.0", "2001:db9::", "abc", "", "2001:db8::1%eth0"}, false},
	{"NotIpAddress", []string{"203.0.113.7", "2001:db8::1"}, []string{"203.0.113.7", "2001:db8::1"}, []string{"203.0.113.8", "2001:db8::2", "abc", ""}, true},

	{"ArnEquals", []string{"arn:aws:sns:*:111122223333:top?c", "arn:aws:s3:::bucket"}, []string{"arn:aws:sns:eu-west-1:111122223333:topic", "arn:aws:s3:::bucket"}, []string{"arn:aws:sns:eu-west-1:x:111122223333:topic", "arn:aws:s3", "", "topic"}, false},
	{"ArnLike", []string{"arn:*:sns:*:*:a*", "arn:aws:s3:::bucket"}, []string{"arn:aws-cn:sns:::a:b/c", "arn:aws:s3:::bucket"}, []string{"arn:aws:sqs:::a", "arn:aws:sns::a", ""}, false},
	{"ArnNotEquals", []string{"arn:aws:sns:*:111122223333:topic"}, []string{"arn:aws:sns:eu-west-1:111122223333:topic"}, []string{"arn:aws:sns:eu-west-1:111122223333:other", "", "topic"}, true},
	{"ArnNotLike", []string{"arn:aws:sns:*:111122223333:*"}, []string{"arn:aws:sns:eu-west-1:111122223333:topic"}, []string{"arn:aws:sns:eu-west-1:444455556666:topic", ""}, true},
}

// outcome is what a row of the truth table expects of every form of a key.
type outcome struct{ hit, miss, absent, hitMiss, missMiss, hitHit bool }

// truth is reference/api-gateway.md 3.4 written out: set prefix, IfExists and
// negation against the state of the key.
var truth = []struct {
	prefix, suffix string
	positive       outcome
	negated        outcome
}{
	{"", "", outcome{hit: true, hitMiss: true, hitHit: true}, outcome{miss: true, absent: true, missMiss: true}},
	{"", "IfExists", outcome{hit: true, absent: true, hitMiss: true, hitHit: true}, outcome{miss: true, absent: true, missMiss: true}},
	{"ForAllValues:", "", outcome{hit: true, absent: true, hitHit: true}, outcome{miss: true, absent: true, missMiss: true}},
	{"ForAllValues:", "IfExists", outcome{hit: true, absent: true, hitHit: true}, outcome{miss: true, absent: true, missMiss: true}},
	{"ForAnyValue:", "", outcome{hit: true, hitMiss: true, hitHit: true}, outcome{miss: true, hitMiss: true, missMiss: true}},
	{"ForAnyValue:", "IfExists", outcome{hit: true, absent: true, hitMiss: true, hitHit: true}, outcome{miss: true, absent: true, hitMiss: true, missMiss: true}},
}

func TestOperators(t *testing.T) {
	covered := map[string]bool{"null": true} // TestNull
	for _, row := range operatorRows {
		covered[strings.ToLower(row.operator)] = true
		for _, form := range truth {
			name := form.prefix + row.operator + form.suffix
			want := form.positive
			if row.negated {
				want = form.negated
			}
			t.Run(name, func(t *testing.T) {
				check := func(what string, want bool, values ...string) {
					t.Helper()
					if got := holds(t, name, "test:key", row.policy, testKey(values...)); got != want {
						t.Errorf("%s %q: got %v, want %v", what, values, got, want)
					}
				}
				check("absent", want.absent)
				for _, hit := range row.hits {
					check("hit", want.hit, hit)
				}
				for _, miss := range row.misses {
					if miss == "" && form.prefix != "" {
						// one empty string is a null data set to a set operator
						check("null set", form.prefix == "ForAllValues:", miss)
						continue
					}
					check("miss", want.miss, miss)
				}
				hit, miss := row.hits[0], row.misses[0]
				check("hit+miss", want.hitMiss, hit, miss)
				check("miss+hit", want.hitMiss, miss, hit)
				check("miss+miss", want.missMiss, miss, miss)
				check("hit+hit", want.hitHit, hit, row.hits[1%len(row.hits)])
			})
		}
	}
	for name := range operators {
		if !covered[name] {
			t.Errorf("operator %s has no row", name)
		}
	}
}

func TestNull(t *testing.T) {
	cases := []struct {
		want    []string
		values  []string
		applies bool
	}{
		{[]string{"true"}, nil, true},
		{[]string{"true"}, []string{"x"}, false},
		{[]string{"true"}, []string{""}, false}, // empty is not absent
		{[]string{"false"}, nil, false},
		{[]string{"False"}, []string{"x"}, true},
		{[]string{"false"}, []string{"x", "y"}, true},
		{[]string{"true", "false"}, nil, true},
		{[]string{"true", "false"}, []string{"x"}, true},
		{[]string{}, nil, false},
	}
	for _, c := range cases {
		if got := holds(t, "Null", "test:key", c.want, testKey(c.values...)); got != c.applies {
			t.Errorf("Null %q on %q: got %v", c.want, c.values, got)
		}
	}
}

// Six fields or none: a pattern with fewer matches no ARN, so ArnNotLike holds.
func TestARNPatternsWithTooFewFields(t *testing.T) {
	const arn = "arn:aws:sns:eu-west-1:111122223333:topic"
	for _, pattern := range []string{"arn:aws:sns:*", "arn:*", "topic", "", "arn:aws:sns:eu-west-1:111122223333"} {
		if holds(t, "ArnLike", "test:key", []string{pattern}, testKey(arn)) || !holds(t, "ArnNotLike", "test:key", []string{pattern}, testKey(arn)) {
			t.Errorf("%q matches", pattern)
		}
	}
}

// An empty list of policy values matches nothing: positive fails, negated holds.
func TestNoPolicyValues(t *testing.T) {
	for _, row := range operatorRows {
		if got := holds(t, row.operator, "test:key", []string{}, testKey("x")); got != row.negated {
			t.Errorf("%s with no values: got %v", row.operator, got)
		}
	}
}

func TestTypedKeys(t *testing.T) {
	var full Context
	full.SetSourceIP(netip.MustParseAddr("::ffff:203.0.113.7"))
	full.SetVpcSourceIP(netip.MustParseAddr("10.1.2.3"))
	full.SetCurrentTime(time.Date(2026, 1, 2, 3, 4, 5, 999, time.UTC))
	full.SetTokenIssueTime(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	full.SetMultiFactorAuthAge(90 * time.Second)
	full.SetBool(KeySecureTransport, true)
	full.SetBool(KeyMultiFactorAuthPresent, false)
	full.SetBool(KeyUsername, true) // not a boolean key: text
	full.SetList(KeyPrincipalOrgPaths, []string{"o-a/r-b/", "o-a/r-b/ou-c/"})
	full.Set(KeyTagKeys, "only")
	cases := []struct {
		operator, key, value string
		want                 bool
	}{
		{"IpAddress", "aws:SourceIp", "203.0.113.0/24", true},
		{"IpAddress", "aws:SourceIp", "::ffff:203.0.113.0/120", true},
		{"StringEquals", "AWS:sourceip", "203.0.113.7", true},
		{"StringLike", "aws:SourceIp", "203.0.*", true},
		{"ArnLike", "aws:SourceIp", "arn:*:*:*:*:*", false},
		{"ArnLike", "aws:SourceIp", "*", true},
		{"NumericEquals", "aws:SourceIp", "203", false},
		{"BinaryEquals", "aws:SourceIp", "MjAzLjAuMTEzLjc=", false},
		{"NotIpAddress", "aws:VpcSourceIp", "10.0.0.0/8", false},
		{"DateEquals", "aws:CurrentTime", "2026-01-02T03:04:05Z", true},
		{"StringEquals", "aws:CurrentTime", "2026-01-02T03:04:05Z", true},
		{"NumericGreaterThan", "aws:CurrentTime", "0", false},
		{"IpAddress", "aws:CurrentTime", "0.0.0.0/0", false},
		{"DateEquals", "aws:EpochTime", "2026-01-02T03:04:05Z", true},
		{"NumericEquals", "aws:EpochTime", "1767323045", true},
		{"StringEquals", "aws:EpochTime", "1767323045", true},
		{"DateLessThan", "aws:TokenIssueTime", "2026-01-02T00:00:01Z", true},
		{"NumericLessThan", "aws:MultiFactorAuthAge", "91", true},
		{"NumericLessThan", "aws:MultiFactorAuthAge", "90", false},
		{"Bool", "aws:SecureTransport", "true", true},
		{"Bool", "aws:SecureTransport", "false", false},
		{"StringEquals", "aws:SecureTransport", "true", true},
		{"DateEquals", "aws:SecureTransport", "1", false},
		{"Bool", "aws:MultiFactorAuthPresent", "false", true},
		{"Bool", "aws:ViaAWSService", "false", false}, // absent
		{"Bool", "aws:username", "true", true},
		{"Bool", "aws:EpochTime", "true", false},
		{"ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a/*/ou-c/", true},
		{"ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-a/*/ou-c/", false},
		{"StringEquals", "aws:TagKeys", "only", true},
		{"Null", "aws:CalledVia", "true", true},
		{"Null", "aws:SourceIp", "false", true},
	}
	for _, c := range cases {
		if got := holds(t, c.operator, c.key, []string{c.value}, full); got != c.want {
			t.Errorf("%s %s %q: got %v", c.operator, c.key, c.value, got)
		}
	}
}

func TestContextSettersReplace(t *testing.T) {
	var c Context
	check := func(step string, key Key, want ...string) {
		t.Helper()
		v := c.lookup(key, "")
		var got []string
		for i := range v.count() {
			one := v.at(i)
			got = append(got, strings.Clone(one.asText(nil)))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || v.count() != len(want) {
			t.Errorf("%s: got %q, want %q", step, got, want)
		}
	}
	check("never set", KeyReferer)
	c.Set(KeyReferer, "a")
	check("set", KeyReferer, "a")
	c.SetList(KeyReferer, []string{"b", "c"})
	check("list", KeyReferer, "b", "c")
	c.SetList(KeyReferer, []string{"d", "e"})
	check("another list", KeyReferer, "d", "e")
	c.Set(KeyReferer, "")
	check("empty text", KeyReferer, "")
	c.SetList(KeyReferer, nil)
	check("no values", KeyReferer)
	c.SetOther("AWS:REFERER", "f")
	check("well known by name", KeyReferer, "f")
	c.Set(KeySourceIP, "10.0.0.1")
	check("address as text", KeySourceIP, "10.0.0.1")
	c.SetSourceIP(netip.MustParseAddr("fe80::1%eth0"))
	check("address", KeySourceIP, "fe80::1")
	c.SetSourceIP(netip.Addr{})
	check("no address", KeySourceIP)
	c.SetBool(KeySecureTransport, true)
	c.SetBool(KeySecureTransport, false)
	check("flag", KeySecureTransport, "false")
	c.SetList(keyOther, []string{"x"})
	check("no such key", keyOther)
	c.SetOther("x:y", "1")
	c.SetOther("X:Y", "2")
	if len(c.others) != 1 {
		t.Error("a key by name was kept twice")
	}
	r := Request{Action: "a:b", Context: c}
	r.Reset()
	if r.Action != "" || r.Context.present != 0 || len(r.Context.lists)+len(r.Context.others) != 0 {
		t.Error("reset left something behind")
	}
}

func TestSeveralKeysAndOperatorsAnd(t *testing.T) {
	p, err := New([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
		"StringEquals":{"aws:Referer":"r","aws:UserAgent":"u"},"Bool":{"aws:SecureTransport":true}}}}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for bits := range 8 {
		var r Request
		r.Action = "a:b"
		if bits&1 != 0 {
			r.Context.Set(KeyReferer, "r")
		}
		if bits&2 != 0 {
			r.Context.Set(KeyUserAgent, "u")
		}
		r.Context.SetBool(KeySecureTransport, bits&4 != 0)
		if got := p.Evaluate(&r).Effect == Allow; got != (bits == 7) {
			t.Errorf("%03b: got %v", bits, got)
		}
	}
}

func TestVariables(t *testing.T) {
	var c Context
	c.SetSourceIP(netip.MustParseAddr("203.0.113.7"))
	c.Set(KeyUsername, "alice")
	c.Set(KeyUserAgent, "a*b")
	c.SetList(KeyTagKeys, []string{"x", "y"})
	c.SetOther("aws:PrincipalTag/team", "Blue")
	c.SetOther("test:bad", "\xff")
	c.SetOther("test:colon", "a:b")
	cases := []struct {
		operator, pattern, value string
		want                     bool
	}{
		{"StringEquals", "${aws:username}", "alice", true},
		{"StringEquals", "${AWS:UserName}-${aws:SourceIp}", "alice-203.0.113.7", true},
		{"StringEquals", "${aws:principaltag/TEAM}", "Blue", true},
		{"StringEquals", "${aws:PrincipalTag/team, 'x'}", "Blue", true},
		{"StringEquals", "${aws:PrincipalTag/none, 'dflt}'}!", "dflt}!", true},
		{"StringEquals", "${aws:PrincipalTag/none,''}", "", true},
		{"StringEquals", "${aws:userid}", "", false}, // unresolvable: no match
		{"StringNotEquals", "${aws:userid}", "anything", true},
		{"StringEquals", "${aws:TagKeys}", "x", false}, // several values
		{"StringEquals", "${test:bad}", "\xff", false},
		{"StringLike", "${test:bad}", "anything", false},
		{"StringEquals", "${nonsense}", "${nonsense}", false},
		{"StringEquals", "${*}${?}${$}", "*?$", true},
		{"StringEquals", "$x{y}$", "$x{y}$", true},
		{"StringLike", "${*}*", "*anything", true},
		{"StringLike", "${*}*", "anything", false},
		{"StringLike", "${$}{aws:username}", "${aws:username}", true},
		{"StringLike", "${aws:UserAgent}", "a*b", true},
		{"StringLike", "${aws:UserAgent}", "aXb", false}, // a value is no wildcard
		{"StringLike", "*/${aws:username}/?", "x/y/alice/1", true},
		{"StringLike", "*/${aws:username}/?", "x/y/Alice/1", false},
		{"StringEqualsIgnoreCase", "${aws:username}", "ALICE", true},
		{"StringEqualsIgnoreCase", "${aws:userid}", "", false},
		{"ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/alice", true},
		{"ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/bob", false},
		{"ArnLike", "arn:aws:iam::${aws:userid, 'a:b'}:x", "arn:aws:iam::a:b:x", false},
		{"ArnLike", "arn:aws:iam::${test:colon}:x", "arn:aws:iam::a:b:x", false}, // cannot shift fields
		{"ArnLike", "arn:aws:iam:::${test:colon}", "arn:aws:iam:::a:b", true},
	}
	for _, k := range cases {
		ctx := c
		ctx.others = append([]otherValue(nil), c.others...)
		ctx.SetOther("test:key", k.value)
		if got := holds(t, k.operator, "test:key", []string{k.pattern}, ctx); got != k.want {
			t.Errorf("%s %q on %q: got %v", k.operator, k.pattern, k.value, got)
		}
	}
}

// A value longer than the room on the stack still compares right.
func TestLongVariable(t *testing.T) {
	long := strings.Repeat("ab", expandRoom)
	var c Context
	c.Set(KeyUsername, long)
	c.SetOther("test:key", "x"+long+"y")
	if !holds(t, "StringLike", "test:key", []string{"x${aws:username}?"}, c) {
		t.Error("no match")
	}
}

func TestVariablesAreTextIn2008(t *testing.T) {
	for _, version := range []string{"", `"Version":"2008-10-17",`} {
		p, err := New([]byte(`{`+version+`"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*",
			"Condition":{"StringLike":{"aws:Referer":"${*}x"}}}}`), Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::${aws:username}/k"}
		r.Context.Set(KeyUsername, "alice")
		r.Context.Set(KeyReferer, "${anything}x")
		if p.Evaluate(&r).Effect != Allow {
			t.Errorf("literal text does not match: %s", p.Explain(&r))
		}
		r.Resource = "arn:aws:s3:::alice/k"
		if p.Evaluate(&r).Effect == Allow {
			t.Error("the variable was replaced")
		}
	}
}

func TestResourceVariables(t *testing.T) {
	p, err := New([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"}}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::home/alice/k"}
	if p.Evaluate(&r).Effect == Allow {
		t.Error("matches without a user name")
	}
	r.Context.Set(KeyUsername, "alice")
	if p.Evaluate(&r).Effect != Allow {
		t.Error("does not match alice")
	}
	r.Context.Set(KeyUsername, "*")
	if p.Evaluate(&r).Effect == Allow {
		t.Error("a user named * matches everybody")
	}
}
