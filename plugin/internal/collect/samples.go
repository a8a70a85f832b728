package collect

import (
	"math"
	"time"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// sourceData is what one source on one node has told.
type sourceData struct {
	series   []*seriesData // by id
	readings int           // inside the measured time
	failed   int           // inside the measured time
	lastErr  string
	// newest is when the newest reading inside the measured time was taken, gap the
	// longest time without one until then.
	newest time.Time
	gap    time.Duration
}

// read notes a reading inside the measured time.
func (d *sourceData) read(at, from time.Time) {
	if d.readings == 0 {
		d.newest = from
	}
	d.readings++
	d.gap, d.newest = max(d.gap, at.Sub(d.newest)), at
}

// seriesData sums up one series inside the measured time, online: nothing grows
// with the length of the run.
type seriesData struct {
	name    string
	labels  map[string]string
	counter bool

	n                int
	first, last      time.Time
	previous         float64
	increase         float64
	sum, lowest, top float64
}

func (s *seriesData) add(at time.Time, v float64) {
	if s.n == 0 {
		s.first, s.lowest, s.top = at, v, v
	} else if s.counter {
		if v >= s.previous {
			s.increase += v - s.previous
		} else {
			s.increase += v // the counter started again from 0
		}
	}
	s.n++
	s.last, s.previous = at, v
	s.sum += v
	s.lowest, s.top = min(s.lowest, v), max(s.top, v)
}

// window is the time a counter's increase belongs to, in seconds. It has none
// with fewer than two readings, and then no increase either.
func (s *seriesData) window() (seconds float64, ok bool) {
	seconds = s.last.Sub(s.first).Seconds()
	return seconds, s.n >= 2 && seconds > 0
}

// samples takes one reading of one source.
func (a *agentData) samples(s *agentv1.Samples) {
	d := a.sources[s.GetSource()]
	if d == nil {
		d = &sourceData{}
		a.sources[s.GetSource()] = d
	}
	for _, n := range s.GetNewSeries() {
		if n.GetId() > maxSeries {
			continue
		}
		for uint32(len(d.series)) <= n.GetId() {
			d.series = append(d.series, nil)
		}
		d.series[n.GetId()] = &seriesData{name: n.GetName(), labels: n.GetLabels(), counter: n.GetCounter()}
	}
	at := time.UnixMilli(s.GetUnixMilli())
	if s.GetError() != "" {
		if a.inside(at) {
			d.failed++
		}
		d.lastErr = s.GetError()
		return
	}
	if a.inside(at) {
		d.read(at, a.window.from)
	}
	if s.GetSource() == agentv1.Source_SOURCE_NODE_EXPORTER {
		a.liveCPU(d, s)
	}
	own := s.GetSampleUnixMilli()
	for i, id := range s.GetSeriesIds() {
		if int(id) >= len(d.series) || d.series[id] == nil || i >= len(s.GetValues()) {
			continue
		}
		t := at
		if i < len(own) && own[i] > 0 {
			t = time.UnixMilli(own[i])
		}
		if v := s.GetValues()[i]; a.inside(t) && finite(v) {
			d.series[id].add(t, v)
		}
	}
}

// maxSeries bounds the ids that are taken: they index a list.
const maxSeries = 1 << 20

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// inside tells whether a reading lies in the measured time.
func (a *agentData) inside(t time.Time) bool {
	return !a.t0.IsZero() && !t.Before(a.window.from) && !t.After(a.window.to)
}

// liveCPU keeps the share of busy CPU time between the newest two readings, for
// the progress line.
func (a *agentData) liveCPU(d *sourceData, s *agentv1.Samples) {
	var busy, total float64
	for i, id := range s.GetSeriesIds() {
		if int(id) >= len(d.series) || d.series[id] == nil || d.series[id].name != nodeCPU || i >= len(s.GetValues()) {
			continue
		}
		v := s.GetValues()[i]
		total += v
		if !idle(d.series[id].labels["mode"]) {
			busy += v
		}
	}
	if total == 0 {
		return
	}
	if a.nodeCPUSeen && total > a.nodeCPUTotal {
		share := (busy - a.nodeCPUBusy) / (total - a.nodeCPUTotal)
		a.nodeCPU = &share
	}
	a.nodeCPUBusy, a.nodeCPUTotal, a.nodeCPUSeen = busy, total, true
}

// idle tells whether a mode of node_cpu_seconds_total is time in which the CPU
// could have done something else.
func idle(mode string) bool { return mode == "idle" || mode == "iowait" }
