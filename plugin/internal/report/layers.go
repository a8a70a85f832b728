package report

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// layerNames are the layers in words.
var layerNames = map[layer.Layer]string{layer.Application: "application", layer.DataPlane: "data plane", layer.ControlPlane: "control plane"}

// wholeNodes is everything on the agents' nodes, the kernel and the agents included:
// what a mesh does in the kernel is in no container.
const wholeNodes = "nodes, all of it"

// costsOf are what requests took in a run by layer, in words, and on whole nodes.
// Without any reading there is none.
func costsOf(r *document.Result) map[string]layer.Cost {
	out := map[string]layer.Cost{}
	if len(r.Status.Resources.Containers) > 0 {
		for of, cost := range layer.Costs(r) {
			out[layerNames[of]] = cost
		}
	}
	if nodes := layer.NodeCPU(r); nodes.Absent == "" {
		out[wholeNodes] = layer.Cost{CPU: nodes, Memory: layer.Figure{Absent: "memory of nodes is not summed up"}}
	}
	return out
}
