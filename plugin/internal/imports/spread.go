package imports

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// buckets is a histogram as Fortio writes one, in seconds: bucket i counts what is
// above its Start and at most its End; the first also counts Min.
type buckets struct {
	Count    int64
	Min, Max float64
	Sum, Avg float64
	Data     []bucket
}

type bucket struct {
	Start, End float64
	Count      int64
}

// mostCounted is more than anything here counts: a million a second for thirty
// years. Products and sums of such numbers are exact and do not overflow.
const mostCounted = 1e15

// empty tells that there is nothing in it.
func (b *buckets) empty() bool { return b == nil || b.Count == 0 }

// check finds what no histogram is.
func (b *buckets) check(name string) error {
	if b.empty() {
		return nil
	}
	wrong := func(what string) error { return fmt.Errorf("%s is damaged: %s", name, what) }
	if b.Count > mostCounted {
		return wrong("it counts more than there can be")
	}
	if b.Count < 0 || b.Min < 0 || b.Max < b.Min || b.Avg < 0 || b.Sum < 0 {
		return wrong("a negative count or time, or a maximum below the minimum")
	}
	var sum int64
	before := 0.0
	for _, d := range b.Data {
		if d.Count < 0 || d.End < d.Start || d.Start < before*(1-1e-9) {
			return wrong("its buckets are not in order")
		}
		if sum += d.Count; d.Count > mostCounted || sum > mostCounted {
			return wrong("it counts more than there can be")
		}
		before = d.End
	}
	if sum != b.Count {
		return wrong(fmt.Sprintf("its buckets have %d counts, and it says %d", sum, b.Count))
	}
	return nil
}

// minus is b without what errors counts, which is in b as well. Both were recorded
// into the same buckets, but each has its own least and greatest time for the
// outermost boundaries. Of what is left, these two are known as well as a bucket is.
func (b *buckets) minus(errs *buckets) (*buckets, error) {
	if errs.empty() {
		return b, nil
	}
	out := &buckets{Count: b.Count - errs.Count, Sum: max(0, b.Sum-errs.Sum)}
	i := 0
	for _, d := range b.Data {
		for i < len(errs.Data) && errs.Data[i].End <= d.End*(1+1e-9) && errs.Data[i].Start >= d.Start*(1-1e-9) {
			d.Count -= errs.Data[i].Count
			i++
		}
		if d.Count < 0 {
			return nil, errors.New("the buckets of the failed calls are not among those of all")
		}
		if d.Count > 0 {
			out.Data = append(out.Data, d)
		}
	}
	if i < len(errs.Data) || out.Count < 0 {
		return nil, errors.New("the buckets of the failed calls are not among those of all")
	}
	if out.Count > 0 {
		out.Min, out.Max, out.Avg = out.Data[0].Start, out.Data[len(out.Data)-1].End, out.Sum/float64(out.Count)
	}
	return out, nil
}

// recorded spreads the counts over a histogram. Fortio's percentiles take those of
// a bucket to lie evenly up to its End, and so does this: the same percentiles come
// out. Nobody knows where in a bucket they lay, so its width bounds the error.
func (b *buckets) recorded() *histogram.Histogram {
	h := histogram.New()
	for i, d := range b.Data {
		start, end, n := max(d.Start, b.Min), min(d.End, b.Max), d.Count
		if i == 0 && n > 0 {
			h.Record(seconds(b.Min))
			n--
		}
		spread(h, start*1e9, max(start, end)*1e9, n)
	}
	return h
}

// spread records n durations evenly: the i-th at start + i/n of the way to end, in
// nanoseconds. It takes as many steps as the histogram has cells there, not n.
func spread(h *histogram.Histogram, start, end float64, n int64) {
	if end-start < 1 {
		h.RecordMany(nanoseconds(end), n)
		return
	}
	for i, last := int64(1), int64(0); last < n; i = last + 1 {
		v := nanoseconds(start + float64(i)/float64(n)*(end-start))
		last = n
		if next := float64(cellEnd(v)); next < end {
			last = min(n, max(i, int64(math.Ceil((next-start)/(end-start)*float64(n)))-1))
		}
		h.RecordMany(v, last-i+1)
	}
}

// cellEnd is the first duration after those that the histogram does not tell from
// d.
func cellEnd(d time.Duration) time.Duration {
	if d >= time.Hour {
		return math.MaxInt64 // what is above is counted as an hour
	}
	least := histogram.Least(d)
	const exact = 11 // bits of a value that are kept
	return least + 1<<max(0, bits.Len64(uint64(least))-exact)
}

func nanoseconds(ns float64) time.Duration {
	return time.Duration(min(max(0, math.Round(ns)), float64(2*time.Hour)))
}

func seconds(s float64) time.Duration { return nanoseconds(s * 1e9) }

// around is the bucket that quantile q lies in.
func (b *buckets) around(q float64) (start, end float64) {
	rank := histogram.Rank(q, b.Count)
	for i, d := range b.Data {
		if rank -= d.Count; rank <= 0 {
			start, end = max(d.Start, b.Min), min(d.End, b.Max)
			if i == 0 {
				start = b.Min
			}
			return start, max(start, end)
		}
	}
	return b.Max, b.Max
}

// summary is that of the histogram; least, greatest and mean time are b's own.
func (b *buckets) summary() (*document.Summary, string, error) {
	if b.empty() {
		return nil, "", nil
	}
	h := b.recorded()
	encoded, err := h.Encode()
	if err != nil {
		return nil, "", err
	}
	s := &document.Summary{Count: b.Count, Min: b.Min * 1e3, Mean: min(max(b.Avg, b.Min), b.Max) * 1e3, Max: b.Max * 1e3}
	for q, to := range map[float64]**float64{0.5: &s.P50, 0.75: &s.P75, 0.9: &s.P90, 0.95: &s.P95, 0.99: &s.P99, 0.999: &s.P999, 0.9999: &s.P9999} {
		if d, ok := h.Quantile(q); ok {
			// A cell's upper end may be beyond the greatest time, which is exact.
			*to = new(min(max(float64(d)/1e6, s.Min), s.Max))
		}
	}
	return s, string(encoded), nil
}
