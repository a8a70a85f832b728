package histogram

import "time"

// Bucket is one that is not empty: Count durations that nobody tells from Highest,
// the longest of them, which is what Quantile says.
type Bucket struct {
	Highest time.Duration
	Count   int64
}

// Buckets are those that are not empty, the shortest first: a few thousand where the
// Histogram itself has room for 33,792.
func (h *Histogram) Buckets() []Bucket {
	if h.Count() == 0 {
		return nil
	}
	counts := h.h.Export().Counts
	filled := 0
	for _, n := range counts {
		if n > 0 {
			filled++
		}
	}
	all := make([]Bucket, 0, filled)
	for i, n := range counts {
		if n > 0 {
			all = append(all, Bucket{Highest: time.Duration(valueOf(i+1) - 1), Count: n})
		}
	}
	return all
}
