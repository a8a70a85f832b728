package load

import (
	"math"
	"slices"
	"testing"
	"time"
)

// slots are all of a plan's, of one agent.
func slots(p Plan) []slot {
	s := newSchedule(&p)
	var out []slot
	for ; s.next.intended < s.end; s.advance() {
		out = append(out, s.next)
	}
	return out
}

// allSlots are those of all agents of a plan, in order of time.
func allSlots(p Plan) []slot {
	var out []slot
	for p.Agent = range p.Agents {
		out = append(out, slots(p)...)
	}
	slices.SortFunc(out, func(a, b slot) int { return int(a.intended - b.intended) })
	return out
}

func TestAnEndIsNotASlot(t *testing.T) {
	for rate := 1.0; rate <= 1000; rate++ {
		if n := len(slots(Plan{Rate: rate, Agents: 1, Duration: time.Second})); n != int(rate) {
			t.Errorf("%d slots in a second at %g/s", n, rate)
		}
	}
}

func TestAgentsInterleaveAndCoverEverySlotOnce(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Uniform} {
		all := allSlots(Plan{Rate: 1000, Agents: 3, Duration: time.Second, Arrivals: arrivals, Seed: 7})
		for i, s := range all {
			if s.number != int64(i) {
				t.Fatalf("arrivals %d: slot %d stands at place %d", arrivals, s.number, i)
			}
		}
		if len(all) != 1000 {
			t.Errorf("%d slots in a second at 1000/s", len(all))
		}
	}
}

// The number of slots in any stretch of the load is that of the planned rate,
// for all agents together.
func TestStages(t *testing.T) {
	p := Plan{Rate: 100, Warmup: 2 * time.Second, Agents: 2, Duration: 13 * time.Second, Stages: []Stage{
		{Duration: 2 * time.Second, Rate: 100}, {Duration: 4 * time.Second, Rate: 500}, {Rate: 50},
		{Duration: 3 * time.Second, Rate: 50}, {Duration: 4 * time.Second, Rate: 1000, Step: true},
	}}
	all := allSlots(p)
	count := func(from, to time.Duration) (n float64) {
		for _, s := range all {
			if s.intended >= from && s.intended < to {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		from, to time.Duration
		want     float64
	}{
		{0, 2 * time.Second, 200},
		{2 * time.Second, 4 * time.Second, 200},
		{4 * time.Second, 8 * time.Second, 1200},
		{4 * time.Second, 5 * time.Second, 150},
		{7 * time.Second, 8 * time.Second, 450},
		{8 * time.Second, 11 * time.Second, 150},
		{11 * time.Second, 15 * time.Second, 4000},
	} {
		if got := count(c.from, c.to); math.Abs(got-c.want) > 1 {
			t.Errorf("%v to %v: %g slots, want %g", c.from, c.to, got, c.want)
		}
	}
	for i := 1; i < len(all); i++ {
		if all[i].number != all[i-1].number+1 {
			t.Fatalf("after slot %d comes %d", all[i-1].number, all[i].number)
		}
	}
}

func TestProfileIsItsOwnInverse(t *testing.T) {
	p := newProfile(10, time.Second, []Stage{{Duration: 10 * time.Second, Rate: 10}, {Duration: time.Minute, Rate: 5000}, {Duration: time.Minute, Rate: 0.01}})
	for n := range 300_000 {
		if at := p.at(float64(n)); math.Abs(p.countAt(at)-float64(n)) > 1e-3 {
			t.Fatalf("N(%v) = %g, want %d", at, p.countAt(at), n)
		}
	}
}

// Poisson arrivals: as many as planned, and gaps that are exponential. Fixed
// seeds, so the outcome is too; the bounds are five standard deviations.
func TestPoissonArrivals(t *testing.T) {
	p := Plan{Rate: 1000, Agents: 3, Duration: 100 * time.Second, Arrivals: Poisson, Seed: 42}
	all := allSlots(p)
	if n := float64(len(all)); math.Abs(n-100_000) > 5*math.Sqrt(100_000) {
		t.Errorf("%g arrivals, want about 100,000", n)
	}
	var sum, squares, longer float64
	for i := 1; i < len(all); i++ {
		gap := (all[i].intended - all[i-1].intended).Seconds() * 1000 // mean 1
		sum, squares = sum+gap, squares+gap*gap
		if gap > 2 {
			longer++
		}
	}
	n := float64(len(all) - 1)
	if m := sum / n; math.Abs(m-1) > 5/math.Sqrt(n) {
		t.Errorf("mean gap %g, want 1", m)
	}
	// E[x^2] = 2 with variance 20.
	if m := squares / n; math.Abs(m-2) > 5*math.Sqrt(20/n) {
		t.Errorf("mean squared gap %g, want 2", m)
	}
	if share, want := longer/n, math.Exp(-2); math.Abs(share-want) > 5*math.Sqrt(want*(1-want)/n) {
		t.Errorf("share of gaps above 2 means %g, want %g", share, want)
	}
	if again := allSlots(p); !slices.Equal(all, again) {
		t.Error("the same seed gives other arrivals")
	}
}

func TestRequestsBoundTheMeasuredCalls(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Poisson, Uniform} {
		for _, agents := range []int{1, 2, 7} {
			p := Plan{Rate: 999, Agents: agents, Warmup: 333 * time.Millisecond, Duration: time.Hour, Requests: 1001, Arrivals: arrivals, Seed: 3}
			measured := 0
			for _, s := range allSlots(p) {
				if s.intended >= p.Warmup {
					measured++
				}
			}
			if measured != 1001 {
				t.Errorf("arrivals %d, %d agents: %d measured calls, want 1001", arrivals, agents, measured)
			}
		}
	}
}

// A bound that is reached only in centuries does not end the load before it
// begins, and the first measured slot after the longest warm-up is found at once.
func TestRequestsBeyondAllTimes(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Poisson, Uniform} {
		p := Plan{Rate: 1, Agents: 1, Duration: 50 * time.Second, Requests: 100_000_000_000, Arrivals: arrivals, Seed: 5}
		if n := len(slots(p)); n < 20 || n > 100 || arrivals != Poisson && n != 50 {
			t.Errorf("arrivals %d: %d slots in 50 s at 1/s", arrivals, n)
		}
		for _, rate := range []float64{0.001, 1, 10e6} {
			for _, warmup := range []time.Duration{30 * 24 * time.Hour, math.MaxInt64} {
				p = Plan{Rate: rate, Agents: 3, Warmup: warmup, Duration: time.Second, Requests: 1e12, Arrivals: arrivals}
				if s := newSchedule(&p); s.next.intended < 0 {
					t.Errorf("%+v: first slot at %v", p, s.next.intended)
				}
			}
		}
	}
}
