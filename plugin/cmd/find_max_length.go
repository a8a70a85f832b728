package cmd

import (
	"fmt"
	"math"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/threshold"
)

const (
	// stepShare of the duration is that of a step that only narrows the search.
	stepShare    = 3
	shortestStep = 5 * time.Second
	// mostLength is how often the duration a step may take where its percentiles
	// need the requests, within what a Test may take.
	mostLength = 3
	longestRun = 7 * 24 * time.Hour
)

// stepLengths says how long the steps of a search are.
type stepLengths struct {
	duration time.Duration
	// requests that a step must plan for every threshold to have a figure, and
	// the expression that needs them.
	requests   float64
	expression string
}

// lengthsOf is for a Test with its defaults. Of the requests planned, as many may
// fail as the Test allows: they have no latency.
func lengthsOf(s *document.Spec) stepLengths {
	l := stepLengths{duration: time.Duration(s.Load.Duration)}
	answered := 1 - min(*s.Validity.WithDefaults().MaxErrors, 0.9)
	for _, text := range s.Thresholds {
		e, err := threshold.Parse(text)
		if err != nil || e.Needs() <= 1 {
			continue
		}
		n, share := float64(e.Needs())/answered, shareOf(s, e.Target())
		if share <= 0 {
			continue // it gets none, however long a step is
		}
		if n /= share; share < 1 || s.Load.Arrivals != document.Constant {
			n += 4 * math.Sqrt(n) // chance has a say
		}
		if n += 2; n > l.requests {
			l.requests, l.expression = n, text
		}
	}
	return l
}

// shareOf is the share of all requests that a target gets; that of none is all.
func shareOf(s *document.Spec, name string) float64 {
	if name == "" {
		return 1
	}
	own, all := 0.0, 0.0
	for _, t := range s.Targets {
		if all += *t.Weight; t.Name == name {
			own = *t.Weight
		}
	}
	return own / all
}

func (l stepLengths) longest() time.Duration { return min(mostLength*l.duration, longestRun) }

// leastRate is the lowest at which the longest step has the requests.
func (l stepLengths) leastRate() float64 { return l.requests / l.longest().Seconds() }

// of is how long a step is.
func (l stepLengths) of(s findmax.Step) time.Duration {
	d := l.duration
	if !s.Confirm {
		d = min(d, max(d/stepShare, shortestStep))
	}
	need := min(math.Ceil(l.requests/s.Rate), l.longest().Seconds())
	return max(d, time.Duration(need*float64(time.Second)))
}

// check refuses a first rate that is too low to be measured in any step.
func (l stepLengths) check(start, most float64) error {
	least := l.leastRate()
	if start >= least {
		return nil
	}
	seconds := math.Ceil(l.requests / start)
	text := fmt.Sprintf("%q needs %s requests, which at %s rps take %s s, more than %d times the duration of %s: ",
		l.expression, printer.Count(int64(math.Ceil(l.requests))), plainRate(start), printer.Count(int64(seconds)), mostLength, l.duration)
	longer := time.Duration(math.Ceil(seconds/mostLength)) * time.Second
	rate := plainRate(math.Ceil(least))
	switch {
	case math.Ceil(least) > most && longer > longestRun:
		return fmt.Errorf("%stoo long for a run: allow a higher --max-rate and begin with --rate %s, or ask for a lower percentile", text, rate)
	case math.Ceil(least) > most:
		return fmt.Errorf("%sgive it --duration %s", text, longer)
	case seconds > longestRun.Seconds():
		return fmt.Errorf("%sbegin with --rate %s", text, rate)
	}
	return fmt.Errorf("%sbegin with --rate %s, or give it --duration %s", text, rate, longer)
}
