package threshold

import (
	"math"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// bounds finds between what a figure of the whole run will be.
type bounds struct {
	path  path
	scope scope
	rest  int64
}

func (b bounds) least() float64 { return b.bound(0) }

func (b bounds) most() float64 { return b.bound(time.Hour) }

// bound is the least (each the requests still to come takes 0) or the most (each
// takes an hour) in the unit of the path; infinite where that is not known.
func (b bounds) bound(each time.Duration) float64 {
	least := each == 0
	none := math.Inf(1)
	if least {
		none = math.Inf(-1)
	}
	q := b.scope.requests
	switch b.path.group {
	case requests, codes:
		return b.count(b.path.requests(q), least)
	case errorRate:
		return b.share(q.Failed, q.Succeeded, least, none)
	case unsentRate:
		return b.share(q.Unsent, q.Succeeded+q.Failed, least, none)
	case rate, nodes:
		return none
	}
	h, ok := b.histogram()
	if !ok {
		return none
	}
	if b.path.field == "count" {
		return b.count(h.Count(), least)
	}
	if b.rest != unknown {
		h.Merge(repeated(each, b.rest))
	} else if b.path.field != "max" && least || b.path.field != "min" && !least {
		return none
	}
	if h.Count() == 0 {
		return none
	}
	return b.path.in(h, least)
}

// count bounds one that is n so far.
func (b bounds) count(n int64, least bool) float64 {
	switch {
	case least:
		return float64(n)
	case b.rest == unknown:
		return math.Inf(1)
	}
	return float64(n + b.rest)
}

// share bounds in / (in + out), of which so many are known.
func (b bounds) share(in, out int64, least bool, none float64) float64 {
	n := in + out + b.rest
	switch {
	case b.rest == unknown || n == 0:
		return none
	case least:
		return percent(in, n)
	}
	return percent(n-out, n)
}

// histogram of the path's latency so far; false when it is not there, or not
// that of the summary.
func (b bounds) histogram() (*histogram.Histogram, bool) {
	s, encoded := b.scope.of(b.path.group)
	h, err := histogram.Decode([]byte(encoded))
	if err != nil || s != nil && s.Count != h.Count() || s == nil && h.Count() > 0 {
		return nil, false
	}
	return h, true
}

// never tells that the percentile will not have the requests it needs, and how
// many it will have at most.
func (b bounds) never() (n, need int64, never bool) {
	if b.path.q == 0 || b.rest == unknown {
		return 0, 0, false
	}
	h, ok := b.histogram()
	if !ok {
		return 0, 0, false
	}
	n, need = h.Count()+b.rest, histogram.MinCount(b.path.q)
	return n, need, n < need
}

// in is the path's figure in a histogram, in milliseconds.
func (p path) in(h *histogram.Histogram, least bool) float64 {
	switch p.field {
	case "min":
		return milliseconds(h.Min())
	case "max":
		return milliseconds(h.Max())
	case "mean":
		v := milliseconds(h.Mean())
		slack := 1e-6 + 1e-9*v
		if least {
			return v - slack
		}
		return v + slack
	}
	v, ok := h.Quantile(p.q)
	if !ok {
		if least {
			return math.Inf(-1)
		}
		return math.Inf(1)
	}
	return milliseconds(v)
}

// repeated is a histogram of n times d. Up to a block they are recorded, which
// is cheaper than merging; what is more is made of blocks, by doubling.
func repeated(d time.Duration, n int64) *histogram.Histogram {
	const block = 1 << 14
	sum := histogram.New()
	for range n % block {
		sum.Record(d)
	}
	n /= block
	if n == 0 {
		return sum
	}
	power, copied := histogram.New(), histogram.New()
	for range block {
		power.Record(d)
	}
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			sum.Merge(power)
		}
		copied.Reset()
		copied.Merge(power)
		power.Merge(copied)
	}
	return sum
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }
