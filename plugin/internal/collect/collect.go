// Package collect takes the chunks of all agents of a run and makes of them the
// live figures of the progress line and, at the end, the Result. It merges
// histograms and counters, never percentiles or rates. It talks to nobody.
package collect

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Agent is what is known of an agent before the run.
type Agent struct {
	Node, Pod, Version string
	// Offset is the agent's clock minus the caller's, ClockError its bound.
	Offset, ClockError time.Duration
	// Cores is how many the agent may use; 0 where it is not known.
	Cores int
	// Prepared is the agent's answer to PrepareRun; nil for who attaches.
	Prepared *agentv1.PrepareRunResponse
}

// Collector collects one run. Safe for concurrent use.
type Collector struct {
	mu       sync.Mutex
	test     document.Test
	agents   []*agentData
	timeline timeline
	ended    endedCalls
	without  []document.NodeWithoutAgent
	// thresholds and abortOn are the Test's.
	thresholds, abortOn []condition
}

// agentData is what one agent has told so far.
type agentData struct {
	Agent
	t0        time.Time // on the agent's clock
	firstSend time.Time // on the agent's clock
	firstSlot time.Time // when firstSend was to be
	final     *agentv1.Final
	broken    error // why it cannot be reached at the moment
	lost      error // why the rest cannot be had

	measured *measurement
	warmup   document.Requests
	// targets are the parts of what was measured, where there are several.
	targets                   []*measurement
	measuredTo                time.Duration // end of the newest snapshot, after t0
	cpuSeconds                float64
	cpuTime                   time.Duration // in which the agent used them
	maxRSS                    int64
	failure                   error // a chunk that could not be understood
	sources                   map[agentv1.Source]*sourceData
	ranges                    []*agentv1.RangeResult
	nodeCPU                   *float64 // share busy between the newest two readings
	nodeCPUBusy, nodeCPUTotal float64
	nodeCPUSeen               bool
	window                    struct{ from, to time.Time } // measured time on the agent's clock
}

// New makes a Collector for a Test run by agents, in the order of their plans.
func New(test document.Test, agents []Agent) *Collector {
	c := &Collector{test: test, thresholds: conditions(test.Spec.Thresholds), abortOn: conditions(test.Spec.AbortOn)}
	l := test.Spec.Load
	total := time.Duration(l.Warmup) + time.Duration(l.Duration)
	c.timeline = newTimeline(len(agents), total)
	c.ended = newEndedCalls(time.Duration(l.Warmup), total)
	for _, a := range agents {
		d := &agentData{Agent: a, measured: newMeasurement(), sources: map[agentv1.Source]*sourceData{}}
		for range test.Spec.Targets {
			d.targets = append(d.targets, newMeasurement())
		}
		d.measuredTo = time.Duration(l.Warmup)
		c.agents = append(c.agents, d)
	}
	return c
}

// Chunk takes an agent's next chunk.
func (c *Collector) Chunk(agent int, chunk *agentv1.Chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.agents[agent]
	switch b := chunk.GetBody().(type) {
	case *agentv1.Chunk_Started:
		a.start(at(b.Started.GetT0()), &c.test)
		a.firstSend, a.firstSlot = at(b.Started.GetFirstSend()), at(b.Started.GetFirstSlot())
	case *agentv1.Chunk_Snapshot:
		c.snapshot(agent, b.Snapshot)
	case *agentv1.Chunk_Samples:
		a.samples(b.Samples)
		if b.Samples.GetSource() == agentv1.Source_SOURCE_NODE_EXPORTER && b.Samples.GetError() == "" && a.nodeCPU != nil && !a.t0.IsZero() {
			read := time.UnixMilli(b.Samples.GetUnixMilli())
			c.timeline.cpu(read.Sub(a.t0), read.Before(a.window.from), *a.nodeCPU)
		}
	case *agentv1.Chunk_RangeResult:
		a.ranges = append(a.ranges, b.RangeResult)
	case *agentv1.Chunk_Final:
		a.start(at(b.Final.GetT0()), &c.test)
		a.final = b.Final
		c.timeline.done(agent)
	}
}

// at is a time, the zero one where none was told: AsTime makes 1970 of that.
func at(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// Broken tells that an agent cannot be reached at the moment, nil that it can.
func (c *Collector) Broken(agent int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agents[agent].broken = err
}

// Lost tells that the rest of an agent's chunks cannot be had.
func (c *Collector) Lost(agent int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agents[agent].lost = err
	c.timeline.done(agent)
}

// WithoutAgent tells which nodes could have had an agent in the run and had none.
func (c *Collector) WithoutAgent(nodes []document.NodeWithoutAgent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.without = nodes
}

// Started tells the agent's T0 on its own clock, as soon as it is known, so
// that readings can be told to be inside the measured time or not.
func (c *Collector) Started(agent int, t0 time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agents[agent].start(t0, &c.test)
}

func (a *agentData) start(t0 time.Time, test *document.Test) {
	if t0.IsZero() || !a.t0.IsZero() {
		return
	}
	a.t0 = t0
	a.window.from = t0.Add(time.Duration(test.Spec.Load.Warmup))
	a.window.to = a.window.from.Add(time.Duration(test.Spec.Load.Duration))
}

func (c *Collector) snapshot(agent int, s *agentv1.Snapshot) {
	a := c.agents[agent]
	m, err := decode(s.GetCounts(), s.GetLatencies())
	var targets []*measurement
	if err == nil && !s.GetWarmup() {
		targets, err = a.byTarget(s, m)
	}
	if err != nil {
		a.failure = err
		return
	}
	c.timeline.add(agent, s, c.closedLoop())
	c.ended.add(time.Duration(s.GetFromNanos()), time.Duration(s.GetToNanos()), m.requests.Sent)
	if s.GetWarmup() {
		addRequests(&a.warmup, m.requests)
		return
	}
	a.measured.merge(m)
	for i, t := range targets {
		a.targets[i].merge(t)
	}
	a.measuredTo = max(a.measuredTo, time.Duration(s.GetToNanos()))
	a.cpuSeconds += s.GetCpuSeconds()
	if s.GetCpuSeconds() > 0 {
		a.cpuTime += time.Duration(s.GetToNanos() - s.GetFromNanos())
	}
	a.maxRSS = max(a.maxRSS, s.GetRssBytes())
}

// byTarget are the parts of a snapshot, in the order of the Test's targets. Of
// one target an agent tells nothing besides the whole.
func (a *agentData) byTarget(s *agentv1.Snapshot, whole *measurement) ([]*measurement, error) {
	told, want := s.GetTargets(), max(1, len(a.targets))
	switch {
	case len(told) == 0 && want == 1:
		return []*measurement{whole}[:len(a.targets)], nil
	case len(told) != want:
		return nil, fmt.Errorf("it tells of %d targets, and the Test has %d: deploy agents of the plugin's version", len(told), want)
	}
	parts := make([]*measurement, len(a.targets))
	for i := range parts {
		var err error
		if parts[i], err = decode(told[i].GetCounts(), told[i].GetLatencies()); err != nil {
			return nil, fmt.Errorf("target %d of %d: %w", i+1, want, err)
		}
	}
	return parts, nil
}

func (c *Collector) closedLoop() bool { return c.test.Spec.Load.Rate == document.Max }
