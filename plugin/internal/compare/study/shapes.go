package main

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// unlike are sides that are not of one shape. Without a shift, as many of B's runs are
// above A's median as below, or would be.
var unlike = []struct {
	name string
	n, m int
	a, b func(random *rand.Rand) float64
}{
	{"normal, as wide", 10, 10, times(1), times(1)},
	{"normal, B three times as wide", 10, 10, times(1), times(3)},
	{"normal, 6 and 18 runs", 6, 18, times(1), times(1)},
	{"normal, 6 runs, and 18 three times as wide", 6, 18, times(1), times(3)},
	{"normal, 6 runs three times as wide, and 18", 6, 18, times(3), times(1)},
	{"lognormal, B skewed the other way", 10, 10, lognormal(1), lognormal(-1)},
	{"0 in four of five runs, else exponential", 10, 10, mostlyZero, mostlyZero},
}

func times(width float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return width * r.NormFloat64() }
}

// lognormal noise with a median of 0.
func lognormal(sign float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return sign * (synthetic.Noises[1].Draw(r) - 1) }
}

// mostlyZero is what the share of errors looks like.
func mostlyZero(r *rand.Rand) float64 {
	if r.Float64() < 0.8 {
		return 0
	}
	return r.ExpFloat64()
}

// shapes is what a comparison of one metric says where both sides differ in more than a
// shift, and where the shift is just the effect.
func shapes() {
	const comparisons = 4000
	head(fmt.Sprintf("One metric, the same median on both sides, every difference matters: comparisons of %d that call it better or worse.", comparisons), "sides", "apart", "in pairs")
	for k, s := range unlike {
		cells := []string{s.name}
		for _, paired := range []bool{false, true} {
			if paired && s.n != s.m {
				cells = append(cells, "")
				continue
			}
			n := count(comparisons, uint64(200+k), func(r *rand.Rand) bool {
				in, p, ok := one(drawn(r, s.n, s.a, 0), drawn(r, s.m, s.b, 0), paired, r.Uint64())
				return ok && p < 0.05 && (in.Low > 0 || in.High < 0)
			})
			cells = append(cells, share(n, comparisons))
		}
		row(cells...)
	}
	effects := []float64{1, 2, 3, 5}
	for _, paired := range []bool{false, true} {
		title := "apart"
		if paired {
			title = "in pairs"
		}
		head(fmt.Sprintf("One metric, 10 runs a side, %s, moved by just the least effect, of this size in units of the noise: comparisons of %d that call it the same, or worse.", title, comparisons), "noise", "1", "2", "3", "5")
		for k, noise := range synthetic.Noises {
			cells := []string{noise.Name}
			for _, effect := range effects {
				measure := func(judge func(in statistics.Interval, p float64) bool) int {
					return count(comparisons, uint64(300+k), func(r *rand.Rand) bool {
						in, p, ok := one(drawn(r, 10, noise.Draw, 0), drawn(r, 10, noise.Draw, effect), paired, r.Uint64())
						return ok && judge(in, p)
					})
				}
				same := measure(func(in statistics.Interval, _ float64) bool { return in.Low > -effect && in.High < effect })
				worse := measure(func(in statistics.Interval, p float64) bool { return in.Low > effect && p < 0.05 })
				cells = append(cells, share(same, comparisons)+", "+share(worse, comparisons))
			}
			row(cells...)
		}
	}
}

// one is the interval and p of one metric.
func one(a, b []float64, paired bool, seed uint64) (statistics.Interval, float64, bool) {
	if paired {
		d := statistics.Differences(a, b)
		in, ok := statistics.MedianInterval(d, 500, seed, 0.95)
		return in, statistics.WilcoxonSignedRank(d), ok
	}
	in, ok := statistics.HodgesLehmannInterval(a, b, 0.95)
	return in, statistics.MannWhitney(a, b), ok
}

func drawn(random *rand.Rand, n int, draw func(*rand.Rand) float64, shift float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = draw(random) + shift
	}
	return x
}

func count(comparisons int, seed uint64, is func(*rand.Rand) bool) int {
	var mutex sync.Mutex
	n := 0
	parallel(comparisons, seed, func(random *rand.Rand) {
		if is(random) {
			mutex.Lock()
			defer mutex.Unlock()
			n++
		}
	})
	return n
}
