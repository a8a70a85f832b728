package collect

import (
	"fmt"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
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
	s.Environment = env
	response, service, late := histogram.New(), histogram.New(), histogram.New()
	var warmup document.Requests
	var longest time.Duration
	first := c.earliestSend()
	for _, a := range c.agents {
		ar, err := c.agentResult(a, first)
		if err != nil {
			return nil, err
		}
		s.Agents = append(s.Agents, ar)
		addRequests(&s.Requests, a.counts)
		addRequests(&warmup, a.warmup)
		response.Merge(a.responseTime)
		service.Merge(a.service)
		late.Merge(a.late)
		from, to := a.measured()
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
	s.Rate.Target = c.target(1)
	s.Latency = latency(response, service, late)
	var err error
	if s.Histograms, err = encoded(response, service, late); err != nil {
		return nil, err
	}
	s.Resources = c.resources()
	s.Timeline = c.timeline.points()
	s.Phase = c.phase()
	s.Validity = c.validity(s)
	return r, nil
}

// target is the rate asked of a share of the agents; nil in a closed loop.
func (c *Collector) target(share float64) *float64 {
	if c.closedLoop() {
		return nil
	}
	v := float64(c.test.Spec.Load.Rate) * share
	return &v
}

// measured is the measured time really run, on the caller's clock.
func (a *agentData) measured() (from, to time.Time) {
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

func (c *Collector) agentResult(a *agentData, first time.Time) (document.AgentResult, error) {
	r := document.AgentResult{Node: a.Node, Pod: a.Pod, Version: a.Version, Requests: a.counts,
		Latency: latency(a.responseTime, a.service, a.late), ClockErrorMs: *milliseconds(a.ClockError),
		CPUSeconds: a.cpuSeconds, MaxRSSBytes: a.maxRSS,
		Client: a.Prepared.GetClient(), ClientReason: a.Prepared.GetClientReason(), TargetAddresses: a.Prepared.GetTargetAddresses()}
	if a.warmup.Planned > 0 {
		warmup := a.warmup
		r.Warmup = &warmup
	}
	if n := a.final.GetChangedConnections(); n > 0 {
		r.ClientReason = fmt.Sprintf("%d of %d connections went on with the std client after an answer the fast one is not right for",
			n, c.test.Spec.Load.Connections)
	}
	r.Phase, r.Reason = a.phase()
	from, to := a.measured()
	r.Rate.Target = c.target(1 / float64(len(c.agents)))
	if d := to.Sub(from).Seconds(); d > 0 {
		r.Rate.Achieved = float64(a.counts.Sent) / d
	}
	if !a.firstSend.IsZero() {
		// Agents interleave: each one's first slot is its own. What is late is
		// what counts.
		r.StartSkewMs = *milliseconds(a.firstSend.Add(-a.Offset).Sub(first) - c.firstSlot(a))
	}
	var err error
	r.Histograms, err = encoded(a.responseTime, a.service, a.late)
	return r, err
}

// firstSlot is when the schedule wants an agent's first call, after the first
// call of all.
func (c *Collector) firstSlot(a *agentData) time.Duration {
	if c.closedLoop() {
		return 0
	}
	for i, other := range c.agents {
		if other == a {
			return time.Duration(float64(i) * 1e9 / float64(c.test.Spec.Load.Rate))
		}
	}
	return 0
}

// earliestSend is the earliest start of any agent on the caller's clock, each
// taken back by what the schedule wants it to be later.
func (c *Collector) earliestSend() time.Time {
	var first time.Time
	for _, a := range c.agents {
		if a.firstSend.IsZero() {
			continue
		}
		t := a.firstSend.Add(-a.Offset - c.firstSlot(a))
		if first.IsZero() || t.Before(first) {
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
		sent += a.counts.Sent
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
