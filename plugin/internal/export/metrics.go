package export

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// metricPrefix begins the name of every metric of a Run.
const metricPrefix = "meshery_run_"

// bounds are the upper bounds of the buckets of latencies, in seconds: steps of 1, 2.5
// and 5 from 100 µs to a minute.
var bounds = []float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
}

// metrics are those of one Run, with the time it ended. It is the collector of a
// registry, which checks what is given out.
type metrics struct {
	labels prometheus.Labels
	at     time.Time
	all    []prometheus.Metric
	errs   []error
}

// Describe tells of nothing beforehand: which labels there are depends on the Run.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect gives out the metrics.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	for _, one := range m.all {
		to <- one
	}
}

// metricsOf makes the metrics of a Run.
func metricsOf(r *document.Result) (*metrics, error) {
	s := &r.Status
	m := &metrics{labels: runLabels(r), at: s.EndTime}
	m.about(r)
	m.requests("", &s.Requests, nil)
	m.gauge("achieved_requests_per_second", "", "Requests sent per second of the measured time.", s.Rate.Achieved, nil)
	if s.Rate.Target != nil {
		m.gauge("target_requests_per_second", "", "Requests per second that were to be sent, on average.", *s.Rate.Target, nil)
	}
	if s.Requests.Sent > 0 {
		m.gauge("failed", "ratio", "Share of the requests sent that failed.", float64(s.Requests.Failed)/float64(s.Requests.Sent), nil)
	}
	for _, d := range distributions(r) {
		m.latency("", d, nil)
	}
	for i := range s.Agents {
		m.agent(&s.Agents[i])
	}
	m.resources(&s.Resources)
	if len(m.errs) > 0 {
		return nil, fmt.Errorf("run %q: %w", r.Metadata.RunID, errors.Join(m.errs...))
	}
	return m, nil
}

// runLabels are run, name, and label_KEY for each label of the Run, as
// kube-state-metrics names those of objects. Labels that become the same are told
// apart by a number.
func runLabels(r *document.Result) prometheus.Labels {
	out := prometheus.Labels{"run": r.Metadata.RunID, "name": r.Metadata.Name}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata.Labels)) {
		name := "label_" + labelName(k)
		unique := name
		for n := 2; out[unique] != ""; n++ {
			unique = fmt.Sprintf("%s_%d", name, n)
		}
		out[unique] = strings.ToValidUTF8(r.Metadata.Labels[k], "?")
	}
	return out
}

// labelName has an underscore for everything that no label of Prometheus may have.
func labelName(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, s)
}

// desc describes a metric with the Run's labels and more. Names end with the unit,
// as Prometheus wants it, and those of counters with total after it.
func (m *metrics) desc(name, unit, help string, more prometheus.Labels, after ...string) *prometheus.Desc {
	labels := maps.Clone(m.labels)
	maps.Copy(labels, more)
	name = metricPrefix + name
	if unit != "" {
		name += "_" + unit
	}
	name = strings.Join(append([]string{name}, after...), "_")
	return prometheus.V2.NewDesc(name, help, prometheus.UnconstrainedLabels(nil), labels, prometheus.WithUnit(unit))
}

func (m *metrics) add(one prometheus.Metric, err error) {
	if err != nil {
		m.errs = append(m.errs, err)
		return
	}
	m.all = append(m.all, prometheus.NewMetricWithTimestamp(m.at, one))
}

func (m *metrics) gauge(name, unit, help string, v float64, more prometheus.Labels) {
	m.add(prometheus.NewConstMetric(m.desc(name, unit, help, more), prometheus.GaugeValue, v))
}

func (m *metrics) counter(name, unit, help string, v float64, more prometheus.Labels) {
	m.add(prometheus.NewConstMetric(m.desc(name, unit, help, more, "total"), prometheus.CounterValue, v))
}

func (m *metrics) about(r *document.Result) {
	s := &r.Status
	clean := func(v string) string { return strings.ToValidUTF8(oneLine(v), "?") }
	m.gauge("info", "", "What the run is; always 1.", 1, prometheus.Labels{
		"target": clean(targetURLs(r)), "phase": string(s.Phase), "version": clean(s.Environment.Plugin), "kubernetes": clean(s.Environment.Kubernetes),
	})
	m.gauge("valid", "", "Whether the numbers may be believed: 1, or 0.", float64(btoi(s.Validity.Valid)), nil)
	m.gauge("start_time", "seconds", "When the measured time began, since 1970.", float64(s.StartTime.UnixNano())/1e9, nil)
	m.gauge("duration", "seconds", "The measured time.", s.EndTime.Sub(s.StartTime).Seconds(), nil)
	// A Test may have the same threshold twice, and no series can be there twice.
	passed := map[string]bool{}
	for _, t := range s.Thresholds {
		text := clean(t.Expression)
		before, again := passed[text]
		passed[text] = t.Passed && (before || !again)
	}
	for _, text := range slices.Sorted(maps.Keys(passed)) {
		m.gauge("threshold_passed", "", "Whether a threshold held: 1, or 0.", float64(btoi(passed[text])), prometheus.Labels{"expression": text})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// requests are those of the Run, or with a prefix of a part of it.
func (m *metrics) requests(prefix string, q *document.Requests, more prometheus.Labels) {
	with := func(name, value string) prometheus.Labels {
		labels := prometheus.Labels{name: value}
		maps.Copy(labels, more)
		return labels
	}
	for _, one := range []struct {
		outcome string
		n       int64
	}{{"succeeded", q.Succeeded}, {"failed", q.Failed}, {"unsent", q.Unsent}} {
		m.counter(prefix+"requests", "", "Requests that were to be sent, by what became of them.", float64(one.n), with("outcome", one.outcome))
	}
	for _, code := range slices.Sorted(maps.Keys(q.Codes)) {
		m.counter(prefix+"answers", "", "Requests sent, by status code or kind of failure.", float64(q.Codes[code]), with("code", strings.ToValidUTF8(code, "?")))
	}
	m.counter(prefix+"received", "bytes", "Headers and bodies received.", float64(q.BytesReceived), more)
}

// latency is a histogram, and what the Result itself says of it. A Run that was
// imported may have no histogram.
func (m *metrics) latency(prefix string, d distribution, more prometheus.Labels) {
	s := d.summary
	if s == nil || s.Count == 0 {
		return
	}
	name, sum := prefix+d.metric, s.Mean/1e3*float64(s.Count)
	if d.encoded != "" {
		h, err := decode(s, d.encoded)
		if err != nil {
			m.errs = append(m.errs, fmt.Errorf("%s: %w", d.name, err))
			return
		}
		counts := map[float64]uint64{}
		for _, bar := range h.Distribution() {
			if bar.Count == 0 {
				continue
			}
			// What lies in a bar across a bound is told apart to 0.1 % only.
			middle := float64(bar.From+bar.To) / 2 / 1e9
			if i, _ := slices.BinarySearch(bounds, middle); i < len(bounds) {
				counts[bounds[i]] += uint64(bar.Count)
			}
		}
		var below uint64
		for _, b := range bounds {
			below += counts[b]
			counts[b] = below
		}
		m.add(prometheus.NewConstHistogram(m.desc(name, "seconds", d.help, more), uint64(s.Count), sum, counts))
	}
	percentiles := map[float64]float64{}
	for _, q := range quantiles {
		if v := q.of(s); v != nil {
			percentiles[q.q] = *v / 1e3
		}
	}
	m.add(prometheus.NewConstSummary(m.desc(name+"_percentiles", "seconds", "Percentiles, exact to 0.1 %: "+d.help, more), uint64(s.Count), sum, percentiles))
	m.gauge(name+"_min", "seconds", "Least: "+d.help, s.Min/1e3, more)
	m.gauge(name+"_max", "seconds", "Greatest: "+d.help, s.Max/1e3, more)
}
