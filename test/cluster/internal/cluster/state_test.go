package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/proc"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// own is an identity that is alive for the length of a test.
func own(t *testing.T) proc.Identity {
	t.Helper()
	id, err := proc.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func testLayout(t *testing.T) Layout {
	t.Helper()
	l := Layout{Name: "a", Base: t.TempDir()}
	for _, d := range []string{"logs", "specs", "nodes"} {
		if err := os.MkdirAll(l.Path(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestStateSurvives(t *testing.T) {
	l := testLayout(t)
	if _, err := l.loadState(); !errors.Is(err, ErrNoCluster) {
		t.Fatalf("error %v", err)
	}
	in := &State{Name: "a", ControlPlane: own(t), API: "127.0.0.1:1", Nodes: []NodeState{
		{Name: "worker-1", Index: 1, Process: own(t), Started: time.Now().Round(0), Cut: true},
	}}
	if err := l.saveState(in); err != nil {
		t.Fatal(err)
	}
	out, err := l.loadState()
	if err != nil {
		t.Fatal(err)
	}
	if out.ControlPlane != in.ControlPlane || out.Nodes[0].Process != in.Nodes[0].Process ||
		!out.Nodes[0].Started.Equal(in.Nodes[0].Started) || !out.Nodes[0].Cut || !out.ControlPlane.Alive() {
		t.Errorf("%+v, want %+v", out, in)
	}
	if info, err := os.Stat(l.stateFile()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state file: %v, %v", info.Mode(), err)
	}
	if _, err := out.node("worker-7"); err == nil || !strings.Contains(err.Error(), `["worker-1"]`) {
		t.Errorf("unknown node: %v", err)
	}
	if err := os.WriteFile(l.stateFile(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.loadState(); err == nil || errors.Is(err, ErrNoCluster) {
		t.Errorf("damaged state: %v", err)
	}
}

func TestBrokenNamesTheProgramAndItsLastWords(t *testing.T) {
	l := testLayout(t)
	s := &State{Name: "a", ControlPlane: own(t), Forwarder: own(t)}
	if err := l.broken(s); err != nil {
		t.Fatalf("healthy: %v", err)
	}
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(l.unitLog(controlPlaneGroup, "etcd"), strings.Repeat("chatter\n", 100)+"no space left\n")
	units := map[string]supervise.UnitStatus{"etcd": {Restarts: tooManyEnds - 1, LastExit: "exit code 1", Since: time.Now()}}
	save := func() {
		t.Helper()
		if err := supervise.WriteFile(l.unitStatus(controlPlaneGroup), units); err != nil {
			t.Fatal(err)
		}
	}
	save()
	if err := l.broken(s); err != nil {
		t.Errorf("after few ends: %v", err)
	}
	units["etcd"] = supervise.UnitStatus{Restarts: tooManyEnds, LastExit: "exit code 1", Since: time.Now()}
	save()
	err := l.broken(s)
	if err == nil {
		t.Fatal("a program that ends again and again is no error")
	}
	for _, want := range []string{"etcd", "exit code 1", "no space left"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %q", want, err)
		}
	}
	if n := strings.Count(err.Error(), "chatter"); n > 10 {
		t.Errorf("%d lines of chatter", n)
	}
	write(l.daemonLog(controlPlaneGroup), "cannot mount\n")
	s.ControlPlane = proc.Identity{PID: s.ControlPlane.PID, Start: 1, Boot: s.ControlPlane.Boot}
	if err := l.broken(s); !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "cannot mount") {
		t.Errorf("supervisor gone: %v", err)
	}
}

func TestMountsBelow(t *testing.T) {
	points, err := mountsBelow("/proc")
	if err != nil || len(points) == 0 {
		t.Errorf("%v, %v", points, err)
	}
	if points, err := mountsBelow(filepath.Join(t.TempDir(), "x")); err != nil || len(points) != 0 {
		t.Errorf("%v, %v", points, err)
	}
}
