package statistics

import (
	"cmp"
	"slices"
)

// Holm adjusts p values for their number, so that the chance of any false one below
// a level is at most that level, however they depend on each other: the smallest
// times their number, the next times one less, and so on, none less than one before
// it and none above 1. S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70;
// R's p.adjust(method = "holm").
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	adjusted := make([]float64, len(p))
	var before float64
	for rank, i := range order {
		before = max(before, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = before
	}
	return adjusted
}
