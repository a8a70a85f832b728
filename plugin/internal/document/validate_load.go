package document

import (
	"fmt"
	"time"
)

// Bounds of a load: beyond them a document is a slip of the finger, not a wish.
const (
	maxConnections = 10000
	maxStreams     = 1000
	maxInFlight    = 20000 // connections x streams
	// The rates that agents can schedule; they refuse others too.
	minRate     = 0.001
	maxRate     = 10e6
	maxRequests = int64(1e12)
	maxStages   = 1000
	maxDuration = Duration(7 * 24 * time.Hour)
	// MaxSeed is the largest seed that every reader of JSON has exactly (RFC 8259,
	// section 6).
	MaxSeed = uint64(1) << 53
)

func (l *Load) validate() (errs []error) {
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if l.Rate != Max && !(l.Rate >= minRate && l.Rate <= maxRate) {
		add("load.rate %g is not between %g and %s", float64(l.Rate), float64(minRate), Rate(maxRate))
	}
	if l.Connections < 1 || l.Connections > maxConnections {
		add("load.connections %d is not between 1 and %d", l.Connections, maxConnections)
	}
	switch {
	case l.Streams < 1 || l.Streams > maxStreams:
		add("load.streams %d is not between 1 and %d", l.Streams, maxStreams)
	case l.Connections*l.Streams > maxInFlight:
		add("load: %d connections with %d streams are more than %d requests in flight", l.Connections, l.Streams, maxInFlight)
	}
	errs = append(errs, l.validateLength()...)
	if l.Warmup < 0 || l.Warmup > maxDuration {
		add("load.warmup %s is not between 0s and %s", l.Warmup, maxDuration)
	}
	if l.Seed > MaxSeed {
		add("load.seed %d is not between 1 and %d", l.Seed, MaxSeed)
	}
	switch l.Arrivals {
	case Constant:
	case Poisson, Uniform:
		if l.Rate == Max {
			add("load.arrivals %s needs a rate: at rate max, calls follow each other as answers come", l.Arrivals)
		}
	default:
		add("load.arrivals %q is not %s", l.Arrivals, orList([]string{Constant, Poisson, Uniform}))
	}
	return append(errs, l.validateStages()...)
}

// validateLength looks at the duration and the requests. What is wrong with a
// duration that was made of the requests is said of the requests.
func (l *Load) validateLength() []error {
	made := l.Requests > 0 && len(l.Stages) == 0 && l.Duration == l.defaultDuration()
	switch {
	case l.Requests < 0 || l.Requests > maxRequests:
		return []error{fmt.Errorf("load.requests %d is not between 1 and %d", l.Requests, maxRequests)}
	case made && l.Duration > maxDuration:
		return []error{fmt.Errorf("load.requests %d at rate %s take longer than %s: use fewer, or a higher rate", l.Requests, l.Rate, maxDuration)}
	case l.Duration < Duration(time.Second) && l.Requests == 0 || l.Duration <= 0 || l.Duration > maxDuration:
		return []error{fmt.Errorf("load.duration %s is not between 1s and %s", l.Duration, maxDuration)}
	}
	return nil
}

func (l *Load) validateStages() (errs []error) {
	if len(l.Stages) == 0 {
		return nil
	}
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if l.Rate == Max {
		add("load.stages need a rate: at rate max there is none to change")
	}
	if len(l.Stages) > maxStages {
		add("load.stages: %d are more than %d", len(l.Stages), maxStages)
	}
	var sum Duration
	for i, s := range l.Stages {
		if s.Duration < 0 || s.Duration > maxDuration {
			add("load.stages[%d].duration %s is not between 0s and %s", i, s.Duration, maxDuration)
		}
		if !(s.Rate >= minRate && s.Rate <= maxRate) {
			add("load.stages[%d].rate %g is not between %g and %s", i, s.Rate, float64(minRate), Rate(maxRate))
		}
		sum += s.Duration
	}
	if sum != l.Duration && l.Requests == 0 {
		add("load.duration %s is not that of the stages together, %s: leave it out", l.Duration, sum)
	}
	return errs
}

func (c *Criteria) validate() (errs []error) {
	for _, b := range []struct {
		name string
		v    *float64
		most float64
	}{
		{"minRate", c.MinRate, 1}, {"maxErrors", c.MaxErrors, 1},
		{"maxLateness", c.MaxLateness, 100}, {"maxGeneratorCPU", c.MaxGeneratorCPU, 1},
	} {
		if b.v != nil && !(*b.v >= 0 && *b.v <= b.most) {
			errs = append(errs, fmt.Errorf("validity.%s %g is not a share between 0 and %g", b.name, *b.v, b.most))
		}
	}
	if c.MaxStartSkew != nil && *c.MaxStartSkew <= 0 {
		errs = append(errs, fmt.Errorf("validity.maxStartSkew %s is not above 0s", *c.MaxStartSkew))
	}
	return errs
}
