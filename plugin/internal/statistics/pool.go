package statistics

import (
	"slices"
	"sort"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// Pool are the histograms of several runs, ready to be merged over and over with each
// of them any number of times.
//
// What a percentile needs is how many durations up to a bucket all runs have together.
// So the pool holds these sums for each run over the buckets that any of them fills,
// 8 bytes each: a percentile of a merge is a search with about 14 steps over as many
// numbers as there are runs, not a merge of histograms of 270 KB.
type Pool struct {
	highest []float64 // of each bucket that any run fills, ns
	upTo    []int64   // [bucket][run]: durations of the run up to the bucket
	counts  []int64   // of each run
}

// NewPool takes the runs' buckets (histogram.Buckets).
func NewPool(runs [][]histogram.Bucket) *Pool {
	var filled []histogram.Bucket
	for _, r := range runs {
		filled = append(filled, r...)
	}
	var highest []float64
	for _, b := range filled {
		highest = append(highest, float64(b.Highest))
	}
	slices.Sort(highest)
	highest = slices.Compact(highest)
	p := &Pool{highest: highest, upTo: make([]int64, len(highest)*len(runs)), counts: make([]int64, len(runs))}
	for run, buckets := range runs {
		next := 0
		for i, h := range highest {
			if next < len(buckets) && float64(buckets[next].Highest) == h {
				p.counts[run] += buckets[next].Count
				next++
			}
			p.upTo[i*len(runs)+run] = p.counts[run]
		}
	}
	return p
}

// Runs is how many histograms there are.
func (p *Pool) Runs() int { return len(p.counts) }

// Each is every run once.
func (p *Pool) Each() []int { return slices.Repeat([]int{1}, len(p.counts)) }

// Count is how many durations the merge of the runs, each so many times, has.
func (p *Pool) Count(times []int) int64 {
	var n int64
	for run, t := range times {
		n += int64(t) * p.counts[run]
	}
	return n
}

// Quantile of the merge of the runs, each so many times, in nanoseconds: what
// histogram.Histogram.Quantile says of that merge. 0 where the merge is empty; whether
// there are enough durations for it (histogram.MinCount) is for the caller to see.
func (p *Pool) Quantile(times []int, q float64) float64 {
	n := p.Count(times)
	if n == 0 {
		return 0
	}
	rank, runs := histogram.Rank(q, n), len(p.counts)
	i := sort.Search(len(p.highest), func(i int) bool {
		var below int64
		for run, count := range p.upTo[i*runs : (i+1)*runs] {
			below += int64(times[run]) * count
		}
		return below >= rank
	})
	return p.highest[i]
}

// PooledDifference is by how much percentiles of b's runs merged are above those of
// a's, with the bootstrap's interval, for each of the quantiles. Paired: run i of both
// sides is drawn together. False without at least two runs a side.
func PooledDifference(a, b *Pool, paired bool, quantiles []float64, resamples int, seed uint64, confidence float64) ([]Interval, bool) {
	r := NewResampler(a.Runs(), b.Runs(), paired, seed)
	values := make([][]float64, len(quantiles))
	for range resamples {
		timesA, timesB := r.Next()
		for i, q := range quantiles {
			values[i] = append(values[i], b.Quantile(timesB, q)-a.Quantile(timesA, q))
		}
	}
	out := make([]Interval, len(quantiles))
	for i := range out {
		var ok bool
		if out[i], ok = ExpandedPercentile(values[i], a.Runs(), b.Runs(), confidence); !ok {
			return nil, false
		}
	}
	return out, true
}
