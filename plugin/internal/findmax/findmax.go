// Package findmax searches the highest rate at which a target keeps what is
// wanted of it. It knows nothing of how a rate is tried.
package findmax

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Step is one rate to be tried, in requests per second.
type Step struct {
	Number int
	Rate   float64
	// Confirm marks the longer run that has the last word.
	Confirm bool
}

// Outcome is what came of a step. Why says what was not kept.
type Outcome struct {
	Kept bool
	Why  string
}

// Config of a search.
type Config struct {
	// Start is the first rate, Most the highest that is tried.
	Start, Most float64
	// Precision is the greatest ratio, less 1, between the rate found and the
	// lowest rate known to be too high.
	Precision float64
	Try       func(context.Context, Step) (Outcome, error)
}

// ErrNone tells that not even the lowest rate tried is kept.
var ErrNone = errors.New("no rate keeps what is wanted")

const (
	// factor of the exponential part of the search.
	factor = 2
	// lowest is the share of Start at which the search downwards gives up.
	lowest = 1.0 / 64
	// attempts is how many rates are confirmed before the search gives up.
	attempts = 5
)

// Search doubles the rate until it is not kept, halves the interval between the
// highest kept and the lowest not kept rate until it is small enough, and
// confirms the highest kept rate with a longer run; where that is not kept, the
// next lower rate by the precision has its turn. A rate that is not kept is
// tried a second time before that: a disturbance must not decide.
func Search(ctx context.Context, c Config) (rate float64, err error) {
	s := searcher{Config: c, ctx: ctx}
	low, high, err := s.bracket()
	if err != nil {
		return 0, err
	}
	for high/low > 1+c.Precision && low < c.Most {
		// The geometric mean: the interval is a matter of ratios.
		middle := rounded(math.Sqrt(low * high))
		if middle <= low || middle >= high {
			break
		}
		o, err := s.twice(middle)
		if err != nil {
			return 0, err
		}
		if o.Kept {
			low = middle
		} else {
			high = middle
		}
	}
	why := ""
	for range attempts {
		o, err := s.try(low, true)
		if err != nil {
			return 0, err
		}
		if o.Kept {
			return low, nil
		}
		why = o.Why
		low = rounded(low / (1 + c.Precision))
	}
	return 0, fmt.Errorf("%w for the length of the confirming run, down to %g rps: %s", ErrNone, low, why)
}

type searcher struct {
	Config
	ctx   context.Context
	steps int
}

func (s *searcher) try(rate float64, confirm bool) (Outcome, error) {
	if err := s.ctx.Err(); err != nil {
		return Outcome{}, err
	}
	s.steps++
	return s.Try(s.ctx, Step{Number: s.steps, Rate: rate, Confirm: confirm})
}

// twice tries a rate again where it was not kept.
func (s *searcher) twice(rate float64) (o Outcome, err error) {
	for range 2 {
		if o, err = s.try(rate, false); err != nil || o.Kept {
			return o, err
		}
	}
	return o, nil
}

// bracket finds a rate that is kept and a higher one that is not.
func (s *searcher) bracket() (low, high float64, err error) {
	rate := min(s.Start, s.Most)
	o, err := s.twice(rate)
	for err == nil && !o.Kept {
		high = rate
		if rate = rounded(rate / factor); rate < s.Start*lowest {
			return 0, 0, fmt.Errorf("%w, down to %g rps: %s", ErrNone, high, o.Why)
		}
		if o, err = s.twice(rate); err == nil && o.Kept {
			return rate, high, nil
		}
	}
	for low = rate; err == nil && low < s.Most; low = rate {
		rate = min(rounded(low*factor), s.Most)
		if o, err = s.twice(rate); err == nil && !o.Kept {
			return low, rate, nil
		}
	}
	return low, math.Inf(1), err // as high as may be tried
}

// rounded keeps four digits: a person is to read them.
func rounded(rate float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate))-3)
	return math.Round(rate/unit) * unit
}
