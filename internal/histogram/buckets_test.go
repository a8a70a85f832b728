package histogram

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Buckets are the Histogram: every percentile can be had from them, to the
// nanosecond, also after it was sent.
func TestBucketsAreTheHistogram(t *testing.T) {
	if New().Buckets() != nil {
		t.Error("an empty histogram has buckets")
	}
	r := rand.New(rand.NewPCG(21, 4))
	for name, sample := range samplers {
		h := New()
		for range 5000 {
			h.Record(time.Duration(sample(r)))
		}
		b, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		sent, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		buckets, back := sent.Buckets(), New()
		var sum int64
		for i, bucket := range buckets {
			if bucket.Count <= 0 || i > 0 && bucket.Highest <= buckets[i-1].Highest {
				t.Fatalf("%s: %+v after %+v", name, bucket, buckets[max(0, i-1)])
			}
			before := sum
			sum += bucket.Count
			for _, rank := range []int64{before + 1, sum} {
				// The quantile in the middle of a rank is that of this rank.
				got, _ := h.Quantile((float64(rank) - 0.5) / 5000)
				if MinCount((float64(rank)-0.5)/5000) <= 5000 && got != bucket.Highest {
					t.Fatalf("%s: rank %d is %v, its bucket says %v", name, rank, got, bucket.Highest)
				}
			}
			back.RecordMany(bucket.Highest, bucket.Count)
		}
		if sum != 5000 || !back.Equal(h) {
			t.Errorf("%s: %d of 5000 counted", name, sum)
		}
	}
}
