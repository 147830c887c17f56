package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Span is a part of a trace: one call, or what it asked of somebody else.
type Span struct {
	TraceID    string // 32 hexadecimal digits
	ID, Parent string // 16; Parent is "" for a trace that begins here
	Name       string
	Server     bool // a request that was answered; else one that was made
	Start, End time.Time
	Failed     bool
	Attributes []Attribute
}

// Attribute is a fact about a span, by OpenTelemetry's names where it has one.
// One without Text is a number.
type Attribute struct {
	Name, Text string
	Number     int64
}

// Spans sends spans to an OpenTelemetry collector: OTLP over HTTP in JSON
// (OpenTelemetry protocol specification 1.x, "OTLP/HTTP").
type Spans struct{ *Lines }

// CheckCollector tells whether a collector's base URL makes sense.
func CheckCollector(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q: write http://HOST:4318", endpoint)
	}
	return nil
}

// NewSpans starts sending to the collector with this base URL, under which
// /v1/traces takes spans. Close ends it.
func NewSpans(endpoint string) (*Spans, error) {
	if err := CheckCollector(endpoint); err != nil {
		return nil, err
	}
	return &Spans{NewLines(&collector{poster{
		url: strings.TrimRight(endpoint, "/") + "/v1/traces", contentType: "application/json", client: &http.Client{Timeout: postTimeout},
	}})}, nil
}

// Send adds a span.
func (s *Spans) Send(span Span) {
	s.Add(func(b []byte) []byte { return append(appendSpan(b, &span), ',') })
}

// collector wraps spans, each with a comma behind it, in a request.
type collector struct{ out poster }

var _ io.Writer = (*collector)(nil)

func (c *collector) Write(spans []byte) (int, error) {
	const head = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"drawbridge"}}]},` +
		`"scopeSpans":[{"scope":{"name":"drawbridge"},"spans":[`
	body := make([]byte, 0, len(head)+len(spans)+8)
	body = append(body, head...)
	body = append(body, bytes.TrimSuffix(spans, []byte(","))...)
	body = append(body, `]}]}]}`...)
	if _, err := c.out.Write(body); err != nil {
		return 0, err
	}
	return len(spans), nil
}

// The kinds and the status of OTLP's Span message.
const (
	kindServer  = 2
	kindClient  = 3
	statusError = 2
)

func appendSpan(b []byte, s *Span) []byte {
	kind := int64(kindClient)
	if s.Server {
		kind = kindServer
	}
	b = append(b, `{"kind":`...)
	b = strconv.AppendInt(b, kind, 10)
	b = appendText(b, "traceId", s.TraceID)
	b = appendText(b, "spanId", s.ID)
	b = appendText(b, "parentSpanId", s.Parent)
	b = appendText(b, "name", s.Name)
	b = append(b, `,"startTimeUnixNano":"`...)
	b = strconv.AppendInt(b, s.Start.UnixNano(), 10)
	b = append(b, `","endTimeUnixNano":"`...)
	b = strconv.AppendInt(b, s.End.UnixNano(), 10)
	b = append(b, `","attributes":[`...)
	for i, a := range s.Attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"key":"`...)
		b = append(b, a.Name...)
		b = append(b, `","value":{`...)
		if a.Text != "" {
			b = appendString(append(b, `"stringValue":`...), a.Text)
		} else {
			b = append(b, `"intValue":"`...)
			b = strconv.AppendInt(b, a.Number, 10)
			b = append(b, '"')
		}
		b = append(b, "}}"...)
	}
	b = append(b, ']')
	if s.Failed {
		b = append(b, `,"status":{"code":`...)
		b = strconv.AppendInt(b, statusError, 10)
		b = append(b, '}')
	}
	return append(b, '}')
}
