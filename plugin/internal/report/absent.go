package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// sourceNames are the sources in words.
var sourceNames = map[string]string{"nodeExporter": "node-exporter", "kubelet": "kubelet metrics", "prometheus": "Prometheus"}

// whyNot is why a source gave nothing, or "" where it did.
func whyNot(s document.SourceStatus) string {
	switch {
	case s.Available && s.Samples > 0:
		return ""
	case s.LastError != "":
		return s.LastError
	case !s.Available && s.Detail != "":
		return s.Detail
	case !s.Available:
		return "no reason is given"
	}
	return "it gave no reading inside the measured time"
}

// notRead is why a source gave nothing in any run, each reason once.
func (m *model) notRead(source string) string {
	var reasons []string
	for _, g := range m.groups {
		for _, r := range g.runs {
			for _, s := range r.Status.Resources.Sources {
				if s.Source != source {
					continue
				}
				if why := printer.Escape(whyNot(s)); why != "" && !slices.Contains(reasons, why) {
					reasons = append(reasons, why)
				}
			}
		}
	}
	switch {
	case len(reasons) == 0:
		return "no run asked for it"
	case len(reasons) > 3:
		return fmt.Sprintf("%s; and %d more reasons", strings.Join(reasons[:3], "; "), len(reasons)-3)
	}
	return strings.Join(reasons, "; ")
}

// sources are all sources that gave nothing, each with the groups and nodes it
// concerns.
func (m *model) sources() []string {
	var order []string
	nodes := map[string][]string{}
	for _, g := range m.groups {
		for _, r := range g.all {
			for _, s := range r.Status.Resources.Sources {
				why := whyNot(s)
				if why == "" {
					continue
				}
				name := sourceNames[s.Source]
				if name == "" {
					name = s.Source
				}
				key := name + " was not read: " + why
				if nodes[key] == nil {
					order = append(order, key)
					nodes[key] = []string{}
				}
				if s.Node != "" && !slices.Contains(nodes[key], s.Node) {
					nodes[key] = append(nodes[key], s.Node)
				}
			}
		}
	}
	var out []string
	for _, key := range order {
		text := key
		if n := nodes[key]; len(n) > 5 {
			text += fmt.Sprintf(" (%s and %d more nodes)", strings.Join(n[:5], ", "), len(n)-5)
		} else if len(n) > 0 {
			text += " (" + strings.Join(n, ", ") + ")"
		}
		out = append(out, printer.Escape(text))
	}
	return out
}
