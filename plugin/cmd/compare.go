package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type compareOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
	groups  groupFlags
	how     comparisonFlags
}

func newCompareCommand(f *factory) *cobra.Command {
	o := &compareOptions{factory: f}
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Hold runs against others: better, worse, same, or too little known",
		Long: `Hold the runs of B against those of A, metric by metric.

A and B are each
  mesh=istio,team=shop     conditions: name, mesh, target, or labels of runs
  checkout                 the name of a Test
  0193a1c4-7c1e,0193a1c5   run ids, or their beginnings
  result.json, results/    a file with a Result, or a directory of them

Every metric gets the difference of the medians with its 95 % interval, an exact
test, and a verdict: worse, better, same, or inconclusive with the number of
runs that it still takes. Runs of one bench are compared in their pairs. Runs
that are not valid are left out and named; runs of other nodes, kernels, images
or Tests are not compared without --allow or --force.

Exit codes: 0 compared; 1 error, also where runs are not comparable; 2 flags or
arguments that cannot be right; 3 with --fail-on worse, and it is worse; 4 with
--fail-on too-few, and there are too few runs.`,
		Example: examples(`  # Does the mesh cost, and how much?`, `  %[1]s compare mesh=none mesh=istio`, ``,
			`  # Two releases of an application, in this week's runs`, `  %[1]s compare version=1.4 version=1.5 --since 7d --allow images`, ``,
			`  # For continuous integration: 3 if it got worse`, `  %[1]s compare branch=main branch=pr-17 --fail-on worse`, ``,
			`  # Two files`, `  %[1]s compare before.json after.json`),
		Args:              exactly(2, "compare needs two groups of runs: A and B"),
		ValidArgsFunction: completeRuns(f, &o.archive, true),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "nothing was changed")
		},
	}
	o.groups.AddFlags(c.Flags())
	o.how.AddFlags(c.Flags())
	o.archive.AddFlags(c.Flags())
	o.print.AddFlags(c.Flags())
	return c
}

func (o *compareOptions) complete(args []string) error {
	if err := o.print.NoNames(); err != nil {
		return err
	}
	if err := o.print.Validate(); err != nil {
		return err
	}
	if err := o.how.complete(); err != nil {
		return err
	}
	return o.groups.complete(args, time.Now())
}

func (o *compareOptions) run(ctx context.Context) error {
	var sides [2]*compare.Group
	a, err := o.archiveOf(ctx, &o.groups, &o.archive)
	if err != nil {
		return err
	}
	for i, g := range o.groups.parsed {
		sides[i] = &compare.Group{Name: g.Name}
		err := g.Each(ctx, a, o.groups.where, func(r *document.Result) error {
			sides[i].Add(r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	c, err := o.how.compare(sides[0], sides[1])
	if err != nil {
		return err
	}
	err = o.print.Print(o.Out, c, func(w io.Writer) error { return writeComparison(w, c, o.print.Wide()) })
	if err != nil {
		return err
	}
	return o.how.failed([]*document.Comparison{c})
}

// archiveOf is the archive that groups are read from. It is nil where all of them are
// files: to open one may take credentials, and seconds of asking a cloud for them.
func (f *factory) archiveOf(ctx context.Context, groups *groupFlags, flags *archiveFlags) (*archive.Archive, error) {
	if groups.onlyFiles() {
		return nil, nil
	}
	return flags.Open(ctx, f.contextName())
}

// exactly is cobra's ExactArgs with a line that says what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return exit.Usagef("%s (%d given)", what, len(args))
		}
		return nil
	}
}

// comparisonFlags say how groups are compared.
type comparisonFlags struct {
	options compare.Options
	effects []string
	failOn  []string
}

func (f *comparisonFlags) AddFlags(fs *pflag.FlagSet) {
	o := &f.options
	fs.StringSliceVar(&o.Metrics, "metrics", nil, "Only these metrics, of "+strings.Join(compare.Names(), ", ")+"; to be chosen before looking")
	fs.StringArrayVar(&f.effects, "effect", nil, "The least difference that matters, as METRIC=5%, METRIC=0.2 (in its unit) or METRIC=5%,0.2 (the greater); METRIC may be the part before the dot (default: latencies 3%,0.1)")
	fs.StringSliceVar(&o.Allow, "allow", nil, "Compare although the runs differ in this: "+strings.Join(compare.Kinds(), ", "))
	fs.BoolVar(&o.Force, "force", false, "Compare whatever the runs differ in")
	fs.BoolVar(&o.Unpaired, "unpaired", false, "Take no pairs, even where runs are of one bench")
	fs.StringVar(&o.PairBy, "pair-by", "", "Pair the runs of both sides that have the same value of this label")
	fs.Float64Var(&o.Confidence, "confidence", compare.DefaultConfidence, "Of the intervals, and 1 less the chance that anything is called worse or better where nothing is")
	fs.Uint64Var(&o.Seed, "seed", compare.DefaultSeed, "Of the bootstrap")
	fs.StringSliceVar(&f.failOn, "fail-on", nil, "Exit with 3 when the verdict is one of these: worse, inconclusive; with 4 when there are too few runs for one: too-few")
}

func (f *comparisonFlags) complete() error {
	for _, v := range f.failOn {
		if v != string(document.Worse) && v != string(document.Inconclusive) && v != tooFew {
			return exit.Usagef("--fail-on %q is unknown: use worse, inconclusive or too-few", v)
		}
	}
	// In Options 0 is the default; a flag has it already, and is asked for 0.
	switch o := &f.options; {
	case o.Confidence == 0:
		return exit.Usagef("--confidence 0 is not between 0.5 and 0.999")
	case o.Seed == 0:
		return exit.Usagef("--seed 0 is none: give 1 or more")
	}
	f.options.Effects = map[string]compare.Effect{}
	for _, text := range f.effects {
		metric, effect, err := parseEffect(text)
		if err != nil {
			return err
		}
		f.options.Effects[metric] = effect
	}
	return exit.With(exit.Usage, f.options.Check())
}

func parseEffect(text string) (metric string, e compare.Effect, err error) {
	metric, value, found := strings.Cut(text, "=")
	if !found || metric == "" || value == "" {
		return "", e, exit.Usagef("--effect %q is not METRIC=5%%, METRIC=0.2 or METRIC=5%%,0.2", text)
	}
	for _, part := range strings.Split(value, ",") {
		number, isShare := strings.CutSuffix(strings.TrimSpace(part), "%")
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !(v >= 0) || v > 1e15 {
			return "", e, exit.Usagef("--effect %q: %q is neither a share such as 5%% nor a number such as 0.2", text, part)
		}
		if isShare {
			e.Relative = v / 100
		} else {
			e.Absolute = v
		}
	}
	return metric, e, nil
}

// compare compares, and says with what flag runs that differ can be compared.
func (f *comparisonFlags) compare(a, b *compare.Group) (*document.Comparison, error) {
	c, err := compare.Compare(a, b, f.options)
	var different *compare.DifferentError
	if errors.As(err, &different) {
		how := "--force"
		if kinds := different.Kinds(); len(kinds) > 0 {
			how = "--allow " + strings.Join(kinds, ",") + ", or --force"
		}
		return nil, fmt.Errorf("%w (%s)", err, how)
	}
	return c, err
}

// tooFew is the value of --fail-on for comparisons without a verdict.
const tooFew = "too-few"

// failed is the error that --fail-on asks for. Worse goes before too few runs, which is
// no verdict and so another exit code, and that before inconclusive.
func (f *comparisonFlags) failed(all []*document.Comparison) error {
	for _, one := range []struct {
		flag     string
		verdicts []document.Verdict
		code     int
	}{
		{string(document.Worse), []document.Verdict{document.Worse}, exit.Thresholds},
		{tooFew, []document.Verdict{document.TooFew}, exit.Invalid},
		{string(document.Inconclusive), []document.Verdict{document.Inconclusive, document.TooFew}, exit.Thresholds},
	} {
		for _, c := range all {
			switch {
			case !slices.Contains(f.failOn, one.flag) || !slices.Contains(one.verdicts, c.Verdict):
			case c.Verdict == document.TooFew:
				return exit.With(one.code, fmt.Errorf("%s beside %s: too few runs for a verdict", c.B.Name, c.A.Name))
			default:
				return exit.With(one.code, fmt.Errorf("%s is %s beside %s", c.B.Name, c.Verdict, c.A.Name))
			}
		}
	}
	return nil
}
