package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// latency is the section of percentile curves and tables.
func (m *model) latency() (section, error) {
	s := section{ID: "latency", Title: "Latency"}
	if len(m.groups) == 0 {
		return s, nil
	}
	var figures []drawing
	var tables []block
	for _, which := range []times{responseTimes, serviceTimes} {
		d, t, err := m.percentiles(which)
		if err != nil {
			return s, err
		}
		figures = append(figures, d)
		tables = append(tables, block{Table: t})
	}
	s.Blocks = append([]block{{Figures: figures}}, tables...)
	others, err := m.otherTimes()
	if err != nil {
		return s, err
	}
	s.Blocks = append(s.Blocks, block{Table: others})
	targets, err := m.targets()
	if targets != nil {
		s.Blocks = append(s.Blocks, block{Table: targets})
	}
	return s, err
}

// percentiles is the chart and the table of one kind of latency.
func (m *model) percentiles(which times) (drawing, *table, error) {
	title := strings.ToUpper(which.name[:1]) + which.name[1:] + " time by percentile"
	t := percentileTable(which.name+"-times", fmt.Sprintf("%s, all runs of a group merged", title), "Group")
	var curves []chart.Curve
	var words, missing []string
	for _, g := range m.groups {
		d, err := which.of(g.parts())
		if err != nil {
			return drawing{}, nil, fmt.Errorf("group %q: %w", g.name, err)
		}
		t.add(d, g.doubtful, g.mark())
		if d.count > 0 && d.merged == nil {
			missing = append(missing, g.mark())
		}
		if points := d.curve(); len(points) > 0 {
			curves = append(curves, chart.Curve{Name: printer.Escape(g.mark()), Look: g.look(g.index), Points: points})
			words = append(words, fmt.Sprintf("%s: p50 %s, p99 %s, at most %s", g.mark(), wording.FigureOf(wording.Milliseconds, d.quantile(0.5)), wording.FigureOf(wording.Milliseconds, d.quantile(0.99)), d.greatest()))
		}
	}
	caption := "Every further nine has the same room."
	if len(curves) > 0 && len(missing) > 0 {
		caption += " Not here, for a run has no histogram: " + joined(missing) + "."
	}
	d, err := drawn(which.name+"-curve", title, printer.Escape(strings.Join(words, "; ")), caption, noTimes(which, m.groups),
		func(w io.Writer, h chart.Head) error { return chart.Percentiles(w, h, curves) })
	return d, t.table, err
}

// timesTable is a table of distributions.
type timesTable struct{ *table }

func percentileTable(id, caption string, names ...string) timesTable {
	return timesTable{&table{ID: id, Caption: caption, Names: len(names), Columns: append(names, "Requests", "min", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "max")}}
}

func (t timesTable) add(d *distribution, doubtful bool, names ...string) {
	texts := append(names, printer.Count(d.count))
	if d.count == 0 {
		for range 10 {
			texts = append(texts, wording.None)
		}
	} else {
		texts = append(texts, printer.Latency(d.min), printer.Latency(d.mean))
		for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999} {
			texts = append(texts, wording.FigureOf(wording.Milliseconds, d.quantile(q)))
		}
		texts = append(texts, d.greatest())
	}
	line := cells(len(names), texts...)
	if doubtful {
		line.Kind = "invalid"
	}
	t.Rows = append(t.Rows, line)
}

// otherTimes are what is kept apart from latency.
func (m *model) otherTimes() (*table, error) {
	t := percentileTable("other-times", "Kept apart: how late the load generator itself was, how long connecting took, and how long requests took that failed. Empty where there were none.", "Group", "Time")
	for _, g := range m.groups {
		for _, which := range []times{lateness, connectTimes, errorTimes} {
			d, err := which.of(g.parts())
			if err != nil {
				return nil, fmt.Errorf("group %q: %w", g.name, err)
			}
			if d.count > 0 {
				t.add(d, g.doubtful, g.mark(), which.name)
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return t.table, nil
}

// targets is a table of each of several targets, nil where there is one.
func (m *model) targets() (*table, error) {
	t := percentileTable("targets", "Each target, by the latency that stands for its group", "Group", "Target")
	for _, g := range m.groups {
		var names []string
		parts := map[string][]part{}
		for _, r := range g.runs {
			for i := range r.Status.Targets {
				one := &r.Status.Targets[i]
				if parts[one.Name] == nil {
					names = append(names, one.Name)
				}
				parts[one.Name] = append(parts[one.Name], part{&one.Latency, &one.Histograms})
			}
		}
		for _, name := range names {
			d, err := g.times().of(parts[name])
			if err != nil {
				return nil, fmt.Errorf("group %q, target %q: %w", g.name, name, err)
			}
			t.add(d, g.doubtful, g.mark(), name)
		}
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return t.table, nil
}
