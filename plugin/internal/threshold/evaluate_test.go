package threshold

import (
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// mixed is 1,000 requests: 988 answered in 1 to 988 ms, two that timed out, eight
// refused, two never sent.
func mixed() []request {
	var all []request
	for i := range 988 {
		d := time.Duration(i+1) * time.Millisecond
		all = append(all, request{code: "200", response: d, service: d / 2, late: time.Microsecond, target: "a"})
	}
	for range 2 {
		all = append(all, request{failed: true, code: "timeout", response: 2 * time.Second, service: time.Second, error: time.Second, target: "a"})
	}
	for range 8 {
		all = append(all, request{failed: true, code: "503", error: 3 * time.Millisecond, connect: 50 * time.Microsecond, target: "b.c"})
	}
	for range 2 {
		all = append(all, request{unsent: true, response: 4 * time.Second, target: "a"})
	}
	return all
}

func TestEvaluate(t *testing.T) {
	r := resultOf(t, mixed())
	busy, idle := 0.75, 0.25
	r.Status.Resources.Nodes = []document.NodeResources{{Node: "n1", CPUUtilization: &idle}, {Node: "n2", CPUUtilization: &busy}, {Node: "n3"}}
	h := measure(mixed()).response
	p97, _ := h.Quantile(0.97)
	p99, _ := h.Quantile(0.99)
	for text, want := range map[string]struct {
		actual float64
		ok     bool
	}{
		"requests.planned == 1000":              {1000, true},
		"requests.sent < 998":                   {998, false},
		"requests.sent <= 998":                  {998, true},
		"requests.succeeded == 988":             {988, true},
		"requests.failed == 0":                  {10, false},
		"requests.failed != 0":                  {10, true},
		"requests.unsent > 2":                   {2, false},
		"requests.unsent >= 2":                  {2, true},
		`requests.codes["503"] < 8`:             {8, false},
		"codes.timeout == 2":                    {2, true},
		"codes.504 == 0":                        {0, true},
		"errorRate < 1.1%":                      {1000.0 / 998, true},
		"errorRate < 1%":                        {1000.0 / 998, false},
		"unsentRate <= 0.2%":                    {0.2, true},
		"unsentRate == 0.002":                   {0.2, true},
		"rate.achieved > 990":                   {998, true},
		"rate.target == 1000":                   {1000, true},
		"responseTime.count == 992":             {992, true},
		"responseTime.min == 1ms":               {milliseconds(h.Min()), false}, // 0.9995 ms: exact to 0.1 %
		"responseTime.min <= 1ms":               {milliseconds(h.Min()), true},
		"responseTime.max > 4s":                 {milliseconds(h.Max()), true},
		"responseTime.p99 < 990ms":              {milliseconds(p99), true},
		"responseTime.p97 < 900ms":              {milliseconds(p97), false},
		"serviceTime.mean <= 250ms":             {milliseconds(measure(mixed()).service.Mean()), true},
		"lateness.p50 < 2us":                    {0.001, true},
		"connectTime.p50 < 51us":                {milliseconds(50*time.Microsecond + 15), true},
		"errorTime.count < 10":                  {10, false},
		"targets.a.requests.sent >= 0":          {990, true},
		`targets["b.c"].errorRate < 1`:          {100, false},
		"targets.a.responseTime.p99 < 990ms":    {milliseconds(p99), true},
		"resources.nodes.cpuUtilization <= 75%": {75, true},
	} {
		e := parse(t, text)
		actual, ok, reason := e.Evaluate(r)
		if diff := actual - want.actual; diff > 1e-12 || diff < -1e-12 || ok != want.ok || reason != "" {
			t.Errorf("%s: %v, %v, %q, want %v, %v", text, actual, ok, reason, want.actual, want.ok)
		}
	}
}

// What the Result shows and what a threshold compares are one number.
func TestPercentilesAreThoseOfTheResult(t *testing.T) {
	r := resultOf(t, answered(40_000, 7*time.Millisecond))
	s := r.Status.Latency.ResponseTime
	for field, want := range map[string]*float64{"p50": s.P50, "p75": s.P75, "p90": s.P90, "p95": s.P95, "p99": s.P99, "p999": s.P999, "p99.99": s.P9999} {
		shown, ok, reason := parse(t, "responseTime."+field+" < 1s").Evaluate(r)
		bare := *r
		bare.Status.Latency.ResponseTime = &document.Summary{Count: s.Count}
		computed, _, _ := parse(t, "responseTime."+field+" < 1s").Evaluate(&bare)
		if !ok || reason != "" || want == nil || shown != *want || computed != *want {
			t.Errorf("%s: %v (%q), and %v from the histogram", field, shown, reason, computed)
		}
	}
}

func TestEvaluateSaysWhyThereIsNoValue(t *testing.T) {
	few := resultOf(t, answered(367, time.Millisecond))
	nothing := resultOf(t, nil)
	closed := resultOf(t, answered(1000, time.Millisecond))
	closed.Spec.Load.Rate, closed.Status.Rate.Target = document.Max, nil
	closed.Status.Latency.ResponseTime, closed.Status.Latency.Lateness = nil, nil
	bare := resultOf(t, answered(1000, time.Millisecond))
	bare.Status.Histograms = document.Histograms{}
	broken := resultOf(t, answered(1000, time.Millisecond))
	broken.Status.Histograms.ResponseTime = "x"
	for _, c := range []struct {
		of           *document.Result
		text, reason string
	}{
		{few, "responseTime.p99 < 1s", "p99 needs 368 requests, and has 367"},
		{few, "responseTime.p99.9 < 1s", "p99.9 needs 3,688 requests, and has 367"},
		{few, "responseTime.p98.5 < 1s", ""},
		{few, "errorTime.p50 < 1s", "the Result has no errorTime"},
		{few, "errorTime.count == 0", ""},
		{few, "targets.a.errorRate < 1%", "the Result has no figures of single targets, such as a"},
		{few, "resources.nodes.cpuUtilization < 80%", "the CPU of no node was read"},
		{nothing, "errorRate < 1%", "no request was sent"},
		{nothing, "unsentRate < 1%", "no request was planned"},
		{nothing, "responseTime.max < 1s", "the Result has no responseTime"},
		{closed, "responseTime.p99 < 1s", "a closed loop (rate max) has no responseTime"},
		{closed, "responseTime.count > 0", "a closed loop (rate max) has no responseTime"},
		{closed, "rate.target > 0", "without a constant rate there is no target rate"},
		{closed, "serviceTime.p99 < 1s", ""},
		{bare, "responseTime.p99 < 1s", ""},
		{bare, "responseTime.p98.5 < 1s", "the Result has no histogram of the responseTime to take p98.5 from"},
		{broken, "responseTime.p98.5 < 1s", "the histogram of the responseTime cannot be read: decode histogram: illegal base64 data at input byte 0"},
		{resultOf(t, mixed()), "targets.d.errorRate < 1%", "the Result has no target d; it has a, b.c"},
	} {
		actual, ok, reason := parse(t, c.text).Evaluate(c.of)
		if reason != c.reason || ok != (c.reason == "") || c.reason != "" && actual != 0 {
			t.Errorf("%s: %v, %v, %q, want %q", c.text, actual, ok, reason, c.reason)
		}
	}
}

func TestCheckKeepsTheOrderAndLeavesOutWhatIsUnknown(t *testing.T) {
	r := resultOf(t, answered(100, 20*time.Millisecond))
	expressions := []Expression{parse(t, "responseTime.p90<50"), parse(t, "responseTime.p99 < 50ms"), parse(t, "errorRate > 0.001"), parse(t, "rate.achieved >= 100")}
	got := Check(expressions, r)
	p90 := *r.Status.Latency.ResponseTime.P90
	none, achieved := 0.0, 100.0
	want := []document.ThresholdResult{
		{Expression: "responseTime.p90 < 50ms", Actual: &p90, Unit: "ms", Passed: true},
		{Expression: "responseTime.p99 < 50ms", Unit: "ms", Reason: "p99 needs 368 requests, and has 100"},
		{Expression: "errorRate > 0.1%", Actual: &none, Unit: "%"},
		{Expression: "rate.achieved >= 100", Actual: &achieved, Passed: true},
	}
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if (g.Actual == nil) != (w.Actual == nil) || g.Actual != nil && *g.Actual != *w.Actual {
			t.Errorf("%s: actual %v, want %v", w.Expression, g.Actual, w.Actual)
		}
		g.Actual, w.Actual = nil, nil
		if g != w {
			t.Errorf("got %+v, want %+v", g, w)
		}
	}
	if got := Check(nil, r); got != nil {
		t.Errorf("no expressions give %v", got)
	}
}

// A figure written into an expression is that figure: no float64 in between
// makes it another.
func TestEqualityHoldsForTheFigureItself(t *testing.T) {
	for n := int64(1); n <= 1000; n++ {
		r := &document.Result{}
		r.Status.Requests = document.Requests{Planned: 1000, Sent: 1000, Failed: n, Succeeded: 1000 - n}
		text := time.Duration(n).String() // "937ns", or "1µs"
		r.Status.Latency.ServiceTime = &document.Summary{Count: 1, Mean: milliseconds(time.Duration(n))}
		share := plainDecimal(string([]byte{'0' + byte(n/1000), '0' + byte(n/100%10), '0' + byte(n/10%10), '.', '0' + byte(n%10)}))
		for _, e := range []string{"serviceTime.mean == " + text, "errorRate == " + share + "%"} {
			if actual, ok, reason := parse(t, e).Evaluate(r); !ok {
				t.Errorf("%s: %v %q", e, actual, reason)
			}
		}
	}
}

func TestMinCountIsThatOfTheHistogram(t *testing.T) {
	need := int(histogram.MinCount(0.995))
	for n, want := range map[int]bool{need - 1: false, need: true} {
		if _, ok, reason := parse(t, "serviceTime.p99.5 < 1s").Evaluate(resultOf(t, answered(n, time.Millisecond))); ok != want {
			t.Errorf("p99.5 of %d requests: %v %q", n, ok, reason)
		}
	}
	for text, want := range map[string]int64{"serviceTime.p99.5 < 1s": int64(need), "targets.a.responseTime.p99 < 1s": 368, "responseTime.max < 1s": 1, "errorRate < 1%": 1} {
		if got := parse(t, text).Needs(); got != want {
			t.Errorf("%s needs %d requests, want %d", text, got, want)
		}
	}
}
