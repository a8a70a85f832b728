package histogram

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestMinCountFollowsTheOrderStatisticInterval(t *testing.T) {
	for q, want := range map[float64]int64{0.5: 6, 0.99: 368, 0.999: 3688, 0.9999: 36887} {
		if got := MinCount(q); got != want {
			t.Errorf("MinCount(%g) = %d, want %d", q, got, want)
		}
	}
}

func TestQuantileIsAbsentWithoutEnoughSamples(t *testing.T) {
	h := New()
	for range 367 {
		h.Record(time.Millisecond)
	}
	if _, ok := h.Quantile(0.99); ok {
		t.Error("p99 of 367 samples is present")
	}
	h.Record(time.Millisecond)
	if _, ok := h.Quantile(0.99); !ok {
		t.Error("p99 of 368 samples is absent")
	}
}

// A full sort of the same samples is the truth; 3 digits promise 0.1 %.
func TestQuantilesAgainstAFullSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	h := New()
	var all []time.Duration
	for range 200_000 {
		d := time.Duration(20_000 * (1 + 100*r.ExpFloat64()*r.ExpFloat64()))
		h.Record(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999} {
		got, ok := h.Quantile(q)
		want := all[Rank(q, int64(len(all)))-1]
		if diff := float64(got-want) / float64(want); !ok || diff > 0.001 || diff < -0.001 {
			t.Errorf("q %g: %v, full sort says %v (%+.3f %%)", q, got, want, diff*100)
		}
	}
}

// A percentile is never that of fewer than its share of the requests.
func TestQuantilesOfFew(t *testing.T) {
	for _, c := range []struct {
		q       float64
		n, rank int64
	}{
		{0.99, 757, 750}, {0.99, 1000, 990}, {0.99, 1001, 991}, {0.07, 100, 7}, {0.5, 5, 3}, {0.5, 4, 2}, {0.95, 120, 114},
		{0.999, 4000, 3996}, {0.999, 60_000_000, 59_940_000}, {0.9999, 1_000_000_000_000, 999_900_000_000}, {0, 5, 1}, {1, 5, 5},
	} {
		if got := Rank(c.q, c.n); got != c.rank {
			t.Errorf("rank of %g of %d is %d, want %d", c.q, c.n, got, c.rank)
		}
	}
	for n := int64(368); n < 2000; n++ {
		h := New()
		for i := range n {
			h.Record(time.Duration(i+1) * time.Nanosecond) // HDR tells them all apart
		}
		for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
			if got, ok := h.Quantile(q); !ok || int64(got) != Rank(q, n) {
				t.Errorf("q %g of %d: %v", q, n, got)
			}
		}
	}
}

func TestMergeOfEncodedPartsEqualsOneHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	one, merged := New(), New()
	for range 5 {
		part := New()
		for range 10_000 {
			d := time.Duration(r.Int64N(int64(2 * time.Second)))
			one.Record(d)
			part.Record(d)
		}
		b, err := part.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		merged.Merge(back)
	}
	if !merged.Equal(one) {
		t.Error("merged histogram differs from the one of everything")
	}
}

func TestDecodeRefusesGarbage(t *testing.T) {
	for _, b := range []string{"x", "HISTFAAAAA==", "!!!!"} {
		if _, err := Decode([]byte(b)); err == nil {
			t.Errorf("Decode(%q) did not fail", b)
		}
	}
}

func TestOutOfRangeIsClipped(t *testing.T) {
	h := New()
	h.Record(-time.Second)
	h.Record(5 * time.Hour)
	if h.Count() != 2 || h.Min() != 0 || h.Max() < time.Hour {
		t.Errorf("count %d min %v max %v", h.Count(), h.Min(), h.Max())
	}
}
