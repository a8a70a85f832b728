package collect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// warn finds what the numbers leave out, and which of them rest on little.
func (j *judge) warn() {
	if j.closedLoop() {
		j.warning("closed loop: the generator takes all the CPU it can, and requests that a stall held up are missing from the latencies; use a rate to measure those")
	}
	j.leftOut()
	j.unreadable()
	j.unreachable()
	j.spread()
	j.placement()
	for _, a := range j.agents {
		j.gaps(a, agentv1.Source_SOURCE_NODE_EXPORTER, "node-exporter", time.Duration(j.test.Spec.Metrics.Interval))
		j.gaps(a, agentv1.Source_SOURCE_KUBELET, "the kubelet", max(kubeletRenewal, time.Duration(j.test.Spec.Metrics.Interval)))
	}
	j.containerCPU()
}

// kubeletRenewal is how often at least the kubelet looks at a container, however
// often it is asked.
const kubeletRenewal = 20 * time.Second

// leftOut are the calls that are not in the latencies, or are there with less
// than their time.
func (j *judge) leftOut() {
	r := j.status.Requests
	if r.Unsent > 0 {
		j.warning("%s planned requests were never sent; their waiting until the end is in the response time", printer.Count(r.Unsent))
	}
	timed, l := int64(0), j.status.Latency
	switch {
	case l.ResponseTime != nil && l.ResponseTime.Count > 0:
		// What waited for a stream until it was given up has no service time.
		timed = l.ResponseTime.Count - r.Unsent
	case l.ServiceTime != nil:
		timed = l.ServiceTime.Count
	}
	left := min(r.Sent-timed, r.Failed)
	if left > 0 {
		j.warning("%s failed requests are not in the latencies", printer.Count(left))
	}
	if given := r.Failed - left; given > 0 {
		j.warning("%s requests were given up, and are in the latencies with the time they had taken by then", printer.Count(given))
	}
}

// unreachable tells which addresses of a target got no load. That one family of
// addresses is not served at all is no news.
func (j *judge) unreachable() {
	said := map[string]bool{}
	for _, a := range j.status.Agents {
		for _, t := range a.Targets {
			var left []string
			for _, u := range t.Unreachable {
				if slices.ContainsFunc(t.Addresses, func(a string) bool { return strings.HasPrefix(a, "[") == strings.HasPrefix(u, "[") }) {
					left = append(left, u)
				}
			}
			if len(left) == 0 || said[t.Name] {
				continue
			}
			said[t.Name] = true
			name := ""
			if len(a.Targets) > 1 {
				name = " " + t.Name
			}
			j.warning("%d of the %d addresses of the target%s were not connected to from node %s and got no load: %s",
				len(left), len(left)+len(t.Addresses), name, a.Node, printer.Line(left[0]))
		}
	}
}

// spread tells where there are fewer connections than places they could go to.
func (j *judge) spread() {
	connections := j.test.Spec.Load.Connections
	said := map[string]bool{}
	for _, a := range j.status.Agents {
		for i, t := range a.Targets {
			name := ""
			if len(a.Targets) > 1 {
				name = " " + t.Name
			}
			if i < len(j.test.Spec.AllTargets()) && len(t.Addresses) > connections && !said[name] {
				said[name] = true
				j.warning("target%s has %d addresses, and each agent calls the first %d of them only: use at least %d connections",
					name, len(t.Addresses), connections, len(t.Addresses))
			}
		}
	}
	// An agent has that many connections to each target.
	env, all := &j.status.Environment, connections*len(j.agents)
	for _, t := range j.test.Spec.AllTargets() {
		name, pods := "", len(env.TargetPods)
		if len(j.test.Spec.Targets) > 1 {
			name, pods = " "+t.Name, len(env.PodsByTarget[t.Name])
		}
		if pods > all && !said[name] {
			j.warning("%d pods are behind the target%s, and the connections to them are %d: some got no load; use more connections", pods, name, all)
		}
	}
}

// unreadable tells of conditions that could not end the run.
func (j *judge) unreadable() {
	for _, c := range j.abortOn {
		if c.err != nil && c.text != Hopeless {
			j.warning("the Test's abortOn %q cannot be read and was not watched: %v", c.text, c.err)
		}
	}
}

// placement tells where agents did not run.
func (j *judge) placement() {
	if want := j.test.Spec.Agents.Count; want > len(j.agents) {
		j.warning("%d agents were asked for, and %d took part", want, len(j.agents))
	}
	if len(j.without) == 0 {
		return
	}
	const most = 3
	var names []string
	for _, n := range j.without[:min(most, len(j.without))] {
		name := n.Node
		if n.Reason != "" {
			name += " (" + printer.Line(n.Reason) + ")"
		}
		names = append(names, name)
	}
	if more := len(j.without) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	j.warning("no agent took part on %s: the load came from %s", strings.Join(names, ", "), nodes(len(j.agents)))
}

func nodes(n int) string {
	if n == 1 {
		return "1 node only"
	}
	return fmt.Sprintf("%d nodes only", n)
}

// gaps tells of a source that was not read as often as it should have been. One
// that was not read at all has no figures to warn of.
func (j *judge) gaps(a *agentData, source agentv1.Source, name string, every time.Duration) {
	d := a.sources[source]
	from, to := a.measuredTime()
	if d == nil || d.readings == 0 || every <= 0 || !to.After(from) {
		return
	}
	gap, due := max(d.gap, to.Add(a.Offset).Sub(d.newest)), int(to.Sub(from)/every)
	if gap <= 3*every && 2*d.readings >= due {
		return
	}
	why := ""
	if d.failed > 0 {
		why = " (" + printer.Line(d.lastErr) + ")"
	}
	j.warning("%s on node %s gave %d readings of about %d, with a gap of %s%s: its figures rest on these", name, a.Node, d.readings, due,
		gap.Round(100*time.Millisecond), why)
}

// containerCPU tells which CPU figures are missing or rest on a small part of
// the measured time: of the target's containers, or of any where nobody knows
// which are the target's.
func (j *judge) containerCPU() {
	env := &j.status.Environment
	var known, unknown, part int
	var shortest float64
	seen := map[string]bool{}
	measured := j.status.EndTime.Sub(j.status.StartTime).Seconds()
	for _, c := range j.status.Resources.Containers {
		if len(env.TargetPods) > 0 && !slices.Contains(env.TargetPods, c.Namespace+"/"+c.Pod) || ownAgent(env, &c) {
			continue
		}
		seen[c.Namespace+"/"+c.Pod] = true
		switch {
		case c.WindowSeconds == nil:
			unknown++
		case *c.WindowSeconds < measured/2:
			if part == 0 || *c.WindowSeconds < shortest {
				shortest = *c.WindowSeconds
			}
			part++
			fallthrough
		default:
			known++
		}
	}
	whose := "the target's containers"
	if len(env.TargetPods) == 0 {
		whose = "the containers"
	}
	const renewed = "the kubelet renews its figures every 10 to 20 s, and CPU takes two of them: measure for 45 s or more"
	switch {
	case known == 0 && unknown > 0:
		j.warning("the CPU of %s is not known: %s", whose, renewed)
	case unknown > 0 && len(env.TargetPods) > 0:
		j.warning("the CPU of %d of %s is not known, and their cost is missing: %s", unknown, whose, renewed)
	}
	if unseen := len(env.TargetPods) - len(seen); unseen > 0 && len(j.status.Resources.Containers) > 0 {
		j.warning("nothing was read of %d of the %d pods behind the target, and their cost is missing: let an agent take part on every node they run on", unseen, len(env.TargetPods))
	}
	if part > 0 {
		j.warning("the CPU of %d of %s rests on less than half of the measured time, down to %.3g s of %.3g s: measure longer", part, whose, shortest, measured)
	}
}

// ownAgent tells the containers that generate the load.
func ownAgent(env *document.Environment, c *document.ContainerResource) bool {
	return c.Namespace == env.Namespace && c.Container == "agent"
}
