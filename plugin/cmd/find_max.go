package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// findMaxFlags search the highest rate at which a service level is kept.
type findMaxFlags struct {
	wanted  bool
	slo     []string
	maxRate float64
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
	// precision is how close to the lowest rate that is too high a search ends.
	precision = 0.02
	// stepShare of the duration is that of a step that only narrows the search.
	stepShare    = 3
	shortestStep = 5 * time.Second
)

// Labels of the Results of a search.
const (
	labelSearch = "find-max"
	labelStep   = "find-max-step"
)

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
	case !(f.maxRate > 0):
		return fmt.Errorf("--max-rate %g is not above 0", f.maxRate)
	case float64(l.Rate) > f.maxRate:
		return fmt.Errorf("--rate %s is above --max-rate %g", l.Rate, f.maxRate)
	}
	if l.Rate == document.RateUnset {
		l.Rate = document.Rate(min(defaultStart, f.maxRate))
	}
	test.Spec.Thresholds = append(test.Spec.Thresholds, f.slo...)
	// A step that cannot succeed any more needs no more load.
	test.Spec.AbortOn = append(test.Spec.AbortOn, collect.Hopeless)
	return nil
}

// run searches, keeps the Result of every step, and prints that of the run that
// confirmed the rate.
func (f *findMaxFlags) run(ctx context.Context, r *runner) error {
	search, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var confirmed *kept
	rate, err := findmax.Search(ctx, findmax.Config{
		Start: float64(r.spec.Spec.Load.Rate), Most: f.maxRate, Precision: precision,
		Try: func(ctx context.Context, s findmax.Step) (findmax.Outcome, error) {
			k, err := r.step(ctx, search.String(), s)
			if err != nil {
				return findmax.Outcome{}, err
			}
			o := outcome(k.result)
			fmt.Fprintln(r.ErrOut, stepLine(s, k.result, o))
			if s.Confirm {
				confirmed = k
			}
			return o, nil
		},
	})
	switch {
	case errors.Is(err, findmax.ErrNone):
		return exit.With(exit.Thresholds, err)
	case err != nil:
		return stopped(ctx, err, "the Results of the steps are in the archive, with label "+labelSearch+"="+search.String())
	}
	fmt.Fprintf(r.ErrOut, "highest rate: %s rps keeps %s; the steps have label %s=%s\n",
		printer.Rate(rate), strings.Join(r.spec.Spec.Thresholds, " and "), labelSearch, search)
	return printKept(r.factory, &r.print, confirmed)
}

// step runs one rate and keeps its Result.
func (r *runner) step(ctx context.Context, search string, s findmax.Step) (*kept, error) {
	test := *r.spec
	test.Metadata.Labels = map[string]string{labelSearch: search, labelStep: fmt.Sprint(s.Number)}
	for k, v := range r.spec.Metadata.Labels {
		test.Metadata.Labels[k] = v
	}
	l := &test.Spec.Load
	l.Rate = document.Rate(s.Rate)
	if d := max(time.Duration(l.Duration)/stepShare, shortestStep); !s.Confirm && d < time.Duration(l.Duration) {
		l.Duration = document.Duration(d)
	}
	ended, err := r.once(ctx, &test)
	if err != nil {
		return nil, err
	}
	defer ended.Close()
	k, err := keep(ctx, r.factory, r.keeping, ended)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if p := k.result.Status.Phase; p != document.Succeeded && k.result.Status.Aborted == "" {
		return nil, exit.With(exit.Invalid, fmt.Errorf("the run at %s rps is %s: %s", printer.Rate(s.Rate),
			strings.ToLower(string(p)), strings.Join(k.result.Status.Validity.Reasons, "; ")))
	}
	return k, nil
}

// outcome judges a step: an invalid run is none that kept anything.
func outcome(r *document.Result) findmax.Outcome {
	s := &r.Status
	if s.Aborted != "" {
		return findmax.Outcome{Why: s.Aborted}
	}
	var why []string
	for _, t := range s.Thresholds {
		if !t.Passed {
			text := t.Expression + ": " + t.Reason
			if t.Actual != nil {
				text = fmt.Sprintf("%s: it is %.4g %s", t.Expression, *t.Actual, t.Unit)
			}
			why = append(why, strings.TrimSpace(text))
		}
	}
	if !s.Validity.Valid {
		why = append(why, s.Validity.Reasons...)
	}
	return findmax.Outcome{Kept: len(why) == 0, Why: strings.Join(why, "; ")}
}

func stepLine(s findmax.Step, r *document.Result, o findmax.Outcome) string {
	word := "kept"
	if !o.Kept {
		word = "not kept: " + o.Why
	}
	name := fmt.Sprintf("step %d", s.Number)
	if s.Confirm {
		name = "confirming"
	}
	var p99 *float64
	if l := r.Status.Latency.ResponseTime; l != nil {
		p99 = l.P99
	}
	return printer.Escape(fmt.Sprintf("%-10s  %10s rps   p99 %-8s  %s", name, printer.Rate(s.Rate), printer.LatencyOf(p99), word))
}
