package load

import (
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// Plan is how this agent calls its targets.
type Plan struct {
	// Rate in calls per second of all agents together; 0 is a closed loop. With
	// Stages it is that of the warm-up.
	Rate float64
	// Stages change the rate over the measured time.
	Stages   []Stage
	Arrivals Arrivals
	Seed     uint64
	// Requests ends the load after so many measured calls of all agents; 0 does not.
	Requests int64
	// Agent is this agent's place among Agents.
	Agent, Agents int
	// Connections to each target, each with Streams (0 is 1) calls in flight.
	Connections, Streams int
	// Warmup comes first and is not measured; Duration is the measured time, or
	// the most of it with Requests.
	Warmup, Duration time.Duration
}

// workers is how many calls are in flight at most.
func (p *Plan) workers() int { return p.Connections * max(1, p.Streams) }

// Target is what is called, and its weight among several.
type Target struct {
	Clients *client.Clients
	Weight  float64
}

// Snapshot is what was recorded between From and To (after T0). Calls belong to
// the warm-up or to the measured time by when they were intended, to a
// snapshot by when they ended. The requests that chose the clients come first,
// with the warm-up, and calls that were never sent come last, both in snapshots
// of their own that take no time.
type Snapshot struct {
	From, To time.Duration
	Warmup   bool
	Measurement
	// Targets are the same by target; nil when there is one.
	Targets []*Measurement
	// CPUSeconds used by this process in this snapshot, RSSBytes now; 0 for the
	// warm-up's when both stand for the same stretch of time.
	CPUSeconds float64
	RSSBytes   int64
	InFlight   int64
}

// newSnapshot adds up what was measured of each target.
func newSnapshot(from, to time.Duration, warmup bool, targets []*Measurement) *Snapshot {
	s := &Snapshot{From: from, To: to, Warmup: warmup}
	if len(targets) == 1 {
		s.Measurement = *targets[0]
		return s
	}
	s.Measurement, s.Targets = *newMeasurement(), targets
	for _, m := range targets {
		s.merge(m)
	}
	return s
}

// Outcome sums up a run of the engine.
type Outcome struct {
	// FirstSend is when the first call left, after T0; negative when none did.
	FirstSend time.Duration
	// The measured time really run is [From, To) after T0.
	From, To       time.Duration
	Counts, Warmup Counts
	// Stopped tells that the load was ended early.
	Stopped bool
	// Changed counts the connections that began with the fast client and had to
	// go on with the other.
	Changed int
	// Leftover is closed when the last worker has ended: at once, unless calls
	// were given up that nothing can abort.
	Leftover <-chan struct{}
}
