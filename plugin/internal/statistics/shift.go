package statistics

import (
	"math"
	"slices"
)

// Interval of a figure.
type Interval struct{ Low, High float64 }

// Differences are b minus a, pair by pair. a and b have one length.
//
// They are rounded to twelve digits of the larger of both, so that differences that
// are equal in the decimals of the figures are equal for ranks as well: 2.1-2.0 and
// 3.1-3.0 are not in floating point.
func Differences(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = rounded(b[i]-a[i], max(math.Abs(a[i]), math.Abs(b[i])))
	}
	return d
}

// rounded is d to the twelfth digit of size.
func rounded(d, size float64) float64 {
	digit := int(math.Floor(math.Log10(size))) - 11
	if size == 0 || digit < -300 || digit > 290 {
		return d
	}
	// By a whole power of ten both times: that of a decimal is the number next to it.
	if digit < 0 {
		power := math.Pow10(-digit)
		return math.Round(d*power) / power
	}
	power := math.Pow10(digit)
	return math.Round(d/power) * power
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
	return HodgesLehmannBetween(a, b, MannWhitneyOrder(len(a), len(b), confidence))
}

// HodgesLehmannBetween is HodgesLehmannInterval from its k, for who needs many.
func HodgesLehmannBetween(a, b []float64, k int) (Interval, bool) { return between(pairwise(a, b), k) }

// MannWhitneyOrder is the k of HodgesLehmannInterval; 0 where there is none.
func MannWhitneyOrder(n, m int, confidence float64) int {
	if n == 0 || m == 0 {
		return 0
	}
	if !exactMannWhitney(n, m) {
		product := float64(n) * float64(m)
		return normalOrder(product/2, product*float64(n+m+1)/12, confidence)
	}
	counts, _ := sumsOfSubsets(upTo(n+m), min(n, m)) // of U, from 0
	return order(counts, confidence)
}

// SignedRankInterval holds the centre of the differences d with a chance of at least
// confidence, whatever their distribution, if it is symmetric; that of b - a is if b
// is distributed like a but for a shift. It is from the k-th smallest to the k-th
// largest of their means two by two (Hollander, Wolfe and Chicken 2014, 3.3; R's
// wilcox.test(d, conf.int = TRUE, exact = TRUE)): all shifts that WilcoxonSignedRank
// would not reject. False: with so few there is none.
func SignedRankInterval(d []float64, confidence float64) (Interval, bool) {
	return SignedRankBetween(d, SignedRankOrder(len(d), confidence))
}

// SignedRankBetween is SignedRankInterval from its k, for who needs many.
func SignedRankBetween(d []float64, k int) (Interval, bool) { return between(walsh(d), k) }

// SignedRankOrder is the k of SignedRankInterval; 0 where there is none.
func SignedRankOrder(n int, confidence float64) int {
	if n > MaxExactWilcoxon {
		return normalOrder(float64(n)*float64(n+1)/4, float64(n)*float64(n+1)*float64(2*n+1)/24, confidence)
	}
	return order(sumsOfSigned(upTo(n)), confidence)
}

// upTo are the whole numbers from 1 to n.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// walsh are the means of every two of d, each with itself as well, sorted.
func walsh(d []float64) []float64 {
	means := make([]float64, 0, len(d)*(len(d)+1)/2)
	for i, x := range d {
		for _, y := range d[i:] {
			means = append(means, x/2+y/2)
		}
	}
	slices.Sort(means)
	return means
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
	return int(math.Floor(mean + 0.5 - NormalQuantile((1+confidence)/2)*math.Sqrt(variance)))
}

// between the k-th of each end; there is nothing before the first.
func between(sorted []float64, k int) (Interval, bool) {
	if k < 1 || k > len(sorted) {
		return Interval{}, false
	}
	return Interval{Low: sorted[k-1], High: sorted[len(sorted)-k]}, true
}
