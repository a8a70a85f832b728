package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// overTime is the section of what happened second by second.
func (m *model) overTime() (section, error) {
	s := section{ID: "time", Title: "Over time"}
	if len(m.groups) == 0 {
		return s, nil
	}
	width := m.slotWidth()
	t := timeline{m: m, width: width}
	many := false
	for _, g := range m.groups {
		var runs [][]slot
		for _, r := range g.runs {
			runs = append(runs, r.slots(width))
		}
		t.runs = append(t.runs, runs)
		many = many || len(runs) > 1
	}
	text := "Seconds since the measured time began; warm-up is left out."
	if width > 1 {
		text += fmt.Sprintf(" A point is %s seconds: their requests together, the median of the p50 and the greatest p99 of them.", printer.Significant(width, 3))
	}
	if many {
		text += " The line is the median of the group's runs at that time, the band reaches from the least to the greatest."
	}
	recorded := slices.ContainsFunc(m.groups, func(g *group) bool {
		return slices.ContainsFunc(g.runs, func(r *run) bool { return len(r.Status.Timeline) > 0 })
	})
	var figures []drawing
	for _, one := range []struct {
		id, title, absent string
		unit              string
		log               bool
		lines             []timeLine
	}{
		{"time-rate", "Requests sent", "No second was measured in full.", wording.PerSecond, false, []timeLine{{"", slotRate}}},
		{"time-latency", "Latency", "No second has enough requests for a percentile: p50 needs 6, p99 368.", wording.Milliseconds, true, []timeLine{{" p50", slotP50}, {" p99", slotP99}}},
		{"time-errors", "Errors", "No request failed.", wording.Percent, false, []timeLine{{"", slotErrors}}},
	} {
		if !recorded {
			one.absent = "The Results have no timeline."
		}
		d, err := t.drawing(one.id, one.title, one.absent, one.unit, one.log, one.lines)
		if err != nil {
			return s, err
		}
		figures = append(figures, d)
	}
	s.Blocks = []block{{Text: text, Figures: figures}}
	if table := t.table(); len(table.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{More: &more{"Figures over time", []block{{Table: table}}}})
	}
	return s, nil
}

// timeline is the slots of the runs of each group.
type timeline struct {
	m     *model
	width float64
	runs  [][][]slot
}

// end of the longest run in seconds.
func (t *timeline) end() float64 {
	end := 0.0
	for _, g := range t.m.groups {
		for _, r := range g.runs {
			end = max(end, r.measured())
		}
	}
	return end
}

type timeLine struct {
	name string
	of   func(slot) float64
}

func (t *timeline) drawing(id, title, absent, unit string, log bool, lines []timeLine) (drawing, error) {
	series := chart.Series{Unit: chart.Unit(unit), Log: log, End: t.end()}
	if unit == wording.PerSecond {
		series.Unit = "requests per second"
	}
	description, some := "", unit != wording.Percent
	for i, g := range t.m.groups {
		for j, of := range lines {
			line := chart.Line{Name: printer.Escape(g.mark()) + of.name, Look: g.look(len(lines) - 1 - j)}
			var least, greatest float64 = math.NaN(), math.NaN()
			for k, s := range spreads(t.runs[i], of.of) {
				line.Points = append(line.Points, chart.Point{X: (float64(k) + 0.5) * t.width, Y: s.median})
				if len(t.runs[i]) > 1 {
					line.Low, line.High = append(line.Low, s.low), append(line.High, s.high)
				}
				if !(s.low > least) && !math.IsNaN(s.low) {
					least = s.low
				}
				if !(s.high < greatest) && !math.IsNaN(s.high) {
					greatest = s.high
				}
			}
			if math.IsNaN(least) {
				continue
			}
			some = some || greatest > 0
			series.Lines = append(series.Lines, line)
			description += fmt.Sprintf("%s: %s to %s. ", line.Name, wording.Figure(unit, least), wording.Figure(unit, greatest))
		}
	}
	if !some {
		series.Lines = nil
	}
	return drawn(id, title+" over time", description, "", absent, func(w io.Writer, h chart.Head) error { return chart.Times(w, h, series) })
}

// table has the medians that the charts show.
func (t *timeline) table() *table {
	out := &table{ID: "time-figures", Caption: "Medians of each group's runs", Columns: []string{"From second"}, Names: 1}
	var columns [][]spread
	var units []string
	longest := 0
	for i, g := range t.m.groups {
		for _, one := range []struct {
			name, unit string
			of         func(slot) float64
		}{{"rate", wording.PerSecond, slotRate}, {"errors", wording.Percent, slotErrors}, {"p50", wording.Milliseconds, slotP50}, {"p99", wording.Milliseconds, slotP99}} {
			all := spreads(t.runs[i], one.of)
			out.Columns = append(out.Columns, g.mark()+", "+one.name)
			columns, units = append(columns, all), append(units, one.unit)
			longest = max(longest, len(all))
		}
	}
	for i := range longest {
		line := cells(1, printer.Count(int64(float64(i)*t.width)))
		for j, column := range columns {
			text := wording.None
			if i < len(column) {
				text = wording.FigureOf(units[j], &column[i].median)
			}
			line.Cells = append(line.Cells, cells(0, text).Cells...)
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}
