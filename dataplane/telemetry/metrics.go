package telemetry

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"drawbridge/dataplane/exchange"
)

// Metrics counts finished exchanges. Label values come from fixed tables
// (plane, result, status class), so that no request can add a series.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	apis *apiMetrics

	series sync.Map // seriesKey → *series: children resolved once
}

type seriesKey struct {
	plane  exchange.Plane
	result string
	class  int
}

type series struct {
	requests, bytes prometheus.Counter
	seconds         prometheus.Observer
}

// NewMetrics returns metrics with a registry of their own, Go's and the
// process's included.
func NewMetrics() *Metrics {
	labels := []string{"plane", "result", "status"}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drawbridge_requests_total", Help: "Requests answered, by plane, result and status class.",
		}, labels),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "drawbridge_response_body_bytes_total", Help: "Body bytes sent.",
		}, labels),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "drawbridge_request_seconds", Help: "Time from a request's head to the last byte of its answer.",
			Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 30},
		}, []string{"plane"}),
	}
	m.apis = newAPIMetrics(m.registry)
	m.registry.MustRegister(m.requests, m.bytes, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge adds a figure that is read when the metrics are scraped.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Observe counts a finished exchange.
func (m *Metrics) Observe(x *exchange.Exchange) {
	key := seriesKey{x.Owner.Plane, x.Record.Result, x.Record.Status / 100}
	s, ok := m.series.Load(key)
	if !ok {
		s = m.resolve(key)
	}
	child := s.(*series)
	child.requests.Inc()
	child.bytes.Add(float64(x.Record.BytesSent))
	child.seconds.Observe(x.Record.Duration.Seconds())
	if x.Owner.Plane == exchange.PlaneGateway {
		m.apis.observe(x)
	}
}

func (m *Metrics) resolve(key seriesKey) any {
	plane, class := key.plane.String(), statusClass(key.class)
	s, _ := m.series.LoadOrStore(key, &series{
		requests: m.requests.WithLabelValues(plane, key.result, class),
		bytes:    m.bytes.WithLabelValues(plane, key.result, class),
		seconds:  m.seconds.WithLabelValues(plane),
	})
	return s
}

func statusClass(class int) string {
	if class < 1 || class > 5 {
		return "other"
	}
	return string(rune('0'+class)) + "xx"
}

// Handler answers a scrape in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
