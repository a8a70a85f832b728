// Package findmax searches the highest rate at which a target keeps what is
// wanted of it. It knows nothing of how a rate is tried.
package findmax

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Step is one rate to be tried, in requests per second.
type Step struct {
	Number int
	Rate   float64
	// Confirm marks the longer run that has the last word.
	Confirm bool
}

// Verdict is what a step says of its rate.
type Verdict int

// The verdicts. Unknown is neither of the others: what was measured may not be
// believed, or there is too little of it.
const (
	Unknown Verdict = iota
	Kept
	Broken
)

// Outcome is what came of a step.
type Outcome struct {
	Verdict Verdict
	// Why says in short what was not kept, or why that is not known; there is always one.
	Why string
	// Overload marks what is Unknown because the load was too much for whoever
	// sends it: of a lower rate more may be known.
	Overload bool
}

// Config of a search.
type Config struct {
	// Start is the first rate, Least and Most bound what is tried.
	Start, Least, Most float64
	// Precision is the greatest ratio, less 1, between the rate found and the
	// lowest rate known to be too high.
	Precision float64
	Try       func(context.Context, Step) (Outcome, error)
}

// Found is the highest rate that was confirmed.
type Found struct {
	Rate float64
	// Above is the lowest higher rate that was not kept, and Limit what came of
	// it; 0 where Rate is the most that may be tried.
	Above float64
	Limit Outcome
}

var (
	// ErrNone tells that not even the lowest rate tried is kept.
	ErrNone = errors.New("no rate keeps what is wanted")
	// ErrUnknown tells that of the lowest rate tried it is not known whether it is kept.
	ErrUnknown = errors.New("no rate could be measured that keeps what is wanted")
)

const (
	// factor of the exponential part of the search.
	factor = 2
	// lowest is the share of Start at which the search downwards gives up.
	lowest = 1.0 / 64
	// attempts is how many rates are confirmed before the search gives up.
	attempts = 5
	// A rate is not kept when two steps say so, and not known when three say no more.
	brokenTries, unknownTries = 2, 3
)

// Search doubles the rate until it is not kept, halves the interval between the
// highest kept and the lowest not kept rate until it is small enough, and
// confirms the highest kept rate with a longer run; where that is not kept, the
// next lower rate by the precision has its turn. A rate that is not kept, in a short
// run or a long one, is tried a second time before that: a disturbance must not decide. A rate of
// which nothing is known after three tries bounds the search as one that is not
// kept does, and Found says so.
//
// The error is ErrNone or ErrUnknown with the last rate tried, that of Try, or
// that of the context.
func Search(ctx context.Context, c Config) (Found, error) {
	if c.Least = max(c.Least, c.Start*lowest); rounded(c.Least) < c.Least {
		c.Least *= 1.001 // one in the fourth digit
	}
	c.Least = rounded(c.Least)
	s := searcher{Config: c, ctx: ctx}
	f, err := s.bracket()
	if err != nil {
		return Found{}, err
	}
	for f.Above > f.Rate*(1+c.Precision) {
		// The geometric mean: the interval is a matter of ratios.
		middle := rounded(math.Sqrt(f.Rate * f.Above))
		if middle <= f.Rate || middle >= f.Above {
			break
		}
		o, err := s.settle(middle, false)
		switch {
		case err != nil:
			return Found{}, err
		case o.Verdict == Kept:
			f.Rate = middle
		default:
			f.Above, f.Limit = middle, o
		}
	}
	return s.confirm(f)
}

type searcher struct {
	Config
	ctx   context.Context
	steps int
	// broken is why the last rate that was not kept, for sure, was not; empty where
	// there is none.
	broken string
}

func (s *searcher) try(rate float64, confirm bool) (Outcome, error) {
	if err := s.ctx.Err(); err != nil {
		return Outcome{}, err
	}
	s.steps++
	return s.Try(s.ctx, Step{Number: s.steps, Rate: rate, Confirm: confirm})
}

// settle tries a rate again where it was not kept, or where that is not known.
func (s *searcher) settle(rate float64, confirm bool) (o Outcome, err error) {
	n := map[Verdict]int{}
	for n[Broken] < brokenTries && n[Unknown] < unknownTries {
		if o, err = s.try(rate, confirm); err != nil || o.Verdict == Kept {
			return o, err
		}
		n[o.Verdict]++
	}
	if o.Verdict == Broken {
		s.broken = o.Why
	}
	return o, nil
}

// bracket finds a rate that is kept and the lowest above it that is not.
func (s *searcher) bracket() (f Found, err error) {
	rate := min(s.Start, s.Most)
	o, err := s.settle(rate, false)
	if err != nil {
		return f, err
	}
	if o.Verdict != Kept {
		return s.down(rate, o)
	}
	for f.Rate = rate; f.Rate < s.Most; f.Rate = rate {
		rate = min(rounded(f.Rate*factor), s.Most)
		o, err := s.settle(rate, false)
		switch {
		case err != nil:
			return f, err
		case o.Verdict != Kept:
			f.Above, f.Limit = rate, o
			return f, nil
		}
	}
	return f, nil // as high as may be tried
}

// down halves a rate that is not kept, for the reason in o, until one is.
func (s *searcher) down(rate float64, o Outcome) (Found, error) {
	// A last step that would be no more than the precision lower is none.
	for rate > s.Least*(1+s.Precision) && (o.Verdict == Broken || o.Overload) {
		above, limit := rate, o
		rate = max(rounded(rate/factor), s.Least)
		var err error
		if o, err = s.settle(rate, false); err != nil {
			return Found{}, err
		}
		if o.Verdict == Kept {
			return Found{Rate: rate, Above: above, Limit: limit}, nil
		}
	}
	return Found{}, s.none("", rate, o)
}

// none is the error for a search that found nothing down to a rate, which ended so.
func (s *searcher) none(length string, rate float64, o Outcome) error {
	err, why := ErrUnknown, o.Why
	switch {
	case o.Verdict == Broken:
		err = ErrNone
	case s.broken != "":
		why += "; at a higher rate: " + s.broken
	}
	return fmt.Errorf("%w%s, down to %s rps: %s", err, length, strconv.FormatFloat(rate, 'f', -1, 64), why)
}

// confirm has the last word on a rate that short runs kept.
func (s *searcher) confirm(f Found) (Found, error) {
	s.broken = "" // what short runs say of higher rates says nothing here
	for n := 1; ; n++ {
		o, err := s.settle(f.Rate, true)
		if err != nil || o.Verdict == Kept {
			return f, err
		}
		next := rounded(f.Rate / (1 + s.Precision))
		if n == attempts || next < s.Least || o.Verdict == Unknown && !o.Overload {
			return Found{}, s.none(" for the length of the confirming run", f.Rate, o)
		}
		f = Found{Rate: next, Above: f.Rate, Limit: o}
	}
}

// rounded keeps four digits: a person is to read them. It divides by powers of
// ten, which a float64 has exactly, and not by their inverses.
func rounded(rate float64) float64 {
	digits := 3 - int(math.Floor(math.Log10(rate)))
	if digits < 0 {
		unit := math.Pow10(-digits)
		return math.Round(rate/unit) * unit
	}
	unit := math.Pow10(digits)
	return math.Round(rate*unit) / unit
}
