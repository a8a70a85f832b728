package report

import (
	"math"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func of(v float64) *float64 { return &v }

func TestChange(t *testing.T) {
	for _, c := range []struct {
		unit            string
		value, low, top float64
		of              float64
		want            string
	}{
		{"ms", 0.51, 0.44, 0.57, 2.1, "+0.510 ms (+0.440 … +0.570)"},
		{"ms", 2.1, -0.3, 3.9, 11.9, "+2.10 ms (−0.30 … +3.90)"},
		{"ms", -0.05, -0.06, 0, 0.4, "−50.0 µs (−60.0 … ±0.0)"},
		{"ms", 1200, 1100, 1300, 2500, "+1.20 s (+1.10 … +1.30)"},
		{"requests/s", 0.0058, -0.05, 0.06, 899.9, "±0.0 rps (−0.1 … +0.1)"},
		{"core-s/1000", 0.23, 0.22, 0.24, 0.64, "+0.230 core-s (+0.220 … +0.240)"},
		{"%", 0.5, 0.25, 1, 1.5, "+0.50 points (+0.25 … +1.00)"},
		{"bytes", 47 << 20, 46 << 20, 48 << 20, 119 << 20, "+47.0 MiB (+46.0 … +48.0)"},
		{"odd", 0, 0, 0, 0, "±0 odd (±0 … ±0)"},
		{"ms", 12345678, 12345678, 12345678, 12345678, "+12,346 s (+12,346 … +12,346)"},
	} {
		if got := change(c.unit, &document.Estimate{Value: c.value, Low: c.low, High: c.top}, c.of); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
	if got := change("ms", nil, 1); got != none {
		t.Error(got)
	}
}

func TestRelative(t *testing.T) {
	for _, c := range []struct {
		e    *document.Estimate
		want string
	}{
		{nil, ""},
		{&document.Estimate{Value: 1, Low: 0, High: 2}, ""},
		{&document.Estimate{Value: 0.5, Low: 0.4, High: 0.6, Relative: of(0.25)}, "+25.0 % (+20.0 … +30.0)"},
		{&document.Estimate{Value: -1, Low: -2, High: 1, Relative: of(-0.01)}, "−1.0 % (−2.0 … +1.0)"},
		{&document.Estimate{Relative: of(0)}, "±0 % (±0 … ±0)"},
		{&document.Estimate{Low: -1, High: 1, Relative: of(0)}, ""},
	} {
		if got := relative(c.e); got != c.want {
			t.Errorf("%+v: %q, want %q", c.e, got, c.want)
		}
	}
}

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want string
	}{{"ms", 11.94, "11.9 ms"}, {"requests/s", 999.9, "999.9 rps"}, {"%", 38, "38.0 %"}, {"%", 0, "0 %"}, {"core-s/1000", 0.41, "0.410 core-s"}, {"bytes", 120 << 20, "120 MiB"}, {"", 3, "3.00"}, {"odd", 3, "3.00 odd"}} {
		if got := figure(c.unit, c.v); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, c.want)
		}
	}
	nan := math.NaN()
	if figureOf("ms", nil) != none || figureOf("ms", &nan) != none {
		t.Error("what is not known has a figure")
	}
	for path, want := range map[string]string{"responseTime.p999": "response p99.9", "serviceTime.p50": "service p50", "rate.achieved": "rate", "errors": "errors",
		"cpu.dataPlane": "data plane CPU", "memory.application": "application memory", "cpu.node": "whole nodes' CPU", "odd.one": "odd.one"} {
		if got := metricLabel(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// The ranks are those of R's qbinom(0.025, n, 0.5): 1 for 6 to 8 values, 2 for 9 to
// 11, 6 for 20, 40 for 100.
func TestMedianInterval(t *testing.T) {
	for n, rank := range map[int]int{6: 1, 8: 1, 9: 2, 10: 2, 11: 2, 12: 3, 20: 6, 100: 40} {
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
