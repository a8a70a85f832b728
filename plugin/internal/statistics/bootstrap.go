package statistics

import (
	"math"
	"math/rand/v2"
)

// Resampler draws runs anew, with replacement, as often as there are, on each side.
// Pairs are drawn together. The same seed draws the same.
type Resampler struct {
	a, b   []int
	paired bool
	random *rand.Rand
}

// NewResampler is for n and m runs. Paired: n pairs, and m is the same.
func NewResampler(n, m int, paired bool, seed uint64) *Resampler {
	r := &Resampler{a: make([]int, n), b: make([]int, m), paired: paired, random: rand.New(rand.NewPCG(seed, 0x6d657368657279))}
	if paired {
		r.b = r.a
	}
	return r
}

// Next is how often each run of both sides was drawn, until the call after it.
func (r *Resampler) Next() (a, b []int) {
	r.draw(r.a)
	if !r.paired {
		r.draw(r.b)
	}
	return r.a, r.b
}

func (r *Resampler) draw(times []int) {
	clear(times)
	for range times {
		times[r.random.IntN(len(times))]++
	}
}

// ExpandedPercentile is the bootstrap's interval of a statistic from its values over
// resamples of n and m runs: from their quantile p to 1 - p, with
//
//	p = NormalCDF(-sqrt(k / (k - 1)) t),  t = studentQuantile((1 + confidence) / 2, k - 1)
//
// and k the smaller of n and m. The plain percentiles (p = (1 - confidence) / 2) are
// too narrow for few runs: resampling loses a share 1/k of the variance, and knows
// the spread only as well as k runs do. T. C. Hesterberg, "What Teachers Should Know
// About the Bootstrap", The American Statistician 69 (2015) 371-386 (2014 on arXiv:
// 1411.5279). False without at least two runs on each side.
func ExpandedPercentile(values []float64, n, m int, confidence float64) (Interval, bool) {
	k := min(n, m)
	if k < 2 || len(values) == 0 {
		return Interval{}, false
	}
	t := studentQuantile((1+confidence)/2, k-1)
	p := NormalCDF(-math.Sqrt(float64(k)/float64(k-1)) * t)
	s := sorted(values)
	return Interval{Low: quantileOfSorted(s, p), High: quantileOfSorted(s, 1-p)}, true
}

// quantileOfSorted is the quantile p, in a straight line between the two values
// around it (type 7 of Hyndman and Fan 1996).
func quantileOfSorted(s []float64, p float64) float64 {
	h := p * float64(len(s)-1)
	i := min(int(h), len(s)-1)
	next := min(i+1, len(s)-1)
	return s[i] + (h-float64(i))*(s[next]-s[i])
}

// MedianInterval is the bootstrap's interval of the median of differences between the
// runs of pairs, drawn anew so many times. It needs no symmetry, and one pair in five
// may be anything. False without at least two pairs.
func MedianInterval(d []float64, resamples int, seed uint64, confidence float64) (Interval, bool) {
	s := sorted(d)
	r := NewResampler(len(s), len(s), true, seed)
	values := make([]float64, resamples)
	for i := range values {
		times, _ := r.Next()
		values[i] = medianOfRepeated(s, times)
	}
	return ExpandedPercentile(values, len(s), len(s), confidence)
}

// medianOfRepeated is the median of len(s) values: those of s, which is sorted, each so
// many times.
func medianOfRepeated(s []float64, times []int) float64 {
	lower, upper := (len(s)-1)/2, len(s)/2
	var low float64
	sofar, found := 0, false
	for i, n := range times {
		sofar += n
		if !found && sofar > lower {
			low, found = s[i], true
		}
		if sofar > upper {
			return low/2 + s[i]/2
		}
	}
	return low
}
