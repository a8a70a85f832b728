//go:build linux && cluster

package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/image"
)

type status struct {
	Name    string
	Running bool
	Nodes   []struct {
		Name, IP            string
		Ready, Cut, Running bool
	}
	Kubeconfig, Kubectl, APIServer, Prometheus string
	S3                                         struct{ Endpoint, AccessKey, SecretKey, Region, Bucket string }
}

// fixture is the program under test.
type fixture struct {
	*testing.T
	program string
}

// run executes the program and returns its standard output and exit code.
func (f fixture) run(args ...string) (string, int) {
	f.Helper()
	cmd := exec.Command(f.program, args...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	began := time.Now()
	err := cmd.Run()
	f.Logf("cluster %s: %.1f s, %v\n%s", strings.Join(args, " "), time.Since(began).Seconds(), cmd.ProcessState, talk.String())
	if err != nil && cmd.ProcessState == nil {
		f.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (f fixture) must(args ...string) string {
	f.Helper()
	out, code := f.run(args...)
	if code != 0 {
		f.Fatalf("cluster %v: exit code %d", args, code)
	}
	return out
}

func (f fixture) status(cluster string) status {
	f.Helper()
	out, _ := f.run("status", "--name", cluster, "-o", "json")
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		f.Fatalf("status: %v in %q", err, out)
	}
	return s
}

func (f fixture) kubectl(cluster string, args ...string) (string, error) {
	f.Helper()
	s := f.status(cluster)
	out, err := exec.Command(s.Kubectl, append([]string{"--kubeconfig", s.Kubeconfig}, args...)...).CombinedOutput()
	return string(out), err
}

func (f fixture) mustKubectl(args ...string) string {
	f.Helper()
	out, err := f.kubectl(name, args...)
	if err != nil {
		f.Fatalf("kubectl %v: %v: %s", args, err, out)
	}
	return out
}

// eventually waits until a node is as wanted.
func (f fixture) eventually(node, what string, holds func(ready, cut, running bool) bool) {
	f.Helper()
	began := time.Now()
	for time.Since(began) < 2*time.Minute {
		for _, n := range f.status(name).Nodes {
			if n.Name == node && holds(n.Ready, n.Cut, n.Running) {
				f.Logf("node %s %s after %.1f s", node, what, time.Since(began).Seconds())
				return
			}
		}
		time.Sleep(time.Second)
	}
	f.Fatalf("node %s is not %s", node, what)
}

// probeImage builds the probe and packs it.
func (f fixture) probeImage(ref string) string {
	f.Helper()
	dir := f.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "probe"), "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("build probe: %v\n%s", err, out)
	}
	archive := filepath.Join(dir, "probe.tar")
	if err := image.Write(archive, runtime.GOARCH, []image.Image{{Ref: ref, Program: filepath.Join(dir, "probe")}}); err != nil {
		f.Fatal(err)
	}
	return archive
}

// apiServer is the process id of the API server.
func (f fixture) apiServer() string {
	f.Helper()
	for _, p := range look(f.T, name).processes {
		if pid, command, _ := strings.Cut(p, " "); strings.Contains(command, "/kube-apiserver ") {
			return pid
		}
	}
	return ""
}
