package example

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// metric is a figure of a run that is compared, with the least effect as a share of
// A's median and as a figure.
type metric struct {
	name, unit   string
	share, least float64
	of           func(*document.Result) float64
}

var metrics = []metric{
	{"responseTime.p50", "ms", 0.03, 0.1, func(r *document.Result) float64 { return *r.Status.Latency.ResponseTime.P50 }},
	{"responseTime.p90", "ms", 0.03, 0.1, func(r *document.Result) float64 { return *r.Status.Latency.ResponseTime.P90 }},
	{"responseTime.p99", "ms", 0.03, 0.1, func(r *document.Result) float64 { return *r.Status.Latency.ResponseTime.P99 }},
	{"responseTime.p999", "ms", 0.03, 0.1, func(r *document.Result) float64 { return *r.Status.Latency.ResponseTime.P999 }},
	{"serviceTime.p99", "ms", 0.03, 0.1, func(r *document.Result) float64 { return *r.Status.Latency.ServiceTime.P99 }},
	{"rate.achieved", "requests/s", 0.03, 0, func(r *document.Result) float64 { return r.Status.Rate.Achieved }},
	{"errors", "%", 0, 0.05, func(r *document.Result) float64 {
		return 100 * float64(r.Status.Requests.Failed) / float64(r.Status.Requests.Sent)
	}},
	{"cpu.application", "core-s/1000", 0.03, 0, func(r *document.Result) float64 {
		return *r.Status.Resources.Containers[0].CoreSecondsPer1000Requests
	}},
	{"memory.application", "bytes", 0.05, 0, func(r *document.Result) float64 { return *r.Status.Resources.Containers[0].MemoryMeanBytes }},
}

// Compare holds the runs of b against those of a, in pairs of none.
func Compare(a, b report.Group) *document.Comparison {
	c := &document.Comparison{APIVersion: document.APIVersion, Kind: document.KindComparison, A: side(a), B: side(b), Confidence: 0.95, Seed: 42, Verdict: document.Same}
	var p []float64
	for _, m := range metrics {
		one := document.MetricComparison{Name: m.name, Unit: m.unit, HigherIsBetter: m.name == "rate.achieved", A: values(m, a), B: values(m, b)}
		one.Effect = max(m.share*one.A.Median, m.least)
		shift := statistics.HodgesLehmann(one.A.Values, one.B.Values)
		interval, _ := statistics.HodgesLehmannInterval(one.A.Values, one.B.Values, c.Confidence)
		one.Difference = &document.Estimate{Value: shift, Low: interval.Low, High: interval.High}
		if one.A.Median != 0 {
			one.Difference.Relative = Of(shift / one.A.Median)
		}
		one.P = Of(statistics.MannWhitney(one.A.Values, one.B.Values))
		p = append(p, *one.P)
		c.Metrics = append(c.Metrics, one)
	}
	for i, adjusted := range statistics.Holm(p) {
		m := &c.Metrics[i]
		m.PAdjusted, m.Verdict = Of(adjusted), judge(m, adjusted)
		if m.Verdict == document.Inconclusive {
			more := 14
			m.MoreRuns = &more
		}
		c.Verdict = worst(c.Verdict, m.Verdict)
	}
	return c
}

func side(g report.Group) document.ComparedGroup {
	s := document.ComparedGroup{Name: g.Name}
	for _, r := range g.Runs {
		if !r.Status.Validity.Valid {
			s.LeftOut = append(s.LeftOut, document.LeftOutRun{RunID: r.Metadata.RunID, Reason: "invalid: " + r.Status.Validity.Reasons[0]})
			continue
		}
		s.Runs = append(s.Runs, document.ComparedRun{RunID: r.Metadata.RunID, Name: r.Metadata.Name, Start: r.Status.StartTime})
	}
	return s
}

func values(m metric, g report.Group) document.MetricSide {
	var s document.MetricSide
	for _, r := range g.Runs {
		if r.Status.Validity.Valid {
			s.Values = append(s.Values, m.of(r))
		}
	}
	s.Median = statistics.Median(s.Values)
	return s
}

func judge(m *document.MetricComparison, p float64) document.Verdict {
	d := m.Difference
	switch {
	case p < 0.05 && d.Low > m.Effect:
		return document.Worse
	case p < 0.05 && d.High < -m.Effect:
		return document.Better
	case d.Low > -m.Effect && d.High < m.Effect:
		return document.Same
	}
	return document.Inconclusive
}

func worst(a, b document.Verdict) document.Verdict {
	for _, v := range []document.Verdict{document.Worse, document.Inconclusive, document.Better} {
		if a == v || b == v {
			return v
		}
	}
	return document.Same
}
