package histogram

import "time"

// What a Counter and a Histogram take of memory once something is recorded.
const (
	CounterBytes = buckets * 4
	Bytes        = buckets * 8
)

// RecordMany counts d n times, like Record.
func (h *Histogram) RecordMany(d time.Duration, n int64) {
	if n <= 0 {
		return
	}
	h.allocate()
	// Cannot fail: the value is inside the range.
	_ = h.h.RecordValues(min(max(int64(d), 0), highest), n)
}

// Least is the shortest duration that no histogram tells from d.
func Least(d time.Duration) time.Duration {
	return time.Duration(valueOf(bucket(min(max(int64(d), 0), highest))))
}
