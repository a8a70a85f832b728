package compare

import (
	"fmt"
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// size is how many runs a metric has, and what so many can show.
type size struct {
	t *trial
	n int // runs of A
	m int // runs of B
	// order is that of the interval without pairs.
	order int
	// known is what newPower made of a family, which takes some time.
	known map[int]power
}

// size of n and m runs.
func (t *trial) size(n, m int) *size {
	z := t.sizes[[2]int{n, m}]
	if z == nil {
		z = &size{t: t, n: n, m: m, known: map[int]power{}}
		if !t.s.paired {
			z.order = statistics.MannWhitneyOrder(n, m, t.o.Confidence)
		}
		t.sizes[[2]int{n, m}] = z
	}
	return z
}

// minP is the smallest p that so many runs a side can reach.
func (z *size) minP(n, m int) float64 {
	if z.t.s.paired {
		return statistics.MinWilcoxon(n)
	}
	return statistics.MinMannWhitney(n, m)
}

// needed is the least number of runs a side, or of pairs, with which the most extreme
// data could be significant after the correction for family metrics, and have an
// interval.
func (z *size) needed(family int) int {
	if z.n != z.m && z.significant(z.n, z.m, family) {
		return min(z.n, z.m)
	}
	for n := 2; ; n++ {
		if z.significant(n, n, family) {
			return n
		}
	}
}

// short is how many runs a side are missing for any verdict.
func (z *size) short(family int) int { return max(0, z.needed(family)-min(z.n, z.m)) }

func (z *size) significant(n, m, family int) bool {
	return z.minP(n, m)*float64(family) < 1-z.t.o.Confidence && (!z.t.s.paired || n >= leastPairs(z.t.o.Confidence))
}

// leastPairs is the least number of pairs whose range, which is the widest interval
// there can be, holds their median with the confidence: of n pairs with 1 - 2/2^n, so
// 6 for 95 % and 8 for 99 %.
func leastPairs(confidence float64) int {
	n := 2
	for math.Ldexp(2, -n) > 1-confidence {
		n++
	}
	return n
}

func (z *size) have() string {
	if z.n == z.m {
		return z.count(z.n)
	}
	return fmt.Sprintf("%d and %d runs", z.n, z.m)
}

func (z *size) count(n int) string {
	if z.t.s.paired {
		return plural(n, "pair")
	}
	return plural(n, "run") + " a side"
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
