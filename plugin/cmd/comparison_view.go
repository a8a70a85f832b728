package cmd

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// writeComparison is what a person gets of a comparison.
func writeComparison(w io.Writer, c *document.Comparison, wide bool) error {
	p := &lines{w: w, wide: wide}
	p.line("%s beside %s, %s: %s", c.B.Name, c.A.Name, comparedRuns(c), strings.ToUpper(string(c.Verdict)))
	if c.Reason != "" {
		p.line("%s", c.Reason)
	}
	if p.err == nil && len(c.Metrics) > 0 {
		p.err = comparisonTable(c, wide).Write(w)
	}
	p.belowTable(c)
	for _, m := range c.Metrics {
		if wide && m.Reason != "" {
			p.line("%s: %s", wording.Metric(m.Name), m.Reason)
		}
	}
	for _, l := range c.LeftOut {
		if wide {
			p.line("%s is not compared: %s", wording.Metric(l.Name), l.Reason)
		}
	}
	for _, d := range c.Differences {
		p.line("%s", differenceLine(d, c.A.Name, c.B.Name))
	}
	for _, side := range []document.ComparedGroup{c.A, c.B} {
		p.leftOut(side)
	}
	return p.err
}

// belowTable says what a table of 80 columns has no room for.
func (p *lines) belowTable(c *document.Comparison) {
	if p.wide {
		return
	}
	if slices.ContainsFunc(c.Metrics, func(m document.MetricComparison) bool { return m.Unit == wording.CoreSeconds }) {
		p.line("CPU is in core-seconds per 1,000 requests.")
	}
	var more []string
	for _, m := range c.Metrics {
		if m.MoreRuns != nil && *m.MoreRuns > 0 {
			more = append(more, fmt.Sprintf("%d for %s", *m.MoreRuns, wording.Metric(m.Name)))
		}
	}
	if len(more) > 0 {
		p.line("A verdict takes about so many more runs a side: %s.", strings.Join(more, ", "))
	}
}

// lines writes text that is wrapped, unless wide, until something fails.
type lines struct {
	w    io.Writer
	wide bool
	err  error
}

func (p *lines) line(format string, args ...any) {
	text := []string{fmt.Sprintf(format, args...)}
	if !p.wide {
		text = printer.Wrap(text[0], printer.DefaultWidth)
	}
	for _, l := range text {
		if p.err == nil {
			_, p.err = fmt.Fprintln(p.w, printer.Escape(l))
		}
	}
}

// leftOut says which runs do not count: all of them when wide, else how many and why
// the first.
func (p *lines) leftOut(side document.ComparedGroup) {
	for i, l := range side.LeftOut {
		switch n := len(side.LeftOut); {
		case p.wide || n == 1:
			p.line("left out of %s: %s: %s", side.Name, l.RunID, l.Reason)
		case i == 0:
			p.line("left out of %s: %d runs, the first %s: %s (-o wide names all)", side.Name, n, l.RunID, l.Reason)
		}
	}
}

func comparedRuns(c *document.Comparison) string {
	switch a, b := len(c.A.Runs), len(c.B.Runs); {
	case c.Paired && a == 1:
		return "1 pair of runs"
	case c.Paired:
		return fmt.Sprintf("%d pairs of runs", a)
	case a == 1 && b == 1:
		return "a run each"
	default:
		return fmt.Sprintf("%d and %d runs", b, a)
	}
}

func differenceLine(d document.EnvironmentDifference, a, b string) string {
	what := strings.TrimSpace(d.What + " " + d.Field)
	kind := "note"
	if d.Allowed {
		kind = "allowed"
	}
	of := func(values []string) string {
		if len(values) == 0 {
			return "unknown"
		}
		return strings.Join(values, " and ")
	}
	return fmt.Sprintf("%s: %s differ: %s in %s, %s in %s", kind, what, of(d.A), a, of(d.B), b)
}

func comparisonTable(c *document.Comparison, wide bool) *printer.Table {
	side := func(name string) string {
		if !wide {
			name = chart.Shortened(name, 10) // whole it stands above
		}
		return strings.ToUpper(name)
	}
	headers := []string{"~METRIC", side(c.A.Name), side(c.B.Name), fmt.Sprintf("DIFFERENCE (%g %%)", 100*c.Confidence), "VERDICT"}
	if wide {
		headers = append(headers, "SHARE", "P (HOLM)", "MATTERS FROM", "FINDS FROM")
	}
	t := printer.NewTable(headers...)
	name, figure, change := func(m document.MetricComparison) string { return wording.ShortMetric(m.Name) }, wording.ShortFigure, wording.ShortChange
	if wide {
		t.Width = 0
		name, figure, change = func(m document.MetricComparison) string { return wording.MetricPer(m.Name, m.Unit) }, wording.Figure, wording.Change
	}
	for _, m := range c.Metrics {
		difference := ""
		if d := m.Difference; d != nil {
			difference = change(m.Unit, d, max(math.Abs(m.A.Median), math.Abs(m.B.Median)))
		}
		verdict := string(m.Verdict)
		if wide && m.MoreRuns != nil {
			verdict += fmt.Sprintf(", %d more", *m.MoreRuns)
		}
		row := []string{name(m), figure(m.Unit, m.A.Median), figure(m.Unit, m.B.Median), difference, verdict}
		if wide {
			share, p, finds := "", "", ""
			if m.Difference != nil && m.Difference.Relative != nil {
				share = wording.Share(*m.Difference.Relative)
			}
			if m.PAdjusted != nil {
				p = printer.Significant(*m.PAdjusted, 2)
			}
			if m.Detectable != nil {
				finds = wording.Amount(m.Unit, *m.Detectable)
			}
			row = append(row, share, p, wording.Amount(m.Unit, m.Effect), finds)
		}
		t.Row(row...)
	}
	return t
}
