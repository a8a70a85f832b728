package bench

import (
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

func TestBrokenByTarget(t *testing.T) {
	late := func(r *document.Result) {
		r.Status.Latency.Lateness = &document.Summary{Count: 1000, P99: new(5000.0)}
	}
	failed := func(r *document.Result) { r.Status.Requests.Succeeded, r.Status.Requests.Failed = 800, 200 }
	unsent := func(r *document.Result) { r.Status.Requests.Sent, r.Status.Requests.Unsent = 900, 100 }
	for name, c := range map[string]struct {
		change []func(*document.Result)
		want   bool
	}{
		"late":                    {[]func(*document.Result){late}, false},
		"failed":                  {[]func(*document.Result){failed}, true},
		"failed and late":         {[]func(*document.Result){failed, late}, true},
		"not sent":                {[]func(*document.Result){unsent}, true},
		"not sent and late":       {[]func(*document.Result){unsent, late}, false},
		"not sent, an agent lost": {[]func(*document.Result){unsent, func(r *document.Result) { r.Status.Agents[0].Phase = document.AgentLost }}, false},
		"busy generator":          {[]func(*document.Result){unsent, func(r *document.Result) { r.Status.Agents[0].CPUUtilization = new(1.0) }}, false},
		"busy node": {[]func(*document.Result){unsent, func(r *document.Result) {
			r.Status.Resources.Nodes = []document.NodeResources{{Node: "worker-1", CPUUtilization: new(1.0)}}
		}}, false},
		"ended by its Test": {[]func(*document.Result){func(r *document.Result) { r.Status.Phase, r.Status.Aborted = document.Cancelled, "errors > 5 %" }}, true},
		"^C":                {[]func(*document.Result){failed, func(r *document.Result) { r.Status.Phase = document.Cancelled }}, false},
		"valid":             {[]func(*document.Result){failed, func(r *document.Result) { r.Status.Validity.Valid = true }}, false},
		"one of two targets": {[]func(*document.Result){func(r *document.Result) {
			r.Status.Targets = []document.TargetResult{{Name: "a", Requests: document.Requests{Planned: 10, Sent: 10, Succeeded: 5, Failed: 5}}, {Name: "b"}}
		}}, true},
	} {
		r := &document.Result{}
		r.Status.Phase = document.Succeeded
		r.Status.Requests = document.Requests{Planned: 1000, Sent: 1000, Succeeded: 1000}
		r.Status.Agents = []document.AgentResult{{Node: "worker-1", Phase: document.AgentSucceeded}}
		for _, change := range c.change {
			change(r)
		}
		if got := BrokenByTarget(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Good runs alone do not make a variant good whose others failed.
func TestNothingIsTheSameWhereTheTargetFailed(t *testing.T) {
	verdicts := func(bad bool, metric, all document.Verdict) *Comparison {
		r := Report{Baseline: "none", Comparisons: []Comparison{{Test: "steady", Variant: "istio",
			Comparison: &document.Comparison{Verdict: all, Metrics: []document.MetricComparison{{Name: "responseTime.p50", Verdict: metric}}}}}}
		for range 6 {
			r.Runs = append(r.Runs, Ran{Slot: plan.Slot{Test: "steady", Variant: "none"}, Valid: true}, Ran{Slot: plan.Slot{Test: "steady", Variant: "istio"}, Valid: true})
		}
		if bad {
			r.Runs = append(r.Runs, Ran{Slot: plan.Slot{Test: "steady", Variant: "istio"}, Target: true}, Ran{Slot: plan.Slot{Test: "steady", Variant: "none"}})
		}
		r.Qualify()
		return &r.Comparisons[0]
	}
	for _, v := range []document.Verdict{document.Same, document.Better} {
		if c := verdicts(false, v, v).Comparison; c.Verdict != v || c.Metrics[0].Verdict != v || c.Reason != "" {
			t.Errorf("%s became %+v", v, c)
		}
		c := verdicts(true, v, v).Comparison
		if c.Verdict != document.Inconclusive || c.Metrics[0].Verdict != document.Inconclusive || !strings.HasPrefix(c.Reason, "the target made 1 of 7 runs of istio invalid, and 0 of 6 of none:") {
			t.Errorf("%s: %+v", v, c)
		}
	}
	if c := verdicts(true, document.Worse, document.Worse).Comparison; c.Verdict != document.Worse || c.Metrics[0].Verdict != document.Worse {
		t.Errorf("%+v", c)
	}
}
