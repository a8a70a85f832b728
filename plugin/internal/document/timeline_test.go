package document

import (
	"testing"
	"time"
)

// Points lie between the warm-up, which they need not be aligned with, and the end of
// the measured time.
func TestStretchesOfPoints(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const second = time.Second
	type stretch struct{ from, to time.Duration }
	for name, c := range map[string]struct {
		warmup, measured time.Duration
		points           []Point
		width            time.Duration
		want             []stretch
	}{
		"seconds": {2 * second, 2 * second, []Point{{Second: 0, Warmup: true}, {Second: 1, Warmup: true}, {Second: 2}, {Second: 3}}, second,
			[]stretch{{-2 * second, -second}, {-second, 0}, {0, second}, {second, 2 * second}}},
		"half a second of warm-up": {2500 * time.Millisecond, 2 * second, []Point{{Second: 2, Warmup: true}, {Second: 2}, {Second: 3}, {Second: 4}}, second,
			[]stretch{{-second / 2, 0}, {0, second / 2}, {second / 2, 3 * second / 2}, {3 * second / 2, 2 * second}}},
		"wide, and not aligned": {10 * second, 7198 * second, []Point{{Second: 8, Warmup: true}, {Second: 8}, {Second: 12}, {Second: 7204}}, 4 * second,
			[]stretch{{-2 * second, 0}, {0, 2 * second}, {2 * second, 6 * second}, {7194 * second, 7198 * second}}},
		"with a gap": {0, 12 * second, []Point{{Second: 0}, {Second: 8}, {Second: 10}}, 2 * second, []stretch{{0, 2 * second}, {8 * second, 10 * second}, {10 * second, 12 * second}}},
		"one":        {0, second, []Point{{Second: 0}}, second, []stretch{{0, second}}},
		// What does not fit together is still some time.
		"after the end":     {0, second, []Point{{Second: 5}}, second, []stretch{{5 * second, 6 * second}}},
		"before the start":  {9 * second, second, []Point{{Second: 5}}, second, []stretch{{-4 * second, -3 * second}}},
		"warm-up after all": {0, second, []Point{{Second: 5, Warmup: true}}, second, []stretch{{5 * second, 6 * second}}},
	} {
		r := &Result{Spec: Spec{Load: Load{Warmup: Duration(c.warmup)}}, Status: Status{StartTime: start, EndTime: start.Add(c.measured), Timeline: c.points}}
		width := r.Status.PointWidth()
		if width != c.width {
			t.Errorf("%s: points of %s, want %s", name, width, c.width)
		}
		for i, p := range c.points {
			if from, to := r.Stretch(p, width); from != c.want[i].from || to != c.want[i].to {
				t.Errorf("%s: point %d from %s to %s, want %+v", name, i, from, to, c.want[i])
			}
		}
	}
	if w := (&Status{}).PointWidth(); w != second {
		t.Errorf("without points: %s", w)
	}
}
