package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// mostContainers is how many containers a table has.
const mostContainers = 100

// containers is a table of what the kubelets said, the busiest first.
func containers(r *document.Result) *table {
	all := slices.Clone(r.Status.Resources.Containers)
	value := func(v *float64) float64 {
		if v == nil {
			return -1
		}
		return *v
	}
	slices.SortStableFunc(all, func(a, b document.ContainerResource) int { return cmp.Compare(value(b.MeanCores), value(a.MeanCores)) })
	t := &table{ID: "containers", Names: 2, Caption: "The kubelet's view of each container, busiest first", Columns: []string{"Pod", "Container", "Node", "CPU", "Readings", "CPU per 1,000 requests", "Memory", "Memory, greatest"}}
	if len(all) > mostContainers {
		t.Caption += fmt.Sprintf("; %d more are in the Result", len(all)-mostContainers)
		all = all[:mostContainers]
	}
	for _, c := range all {
		cpu := wording.None
		if c.MeanCores != nil {
			cpu = printer.Significant(1000**c.MeanCores, 3) + " mCPU"
		}
		t.Rows = append(t.Rows, cells(2, c.Namespace+"/"+c.Pod, c.Container, c.Node, cpu, printer.Count(int64(c.CPUSamples)), wording.FigureOf(wording.CoreSeconds, c.CoreSecondsPer1000Requests), wording.FigureOf(wording.Bytes, c.MemoryMeanBytes), wording.FigureOf(wording.Bytes, c.MemoryMaxBytes)))
	}
	return t
}
