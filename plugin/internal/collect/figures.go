package collect

import (
	"math"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// figures fills a status with what all agents measured, together and by target.
func (c *Collector) figures(s *document.Status) (err error) {
	all, targets := c.merged()
	s.Requests, s.Latency = all.requests, all.latency()
	if s.Histograms, err = all.histograms(); err != nil {
		return err
	}
	for i, m := range targets {
		t := document.TargetResult{Name: c.test.Spec.Targets[i].Name, URL: c.test.Spec.Targets[i].URL, Requests: m.requests, Latency: m.latency()}
		if t.Histograms, err = m.histograms(); err != nil {
			return err
		}
		s.Targets = append(s.Targets, t)
	}
	return nil
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

// soFar is a Result of what was measured up to now, as far as expressions reach.
type soFar struct {
	*document.Result
	// measured is how long the agent that is furthest has measured.
	measured time.Duration
	// rateKnown tells that the achieved rate can be judged.
	rateKnown bool
}

// soFar makes one. Agents tell what they measured by streams of their own, of
// which one may be behind: counts and latencies are those of all that was told,
// but a rate is a matter of time. It is that of the calls that ended until the
// last whole second that all agents have told about.
func (c *Collector) soFar() (*soFar, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &soFar{Result: &document.Result{Spec: c.test.Spec}}
	s := &r.Status
	if err := c.figures(s); err != nil {
		return nil, err
	}
	s.Resources = c.resources()
	warmup, told := time.Duration(c.test.Spec.Load.Warmup), time.Duration(math.MaxInt64)
	for _, a := range c.agents {
		r.measured = max(r.measured, a.measuredTo-warmup)
		told = min(told, a.measuredTo)
	}
	told = told.Truncate(time.Second)
	s.Rate.Target = c.target(1, told-warmup)
	if r.rateKnown = told-warmup >= abortAfter; r.rateKnown {
		s.Rate.Achieved = c.ended.between(warmup, told) / (told - warmup).Seconds()
	}
	return r, nil
}

// target is the mean of the rate asked of a share of the agents over the
// measured time really run; nil in a closed loop.
func (c *Collector) target(share float64, ran time.Duration) *float64 {
	if c.closedLoop() {
		return nil
	}
	l := &c.test.Spec.Load
	v := l.MeanRate()
	if ran = min(ran, time.Duration(l.Duration)); ran > 0 && len(l.Stages) > 0 {
		v = asked(l, ran) / ran.Seconds()
	}
	v *= share
	return &v
}

// asked is how many calls a load has from the beginning of the measured time on
// until a time after it: the integral of the rate. The last stage's rate holds
// after the last stage, as in the agents' schedules.
func asked(l *document.Load, until time.Duration) float64 {
	if len(l.Stages) == 0 {
		return float64(l.Rate) * until.Seconds()
	}
	var calls float64
	rate := l.Stages[0].Rate
	for _, s := range l.Stages {
		if s.Step {
			rate = s.Rate
		}
		whole := time.Duration(s.Duration)
		part := min(whole, until)
		if part > 0 {
			end := rate + (s.Rate-rate)*part.Seconds()/whole.Seconds()
			calls += part.Seconds() * (rate + end) / 2
		}
		until -= part
		rate = s.Rate
	}
	return calls + until.Seconds()*rate
}

// planned is at least the number of calls that the whole run plans, or 0 where
// nobody knows: in a closed loop, and where chance decides. The time may end the
// run before the number of requests does.
func (c *Collector) planned() int64 {
	l := &c.test.Spec.Load
	if l.Rate == document.Max || l.Arrivals == document.Poisson {
		return l.Requests
	}
	n := int64(math.Ceil(asked(l, time.Duration(l.Duration)))) + 1
	if l.Requests > 0 {
		n = min(n, l.Requests)
	}
	return n
}
