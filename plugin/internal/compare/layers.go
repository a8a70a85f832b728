package compare

import (
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// layers takes CPU and memory of each layer, and of the nodes as a whole.
func (one *run) layers(r *document.Result) {
	for of, cost := range layer.Costs(r) {
		one.figure("cpu."+string(of), cost.CPU.Pointer(), cost.CPU.Absent)
		one.figure("memory."+string(of), cost.Memory.Pointer(), cost.Memory.Absent)
	}
	nodes := layer.NodeCPU(r)
	one.figure("cpu.node", nodes.Pointer(), nodes.Absent)
}
