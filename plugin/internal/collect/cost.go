package collect

import (
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// minCostRequests is how few requests a cost may rest on: with fewer, what the
// container does anyway weighs more than they do.
const minCostRequests = 100

// endedCalls counts the calls of all agents by the second of the measured time
// in which they ended. Agents share T0, so times after it are the same moment on
// all of them, whatever their clocks say. It takes 8 bytes per second: 5 MB for
// a run of a week.
type endedCalls struct {
	// The measured time as planned and its end as it was, after T0. Seconds are
	// counted from T0; the first and the last are as much of them as is measured.
	from, to, end time.Duration
	first         int64
	seconds       []float64
	sums          []float64 // before each second, and of all; nil while calls are added
}

func newEndedCalls(from, to time.Duration) endedCalls {
	return endedCalls{from: from, to: to, end: to, first: int64(from / time.Second)}
}

// add takes n calls that ended between two times after T0, evenly. What ended
// outside the measured time is left out.
func (e *endedCalls) add(from, to time.Duration, n int64) {
	begin, end := max(from, e.from), min(to, e.to)
	if n == 0 || begin >= end {
		return
	}
	e.sums = nil
	perNano := float64(n) / float64(to-from)
	for i := int64(begin / time.Second); time.Duration(i)*time.Second < end; i++ {
		for int64(len(e.seconds)) <= i-e.first {
			e.seconds = append(e.seconds, 0)
		}
		part := min(end, time.Duration(i+1)*time.Second) - max(begin, time.Duration(i)*time.Second)
		e.seconds[i-e.first] += float64(part) * perNano
	}
}

// endAt tells where the measured time really ended.
func (e *endedCalls) endAt(end time.Duration) { e.end = min(e.to, max(e.from, end)) }

// between is how many calls ended between two times after T0. Inside a second
// they are taken to be spread evenly.
func (e *endedCalls) between(from, to time.Duration) float64 {
	if e.sums == nil {
		e.sums = make([]float64, len(e.seconds)+1)
		for i, n := range e.seconds {
			e.sums[i+1] = e.sums[i] + n
		}
	}
	return max(0, e.until(to)-e.until(from))
}

// until is how many calls had ended at a time after T0.
func (e *endedCalls) until(t time.Duration) float64 {
	t = min(max(t, e.from), e.end)
	i := int64(t/time.Second) - e.first
	if i >= int64(len(e.seconds)) {
		return e.sums[len(e.seconds)]
	}
	begin := max(e.from, time.Duration(e.first+i)*time.Second)
	end := min(e.end, time.Duration(e.first+i+1)*time.Second)
	if end <= begin {
		return e.sums[i]
	}
	return e.sums[i] + e.seconds[i]*float64(t-begin)/float64(end-begin)
}

// cost is what 1,000 of the calls that ended between two times on the agent's
// clock took of so many core-seconds.
func (c *Collector) cost(a *agentData, from, to time.Time, coreSeconds float64) document.Cost {
	n := c.ended.between(from.Sub(a.t0), to.Sub(a.t0))
	whole := int64(n + 0.5)
	cost := document.Cost{Requests: &whole}
	if n >= minCostRequests {
		per1000 := 1000 * coreSeconds / n
		cost.CoreSecondsPer1000Requests = &per1000
	}
	return cost
}
