package telemetry

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/dataplane/exchange"
)

func finished() *exchange.Exchange {
	return &exchange.Exchange{
		Conn:      &exchange.Conn{RemoteAddr: netip.MustParseAddrPort("[::ffff:192.0.2.7]:4711")},
		Request:   &exchange.Request{Method: "GET", Host: "d1.cloudfront.net", Path: "/a\"b\x01\xff", RawQuery: "token=secret", HasQuery: true, Protocol: exchange.HTTP2},
		Start:     time.Date(2026, 11, 22, 16, 0, 0, 5e6, time.UTC),
		RequestID: "id-1",
		Owner:     exchange.Owner{Plane: exchange.PlaneEdge},
		Record: exchange.Record{
			Result: "Hit", Reason: "fresh", Distribution: "E1", Status: 200, BytesSent: 1310,
			Duration: 1500 * time.Microsecond, Revision: 7,
		},
	}
}

func TestAccessLogLineIsJSONWithoutQuery(t *testing.T) {
	var out bytes.Buffer
	log := NewAccessLog(&out)
	log.Write(finished())
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, out.String())
	}
	want := map[string]any{
		"time": "2026-11-22T16:00:00.005Z", "plane": "edge", "client": "192.0.2.7", "path": "/a\"b\x01\ufffd",
		"status": 200.0, "bytes": 1310.0, "ms": 1.5, "result": "Hit", "reason": "fresh", "revision": 7.0,
		"protocol": "HTTP/2.0",
	}
	for name, value := range want {
		if line[name] != value {
			t.Errorf("%s = %v, want %v", name, line[name], value)
		}
	}
	if strings.Contains(out.String(), "secret") {
		t.Error("the query string is in the log")
	}
}

func TestAccessLogDropsRatherThanGrow(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	log := NewAccessLog(blocked{never})
	x := finished()
	x.Request.Path = "/" + strings.Repeat("p", maxText)
	for range 2 * maxPending / maxText {
		log.Write(x)
	}
	if log.Dropped() == 0 {
		t.Error("nothing was dropped although the writer is stuck")
	}
}

type blocked struct{ never chan struct{} }

func (b blocked) Write([]byte) (int, error) { <-b.never; return 0, nil }

func TestMetricsCountByPlaneResultAndClass(t *testing.T) {
	m := NewMetrics()
	m.Gauge("drawbridge_test", "A test.", func() float64 { return 3 })
	m.Observe(finished())
	m.Observe(finished())
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	for _, want := range []string{
		`drawbridge_requests_total{plane="edge",result="Hit",status="2xx"} 2`,
		`drawbridge_response_body_bytes_total{plane="edge",result="Hit",status="2xx"} 2620`,
		`drawbridge_request_seconds_count{plane="edge"} 2`,
		`drawbridge_test 3`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}

func TestAPIMetrics(t *testing.T) {
	m := NewMetrics()
	call := func(api string, change func(r *exchange.Record)) {
		x := finished()
		x.Owner.Plane = exchange.PlaneGateway
		x.Record = exchange.Record{API: api, Stage: "prod", Resource: "/pets", Status: 200, Duration: 20 * time.Millisecond}
		change(&x.Record)
		m.Observe(x)
	}
	call("a", func(*exchange.Record) {})
	call("a", func(r *exchange.Record) { r.Status, r.Method = 403, "GET" })
	call("a", func(r *exchange.Record) { r.Method, r.Cache, r.OriginLatency = "GET", "miss", time.Millisecond })
	call("a", func(r *exchange.Record) { r.Cache = "hit" })
	call("a", func(r *exchange.Record) { r.Stage = "" }) // came to no stage
	for i := range maxAPISeries + 5 {
		call(strconv.Itoa(i), func(r *exchange.Record) {})
	}
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	for _, want := range []string{
		`drawbridge_api_requests_total{api="a",stage="prod",status="2xx"} 3`,
		`drawbridge_api_requests_total{api="a",stage="prod",status="4xx"} 1`,
		`drawbridge_api_latency_seconds_count{api="a",stage="prod"} 4`,
		`drawbridge_api_integration_latency_seconds_count{api="a",stage="prod"} 1`,
		`drawbridge_api_cache_total{api="a",result="hit",stage="prod"} 1`,
		`drawbridge_api_cache_total{api="a",result="miss",stage="prod"} 1`,
		`drawbridge_api_method_requests_total{api="a",method="GET",resource="/pets",stage="prod",status="2xx"} 1`,
		`drawbridge_api_method_requests_total{api="a",method="GET",resource="/pets",stage="prod",status="4xx"} 1`,
		`drawbridge_api_requests_total{api="other",stage="other",status="2xx"} 9`,
	} {
		if !strings.Contains(answer.Body.String(), want+"\n") {
			t.Errorf("metrics lack %q", want)
		}
	}
}

func TestRecentKeepsTheLastRecords(t *testing.T) {
	var out bytes.Buffer
	log := NewAccessLog(&out)
	x := finished()
	for i := range maxRecent + 7 {
		x.RequestID = strconv.Itoa(i)
		log.Write(x)
	}
	if err := log.Close(); err != nil { // everything has gone out
		t.Fatal(err)
	}
	for _, ask := range []struct {
		query       string
		records     int
		first, last string
	}{{"", maxRecent, "7", "1006"}, {"?limit=2", 2, "1005", "1006"}, {"?limit=0", 0, "", ""}} {
		answer := httptest.NewRecorder()
		log.Recent(answer, httptest.NewRequest("GET", "/_drawbridge/log"+ask.query, nil))
		var got struct {
			Records []struct{ ID string }
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if n := len(got.Records); n != ask.records || n > 0 && (got.Records[0].ID != ask.first || got.Records[n-1].ID != ask.last) {
			t.Errorf("%q: %d records", ask.query, n)
		}
	}
	if strings.Count(out.String(), "\n") != maxRecent+7 {
		t.Error("lines are missing in the log itself")
	}
	answer := httptest.NewRecorder()
	if log.Recent(answer, httptest.NewRequest("GET", "/?limit=x", nil)); answer.Code != 400 {
		t.Errorf("limit=x: %d", answer.Code)
	}
}
