package export

import (
	"errors"
	"fmt"
	"math"

	"fortio.org/fortio/stats"
	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// maxBuckets bounds the buckets of an exported histogram: enough for the eye, and
// each is at most 1/250 of the way from the least to the greatest time on a
// logarithmic scale (or one bucket of the HDR histogram, where that is more).
const maxBuckets = 250

// histogramData is a histogram as Fortio writes one, in seconds. Counts are exact,
// for boundaries are those of the HDR histogram; percentiles are the summary's own,
// and absent where they are there. An empty one has no buckets.
func histogramData(s *document.Summary, encoded string) (*stats.HistogramData, error) {
	h, err := decode(s, encoded)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return &stats.HistogramData{}, nil
	}
	const ms = 1e-3
	d := &stats.HistogramData{
		Count: s.Count, Min: s.Min * ms, Max: s.Max * ms, Avg: s.Mean * ms, Sum: s.Mean * ms * float64(s.Count),
		StdDev: h.StdDev() / 1e9, Data: buckets(h),
	}
	d.Data[0].Start, d.Data[len(d.Data)-1].End = d.Min, d.Max
	for _, p := range []struct {
		percentile float64
		value      *float64
	}{{50, s.P50}, {75, s.P75}, {90, s.P90}, {99, s.P99}, {99.9, s.P999}} {
		if p.value != nil {
			d.Percentiles = append(d.Percentiles, stats.Percentile{Percentile: p.percentile, Value: *p.value * ms})
		}
	}
	return d, nil
}

// decode reads the histogram that s sums up; nil where there is none. Of Runs that
// were imported there may be a summary alone.
func decode(s *document.Summary, encoded string) (*hdr.Histogram, error) {
	if s == nil || s.Count == 0 {
		return nil, nil
	}
	if encoded == "" {
		return nil, errors.New("the Result has no histogram, as one imported from a summary: it cannot be written in this form")
	}
	h, err := hdr.Decode([]byte(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode the histogram: %w", err)
	}
	if h.TotalCount() != s.Count {
		return nil, fmt.Errorf("the histogram has %d counts and its summary %d: the Result is damaged", h.TotalCount(), s.Count)
	}
	return h, nil
}

// buckets puts the counts of h, which is in nanoseconds, into at most maxBuckets.
// Buckets that touch share their boundary, so that a chart has no gap there.
func buckets(h *hdr.Histogram) []stats.Bucket {
	low := math.Log(max(1, float64(h.Min())))
	width := (math.Log(max(1, float64(h.Max()))) - low) / maxBuckets
	var out []stats.Bucket
	var total int64
	last := -1
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		total += bar.Count
		slot := 0
		if width > 0 {
			slot = min(int((math.Log(max(1, float64(bar.From)))-low)/width), maxBuckets-1)
		}
		// The upper bound of a bar is inside it: the next begins one later.
		start, end := float64(bar.From)/1e9, float64(bar.To+1)/1e9
		if slot != last {
			out = append(out, stats.Bucket{Interval: stats.Interval{Start: start}})
		}
		b := &out[len(out)-1]
		b.End = end
		b.Count += bar.Count
		b.Percent = 100 * float64(total) / float64(h.TotalCount())
		last = slot
	}
	return out
}
