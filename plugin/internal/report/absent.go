package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/internal/histogram"
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

// noTimes is why a group of groups has no curve of these times.
func noTimes(which times, groups []*group) string {
	var answered int64
	var bare, few, other bool
	for _, g := range groups {
		for _, r := range g.runs {
			answered += r.Status.Requests.Succeeded
			if s := which.summary(r.Status.Latency); s == nil || s.Count == 0 {
				other = other || r.main().summary(r.Status.Latency) != nil
			} else if which.encoded(r.Status.Histograms) == "" {
				bare = true
			} else {
				few = true
			}
		}
	}
	switch {
	case bare:
		return "There is no histogram to draw. What the Results have stands in the table."
	case few:
		return fmt.Sprintf("There are too few requests for a percentile: p50 needs %d.", histogram.MinCount(0.5))
	case other && which.name == responseTimes.name:
		return "There is no response time: closed loops and runs of other tools have service times only."
	case other:
		return "The Results have no service time, only response time."
	case answered == 0:
		return "No request was answered rightly."
	}
	return "The Results have no such times."
}

// noLatency is why a run has no latency at all.
func (r *run) noLatency() string {
	if r.Status.Requests.Succeeded == 0 {
		return "no request was answered rightly"
	}
	return "the Result has none"
}
