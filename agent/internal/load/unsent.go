package load

import (
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// alike goes through the slots that are left, and calls f with those together
// that, at a time, have waited so long that no histogram tells them apart. Place
// is the first one's among the agent's slots. At high rates there are millions of
// slots a second, and only some ten thousand such times; where every slot is
// random, in a Poisson process, they are gone through one by one.
func (s *schedule) alike(at time.Duration, f func(place, n int64, waited time.Duration, warmup bool)) {
	for s.next.intended < s.end {
		first, waited, warmup := s.index, at-s.next.intended, s.next.intended < s.warmup
		// Later than until they have waited less, or are not of the warm-up, or not
		// of the load.
		until := min(at-histogram.Least(waited)+1, s.end)
		if warmup {
			until = min(until, s.warmup)
		}
		if s.arrivals == Poisson {
			for s.next.intended < until && s.next.intended < s.end {
				s.advance()
			}
		} else {
			s.index = max(s.before(until), s.index+1)
			s.plan()
		}
		f(first, s.index-first, waited, warmup)
	}
}

// before is the number of the agent's slots before t, if they are not of a
// Poisson process.
func (s *schedule) before(t time.Duration) int64 {
	return max(0, s.firstSlot(t)-s.agent+s.n-1) / s.n
}
