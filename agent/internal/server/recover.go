package server

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/meshery/kubectl-meshery/agent/internal/spool"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// recoverRun makes an ended run of a log found at start. A run without its end
// was cut off by the end of the agent: it gets one that says so.
func recoverRun(id string, log *spool.Log) (*run, error) {
	r := &run{id: id, log: log, prepared: &agentv1.PrepareRunResponse{}, ended: make(chan struct{})}
	final := &agentv1.Final{Phase: agentv1.RunPhase_RUN_PHASE_FAILED, Reason: "the agent was restarted during the run",
		Counts: &agentv1.Counts{}, WarmupCounts: &agentv1.Counts{}}
	for seq := uint64(1); seq <= log.Last(); seq++ {
		b, err := log.Read(seq)
		if err != nil {
			return nil, err
		}
		c := &agentv1.Chunk{}
		if err := proto.Unmarshal(b, c); err != nil {
			return nil, fmt.Errorf("spool of run %s, chunk %d: %w", id, seq, err)
		}
		switch b := c.GetBody().(type) {
		case *agentv1.Chunk_Plan:
			r.plan = b.Plan
			final.MeasuredFromNanos = int64(b.Plan.GetLoad().GetWarmup().AsDuration())
			final.MeasuredToNanos = final.MeasuredFromNanos
		case *agentv1.Chunk_Started:
			r.t0 = b.Started.GetT0().AsTime()
			final.T0 = b.Started.GetT0()
		case *agentv1.Chunk_Snapshot:
			if b.Snapshot.GetWarmup() {
				addCounts(final.WarmupCounts, b.Snapshot.GetCounts())
			} else {
				addCounts(final.Counts, b.Snapshot.GetCounts())
				final.MeasuredToNanos = max(final.MeasuredToNanos, b.Snapshot.GetToNanos())
			}
		case *agentv1.Chunk_Final:
			r.phase, r.reason = b.Final.GetPhase(), b.Final.GetReason()
			close(r.ended)
			return r, nil
		}
	}
	if r.plan == nil {
		return nil, nil
	}
	r.finish(final)
	return r, nil
}

func addCounts(to, from *agentv1.Counts) {
	to.Planned += from.GetPlanned()
	to.Sent += from.GetSent()
	to.Succeeded += from.GetSucceeded()
	to.Failed += from.GetFailed()
	to.Unsent += from.GetUnsent()
	to.BytesReceived += from.GetBytesReceived()
	for k, v := range from.GetCodes() {
		if to.Codes == nil {
			to.Codes = map[string]int64{}
		}
		to.Codes[k] += v
	}
}
