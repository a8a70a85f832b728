package compare

import (
	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// pool adds the percentiles of all runs' histograms merged. Their interval is that of
// the bootstrap, and holds that of the runs' own percentiles as well.
func (t *trial) pool(compared []document.MetricComparison) {
	for _, of := range []string{"responseTime", "serviceTime"} {
		var quantiles []float64
		var at []*document.MetricComparison
		for i := range compared {
			for _, m := range metrics {
				if m.name == compared[i].Name && m.histogram == of {
					quantiles, at = append(quantiles, m.quantile), append(at, &compared[i])
				}
			}
		}
		a, b := poolOf(t.s.a.runs, of), poolOf(t.s.b.runs, of)
		if len(at) == 0 || a == nil || b == nil {
			continue
		}
		intervals, ok := statistics.PooledDifference(a, b, t.s.paired, quantiles, t.o.Resamples, t.o.Seed, t.o.Confidence)
		for i, q := range quantiles {
			if a.Count(a.Each()) < histogram.MinCount(q) || b.Count(b.Each()) < histogram.MinCount(q) {
				continue
			}
			low, high := a.Quantile(a.Each(), q)/1e6, b.Quantile(b.Each(), q)/1e6
			at[i].A.Pooled, at[i].B.Pooled = &low, &high
			if own := at[i].Difference; ok && own != nil && min(len(t.s.a.runs), len(t.s.b.runs)) >= leastPairs(t.o.Confidence) {
				// Where one run makes the tail of all, resamples know too little of it. A
				// shift of whole runs moves that tail as far as their own percentiles.
				at[i].Pooled = estimate(high-low, statistics.Interval{Low: min(own.Low, intervals[i].Low/1e6), High: max(own.High, intervals[i].High/1e6)}, low)
			}
		}
	}
}

// poolOf is nil where a run has no such histogram.
func poolOf(runs []*run, of string) *statistics.Pool {
	var all [][]histogram.Bucket
	for _, r := range runs {
		if len(r.buckets[of]) == 0 {
			return nil
		}
		all = append(all, r.buckets[of])
	}
	return statistics.NewPool(all)
}
