package collect

import (
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// Progress is how the run stands, for people who watch.
type Progress struct {
	// Second is the newest second that all agents have told about, Warmup
	// whether it belongs to the warm-up.
	Second int
	Warmup bool
	// Rate is calls per second sent in it.
	// P50 and P99 are the response time in milliseconds (service time in a closed
	// loop) of the measured time so far, or of the newest second while warming up;
	// nil without enough calls.
	Rate     float64
	P50, P99 *float64
	// Errors since the start of the measured time.
	Errors int64
	// NodeCPU is the busiest node's share of CPU in use; nil when unknown.
	NodeCPU *float64
	// Broken names the agents that cannot be reached at the moment.
	Broken map[string]error
}

// Progress tells how the run stands.
func (c *Collector) Progress() Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := Progress{Second: -1, Broken: map[string]error{}}
	soFar := histogram.New()
	for _, a := range c.agents {
		if c.closedLoop() {
			soFar.Merge(a.measured.service)
		} else {
			soFar.Merge(a.measured.response)
		}
		p.Errors += a.measured.requests.Failed
		if a.nodeCPU != nil && (p.NodeCPU == nil || *a.nodeCPU > *p.NodeCPU) {
			p.NodeCPU = a.nodeCPU
		}
		if a.broken != nil {
			p.Broken[a.Node] = a.broken
		}
	}
	if l := c.timeline.latest; l != nil {
		p.Second, p.Warmup, p.P50, p.P99 = l.Second, l.Warmup, l.P50, l.P99
		if !l.Warmup {
			p.P50, p.P99 = quantile(soFar, 0.5), quantile(soFar, 0.99)
		}
		p.Rate = float64(l.Sent) / (float64(c.timeline.width) / float64(time.Second))
	}
	return p
}
