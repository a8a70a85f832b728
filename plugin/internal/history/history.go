// Package history makes a series of what was measured again and again, and finds
// where it changed. It reads rows of the archive's index, and prints nothing.
package history

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// Options are how a history is made.
type Options struct {
	// Metric is one of Metrics.
	Metric string
	// By is a label whose values are versions: the runs of one become one point. ""
	// makes a point of every run.
	By string
	// Significance is the chance that a series without any change has one found in it.
	Significance float64
	Seed         uint64
}

// DefaultSignificance is a twentieth, LeastSignificance what permutations in a bearable
// number can tell.
const (
	DefaultSignificance = 0.05
	LeastSignificance   = 0.001
)

// MostPoints bounds a history: to look for changes takes memory and time with the
// square of it.
const MostPoints = 2000

// History is one figure of many runs, in the order of time.
type History struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Name is how the runs were asked for.
	Name   string `json:"name"`
	Metric string `json:"metric"`
	// Unit of all figures but P and shares: ms, requests/s, %, core-s/1000 or bytes.
	Unit           string `json:"unit"`
	HigherIsBetter bool   `json:"higherIsBetter,omitempty"`
	By             string `json:"by,omitempty"`
	// Significance and Seed of the permutations that tell a change from noise.
	Significance float64  `json:"significance"`
	Seed         uint64   `json:"seed"`
	Points       []Point  `json:"points"`
	Changes      []Change `json:"changes"`
	// Older is how many points before these are left out, for there are MostPoints.
	Older int `json:"older,omitempty"`
	// LeftOut are the runs that do not count.
	LeftOut []document.LeftOutRun `json:"leftOut,omitempty"`
	// Mixed says what the runs did not have in common, so that a change may come from
	// that: targets, rates, agents, meshes.
	Mixed []Mixed `json:"mixed,omitempty"`
}

// Point is a run, or the runs of a version.
type Point struct {
	// Label is the version; absent for runs.
	Label string `json:"label,omitempty"`
	// Start is that of the first run.
	Start time.Time `json:"start"`
	Runs  []string  `json:"runs"`
	// Value is the run's, or the median of the runs.
	Value float64 `json:"value"`
	// Low and High are the least and the greatest of several runs.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

// Change is where the series becomes another.
type Change struct {
	// Index of the first point after it, from 0; Start, Label and RunID are that
	// point's, RunID of its first run.
	Index int       `json:"index"`
	Start time.Time `json:"start"`
	Label string    `json:"label,omitempty"`
	RunID string    `json:"runID"`
	// Before and After are the medians of the stretches around it.
	Before     float64 `json:"before"`
	After      float64 `json:"after"`
	Difference float64 `json:"difference"`
	// Relative is Difference as a share of Before; absent where that is 0.
	Relative *float64 `json:"relative,omitempty"`
	// P is how often a shuffled series had a change as clear as this one.
	P float64 `json:"p"`
	// Verdict is better or worse, or Changed where the medians are equal.
	Verdict document.Verdict `json:"verdict"`
}

// Changed is the verdict of a change that is not of the median: of the spread, say.
const Changed document.Verdict = "changed"

// KindHistory is the kind of a History.
const KindHistory = "History"

// Of makes the history of runs. That none of them counts is an error.
func Of(name string, runs []archive.Entry, o Options) (*History, error) {
	m, err := metricNamed(o.Metric)
	if err != nil {
		return nil, err
	}
	if o.Significance == 0 {
		o.Significance = DefaultSignificance
	}
	h := &History{
		APIVersion: document.APIVersion, Kind: KindHistory, Name: name, Metric: m.name, Unit: m.unit, HigherIsBetter: m.higherIsBetter,
		By: o.By, Significance: o.Significance, Seed: o.Seed, Points: []Point{}, Changes: []Change{},
	}
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(x, y archive.Entry) int { return x.Start.Compare(y.Start) })
	var counted []*archive.Entry
	var values []float64
	first := map[string]string{} // the run that counts, by what was measured
	for i := range runs {
		e := &runs[i]
		v, reason := m.value(e)
		if _, ok := e.Labels[o.By]; reason == "" && o.By != "" && !ok {
			reason = fmt.Sprintf("it has no label %q", o.By)
		}
		// Points that are there twice look like a pattern to a test that shuffles them.
		meta := document.ResultMetadata{RunID: e.RunID, Labels: e.Labels}
		if same, ok := first[meta.Measurement()]; reason == "" && ok {
			reason = meta.Repeats(same)
		}
		if reason != "" {
			h.LeftOut = append(h.LeftOut, document.LeftOutRun{RunID: e.RunID, Reason: reason})
			continue
		}
		first[meta.Measurement()] = e.RunID
		counted, values = append(counted, e), append(values, v)
	}
	if len(counted) == 0 {
		return nil, fmt.Errorf("none of the %d runs of %s has a figure to show: the first, %s, %s", len(runs), name, h.LeftOut[0].RunID, h.LeftOut[0].Reason)
	}
	h.points(counted, values)
	if h.Older = max(0, len(h.Points)-MostPoints); h.Older > 0 {
		h.Points = h.Points[h.Older:]
		shown := map[string]bool{}
		for _, p := range h.Points {
			for _, id := range p.Runs {
				shown[id] = true
			}
		}
		counted = slices.DeleteFunc(counted, func(e *archive.Entry) bool { return !shown[e.RunID] })
	}
	h.changes()
	h.mixed(counted)
	return h, nil
}

func (h *History) points(runs []*archive.Entry, values []float64) {
	if h.By == "" {
		for i, e := range runs {
			h.Points = append(h.Points, Point{Start: e.Start, Runs: []string{e.RunID}, Value: values[i]})
		}
		return
	}
	// Versions stand in the order in which they were first measured.
	at := map[string]int{}
	var of [][]float64
	for i, e := range runs {
		version := e.Labels[h.By]
		k, known := at[version]
		if !known {
			k = len(h.Points)
			at[version] = k
			h.Points = append(h.Points, Point{Label: version, Start: e.Start})
			of = append(of, nil)
		}
		h.Points[k].Runs = append(h.Points[k].Runs, e.RunID)
		of[k] = append(of[k], values[i])
	}
	for k := range h.Points {
		p := &h.Points[k]
		p.Value = statistics.Median(of[k])
		if len(of[k]) > 1 {
			p.Low, p.High = new(slices.Min(of[k])), new(slices.Max(of[k]))
		}
	}
}

func (h *History) changes() {
	var series []float64
	for _, p := range h.Points {
		series = append(series, p.Value)
	}
	found := statistics.ChangePoints(series, statistics.ChangeOptions{Significance: h.Significance, Seed: h.Seed, Permutations: permutations(h.Significance)})
	from := 0
	for i, c := range found {
		to := len(series)
		if i+1 < len(found) {
			to = found[i+1].Index
		}
		p := h.Points[c.Index]
		before, after := statistics.Median(series[from:c.Index]), statistics.Median(series[c.Index:to])
		one := Change{
			Index: c.Index, Start: p.Start, Label: p.Label, RunID: p.Runs[0],
			Before: before, After: after, Difference: after - before, P: c.P, Verdict: document.Worse,
		}
		if before != 0 {
			one.Relative = new((after - before) / before)
		}
		switch {
		case after == before:
			one.Verdict = Changed
		case (after > before) == h.HigherIsBetter:
			one.Verdict = document.Better
		}
		h.Changes = append(h.Changes, one)
		from = c.Index
	}
}

// permutations are so many that the least p, 1 / (permutations + 1), is half the
// significance at most.
func permutations(significance float64) int {
	return max(199, int(math.Ceil(2/significance))-1)
}
