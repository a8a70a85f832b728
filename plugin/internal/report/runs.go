package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// metric is one figure of every run.
type metric struct {
	label, unit string
	values      map[string]float64 // by run id
}

// metrics are those of the comparisons, as they were compared, or else what every
// Result has.
func (m *model) metrics() []metric {
	var out []metric
	var names []string
	for _, c := range m.Comparisons {
		for _, one := range c.Metrics {
			i := slices.Index(names, one.Name)
			if i < 0 {
				i, names = len(names), append(names, one.Name)
				out = append(out, metric{wording.MetricPer(one.Name, one.Unit), one.Unit, map[string]float64{}})
			}
			out[i].add(c.A.Runs, one.A.Values, one.LeftOut)
			out[i].add(c.B.Runs, one.B.Values, one.LeftOut)
		}
	}
	if len(m.Comparisons) > 0 {
		return out
	}
	return m.plainMetrics()
}

// add takes the values of runs, which are in their order, but for those left out.
func (m metric) add(runs []document.ComparedRun, values []float64, leftOut []document.LeftOutRun) {
	for _, r := range runs {
		if slices.ContainsFunc(leftOut, func(l document.LeftOutRun) bool { return l.RunID == r.RunID }) {
			continue
		}
		if len(values) > 0 {
			m.values[r.RunID], values = values[0], values[1:]
		}
	}
}

// plainMetrics are figures that stand in every Result. What no run has is left out.
func (m *model) plainMetrics() []metric {
	all := []struct {
		label, unit string
		of          func(*group, *run) *float64
	}{
		{"p50", wording.Milliseconds, percentile(func(s *document.Summary) *float64 { return s.P50 })},
		{"p90", wording.Milliseconds, percentile(func(s *document.Summary) *float64 { return s.P90 })},
		{"p99", wording.Milliseconds, percentile(func(s *document.Summary) *float64 { return s.P99 })},
		{"p99.9", wording.Milliseconds, percentile(func(s *document.Summary) *float64 { return s.P999 })},
		{"rate", wording.PerSecond, func(_ *group, r *run) *float64 { return &r.Status.Rate.Achieved }},
		{"errors", wording.Percent, func(_ *group, r *run) *float64 { return r.errorRate() }},
	}
	var out []metric
	for _, one := range all {
		values := map[string]float64{}
		for _, g := range m.groups {
			for _, r := range g.all {
				if v := one.of(g, r); v != nil {
					values[r.Metadata.RunID] = *v
				}
			}
		}
		if len(values) > 0 {
			out = append(out, metric{one.label, one.unit, values})
		}
	}
	return out
}

// percentile is one of the latency that stands for the group, so that a group's runs can
// be held against each other; nil where a run has none.
func percentile(of func(*document.Summary) *float64) func(*group, *run) *float64 {
	return func(g *group, r *run) *float64 {
		s := g.times().summary(r.Status.Latency)
		if s == nil {
			return nil
		}
		return of(s)
	}
}

// ofServiceTime names the groups whose percentiles are of another latency than what is
// usual; "" without, or where the metrics' own names say it.
func (m *model) ofServiceTime() string {
	var names []string
	for _, g := range m.groups {
		if g.times().name == serviceTimes.name {
			names = append(names, g.name)
		}
	}
	switch {
	case len(names) == 0 || len(m.Comparisons) > 0:
		return ""
	case len(names) == len(m.groups):
		return "; percentiles are of the service time"
	}
	return "; percentiles of " + joined(names) + " are of the service time, others of the response time"
}

// errorRate is the share of failed requests in percent.
func (r *run) errorRate() *float64 {
	q := r.Status.Requests
	if q.Sent == 0 {
		return nil
	}
	v := 100 * float64(q.Failed) / float64(q.Sent)
	return &v
}

// everyRun is the section with each run as a dot, and its figures.
func (m *model) everyRun() (section, error) {
	s := section{ID: "runs", Title: "Every run"}
	runs, most := 0, 0
	for _, g := range m.groups {
		runs += len(g.all)
		most = max(most, len(g.runs))
	}
	if runs < 2 {
		return s, nil
	}
	all := m.metrics()
	if most > 1 {
		b := block{Text: "A dot is a run, the earliest at the top of its row. The stroke is their median, the bar its interval of at least 95 % by order statistics, which needs six runs."}
		for i, one := range all {
			d, err := m.dots(fmt.Sprintf("dots-%d", i+1), one)
			if err != nil {
				return s, err
			}
			b.Figures = append(b.Figures, d)
		}
		s.Blocks = append(s.Blocks, b)
	}
	s.Blocks = append(s.Blocks, block{Table: m.runTable(all)})
	return s, nil
}

func (m *model) dots(id string, one metric) (drawing, error) {
	d := chart.DotRows{Unit: chart.Unit(one.unit)}
	description := ""
	for _, g := range m.groups {
		row := chart.DotRow{Name: printer.Escape(g.mark()), Look: g.look(0)}
		var values []float64
		for _, r := range inOrder(g.runs) {
			v, ok := one.values[r.Metadata.RunID]
			if !ok {
				continue
			}
			values = append(values, v)
			row.Dots = append(row.Dots, chart.Dot{Value: v, Text: fmt.Sprintf("%s: %s, run %s, %s", row.Name, wording.Figure(one.unit, v), printer.Escape(r.Metadata.RunID), when(r.Status.StartTime))})
		}
		if len(values) == 0 {
			continue
		}
		row.Median = statistics.Median(values)
		row.Low, row.High = medianInterval(values)
		d.Rows = append(d.Rows, row)
		description += fmt.Sprintf("%s: %s, median %s", row.Name, counted(len(values), "run"), wording.Figure(one.unit, row.Median))
		if row.Low != nil {
			description += fmt.Sprintf(", interval %s to %s", wording.Figure(one.unit, *row.Low), wording.Figure(one.unit, *row.High))
		}
		description += ". "
	}
	return drawn(id, one.label, description, "", "No run has this figure.", func(w io.Writer, h chart.Head) error { return chart.Dots(w, h, d) })
}

// inOrder is runs by their time.
func inOrder(runs []*run) []*run {
	return slices.SortedStableFunc(slices.Values(runs), func(a, b *run) int { return a.Status.StartTime.Compare(b.Status.StartTime) })
}

func (m *model) runTable(all []metric) *table {
	t := &table{ID: "run-figures", Caption: "The figures of every run; those that do not count are marked" + m.ofServiceTime(), Columns: []string{"Group", "Run", "Started (UTC)"}, Names: 2}
	for _, one := range all {
		t.Columns = append(t.Columns, one.label)
	}
	t.Columns = append(t.Columns, "Counts")
	for _, g := range m.groups {
		for _, r := range inOrder(g.all) {
			line := cells(2, g.name, r.Metadata.RunID, strings.TrimSuffix(when(r.Status.StartTime), " UTC"))
			for _, one := range all {
				text := wording.None
				if v, ok := one.values[r.Metadata.RunID]; ok {
					text = wording.Figure(one.unit, v)
				}
				line.Cells = append(line.Cells, cells(0, text).Cells...)
			}
			counts := "yes"
			if r.leftOut != "" {
				counts, line.Kind = "no", "invalid"
			}
			line.Cells = append(line.Cells, cell{Text: counts})
			t.Rows = append(t.Rows, line)
		}
	}
	return t
}
