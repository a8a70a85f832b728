package compare

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// judge gives each metric its verdict, and the Comparison that of all.
func (t *trial) judge(c *document.Comparison) {
	if len(c.Metrics) == 0 {
		c.Verdict, c.Reason = document.Inconclusive, "there is no metric that all runs have"
		return
	}
	if t.s.same {
		t.judgeThemselves(c)
		return
	}
	t.correct(c.Metrics)
	family := len(c.Metrics) * t.o.Family
	for i := range c.Metrics {
		m := &c.Metrics[i]
		size := t.size(len(m.A.Values), len(m.B.Values))
		if short := size.short(family); short > 0 {
			m.Verdict, m.MoreRuns = document.TooFew, &short
			continue
		}
		power := size.power(family)
		m.Detectable = power.detectable(m)
		if t.verdict(m); m.Verdict == document.Inconclusive && m.Difference != nil {
			m.MoreRuns = power.moreRuns(m)
		}
	}
	c.Verdict = overall(c.Metrics)
	if c.Verdict == document.TooFew {
		size, about := t.size(len(t.s.a.runs), len(t.s.b.runs)), plural(len(c.Metrics), "metric")
		if t.o.Family > 1 {
			about += fmt.Sprintf(" in %d comparisons made together", t.o.Family)
		}
		c.Reason = fmt.Sprintf("%s can show nothing about %s: at least %s are needed", size.have(), about, size.count(size.needed(family)))
	}
}

// correct gives each metric its p after the correction: Holm's over the metrics, and
// Bonferroni's over the comparisons that are made together.
func (t *trial) correct(all []document.MetricComparison) {
	p := make([]float64, len(all))
	for i := range all {
		p[i] = *all[i].P
	}
	for i, v := range statistics.Holm(p) {
		all[i].PAdjusted = new(min(1, v*float64(t.o.Family)))
	}
}

// judgeThemselves is for the same measurements on both sides. There is nothing to be
// unsure of: their figures are the same, or one side was changed.
func (t *trial) judgeThemselves(c *document.Comparison) {
	c.Verdict, c.Reason = document.Same, "both sides are the same measurements"
	for i := range c.Metrics {
		m := &c.Metrics[i]
		m.Verdict = document.Same
		if !slices.Equal(m.A.Values, m.B.Values) {
			m.Verdict, m.Reason = document.Inconclusive, "the same measurements have other figures: one side was changed"
			c.Verdict, c.Reason = m.Verdict, m.Reason
		}
	}
}

// verdict of one metric. The whole interval has to be beyond the least effect: a
// smaller difference counts as none, so an interval that still holds one does not say
// that there is any. And p has to speak for a difference as well: it is corrected for
// the number of metrics, and in pairs it is of ranks, where the interval is of the
// median.
func (t *trial) verdict(m *document.MetricComparison) {
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
