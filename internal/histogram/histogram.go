// Package histogram is the latency histogram that plugin and agent share: HDR,
// nanoseconds, 3 significant digits. All histograms have one geometry, so
// merging is exact addition of counts: any percentile of merged histograms
// equals that of one histogram of all samples.
//
// Encoding is HdrHistogram's V2 compressed form in base64, as its libraries in
// other languages read it.
package histogram

import (
	"fmt"
	"math"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

const (
	lowest  = 1 // ns
	highest = int64(time.Hour)
	digits  = 3
)

// Histogram counts durations. Not safe for concurrent use. An empty one takes
// no memory; its counts, about 200 KB, come with the first duration.
type Histogram struct {
	h *hdr.Histogram // nil until something is recorded
}

// New makes an empty histogram for durations from 0 to one hour.
func New() *Histogram { return &Histogram{} }

func (h *Histogram) allocate() {
	if h.h == nil {
		h.h = hdr.New(lowest, highest, digits)
	}
}

// Record counts d; negative counts as 0, above one hour as one hour.
func (h *Histogram) Record(d time.Duration) {
	if h.h == nil {
		h.allocate()
	}
	v := min(max(int64(d), 0), highest)
	// Cannot fail: v is inside the range.
	_ = h.h.RecordValue(v)
}

// Merge adds all counts of from.
func (h *Histogram) Merge(from *Histogram) {
	if from.Count() == 0 {
		return
	}
	h.allocate()
	h.h.Merge(from.h)
}

// Reset forgets all counts.
func (h *Histogram) Reset() {
	if h.Count() > 0 {
		h.h.Reset()
	}
}

// Count is the number of durations recorded.
func (h *Histogram) Count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// Min, Mean and Max are exact to 0.1 %; 0 when nothing was recorded.
func (h *Histogram) Min() time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(h.h.Min())
}

// Mean is the arithmetic mean.
func (h *Histogram) Mean() time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(math.Round(h.h.Mean()))
}

// Max is the largest duration.
func (h *Histogram) Max() time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(h.h.Max())
}

// Quantile is the least duration that a share q (0 to 1) of all is not above, and
// whether enough was recorded for it to mean something: see MinCount.
func (h *Histogram) Quantile(q float64) (time.Duration, bool) {
	if h.Count() < max(1, MinCount(q)) {
		return 0, false
	}
	// HDR rounds the rank to the nearest, which leaves out the slowest of few: of 757
	// samples it takes for p99 one that only 98.9 % are not above.
	n := float64(h.Count())
	return time.Duration(h.h.ValueAtQuantile(100 * float64(Rank(q, h.Count())) / n)), true
}

// Rank is the place of quantile q among n values in order, from 1: the first that a
// share q of them is not above.
func Rank(q float64, n int64) int64 {
	// 0.07 * 100 is a little more than 7.
	return min(max(1, int64(math.Ceil(q*float64(n)*(1-1e-12)))), n)
}

// MinCount is the number of samples needed before the two-sided 95 %
// confidence interval of quantile q (order statistics, binomial) has a finite
// upper end: the smallest n with q^n <= 0.025. 368 for p99, 3,688 for p99.9.
func MinCount(q float64) int64 {
	if q <= 0 || q >= 1 {
		return 1
	}
	return int64(math.Ceil(math.Log(0.025) / math.Log(q)))
}

// Encode writes the histogram; an empty one is nil.
func (h *Histogram) Encode() ([]byte, error) {
	if h.Count() == 0 {
		return nil, nil
	}
	b, err := h.h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return b, nil
}

// Decode reads what Encode wrote; nil or empty is an empty histogram. A
// histogram of another geometry is an error, for it would not merge exactly.
func Decode(b []byte) (*Histogram, error) {
	if len(b) == 0 {
		return New(), nil
	}
	d, err := hdr.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("decode histogram: %w", err)
	}
	if d.LowestTrackableValue() != lowest || d.HighestTrackableValue() != highest || d.SignificantFigures() != digits {
		return nil, fmt.Errorf("decode histogram: range %d to %d ns with %d digits found, %d to %d with %d expected",
			d.LowestTrackableValue(), d.HighestTrackableValue(), d.SignificantFigures(), int64(lowest), highest, digits)
	}
	return &Histogram{h: d}, nil
}

// Equal tells whether both have the same counts.
func (h *Histogram) Equal(other *Histogram) bool {
	if h.Count() == 0 || other.Count() == 0 {
		return h.Count() == other.Count()
	}
	return h.h.Equals(other.h)
}
