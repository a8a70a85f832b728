package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// sample is a comparison of n runs a side with a known shift, in spreads. In pairs, a
// noise of its own is common to both.
func sample(t testing.TB, noise synthetic.Noise, n int, shift float64, paired bool, seed uint64, o Options) *document.Comparison {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	a, b := &Group{Name: "a"}, &Group{Name: "b"}
	before := &synthetic.Runs{Noise: noise, Random: random}
	after := &synthetic.Runs{Noise: noise, Random: random, Shift: shift}
	if paired {
		before.Labels, after.Labels = map[string]string{"bench": "1"}, map[string]string{"bench": "1"}
	}
	for range n {
		beside := 0.0
		if paired {
			beside = 3 * random.NormFloat64()
		}
		a.Add(before.Result(beside))
		b.Add(after.Result(beside))
	}
	c, err := Compare(a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Paired != paired || len(c.Metrics) != len(metrics) || len(c.A.Runs) != n {
		t.Fatalf("%d of %d metrics, %d of %d runs, paired %v", len(c.Metrics), len(metrics), len(c.A.Runs), n, c.Paired)
	}
	return c
}

// spread of a metric where the noise is 1.
func spread(name string) float64 {
	group, _, _ := strings.Cut(name, ".")
	return synthetic.Spread[group]
}

// noEffect makes every difference one that matters, so that nothing but chance is
// between noise and a verdict.
func noEffect() map[string]Effect {
	return map[string]Effect{"responseTime": {}, "serviceTime": {}, "rate": {}, "errors": {}, "cpu": {}, "memory": {}}
}

// Of the same thing on both sides, at most one comparison in twenty calls anything
// better or worse. 100 comparisons; 11 or more false ones have a chance of 0.011 if
// it is one in twenty, and it is less.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	for _, paired := range []bool{false, true} {
		for _, noise := range synthetic.Noises {
			t.Run(fmt.Sprintf("%s, pairs %v", noise.Name, paired), func(t *testing.T) {
				t.Parallel()
				wrong := 0
				for seed := range uint64(50) {
					c := sample(t, noise, 10, 0, paired, seed, Options{Effects: noEffect(), Resamples: 200})
					for _, m := range c.Metrics {
						if m.Verdict == document.Better || m.Verdict == document.Worse {
							wrong++
							break
						}
					}
				}
				// 8 of 50 at one in twenty: a chance of 0.004.
				if t.Logf("%d of 50", wrong); wrong >= 8 {
					t.Errorf("%d of 50 comparisons of the same thing find a difference", wrong)
				}
			})
		}
	}
}

// The interval covers a known shift in at least 93 of 100 cases: 15 metrics of 30
// comparisons. The latencies of a comparison are one figure four times, so that there
// is less in them than 450 cases; the bound leaves room for that.
func TestTheShiftIsCovered(t *testing.T) {
	const shift, comparisons = 2, 30
	for _, paired := range []bool{false, true} {
		for _, noise := range synthetic.Noises {
			t.Run(fmt.Sprintf("%s, pairs %v", noise.Name, paired), func(t *testing.T) {
				t.Parallel()
				covered, all := 0, 0
				for seed := range uint64(comparisons) {
					for _, m := range sample(t, noise, 8, shift, paired, 1000+seed, Options{Resamples: 400}).Metrics {
						truth := shift * spread(m.Name)
						slack := 0.001 * math.Abs(m.A.Median) // of the histogram
						if m.Unit != milliseconds {
							slack = 1e-9
						}
						all++
						if m.Difference.Low-slack <= truth && truth <= m.Difference.High+slack {
							covered++
						}
					}
				}
				if t.Logf("%.1f %%", 100*float64(covered)/float64(all)); float64(covered) < 0.93*float64(all) {
					t.Errorf("%d of %d intervals cover the shift", covered, all)
				}
			})
		}
	}
}

// What Detectable says is found in about four of five comparisons.
func TestDetectableIsDetected(t *testing.T) {
	for _, paired := range []bool{false, true} {
		t.Run(fmt.Sprintf("pairs %v", paired), func(t *testing.T) {
			t.Parallel()
			o := Options{Effects: noEffect(), Resamples: 400}
			var sum float64
			for seed := range uint64(10) {
				for _, m := range sample(t, synthetic.Noises[0], 10, 0, paired, 2000+seed, o).Metrics {
					sum += *m.Detectable / spread(m.Name) / 10 / float64(len(metrics))
				}
			}
			found, all := 0, 0
			for seed := range uint64(20) {
				for _, m := range sample(t, synthetic.Noises[0], 10, sum, paired, 3000+seed, o).Metrics {
					all++
					if m.Verdict == document.Worse || m.Verdict == document.Better {
						found++
					}
				}
			}
			share := float64(found) / float64(all)
			if t.Logf("%.2f spreads: %.0f %% found", sum, 100*share); share < 0.65 || share > 0.95 {
				t.Errorf("a shift of %v spreads is found in %d of %d cases", sum, found, all)
			}
		})
	}
}
