//go:build e2e && soak

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	soakRate    = "5000"
	soakTime    = 10 * time.Minute
	soakReading = 5 * time.Second
	// soakGrowth is by how much an agent may have grown from the second minute to
	// the last, in bytes.
	soakGrowth = 5 << 20
)

// An agent's memory does not grow with the length of a run: the medians of its
// resident set in the second and in the last minute are held against each other.
func TestSoakMemoryIsFlat(t *testing.T) {
	at := alone(t)
	node := nodeNames(t)[0]
	pod := strings.TrimSpace(must(t, "get", "pods", "-n", at.agents, "--field-selector", "spec.nodeName="+node, "-o", "jsonpath={.items[0].metadata.name}").stdout)
	c := command("meshery", "run", at.target, "-n", at.agents, "--node", node, "-o", "json", "--warmup", "0s",
		"--rate", soakRate, "--duration", soakTime.String())
	_, _, wait := at.beginCommand(t, c)
	start := time.Now()
	minutes := make([][]float64, int(soakTime/time.Minute))
	for tick := time.NewTicker(soakReading); ; <-tick.C {
		minute := int(time.Since(start) / time.Minute)
		if minute >= len(minutes) {
			tick.Stop()
			break
		}
		minutes[minute] = append(minutes[minute], at.agentMetric(t, pod, "process_resident_memory_bytes"))
	}
	r := wait()
	if r.code != 0 && r.code != 4 {
		t.Fatal(r.err())
	}
	s := parse(t, r.stdout).Status
	t.Logf("%s: %d of %d requests sent, %d failed; validity %+v", s.Phase, s.Requests.Sent, s.Requests.Planned, s.Requests.Failed, s.Validity)
	// How late it was, on a machine that also serves, is not what is asked here.
	if s.Phase != "Succeeded" || float64(s.Requests.Sent) < 0.99*float64(s.Requests.Planned) || s.Requests.Failed > s.Requests.Sent/1000 {
		t.Errorf("phase %s, %+v; want all of them sent and answered", s.Phase, s.Requests)
	}
	var medians []float64
	for i, m := range minutes {
		if len(m) < 6 {
			t.Fatalf("minute %d: %d readings", i+1, len(m))
		}
		slices.Sort(m)
		medians = append(medians, m[len(m)/2])
		t.Logf("minute %2d: resident %.2f MiB (%.2f to %.2f in %d readings)", i+1, mebi(m[len(m)/2]), mebi(m[0]), mebi(m[len(m)-1]), len(m))
	}
	growth := medians[len(medians)-1] - medians[1]
	t.Logf("growth from minute 2 to minute %d: %.2f MiB; the largest of the run %.2f MiB", len(medians), mebi(growth), mebi(float64(s.Agents[0].MaxRSSBytes)))
	if growth >= soakGrowth {
		t.Errorf("the agent has grown by %.2f MiB, and at most %d are allowed", mebi(growth), soakGrowth>>20)
	}
}

func mebi(bytes float64) float64 { return bytes / (1 << 20) }
