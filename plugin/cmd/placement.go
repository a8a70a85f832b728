package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/agent/inprocess"
	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/environment"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

// placement is where a run happens: its agents, what they can read, and what
// the surroundings are. It serves several runs, one after the other.
type placement struct {
	*factory
	contextName string

	members []fleet.Member
	without []document.NodeWithoutAgent
	sources session.Sources
	env     document.Environment

	agent *inprocess.Agent
	api   *cluster
	// warned are the nodes of which it was said that no agent takes part.
	warned map[string]bool
}

// close ends the agent in this process, where there is one.
func (p *placement) close() {
	if p.agent == nil {
		return
	}
	if err := p.agent.Close(); err != nil {
		fmt.Fprintln(p.ErrOut, "Warning: "+err.Error())
	}
	p.agent = nil
}

// local is one agent in this process.
func (p *placement) local() error {
	if p.agent != nil {
		return nil
	}
	name, err := os.Hostname()
	if err != nil {
		name = "local"
	}
	if p.agent, err = inprocess.Start(name); err != nil {
		return err
	}
	p.members = []fleet.Member{{Node: name, Pod: "local", Dial: p.agent.Dial}}
	const why = "not looked for with --local; give its URL in the Test"
	p.sources = session.Sources{NoNodeExporter: why, NoPrometheus: why, NoKubelet: "there is none with --local"}
	p.env = document.Environment{Local: true, Plugin: buildinfo.Get().Version}
	return nil
}

// cluster is the agent set of a namespace.
func (p *placement) cluster(ctx context.Context, namespace string, test *document.Test) error {
	if p.api == nil {
		api, err := p.factory.cluster()
		if err != nil {
			return err
		}
		p.api = api
	}
	c := p.api.in(namespace)
	p.members, p.without, p.sources = nil, nil, session.Sources{}
	set, err := discover.Agents(ctx, c.Kubernetes, c.namespace)
	if err != nil {
		return err
	}
	agents, err := choose(set, test.Spec.Agents)
	if err != nil {
		return err
	}
	for _, a := range agents {
		p.members = append(p.members, fleet.Member{Node: a.Node, Pod: a.Pod,
			Dial: func(ctx context.Context) (net.Conn, error) { return c.dial(ctx, a.Pod) }})
	}
	if len(test.Spec.Agents.Nodes) == 0 && test.Spec.Agents.Count == 0 {
		p.nameMissing(set)
	}
	p.find(ctx, c, set)
	p.env = environment.Describe(ctx, c.Kubernetes, c.namespace, test.Spec.AllTargets()...)
	p.env.Context, p.env.Plugin = p.contextName, buildinfo.Get().Version
	return nil
}

// nameMissing says which nodes could have had an agent that takes part.
func (p *placement) nameMissing(set *discover.Set) {
	for _, a := range set.Agents {
		if !a.Ready {
			p.without = append(p.without, document.NodeWithoutAgent{Node: a.Node, Reason: a.Reason})
		}
	}
	for _, m := range set.Missing {
		p.without = append(p.without, document.NodeWithoutAgent{Node: m.Node, Reason: m.Reason})
	}
	for _, n := range p.without {
		if p.warned[n.Node] {
			continue
		}
		if p.warned == nil {
			p.warned = map[string]bool{}
		}
		p.warned[n.Node] = true
		fmt.Fprintf(p.ErrOut, "Warning: no agent takes part on node %q: %s\n", n.Node, printer.Escape(n.Reason))
	}
}

// choose picks the agents of a Test from those that are ready.
func choose(set *discover.Set, want document.Agents) ([]discover.Agent, error) {
	ready := set.Ready()
	if len(want.Nodes) > 0 {
		var chosen []discover.Agent
		for _, node := range want.Nodes {
			i := slices.IndexFunc(ready, func(a discover.Agent) bool { return a.Node == node })
			if i < 0 {
				return nil, fmt.Errorf("no agent is ready on node %q: %s", node, whyNot(set, node))
			}
			if !slices.ContainsFunc(chosen, func(a discover.Agent) bool { return a.Node == node }) {
				chosen = append(chosen, ready[i])
			}
		}
		return chosen, nil
	}
	if len(ready) == 0 {
		return nil, errors.New("no agent is ready; see 'kubectl meshery status'")
	}
	if want.Count > len(ready) {
		return nil, fmt.Errorf("%d agents are wanted, %d are ready; see 'kubectl meshery status'", want.Count, len(ready))
	}
	if want.Count > 0 {
		ready = ready[:want.Count]
	}
	return ready, nil
}

func whyNot(set *discover.Set, node string) string {
	for _, a := range set.Agents {
		if a.Node == node {
			return strings.TrimSpace(a.Reason + " " + a.Hint)
		}
	}
	for _, m := range set.Missing {
		if m.Node == node {
			return strings.TrimSpace(m.Reason + " " + m.Hint)
		}
	}
	return "there is no such node; see 'kubectl get nodes'"
}

// find looks for what the agents can read. What is missing is named in the Result.
func (p *placement) find(ctx context.Context, c *cluster, set *discover.Set) {
	s := &p.sources
	s.NodeExporter = map[string]string{}
	s.NoNodeExporter = "none found on this node; deploy with --node-exporter"
	exporters, err := discover.NodeExporters(ctx, c.Kubernetes)
	if err != nil {
		s.NoNodeExporter = err.Error()
	}
	for _, e := range exporters {
		if e.Unusable == "" {
			s.NodeExporter[e.Node] = e.URL
		}
	}
	if !set.KubeletMetrics() {
		s.NoKubelet = "the agents may not read it; deploy with --kubelet-metrics"
	}
	s.NoPrometheus = "none found in the cluster; give its URL in the Test"
	found, err := discover.Prometheuses(ctx, c.Kubernetes)
	switch {
	case err != nil:
		s.NoPrometheus = err.Error()
	case len(found) > 0:
		s.Prometheus = found[0].URL
	}
}
