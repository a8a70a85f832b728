//go:build linux && cluster

// The tests behind the build tag "cluster" run real clusters. They need root.
package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/flock"
)

const (
	name  = "lifecycle"
	other = "lifecycle-2"
	base  = "/var/lib/kubectl-meshery-cluster"
)

func TestLifecycle(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("needs root: clusters are made of namespaces and mounts")
	}
	// The names are fixed, so that this test finds what an interrupted one left;
	// two at a time would take each other's clusters down.
	lock, err := flock.Acquire(filepath.Join(os.TempDir(), "kubectl-meshery-cluster-test.lock"), func() { t.Log("waiting for another such test") })
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	f := fixture{t, filepath.Join(t.TempDir(), "cluster")}
	if out, err := exec.Command("go", "build", "-o", f.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, n := range []string{name, other} { // of an earlier, interrupted test
		f.must("down", "--name", n)
	}
	before := look(t, name, other)
	defer func() { // before the lock is released
		f.run("down", "--name", name)
		f.run("down", "--name", other)
	}()
	// Each step builds on the one before.
	for _, step := range []struct {
		name string
		run  func(fixture)
	}{
		{"up", func(f fixture) { testUp(f, before) }},
		{"pods", testPods},
		{"prometheus", testPrometheus},
		{"s3", testS3},
		{"cut and join", testCutJoin},
		{"stop and start", testStopStart},
		{"part of it killed", testPartKilled},
		{"second cluster", testSecondCluster},
		{"all killed", testAllKilled},
		{"down", func(f fixture) { testDown(f, before) }},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(fixture{t, f.program}) }) {
			t.FailNow()
		}
	}
}

func testUp(f fixture, before machine) {
	f.must("build") // so that the time says something
	began := time.Now()
	f.must("up", "--name", name)
	f.Logf("up took %.1f s", time.Since(began).Seconds())
	s := f.status(name)
	if !s.Running || len(s.Nodes) != 2 {
		f.Fatalf("status %+v", s)
	}
	for _, n := range s.Nodes {
		if !n.Ready || !n.Running || n.Cut {
			f.Errorf("node %+v", n)
		}
	}
	look(f.T, name).untouched(f.T, before)
	info, err := os.Stat(s.Kubeconfig)
	if err != nil {
		f.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		f.Errorf("kubeconfig has mode %v", info.Mode())
	}
	if raw := f.must("kubeconfig", "--name", name, "--raw"); !strings.Contains(raw, s.APIServer) {
		f.Errorf("kubeconfig does not name %s", s.APIServer)
	}
	if out := f.must("up", "--name", name); !strings.Contains(out, s.Kubeconfig) {
		f.Errorf("second up says %q", out)
	}
	if again := f.status(name); again.APIServer != s.APIServer {
		f.Errorf("second up moved the API server from %s to %s", s.APIServer, again.APIServer)
	}
}

func testCutJoin(f fixture) {
	f.must("node", "cut", "--name", name, "worker-2")
	f.eventually("worker-2", "cut and not ready", func(ready, cut, running bool) bool { return !ready && cut && running })
	f.must("node", "join", "--name", name, "worker-2")
	f.eventually("worker-2", "ready", func(ready, cut, _ bool) bool { return ready && !cut })
	if _, code := f.run("node", "cut", "--name", name, "worker-9"); code != 1 {
		f.Errorf("cutting a node that does not exist: exit code %d", code)
	}
}

func testStopStart(f fixture) {
	f.must("node", "stop", "--name", name, "worker-2")
	if inside := lines(f.T, "ip", "netns", "pids", "km-"+name+"-worker-2"); strings.Join(inside, "") != "" {
		f.Errorf("processes %v still run on the stopped node", inside)
	}
	f.eventually("worker-2", "stopped and not ready", func(ready, _, running bool) bool { return !ready && !running })
	if _, code := f.run("load-image", "--name", name, f.probeImage("example.test/other:1")); code != 1 {
		f.Errorf("loading an image with a node stopped: exit code %d", code)
	}
	f.must("node", "start", "--name", name, "worker-2")
	f.eventually("worker-2", "ready", func(ready, _, running bool) bool { return ready && running })
	f.mustKubectl("rollout", "status", "-n", "default", "daemonset/probe", "--timeout=90s")
}

func testPartKilled(f fixture) {
	f.mustKubectl("create", "namespace", "survivor")
	first := f.apiServer()
	pid, err := strconv.Atoi(first)
	if err != nil {
		f.Fatalf("process of the API server: %q", first)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		f.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		_, err := f.kubectl(name, "get", "--raw", "/readyz")
		if now := f.apiServer(); err == nil && now != "" && now != first {
			break
		}
		if time.Now().After(deadline) {
			f.Fatal("a killed API server does not come back")
		}
	}
	state, err := os.ReadFile(filepath.Join(base, name, "state.json"))
	if err != nil {
		f.Fatal(err)
	}
	var s struct {
		Forwarder struct{ PID int }
		Nodes     []struct{ Process struct{ PID int } }
	}
	if err := json.Unmarshal(state, &s); err != nil {
		f.Fatal(err)
	}
	for _, pid := range []int{s.Forwarder.PID, s.Nodes[0].Process.PID} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			f.Fatal(err)
		}
	}
	if _, code := f.run("status", "--name", name); code != 1 {
		f.Errorf("status of a broken cluster: exit code %d", code)
	}
	f.must("up", "--name", name, "--nodes", "3")
	f.mustKubectl("get", "namespace", "survivor")
	if n := len(f.status(name).Nodes); n != 3 {
		f.Errorf("%d nodes, want 3", n)
	}
}

func testSecondCluster(f fixture) {
	f.must("up", "--name", other, "--nodes", "1")
	if out, err := f.kubectl(other, "get", "namespace", "survivor"); err == nil {
		f.Errorf("the second cluster shows the first one's objects: %s", out)
	}
	f.must("down", "--name", other)
	f.mustKubectl("get", "namespace", "survivor")
	if m := look(f.T, other); len(m.namespaces)+len(m.cgroups)+len(m.processes)+len(m.files) > 0 {
		f.Errorf("left of the second cluster: %+v", m)
	}
}

func testAllKilled(f fixture) {
	for _, p := range look(f.T, name).processes {
		pid, _, _ := strings.Cut(p, " ")
		if n, err := strconv.Atoi(pid); err == nil {
			syscall.Kill(n, syscall.SIGKILL)
		}
	}
	if _, code := f.run("status", "--name", name); code != 1 {
		f.Errorf("status of a killed cluster: exit code %d", code)
	}
	f.must("up", "--name", name)
	if out, err := f.kubectl(name, "get", "namespace", "survivor"); err == nil {
		f.Errorf("a cluster that was killed starts anew, yet has: %s", out)
	}
}

func testDown(f fixture, before machine) {
	f.must("down", "--name", name)
	look(f.T, name, other).clean(f.T, before)
	f.must("down", "--name", name) // nothing there: no error
	if _, code := f.run("status", "--name", name); code != 1 {
		f.Errorf("status of no cluster: exit code %d", code)
	}
}
