package collect

import (
	"fmt"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// judge finds why the numbers of a run may not be believed, and what is to be
// known of those that may. docs/validity.md is what users read of it.
type judge struct {
	*Collector
	status   *document.Status
	criteria document.Criteria // without nil

	reasons, warnings []string
}

// validity says whether the numbers may be believed, in words if not. The rest
// of the status is there already.
func (c *Collector) validity(s *document.Status) document.Validity {
	j := &judge{Collector: c, status: s, criteria: c.test.Spec.Validity.WithDefaults()}
	j.ends()
	j.delivery()
	j.errors()
	j.lateness()
	j.generatorCPU()
	j.nodeCPU()
	j.startSkew()
	j.warn()
	return document.Validity{Valid: len(j.reasons) == 0, Reasons: j.reasons, Warnings: j.warnings}
}

func (j *judge) reason(format string, args ...any) {
	j.reasons = append(j.reasons, fmt.Sprintf(format, args...))
}

func (j *judge) warning(format string, args ...any) {
	j.warnings = append(j.warnings, fmt.Sprintf(format, args...))
}

// percent writes a share that is beyond a bound so that this can be seen.
func percent(share, bound float64) string {
	for digits := 1; digits < 6; digits++ {
		text := fmt.Sprintf("%.*f %%", digits, 100*share)
		if text != fmt.Sprintf("%.*f %%", digits, 100*bound) {
			return text
		}
	}
	return fmt.Sprintf("%g %%", 100*share)
}

// allowed writes a bound as it was given: "10 %".
func allowed(bound float64) string { return fmt.Sprintf("%.10g %%", 100*bound) }

// ends are those of the agents and of the run.
func (j *judge) ends() {
	for _, a := range j.agents {
		switch p, reason := a.phase(); p {
		case document.AgentLost:
			j.reason("agent on node %s was lost: %s", a.Node, reason)
		case document.AgentFailed:
			j.reason("agent on node %s failed: %s", a.Node, reason)
		}
	}
	switch s := j.status; {
	case s.Aborted != "":
		j.reason("ended early by its Test: %s", s.Aborted)
	case s.Phase == document.Cancelled:
		j.reason("stopped before its end")
	case s.Requests.Sent == 0:
		j.reason("no request was sent")
	}
}

// lateness is that of the generator.
func (j *judge) lateness() {
	l := j.criteria.LatenessOf(&j.status.Latency)
	if !l.Broken() {
		return
	}
	where, most := "", 0.0
	for _, a := range j.status.Agents {
		if s := a.Latency.Lateness; len(j.agents) > 1 && s != nil && l.Of(s) != nil && *l.Of(s) > most {
			where, most = ", most on node "+a.Node, *l.Of(s)
		}
	}
	j.reason("the generator was late: lateness %s %s is more than %s%s; use more agents, a lower rate, or nodes with less to do",
		l.Name, printer.Latency(l.Late), printer.Latency(l.Bound), where)
}

// generatorCPU is about open loops: a closed one takes what it can.
func (j *judge) generatorCPU() {
	if j.closedLoop() {
		return
	}
	most := *j.criteria.MaxGeneratorCPU
	for i := range j.status.Agents {
		if a := &j.status.Agents[i]; j.criteria.BusyGenerator(a) {
			j.reason("the generator on node %s used %s of its %d cores, and %s is the most: its own waiting is in the latencies; use more agents or a lower rate",
				a.Node, percent(*a.CPUUtilization, most), a.Cores, allowed(most))
		}
	}
}

func (j *judge) nodeCPU() {
	for _, n := range j.status.Resources.Nodes {
		if n.CPUUtilization == nil || *n.CPUUtilization <= document.MaxNodeCPU {
			continue
		}
		const text = "node %s had %s of its CPU in use, more than %s: the generator on it had to wait; use nodes with less to do, or a lower rate"
		say := j.reason
		if j.closedLoop() {
			say = j.warning
		}
		say(text, n.Node, percent(*n.CPUUtilization, document.MaxNodeCPU), allowed(document.MaxNodeCPU))
	}
}

// startSkew is judged by what it is at least, for clocks are known only to a
// bound; that it may be more is a warning.
func (j *judge) startSkew() {
	first, last := -1, -1
	for i := range j.agents {
		if _, ok := j.agents[i].started(); !ok {
			continue
		}
		skew := j.status.Agents[i].StartSkewMs
		if first < 0 || skew < j.status.Agents[first].StartSkewMs {
			first = i
		}
		if last < 0 || skew >= j.status.Agents[last].StartSkewMs {
			last = i
		}
	}
	if first == last {
		return
	}
	bound := float64(*j.criteria.MaxStartSkew) / float64(time.Millisecond)
	a, b := j.status.Agents[first], j.status.Agents[last]
	skew, unsure := b.StartSkewMs, a.ClockErrorMs+b.ClockErrorMs
	switch {
	case skew-unsure > bound:
		j.reason("the agents on nodes %s and %s started %s apart (clocks known to ± %s), and %s is the most: see whether node %s is overloaded or its clock is being set",
			a.Node, b.Node, printer.Latency(skew), printer.Latency(unsure), printer.Latency(bound), b.Node)
	case skew+unsure > bound:
		j.warning("the agents on nodes %s and %s started %s apart, with clocks known to ± %s only: that may be more than %s",
			a.Node, b.Node, printer.Latency(skew), printer.Latency(unsure), printer.Latency(bound))
	}
}
