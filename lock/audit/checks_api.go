package audit

import (
	"slices"
	"strings"
)

func (s *stageView) method(j *judged) string { return s.name() + " " + j.name() }

func methodOpen(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if !v.keyed(s) {
			return // policy-absent, policy-witness
		}
		for i := range s.live.methods {
			if j := &s.live.methods[i]; j.verdict == Open && !j.excluded && j.Verb != "OPTIONS" {
				found(Finding{Severity: High, Resource: s.method(j), Reason: "is deployed without apiKeyRequired: " + j.why, Witness: j.witness})
			}
		}
	})
}

func optionsOpen(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		for i := range s.live.methods {
			j := &s.live.methods[i]
			if j.verdict != Open || j.excluded || j.Verb != "OPTIONS" {
				continue
			}
			f := Finding{Severity: Medium, Resource: s.method(j), Reason: "answers anybody: " + j.why, Witness: j.witness}
			if j.Integration != nil && j.Integration.Type == "MOCK" {
				f.Severity, f.Reason = Low, "answers anybody, though only with a fixed answer (MOCK)"
			}
			if !v.keyed(s) {
				f.Mend = "let the resource policy cover OPTIONS too: preflights by the distribution bring the secret"
			}
			found(f)
		}
	})
}

func deploymentStale(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		draft, live := s.api.Methods, s.live.snapshot.Methods
		if v.stack.Static || !draft.Known() || !live.Known() {
			return
		}
		var changes []string
		severity := Low
		for i := range draft.Value {
			d := &draft.Value[i]
			at := slices.IndexFunc(live.Value, func(m Method) bool { return m.Path == d.Path && m.Verb == d.Verb })
			switch {
			case at < 0:
				changes = append(changes, d.Verb+" "+d.Path+" is not deployed")
			case d.APIKeyRequired && !live.Value[at].APIKeyRequired:
				severity = High
				changes = append(changes, d.Verb+" "+d.Path+" demands an API key only in the working copy")
			case live.Value[at].APIKeyRequired && !d.APIKeyRequired:
				severity = max(severity, Medium)
				changes = append(changes, d.Verb+" "+d.Path+" demands no API key any more after the next deployment")
			case auth(&live.Value[at]) != auth(d):
				changes = append(changes, d.Verb+" "+d.Path+" has another authorization")
			}
		}
		for i := range live.Value {
			m := &live.Value[i]
			if !slices.ContainsFunc(draft.Value, func(d Method) bool { return m.Path == d.Path && m.Verb == d.Verb }) {
				changes = append(changes, m.Verb+" "+m.Path+" is deployed and deleted since")
			}
		}
		if len(changes) == 0 {
			return
		}
		f := Finding{Severity: severity, Resource: s.name(), Reason: "deployment and working copy differ: " + list(changes)}
		if severity == Medium {
			f.Mend = "set apiKeyRequired in the working copy again before anything is deployed"
		}
		found(f)
	})
}

func auth(m *Method) string {
	if m.Authorization == "" {
		return AuthNone
	}
	return m.Authorization
}

// eachKeyLink calls with the key values that links send to a stage where keys
// matter, and the key that has the value, if one has.
func (v *view) eachKeyLink(visit func(l *link, s *stageView, k *Key)) {
	v.linksTo(func(l *link, stages []*stageView) {
		value, ok := l.origin.header(headerKey)
		if !ok || !value.Known() || value.Value.IsEmpty() {
			return
		}
		for _, s := range stages {
			if !v.keyed(s) {
				continue
			}
			var match *Key
			for i := range v.stack.Keys {
				if k := &v.stack.Keys[i]; k.Value.Known() && k.Value.Value.Equal(value.Value) {
					match = k
				}
			}
			visit(l, s, match)
		}
	})
}

func keyDisabled(v *view, found func(Finding)) {
	v.eachKeyLink(func(l *link, s *stageView, k *Key) {
		if k != nil && !k.Enabled {
			found(Finding{Severity: High, Resource: "API key " + k.label(), Reason: "is disabled, and " + l.name() + " sends it to " + s.name()})
		}
	})
}

func keyNotInPlan(v *view, found func(Finding)) {
	v.eachKeyLink(func(l *link, s *stageView, k *Key) {
		unread := slices.ContainsFunc(v.stack.Keys, func(k Key) bool { return !k.Value.Known() })
		switch {
		case k == nil && len(v.stack.Keys) > 0 && !unread:
			found(Finding{Severity: High, Resource: l.name(), Reason: "sends an x-api-key that is no API key's value", Mend: "send the value of a key in a usage plan of " + s.ref().String()})
		case k != nil && k.Enabled && !slices.Contains(v.validKeys(s), k):
			found(Finding{Severity: High, Resource: "API key " + k.label(), Reason: "is in no usage plan of " + s.ref().String() + ": requests that bring it are refused"})
		}
	})
}

func keyShared(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if !slices.ContainsFunc(s.live.methods, func(j judged) bool { return j.byKey }) {
			return
		}
		for _, k := range v.otherKeys(s) {
			found(Finding{Severity: High, Resource: "API key " + k.label(),
				Reason: "opens " + s.ref().String() + " and is not the one that the distribution sends: whoever has it comes in directly"})
		}
	})
}

func sourceAuthorizer(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if source := s.live.snapshot.KeySource; source.Known() && source.Value == "AUTHORIZER" && v.keyed(s) {
			found(Finding{Severity: High, Resource: s.name(), Reason: "takes API keys from the authorizer (apiKeySource AUTHORIZER): the distribution's x-api-key means nothing"})
		}
	})
}

func policyAbsent(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		open := s.open()
		if v.keyed(s) || s.live.policy == nil || !s.live.policy.empty || len(open) == 0 {
			return
		}
		found(Finding{Severity: High, Resource: s.name(), Witness: open[0].witness,
			Reason: "has no resource policy, and no method demands an API key: anybody may call " + openNames(open)})
	})
}

// open are the methods that are open, not on purpose.
func (s *stageView) open() []*judged {
	var out []*judged
	for i := range s.live.methods {
		if j := &s.live.methods[i]; j.verdict == Open && !j.excluded {
			out = append(out, j)
		}
	}
	return out
}

func openNames(open []*judged) string {
	var names []string
	for _, j := range open {
		names = append(names, j.name())
	}
	return list(names)
}

func policyNotDeployed(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if v.stack.Static || !s.api.Policy.Known() || s.live.policy == nil {
			return
		}
		draft, _ := v.newGuard(s, s.api.Policy.Value)
		if draft == nil || samePolicy(draft, s.live.policy) {
			return
		}
		f := Finding{Severity: Medium, Resource: s.name(), Reason: "serves with another resource policy than the working copy has"}
		switch {
		case s.live.policy.empty:
			f.Severity, f.Reason = High, "serves without a resource policy: the one of the working copy was never deployed to it"
		case draft.empty:
			f.Reason = "serves with a resource policy that the working copy no longer has: the next deployment takes it away"
		}
		found(f)
	})
}

func policyWitness(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		g := s.live.policy
		if g == nil || g.empty || v.keyed(s) && !g.demandsHeader() {
			return
		}
		open := s.open()
		if len(open) == 0 {
			return
		}
		found(Finding{Severity: High, Resource: s.name(), Witness: open[0].witness,
			Reason: "the deployed resource policy allows requests without the secret: " + openNames(open)})
	})
}

func policyTooWide(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		g := s.live.policy
		if g == nil || !g.demandsHeader() || len(v.sent(s.api, g.needs())) == 0 {
			return
		}
		for i := range s.live.methods {
			j := &s.live.methods[i]
			if !j.byPolicy {
				continue
			}
			if other := g.others(v, s, j.Method, true); other.witness != "" {
				found(Finding{Severity: Medium, Resource: s.method(j), Witness: other.witness,
					Reason: "the resource policy also accepts a " + g.needs() + " that no distribution of this audit sends: an old secret, or another's"})
				return
			}
			if variant := g.others(v, s, j.Method, false); variant.witness != "" {
				found(Finding{Severity: Low, Resource: s.method(j), Witness: variant.witness,
					Reason: "the resource policy also accepts the secret in another case or within a longer text"})
				return
			}
		}
	})
}

func otherStage(v *view, found func(Finding)) {
	for _, s := range v.stages {
		if s.target {
			continue
		}
		var open []*judged
		for i := range s.live.methods {
			if s.live.methods[i].isOpen() {
				open = append(open, &s.live.methods[i])
			}
		}
		if len(open) > 0 {
			found(Finding{Severity: High, Resource: s.name(), Witness: open[0].witness, Reason: "is open: " + openNames(open) + "; " + open[0].why})
		}
	}
}

func canaryOpen(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if s.canary == nil {
			return
		}
		var open []*judged
		for i := range s.canary.methods {
			c := &s.canary.methods[i]
			if live := s.live.method(c.Method); c.isOpen() && (live == nil || !live.isOpen()) {
				open = append(open, c)
			}
		}
		if len(open) > 0 {
			found(Finding{Severity: High, Resource: s.name() + " canary", Witness: open[0].witness,
				Reason: "takes part of the requests and is open: " + openNames(open)})
		}
	})
}

func guardedOtherwise(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		reasons := map[string][]string{}
		var order []string
		for i := range s.live.methods {
			j := &s.live.methods[i]
			if j.verdict != CannotTell || strings.Contains(j.why, "not known") || strings.Contains(j.why, "undecided") {
				continue
			}
			if reasons[j.why] == nil {
				order = append(order, j.why)
			}
			reasons[j.why] = append(reasons[j.why], j.name())
		}
		for _, why := range order {
			found(Finding{Severity: Info, Resource: s.name(), Reason: list(reasons[why]) + ": " + why})
		}
		v.eachMapping(s, func(d *Domain, _ *Mapping) {
			if d.MutualTLS && len(s.open()) > 0 {
				found(Finding{Severity: Info, Resource: "domain " + d.Name, Reason: "demands a client certificate; whose it takes is not read"})
			}
		})
	})
}
