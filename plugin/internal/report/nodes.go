package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// mostNodes is how many nodes a chart shows.
const mostNodes = 24

// nodeFigures are a node's in the runs of a group.
type nodeFigures struct {
	latency                           *distribution
	parts                             []part
	sent, failed                      int64
	rates, skews, agentCPU, cpu, cost []float64
}

// nodes is the section of each node.
func (m *model) nodes() (section, error) {
	s := section{ID: "nodes", Title: "Nodes"}
	t := &table{ID: "node-figures", Names: 2, Caption: "Each agent's share by its node: percentiles are of all runs' histograms merged, shares of CPU and rates medians of the runs, the start skew the greatest",
		Columns: []string{"Group", "Node", "Requests", "Rate", "p50", "p99", "max", "Errors", "Start skew", "Agent CPU", "Node CPU", "Node CPU per 1,000"}}
	found := make([]map[string]*nodeFigures, len(m.groups))
	for i, g := range m.groups {
		var err error
		if found[i], err = g.byNode(); err != nil {
			return s, fmt.Errorf("group %q: %w", g.name, err)
		}
		for _, node := range slices.Sorted(maps.Keys(found[i])) {
			n := found[i][node]
			line := cells(2, g.mark(), node, printer.Count(n.sent), ofMedian(wording.PerSecond, n.rates), wording.FigureOf(wording.Milliseconds, n.latency.quantile(0.5)), wording.FigureOf(wording.Milliseconds, n.latency.quantile(0.99)),
				n.latency.greatest(), share(n.failed, n.sent), greatestOf(n.skews), ofMedian(wording.Percent, n.agentCPU), ofMedian(wording.Percent, n.cpu), ofMedian(wording.CoreSeconds, n.cost))
			if g.doubtful {
				line.Kind = "invalid"
			}
			t.Rows = append(t.Rows, line)
		}
	}
	if len(t.Rows) == 0 {
		return s, nil
	}
	figures, err := m.nodeCharts(found)
	s.Blocks = []block{{Figures: figures}, {Table: t, Notes: m.withoutAgent()}}
	return s, err
}

func ofMedian(unit string, values []float64) string {
	v := statistics.Median(values)
	return wording.FigureOf(unit, &v)
}

func greatestOf(skews []float64) string {
	if len(skews) == 0 {
		return wording.None
	}
	return printer.Latency(slices.Max(skews))
}

func (g *group) byNode() (map[string]*nodeFigures, error) {
	out := map[string]*nodeFigures{}
	at := func(node string) *nodeFigures {
		if out[node] == nil {
			out[node] = &nodeFigures{}
		}
		return out[node]
	}
	for _, r := range g.runs {
		for i := range r.Status.Agents {
			a := &r.Status.Agents[i]
			n := at(a.Node)
			n.parts = append(n.parts, part{&a.Latency, &a.Histograms})
			n.sent, n.failed = n.sent+a.Requests.Sent, n.failed+a.Requests.Failed
			n.rates, n.skews = append(n.rates, a.Rate.Achieved), append(n.skews, a.StartSkewMs)
			if a.CPUUtilization != nil {
				n.agentCPU = append(n.agentCPU, 100**a.CPUUtilization)
			}
		}
		for _, resources := range r.Status.Resources.Nodes {
			n := at(resources.Node)
			if v := resources.CPUUtilization; v != nil {
				n.cpu = append(n.cpu, 100**v)
			}
			if v := resources.CoreSecondsPer1000Requests; v != nil {
				n.cost = append(n.cost, *v)
			}
		}
	}
	for node, n := range out {
		var err error
		if n.latency, err = g.times().of(n.parts); err != nil {
			return nil, fmt.Errorf("node %q: %w", node, err)
		}
	}
	return out, nil
}

func (m *model) nodeCharts(found []map[string]*nodeFigures) ([]drawing, error) {
	q, name := 0.99, "p99"
	if !slices.ContainsFunc(found, func(g map[string]*nodeFigures) bool {
		return slices.ContainsFunc(slices.Collect(maps.Values(g)), func(n *nodeFigures) bool { return n.latency.quantile(0.99) != nil })
	}) {
		q, name = 0.5, "p50"
	}
	latency := func(n *nodeFigures) float64 {
		if v := n.latency.quantile(q); v != nil {
			return *v
		}
		return math.NaN()
	}
	nodes, caption := slowest(found, latency)
	var out []drawing
	for _, one := range []struct {
		id, title, absent string
		unit              string
		of                func(*nodeFigures) float64
	}{
		{"node-latency", "Latency " + name + " by node", "No node has enough requests for a percentile.", wording.Milliseconds, latency},
		{"node-cpu", "CPU of each node", "The CPU of nodes was not read: " + m.notRead("nodeExporter") + ".", wording.Percent, func(n *nodeFigures) float64 { return statistics.Median(n.cpu) }},
	} {
		b := chart.BarGroups{Unit: chart.Unit(one.unit), Categories: escaped(nodes)}
		description := ""
		for i, g := range m.groups {
			series := chart.BarSeries{Name: printer.Escape(g.mark()), Look: g.look(0)}
			for _, node := range nodes {
				bar := chart.Bar{Value: math.NaN(), Text: "absent"}
				if n := found[i][node]; n != nil && !math.IsNaN(one.of(n)) {
					bar.Value = one.of(n)
					bar.Text = wording.Figure(one.unit, bar.Value)
				}
				series.Bars = append(series.Bars, bar)
				description += fmt.Sprintf("%s on %s: %s. ", series.Name, printer.Escape(node), bar.Text)
			}
			b.Series = append(b.Series, series)
		}
		d, err := drawn(one.id, one.title, description, caption, one.absent, func(w io.Writer, h chart.Head) error { return chart.Bars(w, h, b) })
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// slowest are the names of all nodes; of very many the slowest, as the caption says.
func slowest(found []map[string]*nodeFigures, latency func(*nodeFigures) float64) (nodes []string, caption string) {
	worst := map[string]float64{}
	for _, g := range found {
		for node, n := range g {
			worst[node] = max(worst[node], 0)
			if v := latency(n); !math.IsNaN(v) {
				worst[node] = max(worst[node], v)
			}
		}
	}
	nodes = slices.Sorted(maps.Keys(worst))
	if len(nodes) > mostNodes {
		caption = fmt.Sprintf("The %d slowest of %d nodes; the table has all.", mostNodes, len(nodes))
		slices.SortStableFunc(nodes, func(a, b string) int {
			if worst[a] != worst[b] {
				if worst[a] > worst[b] {
					return -1
				}
				return 1
			}
			return 0
		})
		nodes = nodes[:mostNodes]
	}
	return nodes, caption
}

// withoutAgent are the nodes that had no part in the load.
func (m *model) withoutAgent() []string {
	var out []string
	for _, g := range m.groups {
		for _, r := range g.runs {
			for _, n := range r.Status.NodesWithoutAgent {
				reason := n.Reason
				if reason == "" {
					reason = "no reason is given"
				}
				text := printer.Escape(fmt.Sprintf("No agent on %s: %s", n.Node, reason))
				if !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
		}
	}
	return out
}
