package cmd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/threshold"
)

// checkThresholds finds expressions that cannot be right, and says where they
// stand. slo are those of the thresholds that came from --slo.
func checkThresholds(s *document.Spec, slo []string) error {
	for _, text := range s.Thresholds {
		flag := "--threshold"
		if slices.Contains(slo, text) {
			flag = "--slo"
		}
		if text == collect.Hopeless {
			return fmt.Errorf("%s %q is no comparison: give it to --abort-on", flag, text)
		}
		if err := checkExpression(s, text); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	for _, text := range s.AbortOn {
		if text == collect.Hopeless {
			continue
		}
		if err := checkExpression(s, text); err != nil {
			return fmt.Errorf("--abort-on: %w", err)
		}
	}
	if slices.Contains(s.AbortOn, collect.Hopeless) && len(s.Thresholds) == 0 {
		return errors.New("--abort-on hopeless: there is no threshold that could be; give one with --threshold")
	}
	return nil
}

// checkRequests finds a threshold on a percentile that the Test plans too few
// requests for: it would have no figure, and be taken for one that does not hold.
func checkRequests(s *document.Spec) error {
	l := &s.Load
	if l.Rate == document.Max && l.Requests == 0 {
		return nil // as many as the target takes
	}
	for _, text := range s.Thresholds {
		e, err := threshold.Parse(text)
		if c := e.String(); err != nil || e.Needs() <= 1 || strings.Contains(c, "connectTime.") || strings.Contains(c, "errorTime.") {
			continue // not of every request
		}
		seconds := time.Duration(l.Duration).Seconds()
		planned := l.MeanRate() * seconds
		if l.Arrivals == document.Poisson {
			planned += 4 * math.Sqrt(planned) // chance may bring more
		}
		if l.Requests > 0 && (l.Rate == document.Max || len(l.Stages) > 0 || planned > float64(l.Requests)) {
			planned = float64(l.Requests)
		}
		share, few := shareOf(s, e.Target()), 1.0
		if share < 1 {
			few = 10 // shares are kept to within a few calls
		}
		if planned*share+few >= float64(e.Needs()) {
			continue
		}
		text = fmt.Sprintf("--threshold: %q needs %s requests, and this Test plans %s", text, printer.Count(e.Needs()), printer.Count(int64(planned*share)))
		if e.Target() != "" {
			text += " to target " + e.Target()
		}
		var ways []string
		if need := float64(e.Needs()) / share; l.Requests == 0 && len(l.Stages) == 0 {
			if rate := math.Ceil(need / seconds); rate <= highestRate {
				ways = append(ways, "--rate "+plainRate(rate))
			}
			if longer := math.Ceil(need / l.MeanRate()); longer <= longestRun.Seconds() {
				ways = append(ways, "--duration "+(time.Duration(longer)*time.Second).String())
			}
		}
		if len(ways) == 0 {
			return fmt.Errorf("%s: plan more, or ask for a lower percentile", text)
		}
		return fmt.Errorf("%s: give it %s, or ask for a lower percentile", text, strings.Join(ways, " or "))
	}
	return nil
}

// checkExpression finds what cannot be right in one expression about a Test.
func checkExpression(s *document.Spec, text string) error {
	e, err := threshold.Parse(text)
	if err != nil {
		return err
	}
	named := func(t document.Target) bool { return t.Name == e.Target() }
	if e.Target() != "" && !slices.ContainsFunc(s.Targets, named) {
		return fmt.Errorf("expression %q: no target is named %q", text, e.Target())
	}
	if c := e.String(); s.Load.Rate == document.Max && (strings.Contains(c, "responseTime.") || strings.Contains(c, "lateness.")) {
		return fmt.Errorf("expression %q: rate max is a closed loop, which has none; use serviceTime, or a rate", text)
	}
	return nil
}

// evaluated holds the thresholds of a Result's Test against it, also where it is
// invalid and the Result itself says nothing of them.
func evaluated(r *document.Result) []document.ThresholdResult {
	var all []threshold.Expression
	for _, text := range r.Spec.Thresholds {
		if e, err := threshold.Parse(text); err == nil { // checked before the run
			all = append(all, e)
		}
	}
	return threshold.Check(all, r)
}
