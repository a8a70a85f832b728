package statistics

import (
	"math/rand/v2"
	"testing"
)

// The intervals cover a known shift in at least 93 of 100 comparisons, with few runs
// and any noise; the whole table is in docs/compare.md.
// 1,000 comparisons: at 95 % fewer than 93 % have a chance of 0.002.
func TestIntervalsCoverTheShift(t *testing.T) {
	for name, noise := range noises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(77, 1))
			for _, n := range []int{6, 10, 20} {
				covered, median := 0, 0
				const shift, comparisons = 3, 1000
				for i := range comparisons {
					a, b := make([]float64, n), make([]float64, n)
					for k := range a {
						a[k], b[k] = noise(r), noise(r)+shift
					}
					if in, ok := HodgesLehmannInterval(a, b, 0.95); ok && in.Low <= shift && shift <= in.High {
						covered++
					}
					if in, ok := MedianInterval(Differences(a, b), 400, uint64(i), 0.95); ok && in.Low <= shift && shift <= in.High {
						median++
					}
				}
				t.Logf("%d runs: %.1f %% apart, %.1f %% in pairs", n, float64(covered)/10, float64(median)/10)
				if covered < 930 || median < 930 {
					t.Errorf("%d runs: %d of 1,000 cover the shift apart, %d in pairs", n, covered, median)
				}
			}
		})
	}
}
