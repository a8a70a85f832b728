//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// benchReport is what the tests look at of a BenchReport.
type benchReport struct {
	Metadata struct{ Bench string }
	Runs     []struct {
		RunID, Variant, Test string
		Block, Attempt       int
		Valid                bool
	}
	Missing     []any
	Comparisons []struct {
		Variant, Reason string
		Comparison      *struct {
			Paired  bool
			Verdict string
			A       struct{ Runs []any }
			Metrics []struct {
				Name, Verdict string
				Difference    *struct{ Value, Low, High float64 }
			}
		}
	}
}

// plan writes a Plan with this YAML below "spec:", with a Test that reads no metrics.
// A run that a busy machine makes invalid is run again.
func plan(t *testing.T, yaml string) string {
	t.Helper()
	dir := t.TempDir()
	text := "apiVersion: perf.meshery.io/v1alpha1\nkind: Plan\nmetadata: {name: e2e}\nspec:\n  retries: 10\n  tests: [{name: steady, file: test.yaml}]\n" + yaml
	test := "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:" + noMetrics + `
  target: {url: "http://patched/"}
  load: {rate: 200, connections: 8, duration: 2s}
  validity: {maxLateness: 100, maxGeneratorCPU: 1, maxStartSkew: 10s, minRate: 0.5}
`
	for name, content := range map[string]string{"plan.yaml": text, "test.yaml": test} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "plan.yaml")
}

func benchOf(t *testing.T, r result) benchReport {
	t.Helper()
	var b benchReport
	if err := json.Unmarshal([]byte(r.stdout), &b); err != nil {
		t.Fatalf("%v in\n%s%s", err, r.stdout, r.stderr)
	}
	return b
}

// The reference workload with 1 ms more is worse than without, by that: agents and
// workload in namespaces of their own, as a mesh would have them.
func TestBenchFindsAMillisecond(t *testing.T) {
	bare, slow := alone(t), take(t)
	// Nine pairs can show something of the metrics that there are. On a busy machine one
	// may have a run that never is valid.
	const blocks, pairs = 10, 9
	file := plan(t, fmt.Sprintf(`
  repetitions: %d
  pause: 100ms
  variants:
  - name: bare
    namespace: %s
    patch: {target: {url: %q}}
  - name: slow
    namespace: %s
    patch: {target: {url: "%s?delay=1ms"}}
    setup: [{command: [sh, -c, 'echo $MESHERY_BENCH in $MESHERY_NAMESPACE']}]
`, blocks, bare.agents, bare.target, slow.agents, slow.target))
	r := kubectl("meshery", "bench", "-f", file, "-o", "json", "--fail-on", "worse")
	if r.code != 3 { // also where runs are missing
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	b := benchOf(t, r)
	if len(b.Comparisons) != 1 || b.Comparisons[0].Comparison == nil {
		t.Fatalf("%s", r.stdout)
	}
	if want := "slow setup | " + b.Metadata.Bench + " in " + slow.agents + "\n"; strings.Count(r.stderr, want) != 1 {
		t.Errorf("stderr lacks %q:\n%s", want, r.stderr)
	}
	c := b.Comparisons[0].Comparison
	if n := len(c.A.Runs); !c.Paired || n < pairs || n < blocks-len(b.Missing) || c.Verdict != "worse" {
		t.Errorf("%+v", c)
	}
	for _, m := range c.Metrics {
		if m.Name == "responseTime.p50" && (m.Verdict != "worse" || m.Difference.Low < 0.5 || m.Difference.Value < 0.9 || m.Difference.Value > 2.5) {
			t.Errorf("%+v, %+v", m, m.Difference)
		}
	}
	names := must(t, "meshery", "results", "list", "--label", "bench="+b.Metadata.Bench, "--limit", "0", "-o", "name").stdout
	if n := strings.Count(names, "result/"); n != len(b.Runs) {
		t.Errorf("%d Results in the archive, %d runs", n, len(b.Runs))
	}
}

// A bench whose program is killed in the middle of a run loses nothing: the run goes
// on, and the bench that is resumed takes it up. Closed loops have no lateness that
// tests beside this one could make them invalid by.
func TestAKilledBenchTakesUpItsRun(t *testing.T) {
	at := beside(t)
	file := plan(t, fmt.Sprintf(`
  repetitions: 2
  pause: 0s
  variants:
  - {name: one, patch: {target: {url: %[1]q}, load: {rate: max, connections: 2}}}
  - {name: two, patch: {target: {url: %[1]q}, load: {rate: max, connections: 4}}}
`, at.slow()))
	var stderr bytes.Buffer
	c := command("meshery", "bench", "-f", file, "-n", at.agents, "-o", "json")
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	active := at.activeRun(t, ended)
	if err := c.Process.Kill(); err != nil { // kubectl has become the plugin
		t.Fatal(err)
	}
	<-ended
	r := must(t, "meshery", "bench", "-f", file, "-n", at.agents, "-o", "json", "--resume")
	b := benchOf(t, r)
	if !strings.Contains(r.stderr, "the agents have run "+active+" of this bench: it is taken up") || !strings.Contains(r.stderr, " of 4 runs are there") {
		t.Errorf("%s\nbefore\n%s", r.stderr, stderr.String())
	}
	seen := map[string]int{}
	found := false
	for _, one := range b.Runs {
		if one.Valid {
			seen[fmt.Sprint(one.Variant, one.Block)]++
		}
		found = found || one.RunID == active
	}
	if len(b.Missing) != 0 || len(seen) != 4 || !found || !strings.Contains(stderr.String(), "bench "+b.Metadata.Bench+" ") {
		t.Errorf("%+v of %s\n%s", b, active, stderr.String())
	}
	for slot, n := range seen {
		if n != 1 {
			t.Errorf("%d valid runs of %s", n, slot)
		}
	}
	if left := must(t, "meshery", "status", "-n", at.agents, "-o", "jsonpath={.nodes[*].spooledRuns[*].id}").stdout; strings.Contains(left, active) {
		t.Errorf("agents still have %s", left)
	}
}

// activeRun is the id of a run that all agents of the site are at.
func (at *site) activeRun(t *testing.T, ended <-chan error) string {
	t.Helper()
	for {
		select {
		case err := <-ended:
			t.Fatalf("the bench ended: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		r := must(t, "meshery", "status", "-n", at.agents, "-o", "json")
		var s struct {
			Nodes []struct {
				Run *struct{ ID, Phase string } `json:"activeRun"`
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &s); err != nil {
			t.Fatal(err)
		}
		running := 0
		for _, n := range s.Nodes {
			if n.Run != nil && n.Run.Phase == "Running" {
				running++
			}
		}
		if running == len(s.Nodes) && running > 0 {
			return s.Nodes[0].Run.ID
		}
	}
}
