package cmd

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// The widest figures and names fit into 80 columns, no two metrics look alike, and
// what has no room is said below.
func TestComparisonFitsATerminal(t *testing.T) {
	c := &document.Comparison{A: document.ComparedGroup{Name: "checkout-service-1.4"}, B: document.ComparedGroup{Name: "checkout-service-1.5"}, Confidence: 0.95, Verdict: document.Inconclusive}
	for _, m := range []struct {
		name, unit string
		of         float64
	}{
		{"responseTime.p50", "ms", 850}, {"responseTime.p90", "ms", 10.1}, {"responseTime.p99", "ms", 999}, {"responseTime.p999", "ms", 1e4}, {"serviceTime.p50", "ms", 0.1}, {"serviceTime.p99", "ms", 123},
		{"rate.achieved", "requests/s", 12345.6}, {"errors", "%", 0.0222}, {"cpu.application", "core-s/1000", 0.0123}, {"cpu.dataPlane", "core-s/1000", 12.3},
		{"cpu.controlPlane", "core-s/1000", 0.4}, {"cpu.node", "core-s/1000", 1.2}, {"memory.application", "bytes", 999 << 20}, {"memory.dataPlane", "bytes", 1}, {"memory.controlPlane", "bytes", 1 << 40},
	} {
		c.Metrics = append(c.Metrics, document.MetricComparison{Name: m.name, Unit: m.unit, A: document.MetricSide{Median: m.of}, B: document.MetricSide{Median: 0.8 * m.of},
			Difference: &document.Estimate{Value: -0.2 * m.of, Low: -0.25 * m.of, High: -0.15 * m.of, Relative: new(-0.2)}, Verdict: document.Inconclusive, MoreRuns: new(140)})
	}
	var b strings.Builder
	if err := writeComparison(&b, c, false); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("wider than 80: %q", line)
		}
		name, _, _ := strings.Cut(line, "  ")
		if strings.HasSuffix(line, "inconclusive") && seen[name] {
			t.Errorf("%q is there twice", name)
		}
		seen[name] = true
	}
	text := strings.ReplaceAll(b.String(), "\n", " ")
	for _, want := range []string{"CPU is in core-seconds per 1,000 requests.", "140 for response p99.9, ", "140 for control plane memory.", "CHECK…-1.4 ", " −170 ms (−213 … −128) "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := writeComparison(&b, c, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"data plane CPU per 1,000 ", "12.3 core-s ", "inconclusive, 140 more", "CHECKOUT-SERVICE-1.4 ", "−20.0 %"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
