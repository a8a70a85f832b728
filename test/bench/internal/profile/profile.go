//go:build linux

// Package profile adds up a CPU profile of kubectl-meshery by what the time was
// spent on.
package profile

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

const module = "github.com/meshery/kubectl-meshery/"

type kind struct {
	name     string
	prefixes []string
}

// kinds of work, by the functions that do it, and by name. A sample belongs to
// the first kind that has a function anywhere in its stack. Reading the clock
// and taking turns are part of generating load.
var kinds = []kind{
	{report.Histograms, []string{
		module + "agent/internal/load.(*recorder).", module + "agent/internal/load.(*shard).",
		module + "agent/internal/load.(*Measurement).", module + "agent/internal/load.(*Counts).",
		module + "agent/internal/load.(*ticker).", module + "internal/histogram.",
		"github.com/HdrHistogram/hdrhistogram-go.",
	}},
	{client, []string{
		module + "agent/internal/client.", module + "agent/internal/http2.",
		"fortio.org/fortio/fhttp.", "net/http.", "golang.org/x/net/http2.",
	}},
	{loop, []string{module + "agent/internal/load.(*Engine).openLoop", module + "agent/internal/load.(*Engine).closedLoop",
		module + "agent/internal/load.(*pacer)."}},
	{report.Streaming, []string{module, "google.golang.org/grpc"}},
	{report.Garbage, []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"}},
}

const (
	client = "client"
	loop   = "load loop"
	rest   = "Go runtime: scheduler and network poller"
)

// Shares adds up the profile in a file; the shares' sum is 1.
func Shares(file string) (map[string]float64, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("read profile %q: %w", file, err)
	}
	sums := map[string]float64{rest: 0}
	seen := map[string]bool{}
	var total float64
	for _, s := range p.Sample {
		v := float64(s.Value[len(s.Value)-1])
		total += v
		name := rest
		for _, k := range slices.Backward(kinds) {
			if k.in(s) {
				name, seen[k.name] = k.name, true
			}
		}
		sums[name] += v
	}
	for _, k := range kinds {
		sums[k.name] += 0 // a kind nobody worked on is there, too
	}
	// Renamed functions would look like free ones.
	for _, name := range []string{loop, client, report.Histograms} {
		if !seen[name] {
			return nil, fmt.Errorf("profile %q has no sample of %q: the functions that do it may have new names", file, name)
		}
	}
	for name := range sums {
		sums[name] /= total
	}
	return sums, nil
}

// in tells whether a kind's functions are anywhere in a stack.
func (k kind) in(s *profile.Sample) bool {
	for _, l := range s.Location {
		for _, line := range l.Line {
			for _, prefix := range k.prefixes {
				if strings.HasPrefix(line.Function.Name, prefix) {
					return true
				}
			}
		}
	}
	return false
}
