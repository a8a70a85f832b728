package session

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Attach follows a run that is under way or waits in the agents' spools, and
// makes its Result of the agents' own record. Members are all agents that could
// have it: one that took part and cannot be reached is lost, others do not
// matter. Interrupting ends the watching, not the run; the abortOn of its Test does
// end it. What it returns is to be closed.
func Attach(ctx context.Context, c Config) (*Ended, error) {
	f, unreached := fleet.Reach(ctx, c.Members)
	ended, err := c.attach(ctx, f, unreached)
	if err != nil {
		_ = f.Close() // the run is what matters, and it is not touched
		return nil, err
	}
	ended.fleet = f
	return ended, nil
}

func (c Config) attach(ctx context.Context, f *fleet.Fleet, unreached error) (*Ended, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	plan, t0, err := find(ctx, f, c.RunID, unreached)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plan.GetTest(), &c.Test); err != nil {
		return nil, fmt.Errorf("the test of run %q: %w", c.RunID, err)
	}
	if c.Surroundings != nil {
		c.Environment = c.Surroundings(c.Test)
	}
	w := following{fleet: &fleet.Fleet{}, t0: t0, without: withoutAgent(plan)}
	var agents []collect.Agent
	for i, ref := range plan.GetAgents() {
		known := collect.Agent{Node: ref.GetNode(), Pod: ref.GetPod(), Prepared: &agentv1.PrepareRunResponse{}}
		if a := f.Agent(ref.GetPod()); a != nil {
			known.Version, known.Offset, known.ClockError = a.Info.GetVersion(), a.Clock.Offset, a.Clock.Error
			known.Cores = int(a.Info.GetCpus())
			w.fleet.Agents = append(w.fleet.Agents, a)
			w.positions = append(w.positions, i)
			w.prepared = append(w.prepared, known.Prepared)
		}
		agents = append(agents, known)
	}
	w.collector = collect.New(c.Test, agents)
	for i, ref := range plan.GetAgents() {
		a := f.Agent(ref.GetPod())
		switch out := f.Unreached(ref.GetPod()); {
		case out != nil:
			w.collector.Lost(i, out)
		case a == nil:
			w.collector.Lost(i, fmt.Errorf("pod %q is gone, and with it what it had measured", ref.GetPod()))
		case statusOf(a, c.RunID).GetT0() != nil:
			w.collector.Started(i, statusOf(a, c.RunID).GetT0().AsTime())
		}
	}
	return c.follow(ctx, w)
}

// recall completes what is known of an agent by the plan in its record.
func recall(known *agentv1.PrepareRunResponse, plan *agentv1.Plan) {
	proto.Merge(known, plan.GetPrepared())
	known.Sources = append(known.Sources, plan.GetAbsentSources()...)
}

func withoutAgent(plan *agentv1.Plan) []document.NodeWithoutAgent {
	var nodes []document.NodeWithoutAgent
	for _, n := range plan.GetNodesWithoutAgent() {
		nodes = append(nodes, document.NodeWithoutAgent{Node: n.GetNode(), Reason: n.GetReason()})
	}
	return nodes
}

// find returns the plan of a run from any agent that has it, and T0 on the
// caller's clock.
func find(ctx context.Context, f *fleet.Fleet, runID string, unreached error) (*agentv1.Plan, time.Time, error) {
	prepared := false
	var errs error
	for _, a := range f.Agents {
		s := statusOf(a, runID)
		if s == nil {
			continue
		}
		if s.GetT0() == nil {
			prepared = true // another agent may have started it
			continue
		}
		plan, err := a.Plan(ctx, runID)
		if err == nil {
			return plan, a.Clock.CallerTime(s.GetT0().AsTime()), nil
		}
		errs = err // another agent may have it whole
	}
	switch {
	case errs != nil:
		return nil, time.Time{}, errs
	case unreached != nil && len(f.Agents) == 0:
		return nil, time.Time{}, unreached
	case unreached != nil:
		return nil, time.Time{}, fmt.Errorf("no agent that can be reached has started run %q: %w", runID, unreached)
	case prepared:
		return nil, time.Time{}, fmt.Errorf("run %q was prepared and not started: there is nothing to fetch", runID)
	}
	return nil, time.Time{}, fmt.Errorf("no agent has run %q; see 'kubectl meshery status' for the runs agents have, 'kubectl meshery results list' for those that are archived", runID)
}
