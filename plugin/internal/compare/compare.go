// Package compare holds two groups of runs against each other and says, metric by
// metric, whether one is better, worse or the same, and how sure that is. It reads
// Results and writes a Comparison; it loads, stores and prints nothing. What is
// reckoned, and why so, is in docs/compare.md; the reckoning itself is in package
// statistics.
package compare

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// Defaults of Options.
const (
	DefaultConfidence = 0.95
	DefaultResamples  = 2000
	DefaultSeed       = 1
)

// Options are how groups are compared. The zero value is the default.
type Options struct {
	// Confidence of the intervals; 1 - Confidence is the chance that any metric is
	// called better or worse where nothing is.
	Confidence float64
	// Resamples of the bootstrap, and its seed.
	Resamples int
	Seed      uint64
	// Unpaired takes no pairs even where there are.
	Unpaired bool
	// PairBy is the label whose values pair the runs, instead of those of a bench.
	PairBy string
	// Metrics are the names of those to compare, all when empty. Fewer metrics find
	// smaller differences with the same runs, if chosen before looking.
	Metrics []string
	// Effects are the least differences that matter, by the metric's name, or by the
	// part of it before the dot ("cpu"), instead of the default.
	Effects map[string]Effect
	// Allow are kinds of differences (EnvironmentDifference.What) to let pass. Force
	// lets all of them pass.
	Allow []string
	Force bool
}

func (o Options) withDefaults() (Options, error) {
	if o.Confidence == 0 {
		o.Confidence = DefaultConfidence
	}
	if o.Resamples == 0 {
		o.Resamples = DefaultResamples
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	switch {
	case !(o.Confidence >= 0.5 && o.Confidence <= 0.999):
		return o, fmt.Errorf("confidence %v is not between 0.5 and 0.999", o.Confidence)
	case o.Resamples < 200 || o.Resamples > 1_000_000:
		return o, fmt.Errorf("%d resamples are not between 200 and 1,000,000", o.Resamples)
	case o.Unpaired && o.PairBy != "":
		return o, fmt.Errorf("pairs by label %q and no pairs cannot both be: choose one", o.PairBy)
	}
	if err := o.checkAllow(); err != nil {
		return o, err
	}
	return o, o.checkMetrics()
}

// Compare holds b against a. A *DifferentError says that the runs are not of the same
// thing under the same conditions.
func Compare(a, b *Group, o Options) (*document.Comparison, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := pair(a, b, o)
	if err != nil {
		return nil, err
	}
	c := &document.Comparison{
		APIVersion: document.APIVersion, Kind: document.KindComparison,
		A: s.a.document(a.Name), B: s.b.document(b.Name), Paired: s.paired,
		Confidence: o.Confidence, Seed: o.Seed, Resamples: o.Resamples,
		Metrics: []document.MetricComparison{},
	}
	if c.Differences, err = differences(s.a.runs, s.b.runs, o); err != nil {
		return nil, err
	}
	if reason := s.nothing(a, b); reason != "" {
		c.Verdict, c.Reason = document.TooFew, reason
		return c, nil
	}
	t := newTrial(s, o)
	for _, m := range metrics {
		if !o.wants(m.name) {
			continue
		}
		values, reason := s.values(m.name)
		if reason != "" {
			c.LeftOut = append(c.LeftOut, document.LeftOutMetric{Name: m.name, Reason: reason})
			continue
		}
		c.Metrics = append(c.Metrics, t.measure(m, values))
	}
	t.pool(c.Metrics)
	t.judge(c)
	return c, nil
}

// nothing says why no runs can be compared, "" when they can.
func (s *sides) nothing(a, b *Group) string {
	for _, side := range []struct {
		s    *side
		name string
	}{{s.a, a.Name}, {s.b, b.Name}} {
		if len(side.s.runs) == 0 {
			return fmt.Sprintf("no run of %q counts", side.name)
		}
	}
	return ""
}

// values of a metric in all runs of both sides, or the reason why there are none.
func (s *sides) values(name string) ([2][]float64, string) {
	var values [2][]float64
	var missing, all int
	var why string
	present := false
	for i, runs := range [][]*run{s.a.runs, s.b.runs} {
		for _, r := range runs {
			all++
			v, ok := r.figures[name]
			if !ok {
				missing++
				if why == "" {
					why = r.absent[name]
				}
				continue
			}
			present = present || v != 0
			values[i] = append(values[i], v)
		}
	}
	switch {
	case missing == all:
		return values, why
	case missing > 0:
		return values, fmt.Sprintf("%d of %d runs have none: %s", missing, all, why)
	case !present && optional(name):
		return values, "no run has any such container"
	}
	return values, ""
}

// trial is what all metrics of a comparison share.
type trial struct {
	s *sides
	o Options
	n int // runs of A
	m int // runs of B
	// order is that of the interval without pairs.
	order int
}

func newTrial(s *sides, o Options) *trial {
	t := &trial{s: s, o: o, n: len(s.a.runs), m: len(s.b.runs)}
	if !s.paired {
		t.order = statistics.MannWhitneyOrder(t.n, t.m, o.Confidence)
	}
	return t
}

// measure is all of a metric but for what depends on the others.
func (t *trial) measure(m metric, values [2][]float64) document.MetricComparison {
	a, b := values[0], values[1]
	c := document.MetricComparison{Name: m.name, Unit: m.unit, HigherIsBetter: m.higherIsBetter,
		A: document.MetricSide{Median: statistics.Median(a), Values: a}, B: document.MetricSide{Median: statistics.Median(b), Values: b}}
	c.Effect = t.o.effect(m).of(c.A.Median)
	var value, p float64
	var interval statistics.Interval
	var ok bool
	if t.s.paired {
		d := statistics.Differences(a, b)
		value, p = statistics.Median(d), statistics.WilcoxonSignedRank(d)
		if len(d) >= minPairs {
			interval, ok = statistics.MedianInterval(d, t.o.Resamples, t.o.Seed, t.o.Confidence)
		}
	} else {
		value, p = statistics.HodgesLehmann(a, b), statistics.MannWhitney(a, b)
		interval, ok = statistics.HodgesLehmannBetween(a, b, t.order)
	}
	c.P = &p
	if ok {
		c.Difference = estimate(value, interval, c.A.Median)
	}
	return c
}

// minPairs is the least number of pairs whose range, which is the widest interval
// there can be, holds their median in 95 of 100 cases: 1 - 2/2^6 is 0.969.
const minPairs = 6

func estimate(value float64, i statistics.Interval, of float64) *document.Estimate {
	// A value at the end of its interval may differ from it in the last digit.
	e := &document.Estimate{Value: value, Low: min(i.Low, value), High: max(i.High, value)}
	if of != 0 {
		share := value / of
		e.Relative = &share
	}
	return e
}
