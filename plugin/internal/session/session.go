// Package session takes a Test through its life on a fleet: plan, prepare,
// start, follow, stop, collect. What comes out is a Result. It does not find
// agents, print, or archive.
package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Config says what is run, by whom, and what is read meanwhile.
type Config struct {
	// Test is defaulted and validated.
	Test  document.Test
	RunID string
	// Owner is told to others who find the agents taken.
	Owner       string
	Members     []fleet.Member
	Sources     Sources
	Environment document.Environment
	// NodesWithoutAgent could have had one that takes part.
	NodesWithoutAgent []document.NodeWithoutAgent
	// Surroundings replaces Environment where the Test is known only later.
	Surroundings func(document.Test) document.Environment
	// Started is called once the agents have their starting time.
	Started func(Start)
}

// Start is told when a run is under way.
type Start struct {
	RunID string
	Test  document.Test
	Nodes []string
	// T0 is the first slot, on the caller's clock; Ends when the load is over.
	T0, Ends  time.Time
	Collector *collect.Collector
}

// patience is how long an agent may be silent after the end of its load before
// it counts as lost.
const patience = 45 * time.Second

// Run runs a Test. When ctx ends before the start, that is the error; after it,
// the load is stopped everywhere and the Result says what was measured. What it
// returns is to be closed.
func Run(ctx context.Context, c Config) (*Ended, error) {
	f, err := fleet.Connect(ctx, c.Members)
	if err != nil {
		return nil, err
	}
	ended, err := c.run(ctx, f)
	if err != nil {
		_ = f.Close() // the error is why there is no run
		return nil, err
	}
	ended.fleet = f
	return ended, nil
}

func (c Config) run(ctx context.Context, f *fleet.Fleet) (*Ended, error) {
	test, err := json.Marshal(c.Test.Redacted())
	if err != nil {
		return nil, err
	}
	plans := c.plans(test)
	prepared, err := f.Prepare(ctx, c.RunID, plans)
	if err != nil {
		return nil, err
	}
	agents := make([]collect.Agent, len(f.Agents))
	for i, a := range f.Agents {
		prepared[i].Sources = append(prepared[i].Sources, plans[i].GetAbsentSources()...)
		agents[i] = collect.Agent{Node: a.Node, Pod: a.Pod, Version: a.Info.GetVersion(),
			Offset: a.Clock.Offset, ClockError: a.Clock.Error, Cores: int(a.Info.GetCpus()), Prepared: prepared[i]}
	}
	collector := collect.New(c.Test.Redacted(), agents)
	t0, err := f.Start(ctx, c.RunID)
	if err != nil {
		return nil, err
	}
	for i, a := range f.Agents {
		collector.Started(i, t0.Add(a.Clock.Offset))
	}
	positions := make([]int, len(f.Agents))
	for i := range positions {
		positions[i] = i
	}
	return c.follow(ctx, following{fleet: f, collector: collector, positions: positions, t0: t0, stop: true,
		without: c.NodesWithoutAgent})
}

// following is a started run and who collects it.
type following struct {
	fleet     *fleet.Fleet
	collector *collect.Collector
	// positions are the fleet's agents' places in the run: one that attaches
	// may have fewer agents than took part.
	positions []int
	// prepared is what the fleet's agents answered to PrepareRun, to be completed
	// from their records; nil when it is known.
	prepared []*agentv1.PrepareRunResponse
	without  []document.NodeWithoutAgent
	t0       time.Time // on the caller's clock
	// stop tells that the end of the context stops the run, not only the watching.
	// Its Test may end it in either case.
	stop bool
}

// Chunk implements fleet.Sink.
func (w following) Chunk(agent int, c *agentv1.Chunk) {
	if p := c.GetPlan(); p != nil && w.prepared != nil {
		recall(w.prepared[agent], p)
	}
	w.collector.Chunk(w.positions[agent], c)
}

// Broken implements fleet.Sink.
func (w following) Broken(agent int, err error) { w.collector.Broken(w.positions[agent], err) }

// follow watches a started run to its end and makes the Result.
func (c Config) follow(ctx context.Context, w following) (*Ended, error) {
	f, timeout := w.fleet, longestTimeout(&c.Test.Spec)
	l := c.Test.Spec.Load
	ends := w.t0.Add(time.Duration(l.Warmup) + time.Duration(l.Duration))
	if c.Started != nil {
		s := Start{RunID: c.RunID, Test: c.Test, T0: w.t0, Ends: ends, Collector: w.collector}
		for _, a := range f.Agents {
			s.Nodes = append(s.Nodes, a.Node)
		}
		c.Started(s)
	}
	// The watch outlives an interrupt: what was measured until then is to be had.
	watchCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		select {
		case <-watchCtx.Done():
		case <-ctx.Done():
			if w.stop {
				// Calls in flight and Prometheus have their time, but who interrupts
				// does not want to wait for agents that are gone.
				giveUp := time.AfterFunc(timeout+stopPatience, cancel)
				defer giveUp.Stop()
				stop(watchCtx, f, c.RunID, "interrupted by "+c.Owner)
				<-watchCtx.Done()
			}
			cancel()
		}
	})
	if len(c.Test.Spec.AbortOn) > 0 {
		stopping.Go(func() { c.abort(watchCtx, w) })
	}
	errs := f.Watch(watchCtx, c.RunID, w, ends.Add(timeout), patience)
	cancel()
	stopping.Wait()
	if ctx.Err() != nil && !w.stop {
		return nil, ctx.Err()
	}
	ended := &Ended{runID: c.RunID}
	for i, err := range errs {
		if err == nil {
			ended.whole.Agents = append(ended.whole.Agents, f.Agents[i])
			continue
		}
		ended.lost.Agents = append(ended.lost.Agents, f.Agents[i])
		if errors.Is(err, context.Canceled) {
			err = fmt.Errorf("it did not end within %s of being stopped", timeout+stopPatience)
		}
		w.collector.Lost(w.positions[i], err)
	}
	env := c.Environment
	if len(f.Agents) > 0 {
		env.Agent = f.Agents[0].Info.GetVersion()
	}
	w.collector.WithoutAgent(w.without)
	var err error
	if ended.Result, err = w.collector.Result(c.RunID, env); err != nil {
		return nil, err
	}
	return ended, nil
}

func longestTimeout(s *document.Spec) (d time.Duration) {
	for _, t := range s.AllTargets() {
		d = max(d, time.Duration(t.Timeout))
	}
	return d
}

// abort stops the run as soon as its Test wants it, by what was measured. Who
// attached does so too: the Test is the run's own, whoever watches it, and an
// agent that was told before is not stopped a second time.
func (c Config) abort(ctx context.Context, w following) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if reason := w.collector.Abort(); reason != "" {
			stop(ctx, w.fleet, c.RunID, reason)
			return
		}
	}
}

// stopPatience is how long stopping may take on top of the calls in flight.
const stopPatience = 15 * time.Second

// stop stops the load on all agents, again where one cannot be reached at the
// moment, until ctx ends.
func stop(ctx context.Context, f *fleet.Fleet, runID, reason string) {
	for f.Stop(ctx, runID, reason) != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(stopAgain):
		}
	}
}

// stopAgain is how long to wait before an agent is told again.
const stopAgain = 500 * time.Millisecond
