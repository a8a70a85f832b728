package collect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Names of series with a meaning of their own in the Result.
const (
	nodeCPU         = "node_cpu_seconds_total"
	nodeCores       = "node_cpu_cores"
	containerCPU    = "container_cpu_usage_seconds_total"
	containerMemory = "container_memory_working_set_bytes"
)

func (c *Collector) resources() document.Resources {
	var r document.Resources
	var end time.Duration
	for _, a := range c.agents {
		end = max(end, a.measuredTo)
	}
	c.ended.endAt(end)
	for _, a := range c.agents {
		r.Sources = append(r.Sources, a.sourceStatus()...)
		if d := a.sources[agentv1.Source_SOURCE_NODE_EXPORTER]; d != nil && d.readings > 0 {
			r.Nodes = append(r.Nodes, c.node(a, d))
		}
		if d := a.sources[agentv1.Source_SOURCE_KUBELET]; d != nil {
			r.Containers = append(r.Containers, c.containers(a, d)...)
		}
		for _, q := range a.ranges {
			r.Prometheus = append(r.Prometheus, queryResult(q))
		}
	}
	slices.SortFunc(r.Containers, func(a, b document.ContainerResource) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Pod, b.Pod), strings.Compare(a.Container, b.Container))
	})
	return r
}

var sourceNames = map[agentv1.Source]string{
	agentv1.Source_SOURCE_NODE_EXPORTER: "nodeExporter",
	agentv1.Source_SOURCE_KUBELET:       "kubelet",
	agentv1.Source_SOURCE_PROMETHEUS:    "prometheus",
}

// sourceStatus names every source that was wanted of this agent. The final
// chunk has them too, for who attached and never saw the answer to PrepareRun.
func (a *agentData) sourceStatus() []document.SourceStatus {
	wanted := a.Prepared.GetSources()
	if wanted == nil {
		wanted = a.final.GetSources()
	}
	var out []document.SourceStatus
	for _, s := range wanted {
		st := document.SourceStatus{Source: sourceNames[s.GetSource()], Node: a.Node, Available: s.GetAvailable(), Detail: s.GetDetail()}
		if d := a.sources[s.GetSource()]; d != nil {
			st.Samples, st.FailedSamples = d.readings, d.failed
			if d.failed > 0 || d.readings == 0 {
				st.LastError = d.lastErr // one before the measured time explains nothing else
			}
			st.Available = st.Available || d.readings > 0
		}
		if s.GetSource() == agentv1.Source_SOURCE_PROMETHEUS {
			for _, q := range a.ranges {
				if q.GetError() == "" {
					st.Samples++
				} else {
					st.FailedSamples++
					st.LastError = q.GetError()
				}
			}
		}
		out = append(out, st)
	}
	return out
}

func (c *Collector) node(a *agentData, d *sourceData) document.NodeResources {
	n := document.NodeResources{Node: a.Node}
	var busy, total, longest float64
	var from, to time.Time
	whole, together := true, true // no mode lacks an increase; all have one window
	for _, s := range d.series {
		if s == nil || s.n == 0 {
			continue
		}
		switch s.name {
		case nodeCores:
			n.Cores = int(s.previous)
			continue
		case nodeCPU:
			window, ok := s.window()
			if !ok {
				whole = false
				break
			}
			longest = max(longest, window)
			together = together && (from.IsZero() || from.Equal(s.first) && to.Equal(s.last))
			from, to = s.first, s.last
			if n.CPUSeconds == nil {
				n.CPUSeconds = map[string]float64{}
			}
			mode := s.labels["mode"]
			n.CPUSeconds[mode] += s.increase
			total += s.increase
			if !idle(mode) {
				busy += s.increase
			}
		}
		n.Series = append(n.Series, s.stats())
	}
	if n.CPUSeconds != nil {
		n.WindowSeconds = &longest
	}
	if total > 0 && whole {
		share := busy / total
		n.CPUUtilization = &share
		if together {
			n.Cost = c.cost(a, from, to, busy)
		}
	}
	slices.SortFunc(n.Series, func(a, b document.SeriesStats) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(labelText(a.Labels), labelText(b.Labels)))
	})
	return n
}

func (s *seriesData) stats() document.SeriesStats {
	st := document.SeriesStats{Name: s.name, Labels: s.labels, Samples: s.n}
	if s.counter {
		if window, ok := s.window(); ok {
			increase := s.increase
			st.Increase, st.WindowSeconds = &increase, &window
		}
		return st
	}
	mean, low, top := s.sum/float64(s.n), s.lowest, s.top
	st.Mean, st.Min, st.Max = &mean, &low, &top
	return st
}

func labelText(labels map[string]string) string {
	keys := make([]string, 0, len(labels))
	for k, v := range labels {
		keys = append(keys, k+"="+v)
	}
	slices.Sort(keys)
	return strings.Join(keys, ",")
}

// containers pairs the CPU and memory series of each container. A container of
// which CPU was read only once has no CPU figures: it is not counted as idle.
func (c *Collector) containers(a *agentData, d *sourceData) []document.ContainerResource {
	type key struct{ namespace, pod, container string }
	found := map[key]*document.ContainerResource{}
	for _, s := range d.series {
		if s == nil || s.n == 0 || (s.name != containerCPU && s.name != containerMemory) {
			continue
		}
		k := key{s.labels["namespace"], s.labels["pod"], s.labels["container"]}
		r := found[k]
		if r == nil {
			r = &document.ContainerResource{Node: a.Node, Namespace: k.namespace, Pod: k.pod, Container: k.container}
			found[k] = r
		}
		if s.name == containerMemory {
			mean, top := s.sum/float64(s.n), s.top
			r.MemorySamples, r.MemoryMeanBytes, r.MemoryMaxBytes = s.n, &mean, &top
			continue
		}
		r.CPUSamples = s.n
		if window, ok := s.window(); ok {
			increase, cores := s.increase, s.increase/window
			r.CPUSeconds, r.WindowSeconds, r.MeanCores = &increase, &window, &cores
			r.Cost = c.cost(a, s.first, s.last, increase)
		}
	}
	out := make([]document.ContainerResource, 0, len(found))
	for _, r := range found {
		out = append(out, *r)
	}
	return out
}

func queryResult(q *agentv1.RangeResult) document.QueryResult {
	r := document.QueryResult{Name: q.GetName(), Query: q.GetQuery(), Unit: q.GetUnit(), URL: q.GetUrl(),
		Start: utc(q.GetStart().AsTime()), End: utc(q.GetEnd().AsTime()), Step: document.Duration(q.GetStep().AsDuration()), Error: q.GetError()}
	for _, s := range q.GetSeries() {
		rs := document.RangeSeries{Labels: s.GetLabels(), Points: []document.SeriesPoint{}}
		for i, t := range s.GetUnixMilli() {
			// JSON has no word for what is not a finite number.
			if i >= len(s.GetValues()) || !finite(s.GetValues()[i]) {
				continue
			}
			rs.Points = append(rs.Points, document.SeriesPoint{UnixMs: t, Value: s.GetValues()[i]})
		}
		r.Series = append(r.Series, rs)
	}
	return r
}

func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
