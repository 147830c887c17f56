package edge_test

import (
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/edge"
	"drawbridge/dataplane/program"
)

// Continuous deployment (reference/cloudfront.md 5.9): by header, by weight,
// with sessions.
func TestContinuousDeployment(t *testing.T) {
	lot := uint64(0)
	w := newWorld(t, func(o *edge.Options) { o.Random = func() uint64 { return lot } })
	staging := testDistribution()
	staging.ID, staging.DomainName, staging.Unlisted = "E2STAGING", "d2.cloudfront.net", true
	staging.Behaviors[0].Origin.Path = "/staging"
	w.program = new(program.Edge).With(1, program.EdgeChange{Distributions: map[string]*program.Distribution{"E2STAGING": staging}})
	traffic := &program.Traffic{To: "d2.cloudfront.net", Policy: "E0", Header: "aws-cf-cd-test", Value: "yes"}
	w.dist.Traffic = traffic
	asked := func(fields string) string {
		t.Helper()
		w.edge.Purge(0, w.dist.ID, []string{"/*"})
		w.edge.Purge(0, staging.ID, []string{"/*"})
		w.get("GET https://d1.cloudfront.net/x\n" + fields)
		return strings.TrimSuffix(w.lastCall().Path, "/x") + " " + w.last.Record.Distribution
	}
	const primary, second = "/prod E1TEST", "/staging E2STAGING"
	for _, row := range []struct{ fields, want string }{{"", primary}, {"aws-cf-cd-test: no", primary}, {"Aws-Cf-Cd-Test: yes", second}} {
		if got := asked(row.fields); got != row.want {
			t.Errorf("%q: %s", row.fields, got)
		}
	}
	// The two have caches of their own.
	w.get("GET https://d1.cloudfront.net/x\naws-cf-cd-test: yes")
	if w.last.Record.Result != "Hit" {
		t.Error(w.last.Record.Result)
	}
	w.get("GET https://d1.cloudfront.net/x")
	if w.last.Record.Result != "Miss" {
		t.Error(w.last.Record.Result)
	}
	// A share, drawn for each request; nothing for a staging that is disabled.
	traffic.Header, traffic.Weight = "", 0.1
	for of1000, want := range map[uint64]string{0: second, 99: second, 101: primary, 999: primary} {
		lot = of1000 << 20 / 1000
		if got := asked(""); got != want {
			t.Errorf("lot %d of 1000: %s", of1000, got)
		}
	}
	lot, staging.Enabled = 0, false
	if got := asked(""); got != primary {
		t.Error(got)
	}
	staging.Enabled = true
	if w.edge.AtOnce(w.exchangeOf("GET https://d1.cloudfront.net/x")) != nil {
		t.Error("lots are drawn twice")
	}
	if _, ok := w.program.Distribution("d2.cloudfront.net"); ok {
		t.Error("staging has a name")
	}
	if _, ok := w.program.DistributionByID("E2STAGING"); ok {
		t.Error("staging is found by its id")
	}
}

func TestStickySessions(t *testing.T) {
	lot := uint64(0)
	w := newWorld(t, func(o *edge.Options) { o.Random = func() uint64 { return lot } })
	staging := testDistribution()
	staging.ID, staging.DomainName, staging.Unlisted = "E2STAGING", "d2.cloudfront.net", true
	w.program = new(program.Edge).With(1, program.EdgeChange{Distributions: map[string]*program.Distribution{"E2STAGING": staging}})
	w.dist.Traffic = &program.Traffic{To: "d2.cloudfront.net", Policy: "E0", Weight: 0.1, IdleTTL: 300 * time.Second, MaximumTTL: 600 * time.Second}
	const never = 1 << 20 / 2 // a lot that goes to the primary
	get := func(cookie string) (side, next, attributes string) {
		t.Helper()
		fields := ""
		if cookie != "" {
			fields = "\nCookie: a=b; " + cookie
		}
		resp := w.get("GET https://d1.cloudfront.net/x" + fields)
		next, attributes, _ = strings.Cut(resp.Header.Get("Set-Cookie"), "; ")
		return w.last.Record.Distribution, next, attributes
	}
	side, cookie, attributes := get("")
	if side != "E2STAGING" || attributes != "Max-Age=300; Path=/; HttpOnly" {
		t.Errorf("%s %s", side, attributes)
	}
	lot = never
	w.later(200 * time.Second)
	if side, cookie, _ = get(cookie); side != "E2STAGING" {
		t.Error("the session is not kept")
	}
	w.later(250 * time.Second)
	if side, cookie, attributes = get(cookie); side != "E2STAGING" || attributes != "Max-Age=150; Path=/; HttpOnly" {
		t.Errorf("%s %s", side, attributes)
	}
	w.later(150 * time.Second)
	if side, _, _ = get(cookie); side != "E1TEST" {
		t.Error("a session outlives MaximumTTL")
	}
	_, cookie, _ = get("") // of the primary
	lot = 0
	if side, _, _ = get(cookie); side != "E1TEST" {
		t.Error("a session of the primary is not kept")
	}
	w.later(300 * time.Second)
	if side, _, _ = get(cookie); side != "E2STAGING" {
		t.Error("a session outlives IdleTTL")
	}
	lot = never
	for _, bad := range []string{"aws-cf-cd-session=E1.s.1.1", "aws-cf-cd-session=E0.s.zzzzzzzzzzzzzzzzzzzz.1", "aws-cf-cd-session=E0.x.1.1", "aws-cf-cd-session="} {
		if side, _, _ = get(bad); side != "E1TEST" {
			t.Errorf("%s is taken", bad)
		}
	}
}
