package wording

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

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
		if got := Change(c.unit, &document.Estimate{Value: c.value, Low: c.low, High: c.top}, c.of); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
	if got := Change("ms", nil, 1); got != None {
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
		{&document.Estimate{Value: 0.5, Low: 0.4, High: 0.6, Relative: new(0.25)}, "+25.0 % (+20.0 … +30.0)"},
		{&document.Estimate{Value: -1, Low: -2, High: 1, Relative: new(-0.01)}, "−1.0 % (−2.0 … +1.0)"},
		{&document.Estimate{Relative: new(0.0)}, "±0 % (±0 … ±0)"},
		{&document.Estimate{Low: -1, High: 1, Relative: new(0.0)}, ""},
	} {
		if got := Relative(c.e); got != c.want {
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
		if got := Figure(c.unit, c.v); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, c.want)
		}
	}
	nan := math.NaN()
	if FigureOf("ms", nil) != None || FigureOf("ms", &nan) != None {
		t.Error("what is not known has a figure")
	}
	for path, want := range map[string]string{"responseTime.p999": "response p99.9", "serviceTime.p50": "service p50", "rate.achieved": "rate", "errors": "errors",
		"cpu.dataPlane": "data plane CPU", "memory.application": "application memory", "cpu.node": "whole nodes' CPU", "odd.one": "odd.one"} {
		if got := Metric(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// Columns have no room for units that the metric tells, and what tells two metrics
// apart stands in the first characters.
func TestShortForms(t *testing.T) {
	for _, c := range []struct {
		unit         string
		v            float64
		want, change string
	}{
		{"ms", 11.94, "11.9 ms", "+1.00 ms (+0.90 … +1.10)"}, {"requests/s", 999.9, "999.9", "+1.0 rps (+0.9 … +1.1)"}, {"%", 0, "0 %", "+1.00 pts (+0.90 … +1.10)"},
		{"core-s/1000", 0.41, "0.410", "+1.00 (+0.90 … +1.10)"}, {"bytes", 120 << 20, "120 MiB", "±0.0 MiB (±0.0 … ±0.0)"},
	} {
		if got := ShortFigure(c.unit, c.v); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, c.want)
		}
		if got := ShortChange(c.unit, &document.Estimate{Value: 1, Low: 0.9, High: 1.1}, c.v); got != c.change {
			t.Errorf("%s: %q, want %q", c.unit, got, c.change)
		}
	}
	for want, got := range map[string]string{
		"−0.0025 (−0.0031 … −0.0018)":  ShortChange("core-s/1000", &document.Estimate{Value: -0.00246, Low: -0.00308, High: -0.00184}, 0.0123),
		"−0.004 pts (−0.006 … −0.003)": ShortChange("%", &document.Estimate{Value: -0.00444, Low: -0.00555, High: -0.00333}, 0.0222),
		"+0.51 ms (+0.44 … +0.57)":     ShortChange("ms", &document.Estimate{Value: 0.51, Low: 0.44, High: 0.57}, 2.1),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for path, want := range map[string]string{"responseTime.p999": "response p99.9", "rate.achieved": "rate", "cpu.dataPlane": "CPU data plane", "memory.controlPlane": "memory control plane", "cpu.node": "CPU of nodes", "errors": "errors"} {
		if got := ShortMetric(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	seen := map[string]string{}
	for _, path := range []string{"cpu.application", "cpu.dataPlane", "cpu.controlPlane", "cpu.node", "memory.application", "memory.dataPlane", "memory.controlPlane"} {
		start := string([]rune(ShortMetric(path))[:min(8, utf8.RuneCountInString(ShortMetric(path)))])
		if other := seen[start]; other != "" {
			t.Errorf("%s and %s both begin with %q", path, other, start)
		}
		seen[start] = path
	}
}

func TestAmountsAndShares(t *testing.T) {
	for want, got := range map[string]string{
		"100 µs": Amount("ms", 0.1), "1.50 s": Amount("ms", 1500), "0.0123 core-s": Amount("core-s/1000", 0.0123), "3.00": Amount("", 3),
		"+2.20 ms": Signed("ms", 2.2), "−850 µs": Signed("ms", -0.85), "±0 rps": Signed("requests/s", 0), "+12.0 MiB": Signed("bytes", 12<<20),
		"+18.9 %": Share(0.189), "−3.00 %": Share(-0.03), "±0 %": Share(0), "+250 %": Share(2.5),
		"data plane CPU per 1,000": MetricPer("cpu.dataPlane", "core-s/1000"), "data plane memory": MetricPer("memory.dataPlane", "bytes"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
