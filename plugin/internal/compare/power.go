package compare

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

const (
	// maxMoreRuns is the greatest number of further runs that anybody is told of.
	maxMoreRuns = 1000
	// z80 is what four fifths of the normal distribution are below.
	z80 = 0.8416
	// maxSimulated is up to how many runs a side the power is simulated.
	maxSimulated = 30
	// simulated is how many comparisons that takes.
	simulated = 200
)

// power says what so many runs can find, in half widths of the metric's own interval,
// which is how unsteady the runs are.
type power struct {
	t *trial
	// z of the intervals, and of a test after Bonferroni's correction for all metrics,
	// which is Holm's for the first of them.
	z, zFamily float64
	// least is the difference that is significant in four of five comparisons of
	// normal noise, in half widths of an interval; 0: there is none.
	least float64
}

// newPower simulates comparisons of noise with few runs, for then the steps between
// the p values that can be reached decide, and not the normal approximation: with all
// that is to be known of two samples of noise, how far would one have to be moved?
// As far as the interval of the corrected confidence reaches.
func (t *trial) newPower(family int) power {
	alpha := 1 - t.o.Confidence
	p := power{t: t, z: z(1 - alpha/2), zFamily: z(1 - alpha/2/float64(family))}
	if max(t.n, t.m) > maxSimulated {
		p.least = (p.zFamily + z80) / p.z
		return p
	}
	random := rand.New(rand.NewPCG(1, 80))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		return x
	}
	corrected := 1 - alpha/float64(family)
	kFamily := statistics.MannWhitneyOrder(t.n, t.m, corrected)
	if t.s.paired {
		kFamily = statistics.SignedRankOrder(t.n, corrected)
	}
	var moved, widths []float64
	for i := range simulated {
		a, b := draw(t.n), draw(t.m)
		var half, far statistics.Interval
		var ok, found bool
		if t.s.paired {
			d := statistics.Differences(a, b)
			half, ok = statistics.MedianInterval(d, 200, uint64(i), t.o.Confidence)
			far, found = statistics.SignedRankBetween(d, kFamily)
		} else {
			half, ok = statistics.HodgesLehmannBetween(a, b, t.order)
			far, found = statistics.HodgesLehmannBetween(a, b, kFamily)
		}
		if !ok || !found {
			return p
		}
		// The interval has to leave 0 as well.
		moved, widths = append(moved, -min(far.Low, half.Low)), append(widths, (half.High-half.Low)/2)
	}
	slices.Sort(moved)
	p.least = moved[len(moved)*4/5] / statistics.Median(widths)
	return p
}

func z(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// detectable is the least difference that is found in four of five comparisons: it
// has to be significant, and to look as large as what matters.
func (p power) detectable(m *document.MetricComparison) *float64 {
	if m.Difference == nil || p.least == 0 {
		return nil
	}
	half := (m.Difference.High - m.Difference.Low) / 2
	return new(max(half*p.least, m.Effect+half*z80/p.z))
}

// moreRuns is about how many more runs a side give a verdict in four of five
// comparisons, if the difference is what it seems: the interval becomes narrower with
// the square root of their number, and has to leave 0, after the correction, where the
// difference matters, or to fit between the effects where it does not. Nil: none, or
// too many.
func (p power) moreRuns(m *document.MetricComparison) *int {
	half, d := (m.Difference.High-m.Difference.Low)/2, math.Abs(m.Difference.Value)
	room := m.Effect - d
	share := half / room * (1 + z80/p.z)
	if d >= m.Effect {
		share = half / d * (p.zFamily + z80) / p.z
	}
	n, other := float64(p.t.n), float64(p.t.m)
	// As many on both sides say as much as these.
	even := 2 * n * other / (n + other)
	more := math.Ceil(even*share*share - min(n, other))
	if !(more <= maxMoreRuns) { // also where there is no room
		return nil
	}
	return new(max(1, int(more)))
}
