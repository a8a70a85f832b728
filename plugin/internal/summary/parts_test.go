package summary

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func TestSeveralTargets(t *testing.T) {
	r := sample()
	s := &r.Status
	r.Spec.Targets = []document.Target{{Name: "cart", URL: "http://cart/"}, {Name: "health", URL: "grpc://cart:1", Check: &document.Check{Status: []string{"NotFound"}}}}
	s.Requests.Failed = 7
	s.Requests.Codes = map[string]int64{"200": 44990, "404": 3, "OK": 4, "NotFound": 15003}
	s.Targets = []document.TargetResult{
		{Name: "cart", Requests: document.Requests{Sent: 45000, Failed: 3, Codes: map[string]int64{"200": 44997, "404": 3}}, Latency: document.Latency{ResponseTime: latency(1)}},
		{Name: "health", Requests: document.Requests{Sent: 15000, Failed: 4, Codes: map[string]int64{"OK": 4, "NotFound": 14996}}, Latency: document.Latency{ServiceTime: latency(0.5)}},
	}
	got := written(t, r, "")
	const want = `
TARGET   RPS   P50       P99       ERRORS
cart     750   2.10 ms   11.9 ms   3
health   250   1.05 ms   5.97 ms   4

ERRORS     7 of 60,000 (404: 3, OK: 4)

NODE `
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwhich lacks\n%s", got, want)
	}
}

func TestCodesThatAreWantedAreNoErrors(t *testing.T) {
	http, grpc := document.Target{Protocol: document.HTTP1}, document.Target{Protocol: document.GRPC}
	checked := func(status ...string) document.Target {
		return document.Target{Check: &document.Check{Status: status}}
	}
	for _, c := range []struct {
		target document.Target
		code   string
		want   bool
	}{
		{http, "200", true}, {http, "299", true}, {http, "301", false}, {http, "503", false}, {http, "timeout", false}, {http, "2xx", false},
		{grpc, "OK", true}, {grpc, "NotFound", false}, {grpc, "check", false},
		{checked("404"), "404", true}, {checked("404"), "200", false}, {checked("4xx"), "404", true}, {checked("4xx"), "503", false},
		{checked("4xx"), "4", false}, {checked("503", "2xx"), "204", true}, {checked("503", "2xx"), "503", true},
		{checked("NotFound"), "NotFound", true}, {checked("NotFound"), "OK", false}, {checked("NotFound"), "timeout", false},
		{document.Target{Check: &document.Check{BodyContains: "x"}}, "200", true},
	} {
		if got := wanted(&c.target, c.code); got != c.want {
			t.Errorf("%s of %+v: %v, want %v", c.code, c.target.Check, got, c.want)
		}
	}
}

func TestLatenessNearItsBound(t *testing.T) {
	for late, want := range map[float64]string{
		0.9: "",
		1.6: "\nLATENESS   p99 1.60 ms of the generator, and 2.00 ms is the most\n",
		// As late as allowed, as far as a histogram knows.
		2.004: "\nLATENESS   p99 2.00 ms of the generator, and 2.00 ms is the most\n",
		2.01:  "", // the run is invalid, and says it above
	} {
		r := sample()
		r.Status.Latency.Lateness = &document.Summary{Count: 60000, P50: of(0.1), P99: of(late)}
		got := written(t, r, "")
		if want == "" && strings.Contains(got, "LATENESS") || !strings.Contains(got, want) {
			t.Errorf("%g ms: got\n%s", late, got)
		}
	}
}

func TestLatenessWhereNothingWasAnswered(t *testing.T) {
	r := sample()
	r.Status.Latency = document.Latency{Lateness: &document.Summary{Count: 60000, P50: of(0.1), P99: of(1.6)}, ServiceTime: latency(1)}
	if got := written(t, r, ""); !strings.Contains(got, "\nLATENESS   p99 1.60 ms of the generator, and 2.00 ms is the most\n") {
		t.Errorf("got\n%s", got)
	}
}

// With few requests it is the median that is judged.
func TestLatenessOfFewRequests(t *testing.T) {
	r := sample()
	r.Status.Latency.Lateness = &document.Summary{Count: 100, P50: of(1.2)}
	if got := written(t, r, ""); !strings.Contains(got, "\nLATENESS   p50 1.20 ms of the generator, and 2.00 ms is the most\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestWarmupIsLeftOut(t *testing.T) {
	r := sample()
	r.Spec.Load.Warmup = document.Duration(3 * time.Second)
	r.Status.Warmup = &document.Requests{Planned: 3001, Sent: 3001}
	if got := written(t, r, ""); !strings.HasPrefix(got, "VALID      60,000 of 60,000 requests, 999.9 rps; 3,001 of warm-up left out\n") {
		t.Errorf("got\n%s", got)
	}
	// The request that chose the client is no warm-up.
	r.Spec.Load.Warmup, r.Status.Warmup.Sent = 0, 1
	if got := written(t, r, ""); !strings.HasPrefix(got, "VALID      60,000 of 60,000 requests, 999.9 rps\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestARunThatEndedEarly(t *testing.T) {
	r := sample()
	s := &r.Status
	s.Phase, s.Aborted = document.Cancelled, "errorRate > 1%: it is 5 %"
	s.Validity = document.Validity{Reasons: []string{"ended early by its Test: " + s.Aborted}}
	if got := written(t, r, ""); !strings.HasPrefix(got, "INVALID    60,000 of 60,000 requests, 999.9 rps, ended early\nBECAUSE    ended early by its Test: errorRate > 1%: it is 5 %\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestManyReasonsAndWarningsAreCounted(t *testing.T) {
	r := sample()
	v := &r.Status.Validity
	v.Valid = false
	for i := range 12 {
		v.Reasons = append(v.Reasons, fmt.Sprint("reason ", i))
		v.Warnings = append(v.Warnings, fmt.Sprint("warning ", i))
	}
	got := written(t, r, "")
	for _, want := range []string{"BECAUSE    reason 9\nBECAUSE    2 more are in the Result: .status.validity.reasons\n", "WARNING    warning 9\nWARNING    2 more are in the Result: .status.validity.warnings\nNOT READ   "} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwhich lacks\n%s", got, want)
		}
	}
}

func TestActualValuesDoNotLookLikeTheirBounds(t *testing.T) {
	for _, c := range []struct {
		actual float64
		unit   string
		want   string
	}{{50.02, "ms", "50.02 ms"}, {50, "ms", "50 ms"}, {0.1, "%", "0.1 %"}, {0, "%", "0 %"}, {60000, "", "60,000"}, {966.6666, "", "966.67"}, {1200, "ms", "1,200 ms"}} {
		if got := actual(document.ThresholdResult{Actual: &c.actual, Unit: c.unit}); got != c.want {
			t.Errorf("%g: %q, want %q", c.actual, got, c.want)
		}
	}
}
