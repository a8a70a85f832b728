package load

import (
	"math"
	"sort"
	"time"
)

// Stage is one stretch of the load: its rate, in calls per second of all
// agents, is reached in a straight line from that of the stage before, or held
// from its beginning on where Step is set. The first stage has one rate.
type Stage struct {
	Duration time.Duration
	Rate     float64
	Step     bool
}

// profile is the planned number of calls of all agents as a function of the
// time after T0, N(t), made of segments with a linear rate: inside one,
//
//	N(t) = N0 + r0*dt + (r1 - r0)*dt*dt / (2*length)
//
// Slot k is the moment at which N(t) = k.
type profile []segment

type segment struct {
	start  time.Duration
	length float64 // seconds
	count  float64 // N at start
	r0, r1 float64
}

// newProfile is the warm-up at a rate, then either stages or the same rate. The
// last rate holds for ever, so that there are slots beyond the end.
func newProfile(rate float64, warmup time.Duration, stages []Stage) profile {
	if len(stages) == 0 {
		return profile{{r0: rate, r1: rate, length: math.Inf(1)}}
	}
	var p profile
	at, count := time.Duration(0), 0.0
	add := func(d time.Duration, r0, r1 float64) {
		if d <= 0 {
			return
		}
		p = append(p, segment{start: at, length: d.Seconds(), count: count, r0: r0, r1: r1})
		at += d
		count += d.Seconds() * (r0 + r1) / 2
	}
	add(warmup, rate, rate)
	before := stages[0].Rate
	for _, s := range stages {
		r0 := before
		if s.Step {
			r0 = s.Rate
		}
		add(s.Duration, r0, s.Rate)
		before = s.Rate
	}
	return append(p, segment{start: at, length: math.Inf(1), count: count, r0: before, r1: before})
}

// at is the time of count n, rounded to a nanosecond: floating point keeps it
// exact to that for the 104 days that 2^53 ns are. A count that is reached only
// in many years is reached at farOff.
func (p profile) at(n float64) time.Duration {
	s := &p[max(0, sort.Search(len(p), func(i int) bool { return p[i].count > n })-1)]
	x := n - s.count
	if s.r0 == s.r1 {
		return s.start + rounded(x*1e9/s.r0)
	}
	// The root of the quadratic in the form that loses no digits.
	slope := (s.r1 - s.r0) / s.length
	root := math.Sqrt(max(0, s.r0*s.r0+2*slope*x))
	return s.start + rounded(2*x*1e9/(s.r0+root))
}

// farOff is later than any load ends, and early enough to be added to.
const farOff = time.Duration(math.MaxInt64 / 4)

// rounded is a number of nanoseconds; what is beyond a Duration is farOff.
func rounded(ns float64) time.Duration {
	if !(ns < float64(farOff)) {
		return farOff
	}
	return time.Duration(math.Round(ns))
}

// countAt is N at a time.
func (p profile) countAt(t time.Duration) float64 {
	i := len(p) - 1
	for i > 0 && p[i].start > t {
		i--
	}
	s := &p[i]
	dt := (t - s.start).Seconds()
	n := s.count + s.r0*dt
	if s.r0 != s.r1 {
		n += (s.r1 - s.r0) * dt * dt / (2 * s.length)
	}
	return n
}
