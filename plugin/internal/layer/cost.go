package layer

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Layers that requests are paid for in, in their order along the way.
var Layers = []Layer{Application, DataPlane, ControlPlane}

// Figure is a number, or why there is none.
type Figure struct {
	Value float64
	// Absent is why there is no number; "" where there is one.
	Absent string
}

// Pointer is nil without a number.
func (f Figure) Pointer() *float64 {
	if f.Absent != "" {
		return nil
	}
	return &f.Value
}

// Cost is what a layer took: CPU in core-seconds per 1,000 requests, memory in bytes
// (the sum of the containers' means).
type Cost struct {
	CPU, Memory Figure
	// Containers are the names of the layer's containers, each once, in order.
	Containers []string
}

// Costs are what requests took, by layer. A sum that may lack a part is none:
//
//   - of the application, and of the data plane beside it, when nothing was read of a
//     pod behind the target, or when these pods are not known;
//   - of the data plane as well, when nothing was read of an agent's pod in the cluster,
//     where the request begins;
//   - of the control plane, which may be anywhere, when the kubelet of any node of the
//     cluster was not read;
//   - of a layer, when one of its containers has no figure.
//
// A data plane or control plane without a container is 0.
func Costs(r *document.Result) map[Layer]Cost {
	target, agents := TargetPods(r), agentPods(r)
	costs := map[Layer]Cost{}
	read, nodes := map[string]bool{}, map[string]bool{}
	for i := range r.Status.Resources.Containers {
		c := &r.Status.Resources.Containers[i]
		pod := c.Namespace + "/" + c.Pod
		read[pod], nodes[c.Node] = true, true
		of := Of(Container{Namespace: c.Namespace, Pod: c.Pod, Name: c.Container,
			Target: slices.Contains(target, pod), Agent: slices.Contains(agents, pod)})
		cost := costs[of]
		cost.add(c)
		costs[of] = cost
	}
	path := unread("pod", target, read)
	switch {
	case len(read) == 0:
		path = "no container was read: deploy the agents with the kubelet's metrics"
	case len(target) == 0:
		path = "the pods behind the target are not known"
	}
	everywhere := path
	if len(read) > 0 {
		everywhere = unread("node", clusterNodes(r), nodes)
	}
	missing := map[Layer]string{Application: path, DataPlane: path, ControlPlane: everywhere}
	if path == "" {
		missing[DataPlane] = unread("pod", agents, read)
	}
	out := map[Layer]Cost{}
	for _, of := range Layers {
		cost := costs[of]
		if reason := missing[of]; reason != "" {
			cost.CPU, cost.Memory = Figure{Absent: reason}, Figure{Absent: reason}
		}
		slices.Sort(cost.Containers)
		cost.Containers = slices.Compact(cost.Containers)
		out[of] = cost
	}
	return out
}

func (c *Cost) add(from *document.ContainerResource) {
	c.Containers = append(c.Containers, from.Container)
	c.CPU.add(from.CoreSecondsPer1000Requests, from)
	c.Memory.add(from.MemoryMeanBytes, from)
}

func (f *Figure) add(v *float64, from *document.ContainerResource) {
	if v == nil {
		f.Absent = fmt.Sprintf("container %s of pod %s/%s has no such figure", from.Container, from.Namespace, from.Pod)
		return
	}
	f.Value += *v
}

// unread names the first that was not read, "" when all were.
func unread(kind string, wanted []string, read map[string]bool) string {
	for _, name := range wanted {
		if !read[name] {
			return fmt.Sprintf("nothing was read of %s %s", kind, name)
		}
	}
	return ""
}

// NodeCPU is what 1,000 requests took on all nodes with an agent together, in
// core-seconds: the kernel and the agents included.
func NodeCPU(r *document.Result) Figure {
	if len(r.Status.Resources.Nodes) == 0 {
		return Figure{Absent: "no node's CPU was read"}
	}
	costs := map[string]*float64{}
	for i := range r.Status.Resources.Nodes {
		n := &r.Status.Resources.Nodes[i]
		costs[n.Node] = n.CoreSecondsPer1000Requests
	}
	var sum Figure
	for _, node := range AgentNodes(r) {
		if costs[node] == nil {
			return Figure{Absent: fmt.Sprintf("the CPU of node %s is not known", node)}
		}
		sum.Value += *costs[node]
	}
	return sum
}

// TargetPods are those behind any target.
func TargetPods(r *document.Result) []string {
	all := slices.Clone(r.Status.Environment.TargetPods)
	for _, pods := range r.Status.Environment.PodsByTarget {
		all = append(all, pods...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// agentPods are the agents' own; none without a cluster.
func agentPods(r *document.Result) []string {
	var all []string
	for i := range r.Status.Agents {
		if pod := r.Status.Agents[i].Pod; pod != "" {
			all = append(all, r.Status.Environment.Namespace+"/"+pod)
		}
	}
	return all
}

// AgentNodes are the nodes with an agent, each once, in order.
func AgentNodes(r *document.Result) []string {
	var all []string
	for i := range r.Status.Agents {
		all = append(all, r.Status.Agents[i].Node)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// clusterNodes are all nodes of the cluster. Where they are not known, there is one
// that nothing is read of.
func clusterNodes(r *document.Result) []string {
	var all []string
	for i := range r.Status.Environment.Nodes {
		all = append(all, r.Status.Environment.Nodes[i].Name)
	}
	if len(all) == 0 {
		all = []string{"(unknown)"}
	}
	return all
}
