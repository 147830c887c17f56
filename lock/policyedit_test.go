package lock

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const testARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5"

func edited(t *testing.T, text string, edit func(*policy)) string {
	t.Helper()
	p, err := parsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	edit(p)
	return p.text()
}

// The lock is merged into what is there, and comes out again without a trace.
func TestPolicyIsMerged(t *testing.T) {
	const allow = `{"Action":"execute-api:Invoke","Effect":"Allow","Principal":"*","Resource":"execute-api:/*"}`
	for name, was := range map[string]string{
		"none":              "",
		"an Allow":          `{"Statement":[` + allow + `],"Version":"2012-10-17"}`,
		"one object":        `{"Statement":` + allow + `,"Version":"2008-10-17","Id":"x"}`,
		"another's referer": `{"Statement":[` + allow + `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:Referer":"other"}}}],"Version":"2012-10-17"}`,
	} {
		d := demand{arn: testARN, stage: "prod-1", value: "secret"}
		locked := edited(t, was, func(p *policy) { p.lock(d); p.lock(d) })
		if !strings.Contains(locked, `"Sid":"DrawbridgeLockprodx2d1"`) || strings.Count(locked, `"secret"`) != 1 ||
			!strings.Contains(locked, `"Resource":"`+testARN+`/prod-1/*"`) {
			t.Errorf("%s: %s", name, locked)
		}
		open := edited(t, locked, func(p *policy) {
			if kept := p.release(d); len(kept) != 0 {
				t.Errorf("%s: %q are kept", name, kept)
			}
		})
		if want := edited(t, was, func(*policy) {}); open != want {
			t.Errorf("%s: afterwards %s, want %s", name, open, want)
		}
	}
}

func TestPolicyExcludes(t *testing.T) {
	text := edited(t, "", func(p *policy) {
		p.lock(demand{arn: testARN, stage: "prod", others: []string{"dev"}, exclude: []string{"GET/health", "*/users/*"}, value: "secret"})
	})
	var document struct {
		Statement []struct {
			Effect      string
			NotResource []string
		}
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	want := []string{testARN + "/prod/GET/health", testARN + "/prod/*/users/*", testARN + "/dev/*"}
	if got := document.Statement[1].NotResource; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// Two values where one was: in a Deny of what is none of them, in an Allow of
// what is one of them.
func TestPolicyAcceptsBothValues(t *testing.T) {
	const was = `{"Statement":[
		{"Effect":"Deny","Condition":{"StringNotEquals":{"aws:referer":"old"}}},
		{"Effect":"Allow","Condition":{"StringEquals":{"AWS:Referer":["old","partner"]}}},
		{"Effect":"Allow","Condition":{"StringEquals":{"aws:Referer":"partner","aws:UserAgent":"old"}}}]}`
	both := edited(t, was, func(p *policy) { p.accept("old", "new"); p.accept("old", "new") })
	for _, want := range []string{`{"aws:referer":["old","new"]}`, `{"AWS:Referer":["old","partner","new"]}`, `{"aws:Referer":"partner","aws:UserAgent":"old"}`} {
		if !strings.Contains(both, want) {
			t.Errorf("%s lacks %s", both, want)
		}
	}
	after := edited(t, both, func(p *policy) { p.forget("old") })
	for _, want := range []string{`{"aws:referer":["new"]}`, `{"AWS:Referer":["partner","new"]}`} {
		if !strings.Contains(after, want) {
			t.Errorf("%s lacks %s", after, want)
		}
	}
}

// A statement that knows the secret in another way is not taken out.
func TestPolicyReleaseLeavesWhatItDoesNotUnderstand(t *testing.T) {
	const was = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"secret"}}}]}`
	p, err := parsePolicy(was)
	if err != nil {
		t.Fatal(err)
	}
	if kept := p.release(demand{arn: testARN, stage: "prod", value: "secret"}); len(kept) != 1 || len(p.statements) != 1 {
		t.Errorf("%q kept, %s", kept, p.text())
	}
}

// A Deny by hand goes whole only if nothing but this stage's demand goes with it.
func TestPolicyReleaseOfDeniesByHand(t *testing.T) {
	const dev, none = "dev", ""
	for _, test := range []struct {
		covers, values string
		other          string // stage
		why            string // part of what is said; "": it goes
	}{
		{`"Resource":"` + testARN + `/prod/*"`, `"secret"`, dev, ""},
		{`"Resource":["execute-api:/prod/GET/a","execute-api:/prod/*"]`, `["secret"]`, dev, ""},
		{`"Resource":"execute-api:/*"`, `"secret"`, none, ""},
		{`"Resource":"*"`, `"secret"`, none, ""},
		{`"Resource":"execute-api:/*"`, `"secret"`, dev, "in place of execute-api:/*"},
		{`"Resource":"*"`, `"secret"`, dev, "in place of *"},
		{`"Resource":"execute-api:/prod*"`, `"secret"`, dev, "covers more than stage prod"},
		{`"Resource":"` + testARN + `/*/GET/a"`, `"secret"`, dev, "covers more than stage prod"},
		{`"Resource":"arn:aws:execute-api:*/prod/*"`, `"secret"`, dev, "covers more than stage prod"},
		{`"Resource":["execute-api:/prod/*","execute-api:/dev/*"]`, `"secret"`, dev, "in place of execute-api:/dev/*"},
		{`"Resource":["execute-api:/prod/*","execute-api:/next/*"]`, `"secret"`, none, "in place of execute-api:/next/*"},
		{`"NotResource":"execute-api:/prod/GET/health"`, `"secret"`, dev, "NotResource"},
		{`"Resource":"execute-api:/prod/*"`, `["secret","partner"]`, dev, "further values"},
	} {
		const allow = `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}`
		was := `{"Version":"2012-10-17","Statement":[` + allow + `,{"Sid":"mine","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",` +
			test.covers + `,"Condition":{"StringNotEquals":{"aws:Referer":` + test.values + `}}}]}`
		p, err := parsePolicy(was)
		if err != nil {
			t.Fatal(err)
		}
		d := demand{arn: testARN, stage: "prod", value: "secret"}
		if test.other != "" {
			d.others = []string{test.other}
		}
		before := p.canonical()
		kept := p.release(d)
		if test.why == "" {
			if len(kept) != 0 || len(p.statements) != 1 {
				t.Errorf("%s: kept %q, %s", test.covers, kept, p.text())
			}
			continue
		}
		if len(kept) != 1 || !strings.Contains(kept[0], `statement 2 "mine"`) || !strings.Contains(kept[0], test.why) || p.canonical() != before {
			t.Errorf("%s: kept %q, %s", test.covers, kept, p.text())
		}
	}
}

func TestPolicyTextUndoesEscapes(t *testing.T) {
	for stored, want := range map[string]string{
		"": "", `{"a":"b"}`: `{"a":"b"}`, `{\"a\":\"b\"}`: `{"a":"b"}`, `{\"a\":\"\\\"b\\\"\"}`: `{"a":"\"b\""}`,
	} {
		if got, err := policyText(&stored); err != nil || got != want {
			t.Errorf("%s: %s, %v", stored, got, err)
		}
	}
	stored := "nonsense"
	if _, err := policyText(&stored); err == nil {
		t.Error("nonsense is a policy")
	}
}

// pieces are what policies are made of here; together they are often no policy.
var pieces = []string{
	`{"Effect":"Deny","Condition":{"StringNotEquals":{"aws:Referer":["a","b"]}}}`, `{"Condition":{"StringNotLike":{"AWS:REFERER":"x"}}}`,
	`{"Condition":{"StringEquals":{"aws:Referer":{"a":1}}}}`, `{"Condition":{"StringEquals":["aws:Referer"]}}`, `{"Condition":"x"}`,
	`{"Sid":"DrawbridgeAllowprod","Effect":"Allow"}`, `{"Sid":7,"Effect":null}`, `{}`, `null`, `1`, `"<&>"`, `[`, `{"n":1e999,"m":12345678901234567890}`,
}

// Whatever a policy is, editing it leaves a JSON object that says the same about
// other values.
func TestPolicyEditKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 4).Draw(t, "statements")
		text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
		p, err := parsePolicy(text)
		if err != nil {
			return
		}
		before := p.without("")
		p.lock(demand{arn: testARN, stage: "prod", value: "drawbridge-secret"})
		p.accept("drawbridge-secret", "drawbridge-next")
		if got := p.referers(); !slices.Contains(got, "drawbridge-secret") || !slices.Contains(got, "drawbridge-next") {
			t.Fatalf("referers %q", got)
		}
		again, err := parsePolicy(p.text())
		if err != nil || again.canonical() != p.canonical() {
			t.Fatalf("%s does not read as it was written: %v", p.text(), err)
		}
		p.unlock("prod")
		if after := p.without(""); after != before {
			t.Fatalf("before %s, after %s", before, after)
		}
	})
}

func TestClaimText(t *testing.T) {
	at := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	c := claim{rotation: "0123abcd", driver: "89abcdef", method: Referer, step: stepEdge, start: at, seen: at.Add(time.Minute), owner: "0000beef.42", old: "deadbeef"}
	if got := parseClaim(c.text()); got != c {
		t.Errorf("%+v", got)
	}
	if len(c.text()) > 256 {
		t.Errorf("%d characters: a tag takes 256", len(c.text()))
	}
	for _, test := range []struct {
		self  string
		after time.Duration
		alive bool
	}{
		{"0000cafe.1", 0, true},               // another host, seen just now
		{"0000cafe.1", claimAlive + 1, false}, // another host, long ago
		{"0000beef.42", 0, false},             // our number, and not our run
	} {
		if got := c.alive(c.seen.Add(test.after), test.self); got != test.alive {
			t.Errorf("%+v: alive %v", test, got)
		}
	}
}

// Tags are anybody's to write.
func TestClaimOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(rapid.SampledFrom([]string{
			"run=a-b", "run=", "=", "by=.", "by=h.-1", "by=h.x", "start=x", "seen=2026-11-22T19:00:00Z", "method=y", "old=", "run=a-b-c", "step",
		}), 0, 6).Draw(t, "fields")
		c := parseClaim(strings.Join(fields, " "))
		_ = c.alive(time.Time{}, "h.1")
		if again := parseClaim(c.text()); again.rotation != c.rotation || again.driver != c.driver || again.step != c.step {
			t.Errorf("%v: %+v, again %+v", fields, c, again)
		}
	})
}

func TestPathPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		want          bool
	}{
		{"*", "/", true}, {"/api/*", "/api/x", true}, {"api/*", "/api/x", true}, {"/api/*", "/apix", false},
		{"*.jpg", "/a/b.jpg", true}, {"/a?c", "/abc", true}, {"/a?c", "/ac", false}, {"/a*b*c", "/aXbYc", true}, {"/a", "/a/", false},
	} {
		if matchesPattern(test.pattern, test.path) != test.want {
			t.Errorf("%s on %s: not %v", test.pattern, test.path, test.want)
		}
	}
}

func TestSecretsOfOthersAreChecked(t *testing.T) {
	for value, ok := range map[string]bool{
		"0123456789abcdef0123": true, "short": false, "with a space in it, long": false,
		"with-a-star-*-in-it-012345": false, "with-a-${variable}-in-it": false, `with-a-quote-"-in-it-0123`: false,
	} {
		if (checkSecret(value) == nil) != ok {
			t.Errorf("%q: %v", value, checkSecret(value))
		}
	}
}

func TestProcessThatIsThisOne(t *testing.T) {
	if (claim{rotation: "r", owner: thisProcess()}).alive(time.Now(), thisProcess()) {
		t.Error("a run of another life of this process is alive")
	}
	host, _, _ := strings.Cut(thisProcess(), ".")
	if !(claim{rotation: "r", owner: thisProcess()}).alive(time.Time{}, host+".1") {
		t.Error("this process is not alive to others of its host")
	}
	if (claim{rotation: "r", owner: host + ".1999999999"}).alive(time.Time{}, thisProcess()) {
		t.Error("a process that does not exist is alive")
	}
}

// What an answer says about the lock, and when it says nothing.
func TestOutcome(t *testing.T) {
	for _, test := range []struct {
		status int
		header string // "name: value", separated by ;
		want   Outcome
	}{
		{200, "", Admitted}, {404, "", Admitted}, {500, "", Admitted},
		{403, "", Admitted}, // the backend's own
		{403, "x-amzn-errortype: ForbiddenException", Refused},
		{403, "x-amzn-errortype: AccessDeniedException;x-cache: Error from cloudfront;x-amzn-requestid: r", Refused},
		{403, "x-amzn-errortype: MissingAuthenticationTokenException", Unclear},
		{401, "x-amzn-errortype: UnauthorizedException", Unclear}, {429, "", Unclear},
		{403, "x-cache: Error from cloudfront", Unclear}, // signed URLs, a web ACL
		{502, "x-cache: Error from cloudfront", Unclear},
		{500, "x-cache: Error from cloudfront;x-amzn-requestid: r", Admitted},
		{200, "x-cache: Hit from cloudfront", Admitted},
	} {
		answer := Answer{Status: test.status, Header: http.Header{}}
		for field := range strings.SplitSeq(test.header, ";") {
			name, value, _ := strings.Cut(field, ": ")
			answer.Header.Set(name, value)
		}
		if got := answer.Outcome(); got != test.want {
			t.Errorf("%d %s: %v, want %v", test.status, test.header, got, test.want)
		}
	}
}
