package bench

import (
	"math"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func TestNoiseFloor(t *testing.T) {
	c := document.Comparison{Metrics: []document.MetricComparison{
		{Name: "responseTime.p50", Unit: "ms", A: document.MetricSide{Median: 2}, Difference: &document.Estimate{Value: 0.01, Low: -0.05, High: 0.03}},
		{Name: "errorRate", Unit: "%", Difference: &document.Estimate{}},
		{Name: "responseTime.p99", Unit: "ms", A: document.MetricSide{Median: 9}},
		{Name: "errors", Unit: "%", A: document.MetricSide{Median: 0.01}, Effect: 0.1, Difference: &document.Estimate{Low: -0.01, High: 0.05}},
	}}
	got := NoiseFloor(&c)
	if len(got) != 3 || got[0].Metric != "responseTime.p50" || math.Abs(*got[0].Share-0.025) > 1e-9 || got[0].Low != -0.05 || got[1].Share != nil {
		t.Errorf("%+v", got)
	}
	if h := Headline(got); h == nil || h.Metric != "responseTime.p50" {
		t.Errorf("%+v", h)
	}
	if h := Headline(got[1:]); h != nil {
		t.Errorf("%+v stands for all", h)
	}
	if !got[0].Matters() || got[2].Matters() || math.Abs(*got[2].Share-5) > 1e-9 {
		t.Errorf("%+v", got)
	}
}

func TestReport(t *testing.T) {
	r := Report{Runs: []Ran{{RunID: "a", Valid: true}, {RunID: "b"}}, Comparisons: []Comparison{{Comparison: &document.Comparison{Verdict: document.Same}}}}
	if n := r.ObjectNames(); len(n) != 1 || n[0] != "result/a" {
		t.Errorf("%q", n)
	}
	r.Comparisons = append(r.Comparisons, Comparison{Reason: "the runs differ"})
	if r.Worse() {
		t.Error("the same is worse")
	}
	r.Comparisons = append(r.Comparisons, Comparison{Comparison: &document.Comparison{Verdict: document.Worse}})
	if !r.Worse() {
		t.Error("worse is not worse")
	}
}
