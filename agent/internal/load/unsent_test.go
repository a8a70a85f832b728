package load

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// oneByOne is what alike says, slot by slot.
func oneByOne(plan Plan, from int64, at time.Duration, targets choice) (warm, measured []*Measurement) {
	warm, measured = newMeasurements(3), newMeasurements(3)
	for i, s := range slots(plan) {
		if int64(i) < from || s.intended >= at {
			continue
		}
		m := measured
		if s.intended < plan.Warmup {
			m = warm
		}
		of := m[targets.of(s.number/int64(plan.Agents))]
		of.Unsent++
		of.ResponseTime.Record(at - s.intended)
	}
	return warm, measured
}

// Calls that were never sent are counted in heaps, and the counts and histograms
// are those of going through them one by one.
func TestTheUnsentAreCountedInHeaps(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 12))
	for range 100 {
		plan := randomPlan(r)
		plan.Agent = r.IntN(plan.Agents)
		at := time.Duration(r.Int64N(int64(plan.Warmup + plan.Duration + time.Second)))
		from := r.Int64N(100)
		targets := newChoice([]float64{5, 3, 2}).series(int64(plan.Agent))

		s := newSchedule(&plan)
		for range from {
			if s.next.intended < s.end {
				s.advance()
			}
		}
		clk := clock{time.Now().Add(-time.Hour)}
		p := newPacer(s, s.end, clk)
		p.stopAt(at)
		e := &Engine{plan: plan, targets: make([]Target, 3), choice: newChoice([]float64{5, 3, 2})}
		var got [2][]*Measurement
		tick := newTicker(e, clk, func(s *Snapshot) {
			if s.Warmup {
				got[0] = s.Targets
			} else {
				got[1] = s.Targets
			}
		}, &Outcome{To: p.stopTime()})
		to := p.stopTime()
		tick.unsent(p)
		warm, measured := oneByOne(plan, from, to, targets)
		for i, want := range [][]*Measurement{warm, measured} {
			if got[i] == nil {
				got[i] = newMeasurements(3)
			}
			for target := range want {
				if !equal(got[i][target], want[target]) {
					t.Fatalf("%+v, unsent from slot %d to %v, warm-up %v, target %d: %d and %v, one by one %d and %v", plan, from, to, i == 0, target,
						got[i][target].Unsent, got[i][target].ResponseTime.Mean(), want[target].Unsent, want[target].ResponseTime.Mean())
				}
			}
		}
	}
}

// At the highest rate a month of unsent calls is counted in a moment.
func TestManyUnsentAreCountedInAMoment(t *testing.T) {
	const month = 30 * 24 * time.Hour
	plan := Plan{Rate: 10e6, Agents: 3, Agent: 1, Duration: month, Arrivals: Uniform}
	p := newPacer(newSchedule(&plan), month, clock{time.Now().Add(-month)})
	e := &Engine{plan: plan, targets: make([]Target, 2), choice: newChoice([]float64{1, 3})}
	out := &Outcome{To: month}
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		newTicker(e, p.clock, func(*Snapshot) {}, out).unsent(p)
	}()
	select {
	case <-counted:
	case <-time.After(30 * time.Second):
		t.Fatal("not counted after 30 s")
	}
	if want := int64(10e6 * month.Seconds() / 3); out.Counts.Unsent < want-1 || out.Counts.Unsent > want+1 {
		t.Errorf("%d unsent, want %d", out.Counts.Unsent, want)
	}
}

// Workers that were given up may come back while the unsent are counted, and get
// nothing; the race detector watches.
func TestWorkersThatComeBackLateGetNothing(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Poisson} {
		plan := Plan{Rate: 100_000, Agents: 1, Duration: time.Hour, Arrivals: arrivals, Seed: 1}
		p := newPacer(newSchedule(&plan), plan.Duration, clock{time.Now().Add(-time.Second)})
		e := &Engine{plan: plan, targets: []Target{{Clients: &client.Clients{}}}, choice: newChoice([]float64{1})}
		p.stopAt(500 * time.Millisecond)
		var late sync.WaitGroup
		for range 4 {
			late.Go(func() {
				w := newWaiter()
				for range 2000 {
					if s, ok := p.take(w); ok {
						t.Errorf("slot %+v after the end", s)
					}
				}
			})
		}
		out := &Outcome{To: p.stopTime()}
		newTicker(e, p.clock, func(*Snapshot) {}, out).unsent(p)
		late.Wait()
		if n := out.Counts.Unsent; arrivals == Constant && n != 50_000 {
			t.Errorf("%d unsent, want 50,000", n)
		}
	}
}
