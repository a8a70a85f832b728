package server

import (
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Every address of a target's host is called, or told as left out.
func TestNoAddressIsLeftOutInSilence(t *testing.T) {
	url, _ := target(t, 0) // on 127.0.0.1 only
	ips, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	a := serve(t, t.TempDir(), 1<<20)
	r := a.prepare(t, runID, planFor(strings.Replace(url, "127.0.0.1", "localhost", 1), 10, 0, time.Second)).GetTargets()[0]
	if len(r.GetAddresses()) != 1 || len(r.GetUnreachable()) != len(ips)-1 {
		t.Errorf("%q resolve to %q, without %q", ips, r.GetAddresses(), r.GetUnreachable())
	}
}

// Load that begins late would be short at its end or crowded at its beginning.
func TestAStartThatComesTooLateIsRefused(t *testing.T) {
	url, count := target(t, 0)
	a := serve(t, t.TempDir(), 1<<20)
	a.prepare(t, runID, planFor(url, 10, 0, time.Second))
	before := count.Load()
	_, err := a.StartRun(t.Context(), &agentv1.StartRunRequest{RunId: runID, T0: timestamppb.New(time.Now().Add(-time.Second))})
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "run again") {
		t.Errorf("%v", err)
	}
	if count.Load() != before {
		t.Error("load was sent")
	}
	a.start(t, runID) // the run is still prepared
	a.watch(t.Context(), runID, 1).check(t, 1, agentv1.RunPhase_RUN_PHASE_SUCCEEDED)
}
