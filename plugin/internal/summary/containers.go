package summary

import (
	"cmp"
	"fmt"
	"maps"
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

// containers shows those of the pods behind the target, then the others that
// used most CPU. The load generators are left out.
func (p *page) containers() {
	env := &p.Status.Environment
	all := slices.DeleteFunc(slices.Clone(p.Status.Resources.Containers), func(c document.ContainerResource) bool {
		return c.MeanCores == nil || (c.Namespace == env.Namespace && c.Container == "agent")
	})
	if len(all) == 0 {
		return
	}
	// 0 for a container behind the target, 1 for any other.
	rank := func(c document.ContainerResource) int {
		if slices.Contains(env.TargetPods, podOf(c)) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(x, y document.ContainerResource) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(*y.MeanCores, *x.MeanCores))
	})
	ofTarget := 0
	for _, c := range all {
		ofTarget += 1 - rank(c)
	}
	shown := min(len(all), max(busiest, min(mostOfTarget, ofTarget)))
	t := p.table("~POD", "~CONTAINER", "CPU", "PER 1,000 REQ.", "MEMORY")
	for _, c := range all[:shown] {
		var cost, memory string
		if v := c.CoreSecondsPer1000Requests; v != nil {
			cost = coreSeconds(*v)
		}
		if c.MemoryMeanBytes != nil {
			memory = printer.Bytes(int64(*c.MemoryMeanBytes))
		}
		t.add(podOf(c), c.Container, printer.Significant(1000**c.MeanCores, 3)+" mCPU", cost, memory)
	}
	t.end()
	p.cost(all[:ofTarget])
}

func podOf(c document.ContainerResource) string { return c.Namespace + "/" + c.Pod }

func coreSeconds(v float64) string { return printer.Significant(v, 3) + " core-s" }

// cost adds up what 1,000 requests took in the pods behind the target: the
// application, its sidecar, each over all pods of the targets that have it. Where
// some pods are missing in a sum, it says so.
func (p *page) cost(ofTarget []document.ContainerResource) {
	type sum struct {
		name        string
		coreSeconds float64
		pods        int
	}
	var sums []*sum
	for _, c := range ofTarget {
		if c.CoreSecondsPer1000Requests == nil {
			continue
		}
		i := slices.IndexFunc(sums, func(s *sum) bool { return s.name == c.Container })
		if i < 0 {
			i, sums = len(sums), append(sums, &sum{name: c.Container})
		}
		sums[i].coreSeconds += *c.CoreSecondsPer1000Requests
		sums[i].pods++
	}
	if len(sums) == 0 {
		return
	}
	slices.SortStableFunc(sums, func(a, b *sum) int { return cmp.Compare(b.coreSeconds, a.coreSeconds) })
	var parts []string
	for _, s := range sums {
		part := s.name + " " + coreSeconds(s.coreSeconds)
		if pods := p.podsWith(s.name); s.pods < pods {
			part += fmt.Sprintf(" (%d of %d pods)", s.pods, pods)
		}
		parts = append(parts, part)
	}
	text := "per 1,000 requests: " + strings.Join(parts, ", ")
	if p.invalid() {
		text += "; invalid"
	}
	p.gap()
	p.row("COST", text)
}

// podsWith is how many pods a container of that name is expected in: all of each
// target of which one has it. What was not read of a pod does not show what it
// has, but the pods of a target are alike; those of another target are not.
func (p *page) podsWith(container string) int {
	env := &p.Status.Environment
	targets := [][]string{env.TargetPods}
	if len(env.PodsByTarget) > 0 {
		targets = slices.Collect(maps.Values(env.PodsByTarget))
	}
	pods := map[string]bool{}
	for _, of := range targets {
		if !slices.ContainsFunc(p.Status.Resources.Containers, func(c document.ContainerResource) bool {
			return c.Container == container && slices.Contains(of, podOf(c))
		}) {
			continue
		}
		for _, pod := range of {
			pods[pod] = true
		}
	}
	return len(pods)
}
