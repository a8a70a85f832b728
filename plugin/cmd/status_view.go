package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func (s *agentsStatus) table(w io.Writer, wide bool, now time.Time) error {
	headers := []string{"NODE", "~POD", "READY", "~VERSION", "RUN", "ENDS", "AGE"}
	if wide {
		headers = append(headers, "IMAGE", "REASON")
	}
	t := printer.NewTable(headers...)
	if wide {
		t.Width = 0
	}
	for _, n := range s.Nodes {
		ready, run, ends, age := "no", "", "", ""
		if n.Ready {
			ready = "yes"
		}
		if n.Run != nil {
			run = shortID(n.Run.ID)
			if wide {
				run = n.Run.ID
			}
			if n.Run.Ends != nil {
				ends = "in " + duration.HumanDuration(max(0, n.Run.Ends.Sub(now)))
			}
		}
		if n.Created != nil {
			age = duration.HumanDuration(now.Sub(*n.Created))
		}
		row := []string{n.Node, cmp.Or(n.Pod, "<none>"), ready, n.Version, run, ends, age}
		if wide {
			row = append(row, n.Image, n.Reason)
		}
		t.Row(row...)
	}
	return t.Write(w)
}

// shortID is the beginning of a run id, as long as ids differ in practice.
func shortID(id string) string { return id[:min(len(id), 13)] }

// notes are what a person should know beyond the table.
func (s *agentsStatus) notes() []string {
	var notes []string
	versions := map[string]bool{}
	spooled := map[string]int{}
	var order []string
	for _, n := range s.Nodes {
		if n.Reason != "" {
			note := fmt.Sprintf("node %s: %s", n.Node, n.Reason)
			if n.Hint != "" {
				note += "; " + n.Hint
			}
			notes = append(notes, note)
		}
		if n.Version != "" && n.Version != s.PluginVersion {
			versions[n.Version] = true
		}
		for _, r := range n.Spooled {
			if spooled[r.ID] == 0 {
				order = append(order, r.ID)
			}
			spooled[r.ID]++
		}
	}
	if s.NodesUnknown != "" {
		notes = append(notes, "nodes without an agent are not known: "+s.NodesUnknown)
	}
	for v := range versions {
		notes = append(notes, fmt.Sprintf("versions differ: this plugin is %s, agents are %s; run 'kubectl meshery deploy'", s.PluginVersion, v))
	}
	slices.Sort(notes[len(notes)-len(versions):])
	for _, id := range order {
		agents := "1 agent"
		if n := spooled[id]; n > 1 {
			agents = fmt.Sprintf("%d agents", n)
		}
		notes = append(notes, fmt.Sprintf("run %s has ended and is still on %s; fetch it with 'kubectl meshery attach %s'", id, agents, id))
	}
	return notes
}
