// Package summary writes a Result so that a person can read it in ten seconds:
// is it valid, how fast was it, did any node differ, what did it cost. Whole
// histograms and series are in the Result itself. Where the run is invalid,
// every number says so.
package summary

import (
	"fmt"
	"io"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Write writes the summary. archived is where the Result is kept; empty leaves
// the line out.
func Write(w io.Writer, r *document.Result, archived string) error {
	p := &page{Result: r}
	for _, part := range []func(){p.verdict, p.latencies, p.targets, p.errors, p.nodes, p.containers, p.thresholds, p.warnings, p.absent} {
		part()
	}
	p.gap()
	p.row("RUN", r.Metadata.RunID)
	if archived != "" {
		p.row("ARCHIVED", archived)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// page is the summary while it is written.
type page struct {
	*document.Result
	text strings.Builder
}

// label is the width of the first column of the lines that are no table.
const label = 11

// row writes text beside a label, in as many lines as it takes. A word that is
// too long, such as a URL, stays whole.
func (p *page) row(name, text string) {
	for _, line := range printer.Wrap(printer.Escape(text), printer.DefaultWidth-label) {
		fmt.Fprintf(&p.text, "%-*s%s\n", label, name, line)
		name = ""
	}
}

// rows writes texts, each beside the label; of many the last ones are only
// counted, for the Result has them.
func (p *page) rows(name string, texts []string, where string) {
	const most = 10
	for i, text := range texts {
		if i == most {
			p.row(name, fmt.Sprintf("%d more are in the Result: %s", len(texts)-most, where))
			return
		}
		p.row(name, text)
	}
}

// gap writes the empty line between two parts.
func (p *page) gap() { p.text.WriteString("\n") }

func (p *page) invalid() bool { return !p.Status.Validity.Valid }

// table makes a table of numbers; those of an invalid run are marked in every row.
func (p *page) table(headers ...string) *table {
	t := &table{page: p}
	if p.invalid() {
		headers = append(headers, "INVALID")
		t.mark = []string{"!"}
	}
	t.Table, t.columns = printer.NewTable(headers...), len(headers)-len(t.mark)
	return t
}

type table struct {
	*printer.Table
	page    *page
	columns int
	mark    []string
}

func (t *table) add(cells ...string) {
	row := make([]string, t.columns)
	copy(row, cells)
	t.Row(append(row, t.mark...)...)
}

func (t *table) end() {
	t.page.gap()
	_ = t.Write(&t.page.text) // to memory: it cannot fail
}

func (p *page) verdict() {
	s := &p.Status
	word := "VALID"
	if p.invalid() {
		word = "INVALID"
	}
	r := s.Requests
	text := fmt.Sprintf("%s of %s requests, %s rps", printer.Count(r.Sent), printer.Count(r.Planned), printer.Rate(s.Rate.Achieved))
	if s.Rate.Target == nil {
		text = fmt.Sprintf("%s requests, %s rps", printer.Count(r.Sent), printer.Rate(s.Rate.Achieved))
		if len(s.Agents) > 0 { // a file of another tool may just not tell the rate
			text += ", closed loop: no response time"
		}
	}
	switch {
	case s.Aborted != "":
		text += ", ended early"
	case s.Phase != document.Succeeded:
		text += ", " + strings.ToLower(string(s.Phase))
	}
	if p.Spec.Load.Warmup > 0 && s.Warmup != nil && s.Warmup.Sent > 0 {
		text += fmt.Sprintf("; %s of warm-up left out", printer.Count(s.Warmup.Sent))
	}
	p.row(word, text)
	p.rows("BECAUSE", s.Validity.Reasons, ".status.validity.reasons")
	if p.invalid() {
		p.row("", "these numbers are not to be relied on")
	}
}

// warnings are those of the validity.
func (p *page) warnings() {
	w := p.Status.Validity.Warnings
	if len(w) == 0 {
		return
	}
	p.gap()
	p.rows("WARNING", w, ".status.validity.warnings")
}

// absent names the sources that gave nothing, each reason once.
func (p *page) absent() {
	names := map[string]string{"nodeExporter": "node-exporter", "kubelet": "kubelet metrics", "prometheus": "Prometheus", "": "a source of a newer agent"}
	said := map[string]bool{}
	for _, s := range p.Status.Resources.Sources {
		why := s.Detail
		switch {
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
		if len(said) == 0 && len(p.Status.Validity.Warnings) == 0 {
			p.gap()
		}
		said[text] = true
		p.row("NOT READ", text)
	}
}
