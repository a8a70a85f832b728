package statistics

import "math"

// MaxExactMannWhitney is up to how many values on both sides together, as many on
// each, MannWhitney is exact. Beyond it nobody can tell the normal approximation from
// it. Of sides that differ more are exact, as many as take no more work than these:
// with few values on one side the approximation is poor however many the other has.
const MaxExactMannWhitney = 200

// exactMannWhitney tells whether n and m values are few enough. The work is that of
// sumsOfSubsets: for every value, for every size of a set up to the smaller side, all
// sums there are.
func exactMannWhitney(n, m int) bool {
	const half = MaxExactMannWhitney / 2
	work := float64(n+m) * float64(min(n, m)) * float64(n) * float64(m)
	return work <= MaxExactMannWhitney*half*half*half
}

// MannWhitney is the two-sided p of the Wilcoxon-Mann-Whitney test: how likely two
// random parts of all values, as large as a and b, differ in their ranks as much as
// a and b do, or more. 1 where a side is empty.
//
// It is exact and conditional on ties: equal values share the mean of their ranks,
// and the rank sum W of a is held against its distribution over all ways to choose
// len(a) of the midranks. Two-sided is P(|W - E| >= |w - E|), as R's
// coin::wilcox_test(distribution = "exact") has it. Without ties the distribution is
// symmetric, so that this equals twice the smaller tail, which is what R's
// wilcox.test(exact = TRUE) and SciPy's mannwhitneyu take.
//
// Beyond what is exact: the normal approximation with corrections for ties and for
// continuity, as wilcox.test(correct = TRUE) has it (Hollander, Wolfe and Chicken 2014,
// 4.1), and never below MinMannWhitney, which no data can be.
func MannWhitney(a, b []float64) float64 {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return 1
	}
	all := make([]float64, 0, n+m)
	all = append(append(all, a...), b...)
	ranks, ties := doubledMidranks(all)
	// The smaller side is counted: its rank sum says the same.
	of, k := ranks[:n], n
	if m < n {
		of, k = ranks[n:], m
	}
	var w int
	for _, r := range of {
		w += r
	}
	expected := k * (n + m + 1) // of doubled ranks
	if !exactMannWhitney(n, m) {
		total := float64(n + m)
		variance := float64(n) * float64(m) / 12 * (total + 1 - ties/(total*(total-1)))
		return max(normalTwoSided(float64(w-expected)/2, variance), MinMannWhitney(n, m))
	}
	counts, least := sumsOfSubsets(ranks, k)
	return beyond(counts, 2*(expected-least), 2*(w-least))
}

// normalTwoSided is the two-sided p of a distance from the mean, corrected for
// continuity by a half.
func normalTwoSided(distance, variance float64) float64 {
	if variance <= 0 {
		return 1
	}
	z := max(0, math.Abs(distance)-0.5) / math.Sqrt(variance)
	return min(1, math.Erfc(z/math.Sqrt2))
}

// MinMannWhitney is the smallest p that n and m values without ties can reach: 2 of
// all (n+m choose n) ways to choose. With ties it cannot be smaller but where n and m
// differ; see MannWhitney.
func MinMannWhitney(n, m int) float64 {
	if n <= 0 || m <= 0 {
		return 1
	}
	return min(1, 2*math.Exp(-logChoose(n+m, n)))
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
