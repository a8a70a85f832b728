package statistics

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// ChangeOptions are how ChangePoints looks.
type ChangeOptions struct {
	// Significance is the chance that a series without any change has one found in
	// it. 0 is 0.05.
	Significance float64
	// Permutations of each test. 0 is 199; a p is never below 1 / (Permutations + 1).
	Permutations int
	// MinSegment is the least number of points between two changes, at least 2.
	// 0 is 5.
	MinSegment int
	// Seed of the permutations: the same series has the same changes.
	Seed uint64
}

// ChangePoint is where a series becomes another.
type ChangePoint struct {
	// Index of the first point after the change.
	Index int
	// P is how often a shuffled series had a change as clear as this one.
	P float64
}

// ChangePoints are where the distribution of a series changes, by index: E-Divisive
// (D. S. Matteson and N. A. James, "A Nonparametric Approach for Multiple Change
// Point Analysis of Multivariate Data", JASA 109 (2014) 334-345), with the exponent 1
// of the distance. It looks for changes one by one: the clearest first, which cuts a
// segment in two, then the clearest in any of the segments. It ends where a
// permutation test within the segments no longer tells the next one from noise.
//
// It takes memory and time with the square of the series: 1,000 points take 8 MB.
func ChangePoints(series []float64, o ChangeOptions) []ChangePoint {
	if o.Significance == 0 {
		o.Significance = 0.05
	}
	if o.Permutations == 0 {
		o.Permutations = 199
	}
	if o.MinSegment == 0 {
		o.MinSegment = 5
	}
	o.MinSegment = max(2, o.MinSegment)
	s := &search{o: o, series: series, random: rand.New(rand.NewPCG(o.Seed, 0x646976697365)), segments: []int{0, len(series)}}
	s.best = []split{s.clearest(series)}
	var found []ChangePoint
	for {
		i := slices.IndexFunc(s.best, func(b split) bool { return b.q == s.q() })
		if s.best[i].at == 0 {
			break // no segment is long enough, or none has two values
		}
		p, ok := s.test()
		if !ok {
			break
		}
		at := s.segments[i] + s.best[i].at
		found = append(found, ChangePoint{Index: at, P: p})
		s.segments = slices.Insert(s.segments, i+1, at)
		s.best = slices.Replace(s.best, i, i+1, s.clearest(s.segment(i)), s.clearest(s.segment(i+1)))
	}
	slices.SortFunc(found, func(a, b ChangePoint) int { return cmp.Compare(a.Index, b.Index) })
	return found
}

// search is the state of ChangePoints.
type search struct {
	o        ChangeOptions
	series   []float64
	random   *rand.Rand
	segments []int   // their bounds
	best     []split // of each
	// Kept from one call to the next.
	sums, shuffled []float64
}

// split of a segment after so many of its points; none is at 0.
type split struct {
	at int
	q  float64
}

func (s *search) segment(i int) []float64 { return s.series[s.segments[i]:s.segments[i+1]] }

// q is that of the clearest split of all segments.
func (s *search) q() float64 {
	return slices.MaxFunc(s.best, func(a, b split) int { return cmp.Compare(a.q, b.q) }).q
}

// test is the p of the clearest split: the points of every segment are shuffled, and
// the clearest split of that is held against it. It ends as soon as the split cannot
// be significant any more. A change counts if p is at most Significance.
func (s *search) test() (float64, bool) {
	q, as, n := s.q(), 0, float64(s.o.Permutations+1)
	for range s.o.Permutations {
		most := 0.0
		for i := range s.best {
			shuffled := append(s.shuffled[:0], s.segment(i)...)
			s.shuffled = shuffled
			s.random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if most = max(most, s.clearest(shuffled).q); most >= q {
				break
			}
		}
		if most >= q {
			as++
		}
		if float64(as+1)/n > s.o.Significance {
			return 1, false
		}
	}
	return float64(as+1) / n, true
}

// clearest split of x: that with the greatest
//
//	q = n m / (n + m) (2 mean|X-Y| - mean|X-X'| - mean|Y-Y'|)
//
// of X, the first n points, and Y, the m after them, which need not be all, so that a
// change back later does not hide the first. (2.6) to (2.8) of the paper.
func (s *search) clearest(x []float64) split {
	size, least := len(x), s.o.MinSegment
	var best split
	if size < 2*least {
		return best
	}
	// sums[i*(size+1)+j] are the distances between point i and those before j.
	width := size + 1
	if cap(s.sums) < size*width {
		s.sums = make([]float64, size*width)
	}
	sums := s.sums[:size*width]
	for i, v := range x {
		row := sums[i*width : (i+1)*width]
		row[0] = 0
		var sum float64
		for j, w := range x {
			sum += math.Abs(v - w)
			row[j+1] = sum
		}
	}
	var within float64 // of the first n points, each pair once
	for n := 1; n <= size-least; n++ {
		within += sums[(n-1)*width+n-1]
		if n < least {
			continue
		}
		var across, behind float64 // of Y with X, and of Y
		for end := n; end < size; end++ {
			row := sums[end*width : (end+1)*width]
			across += row[n]
			behind += row[end] - row[n]
			m := end + 1 - n
			if m < least {
				continue
			}
			a, b := float64(n), float64(m)
			q := a * b / (a + b) * (2*across/(a*b) - 2*within/(a*(a-1)) - 2*behind/(b*(b-1)))
			if q > best.q {
				best = split{at: n, q: q}
			}
		}
	}
	return best
}
