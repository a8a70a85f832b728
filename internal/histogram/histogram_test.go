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
		rank := int(q*float64(len(all))+0.5) - 1
		want := all[rank]
		if diff := float64(got-want) / float64(want); !ok || diff > 0.001 || diff < -0.001 {
			t.Errorf("q %g: %v, full sort says %v (%+.3f %%)", q, got, want, diff*100)
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
