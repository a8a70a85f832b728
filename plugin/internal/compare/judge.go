package compare

import (
	"fmt"

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
			if own := at[i].Difference; ok && own != nil && min(t.n, t.m) >= minPairs {
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

// judge gives each metric its verdict, and the Comparison that of all.
func (t *trial) judge(c *document.Comparison) {
	family := len(c.Metrics)
	if family == 0 {
		c.Verdict, c.Reason = document.Inconclusive, "there is no metric that all runs have"
		return
	}
	p := make([]float64, family)
	for i := range c.Metrics {
		p[i] = *c.Metrics[i].P
	}
	adjusted := statistics.Holm(p)
	needed := t.needed(family)
	power := t.newPower(family)
	for i := range c.Metrics {
		m := &c.Metrics[i]
		m.PAdjusted = &adjusted[i]
		if short := needed - min(t.n, t.m); short > 0 {
			m.Verdict, m.MoreRuns = document.TooFew, &short
			continue
		}
		m.Detectable = power.detectable(m)
		t.verdict(m, power)
	}
	c.Verdict = overall(c.Metrics)
	if c.Verdict == document.TooFew {
		c.Reason = fmt.Sprintf("%s can show nothing about %s: at least %s are needed", t.have(), plural(family, "metric"), t.count(needed))
	}
}

// verdict of one metric. The whole interval has to be beyond the least effect: a
// smaller difference counts as none, so an interval that still holds one does not say
// that there is any. And p has to speak for a difference as well: it is corrected for
// the number of metrics, and in pairs it is of ranks, where the interval is of the
// median.
func (t *trial) verdict(m *document.MetricComparison, power power) {
	d := m.Difference
	switch {
	case d == nil: // cannot be with so many runs
		m.Verdict, m.Reason = document.Inconclusive, "there is no interval"
		return
	case d.Low > -m.Effect && d.High < m.Effect || d.Low == 0 && d.High == 0:
		m.Verdict = document.Same
		return
	case (d.Low > m.Effect || d.High < -m.Effect) && *m.PAdjusted < 1-t.o.Confidence:
		m.Verdict = document.Worse
		if d.Value > 0 == m.HigherIsBetter {
			m.Verdict = document.Better
		}
		return
	}
	m.Verdict = document.Inconclusive
	m.MoreRuns = power.moreRuns(m)
}

// overall is the verdict of all metrics together.
func overall(all []document.MetricComparison) document.Verdict {
	for _, v := range []document.Verdict{document.TooFew, document.Worse, document.Inconclusive, document.Better} {
		for i := range all {
			if all[i].Verdict == v {
				return v
			}
		}
	}
	return document.Same
}

// minP is the smallest p that so many runs a side can reach.
func (t *trial) minP(n, m int) float64 {
	if t.s.paired {
		return statistics.MinWilcoxon(n)
	}
	return statistics.MinMannWhitney(n, m)
}

// needed is the least number of runs a side, or of pairs, with which the most extreme
// data could be significant after the correction, and have an interval.
func (t *trial) needed(family int) int {
	if t.n != t.m && t.significant(t.n, t.m, family) {
		return min(t.n, t.m)
	}
	for n := 2; ; n++ {
		if t.significant(n, n, family) {
			return n
		}
	}
}

func (t *trial) significant(n, m, family int) bool {
	return t.minP(n, m)*float64(family) < 1-t.o.Confidence && (!t.s.paired || n >= minPairs)
}

func (t *trial) have() string {
	if t.n == t.m {
		return t.count(t.n)
	}
	return fmt.Sprintf("%d and %d runs", t.n, t.m)
}

func (t *trial) count(n int) string {
	if t.s.paired {
		return plural(n, "pair")
	}
	return plural(n, "run") + " a side"
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
