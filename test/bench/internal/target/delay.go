//go:build linux

package target

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Delay is how long the server waits before an answer.
type Delay interface{ next() time.Duration }

// random draws from a distribution; every server draws the same sequence.
type random struct {
	mu   sync.Mutex
	r    *rand.Rand
	draw func(*rand.Rand) time.Duration
}

func (d *random) next() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draw(d.r)
}

// stall waits base, but nobody's wait ends during length from the after-th
// request on: the server stands still.
type stall struct {
	mu           sync.Mutex
	base, length time.Duration
	after, seen  int
	from         time.Time
}

func (d *stall) next() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.seen++; d.seen == d.after {
		d.from = now
	}
	if end := d.from.Add(d.length); now.Add(d.base).Before(end) {
		return end.Sub(now)
	}
	return d.base
}

// Shapes of delays by name.
const (
	// Lognormal: median 5 ms, sigma 0.7, so p99 is 25 ms.
	Lognormal = "lognormal"
	// Bimodal: 4 ms, one in ten 40 ms, both evenly spread by a tenth.
	Bimodal = "bimodal"
	// Stall: 1 ms, and a stall of StallLength from request StallAfter on.
	Stall = "stall"

	StallAfter  = 400
	StallLength = time.Second
)

// NewDelay makes a delay by its shape's name.
func NewDelay(shape string) (Delay, error) {
	r := rand.New(rand.NewPCG(1, 2))
	switch shape {
	case Lognormal:
		return &random{r: r, draw: func(r *rand.Rand) time.Duration {
			return time.Duration(5e6 * math.Exp(0.7*r.NormFloat64()))
		}}, nil
	case Bimodal:
		return &random{r: r, draw: func(r *rand.Rand) time.Duration {
			d := 4e6
			if r.IntN(10) == 0 {
				d = 40e6
			}
			return time.Duration(d * (0.9 + 0.2*r.Float64()))
		}}, nil
	case Stall:
		return &stall{base: time.Millisecond, length: StallLength, after: StallAfter}, nil
	}
	return nil, fmt.Errorf("no delay %q", shape)
}
