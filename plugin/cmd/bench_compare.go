package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// benchGroups are the runs of a bench as they are compared, by Test and variant. Of
// a Result they keep a small part.
type benchGroups struct {
	of    map[[2]string]*compare.Group
	taken map[string]bool // run ids
}

func (g *benchGroups) group(test, variant string) *compare.Group {
	key := [2]string{test, variant}
	if g.of == nil {
		g.of, g.taken = map[[2]string]*compare.Group{}, map[string]bool{}
	}
	if g.of[key] == nil {
		g.of[key] = &compare.Group{Name: variant}
	}
	return g.of[key]
}

// add takes a run that has just been run.
func (g *benchGroups) add(ran bench.Ran, r *document.Result) {
	if ran.Cut {
		return
	}
	g.group(ran.Test, ran.Variant).Add(r)
	g.taken[ran.RunID] = true
}

// read takes the runs from before out of the archive, or the outbox: those that
// count, and those that are to be named because they do not.
func (r *benchRunner) read(ctx context.Context, out bench.Outcome) error {
	order := r.bench.Order(r.seed)
	wanted := bench.Valid(order, out.Runs)
	for _, ran := range out.Runs {
		if !ran.Valid && !ran.Cut && slices.Contains(order, ran.Slot) {
			wanted = append(wanted, ran)
		}
	}
	for _, ran := range wanted {
		if r.groups.taken[ran.RunID] {
			continue
		}
		raw, err := r.keeping.find(ctx, ran.RunID)
		if err != nil {
			return err
		}
		if raw == nil {
			return fmt.Errorf("run %q is neither in the archive nor in the outbox any more", ran.RunID)
		}
		result := &document.Result{}
		if err := json.Unmarshal(raw, result); err != nil {
			return fmt.Errorf("read the Result of run %q: %w", ran.RunID, err)
		}
		r.groups.add(ran, result)
	}
	return nil
}

// intended are the differences that a plan may be about. All others, such as other
// nodes or another kernel, would be mistaken for them.
var intended = []string{"test", "images"}

// compare holds every variant against the baseline, Test by Test.
func (r *benchRunner) compare() []bench.Comparison {
	var all []bench.Comparison
	options := compare.Options{Allow: intended, Family: comparisonsOf(r.bench)}
	if r.bench.AA {
		options.Allow = nil
	}
	for _, test := range r.bench.Tests {
		for _, v := range r.bench.Variants {
			if v.Name == r.bench.Baseline {
				continue
			}
			one := bench.Comparison{Test: test, Variant: v.Name}
			c, err := compare.Compare(r.groups.group(test, r.bench.Baseline), r.groups.group(test, v.Name), options)
			if err != nil {
				one.Reason = err.Error()
			} else if one.Comparison = c; r.bench.AA {
				one.NoiseFloor = bench.NoiseFloor(c)
			}
			all = append(all, one)
		}
	}
	return all
}
