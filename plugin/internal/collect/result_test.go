package collect

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

func TestAWholeRun(t *testing.T) {
	// The second agent's clock is an hour ahead.
	r := started(t, test(), 0, time.Hour)
	for i := range 2 {
		r.firstSend(i, time.Duration(i)*10*time.Millisecond+time.Duration(i)*3*time.Millisecond)
		r.seconds(i, 0, 12, 50, time.Duration(i+1)*time.Millisecond)
		r.final(i, succeeded, "", 12*time.Second)
	}
	res := r.result()
	s := res.Status
	if s.Phase != document.Succeeded || !s.Validity.Valid || s.Validity.Reasons != nil {
		t.Errorf("%s, %+v", s.Phase, s.Validity)
	}
	if s.Requests.Sent != 1000 || s.Requests.Planned != 1000 || s.Requests.Codes["200"] != 1000 || s.Requests.BytesReceived != 10000 {
		t.Errorf("requests %+v", s.Requests)
	}
	if s.Warmup == nil || s.Warmup.Sent != 200 || s.Agents[0].Warmup.Sent != 100 {
		t.Errorf("warm-up %+v", s.Warmup)
	}
	if !s.StartTime.Equal(t0.Add(2*time.Second)) || !s.EndTime.Equal(t0.Add(12*time.Second)) {
		t.Errorf("from %s to %s", s.StartTime, s.EndTime)
	}
	if *s.Rate.Target != 100 || !near(s.Rate.Achieved, 100) || *s.Agents[1].Rate.Target != 50 || !near(s.Agents[1].Rate.Achieved, 50) {
		t.Errorf("rate %+v, %+v", s.Rate, s.Agents[1].Rate)
	}
	a := s.Agents[1]
	if a.Node != "worker-2" || a.Phase != document.AgentSucceeded || a.CPUSeconds != 5 || a.MaxRSSBytes != 1<<20 || a.Targets[0].Client != "fast" || a.ClockErrorMs != 1 {
		t.Errorf("agent %+v", a)
	}
	// Half of all calls took 1 ms, half 2 ms: percentiles of all of them.
	if l := s.Latency.ResponseTime; l.Count != 1000 || math.Abs(*l.P90-2) > 0.002 || math.Abs(*l.P50-1) > 0.002 || math.Abs(l.Mean-1.5) > 0.002 {
		t.Errorf("latency %+v", l)
	}
	merged := histogram.New()
	for _, a := range s.Agents {
		h, err := histogram.Decode([]byte(a.Histograms.ResponseTime))
		if err != nil {
			t.Fatal(err)
		}
		merged.Merge(h)
	}
	if all, err := histogram.Decode([]byte(s.Histograms.ResponseTime)); err != nil || !all.Equal(merged) {
		t.Errorf("the merged histogram is not that of the agents: %v", err)
	}
	// Agents interleave: 10 ms of the second one's 13 are its place in the schedule.
	if s.Agents[0].StartSkewMs != 0 || !near(s.Agents[1].StartSkewMs, 3) {
		t.Errorf("start skew %v and %v", s.Agents[0].StartSkewMs, s.Agents[1].StartSkewMs)
	}
}

func TestStartSkewIsNeverNegative(t *testing.T) {
	r := started(t, test(), -time.Minute, time.Minute, 0)
	// The third agent is the earliest against its place in the schedule (20 ms).
	for i, after := range []time.Duration{5, 11, 21} {
		r.firstSend(i, after*time.Millisecond)
	}
	for i, want := range []float64{4, 0, 0} {
		if got := r.result().Status.Agents[i].StartSkewMs; !near(got, want) && math.Abs(got-want) > 1e-9 {
			t.Errorf("agent %d: start skew %v ms, want %v", i, got, want)
		}
	}
}

func TestPercentilesNeedCalls(t *testing.T) {
	for _, c := range []struct {
		n         int64
		p99, p999 bool
	}{{367, false, false}, {368, true, false}, {3687, true, false}, {3688, true, true}} {
		r := started(t, test(), 0)
		r.snapshot(0, 2000, 3000, false, c.n, 0, time.Millisecond)
		l := r.result().Status.Latency.ResponseTime
		if (l.P99 != nil) != c.p99 || (l.P999 != nil) != c.p999 || l.P50 == nil {
			t.Errorf("%d calls: %+v", c.n, l)
		}
	}
	if l := started(t, test(), 0).result().Status.Latency; l.ResponseTime != nil || l.ServiceTime != nil || l.Lateness != nil {
		t.Errorf("no calls: %+v", l)
	}
}

func TestClosedLoop(t *testing.T) {
	closed := test()
	closed.Spec.Load.Rate = document.Max
	r := started(t, closed, 0, 0)
	for i := range 2 {
		r.firstSend(i, time.Duration(2-i)*time.Millisecond)
		b := encode(t, 500, time.Millisecond)
		r.Chunk(i, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{FromNanos: 2e9, ToNanos: 3e9,
			Counts: &agentv1.Counts{Planned: 500, Sent: 500, Succeeded: 500}, Latencies: &agentv1.Latencies{ServiceTime: b}}}})
		r.final(i, succeeded, "", 12*time.Second)
	}
	s := r.result().Status
	if s.Rate.Target != nil || s.Agents[0].Rate.Target != nil || s.Latency.ResponseTime != nil || s.Latency.ServiceTime.Count != 1000 {
		t.Errorf("%+v, %+v", s.Rate, s.Latency)
	}
	if !s.Validity.Valid || s.Timeline[0].P50 == nil || s.Agents[0].StartSkewMs != 1 {
		t.Errorf("%+v, %+v, %v", s.Validity, s.Timeline, s.Agents[0].StartSkewMs)
	}
}

func TestPhasesAndTheirReasons(t *testing.T) {
	type end func(r *run, agent int)
	whole := func(r *run, i int) {
		r.seconds(i, 0, 12, 50, time.Millisecond)
		r.final(i, succeeded, "", 12*time.Second)
	}
	lost := func(r *run, i int) {
		r.seconds(i, 0, 7, 50, time.Millisecond)
		r.Lost(i, errors.New("the cable is cut"))
	}
	failed := func(r *run, i int) {
		r.seconds(i, 0, 7, 50, time.Millisecond)
		r.final(i, agentv1.RunPhase_RUN_PHASE_FAILED, "disk full", 7*time.Second)
	}
	stopped := func(r *run, i int) {
		r.seconds(i, 0, 7, 50, time.Millisecond)
		r.final(i, agentv1.RunPhase_RUN_PHASE_CANCELLED, "interrupted", 7*time.Second)
	}
	inWarmup := func(r *run, i int) {
		r.seconds(i, 0, 1, 50, time.Millisecond)
		r.final(i, agentv1.RunPhase_RUN_PHASE_CANCELLED, "interrupted", time.Second)
	}
	never := func(r *run, i int) { r.Lost(i, errors.New("the cable is cut")) }
	unreadable := func(r *run, i int) {
		r.Chunk(i, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{
			Counts: &agentv1.Counts{Planned: 1, Sent: 1}, Latencies: &agentv1.Latencies{ResponseTime: []byte("!")}}}})
		r.final(i, succeeded, "", 12*time.Second)
	}
	nothing := func(r *run, i int) { r.final(i, succeeded, "", 12*time.Second) }
	for name, c := range map[string]struct {
		ends    []end
		phase   document.Phase
		agent   document.AgentPhase // of the last one
		reasons []string
		sent    int64
		rate    float64
	}{
		"all":              {[]end{whole, whole}, document.Succeeded, document.AgentSucceeded, nil, 1000, 100},
		"one lost":         {[]end{whole, lost}, document.Partial, document.AgentLost, []string{"agent on node worker-2 was lost: the cable is cut"}, 750, 75},
		"one failed":       {[]end{whole, failed}, document.Partial, document.AgentFailed, []string{"agent on node worker-2 failed: disk full"}, 750, 75},
		"stopped":          {[]end{stopped, stopped}, document.Cancelled, document.AgentCancelled, []string{"stopped before its end"}, 500, 100},
		"stopped, lost":    {[]end{stopped, lost}, document.Partial, document.AgentLost, []string{"agent on node worker-2 was lost: the cable is cut"}, 500, 100},
		"in warm-up":       {[]end{inWarmup, inWarmup}, document.Cancelled, document.AgentCancelled, []string{"stopped before its end"}, 0, 0},
		"none ever":        {[]end{never, never}, document.Failed, document.AgentLost, []string{"agent on node worker-1 was lost", "agent on node worker-2 was lost", "no request was sent"}, 0, 0},
		"unreadable chunk": {[]end{whole, unreadable}, document.Partial, document.AgentFailed, []string{"agent on node worker-2 failed: decode histogram"}, 500, 50},
		"no calls":         {[]end{nothing, nothing}, document.Succeeded, document.AgentSucceeded, []string{"no request was sent"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, test(), 0, 0)
			for i, end := range c.ends {
				end(r, i)
			}
			s := r.result().Status
			if s.Phase != c.phase || s.Agents[1].Phase != c.agent || s.Requests.Sent != c.sent || !near(s.Rate.Achieved, c.rate) {
				t.Errorf("%s, %s, %d sent, %v rps", s.Phase, s.Agents[1].Phase, s.Requests.Sent, s.Rate.Achieved)
			}
			reasons(t, s.Validity, c.reasons...)
		})
	}
}

// reasons checks that these are the reasons, in order.
func reasons(t *testing.T, v document.Validity, want ...string) {
	t.Helper()
	if v.Valid != (len(want) == 0) || len(v.Reasons) != len(want) {
		t.Fatalf("validity %+v, want %q", v, want)
	}
	for i, w := range want {
		if !strings.Contains(v.Reasons[i], w) {
			t.Errorf("reason %q, want %q", v.Reasons[i], w)
		}
	}
}
