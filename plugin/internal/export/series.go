package export

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Series are the timelines of Runs, and the figures at their ends, as time series of
// Prometheus: sorted by their labels, each one's samples by time.
//
// The figures of a point, a second or several, have the time it ended. Counts are
// counters over the measured time, which begin with a 0, so that rate() and increase()
// do what they do with those of a program; the warm-up is left out.
func Series(runs []*document.Result) ([]*model.SampleStream, error) {
	g, err := gatherer(runs)
	if err != nil {
		return nil, err
	}
	families, err := g.Gather()
	if err != nil {
		return nil, err
	}
	vector, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, families...)
	if err != nil {
		return nil, err
	}
	set := seriesSet{}
	for _, s := range vector {
		set.add(s.Metric, s.Timestamp, s.Value)
	}
	for _, r := range runs {
		set.timeline(r)
	}
	all := slices.Collect(maps.Values(set))
	for _, one := range all {
		slices.SortStableFunc(one.Values, func(a, b model.SamplePair) int { return int(a.Timestamp.Sub(b.Timestamp)) })
	}
	slices.SortFunc(all, func(a, b *model.SampleStream) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
	return all, nil
}

// seriesSet holds series by their labels.
type seriesSet map[model.Fingerprint]*model.SampleStream

func (set seriesSet) add(m model.Metric, at model.Time, v model.SampleValue) {
	key := m.Fingerprint()
	s := set[key]
	if s == nil {
		s = &model.SampleStream{Metric: m}
		set[key] = s
	}
	// A Run may end within the millisecond after a point, with one more: no receiver
	// takes two samples of one time.
	if n := len(s.Values); n > 0 && s.Values[n-1].Timestamp == at {
		s.Values[n-1].Value = v
		return
	}
	s.Values = append(s.Values, model.SamplePair{Timestamp: at, Value: v})
}

// timeline adds the points of a Run.
func (set seriesSet) timeline(r *document.Result) {
	labels := runLabels(r)
	put := func(name string, at time.Time, v float64, more ...string) {
		m := model.Metric{model.MetricNameLabel: model.LabelValue(metricPrefix + "timeline_" + name)}
		for k, v := range labels {
			m[model.LabelName(k)] = model.LabelValue(v)
		}
		for i := 0; i < len(more); i += 2 {
			m[model.LabelName(more[i])] = model.LabelValue(more[i+1])
		}
		set.add(m, model.TimeFromUnixNano(at.UnixNano()), model.SampleValue(v))
	}
	var sent, failed int64
	first := true
	for p := range points(r) {
		if p.Warmup {
			continue
		}
		if first {
			put("requests_total", p.from, 0)
			put("failed_requests_total", p.from, 0)
			first = false
		}
		sent, failed = sent+p.Sent, failed+p.Failed
		put("requests_total", p.to, float64(sent))
		put("failed_requests_total", p.to, float64(failed))
		for _, q := range []struct {
			quantile string
			ms       *float64
		}{{"0.5", p.P50}, {"0.99", p.P99}, {"1", p.Max}} {
			if q.ms != nil {
				put("latency_percentiles_seconds", p.to, *q.ms/1e3, "quantile", q.quantile)
			}
		}
		if p.NodeCPU != nil {
			put("node_cpu_utilization_ratio", p.to, *p.NodeCPU)
		}
	}
}
