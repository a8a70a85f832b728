// Package selfmetrics is what the agent tells Prometheus about itself. It is
// fed once per snapshot, never per request, so that watching the agent does not
// disturb what it measures. It listens nowhere: Handler is served by the caller.
package selfmetrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
)

// Metrics are the agent's metrics. Its methods may be called concurrently.
type Metrics struct {
	registry *prometheus.Registry
	active   prometheus.Gauge
	requests *prometheus.CounterVec
	errors   prometheus.Counter
	lateness *prometheus.GaugeVec
	spool    prometheus.Gauge
}

// New registers the agent's metrics, with those of the Go runtime and of the
// process. A run's id is no label: every run would add series for good.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meshery_agent_run_active",
			Help: "1 while a run is under way on this agent.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meshery_agent_requests_total",
			Help: "Requests sent, warm-up included, by HTTP status code or kind of error.",
		}, []string{"code"}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meshery_agent_request_errors_total",
			Help: "Requests sent that failed, warm-up included.",
		}),
		// A summary would need the sum over all requests; these are the figures
		// of the newest snapshot only.
		lateness: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "meshery_agent_lateness_seconds",
			Help: "How late the load generator itself was in its newest snapshot: median (p50), 99th percentile (p99) and maximum (max).",
		}, []string{"stat"}),
		spool: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "meshery_agent_spool_bytes",
			Help: "Size of the runs that the plugin has not acknowledged yet.",
		}),
	}
	build := buildinfo.Get()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "meshery_agent_build_info",
		Help:        "Always 1; which build this is stands in the labels.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.GoVersion},
	})
	info.Set(1)
	m.registry.MustRegister(m.active, m.requests, m.errors, m.lateness, m.spool, info,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in what format the scraper prefers.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, MaxRequestsInFlight: 4})
}

// SetActive tells whether a run is under way.
func (m *Metrics) SetActive(active bool) {
	if active {
		m.active.Set(1)
	} else {
		m.active.Set(0)
		m.lateness.Reset()
	}
}

// ObserveCounts adds the requests of one snapshot: how many were sent by code,
// and how many of them failed.
func (m *Metrics) ObserveCounts(codes map[string]int64, failed int64) {
	for code, n := range codes {
		if n > 0 {
			m.requests.WithLabelValues(code).Add(float64(n))
		}
	}
	if failed > 0 {
		m.errors.Add(float64(failed))
	}
}

// ObserveLateness sets the generator's lateness in one snapshot, in seconds.
func (m *Metrics) ObserveLateness(p50, p99, max float64) {
	m.lateness.WithLabelValues("p50").Set(p50)
	m.lateness.WithLabelValues("p99").Set(p99)
	m.lateness.WithLabelValues("max").Set(max)
}

// SetSpoolBytes tells how large the spool is.
func (m *Metrics) SetSpoolBytes(bytes int64) { m.spool.Set(float64(bytes)) }
