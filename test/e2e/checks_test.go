//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// An error that comes at once is no good latency: the times of a run are those
// of its right answers, and errors have their own.
func TestAFastErrorIsNoGoodLatency(t *testing.T) {
	at := beside(t)
	r := at.quick(t, fmt.Sprintf(`targets:
  - {name: slow, weight: 4, url: %q}
  - {name: failing, weight: 1, url: %q}
  load: {rate: 250, duration: 2s}
  validity: {maxErrors: 1}`, at.target+"?delay=50ms", at.target+"?status=500"))
	s := &r.Status
	if s.Requests.Failed < 95 || s.Requests.Failed > 105 || s.Requests.Codes["500"] != s.Requests.Failed {
		t.Fatalf("%+v, want about 100 of 500 with status 500", s.Requests)
	}
	for name, l := range map[string]*summary{"response": s.Latency.ResponseTime, "service": s.Latency.ServiceTime} {
		if l == nil || l.Count != s.Requests.Succeeded || l.Min < 50 || l.P50 == nil || *l.P50 < 50 {
			t.Errorf("%s time %+v, want that of the %d right answers, which took 50 ms", name, l, s.Requests.Succeeded)
		}
	}
	if e := s.Latency.ErrorTime; e == nil || e.Count != s.Requests.Failed || e.Min >= 50 {
		t.Errorf("error time %+v, want that of the %d errors", e, s.Requests.Failed)
	}
}

// A share of one target's answers that fails is counted exactly, at both ends.
func TestAShareOfErrorsIsCountedAlikeAtBothEnds(t *testing.T) {
	at := beside(t)
	before := counted(t, at.shop)
	r := at.quick(t, fmt.Sprintf("target: {url: %q}\n  load: {rate: 250, duration: 2s}\n  validity: {maxErrors: 0.5}", at.target+"?error=20%25&status=500"))
	d := counted(t, at.shop).since(before)
	s := &r.Status
	if n := d[`echo_requests_total{code="500"}`]; n != s.Requests.Codes["500"]+s.Warmup.Codes["500"] || n < 99 {
		t.Errorf("%+v, warm-up %+v; the workload counted %v", s.Requests, s.Warmup, d)
	}
	if l := s.Latency.ResponseTime; l == nil || l.Count != s.Requests.Succeeded {
		t.Errorf("response time %+v of %d right answers", l, s.Requests.Succeeded)
	}
}

// Whole answers that are not what the Test wants are failed calls.
func TestWrongAnswersFail(t *testing.T) {
	at := beside(t)
	for _, c := range []struct{ name, target string }{
		{"body", fmt.Sprintf(`{url: %q, check: {bodyContains: "no such text"}}`, at.target)},
		{"gRPC answer", fmt.Sprintf(`{url: "grpc://meshery-echo.%s:8079", check: {json: [{path: "{.status}", equals: NOT_SERVING}]}}`, at.shop)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := kubectl(append([]string{"meshery", "run", "-n", at.agents, "-o", "json"},
				spec(t, "target: "+c.target+"\n  load: {rate: 100, duration: 1s}")...)...)
			oneLine(t, r, 4, "of the requests failed")
			s := parse(t, r.stdout).Status
			if s.Requests.Codes["check"] != 100 || s.Requests.Failed != 100 || s.Latency.ResponseTime != nil && s.Latency.ResponseTime.Count != 0 {
				t.Errorf("%+v, response time %+v; want 100 checks that failed", s.Requests, s.Latency.ResponseTime)
			}
		})
	}
}
