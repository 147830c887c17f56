package audit

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keyStack is a sound stack locked by API key, refererStack one by policy.
func keyStack(t *testing.T) *Stack {
	return &readWritten(t, filepath.Join("testdata", "checks", "method-open.sound.yaml")).Stack
}

func refererStack(t *testing.T) *Stack {
	return &readWritten(t, filepath.Join("testdata", "checks", "policy-witness.sound.yaml")).Stack
}

func live(s *Stack) *Snapshot { return &s.APIs[0].Stages[0].Deployed }

// What cannot be read is never taken for locked, unless another lock holds.
func TestUnreadIsNotLocked(t *testing.T) {
	unread := "AccessDenied"
	cases := []struct {
		name   string
		stack  *Stack
		change func(*Stack)
		want   Verdict
	}{
		{"deployed policy, Referer lock", refererStack(t), func(s *Stack) { live(s).Policy = Unknown[Secret](unread) }, CannotTell},
		{"deployed policy, key lock", keyStack(t), func(s *Stack) { live(s).Policy = Unknown[Secret](unread) }, Locked},
		{"deployed methods", keyStack(t), func(s *Stack) { live(s).Methods = Unknown[[]Method](unread) }, CannotTell},
		{"key source", keyStack(t), func(s *Stack) { live(s).KeySource = Unknown[string](unread) }, CannotTell},
		{"usage plans", keyStack(t), func(s *Stack) { s.Plans, s.Gaps = nil, []Gap{{Resource: "usage plans", Reason: unread}} }, CannotTell},
		{"tags", keyStack(t), func(s *Stack) { s.Gaps = []Gap{{Resource: "tags", Reason: unread, Minor: true}} }, Locked},
		{"a policy that is none", refererStack(t), func(s *Stack) { live(s).Policy = Known(NewSecret("{}")) }, CannotTell},
		{"the canary", keyStack(t), func(s *Stack) { s.APIs[0].Stages[0].Canary = &Canary{Percent: 5} }, CannotTell},
		{"the only key's value", keyStack(t), func(s *Stack) { s.Keys[0].Value = Unknown[Secret](unread) }, Locked},
		{"one of two keys' values", keyStack(t), func(s *Stack) {
			s.Keys = append(s.Keys, Key{ID: "k2", Enabled: true, Value: Unknown[Secret](unread)})
			s.Plans[0].Keys = append(s.Plans[0].Keys, "k2")
		}, Open},
		{"the header's value", keyStack(t), func(s *Stack) {
			s.Distributions[0].Origins[0].Headers[0].Value = Unknown[Secret](unread)
		}, Locked},
		{"an API elsewhere", keyStack(t), func(s *Stack) {
			s.Distributions[0].Origins = append(s.Distributions[0].Origins, Origin{ID: "o2", DomainName: "zzzzzzzzzz.execute-api.eu-west-1.amazonaws.com"})
		}, CannotTell},
		{"nothing", &Stack{}, func(*Stack) {}, CannotTell},
		{"a default endpoint that may be off", keyStack(t), func(s *Stack) { live(s).DefaultEndpointDisabled = Unknown[bool](unread) }, Locked},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.change(c.stack)
			if r := Run(c.stack, Options{Now: noon}); r.Verdict != c.want {
				t.Errorf("%s, want %s:\n%s", r.Verdict, c.want, shown(t, r))
			}
		})
	}
}

// What guards a method that needs no secret.
func TestGuards(t *testing.T) {
	open := func(change func(*Stack, *Method)) *Stack {
		s := keyStack(t)
		m := &live(s).Methods.Value[0]
		m.APIKeyRequired = false
		change(s, m)
		return s
	}
	cases := []struct {
		name  string
		stack *Stack
		want  Verdict
	}{
		{"nothing", open(func(*Stack, *Method) {}), Open},
		{"IAM", open(func(_ *Stack, m *Method) { m.Authorization = AuthIAM }), CannotTell},
		{"an authorizer", open(func(_ *Stack, m *Method) { m.Authorization = AuthCustom }), CannotTell},
		{"IAM and a policy that denies strangers", open(func(s *Stack, m *Method) {
			m.Authorization = AuthIAM
			live(s).Policy = live(refererStack(t)).Policy
		}), Locked},
		{"a web ACL", open(func(s *Stack, _ *Method) { s.APIs[0].Stages[0].WebACL = "arn:…" }), CannotTell},
		{"a web ACL on Drawbridge", open(func(s *Stack, _ *Method) { s.APIs[0].Stages[0].WebACL, s.Drawbridge = "arn:…", true }), Open},
		{"a private endpoint", open(func(s *Stack, _ *Method) { s.APIs[0].EndpointTypes = []string{"PRIVATE"} }), CannotTell},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if r := Run(c.stack, Options{Now: noon}); r.Verdict != c.want {
				t.Errorf("%s, want %s:\n%s", r.Verdict, c.want, shown(t, r))
			}
		})
	}
}

// What a policy may compare with, and whether a stranger can come by it.
func TestPolicySecrets(t *testing.T) {
	cases := []struct {
		condition string
		want      Verdict
	}{
		{`"StringNotEquals":{"aws:Referer":"5f0c9a7d2be84e61b3a0d7c4f8e1926a"}`, Locked},
		{`"StringNotEquals":{"aws:Referer":["5f0c9a7d2be84e61b3a0d7c4f8e1926a","0b7e3a916cd24f85a1e0479dbf62c83e"]}`, Locked},
		{`"StringNotEqualsIgnoreCase":{"aws:Referer":"5F0C9A7D2BE84E61B3A0D7C4F8E1926A"}`, Locked},
		{`"StringNotLike":{"aws:Referer":"*5f0c9a7d2be84e61b3a0d7c4f8e1926a*"}`, Locked},
		{`"StringNotLike":{"aws:Referer":"5f0c9a7d2be84e61b3*"}`, Locked},
		{`"StringNotLike":{"aws:Referer":"5f*"}`, Open},
		{`"StringNotEquals":{"aws:Referer":["5f0c9a7d2be84e61b3a0d7c4f8e1926a","www"]}`, Open},
		{`"StringNotEquals":{"aws:Referer":"https://www.example.com/"}`, Open},
		{`"StringNotLike":{"aws:Referer":"*.example.com/*"}`, Open},
		{`"StringNotEquals":{"aws:UserAgent":"Amazon CloudFront"}`, Open},
		{`"StringNotEquals":{"aws:UserAgent":"curl/8.5.0"}`, Open},
		{`"StringNotEquals":{"aws:UserAgent":"0b7e3a916cd24f85a1e0479dbf62c83e"}`, Locked},
		{`"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, Open},
		{`"StringNotEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0"}`, Locked}, // nobody comes by one
	}
	for _, c := range cases {
		s := refererStack(t)
		live(s).Policy = Known(NewSecret(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},` +
			`{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{` + c.condition + `}}]}`))
		if r := Run(s, Options{Now: noon}); r.Verdict != c.want {
			t.Errorf("%s: %s, want %s:\n%s", c.condition, r.Verdict, c.want, shown(t, r))
		}
	}
}

// A distribution that sends what everybody knows has no secret.
func TestPublicSecret(t *testing.T) {
	for value, want := range map[string]Verdict{"OpenSesame-42": Locked, "https://www.example.com/": Open, "abc": Open} {
		s := refererStack(t)
		text := strings.ReplaceAll(live(s).Policy.Value.Reveal(), "5f0c9a7d2be84e61b3a0d7c4f8e1926a", value)
		live(s).Policy, s.APIs[0].Policy = Known(NewSecret(text)), Known(NewSecret(text))
		s.Distributions[0].Origins[0].Headers[0].Value = Known(NewSecret(value))
		r := Run(s, Options{Now: noon})
		if r.Verdict != want || r.ExitCode(Medium) != 1 {
			t.Errorf("%s: %s, want %s:\n%s", value, r.Verdict, want, shown(t, r))
		}
		if value == "OpenSesame-42" && strings.Contains(shown(t, r), value) {
			t.Errorf("shows the secret:\n%s", shown(t, r))
		}
	}
}

func TestChoices(t *testing.T) {
	s := keyStack(t)
	live(s).Methods.Value = append(live(s).Methods.Value, Method{Path: "/health", Verb: "GET"})
	s.APIs[0].Methods = live(s).Methods
	if r := Run(s, Options{Now: noon}); r.Verdict != Open {
		t.Errorf("without a choice:\n%s", shown(t, r))
	}
	r := Run(s, Options{Now: noon, Exclude: []string{"get /health"}})
	if r.Verdict != Locked || len(r.Findings) > 0 || !strings.Contains(shown(t, r), string(OnPurpose)) {
		t.Errorf("open on purpose:\n%s", shown(t, r))
	}
	for _, o := range []Options{
		{Stages: []StageRef{{API: "zzzzzzzzzz"}}},
		{Distributions: []string{"E9"}},
	} {
		if r := Run(s, o); r.Verdict != CannotTell || len(r.Doors) > 0 {
			t.Errorf("%+v:\n%s", o, shown(t, r))
		}
	}
}

// A probe settles what the analysis cannot tell, and contradicts it aloud.
func TestProbes(t *testing.T) {
	refused, let := Seen{Sent: true, Answer: "403 ForbiddenException"}, Seen{Sent: true, Admitted: true, Answer: "200"}
	s := refererStack(t)
	live(s).Policy = Unknown[Secret]("no export")
	r := Run(s, Options{Now: noon})
	for i := range r.Doors {
		if r.Doors[i].Direct {
			r.AddProbe(i, Probe{Without: refused, Wrong: refused, With: let})
		} else {
			r.AddProbe(i, Probe{Without: let})
		}
	}
	if r.Verdict != Locked || len(r.Findings) > 0 {
		t.Errorf("settled:\n%s", shown(t, r))
	}
	for i := range r.Doors {
		if !r.Doors[i].Direct {
			r.AddProbe(i, Probe{Without: refused})
			break
		}
	}
	if len(r.Findings) != 1 || r.Findings[0].ID != "probe-contradicts" || r.Verdict != Locked {
		t.Errorf("the distribution is refused:\n%s", shown(t, r))
	}
}

// That a stranger is refused says nothing about who has a token or a signature.
func TestProbeSettlesNoGuard(t *testing.T) {
	refused := Seen{Sent: true, Answer: "401 UnauthorizedException"}
	s := refererStack(t)
	live(s).Policy = Known(Secret{})
	for i := range live(s).Methods.Value {
		live(s).Methods.Value[i].Authorization = AuthCognito
	}
	r := Run(s, Options{Now: noon})
	for i := range r.Doors {
		if r.Doors[i].Direct {
			r.AddProbe(i, Probe{Without: refused})
		}
	}
	if r.Verdict != CannotTell {
		t.Errorf("got %s:\n%s", r.Verdict, shown(t, r))
	}
}

// 50 resources of 5 methods each are judged in seconds, by a policy that names
// resources and stages.
func TestManyMethods(t *testing.T) {
	s := refererStack(t)
	var methods []Method
	for i := range 50 {
		for _, verb := range []string{"GET", "POST", "PUT", "DELETE", "ANY"} {
			methods = append(methods, Method{Path: fmt.Sprintf("/r%d/{id}/part", i), Verb: verb})
		}
	}
	live(s).Methods, s.APIs[0].Methods = Known(methods), Known(methods)
	begin := time.Now()
	r := Run(s, Options{Now: noon})
	t.Logf("%d doors in %v", len(r.Doors), time.Since(begin))
	if r.Verdict != Locked || len(r.Doors) != 500 || time.Since(begin) > time.Minute {
		t.Errorf("%s, %d doors, %v", r.Why, len(r.Doors), time.Since(begin))
	}
}
