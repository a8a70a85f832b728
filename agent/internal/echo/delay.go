package echo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxDelay bounds every delay.
const maxDelay = time.Minute

// maxSigma is far beyond any service's: at 4, one answer in ten takes more than
// 168 times the median.
const maxSigma = 4

// Delay says how long answers take: all the same time, or times spread as told.
// It is comparable; the zero value is no delay.
type Delay struct {
	shape shape
	// The time; or the median; or the fast answers' time.
	base time.Duration
	// Of a lognormal delay, the standard deviation of its natural logarithm.
	sigma float64
	// Of a bimodal delay, the other answers' time and their share in millionths.
	slow  time.Duration
	share int
}

type shape int

const (
	constant shape = iota
	lognormal
	bimodal
)

// ParseDelay reads "5ms", "lognormal(2ms,0.5)" (median, sigma) or
// "bimodal(1ms,20ms,5%)" (fast, slow, share of the slow). The error is one line.
func ParseDelay(s string) (Delay, error) {
	name, rest, called := strings.Cut(s, "(")
	if !called {
		d, err := parseTime(s)
		if err != nil {
			return Delay{}, fmt.Errorf("delay %q is not %w, nor %q or %q", s, err, "lognormal(2ms,0.5)", "bimodal(1ms,20ms,0.05)")
		}
		return Delay{base: d}, nil
	}
	inner, closed := strings.CutSuffix(rest, ")")
	values := strings.Split(inner, ",")
	var d Delay
	var err error
	switch {
	case closed && name == "lognormal" && len(values) == 2:
		d, err = parseLognormal(values[0], values[1])
	case closed && name == "bimodal" && len(values) == 3:
		d, err = parseBimodal(values[0], values[1], values[2])
	default:
		return Delay{}, fmt.Errorf("delay %q is not known: write %q, %q or %q", s, "5ms", "lognormal(2ms,0.5)", "bimodal(1ms,20ms,0.05)")
	}
	if err != nil {
		return Delay{}, fmt.Errorf("delay %q: %w", s, err)
	}
	return d, nil
}

func parseLognormal(median, sigma string) (Delay, error) {
	d := Delay{shape: lognormal}
	var err error
	if d.base, err = parseTime(median); err != nil {
		return Delay{}, fmt.Errorf("median %q is not %w", median, err)
	}
	if d.sigma, err = strconv.ParseFloat(sigma, 64); err != nil || !(d.sigma >= 0 && d.sigma <= maxSigma) {
		return Delay{}, fmt.Errorf("sigma %q is not a number between 0 and %d", sigma, maxSigma)
	}
	return d, nil
}

func parseBimodal(fast, slow, share string) (Delay, error) {
	d := Delay{shape: bimodal}
	var err error
	if d.base, err = parseTime(fast); err != nil {
		return Delay{}, fmt.Errorf("fast %q is not %w", fast, err)
	}
	if d.slow, err = parseTime(slow); err != nil {
		return Delay{}, fmt.Errorf("slow %q is not %w", slow, err)
	}
	if d.slow < d.base {
		return Delay{}, fmt.Errorf("slow %q is less than fast %q: write the shorter time first", slow, fast)
	}
	if d.share, err = parseShare("share", share); err != nil {
		return Delay{}, err
	}
	return d, nil
}

// parseTime's error is the end of a sentence that begins with what was read.
func parseTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxDelay {
		return 0, fmt.Errorf("a time between 0s and 1m such as %q", "5ms")
	}
	return d, nil
}

// Quantile is the delay that the share p of all answers does not exceed, 0 < p < 1.
// Of a lognormal delay it is median * exp(sigma * z), z being the quantile of the
// standard normal distribution; at most one minute.
func (d Delay) Quantile(p float64) time.Duration {
	switch d.shape {
	case lognormal:
		z := math.Sqrt2 * math.Erfinv(2*p-1)
		return time.Duration(min(float64(d.base)*math.Exp(d.sigma*z), float64(maxDelay)))
	case bimodal:
		if p*whole > whole-float64(d.share) {
			return d.slow
		}
	}
	return d.base
}

// at is the delay of the n-th answer, n from 1. Delays are not drawn by chance
// but spread evenly, so that those of any stretch of requests have the percentiles
// of Quantile: by chance, p99 of 10,000 delays with sigma 0.5 would be off by 2 %.
//
// Lognormal delays are the quantiles of the additive recurrence n/phi mod 1, of
// which every n numbers in a row, also when only each second or third is looked
// at, fill the unit interval about as evenly as n numbers can (L. Kuipers and H.
// Niederreiter, Uniform Distribution of Sequences, 1974, chapter 2.3). Of the first
// n bimodal delays, exactly floor(n * share + 1/2) are slow; the half keeps slow
// answers from being the failing ones, where both have the same share.
func (d Delay) at(n uint64) time.Duration {
	switch d.shape {
	case lognormal:
		return d.Quantile(goldenPoint(n))
	case bimodal:
		if falls(n, d.share, whole/2) {
			return d.slow
		}
	}
	return d.base
}

// goldenPoint is frac(1/2 + n/phi), never 0 or 1.
func goldenPoint(n uint64) float64 {
	const overPhi = 0x9e3779b97f4a7c15 // 2^64 / phi
	return (float64((n*overPhi+1<<63)>>11) + 0.5) / (1 << 53)
}

// delays gives each answer its delay.
type delays struct{ tallies }

func (s *delays) next(d Delay) time.Duration {
	if d.shape == constant {
		return d.base
	}
	return d.at(s.tallies.next(d))
}
