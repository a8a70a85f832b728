package echo

import (
	"sync"
	"sync/atomic"
)

// maxTallies bounds the counters that requests can make the server keep.
const maxTallies = 1024

// tallies number requests that ask for the same thing, from 1. Every thing has a
// count of its own, for tests may run side by side. When there are too many, all
// begin anew: that moves a share by one request at most.
type tallies struct {
	counts sync.Map // what is asked for -> *atomic.Uint64
	known  atomic.Int64
}

// next is the number of the next request that asks for key.
func (t *tallies) next(key any) uint64 {
	if c, ok := t.counts.Load(key); ok {
		return c.(*atomic.Uint64).Add(1)
	}
	if n := t.known.Load(); n >= maxTallies && t.known.CompareAndSwap(n, 0) {
		t.counts.Clear()
	}
	c, loaded := t.counts.LoadOrStore(key, new(atomic.Uint64))
	if !loaded {
		t.known.Add(1)
	}
	return c.(*atomic.Uint64).Add(1)
}

// shares picks which requests fail: exactly the share asked for and evenly
// spread, so that a test can count on it. Chance would be off by its square
// root.
type shares struct{ tallies }

// fails tells whether the next request of this share fails: of the first n it
// is floor(n * share), for every n.
func (s *shares) fails(share int) bool {
	switch {
	case share <= 0:
		return false
	case share >= whole:
		return true
	}
	return falls(s.next(share), share, 0)
}

// falls tells whether the n-th is one of a share in millionths, when of the first
// n there are floor(n * share + phase / 1e6).
func falls(n uint64, share int, phase uint64) bool {
	of := uint64(share)
	return (n*of+phase)/whole > ((n-1)*of+phase)/whole
}
