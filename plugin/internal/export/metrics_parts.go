package export

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// agent is one agent's share. Its metrics have names of their own, so that a sum
// over a name never counts a request twice.
func (m *metrics) agent(a *document.AgentResult) {
	labels := prometheus.Labels{"node": a.Node, "pod": a.Pod}
	m.requests("agent_", &a.Requests, labels)
	m.gauge("agent_achieved_requests_per_second", "", "Requests that an agent sent per second.", a.Rate.Achieved, labels)
	for _, d := range latencies(&a.Latency, &a.Histograms) {
		m.latency("agent_", d, labels)
	}
	m.counter("agent_cpu", "seconds", "CPU time of an agent.", a.CPUSeconds, labels)
	m.gauge("agent_max_resident_memory", "bytes", "Most memory of an agent.", float64(a.MaxRSSBytes), labels)
}

// resources are what nodes and containers did in the measured time.
func (m *metrics) resources(r *document.Resources) {
	for _, n := range r.Nodes {
		labels := prometheus.Labels{"node": n.Node}
		for _, mode := range slices.Sorted(maps.Keys(n.CPUSeconds)) {
			m.counter("node_cpu", "seconds", "CPU time of all cores of a node, by mode.", n.CPUSeconds[mode], prometheus.Labels{"node": n.Node, "mode": mode})
		}
		if n.CPUUtilization != nil {
			m.gauge("node_cpu_utilization", "ratio", "Share of a node's CPU time that was not idle.", *n.CPUUtilization, labels)
		}
		m.cost("node_", n.Cost, labels)
	}
	for _, c := range r.Containers {
		labels := prometheus.Labels{"node": c.Node, "namespace": c.Namespace, "pod": c.Pod, "container": c.Container}
		if c.CPUSeconds != nil {
			m.counter("container_cpu", "seconds", "CPU time of a container.", *c.CPUSeconds, labels)
		}
		if c.MemoryMeanBytes != nil {
			m.gauge("container_memory_mean", "bytes", "Mean working set of a container.", *c.MemoryMeanBytes, labels)
		}
		if c.MemoryMaxBytes != nil {
			m.gauge("container_memory_max", "bytes", "Greatest working set of a container.", *c.MemoryMaxBytes, labels)
		}
		m.cost("container_", c.Cost, labels)
	}
}

func (m *metrics) cost(prefix string, c document.Cost, labels prometheus.Labels) {
	if v := c.CoreSecondsPer1000Requests; v != nil {
		m.gauge(prefix+"cpu_per_request", "seconds", "CPU time that a request took.", *v/1000, labels)
	}
}
