package report

import (
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// layer is a part of what serves requests, in one run.
type layer struct {
	name string
	// coreSeconds is the CPU of 1,000 requests, memory the mean bytes in use; nil
	// where not known.
	coreSeconds, memory *float64
}

// layersOf are the containers of the pods behind the targets, by their names: the
// application, its sidecar. Where a figure of one of a name's containers is missing,
// the sum is not known.
func layersOf(r *document.Result) []layer {
	var names []string
	cpu, memory := map[string]*float64{}, map[string]*float64{}
	add := func(to map[string]*float64, name string, v *float64) {
		switch sum, seen := to[name]; {
		case !seen && v != nil:
			first := *v
			to[name] = &first
		case !seen || v == nil:
			to[name] = nil
		case sum != nil:
			*sum += *v
		}
	}
	for _, c := range r.Status.Resources.Containers {
		if !slices.Contains(r.Status.Environment.TargetPods, c.Namespace+"/"+c.Pod) {
			continue
		}
		if !slices.Contains(names, c.Container) {
			names = append(names, c.Container)
		}
		add(cpu, c.Container, c.CoreSecondsPer1000Requests)
		add(memory, c.Container, c.MemoryMeanBytes)
	}
	var out []layer
	for _, name := range names {
		out = append(out, layer{name, cpu[name], memory[name]})
	}
	return out
}
