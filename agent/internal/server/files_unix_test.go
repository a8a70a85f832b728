//go:build unix

package server

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// An agent that may open few files says so instead of blaming the target. The limit
// is that of a process of its own, for it cannot be raised again.
func TestAnAgentWithFewFilesSaysSo(t *testing.T) {
	const few = "MESHERY_TEST_FEW_FILES"
	if os.Getenv(few) == "" {
		child := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n 100 && exec "$0" -test.count=1 -test.run="^$1\$"`, os.Args[0], t.Name())
		child.Env = append(os.Environ(), few+"=1")
		if out, err := child.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "PASS") {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	url, count := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	plan := planFor(url, 100, 0, time.Second)
	plan.Load.Connections = 400
	_, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: runID, Plan: plan})
	const want = "400 connections to each of 1 targets need 400 open files, the rest 64, and the agent may open 100"
	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	if n := count.Load(); n != 0 {
		t.Errorf("the target got %d requests", n)
	}
	plan.Load.Connections = 20 // the slot is free again
	a.prepare(t, runID, plan)
	a.start(t, runID)
	a.watch(t.Context(), runID, 1).check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
}
