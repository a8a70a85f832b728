// Package summary writes a Result so that a person can read it in ten seconds:
// is it valid, how fast was it, did any node differ, what did it cost. Whole
// histograms and series are in the Result itself.
package summary

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Write writes the summary. archived is where the Result is kept; empty leaves
// the line out.
func Write(w io.Writer, r *document.Result, archived string) error {
	var b strings.Builder
	verdict(&b, &r.Status)
	if err := latencies(&b, &r.Status); err != nil {
		return err
	}
	failures(&b, &r.Status)
	if err := nodes(&b, &r.Status); err != nil {
		return err
	}
	if err := containers(&b, r); err != nil {
		return err
	}
	absent(&b, &r.Status)
	b.WriteString("\n")
	row(&b, "RUN", r.Metadata.RunID)
	if archived != "" {
		row(&b, "ARCHIVED", archived)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// label is the width of the first column of the lines that are no table.
const label = 11

// row writes text beside a label, in as many lines as it takes. A word that is
// too long, such as a URL, stays whole.
func row(b *strings.Builder, name, text string) {
	line, column := fmt.Sprintf("%-*s", label, name), label
	for i, word := range strings.Fields(printer.Escape(text)) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > printer.DefaultWidth:
			b.WriteString(line + "\n")
			line, column = strings.Repeat(" ", label), label
		default:
			line += " "
			column++
		}
		line += word
		column += n
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

func verdict(b *strings.Builder, s *document.Status) {
	word := "VALID"
	if !s.Validity.Valid {
		word = "INVALID"
	}
	r := s.Requests
	text := fmt.Sprintf("%s of %s requests, %s rps", printer.Count(r.Sent), printer.Count(r.Planned), printer.Rate(s.Rate.Achieved))
	if s.Rate.Target == nil {
		text = fmt.Sprintf("%s requests, %s rps, closed loop: no response time", printer.Count(r.Sent), printer.Rate(s.Rate.Achieved))
	}
	if s.Phase != document.Succeeded {
		text += ", " + strings.ToLower(string(s.Phase))
	}
	row(b, word, text)
	for _, reason := range s.Validity.Reasons {
		row(b, "", reason)
	}
}

func latencies(b *strings.Builder, s *document.Status) error {
	t := printer.NewTable("LATENCY", "P50", "P90", "P99", "P99.9", "MAX")
	add := func(name string, l *document.Summary) {
		if l != nil {
			t.Row(name, printer.LatencyOf(l.P50), printer.LatencyOf(l.P90), printer.LatencyOf(l.P99), printer.LatencyOf(l.P999), printer.Latency(l.Max))
		}
	}
	if s.Latency.ServiceTime == nil && s.Latency.ResponseTime == nil {
		return nil
	}
	add("response", s.Latency.ResponseTime)
	add("service", s.Latency.ServiceTime)
	b.WriteString("\n")
	return t.Write(b)
}

// failures tells what was not sent and what was answered badly.
func failures(b *strings.Builder, s *document.Status) {
	r := s.Requests
	if r.Failed == 0 && r.Unsent == 0 {
		return
	}
	b.WriteString("\n")
	if r.Unsent > 0 {
		row(b, "UNSENT", printer.Count(r.Unsent)+" planned requests were still waiting at the end; their waiting is in the response time")
	}
	if r.Failed > 0 {
		var kinds []string
		for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
			if len(code) == 3 && code[0] == '2' {
				continue
			}
			kinds = append(kinds, code+": "+printer.Count(r.Codes[code]))
		}
		row(b, "ERRORS", fmt.Sprintf("%s of %s (%s)", printer.Count(r.Failed), printer.Count(r.Sent), strings.Join(kinds, ", ")))
	}
}

func nodes(b *strings.Builder, s *document.Status) error {
	cpu := map[string]string{}
	for _, n := range s.Resources.Nodes {
		if n.CPUUtilization != nil {
			cpu[n.Node] = printer.Percent(*n.CPUUtilization)
		}
	}
	t := printer.NewTable("~NODE", "RPS", "P50", "P99", "ERRORS", "START SKEW", "CPU")
	for _, a := range s.Agents {
		l := a.Latency.ResponseTime
		if l == nil {
			l = a.Latency.ServiceTime
		}
		var p50, p99 string
		if l != nil {
			p50, p99 = printer.LatencyOf(l.P50), printer.LatencyOf(l.P99)
		}
		t.Row(a.Node, printer.Rate(a.Rate.Achieved), p50, p99, printer.Count(a.Requests.Failed), printer.Latency(a.StartSkewMs), cpu[a.Node])
	}
	for _, n := range s.NodesWithoutAgent {
		t.Row(n.Node, "no agent")
	}
	b.WriteString("\n")
	return t.Write(b)
}

// absent names the sources that gave nothing, each reason once.
func absent(b *strings.Builder, status *document.Status) {
	names := map[string]string{"nodeExporter": "node-exporter", "kubelet": "kubelet metrics", "prometheus": "Prometheus", "": "a source of a newer agent"}
	said := map[string]bool{}
	for _, s := range status.Resources.Sources {
		why := s.Detail
		switch {
		case s.Source == "kubelet" && s.Available && len(status.Resources.Containers) > 0 && !wantedCPU(status):
			why = "it renews its figures every 10 to 20 s, and CPU takes two of them: measure for 45 s or more"
		case s.Available && s.Samples > 0:
			continue
		case s.Available && s.LastError != "":
			why = s.LastError
		case s.Available:
			why = "gave no reading inside the measured time"
		}
		text := names[s.Source] + ": " + why
		if said[text] {
			continue
		}
		if len(said) == 0 {
			b.WriteString("\n")
		}
		said[text] = true
		row(b, "NOT READ", text)
	}
}
