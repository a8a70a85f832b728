package histogram

import (
	"math/bits"
	"time"
)

// Counter is the writing side of a Histogram: the same buckets in half the
// memory, and nothing but one addition to record, for it stands beside every
// request. Not safe for concurrent use. An empty one takes no memory.
type Counter struct {
	counts      []uint32
	n           int64
	first, last int // the buckets in use
}

// The buckets of HdrHistogram for 3 digits from 1 ns: 2048 of 1 ns, then 1024 of
// each width 2 ns, 4 ns, ...
const (
	subBits = 10
	buckets = (32 + 1) << subBits // up to 2^42 ns, which is above an hour
)

// bucket is the index of a value.
func bucket(v int64) int {
	width := bits.Len64(uint64(v)|(2<<subBits-1)) - subBits - 1
	return width<<subBits + int(v>>width)
}

// valueOf is the least value of a bucket.
func valueOf(index int) int64 {
	width := max(0, index>>subBits-1)
	return int64(index-width<<subBits) << width
}

// Record counts d like Histogram.Record.
func (c *Counter) Record(d time.Duration) {
	if c.counts == nil {
		c.counts, c.first = make([]uint32, buckets), buckets
	}
	i := bucket(min(max(int64(d), 0), highest))
	c.counts[i]++
	c.n++
	c.first, c.last = min(c.first, i), max(c.last, i)
}

// Count is the number of durations recorded.
func (c *Counter) Count() int64 { return c.n }

// Drain adds everything to a Histogram and begins anew.
func (c *Counter) Drain(to *Histogram) {
	if c.n == 0 {
		return
	}
	to.allocate()
	for i := c.first; i <= c.last; i++ {
		if n := c.counts[i]; n > 0 {
			// Cannot fail: the value is inside the range.
			_ = to.h.RecordValues(valueOf(i), int64(n))
			c.counts[i] = 0
		}
	}
	c.n, c.first, c.last = 0, buckets, 0
}
