package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// sample is a comparison of n runs a side with what after says. In pairs, a noise of
// its own is common to both.
func sample(t testing.TB, after synthetic.Runs, n int, paired bool, seed uint64, o Options) *document.Comparison {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	a, b := &Group{Name: "a"}, &Group{Name: "b"}
	before := synthetic.Runs{Noise: after.Noise, Random: random, Bare: after.Bare}
	after.Random = random
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
// better or worse, with any noise, with runs in pairs and without. Of 600 that is 30; 48
// or more have a chance of 0.001, and where it were one in ten, fewer one of 0.05.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	for i, noise := range synthetic.Noises {
		for _, paired := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pairs %v", noise.Name, paired), func(t *testing.T) {
				t.Parallel()
				wrong := 0
				for seed := range uint64(600) {
					if slices.ContainsFunc(verdicts(t, noise, 10, 0, 0, paired, 1000*uint64(i)+seed), decided) {
						wrong++
					}
				}
				if t.Logf("%d of 600", wrong); wrong >= 48 {
					t.Errorf("%d of 600 comparisons of the same thing find a difference", wrong)
				}
			})
		}
	}
}

// A true difference that is just the effect is called the same in at most 2.5 % of
// metrics, and worse in as many. Of 3,000 that is 75; 3.5 % are 105.
func TestTheEffectIsNotCalledTheSame(t *testing.T) {
	for i, noise := range synthetic.Noises {
		for _, paired := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pairs %v", noise.Name, paired), func(t *testing.T) {
				t.Parallel()
				same, beyond := 0, 0
				for seed := range uint64(200) {
					for _, m := range verdicts(t, noise, 10, 3, 3, paired, 5000*uint64(i)+seed) {
						if m.Verdict == document.Same {
							same++
						} else if decided(m) {
							beyond++
						}
					}
				}
				if t.Logf("%d of 3,000 the same, %d beyond", same, beyond); same >= 105 || beyond >= 105 || same == 0 {
					t.Errorf("of 3,000 differences that are just the effect %d are called the same, and %d more", same, beyond)
				}
			})
		}
	}
}

// verdicts are those of all metrics, with n runs a side that have nothing but figures,
// and so take no time: noise about 100, that of B above it by shift.
func verdicts(t *testing.T, noise synthetic.Noise, n int, shift, effect float64, paired bool, seed uint64) []document.MetricComparison {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 19))
	runs := func(shift float64) (all []*run) {
		for range n {
			r := &run{figures: map[string]float64{}}
			for _, m := range metrics {
				r.figures[m.name] = 100 + shift + noise.Draw(random)
			}
			all = append(all, r)
		}
		return all
	}
	effects := map[string]Effect{}
	for name := range noEffect() {
		effects[name] = Effect{Absolute: effect}
	}
	o, err := Options{Effects: effects, Resamples: 200}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	trial := newTrial(&sides{a: &side{runs: runs(0)}, b: &side{runs: runs(shift)}, paired: paired}, o)
	figures, leftOut := trial.figures()
	if len(leftOut) > 0 {
		t.Fatal(leftOut)
	}
	var all []document.MetricComparison
	for _, f := range figures {
		all = append(all, trial.measure(f.metric, f))
	}
	trial.correct(all)
	for i := range all {
		trial.verdict(&all[i])
	}
	return all
}

func decided(m document.MetricComparison) bool {
	return m.Verdict == document.Better || m.Verdict == document.Worse
}

// The interval covers a known shift in at least 93 of 100 cases: all metrics of 80
// comparisons with 6 runs a side. Each noise by itself is tested, with more of them, in
// package statistics.
func TestTheShiftIsCovered(t *testing.T) {
	const shift, comparisons = 2, 10
	var covered, all atomic.Int32
	t.Run("noises", func(t *testing.T) {
		for _, noise := range synthetic.Noises {
			for _, paired := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, pairs %v", noise.Name, paired), func(t *testing.T) {
					t.Parallel()
					for seed := range uint64(comparisons) {
						for _, m := range sample(t, synthetic.Runs{Noise: noise, Shift: shift}, 6, paired, 1000+seed, Options{Resamples: 300}).Metrics {
							truth, slack := shift*spread(m.Name), 1e-9
							if m.Unit == milliseconds {
								slack = 0.001 * math.Abs(m.A.Median) // of the histogram
							}
							all.Add(1)
							if m.Difference.Low-slack <= truth && truth <= m.Difference.High+slack {
								covered.Add(1)
							}
						}
					}
				})
			}
		}
	})
	share := float64(covered.Load()) / float64(all.Load())
	if t.Logf("%.1f %% of %d", 100*share, all.Load()); share < 0.93 {
		t.Errorf("%.1f %% of %d intervals cover the shift", 100*share, all.Load())
	}
}

// What Detectable says is found in about four of five comparisons, if nothing else is
// to be found: with an effect too, which the difference is then beyond.
func TestDetectableIsDetected(t *testing.T) {
	effects := map[string]map[string]Effect{"no effect": noEffect(), "an effect": noEffect()}
	effects["an effect"]["rate"] = Effect{Absolute: spread("rate.achieved")}
	for name, effect := range effects {
		for _, paired := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pairs %v", name, paired), func(t *testing.T) {
				t.Parallel()
				const comparisons = 40
				o, noise := Options{Effects: effect, Resamples: 200}, synthetic.Noises[0]
				of := func(c *document.Comparison) document.MetricComparison { return find(t, c, "rate.achieved") }
				var said []float64
				for seed := range uint64(40) {
					said = append(said, *of(sample(t, synthetic.Runs{Noise: noise, Bare: true}, 10, paired, 2000+seed, o)).Detectable/spread("rate.achieved"))
				}
				shift, found := statistics.Median(said), 0
				for seed := range uint64(comparisons) {
					if decided(of(sample(t, synthetic.Runs{Noise: noise, Shift: shift, Only: "rate", Bare: true}, 10, paired, 3000+seed, o))) {
						found++
					}
				}
				if t.Logf("%.2f spreads: %d of %d found", shift, found, comparisons); found < 25 || found > 38 {
					t.Errorf("a shift of %v spreads is found in %d of %d comparisons", shift, found, comparisons)
				}
			})
		}
	}
}
