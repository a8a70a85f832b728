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
	of *size
	// z of the intervals, and of a test after Bonferroni's correction for the family,
	// which is Holm's for the first of them.
	z, zFamily float64
	// reaches are those of simulated comparisons of few runs; nil: of many, where the
	// normal approximation does. Unknown: there is no interval, or no test.
	reaches []reach
	unknown bool
}

// reach is how far two samples of noise would have to be moved apart to be called
// different: for the test to say so, and for the interval to leave 0 behind.
type reach struct{ test, interval float64 }

// power of tests after the correction for family metrics.
func (z *size) power(family int) power {
	p, ok := z.known[family]
	if !ok {
		p = z.newPower(family)
		z.known[family] = p
	}
	return p
}

// newPower simulates comparisons of noise with few runs, for then the steps between
// the p values that can be reached decide, and not the normal approximation: with all
// that is to be known of two samples of noise, how far would one have to be moved?
// As far as the interval of the corrected confidence reaches.
func (z *size) newPower(family int) power {
	t := z.t
	alpha := 1 - t.o.Confidence
	p := power{of: z, z: statistics.NormalQuantile(1 - alpha/2), zFamily: statistics.NormalQuantile(1 - alpha/2/float64(family))}
	if max(z.n, z.m) > maxSimulated {
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
	kFamily := statistics.MannWhitneyOrder(z.n, z.m, corrected)
	if t.s.paired {
		kFamily = statistics.SignedRankOrder(z.n, corrected)
	}
	var widths []float64
	for i := range simulated {
		a, b := draw(z.n), draw(z.m)
		var own, far statistics.Interval
		var ok, found bool
		if t.s.paired {
			d := statistics.Differences(a, b)
			own, ok = statistics.MedianInterval(d, 200, uint64(i), t.o.Confidence)
			far, found = statistics.SignedRankBetween(d, kFamily)
		} else {
			own, ok = statistics.HodgesLehmannBetween(a, b, z.order)
			far, found = statistics.HodgesLehmannBetween(a, b, kFamily)
		}
		if !ok || !found {
			p.unknown = true
			return p
		}
		p.reaches, widths = append(p.reaches, reach{test: -far.Low, interval: -own.Low}), append(widths, (own.High-own.Low)/2)
	}
	usual := statistics.Median(widths)
	for i := range p.reaches {
		p.reaches[i].test /= usual
		p.reaches[i].interval /= usual
	}
	return p
}

// detectable is the least true difference that is called better or worse in four of
// five comparisons: the test has to see it, and the whole interval has to be beyond
// what matters.
func (p power) detectable(m *document.MetricComparison) *float64 {
	if m.Difference == nil || p.unknown {
		return nil
	}
	half := (m.Difference.High - m.Difference.Low) / 2
	if p.reaches == nil {
		return new(max(half*(p.zFamily+z80)/p.z, m.Effect+half*(1+z80/p.z)))
	}
	var needed []float64
	for _, r := range p.reaches {
		needed = append(needed, max(half*r.test, m.Effect+half*r.interval))
	}
	slices.Sort(needed)
	return new(needed[len(needed)*4/5])
}

// moreRuns is about how many more runs a side give a verdict in four of five
// comparisons, if the difference is what it seems: the interval becomes narrower with
// the square root of their number, and has to leave the effects behind where the
// difference is beyond them, with the test saying so after the correction, or to fit
// between them where it is not. Nil: none, or too many, as for a difference that is
// about the effect.
func (p power) moreRuns(m *document.MetricComparison) *int {
	half, d := (m.Difference.High-m.Difference.Low)/2, math.Abs(m.Difference.Value)
	var share float64
	if d > m.Effect {
		share = max(half/(d-m.Effect)*(1+z80/p.z), half/d*(p.zFamily+z80)/p.z)
	} else {
		share = half / p.fits(d, m.Effect)
	}
	n, other := float64(p.of.n), float64(p.of.m)
	// As many on both sides say as much as these.
	even := 2 * n * other / (n + other)
	more := math.Ceil(even*share*share - min(n, other))
	if !(more <= maxMoreRuns) { // also where there is no room
		return nil
	}
	return new(max(1, int(more)))
}

// fits is half the width of intervals that are between the effects in four of five
// comparisons, where the difference is d, from 0 to effect. About the effect it is the
// room times z/(z + z80); about 0 both ends may be in the way.
func (p power) fits(d, effect float64) float64 {
	low, high := 0.0, effect-d
	for range 60 {
		half := (low + high) / 2
		deviation := half / p.z
		if statistics.NormalCDF((effect-half-d)/deviation)-statistics.NormalCDF((half-effect-d)/deviation) >= 0.8 {
			low = half
		} else {
			high = half
		}
	}
	return low
}
