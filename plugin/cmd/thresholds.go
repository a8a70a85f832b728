package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/collect"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
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
