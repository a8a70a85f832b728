package load

import (
	"math"
	"time"
)

// schedule says when each of this agent's calls is intended. Slots of the whole
// run are numbered k = 0, 1, 2, ... with slot k at k/rate after T0; agent a of
// n owns the slots with k mod n = a, so agents interleave and none bursts.
type schedule struct {
	rate        float64 // calls per second of all agents
	agent, n    int64
	warmup, end time.Duration // after T0; the measured time is [warmup, end)
}

// at is the intended time after T0 of this agent's j-th call. Floating point
// keeps it exact to a nanosecond for the 104 days that 2^53 ns are.
func (s *schedule) at(j int64) time.Duration {
	return time.Duration(math.Round(float64(j*s.n+s.agent) * 1e9 / s.rate))
}
