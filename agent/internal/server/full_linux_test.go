package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// smallDisk is a file system of its own for a test.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("mount a tmpfs: %v; run the tests as root, or with 'unshare -rm'", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves room bytes of a file system.
func fill(t *testing.T, dir string, room int64) {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, int64(s.Bavail)*s.Bsize-room), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskEndsTheRunWithTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		room   int // left for what comes after the plan, bytes
		reason string
	}{
		"the final chunk fits":     {600, "no space left on device"},
		"not even the final chunk": {60, "the agent was restarted during the run"},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := target(t, 0)
			dir := smallDisk(t)
			a := serve(t, filepath.Join(dir, "spool"), 1<<20)
			const page = 4096
			fill(t, dir, page)
			p := planFor(url, 2000, 0, time.Hour)
			p.Test = make([]byte, page-c.room-proto.Size(&agentv1.Chunk{RunId: runID, Time: timestamppb.Now(), Body: &agentv1.Chunk_Plan{Plan: p}}))
			a.prepare(t, runID, p)
			a.start(t, runID)
			r := a.watch(t.Context(), runID, 1)
			// What could not be spooled is in its sums and not in the snapshots.
			r.checkChunks(t, 1, agentv1.RunPhase_RUN_PHASE_FAILED)
			if !strings.Contains(r.final.GetReason(), "no space left on device") {
				t.Errorf("final %v", r.final)
			}
			a.watch(t.Context(), runID, 2).checkChunks(t, 2, agentv1.RunPhase_RUN_PHASE_FAILED)

			a.stop()
			if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
				t.Fatal(err)
			}
			b := serve(t, filepath.Join(dir, "spool"), 1<<20)
			r = b.watch(t.Context(), runID, 1)
			r.checkChunks(t, 1, agentv1.RunPhase_RUN_PHASE_FAILED)
			if !strings.Contains(r.final.GetReason(), c.reason) {
				t.Errorf("after a restart: %v", r.final)
			}
			if _, err := b.AcknowledgeRun(t.Context(), &agentv1.AcknowledgeRunRequest{RunId: runID}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
