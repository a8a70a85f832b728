package report

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// layers are what the cost of requests is shown by, with their words.
var layers = []struct {
	of   layer.Layer
	name string
}{{layer.Application, "application"}, {layer.DataPlane, "data plane"}, {layer.ControlPlane, "control plane"}}

// wholeNodes is everything on the agents' nodes, the kernel and the agents included:
// what a mesh does in the kernel is in no container.
const wholeNodes = "nodes, all of it"

// layerSum is the containers of a layer in one run.
type layerSum struct {
	containers  []string
	cpu, memory float64
	// noCPU and noMemory are why a sum lacks a part, so that it is none.
	noCPU, noMemory string
}

// layersOf are the layers of a run's containers, by their words.
func layersOf(r *document.Result) layerSums {
	env := &r.Status.Environment
	target := slices.Clone(env.TargetPods)
	for _, pods := range env.PodsByTarget {
		target = append(target, pods...)
	}
	var agents, nodes []string
	for i := range r.Status.Agents {
		if pod := r.Status.Agents[i].Pod; pod != "" {
			agents = append(agents, env.Namespace+"/"+pod)
		}
	}
	for i := range env.Nodes {
		nodes = append(nodes, env.Nodes[i].Name)
	}
	out := layerSums{}
	readPods, readNodes := map[string]bool{}, map[string]bool{}
	for i := range r.Status.Resources.Containers {
		c := &r.Status.Resources.Containers[i]
		pod := c.Namespace + "/" + c.Pod
		readPods[pod], readNodes[c.Node] = true, true
		of := layer.Of(layer.Container{Namespace: c.Namespace, Pod: c.Pod, Name: c.Container, Target: slices.Contains(target, pod), Agent: slices.Contains(agents, pod)})
		for _, l := range layers {
			if l.of == of {
				if out[l.name] == nil {
					out[l.name] = &layerSum{}
				}
				out[l.name].add(c)
			}
		}
	}
	// The application and its sidecars are in all pods behind the target, a mesh's
	// proxies beside the agents, too, and a control plane may be on any node.
	out.lack(layer.Application, "pod", target, readPods)
	out.lack(layer.DataPlane, "pod", append(agents, target...), readPods)
	out.lack(layer.ControlPlane, "node", nodes, readNodes)
	return out
}

// layerSums are the layers by their words.
type layerSums map[string]*layerSum

// lack takes away the sum of a layer where nothing was read of one of those that its
// containers may be in.
func (all layerSums) lack(of layer.Layer, kind string, wanted []string, read map[string]bool) {
	for _, l := range layers {
		s := all[l.name]
		if s == nil || l.of != of {
			continue
		}
		for _, name := range wanted {
			if !read[name] {
				s.noCPU = fmt.Sprintf("nothing was read of %s %s", kind, name)
				s.noMemory = s.noCPU
			}
		}
	}
}

func (s *layerSum) add(c *document.ContainerResource) {
	if !slices.Contains(s.containers, c.Container) {
		s.containers = append(s.containers, c.Container)
	}
	lacks := fmt.Sprintf("container %s of pod %s/%s has no such figure", c.Container, c.Namespace, c.Pod)
	if v := c.CoreSecondsPer1000Requests; v != nil {
		s.cpu += *v
	} else {
		s.noCPU = lacks
	}
	if v := c.MemoryMeanBytes; v != nil {
		s.memory += *v
	} else {
		s.noMemory = lacks
	}
}

// nodesCost is what 1,000 requests cost on all nodes with an agent; false where one
// of them is not known.
func nodesCost(r *document.Result) (float64, bool) {
	costs := map[string]*float64{}
	for i := range r.Status.Resources.Nodes {
		costs[r.Status.Resources.Nodes[i].Node] = r.Status.Resources.Nodes[i].CoreSecondsPer1000Requests
	}
	sum, counted := 0.0, map[string]bool{}
	for _, a := range r.Status.Agents {
		if counted[a.Node] {
			continue
		}
		counted[a.Node] = true
		if costs[a.Node] == nil {
			return 0, false
		}
		sum += *costs[a.Node]
	}
	return sum, len(counted) > 0
}
