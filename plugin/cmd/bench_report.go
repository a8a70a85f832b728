package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// announce tells which bench begins, and how long it may take.
func (o *benchOptions) announce(r *benchRunner) {
	b := o.bench
	order := b.Order(r.seed)
	left, due := bench.Left(order, r.before), bench.Due(order, r.before, b.Retries)
	var length time.Duration
	for _, slot := range due {
		length += b.Length(slot.Test)
	}
	runs := fmt.Sprintf("%d runs", len(order))
	if r.resumed {
		runs = fmt.Sprintf("%d of %d runs are there", len(order)-len(left), len(order))
	}
	fmt.Fprintf(o.ErrOut, "bench %s   %s   seed %d   %s", r.id, b.Name, r.seed, runs)
	switch {
	case len(due) > 0:
		fmt.Fprintf(o.ErrOut, "   about %s", about(length))
	case len(left) > 0:
		fmt.Fprint(o.ErrOut, "   no other is tried again")
	}
	fmt.Fprintln(o.ErrOut)
	if need := leastRepetitions(b, o.local); b.Repetitions < need {
		inComparisons := "the comparison"
		if n := comparisonsOf(b); n > 1 {
			inComparisons = fmt.Sprintf("%d comparisons", n)
		}
		fmt.Fprintf(o.ErrOut, "Warning: %d repetitions are too few for a verdict: at least %d are needed for all metrics of %s, better %d or more\n",
			b.Repetitions, need, inComparisons, max(plan.DefaultRepetitions, need+2))
	}
}

// comparisonsOf is how many comparisons a bench ends in.
func comparisonsOf(b *plan.Bench) int { return len(b.Tests) * (len(b.Variants) - 1) }

// leastRepetitions is the number of pairs that can show something: of so many whose
// differences all have one sign, Wilcoxon's p is 2 / 2^n, which has to be below 5 % for
// all metrics of all comparisons together (Holm). Costs count where they may be read.
func leastRepetitions(b *plan.Bench, local bool) int {
	metrics := 0
	for _, name := range compare.Names() {
		kind, _, _ := strings.Cut(name, ".")
		if kind != "cpu" && kind != "memory" || !local && readsCosts(b) {
			metrics++
		}
	}
	n := 2
	for math.Ldexp(2, -n)*float64(metrics*comparisonsOf(b)) >= 1-compare.DefaultConfidence {
		n++
	}
	return n
}

func readsCosts(b *plan.Bench) bool {
	return slices.ContainsFunc(b.Variants, func(v plan.Resolved) bool {
		return slices.ContainsFunc(v.Tests, func(t document.Test) bool {
			k := t.Spec.Metrics.Kubelet
			return k == nil || !k.Disabled
		})
	})
}

// ended is the error of a bench that did not come to its end, with how to go on,
// or whose teardown failed.
func (o *benchOptions) ended(ctx context.Context, r *benchRunner, out bench.Outcome, err error) error {
	if out.Complete {
		return exit.With(exit.Failure, errors.Join(explained(err), o.finish(ctx, r, out)))
	}
	total := len(o.bench.Order(r.seed))
	left := fmt.Sprintf("%d of %d runs are there; go on with: %s --resume=%s", total-len(out.Missing), total, o.again, r.id)
	if errors.Is(ctx.Err(), context.Canceled) {
		return stopped(ctx, err, left)
	}
	return fmt.Errorf("%w; %s", explained(err), left)
}

// finish compares what there is, prints it, and turns it into an exit code.
func (o *benchOptions) finish(ctx context.Context, r *benchRunner, out bench.Outcome) error {
	report := bench.NewReport(o.bench, r.id, r.seed, out)
	notRead := r.read(ctx, out)
	if notRead == nil {
		report.Comparisons = r.compare()
	}
	err := o.print.Print(o.Out, report, func(w io.Writer) error { return benchTables(w, report, o.print.Wide()) })
	if err = errors.Join(explained(notRead), err); err != nil {
		return fmt.Errorf("%w; all runs are done: the same command with --resume=%s compares them", err, r.id)
	}
	var refused []string
	for _, c := range report.Comparisons {
		if c.Reason == "" {
			continue
		}
		how := ""
		if c.Command != "" {
			how = "; " + commandIntro(len(report.Comparisons)) + " " + c.Command
		}
		refused = append(refused, fmt.Sprintf("test %q, variant %q: %s%s", c.Test, c.Variant, c.Reason, how))
	}
	var missing error
	if len(out.Missing) > 0 {
		m := out.Missing[0]
		missing = fmt.Errorf("%d of %d runs are missing, the first is that of block %d, test %q, variant %q: %s",
			len(out.Missing), len(o.bench.Order(r.seed)), m.Block, m.Test, m.Variant, m.Reason)
	}
	switch worse := o.failOn != "" && report.Worse(); {
	case worse && missing != nil: // what there is says enough
		return exit.With(exit.Thresholds, fmt.Errorf("a comparison is worse; %w", missing))
	case worse:
		return exit.With(exit.Thresholds, errors.New("a comparison is worse"))
	case missing != nil:
		return exit.With(exit.Invalid, missing)
	case len(refused) > 0:
		return errors.New(strings.Join(refused, "\n"))
	}
	return nil
}
