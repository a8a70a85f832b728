package compare

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// layers adds up CPU and memory of the containers of each layer. A sum that may lack
// a part is none:
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
func (one *run) layers(r *document.Result) {
	target, agents := targetPods(r), agentPods(r)
	sums := map[layer.Layer]*sum{layer.Application: {}, layer.DataPlane: {}, layer.ControlPlane: {}}
	read, nodes := map[string]bool{}, map[string]bool{}
	for i := range r.Status.Resources.Containers {
		c := &r.Status.Resources.Containers[i]
		pod := c.Namespace + "/" + c.Pod
		read[pod], nodes[c.Node] = true, true
		of := layer.Of(layer.Container{Namespace: c.Namespace, Pod: c.Pod, Name: c.Container,
			Target: slices.Contains(target, pod), Agent: slices.Contains(agents, pod)})
		if s := sums[of]; s != nil {
			s.add(c)
		}
	}
	path := unread("pod", target, read)
	switch {
	case len(read) == 0:
		path = "no container was read: deploy the agents with the kubelet's metrics"
	case len(target) == 0:
		path = "the pods behind the target are not known"
	}
	everywhere := unread("node", clusterNodes(r), nodes)
	if len(read) == 0 {
		everywhere = path
	}
	one.layer(layer.Application, sums, path)
	if path == "" {
		path = unread("pod", agents, read)
	}
	one.layer(layer.DataPlane, sums, path)
	one.layer(layer.ControlPlane, sums, everywhere)
}

func (one *run) layer(of layer.Layer, sums map[layer.Layer]*sum, reason string) {
	s := sums[of]
	for name, v := range map[string]*total{"cpu." + string(of): &s.cpu, "memory." + string(of): &s.memory} {
		switch {
		case reason != "":
			one.figure(name, nil, reason)
		case v.missing != "":
			one.figure(name, nil, v.missing+" has no such figure")
		default:
			one.figure(name, &v.sum, "")
		}
	}
}

// sum of the containers of a layer.
type sum struct{ cpu, memory total }

type total struct {
	sum     float64
	missing string // a container without the figure
}

func (s *sum) add(c *document.ContainerResource) {
	s.cpu.add(c.CoreSecondsPer1000Requests, c)
	s.memory.add(c.MemoryMeanBytes, c)
}

func (t *total) add(v *float64, c *document.ContainerResource) {
	if v == nil {
		t.missing = fmt.Sprintf("container %s of pod %s/%s", c.Container, c.Namespace, c.Pod)
		return
	}
	t.sum += *v
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

// targetPods are those behind any target.
func targetPods(r *document.Result) []string {
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

func agentNodes(r *document.Result) []string {
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
