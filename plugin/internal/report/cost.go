package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// layerFigures are a layer's in the runs of a group.
type layerFigures struct {
	cpu, memory []float64
	containers  []string
	// reason why a run has no figure, the last one.
	reason string
}

// cost is the section of CPU and memory by layer.
func (m *model) cost() (section, error) {
	s := section{ID: "cost", Title: "Cost"}
	if len(m.groups) == 0 {
		return s, nil
	}
	var found []map[string]*layerFigures
	for _, g := range m.groups {
		found = append(found, g.layers())
	}
	var names []string
	for _, name := range []string{layerNames[layer.Application], layerNames[layer.DataPlane], layerNames[layer.ControlPlane], wholeNodes} {
		// A mesh that nobody has is not worth a line.
		if slices.ContainsFunc(found, func(f map[string]*layerFigures) bool {
			return f[name] != nil && (name == wholeNodes || len(f[name].containers) > 0)
		}) {
			names = append(names, name)
		}
	}
	figures, err := m.costCharts(names, found)
	if err != nil {
		return s, err
	}
	s.Blocks = []block{{Figures: figures}}
	if len(names) > 0 {
		s.Blocks = append(s.Blocks, block{Table: m.costTable(names, found)})
	}
	if r := m.single(); r != nil && len(r.Status.Resources.Containers) > 0 {
		s.Blocks = append(s.Blocks, block{More: &more{"All containers that were read", []block{{Table: containers(r.Result)}}}})
	}
	return s, nil
}

// layers are the figures of the runs that count.
func (g *group) layers() map[string]*layerFigures {
	out := map[string]*layerFigures{}
	at := func(name string) *layerFigures {
		if out[name] == nil {
			out[name] = &layerFigures{}
		}
		return out[name]
	}
	for _, r := range g.runs {
		for name, cost := range costsOf(r.Result) {
			f := at(name)
			for _, c := range cost.Containers {
				if !slices.Contains(f.containers, c) {
					f.containers = append(f.containers, c)
				}
			}
			if cost.CPU.Absent == "" {
				f.cpu = append(f.cpu, cost.CPU.Value)
			}
			if cost.Memory.Absent == "" {
				f.memory = append(f.memory, cost.Memory.Value)
			}
			for _, why := range []string{cost.CPU.Absent, cost.Memory.Absent} {
				if why != "" && name != wholeNodes {
					f.reason = why
				}
			}
		}
	}
	return out
}

func (m *model) costTable(names []string, found []map[string]*layerFigures) *table {
	t := &table{ID: "cost-figures", Names: 2, Caption: "CPU that 1,000 requests took, and memory in use, of all containers of a layer; medians of the runs",
		Columns: []string{"Group", "Layer", "CPU per 1,000 requests", "Memory", "Runs", "Containers"}}
	for i, g := range m.groups {
		for _, name := range names {
			f, what := found[i][name], "none"
			if f == nil {
				f = &layerFigures{}
			}
			switch {
			case name == wholeNodes:
				what = "everything, the kernel and the load generators included"
			case len(f.containers) > 0:
				what = strings.Join(f.containers, ", ")
			}
			if f.reason != "" {
				what += "; " + f.reason
			}
			line := cells(2, g.mark(), name, ofMedian(wording.CoreSeconds, f.cpu), ofMedian(wording.Bytes, f.memory), fmt.Sprintf("%d of %d", max(len(f.cpu), len(f.memory)), len(g.runs)))
			line.Cells = append(line.Cells, cell{Text: printer.Escape(what), Wide: true})
			if g.doubtful {
				line.Kind = "invalid"
			}
			t.Rows = append(t.Rows, line)
		}
	}
	return t
}

// whyNoCost is why there is no cost by layer.
func (m *model) whyNoCost() string {
	for _, g := range m.groups {
		for _, r := range g.runs {
			if len(r.Status.Resources.Containers) > 0 && len(r.Status.Environment.TargetPods) == 0 {
				return "which pods are behind the target is not known"
			}
		}
	}
	return "the kubelet's metrics: " + m.notRead("kubelet")
}

func (m *model) costCharts(names []string, found []map[string]*layerFigures) ([]drawing, error) {
	var out []drawing
	for _, one := range []struct {
		id, title, unit string
		names           []string
		of              func(*layerFigures) []float64
	}{
		{"cost-cpu", "CPU per 1,000 requests", wording.CoreSeconds, names, func(f *layerFigures) []float64 { return f.cpu }},
		{"cost-memory", "Memory", wording.Bytes, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == wholeNodes }), func(f *layerFigures) []float64 { return f.memory }},
	} {
		b := chart.BarGroups{Unit: chart.Unit(one.unit), Categories: one.names}
		if one.unit == wording.CoreSeconds {
			b.Unit = "core-seconds per 1,000 requests"
		}
		description := ""
		for i, g := range m.groups {
			series := chart.BarSeries{Name: g.mark(), Look: g.look(0)}
			for _, name := range one.names {
				bar := chart.Bar{Value: math.NaN(), Text: "absent"}
				if f := found[i][name]; f != nil && len(one.of(f)) > 0 {
					bar.Value = statistics.Median(one.of(f))
					bar.Text = wording.Figure(one.unit, bar.Value)
				}
				series.Bars = append(series.Bars, bar)
				description += fmt.Sprintf("%s of %s: %s. ", name, series.Name, bar.Text)
			}
			b.Series = append(b.Series, series)
		}
		d, err := drawn(one.id, one.title+" by layer", description, "", "What the layers cost is not known: "+m.whyNoCost()+".",
			func(w io.Writer, h chart.Head) error { return chart.Bars(w, h, b) })
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
