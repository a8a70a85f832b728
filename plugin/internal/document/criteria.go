package document

import "time"

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
