package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
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
}

// ended is the error of a bench that did not come to its end, with how to go on,
// or whose teardown failed.
func (o *benchOptions) ended(ctx context.Context, r *benchRunner, out bench.Outcome, err error) error {
	if out.Complete {
		return exit.With(exit.Failure, errors.Join(explained(err), o.finish(ctx, r, out)))
	}
	total := len(o.bench.Order(r.seed))
	left := fmt.Sprintf("%d of %d runs are there; go on with: "+o.again, total-len(out.Missing), total, r.id)
	if errors.Is(ctx.Err(), context.Canceled) {
		return stopped(ctx, err, left)
	}
	return fmt.Errorf("%w; %s", explained(err), left)
}

// finish compares what there is, prints it, and turns it into an exit code.
func (o *benchOptions) finish(ctx context.Context, r *benchRunner, out bench.Outcome) error {
	report := bench.NewReport(o.bench, r.id, r.seed, out)
	err := o.print.Print(o.Out, report, func(w io.Writer) error { return o.table(w, report) })
	if err != nil {
		return err
	}
	switch {
	case len(out.Missing) > 0:
		m := out.Missing[0]
		return exit.With(exit.Invalid, fmt.Errorf("%d of %d runs are missing, the first is that of block %d, test %q, variant %q: %s",
			len(out.Missing), len(o.bench.Order(r.seed)), m.Block, m.Test, m.Variant, m.Reason))
	case o.failOn != "" && report.Worse():
		return exit.With(exit.Thresholds, errors.New("a comparison is worse"))
	}
	return nil
}

// table is what a person gets.
func (o *benchOptions) table(w io.Writer, report bench.Report) error {
	t := printer.NewTable("TEST", "VARIANT", "VALID", "INVALID")
	for _, test := range report.Tests {
		for _, variant := range report.Variants {
			valid, invalid := 0, 0
			for _, one := range report.Runs {
				switch {
				case one.Test != test || one.Variant != variant || one.Cut:
				case one.Valid:
					valid++
				default:
					invalid++
				}
			}
			t.Row(test, variant, strconv.Itoa(valid), strconv.Itoa(invalid))
		}
	}
	if err := t.Write(w); err != nil {
		return err
	}
	for _, test := range report.Tests {
		for _, variant := range report.Variants {
			if variant == report.Baseline {
				continue
			}
			group := func(v string) string {
				return fmt.Sprintf("%s=%s,%s=%s,%s=%s", plan.LabelBench, report.Metadata.Bench, plan.LabelTest, test, plan.LabelVariant, v)
			}
			fmt.Fprintf(o.ErrOut, "kubectl meshery compare %s %s\n", group(report.Baseline), group(variant))
		}
	}
	return nil
}
