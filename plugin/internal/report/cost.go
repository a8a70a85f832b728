package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// layerFigures are a layer's in the runs of a group.
type layerFigures struct{ cpu, memory []float64 }

// cost is the section of CPU and memory by layer.
func (m *model) cost() (section, error) {
	s := section{ID: "cost", Title: "Cost"}
	if len(m.groups) == 0 {
		return s, nil
	}
	var names []string
	found := make([]map[string]*layerFigures, len(m.groups))
	t := &table{ID: "cost-figures", Names: 2, Caption: "CPU that 1,000 requests took in all pods behind the target, and memory in use; medians of the runs",
		Columns: []string{"Group", "Layer", "CPU per 1,000 requests", "Memory", "Runs"}}
	for i, g := range m.groups {
		found[i] = map[string]*layerFigures{}
		for _, r := range g.runs {
			for _, l := range layersOf(r.Result) {
				f := found[i][l.name]
				if f == nil {
					f = &layerFigures{}
					found[i][l.name] = f
				}
				if !slices.Contains(names, l.name) {
					names = append(names, l.name)
				}
				if l.coreSeconds != nil {
					f.cpu = append(f.cpu, *l.coreSeconds)
				}
				if l.memory != nil {
					f.memory = append(f.memory, *l.memory)
				}
			}
		}
	}
	for i, g := range m.groups {
		for _, name := range names {
			f := found[i][name]
			if f == nil {
				t.Rows = append(t.Rows, cells(2, g.mark(), name, none, none, "0 of "+printer.Count(int64(len(g.runs)))))
				continue
			}
			line := cells(2, g.mark(), name, ofMedian(coreSeconds, f.cpu), ofMedian(bytesOfMemory, f.memory), fmt.Sprintf("%d of %d", max(len(f.cpu), len(f.memory)), len(g.runs)))
			if g.doubtful {
				line.Kind = "invalid"
			}
			t.Rows = append(t.Rows, line)
		}
	}
	figures, err := m.costCharts(names, found)
	if err != nil {
		return s, err
	}
	s.Blocks = []block{{Figures: figures}}
	if len(names) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	if r := m.single(); r != nil && len(r.Status.Resources.Containers) > 0 {
		s.Blocks = append(s.Blocks, block{More: &more{"All containers that were read", []block{{Table: containers(r.Result)}}}})
	}
	return s, nil
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
	return m.notRead("kubelet")
}

func (m *model) costCharts(names []string, found []map[string]*layerFigures) ([]drawing, error) {
	var out []drawing
	for _, one := range []struct {
		id, title, unit string
		of              func(*layerFigures) []float64
	}{
		{"cost-cpu", "CPU per 1,000 requests", coreSeconds, func(f *layerFigures) []float64 { return f.cpu }},
		{"cost-memory", "Memory", bytesOfMemory, func(f *layerFigures) []float64 { return f.memory }},
	} {
		b := chart.BarGroups{Unit: chart.Unit(one.unit), Categories: escaped(names)}
		if one.unit == coreSeconds {
			b.Unit = "core-seconds per 1,000 requests"
		}
		description := ""
		for i, g := range m.groups {
			series := chart.BarSeries{Name: printer.Escape(g.mark()), Look: g.look(0)}
			for _, name := range names {
				bar := chart.Bar{Value: math.NaN(), Text: "absent"}
				if f := found[i][name]; f != nil && len(one.of(f)) > 0 {
					bar.Value = statistics.Median(one.of(f))
					bar.Text = figure(one.unit, bar.Value)
				}
				series.Bars = append(series.Bars, bar)
				description += fmt.Sprintf("%s of %s: %s. ", printer.Escape(name), series.Name, bar.Text)
			}
			b.Series = append(b.Series, series)
		}
		d, err := drawn(one.id, one.title+" by layer", description, "", "What the target costs is not known: "+m.whyNoCost()+".",
			func(w io.Writer, h chart.Head) error { return chart.Bars(w, h, b) })
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// mostContainers is how many containers a table has.
const mostContainers = 100

func containers(r *document.Result) *table {
	all := slices.Clone(r.Status.Resources.Containers)
	value := func(v *float64) float64 {
		if v == nil {
			return -1
		}
		return *v
	}
	slices.SortStableFunc(all, func(a, b document.ContainerResource) int {
		if x, y := value(a.MeanCores), value(b.MeanCores); x > y {
			return -1
		} else if x < y {
			return 1
		}
		return 0
	})
	t := &table{ID: "containers", Names: 2, Caption: "The kubelet's view of each container, busiest first", Columns: []string{"Pod", "Container", "Node", "CPU", "Readings", "CPU per 1,000 requests", "Memory", "Memory, greatest"}}
	if len(all) > mostContainers {
		t.Caption += fmt.Sprintf("; %d more are in the Result", len(all)-mostContainers)
		all = all[:mostContainers]
	}
	for _, c := range all {
		cpu := none
		if c.MeanCores != nil {
			cpu = printer.Significant(1000**c.MeanCores, 3) + " mCPU"
		}
		t.Rows = append(t.Rows, cells(2, c.Namespace+"/"+c.Pod, c.Container, c.Node, cpu, printer.Count(int64(c.CPUSamples)), figureOf(coreSeconds, c.CoreSecondsPer1000Requests), figureOf(bytesOfMemory, c.MemoryMeanBytes), figureOf(bytesOfMemory, c.MemoryMaxBytes)))
	}
	return t
}
