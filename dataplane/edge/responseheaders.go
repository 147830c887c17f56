package edge

import (
	"strconv"
	"strings"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/program"
)

// applyPolicy changes an answer's fields as the behavior's response headers
// policy says: remove, then CORS, security and custom headers, Server-Timing
// (reference/cloudfront.md section 5.1). It runs after the viewer-response
// function, and not for pages that the edge itself makes.
func (e *Edge) applyPolicy(r request, a answer) answer {
	p := r.behavior.Response
	if p == nil || a.fault != faultNone {
		return a
	}
	h := a.header.Clone()
	removeFields(&h, p, r.now)
	if p.CORS != nil {
		applyCORS(&h, p.CORS, r.asked)
	}
	for _, f := range p.Headers {
		if f.Override || !h.Has(f.Name) {
			h.Set(f.Name, f.Value)
		}
	}
	if e.wantsTiming(p, r.asked) {
		h.Set("Server-Timing", e.serverTiming(r, a, h.Joined("Server-Timing")))
	}
	a.header = h
	return a
}

// removeFields removes what the policy names. Server and Date come back as
// CloudFront's own.
func removeFields(h *exchange.Header, p *program.ResponseHeadersPolicy, now time.Time) {
	for _, name := range p.Remove {
		switch {
		case !h.Has(name):
		case name == "server":
			h.Set("Server", "CloudFront")
		case name == "date":
			h.Set("Date", now.UTC().Format(httpDate))
		default:
			h.Del(name)
		}
	}
}

// applyCORS answers a cross-origin request; others get nothing of it.
func applyCORS(h *exchange.Header, c *program.CORS, q *exchange.Request) {
	origin, cross := q.Header.Lookup("Origin")
	if !cross || !c.Override && hasCORS(*h) {
		return
	}
	if !allowsOrigin(c, origin) {
		return
	}
	if c.AnyOrigin && !c.Credentials {
		origin = "*"
	} else {
		varyBy(h, "Origin")
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if c.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if q.Method != "OPTIONS" || !q.Header.Has("Access-Control-Request-Method") {
		setUnlessEmpty(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
		return
	}
	setUnlessEmpty(h, "Access-Control-Allow-Headers", allowedHeaders(c, q.Header.Joined("Access-Control-Request-Headers")))
	setUnlessEmpty(h, "Access-Control-Allow-Methods", c.Methods)
	setUnlessEmpty(h, "Access-Control-Max-Age", c.MaxAge)
}

func setUnlessEmpty(h *exchange.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// hasCORS tells whether an origin answers cross-origin requests itself.
func hasCORS(h exchange.Header) bool {
	for _, f := range h {
		if len(f.Name) > len("access-control-") && strings.EqualFold(f.Name[:len("access-control-")], "access-control-") {
			return true
		}
	}
	return false
}

func allowsOrigin(c *program.CORS, origin string) bool {
	if c.AnyOrigin {
		return true
	}
	for _, o := range c.Origins {
		if o.Match(origin) {
			return true
		}
	}
	return false
}

// allowedHeaders is the list for a preflight. Patterns stand for those of the
// requested names that they match; "*" stands for itself, as browsers take it,
// and beside credentials, where they do not, for all names but Authorization.
func allowedHeaders(c *program.CORS, requested string) string {
	var names []string
	for _, name := range c.Headers {
		if !strings.Contains(name, "*") || name == "*" && !c.Credentials {
			names = append(names, name)
			continue
		}
		pattern := program.NewNamePattern(strings.ToLower(name))
		for wanted := range strings.SplitSeq(requested, ",") {
			wanted = strings.ToLower(strings.TrimSpace(wanted))
			if wanted == "" || name == "*" && wanted == "authorization" || !pattern.Match(wanted) || strings.EqualFold(wanted, strings.TrimSuffix(name, "*")) {
				continue
			}
			names = append(names, wanted)
		}
	}
	return strings.Join(names, ", ")
}

// varyBy adds a name to Vary.
func varyBy(h *exchange.Header, name string) {
	if vary := h.Joined("Vary"); !hasName(vary, name) {
		h.Set("Vary", joinList(vary, name, ", "))
	}
}

// timingPragma is what a viewer sends to get Server-Timing whatever the rate.
const timingPragma = "server-timing"

// wantsTiming draws by the policy's rate.
func (e *Edge) wantsTiming(p *program.ResponseHeadersPolicy, q *exchange.Request) bool {
	if !p.ServerTiming {
		return false
	}
	const steps = 1_000_000 // 100 % with four decimals
	return hasName(q.Header.Joined("Pragma"), timingPragma) || float64(e.random()%steps) < p.Sampling*(steps/100)
}

// serverTiming writes the metrics, an origin's own behind them where it was
// asked. There is one layer here; resolving and connecting are not told apart
// from waiting.
func (e *Edge) serverTiming(r request, a answer, origins string) string {
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(max(0, d.Milliseconds()), 10) }
	asked := a.word == wordMiss || a.word == wordRefreshHit
	var b strings.Builder
	if asked {
		b.WriteString(`cdn-upstream-layer;desc="EDGE",cdn-upstream-dns;dur=0,cdn-upstream-connect;dur=0,cdn-upstream-fbl;dur=`)
		b.WriteString(milliseconds(r.x.Record.OriginLatency) + ",")
	}
	switch a.word {
	case wordMiss:
		b.WriteString("cdn-cache-miss,")
	case wordRefreshHit:
		b.WriteString("cdn-cache-refresh,")
	case wordHit:
		b.WriteString("cdn-cache-hit,")
	}
	b.WriteString(`cdn-pop;desc="` + r.location.pop + `",cdn-rid;desc="` + r.x.RequestID + `"`)
	if a.word == wordHit {
		b.WriteString(`,cdn-hit-layer;desc="EDGE"`)
	}
	b.WriteString(",cdn-downstream-fbl;dur=" + milliseconds(e.now().Sub(r.now)))
	if asked && origins != "" {
		b.WriteString("," + origins)
	}
	return b.String()
}
