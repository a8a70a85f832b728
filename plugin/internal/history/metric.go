package history

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// metric is a figure of a run's row.
type metric struct {
	name, unit     string
	higherIsBetter bool
	of             func(e *archive.Entry) *float64
}

// percentiles are the figures of a latency.
var percentiles = []struct {
	name string
	of   func(l *archive.EntryLatency) *float64
}{
	{"mean", func(l *archive.EntryLatency) *float64 { return l.Mean }},
	{"p50", func(l *archive.EntryLatency) *float64 { return l.P50 }},
	{"p75", func(l *archive.EntryLatency) *float64 { return l.P75 }},
	{"p90", func(l *archive.EntryLatency) *float64 { return l.P90 }},
	{"p95", func(l *archive.EntryLatency) *float64 { return l.P95 }},
	{"p99", func(l *archive.EntryLatency) *float64 { return l.P99 }},
	{"p999", func(l *archive.EntryLatency) *float64 { return l.P999 }},
	{"p9999", func(l *archive.EntryLatency) *float64 { return l.P9999 }},
	{"max", func(l *archive.EntryLatency) *float64 { return &l.Max }},
}

// metrics are named by their path in the Result, as those of a Comparison.
var metrics = allMetrics()

func allMetrics() []metric {
	var all []metric
	for _, latency := range []struct {
		name string
		of   func(e *archive.Entry) *archive.EntryLatency
	}{
		{"responseTime", func(e *archive.Entry) *archive.EntryLatency { return e.ResponseTime }},
		{"serviceTime", func(e *archive.Entry) *archive.EntryLatency { return e.ServiceTime }},
	} {
		for _, p := range percentiles {
			all = append(all, metric{name: latency.name + "." + p.name, unit: "ms", of: func(e *archive.Entry) *float64 {
				if l := latency.of(e); l != nil {
					return p.of(l)
				}
				return nil
			}})
		}
	}
	for _, layers := range []struct {
		name, unit string
		of         func(c *archive.EntryCost) *archive.EntryLayers
	}{
		{"cpu", "core-s/1000", func(c *archive.EntryCost) *archive.EntryLayers { return &c.CPU }},
		{"memory", "bytes", func(c *archive.EntryCost) *archive.EntryLayers { return &c.Memory }},
	} {
		for _, l := range []struct {
			name string
			of   func(l *archive.EntryLayers) *float64
		}{
			{"application", func(l *archive.EntryLayers) *float64 { return l.Application }},
			{"dataPlane", func(l *archive.EntryLayers) *float64 { return l.DataPlane }},
			{"controlPlane", func(l *archive.EntryLayers) *float64 { return l.ControlPlane }},
			{"node", func(l *archive.EntryLayers) *float64 { return l.Nodes }},
		} {
			if layers.name == "memory" && l.name == "node" {
				continue
			}
			all = append(all, metric{name: layers.name + "." + l.name, unit: layers.unit, of: func(e *archive.Entry) *float64 {
				if e.Cost == nil {
					return nil
				}
				return l.of(layers.of(e.Cost))
			}})
		}
	}
	return append(all,
		metric{name: "rate.achieved", unit: "requests/s", higherIsBetter: true, of: func(e *archive.Entry) *float64 { return &e.Rate.Achieved }},
		metric{name: "errors", unit: "%", of: func(e *archive.Entry) *float64 {
			if e.Requests.Sent == 0 {
				return nil
			}
			return new(100 * float64(e.Requests.Failed) / float64(e.Requests.Sent))
		}},
	)
}

// Metrics are the names of the figures that there can be a history of.
func Metrics() []string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.name)
	}
	return names
}

func metricNamed(name string) (metric, error) {
	i := slices.IndexFunc(metrics, func(m metric) bool { return m.name == name })
	if i < 0 {
		return metric{}, fmt.Errorf("%q is no metric: use one of %s", name, strings.Join(Metrics(), ", "))
	}
	return metrics[i], nil
}

// CheckMetric finds out whether there is such a metric.
func CheckMetric(name string) error {
	_, err := metricNamed(name)
	return err
}

// value is a run's figure, or why it does not count.
func (m metric) value(e *archive.Entry) (v float64, reason string) {
	if e.Phase != document.Succeeded {
		return 0, fmt.Sprintf("it did not succeed, but is %s", e.Phase)
	}
	if !e.Valid {
		return 0, "it is not valid"
	}
	ms := m.of(e)
	if ms == nil {
		return 0, fmt.Sprintf("the index has no %s of it: closed loops have no response time, percentiles need enough requests, costs the kubelet's metrics, and rows that an earlier version wrote have fewer figures", m.name)
	}
	return *ms, ""
}
