package statistics

import (
	"math"
	"slices"
)

// Interval of a figure.
type Interval struct{ Low, High float64 }

// Differences are b minus a, pair by pair. a and b have one length.
func Differences(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = b[i] - a[i]
	}
	return d
}

// pairwise are the differences of every b and every a, sorted.
func pairwise(a, b []float64) []float64 {
	d := make([]float64, 0, len(a)*len(b))
	for _, y := range b {
		for _, x := range a {
			d = append(d, y-x)
		}
	}
	slices.Sort(d)
	return d
}

// HodgesLehmann is by how much b is above a: the median of the differences between
// every value of b and every value of a (J. L. Hodges and E. L. Lehmann, Annals of
// Mathematical Statistics 34 (1963) 598-611).
func HodgesLehmann(a, b []float64) float64 { return medianOfSorted(pairwise(a, b)) }

// HodgesLehmannInterval holds what HodgesLehmann estimates with a chance of at least
// confidence, whatever the distribution of the values, if b is distributed like a but
// for a shift: all shifts that MannWhitney at the level 1 - confidence would not
// reject. It is from the k-th smallest to the k-th largest difference, k - 1 being the
// greatest number that U, without ties, is at most with a chance of no more than half
// the level (P. K. Sen, Biometrics 19 (1963) 532-552; R's wilcox.test(conf.int =
// TRUE, exact = TRUE)). False: with so few values there is none.
func HodgesLehmannInterval(a, b []float64, confidence float64) (Interval, bool) {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return Interval{}, false
	}
	var k int
	if n+m > MaxExactMannWhitney {
		product := float64(n) * float64(m)
		k = normalOrder(product/2, product*float64(n+m+1)/12, confidence)
	} else {
		ranks := make([]int, n+m)
		for i := range ranks {
			ranks[i] = i + 1
		}
		counts, _ := sumsOfSubsets(ranks, min(n, m)) // of U, from 0
		k = order(counts, confidence)
	}
	return between(pairwise(a, b), k)
}

// order is the greatest k such that at most k - 1 is no likelier than half of what
// confidence leaves.
func order(counts []float64, confidence float64) int {
	var all, below float64
	for _, n := range counts {
		all += n
	}
	for k, n := range counts {
		below += n
		if below/all > (1-confidence)/2 {
			return k
		}
	}
	return 0
}

// normalOrder is order by the normal approximation.
func normalOrder(mean, variance, confidence float64) int {
	return int(math.Floor(mean + 0.5 - normalQuantile((1+confidence)/2)*math.Sqrt(variance)))
}

// between the k-th of each end; there is nothing before the first.
func between(sorted []float64, k int) (Interval, bool) {
	if k < 1 || k > len(sorted) {
		return Interval{}, false
	}
	return Interval{Low: sorted[k-1], High: sorted[len(sorted)-k]}, true
}
