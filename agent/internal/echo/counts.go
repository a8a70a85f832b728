package echo

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc/codes"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
)

// counts are the workload's own figures: an atomic addition per request, and no
// histogram, for the time spent in here says nothing about a mesh.
type counts struct {
	codes    [600]atomic.Uint64
	inFlight atomic.Int64
	// Made before the first call and not changed after, so that it needs no lock.
	calls                map[string]*callCodes
	tcpConns, tcpBytes   atomic.Uint64
	udpPackets, udpBytes atomic.Uint64
}

// callCodes counts the calls of one method by the code of the answer. gRPC has 17.
type callCodes [codes.Unauthenticated + 1]atomic.Uint64

// otherMethods are all that are not served: a client's inventions must not
// become series.
const otherMethods = "other"

func newCounts() *counts {
	return &counts{calls: map[string]*callCodes{otherMethods: {}}}
}

func (c *counts) add(status int) { c.codes[status].Add(1) }

// serve makes room for a method, "/package.Service/Method". It must not be called
// once calls are counted.
func (c *counts) serve(fullMethod string) {
	if c.calls[fullMethod] == nil {
		c.calls[fullMethod] = new(callCodes)
	}
}

// addCall counts a call of "/package.Service/Method".
func (c *counts) addCall(fullMethod string, code codes.Code) {
	method, ok := c.calls[fullMethod]
	if !ok {
		method = c.calls[otherMethods]
	}
	method[min(code, codes.Unauthenticated)].Add(1)
}

var (
	requestsDesc = prometheus.NewDesc("echo_requests_total",
		"HTTP requests received, by status code of the answer; 499 when the client went away before it. /healthz is not counted.", []string{"code"}, nil)
	inFlightDesc = prometheus.NewDesc("echo_requests_in_flight", "HTTP requests being answered.", nil, nil)
	callsDesc    = prometheus.NewDesc("echo_grpc_requests_total",
		"gRPC calls received, by method and by code of the answer.", []string{"method", "code"}, nil)
	tcpConnsDesc   = prometheus.NewDesc("echo_tcp_connections_total", "Connections accepted by the TCP echo.", nil, nil)
	tcpBytesDesc   = prometheus.NewDesc("echo_tcp_bytes_total", "Bytes that the TCP echo received and sent back.", nil, nil)
	udpPacketsDesc = prometheus.NewDesc("echo_udp_packets_total", "Packets that the UDP echo received and sent back.", nil, nil)
	udpBytesDesc   = prometheus.NewDesc("echo_udp_bytes_total", "Payload that the UDP echo received and sent back, in bytes.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *counts) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requestsDesc, inFlightDesc, callsDesc, tcpConnsDesc, tcpBytesDesc, udpPacketsDesc, udpBytesDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector. What went well is there from the
// start, so that the increase of the first requests can be seen.
func (c *counts) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for status := range c.codes {
		if n := c.codes[status].Load(); n > 0 || status == http.StatusOK {
			counter(requestsDesc, n, strconv.Itoa(status))
		}
	}
	out <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(c.inFlight.Load()))
	for method, byCode := range c.calls {
		for code := range byCode {
			ok := codes.Code(code) == codes.OK && method != otherMethods
			if n := byCode[code].Load(); n > 0 || ok {
				counter(callsDesc, n, strings.TrimPrefix(method, "/"), codes.Code(code).String())
			}
		}
	}
	counter(tcpConnsDesc, c.tcpConns.Load())
	counter(tcpBytesDesc, c.tcpBytes.Load())
	counter(udpPacketsDesc, c.udpPackets.Load())
	counter(udpBytesDesc, c.udpBytes.Load())
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
