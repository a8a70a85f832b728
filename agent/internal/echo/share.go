package echo

import (
	"sync"
	"sync/atomic"
)

// maxShares bounds the counters that requests can make the server keep.
const maxShares = 1024

// shares picks which requests fail: exactly the share asked for and evenly
// spread, so that a test can count on it. Chance would be off by its square
// root. Every share has a count of its own, for tests may run side by side.
type shares struct {
	counts sync.Map // share in millionths -> *atomic.Uint64
	known  atomic.Int64
	rest   atomic.Uint64
}

// fails tells whether the next request of this share fails: of the first n it
// is floor(n * share), for every n.
func (s *shares) fails(share int) bool {
	switch {
	case share <= 0:
		return false
	case share >= whole:
		return true
	}
	n := s.count(share).Add(1)
	of := uint64(share)
	return n*of/whole > (n-1)*of/whole
}

func (s *shares) count(share int) *atomic.Uint64 {
	if c, ok := s.counts.Load(share); ok {
		return c.(*atomic.Uint64)
	}
	if s.known.Load() >= maxShares {
		return &s.rest
	}
	c, loaded := s.counts.LoadOrStore(share, new(atomic.Uint64))
	if !loaded {
		s.known.Add(1)
	}
	return c.(*atomic.Uint64)
}
