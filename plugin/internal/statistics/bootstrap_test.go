package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// From R 4.2.2: qt(0.975, c(5, 9, 19)); qt(0.975, 1:2) and qt(0.9, 4) of the closed
// forms.
func TestStudentQuantile(t *testing.T) {
	for _, c := range []struct {
		p       float64
		freedom int
		want    float64
	}{
		{0.975, 5, 2.5705818356363137}, {0.975, 9, 2.2621571627982049}, {0.975, 19, 2.0930240544083092},
		{0.975, 1, math.Tan(0.475 * math.Pi)}, {0.975, 2, 0.95 * math.Sqrt(2/(1-0.95*0.95))},
	} {
		if got := studentQuantile(c.p, c.freedom); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("t of %d at %v is %v, want %v", c.freedom, c.p, got, c.want)
		}
	}
	if got := studentQuantile(0.975, 100_000); math.Abs(got-NormalQuantile(0.975)) > 1e-4 || math.Abs(NormalCDF(got)-0.975) > 1e-5 {
		t.Errorf("t of many is %v, not that of the normal distribution", got)
	}
}

// 6 runs: p = NormalCDF(-sqrt(6/5) qt(0.975, 5)), which is 0.0024.
func TestExpandedPercentile(t *testing.T) {
	values := make([]float64, 10_001)
	for i := range values {
		values[i] = float64(len(values) - 1 - i)
	}
	got, ok := ExpandedPercentile(values, 6, 9, 0.95)
	want := NormalCDF(-math.Sqrt(6.0/5)*2.5705818356363137) * 10_000
	if !ok || math.Abs(got.Low-want) > 1e-6 || math.Abs(got.High-(10_000-want)) > 1e-6 {
		t.Errorf("%v, want %v to %v", got, want, 10_000-want)
	}
	if _, ok := ExpandedPercentile(values, 1, 9, 0.95); ok {
		t.Error("one run has an interval")
	}
}

// bootstrap is a statistic of what is drawn of a and b.
func bootstrap(a, b []float64, paired bool, resamples int, seed uint64, statistic func(a, b []float64) float64) []float64 {
	r := NewResampler(len(a), len(b), paired, seed)
	values := make([]float64, resamples)
	for i := range values {
		timesA, timesB := r.Next()
		values[i] = statistic(drawn(a, timesA), drawn(b, timesB))
	}
	return values
}

func drawn(x []float64, times []int) []float64 {
	var all []float64
	for i, n := range times {
		all = append(all, slices.Repeat(x[i:i+1], n)...)
	}
	return all
}

func TestResamplesAreWhatTheyShouldBe(t *testing.T) {
	a, b := []float64{1, 2, 3, 4, 5, 6, 7}, []float64{11, 12, 13, 14, 15, 16, 17}
	pairs := bootstrap(a, b, true, 500, 3, func(x, y []float64) float64 {
		for i := range x {
			if y[i]-x[i] != 10 {
				t.Fatalf("%v is no pair of %v", y[i], x[i])
			}
		}
		return Mean(y)
	})
	if again := bootstrap(a, b, true, 500, 3, func(_, y []float64) float64 { return Mean(y) }); !slices.Equal(pairs, again) {
		t.Error("the same seed draws something else")
	}
	if other := bootstrap(a, b, true, 500, 4, func(_, y []float64) float64 { return Mean(y) }); slices.Equal(pairs, other) {
		t.Error("another seed draws the same")
	}
	// The mean's standard error over resamples is sd / sqrt(n), with n in sd's divisor:
	// 2 / sqrt(7) here; of the difference of two independent sides sqrt(2) of that.
	spread := func(x []float64) float64 {
		var sum float64
		for _, v := range x {
			sum += (v - Mean(x)) * (v - Mean(x))
		}
		return math.Sqrt(sum / float64(len(x)))
	}
	apart := bootstrap(a, b, false, 5_000, 5, func(x, y []float64) float64 { return Mean(y) - Mean(x) })
	if got, want := spread(apart), 2*math.Sqrt(2.0/7); math.Abs(got/want-1) > 0.05 || math.Abs(Mean(apart)-10) > 0.05 {
		t.Errorf("standard error %v, want %v; mean %v", got, want, Mean(apart))
	}
}

// The bootstrap's median of the sorted is the median of what is drawn.
func TestMedianInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 4))
	for n := 2; n <= 15; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = student3(r)
		}
		medians := bootstrap(sorted(d), sorted(d), true, 200, 9, func(x, _ []float64) float64 { return Median(x) })
		want, _ := ExpandedPercentile(medians, n, n, 0.95)
		if got, ok := MedianInterval(d, 200, 9, 0.95); !ok || got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
	if _, ok := MedianInterval([]float64{1}, 200, 1, 0.95); ok {
		t.Error("one pair has an interval")
	}
}

// buckets of a histogram of n random durations, and the histogram.
func buckets(r *rand.Rand, n int) ([]histogram.Bucket, *histogram.Histogram) {
	h, scale := histogram.New(), 1e5*math.Exp(3*r.Float64())
	for range n {
		h.Record(time.Duration(scale * math.Exp(r.NormFloat64())))
	}
	return h.Buckets(), h
}

// A pool's percentiles are those of the histograms really merged.
func TestPoolIsTheMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 6 {
		n := 1 + r.IntN(8)
		var runs [][]histogram.Bucket
		var histograms []*histogram.Histogram
		for range n {
			b, h := buckets(r, r.IntN(3000)) // sometimes none
			runs, histograms = append(runs, b), append(histograms, h)
		}
		p := NewPool(runs)
		for range 8 {
			times, merged := make([]int, n), histogram.New()
			for i := range times {
				times[i] = r.IntN(4)
				for range times[i] {
					merged.Merge(histograms[i])
				}
			}
			if p.Count(times) != merged.Count() {
				t.Fatalf("%d durations, merged %d", p.Count(times), merged.Count())
			}
			for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
				if want, ok := merged.Quantile(q); ok && p.Quantile(times, q) != float64(want) {
					t.Fatalf("q %v of %v is %v, merged %v", q, times, p.Quantile(times, q), want)
				}
			}
		}
	}
	if p := NewPool([][]histogram.Bucket{nil, nil}); p.Quantile(p.Each(), 0.5) != 0 {
		t.Error("nothing has a median")
	}
}

// The same runs have the same interval, it is around the difference, and pairs whose
// runs go up and down together have a narrower one.
func TestPooledDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	var a, b [][]histogram.Bucket
	for range 10 {
		day := 1e6 * math.Exp(0.3*r.NormFloat64())
		x, y := histogram.New(), histogram.New()
		for range 4000 {
			x.Record(time.Duration(day * (2 + r.ExpFloat64())))
			y.Record(time.Duration(day*(2+r.ExpFloat64()) + 5e5))
		}
		a, b = append(a, x.Buckets()), append(b, y.Buckets())
	}
	pa, pb, qs := NewPool(a), NewPool(b), []float64{0.5, 0.99}
	paired, ok := PooledDifference(pa, pb, true, qs, 1000, 1, 0.95)
	again, _ := PooledDifference(pa, pb, true, qs, 1000, 1, 0.95)
	apart, _ := PooledDifference(pa, pb, false, qs, 1000, 1, 0.95)
	if !ok || !slices.Equal(paired, again) {
		t.Fatalf("%v, then %v", paired, again)
	}
	for i, q := range qs {
		d := pb.Quantile(pb.Each(), q) - pa.Quantile(pa.Each(), q)
		if d < paired[i].Low || d > paired[i].High || paired[i].High-paired[i].Low > 0.5*(apart[i].High-apart[i].Low) {
			t.Errorf("q %v: %v, in pairs %v, apart %v", q, d, paired[i], apart[i])
		}
	}
	if _, ok := PooledDifference(NewPool(a[:1]), pb, false, qs, 10, 1, 0.95); ok {
		t.Error("one run has an interval")
	}
}

// 2,000 resamples of 2 x 100 runs, six percentiles each.
func BenchmarkPooledDifference(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 3))
	var runs [][]histogram.Bucket
	for range 100 {
		x, _ := buckets(r, 60_000)
		runs = append(runs, x)
	}
	for b.Loop() {
		p := NewPool(runs)
		PooledDifference(p, p, false, []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999}, 2000, 1, 0.95)
	}
}
