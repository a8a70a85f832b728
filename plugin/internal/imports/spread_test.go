package imports

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"fortio.org/fortio/stats"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// asFortio is what Fortio saves of durations, by its own histogram, in seconds.
func asFortio(all []time.Duration, resolution float64) (*stats.HistogramData, *buckets) {
	h := stats.NewHistogram(0, resolution)
	for _, d := range all {
		h.Record(d.Seconds())
	}
	data := h.Export().CalcPercentiles([]float64{50, 75, 90, 95, 99, 99.9, 99.99})
	b := &buckets{Count: data.Count, Min: data.Min, Max: data.Max, Sum: data.Sum, Avg: data.Avg}
	for _, d := range data.Data {
		b.Data = append(b.Data, bucket{d.Start, d.End, d.Count})
	}
	return data, b
}

func latenciesOf(seed uint64, n int, median time.Duration) []time.Duration {
	random, out := rand.New(rand.NewPCG(seed, 3)), make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(float64(median) * math.Exp(random.NormFloat64()))
	}
	return out
}

// The percentiles are Fortio's own, and the bound that is told of them holds.
func TestPercentilesAreFortiosOwn(t *testing.T) {
	for name, c := range map[string]struct {
		n          int
		median     time.Duration
		resolution float64
	}{
		"coarse": {100_000, 2 * time.Millisecond, 0.001}, "all in one bucket": {50_000, 100 * time.Microsecond, 0.001},
		"fine": {100_000, 2 * time.Millisecond, 0.00001}, "slow": {40_000, time.Second, 0.001},
	} {
		all := latenciesOf(1, c.n, c.median)
		data, b := asFortio(all, c.resolution)
		if err := b.check("x"); err != nil {
			t.Fatal(err)
		}
		s, encoded, err := b.summary()
		if err != nil {
			t.Fatal(err)
		}
		h, err := histogram.Decode([]byte(encoded))
		if err != nil || h.Count() != int64(c.n) || s.Count != int64(c.n) {
			t.Fatalf("%s: %d counts, %v", name, h.Count(), err)
		}
		exact := histogram.New()
		for _, d := range all {
			exact.Record(d)
		}
		for i, p := range []*float64{s.P50, s.P75, s.P90, s.P95, s.P99, s.P999, s.P9999} {
			want := data.Percentiles[i]
			if p == nil || math.Abs(*p-1e3*want.Value) > 0.001*1e3*want.Value+1e-6 {
				t.Errorf("%s: p%g is %v ms, Fortio says %g", name, want.Percentile, *p, 1e3*want.Value)
			}
			q := want.Percentile / 100
			truth, _ := exact.Quantile(q)
			start, end := b.around(q)
			if ms := float64(truth) / 1e6; ms < 1e3*start*0.999 || ms > 1e3*end*1.001 || *p < 1e3*start*0.999 || *p > 1e3*end*1.001 {
				t.Errorf("%s: p%g: really %g ms, here %g, said to be from %g to %g", name, want.Percentile, ms, *p, 1e3*start, 1e3*end)
			}
		}
		if s.Min != 1e3*data.Min || s.Max != 1e3*data.Max || s.Mean != 1e3*data.Avg {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// What is left without the failed calls is what Fortio would have recorded of the
// others.
func TestMinusErrors(t *testing.T) {
	for seed := range uint64(50) {
		ok, failed := latenciesOf(seed, 2000, 3*time.Millisecond), latenciesOf(seed+100, 1+int(seed)*20, time.Millisecond)
		_, all := asFortio(append(append([]time.Duration{}, ok...), failed...), 0.001)
		_, errs := asFortio(failed, 0.001)
		_, want := asFortio(ok, 0.001)
		got, err := all.minus(errs)
		if err != nil {
			t.Fatal(err)
		}
		if got.Count != want.Count || math.Abs(got.Avg-want.Avg) > 1e-9 || len(got.Data) != len(want.Data) {
			t.Fatalf("seed %d: %+v, want %+v", seed, got, want)
		}
		for i, d := range got.Data {
			if d.Count != want.Data[i].Count {
				t.Errorf("seed %d: bucket %+v, want %+v", seed, d, want.Data[i])
			}
		}
		if err := got.check("x"); err != nil {
			t.Error(err)
		}
	}
	_, all := asFortio(latenciesOf(1, 10, time.Millisecond), 0.001)
	_, errs := asFortio(latenciesOf(2, 10, time.Second), 0.001)
	if _, err := all.minus(errs); err == nil || !strings.Contains(err.Error(), "not among those of all") {
		t.Error(err)
	}
	none, err := all.minus(all)
	if err != nil || none.Count != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// However many there are, spreading takes no more steps than there are cells.
func TestSpreadOfManyIsEven(t *testing.T) {
	h := histogram.New()
	const n = int64(1e12)
	spread(h, 1e6, 3e6, n)
	if h.Count() != n {
		t.Fatalf("%d of %d", h.Count(), n)
	}
	for _, q := range []float64{0.1, 0.25, 0.5, 0.75, 0.99} {
		got, _ := h.Quantile(q)
		if want := 1e6 + q*2e6; math.Abs(float64(got)-want) > 0.0015*want {
			t.Errorf("q %g: %v, want %g ns", q, got, want)
		}
	}
	for _, c := range []struct {
		start, end float64
		n          int64
	}{{0, 0, 5}, {5, 5.2, 3}, {1e18, 2e18, 7}, {0, 1e18, 1e9}, {0, 4e12, 1e15}, {1, 2049, 3}, {0, 1e9, math.MaxInt64}} {
		h := histogram.New()
		spread(h, c.start, c.end, c.n)
		if h.Count() != c.n {
			t.Errorf("%+v: %d counts", c, h.Count())
		}
	}
	for d := range int64(1 << 20) {
		if a, b := cellEnd(time.Duration(d)), time.Duration(d); histogram.Least(a) != a || histogram.Least(a-1) != histogram.Least(b) {
			t.Fatalf("the cell of %d ends at %d", d, a)
		}
	}
}
