package statistics

import "math"

// MaxExactWilcoxon is up to how many differences WilcoxonSignedRank is exact.
const MaxExactWilcoxon = 300

// WilcoxonSignedRank is the two-sided p of Wilcoxon's signed-rank test: how likely
// differences of these sizes, each as likely up as down, are as one-sided as d, or
// more. 1 without any that is not 0.
//
// It is exact and conditional on ties: the sum of the midranks of the positive ones
// is held against its distribution over all 2^n signs. That is symmetric, so
// P(|V - E| >= |v - E|) is twice the smaller tail.
//
// Zeros follow Pratt's rule (J. W. Pratt, JASA 54 (1959) 655-667): they are ranked
// with the others and have no sign. Wilcoxon's own rule drops them before ranking;
// then a set of differences can be significant and become insignificant when every
// one of them grows, and pairs that show no difference at all count for nothing.
// R's coin::wilcoxsign_test(zero.method = "Pratt", distribution = "exact") is the
// same test.
//
// Beyond MaxExactWilcoxon differences: the normal approximation with corrections for
// ties and for continuity.
func WilcoxonSignedRank(d []float64) float64 {
	sizes := make([]float64, len(d))
	for i, v := range d {
		sizes[i] = math.Abs(v)
	}
	ranks, _ := doubledMidranks(sizes)
	var signed []int
	var positive, all int
	var squares float64
	for i, v := range d {
		if v == 0 {
			continue
		}
		signed = append(signed, ranks[i])
		all += ranks[i]
		squares += float64(ranks[i]) * float64(ranks[i])
		if v > 0 {
			positive += ranks[i]
		}
	}
	if len(signed) == 0 {
		return 1
	}
	if len(d) > MaxExactWilcoxon {
		// The variance of a sum of ranks with random signs is a quarter of the sum of
		// their squares; doubled ranks have four times that.
		return normalTwoSided(float64(2*positive-all)/4, squares/16)
	}
	return beyond(sumsOfSigned(signed), all, 2*positive)
}

// sumsOfSigned is the distribution of the sum of those ranks whose sign is positive,
// each set of signs being as likely as any other: shares, by sum from 0.
func sumsOfSigned(ranks []int) []float64 {
	top := 0
	for _, r := range ranks {
		top += r
	}
	shares := make([]float64, top+1)
	shares[0], top = 1, 0
	for _, r := range ranks {
		top += r
		for s := top; s >= 0; s-- {
			with := 0.0
			if s >= r {
				with = shares[s-r]
			}
			shares[s] = (shares[s] + with) / 2
		}
	}
	return shares
}

// MinWilcoxon is the smallest p that n differences can reach: 2 of all 2^n signs.
func MinWilcoxon(n int) float64 {
	if n <= 0 {
		return 1
	}
	return math.Ldexp(2, -n)
}
