package gateway

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"drawbridge/dataplane/exchange"
	"drawbridge/dataplane/telemetry"
)

// trace is where a call stands in a trace (reference/api-gateway.md 2.4).
type trace struct {
	root    string // "1-{8 hex}-{24 hex}"
	caller  string // the caller's span: 16 hex digits, "" when it named none
	own     string // the call's span, of a stage with tracing
	backend string // the span that the integration request names as its parent
	sampled bool
}

// trace returns the X-Amzn-Trace-Id of the integration request: the caller's
// when it sent one, completed, else a new one.
func (c *call) trace() string {
	t := c.traced()
	sampled := ";Sampled=0"
	if t.sampled {
		sampled = ";Sampled=1"
	}
	return "Root=" + t.root + ";Parent=" + t.backend + sampled
}

// traced works out where the call stands in a trace. On a stage with tracing the
// call is a span of its own; on others it hands on the caller's.
func (c *call) traced() *trace {
	if c.tracing != nil {
		return c.tracing
	}
	t, decided := parseTrace(c.x.Request.Header.Get("X-Amzn-Trace-Id"))
	if t.root == "" {
		t.root = traceRoot(c.now)
	}
	if c.place.stage != nil && c.place.stage.Tracing {
		t.own, t.backend = randomHex(16), randomHex(16)
		if !decided {
			t.sampled = c.gateway.sampler.take(c.now)
		}
	} else if t.backend = t.caller; t.backend == "" {
		t.backend = randomHex(16)
	}
	c.tracing = &t
	return c.tracing
}

// xrayTrace is $context.xrayTraceId: the root of the trace of a call on a stage
// with tracing, else "".
func (c *call) xrayTrace() string {
	if c.place.stage == nil || !c.place.stage.Tracing {
		return ""
	}
	return c.traced().root
}

// parseTrace reads the parts of a trace id that make sense; decided tells that
// the caller said whether the trace is sampled.
func parseTrace(sent string) (t trace, decided bool) {
	for part := range strings.SplitSeq(sent, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "Root" && isTraceRoot(value):
			t.root = value
		case name == "Parent" && isHexText(value, 16):
			t.caller = value
		case name == "Sampled" && (value == "0" || value == "1"):
			t.sampled, decided = value == "1", true
		}
	}
	return t, decided
}

// traceRoot makes the root of a new trace: the time and 96 random bits.
func traceRoot(now time.Time) string {
	const digits = "0123456789abcdef"
	at, text := uint32(now.Unix()), [8]byte{}
	for i := range text {
		text[i] = digits[at>>(28-4*i)&15]
	}
	return "1-" + string(text[:]) + "-" + randomHex(24)
}

func isTraceRoot(s string) bool {
	return len(s) == 35 && s[:2] == "1-" && isHexText(s[2:10], 8) && s[10] == '-' && isHexText(s[11:], 24)
}

func isHexText(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// sampler decides which traces are kept as X-Ray's default rule does: the first
// call of each second and one in twenty of the others (X-Ray developer guide,
// "Configuring sampling rules").
type sampler struct{ second atomic.Int64 }

func (s *sampler) take(now time.Time) bool {
	second := now.Unix()
	before := s.second.Load()
	if before != second && s.second.CompareAndSwap(before, second) {
		return true
	}
	return rand.IntN(20) == 0
}

// spans hands on the spans of a sampled call: the call itself and what it asked
// of a backend.
func (c *call) spans(x *exchange.Exchange) {
	t := c.traced()
	r := &x.Record
	id := strings.ReplaceAll(t.root[2:], "-", "")
	server := telemetry.Span{
		TraceID: id, ID: t.own, Parent: t.caller, Name: c.verb + " /" + r.Stage + r.Resource, Server: true,
		Start: x.Start, End: x.Start.Add(r.Duration), Failed: r.Status >= 500,
		Attributes: []telemetry.Attribute{
			{Name: "http.request.method", Text: c.verb}, {Name: "http.route", Text: r.Resource},
			{Name: "url.path", Text: c.requestPath()}, {Name: "server.address", Text: x.Request.Host},
			{Name: "http.response.status_code", Number: int64(r.Status)},
			{Name: "aws.api_gateway.rest_api_id", Text: r.API}, {Name: "aws.api_gateway.stage", Text: r.Stage},
			{Name: "aws.request_id", Text: c.requestID},
		},
	}
	if r.Reason != "" {
		server.Attributes = append(server.Attributes, telemetry.Attribute{Name: "error.type", Text: r.Reason})
	}
	c.gateway.options.Span(server)
	if c.integrated.began.IsZero() {
		return
	}
	backend := telemetry.Span{
		TraceID: id, ID: t.backend, Parent: t.own, Name: "integration", Failed: r.OriginStatus >= 500 || r.OriginStatus == 0,
		Start: c.integrated.began, End: c.integrated.began.Add(r.OriginLatency),
	}
	if r.OriginStatus != 0 {
		backend.Attributes = []telemetry.Attribute{{Name: "http.response.status_code", Number: int64(r.OriginStatus)}}
	}
	c.gateway.options.Span(backend)
}
