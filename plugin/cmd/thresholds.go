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

// checkThresholds finds expressions that cannot be right.
func checkThresholds(s *document.Spec) error {
	names := map[string]bool{}
	for _, t := range s.Targets {
		names[t.Name] = true
	}
	for _, text := range slices.Concat(s.Thresholds, s.AbortOn) {
		if text == collect.Hopeless {
			continue
		}
		e, err := threshold.Parse(text)
		if err != nil {
			return err
		}
		if t := e.Target(); t != "" && !names[t] {
			return fmt.Errorf("threshold %q: no target is named %q", text, t)
		}
		if c := e.String(); s.Load.Rate == document.Max && (strings.Contains(c, "responseTime.") || strings.Contains(c, "lateness.")) {
			return fmt.Errorf("threshold %q: rate max is a closed loop, which has none; use serviceTime, or a rate", text)
		}
	}
	if slices.Contains(s.AbortOn, collect.Hopeless) && len(s.Thresholds) == 0 {
		return errors.New("abort on hopeless: there is no threshold that could be; give one with --threshold")
	}
	return nil
}
