//go:build linux

package target

import (
	"slices"
	"time"
)

// StallTruth is the p99 in milliseconds of the response times of a run of
// duration d at rate requests a second against a Stall, from when each request
// was due: those due during the stall wait for its end. It follows from the
// schedule alone, whatever a tool sent; base in milliseconds is the answer's
// time without a stall.
func StallTruth(rate float64, d time.Duration, base float64) float64 {
	n := int(rate * d.Seconds())
	all := make([]time.Duration, n)
	at := func(k int) time.Duration { return time.Duration(float64(k) / rate * float64(time.Second)) }
	end := at(StallAfter-1) + StallLength
	for k := range all {
		all[k] = time.Duration(base * float64(time.Millisecond))
		if wait := end - at(k); k >= StallAfter-1 && wait > all[k] {
			all[k] = wait
		}
	}
	slices.Sort(all)
	return milliseconds(quantile(all, 0.99))
}
