package echo

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
)

// counts are the workload's own figures: an atomic addition per request, and no
// histogram, for the time spent in here says nothing about a mesh.
type counts struct {
	codes    [600]atomic.Uint64
	inFlight atomic.Int64
}

func (c *counts) add(status int) { c.codes[status].Add(1) }

var (
	requestsDesc = prometheus.NewDesc("echo_requests_total",
		"Requests received, by status code of the answer; 499 when the client went away before it. /healthz is not counted.", []string{"code"}, nil)
	inFlightDesc = prometheus.NewDesc("echo_requests_in_flight", "Requests being answered.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *counts) Describe(out chan<- *prometheus.Desc) {
	out <- requestsDesc
	out <- inFlightDesc
}

// Collect implements prometheus.Collector. Code 200 is there from the start, so
// that the increase of the first requests can be seen.
func (c *counts) Collect(out chan<- prometheus.Metric) {
	for status := range c.codes {
		if n := c.codes[status].Load(); n > 0 || status == http.StatusOK {
			out <- prometheus.MustNewConstMetric(requestsDesc, prometheus.CounterValue, float64(n), strconv.Itoa(status))
		}
	}
	out <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(c.inFlight.Load()))
}

// metrics serves the counts.
func metrics(c *counts) http.Handler {
	build := buildinfo.Get()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "echo_build_info",
		Help:        "Always 1; which build this is stands in the labels.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.GoVersion},
	})
	info.Set(1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(c, info)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}
