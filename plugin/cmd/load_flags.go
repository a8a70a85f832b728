package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// loadFlags say how the target is called.
type loadFlags struct {
	rate        string
	stages      string
	arrivals    string
	seed        uint64
	connections int
	streams     int
	duration    time.Duration
	requests    int64
	warmup      time.Duration
}

// AddFlags adds the flags.
func (l *loadFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&l.rate, "rate", document.DefaultRate.String(), "Requests per second of all agents together, or max for a closed loop")
	fs.StringVar(&l.stages, "stages", "", "Rates over time, as DURATION:RATE,...: each is reached in a straight line from the one before, or at once with DURATION:RATE:step")
	fs.StringVar(&l.arrivals, "arrivals", document.Constant, "How requests follow each other: constant, poisson or uniform")
	fs.Uint64Var(&l.seed, "seed", 0, "Seed of random arrivals, 1 to 2^53 (default: a new one, kept in the Result)")
	fs.IntVar(&l.connections, "connections", document.DefaultConnections, "Connections per agent")
	fs.IntVar(&l.streams, "streams", 1, "Requests in flight on each connection (HTTP/2, gRPC)")
	fs.DurationVar(&l.duration, "duration", time.Duration(document.DefaultDuration), "How long to measure")
	fs.Int64Var(&l.requests, "requests", 0, "End after so many measured requests of all agents together")
	fs.DurationVar(&l.warmup, "warmup", time.Duration(document.DefaultWarmup), "Load at the same rate before measuring begins; not counted")
}

func (l *loadFlags) apply(to *setter, load *document.Load) {
	to.set("stages", func() (err error) {
		if to.flags.Changed("rate") {
			return errors.New("the stages have their own rates: leave out --rate")
		}
		load.Rate = document.RateUnset
		load.Duration = 0
		load.Stages, err = parseStages(l.stages)
		return err
	})
	to.set("rate", func() (err error) {
		if len(load.Stages) > 0 && !to.flags.Changed("stages") {
			load.Stages, load.Duration = nil, 0 // the rate takes the place of the file's stages
		}
		load.Rate, err = document.ParseRate(l.rate)
		return err
	})
	to.set("arrivals", func() error {
		if load.Arrivals = l.arrivals; l.arrivals == document.Constant {
			load.Seed = 0 // the file's, for its own arrivals
		}
		return nil
	})
	to.set("seed", func() error {
		if l.seed < 1 || l.seed > document.MaxSeed {
			return fmt.Errorf("%d is not between 1 and %d", l.seed, document.MaxSeed)
		}
		if load.Arrivals == "" || load.Arrivals == document.Constant {
			return fmt.Errorf("nothing is drawn in constant arrivals: leave it out, or add --arrivals %s", document.Poisson)
		}
		load.Seed = l.seed
		return nil
	})
	to.set("connections", func() error { return atLeastOne(&load.Connections, l.connections) })
	to.set("streams", func() error { return atLeastOne(&load.Streams, l.streams) })
	to.set("duration", func() error {
		if len(load.Stages) > 0 {
			return errors.New("the stages have their own durations: leave it out")
		}
		return positive(&load.Duration, l.duration)
	})
	to.set("requests", func() error {
		if l.requests < 1 {
			return fmt.Errorf("%d is below 1", l.requests)
		}
		load.Requests = l.requests
		return nil
	})
	to.set("warmup", func() error { load.Warmup = document.Duration(l.warmup); return nil })
}

func atLeastOne(to *int, n int) error {
	if n < 1 {
		return fmt.Errorf("%d is below 1", n)
	}
	*to = n
	return nil
}

// parseStages reads 30s:100,1m:500:step.
func parseStages(text string) ([]document.Stage, error) {
	var stages []document.Stage
	for one := range strings.SplitSeq(text, ",") {
		parts := strings.Split(strings.TrimSpace(one), ":")
		if len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && parts[2] != "step" {
			return nil, fmt.Errorf("%q is not DURATION:RATE or DURATION:RATE:step, such as 30s:100", one)
		}
		d, err := time.ParseDuration(parts[0])
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q: %q is not a duration such as 30s", one, parts[0])
		}
		rate, err := strconv.ParseFloat(parts[1], 64)
		if err != nil || !(rate > 0) {
			return nil, fmt.Errorf("%q: %q is not a number of requests per second above 0", one, parts[1])
		}
		stages = append(stages, document.Stage{Duration: document.Duration(d), Rate: rate, Step: len(parts) == 3})
	}
	return stages, nil
}
