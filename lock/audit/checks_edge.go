package audit

import (
	"slices"
	"strings"

	"drawbridge/engine/policy"
)

func headerMissing(v *view, found func(Finding)) {
	v.linksTo(func(l *link, stages []*stageView) {
		for _, s := range stages {
			for _, header := range v.needed(s) {
				value, ok := l.origin.header(header)
				switch {
				case !ok && l.firstOf != nil:
					// header-missing-failover
				case !ok:
					found(Finding{Severity: High, Resource: l.name(),
						Reason: "sends no " + header + ", which " + s.name() + " demands: viewers are refused"})
				case header != headerKey && value.Known() && !value.Value.Symbolic() && s.live.policy.refuses(v, s, header, value.Value):
					found(Finding{Severity: High, Resource: l.name(),
						Reason: "sends a " + header + " that the resource policy of " + s.name() + " does not accept",
						Mend:   "make header and policy the same value: `drawbridge lock rotate`"})
				}
			}
		}
	})
}

// refuses tells whether the policy lets no request with this value in, to any
// method of the stage.
func (g *guard) refuses(v *view, s *stageView, header string, value Secret) bool {
	for i := range s.live.methods {
		answer := g.ask(v, s, s.live.methods[i].Method, func(r policy.KeyRange, name string, k policy.Key) policy.KeyRange {
			if name == header {
				return policy.OneOf(k.String(), []string{value.Reveal()})
			}
			return r
		})
		if !answer.never {
			return false
		}
	}
	return len(s.live.methods) > 0
}

func headerMissingFailover(v *view, found func(Finding)) {
	v.linksTo(func(l *link, stages []*stageView) {
		if l.firstOf == nil {
			return
		}
		for _, header := range secretHeaders {
			_, first := l.firstOf.header(header)
			_, here := l.origin.header(header)
			if first && !here && slices.ContainsFunc(stages, func(s *stageView) bool { return slices.Contains(v.needed(s), header) }) {
				found(Finding{Severity: High, Resource: l.name(),
					Reason: "is called when " + l.firstOf.ID + " fails, and sends no " + header})
			}
		}
	})
}

func originNotHTTPS(v *view, found func(Finding)) {
	v.linksTo(func(l *link, _ []*stageView) {
		switch l.origin.Protocol {
		case "http-only":
			found(Finding{Severity: High, Resource: l.name(), Reason: "is called by plain HTTP: whoever is on the way reads the secret, and execute-api does not answer"})
		case "match-viewer":
			found(Finding{Severity: Medium, Resource: l.name(), Reason: "is called by plain HTTP when the viewer comes so: whoever is on the way reads the secret"})
		}
	})
}

func originTLSOld(v *view, found func(Finding)) {
	v.linksTo(func(l *link, _ []*stageView) {
		var old []string
		for _, p := range l.origin.SSLProtocols {
			if p == "SSLv3" || p == "TLSv1" || p == "TLSv1.1" {
				old = append(old, p)
			}
		}
		if len(old) > 0 && l.origin.Protocol != "http-only" {
			found(Finding{Severity: Low, Resource: l.name(), Reason: "may be called with " + strings.Join(old, ", ")})
		}
	})
}

// eachSecretHeader calls with the behaviors of a link and the headers that carry
// or should carry its secret.
func (v *view) eachSecretHeader(visit func(l *link, b *Behavior, header string)) {
	v.linksTo(func(l *link, stages []*stageView) {
		for _, header := range secretHeaders {
			_, sent := l.origin.header(header)
			if !sent && !slices.ContainsFunc(stages, func(s *stageView) bool { return slices.Contains(v.needed(s), header) }) {
				continue
			}
			for _, b := range l.behaviors {
				visit(l, b, header)
			}
		}
	})
}

func (l *link) behavior(b *Behavior) string {
	return "distribution " + l.dist.ID + " behavior " + b.PathPattern
}

func headerWhitelisted(v *view, found func(Finding)) {
	v.eachSecretHeader(func(l *link, b *Behavior, header string) {
		if b.ForwardedHeaders.Known() && b.ForwardedHeaders.Value.lists(header) {
			found(Finding{Severity: Medium, Resource: l.behavior(b),
				Reason: "forwards the viewer's " + header + " by name; CloudFront takes no custom header of that name beside it, so the secret cannot be sent"})
		}
	})
}

func hostForwarded(v *view, found func(Finding)) {
	v.linksTo(func(l *link, _ []*stageView) {
		for _, b := range l.behaviors {
			forwarded := b.ForwardedHeaders.Known() && b.ForwardedHeaders.Value.has("Host")
			if forwarded || b.KeyHeaders.Known() && b.KeyHeaders.Value.has("Host") {
				found(Finding{Severity: High, Resource: l.behavior(b),
					Reason: "sends the viewer's Host to execute-api, which answers 403 to a name that is not its own"})
			}
		}
	})
}

func secretInCacheKey(v *view, found func(Finding)) {
	v.eachSecretHeader(func(l *link, b *Behavior, header string) {
		if b.KeyHeaders.Known() && b.KeyHeaders.Value.has(header) {
			found(Finding{Severity: Medium, Resource: l.behavior(b),
				Reason: "has the viewer's " + header + " in the cache key: each viewer's value makes an object of its own, and the custom header of that name is not taken beside it"})
		}
	})
}
