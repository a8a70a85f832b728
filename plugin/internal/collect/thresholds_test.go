package collect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// watched is the Test with thresholds and what ends it.
func watched(thresholds, abortOn []string) document.Test {
	t := test()
	t.Spec.Thresholds, t.Spec.AbortOn = thresholds, abortOn
	return t
}

func TestAbort(t *testing.T) {
	for name, c := range map[string]struct {
		thresholds, abortOn []string
		failed              int64 // of 100 in each of 6 s
		want                string
	}{
		"nothing watched":      {[]string{"errorRate < 1%"}, nil, 50, ""},
		"holds":                {nil, []string{"requests.failed > 1000", "errorRate > 10%"}, 50, "errorRate > 10%: it is 50 %"},
		"a large whole number": {nil, []string{"requests.sent > 500"}, 0, "requests.sent > 500: it is 600"},
		"does not":             {nil, []string{"errorRate > 50%"}, 50, ""},
		"hopeless":             {[]string{"errorRate < 1%"}, []string{Hopeless}, 2, "errorRate < 1% can no longer be met: "},
		"not hopeless":         {[]string{"errorRate < 10%"}, []string{Hopeless}, 2, ""},
		"rate":                 {nil, []string{"rate.achieved > 99", "errorRate > 1%"}, 2, "rate.achieved > 99: it is 100"},
		"what cannot be read":  {[]string{"hopeless", "requests.failed == 0"}, []string{"nonsense", Hopeless}, 2, "requests.failed == 0 can no longer be met"},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, watched(c.thresholds, c.abortOn), 0)
			for s := range int64(8) {
				if got := r.Abort(); got != "" && s < 7 {
					t.Errorf("after %d s: %q", s, got)
				}
				r.snapshot(0, 1000*s, 1000*(s+1), s < 2, 100, c.failed, time.Millisecond)
			}
			got := r.Abort()
			if c.want == "" && got != "" || !strings.HasPrefix(got, AbortPrefix[:min(len(AbortPrefix), len(got))]+c.want) || c.want != "" && got == "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
			// What has ended cannot be stopped.
			r.final(0, succeeded, "", 8*time.Second)
			if got := r.Abort(); got != "" {
				t.Errorf("it has ended: %q", got)
			}
		})
	}
}

// One stream is behind the other: the rate is that of the seconds that both have
// told about. All that does not depend on time is judged by all that was told.
func TestARateIsNotJudgedByWhoIsBehind(t *testing.T) {
	r := started(t, watched(nil, []string{"rate.achieved < 90", "rate.achieved != 100", "errorRate > 10%"}), 0, 0)
	r.seconds(0, 0, 11, 50, time.Millisecond)
	r.seconds(1, 0, 3, 50, time.Millisecond)
	if got := r.Abort(); got != "" {
		t.Errorf("one agent has told 1 s, one 9 s: %q", got)
	}
	r.Broken(1, errors.New("the cable is cut"))
	r.seconds(1, 3, 7, 50, time.Millisecond)
	// Half of a second says nothing on the rate.
	r.snapshot(1, 7000, 7500, false, 1, 0, time.Millisecond)
	if got := r.Abort(); got != "" {
		t.Errorf("both have 100 rps in 5 s: %q", got)
	}
	r.snapshot(1, 7500, 8000, false, 1, 0, time.Millisecond)
	r.seconds(1, 8, 10, 2, time.Millisecond)
	// 4 of these 8 s had 52 calls instead of 100.
	if got, want := r.Abort(), AbortPrefix+"rate.achieved < 90: it is 82"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	r = started(t, watched(nil, []string{"rate.achieved < 90", "errorRate > 10%"}), 0, 0)
	for s := range int64(9) {
		r.snapshot(0, 1000*s, 1000*(s+1), s < 2, 50, 10, time.Millisecond)
	}
	if got, want := r.Abort(), AbortPrefix+"errorRate > 10%: it is 20 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The time may end a run before its number of requests does, and the last
// stage's rate holds after the last stage.
func TestPlannedRequests(t *testing.T) {
	seconds := func(n int) document.Duration { return document.Duration(n) * document.Duration(time.Second) }
	stages := []document.Stage{{Duration: seconds(4), Rate: 10}, {Duration: seconds(10), Rate: 20}, {Duration: seconds(2), Rate: 100, Step: true}}
	for name, c := range map[string]struct {
		load document.Load
		want int64
	}{
		"time":                  {document.Load{Rate: 100, Duration: seconds(10)}, 1001},
		"requests":              {document.Load{Rate: 100, Duration: seconds(10), Requests: 500}, 500},
		"time before requests":  {document.Load{Rate: 100, Duration: seconds(10), Requests: 5000}, 1001},
		"stages":                {document.Load{Rate: 10, Stages: stages, Duration: seconds(16)}, 391},
		"stages, then requests": {document.Load{Rate: 10, Stages: stages, Duration: seconds(20), Requests: 1000}, 791},
		"a part of the stages":  {document.Load{Rate: 10, Stages: stages, Duration: seconds(9), Requests: 1000}, 104},
		"chance":                {document.Load{Rate: 100, Duration: seconds(10), Arrivals: document.Poisson}, 0},
		"chance, requests":      {document.Load{Rate: 100, Duration: seconds(10), Arrivals: document.Poisson, Requests: 5000}, 5000},
		"closed loop":           {document.Load{Rate: document.Max, Duration: seconds(10)}, 0},
		"closed loop, requests": {document.Load{Rate: document.Max, Duration: seconds(10), Requests: 70}, 70},
	} {
		test := test()
		test.Spec.Load = c.load
		if got := started(t, test, 0).planned(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	// 11 failures of 1001 are more than 1 %, of 100,000 they would be nothing yet.
	bounded := watched([]string{"errorRate < 1%"}, []string{Hopeless})
	bounded.Spec.Load.Requests = 100_000
	r := started(t, bounded, 0)
	r.seconds(0, 0, 7, 100, time.Millisecond)
	r.snapshot(0, 7000, 8000, false, 100, 11, time.Millisecond)
	if got := r.Abort(); !strings.HasPrefix(got, AbortPrefix+"errorRate < 1% can no longer be met") {
		t.Errorf("got %q", got)
	}
}

func TestThresholdsAreJudged(t *testing.T) {
	texts := []string{"responseTime.p50<5ms", "errorRate < 1%", "responseTime.p99.99 < 1s", "hopeless"}
	for _, valid := range []bool{true, false} {
		r := started(t, watched(texts, []string{"nonsense"}), 0)
		r.measured(0, &agentv1.Counts{Planned: 1000, Sent: 1000, Succeeded: 950, Failed: 50, Codes: map[string]int64{"200": 950, "503": 50}}, time.Millisecond, 0)
		if !valid {
			r.final(0, agentv1.RunPhase_RUN_PHASE_FAILED, "disk full", 12*time.Second)
		}
		s := r.result().Status
		if s.Validity.Valid != valid || len(s.Thresholds) != 4 {
			t.Fatalf("%+v, %+v", s.Validity, s.Thresholds)
		}
		said(t, "warnings", s.Validity.Warnings, "50 failed", `the Test's abortOn "nonsense" cannot be read and was not watched: expression "nonsense"`)
		for i, want := range []struct {
			expression, reason string
			actual, passed     bool
		}{
			{"responseTime.p50 < 5ms", "responseTime.p50 was 1.0004 ms", true, true},
			{"errorRate < 1%", "errorRate was 5 %", true, false},
			{"responseTime.p99.99 < 1s", "p99.99 needs 36,887 requests, and has 950", false, false},
			{"hopeless", `it cannot be read: expression "hopeless"`, false, false},
		} {
			got, reason := s.Thresholds[i], want.reason
			switch {
			case !valid && i < 3:
				reason = "the run is invalid; " + reason
			case want.actual:
				reason = ""
			}
			if got.Expression != want.expression || (got.Actual != nil) != want.actual || got.Passed != (want.passed && valid) || !strings.HasPrefix(got.Reason, reason) || reason == "" && got.Reason != "" {
				t.Errorf("valid %v: %+v, want %+v with %q", valid, got, want, reason)
			}
		}
	}
}

// Where a number of requests or a stop ends stages early, what was to be is the
// mean until then, and not that of stages that never came.
func TestTheRateThatWasToBe(t *testing.T) {
	seconds := func(n int) document.Duration { return document.Duration(n) * document.Duration(time.Second) }
	staged := test()
	staged.Spec.Load.Stages = []document.Stage{{Duration: seconds(4), Rate: 100}, {Duration: seconds(6), Rate: 700}}
	for name, c := range map[string]struct {
		phase   agentv1.RunPhase
		seconds int64 // measured
		sent    int64
		want    float64
		reasons []string
	}{
		"whole":         {succeeded, 10, 2800, 280, nil},
		"by requests":   {succeeded, 6, 800, 800.0 / 6, nil},
		"planned less":  {succeeded, 6, 400, 800.0 / 6, []string{"the agents planned 66.7 requests per second, and the Test asks for 133.3"}},
		"by a stop":     {agentv1.RunPhase_RUN_PHASE_CANCELLED, 4, 400, 100, []string{"stopped before its end"}},
		"in its warmup": {agentv1.RunPhase_RUN_PHASE_CANCELLED, 0, 0, 280, []string{"stopped before its end"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, staged, 0, 0)
			for i := range 2 {
				if c.sent > 0 {
					r.snapshot(i, 2000, 2000+1000*c.seconds, false, c.sent/2, 0, time.Millisecond)
				}
				r.final(i, c.phase, "", time.Duration(2+c.seconds)*time.Second)
			}
			s := r.result().Status
			if !near(*s.Rate.Target, c.want) || !near(*s.Agents[1].Rate.Target, c.want/2) {
				t.Errorf("%g, %g of an agent; want %g", *s.Rate.Target, *s.Agents[1].Rate.Target, c.want)
			}
			said(t, "reasons", s.Validity.Reasons, c.reasons...)
		})
	}
}
