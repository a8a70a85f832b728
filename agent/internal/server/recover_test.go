package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// crash copies the spool as a kill at this moment would leave it.
func crash(t *testing.T, spool string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(spool)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestARunCutOffByTheEndOfTheAgentIsFailed(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	a.prepare(t, runID, planFor(url, 50, 500*time.Millisecond, time.Hour))
	t0 := a.start(t, runID)
	time.Sleep(2200 * time.Millisecond)
	dir := crash(t, a.spool)

	b := serve(t, dir, 1<<20)
	r := b.watch(t.Context(), runID, 1)
	r.check(t, 1, agentv1.RunPhase_RUN_PHASE_FAILED)
	if f := r.final; f.GetReason() != "the agent was restarted during the run" || f.GetCounts().GetSent() == 0 ||
		f.GetMeasuredFromNanos() != int64(500*time.Millisecond) || f.GetMeasuredToNanos() < int64(time.Second) || !f.GetT0().AsTime().Equal(t0) {
		t.Errorf("final %v", f)
	}
	// Nothing holds the slot, and a start that is repeated tells T0.
	if again, err := b.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.Now()}); err != nil || !again.GetT0().AsTime().Equal(t0) {
		t.Errorf("started again: %v, %v", again, err)
	}
	info, err := b.GetInfo(t.Context(), &agentv1.GetInfoRequest{})
	if err != nil || info.GetActiveRun() != nil || len(info.GetSpooledRuns()) != 1 {
		t.Errorf("%v, %v", info, err)
	}
	// Once more: now it has its end.
	b.stop()
	c := serve(t, dir, 1<<20)
	again := c.watch(t.Context(), runID, 1)
	again.check(t, 1, agentv1.RunPhase_RUN_PHASE_FAILED)
	if len(again.chunks) != len(r.chunks) {
		t.Errorf("%d chunks, %d before", len(again.chunks), len(r.chunks))
	}
}

func TestAPreparedRunDoesNotSurviveARestart(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	a.prepare(t, runID, planFor(url, 50, 0, time.Hour))
	b := serve(t, crash(t, a.spool), 1<<20)
	_, err := b.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.Now()})
	refused(t, err, codes.FailedPrecondition, "restarted")
	// One that is shut down in order leaves nothing.
	a.stop()
	if left, err := os.ReadDir(a.spool); err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}

func TestShuttingDownEndsTheRunAsFailed(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	a.prepare(t, runID, planFor(url, 50, 0, time.Hour))
	a.start(t, runID)
	time.Sleep(300 * time.Millisecond)
	go a.server.Stop()
	r := a.watch(t.Context(), runID, 1)
	r.check(t, 1, agentv1.RunPhase_RUN_PHASE_FAILED)
	if !strings.Contains(r.final.GetReason(), "shut down") || r.final.GetCounts().GetSent() == 0 {
		t.Errorf("final %v", r.final)
	}
	a.server.Stop()
	_, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: otherID, Plan: planFor(url, 50, 0, time.Hour)})
	refused(t, err, codes.Unavailable, "shutting down")
}

func TestEndedRunsAreWatchedAfterARestart(t *testing.T) {
	url, _ := target(t, 0)
	dir := t.TempDir()
	a := serve(t, dir, 1<<20)
	a.prepare(t, runID, planFor(url, 50, 0, time.Second))
	a.start(t, runID)
	a.watch(t.Context(), runID, 1).check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	a.stop()
	// Files that are none of it, and a torn one, do not keep the agent from starting.
	for name, content := range map[string]string{"note": "x", otherID + ".chunks": "torn"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := serve(t, dir, 1<<20)
	b.watch(t.Context(), runID, 1).check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
	refused(t, b.watch(t.Context(), otherID, 1).err, codes.NotFound)
}

// A run whose record outgrows the spool ends with the reason, instead of the pod
// being evicted for it.
func TestARecordLargerThanTheSpool(t *testing.T) {
	url, _ := target(t, 0)
	a := serve(t, t.TempDir(), 2048)
	a.prepare(t, runID, planFor(url, 50, 0, time.Hour))
	a.start(t, runID)
	r := a.watch(t.Context(), runID, 1)
	if r.err != nil || r.final.GetPhase() != agentv1.RunPhase_RUN_PHASE_FAILED || !strings.Contains(r.final.GetReason(), "run shorter") {
		t.Errorf("final %v, %v", r.final, r.err)
	}
}
