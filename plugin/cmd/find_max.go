package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

// findMaxFlags search the highest rate at which a service level is kept.
type findMaxFlags struct {
	wanted  bool
	slo     []string
	maxRate float64

	lengths stepLengths
}

// AddFlags adds the flags.
func (f *findMaxFlags) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&f.wanted, "find-max", false, "Search the highest rate that --slo allows, from --rate upwards: short runs, then one of --duration")
	fs.StringArrayVar(&f.slo, "slo", nil, "With --find-max: what must hold, such as 'responseTime.p99 < 50ms'; may be repeated")
	fs.Float64Var(&f.maxRate, "max-rate", defaultMaxRate, "With --find-max: the highest rate to try")
}

const (
	defaultMaxRate = 1e6
	// defaultStart is the first rate where nobody named one.
	defaultStart = 100
	// The rates that a Test may have.
	lowestRate, highestRate = 0.001, 10e6
	// precision is how close to the lowest rate that is too high a search ends.
	precision = 0.02
)

// Labels of the Results of a search.
const (
	labelSearch = "find-max"
	labelStep   = "find-max-step"
)

// complete makes the Test one of a search, before its defaults are filled in.
func (f *findMaxFlags) complete(fs *pflag.FlagSet, test *document.Test) error {
	l := &test.Spec.Load
	switch {
	case !f.wanted && (fs.Changed("slo") || fs.Changed("max-rate")):
		return errors.New("--slo and --max-rate belong to --find-max: add it")
	case !f.wanted:
		return nil
	case len(f.slo) == 0:
		return errors.New("--find-max needs an --slo, such as 'responseTime.p99 < 50ms'")
	case l.Rate == document.Max:
		return errors.New("--find-max searches a rate: leave out --rate max")
	case len(l.Stages) > 0 || l.Requests > 0:
		return errors.New("--find-max has steps of its own: leave out stages and requests")
	case !(f.maxRate >= lowestRate && f.maxRate <= highestRate):
		return fmt.Errorf("--max-rate %g is not between %g and %s", f.maxRate, lowestRate, plainRate(highestRate))
	case float64(l.Rate) > f.maxRate:
		return fmt.Errorf("--rate %s is above --max-rate %s", l.Rate, plainRate(f.maxRate))
	}
	for _, own := range []string{labelSearch, labelStep} {
		if v, taken := test.Metadata.Labels[own]; taken {
			return fmt.Errorf("label %s=%s: --find-max gives its Results this label; choose another name", own, v)
		}
	}
	if l.Rate == document.RateUnset {
		l.Rate = document.Rate(min(defaultStart, f.maxRate))
	}
	test.Spec.Thresholds = append(test.Spec.Thresholds, f.slo...)
	// A step that cannot succeed any more needs no more load.
	test.Spec.AbortOn = append(test.Spec.AbortOn, collect.Hopeless)
	return nil
}

// validate refuses a search whose first step cannot have an outcome, and a run
// without one whose thresholds cannot.
func (f *findMaxFlags) validate(test *document.Test) error {
	if !f.wanted {
		return checkRequests(&test.Spec)
	}
	f.lengths = lengthsOf(&test.Spec)
	return f.lengths.check(float64(test.Spec.Load.Rate), f.maxRate)
}

// run searches, keeps the Result of every step, and prints that of the run that
// confirmed the rate.
func (f *findMaxFlags) run(ctx context.Context, o *runOptions, r *runner) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	search := id.String()
	var confirmed *kept
	found, err := findmax.Search(ctx, findmax.Config{
		Start: float64(o.spec.Spec.Load.Rate), Least: max(lowestRate, f.lengths.leastRate()), Most: f.maxRate, Precision: precision,
		Try: func(ctx context.Context, s findmax.Step) (findmax.Outcome, error) {
			k, err := f.step(ctx, o, r, search, s)
			if err != nil {
				return findmax.Outcome{}, err
			}
			out := outcome(k.result)
			fmt.Fprintln(o.ErrOut, stepLine(s, k.result, out))
			if s.Confirm {
				confirmed = k
			}
			return out, nil
		},
	})
	steps := "kubectl meshery results list --label " + labelSearch + "=" + search
	switch {
	case errors.Is(err, findmax.ErrNone):
		return exit.With(exit.Thresholds, fmt.Errorf("%w; for the steps see %s", err, steps))
	case errors.Is(err, findmax.ErrUnknown):
		return exit.With(exit.Invalid, fmt.Errorf("%w; for the steps see %s", err, steps))
	case err != nil:
		return stopped(ctx, err, "for the steps that ended see "+steps)
	}
	fmt.Fprintf(o.ErrOut, "highest rate: %s\nkept: %s\nsteps: %s\n",
		printer.Escape(answer(found)), printer.Escape(strings.Join(o.spec.Spec.Thresholds, " and ")), steps)
	return printKept(o.factory, &o.print, confirmed)
}

// answer is what was found, and what is known of higher rates.
func answer(f findmax.Found) string {
	rate, above := plainRate(f.Rate), plainRate(f.Above)
	switch {
	case f.Above == 0:
		return "at least " + rate + " rps (--max-rate)"
	case f.Limit.Verdict == findmax.Broken:
		return fmt.Sprintf("%s rps; %s rps did not keep it: %s", rate, above, f.Limit.Why)
	case f.Limit.Overload:
		return fmt.Sprintf("at least %s rps: above it the generator, not the target, was the limit (%s rps: %s)", rate, above, f.Limit.Why)
	}
	return fmt.Sprintf("at least %s rps: of %s rps nothing is known (%s)", rate, above, f.Limit.Why)
}

// plainRate is a rate with all its digits: those of a search are four, or the
// user's own.
func plainRate(rate float64) string {
	if rate >= 1000 {
		return printer.Rate(rate)
	}
	return strconv.FormatFloat(rate, 'f', -1, 64)
}

// step runs one rate and keeps its Result.
func (f *findMaxFlags) step(ctx context.Context, o *runOptions, r *runner, search string, s findmax.Step) (*kept, error) {
	test := *o.spec
	test.Metadata.Labels = map[string]string{}
	for k, v := range o.spec.Metadata.Labels {
		test.Metadata.Labels[k] = v
	}
	test.Metadata.Labels[labelSearch], test.Metadata.Labels[labelStep] = search, strconv.Itoa(s.Number)
	l := &test.Spec.Load
	l.Rate = document.Rate(s.Rate)
	l.Duration = document.Duration(f.lengths.of(s))
	ended, err := r.once(ctx, &test, func(out io.Writer, start session.Start) func() {
		if s.Number == 1 {
			announce(out, "search "+search, start)
		}
		return follow(out, start, "")
	})
	if err != nil {
		return nil, err
	}
	defer ended.Close()
	k, err := keep(ctx, o.factory, r.keeping, ended)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if st := &k.result.Status; st.Phase == document.Failed || st.Phase == document.Cancelled && st.Aborted == "" {
		// Somebody stopped it, or no agent could run it: that is not the rate's doing.
		return nil, exit.With(exit.Invalid, fmt.Errorf("the run at %s rps is %s: %s", plainRate(s.Rate),
			strings.ToLower(string(st.Phase)), strings.Join(st.Validity.Reasons, "; ")))
	}
	return k, nil
}
