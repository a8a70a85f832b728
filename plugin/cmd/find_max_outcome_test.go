package cmd

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/findmax"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// stepResult is of a valid run in which 3,000 requests kept the service level.
func stepResult() *document.Result {
	r := &document.Result{}
	r.Spec.Load = document.Load{Rate: 300, Duration: document.Duration(10 * time.Second), Arrivals: document.Constant}
	r.Spec.Thresholds = []string{"responseTime.p99 < 50ms"}
	s := &r.Status
	s.Phase, s.Validity.Valid = document.Succeeded, true
	s.Requests = document.Requests{Planned: 3000, Sent: 3000, Succeeded: 3000}
	s.Latency.ResponseTime = &document.Summary{Count: 3000, P50: new(4.0), P99: new(40.0)}
	s.Latency.Lateness = &document.Summary{Count: 3000, P50: new(0.1), P99: new(0.3)}
	s.Agents = []document.AgentResult{{Node: "worker-1", CPUUtilization: new(0.3)}}
	return r
}

// invalid is for a run that may not be believed.
func invalid(s *document.Status, reason string) {
	s.Validity = document.Validity{Reasons: []string{reason}}
}

func fails(s *document.Status) { s.Latency.ResponseTime.P99 = new(61.2) }

// lacks is for a run with too few answers for its percentile.
func lacks(s *document.Status) { s.Latency.ResponseTime = &document.Summary{Count: 300, P50: new(4.0)} }

func TestOutcome(t *testing.T) {
	late := func(s *document.Status) {
		s.Latency.Lateness.P99 = new(12.3)
		invalid(s, "the generator was late: …")
	}
	for name, c := range map[string]struct {
		change   func(*document.Status)
		verdict  findmax.Verdict
		overload bool
		why      string
	}{
		"kept":        {func(*document.Status) {}, findmax.Kept, false, ""},
		"not kept":    {fails, findmax.Broken, false, "responseTime.p99 is 61.2 ms"},
		"late":        {late, findmax.Unknown, true, "lateness p99 is 12.3 ms"},
		"late though": {func(s *document.Status) { s.Latency.Lateness.P99 = new(12.3) }, findmax.Kept, false, ""},
		"late by less than a histogram knows": {func(s *document.Status) {
			s.Latency.Lateness.P99 = new(2.004)
			invalid(s, "started apart")
		}, findmax.Unknown, false, "started apart"},
		"late, few": {func(s *document.Status) {
			s.Latency.Lateness = &document.Summary{P50: new(9.0)}
			invalid(s, "late")
		}, findmax.Unknown, true, "lateness p50 is 9.00 ms"},
		"late and not kept": {func(s *document.Status) { late(s); fails(s) }, findmax.Unknown, true, "lateness p99 is 12.3 ms"},
		"generator": {func(s *document.Status) {
			s.Agents[0].CPUUtilization = new(0.91)
			invalid(s, "CPU")
		}, findmax.Unknown, true, "generator CPU is 91.0 % on worker-1"},
		"node": {func(s *document.Status) {
			s.Resources.Nodes = []document.NodeResources{{Node: "worker-1", CPUUtilization: new(0.97)}}
			invalid(s, "CPU")
		}, findmax.Unknown, true, "CPU of worker-1 is 97.0 %"},
		"one target fails": {func(s *document.Status) {
			s.Requests.Succeeded, s.Requests.Failed = 2850, 150
			s.Targets = []document.TargetResult{
				{Name: "cart", Requests: document.Requests{Planned: 2700, Sent: 2700, Succeeded: 2700}},
				{Name: "pay", Requests: document.Requests{Planned: 300, Sent: 300, Succeeded: 150, Failed: 150}},
			}
			invalid(s, "50 % of the requests to target pay failed")
		}, findmax.Broken, false, "50.0 % of the requests to pay failed"},
		"late, nothing answered": {func(s *document.Status) { late(s); s.Latency.ResponseTime = nil }, findmax.Unknown, true, "lateness p99 is 12.3 ms"},
		"skew":                   {func(s *document.Status) { invalid(s, "started apart") }, findmax.Unknown, false, "started apart"},
		"lost": {func(s *document.Status) {
			s.Phase = document.Partial
			s.Requests.Sent = 1500
			invalid(s, "agent was lost")
		}, findmax.Unknown, false, "agent was lost"},
		"unsent": {func(s *document.Status) {
			s.Requests.Sent, s.Requests.Unsent = 2700, 300
			invalid(s, "only 90 %")
		}, findmax.Broken, false, "only 90.0 % could be sent"},
		"unsent and not kept": {func(s *document.Status) {
			fails(s)
			s.Requests.Sent, s.Requests.Unsent = 600, 2400
			invalid(s, "only 20 %")
		}, findmax.Broken, false, "responseTime.p99 is 61.2 ms; only 20.0 % could be sent"},
		"errors": {func(s *document.Status) {
			s.Requests.Succeeded, s.Requests.Failed = 1500, 1500
			lacks(s)
			invalid(s, "errors")
		}, findmax.Broken, false, "50.0 % of the requests failed"},
		"too few": {func(s *document.Status) { lacks(s) }, findmax.Unknown, false,
			"p99 needs 368 requests, and has 300"},
		"hopeless": {func(s *document.Status) {
			s.Phase, s.Aborted = document.Cancelled, "responseTime.p99 < 50ms can no longer be met"
			s.Requests = document.Requests{Planned: 600, Sent: 580, Succeeded: 300, Failed: 40, Unsent: 20, Codes: map[string]int64{"cancelled": 40}}
			fails(s)
			invalid(s, "ended early")
		}, findmax.Broken, false, "responseTime.p99 is 61.2 ms"},
		"hopeless early": {func(s *document.Status) {
			s.Phase, s.Aborted = document.Cancelled, "responseTime.p99 < 50ms can no longer be met"
			s.Requests = document.Requests{Planned: 100, Sent: 100, Succeeded: 0}
			s.Latency.ResponseTime = nil
			invalid(s, "ended early")
		}, findmax.Broken, false, "responseTime.p99 < 50ms can no longer be met"},
		"hopeless for want of requests": {func(s *document.Status) {
			s.Phase, s.Aborted = document.Cancelled, "responseTime.p99 < 50ms can no longer be met: it needs 368 requests"
			s.Requests = document.Requests{Planned: 2900, Sent: 2900, Failed: 100, Succeeded: 2800}
			s.Latency.ResponseTime = nil
			invalid(s, "ended early")
		}, findmax.Unknown, false, "the Result has no responseTime"},
	} {
		r := stepResult()
		c.change(&r.Status)
		got := outcome(r)
		if want := (findmax.Outcome{Verdict: c.verdict, Overload: c.overload, Why: c.why}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		line := stepLine(findmax.Step{Number: 12, Rate: 1234.5}, r, got)
		if n := utf8.RuneCountInString(line); n > printer.DefaultWidth || !strings.HasPrefix(line, "step 12   1,234.5 rps  p99 ") {
			t.Errorf("%s: %d characters: %q", name, n, line)
		}
	}
}

func TestAnswer(t *testing.T) {
	broken := findmax.Outcome{Verdict: findmax.Broken, Why: "responseTime.p99 is 61.2 ms"}
	for want, f := range map[string]findmax.Found{
		"at least 300 rps (--max-rate)":                                           {Rate: 300},
		"300 rps; 306 rps did not keep it: responseTime.p99 is 61.2 ms":           {Rate: 300, Above: 306, Limit: broken},
		"0.001042 rps; 0.001063 rps did not keep it: responseTime.p99 is 61.2 ms": {Rate: 0.001042, Above: 0.001063, Limit: broken},
		"at least 1,200 rps: above it the generator, not the target, was the limit (1,224 rps: lateness p99 is 12.3 ms)": {
			Rate: 1200, Above: 1224, Limit: findmax.Outcome{Overload: true, Why: "lateness p99 is 12.3 ms"}},
		"at least 300 rps: of 306 rps nothing is known (agent was lost)": {Rate: 300, Above: 306, Limit: findmax.Outcome{Why: "agent was lost"}},
	} {
		if got := answer(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// lengths of a Test with the defaults, and what is given.
func lengths(duration time.Duration, slo string, change func(*document.Spec)) stepLengths {
	test := document.Test{Spec: document.Spec{Target: document.Target{URL: "http://a/"}, Thresholds: []string{slo}}}
	test.Spec.Load = document.Load{Rate: 100, Duration: document.Duration(duration)}
	if change != nil {
		change(&test.Spec)
	}
	test.Default()
	return lengthsOf(&test.Spec)
}

func TestStepsHaveTheRequestsThatTheirPercentilesNeed(t *testing.T) {
	none := new(0.0)
	for name, c := range map[string]struct {
		lengths       stepLengths
		rate          float64
		step, confirm time.Duration
	}{
		"no percentile":    {lengths(30*time.Second, "errorRate < 1%", nil), 0.001, 10 * time.Second, 30 * time.Second},
		"short":            {lengths(9*time.Second, "errorRate < 1%", nil), 1, 5 * time.Second, 9 * time.Second},
		"shorter":          {lengths(2*time.Second, "errorRate < 1%", nil), 1, 2 * time.Second, 2 * time.Second},
		"enough":           {lengths(30*time.Second, "responseTime.p99 < 1s", nil), 100, 10 * time.Second, 30 * time.Second},
		"longer":           {lengths(30*time.Second, "responseTime.p99.9 < 1s", nil), 100, 41 * time.Second, 41 * time.Second}, // 3,688 / 0.9 + 2
		"longer only once": {lengths(30*time.Second, "responseTime.p99.9 < 1s", nil), 200, 21 * time.Second, 30 * time.Second},
		"no errors": {lengths(30*time.Second, "responseTime.p99.9 < 1s", func(s *document.Spec) { s.Validity.MaxErrors = none }),
			100, 37 * time.Second, 37 * time.Second},
		"by chance": {lengths(30*time.Second, "responseTime.p99.9 < 1s", func(s *document.Spec) { s.Load.Arrivals = document.Poisson }),
			100, 44 * time.Second, 44 * time.Second}, // 4 times the root of 4,098 more
		"a third of all": {lengths(30*time.Second, "targets.b.responseTime.p99 < 1s", func(s *document.Spec) {
			s.Target, s.Targets = document.Target{}, []document.Target{{Name: "a", URL: "http://a/", Weight: new(2.0)}, {Name: "b", URL: "http://b/"}}
		}), 100, 14 * time.Second, 30 * time.Second}, // 1,227 and 4 times its root
		"at most": {lengths(30*time.Second, "responseTime.p99.9 < 1s", nil), 45.56, 90 * time.Second, 90 * time.Second},
	} {
		if step, confirm := c.lengths.of(findmax.Step{Rate: c.rate}), c.lengths.of(findmax.Step{Rate: c.rate, Confirm: true}); step != c.step || confirm != c.confirm {
			t.Errorf("%s: %v and %v, want %v and %v", name, step, confirm, c.step, c.confirm)
		}
		if c.rate < c.lengths.leastRate() {
			t.Errorf("%s: the least rate is %g", name, c.lengths.leastRate())
		}
	}
}

func TestASearchThatCannotBeMeasuredIsRefused(t *testing.T) {
	for want, c := range map[string]struct {
		duration    time.Duration
		start, most float64
	}{
		`"responseTime.p99.99 < 1s" needs 40,988 requests, which at 100 rps take 410 s, more than 3 times the duration of 30s: begin with --rate 456, or give it --duration 2m17s`: {30 * time.Second, 100, 1e6},
		"begin with --rate 2, or give it --duration": {2 * time.Hour, 1, 1e6},
		": give it --duration 2m17s":                 {30 * time.Second, 100, 200},
		"30s: begin with --rate 456":                 {30 * time.Second, 0.01, 1e6},
		"":                                           {30 * time.Second, 456, 1e6},
	} {
		err := lengths(c.duration, "responseTime.p99.99 < 1s", nil).check(c.start, c.most)
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("%v from %g: %v, want %q", c.duration, c.start, err, want)
		}
	}
}

// The bounds of a search are those of a Test.
func TestTheBoundsOfASearchAreThoseOfATest(t *testing.T) {
	for rate, ok := range map[float64]bool{lowestRate: true, highestRate: true, lowestRate / 1.01: false, highestRate * 1.01: false} {
		test := document.Test{Spec: document.Spec{Target: document.Target{URL: "http://a/"}, Load: document.Load{Rate: document.Rate(rate)}}}
		test.Default()
		if err := test.Validate(); (err == nil) != ok {
			t.Errorf("rate %g: %v", rate, err)
		}
	}
}
