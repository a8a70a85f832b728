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
	// Family is how many comparisons are made together, such as all of a bench: the
	// correction is for the metrics of all of them. 0 and 1: this one alone.
	Family int
	// Allow are kinds of differences (EnvironmentDifference.What) to let pass between
	// the sides, each being of one kind in itself. Force lets all of them pass, also
	// those within a side.
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
	if o.Family == 0 {
		o.Family = 1
	}
	switch {
	case o.Family < 1 || o.Family > 100_000:
		return o, fmt.Errorf("%d comparisons made together are not between 1 and 100,000", o.Family)
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
		s.qualify(c)
		return c, nil
	}
	if o.Family > 1 {
		c.Comparisons = o.Family
	}
	t := newTrial(s, o)
	all, leftOut := t.figures()
	c.LeftOut = leftOut
	for _, f := range all {
		c.Metrics = append(c.Metrics, t.measure(f.metric, f))
	}
	t.pool(c.Metrics)
	t.judge(c)
	s.qualify(c)
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

// trial is what all metrics of a comparison share.
type trial struct {
	s *sides
	o Options
	// sizes are those that metrics have, by their numbers of runs.
	sizes map[[2]int]*size
}

func newTrial(s *sides, o Options) *trial {
	return &trial{s: s, o: o, sizes: map[[2]int]*size{}}
}

// measure is all of a metric but for what depends on the others.
func (t *trial) measure(m metric, f figures) document.MetricComparison {
	a, b := f.values[0], f.values[1]
	c := document.MetricComparison{Name: m.name, Unit: m.unit, HigherIsBetter: m.higherIsBetter, LeftOut: f.leftOut,
		A: document.MetricSide{Median: statistics.Median(a), Values: a}, B: document.MetricSide{Median: statistics.Median(b), Values: b}}
	c.Effect = t.o.effect(m).of(c.A.Median)
	var value, p float64
	var interval statistics.Interval
	var ok bool
	if t.s.paired {
		d := statistics.Differences(a, b)
		value, p = statistics.Median(d), statistics.WilcoxonSignedRank(d)
		if len(d) >= leastPairs(t.o.Confidence) {
			interval, ok = statistics.MedianInterval(d, t.o.Resamples, t.o.Seed, t.o.Confidence)
		}
	} else {
		value, p = statistics.HodgesLehmann(a, b), statistics.MannWhitney(a, b)
		interval, ok = statistics.HodgesLehmannBetween(a, b, t.size(len(a), len(b)).order)
	}
	c.P = &p
	if ok {
		c.Difference = estimate(value, interval, c.A.Median)
	}
	return c
}

func estimate(value float64, i statistics.Interval, of float64) *document.Estimate {
	// A value at the end of its interval may differ from it in the last digit.
	e := &document.Estimate{Value: value, Low: min(i.Low, value), High: max(i.High, value)}
	if of != 0 {
		share := value / of
		e.Relative = &share
	}
	return e
}
