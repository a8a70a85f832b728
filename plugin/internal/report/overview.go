package report

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// overview is the groups with their key figures.
func (m *model) overview() (*table, error) {
	t := &table{ID: "overview", Names: 1, Caption: "Key figures of each group: the median rate of its runs, and percentiles of the response time, all runs' histograms merged",
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
		h, err := which.merged(g.histograms())
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", g.name, err)
		}
		name := g.mark()
		if which.name == serviceTimes.name {
			name += ", closed loop: service time"
		}
		runs := printer.Count(int64(len(g.runs)))
		if len(g.runs) < len(g.all) {
			runs = fmt.Sprintf("%d of %d", len(g.runs), len(g.all))
		}
		line := cells(1, name, runs, printer.Count(sent), printer.Rate(statistics.Median(rates))+" rps")
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			line.Cells = append(line.Cells, cells(0, wording.FigureOf(wording.Milliseconds, quantile(h, q))).Cells...)
		}
		greatest := wording.None
		if h.Count() > 0 {
			greatest = printer.Latency(ms(float64(h.Max())))
		}
		line.Cells = append(line.Cells, cells(0, greatest, share(failed, sent)).Cells...)
		if g.doubtful {
			line.Kind = "invalid"
		}
		t.Rows = append(t.Rows, line)
	}
	return t, nil
}

// times is the latency that stands for the group: the response time, or in a closed
// loop, which has none, the service time.
func (g *group) times() times {
	if slices.ContainsFunc(g.runs, func(r *run) bool { return r.closedLoop() }) {
		return serviceTimes
	}
	return responseTimes
}
