package collect

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/threshold"
)

// Hopeless is what AbortOn says for: when a threshold can no longer be met.
const Hopeless = "hopeless"

// AbortPrefix begins the reason for which a run is stopped by its own Test.
const AbortPrefix = "aborted: "

// Before so much was measured, nothing is judged.
const (
	abortAfter    = 5 * time.Second
	abortRequests = 100
)

// expressions parses what the Test has; they were parsed once already, where it
// was checked.
func expressions(texts []string) (out []threshold.Expression) {
	for _, text := range texts {
		if e, err := threshold.Parse(text); err == nil {
			out = append(out, e)
		}
	}
	return out
}

// Abort is why the run is to be stopped by what was measured so far, as its Test
// wants it; empty when it is not.
func (c *Collector) Abort() string {
	l := &c.test.Spec
	if len(l.AbortOn) == 0 {
		return ""
	}
	r, measured := c.soFar()
	if r == nil || measured < abortAfter || r.Status.Requests.Planned < abortRequests {
		return ""
	}
	for _, text := range l.AbortOn {
		if text == Hopeless {
			for _, e := range expressions(l.Thresholds) {
				if yes, why := threshold.Hopeless(e, r, c.planned()); yes {
					return fmt.Sprintf("%s%s can no longer be met: %s", AbortPrefix, e, why)
				}
			}
			continue
		}
		for _, e := range expressions([]string{text}) {
			if actual, holds, _ := e.Evaluate(r); holds {
				return fmt.Sprintf("%s%s: it is %.4g%s", AbortPrefix, e, actual, spaced(e.Unit()))
			}
		}
	}
	return ""
}

func spaced(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

// soFar is a Result of what was measured up to now, as far as expressions reach,
// and how long it was measured.
func (c *Collector) soFar() (*document.Result, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &document.Result{Spec: c.test.Spec}
	s := &r.Status
	all, targets := c.merged()
	s.Requests, s.Latency = all.requests, all.latency()
	var err error
	if s.Histograms, err = all.histograms(); err != nil {
		return nil, 0
	}
	for i, m := range targets {
		t := document.TargetResult{Name: c.test.Spec.Targets[i].Name, Requests: m.requests, Latency: m.latency()}
		if t.Histograms, err = m.histograms(); err != nil {
			return nil, 0
		}
		s.Targets = append(s.Targets, t)
	}
	var measured time.Duration
	for _, a := range c.agents {
		measured = max(measured, a.measuredTo-time.Duration(c.test.Spec.Load.Warmup))
	}
	s.Rate.Target = c.target(1)
	if measured > 0 {
		s.Rate.Achieved = float64(s.Requests.Sent) / measured.Seconds()
	}
	s.Resources = c.resources()
	return r, measured
}

// merged is what all agents measured, together and by target.
func (c *Collector) merged() (all *measurement, targets []*measurement) {
	all = newMeasurement()
	for range c.test.Spec.Targets {
		targets = append(targets, newMeasurement())
	}
	for _, a := range c.agents {
		all.merge(a.measured)
		for i, t := range a.targets {
			targets[i].merge(t)
		}
	}
	return all, targets
}

// planned is at least the number of calls that the whole run plans, or 0 where
// nobody knows: in a closed loop, and where chance decides.
func (c *Collector) planned() int64 {
	l := &c.test.Spec.Load
	switch {
	case l.Requests > 0:
		return l.Requests
	case l.Rate == document.Max || l.Arrivals == document.Poisson:
		return 0
	}
	return int64(math.Ceil(l.MeanRate()*time.Duration(l.Duration).Seconds())) + 1
}

// aborted is the reason for which the run was stopped by its own Test.
func (c *Collector) aborted() string {
	for _, a := range c.agents {
		if reason := a.final.GetReason(); strings.HasPrefix(reason, AbortPrefix) {
			return strings.TrimPrefix(reason, AbortPrefix)
		}
	}
	return ""
}
