package chart

import (
	"math"
	"slices"
)

// Median is the middle of values, or the mean of the two in the middle; not a
// number where there are none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
