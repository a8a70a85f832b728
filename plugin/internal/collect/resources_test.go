package collect

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// reading is one of a source, ms after T0 on the agent's clock: values by id.
func (r *run) reading(agent int, source agentv1.Source, ms int64, newSeries []*agentv1.Series, values map[uint32]float64) {
	s := &agentv1.Samples{Source: source, UnixMilli: t0.Add(r.agents[agent].Offset).UnixMilli() + ms, NewSeries: newSeries}
	for id := uint32(0); id < 100; id++ {
		if v, ok := values[id]; ok {
			s.SeriesIds, s.Values = append(s.SeriesIds, id), append(s.Values, v)
		}
	}
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: s}})
}

const (
	exporter = agentv1.Source_SOURCE_NODE_EXPORTER
	kubelet  = agentv1.Source_SOURCE_KUBELET
)

func cpuSeries() []*agentv1.Series {
	return []*agentv1.Series{
		{Id: 1, Name: nodeCPU, Labels: map[string]string{"mode": "idle"}, Counter: true},
		{Id: 2, Name: nodeCPU, Labels: map[string]string{"mode": "user"}, Counter: true},
		{Id: 3, Name: nodeCPU, Labels: map[string]string{"mode": "iowait"}, Counter: true},
		{Id: 4, Name: "node_load1", Counter: false},
		{Id: 5, Name: nodeCores},
	}
}

func TestNodeResources(t *testing.T) {
	r := started(t, test(), 30*time.Minute)
	// Readings at the very edges of the measured time (2 s to 12 s) count, those
	// outside do not. The user counter starts again from 0 at 8 s.
	r.reading(0, exporter, 1999, cpuSeries(), map[uint32]float64{1: 0, 2: 0, 3: 0, 4: 99, 5: 4})
	r.reading(0, exporter, 2000, nil, map[uint32]float64{1: 100, 2: 50, 3: 5, 4: 1, 5: 4})
	r.reading(0, exporter, 6000, nil, map[uint32]float64{1: 106, 2: 54, 3: 5, 4: 3, 5: 4})
	r.reading(0, exporter, 8000, nil, map[uint32]float64{1: 108, 2: 1, 3: 6, 4: math.NaN(), 5: 4})
	r.reading(0, exporter, 12000, nil, map[uint32]float64{1: 112, 2: 2, 3: 6, 4: 2, 5: 4})
	r.reading(0, exporter, 12001, nil, map[uint32]float64{1: 999, 2: 999, 3: 999, 4: 99, 5: 4})
	s := r.result().Status
	if len(s.Resources.Nodes) != 1 {
		t.Fatalf("nodes %+v", s.Resources.Nodes)
	}
	n := s.Resources.Nodes[0]
	if n.CPUSeconds["idle"] != 12 || n.CPUSeconds["user"] != 6 || n.CPUSeconds["iowait"] != 1 || n.Cores != 4 {
		t.Errorf("%+v", n)
	}
	if n.WindowSeconds == nil || *n.WindowSeconds != 10 {
		t.Errorf("CPU seconds of a window of %v, want 10 s", n.WindowSeconds)
	}
	if !near(*n.CPUUtilization, 6.0/19) {
		t.Errorf("utilization %v, want 6 of 19 s", *n.CPUUtilization)
	}
	for _, st := range n.Series {
		switch {
		case st.Name == "node_load1" && (st.WindowSeconds != nil || st.Samples != 3 || *st.Mean != 2 || *st.Min != 1 || *st.Max != 3 || st.Increase != nil):
			t.Errorf("gauge %+v", st)
		case st.Name == nodeCPU && (st.Samples != 4 || st.Increase == nil || *st.WindowSeconds != 10 || st.Mean != nil):
			t.Errorf("counter %+v", st)
		}
	}
}

// What was read once has risen by nobody knows how much, which is not by 0.
func TestACounterReadOnceHasNoIncrease(t *testing.T) {
	r := started(t, test(), 0)
	r.reading(0, exporter, 5000, cpuSeries(), map[uint32]float64{1: 100, 2: 50, 4: 1, 5: 4})
	r.reading(0, exporter, 7500, nil, map[uint32]float64{2: 51})
	nodes := r.result().Status.Resources.Nodes
	if len(nodes) != 1 || nodes[0].Cores != 4 {
		t.Fatalf("%+v", nodes)
	}
	n := nodes[0]
	if _, idle := n.CPUSeconds["idle"]; idle || n.CPUSeconds["user"] != 1 || *n.WindowSeconds != 2.5 || n.CPUUtilization != nil {
		t.Errorf("%+v", n)
	}
	for _, st := range n.Series {
		once := st.Labels["mode"] == "idle"
		if st.Name == nodeCPU && (once != (st.Increase == nil) || once != (st.WindowSeconds == nil)) {
			t.Errorf("counter %+v", st)
		}
		if st.Name == "node_load1" && (st.Samples != 1 || *st.Mean != 1) {
			t.Errorf("gauge %+v", st)
		}
	}
	r = started(t, test(), 0)
	r.reading(0, exporter, 5000, cpuSeries(), map[uint32]float64{1: 100, 2: 50})
	if n := r.result().Status.Resources.Nodes[0]; n.CPUSeconds != nil || n.WindowSeconds != nil || n.CPUUtilization != nil {
		t.Errorf("one reading of CPU: %+v", n)
	}
}

func TestContainers(t *testing.T) {
	r := started(t, test(), 0)
	labels := func(pod string) map[string]string {
		return map[string]string{"namespace": "shop", "pod": pod, "container": "app"}
	}
	series := []*agentv1.Series{
		{Id: 1, Name: containerCPU, Labels: labels("b"), Counter: true},
		{Id: 2, Name: containerMemory, Labels: labels("b")},
		{Id: 3, Name: containerCPU, Labels: labels("a"), Counter: true},
	}
	// The kubelet's own times are what counts: the first is before the measured
	// time although it was read inside.
	stamped := func(ms int64, own []int64, news []*agentv1.Series, ids []uint32, values []float64) {
		s := &agentv1.Samples{Source: kubelet, UnixMilli: t0.UnixMilli() + ms, NewSeries: news, SeriesIds: ids, Values: values}
		for _, o := range own {
			if o != 0 {
				o += t0.UnixMilli()
			}
			s.SampleUnixMilli = append(s.SampleUnixMilli, o)
		}
		r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: s}})
	}
	stamped(2500, []int64{1500, 0}, series, []uint32{1, 2}, []float64{10, 100})
	stamped(4000, []int64{3000, 0, 3000}, nil, []uint32{1, 2, 3}, []float64{11, 300, 5})
	stamped(9000, []int64{8000}, nil, []uint32{1}, []float64{13})
	// Ids and values that do not fit each other are left out, not believed.
	stamped(9500, nil, nil, []uint32{1, 2, 77}, []float64{14})
	c := r.result().Status.Resources.Containers
	if len(c) != 2 || c[0].Pod != "a" || c[1].Pod != "b" {
		t.Fatalf("%+v", c)
	}
	if b := c[1]; *b.CPUSeconds != 3 || *b.WindowSeconds != 6.5 || b.CPUSamples != 3 || !near(*b.MeanCores, 3/6.5) || *b.MemoryMeanBytes != 200 || *b.MemoryMaxBytes != 300 || b.MemorySamples != 2 || b.Node != "worker-1" {
		t.Errorf("%+v", b)
	}
	if a := c[0]; a.CPUSamples != 1 || a.CPUSeconds != nil || a.WindowSeconds != nil || a.MeanCores != nil ||
		a.MemorySamples != 0 || a.MemoryMeanBytes != nil || a.MemoryMaxBytes != nil {
		t.Errorf("read once: %+v", a)
	}
}

func TestSources(t *testing.T) {
	r := started(t, test(), 0, 0)
	r.agents[0].Prepared.Sources = []*agentv1.SourceStatus{
		{Source: exporter, Available: true, Detail: "http://10.0.0.1:9100/metrics"},
		{Source: kubelet, Detail: "the agents may not read it"},
		{Source: agentv1.Source_SOURCE_PROMETHEUS, Available: true, Detail: "http://prometheus:9090"},
	}
	fail := func(ms int64, why string) {
		r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: &agentv1.Samples{Source: exporter, UnixMilli: t0.UnixMilli() + ms, Error: why}}})
	}
	fail(1000, "in warm-up")
	r.reading(0, exporter, 3000, cpuSeries(), map[uint32]float64{1: 1})
	for _, q := range []*agentv1.RangeResult{
		{Name: "good", Query: "up", Step: durationpb.New(time.Second), Start: timestamppb.New(t0), End: timestamppb.New(t0),
			Series: []*agentv1.RangeSeries{{Labels: map[string]string{"pod": "a"}, UnixMilli: []int64{1, 2, 3, 4}, Values: []float64{1, math.NaN(), math.Inf(1)}}}},
		{Name: "bad", Query: "up(", Error: "parse error"},
	} {
		r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_RangeResult{RangeResult: q}})
	}
	s := r.result().Status.Resources
	want := []document.SourceStatus{
		{Source: "nodeExporter", Node: "worker-1", Available: true, Detail: "http://10.0.0.1:9100/metrics", Samples: 1},
		{Source: "kubelet", Node: "worker-1", Detail: "the agents may not read it"},
		{Source: "prometheus", Node: "worker-1", Available: true, Detail: "http://prometheus:9090", Samples: 1, FailedSamples: 1, LastError: "parse error"},
	}
	if len(s.Sources) != len(want) {
		t.Fatalf("%+v", s.Sources)
	}
	for i := range want {
		if s.Sources[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", s.Sources[i], want[i])
		}
	}
	if q := s.Prometheus; len(q) != 2 || len(q[0].Series[0].Points) != 1 || q[0].Series[0].Points[0].Value != 1 || q[1].Error != "parse error" {
		t.Errorf("%+v", q)
	}
	fail(5000, "connection refused")
	if got := r.result().Status.Resources.Sources[0]; got.FailedSamples != 1 || got.LastError != "connection refused" {
		t.Errorf("%+v", got)
	}
	// Who attaches never saw the answer to PrepareRun: the final chunk has it.
	r.Chunk(1, &agentv1.Chunk{Body: &agentv1.Chunk_Final{Final: &agentv1.Final{Sources: []*agentv1.SourceStatus{{Source: kubelet, Detail: "no"}}}}})
	if got := r.result().Status.Resources.Sources[3]; got.Source != "kubelet" || got.Node != "worker-2" {
		t.Errorf("%+v", got)
	}
}

func TestBusiestNode(t *testing.T) {
	r := started(t, test(), 0, 0)
	for i := range 2 {
		r.reading(i, exporter, 2000, cpuSeries(), map[uint32]float64{1: 100, 2: 100})
		r.reading(i, exporter, 3000, nil, map[uint32]float64{1: 103 - float64(i), 2: 101 + float64(i)})
		r.snapshot(i, 2000, 4000, false, 10, 0, time.Millisecond)
	}
	if p := r.Progress(); p.NodeCPU == nil || !near(*p.NodeCPU, 0.5) {
		t.Errorf("%v", p.NodeCPU)
	}
	// A series whose id is out of all reason is not allowed to take memory.
	r.reading(0, exporter, 4000, []*agentv1.Series{{Id: math.MaxUint32, Name: "x"}}, nil)
	r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: &agentv1.Samples{Source: exporter, UnixMilli: t0.UnixMilli() + 4000, SeriesIds: []uint32{1, 2, math.MaxUint32}, Values: []float64{110}}}})
}
