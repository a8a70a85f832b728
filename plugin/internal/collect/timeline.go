package collect

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// maxPoints bounds the time line of a Result: runs of more seconds get points
// of several seconds.
const maxPoints = 1800

// timeline merges the agents' snapshots by the second they belong to. A point
// stays open, with the encoded histograms of its parts, until every agent is
// past it, so that its percentiles are those of all agents together.
type timeline struct {
	width  time.Duration
	open   map[pointKey]*openPoint
	closed []document.Point
	past   []time.Duration // per agent: until when it has told everything
	// latest is the newest closed measured point or, before there is one, the
	// newest of warm-up.
	latest *document.Point
}

type pointKey struct {
	index  int64
	warmup bool
}

type openPoint struct {
	counted      bool // an agent has told about this second
	sent, failed int64
	cpu          *float64 // of the busiest node
	latencies    [][]byte
}

// maxParts is how many encoded histograms an open point holds before they are
// merged: an agent that cannot be reached keeps points open as long as the run
// lasts.
const maxParts = 16

// add takes one more histogram.
func (p *openPoint) add(encoded []byte) {
	if len(encoded) == 0 {
		return
	}
	if len(p.latencies) == maxParts {
		if merged, err := p.merged().Encode(); err == nil {
			p.latencies = append(p.latencies[:0], merged)
		}
	}
	p.latencies = append(p.latencies, encoded)
}

func (p *openPoint) merged() *histogram.Histogram {
	h := histogram.New()
	for _, b := range p.latencies {
		// Decoded once before, when the snapshot was taken in.
		if part, err := histogram.Decode(b); err == nil {
			h.Merge(part)
		}
	}
	return h
}

func newTimeline(agents int, total time.Duration) timeline {
	seconds := int64((total + time.Second - 1) / time.Second)
	return timeline{width: time.Second * time.Duration((seconds+maxPoints-1)/maxPoints),
		open: map[pointKey]*openPoint{}, past: make([]time.Duration, agents)}
}

func (t *timeline) add(agent int, s *agentv1.Snapshot, closedLoop bool) {
	// A snapshot belongs to the second in which it began.
	key := pointKey{index: s.GetFromNanos() / int64(t.width), warmup: s.GetWarmup()}
	// What takes no time belongs to no second: the request that chose the client,
	// and the calls that could never be sent, which are told of at the end, but
	// whose waiting belongs to all the seconds before.
	if s.GetFromNanos() == s.GetToNanos() {
		return
	}
	// A second in which nothing came back is a point as well, or else a stall
	// would not be seen; the short rest at the end of a run is none.
	long := time.Duration(s.GetToNanos()-s.GetFromNanos()) >= time.Second/2
	sent := s.GetCounts().GetSent()
	if long || sent > 0 {
		p := t.at(key)
		p.counted = true
		p.sent += sent
		p.failed += s.GetCounts().GetFailed()
		l := s.GetLatencies().GetResponseTime()
		if closedLoop {
			l = s.GetLatencies().GetServiceTime()
		}
		if sent > 0 || s.GetCounts().GetUnsent() == 0 {
			p.add(l)
		}
	}
	reached := s.GetToNanos()
	if s.GetWarmup() {
		reached = s.GetFromNanos() // calls of the measured time in the same second may follow
	}
	t.past[agent] = max(t.past[agent], time.Duration(reached))
	t.close(slices.Min(t.past))
}

// at is the open point of a key, made if need be.
func (t *timeline) at(key pointKey) *openPoint {
	p := t.open[key]
	if p == nil {
		p = &openPoint{}
		t.open[key] = p
	}
	return p
}

// cpu takes the share of busy CPU time on a node, read that long after t0. A
// point that is closed already does without.
func (t *timeline) cpu(after time.Duration, warmup bool, share float64) {
	key := pointKey{index: int64(after / t.width), warmup: warmup}
	if after < 0 || time.Duration(key.index+1)*t.width <= slices.Min(t.past) {
		return
	}
	if p := t.at(key); p.cpu == nil || share > *p.cpu {
		p.cpu = &share
	}
}

// done says that an agent has no more snapshots: nobody waits for it.
func (t *timeline) done(agent int) {
	t.past[agent] = time.Duration(1<<63 - 1)
	t.close(slices.Min(t.past))
}

// close makes points of what every agent has passed.
func (t *timeline) close(until time.Duration) {
	for _, key := range slices.SortedFunc(maps.Keys(t.open), func(a, b pointKey) int {
		if a.index != b.index {
			return cmp.Compare(a.index, b.index)
		}
		return cmp.Compare(btoi(b.warmup), btoi(a.warmup)) // warm-up first
	}) {
		if time.Duration(key.index+1)*t.width > until {
			return
		}
		o := t.open[key]
		delete(t.open, key)
		if !o.counted {
			continue // a reading of CPU alone is no second of the run
		}
		p := t.point(key, o)
		t.closed = append(t.closed, p)
		if t.latest == nil || !p.Warmup || t.latest.Warmup {
			t.latest = &p
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *timeline) point(key pointKey, o *openPoint) document.Point {
	p := document.Point{Second: int(key.index * int64(t.width/time.Second)), Warmup: key.warmup, Sent: o.sent, Failed: o.failed, NodeCPU: o.cpu}
	if h := o.merged(); h.Count() > 0 {
		p.P50, p.P99 = quantile(h, 0.5), quantile(h, 0.99)
		p.Max = milliseconds(h.Max())
	}
	return p
}

// points are all points in order, those still open included.
func (t *timeline) points() []document.Point {
	t.close(time.Duration(1<<63 - 1))
	slices.SortStableFunc(t.closed, func(a, b document.Point) int { return cmp.Compare(a.Second, b.Second) })
	return t.closed
}
