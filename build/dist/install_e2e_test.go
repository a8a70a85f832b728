//go:build e2e

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstallByHand follows docs/install.md: with the unpacked archive on PATH,
// the real kubectl finds the plugin, and completes its arguments.
func TestInstallByHand(t *testing.T) {
	kubectl := os.Getenv("KUBECTL")
	if kubectl == "" {
		t.Fatal("KUBECTL is not set: run make test-e2e, or set it to a kubectl")
	}
	installed := installByHand(t, makeDist(t))
	// Completion runs the kubectl that is on PATH. A plugin from elsewhere on it
	// must not be the one that is found.
	bin := t.TempDir()
	if err := os.Symlink(kubectl, filepath.Join(bin, "kubectl")); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(kubectl, args...)
		cmd.Env = append(os.Environ(), "PATH="+installed+":"+bin+":/usr/bin:/bin")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if got := run("meshery", "version", "--client"); !strings.Contains(got, testVersion) {
		t.Errorf("kubectl meshery version --client printed %q, want %s in it", got, testVersion)
	}
	if got := run("plugin", "list"); !strings.Contains(got, filepath.Join(installed, "kubectl-meshery")) || strings.Contains(got, "warning") {
		t.Errorf("kubectl plugin list printed %q", got)
	}
	if got := run("__complete", "meshery", "vers"); !strings.Contains(got, "version") {
		t.Errorf("completing \"kubectl meshery vers\" gave %q", got)
	}
}
