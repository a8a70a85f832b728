package collect

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// What makes a run invalid; shares of 1 where no unit is named.
const (
	// minDelivered: below it, the load was not the load asked for.
	minDelivered = 0.99
	// maxErrors: above it, the latencies are mostly those of errors.
	maxErrors = 0.5
	// maxLateness, milliseconds: lateness p99 above this and above the median
	// response time means that calls did not come when the schedule wanted them.
	maxLateness = 20.0
)

// validity says whether the numbers may be believed, in words if not.
func (c *Collector) validity(s *document.Status) document.Validity {
	var reasons []string
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	for _, a := range c.agents {
		switch p, reason := a.phase(); p {
		case document.AgentLost:
			add("agent on node %s was lost: %s", a.Node, reason)
		case document.AgentFailed:
			add("agent on node %s failed: %s", a.Node, reason)
		}
	}
	r := s.Requests
	switch {
	case s.Phase == document.Cancelled:
		add("stopped before its end")
	case r.Sent == 0:
		add("no request was sent")
	}
	if r.Planned > 0 && float64(r.Sent) < minDelivered*float64(r.Planned) {
		add("only %.1f %% of the planned requests could be sent: the target, or the %d connections per agent, cannot take this rate",
			100*float64(r.Sent)/float64(r.Planned), c.test.Spec.Load.Connections)
	}
	if r.Sent > 0 && float64(r.Failed) > maxErrors*float64(r.Sent) {
		add("%.1f %% of the requests failed: the latencies are those of errors", 100*float64(r.Failed)/float64(r.Sent))
	}
	l := s.Latency
	if l.Lateness != nil && l.Lateness.P99 != nil && l.ResponseTime != nil && l.ResponseTime.P50 != nil &&
		*l.Lateness.P99 > max(maxLateness, *l.ResponseTime.P50) {
		add("the generator was late: lateness p99 %.3g ms is more than %.3g ms; use more agents or a lower rate",
			*l.Lateness.P99, max(maxLateness, *l.ResponseTime.P50))
	}
	return document.Validity{Valid: len(reasons) == 0, Reasons: reasons}
}
