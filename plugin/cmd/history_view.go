package cmd

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/history"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// writeHistory is what a person gets of a history.
func writeHistory(w io.Writer, h *history.History, wide bool) error {
	p := &lines{w: w, wide: wide}
	p.line("%s: %s of %s, %s to %s", h.Name, wording.Metric(h.Metric), pointsOf(h), day(h.Points[0].Start), day(h.Points[len(h.Points)-1].Start))
	if len(h.Points) > 1 && p.err == nil {
		_, p.err = fmt.Fprintln(w, graph(h))
	}
	if wide && p.err == nil {
		p.err = pointTable(h).Write(w)
	}
	switch {
	case len(h.Changes) > 0 && p.err == nil:
		p.err = changeTable(h).Write(w)
	case len(h.Points) < 10:
		p.line("Too few points to find changes in: 10 are needed, 5 on each side of a change.")
	default:
		p.line("No change found.")
	}
	if h.Older > 0 {
		p.line("note: the newest %d points are shown; %d before them are left out: --since and --until choose others", len(h.Points), h.Older)
	}
	for _, m := range h.Mixed {
		p.line("note: %s: a change may come from that; --where narrows it down", m.Sentence())
	}
	p.leftOut(document.ComparedGroup{Name: "the history", LeftOut: h.LeftOut})
	return p.err
}

func pointsOf(h *history.History) string {
	runs := 0
	for _, p := range h.Points {
		runs += len(p.Runs)
	}
	if h.By != "" {
		return fmt.Sprintf("%d runs by %s", runs, h.By)
	}
	return fmt.Sprintf("%d runs", runs)
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// graph draws the series to the width of a terminal.
func graph(h *history.History) string {
	const most = 64
	var series []float64
	for _, p := range h.Points {
		series = append(series, p.Value)
	}
	options := []asciigraph.Option{
		asciigraph.Height(10),
		asciigraph.YAxisValueFormatter(func(v float64) string { return wording.ShortFigure(h.Unit, v) }),
	}
	if len(series) > most || len(series) < most/2 {
		options = append(options, asciigraph.Width(most))
	}
	return strings.TrimRight(asciigraph.Plot(series, options...), "\n")
}

func changeTable(h *history.History) *printer.Table {
	first := "FIRST RUN"
	if h.By != "" {
		first = strings.ToUpper(h.By)
	}
	t := printer.NewTable("CHANGE", "~"+first, "BEFORE", "AFTER", "DIFFERENCE", "P", "VERDICT")
	for _, c := range h.Changes {
		name := c.RunID[:13] // its time
		if h.By != "" {
			name = c.Label
		}
		t.Row(day(c.Start), name, wording.ShortFigure(h.Unit, c.Before), wording.ShortFigure(h.Unit, c.After), changeCell(c, h.Unit),
			printer.Significant(c.P, 2), string(c.Verdict))
	}
	return t
}

// changeCell is "+2.2 ms, +22 %".
func changeCell(c history.Change, unit string) string {
	cell := wording.Signed(unit, c.Difference)
	if c.Relative != nil {
		cell += ", " + wording.Share(*c.Relative)
	}
	return cell
}

func pointTable(h *history.History) *printer.Table {
	headers := []string{"STARTED", "RUN", "VALUE"}
	if h.By != "" {
		headers = []string{"STARTED", strings.ToUpper(h.By), "RUNS", "MEDIAN", "LEAST", "GREATEST"}
	}
	t := printer.NewTable(headers...)
	t.Width = 0
	for _, p := range h.Points {
		started := p.Start.UTC().Format(time.RFC3339)
		if h.By == "" {
			t.Row(started, p.Runs[0], wording.Figure(h.Unit, p.Value))
			continue
		}
		least, greatest := "", ""
		if p.Low != nil {
			least, greatest = wording.Figure(h.Unit, *p.Low), wording.Figure(h.Unit, *p.High)
		}
		t.Row(started, p.Label, fmt.Sprint(len(p.Runs)), wording.Figure(h.Unit, p.Value), least, greatest)
	}
	return t
}

// drawHistory writes a picture as SVG.
func drawHistory(w io.Writer, h *history.History) error {
	past := chart.Past{Unit: chart.Unit(h.Unit)}
	for _, p := range h.Points {
		label, text := p.Label, p.Label+": "
		if h.By == "" {
			label, text = day(p.Start), p.Runs[0]+", "+p.Start.UTC().Format(time.RFC3339)+": "
		}
		past.Moments = append(past.Moments, chart.Moment{Label: label, Value: p.Value, Low: p.Low, High: p.High, Text: text + wording.Figure(h.Unit, p.Value)})
	}
	for _, c := range h.Changes {
		meaning := chart.Meaning(c.Verdict)
		if c.Verdict == history.Changed {
			meaning = chart.Inconclusive
		}
		past.Changes = append(past.Changes, chart.Change{At: c.Index, Label: changeCell(c, h.Unit), Meaning: meaning})
	}
	head := chart.Head{ID: "history", Title: fmt.Sprintf("%s: %s", h.Name, wording.Metric(h.Metric)), Description: description(h), Alone: true}
	return chart.History(w, head, past)
}

func description(h *history.History) string {
	text := fmt.Sprintf("%s of %s, %s to %s.", wording.Metric(h.Metric), pointsOf(h), day(h.Points[0].Start), day(h.Points[len(h.Points)-1].Start))
	for _, c := range h.Changes {
		text += fmt.Sprintf(" A change on %s: %s, %s.", day(c.Start), changeCell(c, h.Unit), c.Verdict)
	}
	if len(h.Changes) == 0 {
		text += " No change found."
	}
	return text
}
