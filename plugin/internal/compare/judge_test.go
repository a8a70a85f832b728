package compare

import (
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// The whole interval has to be beyond the effect, or inside it.
func TestTheWholeIntervalDecides(t *testing.T) {
	for _, c := range []struct {
		low, value, high, effect, p float64
		higherIsBetter              bool
		want                        document.Verdict
	}{
		// Seen on a cluster, with the same on both sides: the near end just beyond 0.
		{-0.623, -0.348, -0.005, 0.1, 0.001, false, document.Inconclusive},
		{-0.623, -0.348, -0.101, 0.1, 0.001, false, document.Better},
		{0.101, 0.348, 0.623, 0.1, 0.001, false, document.Worse}, {0.101, 0.348, 0.623, 0.1, 0.001, true, document.Better},
		{0.1, 0.348, 0.623, 0.1, 0.001, false, document.Inconclusive}, {0.101, 0.348, 0.623, 0.1, 0.06, false, document.Inconclusive},
		{0.01, 0.02, 0.03, 0, 0.001, false, document.Worse}, {0, 0.02, 0.03, 0, 0.001, false, document.Inconclusive},
		{-0.09, 0, 0.09, 0.1, 0.001, false, document.Same}, {-0.1, 0, 0.09, 0.1, 0.001, false, document.Inconclusive}, {0, 0, 0, 0, 1, false, document.Same},
	} {
		trial := newTrial(&sides{a: &side{runs: make([]*run, 10)}, b: &side{runs: make([]*run, 10)}}, Options{Confidence: 0.95})
		m := document.MetricComparison{HigherIsBetter: c.higherIsBetter, Effect: c.effect, PAdjusted: &c.p, Difference: &document.Estimate{Low: c.low, Value: c.value, High: c.high}}
		if trial.verdict(&m); m.Verdict != c.want {
			t.Errorf("%v (%v … %v), effect %v, p %v: %s, want %s", c.value, c.low, c.high, c.effect, c.p, m.Verdict, c.want)
		}
	}
}

// How many runs more it takes depends on how far the difference is from the effect: at
// the effect no number will do.
func TestMoreRunsLeaveTheEffect(t *testing.T) {
	trial := newTrial(&sides{a: &side{runs: make([]*run, 40)}, b: &side{runs: make([]*run, 40)}}, Options{Confidence: 0.95})
	power := trial.size(40, 40).power(1)
	for _, c := range []struct {
		value, effect float64
		want          int // of all runs; 0: nobody can say
	}{
		// (half / 0.5 (1 + 0.8416/1.96))^2 40 = 327; the test alone needs 82, or 20.
		{1, 0.5, 287}, {1.5, 1, 287}, {0.5, 1, 287}, {-1.5, 1, 287}, {1.02, 1, 0}, {0.98, 1, 0}, {1, 1, 0}, {0, 0, 0}, {1, 0, 42},
		// Both ends have to fit: with z(0.9) in place of z(0.8).
		{0, 1, 70},
	} {
		m := document.MetricComparison{Effect: c.effect, Difference: &document.Estimate{Low: c.value - 1, Value: c.value, High: c.value + 1}}
		got := 0
		if more := power.moreRuns(&m); more != nil {
			got = *more
		}
		if got != c.want {
			t.Errorf("%v with effect %v: %d more, want %d", c.value, c.effect, got, c.want)
		}
	}
}
