package histogram

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A Counter is a Histogram, bit for bit, for every width of bucket.
func TestCounterEqualsHistogram(t *testing.T) {
	var c Counter
	direct, drained := New(), New()
	record := func(d time.Duration) {
		direct.Record(d)
		c.Record(d)
	}
	for shift := range 63 {
		for _, d := range []int64{-1, 0, 1} {
			record(time.Duration(int64(1)<<shift + d))
		}
	}
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, 2047, 2048, 2049, 4095, 4096, time.Hour - 1, time.Hour, time.Hour + 1, math.MaxInt64} {
		record(d)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 200_000 {
		record(time.Duration(math.Exp(random.Float64() * math.Log(float64(time.Hour)))))
		if n%50_000 == 0 {
			c.Drain(drained)
		}
	}
	want := c.Count() + drained.Count()
	c.Drain(drained)
	if !drained.Equal(direct) || drained.Count() != want || c.Count() != 0 {
		t.Errorf("%d counted, %d directly; equal: %v", drained.Count(), direct.Count(), drained.Equal(direct))
	}
	c.Drain(drained)
	if !drained.Equal(direct) {
		t.Error("what was drained came again")
	}
}

func BenchmarkRecord(b *testing.B) {
	values := make([]time.Duration, 1024)
	for i := range values {
		values[i] = time.Duration(100_000 + rand.IntN(200_000))
	}
	b.Run("Counter", func(b *testing.B) {
		var c Counter
		for i := range b.N {
			c.Record(values[i%1024])
		}
	})
	b.Run("Histogram", func(b *testing.B) {
		h := New()
		for i := range b.N {
			h.Record(values[i%1024])
		}
	})
}
