package report

import (
	"fmt"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// overview is the groups with their key figures.
func (m *model) overview() (*table, error) {
	t := &table{ID: "overview", Names: 1, Caption: "Key figures of each group: the median rate of its runs, and percentiles of the response time unless the name says otherwise, all runs' histograms merged",
		Columns: []string{"Group", "Runs", "Requests", "Rate", "p50", "p90", "p99", "p99.9", "max", "Errors"}}
	for _, g := range m.groups {
		var sent, failed int64
		var rates []float64
		for _, r := range g.runs {
			sent += r.Status.Requests.Sent
			failed += r.Status.Requests.Failed
			rates = append(rates, r.Status.Rate.Achieved)
		}
		which := g.times()
		d, err := which.of(g.parts())
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", g.name, err)
		}
		name := g.mark()
		if which.name == serviceTimes.name {
			name += ", service time"
		}
		if d.merged == nil && d.only == nil {
			name += ", no percentiles without histograms"
		}
		runs := printer.Count(int64(len(g.runs)))
		if len(g.runs) < len(g.all) {
			runs = fmt.Sprintf("%d of %d", len(g.runs), len(g.all))
		}
		line := cells(1, name, runs, printer.Count(sent), printer.Rate(statistics.Median(rates))+" rps")
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			line.Cells = append(line.Cells, cells(0, wording.FigureOf(wording.Milliseconds, d.quantile(q))).Cells...)
		}
		line.Cells = append(line.Cells, cells(0, d.greatest(), share(failed, sent)).Cells...)
		if g.doubtful {
			line.Kind = "invalid"
		}
		t.Rows = append(t.Rows, line)
	}
	return t, nil
}
