package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

const (
	comparisons = 2000
	resamples   = 500
	shift       = 3
)

// tally counts how often intervals cover the shift, and how wide they are.
type tally struct {
	mutex   sync.Mutex
	covered map[string]int
	widths  map[string][]float64
}

func newTally() *tally { return &tally{covered: map[string]int{}, widths: map[string][]float64{}} }

func (t *tally) add(name string, i statistics.Interval) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if i.Low <= shift+1e-9 && shift-1e-9 <= i.High {
		t.covered[name]++
	}
	t.widths[name] = append(t.widths[name], i.High-i.Low)
}

func (t *tally) cell(name string) string {
	return fmt.Sprintf("%.1f %%, %.2f", 100*float64(t.covered[name])/float64(len(t.widths[name])), statistics.Median(t.widths[name]))
}

var sizes = []int{6, 8, 10, 20}

// intervals holds the candidates against each other.
func intervals() {
	for _, paired := range []bool{false, true} {
		names := []string{"percentile", "BCa", "expanded percentile", "rank test inverted"}
		title := "Runs apart: Hodges-Lehmann."
		if paired {
			title = "Pairs: median of the differences; the rank test's is of their Hodges-Lehmann centre."
		}
		head(title+fmt.Sprintf(" Coverage and median width, %d comparisons each, %d resamples.", comparisons, resamples), append([]string{"noise", "runs a side"}, names...)...)
		for k, noise := range synthetic.Noises {
			for _, n := range sizes {
				t := newTally()
				parallel(comparisons, uint64(100*k+n), func(random *rand.Rand) {
					candidates(t, draws(random, noise, n, 0), draws(random, noise, n, shift), paired, random)
				})
				cells := []string{noise.Name, fmt.Sprint(n)}
				for _, name := range names {
					cells = append(cells, t.cell(name))
				}
				row(cells...)
			}
		}
	}
}

// candidates are the intervals that were tried.
func candidates(t *tally, a, b []float64, paired bool, random *rand.Rand) {
	estimate := statistics.HodgesLehmann
	if paired {
		estimate = func(a, b []float64) float64 { return statistics.Median(statistics.Differences(a, b)) }
	}
	resampler := statistics.NewResampler(len(a), len(b), paired, random.Uint64())
	values := make([]float64, resamples)
	for i := range values {
		x, y := resampler.Next()
		values[i] = estimate(repeat(a, x), repeat(b, y))
	}
	slices.Sort(values)
	t.add("percentile", statistics.Interval{Low: at(values, 0.025), High: at(values, 0.975)})
	t.add("BCa", bca(values, estimate(a, b), jackknife(a, b, paired, estimate)))
	expanded, _ := statistics.ExpandedPercentile(values, len(a), len(b), 0.95)
	t.add("expanded percentile", expanded)
	inverted, _ := statistics.HodgesLehmannInterval(a, b, 0.95)
	if paired {
		inverted, _ = statistics.SignedRankInterval(statistics.Differences(a, b), 0.95)
	}
	t.add("rank test inverted", inverted)
}

func repeat(x []float64, times []int) []float64 {
	var all []float64
	for i, n := range times {
		for range n {
			all = append(all, x[i])
		}
	}
	return all
}

func at(sorted []float64, p float64) float64 {
	return sorted[min(max(0, int(math.Round(p*float64(len(sorted)-1)))), len(sorted)-1)]
}

// jackknife is the estimate without each run, or pair.
func jackknife(a, b []float64, paired bool, estimate func(a, b []float64) float64) []float64 {
	without := func(x []float64, i int) []float64 { return slices.Delete(slices.Clone(x), i, i+1) }
	var all []float64
	for i := range a {
		if paired {
			all = append(all, estimate(without(a, i), without(b, i)))
		} else {
			all = append(all, estimate(without(a, i), b), estimate(a, without(b, i)))
		}
	}
	return all
}

// bca is Efron's bias-corrected and accelerated interval (JASA 82 (1987) 171-185).
func bca(values []float64, estimate float64, jackknife []float64) statistics.Interval {
	cdf := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	quantile := func(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
	below := 0.0
	for _, v := range values {
		switch {
		case v < estimate:
			below++
		case v == estimate:
			below += 0.5
		}
	}
	bias := quantile(min(max(below/float64(len(values)), 0.001), 0.999))
	mean := statistics.Mean(jackknife)
	var cubes, squares float64
	for _, v := range jackknife {
		cubes += math.Pow(mean-v, 3)
		squares += (mean - v) * (mean - v)
	}
	acceleration := 0.0
	if squares > 0 {
		acceleration = cubes / (6 * math.Pow(squares, 1.5))
	}
	end := func(p float64) float64 {
		z := bias + quantile(p)
		return at(values, cdf(bias+z/(1-acceleration*z)))
	}
	return statistics.Interval{Low: end(0.025), High: end(0.975)}
}

// merged is the coverage of merged percentiles, where the requests within a run are
// spread wider than the runs, and where they are not.
func merged() {
	quantiles := []float64{0.5, 0.99, 0.999}
	head("Merged percentiles: coverage of the expanded percentile alone, and with the interval of the runs' own percentiles; 500 comparisons each, 500 resamples. Requests within a run are spread 3 times as wide as the runs, or 0.3 times.",
		"noise", "runs a side", "p50", "p99", "p99.9", "p50, 0.3", "p99, 0.3", "p99.9, 0.3", "p99 in pairs")
	for k, noise := range synthetic.Noises {
		for _, n := range []int{6, 10, 20} {
			cells := []string{noise.Name, fmt.Sprint(n)}
			for _, c := range []struct {
				within float64
				paired bool
			}{{3, false}, {0.3, false}, {3, true}} {
				t := newTally()
				parallel(500, uint64(1000+100*k+n), func(random *rand.Rand) {
					a, b := pool(random, noise, n, 0, c.within), pool(random, noise, n, shift, c.within)
					all, _ := statistics.PooledDifference(a, b, c.paired, quantiles, 500, random.Uint64(), 0.95)
					for i, q := range quantiles {
						x, y := own(a, q), own(b, q)
						runs, _ := statistics.HodgesLehmannInterval(x, y, 0.95)
						if c.paired {
							runs, _ = statistics.MedianInterval(statistics.Differences(x, y), 500, random.Uint64(), 0.95)
						}
						t.add(fmt.Sprint(q), statistics.Interval{Low: all[i].Low / 1e6, High: all[i].High / 1e6})
						t.add(fmt.Sprint(q, " both"), statistics.Interval{Low: min(runs.Low, all[i].Low/1e6), High: max(runs.High, all[i].High/1e6)})
					}
				})
				for _, q := range quantiles {
					if !c.paired || q == 0.99 {
						cells = append(cells, fmt.Sprintf("%.1f, %.1f %%", float64(t.covered[fmt.Sprint(q)])/5, float64(t.covered[fmt.Sprint(q, " both")])/5))
					}
				}
			}
			row(cells...)
		}
	}
}

// own are the percentiles of the runs by themselves, in ms.
func own(p *statistics.Pool, q float64) []float64 {
	var all []float64
	for run := range p.Runs() {
		times := make([]int, p.Runs())
		times[run] = 1
		all = append(all, p.Quantile(times, q)/1e6)
	}
	return all
}

// pool is that of n runs, whose requests are 60 ms, the run's own noise, and a
// lognormal share each.
func pool(random *rand.Rand, noise synthetic.Noise, n int, shift, within float64) *statistics.Pool {
	const requests = 500
	var runs [][]histogram.Bucket
	for range n {
		at := noise.Draw(random) + shift
		var run []histogram.Bucket
		for i := range requests {
			z := -math.Sqrt2 * math.Erfcinv((2*float64(i)+1)/requests)
			v := time.Duration((60 + at + within*math.Exp(0.7*z)) * 1e6)
			if last := len(run) - 1; last >= 0 && run[last].Highest >= v {
				run[last].Count++
				continue
			}
			run = append(run, histogram.Bucket{Highest: v, Count: 1})
		}
		runs = append(runs, run)
	}
	return statistics.NewPool(runs)
}
