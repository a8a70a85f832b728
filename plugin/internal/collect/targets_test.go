package collect

import (
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// several is the Test with these targets.
func several(names ...string) document.Test {
	t := test()
	t.Spec.Target = document.Target{}
	for _, name := range names {
		t.Spec.Targets = append(t.Spec.Targets, document.Target{Name: name, URL: "http://" + name + "/"})
	}
	t.Default()
	return t
}

// dealt is a snapshot of the whole measured time, of the calls to each target.
func (r *run) dealt(targets ...*agentv1.Counts) *agentv1.Snapshot {
	all, s := &agentv1.Counts{Codes: map[string]int64{}}, &agentv1.Snapshot{FromNanos: 2e9, ToNanos: 12e9}
	timed := func(c *agentv1.Counts) *agentv1.Latencies {
		b := encode(r.t, c.GetSucceeded(), time.Millisecond)
		return &agentv1.Latencies{ResponseTime: b, ServiceTime: b, Lateness: encode(r.t, c.GetSent(), 0)}
	}
	for _, c := range targets {
		s.Targets = append(s.Targets, &agentv1.TargetSnapshot{Counts: c, Latencies: timed(c)})
		all.Planned += c.GetPlanned()
		all.Sent += c.GetSent()
		all.Succeeded += c.GetSucceeded()
		all.Failed += c.GetFailed()
		all.Unsent += c.GetUnsent()
		for k, n := range c.GetCodes() {
			all.Codes[k] += n
		}
	}
	s.Counts, s.Latencies = all, timed(all)
	return s
}

func (r *run) tell(agent int, s *agentv1.Snapshot) {
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: s}})
}

// What is well with all targets together may be bad for one of them, which is
// named; what is bad for all is said once.
func TestEachTargetIsJudged(t *testing.T) {
	counts := func(sent, failed, unsent int64, code string) *agentv1.Counts {
		return &agentv1.Counts{Planned: sent + unsent, Sent: sent, Succeeded: sent - failed, Failed: failed, Unsent: unsent, Codes: map[string]int64{"200": sent - failed, code: failed}}
	}
	for name, c := range map[string]struct {
		cart, search *agentv1.Counts
		want         []string
	}{
		"good":           {of(950), counts(50, 5, 0, "503"), nil},
		"one fails":      {of(950), counts(50, 50, 0, "503"), []string{"100.0 % of the requests to target search failed, and at most 10 % may: the latencies are those of the rest; .status.targets[1].requests.codes says how"}},
		"one was cut":    {of(950), counts(50, 45, 0, "cancelled"), nil},
		"all fail":       {counts(900, 180, 0, "503"), counts(100, 40, 0, "503"), []string{"22.0 % of the requests failed, and at most 10 % may: the latencies are those of the rest; .status.requests.codes says how"}},
		"one is slow":    {of(950), counts(45, 0, 5, ""), []string{"only 90.0 % of the planned requests to target search could be sent: the target, or the 16 connections"}},
		"all are":        {counts(900, 0, 90, ""), counts(5, 0, 5, ""), []string{"only 90.5 % of the planned requests could be sent"}},
		"one has no use": {of(1000), counts(0, 0, 0, ""), nil},
		"each its own":   {counts(900, 180, 0, "503"), counts(50, 0, 50, ""), []string{"only 50.0 % of the planned requests to target search could", "20.0 % of the requests to target cart failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, several("cart", "search"), 0)
			r.tell(0, r.dealt(c.cart, c.search))
			r.final(0, succeeded, "", 12*time.Second)
			said(t, "reasons", r.result().Status.Validity.Reasons, c.want...)
		})
	}
}

// An agent that tells of other targets than those of the Test is not understood,
// and neither is one of which a part cannot be read: each has its own reason.
func TestTargetsThatAnAgentTellsOf(t *testing.T) {
	const other = "deploy agents of the plugin's version"
	for name, c := range map[string]struct {
		test   document.Test
		change func(*agentv1.Snapshot)
		want   string
	}{
		"those of the Test": {several("cart", "search"), func(*agentv1.Snapshot) {}, ""},
		"too few":           {several("cart", "search", "pay"), func(*agentv1.Snapshot) {}, "agent on node worker-1 failed: it tells of 2 targets, and the Test has 3: " + other},
		"too many":          {several("cart"), func(*agentv1.Snapshot) {}, "it tells of 2 targets, and the Test has 1: " + other},
		"of one target":     {test(), func(*agentv1.Snapshot) {}, "it tells of 2 targets, and the Test has 1: " + other},
		"none":              {several("cart", "search"), func(s *agentv1.Snapshot) { s.Targets = nil }, "it tells of 0 targets, and the Test has 2: " + other},
		"none of one":       {test(), func(s *agentv1.Snapshot) { s.Targets = nil }, ""},
		"unreadable":        {several("cart", "search"), func(s *agentv1.Snapshot) { s.Targets[1].Latencies.ServiceTime = []byte("!") }, "agent on node worker-1 failed: target 2 of 2: decode histogram"},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, c.test, 0)
			s := r.dealt(of(500), of(500))
			c.change(s)
			r.tell(0, s)
			r.final(0, succeeded, "", 12*time.Second)
			var want []string
			if c.want != "" {
				want = []string{c.want, "no request was sent"}
			}
			said(t, "reasons", r.result().Status.Validity.Reasons, want...)
		})
	}
	// Of a list of one target an agent tells nothing besides the whole.
	r := started(t, several("cart"), 0)
	s := r.dealt(of(1000))
	s.Targets = nil
	r.tell(0, s)
	r.final(0, succeeded, "", 12*time.Second)
	status := r.result().Status
	said(t, "reasons", status.Validity.Reasons)
	if len(status.Targets) != 1 || status.Targets[0].Requests.Sent != 1000 || status.Targets[0].Histograms != status.Histograms {
		t.Errorf("%+v", status.Targets)
	}
}
