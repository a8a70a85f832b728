package load

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Whatever the number of agents: each calls every target in its share, in any
// stretch of its own calls and of those of all.
func TestTargetsGetTheirShares(t *testing.T) {
	weights := []float64{1, 2, 5}
	c := newChoice(weights)
	const calls = 500
	for agents := range 101 {
		all := make([]float64, len(weights))
		for index := range int64(calls) {
			for agent := range agents {
				all[c.series(int64(agent)).of(index)]++
			}
		}
		n := float64(calls * agents)
		for target, w := range weights {
			if want := n * w / 8; math.Abs(all[target]-want) > 8+n/500 {
				t.Errorf("%d agents: target %d has %g of %g calls, want %g", agents, target, all[target], n, want)
			}
		}
	}
	for series := range int64(200) {
		own, run, last := make([]float64, len(weights)), 0, -1
		for index := range int64(calls) {
			target := c.series(series).of(index)
			own[target]++
			if target != last {
				run, last = 0, target
			}
			// 5 of 8: never more than 4 in a row, and never more than 1 of the others.
			if run++; run > 4 || target < 2 && run > 1 {
				t.Fatalf("series %d: %d calls in a row to target %d", series, run, target)
			}
			for i, w := range weights {
				if want := float64(index+1) * w / 8; math.Abs(own[i]-want) > 4 {
					t.Fatalf("series %d: target %d has %g of %d calls, want %g", series, i, own[i], index+1, want)
				}
			}
		}
	}
}

// The calls of each target are counted together as one by one.
func TestTargetsAreCountedAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 23))
	for range 3000 {
		weights := make([]float64, 1+r.IntN(6))
		for i := range weights {
			weights[i] = math.Exp(20 * r.Float64())
		}
		series, place, n := r.Int64N(1000), r.Int64N(1<<50), r.Int64N(2000)
		c := newChoice(weights).series(series)
		want, got := make([]int64, len(weights)), make([]int64, len(weights))
		for i := range n {
			want[c.of(place+i)]++
		}
		c.count(place, n, func(target int, n int64) { got[target] += n })
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("weights %g, %d calls from %d of series %d: target %d has %d, want %d", weights, n, place, series, i, got[i], want[i])
			}
		}
	}
	// More than can be gone through: as many as the weights say.
	c := newChoice([]float64{1, 3}).series(7)
	c.count(1<<40, 4e13, func(target int, n int64) {
		if want := []int64{1e13, 3e13}[target]; n < want-100 || n > want+100 {
			t.Errorf("target %d has %d of 4e13, want %d", target, n, want)
		}
	})
}
