package cmd

import (
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/bench"
)

func TestNoiseFloorInWords(t *testing.T) {
	floor := func(metric, unit string, bound, of, effect float64) bench.Floor {
		f := bench.Floor{Metric: metric, Unit: unit, Low: -bound / 2, High: bound, Effect: effect}
		if of > 0 {
			f.Share = new(bound / of)
		}
		return f
	}
	fewErrors, service := floor("errors", "%", 0.05, 0.01, 0.1), floor("serviceTime.p50", "ms", 0.042, 2, 0.1)
	for name, c := range map[string]struct {
		floor []bench.Floor
		want  string
	}{
		"none":        {nil, ""},
		"open loop":   {[]bench.Floor{floor("responseTime.p50", "ms", 0.2, 8, 0.24), floor("responseTime.p99", "ms", 2, 20, 0.6), service, fewErrors}, "noise floor 2.50 % (response p50)\nof others: response p99 10.0 %\n"},
		"closed loop": {[]bench.Floor{service, fewErrors}, "noise floor 2.10 % (service p50)\nno other metric has one that matters\n"},
		"errors":      {[]bench.Floor{service, floor("errors", "%", 0.5, 0, 0.1)}, "noise floor 2.10 % (service p50)\nof others: errors 0.500 points\n"},
		"no median":   {[]bench.Floor{floor("responseTime.p99", "ms", 2, 20, 0.6)}, "noise floor of response p99 10.0 %\n"},
		"little":      {[]bench.Floor{fewErrors}, "no metric has a noise floor that matters\n"},
	} {
		var out strings.Builder
		writeFloor(&out, c.floor)
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", name, out.String(), c.want)
		}
	}
}
