package load

import (
	"math"
	"math/rand/v2"
	"time"
)

// Arrivals is how calls follow each other at a rate.
type Arrivals int

// Constant arrivals are evenly spaced. Poisson is a Poisson process. Uniform is
// each call at a random moment of the time between its slot and the next.
const (
	Constant Arrivals = iota
	Poisson
	Uniform
)

// schedule says when each of this agent's calls is intended, one after the
// other. Slots of the whole run are numbered k = 0, 1, 2, ...; agent a of n owns
// those with k mod n = a, so agents interleave and none bursts. A Poisson
// process is the sum of the agents' own ones, each with an n-th of the rate.
type schedule struct {
	profile     profile
	arrivals    Arrivals
	seed        uint64
	random      *rand.Rand // of a Poisson process
	agent, n    int64
	warmup, end time.Duration // after T0; the measured time is [warmup, end)
	// most is how many measured calls this agent still makes; negative is no bound.
	most int64

	index int64 // of the agent's next slot
	sum   float64
	next  slot
}

// slot is one planned call.
type slot struct {
	intended time.Duration
	// number is that of the slot in the whole run.
	number int64
}

// newSchedule makes the schedule of a plan with a rate.
func newSchedule(p *Plan) *schedule {
	s := &schedule{
		profile: newProfile(p.Rate, p.Warmup, p.Stages), arrivals: p.Arrivals,
		seed: p.Seed,
		// The same seed gives every agent its own numbers.
		random: rand.New(rand.NewPCG(p.Seed, uint64(p.Agent))), //nolint:gosec // no secret
		agent:  int64(p.Agent), n: int64(p.Agents),
		warmup: p.Warmup, end: p.Warmup + p.Duration, most: -1,
	}
	if p.Requests > 0 {
		if s.arrivals == Poisson {
			s.most = p.share(p.Requests)
		} else {
			s.end = min(s.end, s.profile.at(float64(s.firstSlot(s.warmup))+float64(p.Requests)))
		}
	}
	s.plan()
	return s
}

// share is this agent's part of n calls.
func (p *Plan) share(n int64) int64 {
	part := n / int64(p.Agents)
	if int64(p.Agent) < n%int64(p.Agents) {
		part++
	}
	return part
}

// firstSlot is the number of the run's first slot that is not before t, if it is
// not one of a Poisson process.
func (s *schedule) firstSlot(t time.Duration) int64 {
	t = min(t, farOff)
	// The slots before N(t), and one more or less for the rounding of both.
	from := int64(min(max(0, s.profile.countAt(t)-2), math.MaxInt64/4))
	step := int64(4)
	for step < math.MaxInt64/4 && s.profile.at(s.count(from+step)) < t {
		step *= 2
	}
	// Slot from+step is not before t; in between they are in order.
	for to := from + step; ; {
		middle := from + (to-from)/2
		switch {
		case middle == to:
			return to
		case s.profile.at(s.count(middle)) < t:
			from = middle + 1
		default:
			to = middle
		}
	}
}

// count is where slot k lies on the axis of N, if it is not one of a Poisson
// process.
func (s *schedule) count(k int64) float64 {
	if s.arrivals == Uniform {
		return float64(k) + jitter(s.seed, k)
	}
	return float64(k)
}

// jitter is a number in [0, 1) for slot k that every agent finds alike: the
// finalizer of SplitMix64 (Steele, Lea, Flood 2014) over seed and slot.
func jitter(seed uint64, k int64) float64 {
	x := seed + (uint64(k)+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// plan finds the time of the next slot.
func (s *schedule) plan() {
	k := s.index*s.n + s.agent
	var n float64
	if s.arrivals == Poisson {
		s.sum += s.random.ExpFloat64() * float64(s.n)
		n = s.sum
	} else {
		n = s.count(k)
	}
	s.next = slot{intended: s.profile.at(n), number: k}
	if s.most >= 0 && s.next.intended >= s.warmup {
		if s.most == 0 {
			s.end = min(s.end, s.next.intended)
		}
		s.most--
	}
}

// advance goes on to the next slot.
func (s *schedule) advance() {
	s.index++
	s.plan()
}
