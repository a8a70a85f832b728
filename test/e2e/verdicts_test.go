//go:build e2e && verdicts

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// TestVerdictsOverSeeds measures the reference workload as it is, the same again, and
// with 1 ms more, in a bench of its own for each of SEEDS (10) seeds. What is the same
// is never worse or better; 1 ms is worse, by 1 ms. It takes some three minutes a seed,
// and a machine that does nothing else; docs/compare.md has a table of it.
func TestVerdictsOverSeeds(t *testing.T) {
	seeds := 10
	if s := os.Getenv("SEEDS"); s != "" {
		var err error
		if seeds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	at := take(t)
	fmt.Print("\n| seed | again: pairs | verdict | response p50 | response p99 | 1 ms more: pairs | verdict | response p50 | response p99 |\n|---:|---:|---|---|---|---:|---|---|---|\n")
	for seed := 1; seed <= seeds; seed++ {
		file := plan(t, fmt.Sprintf(`
  repetitions: 12
  pause: 300ms
  seed: %d
  variants:
  - name: base
    namespace: %[2]s
    patch: {target: {url: %[3]q}, load: {duration: 3s}}
  - name: again
    namespace: %[2]s
    patch: {target: {url: %[3]q}, load: {duration: 3s}}
  - name: slow
    namespace: %[2]s
    patch: {target: {url: "%[3]s?delay=1ms"}, load: {duration: 3s}}
`, seed, at.agents, at.target))
		r := kubectl("meshery", "bench", "-f", file, "-o", "json")
		if r.code != 0 && r.code != 4 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		row := fmt.Sprintf("| %d |", seed)
		comparisons := benchOf(t, r).Comparisons
		if len(comparisons) != 2 || comparisons[0].Variant != "again" || comparisons[1].Variant != "slow" {
			t.Fatalf("seed %d:\n%s", seed, r.stdout)
		}
		for _, c := range comparisons {
			if c.Comparison == nil || !c.Comparison.Paired {
				t.Fatalf("seed %d: %s: %s", seed, c.Variant, c.Reason)
			}
			cells := ""
			for _, m := range c.Comparison.Metrics {
				if m.Name != "responseTime.p50" && m.Name != "responseTime.p99" {
					continue
				}
				d := m.Difference
				if d == nil {
					t.Fatalf("seed %d: %s: no interval of %s", seed, c.Variant, m.Name)
				}
				cells += fmt.Sprintf(" %+.3f ms (%+.3f … %+.3f) %s |", d.Value, d.Low, d.High, m.Verdict)
				if m.Name == "responseTime.p50" && c.Variant == "slow" && (m.Verdict != "worse" || d.High < 0.95 || d.Low > 1.3) {
					t.Errorf("seed %d: 1 ms more is %+v (%s)", seed, *d, m.Verdict)
				}
			}
			row += fmt.Sprintf(" %d | %s |%s", len(c.Comparison.A.Runs), c.Comparison.Verdict, cells)
			if v := c.Comparison.Verdict; c.Variant == "again" && v != "same" && v != "inconclusive" {
				t.Errorf("seed %d: the same again is %s", seed, v)
			}
		}
		fmt.Println(row)
	}
}
