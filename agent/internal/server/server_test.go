package server

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

const otherID = "0193a1c4-7c1e-7000-8000-000000000002"

func TestARunFromPreparedToAcknowledged(t *testing.T) {
	url, count := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	p := planFor(url, 100, time.Second, 2*time.Second)
	p.Targets[0].Headers = []*agentv1.Header{{Name: "Authorization", Value: "Bearer secret"}}
	first := a.prepare(t, runID, p)
	if len(first.GetTargets()) != 1 || len(first.GetTargets()[0].GetAddresses()) != 1 || first.GetTargets()[0].GetClient() != "fast" {
		t.Errorf("prepared %v", first)
	}
	if again := a.prepare(t, runID, p); !proto.Equal(first, again) {
		t.Errorf("prepared again %v, first %v", again, first)
	}
	t0 := a.start(t, runID)
	if again := a.start(t, runID); !again.Equal(t0) {
		t.Errorf("started again at %v, first at %v", again, t0)
	}
	// Several watchers at once: one from the beginning, two from the middle, one
	// that leaves.
	var watchers sync.WaitGroup
	records := map[uint64]*record{}
	var mu sync.Mutex
	for _, from := range []uint64{0, 2, 4} {
		watchers.Go(func() {
			r := a.watch(t.Context(), runID, from)
			mu.Lock()
			defer mu.Unlock()
			records[from] = r
		})
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if r := a.watch(short, runID, 1); r.err == nil || r.final != nil {
		t.Errorf("a watch of one second got %d chunks and %v", len(r.chunks), r.err)
	}
	info, err := a.GetInfo(t.Context(), &agentv1.GetInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if s := info.GetActiveRun(); s.GetRunId() != runID || s.GetPhase() != agentv1.RunPhase_RUN_PHASE_RUNNING ||
		s.GetEnds().AsTime().Sub(t0) != 3*time.Second || s.GetOwner() != p.GetOwner() {
		t.Errorf("active run %v", info.GetActiveRun())
	}
	_, err = a.AcknowledgeRun(t.Context(), &agentv1.AcknowledgeRunRequest{RunId: runID})
	refused(t, err, codes.FailedPrecondition, runID, "checkout", "somebody@somewhere")
	_, err = a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: otherID, Plan: p})
	refused(t, err, codes.FailedPrecondition, runID, "checkout", "somebody@somewhere", t0.Add(3*time.Second).UTC().Format(time.RFC3339))
	watchers.Wait()

	for from, r := range records {
		r.check(t, max(1, from), agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	}
	whole := records[0]
	// Whoever attaches later learns from the record what was answered here.
	if got := whole.chunks[0].GetPlan().GetPrepared(); !proto.Equal(got, first) {
		t.Errorf("the record begins with the answer %v, given was %v", got, first)
	}
	if c := whole.final.GetCounts(); c.GetPlanned() != 200 || c.GetSent() != 200 || c.GetCodes()["200"] != 200 {
		t.Errorf("measured %v, want 200", c)
	}
	if n := whole.final.GetCounts().GetSent() + whole.final.GetWarmupCounts().GetSent(); n != count.Load() {
		t.Errorf("%d sent, the target counted %d", n, count.Load())
	}
	if whole.final.GetMeasuredFromNanos() != int64(time.Second) || whole.final.GetMeasuredToNanos() != int64(3*time.Second) {
		t.Errorf("measured from %d to %d", whole.final.GetMeasuredFromNanos(), whole.final.GetMeasuredToNanos())
	}
	// After the end: the same again, nothing beyond it, and the run may go.
	after := a.watch(t.Context(), runID, 1)
	after.check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	if len(after.chunks) != len(whole.chunks) {
		t.Errorf("%d chunks after the end, %d before", len(after.chunks), len(whole.chunks))
	}
	if r := a.watch(t.Context(), runID, uint64(len(whole.chunks))+1); r.err != nil || len(r.chunks) != 0 {
		t.Errorf("beyond the end: %d chunks, %v", len(r.chunks), r.err)
	}
	if h := whole.chunks[0].GetPlan().GetTargets()[0].GetHeaders(); len(h) != 1 || h[0].GetValue() != "" {
		t.Errorf("the spooled plan has headers %v", h)
	}
	for range 2 {
		if _, err := a.AcknowledgeRun(t.Context(), &agentv1.AcknowledgeRunRequest{RunId: runID}); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, a.watch(t.Context(), runID, 1).err, codes.NotFound, runID)
	if info, err = a.GetInfo(t.Context(), &agentv1.GetInfoRequest{}); err != nil || info.GetActiveRun() != nil || len(info.GetSpooledRuns()) != 0 || info.GetSpoolBytes() != 0 {
		t.Errorf("after it: %v, %v", info, err)
	}
}

// Whoever has seen the final chunk can go on at once: no slot is still held, no
// acknowledgement refused.
func TestAfterTheFinalChunkTheAgentIsFree(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	for range 10 {
		a.prepare(t, runID, planFor(url, 10, 0, time.Hour))
		a.start(t, runID)
		if _, err := a.StopRun(t.Context(), &agentv1.StopRunRequest{RunId: runID, Reason: "enough"}); err != nil {
			t.Fatal(err)
		}
		s, err := a.WatchRun(t.Context(), &agentv1.WatchRunRequest{RunId: runID})
		if err != nil {
			t.Fatal(err)
		}
		for final := false; !final; {
			m, err := s.Recv()
			if err != nil {
				t.Fatal(err)
			}
			c := &agentv1.Chunk{}
			if err := proto.Unmarshal(m.GetChunk(), c); err != nil {
				t.Fatal(err)
			}
			final = c.GetFinal() != nil
		}
		if _, err := a.AcknowledgeRun(t.Context(), &agentv1.AcknowledgeRunRequest{RunId: runID}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStopKeepsWhatWasMeasured(t *testing.T) {
	for name, c := range map[string]struct{ warmup, after time.Duration }{
		"before T0":   {0, 0},
		"in warm-up":  {time.Hour, 700 * time.Millisecond},
		"in the load": {200 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, count := target(t, 0)
			a := serve(t, t.TempDir(), 1<<20)
			a.prepare(t, runID, planFor(url, 50, c.warmup, time.Hour))
			a.start(t, runID)
			time.Sleep(c.after)
			for range 2 {
				if _, err := a.StopRun(t.Context(), &agentv1.StopRunRequest{RunId: runID, Reason: "interrupted by somebody"}); err != nil {
					t.Fatal(err)
				}
			}
			r := a.watch(t.Context(), runID, 1)
			r.check(t, 1, agentv1.RunPhase_RUN_PHASE_CANCELLED)
			f := r.final
			if n := f.GetCounts().GetSent() + f.GetWarmupCounts().GetSent(); n != count.Load() {
				t.Errorf("%d sent, the target counted %d", n, count.Load())
			}
			if f.GetReason() != "interrupted by somebody" || f.GetMeasuredToNanos() < f.GetMeasuredFromNanos() || f.GetMeasuredToNanos() > int64(time.Minute) {
				t.Errorf("final %v", f)
			}
			if measuring := c.after > c.warmup; (f.GetCounts().GetSent() > 0) != measuring {
				t.Errorf("measured %v", f.GetCounts())
			}
		})
	}
}

func TestClosedLoop(t *testing.T) {
	url, count := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	a.prepare(t, runID, planFor(url, 0, 0, time.Second))
	a.start(t, runID)
	r := a.watch(t.Context(), runID, 1)
	r.check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	if c := r.final.GetCounts(); c.GetSent()+r.final.GetWarmupCounts().GetSent() != count.Load() || c.GetPlanned() != c.GetSent() || c.GetSent() == 0 {
		t.Errorf("%v, the target counted %d", c, count.Load())
	}
}

// The agent's only slot comes after the end of the load: a run without a call
// but the one that chose the client.
func TestNoCalls(t *testing.T) {
	url, count := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	p := planFor(url, 0.001, 0, time.Second)
	p.AgentIndex, p.AgentCount = 1, 2
	a.prepare(t, runID, p)
	a.start(t, runID)
	r := a.watch(t.Context(), runID, 1)
	r.check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	if r.final.GetCounts().GetPlanned() != 0 || count.Load() != 1 {
		t.Errorf("%v, the target counted %d", r.final.GetCounts(), count.Load())
	}
}

func TestAPreparedRunThatIsNotStartedFreesTheSlot(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	p := planFor(url, 10, 0, time.Second)
	if _, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: runID, Plan: p, StartDeadline: durationpb.New(50 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	// A watch of it ends without a final chunk when it expires.
	if r := a.watch(t.Context(), runID, 1); r.final != nil {
		t.Errorf("a run never started ended with %v", r.final)
	}
	a.prepare(t, otherID, p)
	_, err := a.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.Now()})
	refused(t, err, codes.NotFound, runID)
	// Stop drops one that is only prepared.
	if r, err := a.StopRun(t.Context(), &agentv1.StopRunRequest{RunId: otherID}); err != nil || r.GetPhase() != agentv1.RunPhase_RUN_PHASE_CANCELLED {
		t.Errorf("stopped %v, %v", r, err)
	}
	a.prepare(t, runID, p)
}

func TestPreparingTheSameRunTwiceAtOnce(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			if _, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: runID, Plan: planFor(url, 10, 0, time.Second)}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
}

func TestWhatCannotBeRightIsRefused(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	for name, change := range map[string]func(*agentv1.PrepareRunRequest){
		"no run id":      func(r *agentv1.PrepareRunRequest) { r.RunId = "" },
		"path as run id": func(r *agentv1.PrepareRunRequest) { r.RunId = "../x" },
		"no plan":        func(r *agentv1.PrepareRunRequest) { r.Plan = nil },
		"no target":      func(r *agentv1.PrepareRunRequest) { r.Plan.Targets = nil },
		"scheme":         func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Url = "ftp://x/" },
		"no host":        func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Url = "http://" },
		"no method":      func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Method = "" },
		"no timeout":     func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Timeout = nil },
		"protocol":       func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Protocol = 99 },
		"no weight":      func(r *agentv1.PrepareRunRequest) { r.Plan.Targets[0].Weight = 0 },
		"JSONPath": func(r *agentv1.PrepareRunRequest) {
			r.Plan.Targets[0].Check = &agentv1.Check{Json: []*agentv1.JSONCheck{{Path: "{"}}}
		},
		"arrivals":        func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Arrivals = 99 },
		"streams":         func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Streams = 1e6 },
		"stage":           func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Stages = []*agentv1.Stage{{Rate: math.NaN()}} },
		"rate below 0":    func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Rate = -1 },
		"rate NaN":        func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Rate = math.NaN() },
		"rate infinite":   func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Rate = math.Inf(1) },
		"rate too small":  func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Rate = 1e-10 },
		"no connections":  func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Connections = 0 },
		"connections":     func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Connections = 1e6 },
		"no duration":     func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Duration = nil },
		"warm-up below 0": func(r *agentv1.PrepareRunRequest) { r.Plan.Load.Warmup = durationpb.New(-1) },
		"no agents":       func(r *agentv1.PrepareRunRequest) { r.Plan.AgentCount = 0 },
		"agent index":     func(r *agentv1.PrepareRunRequest) { r.Plan.AgentIndex = 1 },
		"node-exporter":   func(r *agentv1.PrepareRunRequest) { r.Plan.Scrape = &agentv1.Scrape{NodeExporterUrl: "nonsense"} },
		"start deadline":  func(r *agentv1.PrepareRunRequest) { r.StartDeadline = durationpb.New(-1) },
	} {
		req := &agentv1.PrepareRunRequest{RunId: runID, Plan: planFor(url, 10, 0, time.Second)}
		change(req)
		t.Run(name, func(t *testing.T) {
			_, err := a.PrepareRun(t.Context(), req)
			refused(t, err, codes.InvalidArgument)
		})
	}
	_, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: runID, Plan: planFor("http://127.0.0.1:1/", 10, 0, time.Second)})
	refused(t, err, codes.Unavailable, "connection refused")
	_, err = a.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID})
	refused(t, err, codes.InvalidArgument, "t0")
	for _, err := range []error{
		func() error {
			_, err := a.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.Now()})
			return err
		}(),
		func() error { _, err := a.StopRun(t.Context(), &agentv1.StopRunRequest{RunId: runID}); return err }(),
		a.watch(t.Context(), runID, 1).err,
	} {
		refused(t, err, codes.NotFound, runID)
	}
	// None of all that holds the slot.
	a.prepare(t, runID, planFor(url, 10, 0, time.Second))
}

func TestALargeBodyIsTaken(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 64<<20)
	p := planFor(url, 10, 0, time.Second)
	p.Targets[0].Body = make([]byte, 8<<20)
	a.prepare(t, runID, p)
}
