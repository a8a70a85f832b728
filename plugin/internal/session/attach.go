package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Attach follows a run that is under way or waits in the agents' spools, and
// makes its Result of the agents' own record. Members are all agents that could
// have it. Interrupting ends the watching, not the run.
func Attach(ctx context.Context, c Config) (*document.Result, error) {
	f, err := fleet.Connect(ctx, c.Members)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plan, t0, err := find(ctx, f, c.RunID)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plan.GetTest(), &c.Test); err != nil {
		return nil, fmt.Errorf("the test of run %q: %w", c.RunID, err)
	}
	if c.Surroundings != nil {
		c.Environment = c.Surroundings(c.Test)
	}
	w := following{fleet: &fleet.Fleet{}, t0: t0}
	var agents []collect.Agent
	for i, ref := range plan.GetAgents() {
		known := collect.Agent{Node: ref.GetNode(), Pod: ref.GetPod()}
		if a := f.Agent(ref.GetPod()); a != nil {
			known.Version, known.Offset, known.ClockError = a.Info.GetVersion(), a.Clock.Offset, a.Clock.Error
			w.fleet.Agents = append(w.fleet.Agents, a)
			w.positions = append(w.positions, i)
		}
		agents = append(agents, known)
	}
	w.collector = collect.New(c.Test, agents)
	for i, ref := range plan.GetAgents() {
		if a := f.Agent(ref.GetPod()); a != nil {
			w.collector.Started(i, t0.Add(a.Clock.Offset))
		} else {
			w.collector.Lost(i, fmt.Errorf("pod %q is gone, and with it what it had measured", ref.GetPod()))
		}
	}
	return c.follow(ctx, w)
}

// find returns the plan of a run from any agent that has it, and T0 on the
// caller's clock.
func find(ctx context.Context, f *fleet.Fleet, runID string) (*agentv1.Plan, time.Time, error) {
	prepared := false
	for _, a := range f.Agents {
		for _, s := range slices.Concat(a.Info.GetSpooledRuns(), []*agentv1.RunStatus{a.Info.GetActiveRun()}) {
			if s == nil || s.GetRunId() != runID {
				continue
			}
			if s.GetT0() == nil {
				prepared = true // another agent may have started it
				continue
			}
			plan, err := a.Plan(ctx, runID)
			return plan, a.Clock.CallerTime(s.GetT0().AsTime()), err
		}
	}
	if prepared {
		return nil, time.Time{}, fmt.Errorf("run %q was prepared and not started: there is nothing to fetch", runID)
	}
	return nil, time.Time{}, fmt.Errorf("no agent has run %q; see 'kubectl meshery status' for the runs agents have, 'kubectl meshery results list' for those that are archived", runID)
}
