package collect

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// t0 is on the caller's clock.
var t0 = time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)

// test is 100 calls per second with 2 s of warm-up and 10 s measured.
func test() document.Test {
	t := document.Test{Spec: document.Spec{Target: document.Target{URL: "http://checkout.shop:8080/"},
		Load: document.Load{Rate: 100, Warmup: document.Duration(2 * time.Second), Duration: document.Duration(10 * time.Second)}}}
	t.Default()
	return t
}

// run is a Collector and what makes its chunks.
type run struct {
	*Collector
	t      *testing.T
	agents []Agent
}

// started makes a run that has begun on agents with these clock offsets.
func started(t *testing.T, test document.Test, offsets ...time.Duration) *run {
	t.Helper()
	r := &run{t: t}
	for i, o := range offsets {
		r.agents = append(r.agents, Agent{Node: "worker-" + string(rune('1'+i)), Pod: "agent-" + string(rune('1'+i)), Version: "v1",
			Offset: o, ClockError: time.Millisecond, Prepared: &agentv1.PrepareRunResponse{Targets: []*agentv1.TargetStatus{{Client: "fast"}}}})
	}
	r.Collector = New(test, r.agents)
	for i, o := range offsets {
		r.Started(i, t0.Add(o))
	}
	return r
}

func encode(t *testing.T, n int64, latency time.Duration) []byte {
	t.Helper()
	h := histogram.New()
	for range n {
		h.Record(latency)
	}
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// snapshot is one of n calls of which failed failed, between two times in
// milliseconds after T0.
func (r *run) snapshot(agent int, from, to int64, warmup bool, n, failed int64, latency time.Duration) {
	r.t.Helper()
	codes := map[string]int64{"200": n - failed}
	if failed > 0 {
		codes["503"] = failed
	}
	b := encode(r.t, n, latency)
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{
		FromNanos: from * 1e6, ToNanos: to * 1e6, Warmup: warmup,
		Counts:     &agentv1.Counts{Planned: n, Sent: n, Succeeded: n - failed, Failed: failed, Codes: codes, BytesReceived: 10 * n},
		Latencies:  &agentv1.Latencies{ResponseTime: b, ServiceTime: b, Lateness: encode(r.t, n, 10*time.Microsecond)},
		CpuSeconds: 0.5, RssBytes: 1 << 20,
	}}})
}

// seconds are snapshots from second first to before last, n calls each.
func (r *run) seconds(agent int, first, last, n int64, latency time.Duration) {
	r.t.Helper()
	for s := first; s < last; s++ {
		r.snapshot(agent, 1000*s, 1000*(s+1), s < 2, n, 0, latency)
	}
}

func (r *run) firstSend(agent int, after time.Duration) {
	at := t0.Add(r.agents[agent].Offset)
	// Agents take turns: slot i is the first of the i-th.
	slot := at
	if rate := r.test.Spec.Load.Rate; rate != document.Max {
		slot = at.Add(time.Duration(float64(agent) * 1e9 / float64(rate)))
	}
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Started{Started: &agentv1.Started{
		T0: timestamppb.New(at), FirstSend: timestamppb.New(at.Add(after)), FirstSlot: timestamppb.New(slot)}}})
}

// final ends an agent that measured until then.
func (r *run) final(agent int, phase agentv1.RunPhase, reason string, until time.Duration) {
	r.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Final{Final: &agentv1.Final{Phase: phase, Reason: reason,
		T0: timestamppb.New(t0.Add(r.agents[agent].Offset)), MeasuredFromNanos: min(int64(2*time.Second), int64(until)), MeasuredToNanos: int64(until)}}})
}

const succeeded = agentv1.RunPhase_RUN_PHASE_SUCCEEDED

func (r *run) result() *document.Result {
	r.t.Helper()
	out, err := r.Result("0193a1c4-7c1e-7000-8000-000000000001", document.Environment{Plugin: "v1"})
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := document.Marshal(out); err != nil {
		r.t.Fatal(err)
	}
	return out
}
