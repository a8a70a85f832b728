package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// agentsStatus is what status prints for a program.
type agentsStatus struct {
	Namespace      string       `json:"namespace"`
	Deployed       bool         `json:"deployed"`
	PluginVersion  string       `json:"pluginVersion"`
	KubeletMetrics bool         `json:"kubeletMetrics"`
	NodesUnknown   string       `json:"nodesUnknown,omitempty"`
	Nodes          []nodeStatus `json:"nodes"`
}

type nodeStatus struct {
	Node    string      `json:"node"`
	Pod     string      `json:"pod,omitempty"`
	Ready   bool        `json:"ready"`
	Reason  string      `json:"reason,omitempty"`
	Hint    string      `json:"hint,omitempty"`
	Image   string      `json:"image,omitempty"`
	Version string      `json:"version,omitempty"`
	Created *time.Time  `json:"created,omitempty"`
	Run     *runStatus  `json:"activeRun,omitempty"`
	Spooled []runStatus `json:"spooledRuns,omitempty"`
}

type runStatus struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Owner string     `json:"owner,omitempty"`
	Phase string     `json:"phase"`
	T0    *time.Time `json:"t0,omitempty"`
	Ends  *time.Time `json:"ends,omitempty"`
}

// ObjectNames implements printer.Named.
func (s agentsStatus) ObjectNames() []string {
	var names []string
	for _, n := range s.Nodes {
		if n.Pod != "" {
			names = append(names, "pod/"+n.Pod)
		}
	}
	return names
}

type statusOptions struct {
	*factory
	print printer.Flags
}

func newStatusCommand(f *factory) *cobra.Command {
	o := &statusOptions{factory: f}
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show the agents per node, their versions and what they do",
		Example: examples(`  # The agents and the nodes without one`, `  %[1]s status`, ``, `  # Is a run active?`, `  %[1]s status -o jsonpath='{.nodes[*].activeRun.id}'`),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.print.Validate(); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "nothing was changed")
		},
	}
	o.print.AddFlags(c.Flags())
	return c
}

func (o *statusOptions) run(ctx context.Context) error {
	c, err := o.cluster()
	if err != nil {
		return err
	}
	s := agentsStatus{Namespace: c.namespace, PluginVersion: buildinfo.Get().Version, Nodes: []nodeStatus{}}
	set, err := discover.Agents(ctx, c.Kubernetes, c.namespace)
	switch {
	case errors.Is(err, discover.ErrNotDeployed):
		fmt.Fprintln(o.ErrOut, err)
		if o.print.IsTable() {
			return nil
		}
		return o.print.Print(o.Out, s, nil)
	case err != nil:
		return err
	}
	s.fill(set, deploy.Ask(ctx, c.dial, set.Ready()))
	if err := o.print.Print(o.Out, s, func(w io.Writer) error { return s.table(w, o.print.Wide(), time.Now()) }); err != nil {
		return err
	}
	for _, note := range s.notes() {
		fmt.Fprintln(o.ErrOut, printer.Escape(note))
	}
	return nil
}

func (s *agentsStatus) fill(set *discover.Set, answers []deploy.Activity) {
	s.Deployed, s.KubeletMetrics = true, set.KubeletMetrics()
	if set.NodesUnknown != nil {
		s.NodesUnknown = set.NodesUnknown.Error()
	}
	byPod := map[string]deploy.Activity{}
	for _, a := range answers {
		byPod[a.Agent.Pod] = a
	}
	for _, a := range set.Agents {
		n := nodeStatus{Node: a.Node, Pod: a.Pod, Ready: a.Ready, Reason: a.Reason, Hint: a.Hint, Image: a.Image, Created: &a.Created}
		answer := byPod[a.Pod]
		if answer.Err != nil {
			n.Reason = "the agent does not answer: " + answer.Err.Error()
		}
		n.Version = answer.Info.GetVersion()
		if r := answer.Info.GetActiveRun(); r != nil {
			run := toRunStatus(r)
			n.Run = &run
		}
		for _, r := range answer.Info.GetSpooledRuns() {
			n.Spooled = append(n.Spooled, toRunStatus(r))
		}
		s.Nodes = append(s.Nodes, n)
	}
	for _, m := range set.Missing {
		s.Nodes = append(s.Nodes, nodeStatus{Node: m.Node, Reason: m.Reason, Hint: m.Hint})
	}
	slices.SortFunc(s.Nodes, func(a, b nodeStatus) int { return cmp.Compare(a.Node, b.Node) })
}

func toRunStatus(r *agentv1.RunStatus) runStatus {
	at := func(t *timestamppb.Timestamp) *time.Time {
		if t == nil {
			return nil
		}
		local := t.AsTime()
		return &local
	}
	phase := map[agentv1.RunPhase]string{
		agentv1.RunPhase_RUN_PHASE_PREPARED: "Prepared", agentv1.RunPhase_RUN_PHASE_RUNNING: "Running",
		agentv1.RunPhase_RUN_PHASE_SUCCEEDED: "Succeeded", agentv1.RunPhase_RUN_PHASE_FAILED: "Failed",
		agentv1.RunPhase_RUN_PHASE_CANCELLED: "Cancelled",
	}[r.GetPhase()]
	return runStatus{ID: r.GetRunId(), Name: r.GetName(), Owner: r.GetOwner(), Phase: cmp.Or(phase, "Unknown"), T0: at(r.GetT0()), Ends: at(r.GetEnds())}
}
