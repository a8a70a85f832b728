package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
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
				one.Reason, one.Command = err.Error(), r.withDifferences(one, err)
			} else if one.Comparison = c; r.bench.AA {
				one.NoiseFloor = bench.NoiseFloor(c)
			}
			all = append(all, one)
		}
	}
	return all
}

// withDifferences is the command line of a comparison that lets pass what it was refused
// for, and what a bench lets pass; "" where the error is another.
func (r *benchRunner) withDifferences(one bench.Comparison, err error) string {
	var different *compare.DifferentError
	if !errors.As(err, &different) {
		return ""
	}
	how := "--force"
	if kinds := different.Kinds(); len(kinds) > 0 {
		for _, d := range different.Differences {
			if d.Allowed && !slices.Contains(kinds, d.What) {
				kinds = append(kinds, d.What)
			}
		}
		how = "--allow " + strings.Join(kinds, ",")
	}
	if r.bench.Repetitions*(r.bench.Retries+1) > mostRuns {
		how += fmt.Sprintf(" --last %d", mostLast) // more than are read unasked
	}
	group := func(variant string) string {
		return wording.ShellWord(fmt.Sprintf("bench=%s,test=%s,variant=%s", r.id, one.Test, variant))
	}
	return fmt.Sprintf("kubectl meshery compare %s %s %s%s", group(r.bench.Baseline), group(one.Variant), how, r.reading)
}

// commandIntro stands before the command line of one of so many comparisons, and says
// what that does not take into account.
func commandIntro(comparisons int) string {
	if comparisons > 1 {
		return fmt.Sprintf("to compare these all the same, not corrected for %d comparisons:", comparisons)
	}
	return "to compare them all the same:"
}
