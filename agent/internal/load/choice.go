package load

import (
	"math"
	"math/bits"
)

// choice spreads a series of calls over targets in proportion to their weights.
type choice struct {
	// ends are those of the targets' parts of [0, 2^64), without the last's.
	ends  []uint64
	start uint64
}

// newChoice is that of series 0.
func newChoice(weights []float64) choice {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	ends := make([]uint64, len(weights)-1)
	var total float64
	for i := range ends {
		total += weights[i]
		ends[i] = math.MaxUint64
		if share := total / sum * (1 << 32) * (1 << 32); share < 1<<64 {
			ends[i] = uint64(share)
		}
	}
	return choice{ends: ends}
}

// golden is the fractional part of the golden ratio: the multiples of no other
// number are spread as evenly (Weyl's sequence), so after any number of calls
// each target has its share to within a few calls. Every series of calls, an
// agent's or in a closed loop a worker's, is such a sequence of its own; a common
// one would be uneven for each where their number is one of Fibonacci's. They
// begin at multiples of the square root of 2, so that all of them together are
// spread evenly at any moment as well.
const (
	golden     = 0.6180339887498949
	goldenStep = 0x9e3779b97f4a7c15 // times 2^64
	rootStep   = 0x6a09e667f3bcc909 // the fractional part of the root, times 2^64
)

// series is the same choice for another series.
func (c choice) series(n int64) choice {
	c.start = uint64(n) * rootStep
	return c
}

// of is the target of a call by its place in the series.
func (c choice) of(place int64) int {
	x := c.start + uint64(place)*goldenStep
	for i, end := range c.ends {
		if x < end {
			return i
		}
	}
	return len(c.ends)
}

// count tells how many of n calls, from a place on, are each target's, without
// going through them.
func (c choice) count(place, n int64, f func(target int, n int64)) {
	if n <= few {
		for i := range n {
			f(c.of(place+i), 1)
		}
		return
	}
	first := c.start + uint64(place)*goldenStep
	all := floorSum(uint64(n), first)
	var before int64
	for i, end := range c.ends {
		// x < end where adding 2^64 - end to it does not carry.
		below := int64(all - floorSum(uint64(n), first-end))
		if first < end {
			below += n
		}
		f(i, below-before)
		before = below
	}
	f(len(c.ends), n-before)
}

// few calls are counted faster one by one.
const few = 16

// floorSum is the sum of floor((goldenStep*i + b) / 2^64) for i from 0 to n-1,
// modulo 2^64, in as many steps as Euclid's algorithm takes: the sum counts the
// points of a grid below a line, and those are counted by columns and by rows in
// turn.
func floorSum(n, b uint64) (sum uint64) {
	// The first step is apart, for 2^64 is no uint64.
	high, low := bits.Mul64(goldenStep, n)
	low, carry := bits.Add64(low, b, 0)
	n, b = high+carry, low
	m := uint64(goldenStep)
	quotient, a := bits.Div64(1, 0, m)
	for n > 0 {
		// Here the slope is quotient + a/m.
		pairs := n / 2 * (n - 1)
		if n%2 == 1 {
			pairs = (n - 1) / 2 * n
		}
		sum += pairs*quotient + n*(b/m)
		high, low := bits.Mul64(a, n)
		low, carry := bits.Add64(low, b%m, 0)
		n, b = bits.Div64(high+carry, low, m)
		if a == 0 {
			break
		}
		quotient, m, a = m/a, a, m%a
	}
	return sum
}
