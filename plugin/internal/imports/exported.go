package imports

import (
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// exported is the Result that a file of our own export holds, as it was but for
// what the export leaves out, which it says: it has another id, for it is not the
// same document.
func (f *fortioRun) exported(id string) (*document.Result, error) {
	r := f.Meshery
	if err := f.checkExported(r); err != nil {
		return nil, err
	}
	if r.Metadata.Labels == nil {
		r.Metadata.Labels = map[string]string{}
	}
	// A copy of a copy is still the measurement of the first.
	if r.Metadata.Labels[LabelRun] == "" {
		r.Metadata.Labels[LabelRun] = r.Metadata.RunID
	}
	r.Metadata.RunID = id
	return r, nil
}

// checkExported finds what was changed after the export. Somebody else's tools may
// have done so to what is theirs, and then the two halves of the file disagree.
func (f *fortioRun) checkExported(r *document.Result) error {
	wrong := func(what string) error {
		return fmt.Errorf("it was exported by this plugin and changed since: %s", what)
	}
	if r.APIVersion != document.APIVersion || r.Kind != document.KindResult {
		return fmt.Errorf("it was exported with apiVersion %q, which this version cannot read: use the version that wrote it", r.APIVersion)
	}
	if u, err := uuid.Parse(r.Metadata.RunID); err != nil || u.String() != r.Metadata.RunID || smp.FitName(r.Metadata.Name) != r.Metadata.Name || r.Metadata.Name == "" {
		return wrong("it names no run")
	}
	s := &r.Status
	switch s.Phase {
	case document.Succeeded, document.Failed, document.Partial, document.Cancelled:
	default:
		return wrong("it does not say how the run ended")
	}
	q := &s.Requests
	switch {
	case !s.StartTime.Equal(f.StartTime), s.EndTime.Sub(s.StartTime) != f.duration(), s.Rate.Achieved != f.ActualQPS:
		return wrong("its times or its rate disagree")
	case q.Sent < 0 || q.Failed < 0 || q.Unsent < 0 || q.Succeeded < 0 || q.Planned < 0 || q.Sent != q.Succeeded+q.Failed || q.Planned != q.Sent+q.Unsent:
		return wrong("its counts disagree")
	case !f.countsOneOf(&s.Latency):
		return wrong("its DurationHistogram counts something else")
	}
	all := latencies("", &s.Latency, &s.Histograms)
	for i := range s.Targets {
		t := &s.Targets[i]
		all = append(all, latencies(t.Name+": ", &t.Latency, &t.Histograms)...)
	}
	for i := range s.Agents {
		a := &s.Agents[i]
		switch a.Phase {
		case document.AgentSucceeded, document.AgentFailed, document.AgentCancelled, document.AgentLost:
		default:
			return wrong(a.Node + ": it does not say how the agent ended")
		}
		all = append(all, latencies(a.Node+": ", &a.Latency, &a.Histograms)...)
	}
	for _, one := range all {
		if err := one.check(); err != nil {
			return wrong(one.name + ": " + err.Error())
		}
	}
	return nil
}

// countsOneOf tells whether Fortio's histogram is one of those of l: which, the
// export was asked.
func (f *fortioRun) countsOneOf(l *document.Latency) bool {
	for _, s := range []*document.Summary{l.ResponseTime, l.ServiceTime, l.ErrorTime} {
		if s != nil && s.Count == f.DurationHistogram.Count {
			return true
		}
	}
	return false
}

// latency is one of a Result's, twice.
type latency struct {
	name    string
	summary *document.Summary
	encoded string
}

// latencies are those of a Result, or with a prefix of a part of it.
func latencies(prefix string, l *document.Latency, h *document.Histograms) []latency {
	return []latency{
		{prefix + "responseTime", l.ResponseTime, h.ResponseTime}, {prefix + "serviceTime", l.ServiceTime, h.ServiceTime},
		{prefix + "lateness", l.Lateness, h.Lateness}, {prefix + "connectTime", l.ConnectTime, h.ConnectTime}, {prefix + "errorTime", l.ErrorTime, h.ErrorTime},
	}
}

// check holds the summary against the histogram. Versions of this plugin may round
// the rank of a percentile differently, so that one is only held to lie inside.
func (l latency) check() error {
	h, err := histogram.Decode([]byte(l.encoded))
	switch {
	case err != nil:
		return err
	case l.summary == nil && h.Count() == 0:
		return nil
	case l.summary == nil || l.summary.Count != h.Count():
		return errors.New("the summary does not count what the histogram does")
	}
	s := l.summary
	before := s.Min
	for _, p := range []*float64{s.P50, s.P75, s.P90, s.P95, s.P99, s.P999, s.P9999, &s.Max} {
		if p == nil {
			continue
		}
		if *p < before {
			return errors.New("the percentiles do not rise")
		}
		before = *p
	}
	if near := func(a, b float64) bool { return math.Abs(a-b) <= 0.002*math.Max(a, b)+1e-6 }; !near(s.Min, float64(h.Min())/1e6) || !near(s.Max, float64(h.Max())/1e6) || !near(s.Mean, float64(h.Mean())/1e6) {
		return errors.New("the summary is not that of the histogram")
	}
	return nil
}
