package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"drawbridge/dataplane/exchange"
)

// maxAPISeries bounds the combinations of API, stage, method and status class
// that have series of their own; what comes later is counted as api="other".
// AWS's quotas of 600 APIs with 10 stages fit, with some of their methods.
const maxAPISeries = 10_000

// apiMetrics are API Gateway's metrics (reference/api-gateway.md 7.7): Count,
// 4XXError and 5XXError are drawbridge_api_requests_total by status class, Latency
// and IntegrationLatency histograms, CacheHitCount and CacheMissCount counters. A
// method whose stage has metricsEnabled has the same by method and resource, in
// a family of its own, so that sums over a family count every call once.
type apiMetrics struct {
	stage, method apiFamily

	mu    sync.RWMutex
	known map[apiKey]apiSeries
}

// apiFamily are the metrics by stage or those by method.
type apiFamily struct {
	requests       *prometheus.CounterVec
	latency        *prometheus.HistogramVec
	backendLatency *prometheus.HistogramVec
	cache          *prometheus.CounterVec
}

// apiKey names series; method and resource are "" for those of a stage.
type apiKey struct {
	api, stage, method, resource string
	class                        int
}

// apiSeries are children resolved once.
type apiSeries struct {
	requests               prometheus.Counter
	latency, backend       prometheus.Observer
	cacheHits, cacheMisses prometheus.Counter
}

func newAPIFamily(prefix, by string, labels ...string) apiFamily {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 29}
	return apiFamily{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_requests_total", Help: "Calls of APIs by " + by + " and status class (AWS: Count, 4XXError, 5XXError).",
		}, append(labels, "status")),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "_latency_seconds", Help: "Time from a call's head to the last byte of its answer, by " + by + " (AWS: Latency).", Buckets: buckets,
		}, labels),
		backendLatency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "_integration_latency_seconds", Help: "Time a backend took to answer, by " + by + " (AWS: IntegrationLatency).", Buckets: buckets,
		}, labels),
		cache: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_cache_total", Help: "Calls that the stage's cache was asked about, by " + by + " and result (AWS: CacheHitCount, CacheMissCount).",
		}, append(labels, "result")),
	}
}

func newAPIMetrics(registry *prometheus.Registry) *apiMetrics {
	m := &apiMetrics{
		known:  make(map[apiKey]apiSeries),
		stage:  newAPIFamily("drawbridge_api", "stage", "api", "stage"),
		method: newAPIFamily("drawbridge_api_method", "method", "api", "stage", "method", "resource"),
	}
	for _, f := range []apiFamily{m.stage, m.method} {
		registry.MustRegister(f.requests, f.latency, f.backendLatency, f.cache)
	}
	return m
}

// observe counts a call that came to a stage.
func (m *apiMetrics) observe(x *exchange.Exchange) {
	r := &x.Record
	if r.API == "" || r.Stage == "" {
		return
	}
	key := apiKey{api: r.API, stage: r.Stage, class: r.Status / 100}
	m.count(key, r)
	if r.Method != "" {
		key.method, key.resource = r.Method, r.Resource
		m.count(key, r)
	}
}

func (m *apiMetrics) count(key apiKey, r *exchange.Record) {
	m.mu.RLock()
	s, ok := m.known[key]
	m.mu.RUnlock()
	if !ok {
		s = m.resolve(key)
	}
	s.requests.Inc()
	s.latency.Observe(r.Duration.Seconds())
	if r.OriginLatency > 0 {
		s.backend.Observe(r.OriginLatency.Seconds())
	}
	switch r.Cache {
	case "hit":
		s.cacheHits.Inc()
	case "miss":
		s.cacheMisses.Inc()
	}
}

// resolve finds the children of new series and keeps them.
func (m *apiMetrics) resolve(key apiKey) apiSeries {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.known[key]; ok {
		return s
	}
	if len(m.known) >= maxAPISeries {
		key.api, key.stage, key.resource = "other", "other", ""
		if key.method != "" {
			key.method, key.resource = "other", "other"
		}
		if s, ok := m.known[key]; ok {
			return s
		}
	}
	family, labels := &m.stage, []string{key.api, key.stage}
	if key.method != "" {
		family, labels = &m.method, []string{key.api, key.stage, key.method, key.resource}
	}
	with := func(last string) []string { return append(labels[:len(labels):len(labels)], last) }
	s := apiSeries{
		requests: family.requests.WithLabelValues(with(statusClass(key.class))...),
		latency:  family.latency.WithLabelValues(labels...), backend: family.backendLatency.WithLabelValues(labels...),
		cacheHits: family.cache.WithLabelValues(with("hit")...), cacheMisses: family.cache.WithLabelValues(with("miss")...),
	}
	m.known[key] = s
	return s
}
