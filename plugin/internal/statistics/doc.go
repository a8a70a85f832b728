// Package statistics holds the pure functions behind a comparison and a history:
// exact rank tests, intervals, the bootstrap over runs, and change points. It
// knows numbers and histograms only: no documents, no units, no clock, and no
// randomness but that of a seed it is given.
//
// Every function leaves its arguments as they are, and wants them finite.
package statistics

import (
	"math"
	"slices"
)

// sorted is a sorted copy.
func sorted(x []float64) []float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return s
}

// Median is the middle of the values, the mean of the two middle ones for an even
// number, and NaN without any.
func Median(x []float64) float64 { return medianOfSorted(sorted(x)) }

func medianOfSorted(s []float64) float64 {
	n := len(s)
	if n == 0 {
		return math.NaN()
	}
	// Halved first, for the sum of two large numbers may be none.
	return s[(n-1)/2]/2 + s[n/2]/2
}

// Mean is the arithmetic mean, NaN without any values.
func Mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
