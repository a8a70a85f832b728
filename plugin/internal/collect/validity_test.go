package collect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// measured is what an agent tells of the whole measured time, 2 s to 12 s, in
// one snapshot; then it ends.
func (r *run) measured(agent int, counts *agentv1.Counts, response, lateness time.Duration) {
	r.t.Helper()
	timed := counts.GetSent() - counts.GetFailed() + counts.GetCodes()["timeout"] + counts.GetCodes()["cancelled"]
	s := &agentv1.Snapshot{FromNanos: 2e9, ToNanos: 12e9, Counts: counts, Latencies: &agentv1.Latencies{
		ServiceTime: encode(r.t, timed, response), Lateness: encode(r.t, counts.GetSent(), lateness)}}
	if !r.closedLoop() {
		s.Latencies.ResponseTime = encode(r.t, timed+counts.GetUnsent(), response)
	}
	// Of several targets the last one had it all.
	for i := range r.test.Spec.Targets {
		none := &agentv1.TargetSnapshot{Latencies: (&latencies{histogram.New(), histogram.New(), histogram.New(), histogram.New(), histogram.New()}).encode(r.t)}
		if i == len(r.test.Spec.Targets)-1 {
			none.Counts, none.Latencies = s.Counts, s.Latencies
		}
		s.Targets = append(s.Targets, none)
	}
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: s}})
	r.final(agent, succeeded, "", 12*time.Second)
}

// of is n calls that were all sent and went well.
func of(n int64) *agentv1.Counts {
	return &agentv1.Counts{Planned: n, Sent: n, Succeeded: n, Codes: map[string]int64{"200": n}}
}

func share(v float64) *float64 { return &v }

// said checks that these are the sentences, in order.
func said(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %s, want %d: %q", len(got), what, len(want), got)
	}
	for i, w := range want {
		if !strings.Contains(got[i], w) {
			t.Errorf("%s %q, want %q", what, got[i], w)
		}
	}
}

func TestRateErrorsAndLateness(t *testing.T) {
	failed := func(n int64, code string) *agentv1.Counts {
		return &agentv1.Counts{Planned: 1000, Sent: 1000, Succeeded: 1000 - n, Failed: n, Codes: map[string]int64{"200": 1000 - n, code: n}}
	}
	unsent := func(n int64) *agentv1.Counts {
		return &agentv1.Counts{Planned: 1000, Sent: 1000 - n, Succeeded: 1000 - n, Unsent: n}
	}
	ms := time.Millisecond
	for name, c := range map[string]struct {
		counts             *agentv1.Counts
		response, lateness time.Duration
		criteria           document.Criteria
		reason, warning    string
	}{
		"good":            {of(1000), ms, 0, document.Criteria{}, "", ""},
		"nearly all sent": {unsent(10), ms, 0, document.Criteria{}, "", "10 planned requests were never sent"},
		"too few sent": {unsent(11), ms, 0, document.Criteria{},
			"only 98.9 % of the planned requests could be sent: the target, or the 16 connections per agent, cannot take this rate; use more connections or a lower rate", "11 planned"},
		"few enough for who says so": {unsent(400), ms, 0, document.Criteria{MinRate: share(0.5)}, "", "400 planned"},
		"a tenth failed":             {failed(100, "503"), ms, 0, document.Criteria{}, "", "100 failed requests are not in the latencies"},
		"more failed":                {failed(101, "503"), ms, 0, document.Criteria{}, "10.1 % of the requests failed, and at most 10 % may: the latencies are those of the rest", "101 failed"},
		"more than wanted failed":    {failed(1, "503"), ms, 0, document.Criteria{MaxErrors: share(0)}, "0.1 % of the requests failed, and at most 0 % may", "1 failed"},
		"timed out":                  {failed(7, "timeout"), ms, 0, document.Criteria{}, "", "7 requests were given up, and are in the latencies with the time they had taken"},
		"at the floor":               {of(1000), ms, 2 * ms, document.Criteria{}, "", ""},
		"late":                       {of(1000), ms, 2100 * time.Microsecond, document.Criteria{}, "the generator was late: lateness p99 2.10 ms is more than 2.00 ms; use more agents, a lower rate, or nodes", ""},
		"late, target slow":          {of(1000), 40 * ms, 19 * ms, document.Criteria{}, "", ""},
		"later than slow":            {of(1000), 40 * ms, 21 * ms, document.Criteria{}, "lateness p99 21.0 ms is more than 20.0 ms", ""},
		"late is well enough":        {of(1000), 40 * ms, 21 * ms, document.Criteria{MaxLateness: share(1)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test := test()
			test.Spec.Validity = c.criteria
			r := started(t, test, 0)
			r.measured(0, c.counts, c.response, c.lateness)
			v := r.result().Status.Validity
			for _, one := range []struct {
				what, want string
				got        []string
			}{{"reasons", c.reason, v.Reasons}, {"warnings", c.warning, v.Warnings}} {
				if one.want == "" {
					said(t, one.what, one.got)
				} else {
					said(t, one.what, one.got, one.want)
				}
			}
			if v.Valid != (c.reason == "") {
				t.Errorf("valid %v", v.Valid)
			}
		})
	}
}

func TestTooFewSentNamesTheConnections(t *testing.T) {
	for want, load := range map[string]document.Load{
		"or the one connection per agent, cannot":              {Connections: 1},
		"or the one connection of 8 streams per agent, cannot": {Connections: 1, Streams: 8},
		"or the 2 connections of 8 streams per agent, cannot":  {Connections: 2, Streams: 8},
	} {
		test := test()
		test.Spec.Load.Connections, test.Spec.Load.Streams = load.Connections, load.Streams
		r := started(t, test, 0)
		r.measured(0, &agentv1.Counts{Planned: 1000, Sent: 500, Succeeded: 500, Unsent: 500}, time.Millisecond, 0)
		said(t, "reasons", r.result().Status.Validity.Reasons, want)
	}
}

// With too few calls for p99 a median above the bound is enough to know.
func TestLatenessOfFewCalls(t *testing.T) {
	few := test()
	few.Spec.Load.Rate = 10
	r := started(t, few, 0)
	r.measured(0, of(100), time.Millisecond, 3*time.Millisecond)
	said(t, "reasons", r.result().Status.Validity.Reasons, "lateness p50 3.00 ms is more than 2.00 ms")
}

// Where nothing was answered there is no median to hold the lateness against.
func TestLatenessWhereNothingWasAnswered(t *testing.T) {
	failed := &agentv1.Counts{Planned: 1000, Sent: 1000, Failed: 1000, Codes: map[string]int64{"503": 1000}}
	all := test()
	all.Spec.Validity.MaxErrors = share(1)
	for late, want := range map[time.Duration][]string{
		1900 * time.Microsecond: nil,
		2100 * time.Microsecond: {"the generator was late: lateness p99 2.10 ms is more than 2.00 ms"},
	} {
		r := started(t, all, 0)
		r.measured(0, failed, time.Millisecond, late)
		said(t, "reasons", r.result().Status.Validity.Reasons, want...)
	}
}

func TestTheLatestGeneratorIsNamed(t *testing.T) {
	r := started(t, test(), 0, 0, 0)
	for i, late := range []time.Duration{0, 9 * time.Millisecond, 8 * time.Millisecond} {
		r.measured(i, of(400), time.Millisecond, late)
	}
	said(t, "reasons", r.result().Status.Validity.Reasons, "is more than 2.00 ms, most on node worker-2; use")
}

func TestAgentsThatPlanTooLittle(t *testing.T) {
	stages := func(s *document.Spec) {
		s.Load.Stages = []document.Stage{{Duration: document.Duration(10 * time.Second), Rate: 100}, {Duration: 0, Rate: 300}}
	}
	for name, c := range map[string]struct {
		change  func(*document.Spec)
		planned int64
		said    bool
	}{
		"exact":                  {func(*document.Spec) {}, 1000, false},
		"one slot less":          {func(*document.Spec) {}, 989, false},
		"an agent's share":       {func(*document.Spec) {}, 500, true},
		"chance":                 {func(s *document.Spec) { s.Load.Arrivals = document.Poisson }, 870, false},
		"no chance":              {func(s *document.Spec) { s.Load.Arrivals = document.Poisson }, 850, true},
		"stages":                 {stages, 500, true},
		"chance ends each agent": {func(s *document.Spec) { s.Load.Arrivals, s.Load.Requests = document.Poisson, 500 }, 500, false},
		"closed loop":            {func(s *document.Spec) { s.Load.Rate = document.Max }, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			test := test()
			c.change(&test.Spec)
			r := started(t, test, 0)
			r.measured(0, of(c.planned), time.Millisecond, 0)
			v := r.result().Status.Validity
			if c.said {
				said(t, "reasons", v.Reasons, "requests per second, and the Test asks for 100: deploy agents of the plugin's version")
			} else {
				said(t, "reasons", v.Reasons)
			}
		})
	}
}

// used is a second in which the agent used so many core-seconds.
func (r *run) used(agent int, second int64, cpu float64) {
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{
		FromNanos: second * 1e9, ToNanos: (second + 1) * 1e9, Warmup: second < 2, CpuSeconds: cpu, RssBytes: 1 << 20,
		Counts: of(50), Latencies: &agentv1.Latencies{ServiceTime: encode(r.t, 50, time.Millisecond)}}}})
}

func TestGeneratorCPU(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*document.Spec)
		cores  int
		cpu    float64
		reason string
	}{
		"headroom":        {func(*document.Spec) {}, 4, 3.3, ""},
		"none":            {func(*document.Spec) {}, 4, 3.6, "the generator on node worker-2 used 90.0 % of its 4 cores, and 85 % is the most"},
		"cores not known": {func(*document.Spec) {}, 0, 3.6, ""},
		"allowed":         {func(s *document.Spec) { s.Validity.MaxGeneratorCPU = share(0.95) }, 4, 3.6, ""},
		"not allowed":     {func(s *document.Spec) { s.Validity.MaxGeneratorCPU = share(0.5) }, 4, 3.6, "90.0 % of its 4 cores, and 50 % is the most"},
		"closed loop":     {func(s *document.Spec) { s.Load.Rate = document.Max }, 4, 3.9, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test := test()
			c.change(&test.Spec)
			r := started(t, test, 0, 0)
			r.agents[1].Cores = c.cores
			r.Collector = New(test, r.agents)
			for i := range 2 {
				r.Started(i, t0)
				for s := range int64(12) {
					cpu := c.cpu
					if s < 2 {
						cpu = 4 // of the warm-up, which does not count
					}
					r.used(i, s, cpu)
				}
				r.final(i, succeeded, "", 12*time.Second)
			}
			s := r.result().Status
			if c.reason == "" {
				said(t, "reasons", s.Validity.Reasons)
			} else {
				said(t, "reasons", s.Validity.Reasons, c.reason)
			}
			if u := s.Agents[1].CPUUtilization; (u == nil) != (c.cores == 0) || u != nil && !near(*u, c.cpu/4) || s.Agents[1].Cores != c.cores {
				t.Errorf("%+v", s.Agents[1])
			}
		})
	}
}

// Of a run that ended with its first calls the share of the CPU is chance: it had
// more than all there is for a moment.
func TestGeneratorCPUOfAMoment(t *testing.T) {
	for _, c := range []struct {
		ms    int64
		known bool
	}{{400, false}, {500, true}} {
		test := test()
		test.Spec.Load.Warmup = 0
		r := started(t, test, 0)
		r.agents[0].Cores = 1
		r.Collector = New(test, r.agents)
		r.Started(0, t0)
		r.snapshot(0, 0, c.ms, false, 1, 0, time.Millisecond) // 0.5 s of CPU
		if u := r.result().Status.Agents[0].CPUUtilization; (u != nil) != c.known {
			t.Errorf("after %d ms: %v", c.ms, u)
		}
	}
}

func TestNodeCPU(t *testing.T) {
	for _, closed := range []bool{false, true} {
		test := test()
		if closed {
			test.Spec.Load.Rate = document.Max
		}
		r := started(t, test, 0, 0)
		for i := range 2 {
			series := cpuSeries()
			for s := range int64(11) {
				busy := float64(s) * (0.94 + 0.02*float64(i))
				r.reading(i, exporter, 2000+1000*s, series, map[uint32]float64{1: 100 + float64(s) - busy, 2: 100 + busy, 3: 0, 5: 1})
				series = nil // told once
			}
			r.measured(i, of(500), time.Millisecond, 0)
		}
		const text = "node worker-2 had 96.0 % of its CPU in use, more than 95 %: the generator on it had to wait"
		v := r.result().Status.Validity
		if closed {
			said(t, "reasons", v.Reasons)
			said(t, "warnings", v.Warnings, text, "closed loop: the generator takes all the CPU it can")
		} else {
			said(t, "reasons", v.Reasons, text)
			said(t, "warnings", v.Warnings)
		}
	}
}

func TestStartSkewAndClocks(t *testing.T) {
	for name, c := range map[string]struct {
		skew, clock     time.Duration
		most            time.Duration
		reason, warning string
	}{
		"together":               {10 * time.Millisecond, time.Millisecond, 0, "", ""},
		"apart":                  {60 * time.Millisecond, time.Millisecond, 0, "the agents on nodes worker-1 and worker-2 started 60.0 ms apart (clocks known to ± 2.00 ms), and 50.0 ms is the most: see whether node worker-2", ""},
		"perhaps apart":          {60 * time.Millisecond, 10 * time.Millisecond, 0, "", "started 60.0 ms apart, with clocks known to ± 20.0 ms only: that may be more than 50.0 ms"},
		"nobody knows":           {0, 40 * time.Millisecond, 0, "", "started 0.00 ms apart, with clocks known to ± 80.0 ms only"},
		"apart for who says so":  {10 * time.Millisecond, time.Millisecond, 5 * time.Millisecond, "started 10.0 ms apart", ""},
		"enough for who says so": {60 * time.Millisecond, 10 * time.Millisecond, time.Second, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test := test()
			if c.most > 0 {
				d := document.Duration(c.most)
				test.Spec.Validity.MaxStartSkew = &d
			}
			r := started(t, test, 0, time.Hour)
			for i := range r.agents {
				r.agents[i].ClockError = c.clock
			}
			r.Collector = New(test, r.agents)
			for i := range r.agents {
				r.firstSend(i, time.Duration(i)*(c.skew+10*time.Millisecond)) // 10 ms is its turn
				r.measured(i, of(500), time.Millisecond, 0)
			}
			v := r.result().Status.Validity
			var reasons, warnings []string
			if c.reason != "" {
				reasons = append(reasons, c.reason)
			}
			if c.warning != "" {
				warnings = append(warnings, c.warning)
			}
			said(t, "reasons", v.Reasons, reasons...)
			said(t, "warnings", v.Warnings, warnings...)
		})
	}
}

// What a stop cut off are no errors of the target.
func TestAStoppedRunHasNoErrorsOfItsOwn(t *testing.T) {
	r := started(t, test(), 0)
	r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{FromNanos: 2e9, ToNanos: 3e9,
		Counts:    &agentv1.Counts{Planned: 104, Sent: 100, Succeeded: 84, Failed: 16, Unsent: 4, Codes: map[string]int64{"200": 84, "cancelled": 16}},
		Latencies: &agentv1.Latencies{ServiceTime: encode(t, 100, time.Millisecond)}}}})
	r.final(0, agentv1.RunPhase_RUN_PHASE_CANCELLED, "interrupted", 3*time.Second)
	said(t, "reasons", r.result().Status.Validity.Reasons, "stopped before its end")

	r = started(t, test(), 0)
	r.seconds(0, 0, 7, 100, time.Millisecond)
	r.final(0, agentv1.RunPhase_RUN_PHASE_CANCELLED, AbortPrefix+"errorRate > 1%: it is 5 %", 7*time.Second)
	said(t, "reasons", r.result().Status.Validity.Reasons, "ended early by its Test: errorRate > 1%: it is 5 %")
}

func TestEveryReasonIsSaid(t *testing.T) {
	r := started(t, test(), 0, 0)
	r.measured(0, &agentv1.Counts{Planned: 1000, Sent: 500, Succeeded: 400, Failed: 100, Unsent: 500, Codes: map[string]int64{"503": 100}}, time.Millisecond, 30*time.Millisecond)
	r.Lost(1, errors.New("the cable is cut"))
	v := r.result().Status.Validity
	said(t, "reasons", v.Reasons, "worker-2 was lost", "only 50.0 %", "20.0 % of the requests failed", "the generator was late: lateness p99 30.0 ms is more than 2.00")
}

func TestSharesThatAreBeyondABoundLookSo(t *testing.T) {
	for _, c := range []struct {
		share, bound float64
		want         string
	}{{0.985, 0.99, "98.5 %"}, {0.98996, 0.99, "98.996 %"}, {0.9899, 0.99, "98.99 %"}, {1, 0.1, "100.0 %"}, {0.1004, 0.1, "10.04 %"}, {0.10000000004, 0.1, "10.000000004 %"}} {
		if got := percent(c.share, c.bound); got != c.want {
			t.Errorf("%g beyond %g: %q, want %q", c.share, c.bound, got, c.want)
		}
	}
}
