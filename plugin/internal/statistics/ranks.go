package statistics

import (
	"cmp"
	"slices"
)

// doubledMidranks are twice the ranks of x, from 1; equal values share the mean of
// their ranks, which doubled is whole. ties is the sum of t^3 - t over the groups
// of t equal values.
func doubledMidranks(x []float64) (ranks []int, ties float64) {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	ranks = make([]int, len(x))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = from + 1 + to // twice the mean of from+1 ... to
		}
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	return ranks, ties
}

// sumsOfSubsets is the distribution of the sum of k of the ranks, each set of k
// being as likely as any other: the number of sets by sum, beginning with the sum
// least. Counts are float64: exact up to 2^53, beyond that to 15 digits, for
// nothing is ever subtracted.
func sumsOfSubsets(ranks []int, k int) (counts []float64, least int) {
	s := slices.Clone(ranks)
	slices.Sort(s)
	n := len(s)
	before := make([]int, n+1) // sums of the i least
	for i, r := range s {
		before[i+1] = before[i] + r
	}
	// ways[j] counts the sets of j of the ranks seen so far. Sums of j ranks begin at
	// before[j], so that only what can be is kept.
	ways := make([][]float64, k+1)
	for j := range ways {
		ways[j] = make([]float64, before[n]-before[n-j]-before[j]+1)
	}
	ways[0][0] = 1
	for i, r := range s {
		for j := min(i+1, k); j >= max(1, k-(n-1-i)); j-- {
			// The greatest sum of j-1 of the i ranks before this one.
			top := before[i] - before[i-(j-1)] - before[j-1]
			shift := before[j-1] + r - before[j]
			for t, w := range ways[j-1][:top+1] {
				ways[j][t+shift] += w
			}
		}
	}
	return ways[k], before[k]
}

// beyond is the share of counts at sums as far from the middle as at is, or
// farther. Sums are those of counts' indices times two.
func beyond(counts []float64, doubledMiddle, doubledAt int) float64 {
	distance := doubledAt - doubledMiddle
	if distance < 0 {
		distance = -distance
	}
	var all, far float64
	for i, n := range counts {
		all += n
		if d := 2*i - doubledMiddle; d >= distance || -d >= distance {
			far += n
		}
	}
	return min(1, far/all)
}
