package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// randomPlan is a plan of any shape with some thousand slots at most.
func randomPlan(r *rand.Rand) Plan {
	rate := func() float64 { return math.Exp(r.Float64()*math.Log(1e5)) / 100 } // 0.01 to 1000
	p := Plan{Rate: rate(), Agents: 1 + r.IntN(6), Arrivals: Arrivals(r.IntN(3)), Seed: r.Uint64()}
	if r.IntN(2) == 0 {
		p.Warmup = time.Duration(r.Int64N(int64(2 * time.Second)))
	}
	p.Duration = time.Duration(1 + r.Int64N(int64(8*time.Second)))
	if r.IntN(3) > 0 {
		p.Duration = 0
		for range 1 + r.IntN(6) {
			s := Stage{Duration: time.Duration(r.Int64N(int64(3 * time.Second))), Rate: rate(), Step: r.IntN(2) == 0}
			if r.IntN(8) == 0 {
				s.Duration = 0 // only sets the rate
			}
			p.Stages = append(p.Stages, s)
			p.Duration += s.Duration
		}
		p.Duration = max(p.Duration, 1)
	}
	if r.IntN(3) == 0 {
		p.Requests = 1 + r.Int64N(3000)
	}
	return p
}

// plannedCalls is N(t) of a plan: the area under its rate, by small trapezia.
func plannedCalls(p Plan, until time.Duration) float64 {
	left := until.Seconds()
	area := func(length, r0, r1 float64) (n float64) {
		x := min(length, left)
		if x <= 0 {
			return 0
		}
		left -= x
		if length > 0 && !math.IsInf(length, 1) {
			r1 = r0 + (r1-r0)*x/length
		}
		return x * (r0 + r1) / 2
	}
	if len(p.Stages) == 0 {
		return area(math.Inf(1), p.Rate, p.Rate)
	}
	n := area(p.Warmup.Seconds(), p.Rate, p.Rate)
	last := p.Stages[0].Rate
	for _, s := range p.Stages {
		from := last
		if s.Step {
			from = s.Rate
		}
		n += area(s.Duration.Seconds(), from, s.Rate)
		last = s.Rate
	}
	return n
}

// Of plans of any shape: each slot of the run belongs to one agent, comes in its
// order and inside the run, and at every moment as many have come as the rate
// says; a bound on the requests is met to the call.
func TestSchedulesOfAnyShape(t *testing.T) {
	r := rand.New(rand.NewPCG(2026, 11))
	for range 3000 {
		p := randomPlan(r)
		end := p.Warmup + p.Duration
		for p.Agent = range p.Agents {
			var before time.Duration
			for i, s := range slots(p) {
				if s.intended < before || s.intended >= end || s.number != int64(i*p.Agents+p.Agent) {
					t.Fatalf("%+v: slot %d of the agent is %+v after %v", p, i, s, before)
				}
				before = s.intended
			}
		}
		all := allSlots(p)
		measured := int64(0)
		for i, s := range all {
			if s.intended >= p.Warmup {
				measured++
			}
			if p.Arrivals != Poisson && s.number != int64(i) {
				t.Fatalf("%+v: slot %d stands at place %d", p, s.number, i)
			}
		}
		until := end
		if p.Requests > 0 {
			if measured > p.Requests {
				t.Errorf("%+v: %d measured calls", p, measured)
			}
			if measured == p.Requests && len(all) > 0 {
				until = all[len(all)-1].intended // what comes later is cut
			}
		}
		i := 0
		for step := range 50 {
			at := time.Duration(float64(until) * float64(step+1) / 50)
			for i < len(all) && all[i].intended < at {
				i++
			}
			want := plannedCalls(p, at)
			// A slot at the very moment may stand to either side of it. Of a Poisson
			// process, six standard deviations, and as many for its first few calls.
			slack := 1.001
			if p.Arrivals == Poisson {
				slack = 6*math.Sqrt(want) + 12
			}
			if math.Abs(float64(i)-want) > slack {
				t.Fatalf("%+v: %d slots before %v, N(t) is %g", p, i, at, want)
			}
		}
		// Where the requests bound nothing, the whole duration is planned, and where
		// the duration does not, every request.
		if full := plannedCalls(p, end); p.Arrivals != Poisson && p.Requests > 0 && measured < p.Requests && float64(len(all)) < full-1.001 {
			t.Errorf("%+v: %d slots with %d measured, N(end) is %g", p, len(all), measured, full)
		}
	}
}

// Slots of the slowest and of the highest rates stay in order and in their time.
func TestSchedulesAtTheBoundsOfRates(t *testing.T) {
	for _, p := range []Plan{
		{Rate: 0.001, Agents: 1, Duration: 30 * 24 * time.Hour},
		{Rate: 10e6, Agents: 3, Duration: 20 * time.Millisecond},
		{Rate: 0.001, Agents: 2, Duration: 20 * time.Minute, Stages: []Stage{{Duration: 20*time.Minute - 10*time.Millisecond, Rate: 0.001}, {Duration: 10 * time.Millisecond, Rate: 10e6}}},
	} {
		all := allSlots(p)
		if want := plannedCalls(p, p.Duration); math.Abs(float64(len(all))-want) > 1.001 {
			t.Errorf("%+v: %d slots, N(end) is %g", p, len(all), want)
		}
		for i, s := range all {
			if s.number != int64(i) || i > 0 && s.intended < all[i-1].intended {
				t.Fatalf("%+v: place %d has %+v after %+v", p, i, s, all[max(0, i-1)])
			}
		}
	}
}
