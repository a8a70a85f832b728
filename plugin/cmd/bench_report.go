package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// announce tells which bench begins, and how long it may take.
func (o *benchOptions) announce(r *benchRunner) {
	b := o.bench
	order := b.Order(r.seed)
	there := ""
	left := bench.Left(order, r.before)
	if r.resumed {
		there = fmt.Sprintf("%d of ", len(order)-len(left))
	}
	var length time.Duration
	for _, m := range left {
		length += b.Length(m.Test)
	}
	verb := ""
	if r.resumed {
		verb = " are there"
	}
	fmt.Fprintf(o.ErrOut, "bench %s   %s   seed %d   %s%d runs%s", r.id, b.Name, r.seed, there, len(order), verb)
	if len(left) > 0 {
		fmt.Fprintf(o.ErrOut, "   about %s", about(length))
	}
	fmt.Fprintln(o.ErrOut)
	if b.Repetitions < leastRepetitions {
		fmt.Fprintf(o.ErrOut, "Warning: %d repetitions are too few for any verdict: at least %d are needed, better 12 or more\n", b.Repetitions, leastRepetitions)
	}
}

// leastRepetitions is the number of pairs whose range holds the median difference in
// 95 of 100 cases.
const leastRepetitions = 6

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
		report.Qualify()
	}
	err := o.print.Print(o.Out, report, func(w io.Writer) error { return benchTables(w, report, o.print.Wide()) })
	if err = errors.Join(explained(notRead), err); err != nil {
		return fmt.Errorf("%w; all runs are done: the same command with --resume=%s compares them", err, r.id)
	}
	var refused []string
	for _, c := range report.Comparisons {
		if c.Reason != "" {
			refused = append(refused, fmt.Sprintf("test %q, variant %q: %s", c.Test, c.Variant, c.Reason))
		}
	}
	switch {
	case len(out.Missing) > 0:
		m := out.Missing[0]
		return exit.With(exit.Invalid, fmt.Errorf("%d of %d runs are missing, the first is that of block %d, test %q, variant %q: %s",
			len(out.Missing), len(o.bench.Order(r.seed)), m.Block, m.Test, m.Variant, m.Reason))
	case len(refused) > 0:
		return errors.New(strings.Join(refused, "; "))
	case o.failOn != "" && report.Worse():
		return exit.With(exit.Thresholds, errors.New("a comparison is worse"))
	}
	return nil
}
