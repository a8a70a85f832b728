package report

import (
	"math"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func of(v float64) *float64 { return &v }

// The ranks are those of R's qbinom(0.025, n, 0.5): 1 for 6 to 8 values, 2 for 9 to
// 11, 6 for 20, 40 for 100; half to the power of 1,075 and more is 0 in a float64.
func TestMedianInterval(t *testing.T) {
	for n, rank := range map[int]int{6: 1, 8: 1, 9: 2, 10: 2, 11: 2, 12: 3, 20: 6, 100: 40, 1000: 469, 1075: 505, 10_000: 4902, 100_000: 49_690} {
		var values []float64
		for i := range n {
			values = append(values, float64((i*7)%n+1)) // 1 to n, mixed
		}
		if n%7 == 0 {
			t.Fatal("not mixed")
		}
		low, high := medianInterval(values)
		if low == nil || *low != float64(rank) || *high != float64(n+1-rank) {
			t.Errorf("%d values: rank %v to %v, want %d", n, low, high, rank)
		}
	}
	for n := range 6 {
		if low, high := medianInterval(make([]float64, n)); low != nil || high != nil {
			t.Errorf("%d values have an interval", n)
		}
	}
}

// A curve has few points, rises, and ends where requests are too few.
func TestCurve(t *testing.T) {
	h := histogram.New()
	for i := range 4000 {
		h.Record(time.Duration(i+1) * time.Microsecond)
	}
	points := curve(h)
	last := points[len(points)-1]
	if len(points) > curvePoints+10 || last.X < 0.999 || histogram.MinCount(last.X) > 4000 {
		t.Errorf("%d points to %v", len(points), last.X)
	}
	for i := 1; i < len(points); i++ {
		if points[i].X <= points[i-1].X || points[i].Y < points[i-1].Y {
			t.Errorf("%v follows %v", points[i], points[i-1])
		}
	}
	if points := curve(histogram.New()); points != nil {
		t.Error(points)
	}
	same := histogram.New()
	same.RecordMany(time.Millisecond, 1_000_000)
	if n := len(curve(same)); n > 10 {
		t.Errorf("a level line has %d points", n)
	}
}

// Points of two seconds, a warm-up of three, and a rest at the end.
func TestSlots(t *testing.T) {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	r := &run{Result: &document.Result{Spec: document.Spec{Load: document.Load{Warmup: document.Duration(3 * time.Second)}}, Status: document.Status{StartTime: start, EndTime: start.Add(9200 * time.Millisecond)}}}
	r.Status.Timeline = []document.Point{
		{Second: 0, Warmup: true, Sent: 999}, {Second: 2, Warmup: true, Sent: 999}, {Second: 2, Sent: 10, P50: of(1), P99: of(5)}, {Second: 4, Sent: 20, Failed: 2, P50: of(3), P99: of(4)},
		{Second: 6, Sent: 20}, {Second: 10, Sent: 20, P50: of(9)}, {Second: 12, Sent: 2},
	}
	m := &model{groups: []*group{{runs: []*run{r}}}}
	if w := m.slotWidth(); w != 2 {
		t.Fatalf("slots of %v s", w)
	}
	got := r.slots(2)
	if len(got) != 5 {
		t.Fatalf("%d slots", len(got))
	}
	// 10 requests of the second after warm-up, and 20 of the two after that.
	want := []slot{{rate: 10, errors: 2 / 30.0 * 100, p50: 2, p99: 5}, {rate: 10, errors: 0, p50: math.NaN(), p99: math.NaN()}, {math.NaN(), math.NaN(), math.NaN(), math.NaN()}, {rate: 10, p50: 9, p99: math.NaN()}, {math.NaN(), 0, math.NaN(), math.NaN()}}
	for i := range want {
		for name, of := range map[string]func(slot) float64{"rate": slotRate, "errors": slotErrors, "p50": slotP50, "p99": slotP99} {
			if a, b := of(got[i]), of(want[i]); math.Abs(a-b) > 1e-9 || math.IsNaN(a) != math.IsNaN(b) {
				t.Errorf("slot %d: %s %v, want %v", i, name, a, b)
			}
		}
	}
	all := spreads([][]slot{{{rate: 1}, {rate: math.NaN()}}, {{rate: 3}}, {{rate: 8}}}, slotRate)
	if len(all) != 2 || all[0] != (spread{3, 1, 8}) || !math.IsNaN(all[1].median) || !math.IsNaN(all[1].low) {
		t.Error(all)
	}
}
