package audit

import (
	"fmt"
	"slices"
	"strings"
)

func defaultEndpoint(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		off := s.live.snapshot.DefaultEndpointDisabled
		if !off.Known() || off.Value {
			return
		}
		mutual, linked := false, false
		v.eachMapping(s, func(d *Domain, _ *Mapping) { mutual = mutual || d.MutualTLS })
		for _, l := range s.links {
			linked = linked || l.domain != nil
		}
		f := Finding{Severity: Low, Resource: s.name(), Reason: "the distribution comes by a custom domain, and " + v.endpoint(s.api) + " answers too"}
		switch {
		case !mutual && !linked:
			return
		case mutual:
			f.Severity, f.Reason = High, "the custom domain demands a client certificate, and "+v.endpoint(s.api)+" does not"
		case len(s.open()) > 0:
			f.Severity = High
		}
		found(f)
	})
}

func otherDistribution(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		var chosen []string
		for _, l := range s.links {
			if !l.dist.Enabled || l.dist.Staging || len(l.behaviors) == 0 {
				continue
			}
			if l.chosen {
				if !slices.Contains(chosen, l.dist.ID) {
					chosen = append(chosen, l.dist.ID)
				}
				continue
			}
			if slices.ContainsFunc(s.live.methods, func(j judged) bool { return v.brings(l, &j) }) {
				found(Finding{Severity: High, Resource: l.name(), Reason: "brings what " + s.name() + " demands, and is not one of the chosen distributions",
					Witness: "GET https://" + l.dist.DomainName + "/"})
			}
		}
		if len(chosen) > 1 && len(v.options.Distributions) == 0 {
			found(Finding{Severity: Low, Resource: s.name(), Reason: fmt.Sprintf("%d distributions lead to it: %s", len(chosen), list(chosen)),
				Mend: "name the one that is to be the way in: --distribution"})
		}
	})
}

func customDomain(v *view, found func(Finding)) {
	for _, s := range v.stages {
		open := s.open()
		if len(open) == 0 {
			continue
		}
		v.eachMapping(s, func(d *Domain, m *Mapping) {
			if d.MutualTLS {
				return
			}
			found(Finding{Severity: High, Resource: "domain " + d.Name, Reason: "leads to " + openNames(open) + " of " + s.name() + ", open without the secret",
				Witness: strings.ReplaceAll(open[0].Verb, "ANY", "GET") + " https://" + d.Name + m.path(s.stage.Name, concrete(open[0].Path))})
		})
	}
}

// eachSecret calls with the secret headers that chosen distributions send.
func (v *view) eachSecret(visit func(l *link, header string, value Secret)) {
	v.linksTo(func(l *link, _ []*stageView) {
		for _, header := range secretHeaders {
			if value, ok := l.origin.header(header); ok && value.Known() && !value.Value.IsEmpty() {
				visit(l, header, value.Value)
			}
		}
	})
}

func secretWeak(v *view, found func(Finding)) {
	sent := false
	v.eachSecret(func(l *link, header string, value Secret) {
		sent = true
		if why := weakness(value); why != "" {
			found(Finding{Severity: Medium, Resource: l.name(), Reason: "the value of " + header + " is no good secret: " + why})
		}
	})
	if sent {
		return
	}
	v.targets(func(s *stageView) {
		g := s.live.policy
		if g == nil || !g.demandsHeader() {
			return
		}
		for _, text := range g.demanded() {
			if why := weakness(secretOf(text)); why != "" {
				found(Finding{Severity: Medium, Resource: s.name(), Reason: "the resource policy compares " + g.needs() + " with a value that is no good secret: " + why})
				return
			}
		}
	})
}

func secretReused(v *view, found func(Finding)) {
	v.eachSecret(func(l *link, header string, value Secret) {
		for i := range v.stack.Distributions {
			d := &v.stack.Distributions[i]
			for k := range d.Origins {
				o := &d.Origins[k]
				if strings.EqualFold(o.DomainName, l.origin.DomainName) || v.leadsTo(o, l.api) {
					continue
				}
				for _, h := range o.Headers {
					if h.Value.Known() && h.Value.Value.Equal(value) {
						found(Finding{Severity: Medium, Resource: "distribution " + d.ID + " origin " + o.ID,
							Reason: "is sent the secret of api " + l.api.ID + " too: whoever runs " + o.DomainName + " reads it"})
					}
				}
			}
		}
		for _, other := range v.reusedBy(l.api, header, value) {
			found(Finding{Severity: Medium, Resource: other, Reason: "is opened by the secret of api " + l.api.ID + " too"})
		}
	})
}

func (v *view) leadsTo(o *Origin, api *API) bool {
	found, _, _ := v.lookUp(o)
	return found == api
}

// reusedBy names what else of the account the value opens.
func (v *view) reusedBy(api *API, header string, value Secret) []string {
	var out []string
	for i := range v.stack.APIs {
		other := &v.stack.APIs[i]
		if other == api || header == headerKey {
			continue
		}
		if other.Policy.Known() && strings.Contains(plainPolicy(other.Policy.Value.Reveal()), `"`+value.Reveal()+`"`) {
			out = append(out, "api "+other.ID)
		}
	}
	if header != headerKey {
		return out
	}
	for i := range v.stack.Keys {
		k := &v.stack.Keys[i]
		if !k.Value.Known() || !k.Value.Value.Equal(value) {
			continue
		}
		for _, p := range v.stack.Plans {
			for _, ref := range p.Stages {
				if slices.Contains(p.Keys, k.ID) && ref.API != api.ID && !slices.Contains(out, "api "+ref.String()) {
					out = append(out, "api "+ref.String())
				}
			}
		}
	}
	return out
}

func secretLogged(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if !v.usesSecret(s) {
			return
		}
		format := strings.ReplaceAll(s.stage.AccessLogFormat, "$context.identity.apiKeyId", "")
		if strings.Contains(format, "$context.identity.apiKey") {
			found(Finding{Severity: Medium, Resource: s.name(), Reason: "writes $context.identity.apiKey to the access log"})
		}
		var traced []string
		for path, setting := range s.stage.MethodSettings {
			if setting.DataTrace && setting.LoggingLevel != "OFF" {
				traced = append(traced, path)
			}
		}
		if slices.Sort(traced); len(traced) > 0 {
			found(Finding{Severity: Medium, Resource: s.name(), Reason: "writes request headers to the execution log (data trace) for " + list(traced)})
		}
	})
}

func secretPassedToBackend(v *view, found func(Finding)) {
	v.targets(func(s *stageView) {
		if !v.usesSecret(s) {
			return
		}
		worst := Finding{Severity: Info, Resource: s.name()}
		var names []string
		for i := range s.live.methods {
			j := &s.live.methods[i]
			severity, how := j.Integration.passes()
			if how == "" {
				continue
			}
			names = append(names, j.name())
			if worst.Reason == "" || severity > worst.Severity {
				worst.Severity, worst.Reason = severity, how
			}
		}
		if len(names) > 0 {
			worst.Reason = list(names) + ": " + worst.Reason
			found(worst)
		}
	})
}

// passes tells how an integration hands the secret's header on; empty: it does
// not, or it was not read (api-gateway.md 2.5: Referer and unknown fields pass
// proxies; a template sees what it asks for).
func (n *Integration) passes() (Severity, string) {
	if n == nil || n.Type == "MOCK" {
		return Info, ""
	}
	for _, t := range n.ResponseTemplates {
		if strings.Contains(t, "identity.apiKey") {
			return Medium, "the answer shows the API key to whoever asked"
		}
	}
	host, plain := strings.CutPrefix(n.URI, "http://")
	host, _, _ = strings.Cut(host, "/")
	plain = plain && !strings.HasPrefix(host, "localhost") && !strings.HasPrefix(host, "127.")
	passed := n.Type == "AWS_PROXY" || n.Type == "HTTP_PROXY"
	for _, from := range n.RequestParameters {
		lower := strings.ToLower(from)
		passed = passed || strings.HasSuffix(lower, "header.x-api-key") || strings.HasSuffix(lower, "header.referer") || strings.HasSuffix(lower, "identity.apikey")
	}
	for _, t := range n.RequestTemplates {
		lower := strings.ToLower(t)
		passed = passed || strings.Contains(lower, "$input.params().header") || strings.Contains(lower, "identity.apikey") && !strings.Contains(lower, "identity.apikeyid") ||
			strings.Contains(lower, "params('referer')") || strings.Contains(lower, "params('x-api-key')")
	}
	switch {
	case !passed:
		return Info, ""
	case plain:
		return Medium, "the backend is sent the secret by plain HTTP"
	}
	return Info, "the backend is sent the secret with the other headers"
}

func notEnforcedHere(v *view, found func(Finding)) {
	if !v.stack.Drawbridge {
		return
	}
	v.linksTo(func(l *link, _ []*stageView) {
		if l.dist.WebACL != "" {
			found(Finding{Severity: Low, Resource: "distribution " + l.dist.ID, Reason: "has a web ACL, which Drawbridge stores and does not enforce"})
		}
	})
	v.targets(func(s *stageView) {
		if s.stage.WebACL != "" {
			found(Finding{Severity: Low, Resource: s.name(), Reason: "has a web ACL, which Drawbridge stores and does not enforce"})
		}
	})
}
