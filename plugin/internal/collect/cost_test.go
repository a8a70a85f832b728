package collect

import (
	"math"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// ramp is a load of all agents that rises from low to high calls per second
// between two times after T0, in seconds, and has one rate before and after.
type ramp struct{ from, to, low, high float64 }

// calls is how many it has made until t.
func (p ramp) calls(t float64) float64 {
	n := p.low * min(t, p.from)
	if dt := min(t, p.to) - p.from; dt > 0 {
		n += p.low*dt + (p.high-p.low)*dt*dt/(2*(p.to-p.from))
	}
	return n + p.high*max(0, t-p.to)
}

// ended is a snapshot of the calls that ended in it, whole ones.
func (r *run) ended(agent int, load ramp, from, to float64, warmup bool) {
	n := int64(load.calls(to)) - int64(load.calls(from))
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{
		FromNanos: int64(from * 1e9), ToNanos: int64(to * 1e9), Warmup: warmup, Counts: of(n)}}})
}

// stamped is a look of the kubelet at a container's CPU, seconds after T0.
func (r *run) stamped(agent int, t, cpu float64, news []*agentv1.Series) {
	ms := t0.Add(r.agents[agent].Offset).UnixMilli() + int64(math.Round(t*1000))
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: &agentv1.Samples{Source: kubelet, UnixMilli: ms + 700,
		NewSeries: news, SeriesIds: []uint32{1}, Values: []float64{cpu}, SampleUnixMilli: []int64{ms}}}})
}

func container(pod string) []*agentv1.Series {
	return []*agentv1.Series{{Id: 1, Name: containerCPU, Counter: true, Labels: map[string]string{"namespace": "shop", "pod": pod, "container": "app"}}}
}

// The truth is known: each call takes 0.4 ms of CPU in one container, 0.1 ms in
// the other, and 1.1 ms of its node. The load rises all the time, the kubelet
// looks at moments of its own, and the agents' clocks are hours apart.
func TestCostOfARisingLoadIsExact(t *testing.T) {
	const warmup, measured = 2.5, 60.0
	load := ramp{warmup, warmup + measured, 100, 1000}
	half := ramp{load.from, load.to, load.low / 2, load.high / 2} // of each agent
	test := test()
	test.Spec.Load.Warmup = document.Duration(2500 * time.Millisecond)
	test.Spec.Load.Stages = []document.Stage{{Rate: 100}, {Duration: document.Duration(time.Minute), Rate: 1000}}
	test.Spec.Load.Duration = document.Duration(time.Minute)
	r := started(t, test, 30*time.Minute, -time.Hour)
	for i := range 2 {
		r.ended(i, half, 0, 1, true)
		r.ended(i, half, 1, 2, true)
		r.ended(i, half, 2, warmup, true)
		r.ended(i, half, warmup, 3, false)
		for s := 3.0; s < 62; s++ {
			r.ended(i, half, s, s+1, false)
		}
		r.ended(i, half, 62, 62.5, false)
		r.final(i, succeeded, "", 62500*time.Millisecond)
	}
	for i, c := range []struct {
		pod   string
		each  float64
		looks []float64
	}{{"a", 0.4e-3, []float64{1.1, 9.337, 24.9, 31.2}}, {"b", 0.1e-3, []float64{44.851, 61.03, 70}}} {
		news := container(c.pod)
		for _, s := range c.looks {
			r.stamped(i, s, 7+c.each*load.calls(s), news)
			news = nil
		}
	}
	series := cpuSeries()
	for s := 2.6; s < 63; s += 0.95 {
		busy := 1.1e-3 * load.calls(s)
		r.reading(0, exporter, int64(math.Round(s*1000)), series, map[uint32]float64{1: 500 + 4*s - busy, 2: 100 + busy, 3: 9, 5: 4})
		series = nil
	}
	s := r.result().Status
	within := func(what string, c document.Cost, want, from, to float64) {
		t.Helper()
		n := load.calls(to) - load.calls(from)
		if c.CoreSecondsPer1000Requests == nil || math.Abs(*c.CoreSecondsPer1000Requests/want-1) > 0.01 || math.Abs(float64(*c.Requests)/n-1) > 0.01 {
			t.Errorf("%s: %v core-s, want %g; %v requests, want %.0f", what, c.CoreSecondsPer1000Requests, want, c.Requests, n)
			return
		}
		t.Logf("%s: off by %.4f %%", what, 100*(*c.CoreSecondsPer1000Requests/want-1))
	}
	for i, c := range []struct{ want, from, to float64 }{{0.4, 9.337, 31.2}, {0.1, 44.851, 61.03}} {
		got := s.Resources.Containers[i]
		within("container "+got.Pod, got.Cost, c.want, c.from, c.to)
		if got.WindowSeconds == nil || !near(*got.WindowSeconds, c.to-c.from) {
			t.Errorf("%+v", got)
		}
		// What it looks like where the CPU of a part of the run is divided by the
		// rate of all of it.
		naive := 1000 * *got.MeanCores / s.Rate.Achieved
		if math.Abs(naive/c.want-1) < 0.2 {
			t.Errorf("container %s: mean cores by mean rate are %g, as good as %g: this proves nothing", got.Pod, naive, c.want)
		}
		t.Logf("container %s: mean cores by mean rate is off by %.0f %%", got.Pod, 100*(naive/c.want-1))
	}
	within("node", s.Resources.Nodes[0].Cost, 1.1, 2.6, 62.45)
}

func TestCostNeedsRequestsAndReadings(t *testing.T) {
	for name, c := range map[string]struct {
		looks    []float64
		requests int64 // -1: absent
		cost     bool
	}{
		"enough":              {[]float64{3, 4}, 100, true},
		"too few":             {[]float64{3, 3.98}, 98, false},
		"one look":            {[]float64{3}, -1, false},
		"one is in warm-up":   {[]float64{1, 3}, -1, false},
		"one is after":        {[]float64{11, 13}, -1, false},
		"the whole time":      {[]float64{2, 12}, 1000, true},
		"looks at one moment": {[]float64{3, 3}, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, test(), 0)
			r.seconds(0, 0, 12, 100, time.Millisecond)
			r.final(0, succeeded, "", 12*time.Second)
			news := container("a")
			for i, s := range c.looks {
				r.stamped(0, s, float64(i), news)
				news = nil
			}
			var got document.Cost
			if all := r.result().Status.Resources.Containers; len(all) > 0 {
				got = all[0].Cost
			}
			if (got.CoreSecondsPer1000Requests != nil) != c.cost || (got.Requests == nil) != (c.requests < 0) || got.Requests != nil && *got.Requests != c.requests {
				t.Errorf("%+v", got)
			}
			if c.cost && !near(*got.CoreSecondsPer1000Requests, 1000/float64(c.requests)) {
				t.Errorf("%v core-s", *got.CoreSecondsPer1000Requests)
			}
		})
	}
}

// A mode of the CPU that was read less often than the others has another window:
// what they sum up to belongs to none.
func TestNodeCostNeedsOneWindow(t *testing.T) {
	r := started(t, test(), 0)
	r.seconds(0, 0, 12, 100, time.Millisecond)
	r.reading(0, exporter, 3000, cpuSeries(), map[uint32]float64{1: 1, 2: 1})
	r.reading(0, exporter, 5000, nil, map[uint32]float64{1: 2, 2: 2, 3: 1})
	r.reading(0, exporter, 7000, nil, map[uint32]float64{1: 3, 2: 3, 3: 2})
	if n := r.result().Status.Resources.Nodes[0]; n.CPUUtilization == nil || n.Requests != nil || n.CoreSecondsPer1000Requests != nil {
		t.Errorf("%+v", n)
	}
}

func TestEndedCalls(t *testing.T) {
	const s = time.Second
	e := newEndedCalls(2500*time.Millisecond, 12500*time.Millisecond)
	for _, one := range []struct {
		from, to time.Duration
		n        int64
	}{
		{0, 0, 5},                     // took no time
		{0, 2500 * 1e6, 1000},         // of the warm-up
		{2500 * 1e6, 3 * s, 50},       //
		{3 * s, 5 * s, 200},           // a snapshot that came late
		{12 * s, 13 * s, 100},         // half of it is after the end
		{14 * s, 15 * s, 100},         // after the end
		{1 << 61, 1<<61 + s, 1 << 40}, // of no such run
	} {
		e.add(one.from, one.to, one.n)
	}
	for _, c := range []struct {
		from, to time.Duration
		want     float64
	}{
		{2500 * 1e6, 12500 * 1e6, 300}, {0, 20 * s, 300}, {2500 * 1e6, 2750 * 1e6, 25}, {3500 * 1e6, 4500 * 1e6, 100},
		{5 * s, 12 * s, 0}, {12 * s, 12250 * 1e6, 25}, {4 * s, 4 * s, 0}, {5 * s, 3 * s, 0},
	} {
		if got := e.between(c.from, c.to); !near(got, c.want) && got != c.want {
			t.Errorf("from %s to %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
	// The run was stopped: its last, short snapshot is not spread over its second.
	e = newEndedCalls(0, 60*s)
	e.add(0, s, 100)
	e.add(s, 1250*1e6, 25)
	e.endAt(1250 * 1e6)
	if got := e.between(500*1e6, 1125*1e6); !near(got, 62.5) {
		t.Errorf("%v, want 62.5", got)
	}
	if none := newEndedCalls(0, s); none.between(0, s) != 0 {
		t.Error("calls out of nowhere")
	}
}

// BenchmarkEndedCalls is a week of 100 agents: what a snapshot costs, and what is
// kept of all.
func BenchmarkEndedCalls(b *testing.B) {
	week := 7 * 24 * time.Hour
	e := newEndedCalls(0, week)
	b.ReportAllocs()
	for i := range b.N {
		at := time.Duration(i) * time.Second % week
		e.add(at, at+time.Second, 100)
	}
}
