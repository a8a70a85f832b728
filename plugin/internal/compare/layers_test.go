package compare

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// exact figures in place of the noise.
func exactly(_ int, r *document.Result) {
	r.Status.Resources.Nodes = append(r.Status.Resources.Nodes, document.NodeResources{Node: "worker-2", Cost: document.Cost{CoreSecondsPer1000Requests: new(2.0)}})
	r.Status.Resources.Nodes[0].CoreSecondsPer1000Requests = new(1.0)
	r.Status.Agents = append(r.Status.Agents, document.AgentResult{Node: "worker-2", Pod: "meshery-agent-b"})
	container := func(node, namespace, pod, name string, cpu, memory float64) document.ContainerResource {
		return document.ContainerResource{Node: node, Namespace: namespace, Pod: pod, Container: name, Cost: document.Cost{CoreSecondsPer1000Requests: &cpu}, MemoryMeanBytes: &memory}
	}
	env := &r.Status.Environment
	env.Nodes = append(env.Nodes, document.NodeInfo{Name: "worker-2"})
	env.TargetPods = []string{"shop/checkout-1", "shop/checkout-2"}
	r.Status.Resources.Containers = []document.ContainerResource{
		container("worker-1", "shop", "checkout-1", "checkout", 0.25, 100), container("worker-1", "shop", "checkout-1", "istio-proxy", 0.125, 10),
		container("worker-2", "shop", "checkout-2", "checkout", 0.5, 200), container("worker-2", "shop", "checkout-2", "istio-proxy", 0.0625, 20),
		container("worker-2", "perf", "meshery-agent-b", "istio-proxy", 0.03125, 30), container("worker-2", "perf", "meshery-agent-b", "agent", 7, 7),
		container("worker-1", "perf", "meshery-agent-abcde", "agent", 7, 7), container("worker-1", "istio-system", "istiod-1", "discovery", 0.01, 1000),
		container("worker-1", "bank", "ledger-1", "istio-proxy", 9, 9),
	}
}

func TestLayersAreAddedUp(t *testing.T) {
	c := compared(t, results(6, 0, exactly), results(6, 1, exactly), Options{})
	for name, want := range map[string]float64{"cpu.application": 0.75, "cpu.dataPlane": 0.21875, "cpu.controlPlane": 0.01, "cpu.node": 3,
		"memory.application": 300, "memory.dataPlane": 60, "memory.controlPlane": 1000} {
		if m := find(t, c, name); math.Abs(m.A.Median-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, m.A.Median, want)
		}
	}
}

// What may lack a part is left out, and said so; nothing is guessed.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	without := func(f func(c document.ContainerResource) bool) func(r *document.Result) {
		return func(r *document.Result) {
			r.Status.Resources.Containers = slices.DeleteFunc(r.Status.Resources.Containers, f)
		}
	}
	for name, c := range map[string]struct {
		change func(r *document.Result)
		want   map[string]string
	}{
		"everything": {func(*document.Result) {}, nil},
		"no kubelet": {without(func(document.ContainerResource) bool { return true }), map[string]string{
			"cpu.application": "no container was read", "cpu.dataPlane": "no container was read", "cpu.controlPlane": "no container was read",
			"memory.application": "no container", "memory.dataPlane": "no container", "memory.controlPlane": "no container"}},
		"one pod of the target": {without(func(c document.ContainerResource) bool { return c.Pod == "checkout-2" }), map[string]string{
			"cpu.application": "nothing was read of pod shop/checkout-2", "cpu.dataPlane": "nothing was read of pod shop/checkout-2", "memory.application": "nothing", "memory.dataPlane": "nothing"}},
		"an agent's pod": {without(func(c document.ContainerResource) bool { return c.Pod == "meshery-agent-b" }), map[string]string{
			"cpu.dataPlane": "nothing was read of pod perf/meshery-agent-b", "memory.dataPlane": "nothing"}},
		"no Service": {func(r *document.Result) { r.Status.Environment.TargetPods = nil }, map[string]string{
			"cpu.application": "the pods behind the target are not known", "cpu.dataPlane": "the pods", "memory.application": "the pods", "memory.dataPlane": "the pods"}},
		"a node without agent": {func(r *document.Result) {
			r.Status.Environment.Nodes = append(r.Status.Environment.Nodes, document.NodeInfo{Name: "worker-3"})
		}, map[string]string{"cpu.controlPlane": "nothing was read of node worker-3", "memory.controlPlane": "nothing"}},
		"nodes not known": {func(r *document.Result) { r.Status.Environment.Nodes = nil }, map[string]string{"cpu.controlPlane": "nothing was read of node (unknown)", "memory.controlPlane": "nothing"}},
		"a short look": {func(r *document.Result) { r.Status.Resources.Containers[1].CoreSecondsPer1000Requests = nil }, map[string]string{
			"cpu.dataPlane": "container istio-proxy of pod shop/checkout-1 has no such figure"}},
		"no node-exporter": {func(r *document.Result) { r.Status.Resources.Nodes = r.Status.Resources.Nodes[:1] }, map[string]string{"cpu.node": "the CPU of node worker-2 is not known"}},
		"no mesh": {without(func(c document.ContainerResource) bool {
			return c.Container == "istio-proxy" || c.Container == "discovery"
		}), map[string]string{"cpu.dataPlane": "no run has any such container", "cpu.controlPlane": "no run", "memory.dataPlane": "no run", "memory.controlPlane": "no run"}},
		"closed loop": {func(r *document.Result) { r.Status.Latency.ResponseTime = nil }, map[string]string{
			"responseTime.p50": "there is no response time: closed loops and runs of other tools have service times only", "responseTime.p90": "there is no", "responseTime.p99": "there is no", "responseTime.p999": "there is no"}},
		"only response times": {func(r *document.Result) { r.Status.Latency.ServiceTime = nil }, map[string]string{
			"serviceTime.p50": "the Result has no service time", "serviceTime.p99": "the Result has no"}},
		"no such percentile": {func(r *document.Result) { r.Status.Latency.ResponseTime.P999 = nil }, map[string]string{
			"responseTime.p999": "the Result has no such percentile"}},
		"few requests": {func(r *document.Result) {
			r.Status.Latency.ResponseTime.Count, r.Status.Latency.ResponseTime.P999 = 1000, nil
		}, map[string]string{
			"responseTime.p999": "1000 requests are too few for it"}},
	} {
		change := func(i int, r *document.Result) { exactly(i, r); c.change(r) }
		got := leftOut(compared(t, results(6, 0, change), results(6, 1, change), Options{Force: true}))
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(c.want))) {
			t.Errorf("%s: left out %q, want %q", name, got, c.want)
		}
		for metric, reason := range c.want {
			if !strings.HasPrefix(got[metric], reason) {
				t.Errorf("%s: %s is left out for %q, want %q", name, metric, got[metric], reason)
			}
		}
	}
	one := func(i int, r *document.Result) {
		if exactly(i, r); i == 2 {
			r.Status.Latency.ResponseTime.Count, r.Status.Latency.ResponseTime.P999 = 3000, nil
		}
	}
	if got := leftOut(compared(t, results(6, 0, exactly), results(6, 1, one), Options{}))["responseTime.p999"]; got != "1 of 12 runs have none: 3000 requests are too few for it" {
		t.Errorf("one run: %q", got)
	}
}

// A mesh on one side only is compared with none.
func TestNoMeshIsNothing(t *testing.T) {
	bare := func(i int, r *document.Result) {
		exactly(i, r)
		r.Status.Resources.Containers = slices.DeleteFunc(r.Status.Resources.Containers, func(c document.ContainerResource) bool { return c.Container == "istio-proxy" })
	}
	m := find(t, compared(t, results(6, 0, bare), results(6, 1, exactly), Options{}), "cpu.dataPlane")
	if m.A.Median != 0 || m.Difference.Value != 0.21875 || m.Difference.Relative != nil || m.Verdict != document.Worse {
		t.Errorf("%+v", m)
	}
}

// The merged percentiles are those of all runs' requests, with an interval.
func TestMergedPercentiles(t *testing.T) {
	c := sample(t, synthetic.Runs{Noise: synthetic.Noises[0], Shift: 5}, 8, false, 1, Options{Resamples: 500})
	for _, m := range c.Metrics {
		latency := m.Unit == milliseconds
		if latency != (m.Pooled != nil) || latency != (m.A.Pooled != nil) {
			t.Errorf("%+v", m)
		}
		if latency && (math.Abs(m.Pooled.Value-2) > 0.6 || m.Pooled.Low > m.Pooled.Value || m.Pooled.High < m.Pooled.Value || math.Abs(*m.A.Pooled-m.A.Median) > 1.2) {
			t.Errorf("%s: merged %v, %+v; median %v", m.Name, *m.A.Pooled, *m.Pooled, m.A.Median)
		}
	}
}
