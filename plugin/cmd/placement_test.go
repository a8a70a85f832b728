package cmd

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func agentSet() *discover.Set {
	return &discover.Set{
		Agents: []discover.Agent{
			{Node: "worker-1", Pod: "agent-1", Ready: true},
			{Node: "worker-2", Pod: "agent-2", Reason: "image cannot be pulled", Hint: "see --image"},
			{Node: "worker-3", Pod: "agent-3", Ready: true},
		},
		Missing: []discover.Missing{{Node: "worker-4", Reason: "taint \x1b[31mx", Hint: "deploy with --tolerate-all"}},
	}
}

func TestChoosingAgents(t *testing.T) {
	for name, c := range map[string]struct {
		want  document.Agents
		nodes string
		err   string
	}{
		"all":       {document.Agents{}, "worker-1 worker-3", ""},
		"one":       {document.Agents{Count: 1}, "worker-1", ""},
		"both":      {document.Agents{Count: 2}, "worker-1 worker-3", ""},
		"too many":  {document.Agents{Count: 3}, "", "3 agents are wanted, 2 are ready; see 'kubectl meshery status'"},
		"by name":   {document.Agents{Nodes: []string{"worker-3", "worker-1", "worker-3"}}, "worker-3 worker-1", ""},
		"not ready": {document.Agents{Nodes: []string{"worker-2"}}, "", `no agent is ready on node "worker-2": image cannot be pulled see --image`},
		"missing":   {document.Agents{Nodes: []string{"worker-4"}}, "", `no agent is ready on node "worker-4": taint`},
		"no node":   {document.Agents{Nodes: []string{"worker-9"}}, "", `no agent is ready on node "worker-9": there is no such node; see 'kubectl get nodes'`},
	} {
		chosen, err := choose(agentSet(), c.want)
		var nodes []string
		for _, a := range chosen {
			nodes = append(nodes, a.Node)
		}
		if strings.Join(nodes, " ") != c.nodes || (err == nil) != (c.err == "") || (err != nil && !strings.HasPrefix(err.Error(), c.err)) {
			t.Errorf("%s: %v, %v", name, nodes, err)
		}
	}
	if _, err := choose(&discover.Set{}, document.Agents{}); err == nil || !strings.Contains(err.Error(), "no agent is ready") {
		t.Errorf("got %v", err)
	}
}

func TestNodesWithoutAgentAreNamed(t *testing.T) {
	streams, _, _, errOut := genericiooptions.NewTestIOStreams()
	p := placement{factory: &factory{IOStreams: streams}}
	p.nameMissing(agentSet())
	want := "Warning: no agent takes part on node \"worker-2\": image cannot be pulled\n" +
		"Warning: no agent takes part on node \"worker-4\": taint \\x1b[31mx\n"
	if errOut.String() != want || len(p.without) != 2 || bytes.Contains(errOut.Bytes(), []byte("\x1b")) {
		t.Errorf("got %q, %+v", errOut, p.without)
	}
}
