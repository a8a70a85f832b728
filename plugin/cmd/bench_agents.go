package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// agentsAt are the agents of a namespace.
type agentsAt struct {
	cluster *cluster
	members []fleet.Member
}

// heldRuns are the runs of the plan's benches that agents have. Agents that cannot
// be asked are told of: what they have is run again.
func (r *benchRunner) heldRuns(ctx context.Context) []benchRun {
	if r.isLocal {
		return nil // its agent ended with it
	}
	var runs []benchRun
	asked := map[string]bool{}
	for _, v := range r.bench.Variants {
		if asked[v.Namespace] {
			continue
		}
		asked[v.Namespace] = true
		held, err := r.heldIn(ctx, v.Namespace)
		if err != nil && !errors.Is(err, discover.ErrNotDeployed) && ctx.Err() == nil {
			fmt.Fprintln(r.ErrOut, "Warning: "+printer.Line(fmt.Sprintf("agents in namespace %q may have runs of the bench: %v", v.Namespace, explained(err))))
		}
		runs = append(runs, held...)
	}
	return runs
}

func (r *benchRunner) heldIn(ctx context.Context, namespace string) ([]benchRun, error) {
	c, err := r.cluster()
	if err != nil {
		return nil, err
	}
	at := &agentsAt{cluster: c.in(namespace)}
	if at.members, err = at.cluster.members(ctx); err != nil {
		return nil, err
	}
	f, err := fleet.Reach(ctx, at.members) // with an error, there are the others all the same
	defer func() { _ = f.Close() }()
	var runs []benchRun
	seen := map[string]bool{}
	for _, a := range f.Agents {
		for _, s := range append(a.Info.GetSpooledRuns(), a.Info.GetActiveRun()) {
			if s.GetT0() == nil || seen[s.GetRunId()] {
				continue
			}
			labels, planErr := labelsOf(ctx, a, s)
			if planErr != nil {
				err = errors.Join(err, planErr)
				continue
			}
			seen[s.GetRunId()] = true
			if r.isOfPlan(labels[plan.LabelBench]) {
				runs = append(runs, benchRun{id: s.GetRunId(), labels: labels, at: at})
			}
		}
	}
	return runs, err
}

// labelsOf are those of a run's Test, which is in its record.
func labelsOf(ctx context.Context, a *fleet.Agent, s *agentv1.RunStatus) (map[string]string, error) {
	p, err := a.Plan(ctx, s.GetRunId())
	if err != nil {
		return nil, err
	}
	t := &document.Test{}
	if err := json.Unmarshal(p.GetTest(), t); err != nil {
		return nil, fmt.Errorf("the test of run %q: %w", s.GetRunId(), err)
	}
	return t.Metadata.Labels, nil
}
