package report

import (
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// maxSlots is how many stretches of time a chart shows.
const maxSlots = 120

// slot is a stretch of a run's measured time. What is not known is not a number.
type slot struct{ rate, errors, p50, p99 float64 }

// Figures of a slot.
var (
	slotRate   = func(s slot) float64 { return s.rate }
	slotErrors = func(s slot) float64 { return s.errors }
	slotP50    = func(s slot) float64 { return s.p50 }
	slotP99    = func(s slot) float64 { return s.p99 }
)

// measured is how long the run was measured, in seconds.
func (r *run) measured() float64 { return r.Status.EndTime.Sub(r.Status.StartTime).Seconds() }

// pointWidth is how many seconds a point of the run's timeline stands for.
func (r *run) pointWidth() float64 { return r.Status.PointWidth().Seconds() }

// slotWidth is the seconds of a slot: whole, and so that all runs have at most
// maxSlots, none less than a point.
func (m *model) slotWidth() float64 {
	width := 1.0
	for _, g := range m.groups {
		for _, r := range g.runs {
			width = max(width, r.pointWidth(), math.Ceil(r.measured()/maxSlots))
		}
	}
	return width
}

// slots are those of the run's measured time: of the points in one, the requests
// together, the greatest p99, and the median of the p50.
func (r *run) slots(width float64) []slot {
	point := r.Status.PointWidth()
	n := int(math.Ceil(r.measured() / width))
	if n <= 0 || n > 10*maxSlots || len(r.Status.Timeline) == 0 {
		return nil
	}
	out := make([]slot, n)
	covered, sent, failed := make([]float64, n), make([]int64, n), make([]int64, n)
	p50 := make([][]float64, n)
	for i := range out {
		out[i].p99 = math.NaN()
	}
	for _, p := range r.Status.Timeline {
		from, to := r.Stretch(p, point)
		i := int(from.Seconds() / width)
		if p.Warmup || from < 0 || i >= n {
			continue
		}
		covered[i] += (to - from).Seconds()
		sent[i] += p.Sent
		failed[i] += p.Failed
		if p.P50 != nil {
			p50[i] = append(p50[i], *p.P50)
		}
		if p.P99 != nil && !(out[i].p99 > *p.P99) {
			out[i].p99 = *p.P99
		}
	}
	for i := range out {
		out[i].p50 = statistics.Median(p50[i])
		out[i].rate, out[i].errors = math.NaN(), math.NaN()
		// The rest of a second at the end is too short for a rate.
		if covered[i] >= 0.5 {
			out[i].rate = float64(sent[i]) / covered[i]
		}
		if sent[i] > 0 {
			out[i].errors = 100 * float64(failed[i]) / float64(sent[i])
		}
	}
	return out
}

// spread is a figure of many runs at a time: the median, and the least and greatest.
type spread struct{ median, low, high float64 }

// spreads are a figure's, slot by slot.
func spreads(runs [][]slot, of func(slot) float64) []spread {
	longest := 0
	for _, r := range runs {
		longest = max(longest, len(r))
	}
	out := make([]spread, longest)
	for i := range out {
		var values []float64
		for _, r := range runs {
			if i < len(r) && !math.IsNaN(of(r[i])) {
				values = append(values, of(r[i]))
			}
		}
		out[i] = spread{statistics.Median(values), math.NaN(), math.NaN()}
		for _, v := range values {
			if !(v > out[i].low) {
				out[i].low = v
			}
			if !(v < out[i].high) {
				out[i].high = v
			}
		}
	}
	return out
}
