package document

import "time"

// KindComparison is the kind of a Comparison.
const KindComparison = "Comparison"

// Comparison is two groups of runs held against each other: B against A.
type Comparison struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// A is what B is held against: the baseline.
	A ComparedGroup `json:"a"`
	B ComparedGroup `json:"b"`
	// Paired: every run of A has one of B that ran beside it, and differences are
	// taken within these pairs.
	Paired bool `json:"paired"`
	// Confidence of the intervals, and 1 minus the level at which a difference
	// counts, over all metrics together (Holm).
	Confidence float64 `json:"confidence"`
	// Seed and Resamples of the bootstrap: the same runs give the same intervals.
	Seed      uint64 `json:"seed"`
	Resamples int    `json:"resamples"`
	// Comparisons is how many comparisons were made together, such as those of a bench:
	// the correction is for the metrics of all of them. Absent: this one alone.
	Comparisons int `json:"comparisons,omitempty"`
	// Differences of what should have been the same but for what is compared.
	Differences []EnvironmentDifference `json:"differences,omitempty"`
	// Metrics that were compared: the family that Holm's correction is for; times
	// Comparisons, where that is more than one.
	Metrics []MetricComparison `json:"metrics"`
	// LeftOut are metrics that could not be compared.
	LeftOut []LeftOutMetric `json:"leftOut,omitempty"`
	// Verdict over all metrics: too few runs where there are for one, else worse where
	// one is worse, else inconclusive where one is, else better where one is, else same.
	Verdict Verdict `json:"verdict"`
	// Reason is why there is no verdict, or what the metrics do not say of it: that
	// both sides are the same measurements, or that the target broke runs.
	Reason string `json:"reason,omitempty"`
}

// Verdict says what B is beside A.
type Verdict string

// The verdicts. TooFew: no verdict, for there are too few runs for any.
const (
	Better       Verdict = "better"
	Worse        Verdict = "worse"
	Same         Verdict = "same"
	Inconclusive Verdict = "inconclusive"
	TooFew       Verdict = "too few runs"
)

// ComparedGroup is one side of a Comparison.
type ComparedGroup struct {
	// Name is how the group was asked for.
	Name string        `json:"name"`
	Runs []ComparedRun `json:"runs"`
	// LeftOut are runs that were asked for and do not count.
	LeftOut []LeftOutRun `json:"leftOut,omitempty"`
}

// ComparedRun is a run that counts.
type ComparedRun struct {
	RunID string    `json:"runID"`
	Name  string    `json:"name"`
	Start time.Time `json:"start"`
	// Block is what pairs the run with one of the other side.
	Block string `json:"block,omitempty"`
}

// LeftOutRun is a run that does not count, and why.
type LeftOutRun struct {
	RunID  string `json:"runID"`
	Reason string `json:"reason"`
}

// LeftOutMetric is a metric that could not be compared, and why.
type LeftOutMetric struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// EnvironmentDifference is something that is not the same on both sides, or not in
// all runs of one.
type EnvironmentDifference struct {
	// What it is: nodes, kernel, kubernetes, images, test, agents, ...
	What string `json:"what"`
	// Field within it, such as load.rate.
	Field string `json:"field,omitempty"`
	// A and B are the values on each side, each once, in order.
	A []string `json:"a"`
	B []string `json:"b"`
	// Warning: good to know, and no reason against comparing.
	Warning bool `json:"warning,omitempty"`
	// Allowed: a reason against comparing that was asked to be let pass.
	Allowed bool `json:"allowed,omitempty"`
}

// MetricComparison is one metric of both groups.
type MetricComparison struct {
	// Name is the path of the figure in the Result, such as responseTime.p99.
	Name string `json:"name"`
	// Unit of every figure here but P, PAdjusted and shares: ms, requests/s, %,
	// core-s/1000 or bytes.
	Unit           string     `json:"unit"`
	HigherIsBetter bool       `json:"higherIsBetter,omitempty"`
	A              MetricSide `json:"a"`
	B              MetricSide `json:"b"`
	// Difference is B minus A: the median of the differences within pairs, or of
	// the differences between all runs of both sides (Hodges-Lehmann). Absent without
	// an interval, which needs 4 runs a side, or 6 pairs.
	Difference *Estimate `json:"difference,omitempty"`
	// Pooled is the difference of the percentiles of all runs' histograms merged.
	// No verdict rests on it.
	Pooled *Estimate `json:"pooled,omitempty"`
	// LeftOut are runs that count but not here, for they have no such figure, or the run
	// beside them has none.
	LeftOut []LeftOutRun `json:"leftOut,omitempty"`
	// P is the exact two-sided probability of such a difference if there were none
	// (Wilcoxon signed-rank for pairs, else Mann-Whitney), PAdjusted that after
	// Holm's correction for the number of metrics, and for that of Comparisons.
	P         *float64 `json:"p,omitempty"`
	PAdjusted *float64 `json:"pAdjusted,omitempty"`
	// Effect is the least difference that matters: better or worse is what is beyond
	// it with the whole interval, same what is inside it with the whole interval.
	Effect float64 `json:"effect"`
	// Detectable is the least true difference that so many runs, as unsteady as these
	// are, call better or worse in four of five comparisons.
	Detectable *float64 `json:"detectable,omitempty"`
	Verdict    Verdict  `json:"verdict"`
	// MoreRuns is about how many more runs a side needs for a verdict; absent where
	// there is one, and where no reasonable number will do, as for a difference that is
	// about the effect.
	MoreRuns *int `json:"moreRuns,omitempty"`
	// Reason is why it is inconclusive, where its figures do not say so.
	Reason string `json:"reason,omitempty"`
}

// MetricSide is one group's figures of one metric.
type MetricSide struct {
	// Median of the runs' values.
	Median float64 `json:"median"`
	// Values of the runs, in the order of the group's runs, but for those that the
	// metric leaves out.
	Values []float64 `json:"values"`
	// Pooled is the percentile of all runs' histograms merged.
	Pooled *float64 `json:"pooled,omitempty"`
}

// Estimate is a figure with its interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Relative is Value as a share of A's figure; absent where that is 0.
	Relative *float64 `json:"relative,omitempty"`
}
