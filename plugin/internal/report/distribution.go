package report

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/summary"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// part is what a Result has of a run, of an agent or of a target.
type part struct {
	latency    *document.Latency
	histograms *document.Histograms
}

// distribution is one of the latencies of some parts together. Files of some tools have
// a few figures instead of a histogram. Such figures of several parts cannot be merged
// but for the count, the mean and the extremes: percentiles are then not known.
type distribution struct {
	count          int64
	min, mean, max float64 // ms
	// merged is the histograms of all parts; nil where one of them has none.
	merged *histogram.Histogram
	// only is the summary of the only part that has such times, without a histogram.
	only *document.Summary
}

// of is the distribution of these times in all parts.
func (t times) of(parts []part) (*distribution, error) {
	merged := histogram.New()
	var bare []*document.Summary
	for _, p := range parts {
		encoded, s := t.encoded(*p.histograms), t.summary(*p.latency)
		if encoded == "" && s != nil && s.Count > 0 {
			bare = append(bare, s)
			continue
		}
		h, err := histogram.Decode([]byte(encoded))
		if err != nil {
			return nil, fmt.Errorf("%s time: %w", t.name, err)
		}
		merged.Merge(h)
	}
	d := &distribution{}
	if merged.Count() > 0 {
		d.add(merged.Count(), ms(float64(merged.Min())), ms(float64(merged.Mean())), ms(float64(merged.Max())))
	}
	for _, s := range bare {
		d.add(s.Count, s.Min, s.Mean, s.Max)
	}
	switch {
	case len(bare) == 0:
		d.merged = merged
	case len(bare) == 1 && merged.Count() == 0:
		d.only = bare[0]
	}
	return d, nil
}

func (d *distribution) add(count int64, least, mean, greatest float64) {
	if d.count == 0 {
		d.min = least
	}
	d.min, d.max = min(d.min, least), max(d.max, greatest)
	d.count += count
	d.mean += (mean - d.mean) * float64(count) / float64(d.count)
}

// quantile is that of q in milliseconds; nil where it is not known, or too few requests
// are behind it.
func (d *distribution) quantile(q float64) *float64 {
	switch s := d.only; {
	case d.merged != nil:
		return quantile(d.merged, q)
	case s != nil:
		return map[float64]*float64{0.5: s.P50, 0.75: s.P75, 0.9: s.P90, 0.95: s.P95, 0.99: s.P99, 0.999: s.P999, 0.9999: s.P9999}[q]
	}
	return nil
}

// greatest is the greatest value in words.
func (d *distribution) greatest() string {
	if d.count == 0 {
		return wording.None
	}
	return printer.Latency(d.max)
}

// curve has no points without a histogram: a line between a few percentiles would say
// what nobody knows.
func (d *distribution) curve() []chart.Point {
	if d.merged == nil {
		return nil
	}
	return curve(d.merged)
}

// main is the latency that stands for the run. A run without any stands for no other
// than the usual.
func (r *run) main() times {
	if _, name := summary.Headline(&r.Status.Latency); name == serviceTimes.name {
		return serviceTimes
	}
	return responseTimes
}

// times is the latency that stands for the group: the response time, or the service time
// where that is all that a run of it has.
func (g *group) times() times {
	if slices.ContainsFunc(g.runs, func(r *run) bool { return r.main().name == serviceTimes.name }) {
		return serviceTimes
	}
	return responseTimes
}

// parts are the runs of the group that count.
func (g *group) parts() []part {
	var all []part
	for _, r := range g.runs {
		all = append(all, part{&r.Status.Latency, &r.Status.Histograms})
	}
	return all
}
