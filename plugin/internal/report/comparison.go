package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// meaning is the verdict as charts and the page show it.
func meaning(v document.Verdict) chart.Meaning {
	switch v {
	case document.Better:
		return chart.Better
	case document.Worse:
		return chart.Worse
	case document.Same:
		return chart.Same
	}
	return chart.Inconclusive
}

func comparison(i int, title string, c *document.Comparison) ([]block, error) {
	id := fmt.Sprintf("comparison-%d", i+1)
	var blocks []block
	if heading := c.B.Name + " against " + c.A.Name; heading != title {
		blocks = append(blocks, block{Heading: heading, Level: 3})
	}
	blocks = append(blocks, block{Verdict: &verdict{string(meaning(c.Verdict)), strings.ToUpper(string(c.Verdict)), verdictText(c)}, Text: basis(c)})
	d, err := differences(id, c)
	if err != nil {
		return nil, err
	}
	if len(c.Metrics) > 0 {
		blocks = append(blocks, block{Table: metrics(id, c)}, block{Figures: []drawing{d}}, block{More: &more{"More figures of this comparison", []block{{Table: exact(id, c)}}}})
	}
	if notes := notCompared(c); len(notes) > 0 {
		blocks = append(blocks, block{Text: "Not compared:", Notes: notes})
	}
	if t := environmentDifferences(id, c); t != nil {
		blocks = append(blocks, block{Table: t})
	}
	return blocks, nil
}

// notCompared are the metrics that could not be, and why.
func notCompared(c *document.Comparison) []string {
	var out []string
	for _, l := range c.LeftOut {
		out = append(out, printer.Escape(wording.Metric(l.Name)+": "+l.Reason))
	}
	return out
}

// verdictText names the metrics behind the verdict, after what they do not say of it.
func verdictText(c *document.Comparison) string {
	var parts []string
	if c.Reason != "" {
		parts = append(parts, printer.Escape(c.Reason))
	}
	for _, v := range []document.Verdict{document.Worse, document.Better, document.Inconclusive, document.TooFew, document.Same} {
		var names []string
		for _, one := range c.Metrics {
			if one.Verdict == v {
				names = append(names, printer.Escape(wording.Metric(one.Name)))
			}
		}
		if len(names) > 0 {
			parts = append(parts, string(v)+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// basis is what the comparison rests on.
func basis(c *document.Comparison) string {
	how := "unpaired"
	if c.Paired {
		how = "in pairs that ran beside each other"
	}
	text := fmt.Sprintf("%s and %s, %s", counted(len(c.A.Runs), "run"), counted(len(c.B.Runs), "run"), how)
	if len(c.Metrics) > 0 {
		text += fmt.Sprintf("; intervals of %s; p after Holm's correction for %s; seed %d", confidence(c), counted(len(c.Metrics), "metric"), c.Seed)
	}
	text += "."
	if n := len(c.A.LeftOut) + len(c.B.LeftOut); n > 0 {
		text += fmt.Sprintf(" %s left out, see Validity.", counted(n, "run"))
	}
	return text
}

func metrics(id string, c *document.Comparison) *table {
	t := &table{ID: id + "-metrics", Names: 1, Caption: fmt.Sprintf("Medians of the runs, and %s minus %s with its interval of %s", c.B.Name, c.A.Name, confidence(c)),
		Columns: []string{"Metric", "Verdict", c.A.Name, c.B.Name, "Difference", "Relative", "p"}}
	for _, one := range c.Metrics {
		line := cells(1, wording.MetricPer(one.Name, one.Unit))
		line.Cells = append(line.Cells, cell{Text: metricVerdict(one), Kind: string(meaning(one.Verdict)), Wide: true})
		line.Cells = append(line.Cells, cells(0, side(one.Unit, one.A), side(one.Unit, one.B), wording.Change(one.Unit, one.Difference, greater(one)), orNone(wording.Relative(one.Difference)), probability(one.PAdjusted)).Cells...)
		t.Rows = append(t.Rows, line)
	}
	return t
}

// greater is the greater of both sides' figures.
func greater(c document.MetricComparison) float64 {
	return max(math.Abs(c.A.Median), math.Abs(c.B.Median))
}

// confidence of the intervals: "95 %".
func confidence(c *document.Comparison) string {
	return strconv.FormatFloat(math.Round(c.Confidence*1e6)/1e4, 'f', -1, 64) + " %"
}

func side(unit string, s document.MetricSide) string {
	if len(s.Values) == 0 {
		return wording.None
	}
	return wording.Figure(unit, s.Median)
}

func orNone(s string) string {
	if s == "" {
		return wording.None
	}
	return s
}

// effect is the least difference that matters.
func effect(c document.MetricComparison) string {
	if c.Effect == 0 {
		return wording.None
	}
	return wording.Amount(c.Unit, c.Effect)
}

// metricVerdict is the verdict with what would help.
func metricVerdict(c document.MetricComparison) string {
	text := string(c.Verdict)
	if c.MoreRuns != nil && *c.MoreRuns > 0 {
		text += ", about " + counted(*c.MoreRuns, "more run") + " a side"
	}
	if c.Reason != "" {
		text += ": " + printer.Escape(c.Reason)
	}
	return text
}

func probability(p *float64) string {
	switch {
	case p == nil:
		return wording.None
	case *p < 0.0001:
		return "<0.0001"
	}
	return printer.Significant(*p, 2)
}

// exact holds what the first table has no room for.
func exact(id string, c *document.Comparison) *table {
	t := &table{ID: id + "-exact", Names: 1, Caption: "Percentiles of all runs' histograms merged, their difference, p before the correction, the least difference that matters, and the least that so many runs, as unsteady as these, find in four of five comparisons",
		Columns: []string{"Metric", c.A.Name + ", merged", c.B.Name + ", merged", "Difference, merged", "p", "Matters", "Detectable"}}
	for _, one := range c.Metrics {
		t.Rows = append(t.Rows, cells(1, wording.MetricPer(one.Name, one.Unit), wording.FigureOf(one.Unit, one.A.Pooled), wording.FigureOf(one.Unit, one.B.Pooled), wording.Change(one.Unit, one.Pooled, greater(one)), probability(one.P), effect(one), detectable(one)))
	}
	return t
}

func detectable(c document.MetricComparison) string {
	if c.Detectable == nil {
		return wording.None
	}
	return effect(document.MetricComparison{Unit: c.Unit, Effect: *c.Detectable})
}

// differences is the chart of relative differences.
func differences(id string, c *document.Comparison) (drawing, error) {
	var all []chart.Difference
	var words []string
	for _, one := range c.Metrics {
		value, low, high, ok := wording.Shares(one.Difference)
		// Shares of what is all but 0 say nothing and would need most of the scale.
		if !ok || one.Effect >= math.Abs(one.A.Median) {
			continue
		}
		d := chart.Difference{Name: printer.Escape(wording.Metric(one.Name)), Value: value, Low: low, High: high, Meaning: meaning(one.Verdict), Text: string(one.Verdict)}
		d.Effect = 100 * one.Effect / math.Abs(one.A.Median)
		all = append(all, d)
		words = append(words, wording.Metric(one.Name)+" "+wording.Relative(one.Difference)+" "+string(one.Verdict))
	}
	return drawn(id+"-differences", "Relative differences with their intervals", printer.Escape(strings.Join(words, "; ")),
		"Grey: too small to matter. Marks: ▲ better, ◆ worse, ● same, ○ no verdict. Not here: what is all but 0.",
		"No difference is known as a share of the other side.", func(w io.Writer, h chart.Head) error {
			return chart.Differences(w, h, "% of "+chart.Unit(printer.Escape(c.A.Name)), all)
		})
}
