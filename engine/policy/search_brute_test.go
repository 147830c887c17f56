package policy_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"drawbridge/engine/policy"
)

// The alphabet of generated policies and of the requests they are tried with.
var (
	literals  = []string{secret, "opensesame-42", "other", "a", ""}
	patterns  = []string{"*", "Open*", "*42", "o?her", "*e*", "?", "", secret, "other", "${aws:UserAgent}", "${aws:Referer}", "x-${aws:UserAgent}", "${aws:username, 'other'}", "${*}"}
	referers  = listsOf([]string{"", secret, "opensesame-42", "other", "a", "fresh"})
	agents    = [][]string{nil, {""}, {"other"}, {"a"}, {"fresh"}, {secret}, {"opensesame-42"}, {"OTHER"}}
	addresses = []string{"203.0.113.7", "203.0.113.200", "198.51.100.9", "2001:db8::1"}
	moments   = []time.Time{noon, noon.Add(10 * time.Hour), noon.AddDate(10, 0, 0)}
	segments  = []string{"a", "b", "ab", "fresh"}
	callers   = []policy.Principal{{}, {Type: policy.User, ARN: "arn:aws:iam::123456781234:user/u", Account: "123456781234"}}
)

// listsOf: absent, each value, and each two of them.
func listsOf(values []string) [][]string {
	out := [][]string{nil}
	for i, v := range values {
		out = append(out, []string{v})
		for _, w := range values[i:] {
			out = append(out, []string{v, w})
		}
	}
	return out
}

type object = map[string]any

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func some[T any](r *rand.Rand, from []T) []T {
	out := []T{}
	for range 1 + r.IntN(2) {
		out = append(out, pick(r, from))
	}
	return out
}

// generated is a policy over the alphabet, biased to ones that guard something.
func generated(r *rand.Rand) []byte {
	var statements []object
	for range 1 + r.IntN(4) {
		s := object{"Effect": pick(r, []string{"Allow", "Allow", "Deny"}), "Condition": conditions(r)}
		s[pick(r, []string{"Principal", "Principal", "Principal", "Principal", "NotPrincipal"})] =
			pick(r, []any{"*", "*", "*", object{"AWS": "123456781234"}, object{"AWS": "arn:aws:iam::123456781234:user/u"}})
		s[pick(r, []string{"Action", "Action", "Action", "Action", "NotAction"})] =
			pick(r, []string{"execute-api:Invoke", "execute-api:*", "*", "execute-api:InvalidateCache"})
		s[pick(r, []string{"Resource", "Resource", "Resource", "Resource", "NotResource"})] =
			some(r, []string{"*", "execute-api:/*", "execute-api:/prod/*", "execute-api:/*/GET/a*", "execute-api:/dev/*", "execute-api:/prod/GET/?", "execute-api:/*/POST/*", "arn:aws:execute-api:*:*:*/prod/GET/*b", "execute-api:/prod/GET/${aws:UserAgent}"})
		statements = append(statements, s)
	}
	text, err := json.Marshal(object{"Version": pick(r, []string{"2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"}), "Statement": statements})
	if err != nil {
		panic(err)
	}
	return text
}

func conditions(r *rand.Rand) object {
	out := object{}
	for range r.IntN(4) {
		set := pick(r, []string{"", "", "", "ForAnyValue:", "ForAllValues:"})
		ifExists := pick(r, []string{"", "", "IfExists"})
		key := pick(r, []string{"aws:Referer", "aws:Referer", "aws:referer", "aws:UserAgent", "aws:username"})
		var operator string
		var values any
		switch r.IntN(12) {
		case 0, 1, 2, 3:
			operator, values = set+pick(r, []string{"StringEquals", "StringNotEquals", "StringNotEquals"})+ifExists, some(r, append(literals, "${aws:UserAgent}"))
		case 4, 5, 6:
			operator, values = set+pick(r, []string{"StringLike", "StringNotLike"})+ifExists, some(r, patterns)
		case 7:
			operator, values = set+pick(r, []string{"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"})+ifExists, some(r, literals)
		case 8:
			operator, values = "Null", pick(r, []string{"true", "false"})
		case 9:
			key = "aws:SourceIp"
			operator, values = pick(r, []string{"IpAddress", "NotIpAddress"})+ifExists, some(r, []string{"203.0.113.0/24", "203.0.113.7", "0.0.0.0/0", "2001:db8::/32", "::/0", "198.51.100.0/25"})
		case 10:
			key = "aws:CurrentTime"
			operator, values = pick(r, []string{"DateLessThan", "DateGreaterThan", "DateNotEquals"})+ifExists, pick(r, []string{"2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z", "2020-01-01", "2035-01-01"})
		case 11:
			key, operator, values = "aws:SecureTransport", "Bool"+ifExists, pick(r, []string{"true", "false"})
		}
		if r.IntN(60) == 0 { // what nobody writes: numbers of a text
			operator, values = "NumericLessThan", "5"
			key = "aws:Referer"
		}
		out[operator] = object{key: values}
	}
	return out
}

// eachRequest visits every request of the alphabet that lacks the secret, until
// visit says stop.
func eachRequest(visit func(*policy.Request) bool) {
	var r policy.Request
	for _, who := range callers {
		for _, referer := range referers {
			if slices.Contains(referer, secret) {
				continue
			}
			for _, agent := range agents {
				for i := range len(addresses) * len(moments) * len(segments) {
					r.Reset()
					r.SetPrincipal(who)
					r.Action = "execute-api:Invoke"
					r.Context.SetList(policy.KeyReferer, referer)
					r.Context.SetList(policy.KeyUserAgent, agent)
					r.Context.SetSourceIP(netip.MustParseAddr(addresses[i%len(addresses)]))
					i /= len(addresses)
					r.Context.SetCurrentTime(moments[i%len(moments)])
					r.Context.SetBool(policy.KeySecureTransport, true)
					r.Resource = apiARN + "/prod/GET/" + segments[i/len(moments)]
					if visit(&r) {
						return
					}
				}
			}
		}
	}
}

func generatedQuestion(notDenied bool) policy.Question {
	return policy.Question{
		Action:     "execute-api:Invoke",
		Resource:   []policy.Piece{policy.Exactly(apiARN + "/prod/GET/"), policy.Segment()},
		Principals: callers,
		NotDenied:  notDenied,
		Keys: []policy.KeyRange{
			policy.AnyText("aws:Referer", 2).Without(secret),
			policy.AnyText("aws:UserAgent", 1),
			policy.AnyAddress(policy.KeySourceIP),
			policy.AnyTime(noon),
			policy.OneOf("aws:SecureTransport", []string{"true"}),
		},
	}
}

// Against brute force: what is called Never, no request of the alphabet gets
// through; what is called Possible has a witness that does (mustAsk evaluates
// it) and that lacks the secret; and nearly everything is decided.
func TestAskAgainstBruteForce(t *testing.T) {
	total := 1000
	if os.Getenv("DRAWBRIDGE_LONG") != "" {
		total = 10_000
	}
	r := rand.New(rand.NewPCG(6, 22))
	undecided := map[string]int{}
	count := map[policy.Verdict]int{}
	for n := range total {
		text := generated(r)
		p := mustNew(t, string(text), resourcePolicy)
		q := generatedQuestion(n%4 == 0)
		answer := mustAsk(t, p, q)
		count[answer.Verdict]++
		switch answer.Verdict {
		case policy.Undecided:
			undecided[answer.Why]++
		case policy.Possible:
			for _, c := range answer.Chosen {
				if c.Key == "aws:Referer" && slices.Contains(c.Values, secret) {
					t.Fatalf("the witness knows the secret: %s", text)
				}
			}
		case policy.Never:
			eachRequest(func(request *policy.Request) bool {
				effect := p.Evaluate(request).Effect
				if effect == policy.Allow || q.NotDenied && effect != policy.ExplicitDeny {
					t.Fatalf("policy %d is not closed: %s\n%s\n%+v", n, text, p.Explain(request), request)
				}
				return false
			})
		}
	}
	t.Logf("%d policies: %v; undecided: %v", total, count, undecided)
	if definite := total - count[policy.Undecided]; definite*100 < total*95 {
		t.Errorf("%d of %d are definite, want 95 %%: %v", definite, total, undecided)
	}
	for _, v := range []policy.Verdict{policy.Never, policy.Possible} {
		if count[v]*10 < total {
			t.Errorf("only %d of %d are %v: the generator is one-sided", count[v], total, v)
		}
	}
}
