package load

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// arrivals are when requests arrived at the server, after T0, in order.
func arrivals(w *witness, t0 time.Time) list {
	var out list
	for _, e := range w.entries("") {
		out = append(out, e.arrived.Sub(t0))
	}
	return out
}

// The server sees the planned number of calls N(t), stage by stage within 1 %,
// and none before its time.
func TestTruthOfStages(t *testing.T) {
	t.Parallel()
	plan := Plan{Rate: 200, Connections: 16, Warmup: 500 * time.Millisecond, Duration: 5 * time.Second, Stages: []Stage{
		{Duration: 500 * time.Millisecond, Rate: 200},
		{Duration: 2 * time.Second, Rate: 800},
		{Duration: 1500 * time.Millisecond, Rate: 800},
		{Duration: time.Second, Rate: 300, Step: true},
	}}
	// planned is N(t), piece by piece.
	planned := func(at float64) float64 {
		switch {
		case at < 1:
			return 200 * at
		case at < 3:
			return 200 + 200*(at-1) + 150*(at-1)*(at-1)
		case at < 4.5:
			return 1200 + 800*(at-3)
		}
		return 2400 + 300*(at-4.5)
	}
	w := newWitness(t, ok)
	steadily(t, func(tr *trial) {
		agents := together(t, 2, plan, func() []Target { return []Target{w.target(t, client.Target{}, "/", 1)} }, func(time.Time) { w.forget() })
		for _, m := range agents {
			tr.lateness(m.whole.Lateness)
		}
		got := arrivals(w, agents[0].t0)
		if n := agents[0].whole.Planned() + agents[1].whole.Planned() + agents[0].warmup.Planned() + agents[1].warmup.Planned() - 2; n != 2700 {
			t.Errorf("%d calls planned, want 2700", n)
		}
		for k, at := range got {
			// Slots stand on whole nanoseconds.
			if planned(at.Seconds()) < float64(k)-1e-3 {
				t.Fatalf("call %d arrived after %v, when %.3f were planned", k, at, planned(at.Seconds()))
			}
		}
		var whole []*Measurement
		for _, m := range agents {
			whole = append(whole, m.whole, m.warmup)
		}
		slack := 0.0
		if all := sum(whole); tr.last && tr.busy != "" {
			// What the generator says itself to have sent late may arrive in the next stage.
			slack = 800 * (all.Lateness.Max() + all.ResponseTime.Max()).Seconds()
		}
		bounds := []float64{0, 0.5, 1, 3, 4.5, 5.5}
		for i := range len(bounds) - 1 {
			var n float64
			for _, at := range got {
				if at.Seconds() >= bounds[i] && at.Seconds() < bounds[i+1] {
					n++
				}
			}
			want := planned(bounds[i+1]) - planned(bounds[i])
			stage := fmt.Sprintf("%g s to %g s", bounds[i], bounds[i+1])
			t.Logf("%s: %g calls arrived, %g planned", stage, n, want)
			if math.Abs(n-want) > max(1, want/100)+slack {
				tr.errorf(stage, "%g calls arrived, %g planned", n, want)
			}
		}
	})
}

// Random arrivals reach the server as they were planned: none early, and each as
// late as its sender says.
func TestTruthOfRandomArrivals(t *testing.T) {
	t.Parallel()
	w := newWitness(t, ok)
	for name, kind := range map[string]Arrivals{"poisson": Poisson, "uniform": Uniform} {
		steadily(t, func(tr *trial) {
			plan := Plan{Rate: 600, Connections: 16, Duration: 2 * time.Second, Arrivals: kind, Seed: 11, Agents: 3}
			var due list
			for _, s := range allSlots(plan) {
				due = append(due, s.intended)
			}
			agents := together(t, 3, plan, func() []Target { return []Target{w.target(t, client.Target{}, "/", 1)} }, func(time.Time) { w.forget() })
			got := arrivals(w, agents[0].t0)
			var whole []*Measurement
			for _, m := range agents {
				tr.lateness(m.whole.Lateness)
				whole = append(whole, m.whole)
			}
			all := sum(whole)
			if all.Planned() != int64(len(due)) || int64(len(got)) != all.Sent {
				t.Fatalf("%s: %+v, %d arrived; the schedules hold %d", name, all.Counts, len(got), len(due))
			}
			var late []time.Duration
			counts := make([]float64, 200) // in each 10 ms
			for k, at := range got {
				late = append(late, at-due[k])
				counts[min(max(0, at/(10*time.Millisecond)), 199)]++
			}
			slices.Sort(late)
			if late[0] < 0 {
				t.Errorf("%s: a call arrived %v before it was due", name, -late[0])
			}
			// A call arrives after its lateness and before the end of its response
			// time; half of all calls are in the quickest three quarters of both.
			lateness, _ := all.Lateness.Quantile(0.75)
			response, _ := all.ResponseTime.Quantile(0.75)
			tr.within(name+" arrivals: half of them late by", list(late).at(0.5), 0, lateness+response)
			var squares float64
			mean := float64(len(got)) / 200
			for _, n := range counts {
				squares += (n - mean) * (n - mean) / 199
			}
			t.Logf("%s: late by %v at p50, %v at p99; variance over mean of the counts %.2f", name, list(late).at(0.5), list(late).at(0.99), squares/mean)
			if p99 := list(late).at(0.99); p99 > 5*time.Millisecond {
				tr.busy = fmt.Sprintf("calls arrived late by %v at p99", p99)
			}
			// A Poisson process has 1, and a sample of 200 has it to 0.1. What is late
			// comes in bunches, which have more.
			if v := squares / mean; kind == Poisson && (v < 0.7 || v > 1.5 && !(tr.last && tr.busy != "")) {
				tr.errorf("poisson", "variance over mean of the counts is %g", v)
			}
		})
	}
}

// As many measured calls as were asked for reach the server, however they are
// planned and shared out.
func TestTruthOfRequests(t *testing.T) {
	t.Parallel()
	w := newWitness(t, ok)
	for _, rate := range []float64{0, 1500} {
		for _, kind := range []Arrivals{Constant, Poisson, Uniform} {
			if rate == 0 && kind != Constant {
				continue
			}
			for _, agents := range []int{1, 3} {
				w.forget()
				plan := Plan{Rate: rate, Arrivals: kind, Seed: 5, Connections: 7, Requests: 500, Warmup: 50 * time.Millisecond, Duration: time.Minute}
				var whole, warmup []*Measurement
				for _, m := range together(t, agents, plan, func() []Target { return []Target{w.target(t, client.Target{}, "/", 1)} }, nil) {
					whole, warmup = append(whole, m.whole), append(warmup, m.warmup)
					if m.out.To >= time.Minute {
						t.Errorf("ended after %v", m.out.To)
					}
				}
				got, before := sum(whole), sum(warmup)
				if got.Planned() != 500 || got.Sent+before.Sent != int64(len(w.entries(""))) {
					t.Errorf("rate %g, arrivals %d, %d agents: %+v after %d of the warm-up, want 500; the server got %d", rate, kind, agents,
						got.Counts, before.Sent, len(w.entries("")))
				}
				if rate == 0 && got.Sent != 500 {
					t.Errorf("closed loop of %d agents: %d sent, want 500", agents, got.Sent)
				}
			}
		}
	}
}
