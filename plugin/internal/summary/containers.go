package summary

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

const (
	// busiest is how many containers are shown.
	busiest = 5
	// mostOfTarget is how many are shown where the target has more of them: a
	// sidecar is a part of what a request costs and is not to be cut off.
	mostOfTarget = 10
)

// containers shows those of the pods behind the target, with what 1,000 requests
// cost in each, then the others that used most CPU. Of those nobody knows what
// they did for this run, so they have no cost. The agents' own are left out.
func containers(b *strings.Builder, r *document.Result) error {
	env := &r.Status.Environment
	all := slices.DeleteFunc(slices.Clone(r.Status.Resources.Containers), func(c document.ContainerResource) bool {
		return c.MeanCores == nil || (c.Namespace == env.Namespace && c.Container == "agent")
	})
	if len(all) == 0 {
		return nil
	}
	// 0 for a container behind the target, 1 for any other.
	rank := func(c document.ContainerResource) int {
		if slices.Contains(env.TargetPods, c.Namespace+"/"+c.Pod) {
			return 0
		}
		return 1
	}
	ofTarget := 0
	for _, c := range all {
		ofTarget += 1 - rank(c)
	}
	slices.SortStableFunc(all, func(x, y document.ContainerResource) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(*y.MeanCores, *x.MeanCores))
	})
	shown := min(len(all), max(busiest, min(mostOfTarget, ofTarget)))
	t := printer.NewTable("~POD", "~CONTAINER", "CPU", "PER 1,000 REQ.", "MEMORY")
	for _, c := range all[:shown] {
		var cost, memory string
		// The container's window and the measured time differ, so it is the rates
		// that are divided, not the sums.
		if rate := r.Status.Rate.Achieved; rank(c) == 0 && rate > 0 {
			cost = printer.Significant(1000**c.MeanCores/rate, 3) + " core-s"
		}
		if c.MemoryMeanBytes != nil {
			memory = printer.Bytes(int64(*c.MemoryMeanBytes))
		}
		t.Row(c.Namespace+"/"+c.Pod, c.Container, printer.Significant(1000**c.MeanCores, 3)+" mCPU", cost, memory)
	}
	b.WriteString("\n")
	return t.Write(b)
}

// wantedCPU tells whether the CPU of any container behind the target is known, or
// of any at all where nobody knows which those are.
func wantedCPU(s *document.Status) bool {
	target := s.Environment.TargetPods
	return slices.ContainsFunc(s.Resources.Containers, func(c document.ContainerResource) bool {
		return c.MeanCores != nil && (len(target) == 0 || slices.Contains(target, c.Namespace+"/"+c.Pod))
	})
}
