package collect

import (
	"fmt"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Result makes the Result of everything collected. To be called when no more
// chunks come.
func (c *Collector) Result(runID string, env document.Environment) (*document.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &document.Result{APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: c.test.Metadata.Name, RunID: runID, Labels: c.test.Metadata.Labels},
		Spec:     c.test.Spec}
	s := &r.Status
	s.Environment, s.NodesWithoutAgent = env, c.without
	if err := c.figures(s); err != nil {
		return nil, err
	}
	var warmup document.Requests
	var longest time.Duration
	first := c.earliestStart()
	for _, a := range c.agents {
		ar, err := c.agentResult(a, first)
		if err != nil {
			return nil, err
		}
		s.Agents = append(s.Agents, ar)
		addRequests(&warmup, a.warmup)
		from, to := a.measuredTime()
		if !from.IsZero() && (s.StartTime.IsZero() || from.Before(s.StartTime)) {
			s.StartTime = utc(from)
		}
		if to.After(s.EndTime) {
			s.EndTime = utc(to)
		}
		longest = max(longest, to.Sub(from))
	}
	// Not the sum of the agents' rates: one that was lost early had its rate for
	// a part of the time only.
	if longest > 0 {
		s.Rate.Achieved = float64(s.Requests.Sent) / longest.Seconds()
	}
	if warmup.Planned > 0 {
		s.Warmup = &warmup
	}
	s.Rate.Target = c.target(1, longest)
	s.Resources = c.resources()
	s.Timeline = c.timeline.points()
	s.Phase, s.Aborted = c.phase(), c.aborted()
	s.Validity = c.validity(s)
	s.Thresholds = c.judged(r)
	return r, nil
}

// measuredTime is the measured time really run, on the caller's clock.
func (a *agentData) measuredTime() (from, to time.Time) {
	if a.t0.IsZero() {
		return time.Time{}, time.Time{}
	}
	begin, end := a.window.from.Sub(a.t0), a.measuredTo
	if a.final != nil && a.final.GetPhase() != agentv1.RunPhase_RUN_PHASE_UNSPECIFIED {
		begin, end = time.Duration(a.final.GetMeasuredFromNanos()), time.Duration(a.final.GetMeasuredToNanos())
	}
	t0 := a.t0.Add(-a.Offset)
	return t0.Add(begin), t0.Add(max(begin, end))
}

// leastCPUTime is what a share of the CPU must be of: that of a moment, as in a run
// that ended with its first call, says nothing of the load.
const leastCPUTime = 500 * time.Millisecond

func (c *Collector) agentResult(a *agentData, first time.Time) (document.AgentResult, error) {
	r := document.AgentResult{Node: a.Node, Pod: a.Pod, Version: a.Version, Requests: a.measured.requests,
		Latency: a.measured.latency(), ClockErrorMs: *milliseconds(a.ClockError),
		CPUSeconds: a.cpuSeconds, MaxRSSBytes: a.maxRSS, Cores: a.Cores}
	if a.Cores > 0 && a.cpuTime >= leastCPUTime {
		share := a.cpuSeconds / a.cpuTime.Seconds() / float64(a.Cores)
		r.CPUUtilization = &share
	}
	for _, t := range a.Prepared.GetTargets() {
		r.Targets = append(r.Targets, document.ReachedTarget{Name: t.GetName(), Addresses: t.GetAddresses(), Unreachable: t.GetUnreachable(),
			Client: t.GetClient(), Reason: t.GetClientReason()})
	}
	if a.warmup.Planned > 0 {
		warmup := a.warmup
		r.Warmup = &warmup
	}
	if n := a.final.GetChangedConnections(); n > 0 {
		for i := range r.Targets {
			if r.Targets[i].Client == fastClient {
				r.Targets[i].Reason = fmt.Sprintf("so many connections went on with another client after they had ended unannounced, a timeout, or an answer the fast one is not right for: %d", n)
			}
		}
	}
	r.Phase, r.Reason = a.phase()
	from, to := a.measuredTime()
	ran := to.Sub(from)
	r.Rate.Target = c.target(1/float64(len(c.agents)), ran)
	if ran > 0 {
		r.Rate.Achieved = float64(a.measured.requests.Sent) / ran.Seconds()
	}
	if start, ok := a.started(); ok {
		r.StartSkewMs = *milliseconds(start.Sub(first))
	}
	var err error
	r.Histograms, err = a.measured.histograms()
	return r, err
}

// fastClient is Fortio's own, which may give way to another in the middle.
const fastClient = "fast"

// started is when the agent's T0 really was, on the caller's clock, as its first
// call tells. Agents interleave, so each one's first call is to be sent at a
// time of its own: what is late is what counts.
func (a *agentData) started() (time.Time, bool) {
	if a.firstSend.IsZero() {
		return time.Time{}, false
	}
	return a.t0.Add(-a.Offset + a.firstSend.Sub(a.firstSlot)), true
}

// earliestStart is that of the agent that started first.
func (c *Collector) earliestStart() time.Time {
	var first time.Time
	for _, a := range c.agents {
		if t, ok := a.started(); ok && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

func (a *agentData) phase() (document.AgentPhase, string) {
	switch {
	case a.failure != nil:
		return document.AgentFailed, a.failure.Error()
	case a.final == nil:
		reason := "no final word from the agent"
		if a.lost != nil {
			reason = a.lost.Error()
		}
		return document.AgentLost, reason
	}
	switch a.final.GetPhase() {
	case agentv1.RunPhase_RUN_PHASE_SUCCEEDED:
		return document.AgentSucceeded, ""
	case agentv1.RunPhase_RUN_PHASE_CANCELLED:
		return document.AgentCancelled, a.final.GetReason()
	}
	return document.AgentFailed, a.final.GetReason()
}

// phase of the run: that of its agents where they agree, Partial where only
// some did all of their share.
func (c *Collector) phase() document.Phase {
	n := map[document.AgentPhase]int{}
	sent := int64(0)
	for _, a := range c.agents {
		p, _ := a.phase()
		n[p]++
		sent += a.measured.requests.Sent
	}
	switch {
	case n[document.AgentSucceeded] == len(c.agents):
		return document.Succeeded
	case n[document.AgentLost]+n[document.AgentFailed] == 0:
		return document.Cancelled
	case sent == 0:
		return document.Failed
	}
	return document.Partial
}
