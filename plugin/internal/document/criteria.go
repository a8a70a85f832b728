package document

import (
	"strconv"
	"time"
)

// Defaults of the criteria; docs/validity.md has the reason for each.
const (
	DefaultMinRate         = 0.99
	DefaultMaxErrors       = 0.10
	DefaultMaxLateness     = 0.50
	DefaultMaxGeneratorCPU = 0.85
	DefaultMaxStartSkew    = Duration(50 * time.Millisecond)
)

// LatenessFloor, in milliseconds, is a 99th percentile of the lateness that is
// never held against a run: a thread that wakes up may have to wait for one time
// slice of the scheduler, however short the answers of the target are.
const LatenessFloor = 2.0

// MaxNodeCPU is the share of a node's CPU above which whatever runs on it waits
// for the CPU, the generator included.
const MaxNodeCPU = 0.95

// CancelledCode is what calls are counted under that were in flight when the
// load was stopped.
const CancelledCode = "cancelled"

// WithDefaults fills the bounds that are not given.
func (c Criteria) WithDefaults() Criteria {
	fill := func(p **float64, v float64) {
		if *p == nil {
			*p = &v
		}
	}
	fill(&c.MinRate, DefaultMinRate)
	fill(&c.MaxErrors, DefaultMaxErrors)
	fill(&c.MaxLateness, DefaultMaxLateness)
	fill(&c.MaxGeneratorCPU, DefaultMaxGeneratorCPU)
	if c.MaxStartSkew == nil {
		skew := DefaultMaxStartSkew
		c.MaxStartSkew = &skew
	}
	return c
}

// LatenessBound is how late the generator may be at the 99th percentile where
// the median response time is this; both in milliseconds.
func (c Criteria) LatenessBound(median float64) float64 {
	return max(LatenessFloor, *c.WithDefaults().MaxLateness*median)
}

// LatenessVerdict is how late the generator was and may be, in milliseconds.
type LatenessVerdict struct {
	Name        string // of the percentile
	Late, Bound float64
	// Of is the percentile of a summary.
	Of func(*Summary) *float64
}

// LatenessOf is what the generator of a run is judged by, nil where nothing is
// known of it. A bound on the 99th percentile is broken as well where a lower one
// is above it: with few calls there is only the median. Where nothing was
// answered there is no median of the response time to hold it against, but a
// generator is not to be later than the floor either.
func (c Criteria) LatenessOf(l *Latency) *LatenessVerdict {
	if l.Lateness == nil {
		return nil
	}
	median := 0.0
	if l.ResponseTime != nil && l.ResponseTime.P50 != nil {
		median = *l.ResponseTime.P50
	}
	v := &LatenessVerdict{Name: "p99", Of: func(s *Summary) *float64 { return s.P99 }, Bound: c.LatenessBound(median)}
	if l.Lateness.P99 == nil {
		v.Name, v.Of = "p50", func(s *Summary) *float64 { return s.P50 }
	}
	late := v.Of(l.Lateness)
	if late == nil {
		return nil
	}
	v.Late = *late
	return v
}

// Broken tells that the generator was later than it may be. Three digits are what
// a histogram knows.
func (v *LatenessVerdict) Broken() bool {
	digits := func(ms float64) string { return strconv.FormatFloat(ms, 'g', 3, 64) }
	return v != nil && v.Late > v.Bound && digits(v.Late) != digits(v.Bound)
}

// SentShare is the share of the planned requests that were sent, and whether that
// is fewer than there have to be.
func (c Criteria) SentShare(r *Requests) (share float64, tooFew bool) {
	if r.Planned == 0 {
		return 0, false
	}
	share = float64(r.Sent) / float64(r.Planned)
	return share, share < *c.WithDefaults().MinRate
}

// FailedShare is the share of the requests that failed, and whether that is more
// than may. Those that were cut off by stopping the run count neither as sent nor as
// failed.
func (c Criteria) FailedShare(r *Requests) (share float64, tooMany bool) {
	cut := r.Codes[CancelledCode]
	if r.Sent == cut {
		return 0, false
	}
	share = float64(r.Failed-cut) / float64(r.Sent-cut)
	return share, share > *c.WithDefaults().MaxErrors
}

// BusyGenerator tells that the share of the CPU that an agent had and used is
// more than it may be.
func (c Criteria) BusyGenerator(a *AgentResult) bool {
	return a.CPUUtilization != nil && *a.CPUUtilization > *c.WithDefaults().MaxGeneratorCPU
}
